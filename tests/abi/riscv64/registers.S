/* SPDX-License-Identifier: MIT */
/*
 * A call, and a loop, with all registers known, RISC-V 64.  In the order of the list: a0 to
 * a7, s0 to s11, t0 to t6, ra.
 */
#include <generated/syscall_numbers.h>

	.macro	all_but_a0 op
	.irp	n, 1, 2, 3, 4, 5, 6, 7
	\op	a\n, 8 * \n(a0)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, 8 * (8 + \n)(a0)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6
	\op	t\n, 8 * (20 + \n)(a0)
	.endr
	\op	ra, 8 * 27(a0)
	.endm

	.macro	preserved op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, 8 * \n(sp)
	.endr
	\op	ra, 96(sp)
	.endm

	.macro	load_known
	addi	sp, sp, -128
	preserved sd
	sd	a1, 104(sp)
	all_but_a0 ld
	ld	a0, 0(a0)
	.endm

	.macro	store_and_return
	sd	a0, 112(sp)
	ld	a0, 104(sp)
	all_but_a0 sd
	ld	a1, 112(sp)
	sd	a1, 0(a0)
	preserved ld
	addi	sp, sp, 128
	ret
	.endm

	.text
	.globl registers_call
registers_call:
	load_known
	ecall
	store_and_return

	.globl registers_hold
registers_hold:
	load_known
1:	ld	a1, 0(a0)
	beqz	a1, 1b
	store_and_return

	/* What is in gp and tp, which are not on the list, spoils the stack pointer. */
	.globl	registers_start
registers_start:
	all_but_a0 sd
	sd	a0, 0(a0)
	or	sp, sp, gp
	or	sp, sp, tp
	sd	sp, 8 * 28(a0)
	li	s8, SYS_thread_exit
	ecall

	/* The word at the thread pointer. */
	.globl	registers_tls_word
registers_tls_word:
	ld	a0, 0(tp)
	ret

	.section .rodata
	.balign	8
	.globl	register_places
register_places:
	.byte	28, 16, 0	/* count, tag s8, handle a0 */
	.byte	1, 2, 3, 4, 5	/* arguments */
	.byte	0, 1, 2		/* status, values */
	.balign	8
	.quad	0
	.quad	0xff << 8 /* words: s0 to s7 */

	.section .note.GNU-stack, "", %progbits
