// SPDX-License-Identifier: MIT
/*
 * The one place that charges.
 *
 * A charge is a promise of single frames that exist: the sum of all promises
 * never exceeds the frames the allocator was given, so whoever has charged
 * cannot fail to allocate.  Everything taken from the frame allocator after
 * boot is charged first, or the promise would be hollow.
 */
#include <kernel/panic.h>
#include <kernel/spinlock.h>

#include "internal.h"

static struct spinlock lock = { .rank = LOCK_ACCOUNT };
static u64 total;     /* immutable after boot */
static u64 available; /* account lock */

void account_init(u64 frames)
{
	total = frames;
	available = frames;
}

long account_charge(u64 frames)
{
	bool fits;

	spin_lock(&lock);
	fits = frames <= available;
	if (fits)
		available -= frames;
	spin_unlock(&lock);
	return fits ? ST_OK : ST_NOMEM;
}

void account_release(u64 frames)
{
	spin_lock(&lock);
	available += frames;
	ASSERT(available >= frames && available <= total);
	spin_unlock(&lock);
}

u64 account_available(void)
{
	u64 frames;

	spin_lock(&lock);
	frames = available;
	spin_unlock(&lock);
	return frames;
}

paddr_t frame_alloc_promised(void)
{
	paddr_t frame = frame_alloc(0, ZONE_NORMAL);

	if (!frame)
		panic("a promised frame does not exist: somebody allocates without a charge");
	arch_clear_page(phys_to_ptr(frame));
	return frame;
}

paddr_t frame_alloc_charged(void)
{
	return account_charge(1) == ST_OK ? frame_alloc_promised() : 0;
}

void frame_free_charged(paddr_t frame)
{
	frame_free(frame, 0);
	account_release(1);
}
