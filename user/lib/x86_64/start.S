/* SPDX-License-Identifier: MIT */
/*
 * x86_64: first instructions of a program, and the two system-call stubs.
 * Register use: Documentation/abi.rst.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	xor %ebp, %ebp
	and $-16, %rsp
	lea _DYNAMIC(%rip), %rsi
	lea text_start(%rip), %rdx
	call start_c
	ud2
	.size _start, . - _start

	.text
	/* long syscall_raw(struct syscall_regs *io): number, handles, five arguments, two values. */
	.globl syscall_raw
	.type syscall_raw, @function
syscall_raw:
	push %r12
	push %rdi
	mov 0(%rdi), %r10
	mov 16(%rdi), %rdx
	mov 24(%rdi), %r8
	mov 32(%rdi), %r9
	mov 40(%rdi), %rax
	mov 48(%rdi), %r12
	mov 8(%rdi), %rdi
	syscall
	pop %rcx
	mov %rdx, 56(%rcx)
	mov %rdi, 64(%rcx)
	pop %r12
	ret
	.size syscall_raw, . - syscall_raw

	/* long ipc_raw(struct ipc_regs *io) */
	.globl ipc_raw
	.type ipc_raw, @function
ipc_raw:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	mov 0(%rdi), %r10
	mov 16(%rdi), %rbx
	mov 24(%rdi), %rbp
	mov 32(%rdi), %r12
	mov 40(%rdi), %r13
	mov 48(%rdi), %r14
	mov 56(%rdi), %r15
	mov 64(%rdi), %r8
	mov 72(%rdi), %r9
	mov 80(%rdi), %rax
	mov 88(%rdi), %rdx
	mov 8(%rdi), %rdi
	syscall
	pop %rcx
	mov %r10, 0(%rcx)
	mov %rbx, 16(%rcx)
	mov %rbp, 24(%rcx)
	mov %r12, 32(%rcx)
	mov %r13, 40(%rcx)
	mov %r14, 48(%rcx)
	mov %r15, 56(%rcx)
	mov %r8, 64(%rcx)
	mov %r9, 72(%rcx)
	mov %rdi, 80(%rcx)
	mov %rsi, 88(%rcx)
	mov %rdx, 96(%rcx)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
	.size ipc_raw, . - ipc_raw
