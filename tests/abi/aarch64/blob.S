/* SPDX-License-Identifier: MIT */
/*
 * Code that runs without stack and data, wherever it is mapped, AArch64.
 */
#include <generated/syscall_numbers.h>

	.text
	.balign 16
	.globl blob_start
blob_start:
	.globl blob_thread_exit
blob_thread_exit:
	mov	x27, #SYS_thread_exit
	svc	#0
	brk	#1
	.globl blob_process_exit
blob_process_exit:
	mov	x27, #SYS_process_exit
	mov	x1, x0
	svc	#0
	brk	#1
	.globl blob_spin
blob_spin:
	b	blob_spin
	.globl blob_read_loop
blob_read_loop:
	ldr	x1, [x0]
	ldr	x2, [x1]
	add	x2, x2, #1
	str	x2, [x1]
	b	blob_read_loop
	.globl blob_end
blob_end:

	.section .note.GNU-stack, "", %progbits
