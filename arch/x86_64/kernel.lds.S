/* SPDX-License-Identifier: MIT */
/*
 * The image: linked in the top 2 GiB, loaded at 16 MiB by PVH and Multiboot2.
 * Text, constants and data stand on pages of their own, so that the final
 * tables can give each its rights.  The Multiboot2 header must lie in the
 * first 32 KiB of the file, hence .boot comes first.
 */
#include <asm/layout.h>

#define PHYS(section) AT(ADDR(section) - LINK_OFFSET)

OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_multiboot)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	. = KERNEL_BASE;
	image_start = .;
	text_start = .;
	.text : PHYS(.text) {
		KEEP(*(.boot))
		*(.text .text.*)
		. = ALIGN(4096);
	} :text
	text_end = .;

	rodata_start = .;
	.note.pvh : PHYS(.note.pvh) {
		KEEP(*(.note.pvh))
	} :rodata :note
	.rodata : PHYS(.rodata) {
		*(.rodata .rodata.*)
		. = ALIGN(4096);
	} :rodata
	rodata_end = .;

	data_start = .;
	.data : PHYS(.data) {
		*(.data .data.*)
	} :data
	.bss : PHYS(.bss) {
		. = ALIGN(4096);
		bss_start = .;
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data
	data_end = .;
	image_end = .;

	/DISCARD/ : {
		*(.comment .note.GNU-stack .note.gnu.* .eh_frame .eh_frame_hdr)
	}
}
