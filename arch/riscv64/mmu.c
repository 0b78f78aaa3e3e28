// SPDX-License-Identifier: MIT
/*
 * Loading of page tables and dropping of translations, on this hart only: the
 * generic code interrupts the others itself.  The kernel half is the upper 256
 * entries of the root, shared by copying them; its leaves are global.
 * Source: RISC-V Privileged Architecture, 4.1.11 and 4.2.1.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <lib/string.h>

#define KERNEL_HALF (PT_ENTRIES / 2) /* first entry of the root that is the kernel's */
#define ASID_SHIFT 44
#define ASID_MASK 0xffffUL

static u64 kernel_satp;
static paddr_t kernel_root;
u64 asid_bits;

u64 secondary_satp; /* read by boot.S */
extern u64 secondary_satp;

unsigned mmu_asid_bits(void)
{
	return (unsigned)asid_bits;
}

void arch_root_init(paddr_t root)
{
	const pte_t *kernel = phys_to_ptr(kernel_root);
	pte_t *table = phys_to_ptr(root);

	memcpy(table + KERNEL_HALF, kernel + KERNEL_HALF,
	       (PT_ENTRIES - KERNEL_HALF) * sizeof(pte_t));
}

static void flush_all(void)
{
	asm volatile("sfence.vma" : : : "memory");
}

/* The identifier's bits that do not exist read back as 0. */
static void probe_asids(void)
{
	u64 asids;

	csr_write(satp, kernel_satp | ASID_MASK << ASID_SHIFT);
	asids = csr_read(satp) >> ASID_SHIFT & ASID_MASK;
	csr_write(satp, kernel_satp);
	flush_all();
	for (asid_bits = 0; asids; asids >>= 1)
		asid_bits++;
}

void arch_kernel_map_enable(paddr_t root)
{
	power_init(arch_boot_info());
	kernel_root = root;
	kernel_satp = SATP_SV39 | root >> PAGE_SHIFT;
	secondary_satp = kernel_satp;
	flush_all();
	csr_write(satp, kernel_satp);
	flush_all(); /* the boot tables' global leaves go as well */
	probe_asids();
}

u64 arch_space_word(paddr_t root, u32 asid)
{
	return SATP_SV39 | (u64)asid << ASID_SHIFT | root >> PAGE_SHIFT;
}

void arch_load_kernel_space(void)
{
	arch_load_space(kernel_satp);
}

u32 arch_asid_count(void)
{
	return asid_bits ? 1U << (unsigned)asid_bits : 0;
}

void arch_flush_user_all(void)
{
	flush_all();
}

/* By identifier, not by address: an address would leave out the tables above the leaf. */
void arch_flush_user_page(uaddr_t address, u32 asid)
{
	(void)address;
	if (asid)
		asm volatile("sfence.vma zero, %0" : : "r"((u64)asid) : "memory");
	else
		flush_all();
}

/* Stores first; every hart that is to fetch them executes its own fence.i. */
void arch_clean_icache(const void *start, size_t size)
{
	(void)start;
	(void)size;
	asm volatile("fence rw, rw" : : : "memory");
}

void arch_sync_icache(void)
{
	asm volatile("fence.i" : : : "memory");
}

void arch_clear_page(void *page)
{
	u64 *word = page;
	u64 *end = word + PAGE_SIZE / sizeof(u64);

	for (; word < end; word += 8) {
		word[0] = word[1] = word[2] = word[3] = 0;
		word[4] = word[5] = word[6] = word[7] = 0;
	}
}
