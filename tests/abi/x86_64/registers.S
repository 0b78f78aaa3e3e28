/* SPDX-License-Identifier: MIT */
/*
 * A call, and a loop, with all registers known, x86_64.  In the order of the list: rax rbx
 * rcx rdx rsi rdi rbp r8 to r15.
 */
#include <generated/syscall_numbers.h>

	/* All but rdi, which the instructions in between take from the stack. */
	.macro	load_known
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi
	push	40(%rdi)
	mov	0(%rdi), %rax
	mov	8(%rdi), %rbx
	mov	16(%rdi), %rcx
	mov	24(%rdi), %rdx
	mov	32(%rdi), %rsi
	mov	48(%rdi), %rbp
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	8 * (\n - 1)(%rdi), %r\n
	.endr
	pop	%rdi
	.endm

	.macro	store_all_but_rdi
	mov	%rax, 0(%rdi)
	mov	%rbx, 8(%rdi)
	mov	%rcx, 16(%rdi)
	mov	%rdx, 24(%rdi)
	mov	%rsi, 32(%rdi)
	mov	%rbp, 48(%rdi)
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\n, 8 * (\n - 1)(%rdi)
	.endr
	.endm

	.macro	store_and_return
	xchg	%rdi, (%rsp)
	store_all_but_rdi
	pop	40(%rdi)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.endm

	.text
	.globl registers_call
registers_call:
	load_known
	syscall
	store_and_return

	.globl registers_hold
registers_hold:
	load_known
1:	cmpq	$0, (%rdi)
	je	1b
	store_and_return

	.globl	registers_start
registers_start:
	store_all_but_rdi
	mov	%rdi, 40(%rdi)
	mov	%rsp, 120(%rdi)
	mov	$SYS_thread_exit, %r10d
	syscall

	/* The word at the thread pointer. */
	.globl	registers_tls_word
registers_tls_word:
	mov	%fs:0, %rax
	ret

	.section .rodata
	.balign	8
	.globl	register_places
register_places:
	.byte	15, 9, 5	/* count, tag r10, handle rdi */
	.byte	3, 7, 8, 0, 11	/* arguments rdx r8 r9 rax r12 */
	.byte	0, 3, 5		/* status rax, values rdx rdi */
	.balign	8
	.quad	1 << 2 | 1 << 10 /* rcx, r11 */
	.quad	1 << 1 | 0x79c0 /* words: rbx rbp r8 r9 r12 to r15 */

	.section .note.GNU-stack, "", @progbits
