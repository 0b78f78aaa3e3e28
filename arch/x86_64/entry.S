/* SPDX-License-Identifier: MIT */
/*
 * Ways into the kernel and the way out to user mode.
 *
 * An entry from user mode finds %rsp at the end of the running thread's struct
 * arch_regs (the processor loads TSS.rsp0; a system call does it by hand) and
 * pushes everything there; then the CPU's empty stack is taken.  An exception
 * inside the kernel makes the same frame on the stack it interrupted and never
 * returns.  An interrupt inside the kernel is one that ended arch_idle(): what
 * it interrupted is nothing, so its frame is dropped.
 *
 * No value of user mode's registers survives into C except through the frame.
 * UD2 follows each call that does not return, so that its return address lies
 * in the function that made it: backtraces look names up by that.
 */
#include <asm/x86.h>
#include <generated/asm-offsets.h>

/* Below vector and error: the rest of struct arch_regs, first word last. */
.macro push_registers
	sub $16, %rsp /* fs_base and reload_segments stay as they are */
	push %r11
	push %r10
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r9
	push %r8
	push %r15
	push %r14
	push %r13
	push %r12
	push %rbp
	push %rbx
.endm

.macro clear_registers
	xor %eax, %eax
	xor %ebx, %ebx
	xor %ecx, %ecx
	xor %edx, %edx
	xor %ebp, %ebp /* also the end of the chain of frames */
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	xor %r12d, %r12d
	xor %r13d, %r13d
	xor %r14d, %r14d
	xor %r15d, %r15d
.endm

	.text
	.globl entry_syscall
	.type entry_syscall, @function
entry_syscall:
	swapgs
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
	.size entry_syscall, . - entry_syscall

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

	.section .note.GNU-stack, "", %progbits
