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

# missing TOOL PACKAGE GOAL...
missing() {
	missing_tool=$1
	missing_package=$2
	shift 2
	without "$missing_tool"
	refused "$missing_tool missing" "$missing_tool is not installed: apt install $missing_package" \
		env PATH="$work/bin" make "$@"
	is "... in one line" 1 "$(grep -c "is not installed" "$work/out")"
}
missing riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu all
missing riscv64-linux-gnu-ld binutils-riscv64-linux-gnu all
missing clang clang all LLVM=1
missing ld.lld lld all LLVM=1
missing awk mawk all
missing sparse sparse sparse
missing cppcheck cppcheck cppcheck
missing clang-tidy clang-tidy clang-tidy
missing shellcheck shellcheck check-shell
missing sphinx-build python3-sphinx htmldocs
without qemu-system-riscv64
refused "qemu-system-riscv64 missing" 'qemu-system-riscv64 is not installed: apt install qemu-system-misc' \
	env PATH="$work/bin" python3 scripts/qemu-run.py --out "$O"
make O="$work/x86" qemu_x86_64_defconfig >"$work/out" 2>&1
missing grub-mkrescue grub-common O="$work/x86" iso
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
