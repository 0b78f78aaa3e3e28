// SPDX-License-Identifier: MIT
/*
 * The object table and the life of objects.
 *
 * Owns: ids, the table id -> object, the free list of each type.  An id is
 * bound to its piece of memory for ever and the memory to its type, so whoever
 * finds an object by id may touch its header at any time; the generation says
 * whether it is still the one he meant.  An object whose generations are used
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

#define TABLE_PAGE (PAGE_SIZE / sizeof(struct object *))
#define TABLE_PAGES 4096 /* 2 Mi objects */

/* Where the header lies in an object of each type, and how large it is. */
static struct object_type {
	struct slab_cache slab;
	u32 header; /* offset of struct object */
	struct object *free;
} types[TYPE_MAX + 1];

static struct spinlock table_lock;
static struct object **table[TABLE_PAGES];
static u32 nr_objects = 1; /* id 0 names nothing */

static void type_init(u8 type, const char *name, u32 size, u32 header)
{
	types[type].header = header;
	types[type].slab.name = name;
	types[type].slab.size = ALIGN_UP(size, 16u);
	spin_init(&types[type].slab.lock, LOCK_SLAB);
}

#define TYPE_INIT(type, tag) type_init(type, #tag, sizeof(struct tag), offsetof(struct tag, object))

void object_init(void)
{
	spin_init(&table_lock, LOCK_TABLE);
	TYPE_INIT(TYPE_PROCESS, process);
	TYPE_INIT(TYPE_THREAD, thread);
	TYPE_INIT(TYPE_ENDPOINT, endpoint);
	TYPE_INIT(TYPE_REPLY, reply);
	TYPE_INIT(TYPE_NOTIFICATION, notification);
	TYPE_INIT(TYPE_MEMORY, memory);
	TYPE_INIT(TYPE_IRQ, irq);
	TYPE_INIT(TYPE_IOPORT, ioport);
	TYPE_INIT(TYPE_SYSTEM, system);
}

/* Give fresh memory an id and enter it in the table. Table lock held. */
static bool object_enter(struct object *object, u8 type)
{
	u32 id = nr_objects;

	if (id / TABLE_PAGE >= TABLE_PAGES)
		return false;
	if (!table[id / TABLE_PAGE]) {
		paddr_t page;

		if (account_charge(1) != ST_OK)
			return false;
		page = frame_alloc(0, ZONE_NORMAL);
		if (!page)
			return false;
		arch_clear_page(phys_to_ptr(page));
		store_release(&table[id / TABLE_PAGE], (struct object **)phys_to_ptr(page));
	}
	object->id = id;
	object->type = type;
	object->generation = 1;
	spin_init(&object->lock, LOCK_OBJECT);
	spin_init(&object->tree_lock, LOCK_TREE);
	nr_objects++;
	store_release(&table[id / TABLE_PAGE][id % TABLE_PAGE], object);
	return true;
}

static struct object *object_fresh(struct object_type *kind, u8 type)
{
	char *memory = slab_alloc(&kind->slab);
	struct object *object;

	if (!memory)
		return NULL;
	memset(memory, 0, kind->slab.size);
	object = (struct object *)(memory + kind->header);
	if (!object_enter(object, type)) {
		slab_free(&kind->slab, memory);
		return NULL;
	}
	return object;
}

/* Everything of a reused object but its header becomes zero again. */
static void object_clear_body(const struct object_type *kind, struct object *object)
{
	char *start = (char *)object - kind->header;
	char *body = (char *)(object + 1);

	memset(start, 0, kind->header);
	memset(body, 0, kind->slab.size - (size_t)(body - start));
}

struct object *object_alloc(u8 type)
{
	struct object_type *kind = &types[type];
	struct object *object;

	ASSERT(type > TYPE_NONE && type <= TYPE_MAX);
	spin_lock(&table_lock);
	object = kind->free;
	if (object)
		kind->free = object->next;
	else
		object = object_fresh(kind, type);
	spin_unlock(&table_lock);
	if (!object)
		return NULL;
	object_clear_body(kind, object);
	object->tree_first = 0;
	object->revoke_root = 0;
	object->next = NULL;
	object->is_queued = false;
	store_release(&object->state, OBJECT_LIVE);
	return object;
}

struct object *object_by_id(u32 id)
{
	struct object **page;

	if (id / TABLE_PAGE >= TABLE_PAGES)
		return NULL;
	page = load_acquire(&table[id / TABLE_PAGE]);
	return page ? load_acquire(&page[id % TABLE_PAGE]) : NULL;
}

void object_queue(struct object *object)
{
	if (object->is_queued)
		return;
	object->is_queued = true;
	reaper_add(object);
}

bool object_kill(struct object *object, u32 generation)
{
	bool is_won;

	spin_lock(&object->lock);
	is_won = object->state == OBJECT_LIVE && object->generation == generation;
	if (is_won) {
		object->state = OBJECT_DYING;
		store_release(&object->generation, generation + 1);
		if (object->type == TYPE_THREAD)
			thread_kill(thread_of(object));
		else if (object->type == TYPE_PROCESS)
			process_kill(container_of(object, struct process, object));
		else
			object_queue(object);
	}
	spin_unlock(&object->lock);
	return is_won;
}

void object_unreachable(struct object *object, u32 generation)
{
	if (object->type == TYPE_THREAD && load_acquire(&thread_of(object)->state) != THREAD_DEAD)
		return;
	if (object->type == TYPE_PROCESS &&
	    !process_may_go(container_of(object, struct process, object)))
		return;
	object_kill(object, generation);
}

void object_discard(struct object *object)
{
	object->state = OBJECT_DYING;
	store_release(&object->generation, object->generation + 1);
	object_release(object);
}

void object_release(struct object *object)
{
	struct object_type *kind = &types[object->type];

	ASSERT(object->state == OBJECT_DYING && !object->tree_first);
	spin_lock(&table_lock);
	object->state = OBJECT_FREE;
	if (object->generation != ~0u) {
		object->next = kind->free;
		kind->free = object;
	}
	spin_unlock(&table_lock);
}
