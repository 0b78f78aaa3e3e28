// SPDX-License-Identifier: MIT
/*
 * Address spaces, memory objects and the shootdown, on four simulated CPUs
 * that remember translations as long as nothing tells them to forget.
 *
 * The CPUs take turns at random; interrupts arrive late.  The model knows what
 * each page of a window means.  What a CPU reaches through its TLB must be
 * what the model says, or be covered by a shootdown that is not done yet; and
 * no frame may be given back while some CPU could still reach it.
 */
#include "kernel.h"
#include <kernel/cpu.h>
#include <kernel/kwait.h>
#include <kernel/random.h>
#include <kernel/sched.h>
#include <kernel/slot.h>
#include <kernel/thread.h>
#include <kernel/vspace.h>
#include "../../mm/internal.h"

#define NR_CPUS 4
#define NR_SPACES 2
#define NR_MEMORIES 3
#define MEMORY_PAGES 600 /* more than one frame list */
#define PAGES 128        /* of the window */
#define WINDOW (0x40000000UL - 64 * PAGE_SIZE)
#define NR_SLOTS 4096
#define MAX_ASIDS 8

struct cpu cpus[CONFIG_NR_CPUS];
u32 nr_cpus_online = NR_CPUS;
struct cap_space kernel_space;

struct cpu *host_cpu = &cpus[0];
static struct vspace spaces[NR_SPACES];
static struct memory memories[NR_MEMORIES];
static struct thread sleeper;
static int nr_blocked, nr_woken;
static u32 asid_count;

/* ---- the machine ---- */

static u64 registers[NR_CPUS]; /* what arch_load_space() loaded */
static pte_t tlb[NR_CPUS][MAX_ASIDS][PAGES];

u32 arch_asid_count(void)
{
	return asid_count;
}

u64 arch_space_word(paddr_t root, u32 asid)
{
	assert_true(root && asid < MAX_ASIDS);
	return root | asid;
}

void arch_load_space(u64 word)
{
	registers[host_cpu->index] = word;
	if (!asid_count)
		memset(tlb[host_cpu->index], 0, sizeof(tlb[0]));
}

void arch_load_kernel_space(void)
{
	registers[host_cpu->index] = 0;
	if (!asid_count)
		memset(tlb[host_cpu->index], 0, sizeof(tlb[0]));
}

void arch_flush_user_all(void)
{
	memset(tlb[host_cpu->index], 0, sizeof(tlb[0]));
}

void arch_flush_user_page(uaddr_t address, u32 asid)
{
	assert_int_equal(asid, registers[host_cpu->index] & (PAGE_SIZE - 1));
	tlb[host_cpu->index][asid][(address - WINDOW) / PAGE_SIZE] = 0;
}

void arch_clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void arch_root_init(paddr_t root)
{
	assert_true(root);
}

void arch_clean_icache(const void *start, size_t size)
{
	(void)start;
	(void)size;
}

void arch_sync_icache(void)
{
}

void kmap_close(void)
{
}

static bool is_unlucky; /* the same number every time */

u64 kernel_random(void)
{
	return is_unlucky ? 5 : test_random();
}

/* ---- the rest of the kernel ---- */

void cpu_kick(struct cpu *cpu, u32 reasons)
{
	cpu->kick |= reasons;
}

void sched_block(struct thread *thread, ktime_t deadline)
{
	assert_ptr_equal(thread, &sleeper);
	assert_true(deadline == TIME_NEVER);
	nr_blocked++;
}

void sched_wake(struct thread *thread)
{
	assert_ptr_equal(thread, &sleeper);
	nr_woken++;
}

/* Slots of which the badge names the region; a memory's tree is the set of its slots. */
static struct slot slots[NR_SLOTS] __aligned(sizeof(struct slot) * CAP_LEAF_SLOTS);
static struct slot *leaves[NR_SLOTS / CAP_LEAF_SLOTS];
struct slot **cap_leaves[LEAF_PAGES] = { leaves };
static struct object *slot_tree[NR_SLOTS];
static bool is_reserved[NR_SLOTS];
static u32 nr_reserved;
static u32 slots_left;

struct slot *cap_reserve(struct cap_space *space)
{
	u32 number = 1 + (u32)test_below(NR_SLOTS - 1);

	assert_ptr_equal(space, &kernel_space);
	assert_int_equal(locks_held, 0);
	if (!slots_left)
		return NULL;
	while (is_reserved[number] || number % CAP_LEAF_SLOTS == 0)
		number = number % (NR_SLOTS - 1) + 1;
	is_reserved[number] = true;
	nr_reserved++;
	slots_left--;
	return &slots[number];
}

static void leaves_init(void)
{
	for (u32 i = 0; i < NR_SLOTS / CAP_LEAF_SLOTS; i++) {
		leaves[i] = &slots[i * CAP_LEAF_SLOTS];
		leaf_of(leaves[i])->number = i;
	}
}

void cap_unreserve(struct slot *slot)
{
	assert_true(is_reserved[slot_number(slot)] && !slot_tree[slot_number(slot)]);
	is_reserved[slot_number(slot)] = false;
	nr_reserved--;
	slots_left++;
}

static void tree_add(struct object *object, struct slot *slot, u64 badge)
{
	assert_true(is_reserved[slot_number(slot)]);
	assert_null(slot_tree[slot_number(slot)]);
	slot_tree[slot_number(slot)] = object;
	slot->badge = badge;
}

void tree_add_child(struct object *object, struct slot *parent, struct slot *slot, u8 type,
		    u32 rights, u64 badge)
{
	(void)parent;
	(void)rights;
	assert_int_equal(type, TYPE_MAPPING);
	tree_add(object, slot, badge);
}

void tree_add_sibling(struct object *object, struct slot *node, struct slot *slot, u64 badge)
{
	assert_ptr_equal(slot_tree[slot_number(node)], object);
	tree_add(object, slot, badge);
}

bool tree_delete(struct object *object, struct slot *slot)
{
	assert_ptr_equal(slot_tree[slot_number(slot)], object);
	slot_tree[slot_number(slot)] = NULL;
	cap_unreserve(slot);
	return false;
}

static long tree_refusal;

long tree_check_add(const struct cap *cap)
{
	(void)cap;
	return tree_refusal;
}

void object_unreachable(struct object *object, u32 generation)
{
	(void)object;
	(void)generation;
	fail_msg("the capabilities of this test live on");
}

static struct object *next_object;

struct object *object_alloc(u8 type)
{
	assert_int_equal(type, TYPE_MEMORY);
	return next_object;
}

/* ---- the model ---- */

struct page {
	int memory; /* -1: not mapped */
	u64 index;
	u32 flags;
	u64 generation; /* the shootdown that makes the last narrowing known */
};

static struct page model[NR_SPACES][PAGES];

static struct space_ref ref(int number)
{
	return (struct space_ref){ &spaces[number], NULL };
}

static struct cap cap_for(int memory, u32 rights)
{
	return (struct cap){ .object = &memories[memory].object, .token = (u64)rights << 32 };
}

static void memory_fill(int memory, u64 pages)
{
	memset(&memories[memory], 0, sizeof(memories[memory]));
	spin_init(&memories[memory].object.tree_lock, LOCK_TREE);
	next_object = &memories[memory].object;
	assert_ptr_equal(memory_create(pages), &memories[memory]);
}

static void start(u32 asids)
{
	static bool is_booted;
	static struct boot_info info;

	if (!is_booted) {
		info.early_end = HOST_MEMORY_SIZE;
		info.usable[0] = (struct boot_range){ .base = 0, .size = HOST_MEMORY_SIZE };
		info.nr_usable = 1;
		bootmem_init(&info);
		frame_init(&info);
		is_booted = true;
	}
	asid_count = asids;
	memset(tlb, 0, sizeof(tlb));
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++) {
		struct frame_cache frames = cpus[i].frames; /* the allocator outlives the case */

		memset(&cpus[i], 0, sizeof(cpus[i]));
		cpus[i].frames = frames;
	}
	memset(spaces, 0, sizeof(spaces));
	memset(&sleeper, 0, sizeof(sleeper));
	list_init(&sleeper.wait_link);
	nr_blocked = nr_woken = 0;
	slots_left = NR_SLOTS / 2;
	for (u32 i = 0; i < NR_CPUS; i++)
		cpus[i].index = i;
	host_cpu = &cpus[0];
	for (int i = 0; i < NR_SPACES; i++) {
		list_init(&spaces[i].limbo); /* as object_alloc() does */
		assert_int_equal(vspace_init(&spaces[i]), ST_OK);
		for (int page = 0; page < PAGES; page++)
			model[i][page] = (struct page){ .memory = -1 };
	}
	for (int i = 0; i < NR_MEMORIES; i++)
		memory_fill(i, MEMORY_PAGES);
}

static void deliver(struct cpu *cpu)
{
	struct cpu *before = host_cpu;
	u32 kick = cpu->kick;

	host_cpu = cpu;
	cpu->kick = 0;
	if (kick & CPU_KICK_FLUSH)
		flush_answer();
	if (kick & CPU_KICK_FETCH)
		fetch_answer();
	host_cpu = before;
}

static void deliver_all(void)
{
	for (int i = 0; i < NR_CPUS; i++)
		deliver(&cpus[i]);
}

/* A user access: TLB, then tables, then fault, as hardware and kernel do. */
static pte_t touch(struct vspace *space, u64 page, u32 access)
{
	u32 asid = registers[host_cpu->index] & (PAGE_SIZE - 1);
	pte_t *cached = &tlb[host_cpu->index][asid][page];
	uaddr_t address = WINDOW + page * PAGE_SIZE;

	for (int tries = 0; tries < 4; tries++) {
		pte_t *entry;

		if (pte_is_present(*cached) && !(access & ~pte_flags(*cached, 0)))
			return *cached;
		entry = pgtable_entry(space->root, address, 0);
		if (!pte_is_present(*cached) && entry && pte_is_present(*entry))
			*cached = *entry;
		else if (vspace_fault(space, address, access) != ST_OK)
			return 0;
	}
	fail_msg("the access faults for ever");
	return 0;
}

static void check_access(void)
{
	struct vspace *space = host_cpu->loaded;
	u64 number = test_below(PAGES);
	u32 access = test_below(2) ? MAP_READ : MAP_READ | MAP_WRITE;
	struct page *page;
	pte_t got;

	if (!space)
		return;
	page = &model[space - spaces][number];
	got = touch(space, number, access);
	if (got && page->memory >= 0 && !(access & ~page->flags) &&
	    pte_paddr(got) == memory_frame_present(&memories[page->memory], page->index))
		return;
	if (!got && (page->memory < 0 || (access & ~page->flags)))
		return;
	if (!got)
		fail_msg("page %lu of a mapping cannot be reached", number);
	/* It reached what it should not: only until the shootdown is done. */
	assert_false(flush_is_done(space, page->generation));
}

static void check_load(void)
{
	struct vspace *space = test_below(3) ? &spaces[test_below(NR_SPACES)] : NULL;

	vspace_load(space);
	assert_ptr_equal(host_cpu->loaded, space);
	assert_true(!space == !registers[host_cpu->index]);
	if (space)
		assert_true((registers[host_cpu->index] & ~(PAGE_SIZE - 1)) == space->root);
}

static void check_map(void)
{
	int number = (int)test_below(NR_SPACES), memory = (int)test_below(NR_MEMORIES);
	u64 first = test_below(PAGES), pages = 1 + test_below(PAGES - first);
	u64 offset = test_below(MEMORY_PAGES - pages);
	struct cap cap = cap_for(memory, RIGHT_READ | RIGHT_WRITE);
	struct map_request request = {
		.address = WINDOW + first * PAGE_SIZE,
		.size = pages * PAGE_SIZE,
		.offset = offset * PAGE_SIZE,
		.flags = test_below(2) ? MAP_READ : MAP_READ | MAP_WRITE,
	};
	long wanted = ST_OK;

	for (u64 i = first; i < first + pages; i++)
		if (model[number][i].memory >= 0)
			wanted = ST_EXISTS;
	/* Some CPU may still remember what was there. */
	if (!flush_is_done(&spaces[number], spaces[number].flush.requested))
		wanted = SYSCALL_RESTART;
	assert_int_equal(vspace_map(ref(number), &cap, &request), wanted);
	for (u64 i = 0; wanted == ST_OK && i < pages; i++) {
		struct page *page = &model[number][first + i];

		page->memory = memory;
		page->index = offset + i;
		page->flags = request.flags;
		page->generation = spaces[number].flush.requested;
	}
}

static void check_unmap(void)
{
	int number = (int)test_below(NR_SPACES);
	u64 first = test_below(PAGES), pages = 1 + test_below(PAGES - first);
	u64 total = 0, done;

	while (total < pages * PAGE_SIZE) {
		assert_int_equal(vspace_unmap_step(ref(number),
						   WINDOW + first * PAGE_SIZE + total,
						   pages * PAGE_SIZE - total, &done), ST_OK);
		assert_true(done && IS_ALIGNED(done, PAGE_SIZE));
		total += done;
		assert_true(total <= pages * PAGE_SIZE);
	}
	for (u64 i = first; i < first + pages; i++) {
		model[number][i].memory = -1;
		model[number][i].generation = spaces[number].flush.requested;
	}
}

static void check_protect(void)
{
	int number = (int)test_below(NR_SPACES);
	u64 first = test_below(PAGES), pages = 1 + test_below(PAGES - first);
	u32 flags = test_below(2) ? MAP_READ : MAP_READ | MAP_WRITE;
	u64 total = 0, done;
	long status = ST_OK;

	while (total < pages * PAGE_SIZE && status == ST_OK) {
		u64 at = first + total / PAGE_SIZE;

		status = vspace_protect_step(ref(number), WINDOW + at * PAGE_SIZE,
					     pages * PAGE_SIZE - total, flags, &done);
		assert_int_equal(status,
				 model[number][at].memory < 0 ? ST_NOTFOUND : ST_OK);
		total += done;
		for (u64 i = at; i < at + done / PAGE_SIZE; i++) {
			assert_true(model[number][i].memory >= 0);
			model[number][i].flags = flags;
			model[number][i].generation = spaces[number].flush.requested;
		}
	}
}

/* Unmap it everywhere, as a sweep of its tree does. */
static void memory_sweep(int memory)
{
	struct object *object = &memories[memory].object;

	for (u32 i = 1; i < NR_SLOTS; i++) {
		enum sweep result = SWEEP_MORE;

		while (slot_tree[i] == object && result != SWEEP_DONE) {
			spin_lock(&object->tree_lock);
			result = region_shrink((struct region *)slots[i].badge);
			if (result == SWEEP_DONE)
				tree_delete(object, &slots[i]);
			spin_unlock(&object->tree_lock);
			if (result == SWEEP_FLUSH)
				deliver(&cpus[test_below(NR_CPUS)]);
		}
	}
	for (int i = 0; i < NR_SPACES; i++) {
		for (int page = 0; page < PAGES; page++) {
			if (model[i][page].memory != memory)
				continue;
			model[i][page].memory = -1;
			model[i][page].generation = spaces[i].flush.requested;
		}
	}
}

/* What the CPU has under the ASID that it would use for one of the spaces. */
static bool is_reachable(const struct memory *memory, int cpu)
{
	for (int i = 0; i < NR_SPACES; i++) {
		const struct space_word *word = &spaces[i].word[cpu];
		bool is_loaded = cpus[cpu].loaded == &spaces[i];

		/* Without ASIDs what is not loaded has been forgotten. */
		if (!is_loaded && (!asid_count || !word->value ||
				   word->generation != cpus[cpu].asid_generation))
			continue;
		for (int page = 0; page < PAGES; page++) {
			pte_t pte = tlb[cpu][word->asid][page];

			for (u64 n = 0; pte && n < memory->nr_pages; n++)
				if (memory_frame_present((struct memory *)memory, n) ==
				    pte_paddr(pte))
					return true;
		}
	}
	return false;
}

static void check_destroy(void)
{
	int memory = (int)test_below(NR_MEMORIES);
	u64 before;

	memory_sweep(memory);
	for (int cpu = 0; cpu < NR_CPUS; cpu++)
		assert_false(is_reachable(&memories[memory], cpu));
	assert_int_equal(memories[memory].nr_writable, 0);
	before = account_available();
	while (!memory_teardown_step(&memories[memory]))
		;
	assert_int_equal(account_available(), before + MEMORY_PAGES + 3);
	memory_fill(memory, MEMORY_PAGES);
}

/* What the reaper does last; a second time it does nothing. */
static void memory_end(struct memory *memory)
{
	while (!memory_teardown_step(memory))
		;
	memory->frames = memory->nr_charged = 0;
}

static void finish(void)
{
	struct vspace *wait;

	for (int i = 0; i < NR_SPACES; i++) {
		while (!vspace_teardown_step(&spaces[i], &wait))
			deliver(&cpus[test_below(NR_CPUS)]);
		for (int cpu = 0; cpu < NR_CPUS; cpu++)
			assert_ptr_not_equal(cpus[cpu].loaded, &spaces[i]);
	}
	for (int i = 0; i < NR_MEMORIES; i++) {
		assert_int_equal(memories[i].nr_writable, 0);
		memory_end(&memories[i]);
	}
	assert_int_equal(nr_reserved, 0);
	assert_int_equal(locks_held, 0);
}

/* After finish(): what is promised to nobody is also there, and what caches may hold. */
static u64 idle_frames(void)
{
	static u64 kept = ~0UL;
	struct frame_stats stats;

	frame_get_stats(&stats);
	if (kept == ~0UL)
		kept = stats.free - account_available();
	assert_int_equal(stats.free, account_available() + kept);
	return stats.free;
}

static void random_run(u32 asids)
{
	static void (*const steps[])(void) = {
		check_access, check_access, check_access, check_access, check_access,
		check_access, check_load, check_load, check_map, check_map, check_unmap,
		check_protect, deliver_all,
	};
	u64 free_frames = 0;

	for (int run = 0; run < 3; run++) {
		start(asids);
		for (int step = 0; step < 20000; step++) {
			host_cpu = &cpus[test_below(NR_CPUS)];
			if (test_below(200) == 0)
				check_destroy();
			else if (test_below(3) == 0)
				deliver(host_cpu);
			else
				steps[test_below(ARRAY_SIZE(steps))]();
			assert_int_equal(locks_held, 0);
		}
		finish();
		/* The first run makes the region slab grow; it keeps its frames, up to its peak. */
		if (run)
			assert_true(idle_frames() + 4 >= free_frames);
		free_frames = idle_frames();
	}
}

static void random_with_asids(void **state)
{
	(void)state;
	random_run(5);
}

static void random_without_asids(void **state)
{
	(void)state;
	random_run(0);
}

/* ---- single rules ---- */

static long map(u32 rights, u64 address, u64 pages, u64 offset, u32 flags)
{
	struct cap cap = cap_for(0, rights);
	struct map_request request = {
		.address = address, .size = pages * PAGE_SIZE, .offset = offset, .flags = flags,
	};

	return vspace_map(ref(0), &cap, &request);
}

/* The space was found by a capability that has died since: nothing is done. */
static void dead_capability(void)
{
	struct slot emptied = { 0 };
	struct cap dead = { .slot = &emptied, .token = 1 }, cap = cap_for(0, RIGHT_READ);
	struct space_ref stale = { &spaces[0], &dead };
	struct map_request request = { .size = PAGE_SIZE, .flags = MAP_READ };
	u64 pages = spaces[0].nr_pages_mapped, done = 1;

	assert_int_equal(vspace_map(stale, &cap, &request), ST_BADHANDLE);
	tree_refusal = ST_DEPTH;
	assert_int_equal(vspace_map(ref(0), &cap, &request), ST_DEPTH);
	tree_refusal = ST_OK;
	assert_int_equal(vspace_unmap_step(stale, USER_MAP_START, PAGE_SIZE, &done), ST_BADHANDLE);
	assert_int_equal(done, 0);
	assert_int_equal(vspace_protect_step(stale, USER_MAP_START, PAGE_SIZE, MAP_READ, &done),
			 ST_BADHANDLE);
	assert_int_equal(done, 0);
	assert_int_equal(spaces[0].nr_pages_mapped, pages);
}

/* A split needs memory; whole mappings, and what one begins with when it goes, need none. */
static void only_pieces_need_memory(void)
{
	u64 done;

	assert_int_equal(map(RIGHT_READ, WINDOW, 4, 0, MAP_READ), ST_OK);
	slots_left = 0;
	assert_int_equal(vspace_protect_step(ref(0), WINDOW, 4 * PAGE_SIZE, MAP_READ, &done),
			 ST_OK);
	assert_int_equal(vspace_protect_step(ref(0), WINDOW, PAGE_SIZE, MAP_READ, &done),
			 ST_NOMEM);
	assert_int_equal(vspace_protect_step(ref(0), WINDOW + PAGE_SIZE, 3 * PAGE_SIZE, MAP_READ,
					     &done), ST_NOMEM);
	assert_int_equal(vspace_unmap_step(ref(0), WINDOW + PAGE_SIZE, PAGE_SIZE, &done),
			 ST_NOMEM);
	assert_int_equal(done, 0);
	assert_int_equal(vspace_unmap_step(ref(0), WINDOW, PAGE_SIZE, &done), ST_OK);
	assert_int_equal(vspace_unmap_step(ref(0), WINDOW, 4 * PAGE_SIZE, &done), ST_OK);
	slots_left = 8;
}

static void refusals(void **state)
{
	const u32 all = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE;
	u64 before, done;

	(void)state;
	start(5);
	before = account_available();
	assert_int_equal(map(RIGHT_READ, WINDOW, 1, 0, MAP_READ | MAP_WRITE), ST_NORIGHTS);
	assert_int_equal(map(RIGHT_READ, WINDOW, 1, 0, MAP_READ | MAP_EXECUTE), ST_NORIGHTS);
	assert_int_equal(map(all, WINDOW, 1, 0, MAP_READ | MAP_WRITE | MAP_EXECUTE), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 1, 0, MAP_WRITE), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 1, 0, 0), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 1, 0, MAP_READ | MAP_USER), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 0, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, WINDOW + 1, 1, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 1, 1, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 1, MEMORY_PAGES * PAGE_SIZE, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 2, -PAGE_SIZE, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, WINDOW, MEMORY_PAGES + 1, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, USER_MAP_START - PAGE_SIZE, 1, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, MESSAGE_WINDOW, 1, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, USER_MAP_END - PAGE_SIZE, 2, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, -PAGE_SIZE, 1, 0, MAP_READ), ST_INVALID);
	assert_int_equal(map(all, WINDOW, 1, 0, MAP_READ | MAP_EXECUTE), ST_SEALED);
	slots_left = 0;
	assert_int_equal(map(all, WINDOW, 1, 0, MAP_READ), ST_NOMEM);
	slots_left = 8;
	/* Who calls has refused these. */
	assert_panics(vspace_unmap_step(ref(0), 0, PAGE_SIZE, &done), "range_is_valid");
	assert_panics(vspace_unmap_step(ref(0), WINDOW, 0, &done), "range_is_valid");
	assert_panics(vspace_protect_step(ref(0), WINDOW, PAGE_SIZE, MAP_WRITE, &done),
		      "vspace_allows");
	for (u32 flags = 0; flags < 16; flags++) {
		bool is_right = flags == MAP_READ || flags == (MAP_READ | MAP_WRITE) ||
				flags == (MAP_READ | MAP_EXECUTE);

		assert_int_equal(vspace_allows(flags), is_right);
	}
	assert_false(vspace_allows(1UL << 32 | MAP_READ));
	assert_int_equal(vspace_fault(&spaces[0], WINDOW, MAP_READ), ST_NOTFOUND);
	assert_true(account_available() + 1 >= before); /* the slab of regions, at most */

	assert_int_equal(map(all, USER_MAP_START, 1, 0, MAP_READ), ST_OK);
	assert_int_equal(map(all, USER_MAP_END - PAGE_SIZE, 1, 0, MAP_READ), ST_OK);
	assert_int_equal(map(all, USER_MAP_START, 2, 0, MAP_READ), ST_EXISTS);
	only_pieces_need_memory();
	dead_capability();
	finish();
}

/* Nothing is executable before the last CPU has synchronised its fetch. */
static void synchronised_by_all(void)
{
	for (u32 i = 1; i < nr_cpus_online; i++) {
		assert_int_equal(memory_seal(&memories[0], NULL), SYSCALL_RESTART);
		assert_int_equal(map(RIGHT_READ | RIGHT_EXECUTE, WINDOW + 8 * PAGE_SIZE, 1, 0,
				     MAP_READ | MAP_EXECUTE), ST_SEALED);
		assert_true(i > 1 || fetch_wait(memories[0].seal_generation, &sleeper));
		assert_int_equal(nr_woken, 1);
		assert_true(cpus[i].kick & CPU_KICK_FETCH);
		deliver(&cpus[i]);
	}
	assert_int_equal(nr_woken, 2);
}

/* A writer counts until the last CPU has forgotten it; sealed memory never gets one. */
static void sealing(void **state)
{
	const u32 all = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE;
	u64 done;
	long status;

	(void)state;
	start(5);
	assert_int_equal(map(all, WINDOW, 4, 0, MAP_READ | MAP_WRITE), ST_OK);
	host_cpu = &cpus[1];
	vspace_load(&spaces[0]);
	assert_true(touch(&spaces[0], 2, MAP_READ | MAP_WRITE));
	host_cpu = &cpus[0];
	assert_int_equal(memory_seal(&memories[0], NULL), ST_BUSY);
	assert_int_equal(vspace_protect_step(ref(0), WINDOW, 4 * PAGE_SIZE, MAP_READ, &done),
			 ST_OK);
	assert_int_equal(memory_seal(&memories[0], NULL), ST_BUSY);

	assert_true(flush_wait(&spaces[0], &sleeper));
	assert_int_equal(nr_blocked, 1);
	assert_int_equal(nr_woken, 0);
	deliver(&cpus[1]);
	assert_int_equal(nr_woken, 1);
	assert_false(kwait_cancel(&sleeper));
	assert_false(flush_wait(&spaces[0], &sleeper));

	while ((status = memory_seal(&memories[0], NULL)) == SYSCALL_RESTART &&
	       !memories[0].seal_generation)
		assert_int_equal(map(all, WINDOW + 8 * PAGE_SIZE, 1, 0, MAP_READ | MAP_WRITE),
				 ST_SEALED);
	synchronised_by_all();
	assert_int_equal(memory_seal(&memories[0], NULL), ST_OK);
	assert_int_equal(memories[0].nr_resident, MEMORY_PAGES);
	assert_int_equal(map(all, WINDOW + 8 * PAGE_SIZE, 1, 0, MAP_READ | MAP_WRITE), ST_SEALED);
	assert_int_equal(map(all, WINDOW + 8 * PAGE_SIZE, 1, 0, MAP_READ | MAP_EXECUTE), ST_OK);
	assert_int_equal(vspace_protect_step(ref(0), WINDOW, PAGE_SIZE, MAP_READ | MAP_WRITE,
					     &done), ST_SEALED);
	assert_int_equal(vspace_protect_step(ref(0), WINDOW, PAGE_SIZE,
					     MAP_READ | MAP_EXECUTE, &done), ST_OK);
	finish();
}

/* A thread that waits for a CPU which has left the space when it comes to answer. */
static void leaving(void **state)
{
	u64 done;

	(void)state;
	start(5);
	assert_int_equal(map(RIGHT_READ, WINDOW, 4, 0, MAP_READ), ST_OK);
	host_cpu = &cpus[2];
	vspace_load(&spaces[0]);
	assert_true(touch(&spaces[0], 0, MAP_READ));
	host_cpu = &cpus[0];
	assert_int_equal(vspace_unmap_step(ref(0), WINDOW, 4 * PAGE_SIZE, &done), ST_OK);
	assert_true(flush_wait(&spaces[0], &sleeper));
	assert_int_equal(nr_reserved, 1); /* the node is there until then */
	host_cpu = &cpus[2];
	vspace_load(&spaces[1]);
	assert_int_equal(nr_woken, 0);
	deliver(&cpus[2]);
	assert_int_equal(nr_woken, 1);
	assert_int_equal(nr_reserved, 0);
	assert_false(touch(&spaces[1], 0, MAP_READ));
	finish();
}

/* All frames in memory objects, to the last one, then all back. */
static void exhaustion(void **state)
{
	u64 before, pages, rest;

	(void)state;
	start(5);
	before = account_available();
	for (int i = 1; i < NR_MEMORIES; i++)
		memory_end(&memories[i]);
	pages = account_available() - 1 - DIV_ROUND_UP(account_available() - 1, 513);
	next_object = &memories[1].object;
	memset(&memories[1], 0, sizeof(memories[1]));
	spin_init(&memories[1].object.tree_lock, LOCK_TREE);
	assert_null(memory_create(pages + 3));
	assert_non_null(memory_create(pages - 1));
	assert_true(account_available() < 4);
	rest = account_available();
	assert_int_equal(account_charge(rest), ST_OK);
	assert_int_equal(map(RIGHT_READ, WINDOW, 1, 0, MAP_READ), ST_NOMEM);
	/* Every page it paid for can be had. */
	for (u64 i = 0; i < pages - 1; i++)
		assert_true(memory_frame(&memories[1], i));
	memory_end(&memories[1]);
	account_release(rest);
	finish();
	/* the slab of regions is far smaller than the memories */
	assert_true(idle_frames() >= before);
}

/* Where the kernel chooses: in bounds, never twice the same, and down to the last hole. */
static void placement(void **state)
{
	struct cap cap = cap_for(0, RIGHT_READ);
	uaddr_t last = 0;

	(void)state;
	start(5);
	for (int i = 0; i < 500; i++) {
		struct map_request request = { .size = PAGE_SIZE, .flags = MAP_READ };

		assert_int_equal(vspace_map(ref(0), &cap, &request), ST_OK);
		assert_true(range_within(request.address, request.size, USER_MAP_START,
					 USER_MAP_END));
		assert_true(IS_ALIGNED(request.address, PAGE_SIZE));
		assert_true(request.address != last);
		last = request.address;
	}
	finish();
}

/* Without luck at random: the whole space is searched, a bounded number of regions a step. */
static void search(void **state)
{
	struct cap cap = cap_for(0, RIGHT_READ);
	struct map_request request = { .size = PAGE_SIZE, .flags = MAP_READ };
	const uaddr_t last = USER_MAP_END - PAGE_SIZE;
	unsigned steps = 1;
	long status;

	(void)state;
	start(5);
	slots_left = 1000;
	for (u64 i = 0; i < 200; i++)
		assert_int_equal(map(RIGHT_READ, USER_MAP_START + i * PAGE_SIZE, 1, 0, MAP_READ),
				 ST_OK);
	assert_int_equal(map(RIGHT_READ, last, 1, 0, MAP_READ), ST_OK);
	/* From the last page, past the end, and once more from the start. */
	request.hint = last;
	while ((status = vspace_map(ref(0), &cap, &request)) == SYSCALL_RESTART)
		steps++;
	assert_int_equal(status, ST_OK);
	assert_int_equal(request.address, USER_MAP_START + 200 * PAGE_SIZE);
	assert_true(steps >= 200 / 64 && steps < 10);
	/* From the start already: then there is nothing more to look at. */
	request = (struct map_request){ .size = PAGE_SIZE, .flags = MAP_READ, .hint = last | 1 };
	assert_int_equal(vspace_map(ref(0), &cap, &request), ST_NOMEM);
	/* Every place that is drawn is taken: the search begins by itself. */
	is_unlucky = true;
	for (u64 i = 0; i < 3; i++) {
		request = (struct map_request){ .size = PAGE_SIZE, .flags = MAP_READ };
		for (steps = 0; (status = vspace_map(ref(0), &cap, &request)) == SYSCALL_RESTART;)
			steps++;
		assert_int_equal(status, ST_OK);
		if (i == 2)
			assert_int_equal(request.address, USER_MAP_START + 201 * PAGE_SIZE);
	}
	assert_true(steps >= 200 / 64 && steps < 10);
	is_unlucky = false;
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(search),
		cmocka_unit_test(sealing),
		cmocka_unit_test(leaving),
		cmocka_unit_test(exhaustion),
		cmocka_unit_test(placement),
		cmocka_unit_test(random_with_asids),
		cmocka_unit_test(random_without_asids),
	};

	leaves_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
