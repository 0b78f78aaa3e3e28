/* SPDX-License-Identifier: MIT */
/*
 * Start-up and the two ways into the kernel, RISC-V.  The register table is in
 * the manual (ABI); the kernel keeps every register that holds no result.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	li	s0, 0
	li	ra, 0
	andi	sp, sp, -16
	call	program_start
	ebreak
	.size _start, . - _start

	.text
	/* long __syscall(number, handles, a0, a1, a2, a3, a4, *v0, *v1) */
	.globl __syscall
	.type __syscall, @function
__syscall:
	ld	t1, 0(sp)
	addi	sp, sp, -16
	sd	s8, 0(sp)
	mv	t0, a7
	mv	s8, a0
	mv	a0, a1
	mv	a1, a2
	mv	a2, a3
	mv	a3, a4
	mv	a4, a5
	mv	a5, a6
	ecall
	ld	s8, 0(sp)
	addi	sp, sp, 16
	beqz	t0, 1f
	sd	a1, 0(t0)
1:	beqz	t1, 2f
	sd	a2, 0(t1)
2:	ret
	.size __syscall, . - __syscall

	/* void ipc_trap(struct ipc_frame *): tag 0, handles 8, words 16, caps 80, badge 96, status 104 */
	.globl ipc_trap
	.type ipc_trap, @function
ipc_trap:
	addi	sp, sp, -112
	sd	s11, 96(sp)
	sd	ra, 104(sp)
	sd	s0, 0(sp)
	sd	s1, 8(sp)
	sd	s2, 16(sp)
	sd	s3, 24(sp)
	sd	s4, 32(sp)
	sd	s5, 40(sp)
	sd	s6, 48(sp)
	sd	s7, 56(sp)
	sd	s8, 64(sp)
	sd	s9, 72(sp)
	sd	s10, 80(sp)
	sd	a0, 88(sp)
	mv	t0, a0
	ld	s8, 0(t0)
	ld	a0, 8(t0)
	ld	s0, 16(t0)
	ld	s1, 24(t0)
	ld	s2, 32(t0)
	ld	s3, 40(t0)
	ld	s4, 48(t0)
	ld	s5, 56(t0)
	ld	s6, 64(t0)
	ld	s7, 72(t0)
	ld	s9, 80(t0)
	ld	s10, 88(t0)
	ecall
	ld	t0, 88(sp)
	sd	s8, 0(t0)
	sd	s0, 16(t0)
	sd	s1, 24(t0)
	sd	s2, 32(t0)
	sd	s3, 40(t0)
	sd	s4, 48(t0)
	sd	s5, 56(t0)
	sd	s6, 64(t0)
	sd	s7, 72(t0)
	sd	s9, 80(t0)
	sd	s10, 88(t0)
	sd	a1, 96(t0)
	sd	a0, 104(t0)
	ld	s0, 0(sp)
	ld	s1, 8(sp)
	ld	s2, 16(sp)
	ld	s3, 24(sp)
	ld	s4, 32(sp)
	ld	s5, 40(sp)
	ld	s6, 48(sp)
	ld	s7, 56(sp)
	ld	s8, 64(sp)
	ld	s9, 72(sp)
	ld	s10, 80(sp)
	ld	s11, 96(sp)
	ld	ra, 104(sp)
	addi	sp, sp, 112
	ret
	.size ipc_trap, . - ipc_trap

	/* First instruction of a thread of the library: a0 = struct thread_start. */
	.globl thread_entry
	.type thread_entry, @function
thread_entry:
	li	s0, 0
	li	ra, 0
	andi	sp, sp, -16
	call	thread_main
	ebreak
	.size thread_entry, . - thread_entry

	.section .note.GNU-stack, "", @progbits
