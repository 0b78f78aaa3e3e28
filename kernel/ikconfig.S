/* SPDX-License-Identifier: MIT */
/*
 * The compressed configuration between two marks (see <kernel/ikconfig.h>).
 */
	.section .rodata.ikconfig, "a"
	.ascii "VERIDIAN-CONFIG<"
	.globl ikconfig_data
	.type ikconfig_data, %object
ikconfig_data:
	.incbin "generated/config.gz"
.Lend:
	.size ikconfig_data, .Lend - ikconfig_data
	.ascii ">VERIDIAN-CONFIG"

	.balign 4
	.globl ikconfig_size
	.type ikconfig_size, %object
	.size ikconfig_size, 4
ikconfig_size:
	.long .Lend - ikconfig_data

	.section .note.GNU-stack, "", %progbits
