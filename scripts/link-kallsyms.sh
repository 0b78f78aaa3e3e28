#!/bin/sh
# SPDX-License-Identifier: MIT
# link-kallsyms.sh OUTPUT OBJECT... - link the kernel with its table of functions.
# The table is made from the image, and adding it can move what stands behind
# it, so the link is repeated until the table describes the image it is in.
# CC, LD (with their flags), NM and PYTHON come from the environment.
set -eu
output=$1
shift
work=$output.kallsyms
trap 'rm -f "$work".S "$work".new "$work".o "$work".elf "$work".nm' EXIT

link() {
	# shellcheck disable=SC2086 # commands with their flags
	$CC -c -o "$work.o" "$work.S" && $LD -o "$work.elf" "$@" "$work.o"
}

: | "$PYTHON" scripts/kallsyms.py >"$work.S"
for pass in 1 2 3 4; do
	link "$@"
	# Not in a pipe, which would lose the failure of its left side.
	"$NM" -n "$work.elf" >"$work.nm"
	"$PYTHON" scripts/kallsyms.py <"$work.nm" >"$work.new"
	if cmp -s "$work.S" "$work.new"; then
		mv "$work.elf" "$output"
		exit 0
	fi
	mv "$work.new" "$work.S"
done
echo "link-kallsyms: error: the table does not settle after $pass passes" >&2
exit 1
