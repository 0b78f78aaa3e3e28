// SPDX-License-Identifier: MIT
/*
 * The life of objects.
 *
 * Owns: the free list of each type.  A piece of memory is bound to its type for
 * ever, so whoever finds an object by id may touch its header at any time; the
 * generation says whether it is still the one he meant.  An object whose generations are used
 * up is retired: it never returns to its free list.
 */
#include <kernel/cap.h>
#include <kernel/irq.h>
#include <kernel/ipc.h>
#include <kernel/memory.h>
#include <kernel/mm.h>
#include <kernel/object.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/reaper.h>
#include <kernel/thread.h>
#include <lib/string.h>

#define INNER_LOCKS 3

/*
 * Where the header lies in an object of each type, how large it is, and its own
 * locks, which come behind the header.  They live as long as the memory: a CPU
 * whose look-up is past may be just about to take one.
 */
static struct object_type {
	struct slab_cache slab;
	u32 header; /* offset of struct object */
	struct {
		u16 offset;
		u8 rank;
	} lock[INNER_LOCKS];
	u32 nr_locks;
	struct object *free;
} types[TYPE_MAX + 1];

static struct spinlock types_lock; /* the free lists */

static void type_init(u8 type, const char *name, u32 size, u32 header)
{
	ASSERT(IS_ALIGNED(header, 1u << OBJECT_ID_SHIFT));
	types[type].header = header;
	types[type].slab.name = name;
	types[type].slab.size = ALIGN_UP(size, 16u);
	spin_init(&types[type].slab.lock, LOCK_SLAB);
}

/* In the order of their offsets. */
static void type_lock(u8 type, u32 offset, enum lock_rank rank)
{
	struct object_type *kind = &types[type];

	ASSERT(kind->nr_locks < INNER_LOCKS);
	kind->lock[kind->nr_locks].offset = (u16)offset;
	kind->lock[kind->nr_locks].rank = (u8)rank;
	kind->nr_locks++;
}

#define TYPE_INIT(type, tag) type_init(type, #tag, sizeof(struct tag), offsetof(struct tag, object))

void object_init(void)
{
	spin_init(&types_lock, LOCK_TABLE);
	TYPE_INIT(TYPE_PROCESS, process);
	TYPE_INIT(TYPE_THREAD, thread);
	TYPE_INIT(TYPE_ENDPOINT, endpoint);
	TYPE_INIT(TYPE_REPLY, reply);
	TYPE_INIT(TYPE_NOTIFICATION, notification);
	TYPE_INIT(TYPE_MEMORY, memory);
	TYPE_INIT(TYPE_IRQ, irq);
	TYPE_INIT(TYPE_IOPORT, ioport);
	TYPE_INIT(TYPE_SYSTEM, system);
	type_lock(TYPE_PROCESS, offsetof(struct process, vspace.lock), LOCK_SPACE);
	type_lock(TYPE_PROCESS, offsetof(struct process, caps.lock), LOCK_SLOTS);
	type_lock(TYPE_PROCESS, offsetof(struct process, lock), LOCK_PROCESS);
	type_lock(TYPE_MEMORY, offsetof(struct memory, lock), LOCK_MEMORY);
}

static struct object *object_fresh(struct object_type *kind, u8 type)
{
	char *memory = slab_alloc(&kind->slab);
	struct object *object;

	if (!memory)
		return NULL;
	memset(memory, 0, kind->slab.size);
	for (u32 i = 0; i < kind->nr_locks; i++)
		spin_init((struct spinlock *)(memory + kind->lock[i].offset), kind->lock[i].rank);
	object = (struct object *)(memory + kind->header);
	if (ptr_to_phys(object) >= OBJECT_MEMORY_END) {
		slab_free(&kind->slab, memory);
		return NULL;
	}
	object->type = type;
	object->generation = 1;
	spin_init(&object->lock, LOCK_OBJECT);
	spin_init(&object->tree_lock, LOCK_TREE);
	return object;
}

/* By words, atomically: a late-comer may still look at a field of the object's former life. */
static void clear_words(char *start, char *end)
{
	for (; start < end; start += sizeof(u64))
		store_relaxed((u64 *)(void *)start, 0);
}

/* Everything of a reused object but its header and its locks becomes zero again. */
static void object_clear_body(const struct object_type *kind, struct object *object)
{
	char *start = (char *)object - kind->header, *end = start + kind->slab.size;
	char *body = (char *)(object + 1);

	clear_words(start, (char *)object);
	for (u32 i = 0; i < kind->nr_locks; i++) {
		char *lock = start + kind->lock[i].offset;

		clear_words(body, lock);
		body = lock + sizeof(struct spinlock);
	}
	/* The larger part of a large one. */
	for (; end - body >= 64; body += 32) {
		u64 *word = (u64 *)(void *)body;

		store_relaxed(&word[0], 0);
		store_relaxed(&word[1], 0);
		store_relaxed(&word[2], 0);
		store_relaxed(&word[3], 0);
	}
	clear_words(body, end);
}

/* Queues are empty before the lock is dropped: who comes late walks them. */
static void init_queues(struct object *object)
{
	struct notification *notification = container_of(object, struct notification, object);
	struct endpoint *endpoint = container_of(object, struct endpoint, object);

	if (object->type == TYPE_ENDPOINT) {
		rb_init(&endpoint->senders);
		list_init(&endpoint->receivers);
	} else if (object->type == TYPE_NOTIFICATION) {
		list_init(&notification->waiters);
	} else if (object->type == TYPE_PROCESS) {
		list_init(&container_of(object, struct process, object)->vspace.limbo);
	}
}

static void object_renew(const struct object_type *kind, struct object *object)
{
	fence_release(); /* one without a lock reads the new life behind the generation's end */
	object_clear_body(kind, object);
	init_queues(object);
}

struct object *object_alloc(u8 type)
{
	struct object_type *kind = &types[type];
	struct spinlock *space_lock;
	struct object *object;

	ASSERT(type > TYPE_NONE && type <= TYPE_MAX);
	spin_lock(&types_lock);
	object = kind->free;
	if (object)
		kind->free = object->next;
	else
		object = object_fresh(kind, type);
	spin_unlock(&types_lock);
	if (!object)
		return NULL;
	/* A late-comer that holds a lock sees the former life or the new one, whole. */
	spin_lock(&object->lock);
	spin_lock(&object->tree_lock);
	space_lock = &container_of(object, struct process, object)->vspace.lock;
	if (type == TYPE_PROCESS) {
		spin_lock(space_lock);
		object_renew(kind, object);
		spin_unlock(space_lock);
	} else {
		object_renew(kind, object);
	}
	object->is_queued = false;
	object->tree_first = 0;
	object->revoke_root = 0;
	object->is_named = false;
	spin_unlock(&object->tree_lock);
	spin_unlock(&object->lock);
	store_relaxed(&object->state, OBJECT_LIVE);
	return object;
}

void object_queue(struct object *object, bool first)
{
	if (object->is_queued)
		return;
	object->is_queued = true;
	reaper_add(object, first);
}

bool object_kill(struct object *object, u32 generation)
{
	bool is_won;

	spin_lock(&object->lock);
	/* Atomically: object_discard() holds no lock. */
	is_won = load_relaxed(&object->state) == OBJECT_LIVE &&
		 load_relaxed(&object->generation) == generation;
	if (is_won) {
		store_relaxed(&object->state, OBJECT_DYING);
		store_release(&object->generation, generation + 1);
		if (object->type == TYPE_THREAD)
			thread_kill(thread_of(object));
		else if (object->type == TYPE_PROCESS)
			process_kill(container_of(object, struct process, object));
		else
			object_queue(object, false);
	}
	spin_unlock(&object->lock);
	return is_won;
}

void object_unreachable(struct object *object, u32 generation)
{
	if (object->type == TYPE_THREAD && load_relaxed(&thread_of(object)->state) != THREAD_DEAD)
		return;
	if (object->type == TYPE_PROCESS &&
	    !process_may_go(container_of(object, struct process, object)))
		return;
	object_kill(object, generation);
}

void object_discard(struct object *object)
{
	store_relaxed(&object->state, OBJECT_DYING);
	store_relaxed(&object->generation, object->generation + 1);
	object_release(object);
}

void object_release(struct object *object)
{
	struct object_type *kind = &types[object->type];

	ASSERT(object->state == OBJECT_DYING && !object->tree_first);
	spin_lock(&types_lock);
	store_relaxed(&object->state, OBJECT_FREE);
	if (object->generation != ~0u) {
		object->next = kind->free;
		kind->free = object;
	}
	spin_unlock(&types_lock);
}
