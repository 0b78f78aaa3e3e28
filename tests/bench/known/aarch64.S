/* SPDX-License-Identifier: MIT */
/*
 * Known instructions for the plugin of the yardstick, AArch64; known.py tells what each row must come
 * to.  A row's user part is one cache line from its first counted instruction on, the kernel's entry
 * is one, its handlers are one each but for the long ones, and the three are in pages of their own.
 *
 * Memory: 1 GiB blocks.  The first GiB (devices) and the second (this image) again at KERNEL, for EL1
 * alone; the image below for EL0, too, once to run and once (at WRITABLE) to write.
 */
	.equ	KERNEL, 0xffffff8000000000
	.equ	WRITABLE, 0x40000000

	/* Row NUMBER; the trap, if any, goes to HANDLER. Ends with the line before what is counted. */
	.macro	start number, handler=nothing
	mov	x0, #\number
	bl	mark
	ldr	x9, =\handler + KERNEL
	line
	.endm

	.macro	line
	.balign	64
	.rept	15
	nop
	.endr
	mrs	x10, pmccntr_el0
	.endm

	.macro	stop
	mrs	x10, pmccntr_el0
	.endm

	.macro	trap
	svc	#0
	.endm

	.macro	leave
	eret
	.endm

	.text
	.globl	boot
boot:
	ldr	x0, =tables
	ldr	x1, =0x40000000 | 0x7c1 /* normal, EL0 reads and runs, accessed */
	str	x1, [x0, #8]
	ldr	x1, =0x40000000 | 0x741 | 1 << 54 /* EL0 writes, and never runs */
	str	x1, [x0, #16]
	ldr	x0, =tables + 4096
	ldr	x1, =0x00000000 | 0x705 | 3 << 53 /* device */
	str	x1, [x0]
	ldr	x1, =0x40000000 | 0x701 | 1 << 54
	str	x1, [x0, #8]
	ldr	x0, =0x00ff /* normal, device */
	msr	mair_el1, x0
	ldr	x0, =25 | 25 << 16 | 2 << 30 | 2 << 32 /* 512 GiB each, pages of 4 KiB */
	msr	tcr_el1, x0
	ldr	x0, =tables
	msr	ttbr0_el1, x0
	ldr	x0, =tables + 4096
	msr	ttbr1_el1, x0
	ldr	x0, =vectors + KERNEL
	msr	vbar_el1, x0
	mov	x0, #1
	msr	pmuserenr_el0, x0
	isb
	ldr	x0, =0x30d00801
	msr	sctlr_el1, x0
	isb
	ldr	x0, =1f + KERNEL
	br	x0
1:	ldr	x0, =user
	msr	elr_el1, x0
	msr	spsr_el1, xzr
	.globl	entered
entered: /* four instructions before user mode */
	nop
	nop
	nop
	eret

	/* Without translation, where it stays: 44 instructions. */
second:
	adr	x1, is_done
	mov	w2, #1
	.rept	40
	nop
	.endr
	str	w2, [x1]
1:	wfi
	b	1b

	.balign	8
is_done:
	.quad	0
	.ltorg

	.balign	4096
vectors:
	.skip	0x400
	br	x9

	.balign	4096
nothing:
	leave
	.balign	64
roots:
	.rept	4
	msr	ttbr0_el1, x1
	.endr
	leave
	.balign	64
maintenance:
	.rept	5
	tlbi	vmalle1
	.endr
	leave
	.balign	64
registers:
	.rept	6
	mrs	x2, cntvct_el0
	.endr
	leave
	.balign	64
device:
	.rept	7
	ldr	w2, [x1, #0x18]
	.endr
	leave
	.balign	64
	.globl	long_loop
long_loop:
	mov	x2, #1000
1:	nop
	sub	x2, x2, #1
	cbnz	x2, 1b
	leave
	.balign	64
asks:
	.rept	300
	nop
	.endr
	.globl	poll
poll:	nop
	.rept	200
	nop
	.endr
	leave
	.balign	64
idles:
	sevl /* so that it goes on at once */
	.rept	299
	nop
	.endr
	wfe
	.rept	200
	nop
	.endr
	leave
	.balign	64
returns: /* to the kernel: seven instructions and a hundred */
	mrs	x2, elr_el1
	adr	x3, 1f
	msr	elr_el1, x3
	mrs	x4, spsr_el1
	mov	x5, #0x3c5
	msr	spsr_el1, x5
	eret
1:	msr	elr_el1, x2
	msr	spsr_el1, x4
	.rept	97
	nop
	.endr
	leave
	.balign	64
calls:
	mov	x1, #0
	bl	function
	bl	function
	mov	x1, #1
	bl	function
	leave
	.balign	64
	.globl	function
function: /* three instructions, or six */
	cbnz	x1, slow_way
	dmb	ish
	ret
	.balign	64
	.globl	slow_way
slow_way: /* and another page's line */
	ldr	x3, [x30, #8192]
	.rept	3
	nop
	.endr
	ret
start_second:
	ldr	x0, =0xc4000003 /* PSCI's CPU_ON */
	mov	x1, #1
	ldr	x2, =second
	mov	x3, #0
	hvc	#0
	ldr	x1, =is_done + KERNEL
1:	ldr	w2, [x1]
	cbz	w2, 1b
	mov	x2, #10000
1:	sub	x2, x2, #1
	cbnz	x2, 1b
	leave
power_off:
	ldr	x0, =0x84000008
	hvc	#0
	b	.
	.ltorg

	.section .user, "awx"
	.globl	user
user:
	ldr	x1, =data + WRITABLE
	start	1
	stop
	start	2
	ldadd	x2, x3, [x1]
	swpal	w2, w3, [x1]
	stop
	start	3
	dmb	ish
	dsb	sy
	isb
	stop
	start	4
	trap
	trap
	trap
	stop
	ldr	x1, =tables
	start	5, roots
	trap
	stop
	start	6, maintenance
	trap
	stop
	start	7, registers
	trap
	stop
	ldr	x1, =0x09000000 + KERNEL /* PL011 */
	start	8, device
	trap
	stop
	ldr	x1, =data + WRITABLE
	ldr	x2, =data + WRITABLE + 4096
	ldr	x3, =data + WRITABLE + 8192
	start	11
	.rept	2
	str	x0, [x1]
	str	x0, [x1, #64]
	str	x0, [x1, #320]
	strb	w0, [x2, #127]
	ldr	x0, [x3, #128]
	.endr
	stop
	add	x1, x1, #60
	sub	x3, x3, #4
	start	12
	str	x0, [x1]
	str	x0, [x3]
	stop
	.include "rows.S"
	ldr	x9, =power_off + KERNEL
	trap

mark:
	ldr	x11, =marks + WRITABLE
	add	x0, x0, x11
	movz	xzr, #0x5652
	strb	wzr, [x0]
	ret
	.ltorg

	.balign	4096
tables:
	.skip	2 * 4096
marks:
	.skip	4096
data:
	.skip	3 * 4096
