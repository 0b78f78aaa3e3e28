// SPDX-License-Identifier: MIT
/*
 * The first C code: copies what the boot loader hands over (drivers/handover) and
 * the ACPI tables into struct boot_info.  The loader's structures lie anywhere in
 * memory that its own map calls usable, so everything is copied here, before
 * anybody allocates; after boot_main() only the boot archive and what is in
 * the reserved list still matter.
 */
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/handover.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/uart.h>
#include <lib/string.h>

paddr_t kernel_phys = KERNEL_PHYS;

extern char image_end[];
extern const char trampoline_start[];
extern const u32 trampoline_size;

__noreturn void boot_main(u32 magic, u32 handover);

static struct boot_info info;

/* A view of [base, base + size) through the boot tables, NULL beyond what they map. */
static const void *early_map(paddr_t base, size_t size)
{
	if (!range_within(base, size, 1, BOOT_MAP_SIZE))
		return NULL;
	return phys_to_ptr(base);
}

/*
 * Page 0 holds the BIOS data area, and an address of 0 means "none" to
 * everybody.  Other processors need one page below 640 KiB to wake up in; it
 * is chosen last, when everything else down there is known, and filled at
 * once, because the boot tables reach it.
 */
static void reserve_low_memory(void)
{
	boot_info_add_reserved(&info, 0, PAGE_SIZE);
	for (paddr_t page = 0x9f000; page; page -= PAGE_SIZE) {
		if (!boot_info_usable_around(&info, page, PAGE_SIZE) ||
		    boot_ranges_overlap(info.reserved, info.nr_reserved, page, PAGE_SIZE))
			continue;
		boot_info_add_reserved(&info, page, PAGE_SIZE);
		memcpy(phys_to_ptr(page), trampoline_start, trampoline_size);
		smp_set_trampoline(page);
		return;
	}
	pr_warning("boot: no free page below 640 KiB: other processors cannot be started");
}

static void take_acpi(void)
{
	const char *error;

	if (!info.firmware) {
		pr_warning(
			"boot: no ACPI tables: one processor, no interrupt lines, no power-off");
		return;
	}
	error = acpi_parse(info.firmware, early_map, &info);
	if (error)
		pr_error("boot: ACPI: %s", error);
}

/* What firmware left open, the processor itself tells. */
static void complete(void)
{
	info.boot_hwid = cpuid(1, 0).ebx >> 24;
	boot_info_add_cpu(&info, info.boot_hwid, 0, 0);
	info.irqchip = BOOT_IRQCHIP_APIC;
	if (!info.irqchip_base)
		info.irqchip_base = rdmsr(MSR_APIC_BASE) & PTE_ADDRESS;
	if (!info.irqchip_size)
		info.irqchip_size = PAGE_SIZE;
	if (!info.nr_nodes)
		info.nr_nodes = 1;
	if (!info.uart_base)
		return;
	/* COM1 is ISA interrupt 4, wherever the tables say that it comes out. */
	info.uart_irq = 4;
	for (u32 i = 0; i < info.nr_overrides; i++)
		if (info.overrides[i].source == 4)
			info.uart_irq = info.overrides[i].gsi;
}

void boot_main(u32 magic, u32 handover)
{
	const char *error;

	cpu_load_tables(&cpus[0]);
	info.uart_base = console_init();
	if (info.uart_base) {
		info.uart = BOOT_UART_16550_PORT;
		info.uart_size = 8;
	}
	uart_use(&info);
	cpu_find_features();

	error = magic == PVH_MAGIC	   ? pvh_parse(handover, early_map, &info) :
		magic == MULTIBOOT2_MAGIC ? multiboot_parse(handover, early_map, &info) :
					    "the boot loader speaks neither PVH nor Multiboot2";
	if (error)
		panic("boot: %s (magic %#x, information at %#x)", error, magic, handover);
	if (!boot_info_place_image(&info, KERNEL_PHYS, (paddr_t)image_end - LINK_OFFSET,
				   BOOT_MAP_SIZE))
		panic("the memory map does not call the kernel's own memory usable (%#lx to %#lx)",
		      info.kernel_start, info.kernel_end);
	take_acpi();
	complete();
	reserve_low_memory();
	kernel_main(&info);
}
