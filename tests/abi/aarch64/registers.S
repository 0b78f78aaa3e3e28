/* SPDX-License-Identifier: MIT */
/*
 * A call, and a loop, with all registers known, AArch64: x0 to x30.
 */
#include <generated/syscall_numbers.h>

	.macro	all_but_x0 op
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\op	x\n, [x0, #(8 * \n)]
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	\op	x\n, [x0, #(8 * \n)]
	.endr
	.endm

	.macro	load_known
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x1, [sp, #96]
	all_but_x0 ldr
	ldr	x0, [x0]
	.endm

	.macro	store_and_return
	str	x0, [sp, #104]
	ldr	x0, [sp, #96]
	all_but_x0 str
	ldr	x1, [sp, #104]
	str	x1, [x0]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret
	.endm

	.text
	.globl registers_call
registers_call:
	load_known
	svc	#0
	store_and_return

	.globl registers_hold
registers_hold:
	load_known
1:	ldr	x1, [x0]
	cbz	x1, 1b
	store_and_return

	.globl	registers_start
registers_start:
	all_but_x0 str
	str	x0, [x0]
	mov	x1, sp
	str	x1, [x0, #248]
	mov	w27, #SYS_thread_exit
	svc	#0

	/* The word at the thread pointer. */
	.globl	registers_tls_word
registers_tls_word:
	mrs	x0, tpidr_el0
	ldr	x0, [x0]
	ret

	.section .rodata
	.balign	8
	.globl	register_places
register_places:
	.byte	31, 27, 0	/* count, tag, handle */
	.byte	1, 2, 3, 4, 5	/* arguments */
	.byte	0, 1, 2		/* status, values */
	.balign	8
	.quad	0
	.quad	0xff << 19 /* words: x19 to x26 */

	.section .note.GNU-stack, "", %progbits
