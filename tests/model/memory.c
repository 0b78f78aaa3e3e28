// SPDX-License-Identifier: MIT
/*
 * Memory objects, and mappings as a list of page ranges (Documentation/memory.rst).
 */
#include <stdlib.h>

#include <generated/syscall_numbers.h>

#include "internal.h"

/* ---- mappings ---- */

struct m_map *model_map(const struct m_object *process, u64 address)
{
	for (struct m_map *map = model.maps; map; map = map->next)
		if (map->process == process && address >= map->address &&
		    address - map->address < map->size)
			return map;
	return NULL;
}

static struct m_map *map_new(const struct m_map *like)
{
	struct m_map *map = malloc(sizeof(*map));

	if (!map)
		abort();
	*map = *like;
	map->next = model.maps;
	model.maps = map;
	return map;
}

/* Make a border of mappings at @address. */
static void cut(const struct m_object *process, u64 address)
{
	struct m_map *map = model_map(process, address), *rest;

	if (!map || map->address == address)
		return;
	rest = map_new(map);
	rest->address = address;
	rest->size = map->address + map->size - address;
	rest->offset += address - map->address;
	map->size -= rest->size;
}

static void map_remove(struct m_map *map)
{
	struct m_map **link = &model.maps;

	while (*link != map)
		link = &(*link)->next;
	*link = map->next;
}

void maps_remove(const struct m_cap *parent, const struct m_object *process)
{
	struct m_map *next;

	for (struct m_map *map = model.maps; map; map = next) {
		next = map->next;
		if (map->parent == parent || (process && map->process == process))
			map_remove(map);
	}
}

u64 maps_pages(const struct m_object *process)
{
	u64 pages = process->own_pages;

	for (const struct m_map *map = model.maps; map; map = map->next)
		pages += map->process == process ? map->size / M_PAGE : 0;
	return pages;
}

static u64 writers(const struct m_object *memory)
{
	u64 count = 0;

	for (const struct m_map *map = model.maps; map; map = map->next)
		count += map->memory == memory && (map->flags & MAP_WRITE);
	return count;
}

u32 maps_state(const struct m_object *memory)
{
	for (const struct m_map *map = model.maps; map; map = map->next)
		if (map->memory == memory)
			return writers(memory) ? 2 : 1;
	return 0;
}

struct m_place *model_page(const struct m_object *process, u64 address, u32 access)
{
	struct m_map *map = model_map(process, address);

	if (!map || !(map->flags & access))
		return NULL;
	return &map->memory->place[(map->offset + address - map->address) / M_PAGE];
}

void memory_touch(struct m_object *thread)
{
	struct m_call *call = &thread->call;
	u64 address = call->arg[0];
	struct m_map *map = model_map(thread->process, address);
	struct m_place *page = model_page(thread->process, address, (u32)call->arg[1]);
	u64 *word;

	if (!page) {
		thread->fault = call->arg[1] == MAP_READ  ? FAULT_READ :
				call->arg[1] == MAP_WRITE ? FAULT_WRITE :
							    FAULT_EXECUTE;
		return fault_raise(thread);
	}
	word = &page->word[address % M_PAGE / 8 % M_PLACES];
	if (call->arg[1] == MAP_WRITE)
		*word = call->arg[2];
	page->is_resident = true;
	ends_with(thread, *word, 0);
	thread->result.known = call->arg[1] == MAP_READ && !map->memory->is_physical;
}

/* ---- calls ---- */

static bool are_known(u64 flags)
{
	return !(flags & ~(u64)(MAP_READ | MAP_WRITE | MAP_EXECUTE));
}

static bool are_flags(u64 flags)
{
	return are_known(flags) && (flags & MAP_READ) &&
	       (flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE);
}

static bool is_range(u64 address, u64 size)
{
	return !((address | size) % M_PAGE) && address >= M_LOWEST &&
	       !range_overflows(address, size) && address + size <= model.user_end - M_WINDOW;
}

static u32 rights_for(u64 flags)
{
	return (flags & MAP_READ ? RIGHT_READ : 0u) | (flags & MAP_WRITE ? RIGHT_WRITE : 0u) |
	       (flags & MAP_EXECUTE ? RIGHT_EXECUTE : 0u);
}

static long seal_allows(const struct m_object *memory, u64 flags)
{
	return flags & (memory->is_sealed ? MAP_WRITE : MAP_EXECUTE) ? ST_SEALED : ST_OK;
}

static long may_map(const struct m_cap *target, const struct m_cap *cap, const struct m_call *call)
{
	u64 address = call->arg[0], size = call->arg[1], offset = call->arg[2];
	u64 end = cap->object->nr_pages * M_PAGE;
	long status;

	if (!size || (size | offset) % M_PAGE || offset > end || size > end - offset ||
	    (address && !is_range(address, size)))
		return ST_INVALID;
	if (cap->level >= M_MAX_LEVEL)
		return ST_DEPTH;
	if (target->object->state >= PROCESS_STATE_ENDING)
		return ST_DEAD;
	status = seal_allows(cap->object, call->arg[3]);
	for (u64 at = address; address && status == ST_OK && at < address + size; at += M_PAGE)
		if (model_map(target->object, at))
			status = ST_EXISTS;
	return status;
}

static void map(struct m_object *thread, const struct m_call *call)
{
	struct m_map new = { .address = call->arg[0],
			     .size = call->arg[1],
			     .offset = call->arg[2],
			     .flags = (u32)call->arg[3] };
	struct m_cap *target, *cap = NULL;
	long status = want(thread, call->handle[0], TYPE_PROCESS, RIGHT_MAP, &target);

	if (status == ST_OK)
		status = want(thread, call->handle[1], TYPE_MEMORY, 0, &cap);
	if (status == ST_OK && !are_known(call->arg[3]))
		status = ST_INVALID;
	if (status == ST_OK)
		status = has(cap, rights_for(call->arg[3]), 1);
	if (status == ST_OK && !are_flags(call->arg[3]))
		status = ST_INVALID;
	if (status == ST_OK)
		status = may_map(target, cap, call);
	ends(thread, status);
	if (status != ST_OK)
		return;
	new.process = target->object;
	new.memory = cap->object;
	new.parent = cap;
	new.base = new.address;
	new.label = ++model.label;
	thread->result.value[0] = new.address;
	thread->result.known = new.address != 0;
	thread->result.map = map_new(&new);
}

static void unmap(struct m_object *thread, const struct m_call *call)
{
	u64 address = call->arg[0], size = call->arg[1];
	struct m_cap *target;
	struct m_map *map;
	long status = want(thread, call->handle[0], TYPE_PROCESS, RIGHT_MAP, &target);

	if (status == ST_OK && !is_range(address, size))
		status = ST_INVALID;
	ends(thread, status);
	if (status != ST_OK)
		return;
	if (size) { /* else nothing is unmapped, nor cut in two */
		cut(target->object, address);
		cut(target->object, address + size);
	}
	for (u64 at = address; at < address + size; at += M_PAGE)
		if ((map = model_map(target->object, at)) != NULL)
			map_remove(map);
	ends_with(thread, size, 0);
}

/* May the mapping get this access? */
static long may_protect(const struct m_map *map, u64 flags)
{
	if (!map)
		return ST_NOTFOUND;
	if (has(map->parent, rights_for(flags), 1) != ST_OK)
		return ST_NORIGHTS;
	return seal_allows(map->memory, flags);
}

static void protect(struct m_object *thread, const struct m_call *call)
{
	u64 address = call->arg[0], size = call->arg[1], flags = call->arg[2], at = address;
	struct m_cap *target;
	struct m_map *map;
	long status = want(thread, call->handle[0], TYPE_PROCESS, RIGHT_MAP, &target);

	if (status == ST_OK && (!is_range(address, size) || !are_flags(flags)))
		status = ST_INVALID;
	ends(thread, status);
	if (status != ST_OK)
		return;
	while (at < address + size && status == ST_OK) {
		map = model_map(target->object, at);
		status = may_protect(map, flags);
		if (status != ST_OK)
			break;
		cut(target->object, at);
		map = model_map(target->object, at);
		cut(target->object, MIN(map->address + map->size, address + size));
		map->flags = (u32)flags;
		at = map->address + map->size;
	}
	ends(thread, status);
	ends_with(thread, at - address, 0);
	thread->result.status = status;
}

static void seal(struct m_object *thread, const struct m_call *call)
{
	struct m_cap *cap;
	long status = want(thread, call->handle[0], TYPE_MEMORY, RIGHT_SEAL, &cap);

	if (status == ST_OK && cap->object->is_physical)
		status = ST_INVALID;
	if (status == ST_OK && writers(cap->object))
		status = ST_BUSY;
	ends(thread, status);
	if (status != ST_OK)
		return;
	cap->object->is_sealed = true;
	for (u64 i = 0; i < cap->object->nr_pages; i++)
		cap->object->place[i].is_resident = true;
}

static void info(struct m_object *thread, const struct m_call *call)
{
	u64 what = call->arg[0], index = call->arg[1], resident = 0;
	u32 right = what == MEM_INFO_PHYSICAL ? RIGHT_DMA : RIGHT_READ;
	struct m_object *memory;
	struct m_cap *cap;
	long status = want(thread, call->handle[0], TYPE_MEMORY, right, &cap);

	if (status == ST_OK && (what > MEM_INFO_PHYSICAL ||
				(what == MEM_INFO_PHYSICAL && index >= cap->object->nr_pages)))
		status = ST_INVALID;
	if (status != ST_OK)
		return ends(thread, status);
	memory = cap->object;
	if (what == MEM_INFO_PHYSICAL)
		memory->place[index].is_resident = true;
	for (u64 i = 0; i < memory->nr_pages; i++)
		resident += memory->place[i].is_resident;
	if (what == MEM_INFO_SIZE)
		ends_with(thread, memory->nr_pages,
			  (memory->is_sealed ? MEM_FLAG_SEALED : 0u) |
				  (memory->is_physical ? MEM_FLAG_PHYSICAL : 0u) |
				  (memory->is_device ? MEM_FLAG_DEVICE : 0u));
	else if (what == MEM_INFO_PHYSICAL)
		ends_with(thread, memory->first + index * M_PAGE, 0);
	else
		ends_with(thread, resident, writers(memory));
	if (what == MEM_INFO_PHYSICAL && !memory->first)
		thread->result.known = 0; /* the kernel has chosen it */
	else if (what == MEM_INFO_RESIDENT && memory->is_physical)
		thread->result.known = 2;
}

void memory_call(struct m_object *thread, const struct m_call *call)
{
	switch (call->number) {
	case SYS_mem_map: return map(thread, call);
	case SYS_mem_unmap: return unmap(thread, call);
	case SYS_mem_protect: return protect(thread, call);
	case SYS_mem_seal: return seal(thread, call);
	default: return info(thread, call);
	}
}
