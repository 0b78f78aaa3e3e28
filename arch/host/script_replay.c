// SPDX-License-Identifier: MIT
/*
 * Operations on model and kernel as they were issued.  Handles and addresses, which
 * the kernel chose, are named by the operation that made the capability or mapping.
 */
#include <model.h>

#include <generated/syscall_numbers.h>

#include "replay.h"
#include "script.h"

#define NO_HANDLE HANDLE_MAKE(0xfffffu, 1u) /* what should have made it was left out */

struct record {
	u64 key, slot, thread;
	struct m_call call;
	u64 handle[2], cap[MSG_MAX_CAPS], map,
		delta; /* labels, and the distance from where it begins */
	u32 failing;
};

_Static_assert(sizeof(struct record) <= RECORD_SIZE, "a record of an operation");

/* ---- names that stay ---- */

static u64 label_of(const struct m_object *process, u32 handle)
{
	const struct m_cap *cap = model_find(process, handle);

	return cap ? cap->label : 0;
}

static u32 handle_of(const struct m_object *process, u64 label, u32 handle)
{
	for (u32 i = 0; label && i < model.nr_caps; i++) {
		const struct m_cap *cap = model.caps[i];

		if (cap->label == label && cap->holder == process && cap->handle && !cap->is_gone)
			return cap->handle;
	}
	return label ? NO_HANDLE : handle;
}

/* In whose space the address of the call lies; NULL: it has none that the kernel may have chosen. */
static const struct m_object *space_of(const struct m_object *self, const struct m_call *call)
{
	const struct m_cap *cap = model_find(self->process, call->handle[0]);

	if (call->number == M_ACCESS)
		return self->process;
	if (call->number != SYS_mem_unmap && call->number != SYS_mem_protect)
		return NULL;
	return cap ? cap->object : NULL;
}

static const struct m_map *find_map(const struct m_object *process, u64 label)
{
	for (const struct m_map *map = model.maps; map; map = map->next)
		if (map->process == process && map->label == label)
			return map;
	return NULL;
}

/* ---- records ---- */

void replay_note(u64 key, u64 slot, const struct m_object *self, const struct m_call *call,
		 u32 failing)
{
	const struct m_object *process = space_of(self, call);
	const struct m_map *map = process ? model_map(process, call->arg[0]) : NULL;
	struct record *record = replay_new();

	if (!record)
		return;
	*record = (struct record){
		.key = key, .slot = slot, .thread = self->label, .call = *call, .failing = failing
	};
	for (u32 i = 0; i < 2; i++)
		record->handle[i] = label_of(self->process, call->handle[i]);
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		record->cap[i] = label_of(self->process, call->cap[i]);
	if (map) {
		record->map = map->label;
		record->delta = call->arg[0] - map->base;
	}
}

bool replay_recall(u64 slot, const struct m_object *self, struct m_call *call, u32 *failing)
{
	const struct record *record;
	const struct m_object *process;
	const struct m_map *map;

	for (u32 i = 0; (record = replay_at(i)) && record->slot != slot; i++)
		;
	if (!record || record->thread != self->label)
		return false;
	*call = record->call;
	*failing = record->failing;
	for (u32 i = 0; i < 2; i++)
		call->handle[i] = handle_of(self->process, record->handle[i], call->handle[i]);
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		call->cap[i] = handle_of(self->process, record->cap[i], call->cap[i]);
	process = space_of(self, call);
	map = process && record->map ? find_map(process, record->map) : NULL;
	if (map)
		call->arg[0] = map->base + record->delta;
	return true;
}

u64 replay_slot(const struct m_object *self, u64 after)
{
	const struct record *record;

	for (u32 i = 0; (record = replay_at(i)); i++)
		if (record->slot > after && record->thread == self->label &&
		    !is_dropped(record->key))
			return record->slot;
	return ~0UL;
}
