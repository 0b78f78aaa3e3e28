// SPDX-License-Identifier: MIT
/*
 * The first C code: turns what PVH or Multiboot2 hands over, and the ACPI
 * tables, into struct boot_info.  The loader's structures lie anywhere in
 * memory that its own map calls usable, so everything is copied here, before
 * anybody allocates; after boot_main() only the boot archive and what is in
 * the reserved list still matter.
 *
 * Sources: Xen's public/arch-x86/hvm/start_info.h as documented in
 * docs/misc/pvh.pandoc; Multiboot2 Specification 2.0.
 */
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <lib/string.h>

paddr_t kernel_phys = KERNEL_PHYS;

extern char image_end[];
extern const char trampoline_start[];
extern const u32 trampoline_size;

__noreturn void boot_main(u32 magic, u32 handover);

/* An entry of the firmware's memory map, as both protocols give it. */
struct map_entry {
	u64 base, size;
	u32 type;
	u32 reserved;
};
#define MAP_ENTRY_USABLE 1

/* PVH */
struct start_info {
	u32 magic, version, flags, nr_modules;
	u64 modules, cmdline, rsdp;
	u64 memmap; /* version 1 and later */
	u32 memmap_entries;
	u32 reserved;
};

struct start_module {
	u64 base, size, cmdline, reserved;
};

/* Multiboot2: tags of 8-byte alignment. */
struct multiboot_tag {
	u32 type, size;
};
#define TAG_END 0
#define TAG_CMDLINE 1
#define TAG_MODULE 3
#define TAG_MEMORY_MAP 6
#define TAG_RSDP_1 14
#define TAG_RSDP_2 15
/* bytes of struct multiboot_tag, and of a module's addresses, and of the map's sizes */
#define TAG_HEADER 8

static struct boot_info info;

/* The RSDP of Multiboot2 lies inside its own structure: kept here (36 bytes by revision 2). */
static u8 rsdp_copy[64] __aligned(16);

/* A view of [base, base + size) through the boot tables, NULL beyond what they map. */
static const void *early_map(paddr_t base, size_t size)
{
	if (!range_within(base, size, 1, BOOT_MAP_SIZE))
		return NULL;
	return phys_to_ptr(base);
}

static const void *early_need(paddr_t base, size_t size, const char *what)
{
	const void *view = early_map(base, size);

	if (!view)
		panic("the boot loader's %s at %#lx lies beyond 4 GiB", what, base);
	return view;
}

static void take_cmdline(const char *text, size_t limit)
{
	size_t length = strnlen(text, limit);

	info.is_cmdline_cut = length >= BOOT_CMDLINE_SIZE;
	length = MIN(length, (size_t)BOOT_CMDLINE_SIZE - 1);
	memcpy(info.cmdline, text, length);
	info.cmdline[length] = 0;
}

/* The first module is the boot archive; a second one has no meaning. */
static void take_module(paddr_t base, u64 size)
{
	if (info.archive || !size) {
		pr_warning("boot: module at %#lx ignored: only one boot archive is taken", base);
		return;
	}
	if (!early_map(base, size))
		panic("the boot archive at %#lx lies beyond 4 GiB", base);
	info.archive = base;
	info.archive_size = size;
	boot_info_add_reserved(&info, base, size);
}

/*
 * Only type 1 is usable: 3 holds ACPI tables, 4 firmware's own, 20 and others
 * are not to be touched.  Of the rest only what overlaps usable memory must be
 * remembered; firmware lists huge ranges without memory behind them.
 */
static bool overlaps_usable(const struct map_entry *entry)
{
	for (u32 i = 0; i < info.nr_usable; i++)
		if (ranges_overlap(entry->base, entry->size, info.usable[i].base,
				   info.usable[i].size))
			return true;
	return false;
}

/* Neighbours become one range: UEFI firmware gives many small ones. */
static void add_usable(const struct map_entry *entry)
{
	struct boot_range *last = info.nr_usable ? &info.usable[info.nr_usable - 1] : NULL;

	if (last && last->base + last->size == entry->base)
		last->size += entry->size;
	else
		boot_info_add_usable(&info, entry->base, entry->size, 0);
}

static void take_memory_map(const void *map, u32 entry_size, u32 count)
{
	const struct map_entry *entry = map;

	if (entry_size < 20)
		panic("the boot loader's memory map has entries of %u bytes", entry_size);
	for (u32 i = 0; i < count; i++, entry = (const void *)((const char *)entry + entry_size))
		if (entry->type == MAP_ENTRY_USABLE && entry->size)
			add_usable(entry);
	entry = map;
	for (u32 i = 0; i < count; i++, entry = (const void *)((const char *)entry + entry_size))
		if (entry->type != MAP_ENTRY_USABLE && overlaps_usable(entry))
			boot_info_add_reserved(&info, entry->base, entry->size);
}

static void take_pvh(paddr_t handover)
{
	const struct start_info *start = early_need(handover, sizeof(*start), "start_info");
	const struct start_module *module;

	info.protocol = "PVH";
	if (start->magic != PVH_MAGIC)
		panic("PVH entry with start_info magic %#x", start->magic);
	if (start->version < 1 || !start->memmap_entries)
		panic("PVH start_info version %u has no memory map", start->version);
	take_memory_map(early_need(start->memmap, start->memmap_entries * sizeof(struct map_entry),
				   "memory map"),
			sizeof(struct map_entry), start->memmap_entries);
	if (start->cmdline)
		take_cmdline(early_need(start->cmdline, 1, "command line"),
			     BOOT_MAP_SIZE - start->cmdline);
	for (u32 i = 0; i < start->nr_modules; i++) {
		module = early_need(start->modules + i * sizeof(*module), sizeof(*module),
				    "module list");
		take_module(module->base, module->size);
	}
	info.firmware = start->rsdp;
}

/* @tag->size has been checked to lie inside the structure. */
static void take_tag(const struct multiboot_tag *tag)
{
	const u32 *word = (const u32 *)(tag + 1);
	u32 size = tag->size - sizeof(*tag);

	switch (tag->type) {
	case TAG_CMDLINE:
		take_cmdline((const char *)word, size);
		break;
	case TAG_MODULE:
		if (size >= TAG_HEADER && word[1] > word[0])
			take_module(word[0], word[1] - word[0]);
		break;
	case TAG_MEMORY_MAP:
		if (size >= TAG_HEADER && word[0])
			take_memory_map(word + 2, word[0], (size - TAG_HEADER) / word[0]);
		break;
	case TAG_RSDP_1:
	case TAG_RSDP_2:
		/* Both may come: the second one knows the XSDT. */
		if (!info.firmware || tag->type == TAG_RSDP_2) {
			memcpy(rsdp_copy, word, MIN((size_t)size, sizeof(rsdp_copy)));
			info.firmware = (paddr_t)rsdp_copy - LINK_OFFSET;
		}
		break;
	}
}

static void take_multiboot(paddr_t handover)
{
	const u32 *header = early_need(handover, 8, "information");
	u32 total = *header;
	const char *base = early_need(handover, total, "information");
	const struct multiboot_tag *tag;

	info.protocol = "Multiboot2";
	for (u32 at = 8; at + sizeof(*tag) <= total; at += ALIGN_UP(tag->size, 8U)) {
		tag = (const void *)(base + at);
		if (tag->type == TAG_END)
			return;
		if (tag->size < sizeof(*tag) || tag->size > total - at)
			panic("Multiboot2 tag %u of %u bytes at offset %u of %u", tag->type,
			      tag->size, at, total);
		take_tag(tag);
	}
	pr_warning("boot: the Multiboot2 information has no end tag");
}

static bool is_reserved(paddr_t base, u64 size)
{
	for (u32 i = 0; i < info.nr_reserved; i++)
		if (ranges_overlap(base, size, info.reserved[i].base, info.reserved[i].size))
			return true;
	return false;
}

static bool is_usable(paddr_t base, u64 size)
{
	for (u32 i = 0; i < info.nr_usable; i++)
		if (range_within(base, size, info.usable[i].base,
				 info.usable[i].base + info.usable[i].size))
			return true;
	return false;
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
		if (!is_usable(page, PAGE_SIZE) || is_reserved(page, PAGE_SIZE))
			continue;
		boot_info_add_reserved(&info, page, PAGE_SIZE);
		memcpy(phys_to_ptr(page), trampoline_start, trampoline_size);
		smp_set_trampoline(page);
		return;
	}
	pr_warning("boot: no free page below 640 KiB: other processors cannot be started");
}

/* The usable range around the image, as far as the boot tables reach. */
static void find_early_window(void)
{
	info.kernel_start = KERNEL_PHYS;
	info.kernel_end = (paddr_t)image_end - LINK_OFFSET;
	for (u32 i = 0; i < info.nr_usable; i++) {
		const struct boot_range *range = &info.usable[i];

		if (!range_within(KERNEL_PHYS, info.kernel_end - KERNEL_PHYS, range->base,
				  range->base + range->size))
			continue;
		info.early_start = range->base;
		info.early_end = MIN(range->base + range->size, (u64)BOOT_MAP_SIZE);
		return;
	}
	panic("the memory map does not call the kernel's own memory usable (%#lx to %#lx)",
	      info.kernel_start, info.kernel_end);
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
	cpu_load_tables(&cpus[0]);
	info.uart_base = console_init();
	if (info.uart_base) {
		info.uart = BOOT_UART_16550;
		info.uart_size = 8;
	}
	cpu_find_features();

	if (magic == PVH_MAGIC)
		take_pvh(handover);
	else if (magic == MULTIBOOT2_MAGIC)
		take_multiboot(handover);
	else
		panic("the boot loader speaks neither PVH nor Multiboot2 (magic %#x)", magic);

	find_early_window();
	take_acpi();
	complete();
	reserve_low_memory();
	kernel_main(&info);
}
