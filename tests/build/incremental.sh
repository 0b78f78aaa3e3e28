#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts what a build does after each kind of change: exactly the objects that
# look at what changed, and nothing else.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1

# An option and sources whose dependencies we know: direct, through a header, none.
cat >>kernel/Kconfig <<'EOF'
config PROBE
	bool "Probe"
	help
	  Only for this test.
config PROBE_FILE
	bool "Probe a file"
	help
	  Only for this test.
config PROBE_UNUSED
	bool "Probe nothing"
	help
	  Only for this test.
EOF
mkdir -p probe
echo '#define PROBE_HEADER IS_ENABLED(CONFIG_PROBE)' >include/lib/probe.h
for name in direct header none; do
	cat >"probe/$name.c" <<EOF
#include <kernel/types.h>
$([ $name = header ] && echo '#include <lib/probe.h>')
extern int probe_$name;
int probe_$name = $(case $name in
	direct) echo 'IS_ENABLED(CONFIG_PROBE)' ;;
	header) echo PROBE_HEADER ;;
	none) echo 1 ;; esac);
EOF
done
printf 'extern int probe_file;\nint probe_file = 1;\n' >probe/file.c
# shellcheck disable=SC2016 # for make
printf 'obj-y := direct.o header.o none.o\nobj-$(CONFIG_PROBE_FILE) += file.o\n' >probe/Makefile
sed -i 's/^subsystems := /&probe /' scripts/kbuild.mk

# count NAME EXPECTED MAKE-ARGUMENTS...: how many objects were compiled, assembled and linked.
count() {
	count_name=$1
	count_expected=$2
	shift 2
	make kernel "$@" >"$work/out" 2>&1 || { result 1 "$count_name: the build failed"; return; }
	is "$count_name" "$count_expected" "$(awk '
		$1 ~ /^(CC|AS|LD)$/ { n[$1]++ }
		END { printf "CC=%d AS=%d LD=%d", n["CC"], n["AS"], n["LD"] }' "$work/out")"
}

# option NAME VALUE: choose a value in .config.
option() {
	sed -i "/^# default:\$/{N;/CONFIG_$1[= ]/d};/CONFIG_$1[= ]/d" build/.config
	echo "CONFIG_$1=$2" >>build/.config
}

make qemu_x86_64_defconfig >"$work/out" 2>&1
passes "the first build" make kernel
objects=$(find build -name '*.o' ! -path 'build/user/*' | wc -l)
assembly=$(find build -name '*.o' ! -path 'build/user/*' | sed 's|^build/||;s|o$|S|' | xargs ls 2>/dev/null | wc -l)
compiled=$((objects - assembly))

count "nothing changed" "CC=0 AS=0 LD=0"
touch probe/none.c
count "one source touched" "CC=1 AS=0 LD=1"
touch include/lib/probe.h
count "one header touched" "CC=1 AS=0 LD=1"
touch build/.config
count ".config touched" "CC=0 AS=0 LD=0"
# The configuration in the image is an assembly source: AS=1 and LD=1 whenever a value changes.
option PROBE y
count "an option two objects look at is set" "CC=2 AS=1 LD=1"
option PROBE n
count "it is cleared again" "CC=2 AS=1 LD=1"
option PROBE_FILE y
count "an option that adds a file" "CC=1 AS=1 LD=1"
option PROBE_FILE n
count "it takes the file out" "CC=0 AS=1 LD=1"
option PROBE_UNUSED y
count "an option nobody looks at" "CC=0 AS=1 LD=1"
option IKCONFIG n
count "without the configuration in the image" "CC=0 AS=0 LD=1"
option PROBE_UNUSED n
count "then an option nobody looks at rebuilds nothing" "CC=0 AS=0 LD=0"
option IKCONFIG y
make kernel >"$work/out" 2>&1
echo 'CFLAGS_none.o := -DPROBE_FLAG' >>probe/Makefile
count "flags of one object" "CC=1 AS=0 LD=1"
echo '# a comment' >>probe/Makefile
count "a comment in a Makefile" "CC=0 AS=0 LD=0"
rm build/probe/none.o
count "one object deleted" "CC=1 AS=0 LD=1"
sed -i 's/^summary = "Do nothing/summary = "Do nothing at all/' include/uapi/veridian/syscalls.toml
make kernel >"$work/out" 2>&1
count "after a new sentence in the list of calls nothing is left to do" "CC=0 AS=0 LD=0"
count "another compiler" "CC=$compiled AS=$assembly LD=1" LLVM=1
count "and the first one again" "CC=$compiled AS=$assembly LD=1"
is "a build in the default directory leaves the source clean" "" \
	"$(find . -newer build/.config -name '*.[od]' ! -path './build/*')"
finish
