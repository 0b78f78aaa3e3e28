/* SPDX-License-Identifier: MIT */
/*
 * The one entry and the ways out.
 *
 * User mode is left with registers saved in cpu->current->regs, on the CPU's
 * empty stack.  A system call leaves those that C preserves where they are, and
 * saves them only when another thread may come, see <kernel/arch.h>.  The kernel
 * itself never runs with interrupts enabled, not even when idle, so a trap that
 * finds sscratch = 0 is a bug of the kernel.
 */
#include <asm/riscv.h>
#include <generated/asm-offsets.h>
#include <generated/syscall_numbers.h>
#include <veridian/message.h>

#define EMERGENCY_STACK_SIZE 8192

	/* Operands, and what a C function may change; not a0 and t0. */
	.macro	each_volatile, op, base
	.irp	n, 1, 2, 3, 4, 5, 6, 7
	\op	a\n, REGS_A + 8 * \n(\base)
	.endr
	.irp	n, 1, 2, 3, 4, 5, 6
	\op	t\n, REGS_T + 8 * \n(\base)
	.endr
	\op	ra, REGS_RA(\base)
	.endm

	/* What a C function keeps. */
	.macro	each_preserved, op, base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\op	s\n, REGS_S + 8 * \n(\base)
	.endr
	\op	gp, REGS_GP(\base)
	.endm

	.macro	each_general, op, base
	each_volatile \op, \base
	\op	t0, REGS_T(\base)
	each_preserved \op, \base
	.endm

	.text
	/* For debuggers: nobody called what is here, so the chain of callers ends in it. */
	.cfi_sections .debug_frame
	.cfi_startproc
	.cfi_undefined ra
	.balign 4
	.globl trap_entry
	.type trap_entry, @function
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, trap_in_kernel
	sd	t0, CPU_SCRATCH_T0(tp)
	csrr	t0, scause
	addi	t0, t0, -CAUSE_ECALL_USER
	bnez	t0, trap_other
#ifdef CONFIG_IPC_FASTPATH
	addi	t0, s8, -SYS_ipc_call
	andi	t0, t0, MSG_CALL_MASK
	sltiu	t0, t0, SYS_ipc_reply_receive - SYS_ipc_call + 1
	bnez	t0, fast_call
call_ordinary:
#endif
	ld	t0, CPU_CURRENT(tp)
	each_volatile sd, t0
	sd	a0, REGS_A(t0)
	sd	sp, REGS_SP(t0)
	ld	t1, CPU_SCRATCH_T0(tp)
	sd	t1, REGS_T(t0)
	csrrw	t1, sscratch, zero	/* the user's tp; from here on a trap is the kernel's */
	sd	t1, REGS_TP(t0)
	csrr	t1, sepc
	addi	t1, t1, 4		/* a call goes on behind the instruction */
	sd	t1, REGS_PC(t0)
	ld	sp, CPU_STACK_TOP(tp)
	mv	a0, t0
	addi	t1, s8, -SYS_RAW_FIRST
	andi	t1, t1, MSG_CALL_MASK
	sltiu	t1, t1, SYS_RAW_LAST - SYS_RAW_FIRST + 1
	bnez	t1, 2f
	sd	s8, REGS_S + 8 * 8(t0)
	addi	sp, sp, -16
	sd	t0, 0(sp)
	call	kernel_syscall
	ld	t0, 0(sp)
	beqz	a0, 1f
	ld	t1, REGS_PC(t0)
	csrw	sepc, t1
	csrw	sscratch, tp
	each_volatile ld, t0
	ld	sp, REGS_SP(t0)
	ld	tp, REGS_TP(t0)
	ld	a0, REGS_A(t0)
	ld	t0, REGS_T(t0)
	sret
1:	addi	sp, sp, 16
	each_preserved sd, t0
	li	s0, 0			/* end of the chain of frames */
	call	kernel_exit
	/* Message words are operands. */
2:	each_preserved sd, t0
	li	s0, 0
	call	kernel_syscall
	call	kernel_exit

trap_other:
	ld	t0, CPU_SCRATCH_T0(tp)
	sd	sp, CPU_SCRATCH(tp)
	ld	sp, CPU_CURRENT(tp)
	each_general sd, sp
	sd	a0, REGS_A(sp)
	ld	t0, CPU_SCRATCH(tp)
	sd	t0, REGS_SP(sp)
	csrrw	t0, sscratch, zero
	sd	t0, REGS_TP(sp)
	csrr	t1, sepc
	sd	t1, REGS_PC(sp)
	csrr	a1, scause
	mv	a0, sp
	ld	sp, CPU_STACK_TOP(tp)
	li	s0, 0
	bltz	a1, 1f
	csrr	a2, stval
	call	trap_user
	call	kernel_exit
1:	call	kernel_irq
	call	kernel_exit
	ebreak				/* keeps the return address inside, for backtraces */
	.size trap_entry, . - trap_entry

#ifdef CONFIG_IPC_FASTPATH
/*
 * ipc_call and ipc_reply_receive, which give nothing in t0 to t6 and a1 to a7:
 * C keeps the words and the tag, s0 to s8.  What the thread needs to go on after
 * the call is saved.
 */
	.type fast_call, @function
fast_call:
	li	t1, MSG_SHORT_MAX
	slli	t2, s8, 32
	srli	t2, t2, 32
	bgtu	t2, t1, fast_too_long
	ld	t0, CPU_CURRENT(tp)
	csrr	t1, sepc
	addi	t1, t1, 4
	csrrw	t2, sscratch, zero	/* the user's tp; from here on a trap is the kernel's */
	sd	t1, REGS_PC(t0)
	sd	t2, REGS_TP(t0)
	sd	sp, REGS_SP(t0)
	sd	gp, REGS_GP(t0)
	sd	a0, REGS_A(t0)
	ld	sp, CPU_STACK_TOP(tp)
	mv	a1, a0
	mv	a0, t0
	andi	t1, s8, SYS_ipc_reply_receive
	bnez	t1, 1f
	call	ipc_fast_call
	beqz	a0, fast_refused
	j	2f
1:	mv	a2, s8
	call	ipc_fast_reply_receive
	beqz	a0, fast_refused
2:	ld	t0, REGS_PC(a0)
	csrw	sepc, t0
	csrw	sscratch, tp
	/* No thread may finish what another one began with a load-reserved. */
	addi	t0, a0, REGS_RESERVATION
	sc.d	t0, zero, (t0)
	ld	sp, REGS_SP(a0)
	ld	gp, REGS_GP(a0)
	ld	tp, REGS_TP(a0)
	.irp	register, a0, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6, s9, s10, s11, ra
	li	\register, 0
	.endr
	sret

/* As if nothing had been tried; what C has left in the scratch registers is dropped. */
fast_refused:
	ld	t0, CPU_CURRENT(tp)
	ld	t1, REGS_TP(t0)
	csrw	sscratch, t1
	ld	sp, REGS_SP(t0)
	ld	a0, REGS_A(t0)
	li	ra, 0
fast_too_long:
	.irp	register, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6
	li	\register, 0
	.endr
	sd	t0, CPU_SCRATCH_T0(tp)
	j	call_ordinary
	.size fast_call, . - fast_call
#endif

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
	bnez	t0, arch_irq_window
	wfi
	j	arch_idle
	.size arch_idle, . - arch_idle

/* arch_irq_window(): there may be none, which kernel_irq() learns when it claims. */
	.globl arch_irq_window
	.type arch_irq_window, @function
arch_irq_window:
	ld	sp, CPU_STACK_TOP(tp)
	li	s0, 0
	call	kernel_irq
	call	kernel_exit
	ebreak				/* keeps the return address inside, for backtraces */
	.size arch_irq_window, . - arch_irq_window
	.cfi_endproc

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
