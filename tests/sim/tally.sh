#!/bin/sh
# SPDX-License-Identifier: MIT
# Do random calls of the simulator do what they are for?
#
# Use: tests/sim/tally.sh <kernel.elf>
# At least half of the calls must get past the checks, every call must have
# succeeded, and of the calls that were answered at least 30 % must have taken
# the short way, both there and back.
set -u
"$1" --seed 5000 --runs 150 --tally | awk '
	/^[a-z_]+ +-?[0-9]+:/ || /^[a-z_]+$/ { if ($0 !~ / 0:/ && !exempt[$1]) missing = missing " " $1 }
	/calls ended/ { print; if (2 * $4 < $1) bad = 1; seen = 1 }
	/calls were answered/ { print; if ($1 < 1000 || $5 < 30 || $9 < 30) bad = 1; fast = 1 }
	/short way is not configured/ { fast = 1 }
	/^seed/ { print; bad = 1 }
	BEGIN {
		exempt["thread_exit"] = exempt["process_exit"] = exempt["system_power_off"] = 1
	}
	END { if (missing) print "never succeeded:" missing; exit bad || !seen || !fast || missing != "" }'
