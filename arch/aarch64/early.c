// SPDX-License-Identifier: MIT
/*
 * The boot CPU's first C: shows itself what it needs in the direct map, reads
 * the device tree and goes to kernel_main() with what it says.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/uart.h>

#define EARLY_WINDOW (64UL << 20) /* of memory behind the image, for the first allocations */
#define EARLY_TABLES 24
#define FDT_HEADER_SIZE 40

/* PL011, Arm DDI 0183 */
#define UART_LINE_CONTROL 0x2c
#define UART_8BIT_FIFO 0x70
#define UART_CONTROL 0x30
#define UART_ENABLE 0x301 /* UART, transmitter, receiver */

extern const char image_start[], image_end[];
extern pte_t boot_kernel_root[PT_ENTRIES];
void boot_main(paddr_t blob, paddr_t image);

paddr_t kernel_phys;
extern paddr_t kernel_phys;

static struct boot_info info;

/* Tables below boot_kernel_root; two for each 512 GiB and one for each 1 GiB touched. */
static pte_t tables[EARLY_TABLES][PT_ENTRIES] __aligned(PAGE_SIZE);
static u32 nr_tables;

paddr_t image_to_phys(const void *address)
{
	return (kaddr_t)address - KERNEL_BASE + kernel_phys;
}

static pte_t *table_below(pte_t *entry)
{
	if (!pte_is_present(*entry)) {
		if (nr_tables == EARLY_TABLES)
			panic("firmware's data is spread too far for the boot tables");
		pte_write(entry, pte_make_table(image_to_phys(tables[nr_tables++])));
	}
	return (pte_t *)(pte_paddr(*entry) - kernel_phys + KERNEL_BASE);
}

/*
 * A block that was shown for reading is widened in place when it is asked for to be written:
 * the device tree and the boot archive may share theirs with the early window.
 */
void boot_map(paddr_t base, u64 size, u32 flags)
{
	paddr_t end = ALIGN_UP(base + size, BOOT_BLOCK);

	if (range_overflows(base, size + BOOT_BLOCK) || end > STACK_BASE - DIRECT_BASE)
		panic("firmware names the impossible address %#lx, %lu bytes", base, size);
	for (base = ALIGN_DOWN(base, BOOT_BLOCK); base < end; base += BOOT_BLOCK) {
		kaddr_t address = DIRECT_BASE + base;
		pte_t *entry = &boot_kernel_root[(address >> 39) % PT_ENTRIES];

		entry = &table_below(entry)[(address >> 30) % PT_ENTRIES];
		entry = &table_below(entry)[(address >> 21) % PT_ENTRIES];
		if (!pte_is_present(*entry)) {
			pte_write(entry, pte_make_leaf(base, flags, 1));
		} else if ((flags & MAP_WRITE) && pte_flags(*entry, 1) == MAP_READ) {
			pte_write(entry, pte_make_leaf(base, flags, 1));
			arch_flush_user_all(); /* here the kernel's, too */
		}
	}
}

/* Whole blocks of usable memory only: the processor may prefetch from all that is mapped. */
static void map_early_window(void)
{
	paddr_t start = info.kernel_start, size = info.kernel_end - start;
	const struct boot_range *range = boot_info_usable_around(&info, start, size);
	paddr_t end = range ? ALIGN_DOWN(range->base + range->size, BOOT_BLOCK) : 0;

	if (end < info.kernel_end)
		panic("the device tree does not call the kernel's own memory usable (%#lx to %#lx)",
		      start, info.kernel_end);
	info.early_start = start;
	info.early_end = MIN(end, ALIGN_UP(info.kernel_end, BOOT_BLOCK) + EARLY_WINDOW);
	boot_map(info.early_start, info.early_end - info.early_start, MAP_READ | MAP_WRITE);
}

static const char *read_tree(paddr_t blob)
{
	if (!blob || !IS_ALIGNED(blob, 8))
		return "no device tree from the boot loader (start the Image, not the ELF file)";
	boot_map(blob, FDT_HEADER_SIZE, MAP_READ);
	info.firmware = blob;
	info.firmware_size = fdt_total_size(phys_to_ptr(blob));
	if (!info.firmware_size)
		return "what the boot loader handed over is no device tree";
	boot_map(blob, info.firmware_size, MAP_READ);
	return fdt_parse(phys_to_ptr(blob), info.firmware_size, &info);
}

/* From here on messages are seen.  The speed of the line stays as firmware has set it. */
static void open_console(void)
{
	volatile u32 *uart = phys_to_ptr(info.uart_base);

	if (info.uart != BOOT_UART_PL011)
		return;
	boot_map(info.uart_base, MAX(info.uart_size, PAGE_SIZE), MAP_READ | MAP_WRITE | MAP_DEVICE);
	uart[UART_LINE_CONTROL / 4] = UART_8BIT_FIFO;
	uart[UART_CONTROL / 4] = UART_ENABLE;
	uart_use(&info);
}

void boot_main(paddr_t blob, paddr_t image)
{
	const char *error;

	kernel_phys = image;
	timer_init_clock();
	info.protocol = "Linux Image";
	info.boot_hwid = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
	info.kernel_start = image;
	info.kernel_end = image_to_phys(image_end);
	error = read_tree(blob);
	open_console();
	psci_init(&info);
	if (error && info.uart != BOOT_UART_PL011)
		power_fail(error);
	if (error)
		panic("boot: %s", error);
	boot_info_add_cpu(&info, info.boot_hwid, 0, 0);
	if (!info.nr_nodes)
		info.nr_nodes = 1;
	map_early_window();
	if (info.archive)
		boot_map(info.archive, info.archive_size, MAP_READ);
	kernel_main(&info);
}
