/* SPDX-License-Identifier: MIT */
/*
 * Instructions that fault in user mode, RISC-V.
 */
#include <veridian/fault.h>
#include "../instruction.h"

	.macro	row name, entry, fault, kind, has_data
	.pushsection .rodata.instructions, "a"
0:	.ascii	"\name"
	.org	0b + INSTRUCTION_NAME
	.4byte	\entry - instruction_start, \fault - instruction_start, \kind, \has_data
	.popsection
	.endm

	/* One instruction. */
	.macro	one name, kind, instruction:vararg
	.balign	4
.Lone\@:
	\instruction
	row	"\name", .Lone\@, .Lone\@, \kind, 0
	.endm

	.section .rodata.instructions, "a"
	.balign	8
	.globl	instructions
instructions:
	.section .text.instructions, "ax"
	.balign	16
	.globl	instruction_start
instruction_start:
	one	"an undefined instruction", FAULT_INSTRUCTION, .4byte 0xc0001073
	one	"no instruction at all", FAULT_INSTRUCTION, .4byte 0
	one	"ebreak", FAULT_BREAKPOINT, .4byte 0x00100073
	one	"reading sstatus", FAULT_INSTRUCTION, csrr	a1, sstatus
	one	"writing sstatus", FAULT_INSTRUCTION, csrw	sstatus, a0
	one	"writing satp", FAULT_INSTRUCTION, csrw	satp, a0
	one	"writing stvec", FAULT_INSTRUCTION, csrw	stvec, a0
	one	"writing sie", FAULT_INSTRUCTION, csrw	sie, a0
	one	"reading mstatus", FAULT_INSTRUCTION, csrr	a1, mstatus
	one	"sret", FAULT_INSTRUCTION, sret
	one	"mret", FAULT_INSTRUCTION, mret
	one	"sfence.vma", FAULT_INSTRUCTION, sfence.vma
	one	"wfi", FAULT_INSTRUCTION, wfi
	one	"floating point", FAULT_INSTRUCTION, .4byte 0xf2050553 /* fmv.d.x fa0, a0 */

	.balign	4
.Lodd:
	lr.d	a1, (a0)
	row	"a reserved load from an odd address", .Lodd, .Lodd, FAULT_ALIGNMENT, 1
	.globl	instruction_end
instruction_end:
	.section .rodata.instructions, "a"
	.globl	instructions_end
instructions_end:

	.section .note.GNU-stack, "", @progbits
