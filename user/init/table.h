/* SPDX-License-Identifier: MIT */
/*
 * The table of the first process's children.
 */
#ifndef INIT_TABLE_H
#define INIT_TABLE_H

#include "services.h"

#define TABLE_SIZE 16
#define TABLE_NONE (~0u)

struct entry {
	bool is_used, is_server;
	char name[16];
	struct child child;
};

/** table_watch() - the notification that tells ends: bit i for place i. */
handle_t table_watch(void);

/**
 * table_start() - start @program (found by its name in the archive). Return: its place;
 * TABLE_NONE and a message on failure.
 */
u32 table_start(struct program *program, bool is_server);

/** table_entry() - NULL if nothing is at @place. */
struct entry *table_entry(u64 place);

/** table_remove() - forget a child that has ended. */
void table_remove(u32 place);

#endif
