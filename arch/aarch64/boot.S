/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C: boot CPU and secondaries.
 *
 * Linux boot protocol: MMU off, x0 = device tree (boot CPU), image at any
 * multiple of 2 MiB, its memory cleaned to the point of coherency, EL1 or EL2.
 * Until the MMU is on everything is found relative to the program counter.
 *
 * Boot tables: TTBR0 shows the image's first 2 MiB at their physical address
 * (read, execute), enough for the instructions around the switch; TTBR1 shows
 * the image at its link address.  boot_map() adds the direct map to the latter.
 */
#include <asm/layout.h>
#include <asm/sysreg.h>
#include <generated/asm-offsets.h>

#define ENTRY_TABLE 3
#define ENTRY_BLOCK ((1 << 54) | (1 << 10) | (3 << 8) | 1) /* UXN, AF, inner shareable */
#define ENTRY_READ_ONLY (1 << 7)

	/* Address of a symbol, wherever we run. */
	.macro	here reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

	.section .boot, "ax"

	/* Header of the arm64 Image, 64 bytes. */
	b	boot_primary
	.long	0
	.quad	0		/* load offset from the 2 MiB boundary */
	.quad	image_bytes	/* including .bss */
	.quad	0xa		/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.type	boot_primary, %function
boot_primary:
	mov	x20, x0
	bl	drop_to_el1
	here	x21, image_start
	bl	make_boot_tables
	here	x0, boot_kernel_root
	bl	enable_mmu
	ldr	x0, =boot_high
	br	x0
	.size	boot_primary, . - boot_primary

/* PSCI CPU_ON: x0 = struct cpu (link address). */
	.globl	boot_secondary
	.type	boot_secondary, %function
boot_secondary:
	mov	x20, x0
	bl	drop_to_el1
	here	x0, kernel_root /* cleaned to memory by arch_kernel_map_enable() */
	ldr	x0, [x0]
	bl	enable_mmu
	ldr	x0, =secondary_high
	br	x0
	.size	boot_secondary, . - boot_secondary

/*
 * To EL1 with the MMU off, whether entered at EL1 or EL2.  From EL2 nothing is
 * trapped, the counters are open and there is no stage 2.  Clobbers x1-x3.
 */
	.type	drop_to_el1, %function
drop_to_el1:
	ldr	x1, =SCTLR_OFF
	mrs	x2, currentel
	cmp	x2, #(2 << 2)
	b.eq	1f
	b.hi	. /* EL3 is firmware's: there is nobody to tell */
	msr	sctlr_el1, x1
	isb
	ret
1:	mov	x2, #(1 << HCR_RW_BIT)
	orr	x2, x2, #((1 << HCR_APK_BIT) | (1 << HCR_API_BIT))
	msr	hcr_el2, x2
	isb
	msr	sctlr_el1, x1
	mrs	x2, cnthctl_el2
	orr	x2, x2, #3
	msr	cnthctl_el2, x2
	msr	cntvoff_el2, xzr
	ldr	x2, =CPTR_EL2_NO_TRAPS
	msr	cptr_el2, x2
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x2, midr_el1
	msr	vpidr_el2, x2
	mrs	x2, mpidr_el1
	msr	vmpidr_el2, x2

	/* All event counters belong to EL1, if there are any. */
	mrs	x2, id_aa64dfr0_el1
	ubfx	x2, x2, #8, #4
	mov	x3, xzr
	cbz	x2, 2f
	cmp	x2, #0xf
	b.eq	2f
	mrs	x3, pmcr_el0
	ubfx	x3, x3, #11, #5
2:	msr	mdcr_el2, x3

	/* GICv3: system registers for EL1 too. */
	mrs	x2, id_aa64pfr0_el1
	ubfx	x2, x2, #24, #4
	cbz	x2, 3f
	mrs	x2, s3_4_c12_c9_5 /* ICC_SRE_EL2 */
	mov	x3, #9 /* SRE, and Enable: EL1 may use them */
	orr	x2, x2, x3
	msr	s3_4_c12_c9_5, x2
	isb
	msr	s3_4_c12_c11_0, xzr /* ICH_HCR_EL2 */

	/* Fine-grained traps: reset leaves them unknown. */
3:	mrs	x2, id_aa64mmfr0_el1
	ubfx	x2, x2, #56, #4
	cbz	x2, 4f
	msr	s3_4_c1_c1_4, xzr /* HFGRTR_EL2 */
	msr	s3_4_c1_c1_5, xzr /* HFGWTR_EL2 */
	msr	s3_4_c1_c1_6, xzr /* HFGITR_EL2 */
	msr	s3_4_c3_c1_4, xzr /* HDFGRTR_EL2 */
	msr	s3_4_c3_c1_5, xzr /* HDFGWTR_EL2 */
4:	mov	x2, #(PSR_DAIF | PSR_EL1H)
	msr	spsr_el2, x2
	msr	elr_el2, x30
	eret
	.size	drop_to_el1, . - drop_to_el1

	/* Entry of the table for the address at a level: table[(address >> shift) & 511] = value. */
	.macro	set_entry table, address, shift, value
	ubfx	x9, \address, #\shift, #9
	str	\value, [\table, x9, lsl #3]
	.endm

/* x21 = physical start of the image.  Clobbers x0-x10. */
	.type	make_boot_tables, %function
make_boot_tables:
	here	x0, bss_start
	here	x1, boot_tables_end
	mov	x2, x0
1:	stp	xzr, xzr, [x2], #16
	cmp	x2, x1
	b.lo	1b

	ldr	x4, =ENTRY_BLOCK
	here	x5, boot_identity_root
	here	x6, boot_identity_middle
	here	x7, boot_identity_blocks
	orr	x8, x6, #ENTRY_TABLE
	set_entry x5, x21, 39, x8
	orr	x8, x7, #ENTRY_TABLE
	set_entry x6, x21, 30, x8
	orr	x8, x21, x4
	orr	x8, x8, #ENTRY_READ_ONLY
	set_entry x7, x21, 21, x8

	ldr	x10, =KERNEL_BASE
	here	x5, boot_kernel_root
	here	x6, boot_kernel_middle
	here	x7, boot_kernel_blocks
	orr	x8, x6, #ENTRY_TABLE
	set_entry x5, x10, 39, x8
	orr	x8, x7, #ENTRY_TABLE
	set_entry x6, x10, 30, x8
	here	x2, image_end
	orr	x8, x21, x4
	orr	x2, x2, x4
2:	str	x8, [x7], #8
	add	x8, x8, #BOOT_BLOCK
	cmp	x8, x2
	b.lo	2b

	/* We wrote past the caches: what they hold of these pages is older. */
	dmb	sy
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
3:	dc	ivac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	3b
	dsb	sy
	ret
	.size	make_boot_tables, . - make_boot_tables

/* x0 = root for TTBR1.  Returns to the identity map.  Clobbers x1-x3. */
	.type	enable_mmu, %function
enable_mmu:
	here	x1, boot_identity_root
	msr	ttbr0_el1, x1
	msr	ttbr1_el1, x0
	mov	x1, #MAIR_VALUE
	msr	mair_el1, x1
	ldr	x1, =(TCR_HALF0 | TCR_HALF1)
	mrs	x2, id_aa64mmfr0_el1
	and	x3, x2, #0xf
	cmp	x3, #5 /* 48 bits: more needs another table format */
	mov	x9, #5
	csel	x3, x3, x9, lo
	orr	x1, x1, x3, lsl #TCR_IPS_SHIFT
	ubfx	x3, x2, #4, #4
	cmp	x3, #2
	b.ne	1f
	orr	x1, x1, #(1 << TCR_AS_BIT)
1:	mrs	x2, s3_0_c0_c7_2 /* ID_AA64MMFR2_EL1 */
	ubfx	x2, x2, #60, #4
	cbz	x2, 2f
	/* User mode's reach for the kernel half faults in constant time. */
	orr	x1, x1, #(1 << TCR_E0PD1_BIT)
2:	msr	tcr_el1, x1
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR_ON
	msr	sctlr_el1, x1
	isb
	ret
	.size	enable_mmu, . - enable_mmu

/*
 * boot_switch_root(root, none): replace what TTBR1 shows.  Runs at its physical
 * address and returns to the link address.  For a moment nothing is mapped
 * there: old and new tables use different block sizes for the same addresses.
 */
	.globl	boot_switch_root
	.type	boot_switch_root, %function
boot_switch_root:
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ret
	.size	boot_switch_root, . - boot_switch_root
	.ltorg

	.text
	.type	boot_high, %function
boot_high:
	ldr	x0, =boot_tables_end
	ldr	x1, =bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	ldr	x0, =boot_stack_top
	mov	sp, x0
	ldr	x0, =vectors
	msr	vbar_el1, x0
	ldr	x0, =cpus
	msr	tpidr_el1, x0
	isb
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	mov	x1, x21
	b	boot_main
	.size	boot_high, . - boot_high

	.type	secondary_high, %function
secondary_high:
	msr	tpidr_el1, x20
	ldr	x0, =vectors
	msr	vbar_el1, x0
	isb
	ldr	x0, [x20, #CPU_STACK_TOP]
	mov	sp, x0
	bl	arch_load_kernel_space
	bl	arch_flush_user_all
	bl	arch_flush_user_all
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	b	kernel_main_secondary
	.size	secondary_high, . - secondary_high
	.ltorg

	.section .bss.boot_tables, "aw", %nobits
	.balign	4096
boot_identity_root:	.space 4096
boot_identity_middle:	.space 4096
boot_identity_blocks:	.space 4096
	.globl	boot_kernel_root, no_user_root
boot_kernel_root:	.space 4096
boot_kernel_middle:	.space 4096
boot_kernel_blocks:	.space 4096
no_user_root:		.space 4096

	/* The boot stack, and below it the one to panic on when a stack is used up; see entry.S. */
	.section .bss.boot_stack, "aw", %nobits
	.balign	0x8000
	.space	0x4000
	.globl	emergency_stack_top, boot_stack_top
emergency_stack_top:
	.space	0x4000
boot_stack_top:

	.section .note.GNU-stack, "", %progbits
