/* SPDX-License-Identifier: MIT */
/*
 * Code that runs without stack and data, wherever it is mapped, RISC-V.
 */
#include <generated/syscall_numbers.h>

	.text
	.balign 16
	.globl blob_start
blob_start:
	.globl blob_thread_exit
blob_thread_exit:
	li	s8, SYS_thread_exit
	ecall
	ebreak
	.globl blob_process_exit
blob_process_exit:
	li	s8, SYS_process_exit
	mv	a1, a0
	ecall
	ebreak
	.globl blob_spin
blob_spin:
	j	blob_spin
	.globl blob_read_loop
blob_read_loop:
	ld	a1, 0(a0)
	ld	a2, 0(a1)
	addi	a2, a2, 1
	sd	a2, 0(a1)
	j	blob_read_loop
	.globl blob_end
blob_end:

	.section .note.GNU-stack, "", @progbits
