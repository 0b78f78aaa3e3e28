/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the kernel on RISC-V: three levels of tables (Sv39).  Plain
 * numbers, because assembly and the linker script read this too.
 *
 *   0000000000000000  user half, its last page stays free
 *   ffffffc000000000  direct map of physical memory, 252 GiB
 *   ffffffff00000000  kernel stacks, each between guard pages
 *   ffffffff80200000  kernel image, loaded at 0x80200000: the same place in its gigapage
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define USER_END 0x0000003ffffff000
#define DIRECT_BASE 0xffffffc000000000
#define STACK_BASE 0xffffffff00000000
#define KERNEL_BASE 0xffffffff80200000
#define KERNEL_PHYS 0x80200000

/* What the boot tables map in the direct map. */
#define BOOT_MAP_SIZE 0x100000000

#endif
