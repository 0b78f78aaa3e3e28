/* SPDX-License-Identifier: MIT */
/*
 * The way in and out of the kernel.
 *
 * From user mode: registers go straight into cpu->current->regs (struct thread
 * begins with them); sp is the empty kernel stack of this CPU.  A system call
 * leaves those that C preserves where they are, and saves them only when another
 * thread may come, see <kernel/arch.h>.  From
 * arch_idle() and arch_irq_window() interrupts arrive on an equally empty stack, with nothing to
 * save.  Anything else that interrupts the kernel ends in kernel_exception().
 */
#include <asm/sysreg.h>
#include <generated/asm-offsets.h>
#include <generated/syscall_numbers.h>
#include <veridian/message.h>

/* Every kernel stack is the upper half of an aligned 32 KiB: below it this bit of sp is clear. */
#define STACK_BIT 14
#define STACK_SIZE (1 << STACK_BIT)
#define STACK_RESERVE 0x400

	.macro	vector label
	.balign	0x80
	b	\label
	.endm

	/* What a C function may change, and system registers; x0 and x1 lie on the stack; then x0 = thread. */
	.macro	save_volatile
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_CURRENT]
	stp	x2, x3, [x0, #16]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	str	x18, [x0, #144]
	mrs	x1, sp_el0
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, tpidr_el0
	str	x30, [x0, #REGS_X30]
	stp	x1, x2, [x0, #REGS_SP]
	stp	x3, x4, [x0, #REGS_PSTATE]
	.endm

	/* What a C function keeps; x0 = thread. */
	.macro	save_preserved
	str	x19, [x0, #152]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	.endm

	.macro	save_user
	save_volatile
	save_preserved
	mov	x29, xzr /* backtraces end here */
	mov	x30, xzr
	.endm

	/* x0 = thread */
	.macro	load_scratch
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	.endm

	.macro	load_volatile
	load_scratch
	ldr	x18, [x0, #144]
	ldr	x30, [x0, #REGS_X30]
	ldp	x0, x1, [x0]
	.endm

	.text
	/* For debuggers: nobody called what is here, so the chain of callers ends in it. */
	.cfi_sections .debug_frame
	.cfi_startproc
	.cfi_undefined x30
	.balign	0x800
	.globl	vectors
	.type	vectors, %function
vectors:
	/* EL1 with SP_EL0: the kernel never runs so. */
	vector	exception_sync
	vector	exception_irq
	vector	exception_fiq
	vector	exception_serror
	/* EL1 */
	vector	exception_sync
	vector	idle_irq
	vector	exception_fiq
	vector	exception_serror
	/* EL0 */
	vector	user_sync
	vector	user_irq
	vector	exception_fiq
	vector	user_sync /* SError: ESR tells */
	/* EL0, 32 bit: pstate never says so */
	vector	exception_sync
	vector	exception_irq
	vector	exception_fiq
	vector	exception_serror
	.size	vectors, . - vectors

	.type	user_sync, %function
user_sync:
#ifdef CONFIG_IPC_FASTPATH
	/* Numbers above 3 leave without a register being needed. */
	cmp	w27, #MSG_SHORT_MAX
	b.hi	user_sync_ordinary
	tst	w27, #(MSG_CALL_MASK & ~3)
	b.ne	user_sync_ordinary
	/* An IPC call gives nothing in x16 and x17; what else comes here gets them back. */
	stp	x16, x17, [sp, #-16]!
	mrs	x16, esr_el1
	lsr	x16, x16, #ESR_EC_SHIFT
	cmp	x16, #ESR_EC_SVC
	b.ne	1f
	sub	w16, w27, #SYS_ipc_call
	and	w16, w16, #MSG_CALL_MASK
	cmp	w16, #(SYS_ipc_reply_receive - SYS_ipc_call)
	b.ls	fast_syscall
1:	ldp	x16, x17, [sp], #16
user_sync_ordinary:
#endif
	stp	x0, x1, [sp, #-16]!
	mrs	x0, esr_el1
	lsr	x0, x0, #ESR_EC_SHIFT
	cmp	x0, #ESR_EC_SVC
	b.ne	3f
	save_volatile
	sub	w1, w27, #SYS_RAW_FIRST
	and	w1, w1, #MSG_CALL_MASK
	cmp	w1, #(SYS_RAW_LAST - SYS_RAW_FIRST)
	b.ls	2f
	str	x27, [x0, #REGS_X27]
	str	x0, [sp, #-16]!
	bl	kernel_syscall
	mov	w1, w0
	ldr	x0, [sp], #16
	cbz	w1, 1f
	ldr	x1, [x0, #REGS_PC]
	msr	elr_el1, x1
	load_volatile
	eret
	dsb	nsh
	isb
1:	save_preserved
	mov	x29, xzr /* backtraces end here */
	bl	kernel_exit
	/* Message words are operands. */
2:	save_preserved
	mov	x29, xzr
	bl	kernel_syscall
	bl	kernel_exit
3:	save_user
	mrs	x1, esr_el1
	mrs	x2, far_el1
	bl	user_fault
	bl	kernel_exit
	.size	user_sync, . - user_sync

#ifdef CONFIG_IPC_FASTPATH
/*
 * ipc_call and ipc_reply_receive: C keeps the words and the tag, x19 to x27.
 * What the thread needs to go on after the call is saved; x16: 0 is ipc_call.
 */
	.type	fast_syscall, %function
fast_syscall:
	add	sp, sp, #16
	mrs	x17, tpidr_el1
	ldr	x17, [x17, #CPU_CURRENT]
	mrs	x1, sp_el0
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, tpidr_el0
	str	x0, [x17]
	stp	x1, x2, [x17, #REGS_SP]
	stp	x3, x4, [x17, #REGS_PSTATE]
	mov	x1, x0
	mov	x0, x17
	mov	x29, xzr
	cbz	w16, 1f
	mov	x2, x27
	bl	ipc_fast_reply_receive
	cbnz	x0, 2f
	b	fast_refused
1:	bl	ipc_fast_call
	cbz	x0, fast_refused
2:	ldp	x2, x3, [x0, #REGS_SP]
	ldp	x4, x5, [x0, #REGS_PSTATE]
	msr	sp_el0, x2
	msr	elr_el1, x3
	msr	spsr_el1, x4
	msr	tpidr_el0, x5
	/* Scratch registers become what they were in the thread's past; the others are the message. */
	load_scratch
	mov	x18, xzr
	mov	x28, xzr
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, #0
	eret
	dsb	nsh
	isb

/* As if nothing had been tried; what C has left in the scratch registers is dropped. */
fast_refused:
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_CURRENT]
	ldr	x0, [x0]
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 29, 30
	mov	x\n, xzr
	.endr
	b	user_sync_ordinary
	.size	fast_syscall, . - fast_syscall
#endif

	.type	user_irq, %function
user_irq:
	stp	x0, x1, [sp, #-16]!
	save_user
	bl	kernel_irq
	bl	kernel_exit
	.size	user_irq, . - user_irq

/* arch_irq_window(): there may be none, which kernel_irq() learns when it claims. */
	.globl	arch_irq_window
	.type	arch_irq_window, %function
arch_irq_window:
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_STACK_TOP]
	mov	sp, x0
/* In arch_idle(): what it was doing is of no interest. */
idle_irq:
	mov	x29, xzr
	mov	x30, xzr
	bl	kernel_irq
	bl	kernel_exit
	.size	arch_irq_window, . - arch_irq_window

/*
 * arch_idle(): a masked interrupt that is pending ends the wait, so none can
 * slip in between the last look and the wait.  It is then taken by unmasking.
 */
	.globl	arch_idle
	.type	arch_idle, %function
arch_idle:
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #CPU_STACK_TOP]
	mov	sp, x0
1:	dsb	sy
	wfi
	msr	daifclr, #2
	isb
	msr	daifset, #2
	b	1b
	.size	arch_idle, . - arch_idle

/* arch_enter_user(thread) */
	.globl	arch_enter_user
	.type	arch_enter_user, %function
arch_enter_user:
	mrs	x1, tpidr_el1
	ldr	x1, [x1, #CPU_STACK_TOP]
	mov	sp, x1
	ldp	x1, x2, [x0, #REGS_SP]
	ldp	x3, x4, [x0, #REGS_PSTATE]
	msr	sp_el0, x1
	msr	elr_el1, x2
	msr	spsr_el1, x3
	msr	tpidr_el0, x4
	ldr	x19, [x0, #152]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	load_volatile
	eret
	dsb	nsh /* no speculation past the eret, with the user's registers */
	isb
	.size	arch_enter_user, . - arch_enter_user

/*
 * Something went wrong in the kernel.  The user's sp is saved already and the
 * way leads to panic, so two registers that user mode sees are free for use.
 * On a stack that is used up we go on on another one.
 */
	.macro	exception number
	msr	tpidrro_el0, x0
	msr	sp_el0, x1
	mov	x1, #\number
	b	exception_common
	.endm

	.type	exception_sync, %function
exception_sync:
	exception 0
exception_irq:
	exception 1
exception_fiq:
	exception 2
exception_serror:
	exception 3
exception_common:
	msr	tpidr_el0, x1
	mov	x0, sp
	tbz	x0, #STACK_BIT, 1f
	tst	x0, #(STACK_SIZE - STACK_RESERVE)
	b.ne	2f
1:	ldr	x1, =emergency_stack_top
	mov	sp, x1
2:	sub	sp, sp, #REGS_SIZE
	str	x0, [sp, #REGS_SP]
	mrs	x0, tpidrro_el0
	mrs	x1, sp_el0
	stp	x0, x1, [sp]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	str	x30, [sp, #REGS_X30]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x1, tpidr_el0
	str	x2, [sp, #REGS_PC]
	stp	x3, xzr, [sp, #REGS_PSTATE]
	mov	x0, sp
	bl	kernel_exception
	.size	exception_sync, . - exception_sync
	.ltorg
	.cfi_endproc

	.section .note.GNU-stack, "", %progbits
