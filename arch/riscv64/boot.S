/* SPDX-License-Identifier: MIT */
/*
 * First instructions of the boot hart and of the others.
 *
 * OpenSBI enters in supervisor mode without translation: a0 hart id, a1 device
 * tree.  The boot tables are one page of gigapages: the image at its link
 * address, the first 4 GiB in the direct map, and the same 4 GiB at their own
 * addresses for the step over.
 */
#include <asm/layout.h>
#include <asm/riscv.h>
#include <generated/asm-offsets.h>

#define LEAF 0xcf /* valid, read, write, execute, accessed, dirty */

	.section .boot, "ax"
	.globl _start
	.type _start, @function
_start:
	csrw sie, zero
	csrw sscratch, zero
	lla t0, bss_start
	lla t1, bss_end
1:	sd zero, 0(t0)
	addi t0, t0, 8
	bltu t0, t1, 1b

	lla t0, boot_root
	li t1, LEAF
	li t2, 1 << 28 /* the next gigapage */
	li t3, 4
	li t4, 256 * 8
	add t4, t4, t0
	mv t5, t0
2:	sd t1, 0(t5)
	sd t1, 0(t4)
	addi t5, t5, 8
	addi t4, t4, 8
	add t1, t1, t2
	addi t3, t3, -1
	bnez t3, 2b
	li t1, (KERNEL_PHYS >> 30 << 28) | LEAF
	li t2, 510 * 8
	add t2, t2, t0
	sd t1, 0(t2)
	lla t6, boot_high
	call enable_tables
	.size _start, . - _start

	/* Turn translation on with the boot tables and go on at the link address of t6. */
	.type enable_tables, @function
enable_tables:
	li t1, KERNEL_BASE - KERNEL_PHYS
	add t6, t6, t1
	lla t0, boot_root
	srli t0, t0, 12
	li t1, SATP_SV39
	or t0, t0, t1
	sfence.vma
	csrw satp, t0
	sfence.vma
	jr t6
	.size enable_tables, . - enable_tables

	.type boot_high, @function
boot_high:
	lla sp, boot_stack_top
	lla tp, cpus
	lla t0, trap_entry
	csrw stvec, t0
	li s0, 0
	call boot_main
	.size boot_high, . - boot_high

	/* Another hart: a0 its id, a1 its struct cpu. */
	.globl secondary_start
	.type secondary_start, @function
secondary_start:
	csrw sie, zero
	csrw sscratch, zero
	lla t6, secondary_high
	call enable_tables
	.size secondary_start, . - secondary_start

	.type secondary_high, @function
secondary_high:
	lla t0, kernel_satp
	ld t0, 0(t0)
	csrw satp, t0
	sfence.vma
	lla t0, trap_entry
	csrw stvec, t0
	mv tp, a1
	ld sp, CPU_STACK_TOP(tp)
	li s0, 0
	mv a0, a1
	call kernel_main_secondary
	.size secondary_high, . - secondary_high

	.bss
	.balign 4096
boot_root:
	.skip 4096
	.globl boot_stack_bottom, boot_stack_top
boot_stack_bottom:
	.skip 16384
boot_stack_top:
