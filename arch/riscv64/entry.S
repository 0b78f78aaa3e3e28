/* SPDX-License-Identifier: MIT */
/*
 * The way in and the way out.  From user mode every register goes straight
 * into the running thread.  From the kernel there is either the interrupt that
 * ends arch_idle(), whose context is nothing, or a bug.
 */
#include <asm/riscv.h>
#include <generated/asm-offsets.h>

/* Everything but t0, sp and tp. */
.macro save_registers base
	sd s0, REGS_S + 0(\base)
	sd s1, REGS_S + 8(\base)
	sd s2, REGS_S + 16(\base)
	sd s3, REGS_S + 24(\base)
	sd s4, REGS_S + 32(\base)
	sd s5, REGS_S + 40(\base)
	sd s6, REGS_S + 48(\base)
	sd s7, REGS_S + 56(\base)
	sd s8, REGS_S + 64(\base)
	sd s9, REGS_S + 72(\base)
	sd s10, REGS_S + 80(\base)
	sd s11, REGS_S + 88(\base)
	sd a0, REGS_A + 0(\base)
	sd a1, REGS_A + 8(\base)
	sd a2, REGS_A + 16(\base)
	sd a3, REGS_A + 24(\base)
	sd a4, REGS_A + 32(\base)
	sd a5, REGS_A + 40(\base)
	sd a6, REGS_A + 48(\base)
	sd a7, REGS_A + 56(\base)
	sd t1, REGS_T + 8(\base)
	sd t2, REGS_T + 16(\base)
	sd t3, REGS_T + 24(\base)
	sd t4, REGS_T + 32(\base)
	sd t5, REGS_T + 40(\base)
	sd t6, REGS_T + 48(\base)
	sd ra, REGS_RA(\base)
	sd gp, REGS_GP(\base)
.endm

	.text
	.balign 4
	.globl trap_entry
	.type trap_entry, @function
trap_entry:
	csrrw tp, sscratch, tp
	beqz tp, 1f
	sd t0, CPU_SCRATCH(tp)
	ld t0, CPU_CURRENT(tp)
	save_registers t0
	sd sp, REGS_SP(t0)
	ld t1, CPU_SCRATCH(tp)
	sd t1, REGS_T(t0)
	csrrw t1, sscratch, zero
	sd t1, REGS_TP(t0)
	csrr t1, sepc
	sd t1, REGS_PC(t0)
	ld sp, CPU_STACK_TOP(tp)
	li s0, 0 /* end of the chain of frames */
	mv a0, t0
	csrr a1, scause
	csrr a2, stval
	call trap_user
	call kernel_exit

	/* From the kernel: tp and sscratch back to what they were. */
1:	csrrw tp, sscratch, tp
	sd t0, CPU_SCRATCH(tp)
	csrr t0, scause
	bltz t0, 2f
	sd sp, REGS_SP - REGS_SIZE(sp)
	addi sp, sp, -REGS_SIZE
	save_registers sp
	ld t1, CPU_SCRATCH(tp)
	sd t1, REGS_T(sp)
	sd tp, REGS_TP(sp)
	csrr t1, sepc
	sd t1, REGS_PC(sp)
	mv a0, sp
	csrr a1, scause
	csrr a2, stval
	call trap_kernel
2:	ld sp, CPU_STACK_TOP(tp)
	li s0, 0
	call kernel_irq
	call kernel_exit
	.size trap_entry, . - trap_entry

	/* void arch_enter_user(struct thread *): the registers are its first member. */
	.globl arch_enter_user
	.type arch_enter_user, @function
arch_enter_user:
	ld t0, REGS_PC(a0)
	csrw sepc, t0
	csrw sscratch, tp
	li t0, SSTATUS_SPP
	csrc sstatus, t0
	li t0, SSTATUS_SPIE
	csrs sstatus, t0
	ld s0, REGS_S + 0(a0)
	ld s1, REGS_S + 8(a0)
	ld s2, REGS_S + 16(a0)
	ld s3, REGS_S + 24(a0)
	ld s4, REGS_S + 32(a0)
	ld s5, REGS_S + 40(a0)
	ld s6, REGS_S + 48(a0)
	ld s7, REGS_S + 56(a0)
	ld s8, REGS_S + 64(a0)
	ld s9, REGS_S + 72(a0)
	ld s10, REGS_S + 80(a0)
	ld s11, REGS_S + 88(a0)
	ld a1, REGS_A + 8(a0)
	ld a2, REGS_A + 16(a0)
	ld a3, REGS_A + 24(a0)
	ld a4, REGS_A + 32(a0)
	ld a5, REGS_A + 40(a0)
	ld a6, REGS_A + 48(a0)
	ld a7, REGS_A + 56(a0)
	ld t0, REGS_T + 0(a0)
	ld t1, REGS_T + 8(a0)
	ld t2, REGS_T + 16(a0)
	ld t3, REGS_T + 24(a0)
	ld t4, REGS_T + 32(a0)
	ld t5, REGS_T + 40(a0)
	ld t6, REGS_T + 48(a0)
	ld ra, REGS_RA(a0)
	ld sp, REGS_SP(a0)
	ld gp, REGS_GP(a0)
	ld tp, REGS_TP(a0)
	ld a0, REGS_A + 0(a0)
	sret
	.size arch_enter_user, . - arch_enter_user

	/*
	 * void arch_idle(void): WFI ends for a pending interrupt even while they
	 * are masked, so none is missed between the look at the inbox and here.
	 */
	.globl arch_idle
	.type arch_idle, @function
arch_idle:
	ld sp, CPU_STACK_TOP(tp)
	li s0, 0
1:	wfi
	csrsi sstatus, SSTATUS_SIE
	nop
	csrci sstatus, SSTATUS_SIE
	j 1b
	.size arch_idle, . - arch_idle
