// SPDX-License-Identifier: MIT
/*
 * Objects and capabilities of the model: a plain tree of nodes for each object,
 * what goes when a node goes, and what happens when an object ends
 * (Documentation/objects.rst).
 */
#include <stdlib.h>

#include <generated/syscall_numbers.h>

#include "internal.h"

struct model model;

struct m_object *object_new(u8 type)
{
	struct m_object *object = calloc(1, sizeof(*object));

	if (!object || model.nr_objects == M_MAX_OBJECTS)
		abort();
	object->type = type;
	object->name = model.nr_objects;
	object->label = ++model.label;
	model.object[model.nr_objects++] = object;
	return object;
}

/* ---- the tree ---- */

struct m_cap *cap_new(struct m_object *object, struct m_cap *parent, struct m_object *holder,
		      u32 rights, u64 badge)
{
	struct m_cap *cap = calloc(1, sizeof(*cap));

	if (!cap || model.nr_caps == ARRAY_SIZE(model.caps))
		abort();
	*cap = (struct m_cap){ .object = object,
			       .label = ++model.label,
			       .parent = parent,
			       .holder = holder,
			       .level = parent ? parent->level + 1 : 0,
			       .rights = rights,
			       .badge = badge };
	if (parent) {
		cap->next_sibling = parent->first_child;
		parent->first_child = cap;
	} else {
		object->root = cap;
	}
	model.caps[model.nr_caps++] = cap;
	return cap;
}

bool cap_has_children(const struct m_cap *cap)
{
	for (const struct m_map *map = model.maps; map; map = map->next)
		if (map->parent == cap)
			return true;
	return cap->first_child;
}

struct m_cap *model_find(const struct m_object *process, u32 handle)
{
	struct m_cap *cap;

	for_each_cap (cap)
		if (handle && cap->holder == process && cap->handle == handle)
			return cap;
	return NULL;
}

long has(const struct m_cap *cap, u32 rights, u32 at)
{
	model.lacks = rights & ~cap->rights;
	model.lacks_at = at;
	return model.lacks ? ST_NORIGHTS : ST_OK;
}

long want(const struct m_object *thread, u32 handle, u8 type, u32 rights, struct m_cap **cap)
{
	*cap = model_find(thread->process, handle);
	if (!*cap)
		return ST_BADHANDLE;
	if (type != TYPE_NONE && (*cap)->object->type != type)
		return ST_BADTYPE;
	return has(*cap, rights, handle != thread->call.handle[0]);
}

long want_held(const struct m_object *thread, u32 handle, u8 type, u32 right, struct m_cap **cap)
{
	long status;

	*cap = NULL;
	if (!handle)
		return ST_OK;
	status = want(thread, handle, type, right, cap);
	return status == ST_OK && (*cap)->level >= M_MAX_LEVEL ? ST_DEPTH : status;
}

/* The object for which the kernel held it has no such arrangement any more. */
static void forget_held(const struct m_cap *cap)
{
	struct m_object *object;

	for_each_object (object) {
		if (object->fault_cap == cap)
			object->fault_cap = NULL;
		if (object->watch_cap == cap)
			object->watch_cap = NULL;
		if (object->sink_cap == cap)
			object->sink_cap = NULL;
	}
}

/* Who waits by a capability that is gone learns it. */
static void wake_waiters(const struct m_cap *cap)
{
	struct m_object *thread;

	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->by == cap && thread->wait != M_NOT &&
		    thread->wait != M_REPLY)
			wait_fails(thread, ST_DEAD);
}

void cap_hand_over(struct m_cap *cap, struct m_object *process)
{
	cap->holder = process;
	cap->handle = 0;
	wake_waiters(cap);
}

static void cap_remove_below(struct m_cap *cap)
{
	while (cap->first_child)
		cap_remove(cap->first_child);
	maps_remove(cap, NULL);
}

static bool lives_on(const struct m_object *object)
{
	return (object->type == TYPE_THREAD && !object->is_dead) ||
	       (object->type == TYPE_PROCESS && object->nr_threads);
}

void cap_remove(struct m_cap *cap)
{
	struct m_cap **link = cap->parent ? &cap->parent->first_child : NULL;
	struct m_object *object = cap->object;

	if (cap->is_gone)
		return;
	cap_remove_below(cap);
	cap->is_gone = true;
	while (link && *link != cap)
		link = &(*link)->next_sibling;
	if (link)
		*link = cap->next_sibling;
	forget_held(cap);
	wake_waiters(cap);
	if (cap != object->root)
		return;
	object->root = NULL;
	if (!object->has_ended && !lives_on(object))
		object_end(object);
}

/* ---- the end of an object ---- */

static void endpoint_end(struct m_object *endpoint)
{
	struct m_object *thread;

	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->at == endpoint &&
		    (thread->wait == M_SEND || thread->wait == M_RECEIVE))
			wait_fails(thread, ST_DEAD);
}

static void reply_end(struct m_object *reply)
{
	struct m_object *thread;

	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->at == reply && thread->wait == M_REPLY)
			wait_fails(thread, thread->is_faulting ? ST_NOREPLY : ST_DEAD);
}

static void notification_end(struct m_object *notification)
{
	struct m_object *thread;

	if (notification->bound)
		notification->bound->bound = NULL;
	notification->bound = NULL;
	for_each_object (thread)
		if (thread->type == TYPE_THREAD && thread->at == notification &&
		    thread->wait == M_BITS)
			wait_fails(thread, ST_DEAD);
}

void object_end(struct m_object *object)
{
	struct m_cap *root = object->root;

	if (object->has_ended)
		return;
	object->has_ended = true;
	switch (object->type) {
	case TYPE_ENDPOINT: endpoint_end(object); break;
	case TYPE_REPLY: reply_end(object); break;
	case TYPE_NOTIFICATION: notification_end(object); break;
	case TYPE_THREAD: thread_end(object); break;
	case TYPE_PROCESS: process_over(object, PROCESS_CODE_KILLED); break;
	case TYPE_IRQ: irq_end(object); break;
	default: break;
	}
	if (root)
		cap_remove(root);
}

/* ---- calls ---- */

static void create(struct m_object *thread, const struct m_call *call)
{
	u64 type = call->arg[0], argument = call->arg[1];
	struct m_object *object;

	if (type != TYPE_PROCESS && (type < TYPE_ENDPOINT || type > TYPE_MEMORY))
		return ends(thread, ST_INVALID);
	if (type == TYPE_MEMORY ? !argument || argument > 262144 : argument)
		return ends(thread, ST_INVALID);
	if (type == TYPE_MEMORY && argument > model.frames)
		return ends(thread, ST_NOMEM);
	object = object_new((u8)type);
	object->nr_pages = argument;
	if (type == TYPE_MEMORY)
		object->place = calloc(argument, sizeof(*object->place));
	ends(thread, ST_OK);
	thread->result.cap = cap_new(object, NULL, thread->process, RIGHTS_ALL, 0);
}

/* May @cap have a child with these rights and this badge? */
static long may_lend(const struct m_cap *cap, u64 rights, u64 badge)
{
	if (rights > RIGHTS_ALL || cap->object->type == TYPE_REPLY)
		return ST_INVALID;
	if (badge && cap->badge && badge != cap->badge)
		return ST_INVALID;
	return cap->level < M_MAX_LEVEL ? ST_OK : ST_DEPTH;
}

static struct m_cap *lend(struct m_cap *cap, struct m_object *to, u64 rights, u64 badge)
{
	return cap_new(cap->object, cap, to, cap->rights & (u32)rights,
		       cap->badge ? cap->badge : badge);
}

static void derive(struct m_object *thread, const struct m_call *call)
{
	struct m_cap *cap;
	long status = want(thread, call->handle[0], TYPE_NONE, RIGHT_DERIVE, &cap);

	if (status == ST_OK)
		status = may_lend(cap, call->arg[0], call->arg[1]);
	ends(thread, status);
	if (status == ST_OK)
		thread->result.cap = lend(cap, thread->process, call->arg[0], call->arg[1]);
}

static void copy(struct m_object *thread, const struct m_call *call)
{
	bool gives = call->arg[0] == CAP_GIVE;
	struct m_cap *cap, *target = NULL;
	long status =
		want(thread, call->handle[0], TYPE_NONE, gives ? RIGHT_MOVE : RIGHT_DERIVE, &cap);

	if (status == ST_OK)
		status = want(thread, call->handle[1], TYPE_PROCESS, RIGHT_GIVE, &target);
	if (status == ST_OK && !gives && call->arg[0] != CAP_LEND)
		status = ST_INVALID;
	if (status == ST_OK && !gives)
		status = may_lend(cap, call->arg[1], call->arg[2]);
	if (status == ST_OK && target->object->state >= PROCESS_STATE_ENDING)
		status = ST_DEAD;
	ends(thread, status);
	if (status != ST_OK)
		return;
	if (gives) {
		cap_hand_over(cap, target->object);
	} else {
		cap = lend(cap, target->object, call->arg[1], call->arg[2]);
	}
	thread->result.cap = cap;
}

static void next(struct m_object *thread, u64 index)
{
	struct m_cap *cap, *found = NULL;

	if (index > HANDLE_INDEX(~0u))
		return ends(thread, ST_INVALID);
	for_each_cap (cap) {
		if (cap->holder != thread->process)
			continue;
		if (!cap->handle) { /* somebody has it and has not looked yet: anything may come */
			ends(thread, ST_OK);
			thread->result.known = 0;
			thread->result.is_open = true;
			return;
		}
		if (HANDLE_INDEX(cap->handle) >= index &&
		    (!found || HANDLE_INDEX(cap->handle) < HANDLE_INDEX(found->handle)))
			found = cap;
	}
	if (!found)
		return ends(thread, ST_NOTFOUND);
	ends_with(thread, found->handle, 0);
	thread->result.known = 1;
}

void cap_call(struct m_object *thread, const struct m_call *call)
{
	struct m_cap *cap = NULL;
	long status;

	switch (call->number) {
	case SYS_cap_create: return create(thread, call);
	case SYS_cap_derive: return derive(thread, call);
	case SYS_cap_copy: return copy(thread, call);
	case SYS_cap_next: return next(thread, call->arg[0]);
	default: break;
	}
	status = want(thread, call->handle[0], TYPE_NONE,
		      call->number == SYS_cap_destroy ? RIGHT_DESTROY : 0, &cap);
	if (status != ST_OK)
		return ends(thread, status);
	ends(thread, ST_OK);
	switch (call->number) {
	case SYS_cap_delete: cap_remove(cap); break;
	case SYS_cap_revoke: cap_remove_below(cap); break;
	case SYS_cap_destroy: object_end(cap->object); break;
	case SYS_cap_inspect:
		ends_with(thread,
			  cap->object->type | cap->rights << 4 | (u64)cap->level << 16 |
				  (u64)cap_has_children(cap) << 24,
			  cap->badge);
		break;
	default: break;
	}
}

/* ---- states, for the one who counts which were reached ---- */

static u32 queue_state(const struct m_object *object)
{
	struct m_object *thread;

	for_each_object (thread) {
		if (thread->type != TYPE_THREAD || thread->wait == M_NOT)
			continue;
		if (thread->offered == object)
			return 1;
		if (thread->at == object)
			return thread->wait == M_SEND ? 1 : 2;
	}
	return 0;
}

static u32 thread_state(const struct m_object *thread)
{
	if (thread->is_dead)
		return 6;
	switch (thread->wait) {
	case M_NOT: return 0;
	case M_SEND: return 2;
	case M_RECEIVE: return 3;
	case M_REPLY: return 4;
	case M_BITS: return 5;
	default: return 1;
	}
}

u32 model_state(const struct m_object *object, const struct m_object *self)
{
	if (object == self || object == self->process)
		return 7;
	switch (object->type) {
	case TYPE_PROCESS: return MIN(object->state, 2u);
	case TYPE_THREAD: return thread_state(object);
	case TYPE_ENDPOINT:
	case TYPE_REPLY: return queue_state(object);
	case TYPE_NOTIFICATION:
		return object->bits ? 1 : queue_state(object) ? 2 : object->bound ? 3 : 0;
	case TYPE_MEMORY: return object->is_sealed ? 3 : maps_state(object);
	case TYPE_IRQ: return object->is_open ? 1 : object->is_bound ? 2 : 0;
	default: return 0;
	}
}
