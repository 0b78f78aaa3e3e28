#!/bin/sh
# SPDX-License-Identifier: MIT
# check-static.sh BUILD GOAL... - run each goal of make to its end, then say in one
# line each what came of it.  What a goal said is in BUILD/static/GOAL.log, and is
# shown if it failed.
set -eu
out=$1
shift
mkdir -p "$out/static"
failed=0
summary=
for goal; do
	start=$(date +%s)
	log=$out/static/$goal.log
	if ${MAKE:-make} O="$out" "$goal" >"$log" 2>&1; then
		word=ok
	else
		word=FAILED
		failed=$((failed + 1))
		cat "$log"
	fi
	summary="$summary$(printf '%-7s%-16s%4d s' "$word" "$goal" $(($(date +%s) - start)))
"
done
printf 'check-static: %s\n%s' "$out" "$summary"
sed -n 's/^\(check-style: [0-9].*\)/  \1/p; s/^\(check-includes: .*\)/  \1/p' "$out"/static/check-style.log \
	"$out"/static/check-includes.log
echo "check-static: $# checks, $failed failed"
[ "$failed" -eq 0 ]
