/* SPDX-License-Identifier: MIT */
/*
 * Instructions that fault in user mode, x86_64.
 */
#include <generated/syscall_numbers.h>
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
	one	"an undefined instruction", FAULT_INSTRUCTION, ud2
	one	"int3", FAULT_BREAKPOINT, int3
	one	"hlt", FAULT_INSTRUCTION, hlt
	one	"cli", FAULT_INSTRUCTION, cli
	one	"sti", FAULT_INSTRUCTION, sti
	one	"in", FAULT_INSTRUCTION, inb	$0x64, %al
	one	"out", FAULT_INSTRUCTION, outb	%al, $0x64
	one	"reading cr0", FAULT_INSTRUCTION, mov	%cr0, %rax
	one	"writing cr3", FAULT_INSTRUCTION, mov	%rax, %cr3
	one	"writing cr4", FAULT_INSTRUCTION, mov	%rax, %cr4
	one	"rdmsr", FAULT_INSTRUCTION, rdmsr
	one	"wrmsr", FAULT_INSTRUCTION, wrmsr
	one	"lgdt", FAULT_INSTRUCTION, lgdt	(%rdi)
	one	"lidt", FAULT_INSTRUCTION, lidt	(%rdi)
	one	"ltr", FAULT_INSTRUCTION, ltr	%ax
	one	"invlpg", FAULT_INSTRUCTION, invlpg	(%rdi)
	one	"swapgs", FAULT_INSTRUCTION, swapgs
	one	"sysret", FAULT_INSTRUCTION, sysretq
	one	"sysenter", FAULT_INSTRUCTION, sysenter
	one	"wrfsbase", FAULT_INSTRUCTION, wrfsbase %rdi
	one	"the gate of page faults", FAULT_INSTRUCTION, int	$14
	one	"the gate of another vector", FAULT_INSTRUCTION, int	$0x80
	one	"floating point", FAULT_INSTRUCTION, fld1
	one	"vectors", FAULT_INSTRUCTION, movaps	%xmm0, %xmm1

	/* The flags that a user may not set stay as they are. */
.Lflags:
	push	$0x3202		/* I/O privilege level 3, interrupts on */
	popf
.Lflags_cli:
	cli
	row	"cli after popf of IOPL 3", .Lflags, .Lflags_cli, FAULT_INSTRUCTION, 0

	/* The flag must not come along into the kernel: that would step through its entry. */
.Lstep:
	mov	$SYS_null, %r10d
	push	$0x102		/* single step */
	popf
	syscall
.Lstep_after:
	jmp	.Lstep_after	/* before or after it, the pc is the same */
	row	"single step into a system call", .Lstep, .Lstep_after, FAULT_BREAKPOINT, 0

	.irp	n, 0x08, 0x10
.Lown\n:
	mov	$\n, %eax
.Lload\n:
	mov	%eax, %ds
	row	"a segment of the kernel's", .Lown\n, .Lload\n, FAULT_INSTRUCTION, 0
	.endr

.Ldivide:
	xor	%ecx, %ecx
.Ldivide_div:
	div	%ecx
	row	"dividing by zero", .Ldivide, .Ldivide_div, FAULT_ARITHMETIC, 0

.Lhole:
	mov	$1, %eax
	shl	$62, %rax
.Lhole_read:
	mov	(%rax), %rax
	row	"an address that is not canonical", .Lhole, .Lhole_read, FAULT_INSTRUCTION, 0
	.globl	instruction_end
instruction_end:
	.section .rodata.instructions, "a"
	.globl	instructions_end
instructions_end:

	.section .note.GNU-stack, "", @progbits
