/* SPDX-License-Identifier: MIT */
/*
 * The image: linked at KERNEL_BASE, asking to be loaded at KERNEL_PHYS.  Its
 * first byte is its entry, because the loader jumps there whatever the file
 * says.
 */
#include <asm/layout.h>

#define PHYS(section) AT(ADDR(section) - KERNEL_BASE + KERNEL_PHYS)

OUTPUT_ARCH(riscv)
ENTRY(boot_entry)

#include "../image.lds.h"
