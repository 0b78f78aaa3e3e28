/* SPDX-License-Identifier: MIT */
/*
 * The image: linked in the top 2 GiB, loaded at 16 MiB by PVH and Multiboot2.
 * The Multiboot2 header must lie in the first 32 KiB of the file, hence .boot
 * comes first.
 */
#include <asm/layout.h>

#define PHYS(section) AT(ADDR(section) - LINK_OFFSET)
#define IMAGE_NOTE_HEADER note PT_NOTE FLAGS(4);
#define IMAGE_NOTES .note.pvh : PHYS(.note.pvh) { KEEP(*(.note.pvh)) } :rodata :note

OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_multiboot)

#include "../image.lds.h"
