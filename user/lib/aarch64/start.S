/* SPDX-License-Identifier: MIT */
/*
 * AArch64: first instructions of a program, and the two system-call stubs.
 * Register use: Documentation/abi.rst.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, %function
_start:
	mov x29, #0
	mov x30, #0
	adrp x1, _DYNAMIC
	add x1, x1, #:lo12:_DYNAMIC
	adrp x2, text_start
	add x2, x2, #:lo12:text_start
	bl start_c
	brk #0
	.size _start, . - _start

	.text
	.globl syscall_raw
	.type syscall_raw, %function
syscall_raw:
	stp x27, x30, [sp, #-32]!
	str x0, [sp, #16]
	ldr x27, [x0, #0]
	ldp x1, x2, [x0, #16]
	ldp x3, x4, [x0, #32]
	ldr x5, [x0, #48]
	ldr x0, [x0, #8]
	svc #0
	ldr x9, [sp, #16]
	stp x1, x2, [x9, #56]
	ldp x27, x30, [sp], #32
	ret
	.size syscall_raw, . - syscall_raw

	.globl ipc_raw
	.type ipc_raw, %function
ipc_raw:
	stp x29, x30, [sp, #-112]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	str x0, [sp, #96]
	ldr x27, [x0, #0]
	ldp x19, x20, [x0, #16]
	ldp x21, x22, [x0, #32]
	ldp x23, x24, [x0, #48]
	ldp x25, x26, [x0, #64]
	ldp x28, x29, [x0, #80]
	ldr x0, [x0, #8]
	svc #0
	ldr x9, [sp, #96]
	str x27, [x9, #0]
	stp x19, x20, [x9, #16]
	stp x21, x22, [x9, #32]
	stp x23, x24, [x9, #48]
	stp x25, x26, [x9, #64]
	stp x28, x29, [x9, #80]
	str x1, [x9, #96]
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #112
	ret
	.size ipc_raw, . - ipc_raw
