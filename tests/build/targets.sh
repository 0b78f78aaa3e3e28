#!/bin/sh
# SPDX-License-Identifier: MIT
# The configuration targets people know, and what is particular to this tree.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"
config=$O/.config

# value NAME: from .config, "n" if it is off.
value() {
	sed -n "s/^CONFIG_$1=//p" "$config" | grep . || echo n
}

for arch in x86_64 aarch64 riscv64; do
	passes "make ARCH=$arch defconfig" make ARCH=$arch defconfig
	is "... takes that architecture" "\"$arch\"" "$(value ARCH)"
done
for board in configs/*_defconfig; do
	board=${board#configs/}
	passes "make $board" make "$board"
	passes "... savedefconfig" make savedefconfig "ARGS=$work/saved"
	passes "... gives it back" cmp "configs/$board" "$work/saved"
done
for fragment in configs/*.config; do
	passes "$fragment applies" make qemu_aarch64_defconfig "FRAGMENTS=$fragment"
done
make qemu_aarch64_defconfig FRAGMENTS="configs/debug.config configs/up.config" >"$work/out" 2>&1
is "two fragments: the first" y "$(value LOCK_CHECKER)"
is "two fragments: the second" n "$(value SMP)"
is "what depends on it follows" 1 "$(value NR_CPUS)"

for goal in alldefconfig allnoconfig allyesconfig; do
	passes "$goal" make $goal
	passes "... is a usable configuration" make qemu-command
done
is "allyesconfig sets an option" y "$(value LOCK_CHECKER)"
make allnoconfig >"$work/out" 2>&1
is "allnoconfig clears an option" n "$(value SMP)"
make ARCH=riscv64 allyesconfig >"$work/out" 2>&1
is "ARCH= chooses the board of allyesconfig" '"riscv64"' "$(value ARCH)"
printf 'CONFIG_NR_CPUS=7\n' >"$work/preset"
make allyesconfig "KCONFIG_ALLCONFIG=$work/preset" >"$work/out" 2>&1
is "KCONFIG_ALLCONFIG presets a value" 7 "$(value NR_CPUS)"
refused "KCONFIG_ALLCONFIG with a bad value" 'preset:1: NR_CPUS' \
	sh -c "echo CONFIG_NR_CPUS=999 >'$work/preset'; make allyesconfig 'KCONFIG_ALLCONFIG=$work/preset'"

bad=
for seed in $(seq 25); do
	make randconfig KCONFIG_SEED="$seed" >"$work/out" 2>&1 && make qemu-command >>"$work/out" 2>&1 ||
		bad="$bad $seed"
done
is "25 random configurations are usable" "" "$bad"
make randconfig KCONFIG_SEED=5 >"$work/out" 2>&1
cp "$config" "$work/first"
says "randconfig prints its seed" 'KCONFIG_SEED=0x5' make randconfig KCONFIG_SEED=5
passes "the same seed gives the same configuration" cmp "$config" "$work/first"
refused "a seed that is no number" 'KCONFIG_SEED=x: not a number' make randconfig KCONFIG_SEED=x

# Defaults follow the source; choices stay.
make qemu_x86_64_defconfig >"$work/out" 2>&1
echo CONFIG_LOG_LEVEL=3 >>"$config"
sed -i '/^# default:$/{N;/LOG_LEVEL/d}' "$config"
make qemu-command >"$work/out" 2>&1
sed -i '/^config QEMU_MEM_MB/,/help/s/default 256/default 512/' arch/Kconfig
sed -i '/^config LOG_LEVEL/,/help/s/default 3/default 1/' kernel/Kconfig
make qemu-command >"$work/out" 2>&1
is "a changed default takes effect" 512 "$(value QEMU_MEM_MB)"
is "a chosen value stays, though it was the default" 3 "$(value LOG_LEVEL)"

says "diffconfig shows a change" 'LOG_LEVEL 3 -> 2' sh -c "
	cp '$config' '$work/before'; sed -i 's/LOG_LEVEL=3/LOG_LEVEL=2/' '$config'
	make diffconfig 'ARGS=$work/before $config'"
rm -f "$config.old"
refused "diffconfig without a previous configuration" '.config.old does not exist: .*ARGS="before after"' \
	make diffconfig
make qemu_x86_64_defconfig FRAGMENTS=configs/up.config >"$work/out" 2>&1
says "and with the one a defconfig has left" 'SMP y -> n' make diffconfig
says "why: the shortest way to edit an option" 'to edit +set SMP=y' make why ARGS=NR_CPUS
says "why: where a value was chosen" 'chosen +at .*.config:[0-9]+' make why ARGS=SMP
says "why: a fact and who selects it" 'selected by BOARD_QEMU_X86_64' make why ARGS=X86_64
says "why: the way to a fact" 'to enable +set BOARD_QEMU_RISCV64=y' make why ARGS=RISCV64
refused "why: a name that is none" 'no option SMQ' make why ARGS=SMQ
refused "why without a name" 'name the options' make why
says "matrix covers all pairs" 'configurations cover [0-9]+ pairs' make matrix
cp "$work/out" "$work/matrix"
for board in x86_64 x86_64_microvm aarch64 riscv64; do
	says "... also on $board" " board_qemu_$board:" cat "$work/matrix"
done

# lint finds what it is for.
lints() {
	cp kernel/Kconfig "$work/Kconfig.saved"
	printf '%s\n' "$3" >>kernel/Kconfig
	refused "lint: $1" "$2" make lint
	cp "$work/Kconfig.saved" kernel/Kconfig
}
lints "a prompt without help" 'PROBE has no help' 'config PROBE
	bool "Probe"'
lints "an option nobody uses" 'PROBE is used nowhere' 'config PROBE
	bool "Probe"
	help
	  Probe.'
lints "a select of an option" 'PROBE selects ASSERTIONS' 'config PROBE
	bool
	default y
	select ASSERTIONS'
lints "an option never both on and off in configs/" 'PROBE is always n' 'config PROBE
	bool "Probe"
	help
	  Probe.'
lints "a dependency on nothing" 'NOWHERE' 'config PROBE
	bool "Probe"
	depends on NOWHERE
	help
	  Probe.'
printf 'CONFIG_BOARD_QEMU_X86_64=y\nCONFIG_LOG_LEVEL=3\n' >configs/qemu_x86_64_defconfig
sed -i '/^config LOG_LEVEL/,/help/s/default 1/default 3/' kernel/Kconfig
refused "lint: a defconfig that is not minimal" 'qemu_x86_64_defconfig: not what savedefconfig writes' make lint
git -C "$top" show HEAD:configs/qemu_x86_64_defconfig >configs/qemu_x86_64_defconfig

# sparse, on what is compiled: a lock that is never released is no error of the compiler.
make qemu_riscv64_defconfig >"$work/out" 2>&1
cp kernel/kwait.c "$work/kwait.c"
probe='void probe(struct spinlock *lock)'
printf '%s;\n%s\n{\n\tspin_lock(lock);\n}\n' "$probe" "$probe" >>kernel/kwait.c
passes "a lock that is kept compiles" make kernel/kwait.o
rm "$O/kernel/kwait.o"
refused "C=1 finds a lock that is kept" 'error: context imbalance in .probe' make C=1 kernel/kwait.o
refused "make sparse finds it" 'context imbalance in .probe' make sparse
cp "$work/kwait.c" kernel/kwait.c
passes "C=1 passes what is sound" make C=1 kernel/kwait.o

passes "goals of both kinds run in the order given" make mrproper qemu_riscv64_defconfig qemu-command
says "help names the boards" 'make qemu_x86_64_microvm_defconfig' make help
says "help is there without a configuration" '^Configuration' make O="$work/nothing" help
make clean >"$work/out" 2>&1
is "clean keeps the configuration only" ".config" "$(find "$O" -mindepth 1 ! -name .config.old -printf %P)"
make mrproper >"$work/out" 2>&1
is "mrproper leaves nothing" "" "$(ls -A "$O" 2>/dev/null)"
refused "blanks in O= are refused" 'no blanks' make O="$work/a b" help
finish
