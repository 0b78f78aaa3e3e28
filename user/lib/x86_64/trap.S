/* SPDX-License-Identifier: MIT */
/*
 * Start-up and the two ways into the kernel, x86_64.  The register table is in
 * the manual (ABI); the kernel clobbers rcx and r11 and keeps the others but
 * for results.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	xorl	%ebp, %ebp
	andq	$-16, %rsp
	call	program_start
	ud2
	.size _start, . - _start

	.text
	/* long __syscall(number, handles, a0, a1, a2, a3, a4, *v0, *v1) */
	.globl __syscall
	.type __syscall, @function
__syscall:
	pushq	%r12
	movq	%rdi, %r10
	movq	%rsi, %rdi
	movq	%r9, %rax
	movq	%r8, %r9
	movq	%rcx, %r8
	movq	16(%rsp), %r12
	syscall
	popq	%r12
	movq	16(%rsp), %rcx
	testq	%rcx, %rcx
	jz	1f
	movq	%rdx, (%rcx)
1:	movq	24(%rsp), %rcx
	testq	%rcx, %rcx
	jz	2f
	movq	%rdi, (%rcx)
2:	ret
	.size __syscall, . - __syscall

	/* void ipc_trap(struct ipc_frame *): tag 0, handles 8, words 16, caps 80, badge 96, status 104 */
	.globl ipc_trap
	.type ipc_trap, @function
ipc_trap:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rdi, %rsi
	movq	0(%rsi), %r10
	movq	8(%rsi), %rdi
	movq	16(%rsi), %rbx
	movq	24(%rsi), %rbp
	movq	32(%rsi), %r12
	movq	40(%rsi), %r13
	movq	48(%rsi), %r14
	movq	56(%rsi), %r15
	movq	64(%rsi), %r8
	movq	72(%rsi), %r9
	movq	80(%rsi), %rax
	movq	88(%rsi), %rdx
	syscall
	popq	%rcx
	movq	%r10, 0(%rcx)
	movq	%rbx, 16(%rcx)
	movq	%rbp, 24(%rcx)
	movq	%r12, 32(%rcx)
	movq	%r13, 40(%rcx)
	movq	%r14, 48(%rcx)
	movq	%r15, 56(%rcx)
	movq	%r8, 64(%rcx)
	movq	%r9, 72(%rcx)
	movq	%rdi, 80(%rcx)
	movq	%rsi, 88(%rcx)
	movq	%rdx, 96(%rcx)
	movq	%rax, 104(%rcx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size ipc_trap, . - ipc_trap

	/* First instruction of a thread of the library: rdi = struct thread_start. */
	.globl thread_entry
	.type thread_entry, @function
thread_entry:
	xorl	%ebp, %ebp
	andq	$-16, %rsp
	call	thread_main
	ud2
	.size thread_entry, . - thread_entry

	.section .note.GNU-stack, "", @progbits
