#!/bin/sh
# SPDX-License-Identifier: MIT
# Bad configurations are refused with file, line and cause; nothing is silently ignored.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"

# bad NAME PATTERN LINE...: a defconfig of these lines is refused.
bad() {
	bad_name=$1
	bad_pattern=$2
	shift 2
	printf '%s\n' "$@" >configs/bad_defconfig
	refused "$bad_name" "configs/bad_defconfig:$bad_pattern" make bad_defconfig
	rm configs/bad_defconfig
}
board=CONFIG_BOARD_QEMU_X86_64=y
bad "an option that does not exist" '2: .*undefined symbol TYPO' $board CONFIG_TYPO=y
bad "... switched off" '2: .*undefined symbol TYPO' $board '# CONFIG_TYPO is not set'
bad "a number out of range" '2: NR_CPUS is set to 100 but is .*must be from 2 to 64' $board CONFIG_NR_CPUS=100
bad "a number that is none" "2: NR_CPUS is set to many but is 4" $board CONFIG_NR_CPUS=many
bad "a value that a dependency forbids" '3: NR_CPUS is set to 8 but is 1: .*must be from 1 to 1' \
	$board '# CONFIG_SMP is not set' CONFIG_NR_CPUS=8
bad "a boolean that is neither y nor n" "2: 'maybe' is not a valid value" $board CONFIG_SMP=maybe
bad "a symbol without a prompt" '2: ARCH is set to "z80" but is x86_64: has no prompt' $board 'CONFIG_ARCH="z80"'
bad "a fact of another board" '2: AARCH64 is set to y but is n' $board CONFIG_AARCH64=y
bad "two boards" '1: BOARD_QEMU_X86_64 is set to y but is n: BOARD_QEMU_RISCV64 is chosen' \
	$board CONFIG_BOARD_QEMU_RISCV64=y
bad "a malformed line" "2: ignoring malformed line 'SMP=y'" $board SMP=y
bad "a string without its quotes" '2: malformed string' $board CONFIG_CMDLINE=quiet
# shellcheck disable=SC2016 # the dollar sign is the point
bad "a character that make would mangle" '2: CMDLINE: the characters' $board 'CONFIG_CMDLINE="a$b"'

echo CONFIG_NONSENSE=1 >bad.config
refused "a fragment with an unknown option" '^kconfig: error: bad.config:1: .*NONSENSE' \
	make qemu_x86_64_defconfig FRAGMENTS=bad.config
refused "a fragment that is not there" 'none.config: no such file' make qemu_x86_64_defconfig FRAGMENTS=none.config
refused "a board that is not there" 'no configs/pdp11_defconfig; the boards are: .*qemu_riscv64' make pdp11_defconfig
refused "an architecture that is not there" 'ARCH=z80: not one of x86_64, aarch64, riscv64' make ARCH=z80 defconfig
refused "no configuration" 'make qemu_riscv64_defconfig' make
is "... and nothing was made" "" "$(ls "$O" 2>/dev/null)"

make qemu_x86_64_defconfig >"$work/out" 2>&1
refused "a configuration for another architecture" 'is for x86_64: run .make ARCH=riscv64 defconfig' \
	make ARCH=riscv64 kernel
echo CONFIG_NR_CPUS=1000 >>"$O/.config"
refused "a bad value edited into .config" '.config:[0-9]+: NR_CPUS is set to 1000' make kernel
sed -i '$d' "$O/.config"
echo CONFIG_REMOVED_LONG_AGO=y >>"$O/.config"
refused "an option that was removed" '.config:[0-9]+: .*REMOVED_LONG_AGO' make kernel
says "olddefconfig drops it and says so" 'dropped: .*REMOVED_LONG_AGO' make olddefconfig
says "and then it is usable" NR_CPUS make why ARGS=NR_CPUS
refused "fragments without a defconfig" 'FRAGMENTS= needs a defconfig' make kernel FRAGMENTS=configs/up.config

# A misspelt name in the sources is an error at its place.
misspelt() {
	refused "a misspelt option in $1" "$2: error: no Kconfig file defines CONFIG_SPM" make "$3"
}
mkdir probe
# shellcheck disable=SC2016 # for make
sed -i 's/^subsystems := /&probe /' scripts/kbuild.mk
printf 'extern int probe_value;\nint probe_value = CONFIG_NR_CPUS;\n#ifdef CONFIG_SPM\n#endif\n' >probe/a.c
printf '\n\n#ifdef CONFIG_SPM\n#endif\n' >probe/b.S
echo 'obj-y := a.o b.o' >probe/Makefile
misspelt "C" 'probe/a.c:3' probe/a.o
misspelt "assembly" 'probe/b.S:3' probe/b.o
echo '/* CONFIG_SPM */' >>arch/x86_64/kernel.lds.S
misspelt "a linker script" 'arch/x86_64/kernel.lds.S:[0-9]+' "$O/arch/x86_64/kernel.lds"
misspelt "C, the second time (nothing is taken as built)" 'probe/a.c:3' probe/a.o
finish
