/* SPDX-License-Identifier: MIT */
/*
 * Blobs of the simulator: each holds the address of a function of glue.c, which
 * runs when a thread starts there (arch/host/program.c).
 */
	.data
	.balign 16
	.globl blob_start
blob_start:
	.irp	name, thread_exit, process_exit, spin, read_loop
	.globl	blob_\name
blob_\name:
	.quad	host_\name
	.endr
	.globl blob_end
blob_end:

	.section .note.GNU-stack, "", @progbits
