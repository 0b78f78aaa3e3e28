#!/bin/sh
# SPDX-License-Identifier: MIT
# size.sh OUT IMAGE SUBSYSTEM... - bytes of each subsystem's objects and of the image.
set -eu
out=$1 image=$2
shift 2
printf '%-14s %9s %9s %9s\n' subsystem text data bss
for dir in "$@"; do
	find "$out/$dir" -name '*.o' -exec size -t {} + 2>/dev/null | awk -v name="$dir" '
		{ text = $1; data = $2; bss = $3 }
		END { if (NR) printf "%-14s %9d %9d %9d\n", name, text, data, bss }'
done
size "$image" | awk 'NR == 2 { printf "%-14s %9d %9d %9d\n", "image", $1, $2, $3 }'
