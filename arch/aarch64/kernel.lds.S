/* SPDX-License-Identifier: MIT */
/*
 * The image: linked in the top 2 GiB, loaded at any multiple of 2 MiB by the
 * Linux boot protocol, whose header is the first thing in it.  The boot tables
 * come first in .bss and are cleared on their own, before the MMU is on; the
 * rest of it afterwards.
 */
#include <asm/layout.h>

/*
 * Where a loader of ELF files puts the image; the Linux boot protocol does not
 * look at it.  Such a start ends with a message: it brings no device tree.
 */
#define ELF_LOAD_ADDRESS 0x40200000
#define PHYS(section) AT(ADDR(section) - KERNEL_BASE + ELF_LOAD_ADDRESS)
#define BSS_FIRST *(.bss.boot_tables) boot_tables_end = .;

OUTPUT_ARCH(aarch64)
ENTRY(image_start)

#include "../image.lds.h"

/* Numbers for the header: differences, so that no address is relocated into it. */
image_bytes = image_end - text_start;
ASSERT(image_bytes <= 0x40000000, "the image outgrows its boot table")
