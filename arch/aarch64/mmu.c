// SPDX-License-Identifier: MIT
/*
 * Loading of page tables, dropping of translations, instruction caches.
 *
 * TTBR0 holds root and ASID of the user space in one word, so the two change
 * together.  With no user space it shows an empty table.  All invalidations
 * are local (nsh): which CPUs must do them, mm/tlb.c decides.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <lib/string.h>

#define TTBR_ASID_SHIFT 48
#define TLBI_PAGE_MASK 0x00000fffffffffff

#define CTR_NO_ICACHE_INVALIDATE BIT(29) /* DIC */
#define CTR_NO_DCACHE_CLEAN BIT(28)      /* IDC */
#define CTR_ICACHE_PHYSICAL 3            /* L1Ip: PIPT */
#define DCZID_PROHIBITED BIT(4)

extern const char no_user_root[];
void boot_switch_root(paddr_t root, paddr_t none);

paddr_t kernel_root; /* read by boot.S on secondaries, with the MMU off */
extern paddr_t kernel_root;

static void flush_begin(void)
{
	asm volatile("dsb nshst" : : : "memory");
}

static void flush_end(void)
{
	asm volatile("dsb nsh; isb" : : : "memory");
}

void arch_root_init(paddr_t root)
{
	(void)root; /* the kernel half has a root of its own */
}

void arch_kernel_map_enable(paddr_t root)
{
	void (*switch_root)(paddr_t, paddr_t) = (void *)image_to_phys((void *)boot_switch_root);

	kernel_root = root;
	/* To memory, for those who read it with the MMU off. */
	asm volatile("dc cvac, %0; dsb sy" : : "r"(&kernel_root) : "memory");
	switch_root(root, image_to_phys(no_user_root));
	arch_load_kernel_space();
	arch_flush_user_all();
}

u64 arch_space_word(paddr_t root, u32 asid)
{
	return root | (u64)asid << TTBR_ASID_SHIFT;
}

void arch_load_kernel_space(void)
{
	arch_load_space(image_to_phys(no_user_root));
	isb();
}

u32 arch_asid_count(void)
{
	return sysreg_read(tcr_el1) >> TCR_AS_BIT & 1 ? 1 << 16 : 1 << 8;
}

void arch_flush_user_all(void)
{
	flush_begin();
	asm volatile("tlbi vmalle1" : : : "memory");
	flush_end();
}

void arch_flush_user_page(uaddr_t address, u32 asid)
{
	u64 operand = (u64)asid << TTBR_ASID_SHIFT | (address >> PAGE_SHIFT & TLBI_PAGE_MASK);

	flush_begin();
	asm volatile("tlbi vae1, %0" : : "r"(operand) : "memory");
	flush_end();
}

/* Clean data caches to where instruction fetches look. */
static void clean_to_unification(kaddr_t at, kaddr_t end, u64 line)
{
	for (at = ALIGN_DOWN(at, line); at < end; at += line)
		asm volatile("dc cvau, %0" : : "r"(at) : "memory");
}

static void invalidate_icache(kaddr_t at, kaddr_t end, u64 line)
{
	for (at = ALIGN_DOWN(at, line); at < end; at += line)
		asm volatile("ic ivau, %0" : : "r"(at) : "memory");
}

/*
 * DC CVAU and IC IVAU go by address to every CPU of the inner shareable domain.
 * A virtually indexed instruction cache may hold the page under the user's
 * address too, which nobody knows here: then all of it goes.
 */
void arch_clean_icache(const void *start, size_t size)
{
	kaddr_t at = (kaddr_t)start;
	u64 ctr = sysreg_read(ctr_el0);

	if (!(ctr & CTR_NO_DCACHE_CLEAN))
		clean_to_unification(at, at + size, 4UL << (ctr >> 16 & 0xf));
	asm volatile("dsb ish" : : : "memory");
	if (!(ctr & CTR_NO_ICACHE_INVALIDATE)) {
		if ((ctr >> 14 & 3) == CTR_ICACHE_PHYSICAL)
			invalidate_icache(at, at + size, 4UL << (ctr & 0xf));
		else
			asm volatile("ic ialluis" : : : "memory");
		asm volatile("dsb ish" : : : "memory");
	}
	isb();
}

void arch_sync_icache(void)
{
	isb();
}

void arch_clear_page(void *page)
{
	u64 dczid = sysreg_read(dczid_el0);
	u64 block = 4UL << (dczid & 0xf);
	char *at = page, *end = at + PAGE_SIZE;

	if (dczid & DCZID_PROHIBITED) {
		memset(page, 0, PAGE_SIZE);
		return;
	}
	for (; at < end; at += block)
		asm volatile("dc zva, %0" : : "r"(at) : "memory");
}
