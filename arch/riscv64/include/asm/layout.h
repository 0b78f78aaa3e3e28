/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the kernel on RISC-V with Sv39: three levels of tables, 39
 * bits.  Plain numbers, because assembly and the linker script read this too.
 *
 *   0000000000000000  user half; its last page stays free
 *   0000003fffffffff
 *   ffffffc000000000  direct map of physical memory, 252 GiB
 *   ffffffff00000000  kernel stacks, each between guard pages
 *   ffffffff80000000  kernel image
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define USER_END 0x0000003ffffff000
#define DIRECT_BASE 0xffffffc000000000
#define DIRECT_SIZE 0x3f00000000
#define STACK_BASE 0xffffffff00000000
#define KERNEL_BASE 0xffffffff80000000

/*
 * Where the image asks to be loaded: 2 MiB above OpenSBI, which is where its
 * firmware jumps to.  Any other multiple of 2 MiB does as well.
 */
#define KERNEL_PHYS 0x80200000

#endif
