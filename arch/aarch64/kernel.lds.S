/* SPDX-License-Identifier: MIT */
/*
 * The image: linked in the top 2 GiB, loaded at any multiple of 2 MiB by the
 * Linux boot protocol, whose header is the first thing in it.  Text, constants
 * and data stand on pages of their own, so that the final tables can give each
 * its rights.  The boot tables come first in .bss and are cleared on their own,
 * before the MMU is on; the rest of it afterwards.
 */
#include <asm/layout.h>

/*
 * Where a loader of ELF files puts the image; the Linux boot protocol does not
 * look at it.  Such a start ends with a message: it brings no device tree.
 */
#define ELF_LOAD_ADDRESS 0x40200000
#define PHYS(section) AT(ADDR(section) - KERNEL_BASE + ELF_LOAD_ADDRESS)

OUTPUT_ARCH(aarch64)
ENTRY(image_start)

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
		*(.rodata .rodata.*)
		. = ALIGN(4096);
	} :rodata
	rodata_end = .;

	data_start = .;
	.data : PHYS(.data) {
		*(.data .data.*)
		. = ALIGN(4096);
	} :data
	.bss : PHYS(.bss) {
		bss_start = .;
		*(.bss.boot_tables)
		boot_tables_end = .;
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

/* Numbers for the header: differences, so that no address is relocated into it. */
image_bytes = image_end - text_start;
ASSERT(image_bytes <= 0x40000000, "the image outgrows its boot table")
