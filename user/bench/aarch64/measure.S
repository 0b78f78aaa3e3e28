/* SPDX-License-Identifier: MIT */
/*
 * The measured operations, AArch64; see bench.h.  A call keeps the registers
 * that C keeps, an IPC call only the stack pointer.  No barrier stands beside
 * the counter: instructions are counted, not time.
 */
#include <generated/syscall_numbers.h>

	.macro	counter register
	mrs	\register, pmccntr_el0
	.endm

	.macro	push_saved
	stp	x19, x20, [sp, #-112]!
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	str	x0, [sp, #96]
	.endm

	.macro	pop_saved
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	x19, x20, [sp], #112
	.endm

	/* u64 NAME(struct measured_call *): tag 0, handles 8, argument 16, value 56, status 72, start 80 */
	.macro	make_call name, has_operation
	.globl	\name
	.type	\name, %function
\name:
	stp	x27, x28, [sp, #-32]!
	str	x30, [sp, #16]
	mov	x28, x0
	ldp	x1, x2, [x28, #16]
	ldp	x3, x4, [x28, #32]
	ldr	x5, [x28, #48]
	counter	x9
	str	x9, [x28, #80]
	.if \has_operation
	ldp	x27, x0, [x28]
	svc	#0
	cbnz	x0, 1f
1:
	.endif
	counter	x10
	stp	x1, x2, [x28, #56]
	str	x0, [x28, #72]
	ldr	x9, [x28, #80]
	sub	x0, x10, x9
	ldr	x30, [sp, #16]
	ldp	x27, x28, [sp], #32
	ret
	.size	\name, . - \name
	.endm

	/*
	 * u64 NAME(struct measured_ipc *): tag 0, handles 8, word 16, caps 80, badge 96, status 104,
	 * start 112, tag_in 120
	 */
	.macro	make_ipc name, has_operation
	.globl	\name
	.type	\name, %function
\name:
	push_saved
	mov	x9, x0
	ldp	x19, x20, [x9, #16]
	ldp	x21, x22, [x9, #32]
	ldp	x23, x24, [x9, #48]
	ldp	x25, x26, [x9, #64]
	ldp	x28, x29, [x9, #80]
	counter	x10
	str	x10, [x9, #112]
	.if \has_operation
	ldp	x27, x0, [x9]
	svc	#0
	cbnz	x0, 1f
1:
	.endif
	counter	x10
	ldr	x9, [sp, #96]
	stp	x19, x20, [x9, #16]
	stp	x21, x22, [x9, #32]
	stp	x23, x24, [x9, #48]
	stp	x25, x26, [x9, #64]
	stp	x28, x29, [x9, #80]
	stp	x1, x0, [x9, #96]
	str	x27, [x9, #120]
	ldr	x11, [x9, #112]
	sub	x0, x10, x11
	pop_saved
	ret
	.size	\name, . - \name
	.endm

	/* u64 NAME(void *address) */
	.macro	make_store name, has_operation
	.globl	\name
	.type	\name, %function
\name:
	counter	x9
	.if \has_operation
	strb	w9, [x0]
	.globl	measure_store_end
measure_store_end:
	.endif
	counter	x10
	sub	x0, x10, x9
	ret
	.size	\name, . - \name
	.endm

	.text
	make_call measure_call, 1
	make_call measure_call_nothing, 0
	make_call measure_call_head, 0
	make_ipc measure_ipc, 1
	make_ipc measure_ipc_nothing, 0
	make_ipc measure_ipc_head, 0
	make_store measure_store, 1
	make_store measure_store_nothing, 0

	.globl	counter_now
	.type	counter_now, %function
counter_now:
	counter	x0
	ret
	.size	counter_now, . - counter_now

	/*
	 * long serve_echo(handles, tag): call + 1 is reply_receive, send + 1 is receive; the
	 * capabilities that came are in the registers of those that go.
	 */
	.globl	serve_echo
	.globl	serve_echo_caps
	.type	serve_echo, %function
serve_echo:
serve_echo_caps:
	push_saved
	mov	x27, x1
	svc	#0
	cbnz	x0, 2f
1:	ldr	x0, [sp, #96]
	add	x27, x27, #1
	svc	#0
	cbz	x0, 1b
2:	pop_saved
	ret
	.size	serve_echo, . - serve_echo

	/* void serve_stamps(struct stamped_call *): tag 0, handles 8, argument 16, stamp 24 */
	.globl	serve_stamps
	.type	serve_stamps, %function
serve_stamps:
	str	x0, [sp, #-16]!
1:	ldr	x9, [sp]
	ldr	x1, [x9, #16]
	mov	x28, xzr
	mov	x29, xzr
	ldp	x27, x0, [x9]
	svc	#0
	counter	x10
	ldr	x9, [sp]
	ldr	x9, [x9, #24]
	str	x10, [x9]
	b	1b
	.size	serve_stamps, . - serve_stamps

	/* long serve_faults(struct pager *): handles 0, receive_tag 8, reply_tag 16, word 24, map 32 */
	.globl	serve_faults
	.type	serve_faults, %function
serve_faults:
	push_saved
	ldp	x0, x27, [x0]
	svc	#0
	cbnz	x0, 3f
1:	ldr	x9, [sp, #96]
	ldp	x27, x0, [x9, #32]
	cbz	x27, 2f
	ldp	x1, x2, [x9, #48]
	ldp	x3, x4, [x9, #64]
	ldr	x5, [x9, #80]
	svc	#0
	cbnz	x0, 3f
	ldr	x9, [sp, #96]
2:	ldp	x27, x19, [x9, #16]
	ldr	x0, [x9]
	svc	#0
	cbz	x0, 1b
3:	pop_saved
	ret
	.size	serve_faults, . - serve_faults

	.globl	thread_ends
	.type	thread_ends, %function
thread_ends:
	mov	x27, #SYS_thread_exit
	svc	#0
	brk	#1
	.size	thread_ends, . - thread_ends

	/* void mark_row(volatile u8 *row): the no-op tells that the next store's address names a row. */
	.globl	mark_row
	.type	mark_row, %function
mark_row:
	movz	xzr, #0x5652
	strb	wzr, [x0]
	ret
	.size	mark_row, . - mark_row

	.section .note.GNU-stack, "", %progbits
