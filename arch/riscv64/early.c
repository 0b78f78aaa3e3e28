// SPDX-License-Identifier: MIT
/*
 * The first C code: turns the device tree that firmware hands over into struct
 * boot_info.  Runs on the boot tables, whose direct map shows everything.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/bootinfo.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/uart.h>

extern char image_start[], image_end[];

paddr_t kernel_phys; /* written by boot.S */

__noreturn void boot_main(u64 hart, paddr_t tree);

static struct boot_info info;

const struct boot_info *arch_boot_info(void)
{
	return &info;
}

static void take_tree(paddr_t tree)
{
	const char *error;
	size_t size;

	/* The header is 40 bytes; only after that the blob says how long it is. */
	if (!range_within(tree, 40, 1, DIRECT_SIZE) || !IS_ALIGNED(tree, 8))
		panic("firmware handed over no device tree (a1 = %#lx)", tree);
	size = fdt_total_size(phys_to_ptr(tree));
	if (!size || !range_within(tree, size, 1, DIRECT_SIZE))
		panic("there is no device tree at %#lx, where firmware says that it is", tree);
	info.firmware = tree;
	info.firmware_size = size;
	error = fdt_parse(phys_to_ptr(tree), size, &info);
	if (error)
		panic("%s", error);
	boot_info_add_reserved(&info, tree, size);
}

/* Memory above the direct map cannot be used: forget it, and say so. */
static void clip_memory(void)
{
	for (u32 i = 0; i < info.nr_usable; i++) {
		struct boot_range *range = &info.usable[i];

		if (range->base < DIRECT_SIZE && range->size <= DIRECT_SIZE - range->base)
			continue;
		pr_warning("boot: memory above %lu GiB is not used", DIRECT_SIZE >> 30);
		range->base = MIN(range->base, (paddr_t)DIRECT_SIZE);
		range->size = DIRECT_SIZE - range->base;
	}
	if (info.archive_size && !range_within(info.archive, info.archive_size, 1, DIRECT_SIZE))
		panic("the boot archive at %#lx lies beyond the direct map", info.archive);
}

void boot_main(u64 hart, paddr_t tree)
{
	info.protocol = "SBI";
	info.boot_hwid = hart;
	take_tree(tree);
	if (range_within(info.uart_base, 8, 1, DIRECT_SIZE))
		uart_use(&info); /* else the firmware's output remains */
	boot_info_add_cpu(&info, hart, 0, 0); /* ignored if the tree has it, as it should */
	if (info.uart == BOOT_UART_NONE)
		info.uart = BOOT_UART_SBI;
	clip_memory();
	if (!boot_info_place_image(&info, kernel_phys,
				   kernel_phys + (paddr_t)(image_end - image_start), DIRECT_SIZE))
		panic("the device tree does not call the kernel's own memory usable (%#lx to %#lx)",
		      info.kernel_start, info.kernel_end);
	kernel_main(&info);
}
