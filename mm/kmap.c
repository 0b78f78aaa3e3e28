// SPDX-License-Identifier: MIT
/*
 * The kernel's own half of the address space:
 *
 *   DIRECT_BASE   all memory at one offset, and devices, uncached
 *   STACK_BASE    kernel stacks, one stride a CPU, the lower half of it a hole
 *   KERNEL_BASE   the image: text read-execute, constants read, data read-write
 *
 * Nothing is both writable and executable, and the image's text and constants
 * are not writable through the direct map either.  On x86_64 and RISC-V every
 * user space copies the root's upper half when it is made; from then on
 * (kmap_close) the root gets no new entries, which kmap_add() enforces.
 */
#include <kernel/panic.h>
#include <kernel/printk.h>

#include "internal.h"

#define STACK_STRIDE (8 * PAGE_SIZE)
#define STACK_SIZE KERNEL_STACK_SIZE
#define MAX_DEVICES 32

/* Made by the linker script of each architecture. */
extern char image_start[], text_end[], rodata_start[], rodata_end[], data_start[], image_end[];
extern paddr_t kernel_phys;

static paddr_t root;
static bool is_closed; /* atomic: set by every process_create() */

/* Registers the kernel keeps for itself; written at boot only. */
static struct boot_range devices[MAX_DEVICES];
static u32 nr_devices;

paddr_t kmap_root(void)
{
	return root;
}

void kmap_close(void)
{
	store_relaxed(&is_closed, true);
}

/* Map whole pages, or panic: nothing of the kernel's half is optional. */
static void kmap_add(kaddr_t address, paddr_t base, u64 size, u32 flags)
{
	if (load_relaxed(&is_closed) &&
	    (!pte_is_present(*pgtable_entry(root, address, PT_LEVELS - 1)) ||
			  !pte_is_present(*pgtable_entry(root, address + size - 1, PT_LEVELS - 1))))
		panic("physical %lx is mapped too late: user spaces have copied the root", base);
	if (pgtable_map(root, address, base, size, flags) != ST_OK)
		panic("no memory to map physical %lx, %lu bytes", base, size);
}

static paddr_t image_to_phys(const char *address)
{
	return kernel_phys + (paddr_t)(address - image_start);
}

static void map_image_part(const char *start, const char *end, u32 flags)
{
	if (start < end)
		kmap_add((kaddr_t)start, image_to_phys(start), (u64)(end - start), flags);
}

static void map_image(void)
{
	map_image_part(image_start, text_end, MAP_READ | MAP_EXECUTE);
	map_image_part(rodata_start, rodata_end, MAP_READ);
	map_image_part(data_start, image_end, MAP_READ | MAP_WRITE);
}

static void map_direct(paddr_t base, paddr_t end, u32 flags)
{
	if (base < end)
		kmap_add(DIRECT_BASE + base, base, end - base, flags);
}

/* All memory, the image's read-only part read-only. */
static void map_memory(void)
{
	paddr_t low = image_to_phys(image_start), high = image_to_phys(rodata_end);

	for (u32 i = 0; i < bootmem_ram.nr; i++) {
		paddr_t base = bootmem_ram.range[i].base;
		paddr_t end = base + bootmem_ram.range[i].size;

		map_direct(base, MIN(end, MAX(low, base)), MAP_READ | MAP_WRITE);
		map_direct(MAX(base, low), MIN(end, high), MAP_READ);
		map_direct(MAX(base, MIN(end, high)), end, MAP_READ | MAP_WRITE);
	}
}

void kmap_init(const struct boot_info *info)
{
	root = ptr_to_phys(bootmem_alloc(PAGE_SIZE));
	map_image();
	map_memory();
	/* Its root entry must exist before the first user space does. */
	if (pgtable_prepare(root, STACK_BASE, CONFIG_NR_CPUS * STACK_STRIDE, 0, ~0u) != ST_OK)
		panic("no memory for the tables of the kernel stacks");
	/* The console must go on working after the switch. */
	if (info->uart == BOOT_UART_16550 || info->uart == BOOT_UART_PL011)
		kmap_device(info->uart_base, MAX(info->uart_size, PAGE_SIZE), true);
	arch_kernel_map_enable(root);
	bootmem_set_mapped();
}

void *kmap_device(paddr_t base, size_t size, bool shared)
{
	paddr_t first = ALIGN_DOWN(base, PAGE_SIZE);

	kmap_add(DIRECT_BASE + first, first, ALIGN_UP(base + size, PAGE_SIZE) - first,
		 MAP_READ | MAP_WRITE | MAP_DEVICE);
	if (!shared) {
		if (nr_devices == MAX_DEVICES)
			panic("more than %d device ranges of the kernel's own", MAX_DEVICES);
		devices[nr_devices++] = (struct boot_range){ .base = base, .size = size };
	}
	return phys_to_ptr(base);
}

/* By pages, because pages are what user space can map. */
bool kmap_is_kernel_device(paddr_t base, u64 size)
{
	for (u32 i = 0; i < nr_devices; i++) {
		paddr_t first = ALIGN_DOWN(devices[i].base, PAGE_SIZE);
		paddr_t end = ALIGN_UP(devices[i].base + devices[i].size, PAGE_SIZE);

		if (ranges_overlap(base, size, first, end - first))
			return true;
	}
	return false;
}

/*
 * The stack takes the upper half of its stride; below it and, as the next
 * stride begins with a hole, above it nothing is mapped.
 */
kaddr_t kmap_stack(u32 index)
{
	kaddr_t bottom = STACK_BASE + index * STACK_STRIDE + STACK_STRIDE - STACK_SIZE;

	ASSERT(index < CONFIG_NR_CPUS);
	for (u64 at = 0; at < STACK_SIZE; at += PAGE_SIZE) {
		paddr_t frame = frame_is_ready() ? frame_alloc_charged() :
						   ptr_to_phys(bootmem_alloc(PAGE_SIZE));

		if (!frame)
			panic("no memory for the kernel stack of CPU %u", index);
		kmap_add(bottom + at, frame, PAGE_SIZE, MAP_READ | MAP_WRITE);
	}
	return bottom + STACK_SIZE;
}
