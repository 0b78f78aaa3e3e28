# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Helpers of the build tests: TAP results, a scratch directory, copies of the tree.
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset MAKEFLAGS MAKELEVEL MFLAGS ARCH O FRAGMENTS KCONFIG_CONFIG KCONFIG_ALLCONFIG KCONFIG_SEED
tap_count=0
tap_failed=0

# result STATUS NAME: 0 is ok.  Prints what the last command said if not.
result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		[ ! -s "$work/out" ] || tail -n 20 "$work/out" | sed 's/^/#   /'
	fi
}

# is NAME EXPECTED GOT
is() {
	if [ "$2" = "$3" ]; then
		result 0 "$1"
	else
		result 1 "$1: expected '$2', got '$3'"
	fi
}

# passes NAME COMMAND...: the command succeeds.
passes() {
	tap_name=$1
	shift
	"$@" >"$work/out" 2>&1 && tap_status=0 || tap_status=$?
	result "$tap_status" "$tap_name"
}

# refused NAME PATTERN COMMAND...: the command fails, says PATTERN (an extended
# regular expression) and shows no traceback.
refused() {
	tap_name=$1
	tap_pattern=$2
	shift 2
	if "$@" >"$work/out" 2>&1; then
		result 1 "$tap_name: it was accepted"
	elif grep -q Traceback "$work/out"; then
		result 1 "$tap_name: traceback"
	elif grep -Eqe "$tap_pattern" "$work/out"; then
		result 0 "$tap_name"
	else
		result 1 "$tap_name: no message like '$tap_pattern'"
	fi
}

# says NAME PATTERN COMMAND...: the command succeeds and says PATTERN.
says() {
	tap_name=$1
	tap_pattern=$2
	shift 2
	if ! "$@" >"$work/out" 2>&1; then
		result 1 "$tap_name: it failed"
	elif grep -Eqe "$tap_pattern" "$work/out"; then
		result 0 "$tap_name"
	else
		result 1 "$tap_name: no line like '$tap_pattern'"
	fi
}

# copy_tree DIRECTORY: what git knows or would add, as it is now.
copy_tree() {
	mkdir -p "$1"
	(cd "$top" && git ls-files -co --exclude-standard -z |
		tar --null -T - --ignore-failed-read -cf - 2>/dev/null) | tar -C "$1" -xf -
	git -C "$1" init -q 2>/dev/null
}

# finish: the plan, and the status of the whole file.
finish() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
