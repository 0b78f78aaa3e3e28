/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects: what every object begins with.
 *
 * Object memory is type-stable: once a piece of memory has become an object of
 * a type it keeps its header, id and type for ever and is only ever reused for
 * the same type.  So a look-up needs no lock and no grace period: find the
 * object by id, compare the generation; compare again after taking its lock.
 * That holds for every lock of an object, of a process and its spaces, too:
 * between look-up and lock the object may have ended and become another one.
 * Destruction bumps the generation, which kills every capability at once.
 *
 *   FREE --object_alloc--> LIVE --object_kill--> DYING --object_release--> FREE
 *
 * The reaper (kernel/reaper.c) of one CPU works on a dying object until its
 * derivation list is empty and nothing refers to it.  Threads and processes
 * need work when they end, too: that is when they are queued, dead or not.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include <kernel/arch.h>
#include <kernel/atomic.h>
#include <kernel/spinlock.h>
#include <kernel/types.h>

struct object {
	/* immutable for ever */
	u8 type;
	/* atomic: a capability is alive iff its generation equals this */
	u32 generation;
	/* object lock (lock), or as the type says */
	u8 state;        /* enum object_state; atomic */
	bool is_queued;  /* on the list of some CPU's reaper */
	struct spinlock lock;
	/* tree lock */
	bool is_named; /* it has had a capability */
	struct spinlock tree_lock;
	u32 tree_first;  /* first node of the derivation list (slot number), 0 = none */
	u32 revoke_root; /* a revocation below this node is not finished; 0 = none */
	/* reaper's CPU */
	struct object *next; /* free list of the type, or the reaper's list */
} __aligned(16);

enum object_state { OBJECT_FREE, OBJECT_LIVE, OBJECT_DYING };

/**
 * object_alloc() - a fresh object of @type with cleared body and empty queues, state LIVE.
 * Return: NULL if memory is exhausted.  Charged to the account in use.
 */
struct object *object_alloc(u8 type);

/** object_init() - the table and its types. */
void object_init(void);

/** object_discard() - take back an object that never had a capability. */
void object_discard(struct object *object);

/*
 * An id is the object's place in memory in units of 16 bytes: objects live in the
 * first 64 GiB.  0 names nothing.
 */
#define OBJECT_ID_SHIFT 4
#define OBJECT_MEMORY_END (1UL << (32 + OBJECT_ID_SHIFT))

/** object_id() / object_by_id() - the second says nothing about the generation, nor that there ever was an object. */
static inline u32 object_id(const struct object *object)
{
	return (u32)(ptr_to_phys(object) >> OBJECT_ID_SHIFT);
}

static inline struct object *object_by_id(u32 id)
{
	return phys_to_ptr((paddr_t)id << OBJECT_ID_SHIFT);
}

/**
 * object_kill() - from now on every capability to the object of @generation is dead.
 * Bumps the generation and queues the object for the reaper of this CPU; a
 * thread or process that still runs is ended and queued when it has ended.
 * The caller holds no lock.  Return: false if somebody else has killed it before.
 */
bool object_kill(struct object *object, u32 generation);

/**
 * object_unreachable() - no capability of @generation is left: kill it, unless it is a thread
 * or process that has not ended.
 */
void object_unreachable(struct object *object, u32 generation);

/** object_queue() - hand to the reaper of this CPU if it is on no list. Object lock held. */
void object_queue(struct object *object, bool first);

/** object_release() - the reaper is done: memory back to the free list of its type. */
void object_release(struct object *object);

/** object_is_alive() - the object still has this generation. */
static inline bool object_is_alive(const struct object *object, u32 generation)
{
	return load_relaxed(&object->generation) == generation;
}

#endif
