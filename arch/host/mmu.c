// SPDX-License-Identifier: MIT
/*
 * Translation and instruction fetch, as unhelpful as architectures allow.
 *
 * A TLB keeps what it has read, also that nothing was there, until its CPU
 * flushes it; entries of other address spaces stay under their ASIDs; walkers
 * run ahead of the program and read page-table entries as a CPU reads memory,
 * so they may miss a store that nothing made visible; tables are remembered
 * like leaves.  Each frame knows what it is used for: a frame that goes back to
 * the allocator while a CPU can still reach it is reported at that moment.
 */
#include <string.h>

#include <kernel/cap.h>
#include <kernel/mm.h>
#include <veridian/fault.h>

#include "sim.h"

#define TLB_ENTRIES 64
#define WALK_ENTRIES 16
#define NR_ASIDS 4 /* so that they are used up again and again */
#define ASID_MASK 0xfffUL

unsigned char host_memory[HOST_MEMORY_SIZE] __aligned(2UL << 20);
u8 frame_use[NR_FRAMES];

/* When a frame was last written and cleaned, by a clock of its own. */
static u64 written[NR_FRAMES], cleaned[NR_FRAMES], fetch_clock = 1;

/* A leaf at level 0 of the page number, or, in walk[], a table of that level. */
struct translation {
	bool is_valid;
	u32 asid;
	u64 page;
	unsigned level;
	pte_t pte;
};

static struct {
	u64 loaded; /* 0: no user space */
	u64 before; /* what was loaded last may still be in use, 0: it is not */
	struct translation tlb[TLB_ENTRIES], walk[WALK_ENTRIES];
	u64 synced; /* fetches see what was cleaned until then */
} mmu[NR_CPUS];

static u64 mmu_random(void)
{
	static u64 n;

	return choose(STREAM_MMU, machine_turns(), ++n);
}

/* ---- page tables ---- */

static pte_t *leaf_place(paddr_t table, u64 page);

/* A CPU that runs the space may not remember another page in the place that is filled. */
static void check_made(const pte_t *entry, pte_t pte)
{
	for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
		u64 loaded = mmu[cpu].loaded;

		for (u32 i = 0; loaded && i < TLB_ENTRIES; i++) {
			const struct translation *known = &mmu[cpu].tlb[i];

			if (known->is_valid && known->asid == (loaded & ASID_MASK) &&
			    pte_is_present(known->pte) && pte_paddr(known->pte) != pte_paddr(pte) &&
			    leaf_place(loaded & ~ASID_MASK, known->page) == entry)
				fail("break", "page %lx becomes %lx while CPU %u remembers %lx",
				     known->page, pte, cpu, known->pte);
		}
	}
}

void pte_write(pte_t *entry, pte_t pte)
{
	pte_t old = *entry;

	if (pte_is_present(old) && pte_is_present(pte) &&
	    (pte_is_leaf(old, 0) != pte_is_leaf(pte, 0) || pte_paddr(old) != pte_paddr(pte)))
		fail("break", "entry %lx becomes %lx without having been invalid between", old,
		     pte);
	if (pte_is_leaf(pte, 0) && (pte_flags(pte, 0) & MAP_WRITE) &&
	    (pte_flags(pte, 0) & MAP_EXECUTE))
		fail("w^x", "entry %lx is writable and executable", pte);
	if (pte_is_present(pte) && !pte_is_leaf(pte, 0))
		frame_use[pte_paddr(pte) >> PAGE_SHIFT] = FRAME_TABLE;
	if (pte_is_present(pte) && pte_is_leaf(pte, 0))
		check_made(entry, pte);
	machine_hook();
	race_access(entry, sizeof(*entry), ACCESS_WRITE | ACCESS_ATOMIC,
		    __builtin_return_address(0));
	trace("entry %p: %lx becomes %lx", (void *)entry, old, pte);
	sim_store(entry, sizeof(*entry), pte, __ATOMIC_RELEASE);
}

/* The kernel's half begins where that of users ends; what is below in its own root is the simulator's. */
#define KERNEL_HALF (USER_END >> (PAGE_SHIFT + 9 * (PT_LEVELS - 1)))

void arch_root_init(paddr_t root)
{
	const pte_t *kernel = phys_to_ptr(kmap_root());
	pte_t *table = phys_to_ptr(root);

	frame_use[root >> PAGE_SHIFT] = FRAME_TABLE;
	memcpy(table + KERNEL_HALF, kernel + KERNEL_HALF,
	       (PT_ENTRIES - KERNEL_HALF) * sizeof(*table));
}

bool mmu_has_kernel_half(paddr_t root)
{
	const pte_t *kernel = phys_to_ptr(kmap_root()), *table = phys_to_ptr(root);

	return !memcmp(table + KERNEL_HALF, kernel + KERNEL_HALF,
		       (PT_ENTRIES - KERNEL_HALF) * sizeof(*table));
}

void arch_kernel_map_enable(paddr_t root)
{
	(void)root;
}

static unsigned index_at(u64 page, unsigned level)
{
	return (page >> 9 * level) & (PT_ENTRIES - 1);
}

static struct translation *find(struct translation *set, u32 count, u32 asid, u64 page,
				unsigned level)
{
	for (u32 i = 0; i < count; i++)
		if (set[i].is_valid && set[i].asid == asid && set[i].level == level &&
		    set[i].page == page)
			return &set[i];
	return NULL;
}

static void insert(struct translation *set, u32 count, const struct translation *entry)
{
	struct translation *old = find(set, count, entry->asid, entry->page, entry->level);

	if (!old)
		old = &set[mmu_random() % count];
	*old = *entry;
}

/* Read the leaf of @page, from a remembered table if there is one. */
static pte_t walk(u32 cpu, u64 page)
{
	u32 asid = mmu[cpu].loaded & ASID_MASK;
	paddr_t table = mmu[cpu].loaded & ~ASID_MASK;
	unsigned level = PT_LEVELS - 1;

	for (unsigned at = 1; at < PT_LEVELS; at++) {
		struct translation *known =
			find(mmu[cpu].walk, WALK_ENTRIES, asid, page >> 9 * at, at);

		if (known) {
			table = pte_paddr(known->pte);
			level = at - 1;
			break;
		}
	}
	for (;; level--) {
		pte_t *entry = (pte_t *)phys_to_ptr(table) + index_at(page, level);
		struct translation found = { true, asid, page >> 9 * level, level, 0 };

		if (frame_use[table >> PAGE_SHIFT] != FRAME_TABLE)
			fail("stale table",
			     "CPU %u walks through frame %lx, which is no table (level %u, ASID "
			     "%u)",
			     cpu, table, level, asid);
		found.pte = views_walk(cpu, entry, mmu_random());
		if (!level || !pte_is_present(found.pte))
			return level ? 0 : found.pte;
		insert(mmu[cpu].walk, WALK_ENTRIES, &found);
		table = pte_paddr(found.pte);
	}
}

static struct translation *fill(u32 cpu, u64 page)
{
	struct translation entry = { true, mmu[cpu].loaded & ASID_MASK, page, 0, walk(cpu, page) };

	insert(mmu[cpu].tlb, TLB_ENTRIES, &entry);
	return find(mmu[cpu].tlb, TLB_ENTRIES, entry.asid, page, 0);
}

void mmu_speculate(u64 random)
{
	u32 cpu = (u32)(random >> 16) % NR_CPUS;

	if (mmu[cpu].loaded)
		fill(cpu, actor_address(random >> 20) >> PAGE_SHIFT);
}

/* ---- user accesses ---- */

static void check_frame(paddr_t frame, uaddr_t address)
{
	u8 use = frame_use[frame >> PAGE_SHIFT];

	if (use != FRAME_USED && use != FRAME_BOOT)
		fail("stale frame", "user address %lx reaches frame %lx, which is %s", address,
		     frame,
		     use == FRAME_FREE	? "free" :
		     use == FRAME_TABLE ? "a page table" :
					  "kernel data");
}

static void check_fetch(paddr_t frame, uaddr_t address)
{
	u64 number = frame >> PAGE_SHIFT;

	if (cleaned[number] < written[number])
		fail("stale fetch", "instructions at %lx were written and not cleaned", address);
	if (mmu[cpu_number(running)].synced < cleaned[number])
		fail("stale fetch", "CPU %u has not synchronised its fetches for %lx",
		     cpu_number(running), address);
}

void *mmu_access(uaddr_t address, u32 access, struct fault_info *fault)
{
	u32 cpu = cpu_number(running), flags;
	u64 page = address >> PAGE_SHIFT;
	struct translation *entry = NULL;
	paddr_t frame;

	if (address < USER_END) {
		entry = find(mmu[cpu].tlb, TLB_ENTRIES, mmu[cpu].loaded & ASID_MASK, page, 0);
		if (!entry)
			entry = fill(cpu, page);
	}
	flags = entry ? pte_flags(entry->pte, 0) : 0;
	if (!(flags & MAP_USER) || (access & ~flags)) {
		*fault = (struct fault_info){
			.kind = access & MAP_EXECUTE ? FAULT_EXECUTE :
				access & MAP_WRITE   ? FAULT_WRITE :
						       FAULT_READ,
			.from_table = true,
			.address = address,
		};
		return NULL;
	}
	frame = pte_paddr(entry->pte);
	if (frame >= HOST_MEMORY_SIZE)
		return host_memory; /* a device: there is none, frame 0 belongs to nobody */
	check_frame(frame, address);
	if (access & MAP_EXECUTE)
		check_fetch(frame, address);
	if (access & MAP_WRITE)
		mmu_written(frame);
	return phys_to_ptr(frame + (address & (PAGE_SIZE - 1)));
}

/* ---- what the kernel asks for ---- */

u64 arch_space_word(paddr_t root, u32 asid)
{
	return root | asid;
}

/* The CPU can reach the frames [from, to) by what it remembers under the ASID in use. */
static bool reaches(u32 cpu, paddr_t from, paddr_t to, const char **how)
{
	u32 asid = mmu[cpu].loaded & ASID_MASK;

	*how = "former root";
	if (mmu[cpu].before && (mmu[cpu].before & ~ASID_MASK) >= from &&
	    (mmu[cpu].before & ~ASID_MASK) < to)
		return true;
	if (!mmu[cpu].loaded)
		return false;
	*how = "translation";
	for (u32 i = 0; i < TLB_ENTRIES; i++) {
		const struct translation *entry = &mmu[cpu].tlb[i];

		if (entry->is_valid && entry->asid == asid && pte_is_present(entry->pte) &&
		    pte_paddr(entry->pte) >= from && pte_paddr(entry->pte) < to)
			return true;
	}
	*how = "table";
	for (u32 i = 0; i < WALK_ENTRIES; i++) {
		const struct translation *entry = &mmu[cpu].walk[i];

		if (entry->is_valid && entry->asid == asid && pte_paddr(entry->pte) >= from &&
		    pte_paddr(entry->pte) < to)
			return true;
	}
	*how = "root";
	return (mmu[cpu].loaded & ~ASID_MASK) >= from && (mmu[cpu].loaded & ~ASID_MASK) < to;
}

void mmu_check_reachable(paddr_t from, u64 size)
{
	const char *how;

	for (u32 cpu = 0; cpu < NR_CPUS; cpu++)
		if (reaches(cpu, from, from + size, &how))
			fail("stale frame", "frame %lx is freed while CPU %u has it as %s", from,
			     cpu, how);
}

/* Where the leaf of @page stands; NULL: there is no table for it. */
static pte_t *leaf_place(paddr_t table, u64 page)
{
	for (unsigned level = PT_LEVELS - 1;; level--) {
		pte_t *entry = (pte_t *)phys_to_ptr(table) + index_at(page, level);

		if (!level)
			return entry;
		if (!pte_is_present(*entry))
			return NULL;
		table = pte_paddr(*entry);
	}
}

static pte_t leaf_of(paddr_t table, u64 page)
{
	const pte_t *place = leaf_place(table, page);

	return place ? *place : 0;
}

bool mmu_remembers_more(u32 cpu, u32 asid, paddr_t root)
{
	for (u32 i = 0; i < TLB_ENTRIES; i++) {
		const struct translation *entry = &mmu[cpu].tlb[i];
		pte_t now;

		if (!entry->is_valid || entry->asid != asid || !pte_is_present(entry->pte))
			continue;
		now = leaf_of(root, entry->page);
		if (pte_paddr(now) != pte_paddr(entry->pte) ||
		    (pte_flags(entry->pte, 0) & ~pte_flags(now, 0)))
			return true;
	}
	return false;
}

u64 mmu_loaded(u32 cpu)
{
	return mmu[cpu].loaded;
}

/* What is written to the register is in force when the CPU has synchronised itself. */
static void mmu_load(u32 cpu, u64 word)
{
	if (mmu[cpu].loaded && mmu[cpu].loaded != word)
		mmu[cpu].before = mmu[cpu].loaded;
	mmu[cpu].loaded = word;
}

/* Under the new ASID nothing may be remembered that is gone. */
void arch_load_space(u64 word)
{
	u32 cpu = cpu_number(running);

	machine_hook();
	mmu_load(cpu, word);
	trace("loads space %lx", word);
	for (u32 i = 0; i < TLB_ENTRIES; i++) {
		const struct translation *entry = &mmu[cpu].tlb[i];

		if (entry->is_valid && entry->asid == (word & ASID_MASK) &&
		    pte_is_present(entry->pte) && pte_paddr(entry->pte) < HOST_MEMORY_SIZE)
			check_frame(pte_paddr(entry->pte), entry->page << PAGE_SHIFT);
	}
}

void arch_load_kernel_space(void)
{
	machine_hook();
	mmu_load(cpu_number(running), 0);
}

void arch_context_sync(void)
{
	mmu[cpu_number(running)].before = 0;
}

u32 arch_asid_count(void)
{
	return NR_ASIDS;
}

void arch_flush_user_all(void)
{
	u32 cpu = cpu_number(running);

	machine_hook();
	memset(mmu[cpu].tlb, 0, sizeof(mmu[cpu].tlb));
	memset(mmu[cpu].walk, 0, sizeof(mmu[cpu].walk));
}

static void flush_set(struct translation *set, u32 count, u32 asid)
{
	for (u32 i = 0; i < count; i++)
		if (set[i].asid == asid)
			set[i].is_valid = false;
}

void arch_flush_user_page(uaddr_t address, u32 asid)
{
	u32 cpu = cpu_number(running);
	struct translation *entry = find(mmu[cpu].tlb, TLB_ENTRIES, asid, address >> PAGE_SHIFT, 0);

	machine_hook();
	if (entry)
		entry->is_valid = false;
	flush_set(mmu[cpu].walk, WALK_ENTRIES, asid);
}

/* ---- instruction caches ---- */

void mmu_written(paddr_t frame)
{
	written[frame >> PAGE_SHIFT] = ++fetch_clock;
}

void arch_clean_icache(const void *start, size_t size)
{
	paddr_t at = ptr_to_phys(start);

	machine_hook();
	for (u64 done = 0; done < size; done += PAGE_SIZE)
		cleaned[(at + done) >> PAGE_SHIFT] = ++fetch_clock;
}

void arch_sync_icache(void)
{
	machine_hook();
	mmu[cpu_number(running)].synced = ++fetch_clock;
}

bool mmu_is_fetchable(paddr_t frame)
{
	u64 number = frame >> PAGE_SHIFT;

	for (u32 i = 0; i < nr_cpus_online; i++)
		if (mmu[i].synced < cleaned[number])
			return false;
	return cleaned[number] >= written[number];
}

/* ---- frames ---- */

void arch_clear_page(void *page)
{
	machine_hook();
	race_clear_page(page, __builtin_return_address(0));
	memset(page, 0, PAGE_SIZE);
	mmu_written(ptr_to_phys(page));
}
