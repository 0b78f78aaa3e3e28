/* SPDX-License-Identifier: MIT */
/*
 * Known instructions for the plugin of the yardstick, x86_64; known.py tells what each row must come
 * to.  A row's user part is one cache line from its first counted instruction on, the kernel's entry
 * is one, its handlers are one each but for the long ones, and the three are in pages of their own.
 *
 * Memory: the first GiB where it is and at KERNEL, and the last below 4 GiB (the local APIC) at DEVICES.
 */
	.equ	KERNEL, 0xffffffff80000000
	.equ	APIC, 0xfffffffffee00000
	.equ	SECOND, 0x8000 /* where the second CPU begins */
	.equ	IS_DONE, 0x8800

	/* Row NUMBER; the trap, if any, goes to HANDLER. Ends with the line before what is counted. */
	.macro	start number, handler=nothing
	mov	$\number, %edi
	call	mark
	movabs	$\handler + KERNEL, %rbx
	line
	.endm

	.macro	line
	.balign	64
	.rept	62
	nop
	.endr
	rdtsc
	.endm

	.macro	stop
	rdtsc
	.endm

	.macro	trap
	syscall
	.endm

	.macro	leave_kernel
	sysretq
	.endm

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18
	.asciz	"Xen"
	.long	boot

	.text
	.code32
	.globl	boot
boot:
	mov	$stack_top, %esp
	/* 512 leaves of 2 MiB each: user mode may reach what it finds. */
	mov	$leaves_low, %edi
	mov	$0xe7, %eax
	call	fill
	mov	$0xc00000e7, %eax
	call	fill
	movl	$pointers_low + 7, root
	movl	$pointers_high + 7, root + 511 * 8
	movl	$leaves_low + 7, pointers_low
	movl	$leaves_low + 7, pointers_high + 510 * 8
	movl	$leaves_high + 7, pointers_high + 511 * 8
	mov	$0x20, %eax /* PAE */
	mov	%eax, %cr4
	mov	$root, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx /* EFER: SYSCALL, 64-bit mode */
	mov	$0x101, %eax
	xor	%edx, %edx
	wrmsr
	mov	$0x80000011, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $long_mode

fill:
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b
	ret

	.code64
long_mode:
	movabs	$1f + KERNEL, %rax
	jmp	*%rax
1:	mov	$0xc0000081, %ecx /* STAR */
	xor	%eax, %eax
	mov	$0x00100008, %edx
	wrmsr
	inc	%ecx /* LSTAR */
	mov	$entry, %eax
	or	$0x80000000, %eax
	mov	$-1, %edx
	wrmsr
	/* An interrupt at vector 0x40. */
	movabs	$interrupt + KERNEL, %rax
	mov	$idt + 0x40 * 16, %edi
	mov	%ax, (%rdi)
	movw	$8, 2(%rdi)
	movw	$0x8e00, 4(%rdi)
	shr	$16, %rax
	mov	%ax, 6(%rdi)
	movl	$-1, 8(%rdi)
	lidt	idt_pointer
	movl	$0x1ff, APIC + 0xf0 /* on */
	/* The second CPU has been left somewhere by the firmware: it waits for its start. */
	mov	$second, %esi
	mov	$SECOND, %edi
	mov	$second_end - second, %ecx
	rep movsb
	movl	$1 << 24, APIC + 0x310
	movl	$0x4500, APIC + 0x300 /* INIT */
	mov	$100000, %ecx
1:	dec	%ecx
	jnz	1b
	mov	$user, %ecx
	mov	$2, %r11d
	.globl	entered
entered: /* four instructions before user mode */
	nop
	nop
	nop
	sysretq

	/* In real mode: 42 instructions. */
	.code16
second:
	.rept	40
	nop
	.endr
	movb	$1, %cs:IS_DONE - SECOND
	hlt
second_end:
	.code64

	.balign	8
gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.short	. - gdt - 1
	.long	gdt
	.balign	8
idt_pointer:
	.short	0x41 * 16 - 1
	.quad	idt

	.balign	4096
entry:
	jmp	*%rbx

	.balign	4096
nothing:
	leave_kernel
	.balign	64
roots:
	.rept	4
	mov	%r15, %cr3
	.endr
	leave_kernel
	.balign	64
maintenance:
	.rept	5
	invlpg	(%rsi)
	.endr
	leave_kernel
	.balign	64
registers:
	mov	%rcx, %r12
	mov	$0xc0000080, %ecx
	.rept	3
	rdmsr
	mov	%cr4, %rax
	.endr
	mov	%r12, %rcx
	leave_kernel
	.balign	64
device:
	.rept	7
	mov	(%rsi), %eax
	.endr
	leave_kernel
	.balign	64
ports:
	.rept	2
	in	$0x80, %al
	.endr
	leave_kernel
	.balign	64
	.globl	long_loop
long_loop:
	mov	$1000, %eax
1:	nop
	dec	%eax
	jnz	1b
	leave_kernel
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
	leave_kernel
	.balign	64
idles: /* an interrupt is pending: it goes on at once */
	movl	$0x40040, APIC + 0x300
	.rept	298
	nop
	.endr
	sti
	hlt
	cli
	.rept	199
	nop
	.endr
	leave_kernel
interrupt:
	iretq
	.balign	64
returns: /* to the kernel: eight instructions and a hundred */
	mov	%rsp, %rax
	pushq	$16
	push	%rax
	pushfq
	pushq	$8
	lea	1f(%rip), %rdx
	push	%rdx
	iretq
1:	.rept	99
	nop
	.endr
	leave_kernel
	.balign	64
calls:
	xor	%eax, %eax
	call	function
	call	function
	inc	%eax
	call	function
	leave_kernel
	.balign	64
	.globl	function
function: /* four instructions, or eight */
	test	%eax, %eax
	jnz	slow_way
	mfence
	ret
	.balign	64
	.globl	slow_way
slow_way: /* and another page's line */
	mov	root(%rip), %edx
	.rept	4
	nop
	.endr
	ret
start_second:
	movl	$0x4600 | SECOND >> 12, APIC + 0x300
1:	cmpb	$0, IS_DONE
	je	1b
	mov	$10000, %eax
1:	dec	%eax
	jnz	1b
	leave_kernel
power_off:
	mov	$0x10, %eax
	out	%eax, $0xf4
	jmp	.

	.section .user, "awx"
	.globl	user
user:
	mov	$data, %esi
	start	1
	stop
	start	2
	lock xadd %rax, (%rsi)
	xchg	%rax, (%rsi)
	stop
	start	3
	mfence
	lfence
	sfence
	stop
	start	4
	trap
	trap
	trap
	stop
	mov	$root, %r15d
	start	5, roots
	trap
	stop
	start	6, maintenance
	trap
	stop
	start	7, registers
	trap
	stop
	mov	$APIC + 0x20, %rsi /* its identity */
	start	8, device
	trap
	stop
	mov	$data, %esi
	start	9
	.rept	8
	fxsave	(%rsi)
	.endr
	stop
	start	10, ports
	trap
	stop
	start	11
	.rept	2
	mov	%rax, (%rsi)
	mov	%rax, 64(%rsi)
	mov	%rax, 320(%rsi)
	mov	%al, 4096 + 127(%rsi)
	mov	8192 + 128(%rsi), %rax
	.endr
	stop
	start	12
	mov	%rax, 60(%rsi)
	mov	%rax, 8192 - 4(%rsi)
	stop
	.include "rows.S"
	movabs	$power_off + KERNEL, %rbx
	trap

mark:
	movabs	$marks, %rax
	add	%rdi, %rax
	nopl	0x56524431(%rax)
	movb	$1, (%rax)
	ret

	.balign	4096
root:
	.skip	4096
pointers_low:
	.skip	4096
pointers_high:
	.skip	4096
leaves_low:
	.skip	4096
leaves_high:
	.skip	4096
marks:
	.skip	4096
data:
	.skip	3 * 4096
idt:
	.skip	0x41 * 16
	.skip	4096
stack_top:
