/* SPDX-License-Identifier: MIT */
/*
 * The one entry and the ways out.
 *
 * User mode is left with all registers saved in cpu->current->regs, on the
 * CPU's empty stack.  The kernel itself never runs with interrupts enabled, not
 * even when idle, so a trap that finds sscratch = 0 is a bug of the kernel.
 */
#include <asm/riscv.h>
#include <generated/asm-offsets.h>

#define EMERGENCY_STACK_SIZE 8192

	.macro	each_general, op, base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, REGS_S + 8 * \n(\base)
	.endr
	.irp	n, 1, 2, 3, 4, 5, 6, 7
	\op	a\n, REGS_A + 8 * \n(\base)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6
	\op	t\n, REGS_T + 8 * \n(\base)
	.endr
	\op	ra, REGS_RA(\base)
	\op	gp, REGS_GP(\base)
	.endm

	.text
	.balign 4
	.globl trap_entry
	.type trap_entry, @function
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, trap_in_kernel
	sd	sp, CPU_SCRATCH(tp)
	ld	sp, CPU_CURRENT(tp)
	each_general sd, sp
	sd	a0, REGS_A(sp)
	ld	t0, CPU_SCRATCH(tp)
	sd	t0, REGS_SP(sp)
	csrrw	t0, sscratch, zero	/* the user's tp; from here on a trap is the kernel's */
	sd	t0, REGS_TP(sp)
	csrr	t1, sepc
	csrr	a1, scause
	mv	a0, sp
	ld	sp, CPU_STACK_TOP(tp)
	li	s0, 0			/* end of the chain of frames */
	bltz	a1, 2f
	li	t0, CAUSE_ECALL_USER
	bne	a1, t0, 1f
	addi	t1, t1, 4		/* a call goes on behind the instruction */
	sd	t1, REGS_PC(a0)
	call	kernel_syscall
	call	kernel_exit
1:	sd	t1, REGS_PC(a0)
	csrr	a2, stval
	call	trap_user
	call	kernel_exit
2:	sd	t1, REGS_PC(a0)
	call	kernel_irq
	call	kernel_exit
	ebreak				/* keeps the return address inside, for backtraces */
	.size trap_entry, . - trap_entry

/*
 * A bug.  The stack may be what is broken, so the way to the panic has one of
 * its own, for the first CPU that comes; its first frame points to the broken
 * place, which puts that into the backtrace.
 */
	.type trap_in_kernel, @function
trap_in_kernel:
	csrrw	tp, sscratch, zero	/* the kernel's own again */
	sd	sp, CPU_SCRATCH(tp)
	la	sp, emergency_owner
	amoswap.d sp, tp, (sp)
	bnez	sp, 1f
	la	sp, emergency_stack_top - REGS_SIZE - 16
	each_general sd, sp
	sd	a0, REGS_A(sp)
	sd	tp, REGS_TP(sp)
	ld	t0, CPU_SCRATCH(tp)
	sd	t0, REGS_SP(sp)
	csrr	t0, sepc
	sd	t0, REGS_PC(sp)
	mv	a0, sp
	csrr	a1, scause
	csrr	a2, stval
	addi	sp, sp, -16
	sd	t0, 8(sp)
	sd	s0, 0(sp)
	addi	s0, sp, 16
	call	trap_kernel
1:	/* A trap inside of a panic: end the machine; on another CPU: leave it to the first one. */
	mv	a1, sp
	la	sp, emergency_stack_top
	bne	a1, tp, 2f
	li	a0, 1
	call	arch_power_off
2:	call	arch_stop
	ebreak
	.size trap_in_kernel, . - trap_in_kernel

/* arch_enter_user(thread): thread's registers are its first member */
	.globl arch_enter_user
	.type arch_enter_user, @function
arch_enter_user:
	ld	t0, REGS_PC(a0)
	csrw	sepc, t0
	li	t0, SSTATUS_SPP
	csrc	sstatus, t0
	li	t0, SSTATUS_SPIE
	csrs	sstatus, t0
	csrw	sscratch, tp
	/* No thread may finish what another one began with a load-reserved. */
	addi	t0, a0, REGS_RESERVATION
	sc.d	t0, zero, (t0)
	each_general ld, a0
	ld	sp, REGS_SP(a0)
	ld	tp, REGS_TP(a0)
	ld	a0, REGS_A(a0)
	sret
	.size arch_enter_user, . - arch_enter_user

/*
 * Wait with interrupts disabled: wfi ends when an enabled one is pending, also
 * if it came just before, so no wake-up is lost.  It is then handled on an
 * empty stack as if it had trapped.
 */
	.globl arch_idle
	.type arch_idle, @function
arch_idle:
	csrr	t0, sip
	csrr	t1, sie
	and	t0, t0, t1
	bnez	t0, 1f
	wfi
	j	arch_idle
1:	ld	sp, CPU_STACK_TOP(tp)
	li	s0, 0
	call	kernel_irq
	call	kernel_exit
	ebreak				/* keeps the return address inside, for backtraces */
	.size arch_idle, . - arch_idle

	.bss
	.balign 16
	.globl emergency_owner
emergency_owner:
	.skip	16
	.globl emergency_stack_bottom
emergency_stack_bottom:
	.skip	EMERGENCY_STACK_SIZE
	.globl emergency_stack_top
emergency_stack_top:

	.section .note.GNU-stack, "", %progbits
