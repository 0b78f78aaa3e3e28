#!/bin/sh
# SPDX-License-Identifier: MIT
# check-stack sees a function that takes too much, recursion, and calls that nobody explained.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"
make qemu_riscv64_defconfig >"$work/out" 2>&1
says "the kernel's paths fit" 'kernel_syscall: [0-9]+ of 16384 bytes' make -s check-stack

# broken NAME PATTERN SED-SCRIPT: a change of kernel/system.c that must be refused.
broken() {
	cp kernel/system.c "$work/sound.c"
	sed -i "$3" kernel/system.c
	refused "$1" "$2" make -s check-stack
	cp "$work/sound.c" kernel/system.c
}
start='s/^static long info_cpu(u64 what, u64 index, u64 value\[2\])$'
large='\tvolatile u8 large[16000];\n\n\tlarge[value[0] % 16000] = 1;\n\tvalue[1] = large[value[1] % 16000];\n'
broken "a deep function" 'kernel_syscall: [0-9]+ bytes and a margin of .* deep 16[0-9]{3}' \
	"$start/static noinline void deep(u64 *value)\n{\n$large}\n\n&/"'
	s/^	value\[0\] = what == INFO_CPU ?/	deep(value);\n&/'
broken "recursion" 'unbounded recursion: .*again' \
	"$start"'/static noinline u64 again(u64 n)\n{\n\treturn n > 1 ? again(n - 1) * again(n - 2) + n : n;\n}\n\n&/
	s/^	value\[0\] = what == INFO_CPU ?/	value[1] = again(value[0]);\n&/'
broken "an indirect call" 'system.c:[0-9]+: indirect call with 0 lines in stack-calls' \
	"$start"'/static void (*volatile nobody)(void);\n\n&/
	s/^	value\[0\] = what == INFO_CPU ?/	nobody();\n&/'

# without NAME PATTERN LINE: what is left out of stack-calls is missed.
without() {
	sed -i.sound "/$3/d" scripts/stack-calls
	refused "$1" "$2" make -s check-stack
	mv scripts/stack-calls.sound scripts/stack-calls
}
without "a pointer's targets" 'cmdline.c:[0-9]+: indirect call with 0 lines' 'calls kernel.cmdline.c'
without "a function in assembly" 'arch_idle is in no graph' 'extern riscv64 arch_idle'
without "an entry" 'assembly calls kernel_irq, which is no entry' 'entry riscv64 kernel_irq'
without "a bounded recursion" 'unbounded recursion: free_below' 'again free_below'
sed -i 's/"options.i..set("/"nothing like it("/' scripts/stack-calls
refused "a stale line" 'does not stand in kernel/cmdline.c' make -s check-stack
finish
