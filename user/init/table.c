// SPDX-License-Identifier: MIT
/*
 * Starts and remembers children.
 */
#include "table.h"
#include <user/stdio.h>

static struct entry table[TABLE_SIZE];

handle_t table_watch(void)
{
	static u64 watch;

	if (!watch)
		must(cap_create(TYPE_NOTIFICATION, 0, &watch), "cap_create");
	return (handle_t)watch;
}

static u32 free_place(void)
{
	for (u32 place = 0; place < TABLE_SIZE; place++)
		if (!table[place].is_used)
			return place;
	return TABLE_NONE;
}

static u32 refuse(const char *name, const char *why)
{
	printf("init: cannot start %s: %s\n", name, why);
	return TABLE_NONE;
}

u32 table_start(struct program *program, bool is_server)
{
	u32 place = free_place();
	struct entry *entry;
	const char *error = archive_find(program->name, &program->file, &program->size);
	long status;

	if (error)
		return refuse(program->name, error);
	if (place == TABLE_NONE)
		return refuse(program->name, "too many processes");
	entry = &table[place];
	program->watch = table_watch();
	program->watch_bits = BIT(place);
	status = program_spawn(program, &entry->child);
	if (status != ST_OK)
		return refuse(program->name,
			      entry->child.error ? entry->child.error : status_name(status));
	entry->is_used = true;
	entry->is_server = is_server;
	string_copy(entry->name, sizeof(entry->name), program->name);
	return place;
}

struct entry *table_entry(u64 place)
{
	return place < TABLE_SIZE && table[place].is_used ? &table[place] : NULL;
}

void table_remove(u32 place)
{
	child_free(&table[place].child);
	table[place].is_used = false;
}
