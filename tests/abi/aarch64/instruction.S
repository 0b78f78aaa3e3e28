/* SPDX-License-Identifier: MIT */
/*
 * Instructions that fault in user mode, AArch64.
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
	one	"an undefined instruction", FAULT_INSTRUCTION, udf	#0
	one	"brk", FAULT_BREAKPOINT, brk	#7
	one	"masking interrupts", FAULT_INSTRUCTION, msr	daifset, #2
	one	"reading SCTLR_EL1", FAULT_INSTRUCTION, mrs	x1, sctlr_el1
	one	"writing SCTLR_EL1", FAULT_INSTRUCTION, msr	sctlr_el1, x0
	one	"writing TTBR0_EL1", FAULT_INSTRUCTION, msr	ttbr0_el1, x0
	one	"writing VBAR_EL1", FAULT_INSTRUCTION, msr	vbar_el1, x0
	one	"writing SPSR_EL1", FAULT_INSTRUCTION, msr	spsr_el1, x0
	one	"writing CPACR_EL1", FAULT_INSTRUCTION, msr	cpacr_el1, x0
	one	"choosing the stack pointer", FAULT_INSTRUCTION, msr	spsel, #1
	one	"tlbi", FAULT_INSTRUCTION, tlbi	vmalle1
	one	"dc isw", FAULT_INSTRUCTION, dc	isw, x0
	one	"eret", FAULT_INSTRUCTION, eret
	one	"hvc", FAULT_INSTRUCTION, hvc	#0
	one	"smc", FAULT_INSTRUCTION, smc	#0
	.arch_extension fp
	one	"floating point", FAULT_INSTRUCTION, fmov	d0, x0

	.balign	4
.Lodd:
	ldxr	x1, [x0]
	row	"an exclusive load from an odd address", .Lodd, .Lodd, FAULT_ALIGNMENT, 1

.Ljump:
	adr	x1, .Ljump_target + 2
	br	x1
.Ljump_target:
	nop
	row	"a jump to an odd address", .Ljump, .Ljump_target + 2, FAULT_ALIGNMENT, 0
	.globl	instruction_end
instruction_end:
	.section .rodata.instructions, "a"
	.globl	instructions_end
instructions_end:

	.section .note.GNU-stack, "", %progbits
