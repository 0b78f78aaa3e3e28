/* SPDX-License-Identifier: MIT */
/*
 * User address spaces: regions on memory objects, page tables, TLB shootdown.
 *
 * Region: a range of addresses mapping a range of a memory object.  It embeds
 * no capability: its node in the object's derivation tree is a slot of the
 * kernel's own space (type TYPE_MAPPING, badge = the region), child of the
 * capability it was made with, so revoking that unmaps it.
 *
 * Shootdown: nobody spins.  Changing entries under the space lock marks every
 * CPU that may hold old translations stale (word[cpu].value := 0) and sets its
 * bit in flush.waiting if the space is loaded there; the CPU clears the bit
 * when it has taken a fresh ASID or loaded something else.  A thread that
 * needs the flush blocks until flush.done reaches the generation it asked for.
 */
#ifndef KERNEL_VSPACE_H
#define KERNEL_VSPACE_H

#include <kernel/memory.h>
#include <kernel/spinlock.h>
#include <lib/list.h>
#include <lib/rbtree.h>

struct cpu;
struct process;
struct thread;
struct cap;

struct region {
	struct rb_node node; /* rank: first address; space lock */
	u64 size;            /* bytes; space lock */
	u64 offset;          /* of its first byte in the memory object; space lock */
	u32 flags;           /* MAP_READ | MAP_WRITE | MAP_EXECUTE; space lock */
	struct vspace *space;
	struct memory *memory;
	u32 slot; /* its node in the derivation tree; tree lock of the memory object */
};

/* What CPU i loads for this space, 0 if its translations are stale; see mm/tlb.c. */
struct space_word {
	u64 value;      /* atomic */
	u32 generation; /* of that CPU's ASIDs */
};

struct flush_record {
	struct spinlock lock;
	u64 requested, done; /* generations */
	u64 waiting;         /* bit a CPU: it has not flushed yet (NR_CPUS <= 64) */
	struct list waiters; /* threads in WAIT_FLUSH */
};

struct vspace {
	struct spinlock lock; /* space lock: regions and page tables */
	paddr_t root;
	struct rbtree regions;
	struct flush_record flush;
	struct space_word word[CONFIG_NR_CPUS];
	u64 nr_pages_mapped; /* for people */
};

/** vspace_init() - page-table root. Return: ST_OK or ST_NOMEM. */
long vspace_init(struct vspace *space) __must_check;

/* What a mapping call asks for, already decoded. */
struct map_request {
	uaddr_t address; /* 0: the kernel chooses (random) */
	u64 size, offset; /* bytes, multiples of the page size */
	u32 flags;       /* MAP_READ | MAP_WRITE | MAP_EXECUTE */
};

/**
 * vspace_map() - add a region on the memory object of @cap.
 * Reserves everything its faults will need (page tables), so they cannot fail.
 * Return: ST_OK and the address in request->address; ST_INVALID (range, alignment),
 * ST_NORIGHTS (flags beyond the capability's rights), ST_SEALED, ST_EXISTS, ST_NOMEM, ST_BADHANDLE,
 * ST_DEPTH, SYSCALL_RESTART.
 */
long vspace_map(struct vspace *space, const struct cap *cap, struct map_request *request);

/**
 * vspace_unmap_step() - remove mappings from the front of [address, address + *size), a bounded piece.
 * Regions are split at the borders.  *done is how many bytes from the front are finished.
 * Return: ST_OK, ST_NOMEM (splitting).
 */
long vspace_unmap_step(struct vspace *space, uaddr_t address, u64 size, u64 *done);

/** vspace_protect_step() - likewise, new flags; ST_NORIGHTS beyond what the mapping's capability allows, ST_SEALED, ST_NOTFOUND for a hole. */
long vspace_protect_step(struct vspace *space, uaddr_t address, u64 size, u32 flags, u64 *done);

/** region_shrink() - derivation sweep: unmap a bounded piece from the front; true when the region is gone (freed). Tree lock held. */
bool region_shrink(struct region *region);

/** vspace_fault() - resolve a user fault. Return: ST_OK: execute again; ST_NOTFOUND: a real fault. */
long vspace_fault(struct vspace *space, uaddr_t address, u32 access /* MAP_READ/WRITE/EXECUTE */);

/** vspace_map_page() - map one kernel-owned frame (a message page); tables must be preparable: ST_NOMEM. */
long vspace_map_page(struct vspace *space, uaddr_t address, paddr_t frame, u32 flags);

/** vspace_teardown_step() - reaper, no thread left: remove regions and tables in bounded pieces. true when done;
 *  else call again, after waiting for the shootdown of *wait if that is set. */
bool vspace_teardown_step(struct vspace *space, struct vspace **wait);

/* ---- mm/tlb.c ---- */

/** vspace_load() - make @space (NULL: none) the one this CPU's user mode uses. */
void vspace_load(struct vspace *space);

/** flush_request() - entries changed: all CPUs must forget. Space lock held. Return: the generation to wait for. */
u64 flush_request(struct vspace *space);

/** flush_is_done() - the generation has been reached on all CPUs. */
bool flush_is_done(struct vspace *space, u64 generation);

/** flush_answer() - CPU_KICK_FLUSH arrived, or this CPU stops using @space. */
void flush_answer(struct vspace *space);

/**
 * flush_wait() - block @thread until the space's latest request is done.
 * Return: true if the thread is now blocked; false if there is nothing to wait for.
 */
bool flush_wait(struct vspace *space, struct thread *thread);

#endif
