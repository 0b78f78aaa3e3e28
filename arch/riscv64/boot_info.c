// SPDX-License-Identifier: MIT
/*
 * The first C code: turns the device tree into struct boot_info.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>

#define HEADER_SIZE 40

paddr_t kernel_phys = KERNEL_PHYS;
extern char image_end[];
extern paddr_t kernel_phys;
__noreturn void boot_main(u64 hart, paddr_t blob);

static struct boot_info info;

static void find_early_window(void)
{
	info.kernel_start = kernel_phys;
	info.kernel_end = (paddr_t)image_end - KERNEL_BASE + kernel_phys;
	for (u32 i = 0; i < info.nr_usable; i++) {
		const struct boot_range *range = &info.usable[i];

		if (!range_within(kernel_phys, info.kernel_end - kernel_phys, range->base,
				  range->base + range->size))
			continue;
		info.early_start = range->base;
		info.early_end = MIN(range->base + range->size, (u64)BOOT_MAP_SIZE);
		return;
	}
	panic("the device tree does not list the kernel's own memory (%#lx to %#lx)",
	      info.kernel_start, info.kernel_end);
}

void boot_main(u64 hart, paddr_t blob)
{
	const char *error;

	if (!range_within(blob, HEADER_SIZE, 1, BOOT_MAP_SIZE))
		panic("the device tree at %#lx lies beyond 4 GiB", blob);
	info.protocol = "SBI";
	info.boot_hwid = hart;
	info.firmware = blob;
	info.firmware_size = fdt_total_size(phys_to_ptr(blob));
	if (!range_within(blob, info.firmware_size, 1, BOOT_MAP_SIZE))
		panic("the device tree of %lu bytes at %#lx reaches beyond 4 GiB", info.firmware_size, blob);
	error = fdt_parse(phys_to_ptr(blob), info.firmware_size, &info);
	if (error)
		panic("device tree: %s", error);
	console_init(&info);
	boot_info_add_reserved(&info, blob, info.firmware_size);
	if (info.archive_size)
		boot_info_add_reserved(&info, info.archive, info.archive_size);
	boot_info_add_cpu(&info, hart, 0, 0);
	info.nr_nodes = MAX(info.nr_nodes, 1u);
	find_early_window();
	kernel_main(&info);
}
