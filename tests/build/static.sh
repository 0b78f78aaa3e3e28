#!/bin/sh
# SPDX-License-Identifier: MIT
# The compilers' analyzers see a mistake, and check-static says which check failed.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"
make qemu_riscv64_defconfig >"$work/out" 2>&1
mkdir -p "$O/llvm"
cp "$O/.config" "$O/llvm/"
by_gcc() { make -s "$O/analyze-gcc/kernel/system.ok"; }
by_clang() { make -s O="$O/llvm" LLVM=1 "$O/llvm/analyze-clang/kernel/system.ok"; }
passes "gcc: a sound file" by_gcc
passes "clang: a sound file" by_clang
sed -i 's/^	cpu = &cpus\[index\];$/	cpu = index > 2 ? \&cpus[index] : NULL;/' kernel/system.c
refused "gcc: a path to NULL" 'Werror=analyzer-null-dereference' by_gcc
refused "clang: a path to NULL" 'results in a dereference of a null pointer|core.NullDereference' by_clang
printf 'int  line_with_blanks;  \n' >>kernel/panic.c
refused "check-static names what failed" 'FAILED +check-style' sh scripts/check-static.sh "$O" check-style lint
cp "$work/out" "$work/said"
passes "... and what did not" grep -E "^ok +lint" "$work/said"
sed -i '$d' kernel/panic.c
passes "check-style: a sound tree" make check-style
seq 2000 | sed 's/.*/extern int grown_&;/; 1i /* SPDX-License-Identifier: MIT */' >arch/riscv64/grown.h
refused "a part of the kernel that outgrows its limit" 'riscv64: [0-9]+ lines of code' make check-style
finish
