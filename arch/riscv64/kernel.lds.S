/* SPDX-License-Identifier: MIT */
/*
 * The image: linked in the top 2 GiB, loaded where OpenSBI jumps to.  Text,
 * constants and data stand on pages of their own, so that the final tables can
 * give each its rights.
 */
#include <asm/layout.h>

#define PHYS(section) AT(ADDR(section) - KERNEL_BASE + KERNEL_PHYS)

OUTPUT_ARCH(riscv)
ENTRY(_start)

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
		. = ALIGN(8);
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

	/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.riscv.attributes) }
}
