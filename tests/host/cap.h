/* SPDX-License-Identifier: MIT */
/*
 * The kernel around cap/ for its test: memory that is counted, a few objects,
 * and a region that takes its time to be unmapped.
 */
#ifndef TESTS_HOST_CAP_H
#define TESTS_HOST_CAP_H

#include "kernel.h"
#include <kernel/ipc.h>
#include <kernel/mm.h>
#include <kernel/slot.h>
#include <kernel/vspace.h>

#define OBJECTS 4

static u64 next_frame, frames_left;
static bool is_fragmented; /* there are single frames only */
static long nr_charged;

paddr_t frame_alloc(unsigned int order, enum zone zone)
{
	u64 count = 1UL << order;

	(void)zone;
	if (is_fragmented && order)
		return 0;
	next_frame = ALIGN_UP(next_frame, count);
	assert_true((next_frame + count) * PAGE_SIZE <= HOST_MEMORY_SIZE);
	next_frame += count;
	memset(host_memory + (next_frame - count) * PAGE_SIZE, 0x5a, count * PAGE_SIZE);
	return (next_frame - count) * PAGE_SIZE;
}

void frame_free(paddr_t frame, unsigned int order)
{
	memset(host_memory + frame, 0xa5, PAGE_SIZE << order);
}

long account_charge(u64 frames)
{
	if (frames > frames_left)
		return ST_NOMEM;
	frames_left -= frames;
	nr_charged += (long)frames;
	return ST_OK;
}

void account_release(u64 frames)
{
	frames_left += frames;
	nr_charged -= (long)frames;
}

paddr_t frame_alloc_charged(void);
paddr_t frame_alloc_charged(void)
{
	paddr_t frame;

	if (account_charge(1) != ST_OK)
		return 0;
	frame = frame_alloc(0, ZONE_NORMAL);
	memset(host_memory + frame, 0, PAGE_SIZE);
	return frame;
}

void arch_clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

/* Where the kernel would have them: in physical memory, which no frame here reaches so far up. */
#define objects ((struct object *)(host_memory + HOST_MEMORY_SIZE - PAGE_SIZE))
static int nr_unreachable[OBJECTS + 1];

void object_unreachable(struct object *object, u32 generation)
{
	assert_int_equal(locks_held, 0);
	assert_int_equal(object->tree_first, 0);
	assert_int_equal(generation, object->generation);
	nr_unreachable[object - objects]++;
}

void ipc_wake_dead(struct object *object)
{
	(void)object;
	assert_int_equal(locks_held, 0);
}

/* A region that needs two flushes before it is gone. */
static int flushes_needed;

enum sweep region_shrink(struct region *region)
{
	assert_non_null(region);
	return flushes_needed-- > 0 ? SWEEP_FLUSH : SWEEP_DONE;
}

#endif
