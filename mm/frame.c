// SPDX-License-Identifier: MIT
/*
 * The frame allocator: 4 KiB frames and aligned runs of 2^order of them.
 *
 * A binary buddy allocator a zone.  Memory lies in banks: gapless ranges that
 * belong to one zone each, with a byte of state a frame:
 *
 *   0                inside of a block, not its first frame
 *   STATE_FREE | n   first frame of a free block of order n, on the zone's list
 *   STATE_USED | n   first frame of a block handed out
 *   STATE_CACHED     free, in the cache of a CPU
 *
 * so a double free, a wrong order and a foreign frame are all seen at once.
 * Free blocks are linked through their own first bytes; blocks never reach
 * across the border of a bank.
 *
 * Single frames go through a stack a CPU, without a lock.  No CPU takes from
 * another one's: the frames that the others' caches can hold at most are never
 * promised to anybody (account.c), so a promised one is here or in a zone.
 */
#include <kernel/cpu.h>
#include <kernel/kasan.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/spinlock.h>
#include <lib/list.h>

#include "internal.h"

#define MAX_ORDER 10u
#define NR_ZONES 2
#define DMA_LIMIT (16UL << 20 >> PAGE_SHIFT) /* frame number */

#define STATE_CACHED 0x20u
#define STATE_FREE 0x40u
#define STATE_USED 0x80u

/* As many frames at a time, to and from a cache. */
#define REFILL_ORDER (IS_ENABLED(CONFIG_SMALL_BATCHES) ? 1u : 4u)

/*
 * Immutable after frame_init() except for the state bytes: zone lock, or while it is handed out or
 * cached its owner.
 */
struct bank {
	u64 first, end; /* frame numbers */
	u8 *state;
	enum zone zone;
};

static struct zone_data {
	struct spinlock lock;
	struct list free[MAX_ORDER + 1];
	u64 nr_free;
} zones[NR_ZONES];

static u32 cache_limit; /* immutable after boot */

static struct bank banks[RANGE_SET_MAX + 1]; /* one of the ranges crosses DMA_LIMIT */
static u32 nr_banks; /* sorted by address */
static u64 nr_frames;
static bool is_ready;

bool frame_is_ready(void)
{
	return is_ready;
}

static struct list *block_link(u64 number)
{
	return phys_to_ptr(number << PAGE_SHIFT);
}

static u64 block_number(struct list *link)
{
	return ptr_to_phys(link) >> PAGE_SHIFT;
}

static u8 *state_of(const struct bank *bank, u64 number)
{
	return &bank->state[number - bank->first];
}

static bool bank_has(const struct bank *bank, u64 number)
{
	return number - bank->first < bank->end - bank->first;
}

static noinline const struct bank *bank_search(struct frame_cache *cache, u64 number)
{
	u32 low = 0, high = nr_banks;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (number >= banks[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == nr_banks || !bank_has(&banks[low], number))
		return NULL;
	cache->bank = &banks[low];
	return cache->bank;
}

/* The bank of a frame, NULL if it is none of the allocator's. */
static const struct bank *bank_of(struct frame_cache *cache, u64 number)
{
	const struct bank *bank = cache->bank;

	return likely(bank && bank_has(bank, number)) ? bank : bank_search(cache, number);
}

/* Of a frame that is the allocator's. */
static const struct bank *bank_of_own(struct frame_cache *cache, u64 number)
{
	const struct bank *bank = bank_of(cache, number);

	if (unlikely(!bank))
		panic("frame %lx lies in no bank", number << PAGE_SHIFT);
	return bank;
}

static void block_put(const struct bank *bank, u64 number, unsigned order)
{
	*state_of(bank, number) = (u8)(STATE_FREE | order);
	/* What was freed last is taken last where its use after that shall be seen. */
	if (IS_ENABLED(CONFIG_KASAN))
		list_append(&zones[bank->zone].free[order], block_link(number));
	else
		list_prepend(&zones[bank->zone].free[order], block_link(number));
}

static void block_take(const struct bank *bank, u64 number)
{
	*state_of(bank, number) = 0;
	list_remove(block_link(number));
}

/* The smallest free block that is large enough, halved until it fits. Zone lock held. */
static paddr_t zone_alloc(struct zone_data *zone, unsigned order)
{
	unsigned have = order;
	const struct bank *bank;
	u64 number;

	while (have <= MAX_ORDER && list_is_empty(&zone->free[have]))
		have++;
	if (have > MAX_ORDER)
		return 0;
	number = block_number(list_first(&zone->free[have]));
	bank = bank_of_own(&arch_this_cpu()->frames, number);
	ASSERT(*state_of(bank, number) == (STATE_FREE | have));
	block_take(bank, number);
	while (have > order) {
		have--;
		block_put(bank, number + BIT(have), have);
	}
	*state_of(bank, number) = (u8)(STATE_USED | order);
	zone->nr_free -= BIT(order);
	return number << PAGE_SHIFT;
}

static paddr_t block_alloc(unsigned order, unsigned zone)
{
	paddr_t frame;

	spin_lock(&zones[zone].lock);
	frame = zone_alloc(&zones[zone], order);
	spin_unlock(&zones[zone].lock);
	return frame;
}

/* The largest block there is of a batch and below, as single frames. */
static void cache_fill(struct frame_cache *cache)
{
	unsigned zone = ZONE_NORMAL, order = REFILL_ORDER;
	paddr_t block;
	u8 *state;

	while (!(block = block_alloc(order, zone))) {
		if (!order && ++zone == NR_ZONES)
			return;
		order = order ? order - 1 : REFILL_ORDER;
	}
	state = state_of(bank_of_own(cache, block >> PAGE_SHIFT), block >> PAGE_SHIFT);
	for (u64 i = BIT(order); i-- > 0;) {
		cache->frame[cache->nr].base = block + (i << PAGE_SHIFT);
		cache->frame[cache->nr].state = state + i;
		store_relaxed(state + i, (u8)STATE_CACHED);
		store_relaxed(&cache->nr, cache->nr + 1);
	}
}

/* The cache is not empty. */
static paddr_t cache_pop(struct frame_cache *cache)
{
	u32 last = cache->nr - 1;

	store_relaxed(&cache->nr, last);
	store_relaxed(cache->frame[last].state, (u8)STATE_USED);
	return cache->frame[last].base;
}

/* The cache does not serve it as it is. */
static noinline paddr_t alloc_slowly(struct frame_cache *cache, unsigned order, unsigned zone)
{
	paddr_t frame = 0;

	if (!order && zone == ZONE_NORMAL && cache_limit) {
		cache_fill(cache);
		return cache->nr ? cache_pop(cache) : 0;
	}
	for (; zone < NR_ZONES && order <= MAX_ORDER && !frame; zone++)
		frame = block_alloc(order, zone);
	if (frame)
		kasan_unpoison(phys_to_ptr(frame), PAGE_SIZE << order);
	return frame;
}

/*
 * An ordinary request falls back on DMA memory: a charge promises any frame,
 * so exhaustion must mean that no frame at all is left.
 */
paddr_t frame_alloc(unsigned order, enum zone zone)
{
	struct frame_cache *cache = &arch_this_cpu()->frames;

	if (unlikely(order || zone != ZONE_NORMAL || !cache->nr))
		return alloc_slowly(cache, order, zone);
	return cache_pop(cache);
}

/* Unite a free block with its buddies as far as they are free. Zone lock held. */
static void block_merge(const struct bank *bank, u64 number, unsigned order)
{
	while (order < MAX_ORDER) {
		u64 buddy = number ^ BIT(order);

		/* The state of one that is not free may change meanwhile, but not to free. */
		if (buddy < bank->first || buddy + BIT(order) > bank->end ||
		    load_relaxed(state_of(bank, buddy)) != (STATE_FREE | order))
			break;
		block_take(bank, buddy);
		number = MIN(number, buddy);
		order++;
	}
	block_put(bank, number, order);
}

static noinline void block_free(const struct bank *bank, u64 number, unsigned order)
{
	struct zone_data *zone = &zones[bank->zone];

	spin_lock(&zone->lock);
	*state_of(bank, number) = 0;
	block_merge(bank, number, order);
	zone->nr_free += BIT(order);
	spin_unlock(&zone->lock);
}

static void cache_drain(struct frame_cache *cache)
{
	for (u32 i = 0; i < BIT(REFILL_ORDER) && cache->nr; i++) {
		u64 number = cache->frame[cache->nr - 1].base >> PAGE_SHIFT;

		store_relaxed(&cache->nr, cache->nr - 1);
		block_free(bank_of_own(cache, number), number, 0);
	}
}

static void cache_push(struct frame_cache *cache, paddr_t frame, u8 *state)
{
	store_relaxed(state, (u8)STATE_CACHED);
	cache->frame[cache->nr].base = frame;
	cache->frame[cache->nr].state = state;
	store_relaxed(&cache->nr, cache->nr + 1);
}

/* All but a single frame of the bank of the last one for which there is room in the cache. */
static noinline void free_slowly(struct frame_cache *cache, paddr_t frame, unsigned order)
{
	u64 number = frame >> PAGE_SHIFT;
	const struct bank *bank = bank_of(cache, number);
	u8 *state;

	if (!bank || !IS_ALIGNED(frame, PAGE_SIZE) || order > MAX_ORDER)
		panic("free of %lx, which is no frame of the allocator (order %u)", frame, order);
	state = state_of(bank, number);
	if (load_relaxed(state) != (STATE_USED | order))
		panic("free of frame %lx with order %u, but its state is %s, order %u", frame,
		      order,
		      load_relaxed(state) & STATE_USED			? "used"
		      : load_relaxed(state) & (STATE_FREE | STATE_CACHED) ? "free"
									: "inside of a block",
		      load_relaxed(state) & 0xfu);
	kasan_poison(phys_to_ptr(frame), PAGE_SIZE << order, KASAN_FREE_FRAME);
	if (order || !cache_limit) {
		block_free(bank, number, order);
		return;
	}
	if (cache->nr == cache_limit)
		cache_drain(cache);
	cache_push(cache, frame, state);
}

void frame_free(paddr_t frame, unsigned order)
{
	struct frame_cache *cache = &arch_this_cpu()->frames;
	const struct bank *bank = cache->bank;
	u64 number = frame >> PAGE_SHIFT;

	if (likely(!order && bank && bank_has(bank, number) && IS_ALIGNED(frame, PAGE_SIZE) &&
		   cache->nr < cache_limit) &&
	    likely(load_relaxed(state_of(bank, number)) == STATE_USED))
		cache_push(cache, frame, state_of(bank, number));
	else
		free_slowly(cache, frame, order);
}

bool frame_is_ram(paddr_t base, u64 size)
{
	for (u32 i = 0; i < bootmem_ram.nr; i++) {
		const struct boot_range *range = &bootmem_ram.range[i];

		if (ranges_overlap(base, size, range->base, range->size))
			return true;
	}
	return false;
}

void frame_get_stats(struct frame_stats *stats)
{
	stats->total = nr_frames;
	stats->free = 0;
	for (int i = 0; i < NR_ZONES; i++) {
		spin_lock(&zones[i].lock);
		stats->free += zones[i].nr_free;
		spin_unlock(&zones[i].lock);
	}
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
		stats->free += load_relaxed(&cpus[i].frames.nr);
}

/* ---- at boot ---- */

/* Enter a bank at its place in the order of addresses. */
static void bank_add(u64 first, u64 end, enum zone zone, u8 **state)
{
	u32 at = nr_banks;

	if (first >= end)
		return;
	for (; at && banks[at - 1].first > first; at--)
		banks[at] = banks[at - 1];
	banks[at] = (struct bank){ .first = first, .end = end, .state = *state, .zone = zone };
	*state += end - first;
	nr_banks++;
	nr_frames += end - first;
}

/* Cut a bank into the largest aligned blocks. */
static void bank_fill(struct bank *bank)
{
	u64 number = bank->first;

	while (number < bank->end) {
		unsigned order = 0;

		while (order < MAX_ORDER && IS_ALIGNED(number, BIT(order + 1)) &&
		       number + BIT(order + 1) <= bank->end)
			order++;
		kasan_poison(phys_to_ptr(number << PAGE_SHIFT), PAGE_SIZE << order,
			     KASAN_FREE_FRAME);
		block_put(bank, number, order);
		zones[bank->zone].nr_free += BIT(order);
		number += BIT(order);
	}
}

void frame_init(const struct boot_info *info)
{
	u64 pages = 0;
	u8 *state;

	(void)info; /* bootmem has read it already */
	for (int i = 0; i < NR_ZONES; i++) {
		spin_init(&zones[i].lock, LOCK_ZONE);
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			list_init(&zones[i].free[order]);
	}
	for (u32 i = 0; i < bootmem_free.nr; i++)
		pages += bootmem_free.range[i].size >> PAGE_SHIFT;
	state = bootmem_alloc(pages); /* for a little more than will be left: itself */
	is_ready = true;
	for (u32 i = 0; i < bootmem_free.nr; i++) {
		u64 first = bootmem_free.range[i].base >> PAGE_SHIFT;
		u64 end = first + (bootmem_free.range[i].size >> PAGE_SHIFT);

		bank_add(first, MIN(end, DMA_LIMIT), ZONE_DMA, &state);
		bank_add(MAX(first, DMA_LIMIT), end, ZONE_NORMAL, &state);
	}
	for (u32 i = 0; i < nr_banks; i++)
		bank_fill(&banks[i]);
	/* Where a use after the free shall be seen, a frame is not to come back at once. */
	if (!IS_ENABLED(CONFIG_KASAN))
		cache_limit = (u32)ALIGN_DOWN(MIN((u64)FRAME_CACHE_MAX,
						  nr_frames / (16 * CONFIG_NR_CPUS)),
					      BIT(REFILL_ORDER));
	account_init(nr_frames - (CONFIG_NR_CPUS - 1) * (u64)cache_limit);
	pr_info("memory: %lu MiB free in %u banks, %lu KiB of it below 16 MiB", nr_frames >> 8,
		nr_banks, zones[ZONE_DMA].nr_free << 2);
}
