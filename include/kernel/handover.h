/* SPDX-License-Identifier: MIT */
/*
 * What the two boot protocols of the PC hand over.  Assembly reads the numbers, too.
 */
#ifndef KERNEL_HANDOVER_H
#define KERNEL_HANDOVER_H

#define PVH_MAGIC 0x336ec578
#define MULTIBOOT2_MAGIC 0x36d76289

#ifndef __ASSEMBLY__
#include <kernel/bootinfo.h>

/**
 * pvh_parse() / multiboot_parse() - fill @info from the structure at @handover.
 * @map: as for acpi_parse(): nothing is read but through it.
 *
 * Takes memory map, command line, boot archive (the first module) and the place of the RSDP.
 * Return: NULL, or a sentence that says what is wrong.
 * Sources: Xen's docs/misc/pvh.pandoc; Multiboot2 Specification 2.0.
 */
const char *pvh_parse(paddr_t handover, const void *(*map)(paddr_t base, size_t size),
		      struct boot_info *info) __must_check;
const char *multiboot_parse(paddr_t handover, const void *(*map)(paddr_t base, size_t size),
			    struct boot_info *info) __must_check;

#endif
#endif
