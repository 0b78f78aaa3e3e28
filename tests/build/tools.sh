#!/bin/sh
# SPDX-License-Identifier: MIT
# A missing tool is named with its Debian package, in one line.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"
make qemu_riscv64_defconfig >"$work/out" 2>&1

# without TOOL...: a PATH with everything but these.
mkdir "$work/all"
for dir in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
	find "$dir/" -maxdepth 1 ! -type d -exec ln -s -t "$work/all" {} + 2>/dev/null
done
without() {
	rm -rf "${work:?}/bin"
	cp -a "$work/all" "$work/bin"
	for tool in "$@"; do
		rm -f "$work/bin/$tool"
	done
}

make O="$work/x86" qemu_x86_64_defconfig >"$work/out" 2>&1
make O="$work/host" host_defconfig >"$work/out" 2>&1

# A terminal for what looks whether it has one.
# shellcheck disable=SC2016 # a program in Python
terminal='import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'

# command_for TOOL: sets what cannot work without it, for each line of scripts/packages.
command_for() {
	case $1 in
	x86_64-*) command="make O=$work/x86" ;;
	aarch64-*) command="make O=$work/aarch64 qemu_aarch64_defconfig all" ;;
	riscv64-* | awk | gzip) command="make all" ;;
	gcc | ld | nm | objcopy) command="make O=$work/host" ;;
	git) command="make check-style" ;;
	python3) command="make PYTHON=python3 help" ;;
	cc | dtc) command="make check-host" ;;
	clang | ld.lld | llvm-*) command="make LLVM=1" ;;
	sparse | cppcheck | clang-tidy) command="make $1" ;;
	shellcheck) command="make check-shell" ;;
	sphinx-build) command="make htmldocs" ;;
	qemu-system-x86_64) command="make O=$work/x86 check-qemu" ;;
	qemu-system-aarch64) command="make O=$work/aarch64 run" ;;
	qemu-system-riscv64) command="python3 scripts/qemu-run.py --out $O" ;;
	grub-mkrescue | xorriso | mformat) command="make O=$work/x86 iso" ;;
	gdb) command="make O=$work/host debug" ;;
	gdb-multiarch) command="python3 -c '$terminal' python3 scripts/qemu-run.py --out $O --debug" ;;
	tmux) command="sh tests/build/menu.sh" ;;
	afl-*) command="python3 tests/fuzz/run.py --out $work/fuzz --engine afl fuzz cpio" ;;
	valgrind) command="sh tests/sim/run.sh $work/host/kernel.elf" ;;
	gcovr) command="python3 scripts/coverage.py --out $work/coverage report" ;;
	make) command= ;; # without it nothing begins: the shell says so
	*) command="echo no test for" ;;
	esac
}

while IFS='=' read -r tool package; do
	command_for "$tool"
	[ -n "$command" ] || continue
	without "$tool"
	refused "$tool missing" "$tool is not installed: apt install $package" env PATH="$work/bin" sh -c "$command"
	is "... in one line" 1 "$(grep -c "is not installed" "$work/out")"
done <scripts/packages

# What has no make before it, and what once got lost on the way.
for script in check-style check-includes; do
	without git
	refused "$script.py without git" 'error: git is not installed: apt install git' \
		env PATH="$work/bin" python3 scripts/$script.py
done
refused "lint without git" 'error: git is not installed: apt install git' env PATH="$work/bin" make lint
without qemu-system-x86_64
refused "the suite without QEMU" '^qemu-suite: error: .*qemu-system-x86_64 is not installed' \
	env PATH="$work/bin" python3 scripts/qemu-suite.py --out "$work/x86"
is "... has no results" 0 "$(grep -c '^\(not \)*ok' "$work/out")"
printf '#!/bin/sh\nexit 1\n' >"$work/broken-nm"
chmod +x "$work/broken-nm"
refused "nm that fails ends the build" 'Error' make NM="$work/broken-nm"
is "... and leaves no kernel" "" "$(find "$O" -name 'kernel.elf*')"
passes "and the next make repairs it" make kernel
is "... with names of functions" 1 "$(riscv64-linux-gnu-nm "$O/kernel.elf" | grep -c ' kallsyms_names$')"

without /none
refused "iso for another architecture" 'make iso is for x86_64' make iso

# A python3 without Kconfiglib.
printf '#!/bin/sh\nexec /usr/bin/env python3 -S "$@"\n' >"$work/bare-python"
chmod +x "$work/bare-python"
refused "Kconfiglib missing" 'no Kconfiglib: apt install python3-kconfiglib' make PYTHON="$work/bare-python" lint

# bootstrap names the packages when it may not install them: no root, no sudo.
printf '#!/bin/sh\necho 1000\n' >"$work/id"
printf '#!/bin/sh\nexit 1\n' >"$work/dpkg-query"
without sudo id dpkg-query
chmod +x "$work/id" "$work/dpkg-query"
ln -s "$work/id" "$work/dpkg-query" "$work/bin/"
refused "bootstrap without root" 'apt-get install --no-install-recommends .*gcc-riscv64-linux-gnu' \
	env PATH="$work/bin" scripts/bootstrap
rm "$work/bin/dpkg"
refused "bootstrap on another system" 'not a Debian system' env PATH="$work/bin" scripts/bootstrap
finish
