/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the kernel on x86_64: four levels of tables, 48 bits.  Plain
 * numbers, because assembly and the linker script read this too.
 *
 *   0000000000000000  user half; its last page stays free, so that no
 *                     instruction can end at the edge of the hole
 *   00007fffffffffff
 *   ffff800000000000  direct map of physical memory
 *   fffffe0000000000  kernel stacks, each between guard pages
 *   ffffffff81000000  kernel image, loaded at 16 MiB
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define USER_END 0x00007ffffffff000
#define DIRECT_BASE 0xffff800000000000
#define STACK_BASE 0xfffffe0000000000

/*
 * 16 MiB is above the holes that UEFI firmware leaves in low memory.  The
 * code model wants link addresses in the top 2 GiB; LINK_OFFSET + physical
 * address is the link address.
 */
#define KERNEL_PHYS 0x1000000
#define LINK_OFFSET 0xffffffff80000000
#define KERNEL_BASE 0xffffffff81000000

/* What the boot tables map: the first 4 GiB, at zero and in the direct map. */
#define BOOT_MAP_SIZE 0x100000000

#endif
