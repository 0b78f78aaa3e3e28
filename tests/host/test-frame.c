// SPDX-License-Identifier: MIT
/*
 * mm/bootmem.c, mm/frame.c and mm/account.c: whatever firmware's ranges look
 * like, each frame handed out is usable, not reserved and handed out once;
 * exhaustion is exact; everything comes back.
 *
 * frame.c is included, because its state has to be reset between the cases.
 */
#include "kernel.h"
#include "../../mm/frame.c"

#define FRAMES (HOST_MEMORY_SIZE / PAGE_SIZE)
#define KEPT ((CONFIG_NR_CPUS - 1) * cache_limit) /* what the other CPUs' caches may hold */

struct cpu cpus[CONFIG_NR_CPUS];
struct cpu *host_cpu = &cpus[0];

static struct boot_info info;
static bool may_use[FRAMES]; /* the model: by firmware's word */
static bool is_out[FRAMES];  /* handed out now */

void arch_clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

static void start(void)
{
	memset(&info, 0, sizeof(info));
	memset(&bootmem_ram, 0, sizeof(bootmem_ram));
	memset(&bootmem_free, 0, sizeof(bootmem_free));
	memset(is_out, 0, sizeof(is_out));
	memset(zones, 0, sizeof(zones));
	memset(cpus, 0, sizeof(cpus));
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
		cpus[i].index = i;
	host_cpu = &cpus[0];
	nr_banks = 0;
	nr_frames = 0;
	is_ready = false;
	info.early_end = HOST_MEMORY_SIZE;
}

/* A frame is usable if one range calls all of it so, and no byte of it is reserved. */
static void make_model(void)
{
	memset(may_use, 0, sizeof(may_use));
	for (u32 i = 0; i < info.nr_usable; i++) {
		u64 end = (info.usable[i].base + info.usable[i].size) / PAGE_SIZE;
		u64 frame = DIV_ROUND_UP(info.usable[i].base, PAGE_SIZE);

		for (; frame < end; frame++)
			may_use[frame] = true;
	}
	for (u32 i = 0; i < info.nr_reserved; i++) {
		u64 base = info.reserved[i].base, size = info.reserved[i].size;

		for (u64 frame = base / PAGE_SIZE; size && frame * PAGE_SIZE < base + size; frame++)
			may_use[frame] = false;
	}
	may_use[0] = false;
}

static void take(paddr_t base, unsigned int order)
{
	assert_true(IS_ALIGNED(base, PAGE_SIZE << order));
	for (u64 frame = base / PAGE_SIZE; frame < base / PAGE_SIZE + BIT(order); frame++) {
		assert_true(may_use[frame]);
		assert_false(is_out[frame]);
		is_out[frame] = true;
	}
	memset(host_memory + base, 0x5a, PAGE_SIZE << order);
}

static void give(paddr_t base, unsigned int order)
{
	for (u64 frame = base / PAGE_SIZE; frame < base / PAGE_SIZE + BIT(order); frame++)
		is_out[frame] = false;
	frame_free(base, order);
}

static u64 nr_free_now(void)
{
	struct frame_stats stats;

	frame_get_stats(&stats);
	return stats.free;
}

/* Unordered, overlapping and not aligned to pages. */
static void random_ranges(struct boot_range *range, u32 *count, u32 wanted, u64 largest)
{
	for (*count = 0; *count < wanted; (*count)++) {
		u64 base = test_below(HOST_MEMORY_SIZE) & ~63UL;
		u64 size = test_below(MIN(largest, HOST_MEMORY_SIZE - base)) & ~63UL;

		range[*count] = (struct boot_range){ .base = base, .size = size };
	}
}

static void one_bank(void)
{
	start();
	info.usable[0] = (struct boot_range){ .base = 0, .size = HOST_MEMORY_SIZE };
	info.nr_usable = 1;
	make_model();
	bootmem_init(&info);
	frame_init(&info);
}

static void random_firmware(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		u64 expected = 0, got = 0, frames;
		paddr_t base;

		start();
		random_ranges(info.usable, &info.nr_usable, 1 + (u32)test_below(40), 16 << 20);
		info.usable[0] = (struct boot_range){ .base = 0x1230 << 6, .size = 4 << 20 };
		random_ranges(info.reserved, &info.nr_reserved, (u32)test_below(40), 300 << 10);
		make_model();
		bootmem_init(&info);
		assert_int_equal(bootmem_free.nr_lost, 0);
		for (u64 frame = 0; frame < FRAMES; frame++) {
			expected += may_use[frame];
			assert_true(!may_use[frame] || frame_is_ram(frame * PAGE_SIZE, PAGE_SIZE));
		}
		frame_init(&info);
		frames = nr_free_now();
		/* All but the state bytes of the allocator itself: one a frame. */
		assert_int_equal(frames, expected - DIV_ROUND_UP(expected, PAGE_SIZE));
		assert_int_equal(account_available(), frames - KEPT);
		while ((base = frame_alloc(0, ZONE_NORMAL))) {
			take(base, 0);
			got++;
		}
		assert_int_equal(got, frames);
		assert_int_equal(nr_free_now(), 0);
		for (u64 frame = 0; frame < FRAMES; frame++)
			if (is_out[frame])
				give(frame * PAGE_SIZE, 0);
		assert_int_equal(nr_free_now(), frames);
	}
}

static void blocks_of_all_orders(void **state)
{
	static struct { paddr_t base; unsigned int order; } out[4096];
	u64 nr_out = 0, frames, largest = 0;

	(void)state;
	one_bank();
	frames = nr_free_now();
	for (int round = 0; round < 50000; round++) {
		if (nr_out < ARRAY_SIZE(out) && test_below(2)) {
			unsigned int order = (unsigned int)test_below(MAX_ORDER + 1);
			enum zone zone = test_below(4) ? ZONE_NORMAL : ZONE_DMA;
			paddr_t base = frame_alloc(order, zone);

			if (!base)
				continue;
			take(base, order);
			assert_true(zone != ZONE_DMA || base + (PAGE_SIZE << order) <= 16 << 20);
			out[nr_out].base = base;
			out[nr_out++].order = order;
		} else if (nr_out) {
			u64 i = test_below(nr_out);

			give(out[i].base, out[i].order);
			out[i] = out[--nr_out];
		}
		assert_int_equal(locks_held, 0);
	}
	while (nr_out) {
		nr_out--;
		give(out[nr_out].base, out[nr_out].order);
	}
	assert_int_equal(nr_free_now(), frames);
	while (cpus[0].frames.nr)
		cache_drain(&cpus[0].frames);
	/* All buddies have come together again: nearly all memory is in the largest blocks. */
	while (frame_alloc(MAX_ORDER, ZONE_NORMAL))
		largest++;
	assert_true(largest >= HOST_MEMORY_SIZE / (PAGE_SIZE << MAX_ORDER) - 2);
}

static void mistakes_panic(void **state)
{
	paddr_t frame, block;

	(void)state;
	one_bank();
	frame = frame_alloc(0, ZONE_NORMAL);
	block = frame_alloc(3, ZONE_NORMAL);
	assert_true(frame && block);
	assert_panics(frame_free(frame, 1), "order 0");
	one_bank();
	frame = frame_alloc(0, ZONE_NORMAL);
	frame_free(frame, 0);
	assert_panics(frame_free(frame, 0), "free of frame");
	one_bank();
	block = frame_alloc(1, ZONE_NORMAL);
	frame = frame_alloc(0, ZONE_NORMAL);
	frame_free(block, 1);
	frame_free(frame, 0);
	assert_panics(frame_free(frame, 0), "free of frame");
	one_bank();
	block = frame_alloc(3, ZONE_NORMAL);
	assert_panics(frame_free(block + PAGE_SIZE, 0), "inside of a block");
	/* Also where it was the first frame of a free block before that met its buddy. */
	one_bank();
	block = frame_alloc(2, ZONE_NORMAL);
	frame_free(block, 2);
	while ((frame = frame_alloc(1, ZONE_NORMAL)) != block)
		assert_true(frame);
	assert_int_equal(frame_alloc(1, ZONE_NORMAL), block + 2 * PAGE_SIZE);
	frame_free(block + 2 * PAGE_SIZE, 1);
	frame_free(block, 1);
	assert_int_equal(frame_alloc(2, ZONE_NORMAL), block);
	assert_panics(frame_free(block + 2 * PAGE_SIZE, 1), "inside of a block");
	assert_panics(frame_free(HOST_MEMORY_SIZE, 0), "no frame of the allocator");
	assert_panics(frame_free(block + 8, 3), "no frame of the allocator");
	assert_panics(frame_free(block, 77), "no frame of the allocator");
	assert_panics((void)bank_of_own(&host_cpu->frames, FRAMES), "lies in no bank");
}

/* As many ranges as there can be, one of them across the border of the zones: none is left out. */
static void every_range_becomes_a_bank(void **state)
{
	const u64 first = DMA_LIMIT - 2;
	u64 pages = 0;

	(void)state;
	start();
	for (u64 i = 0; i < RANGE_SET_MAX; i++)
		range_set_add(&bootmem_free, (first + 8 * i) * PAGE_SIZE,
			      (first + 8 * i + 4) * PAGE_SIZE);
	assert_int_equal(bootmem_free.nr, RANGE_SET_MAX);
	assert_int_equal(bootmem_free.nr_lost, 0);
	frame_init(&info);
	assert_int_equal(bootmem_free.nr, RANGE_SET_MAX);
	for (u32 i = 0; i < bootmem_free.nr; i++)
		pages += bootmem_free.range[i].size / PAGE_SIZE;
	assert_int_equal(nr_banks, RANGE_SET_MAX + 1);
	assert_int_equal(nr_free_now(), pages);
}

static void too_large_is_refused(void **state)
{
	(void)state;
	one_bank();
	assert_true(frame_alloc(MAX_ORDER + 1, ZONE_NORMAL) == 0);
	assert_true(frame_alloc(64, ZONE_NORMAL) == 0);
}

static void charges_are_promises(void **state)
{
	u64 frames, charged = 0;
	paddr_t frame;

	(void)state;
	one_bank();
	frames = nr_free_now() - KEPT;
	assert_int_equal(account_charge(frames + 1), ST_NOMEM);
	assert_int_equal(account_charge(UINT64_MAX), ST_NOMEM);
	assert_int_equal(account_charge(10), ST_OK);
	assert_int_equal(account_available(), frames - 10);
	while ((frame = frame_alloc_charged())) {
		assert_int_equal(host_memory[frame] | host_memory[frame + PAGE_SIZE - 1], 0);
		take(frame, 0);
		charged++;
	}
	assert_int_equal(charged, frames - 10);
	/* The ten that were promised before are there. */
	for (int i = 0; i < 10; i++)
		take(frame_alloc_promised(), 0);
	assert_int_equal(nr_free_now(), KEPT);
	for (u64 i = 0; i < KEPT; i++)
		take(frame_alloc(0, ZONE_NORMAL), 0);
	assert_panics((void)frame_alloc_promised(), "without a charge");
	for (u64 i = 0; i < FRAMES; i++)
		if (is_out[i])
			give(i * PAGE_SIZE, 0);
	account_release(frames);
	assert_int_equal(account_available(), frames);
	assert_panics(account_release(1), "assertion");
}

/* Whatever the other CPUs keep in their caches, and wherever it was freed. */
static void promises_hold_on_every_cpu(void **state)
{
	u64 frames;

	(void)state;
	one_bank();
	frames = account_available();
	for (int round = 0; round < 20; round++) {
		u64 promised = 0;

		for (; account_charge(1) == ST_OK; promised++) {
			host_cpu = &cpus[test_below(CONFIG_NR_CPUS)];
			take(frame_alloc_promised(), 0);
		}
		assert_int_equal(promised, frames);
		for (u64 i = 0; i < FRAMES; i++) {
			host_cpu = &cpus[test_below(CONFIG_NR_CPUS)];
			if (is_out[i] && test_below(8))
				give(i * PAGE_SIZE, 0), promised--;
		}
		/* What was given back is promised still, and one CPU takes it all. */
		host_cpu = &cpus[test_below(CONFIG_NR_CPUS)];
		for (; promised < frames; promised++)
			take(frame_alloc_promised(), 0);
		for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
			assert_true(cpus[i].frames.nr <= cache_limit);
		assert_int_equal(nr_free_now(), KEPT);
		for (u64 i = 0; i < FRAMES; i++)
			if (is_out[i])
				give(i * PAGE_SIZE, 0);
		account_release(frames);
	}
}

static void boot_memory_is_used_once(void **state)
{
	u64 pages = 0;

	(void)state;
	start();
	info.usable[0] = (struct boot_range){ .base = 0x800, .size = 64 * PAGE_SIZE };
	info.usable[1] = (struct boot_range){ .base = 0x60000, .size = 4 * PAGE_SIZE };
	info.nr_usable = 2; /* the second one wholly outside of the window */
	info.archive = 0x5010;
	info.archive_size = 0x20;
	info.kernel_start = 0x8000;
	info.kernel_end = 0x9001;
	info.firmware = 0xc000;
	info.firmware_size = 1;
	info.early_start = 0x3000;
	info.early_end = 0x20800;
	make_model();
	bootmem_init(&info);
	/* The window 0x3 to 0x20, less the archive, two frames of image, the blob. */
	for (; pages < 0x20 - 0x3 - 4; pages++) {
		u8 *page = bootmem_alloc(1);
		u64 frame = ptr_to_phys(page) / PAGE_SIZE;

		assert_true(frame >= 3 && frame < 0x20 && may_use[frame] && !is_out[frame]);
		assert_true(frame != 5 && frame != 8 && frame != 9 && frame != 0xc);
		assert_int_equal(page[0] | page[PAGE_SIZE - 1], 0);
		memset(page, 1, PAGE_SIZE);
		is_out[frame] = true;
	}
	assert_panics(bootmem_alloc(1), "no room");
	bootmem_set_mapped();
	assert_non_null(bootmem_alloc(1));
}

/* What has no place in a set of ranges is left out, counted and said; the rest stays what it is. */
static void ranges_too_many(void **state)
{
	static struct range_set set;
	const paddr_t stride = 4 * PAGE_SIZE;

	(void)state;
	for (u64 i = 0; i < RANGE_SET_MAX + 2; i++)
		range_set_add(&set, i * stride, i * stride + 3 * PAGE_SIZE);
	assert_int_equal(set.nr, RANGE_SET_MAX);
	assert_int_equal(set.nr_lost, 2);
	/* One that falls into two: the second piece is lost. */
	range_set_remove(&set, stride + PAGE_SIZE, stride + 2 * PAGE_SIZE);
	assert_int_equal(set.nr, RANGE_SET_MAX);
	assert_int_equal(set.nr_lost, 3);
	for (u32 i = 0; i < set.nr; i++) {
		bool is_piece = set.range[i].base / stride == 1;

		assert_int_equal(set.range[i].base % stride, 0);
		assert_int_equal(set.range[i].size, is_piece ? PAGE_SIZE : 3 * PAGE_SIZE);
	}
	start();
	info.usable[0] = (struct boot_range){ .base = 0x10000, .size = 0x8000 };
	info.usable[1] = (struct boot_range){ .base = 0x20010, .size = 0x1000 }; /* no whole page */
	info.nr_usable = 2;
	info.nr_ranges_lost = 5;
	host_said[0] = '\0';
	bootmem_init(&info);
	assert_string_equal(host_said, "memory: 5 ranges too many, left unused");
	assert_int_equal(bootmem_free.nr, 1);
	assert_int_equal(bootmem_free.range[0].size, 0x8000);
}

static void no_memory_panics(void **state)
{
	(void)state;
	start();
	assert_panics(bootmem_init(&info), "no usable memory");
	start();
	info.usable[0] = (struct boot_range){ .base = 0x1000, .size = 0x4000 };
	info.reserved[0] = (struct boot_range){ .base = 0, .size = UINT64_MAX };
	info.nr_usable = info.nr_reserved = 1;
	assert_panics(bootmem_init(&info), "no usable memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_firmware),
		cmocka_unit_test(blocks_of_all_orders),
		cmocka_unit_test(mistakes_panic),
		cmocka_unit_test(every_range_becomes_a_bank),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test(promises_hold_on_every_cpu),
		cmocka_unit_test(charges_are_promises), /* leaves the account's lock taken */
		cmocka_unit_test(boot_memory_is_used_once),
		cmocka_unit_test(ranges_too_many),
		cmocka_unit_test(no_memory_panics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
