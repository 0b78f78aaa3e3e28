// SPDX-License-Identifier: MIT
/*
 * mm/pgtable.c against a plain walk written here: every address must mean what
 * was mapped, and every table must be given back.  Allocation fails where told.
 */
#include "kernel.h"
#include <kernel/mm.h>

#define FRAMES (HOST_MEMORY_SIZE / PAGE_SIZE)
#define PAGES 2048 /* of the user window that the model watches */
#define WINDOW 0x7f80001ff000UL

/* ---- the frame allocator of this test ---- */

static bool is_taken[FRAMES];
static int nr_taken;
static long allocations_left; /* then memory is exhausted */

bool frame_is_ready(void);
paddr_t frame_alloc_charged(void);
void frame_free_charged(paddr_t frame);

bool frame_is_ready(void)
{
	return true;
}

void *bootmem_alloc(size_t size)
{
	fail_msg("bootmem_alloc(%zu) with the frame allocator ready", size);
	return NULL;
}

paddr_t frame_alloc_charged(void)
{
	u64 number = 1 + test_below(FRAMES - 1);

	if (!allocations_left)
		return 0;
	allocations_left--;
	while (is_taken[number])
		number = number % (FRAMES - 1) + 1;
	is_taken[number] = true;
	nr_taken++;
	memset(host_memory + number * PAGE_SIZE, 0, PAGE_SIZE);
	return number * PAGE_SIZE;
}

void frame_free_charged(paddr_t frame)
{
	assert_true(IS_ALIGNED(frame, PAGE_SIZE) && is_taken[frame / PAGE_SIZE]);
	is_taken[frame / PAGE_SIZE] = false;
	/* Whoever still walks a freed table meets nonsense. */
	memset(host_memory + frame, 0xa5, PAGE_SIZE);
	nr_taken--;
}

static paddr_t root;

static void start(void)
{
	memset(is_taken, 0, sizeof(is_taken));
	nr_taken = 0;
	allocations_left = -1;
	root = frame_alloc_charged();
}

/* ---- the plain walk ---- */

struct meaning {
	bool is_mapped;
	paddr_t base;
	u32 flags;
	unsigned level;
};

static struct meaning look_up(u64 address)
{
	paddr_t table = root;

	for (int level = PT_LEVELS - 1; level >= 0; level--) {
		pte_t entry;

		memcpy(&entry, host_memory + table + 8 * ((address >> (12 + 9 * level)) & 511), 8);
		if (!(entry & HOST_PTE_PRESENT))
			return (struct meaning){ .is_mapped = false };
		assert_true(level || (entry & HOST_PTE_LEAF));
		if (entry & HOST_PTE_LEAF) {
			u64 mask = (1UL << (12 + 9 * level)) - 1;

			assert_int_equal(entry & mask & ~0xfffUL, 0); /* aligned to its size */
			return (struct meaning){
				true, (entry & ~mask) | (address & mask & ~0xfffUL),
				(u32)(entry >> 2) & 0x3f, (unsigned int)level
			};
		}
		table = entry & ~0xfffUL;
		assert_true(is_taken[table / PAGE_SIZE]);
	}
	return (struct meaning){ .is_mapped = false };
}

static void maps_with_the_largest_leaves(void **state)
{
	const u64 virtual = 0xffff900000000000UL, physical = 0x40000000UL, huge = 1UL << 30;

	(void)state;
	start();
	/* A page, then up to 2 MiB, up to 1 GiB, one of 1 GiB, and down again. */
	assert_int_equal(pgtable_map(root, virtual - 0x3000, physical - 0x3000,
				     huge + 0x200000 + 0x5000, MAP_READ | MAP_WRITE), ST_OK);
	assert_int_equal(look_up(virtual).level, 2);
	assert_int_equal(look_up(virtual - 0x1000).level, 0);
	assert_int_equal(look_up(virtual + huge).level, 1);
	assert_int_equal(look_up(virtual + huge + 0x200000).level, 0);
	assert_false(look_up(virtual - 0x4000).is_mapped);
	assert_false(look_up(virtual + huge + 0x202000).is_mapped);
	for (u64 at = 0; at < huge + 0x205000; at += 0x1000 * (1 + test_below(50))) {
		struct meaning found = look_up(virtual - 0x3000 + at);

		assert_true(found.is_mapped);
		assert_int_equal(found.base, physical - 0x3000 + at);
		assert_int_equal(found.flags, MAP_READ | MAP_WRITE);
	}
	/* Mapping the same again changes nothing and takes nothing. */
	{
		int before = nr_taken;

		assert_int_equal(pgtable_map(root, virtual - 0x3000, physical - 0x3000,
					     huge + 0x205000, MAP_READ | MAP_WRITE), ST_OK);
		assert_int_equal(nr_taken, before);
	}
}

/* Two devices may share a page: a large leaf does not fit any more where a small one is. */
static void maps_between_smaller_leaves(void **state)
{
	const u64 virtual = 0xffff900000000000UL, physical = 0x40000000UL, large = 1UL << 21;

	(void)state;
	start();
	assert_int_equal(pgtable_map(root, virtual + 0x5000, physical + 0x5000, 0x1000, MAP_READ),
			 ST_OK);
	assert_int_equal(pgtable_map(root, virtual, physical, 2 * large, MAP_READ | MAP_WRITE),
			 ST_OK);
	for (u64 at = 0; at < 2 * large; at += 0x1000) {
		struct meaning found = look_up(virtual + at);

		assert_true(found.is_mapped);
		assert_int_equal(found.base, physical + at);
		assert_int_equal(found.level, at < large ? 0 : 1);
		assert_int_equal(found.flags, at == 0x5000 ? MAP_READ : MAP_READ | MAP_WRITE);
	}
	assert_false(look_up(virtual + 2 * large).is_mapped);
}

static void refuses_what_is_not_aligned(void **state)
{
	(void)state;
	start();
	assert_panics((void)pgtable_map(root, 0x1001, 0, 0x1000, MAP_READ), "IS_ALIGNED");
	assert_panics((void)pgtable_map(root, 0x1000, 0x10, 0x1000, MAP_READ), "IS_ALIGNED");
	assert_panics((void)pgtable_map(root, 0x1000, 0, 0x1800, MAP_READ), "IS_ALIGNED");
}

static void map_at_the_end_of_the_number_space(void **state)
{
	(void)state;
	start();
	assert_int_equal(pgtable_map(root, 0UL - 0x2000, 0x7000, 0x2000, MAP_READ), ST_OK);
	assert_int_equal(look_up(0UL - 0x1000).base, 0x8000);
	assert_int_equal(pgtable_prepare(root, 0UL - 0x400000, 0x400000, 0, ~0u), ST_OK);
}

/* 20 tables of leaves and two above them, at most eight at a time. */
static void prepared_in_pieces(void **state)
{
	unsigned steps = 1;
	long result;

	(void)state;
	start();
	while ((result = pgtable_prepare(root, WINDOW, 40UL << 20, 0, 8)) == SYSCALL_RESTART) {
		assert_int_equal(nr_taken, 1 + 8 * steps);
		steps++;
	}
	assert_int_equal(result, ST_OK);
	assert_int_equal(steps, 3);
	assert_int_equal(pgtable_prepare(root, WINDOW, 40UL << 20, 0, 0), ST_OK);
}

/* Tables for the first and the last byte, and none for those beside them. */
static void no_table_too_many(void **state)
{
	const u64 span = 2UL << 20, address = 6 * span; /* of a table of leaves */

	(void)state;
	for (u64 nr = 1; nr < 5; nr++) {
		start();
		assert_int_equal(pgtable_prepare(root, address, nr * span, 0, ~0u), ST_OK);
		assert_int_equal(nr_taken, PT_LEVELS - 1 + nr);
		assert_int_equal(pgtable_prepare(root, address + nr * span - PAGE_SIZE,
						 2 * PAGE_SIZE, 0, 1), ST_OK);
		assert_int_equal(nr_taken, PT_LEVELS + nr);
		assert_int_equal(pgtable_prepare(root, address - PAGE_SIZE, PAGE_SIZE, 0, 1),
				 ST_OK);
		assert_int_equal(nr_taken, PT_LEVELS + 1 + nr);
	}
}

static void every_allocation_fails_once(void **state)
{
	(void)state;
	for (long allowed = 0;; allowed++) {
		long result;

		start();
		allocations_left = allowed;
		result = pgtable_prepare(root, WINDOW, 3UL << 30, 0, ~0u);
		if (result == ST_OK) {
			/* 1536 or 1537 leaves' tables, 3 or 4 above them, one above those */
			assert_true(allowed > 1500);
			break;
		}
		assert_int_equal(result, ST_NOMEM);
		assert_int_equal(nr_taken, 1 + allowed); /* what was made stays, reachable */
		if (allowed % 100 == 0) {
			while (!pgtable_free_step(root, NULL))
				;
			assert_int_equal(nr_taken, 1);
		}
	}
}

/* ---- user windows: prepare, write leaves, clear, protect, detach ---- */

static struct meaning model[PAGES];

static u64 page_address(u64 page)
{
	return WINDOW + page * PAGE_SIZE;
}

static void compare_with_model(void)
{
	for (u64 page = 0; page < PAGES; page++) {
		struct meaning found = look_up(page_address(page));

		assert_int_equal(found.is_mapped, model[page].is_mapped);
		if (found.is_mapped) {
			assert_int_equal(found.base, model[page].base);
			assert_int_equal(found.flags, model[page].flags);
		}
	}
}

static void fill_range(u64 first, u64 count)
{
	assert_int_equal(pgtable_prepare(root, page_address(first), count * PAGE_SIZE, 0, ~0u),
			 ST_OK);
	for (u64 page = first; page < first + count; page++) {
		struct meaning new = { true, test_below(1UL << 30) * PAGE_SIZE,
				       (u32)test_below(16), 0 };
		pte_t *entry = pgtable_entry(root, page_address(page), 0);

		assert_non_null(entry);
		pte_write(entry, pte_make_leaf(new.base, new.flags, 0));
		model[page] = new;
	}
}

static void clear_range(u64 first, u64 count)
{
	u64 address = page_address(first), size = count * PAGE_SIZE, rounds = 0;
	bool any = false, was_any = false;

	for (u64 page = first; page < first + count; page++) {
		was_any |= model[page].is_mapped;
		model[page].is_mapped = false;
	}
	while (size) {
		u64 done = pgtable_clear(root, address, size, &any);

		assert_true(done && done <= size && IS_ALIGNED(done, PAGE_SIZE));
		assert_true(rounds++ < PAGES);
		address += done;
		size -= done;
	}
	assert_int_equal(any, was_any);
}

static void protect_range(u64 first, u64 count)
{
	u64 address = page_address(first), size = count * PAGE_SIZE;
	u32 flags = (u32)test_below(16);
	bool any = false, was_any = false;

	for (u64 page = first; page < first + count; page++)
		if (model[page].is_mapped) {
			model[page].flags = flags;
			was_any = true;
		}
	while (size) {
		u64 done = pgtable_protect(root, address, size, flags, &any);

		assert_true(done && done <= size && done <= 512 * PAGE_SIZE);
		address += done;
		size -= done;
	}
	assert_int_equal(any, was_any);
}

/* Tables of a cleared range that serve nothing else go; those with leaves stay. */
static void detach_range(u64 first, u64 count)
{
	struct table_span span = { .start = page_address(first),
				   .end = page_address(first + count),
				   .high = 1UL << 47 };
	paddr_t list = 0;
	int before = nr_taken;
	bool any;

	clear_range(first, count);
	for (u64 page = 0; page < first; page++)
		span.low = model[page].is_mapped ? page_address(page + 1) : span.low;
	for (u64 page = PAGES; page-- > first + count;)
		span.high = model[page].is_mapped ? page_address(page) : span.high;
	any = pgtable_detach(root, &span, &list);

	assert_int_equal(any, list != 0);
	compare_with_model();
	while (list)
		pgtable_free_list(&list, 1 + (unsigned int)test_below(3));
	assert_int_equal(any, nr_taken < before);
}

static void random_user_ranges(void **state)
{
	(void)state;
	start();
	memset(model, 0, sizeof(model));
	for (int round = 0; round < 1500; round++) {
		u64 first = test_below(PAGES), count = 1 + test_below(MIN(PAGES - first, 700UL));

		switch (test_below(5)) {
		case 0:
			fill_range(first, count);
			break;
		case 1:
		case 2:
			clear_range(first, count);
			break;
		case 3:
			protect_range(first, count);
			break;
		default:
			detach_range(first, count);
		}
		compare_with_model();
	}
	clear_range(0, PAGES);
	detach_range(0, PAGES);
	compare_with_model();
	/* All was empty, so only the root is left. */
	assert_int_equal(nr_taken, 1);
}

static void detach_keeps_to_its_bounds(void **state)
{
	struct table_span span = { .start = 0x200000, .end = 0x201000, .low = 0, .high = 0x400000 };
	paddr_t list = 0;

	(void)state;
	start();
	assert_int_equal(pgtable_prepare(root, 0x200000, 0x1000, 0, ~0u), ST_OK);
	assert_int_equal(nr_taken, 4);
	/* The level-1 table serves 1 GiB, more than the bounds: it stays. */
	assert_true(pgtable_detach(root, &span, &list));
	pgtable_free_list(&list, 10);
	assert_int_equal(nr_taken, 3);
	assert_false(pgtable_detach(root, &span, &list));
	span.low = 0x200001;
	assert_int_equal(pgtable_prepare(root, 0x200000, 0x1000, 0, ~0u), ST_OK);
	assert_false(pgtable_detach(root, &span, &list));
}

static void free_step_is_bounded(void **state)
{
	int steps = 0;

	(void)state;
	start();
	for (int i = 0; i < 300; i++)
		assert_int_equal(pgtable_prepare(root, test_below(USER_END) & ~0xfffUL, 0x1000, 0,
			~0u),
				 ST_OK);
	for (bool is_done = false; !is_done; steps++) {
		int before = nr_taken;

		is_done = pgtable_free_step(root, NULL);
		assert_true(before - nr_taken <= 64);
		assert_true(is_done || nr_taken < before);
	}
	assert_true(steps > 5);
	assert_int_equal(nr_taken, 1);
}

static void entry_stops_at_larger_leaves(void **state)
{
	(void)state;
	start();
	assert_int_equal(pgtable_map(root, 0x40000000, 0x80000000, 0x200000, MAP_READ), ST_OK);
	assert_null(pgtable_entry(root, 0x40001000, 0));
	assert_non_null(pgtable_entry(root, 0x40001000, 1));
	assert_null(pgtable_entry(root, 0x80000000, 0));
	assert_non_null(pgtable_entry(root, 0x80000000, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_with_the_largest_leaves),
		cmocka_unit_test(maps_between_smaller_leaves),
		cmocka_unit_test(refuses_what_is_not_aligned),
		cmocka_unit_test(map_at_the_end_of_the_number_space),
		cmocka_unit_test(prepared_in_pieces),
		cmocka_unit_test(no_table_too_many),
		cmocka_unit_test(every_allocation_fails_once),
		cmocka_unit_test(random_user_ranges),
		cmocka_unit_test(detach_keeps_to_its_bounds),
		cmocka_unit_test(free_step_is_bounded),
		cmocka_unit_test(entry_stops_at_larger_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
