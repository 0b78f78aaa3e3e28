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
 *
 * so a double free, a wrong order and a foreign frame are all seen at once.
 * Free blocks are linked through their own first bytes; blocks never reach
 * across the border of a bank.
 */
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/spinlock.h>
#include <lib/list.h>

#include "internal.h"

#define MAX_ORDER 10u
#define NR_ZONES 2
#define DMA_LIMIT (16UL << 20 >> PAGE_SHIFT) /* frame number */

#define STATE_FREE 0x40u
#define STATE_USED 0x80u

/* Immutable after frame_init() except for the state bytes (zone lock). */
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

static struct bank banks[RANGE_SET_MAX + 1];
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

static struct bank *bank_of(u64 number)
{
	u32 low = 0, high = nr_banks;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (number >= banks[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == nr_banks || number < banks[low].first)
		return NULL;
	return &banks[low];
}

static u8 *state_of(const struct bank *bank, u64 number)
{
	return &bank->state[number - bank->first];
}

static void block_put(struct bank *bank, u64 number, unsigned order)
{
	*state_of(bank, number) = STATE_FREE | order;
	list_prepend(&zones[bank->zone].free[order], block_link(number));
}

static void block_take(struct bank *bank, u64 number)
{
	*state_of(bank, number) = 0;
	list_remove(block_link(number));
}

/* The smallest free block that is large enough, halved until it fits. Zone lock held. */
static paddr_t zone_alloc(struct zone_data *zone, unsigned order)
{
	unsigned have = order;
	struct bank *bank;
	u64 number;

	while (have <= MAX_ORDER && list_is_empty(&zone->free[have]))
		have++;
	if (have > MAX_ORDER)
		return 0;
	number = block_number(list_first(&zone->free[have]));
	bank = bank_of(number);
	ASSERT(bank && *state_of(bank, number) == (STATE_FREE | have));
	block_take(bank, number);
	while (have > order) {
		have--;
		block_put(bank, number + BIT(have), have);
	}
	*state_of(bank, number) = STATE_USED | order;
	zone->nr_free -= BIT(order);
	return number << PAGE_SHIFT;
}

/*
 * An ordinary request falls back on DMA memory: a charge promises any frame,
 * so exhaustion must mean that no frame at all is left.
 */
paddr_t frame_alloc(unsigned order, enum zone zone)
{
	for (int i = zone; i < NR_ZONES && order <= MAX_ORDER; i++) {
		paddr_t frame;

		spin_lock(&zones[i].lock);
		frame = zone_alloc(&zones[i], order);
		spin_unlock(&zones[i].lock);
		if (frame)
			return frame;
	}
	return 0;
}

/* Unite a free block with its buddies as far as they are free. Zone lock held. */
static void block_merge(struct bank *bank, u64 number, unsigned order)
{
	while (order < MAX_ORDER) {
		u64 buddy = number ^ BIT(order);

		if (buddy < bank->first || buddy + BIT(order) > bank->end ||
		    *state_of(bank, buddy) != (STATE_FREE | order))
			break;
		block_take(bank, buddy);
		number = MIN(number, buddy);
		order++;
	}
	block_put(bank, number, order);
}

void frame_free(paddr_t frame, unsigned order)
{
	u64 number = frame >> PAGE_SHIFT;
	struct bank *bank = bank_of(number);
	struct zone_data *zone;
	u8 state;

	if (!bank || !IS_ALIGNED(frame, PAGE_SIZE) || order > MAX_ORDER)
		panic("free of %lx, which is no frame of the allocator (order %u)", frame, order);
	zone = &zones[bank->zone];
	spin_lock(&zone->lock);
	state = *state_of(bank, number);
	if (state != (STATE_USED | order))
		panic("free of frame %lx with order %u, but its state is %s, order %u", frame,
		      order,
		      state & STATE_USED   ? "used"
		      : state & STATE_FREE ? "free"
					   : "inside of a block",
		      state & 0xfu);
	*state_of(bank, number) = 0;
	block_merge(bank, number, order);
	zone->nr_free += BIT(order);
	spin_unlock(&zone->lock);
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
	for (u32 i = 0; i < bootmem_free.nr && nr_banks < ARRAY_SIZE(banks) - 1; i++) {
		u64 first = bootmem_free.range[i].base >> PAGE_SHIFT;
		u64 end = first + (bootmem_free.range[i].size >> PAGE_SHIFT);

		bank_add(first, MIN(end, DMA_LIMIT), ZONE_DMA, &state);
		bank_add(MAX(first, DMA_LIMIT), end, ZONE_NORMAL, &state);
	}
	for (u32 i = 0; i < nr_banks; i++)
		bank_fill(&banks[i]);
	account_init(nr_frames);
	pr_info("memory: %lu MiB free in %u banks, %lu KiB of it below 16 MiB", nr_frames >> 8,
		nr_banks, zones[ZONE_DMA].nr_free << 2);
}
