#!/bin/sh
# SPDX-License-Identifier: MIT
# Random calls come to the same with CONFIG_IPC_FASTPATH and without it.  TAP.
#
# Use: tests/sim/same.sh <directory>
# Two simulators are built there.  One CPU, a kernel that takes no time and turns
# without end leave the order of events to the calls alone, so that the results of
# all calls of all threads can be compared line by line.  At least 30 % of the
# answered calls must have taken the short way, or the comparison says nothing.
set -u
mkdir -p "$1"
out=$(cd "$1" && pwd)
runs=200
cd "$(dirname "$0")/../.." || exit 1

# build NAME [LINE]: a simulator with another line of configuration
build() {
	mkdir -p "$out/$1"
	printf 'CONFIG_SCHED_QUANTUM_US=1000000\n%s\n' "$2" >"$out/$1/same.config"
	python3 scripts/cached_make.py "$out/$1" host_defconfig FRAGMENTS="$out/$1/same.config" &&
		python3 scripts/cached_make.py "$out/$1" kernel
}

# results NAME: what every call came to
results() {
	"$out/$1/kernel.elf" --cpus 1 --seed 1 --runs "$runs" --results >"$out/$1/results"
}

result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
	fi
}

count=0
failed=0
if build short '' && build ordinary CONFIG_IPC_FASTPATH=n; then
	results short && results ordinary
	result $? "$runs runs with the short way and $runs without it: no failure"
	diff "$out/short/results" "$out/ordinary/results" >"$out/differences"
	result $? "the results of $(grep -c '' "$out/short/results") calls are the same"
	head -n 10 "$out/differences" | sed 's/^/# /'
	"$out/short/kernel.elf" --cpus 1 --seed 1 --runs "$runs" --tally | tee "$out/tally" | awk '
		/calls were answered/ { seen = $5 >= 30 && $9 >= 30 }
		END { exit !seen }'
	result $? "at least 30 % of the calls and answers took the short way"
	sed -n '/calls were answered/s/^/# /p' "$out/tally"
else
	result 1 "the simulators build"
fi
echo "1..$count"
exit "$failed"
