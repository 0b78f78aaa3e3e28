/* SPDX-License-Identifier: MIT */
/*
 * Code that runs without stack and data, wherever it is mapped, x86_64.
 */
#include <generated/syscall_numbers.h>

	.text
	.balign 16
	.globl blob_start
blob_start:
	.globl blob_thread_exit
blob_thread_exit:
	movl	$SYS_thread_exit, %r10d
	syscall
	ud2
	.globl blob_process_exit
blob_process_exit:
	movl	$SYS_process_exit, %r10d
	movq	%rdi, %rdx
	syscall
	ud2
	.globl blob_spin
blob_spin:
	jmp	blob_spin
	.globl blob_read_loop
blob_read_loop:
	movq	(%rdi), %rax
	incq	(%rax)
	jmp	blob_read_loop
	.globl blob_end
blob_end:

	.section .note.GNU-stack, "", @progbits
