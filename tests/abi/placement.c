// SPDX-License-Identifier: MIT
/*
 * Addresses cannot be guessed: what the kernel chooses for a mapping, where the
 * loader puts programs and stacks.
 */
#include "test.h"

#define PROCESSES 16u
#define PROGRAMS 6u

static u32 count_distinct(const u64 *value, u32 count)
{
	u32 distinct = 0;

	for (u32 i = 0; i < count; i++) {
		bool is_new = true;

		for (u32 k = 0; k < i; k++)
			is_new = is_new && value[k] != value[i];
		distinct += is_new;
	}
	return distinct;
}

static void test_mappings(void)
{
	handle_t memory = create(TYPE_MEMORY, 1);
	u64 address[PROCESSES], low[PROCESSES];

	for (u32 i = 0; i < PROCESSES; i++) {
		handle_t process = create(TYPE_PROCESS, 0);

		must(mem_map(process, memory, 0, PAGE_SIZE, 0, MAP_READ, &address[i]), "mem_map");
		low[i] = address[i] >> 12 & 0xffff;
		(void)cap_destroy(process);
	}
	/* 16 out of 65,536: two chance hits are less likely than one in a million. */
	check(count_distinct(low, PROCESSES) >= PROCESSES - 2,
	      "%u processes get a mapping at %u different places", PROCESSES,
	      count_distinct(address, PROCESSES));
	(void)cap_delete(memory);
}

int role_placed(void)
{
	u64 address;

	must(mem_map(startup->self, startup->extra[0], 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     &address), "mem_map");
	((u64 *)address)[0] = (u64)role_placed;
	((u64 *)address)[1] = (u64)&address;
	return 0;
}

static void test_programs(void)
{
	u64 code[PROGRAMS], stack[PROGRAMS], arena[PROGRAMS];
	handle_t memory;
	volatile u64 *place = memory_new(1, &memory);

	for (u32 i = 0; i < PROGRAMS && place; i++) {
		struct child child;

		must(spawn_role("placed", NULL, memory, &child), "spawn_role");
		must(program_wait(child.process, PATIENCE), "program_wait");
		code[i] = place[0];
		stack[i] = place[1];
		arena[i] = stack[i] >> 30;
		child_free(&child);
	}
	check(place && count_distinct(code, PROGRAMS) >= PROGRAMS - 1,
	      "%u times the same program lies at %u different places", PROGRAMS,
	      count_distinct(code, PROGRAMS));
	check(count_distinct(stack, PROGRAMS) == PROGRAMS &&
		      count_distinct(arena, PROGRAMS) >= PROGRAMS - 1,
	      "and so does its stack");
	memory_free((void *)place, 1, memory);
}

void test_placement(void)
{
	test_mappings();
	test_programs();
}
