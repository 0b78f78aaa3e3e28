/* SPDX-License-Identifier: MIT */
/*
 * The measured operations, x86_64; see bench.h.  A call keeps the registers
 * that C keeps, an IPC call only the stack pointer.
 */
#include <generated/syscall_numbers.h>

/* RAX = counter; uses RDX. */
.macro counter
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
.endm

/* u64 NAME(struct measured_call *): tag 0, handles 8, argument 16, value 56, status 72, start 80 */
.macro make_call name, has_operation, has_tail
	.globl \name
	.type \name, @function
\name:
	pushq	%rbx
	pushq	%r12
	movq	%rdi, %rbx
	movq	24(%rbx), %r8
	movq	32(%rbx), %r9
	movq	48(%rbx), %r12
	counter
	movq	%rax, 80(%rbx)
	movq	16(%rbx), %rdx
	movq	40(%rbx), %rax
	.if \has_operation
	movq	8(%rbx), %rdi
	movq	(%rbx), %r10
	syscall
	testl	%eax, %eax
	jnz	1f
1:
	.endif
	.if \has_tail
	movq	%rax, 72(%rbx)
	movq	%rdx, 56(%rbx)
	movq	%rdi, 64(%rbx)
	.endif
	counter
	subq	80(%rbx), %rax
	popq	%r12
	popq	%rbx
	ret
	.size \name, . - \name
.endm

/*
 * u64 NAME(struct measured_ipc *): tag 0, handles 8, word 16, caps 80, badge 96, status 104,
 * start 112, tag_in 120
 */
.macro make_ipc name, has_operation, has_tail
	.globl \name
	.type \name, @function
\name:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rdi, %rsi
	movq	16(%rsi), %rbx
	movq	24(%rsi), %rbp
	movq	32(%rsi), %r12
	movq	40(%rsi), %r13
	movq	48(%rsi), %r14
	movq	56(%rsi), %r15
	movq	64(%rsi), %r8
	movq	72(%rsi), %r9
	counter
	movq	%rax, 112(%rsi)
	movq	80(%rsi), %rax
	movq	88(%rsi), %rdx
	.if \has_operation
	movq	8(%rsi), %rdi
	movq	(%rsi), %r10
	syscall
	testl	%eax, %eax
	jnz	1f
1:
	.endif
	popq	%rcx
	.if \has_tail
	movq	%rax, 104(%rcx)
	movq	%rdx, 96(%rcx)
	movq	%rdi, 80(%rcx)
	movq	%rsi, 88(%rcx)
	movq	%r10, 120(%rcx)
	.endif
	counter
	subq	112(%rcx), %rax
	movq	%rbx, 16(%rcx)
	movq	%rbp, 24(%rcx)
	movq	%r12, 32(%rcx)
	movq	%r13, 40(%rcx)
	movq	%r14, 48(%rcx)
	movq	%r15, 56(%rcx)
	movq	%r8, 64(%rcx)
	movq	%r9, 72(%rcx)
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size \name, . - \name
.endm

/* u64 NAME(void *address) */
.macro make_store name, has_operation
	.globl \name
	.type \name, @function
\name:
	counter
	movq	%rax, %rsi
	.if \has_operation
	movb	$1, (%rdi)
	.globl measure_store_end
measure_store_end:
	.endif
	counter
	subq	%rsi, %rax
	ret
	.size \name, . - \name
.endm

	.text
	make_call measure_call, 1, 1
	make_call measure_call_nothing, 0, 1
	make_call measure_call_head, 0, 0
	make_ipc measure_ipc, 1, 1
	make_ipc measure_ipc_nothing, 0, 1
	make_store measure_store, 1
	make_store measure_store_nothing, 0

	/* As measure_ipc, up to the operation. */
	.globl measure_ipc_head
	.type measure_ipc_head, @function
measure_ipc_head:
	movq	%rdi, %rsi
	counter
	movq	%rax, 112(%rsi)
	movq	80(%rsi), %rax
	movq	88(%rsi), %rdx
	counter
	subq	112(%rsi), %rax
	ret
	.size measure_ipc_head, . - measure_ipc_head

	.globl counter_now
	.type counter_now, @function
counter_now:
	counter
	ret
	.size counter_now, . - counter_now

	/* long serve_echo(handles, tag): call + 1 is reply_receive, send + 1 is receive */
	.globl serve_echo
	.type serve_echo, @function
serve_echo:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rsi, %r10
	syscall
	testl	%eax, %eax
	jnz	2f
1:	movq	(%rsp), %rdi
	incq	%r10
	syscall
	testl	%eax, %eax
	jz	1b
2:	movslq	%eax, %rax
	popq	%rdi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size serve_echo, . - serve_echo

	/* As serve_echo; the capabilities that came are those that go. */
	.globl serve_echo_caps
	.type serve_echo_caps, @function
serve_echo_caps:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	%rsi, %r10
	syscall
	testl	%eax, %eax
	jnz	2f
1:	movq	%rdi, %rax
	movq	%rsi, %rdx
	movq	(%rsp), %rdi
	incq	%r10
	syscall
	testl	%eax, %eax
	jz	1b
2:	movslq	%eax, %rax
	popq	%rdi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size serve_echo_caps, . - serve_echo_caps

	/* void serve_stamps(struct stamped_call *): tag 0, handles 8, argument 16, stamp 24 */
	.globl serve_stamps
	.type serve_stamps, @function
serve_stamps:
	pushq	%rdi
1:	movq	(%rsp), %rsi
	movq	16(%rsi), %rdx
	xorl	%eax, %eax
	movq	8(%rsi), %rdi
	movq	(%rsi), %r10
	syscall
	counter
	movq	(%rsp), %rsi
	movq	24(%rsi), %rcx
	movq	%rax, (%rcx)
	jmp	1b
	.size serve_stamps, . - serve_stamps

	/* long serve_faults(struct pager *): handles 0, receive_tag 8, reply_tag 16, word 24, map 32 */
	.globl serve_faults
	.type serve_faults, @function
serve_faults:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movq	8(%rdi), %r10
	movq	(%rdi), %rdi
	syscall
	testl	%eax, %eax
	jnz	3f
1:	movq	(%rsp), %rsi
	cmpq	$0, 32(%rsi)
	je	2f
	movq	48(%rsi), %rdx
	movq	56(%rsi), %r8
	movq	64(%rsi), %r9
	movq	72(%rsi), %rax
	movq	80(%rsi), %r12
	movq	40(%rsi), %rdi
	movq	32(%rsi), %r10
	syscall
	testl	%eax, %eax
	jnz	3f
	movq	(%rsp), %rsi
2:	movq	24(%rsi), %rbx
	movq	(%rsi), %rdi
	movq	16(%rsi), %r10
	syscall
	testl	%eax, %eax
	jz	1b
3:	movslq	%eax, %rax
	popq	%rdi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size serve_faults, . - serve_faults

	.globl thread_ends
	.type thread_ends, @function
thread_ends:
	movl	$SYS_thread_exit, %r10d
	syscall
	ud2
	.size thread_ends, . - thread_ends

	/* void mark_row(volatile u8 *row): the no-op tells that the next store's address names a row. */
	.globl mark_row
	.type mark_row, @function
mark_row:
	nopl	0x56524431(%rax)
	movb	$1, (%rdi)
	ret
	.size mark_row, . - mark_row

	.section .note.GNU-stack, "", @progbits
