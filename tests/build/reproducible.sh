#!/bin/sh
# SPDX-License-Identifier: MIT
# Two checkouts at different places, with different output directories, user
# environments and times, give the same bytes.  In the first one objects may be
# those that a third one has left in the cache of check-all.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/a"
copy_tree "$work/longer/path/b"

for board in qemu_x86_64 qemu_aarch64 qemu_riscv64; do
	(cd "$work/a" && python3 scripts/cached_make.py build "${board}_defconfig" all) >"$work/out" 2>&1
	result $? "$board: first checkout builds"
	# What holds for the programs holds on each architecture.
	files="kernel.elf boot.cpio" goal=all
	[ "$board" != qemu_aarch64 ] || files="kernel.elf Image" goal=kernel
	[ "$board" != qemu_riscv64 ] || files=kernel.elf goal=kernel
	(cd "$work/longer/path/b" && find . -type f -exec touch -d 2001-01-01 {} + &&
		umask 077 && export TZ=Asia/Tokyo LANG=tr_TR.UTF-8 &&
		make -s O="$work/out-$board" "${board}_defconfig" "$goal") \
		>"$work/out" 2>&1
	result $? "$board: second checkout builds"
	for file in $files; do
		passes "$board: $file is the same" cmp "$work/a/build/$file" "$work/out-$board/$file"
	done
done
finish
