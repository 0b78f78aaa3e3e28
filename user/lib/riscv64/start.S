/* SPDX-License-Identifier: MIT */
/*
 * RISC-V 64: first instructions of a program, and the two system-call stubs.
 * Register use: Documentation/abi.rst.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	li ra, 0
	li s0, 0
	lla a1, _DYNAMIC
	lla a2, text_start
	call start_c
	ebreak
	.size _start, . - _start

	.text
	.globl syscall_raw
	.type syscall_raw, @function
syscall_raw:
	addi sp, sp, -16
	sd s8, 0(sp)
	sd a0, 8(sp)
	ld s8, 0(a0)
	ld a1, 16(a0)
	ld a2, 24(a0)
	ld a3, 32(a0)
	ld a4, 40(a0)
	ld a5, 48(a0)
	ld a0, 8(a0)
	ecall
	ld t0, 8(sp)
	sd a1, 56(t0)
	sd a2, 64(t0)
	ld s8, 0(sp)
	addi sp, sp, 16
	ret
	.size syscall_raw, . - syscall_raw

	.globl ipc_raw
	.type ipc_raw, @function
ipc_raw:
	addi sp, sp, -112
	sd s0, 0(sp)
	sd s1, 8(sp)
	sd s2, 16(sp)
	sd s3, 24(sp)
	sd s4, 32(sp)
	sd s5, 40(sp)
	sd s6, 48(sp)
	sd s7, 56(sp)
	sd s8, 64(sp)
	sd s9, 72(sp)
	sd s10, 80(sp)
	sd a0, 88(sp)
	ld s8, 0(a0)
	ld s0, 16(a0)
	ld s1, 24(a0)
	ld s2, 32(a0)
	ld s3, 40(a0)
	ld s4, 48(a0)
	ld s5, 56(a0)
	ld s6, 64(a0)
	ld s7, 72(a0)
	ld s9, 80(a0)
	ld s10, 88(a0)
	ld a0, 8(a0)
	ecall
	ld t0, 88(sp)
	sd s8, 0(t0)
	sd s0, 16(t0)
	sd s1, 24(t0)
	sd s2, 32(t0)
	sd s3, 40(t0)
	sd s4, 48(t0)
	sd s5, 56(t0)
	sd s6, 64(t0)
	sd s7, 72(t0)
	sd s9, 80(t0)
	sd s10, 88(t0)
	sd a1, 96(t0)
	ld s0, 0(sp)
	ld s1, 8(sp)
	ld s2, 16(sp)
	ld s3, 24(sp)
	ld s4, 32(sp)
	ld s5, 40(sp)
	ld s6, 48(sp)
	ld s7, 56(sp)
	ld s8, 64(sp)
	ld s9, 72(sp)
	ld s10, 80(sp)
	addi sp, sp, 112
	ret
	.size ipc_raw, . - ipc_raw
