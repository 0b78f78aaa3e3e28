#!/bin/sh
# SPDX-License-Identifier: MIT
# mkiso.sh ISO KERNEL ARCHIVE [COMMAND LINE] - a CD that boots by GRUB, Multiboot2.
set -eu
iso=$1 kernel=$2 archive=$3 cmdline=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root # the log is not in it: a file that grows while it is copied is refused
mkdir -p "$root/boot/grub"
cp "$kernel" "$root/boot/kernel.elf"
cp "$archive" "$root/boot/boot.cpio"
cat >"$root/boot/grub/grub.cfg" <<EOF
set timeout=0
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
menuentry Veridian {
	multiboot2 /boot/kernel.elf $cmdline
	module2 /boot/boot.cpio boot.cpio
	boot
}
EOF
if ! grub-mkrescue -o "$iso" "$root" >"$work/log" 2>&1; then
	echo "mkiso: error: grub-mkrescue failed:" >&2
	cat "$work/log" >&2
	exit 1
fi
