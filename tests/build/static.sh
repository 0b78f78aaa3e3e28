#!/bin/sh
# SPDX-License-Identifier: MIT
# Each tool of check-static sees a mistake, in one file; check-static says which check failed.  (What check-includes,
# check-behaviours and lint see is in scripts.sh and targets.sh, check-stack in stack.sh.)
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
refused "a search of nothing" 'names no directory' make analyze-gcc ANALYZE=nonsense
refused "gcc: a path to NULL" 'Werror=analyzer-null-dereference' by_gcc
refused "clang: a path to NULL" 'results in a dereference of a null pointer|core.NullDereference' by_clang

# tool NAME PATTERN GOAL FILE: a goal, made for one file only, finds nothing, and PATTERN once the lines of the standard
# input are put before the last #endif of a header, or at the end of a source.
tool() {
	cat >"$work/mistake"
	tool_file=$4
	tool_goal=$3
	one_file() {
		make "$tool_goal" c-sources=kernel/irq.c user-sources= objs="$O/kernel/irq.o" user-objs= \
			ushared-objs= headers=kernel/irq.h user-headers= abi=
	}
	passes "$tool_goal: a sound file" one_file
	cp "$tool_file" "$work/sound"
	sed -i '$ { /^#endif/d }' "$tool_file"
	cat "$work/mistake" >>"$tool_file"
	refused "$1" "$2" one_file
	cp "$work/sound" "$tool_file"
}
tool "sparse: a number as a pointer" 'Using plain integer as NULL pointer' sparse kernel/irq.c <<'END'
char *mistake(void);
char *mistake(void)
{
	return 0;
}
END
tool "sparse: a lock that is kept" 'context imbalance in .mistake.' sparse kernel/irq.c <<'END'
void mistake(void);
void mistake(void)
{
	spin_lock(&lines[0]->object.lock);
}
END
tool "cppcheck: an index out of bounds" 'arrayIndexOutOfBounds' cppcheck kernel/irq.c <<'END'
int mistake(void);
int mistake(void)
{
	int few[2] = { 1, 2 };

	return few[2];
}
END
tool "clang-tidy: both branches alike" 'bugprone-branch-clone' clang-tidy kernel/irq.c <<'END'
int mistake(int a);
int mistake(int a)
{
	if (a > 3)
		return a + 1;
	else
		return a + 1;
}
END
tool "check-headers: a header that wants another one first" 'irq.h does not compile alone' check-headers \
	include/kernel/irq.h <<'END'
static inline struct vspace *mistake(struct process *process)
{
	return &process->vspace;
}
#endif
END
# shellcheck disable=SC2016 # the mistake
printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\nrm $1/x\n' >scripts/mistake
mkdir "$work/aside"
mv tests .ci "$work/aside"
refused "shellcheck: a name without quotes" 'SC2086' make check-shell
rm scripts/mistake
passes "shellcheck: the scripts without it" make check-shell
mv "$work/aside/tests" "$work/aside/.ci" .

printf 'int  line_with_blanks;  \n' >>kernel/panic.c
refused "check-static names what failed" 'FAILED +check-style' sh scripts/check-static.sh "$O" check-style lint
cp "$work/out" "$work/said"
passes "... and what did not" grep -E "^ok +lint" "$work/said"
sed -i '$d' kernel/panic.c
passes "check-style: a sound tree" make check-style
seq 2000 | sed 's/.*/extern int grown_&;/; 1i /* SPDX-License-Identifier: MIT */' >arch/riscv64/grown.h
refused "a part of the kernel that outgrows its limit" 'riscv64: [0-9]+ lines of code' make check-style
finish
