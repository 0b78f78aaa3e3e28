/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the kernel when it is a program of the host: physical memory is
 * an array, which the direct map shows at its own address.
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#ifndef HOST_MEMORY_SIZE
#define HOST_MEMORY_SIZE (64UL << 20)
#endif

extern unsigned char host_memory[HOST_MEMORY_SIZE];

#define USER_END 0x00007ffffffff000
#define DIRECT_BASE ((unsigned long)host_memory)

#endif
