// SPDX-License-Identifier: MIT
/*
 * Loading of page tables and dropping of translations.  The kernel half is the
 * upper 256 entries of the root, shared by copying them; its leaves are global.
 * No PCIDs: loading a root drops all translations of the user half, which is
 * what arch_asid_count() == 0 tells the generic code.
 */
#include <kernel/arch.h>
#include <asm/x86.h>
#include <lib/string.h>

#define KERNEL_HALF (PT_ENTRIES / 2) /* first entry of the root that is the kernel's */

extern paddr_t kernel_root; /* read by boot.S */
paddr_t kernel_root;

bool pt_has_huge_1g;
u64 pt_address_end;

void arch_root_init(paddr_t root)
{
	const pte_t *kernel = phys_to_ptr(kernel_root);
	pte_t *table = phys_to_ptr(root);

	memcpy(table + KERNEL_HALF, kernel + KERNEL_HALF,
	       (PT_ENTRIES - KERNEL_HALF) * sizeof(pte_t));
}

void arch_kernel_map_enable(paddr_t root)
{
	kernel_root = root;
	write_cr3(root);
}

u64 arch_space_word(paddr_t root, u32 asid)
{
	(void)asid;
	return root;
}

void arch_load_kernel_space(void)
{
	write_cr3(kernel_root);
}

u32 arch_asid_count(void)
{
	return 0;
}

void arch_flush_user_all(void)
{
	write_cr3(read_cr3());
}

/* INVLPG also drops what is cached of the tables above the page. */
void arch_flush_user_page(uaddr_t address, u32 asid)
{
	(void)asid;
	invlpg(address);
}

/* Instruction fetch is coherent with stores. */
void arch_clean_icache(const void *start, size_t size)
{
	(void)start;
	(void)size;
}

/* What another CPU has stored may have been fetched before; CPUID serialises, SYSRET does not. */
void arch_sync_icache(void)
{
	cpuid(0, 0);
}

void arch_clear_page(void *page)
{
	size_t words = PAGE_SIZE / 8;

	asm volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0UL) : "memory");
}
