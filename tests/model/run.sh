#!/bin/sh
# SPDX-License-Identifier: MIT
# Run random operations on the simulator's kernel and on the reference model.  TAP.
#
# Use: tests/model/run.sh <kernel.elf> [<configuration> [<operations> [brief]]]
# Operations (100000) are those of one line of results; seeds are fixed below a
# million of them, else they begin with the time.  "brief" leaves out the lines with one CPU.
set -u
sim=$1
name=${2:-simulator}
operations=${3:-100000}
extent=${4:-all}
seed=1
[ "$operations" -gt 1000000 ] && seed=$(date +%s)
runs=$((operations / 370 + 1)) # of 400 steps, a few of which come to nothing
count=0
failed=0
log=$(mktemp)
trap 'rm -f "$log" "$log".*' EXIT

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

# At least as many operations as asked for, 80 % of them done; each call has succeeded often,
# except the last ones of a thread or process, which do not return; nearly all situations and,
# as the only one to lack, each right have come up.
reached() {
	awk -v wanted="$operations" -v share="$1" '
		BEGIN { split("system_power_off system_log system_info random_get clock_now", names)
			for (n in names) left_out[names[n]] = 1 }
		/^[a-z_]+( +-?[0-9]+:.*| *)$/ && !($1 in left_out) {
			split($2, good, ":")
			if ($1 !~ /_exit$/ && (good[1] != "0" || good[2] < wanted / 400)) seldom = seldom " " $1
		}
		/calls ended/ { all = $1; good_all = $4 }
		/took the short way/ { short = $1 }
		/rights were all that lacked/ { rights = $1; asked = $3 }
		/situations reached/ { situations = 100 * $1 / $3 }
		END {
			if (seldom) print "succeeded too seldom:" seldom
			exit seldom != "" || all < wanted || 5 * good_all < 4 * all || situations < 92 ||
			     rights < asked || short < share * all / 1000
		}' "$log"
}

# Of the documented errors these do not come up in any line of results:
#   - where memory is not short nothing is refused for want of it: the lines with --fail do that;
#   - a reply object that another thread is faster to offer takes two calls at a time.
# What is missing in every line so far is kept in a file.
missing() {
	grep '^not seen: ' "$log" | grep -vE ' (NOMEM|NOSLOTS)$|: ipc_reply_receive BUSY$' | sort >"$log.now"
	if [ -e "$log.missing" ]; then
		comm -12 "$log.now" "$log.missing" >"$log.both"
		mv "$log.both" "$log.missing"
	else
		mv "$log.now" "$log.missing"
	fi
}

try() {
	compare "$@"
	result $? "$operations operations, $*: kernel and model agree"
}

# Of 1000 calls on one CPU so many take the short way, if it is built in.
short=0
grep -q '^CONFIG_IPC_FASTPATH=y' "$(dirname "$sim")/.config" && short=3
if [ "$extent" = all ]; then
	try --cpus 1
	reached $short
	result $? "most of it succeeds, all calls do, each right lacks, nearly all situations come up"
	missing
fi
smp=$(grep -c '^CONFIG_SMP=y' "$(dirname "$sim")/.config")
if [ "$smp" -eq 1 ]; then
	try --cpus 4
	reached 0
	result $? "with 4 CPUs most of it succeeds, all calls do, each right lacks, nearly all situations come up"
	missing
fi
cp "$log.missing" "$log"
! grep -q . "$log"
result $? "every documented error has come up"
if [ "$extent" = all ]; then
	try --cpus 1 --fail
	! grep -qE '^not seen: .* (NOMEM|NOSLOTS)$' "$log"
	result $? "every call that needs memory has been refused it"
fi
operations=$((operations / 4))
runs=$((runs / 4 + 1))
[ "$smp" -eq 0 ] || try --cpus 4 --fail
echo "1..$count"
[ "$failed" -eq 0 ]
