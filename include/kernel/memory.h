/* SPDX-License-Identifier: MIT */
/*
 * Memory objects: a number of pages that can be mapped, sealed, lent, given.
 *
 * Ordinary memory is charged in full at creation and its frames appear, zeroed,
 * at first touch: a fault therefore never fails for want of memory.  Physical
 * memory (device registers, the boot archive) names a fixed range.
 * Frames leave an object only when it is destroyed, after every mapping is
 * gone from every CPU.
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <kernel/object.h>

struct cap;

#define MEMORY_MAX_PAGES (512UL * 512) /* 1 GiB: two levels of frame lists */

struct memory {
	struct object object;
	/* immutable after creation */
	u64 nr_pages;
	u64 nr_charged; /* frames paid for: pages and frame lists */
	paddr_t base;   /* physical memory: first byte; else unused */
	u8 depth;       /* levels of frame lists: 0 (one page, no list), 1 or 2 */
	bool is_physical;
	bool is_device; /* mapped uncached */
	/* memory lock */
	struct spinlock lock;
	paddr_t frames; /* top frame list, or the frame itself at depth 0; 0 = not there yet */
	u64 nr_resident;
	u64 cursor;      /* sealing, teardown: pages dealt with so far */
	u32 nr_writable; /* regions through which some CPU may write */
	bool is_sealing; /* no new writable regions; caches are being cleaned */
	u64 seal_generation; /* atomic; 0, or cleaned, and every CPU synchronises its fetch */
	bool is_sealed;  /* atomic: read without the lock */
	bool is_torn;    /* teardown has begun */
};

/** memory_create() - ordinary memory of 1..MEMORY_MAX_PAGES. Return: NULL if the account cannot pay for it. */
struct memory *memory_create(u64 nr_pages);

/** memory_create_physical() - a fixed range. NULL if there is no memory for the object. */
struct memory *memory_create_physical(paddr_t base, u64 nr_pages, bool is_device);

/** memory_frame() - the frame of page @index, allocated and cleared if needed. Cannot fail for a valid index. */
paddr_t memory_frame(struct memory *memory, u64 index);

/**
 * memory_frame_of() - likewise, for somebody who holds only a capability.
 * Return: ST_OK and *frame; ST_BADHANDLE if it has died meanwhile; ST_INVALID: no such page.
 */
long memory_frame_of(const struct cap *cap, u64 index, paddr_t *frame);

/** memory_frame_present() - the frame or 0. */
paddr_t memory_frame_present(struct memory *memory, u64 index);

/**
 * memory_seal() - for ever read-only + executable; a bounded piece of the work at a time.
 * @by, if not NULL, is the capability it was found by, looked at again under the memory lock.
 * Return: ST_OK, ST_BADHANDLE, ST_INVALID for devices, ST_BUSY while a writable mapping exists;
 * SYSCALL_RESTART: call again, if memory->seal_generation is set after fetch_wait() for it.
 */
long memory_seal(struct memory *memory, const struct cap *by);

/**
 * memory_add_writer() / memory_drop_writer() - a region begins or ceases to allow writing.
 * Return of the first: ST_OK or ST_SEALED.
 */
long memory_add_writer(struct memory *memory) __must_check;
void memory_drop_writer(struct memory *memory);

/** memory_teardown_step() - reaper, derivation list empty: free frames in bounded pieces. true when done. */
bool memory_teardown_step(struct memory *memory);

#endif
