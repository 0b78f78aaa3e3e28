/* SPDX-License-Identifier: MIT */
/*
 * Known instructions for the plugin of the yardstick, RISC-V; known.py tells what each row must come
 * to.  A row's user part is one cache line from its first counted instruction on, the kernel's entry
 * is one, its handlers are one each but for the long ones, and the three are in pages of their own.
 *
 * There is no firmware: what is here below 0x80080000 in machine mode stands for it.  Memory: pages of
 * 1 GiB.  The image where it is for user mode, at KERNEL above that for the kernel, devices at DEVICES.
 */
	.equ	KERNEL, 0xffffffff00000000
	.equ	DEVICES, 0xffffffffc0000000
	.option	norvc
	.option	norelax

	/* Row NUMBER; the trap, if any, goes to HANDLER. Ends with the line before what is counted. */
	.macro	start number, handler=nothing
	li	a0, \number
	call	mark
	kernel	s1, \handler
	line
	.endm

	.macro	line
	.balign	64
	.rept	15
	nop
	.endr
	rdinstret t0
	.endm

	.macro	stop
	rdinstret t0
	.endm

	.macro	trap
	ecall
	.endm

	.macro	leave
	sret
	.endm

	/* Where the kernel sees it. */
	.macro	kernel register, symbol
	ld	\register, 1f
	j	2f
	.balign	8
1:	.quad	\symbol + KERNEL
2:
	.endm

	.text
	.globl	boot
boot:
	csrr	t0, mhartid
	bnez	t0, second
	la	t0, firmware
	csrw	mtvec, t0
	li	t0, -1
	csrw	pmpaddr0, t0
	li	t0, 0x1f
	csrw	pmpcfg0, t0
	li	t0, 1 << 8 /* calls from user mode */
	csrw	medeleg, t0
	li	t0, 2 /* software interrupts */
	csrw	mideleg, t0
	li	t0, 7
	csrw	mcounteren, t0
	csrw	scounteren, t0
	la	t0, tables
	li	t1, 0x80000000 >> 2 | 0xdf
	sd	t1, 2 * 8(t0)
	li	t1, 0x80000000 >> 2 | 0xcf
	li	t2, 510 * 8
	add	t2, t2, t0
	sd	t1, 0(t2)
	li	t1, 0xc7
	sd	t1, 8(t2)
	srli	t0, t0, 12
	li	t1, 8 << 60
	or	s2, t0, t1
	csrw	satp, s2
	kernel	t0, entry
	csrw	stvec, t0
	kernel	t0, supervisor
	csrw	mepc, t0
	li	t0, 1 << 11
	csrw	mstatus, t0
	mret

	/* Calls of the kernel. */
	.balign	64
firmware:
	csrr	t1, mepc
	addi	t1, t1, 4
	csrw	mepc, t1
	mret

	/* Waits for a software interrupt; 46 instructions from there. */
second:
	la	t1, is_done
	li	t2, 1
	li	t0, 8
	csrw	mie, t0
1:	wfi
	csrr	t0, mip
	andi	t0, t0, 8
	beqz	t0, 1b
	csrw	mie, zero
	.rept	40
	nop
	.endr
	sd	t2, 0(t1)
1:	wfi
	j	1b

	.balign	8
is_done:
	.quad	0

	.balign	4096
supervisor:
	csrsi	sie, 2 /* as below: the other CPU gets to where it waits */
	csrsi	sip, 2
	wfi
	csrci	sie, 2
	kernel	t1, user
	li	t2, KERNEL
	sub	t1, t1, t2
	csrw	sepc, t1
	csrw	sstatus, zero
	.globl	entered
entered: /* four instructions before user mode */
	nop
	nop
	nop
	sret

	.balign	4096
entry:
	csrr	t1, sepc
	addi	t1, t1, 4
	csrw	sepc, t1
	jr	s1

	.balign	4096
nothing:
	leave
	.balign	64
roots:
	.rept	4
	csrw	satp, s2
	.endr
	leave
	.balign	64
maintenance:
	.rept	5
	sfence.vma
	.endr
	leave
	.balign	64
registers:
	.rept	6
	csrr	t1, sie
	.endr
	leave
	.balign	64
device:
	.rept	7
	lbu	t1, 5(s3)
	.endr
	leave
	.balign	64
to_firmware:
	ecall
	leave
	.balign	64
	.globl	long_loop
long_loop:
	li	t1, 1000
1:	nop
	addi	t1, t1, -1
	bnez	t1, 1b
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
idles: /* an interrupt is pending, and not taken: it goes on at once */
	csrsi	sie, 2
	csrsi	sip, 2
	.rept	298
	nop
	.endr
	wfi
	.rept	199
	nop
	.endr
	csrci	sie, 2
	leave
	.balign	64
returns: /* to the kernel: seven instructions and a hundred */
	csrr	t1, sepc
	la	t2, 1f
	csrw	sepc, t2
	li	t2, 0x100
	csrs	sstatus, t2
	sret
1:	csrw	sepc, t1
	.rept	98
	nop
	.endr
	leave
	.balign	64
calls:
	li	t1, 0
	jal	ra, function
	jal	ra, function
	li	t1, 1
	jal	ra, function
	leave
	.balign	64
	.globl	function
function: /* three instructions, or six */
	bnez	t1, slow_way
	fence	rw, rw
	ret
	.balign	64
	.globl	slow_way
slow_way: /* and another page's line */
	lw	t2, tables /* two instructions */
	.rept	2
	nop
	.endr
	ret
start_second:
	li	t1, DEVICES + 0x2000004 /* CLINT, software interrupt of hart 1 */
	li	t2, 1
	sw	t2, 0(t1)
	kernel	t1, is_done
	csrsi	sie, 2 /* pending, and not taken: each turn lets the other CPU run */
	csrsi	sip, 2
1:	wfi
	lw	t2, 0(t1)
	beqz	t2, 1b
	csrci	sie, 2
	li	t2, 10000
1:	addi	t2, t2, -1
	bnez	t2, 1b
	leave
power_off:
	li	t1, DEVICES + 0x100000
	li	t2, 0x5555
	sw	t2, 0(t1)
	j	.

	.section .user, "awx"
	.globl	user
user:
	la	s3, data
	start	1
	stop
	start	2
	amoadd.d t1, a0, (s3)
	amoswap.w.aqrl t1, a0, (s3)
	stop
	start	3
	fence	rw, rw
	fence	r, rw
	fence.i
	stop
	start	4
	trap
	trap
	trap
	stop
	start	5, roots
	trap
	stop
	start	6, maintenance
	trap
	stop
	start	7, registers
	trap
	stop
	li	s3, DEVICES + 0x10000000 /* NS16550 */
	start	8, device
	trap
	stop
	la	s3, data
	la	s4, data + 4096
	la	s5, data + 8192
	start	11
	.rept	2
	sd	a0, 0(s3)
	sd	a0, 64(s3)
	sd	a0, 320(s3)
	sb	a0, 127(s4)
	ld	a0, 128(s5)
	.endr
	stop
	addi	s3, s3, 60
	addi	s5, s5, -4
	start	12
	sd	a0, 0(s3)
	sd	a0, 0(s5)
	stop
	.include "rows.S"
	start	18, to_firmware
	trap
	stop
	kernel	s1, power_off
	trap

mark:
	la	t1, marks
	add	a0, a0, t1
	lui	zero, 0x56524
	sb	zero, 0(a0)
	ret

	.balign	4096
tables:
	.skip	4096
marks:
	.skip	4096
data:
	.skip	3 * 4096
