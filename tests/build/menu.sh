#!/bin/sh
# SPDX-License-Identifier: MIT
# menuconfig under a terminal: search, change, save; and what happens without one.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"
make qemu_riscv64_defconfig >"$work/out" 2>&1

refused "menuconfig without a terminal" 'menuconfig needs a terminal' sh -c 'make menuconfig </dev/null | cat; exit 1'
refused "guiconfig without a display" 'guiconfig needs a display' env -u DISPLAY make guiconfig
passes "oldconfig with nothing new does not ask" timeout 20 sh -c 'make oldconfig </dev/null'
printf 'config NEW_ONE\n\tbool "New one"\n\tdefault y\n\thelp\n\t  New.\n' >>kernel/Kconfig
refused "oldconfig with a new option and no terminal" 'needs a terminal; use olddefconfig' \
	timeout 20 sh -c 'make oldconfig </dev/null'
says "listnewconfig names it" 'CONFIG_NEW_ONE' make listnewconfig

if ! command -v tmux >/dev/null; then
	result 1 "tmux is not installed: apt install tmux"
	finish
	exit
fi
export TMUX_TMPDIR="$work"
screen="tmux -L test"
# expect TEXT: wait up to 20 s for it on the screen.
expect() {
	for _ in $(seq 100); do
		$screen capture-pane -p >"$work/out" 2>/dev/null || :
		if grep -qF "$1" "$work/out"; then
			return 0
		fi
		sleep 0.2
	done
	return 1
}

$screen new-session -d -x 100 -y 40 "make menuconfig; sleep 1"
expect "Veridian configuration"
result $? "menuconfig shows the menu"
$screen send-keys /
expect "Jump to symbol"
result $? "/ opens the search"
$screen send-keys LOCK_CHECKER
expect "LOCK_CHECKER("
result $? "the search finds an option"
$screen send-keys Enter
expect "Lock order checker"
result $? "and jumps to it"
$screen send-keys '?'
expect "documented lock order"
result $? "? shows its help"
$screen send-keys Escape
$screen send-keys Space
expect "[*] Lock order checker"
result $? "space switches it on"
$screen send-keys S
expect "Filename to save"
$screen send-keys Enter
expect "saved"
result $? "S saves"
$screen send-keys Enter
$screen send-keys q
for _ in $(seq 50); do
	$screen has-session 2>/dev/null || break
	sleep 0.2
done
is "the choice is in .config" CONFIG_LOCK_CHECKER=y "$(grep LOCK_CHECKER= "$O/.config")"
says "and the next build knows it" '"LOCK_CHECKER": true' sh -c "make -s qemu-command && cat '$O/config.json'"
$screen kill-server 2>/dev/null
finish
