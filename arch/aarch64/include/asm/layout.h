/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the kernel on AArch64: four levels of 4 KiB tables, 48 bits.
 * TTBR0 holds the user half, TTBR1 the kernel's.  Plain numbers, because
 * assembly and the linker script read this too.
 *
 *   0000000000000000  user half; half of what TTBR0 can reach, as elsewhere
 *   00007fffffffffff
 *   ffff800000000000  direct map of physical memory
 *   fffffe0000000000  kernel stacks, each between guard pages
 *   ffffffff80000000  kernel image, wherever the boot loader put it
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define USER_END 0x00007ffffffff000
#define DIRECT_BASE 0xffff800000000000
#define STACK_BASE 0xfffffe0000000000
#define KERNEL_BASE 0xffffffff80000000

/* The Linux boot protocol loads the image at a multiple of this; it is also a level-1 block. */
#define BOOT_BLOCK 0x200000

#endif
