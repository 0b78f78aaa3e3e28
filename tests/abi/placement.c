// SPDX-License-Identifier: MIT
/*
 * Addresses cannot be guessed: what the kernel chooses for a mapping, where the
 * loader puts programs and stacks.
 */
#include "test.h"

#define PROCESSES 64u
#define EACH 16u     /* mappings in each of them */
#define PROGRAMS 32u /* a bit that is random looks fixed in one run of 2^31 */

/* What the manual promises, in bits from the address of a page on ("Memory", placement). */
#define MAPPING_BITS 18
#define PROGRAM_BITS 16
#ifdef CONFIG_RISCV64
#define ARENA_BITS 8
#else
#define ARENA_BITS 17
#endif

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

/* Each of @bits bits from number @first on was seen as 0 and as 1. */
static void every_bit_varies(const u64 *value, u32 count, u32 first, u32 bits, const char *what)
{
	u64 ones = 0, zeros = 0, all = (1UL << bits) - 1;

	for (u32 i = 0; i < count; i++) {
		ones |= value[i] >> first & all;
		zeros |= ~value[i] >> first & all;
	}
	same(ones & zeros, all, "%s: all of %u bits vary", what, bits);
}

/* Mappings in many spaces: where the arena lies, and where in it they do. */
static void test_mappings(void)
{
	static u64 arena[PROCESSES], page[PROCESSES * EACH];
	handle_t memory = create(TYPE_MEMORY, 1);
	u32 distinct;

	for (u32 i = 0; i < PROCESSES * EACH; i += EACH) {
		handle_t process = create(TYPE_PROCESS, 0);

		for (u32 k = i; k < i + EACH; k++) {
			must(mem_map(process, memory, 0, PAGE_SIZE, 0, MAP_READ, &page[k]),
			     "mem_map");
			must(mem_unmap(process, page[k], PAGE_SIZE, NULL), "mem_unmap");
		}
		arena[i / EACH] = page[i] >> (12 + MAPPING_BITS);
		(void)cap_destroy(process);
	}
	every_bit_varies(arena, PROCESSES, 0, ARENA_BITS, "where a process has its mappings");
	every_bit_varies(page, ARRAY_SIZE(page), 12, MAPPING_BITS, "where in there they are");
	for (u32 i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = page[i] >> 12 & ((1UL << MAPPING_BITS) - 1);
	distinct = count_distinct(page, ARRAY_SIZE(page));
	/* Two meet by chance in 2 pairs on average; 20 pairs do not happen. */
	check(distinct >= ARRAY_SIZE(page) - 20,
	      "%lu mappings are at %u different places of their arenas", ARRAY_SIZE(page),
	      distinct);
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
	static u64 code[PROGRAMS], stack[PROGRAMS];
	handle_t memory;
	volatile u64 *place = memory_new(1, &memory);

	for (u32 i = 0; i < PROGRAMS && place; i++) {
		struct child child;

		must(spawn_role("placed", NULL, memory, &child), "spawn_role");
		must(program_wait(child.process, PATIENCE), "program_wait");
		code[i] = place[0];
		stack[i] = place[1];
		child_free(&child);
	}
	every_bit_varies(code, PROGRAMS, 12, PROGRAM_BITS, "where a program lies");
	every_bit_varies(stack, PROGRAMS, 12, MAPPING_BITS + ARENA_BITS, "where its stack lies");
	check(place && count_distinct(code, PROGRAMS) >= PROGRAMS - 2 &&
		      count_distinct(stack, PROGRAMS) == PROGRAMS,
	      "%u times the same program lies at %u different places, its stack at %u", PROGRAMS,
	      count_distinct(code, PROGRAMS), count_distinct(stack, PROGRAMS));
	memory_free((void *)place, 1, memory);
}

void test_placement(void)
{
	test_mappings();
	test_programs();
}
