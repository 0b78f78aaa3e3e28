// SPDX-License-Identifier: MIT
/*
 * Operations of random actors as they were issued: what an operation does depends
 * on what there is at the time, and when one is left out the others are not to
 * change.  What the kernel chose bears names that stay: an object that of the
 * operation which made it, a capability that of its object, with rights and
 * badge, an address that of the mapping it lies in.
 */
#include <string.h>

#include <kernel/process.h>
#include <kernel/thread.h>

#include <generated/syscall_grammar.h>
#include <generated/syscall_numbers.h>

#include "actor.h"
#include "replay.h"

#define MAX_OBJECTS 4096
#define NO_HANDLE HANDLE_MAKE(0xfffffu, 1u) /* what should have made it was left out */
#define FAR (1UL << 40) /* from now, in time: not a deadline that was chosen by the clock */

/* A capability. */
struct name {
	u64 label; /* of the object; 0: the handle is all that is known */
	u64 badge;
	u32 rights;
	handle_t handle;
};

struct record {
	u64 key, actor, n, time;
	u64 label, delta; /* the mapping that the address lies in, and how far */
	u32 call, access; /* access: 0 for a call */
	u64 argument[5], tag, status, deadline;
	struct name handle[2], cap[MSG_MAX_CAPS];
};
_Static_assert(sizeof(struct record) <= RECORD_SIZE, "a record of an operation");

static struct {
	u32 id, generation;
	u64 label;
} objects[MAX_OBJECTS];
static u32 nr_objects;

/* ---- names that stay ---- */

static u64 label_of(u32 id, u32 generation)
{
	for (u32 i = 0; i < nr_objects; i++)
		if (objects[i].id == id && objects[i].generation == generation)
			return objects[i].label;
	return 0;
}

void recall_note_object(const struct object *object, u64 label)
{
	u32 id = object_id(object);

	if (nr_objects == MAX_OBJECTS || label_of(id, object->generation))
		return;
	objects[nr_objects].id = id;
	objects[nr_objects].generation = object->generation;
	objects[nr_objects++].label = label;
}

static struct name name_of(const struct cap_space *space, handle_t handle)
{
	const struct slot *slot = actor_slot_of(space, handle);
	struct name name = { .handle = handle };

	if (!handle || cap_handle(slot->token) != handle || cap_type(slot->token) == TYPE_NONE)
		return name;
	name.label = label_of(slot->object, slot->generation);
	name.rights = cap_rights(slot->token);
	name.badge = slot->badge;
	return name;
}

/* The capability of that name, or another of the same object. */
static handle_t find(const struct cap_space *space, const struct name *name)
{
	handle_t other = NO_HANDLE;

	if (!name->label)
		return name->handle;
	for (u32 i = 0; i < space->nr_leaves * CAP_LEAF_SLOTS; i++) {
		const struct slot *slot = &space->directory[i / CAP_LEAF_SLOTS][i % CAP_LEAF_SLOTS];

		if (!(i % CAP_LEAF_SLOTS) || cap_type(slot->token) == TYPE_NONE ||
		    label_of(slot->object, slot->generation) != name->label)
			continue;
		if (cap_rights(slot->token) == name->rights && slot->badge == name->badge)
			return cap_handle(slot->token);
		if (other == NO_HANDLE)
			other = cap_handle(slot->token);
	}
	return other;
}

/* ---- times ---- */

static u64 from_now(u64 time)
{
	return time < machine_time + FAR ? time - machine_time : time;
}

static u64 after_now(u64 time)
{
	return time + FAR < 2 * FAR ? machine_time + time : time;
}

static bool is_deadline(const struct grammar *call, u32 i)
{
	return i < call->nr_args && !strcmp(call->args[i], "deadline");
}

static bool has_page_deadline(const struct actor *actor, u64 tag)
{
	return actor->call->is_raw && tag & MSG_TIMEOUT && actor->thread->page;
}

/* ---- taking down ---- */

static struct record *new_record(const struct actor *actor)
{
	struct record *record = replay_new();

	if (record)
		*record = (struct record){ .key = actor->operation,
					   .actor = actor->name,
					   .n = actor->nr_operations,
					   .time = machine_time };
	return record;
}

/* In which process the address of the call lies. */
static const struct process *target_of(const struct actor *actor, handle_t handle)
{
	const struct slot *slot = actor_slot(actor->thread, handle);
	struct object *object = handle ? actor_object(slot) : NULL;

	if (actor->call->number != SYS_mem_unmap && actor->call->number != SYS_mem_protect)
		return NULL;
	return object && object->type == TYPE_PROCESS ?
		       container_of(object, struct process, object) :
		       NULL;
}

void recall_note_call(const struct actor *actor, u64 handles)
{
	const struct cap_space *space = &actor->thread->process->caps;
	const struct arch_regs *regs = &actor->thread->regs;
	const struct process *target = target_of(actor, (handle_t)handles);
	const struct mapping *mapping =
		target ? actor_mapping_at(target, actor->argument[0]) : NULL;
	struct record *record = new_record(actor);

	if (!record)
		return;
	record->call = actor->call->number;
	record->tag = regs->tag;
	record->status = regs->status;
	for (u32 i = 0; i < ARRAY_SIZE(record->argument); i++)
		record->argument[i] = is_deadline(actor->call, i) ? from_now(actor->argument[i]) :
								    actor->argument[i];
	for (u32 i = 0; i < 2; i++)
		record->handle[i] = name_of(space, (handle_t)(handles >> 32 * i));
	for (u32 i = 0; actor->call->is_raw && i < MSG_MAX_CAPS; i++)
		record->cap[i] = name_of(space, (handle_t)(regs->caps[i / 2] >> 32 * (i % 2)));
	if (has_page_deadline(actor, regs->tag))
		record->deadline = from_now(actor->thread->page[MSG_DEADLINE]);
	if (mapping) {
		record->label = mapping->label;
		record->delta = actor->argument[0] - mapping->address;
	}
}

/* Where the mapping begins that an access goes to. */
static uaddr_t base_of(const struct actor *actor, u64 label)
{
	const struct mapping *mapping = actor_mapping_of(actor->thread->process, label);

	if (!label)
		return actor->thread->page_address;
	return mapping ? mapping->address : 0;
}

void recall_note_access(const struct actor *actor)
{
	struct record *record = new_record(actor);

	if (!record)
		return;
	record->access = actor->access;
	record->label = actor->label;
	record->delta = actor->address - base_of(actor, actor->label);
}

/* ---- doing it again ---- */

u64 recall_next(const struct actor *actor, u64 n)
{
	const struct record *record;

	for (u32 i = 0; (record = replay_at(i)); i++)
		if (record->actor == actor->name && record->n > n && !is_dropped(record->key))
			return record->n;
	return 0;
}

static const struct record *record_named(u64 key)
{
	const struct record *record;

	for (u32 i = 0; (record = replay_at(i)) && record->key != key; i++)
		;
	return record;
}

static const struct record *record_of(const struct actor *actor)
{
	return record_named(actor->operation);
}

u64 recall_time(const struct actor *actor, u64 n)
{
	return record_named(actor_operation_key(actor, n))->time;
}

bool recall_access(struct actor *actor)
{
	const struct record *record = record_of(actor);

	actor->access = record->access;
	actor->label = record->label;
	actor->address = base_of(actor, record->label) + record->delta;
	return record->access;
}

static void recall_message(struct actor *actor, const struct record *record)
{
	const struct cap_space *space = &actor->thread->process->caps;
	struct arch_regs *regs = &actor->thread->regs;

	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		regs->words[i] = actor->operation + i;
	memset(regs->caps, 0, sizeof(regs->caps));
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		regs->caps[i / 2] |= (u64)find(space, &record->cap[i]) << 32 * (i % 2);
	if (has_page_deadline(actor, record->tag))
		actor->thread->page[MSG_DEADLINE] = after_now(record->deadline);
}

u64 recall_call(struct actor *actor)
{
	const struct record *record = record_of(actor);
	const struct cap_space *space = &actor->thread->process->caps;
	struct arch_regs *regs = &actor->thread->regs;
	const struct mapping *mapping;
	const struct process *target;
	u64 handles = 0;

	actor->call = call_named(record->call);
	for (u32 i = 0; i < ARRAY_SIZE(record->argument); i++)
		actor->argument[i] = is_deadline(actor->call, i) ? after_now(record->argument[i]) :
								   record->argument[i];
	for (u32 i = 0; i < 2; i++)
		handles |= (u64)find(space, &record->handle[i]) << 32 * i;
	target = target_of(actor, (handle_t)handles);
	mapping = target && record->label ? actor_mapping_of(target, record->label) : NULL;
	if (mapping)
		actor->argument[0] = mapping->address + record->delta;
	regs->tag = record->tag;
	regs->status = actor->call->nr_handles ? handles : record->status;
	memcpy(regs->args, actor->argument, sizeof(regs->args));
	if (actor->call->is_raw)
		recall_message(actor, record);
	return handles;
}
