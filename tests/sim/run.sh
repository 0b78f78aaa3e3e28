#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the simulator on fixed seeds and on one by the clock.  TAP.
#
# Use: tests/sim/run.sh <kernel.elf> [<what it was built for>]
set -u
sim=$1
kind=${2:-races}
count=0
failed=0

for tool in gdb valgrind; do
	command -v $tool >/dev/null || {
		echo "run.sh: error: $tool is not installed: apt install $tool, or run scripts/bootstrap" >&2
		exit 2
	}
done

# try NAME COMMAND...: one result, by the status of the command; the history of a seed that fails is shrunk.
try() {
	name=$1
	shift
	count=$((count + 1))
	if output=$("$@" 2>&1); then
		echo "ok $count - $kind: $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - $kind: $name"
		seed=$(printf '%s\n' "$output" | sed -n 's/^seed \([0-9]*\):.*/\1/p' | tail -n 1)
		[ -z "$seed" ] || output=$(timeout 120 "$@" --seed "$seed" --runs 1 --shrink 2>&1)
	fi
	printf '%s\n' "$output" | sed 's/^/# /'
}

# One seed is one history, whoever runs it.
repeat() {
	for seed in 3 4 5; do
		first=$("$sim" --seed $seed --trace) || return 1
		second=$("$sim" --seed $seed --trace) || return 1
		[ "$first" ] && [ "$first" = "$second" ] || return 1
	done
}

# fails_with TEXT COMMAND...: the command fails, and says that.
fails_with() {
	text=$1
	shift
	output=$("$@" 2>&1) && return 1
	printf '%s\n' "$output" | grep -e "$text"
}

# refused OPTION...: what cannot go together is not left out in silence.
refused() {
	fails_with '^simulator: ' "$sim" --seed 1 "$@"
}

now=$(date +%s)
try "100 fixed seeds, 4 CPUs" "$sim" --seed 1 --runs 100 --cpus 4
try "50 fixed seeds, 2 CPUs" "$sim" --seed 1000 --runs 50 --cpus 2
try "50 fixed seeds, 1 CPU" "$sim" --seed 2000 --runs 50 --cpus 1
try "50 fixed seeds, 4 CPUs, invariants after every operation" "$sim" --seed 4000 --runs 50 --cpus 4 --check 1
try "50 fixed seeds, 2 CPUs, invariants after every operation" "$sim" --seed 5000 --runs 50 --cpus 2 --check 1
try "100 fixed seeds, 4 CPUs, some of the calls" "$sim" --swarm --seed 6000 --runs 100 --cpus 4
try "10 long runs" "$sim" --seed 3000 --runs 10 --steps 3000
try "200 seeds from $now on" "$sim" --seed "$now" --runs 200
try "200 seeds from $now on, some of the calls" "$sim" --swarm --seed "$now" --runs 200
try "the same seed gives the same trace" repeat
try "random calls do what they are for" sh "$(dirname "$0")/tally.sh" "$sim"
# The run that it watches must come to its end there, too.
# shellcheck disable=SC2016 # gdb's own variables
under_gdb() {
	gdb -batch -nx -ex run -ex 'print $_exitcode' --args "$sim" --no-fork --seed 1 --steps 60 | grep '^\$1 = 0$'
}

# gdb stops where a run fails, with the stack of the CPU that made the mistake.
stops_in_gdb() {
	gdb -batch -nx -ex run -ex backtrace --args "$sim" --no-fork --seed 1 --boot bug=lock_twice >"$log" 2>&1
	grep SIGABRT "$log" && grep ' seeded_bug ()' "$log"
}

try "--swarm and --model are refused" refused --swarm --model
try "--swarm and --fail are refused" refused --swarm --fail
if [ "$kind" = address ]; then
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	try "UndefinedBehaviorSanitizer is alive" fails_with 'runtime error: shift exponent' "$sim" --boot bug=shift
	try "AddressSanitizer is alive" fails_with 'AddressSanitizer: global-buffer-overflow' "$sim" --boot bug=global
	try "the order of locks is checked" fails_with ': panic: lock of rank' "$sim" --boot bug=lock_order
	try "gdb stops at a failure" stops_in_gdb
fi
if [ "$kind" = races ]; then
	try "--swarm and --suite are refused" refused --swarm --suite
	try "under gdb" under_gdb
	try "under valgrind, without a complaint" valgrind -q --error-exitcode=9 "$sim" --no-fork --seed 1 --steps 60
	try "tests/abi, 3 fixed seeds, 4 CPUs" "$sim" --suite --seed 1 --runs 3 --cpus 4
	try "tests/abi, 3 fixed seeds, 2 CPUs" "$sim" --suite --seed 1 --runs 3 --cpus 2
	try "tests/abi, 2 fixed seeds, 1 CPU" "$sim" --suite --seed 1 --runs 2 --cpus 1
	# Two CPUs at the same thing: each match of tests/abi/race.c many times.
	nr_matches=$(sed -n 's/^MATCHES = \([0-9]*\).*/\1/p' "$(dirname "$0")/bugs.py")
	for match in $(seq "$nr_matches"); do
		for cpus in 2 3; do
			try "match $match, 10 seeds from $now on, $cpus CPUs" \
				"$sim" --match "$match" --seed "$now" --runs 10 --cpus $cpus
		done
	done
	try "there are no more matches" fails_with 'there is such a match' "$sim" --match $((nr_matches + 1)) --seed 1
	try "tests/abi, a seed from $now on, 3 CPUs" "$sim" --suite --seed "$now" --cpus 3
fi
echo "1..$count"
[ "$failed" -eq 0 ]
