#!/bin/sh
# SPDX-License-Identifier: MIT
# check-size.sh IMAGE LIMIT - code and constants of the kernel stay within LIMIT bytes.
set -eu
image=$1 limit=$2
sizes=$(size "$image")
used=$(printf '%s\n' "$sizes" | awk 'NR == 2 { print $1 }')
echo "$image: $used of $limit bytes"
if [ "$used" -gt "$limit" ]; then
	echo "check-size: error: $image: code and constants take $used bytes, $((used - limit)) over the budget" >&2
	exit 1
fi
