/* SPDX-License-Identifier: MIT */
/*
 * The kernel's image, for the linker: text, constants and data on pages of their
 * own, so that the final tables can give each its rights.  A kernel.lds.S includes
 * it after these:
 *
 *   PHYS(section)  AT(...): where the section is loaded
 *   IMAGE_NOTES    in .rodata's segment, for a loader (optional, with IMAGE_NOTE_HEADER)
 *   BSS_FIRST      cleared by the start-up code on its own (optional)
 */
#ifndef IMAGE_NOTES
#define IMAGE_NOTES
#define IMAGE_NOTE_HEADER
#endif
#ifndef BSS_FIRST
#define BSS_FIRST
#endif

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	IMAGE_NOTE_HEADER
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
	IMAGE_NOTES
	.rodata : PHYS(.rodata) {
		*(.rodata .rodata.* .srodata .srodata.*)
		/* of COVERAGE, for scripts/coverage.py */
		. = ALIGN(8);
		coverage_start = .;
		KEEP(*(.gcov_info))
		coverage_end = .;
		/* of KASAN, called by kasan_init() */
		constructors_start = .;
		KEEP(*(.init_array .init_array.*))
		constructors_end = .;
		. = ALIGN(4096);
	} :rodata
	rodata_end = .;

	data_start = .;
	.data : PHYS(.data) {
		*(.data .data.* .sdata .sdata.*)
		. = ALIGN(4096);
	} :data
	.bss : PHYS(.bss) {
		bss_start = .;
		BSS_FIRST
		*(.sbss .sbss.* .bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data
	data_end = .;
	image_end = .;

	/DISCARD/ : {
		*(.fini_array .fini_array.*)
		*(.comment .note.GNU-stack .note.gnu.* .eh_frame .eh_frame_hdr .riscv.attributes)
	}
}
