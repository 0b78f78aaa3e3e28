// SPDX-License-Identifier: MIT
/*
 * What the kernel allocates: counted, noted for what it is used, refused when a
 * test wants that.
 */
#include <string.h>

#include <kernel/cap.h>
#include <kernel/mm.h>

#include "sim.h"

#define MAX_OBJECTS 8192

static u64 nr_in_use, nr_items; /* frames; items of slabs */

/* The linker puts these in between: see arch.mk. */
paddr_t __real_frame_alloc(unsigned order, enum zone zone);
void __real_frame_free(paddr_t frame, unsigned order);
void *__real_slab_alloc(struct slab_cache *cache);
struct object *__real_object_alloc(u8 type);
paddr_t __real_frame_alloc_charged(void);
long __real_account_charge(u64 frames);
struct slot *__real_cap_reserve(struct cap_space *space);
struct slot *__wrap_cap_reserve(struct cap_space *space);
void __real_slab_free(struct slab_cache *cache, void *item);
paddr_t __wrap_frame_alloc_charged(void);
long __wrap_account_charge(u64 frames);
void __wrap_slab_free(struct slab_cache *cache, void *item);
paddr_t __wrap_frame_alloc(unsigned order, enum zone zone);
void __wrap_frame_free(paddr_t frame, unsigned order);
void *__wrap_slab_alloc(struct slab_cache *cache);
struct object *__wrap_object_alloc(u8 type);

u64 alloc_frames_in_use(void)
{
	return nr_in_use;
}

u64 alloc_items_in_use(void)
{
	return nr_items;
}

/* ---- allocations that fail because the test wants them to ---- */

static u32 failing; /* 1: the next one; 0: none */
static bool has_failed;
static u32 reserving; /* CPUs that look for a slot in a space of users, a bit each */
static long status_of_failure;
static const struct thread *waiter; /* whose CPU's reaper had work when it failed */

void alloc_fail(u32 n)
{
	failing = n;
	has_failed = false;
	waiter = NULL;
}

bool alloc_has_failed(void)
{
	return has_failed;
}

long alloc_status_of_failure(void)
{
	return status_of_failure;
}

bool alloc_has_to_wait(const struct thread *thread)
{
	bool has_to = waiter == thread;

	waiter = has_to ? NULL : waiter;
	return has_to;
}

static bool fails_now(void)
{
	if (!failing || --failing)
		return false;
	trace("an allocation fails");
	has_failed = true;
	status_of_failure = reserving & 1u << cpu_number(running) ? ST_NOSLOTS : ST_NOMEM;
	waiter = running->cpu->reap_first ? running->cpu->current : NULL;
	return true;
}

long __wrap_account_charge(u64 frames)
{
	return fails_now() ? ST_NOMEM : __real_account_charge(frames);
}

struct slot *__wrap_cap_reserve(struct cap_space *space)
{
	u32 self = 1u << cpu_number(running);
	struct slot *slot;

	/* Where the kernel lacks a slot of its own, memory is said to be short. */
	reserving |= space != &kernel_space ? self : 0;
	slot = fails_now() ? NULL : __real_cap_reserve(space);
	reserving &= ~self;
	return slot;
}

paddr_t __wrap_frame_alloc_charged(void)
{
	return fails_now() ? 0 : __real_frame_alloc_charged();
}

paddr_t __wrap_frame_alloc(unsigned order, enum zone zone)
{
	/* A run of frames can be missing though as many single ones are there. */
	paddr_t frame = order && fails_now() ? 0 : __real_frame_alloc(order, zone);

	if (frame) {
		nr_in_use += 1UL << order;
		for (u64 i = 0; i < 1UL << order; i++)
			if (frame_use[(frame >> PAGE_SHIFT) + i] > FRAME_FREE)
				fail("frame", "frame %lx is handed out, and somebody has it",
				     frame + (i << PAGE_SHIFT));
		memset(&frame_use[frame >> PAGE_SHIFT], FRAME_USED, 1UL << order);
	}
	return frame;
}

void __wrap_frame_free(paddr_t frame, unsigned order)
{
	trace("frame %lx is freed", frame);
	mmu_check_reachable(frame, PAGE_SIZE << order);
	if (frame < HOST_MEMORY_SIZE)
		memset(&frame_use[frame >> PAGE_SHIFT], FRAME_FREE, 1UL << order);
	nr_in_use -= 1UL << order;
	__real_frame_free(frame, order);
}

void *__wrap_slab_alloc(struct slab_cache *cache)
{
	void *item = fails_now() ? NULL : __real_slab_alloc(cache);

	if (item) {
		frame_use[ptr_to_phys(item) >> PAGE_SHIFT] = FRAME_SLAB;
		nr_items++;
	}
	return item;
}

void __wrap_slab_free(struct slab_cache *cache, void *item)
{
	nr_items--;
	__real_slab_free(cache, item);
}

/* ---- objects: type-stable, so each is entered once ---- */

static struct object *objects[MAX_OBJECTS];
static u32 nr_objects;

struct object *alloc_object(u32 number)
{
	return number < nr_objects ? objects[number] : NULL;
}

struct object *__wrap_object_alloc(u8 type)
{
	struct object *object = __real_object_alloc(type);

	for (u32 i = 0; i < nr_objects; i++)
		if (objects[i] == object)
			return object;
	if (object && nr_objects == MAX_OBJECTS)
		finish("too many objects");
	if (object)
		objects[nr_objects++] = object;
	return object;
}
