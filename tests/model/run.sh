#!/bin/sh
# SPDX-License-Identifier: MIT
# Run random operations on the simulator's kernel and on the reference model.  TAP.
#
# Use: tests/model/run.sh <kernel.elf> [<configuration> [<operations>]]
# Operations (100000) are those of one line of results; seeds are fixed below a
# million of them, else they begin with the time.
set -u
sim=$1
name=${2:-simulator}
operations=${3:-100000}
seed=1
[ "$operations" -gt 1000000 ] && seed=$(date +%s)
runs=$((operations / 370 + 1)) # of 400 steps, a few of which come to nothing
count=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# result STATUS NAME: what the log holds goes along.
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $name: $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name: $2"
	fi
	sed 's/^/# /' "$log"
}

# compare OPTION...: no disagreement; one is shrunk to a history that people can read.
compare() {
	"$sim" --model --seed "$seed" --runs "$runs" --tally "$@" >"$log" 2>&1 && return 0
	failing=$(sed -n 's/^seed \([0-9]*\):.*/\1/p' "$log" | tail -n 1)
	[ -z "$failing" ] || timeout 120 "$sim" --model --seed "$failing" --shrink "$@" >>"$log" 2>&1
	return 1
}

# At least as many operations as asked for, half of them done; every call has succeeded; most
# situations and errors have come up.  The last ones of a thread or process do not return.
reached() {
	awk -v wanted="$operations" -v share="$1" '
		/^(null|ipc_|notify_|thread_|cap_|process_|mem_|access)/ {
			if ($1 !~ /_exit$/ && $1 != "mem_create_device" && $0 !~ / 0:/) missing = missing " " $1
		}
		/calls ended/ { all = $1; good = $4 }
		/took the short way/ { short = $1 }
		/documented errors came up/ { errors = 100 * $1 / $3 }
		/situations reached/ { situations = 100 * $1 / $3 }
		END {
			if (missing) print "never succeeded:" missing
			exit missing != "" || all < wanted || 2 * good < all || errors < 80 || situations < 90 ||
			     short < share * all / 1000
		}' "$log"
}

try() {
	compare "$@"
	result $? "$operations operations, $*: kernel and model agree"
}

# Of 1000 calls on one CPU so many take the short way, if it is built in.
short=0
grep -q '^CONFIG_IPC_FASTPATH=y' "$(dirname "$sim")/.config" && short=3
try --cpus 1
reached $short
result $? "half of it succeeds, all calls and nearly all situations and errors come up"
smp=$(grep -c '^CONFIG_SMP=y' "$(dirname "$sim")/.config")
if [ "$smp" -eq 1 ]; then
	try --cpus 4
	reached 0
	result $? "the same with 4 CPUs"
fi
try --cpus 1 --fail
! grep -qE '^not seen: .* (NOMEM|NOSLOTS)$' "$log"
result $? "every call that needs memory has been refused it"
operations=$((operations / 4))
runs=$((runs / 4 + 1))
[ "$smp" -eq 0 ] || try --cpus 4 --fail
echo "1..$count"
[ "$failed" -eq 0 ]
