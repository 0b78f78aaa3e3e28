/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the kernel when it is a program of the host: physical memory is
 * an array, which the direct map shows at its own address.  User addresses are
 * walked by the simulator; the user half ends below what the host uses itself,
 * so that a page can be shown at its own address (program.c).
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define HOST_MEMORY_SIZE (32UL << 20)

#ifndef __ASSEMBLY__
extern unsigned char host_memory[HOST_MEMORY_SIZE];
#endif

#define USER_END 0x0000400000000000
#define DIRECT_BASE ((unsigned long)host_memory)
#define STACK_BASE 0x0000600000000000

#endif
