/* SPDX-License-Identifier: MIT */
/*
 * Static position-independent programs: three segments, none of them both
 * writable and executable, each on pages of its own.
 */
ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	dynamic PT_DYNAMIC FLAGS(6);
}

SECTIONS
{
	/* Not higher: GNU ld would call the file a fixed executable. */
	. = 0;
	text_start = .;
	.text : { *(.text.start) *(.text .text.*) } :text
	. = ALIGN(0x1000);
	text_end = .;
	.rodata : { *(.rodata .rodata.*) } :rodata
	.dynsym : { *(.dynsym) } :rodata
	.dynstr : { *(.dynstr) } :rodata
	.hash : { *(.hash) } :rodata
	.gnu.hash : { *(.gnu.hash) } :rodata
	.rela.dyn : { *(.rela .rela.*) } :rodata
	. = ALIGN(0x1000);
	.data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) } :data
	.dynamic : { *(.dynamic) } :data :dynamic
	.got : { *(.got .got.plt) } :data
	.data : { *(.data .data.* .sdata .sdata.*) } :data
	.bss : { *(.bss .bss.* .sbss .sbss.* COMMON) } :data
	/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.riscv.attributes) *(.interp) }
}
