// SPDX-License-Identifier: MIT
/*
 * Mapping, unmapping, protecting; the faults that follow.  "touched": all
 * pages are in the page tables.
 */
#include "bench.h"

#define ARENA 0x1000000000UL /* an address nothing else is at */
#define NR_SHAPES 32u
#define SHAPE_DISTANCE (1UL << 30)
#define FAULT_PAGES 256u
#define READ_WRITE (MAP_READ | MAP_WRITE)

static void touch_all(u64 address, u64 pages)
{
	for (u64 page = 0; page < pages; page++)
		*(volatile u8 *)(address + page * PAGE_SIZE) = 1;
}

/* ---- regions at other places, see bench.h ---- */

static u32 nr_shapes;

static u64 shape_address(u32 number)
{
	u64 distance = (number / 2 + 1) * SHAPE_DISTANCE;

	return number % 2 ? ARENA - distance : ARENA + distance;
}

void vary_shape(u32 i, u32 samples, handle_t memory)
{
	if (nr_shapes < NR_SHAPES && i >= samples / NR_SHAPES * nr_shapes)
		must(mem_map(startup->self, memory, shape_address(nr_shapes++), PAGE_SIZE, 0,
			     MAP_READ, NULL), "mem_map");
}

void restore_shape(void)
{
	while (nr_shapes)
		must(mem_unmap(startup->self, shape_address(--nr_shapes), PAGE_SIZE, NULL),
		     "mem_unmap");
}

struct rows {
	const char *map, *unmap, *protect, *touched;
	u64 pages;
};

static void map_range(const struct rows *rows)
{
	u64 size = rows->pages * PAGE_SIZE;
	handle_t memory = create(TYPE_MEMORY, rows->pages);
	struct measured_call map = {
		.tag = SYS_mem_map,
		.handles = startup->self | (u64)memory << 32,
		.argument = { ARENA, size, 0, READ_WRITE },
	};
	struct measured_call unmap = {
		.tag = SYS_mem_unmap, .handles = startup->self, .argument = { ARENA, size }
	};
	struct measured_call protect = {
		.tag = SYS_mem_protect,
		.handles = startup->self,
		.argument = { ARENA, size, MAP_READ },
	};
	u32 mapped = series_start(rows->map), unmapped = series_start(rows->unmap);
	u32 protected = series_start(rows->protect), touched = series_start(rows->touched);

	for (u32 i = 0; i < series_samples(); i++) {
		vary_shape(i, series_samples(), memory);
		series_mark(mapped);
		series_add(mapped, call_cost(&map, rows->map));
		series_mark(unmapped);
		series_add(unmapped, call_cost(&unmap, rows->unmap));
		(void)call_cost(&map, rows->map);
		touch_all(ARENA, rows->pages);
		series_mark(protected);
		series_add(protected, call_cost(&protect, rows->protect));
		series_mark(touched);
		series_add(touched, call_cost(&unmap, rows->touched));
		if (unmap.value[0] != size || protect.value[0] != size)
			fail("%s: %lu of %lu bytes", rows->unmap, unmap.value[0], size);
	}
	restore_shape();
	must(cap_delete(memory), "cap_delete");
	settle();
}

void bench_memory(void)
{
	static const struct rows rows[] = {
		{ "map-1", "unmap-1", "protect-1", "unmap-1-touched", 1 },
		{ "map-16", "unmap-16", "protect-16", "unmap-16-touched", 16 },
		{ "map-64", "unmap-64", "protect-64", "unmap-64-touched", 64 },
		{ "map-512", "unmap-512", "protect-512", "unmap-512-touched", 512 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		map_range(&rows[i]);
}

/* ---- faults ---- */

static u64 store_cost(u64 address, u64 empty)
{
	return measure_store((void *)address) - empty;
}

/* First touch of each page of an object; then of each page again after it was unmapped and mapped. */
static void fault_pages(u32 zeroed, u32 resident, u64 empty)
{
	u64 size = FAULT_PAGES * PAGE_SIZE;
	handle_t memory = create(TYPE_MEMORY, FAULT_PAGES);

	for (u32 round = 0; round < 2; round++) {
		u32 row = round ? resident : zeroed;

		must(mem_map(startup->self, memory, ARENA, size, 0, READ_WRITE, NULL), "mem_map");
		for (u64 page = 0; page < FAULT_PAGES; page++) {
			series_mark(row);
			series_add(row, store_cost(ARENA + page * PAGE_SIZE, empty));
		}
		must(mem_unmap(startup->self, ARENA, size, NULL), "mem_unmap");
	}
	must(cap_delete(memory), "cap_delete");
	settle();
}

/*
 * A fault that a process at the fault endpoint answers: by jumping over the store, or by mapping.
 * With @drained so many samples with no frame in stock for the page tables, else as ever.
 */
static void through_pager(const char *name, const char *role, u64 argument, u32 drained)
{
	u32 samples = drained ? drained : series_samples();
	handle_t memory, extra[STARTUP_EXTRA] = {
		create(TYPE_ENDPOINT, 0), startup->self,
	};
	u64 empty = measure_store_nothing(NULL);
	u32 row = series_start(name);
	struct program program;
	struct child child;
	u8 *page = memory_new(1, &memory);
	const char *error = program_role(&program, role);
	char text[24];

	if (!page || error)
		fail("%s: %s", name, error ? error : "no memory");
	page[0] = 1; /* its frame is there */
	extra[2] = memory;
	memcpy(program.extra, extra, sizeof(extra));
	snprintf(text, sizeof(text), "%#lx", argument);
	program.arg[1] = text;
	program.settings = THREAD_PRIORITY(PRIORITY);
	must(program_spawn(&program, &child), role);
	settle();
	must(process_set_fault(startup->self, extra[0]), "process_set_fault");
	for (u32 i = 0; i < samples; i++) {
		vary_shape(i, samples, memory);
		if (drained)
			frames_drain();
		series_mark(row);
		series_add(row, store_cost(ARENA, empty));
		must(mem_unmap(startup->self, ARENA, PAGE_SIZE, NULL), "mem_unmap");
	}
	restore_shape();
	must(process_set_fault(startup->self, HANDLE_NULL), "process_set_fault");
	child_free(&child);
	must(cap_destroy(extra[0]), "cap_destroy");
	memory_free(page, 1, memory);
	settle();
}

void bench_faults(void)
{
	u64 empty = measure_store_nothing(NULL);
	u32 room = series_samples() + FAULT_PAGES; /* they come by so many */
	u32 store = series_start("store"), zeroed = series_start_long("fault-zeroing", room);
	u32 resident = series_start_long("fault-resident", room);
	handle_t spare = create(TYPE_MEMORY, 1);
	u8 byte;

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(store);
		series_add(store, store_cost((u64)&byte, empty));
	}
	for (u32 i = 0; i <= series_samples(); i += FAULT_PAGES) {
		vary_shape(i, series_samples(), spare);
		fault_pages(zeroed, resident, empty);
	}
	restore_shape();
	must(cap_delete(spare), "cap_delete");
	through_pager("fault-pager-jump", "pager-jump", (u64)measure_store_end, 0);
	through_pager("fault-pager-map", "pager-map", ARENA, 0);
}

void bench_pager_drained(u32 samples)
{
	through_pager("fault-pager-map-drained", "pager-map", ARENA, samples);
}
