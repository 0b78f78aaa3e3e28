/* SPDX-License-Identifier: MIT */
/*
 * Ways into the kernel and the way out to user mode.
 *
 * An exception from user mode finds %rsp at the end of the running thread's
 * struct arch_regs (TSS.rsp0) and pushes everything there; then the CPU's empty
 * stack is taken.  An exception inside the kernel makes the same frame on the
 * stack it interrupted and never returns.  An interrupt inside the kernel is one
 * that ended arch_idle() or arch_irq_window(): what it interrupted is nothing, so its frame is
 * dropped.
 *
 * An exception or interrupt lets no value of user mode's registers survive into
 * C except through the frame.  A system call leaves in their registers those that
 * C preserves, and saves them only when another thread may come, see <kernel/arch.h>.
 * UD2 follows each call that does not return, so that its return address lies
 * in the function that made it: backtraces look names up by that.
 */
#include <asm/x86.h>
#include <generated/asm-offsets.h>
#include <generated/syscall_numbers.h>
#include <veridian/message.h>

/* Below vector and error: the rest of struct arch_regs, first word last. */
.macro push_registers
	sub $16, %rsp /* fs_base and reload_segments stay as they are */
	.irp register, r11, r10, rdi, rsi, rdx, rcx, rax, r9, r8, r15, r14, r13, r12, rbp, rbx
	push %\register
	.endr
.endm

/* The cleared ebp is also the end of the chain of frames. */
.macro clear_registers
	.irp register, eax, ebx, ecx, edx, ebp, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
	xor %\register, %\register
	.endr
.endm

/* Operands, and what a C function may change, but for r12, rcx and r11; registers at rsp. */
.macro each_volatile what
	volatile_\what %rax, REGS_RAX
	volatile_\what %rdx, REGS_RDX
	volatile_\what %rsi, REGS_RSI
	volatile_\what %rdi, REGS_RDI
	volatile_\what %r8, REGS_R8
	volatile_\what %r9, REGS_R9
	volatile_\what %r10, REGS_R10
.endm
.macro volatile_save register, offset
	mov \register, \offset(%rsp)
.endm
.macro volatile_load register, offset
	mov \offset(%rsp), \register
.endm

/* What a C function keeps, and no call but a raw one takes; registers at rdi. */
.macro save_preserved
	mov %rbx, REGS_RBX(%rdi)
	mov %rbp, REGS_RBP(%rdi)
	mov %r13, REGS_R13(%rdi)
	mov %r14, REGS_R14(%rdi)
	mov %r15, REGS_R15(%rdi)
.endm

/* The thread in rdi, its handles in rsi; an IPC call has nothing in rsi. */
.macro fast_enter
	mov %gs:CPU_CURRENT, %rsi
	mov %rcx, REGS_RIP(%rsi)
	mov %r11, REGS_RFLAGS(%rsi)
	mov %rsp, REGS_RSP(%rsi)
	mov %rdi, REGS_RDI(%rsi)
	mov %gs:CPU_STACK_TOP, %rsp
	push %r8
	push %r9
	push %r10
	xchg %rdi, %rsi
.endm

	.text
	/* For debuggers: nobody called what is here, so the chain of callers ends in it. */
	.cfi_sections .debug_frame
	.cfi_startproc
	.cfi_undefined rip
	.globl entry_syscall
	.type entry_syscall, @function
entry_syscall:
	swapgs
	cmp $SYS_RAW_LAST, %r10b
	jbe entry_raw_syscall
	mov %rsp, %gs:CPU_USER_RSP
	mov %gs:CPU_CURRENT, %rsp
	mov %rcx, REGS_RIP(%rsp)
	mov %gs:CPU_USER_RSP, %rcx
	mov %rcx, REGS_RSP(%rsp)
	mov %r11, REGS_RFLAGS(%rsp)
	movq $VECTOR_SYSCALL, REGS_VECTOR(%rsp)
	each_volatile save
	mov %r12, REGS_R12(%rsp)
	mov %rsp, %rdi
	mov %gs:CPU_STACK_TOP, %rsp
	sub $16, %rsp
	mov %rdi, (%rsp)
	call kernel_syscall
	pop %rdi
	test %al, %al
	jz 1f
	mov %rdi, %rsp
	mov REGS_RIP(%rsp), %rcx
	mov REGS_RFLAGS(%rsp), %r11
	each_volatile load
	mov REGS_RSP(%rsp), %rsp
	swapgs
	sysretq
1:	add $8, %rsp
	save_preserved
	xor %ebp, %ebp
	call kernel_exit
	ud2
	.size entry_syscall, . - entry_syscall

	.type entry_raw_syscall, @function
entry_raw_syscall:
#ifdef CONFIG_IPC_FASTPATH
	cmp $MSG_SHORT_MAX, %r10d
	jbe fast_syscall
entry_long_syscall:
#endif
	mov %rsp, %gs:CPU_USER_RSP
	mov %gs:CPU_CURRENT, %rsp
	add $REGS_SIZE, %rsp
	push $SEL_USER_DATA
	push %gs:CPU_USER_RSP
	push %r11
	push $SEL_USER_CODE
	push %rcx
	push $0
	push $VECTOR_SYSCALL
	push_registers
	mov %rsp, %rdi
	clear_registers
	mov %gs:CPU_STACK_TOP, %rsp
	call kernel_syscall
	call kernel_exit
	ud2
	.size entry_raw_syscall, . - entry_raw_syscall

#ifdef CONFIG_IPC_FASTPATH
/*
 * ipc_call and ipc_reply_receive: C keeps six of the message words in their
 * registers, the stack the other two and the tag.  What the thread needs to go
 * on after the call is saved; the next one gets the sender's registers.
 */
	.type fast_syscall, @function
fast_syscall:
	cmp $SYS_ipc_call, %r10b
	je 1f
	cmp $SYS_ipc_reply_receive, %r10b
	jne entry_long_syscall
	fast_enter
	mov %r10, %rdx
	call ipc_fast_reply_receive
	test %rax, %rax
	jnz fast_return
	jmp fast_refused
1:	fast_enter
	call ipc_fast_call
	test %rax, %rax
	jz fast_refused
fast_return:
	pop %r10
	pop %r9
	pop %r8
	lea REGS_SIZE(%rax), %rcx
	mov %rcx, %gs:CPU_TSS_RSP0
	mov %rax, %gs:CPU_SEGMENTS_OWNER
	/* Selectors that load an FS base of 0 are all that user mode can do without us. */
	mov REGS_FS_BASE(%rax), %rcx
	or %gs:CPU_FS_BASE, %rcx
	jnz fast_load_fs
fast_leave:
	mov REGS_RIP(%rax), %rcx
	mov REGS_RFLAGS(%rax), %r11
	mov REGS_RSP(%rax), %rsp
	xor %eax, %eax
	xor %edi, %edi
	xor %esi, %esi
	swapgs
	sysretq

fast_load_fs:
	mov %rax, %rdi
	mov %rdx, %rsi
	mov REGS_FS_BASE(%rdi), %rdx
	mov %rdx, %gs:CPU_FS_BASE
	mov $MSR_FS_BASE, %ecx
	mov %edx, %eax
	shr $32, %rdx
	wrmsr
	mov %rdi, %rax
	mov %rsi, %rdx
	jmp fast_leave

/* As if nothing had been tried; what C has left in the other registers is dropped. */
fast_refused:
	pop %r10
	pop %r9
	pop %r8
	mov %gs:CPU_CURRENT, %rax
	mov REGS_RIP(%rax), %rcx
	mov REGS_RFLAGS(%rax), %r11
	mov REGS_RDI(%rax), %rdi
	mov REGS_RSP(%rax), %rsp
	xor %eax, %eax
	xor %edx, %edx
	xor %esi, %esi
	jmp entry_long_syscall
	.size fast_syscall, . - fast_syscall
#endif

/*
 * One stub of 16 bytes a vector.  Where the processor pushes no error code,
 * the stub pushes a zero.
 */
	.balign 16
	.globl entry_vectors
	.type entry_vectors, @function
entry_vectors:
	.set vector, 0
	.rept NR_VECTORS
	.balign 16
	.if vector == VECTOR_NMI
	jmp entry_nmi
	.else
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push $0
	.endif
	push $vector
	.if vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK
	jmp entry_fatal
	.elseif vector < NR_EXCEPTIONS
	jmp entry_exception
	.else
	jmp entry_interrupt
	.endif
	.endif
	.set vector, vector + 1
	.endr
	.size entry_vectors, . - entry_vectors

/*
 * Interrupts and exceptions leave the user's AC and DF set.  CLAC exists only
 * with SMAP, and without SMAP nothing asks for AC.
 */
.macro harden
	cld
	cmpb $0, entry_has_smap(%rip)
	je 99f
	clac
99:
.endm

	.type entry_exception, @function
entry_exception:
	testb $3, 24(%rsp)
	jz entry_in_kernel
	swapgs
	push_registers
	mov %rsp, %rdi
	harden
	clear_registers
	mov %gs:CPU_STACK_TOP, %rsp
	call trap_user
	call kernel_exit
	ud2

entry_in_kernel:
	push_registers
	mov %rsp, %rdi
	harden
	call trap_kernel /* %rbp as interrupted: the backtrace goes on there */
	ud2
	.size entry_exception, . - entry_exception

	.type entry_interrupt, @function
entry_interrupt:
	testb $3, 24(%rsp)
	jz entry_from_idle
	swapgs
	push_registers
	harden
entry_interrupt_common:
	mov REGS_VECTOR(%rsp), %rax
	mov %rax, %gs:CPU_VECTOR
	clear_registers
	mov %gs:CPU_STACK_TOP, %rsp
	call kernel_irq
	call kernel_exit
	ud2

entry_from_idle:
	mov (%rsp), %rax
	mov %rax, %gs:CPU_VECTOR
	xor %ebp, %ebp
	mov %gs:CPU_STACK_TOP, %rsp
	call kernel_irq
	call kernel_exit
	ud2
	.size entry_interrupt, . - entry_interrupt

/*
 * Double fault and machine check come on a stack of their own, perhaps between
 * an entry and its SWAPGS.  User mode's GS base is 0 and the kernel's is
 * negative, so the sign tells.
 */
	.type entry_fatal, @function
entry_fatal:
	push_registers
	mov $MSR_GS_BASE, %ecx
	rdmsr
	test %edx, %edx
	js 1f
	swapgs
1:	mov %rsp, %rdi
	harden
	call trap_kernel
	ud2
	.size entry_fatal, . - entry_fatal

/*
 * Non-maskable interrupts come from arch_ipi_stop_others().  Any other one is
 * counted and forgotten: this code touches neither GS nor the kernel's data.
 */
	.type entry_nmi, @function
entry_nmi:
	cmpb $0, cpu_is_stopping(%rip)
	jne 1f
	lock incl nmi_count(%rip)
	iretq
1:	cli
	hlt
	jmp 1b
	.size entry_nmi, . - entry_nmi

/*
 * void entry_return_user(struct arch_regs *regs): SYSRET is taken only for a
 * thread that came by SYSCALL, whose pc is in the user half (the caller has
 * checked), and whose flags SYSRET restores as IRET would.
 */
	.globl entry_return_user
	.type entry_return_user, @function
entry_return_user:
	mov %rdi, %rsp
	pop %rbx
	pop %rbp
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	pop %r8
	pop %r9
	pop %rax
	cmpl $VECTOR_SYSCALL, REGS_VECTOR - 9 * 8(%rsp)
	jne 1f
	testl $(RFLAGS_TF | RFLAGS_RF), REGS_RFLAGS - 9 * 8(%rsp)
	jnz 1f
	add $8, %rsp
	pop %rdx
	pop %rsi
	pop %rdi
	pop %r10
	mov REGS_RIP - REGS_R11(%rsp), %rcx
	mov REGS_RFLAGS - REGS_R11(%rsp), %r11
	mov REGS_RSP - REGS_R11(%rsp), %rsp
	swapgs
	sysretq
1:	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	pop %r10
	pop %r11
	add $32, %rsp
	swapgs
	iretq
	.size entry_return_user, . - entry_return_user

/*
 * void arch_idle(void): STI takes effect after the next instruction, so no
 * interrupt can come between "nothing to do" and HLT.  HLT returns only after
 * a non-maskable interrupt; all others leave through entry_from_idle.
 */
	.globl entry_idle
	.type entry_idle, @function
entry_idle:
	mov %gs:CPU_STACK_TOP, %rsp
	xor %ebp, %ebp
1:	sti
	hlt
	jmp 1b
	.size entry_idle, . - entry_idle

/* void arch_irq_window(void): STI, and an instruction behind which the interrupts come. */
	.globl entry_window
	.type entry_window, @function
entry_window:
	mov %gs:CPU_STACK_TOP, %rsp
	xor %ebp, %ebp
	sti
	nop
	cli
	call kernel_exit
	ud2
	.size entry_window, . - entry_window

/* void entry_bad_pc(struct thread *thread): it cannot be entered at its pc; on an empty stack. */
	.globl entry_bad_pc
	.type entry_bad_pc, @function
entry_bad_pc:
	mov %gs:CPU_STACK_TOP, %rsp
	xor %ebp, %ebp
	call trap_bad_pc
	call kernel_exit
	ud2
	.size entry_bad_pc, . - entry_bad_pc
	.cfi_endproc

	.section .note.GNU-stack, "", %progbits
