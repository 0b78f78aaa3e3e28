/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of every hart.  Firmware jumps here in supervisor
 * mode without translation, on whichever hart won its lottery.
 *
 * Translation is turned on without any identity map: stvec first gets the
 * virtual address of the next label, then satp is written; the next fetch is
 * from an address that no longer exists, and the fault goes on at the label.
 * So secondary harts can enter on the kernel's final tables right away.
 *
 * OpenSBI before 1.3 marks a hart as started before it has written down where: one
 * that comes to look at that moment enters at boot_entry, and without its
 * argument.  So only the first one boots, and what the others need lies in memory.
 */
#include <asm/layout.h>
#include <asm/riscv.h>
#include <generated/asm-offsets.h>

#define BOOT_STACK_SIZE 16384
#define GIGABYTE_SHIFT 30
#define LEAF_RW 0xe7  /* global, accessed, dirty, read, write, valid */
#define LEAF_RWX 0xef
#define TABLE 0x01

	.section .boot, "ax"

/* a0 hart, a1 device tree */
	.globl boot_entry
	.type boot_entry, @function
boot_entry:
	csrci	sstatus, SSTATUS_SIE
	csrwi	sie, INTERRUPT_SOFTWARE	/* arch_cpu_relax() relies on it */
	la	t0, boot_taken
	li	t1, 1
	amoswap.w.aq	t1, t1, (t0)
	bnez	t1, boot_secondary
	mv	s0, a0
	mv	s1, a1

	la	t0, bss_start
	la	t1, bss_end
1:	sd	zero, (t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b

	la	s2, image_start
	la	t0, kernel_phys
	sd	s2, (t0)
	li	s3, KERNEL_BASE
	sub	s3, s3, s2		/* from physical to link address */

	/*
	 * The direct map: everything, in leaves of 1 GiB.  mm/kmap.c later maps
	 * what there is; until then nothing but console and tables is touched.
	 */
	la	s4, boot_root
	li	t0, LEAF_RW
	li	t1, 1 << (GIGABYTE_SHIFT - 2)
	li	t2, DIRECT_SIZE >> GIGABYTE_SHIFT
	addi	t3, s4, 256 * 4
	addi	t3, t3, 256 * 4
1:	sd	t0, (t3)
	add	t0, t0, t1
	addi	t3, t3, 8
	addi	t2, t2, -1
	bnez	t2, 1b

	/*
	 * The image in leaves of 2 MiB, which cannot tell text from data: it stays
	 * writable and executable until kmap_init() has made the final tables.
	 */
	la	t0, boot_image_table
	srli	t1, t0, 2
	ori	t1, t1, TABLE
	li	t2, 510 * 8		/* root entry of KERNEL_BASE */
	add	t2, t2, s4
	sd	t1, (t2)
	srli	t1, s2, 2
	ori	t1, t1, LEAF_RWX
	la	t2, image_end
	sub	t2, t2, s2		/* bytes still to map */
	li	t3, 1 << 21
	li	t4, 1 << 19
1:	sd	t1, (t0)
	add	t1, t1, t4
	addi	t0, t0, 8
	sub	t2, t2, t3
	bgtz	t2, 1b

	la	t0, boot_virtual
	add	t0, t0, s3
	csrw	stvec, t0
	srli	t1, s4, 12
	li	t2, SATP_SV39
	or	t1, t1, t2
	sfence.vma
	csrw	satp, t1
	/* Still here: the hart ignored the mode. */
	la	s5, no_sv39
1:	lbu	a0, (s5)
	beqz	a0, 2f
	li	a7, SBI_PUTCHAR
	ecall
	addi	s5, s5, 1
	j	1b
2:	li	a7, SBI_SHUTDOWN
	ecall
3:	wfi
	j	3b

	.balign 4
boot_virtual:
	la	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	la	tp, cpus		/* the boot CPU is the first one */
	la	sp, boot_stack_top
	mv	a0, s0
	mv	a1, s1
	li	s0, 0			/* end of the chain of frames */
	call	boot_main
	ebreak			/* the return address stays in here */
	.size boot_entry, . - boot_entry

/* a0 hart; kmap_init() has set secondary_satp, arch_start_cpu() says which struct cpu is whose */
	.globl boot_secondary
	.type boot_secondary, @function
boot_secondary:
	csrci	sstatus, SSTATUS_SIE
	csrwi	sie, INTERRUPT_SOFTWARE
	la	t0, smp_order
1:	ld	t1, (t0)
	bne	t1, a0, 1b
	fence	r, r
	ld	a1, 8(t0)
	la	t0, image_start
	li	t1, KERNEL_BASE
	sub	t1, t1, t0
	la	t0, secondary_virtual
	add	t0, t0, t1
	csrw	stvec, t0
	la	t0, secondary_satp
	ld	t0, (t0)
	sfence.vma
	csrw	satp, t0
1:	wfi
	j	1b

	.balign 4
secondary_virtual:
	sfence.vma
	la	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	mv	tp, a1
	ld	sp, CPU_STACK_TOP(tp)
	li	s0, 0
	mv	a0, tp
	call	kernel_main_secondary
	ebreak
	.size boot_secondary, . - boot_secondary

	.data
	.balign 8
	.globl smp_order
smp_order: /* the hart that is to come, and its struct cpu at its link address */
	.dword	-1, 0
boot_taken: /* not cleared with .bss */
	.word	0

	.section .rodata
no_sv39:
	.asciz	"Veridian: this hart has no Sv39 address translation\r\n"

	.bss
	.balign 4096
boot_root:
	.skip	4096
boot_image_table:
	.skip	4096
	.globl boot_stack_bottom
boot_stack_bottom:
	.skip	BOOT_STACK_SIZE
	.globl boot_stack_top
boot_stack_top:

	.section .note.GNU-stack, "", %progbits
