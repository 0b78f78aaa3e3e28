// SPDX-License-Identifier: MIT
/*
 * Loading of page tables and dropping of translations, this hart's only.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <lib/string.h>

#define KERNEL_HALF (PT_ENTRIES / 2)
#define ASID_SHIFT 44
#define ASID_MASK 0xffffUL

static paddr_t kernel_root;
u64 kernel_satp; /* read by boot.S */
extern u64 kernel_satp;
static u32 nr_asids;

void arch_root_init(paddr_t root)
{
	memcpy((pte_t *)phys_to_ptr(root) + KERNEL_HALF, (pte_t *)phys_to_ptr(kernel_root) + KERNEL_HALF,
	       KERNEL_HALF * sizeof(pte_t));
}

/* The width of the field is what sticks when all its bits are written. */
void arch_kernel_map_enable(paddr_t root)
{
	u64 asids;

	kernel_root = root;
	kernel_satp = SATP_SV39 | root >> PAGE_SHIFT;
	csr_write(satp, kernel_satp | ASID_MASK << ASID_SHIFT);
	asids = csr_read(satp) >> ASID_SHIFT & ASID_MASK;
	csr_write(satp, kernel_satp);
	asm volatile("sfence.vma" : : : "memory");
	nr_asids = asids ? (u32)asids + 1 : 0;
}

u64 arch_space_word(paddr_t root, u32 asid)
{
	return SATP_SV39 | (u64)asid << ASID_SHIFT | root >> PAGE_SHIFT;
}

void arch_load_space(u64 word)
{
	csr_write(satp, word);
	if (!nr_asids)
		asm volatile("sfence.vma" : : : "memory");
}

void arch_load_kernel_space(void)
{
	arch_load_space(kernel_satp);
}

u32 arch_asid_count(void)
{
	return nr_asids;
}

void arch_flush_user_all(void)
{
	asm volatile("sfence.vma" : : : "memory");
}

void arch_flush_asid(u32 asid)
{
	if (nr_asids)
		asm volatile("sfence.vma zero, %0" : : "r"((u64)asid) : "memory");
	else
		arch_flush_user_all();
}

void arch_flush_user_page(uaddr_t address, u32 asid)
{
	(void)asid;
	asm volatile("sfence.vma %0" : : "r"(address) : "memory");
}

void arch_flush_kernel_page(kaddr_t address)
{
	asm volatile("sfence.vma %0" : : "r"(address) : "memory");
}

/* Stores before, fetches after: fence.i on each hart, the others by arch_sync_icache(). */
void arch_clean_icache(const void *start, size_t size)
{
	(void)start;
	(void)size;
	asm volatile("fence rw, rw\n\tfence.i" : : : "memory");
}

void arch_sync_icache(void)
{
	asm volatile("fence.i" : : : "memory");
}

void arch_clear_page(void *page)
{
	u64 *word = page;

	for (u32 i = 0; i < PAGE_SIZE / sizeof(*word); i += 4) {
		word[i] = 0;
		word[i + 1] = 0;
		word[i + 2] = 0;
		word[i + 3] = 0;
	}
}
