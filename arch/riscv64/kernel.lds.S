/* SPDX-License-Identifier: MIT */
/*
 * The image: linked at KERNEL_BASE, asking to be loaded at KERNEL_PHYS.  Its
 * first byte is its entry, because the loader jumps there whatever the file
 * says.  Text, constants and data stand on pages of their own, so that the
 * final tables can give each its rights.
 */
#include <asm/layout.h>

#define PHYS(section) AT(ADDR(section) - KERNEL_BASE + KERNEL_PHYS)

OUTPUT_ARCH(riscv)
ENTRY(boot_entry)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
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
	.rodata : PHYS(.rodata) {
		*(.rodata .rodata.* .srodata .srodata.*)
		. = ALIGN(4096);
	} :rodata
	rodata_end = .;

	data_start = .;
	.data : PHYS(.data) {
		*(.data .data.* .sdata .sdata.*)
	} :data
	.bss : PHYS(.bss) {
		. = ALIGN(4096);
		bss_start = .;
		*(.sbss .sbss.* .bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data
	data_end = .;
	image_end = .;

	/DISCARD/ : {
		*(.comment .note.GNU-stack .note.gnu.* .eh_frame .eh_frame_hdr .riscv.attributes)
	}
}
