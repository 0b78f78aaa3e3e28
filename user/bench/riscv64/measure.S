/* SPDX-License-Identifier: MIT */
/*
 * The measured operations, RISC-V; see bench.h.  A call keeps the registers
 * that C keeps, an IPC call only the stack pointer.
 */
#include <generated/syscall_numbers.h>

	.macro	counter register
	rdinstret \register
	.endm

	.macro	push_saved
	addi	sp, sp, -112
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, 8 * \n(sp)
	.endr
	sd	a0, 96(sp)
	sd	ra, 104(sp)
	.endm

	.macro	pop_saved
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, 8 * \n(sp)
	.endr
	ld	ra, 104(sp)
	addi	sp, sp, 112
	.endm

	/* u64 NAME(struct measured_call *): tag 0, handles 8, argument 16, value 56, status 72, start 80 */
	.macro	make_call name, has_operation
	.globl	\name
	.type	\name, @function
\name:
	addi	sp, sp, -32
	sd	s0, 0(sp)
	sd	s8, 8(sp)
	sd	ra, 16(sp)
	mv	s0, a0
	ld	a1, 16(s0)
	ld	a2, 24(s0)
	ld	a3, 32(s0)
	ld	a4, 40(s0)
	ld	a5, 48(s0)
	counter	t0
	sd	t0, 80(s0)
	.if \has_operation
	ld	a0, 8(s0)
	ld	s8, 0(s0)
	ecall
	bnez	a0, 1f
1:
	.endif
	counter	t1
	sd	a1, 56(s0)
	sd	a2, 64(s0)
	sd	a0, 72(s0)
	ld	t0, 80(s0)
	sub	a0, t1, t0
	ld	s0, 0(sp)
	ld	s8, 8(sp)
	ld	ra, 16(sp)
	addi	sp, sp, 32
	ret
	.size	\name, . - \name
	.endm

	/*
	 * u64 NAME(struct measured_ipc *): tag 0, handles 8, word 16, caps 80, badge 96, status 104,
	 * start 112, tag_in 120
	 */
	.macro	make_ipc name, has_operation
	.globl	\name
	.type	\name, @function
\name:
	push_saved
	mv	t0, a0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	ld	s\n, 16 + 8 * \n(t0)
	.endr
	ld	s9, 80(t0)
	ld	s10, 88(t0)
	counter	t1
	sd	t1, 112(t0)
	.if \has_operation
	ld	a0, 8(t0)
	ld	s8, 0(t0)
	ecall
	bnez	a0, 1f
1:
	.endif
	counter	t1
	ld	t0, 96(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	sd	s\n, 16 + 8 * \n(t0)
	.endr
	sd	s9, 80(t0)
	sd	s10, 88(t0)
	sd	a1, 96(t0)
	sd	a0, 104(t0)
	sd	s8, 120(t0)
	ld	t2, 112(t0)
	sub	t2, t1, t2
	pop_saved
	mv	a0, t2
	ret
	.size	\name, . - \name
	.endm

	/* u64 NAME(void *address) */
	.macro	make_store name, has_operation
	.globl	\name
	.type	\name, @function
\name:
	counter	t0
	.if \has_operation
	sb	t0, 0(a0)
	.globl	measure_store_end
measure_store_end:
	.endif
	counter	t1
	sub	a0, t1, t0
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
	.type	counter_now, @function
counter_now:
	counter	a0
	ret
	.size	counter_now, . - counter_now

	/*
	 * long serve_echo(handles, tag): call + 1 is reply_receive, send + 1 is receive; the
	 * capabilities that came are in the registers of those that go.
	 */
	.globl	serve_echo
	.globl	serve_echo_caps
	.type	serve_echo, @function
serve_echo:
serve_echo_caps:
	push_saved
	mv	s8, a1
	ecall
	bnez	a0, 2f
1:	ld	a0, 96(sp)
	addi	s8, s8, 1
	ecall
	beqz	a0, 1b
2:	pop_saved
	ret
	.size	serve_echo, . - serve_echo

	/* void serve_stamps(struct stamped_call *): tag 0, handles 8, argument 16, stamp 24 */
	.globl	serve_stamps
	.type	serve_stamps, @function
serve_stamps:
	addi	sp, sp, -16
	sd	a0, 0(sp)
1:	ld	t0, 0(sp)
	ld	a1, 16(t0)
	li	s9, 0
	li	s10, 0
	ld	a0, 8(t0)
	ld	s8, 0(t0)
	ecall
	counter	t1
	ld	t0, 0(sp)
	ld	t0, 24(t0)
	sd	t1, 0(t0)
	j	1b
	.size	serve_stamps, . - serve_stamps

	/* long serve_faults(struct pager *): handles 0, receive_tag 8, reply_tag 16, word 24, map 32 */
	.globl	serve_faults
	.type	serve_faults, @function
serve_faults:
	push_saved
	ld	s8, 8(a0)
	ld	a0, 0(a0)
	ecall
	bnez	a0, 3f
1:	ld	t0, 96(sp)
	ld	s8, 32(t0)
	beqz	s8, 2f
	ld	a1, 48(t0)
	ld	a2, 56(t0)
	ld	a3, 64(t0)
	ld	a4, 72(t0)
	ld	a5, 80(t0)
	ld	a0, 40(t0)
	ecall
	bnez	a0, 3f
	ld	t0, 96(sp)
2:	ld	s0, 24(t0)
	ld	s8, 16(t0)
	ld	a0, 0(t0)
	ecall
	beqz	a0, 1b
3:	pop_saved
	ret
	.size	serve_faults, . - serve_faults

	.globl	thread_ends
	.type	thread_ends, @function
thread_ends:
	li	s8, SYS_thread_exit
	ecall
	ebreak
	.size	thread_ends, . - thread_ends

	/* void mark_row(volatile u8 *row): the no-op tells that the next store's address names a row. */
	.globl	mark_row
	.type	mark_row, @function
mark_row:
	lui	zero, 0x56524
	sb	zero, 0(a0)
	ret
	.size	mark_row, . - mark_row

	.section .note.GNU-stack, "", @progbits
