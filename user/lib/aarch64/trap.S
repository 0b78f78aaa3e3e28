/* SPDX-License-Identifier: MIT */
/*
 * Start-up and the two ways into the kernel, AArch64.  The register table is
 * in the manual (ABI); the kernel keeps every register that holds no result.
 */
	.section .text.start, "ax"
	.globl _start
	.type _start, %function
_start:
	mov	x29, xzr
	mov	x30, xzr
	mov	x9, sp
	and	sp, x9, #-16
	bl	program_start
	brk	#1
	.size _start, . - _start

	.text
	/* long __syscall(number, handles, a0, a1, a2, a3, a4, *v0, *v1) */
	.globl __syscall
	.type __syscall, %function
__syscall:
	ldr	x8, [sp]
	str	x27, [sp, #-16]!
	mov	x27, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	ldr	x27, [sp], #16
	cbz	x7, 1f
	str	x1, [x7]
1:	cbz	x8, 2f
	str	x2, [x8]
2:	ret
	.size __syscall, . - __syscall

	/* void ipc_trap(struct ipc_frame *): tag 0, handles 8, words 16, caps 80, badge 96, status 104 */
	.globl ipc_trap
	.type ipc_trap, %function
ipc_trap:
	stp	x19, x20, [sp, #-112]!
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	str	x0, [sp, #96]
	mov	x9, x0
	ldp	x27, x0, [x9]
	ldp	x19, x20, [x9, #16]
	ldp	x21, x22, [x9, #32]
	ldp	x23, x24, [x9, #48]
	ldp	x25, x26, [x9, #64]
	ldp	x28, x29, [x9, #80]
	svc	#0
	ldr	x9, [sp, #96]
	str	x27, [x9]
	stp	x19, x20, [x9, #16]
	stp	x21, x22, [x9, #32]
	stp	x23, x24, [x9, #48]
	stp	x25, x26, [x9, #64]
	stp	x28, x29, [x9, #80]
	stp	x1, x0, [x9, #96]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	x19, x20, [sp], #112
	ret
	.size ipc_trap, . - ipc_trap

	/* First instruction of a thread of the library: x0 = struct thread_start. */
	.globl thread_entry
	.type thread_entry, %function
thread_entry:
	mov	x29, xzr
	mov	x30, xzr
	mov	x9, sp
	and	sp, x9, #-16
	bl	thread_main
	brk	#1
	.size thread_entry, . - thread_entry

	.section .note.GNU-stack, "", %progbits
