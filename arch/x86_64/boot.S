/* SPDX-License-Identifier: MIT */
/*
 * From the boot protocols' 32-bit mode, and from the real mode in which other
 * processors wake, into 64-bit mode on the kernel's link addresses.  Nothing
 * of the state we are given is kept: control registers are written whole.
 *
 * Boot tables: the first 4 GiB at zero (this code, the trampoline) and in the
 * direct map (not executable there), and the first GiB at the link addresses.
 * The final tables replace them on each processor; they stay for starting the
 * next one.
 *
 * The loaders have cleared .bss, as the ELF format demands.
 */
#include <asm/layout.h>
#include <asm/x86.h>
#include <generated/asm-offsets.h>
#include <kernel/handover.h>

#define PHYS(symbol) (symbol - LINK_OFFSET)

/* 64-bit mode uses none of them. */
.macro clear_segments
	xor %eax, %eax
	.irp segment, ds, es, fs, gs, ss
	mov %eax, %\segment
	.endr
.endm

	/* Xen's note 18 tells the loader of the 32-bit entry (PVH). */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4
	.long 4
	.long 18
	.asciz "Xen"
	.long PHYS(boot_pvh)

	.section .boot, "ax"
	.balign 8
multiboot_header:
	.long 0xe85250d6
	.long 0 /* architecture: i386 protected mode */
	.long multiboot_header_end - multiboot_header
	.long -(0xe85250d6 + (multiboot_header_end - multiboot_header))
	.balign 8
	.short 6, 0 /* modules on page boundaries */
	.long 8
	.short 0, 0 /* end of tags */
	.long 8
multiboot_header_end:

	.code32
	.globl boot_multiboot
	.type boot_multiboot, @function
boot_multiboot:
	mov %eax, %esi /* the loader's magic */
	jmp boot_common
	.size boot_multiboot, . - boot_multiboot

	.type boot_pvh, @function
boot_pvh:
	mov $PVH_MAGIC, %esi
boot_common:
	cli
	cld
	mov $PHYS(boot_stack_top), %esp
	mov %ebx, %edi /* the loader's information */

	/* 64-bit mode and no-execute, or there is nothing we can do. */
	mov $0x80000000, %eax
	cpuid
	cmp $0x80000001, %eax
	jb boot_unfit
	mov $0x80000001, %eax
	cpuid
	and $(1 << 29 | 1 << 20), %edx
	cmp $(1 << 29 | 1 << 20), %edx
	jne boot_unfit

	/* 2048 leaves of 2 MiB: present, writable, accessed, dirty, large. */
	mov $PHYS(boot_directories), %ebx
	mov $0xe3, %eax
	mov $2048, %ecx
1:	mov %eax, (%ebx)
	movl $0, 4(%ebx)
	add $0x200000, %eax
	add $8, %ebx
	dec %ecx
	jnz 1b
	mov $PHYS(boot_pointers_low), %ebx
	mov $PHYS(boot_directories) + 0x23, %eax
	mov $4, %ecx
2:	mov %eax, (%ebx)
	add $0x1000, %eax
	add $8, %ebx
	dec %ecx
	jnz 2b
	movl $PHYS(boot_directories) + 0x23, PHYS(boot_pointers_high) + 510 * 8
	movl $PHYS(boot_pointers_low) + 0x23, PHYS(boot_root)
	movl $PHYS(boot_pointers_low) + 0x23, PHYS(boot_root) + 256 * 8
	movl $0x80000000, PHYS(boot_root) + 256 * 8 + 4 /* no-execute */
	movl $PHYS(boot_pointers_high) + 0x23, PHYS(boot_root) + 511 * 8

	lgdtl PHYS(boot_gdt_pointer)
	mov $PHYS(boot_64), %ebp

/* 32-bit mode, no paging: switch to 64-bit mode and go on at the address in %ebp. */
enter_long_mode:
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $PHYS(boot_root), %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	mov $(EFER_SCE | EFER_LME | EFER_NXE), %eax
	xor %edx, %edx
	wrmsr
	mov $CR0_KERNEL, %eax
	mov %eax, %cr0
	ljmp $SEL_KERNEL_CODE, $PHYS(1f)
	.code64
1:	jmp *%rbp

	.code32
boot_unfit:
	mov $PHYS(unfit_text), %esi
1:	mov $0x3fd, %edx
2:	in %dx, %al
	test $0x20, %al
	jz 2b
	mov $0x3f8, %edx
	lodsb
	test %al, %al
	jz 3f
	out %al, %dx
	jmp 1b
3:	mov $0xf4, %edx /* failure status, for an emulator that listens */
	mov $0x41, %eax
	out %eax, %dx
4:	hlt
	jmp 4b
	.size boot_pvh, . - boot_pvh

	.code64
	.type boot_64, @function
boot_64:
	mov $1f, %rax
	jmp *%rax
1:	clear_segments
	mov $boot_stack_top, %rsp
	xor %ebp, %ebp /* end of the chain of frames */
	mov %edi, %eax
	mov %esi, %edi
	mov %eax, %esi
	call boot_main
	ud2
	.size boot_64, . - boot_64

/*
 * What another processor executes first, copied to a page below 1 MiB: real
 * mode, %cs is that page.  It touches nothing of the page but its own code.
 */
	.section .rodata.trampoline, "a"
	.code16
	.globl trampoline_start, trampoline_size
trampoline_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lgdtl boot_gdt_copy - trampoline_start
	mov $(CR0_PE | CR0_ET), %eax
	mov %eax, %cr0
	ljmpl $SEL_BOOT_CODE32, $PHYS(secondary_32)
boot_gdt_copy:
	.short boot_gdt_end - boot_gdt - 1
	.long PHYS(boot_gdt)
trampoline_end:
	.balign 4
trampoline_size:
	.long trampoline_end - trampoline_start

	.section .boot, "ax"
	.code32
	.type secondary_32, @function
secondary_32:
	mov $SEL_KERNEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $PHYS(secondary_64), %ebp
	jmp enter_long_mode
	.size secondary_32, . - secondary_32

	.code64
	.type secondary_64, @function
secondary_64:
	mov $1f, %rax
	jmp *%rax
1:	clear_segments
	mov kernel_root(%rip), %rax
	mov %rax, %cr3

	/* Which CPU am I?  The one with my APIC id and a stack. */
	mov $1, %eax
	cpuid
	shr $24, %ebx
	mov $cpus, %rdi
	mov $CONFIG_NR_CPUS, %ecx
2:	cmp %rbx, CPU_HWID(%rdi)
	jne 3f
	mov CPU_STACK_TOP(%rdi), %rsp
	test %rsp, %rsp
	jnz 4f
3:	add $CPU_SIZE, %rdi
	dec %ecx
	jnz 2b
	jmp secondary_unknown
4:	xor %ebp, %ebp
	call secondary_main
secondary_unknown:
	hlt
	jmp secondary_unknown
	.size secondary_64, . - secondary_64

	.section .rodata.boot, "a"
	.balign 8
boot_gdt:
	.quad 0
	.quad DESCRIPTOR_CODE64
	.quad DESCRIPTOR_DATA
	.quad DESCRIPTOR_CODE32
boot_gdt_end:
boot_gdt_pointer:
	.short boot_gdt_end - boot_gdt - 1
	.long PHYS(boot_gdt)
unfit_text:
	.asciz "Veridian: this processor has no 64-bit mode or no no-execute bit.\r\n"

	.section .bss
	.balign 4096
boot_root:
	.skip 4096
boot_pointers_low:
	.skip 4096
boot_pointers_high:
	.skip 4096
boot_directories:
	.skip 4 * 4096
	.globl boot_stack_bottom, boot_stack_top
boot_stack_bottom:
	.skip 16384
boot_stack_top:

	.section .note.GNU-stack, "", %progbits
