// SPDX-License-Identifier: MIT
/*
 * cap/ against a model of what the manual says: a tree of capabilities for each
 * object, spaces with handles.  Random derivations, moves, deletions and
 * revocations; after each, the derivation list must be the model's tree and
 * every handle, living or dead, must be answered as the model says.
 */
#include "cap.h"

#define SPACES 3
#define NODES 300

struct node {
	bool is_alive;
	u32 object, rights;
	u64 badge;
	int parent; /* index, -1: the first capability */
	int space;
	handle_t handle;
	struct slot *slot;
};

static struct node nodes[NODES];
static struct cap_space spaces[SPACES];
static handle_t dead[20000]; /* handle and the space it was in */
static u8 dead_space[20000];
static size_t nr_dead;

static void bury(int i)
{
	nodes[i].is_alive = false;
	if (nr_dead < ARRAY_SIZE(dead)) {
		dead[nr_dead] = nodes[i].handle;
		dead_space[nr_dead++] = (u8)nodes[i].space;
	}
}

static unsigned int depth_of(int i)
{
	unsigned int depth = 0;

	for (; nodes[i].parent >= 0; i = nodes[i].parent)
		depth++;
	return depth;
}

static bool is_below(int i, int root)
{
	for (i = nodes[i].parent; i >= 0; i = nodes[i].parent)
		if (i == root)
			return true;
	return false;
}

static struct cap look_up(int i)
{
	struct cap cap;

	assert_int_equal(cap_lookup(&spaces[nodes[i].space], nodes[i].handle, TYPE_NONE, 0, &cap),
			 ST_OK);
	return cap;
}

/* The list of an object: links mutual, and its nesting is the model's. */
static void check_list(u32 id)
{
	u32 previous = 0, count = 0, expected = 0;
	int path[CAP_MAX_DEPTH + 1];

	for (u32 number = objects[id].tree_first; number; count++) {
		struct slot *slot = slot_by_number(number);
		unsigned int depth = cap_depth(slot->token);
		int i = 0;

		assert_true(count < NODES);
		assert_int_equal(slot->prev, previous);
		assert_int_equal(slot_number(slot), number);
		while (i < NODES && !(nodes[i].is_alive && nodes[i].slot == slot))
			i++;
		assert_true(i < NODES);
		assert_int_equal(nodes[i].object, id);
		assert_int_equal(depth, depth_of(i));
		if (depth)
			assert_int_equal(nodes[i].parent, path[depth - 1]);
		path[depth] = i;
		previous = number;
		number = slot->next;
	}
	for (int i = 0; i < NODES; i++)
		expected += nodes[i].is_alive && nodes[i].object == id;
	assert_int_equal(count, expected);
}

static void check_handles(void)
{
	struct cap cap;

	for (int i = 0; i < NODES; i++) {
		if (!nodes[i].is_alive)
			continue;
		cap = look_up(i);
		assert_ptr_equal(cap.object, &objects[nodes[i].object]);
		assert_int_equal(cap_rights(cap.token), nodes[i].rights);
		assert_int_equal(cap.badge, nodes[i].badge);
		assert_int_equal(cap_type(cap.token), TYPE_ENDPOINT);
	}
	for (int n = 0; nr_dead && n < 50; n++) {
		size_t i = test_below(nr_dead);

		assert_int_equal(cap_lookup(&spaces[dead_space[i]], dead[i], TYPE_NONE, 0, &cap),
				 ST_BADHANDLE);
	}
}

static void check_all(void)
{
	u32 used[SPACES] = { 0 };

	for (u32 id = 1; id <= OBJECTS; id++)
		check_list(id);
	for (int i = 0; i < NODES; i++)
		if (nodes[i].is_alive)
			used[nodes[i].space]++;
	for (int i = 0; i < SPACES; i++) {
		assert_int_equal(spaces[i].nr_used, used[i]);
		assert_int_equal(spaces[i].nr_used + spaces[i].nr_free,
				 spaces[i].nr_leaves * (CAP_LEAF_SLOTS - 1));
	}
	check_handles();
	assert_int_equal(locks_held, 0);
}

static int empty_node(void)
{
	for (int i = 0; i < NODES; i++)
		if (!nodes[i].is_alive)
			return i;
	return -1;
}

/* The first capability of an object that has none. */
static int make_root(u32 id)
{
	int i = empty_node(), space = (int)test_below(SPACES);
	struct slot *slot = cap_reserve(&spaces[space]);

	assert_true(i >= 0 && slot);
	nodes[i] = (struct node){ true, id, RIGHTS_ALL, 0, -1, space, cap_slot_handle(slot), slot };
	assert_int_equal(cap_install(&objects[id], slot, RIGHTS_ALL, 0), nodes[i].handle);
	return i;
}

static void start(void)
{
	static bool is_booted;

	if (!is_booted) {
		next_frame = 1;
		frames_left = HOST_MEMORY_SIZE / PAGE_SIZE;
		cap_init();
		is_booted = true;
	}
	memset(nodes, 0, sizeof(nodes));
	memset(nr_unreachable, 0, sizeof(nr_unreachable));
	nr_dead = 0;
	memset(spaces, 0, sizeof(spaces)); /* as object_alloc() leaves them */
	for (int i = 0; i < SPACES; i++)
		assert_int_equal(cap_space_init(&spaces[i], NULL), ST_OK);
	for (u32 id = 1; id <= OBJECTS; id++) {
		memset(&objects[id], 0, sizeof(objects[id]));
		objects[id] = (struct object){ .type = TYPE_ENDPOINT, .generation = 7 };
		make_root(id);
	}
}

static void derive(int parent, u32 rights, u64 badge)
{
	int i = empty_node(), space = (int)test_below(SPACES);
	struct slot *slot;
	struct cap cap = look_up(parent);

	if (i < 0)
		return;
	slot = cap_reserve(&spaces[space]);
	assert_non_null(slot);
	assert_int_equal(cap_lend(&cap, slot, rights, badge), ST_OK);
	nodes[i] = (struct node){ .is_alive = true,
				  .object = nodes[parent].object,
				  .rights = nodes[parent].rights & rights,
				  .badge = nodes[parent].badge ? nodes[parent].badge : badge,
				  .parent = parent,
				  .space = space,
				  .handle = cap_slot_handle(slot),
				  .slot = slot };
}

static void move(int i)
{
	int space = (int)test_below(SPACES);
	struct slot *slot = cap_reserve(&spaces[space]);
	struct cap cap = look_up(i);

	assert_int_equal(cap_give(&cap, slot), ST_OK);
	bury(i);
	nodes[i].is_alive = true;
	nodes[i].space = space;
	nodes[i].slot = slot;
	nodes[i].handle = cap_slot_handle(slot);
	assert_int_equal(cap_is_current(&cap), false);
}

/* Batches until done, and as many as the size says at most. */
static void revoke(int root, bool and_self)
{
	struct cap cap = look_up(root);
	struct vspace *wait = NULL;
	int below = 0, calls = 0;
	long status;

	for (int i = 0; i < NODES; i++)
		if (nodes[i].is_alive && nodes[i].object == nodes[root].object && is_below(i, root))
			below++;
	do {
		status = tree_delete_below(&cap, and_self, &wait);
		calls++;
	} while (status == SYSCALL_RESTART);
	assert_int_equal(status, ST_OK);
	assert_true(calls <= below / 16 + 2);
	for (int i = 0; i < NODES; i++) {
		if (!nodes[i].is_alive || !is_below(i, root))
			continue;
		dead[MIN(nr_dead, ARRAY_SIZE(dead) - 1)] = nodes[i].handle;
		dead_space[MIN(nr_dead, ARRAY_SIZE(dead) - 1)] = (u8)nodes[i].space;
		nr_dead = MIN(nr_dead + 1, ARRAY_SIZE(dead));
	}
	/* Only after the ways up are no longer needed. */
	{
		bool goes[NODES];

		for (int i = 0; i < NODES; i++)
			goes[i] = nodes[i].is_alive && is_below(i, root);
		for (int i = 0; i < NODES; i++)
			if (goes[i])
				nodes[i].is_alive = false;
	}
	if (!and_self)
		return;
	if (nodes[root].parent < 0)
		assert_int_equal(nr_unreachable[nodes[root].object]--, 1);
	bury(root);
}

static int random_node(void)
{
	int i;

	do
		i = (int)test_below(NODES);
	while (!nodes[i].is_alive);
	return i;
}

static void random_operations(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < 4000; round++) {
		int i = random_node();

		switch (test_below(20)) {
		default:
			derive(i, (u32)test_random() & RIGHTS_ALL, test_below(3));
			break;
		case 0:
		case 1:
		case 2:
			move(i);
			break;
		case 3:
			revoke(i, false);
			break;
		case 4:
			revoke(i, true);
			if (nodes[i].parent < 0)
				make_root(nodes[i].object);
		}
		check_all();
	}
	assert_true(nr_dead > 500);
}

static void refusals_in_order(void **state)
{
	struct cap cap;
	int child = 1;

	(void)state;
	start();
	while (nodes[child].is_alive)
		child++;
	derive(0, RIGHT_SEND, 0);
	assert_true(nodes[child].is_alive);
#define LOOK(handle, type, rights) \
	cap_lookup(&spaces[nodes[child].space], handle, type, rights, &cap)
	assert_int_equal(LOOK(nodes[child].handle, TYPE_ENDPOINT, RIGHT_SEND), ST_OK);
	assert_int_equal(LOOK(nodes[child].handle, TYPE_THREAD, RIGHT_CALL), ST_BADTYPE);
	assert_int_equal(LOOK(nodes[child].handle, TYPE_ENDPOINT, RIGHT_CALL), ST_NORIGHTS);
	assert_int_equal(LOOK(nodes[child].handle, TYPE_ENDPOINT, RIGHT_SEND | RIGHT_CALL),
			 ST_NORIGHTS);
	assert_int_equal(LOOK(HANDLE_NULL, TYPE_NONE, 0), ST_BADHANDLE);
	assert_int_equal(LOOK(UINT32_MAX, TYPE_THREAD, RIGHTS_ALL), ST_BADHANDLE);
	/* Every number of 32 bits but the living handles. */
	for (int round = 0; round < 200000; round++) {
		handle_t handle = (handle_t)test_random();
		bool is_living = false;

		for (int i = 0; i < NODES; i++)
			is_living |= nodes[i].is_alive && nodes[i].space == nodes[child].space &&
				     nodes[i].handle == handle;
		assert_int_equal(LOOK(handle, TYPE_NONE, 0), is_living ? ST_OK : ST_BADHANDLE);
	}
}

/* The object dies: all its capabilities are dead at once, and are swept in batches. */
static void dead_objects(void **state)
{
	struct vspace *wait;
	struct cap cap;
	int steps = 0;

	(void)state;
	start();
	for (int i = 0; i < 100; i++)
		derive(0, RIGHTS_ALL, 0);
	cap = look_up(0);
	objects[nodes[0].object].generation++;
	for (int i = 0; i < NODES; i++) {
		struct cap found;

		if (nodes[i].is_alive && nodes[i].object == nodes[0].object)
			assert_int_equal(cap_lookup(&spaces[nodes[i].space], nodes[i].handle,
						    TYPE_NONE, 0, &found), ST_BADHANDLE);
	}
	assert_int_equal(cap_lend(&cap, nodes[1].slot, 0, 0), ST_BADHANDLE);
	while (tree_sweep(cap.object, 0, &wait) == SWEEP_MORE)
		steps++;
	assert_int_equal(steps, 101 / 16);
	assert_int_equal(cap.object->tree_first, 0);
}

static void depth_is_limited(void **state)
{
	int i = 0;

	(void)state;
	start();
	for (int depth = 0; depth < CAP_MAX_DEPTH; depth++) {
		int child = empty_node();

		derive(i, RIGHTS_ALL, 0);
		i = child;
	}
	{
		struct cap cap = look_up(i);
		struct slot *slot = cap_reserve(&spaces[0]);

		assert_int_equal(cap_lend(&cap, slot, RIGHTS_ALL, 0), ST_DEPTH);
		cap_unreserve(slot);
	}
	check_all();
	revoke(0, true);
	make_root(nodes[0].object);
	check_all();
}

/* A revocation that stopped half-way: whoever derives meanwhile pushes it on. */
static void revocation_goes_on(void **state)
{
	struct vspace *wait;
	struct cap cap;
	struct slot *slot;
	int left = 0;

	(void)state;
	start();
	for (int i = 0; i < 100; i++)
		derive(0, RIGHTS_ALL, 0);
	cap = look_up(0);
	assert_int_equal(tree_delete_below(&cap, false, &wait), SYSCALL_RESTART);
	assert_true(cap.object->revoke_root != 0);
	for (int i = 0; i < 20; i++) {
		slot = cap_reserve(&spaces[0]);
		assert_int_equal(cap_lend(&cap, slot, RIGHTS_ALL, 0), ST_OK);
	}
	/* 16 went with each of the first derivations, the new ones behind them as well. */
	for (u32 n = slot_by_number(cap.object->tree_first)->next; n; n = slot_by_number(n)->next)
		left++;
	assert_true(left <= 20);
	assert_int_equal(cap.object->revoke_root, 0);
}

/* The node that is being revoked moves: the rest of the work moves with it. */
static void moved_revocation(void **state)
{
	struct vspace *wait;
	struct cap cap, moved;
	struct slot *slot, *other;

	(void)state;
	start();
	for (int i = 0; i < 100; i++)
		derive(0, RIGHTS_ALL, 0);
	cap = look_up(0);
	assert_int_equal(tree_delete_below(&cap, false, &wait), SYSCALL_RESTART);
	slot = cap_reserve(&spaces[0]);
	assert_int_equal(cap_give(&cap, slot), ST_OK);
	assert_int_equal(cap.object->revoke_root, slot_number(slot));
	assert_int_equal(cap_of_slot(slot, &moved), ST_OK);
	for (int i = 0; i < 10; i++) {
		other = cap_reserve(&spaces[1]);
		assert_int_equal(cap_lend(&moved, other, RIGHTS_ALL, 0), ST_OK);
	}
	while (tree_delete_below(&moved, false, &wait) == SYSCALL_RESTART)
		;
	assert_false(tree_has_children(slot));
	assert_int_equal(cap.object->tree_first, slot_number(slot));
}

static void mappings_wait_for_the_flush(void **state)
{
	static struct region region;
	struct slot *slot;
	struct vspace *wait = NULL;
	struct cap cap;

	(void)state;
	start();
	cap = look_up(0);
	slot = cap_reserve(&kernel_space);
	region.space = (struct vspace *)(void *)&region;
	spin_lock(&cap.object->tree_lock);
	assert_int_equal(tree_check_add(&cap), ST_OK);
	tree_add_child(cap.object, cap.slot, slot, TYPE_MAPPING, RIGHT_READ, (u64)&region);
	spin_unlock(&cap.object->tree_lock);
	flushes_needed = 2;
	assert_int_equal(tree_delete_below(&cap, false, &wait), ST_BUSY);
	assert_ptr_equal(wait, region.space);
	assert_true(tree_has_children(cap.slot));
	assert_int_equal(tree_delete_below(&cap, false, &wait), ST_BUSY);
	assert_int_equal(tree_delete_below(&cap, false, &wait), SYSCALL_RESTART);
	assert_int_equal(tree_delete_below(&cap, false, &wait), ST_OK);
	assert_false(tree_has_children(cap.slot));
	check_all();
}

/* Held by the kernel: gone when revoked, but its slot is the holder's until he lets go. */
static void held_capabilities(void **state)
{
	u32 number = 0, used;
	const int node = OBJECTS; /* the first after the roots */
	struct cap_space *space;
	struct cap cap, held;
	struct vspace *wait;
	handle_t handle;

	(void)state;
	start();
	derive(0, RIGHT_SIGNAL | RIGHT_DERIVE, 5);
	cap = look_up(node);
	space = &spaces[nodes[node].space];
	handle = nodes[node].handle;
	used = kernel_space.nr_used;

	assert_int_equal(cap_hold(space, handle, TYPE_ENDPOINT, RIGHT_CALL, &number), ST_NORIGHTS);
	assert_int_equal(cap_hold(space, handle, TYPE_PROCESS, RIGHT_SIGNAL, &number), ST_BADTYPE);
	assert_int_equal(kernel_space.nr_used, used);
	assert_int_equal(cap_hold(space, handle, TYPE_ENDPOINT, RIGHT_SIGNAL, &number), ST_OK);
	assert_int_equal(cap_held(number, TYPE_ENDPOINT, &held), ST_OK);
	assert_int_equal(held.badge, 5);
	assert_int_equal(cap_rights(held.token), RIGHT_SIGNAL);
	assert_int_equal(tree_delete_below(&cap, false, &wait), ST_OK);
	assert_int_equal(cap_held(number, TYPE_ENDPOINT, &held), ST_BADHANDLE);
	assert_int_equal(kernel_space.nr_used, used + 1);
	cap_drop(number);
	assert_int_equal(kernel_space.nr_used, used);
	assert_int_equal(cap_hold(space, handle, TYPE_ENDPOINT, RIGHT_SIGNAL, &number), ST_OK);
	cap_drop(number);
	assert_int_equal(cap_hold(space, HANDLE_NULL, TYPE_ENDPOINT, RIGHT_SIGNAL, &number), ST_OK);
	assert_int_equal(number, 0);
	cap_drop(number);
	assert_int_equal(cap_held(number, TYPE_ENDPOINT, &held), ST_BADHANDLE);
	check_all();
}

/* The kernel's own capability may be the last one. */
static void held_last(void **state)
{
	struct cap cap;
	struct vspace *wait;
	struct slot *slot;

	(void)state;
	start();
	cap = look_up(0);
	slot = cap_reserve(&kernel_space);
	assert_int_equal(cap_lend(&cap, slot, RIGHTS_ALL, 0), ST_OK);
	cap_drop(slot_number(slot));
	assert_int_equal(nr_unreachable[1], 0);
	assert_int_equal(tree_delete_below(&cap, true, &wait), ST_OK);
	bury(0);
	memset(nr_unreachable, 0, sizeof(nr_unreachable));
	slot = cap_reserve(&kernel_space);
	cap_install(&objects[1], slot, RIGHTS_ALL, 0);
	cap_drop(slot_number(slot));
	assert_int_equal(nr_unreachable[1], 1);
	check_all();
}

/* More slots than four directory pages name, then all of it taken down in batches. */
static void fill_and_end_space(const struct cap *cap, struct cap_space *space)
{
	u32 count = 2100 * (CAP_LEAF_SLOTS - 1), steps = 0;
	struct vspace *wait;
	enum sweep sweep;

	memset(space, 0, sizeof(*space));
	assert_int_equal(cap_space_init(space, NULL), ST_OK);
	for (u32 i = 0; i < count; i++) {
		struct slot *slot = cap_reserve(space);

		assert_non_null(slot);
		assert_int_equal(cap_lend(cap, slot, RIGHTS_ALL, 1 + i), ST_OK);
	}
	assert_int_equal(space->nr_used, count);
	assert_int_equal(space->leaf_mask, 4095);
	for (u32 i = 0; i <= space->leaf_mask; i++)
		assert_true(!space->directory[i] == (i >= space->nr_leaves));
	cap_space_close(space);
	assert_null(cap_reserve(space));
	while ((sweep = cap_space_step(space, &wait)) == SWEEP_MORE)
		assert_true(++steps <= count);
	assert_int_equal(sweep, SWEEP_DONE);
	assert_true(steps > count / 40);
	assert_true(cap_space_is_empty(space));
	while (!cap_space_free_step(space))
		;
	assert_false(tree_has_children(cap->slot));
}

static void large_space_comes_and_goes(void **state)
{
	struct cap_space space;
	struct cap cap;
	long charged;

	(void)state;
	start();
	cap = look_up(0);
	fill_and_end_space(&cap, &space);
	/* The leaves stay, numbered for ever; the second space finds them and leaves no trace. */
	charged = nr_charged;
	fill_and_end_space(&cap, &space);
	assert_int_equal(nr_charged, charged);
}

/* No call copies the whole directory: the next one is filled leaf by leaf. */
static void directory_grows_in_steps(void **state)
{
	struct cap_space *space = &spaces[0];
	u32 leaves = 0;

	(void)state;
	start();
	while (space->leaf_mask == 511) {
		u32 equal = 0, wanted = space->nr_leaves < 386 ? 0 : 4 * (space->nr_leaves - 385);
		struct slot **next = space->directories[1];

		for (u32 i = 0; i < 512 && next; i++)
			equal += next[i] && next[i] == space->directory[i];
		if (space->nr_leaves != leaves)
			assert_int_equal(equal, wanted);
		leaves = space->nr_leaves;
		assert_non_null(cap_reserve(space));
	}
	assert_int_equal(space->nr_leaves, 513);
	assert_ptr_equal(space->directory, space->directories[1]);
}

/* Somebody reserved a slot before the space was closed, and fills it behind the sweep. */
static void late_filler(void **state)
{
	static struct cap_space fresh;
	struct cap_space *space = &fresh;
	struct vspace *wait;
	struct slot *slot;
	struct cap cap;

	(void)state;
	start();
	assert_int_equal(cap_space_init(space, NULL), ST_OK);
	cap = look_up(0);
	slot = cap_reserve(space);
	cap_space_close(space);
	while (cap_space_step(space, &wait) == SWEEP_MORE)
		;
	assert_false(cap_space_is_empty(space));
	assert_int_equal(cap_lend(&cap, slot, RIGHTS_ALL, 0), ST_OK);
	while (cap_space_step(space, &wait) == SWEEP_MORE)
		;
	assert_true(cap_space_is_empty(space));
	assert_false(tree_has_children(cap.slot));
	while (!cap_space_free_step(space))
		;
}

static void exhausted_memory(void **state)
{
	u64 kept;
	u32 count = 0;

	(void)state;
	start();
	kept = frames_left;
	frames_left = 0;
	assert_int_equal(cap_space_init(&spaces[1], NULL), ST_NOMEM);
	while (cap_reserve(&spaces[0]))
		assert_true(++count < 1000000);
	assert_int_equal(spaces[0].nr_free, 0);
	frames_left = kept;
	assert_non_null(cap_reserve(&spaces[0]));
}

/* There is memory, but no handle could name another slot. */
static void as_many_slots_as_handles(void **state)
{
	struct slot *slot, *last = NULL;
	u32 count;
	struct cap cap, found;

	(void)state;
	start();
	count = spaces[0].nr_used;
	while ((slot = cap_reserve(&spaces[0]))) {
		assert_true(++count < 2000000);
		last = slot;
	}
	assert_int_equal(count, (CAP_LEAF_SLOTS - 1) << HANDLE_LEAF_BITS);
	assert_int_equal(spaces[0].nr_leaves, 1u << HANDLE_LEAF_BITS);
	assert_true(frames_left > 1000);
	cap = look_up(0);
	assert_int_equal(cap_lend(&cap, last, RIGHT_SEND, 0), ST_OK);
	assert_int_equal(cap_lookup(&spaces[0], cap_slot_handle(last), TYPE_ENDPOINT, RIGHT_SEND,
				    &found), ST_OK);
	assert_ptr_equal(found.slot, last);
}

/* Frames are left, but none lie together: the next directory cannot be made, and is afterwards. */
static void fragmented_memory(void **state)
{
	long charged = 0;
	u32 count = 0;

	(void)state;
	start();
	is_fragmented = true;
	while (cap_reserve(&spaces[0])) {
		count++;
		charged = nr_charged;
	}
	assert_int_equal(spaces[0].nr_leaves, (spaces[0].leaf_mask + 1) / 4 * 3 + 1);
	assert_true(count > 380 * (CAP_LEAF_SLOTS - 1));
	assert_int_equal(nr_charged, charged);
	is_fragmented = false;
	assert_non_null(cap_reserve(&spaces[0]));
	assert_true(nr_charged > charged);
}

/* The last frame becomes a leaf, and none is left for the table of the leaves' numbers. */
static void exhausted_numbers(void **state)
{
	u64 kept;
	u32 count = 0, refused = 0;

	(void)state;
	start();
	kept = frames_left;
	while (refused == 0) {
		struct slot *slot;
		long charged;

		/* Where the next directory is made a frame would not do. */
		while (spaces[0].nr_free ||
		       spaces[0].nr_leaves == (spaces[0].leaf_mask + 1) / 4 * 3 + 1)
			assert_non_null(cap_reserve(&spaces[0]));
		charged = nr_charged;
		frames_left = 1;
		slot = cap_reserve(&spaces[0]);
		refused += !slot;
		/* The frame is the cache's now, so the next try needs no other one. */
		assert_in_range(nr_charged - charged, 0, 1);
		assert_true(++count < 100000);
		frames_left = kept;
	}
	frames_left = 1; /* for the table: the leaf lies ready */
	assert_non_null(cap_reserve(&spaces[0]));
	frames_left = kept;
}

/* Items of a frame: aligned, apart from each other, and as many as fit beside the bookkeeping. */
static void every_item_size(void **state)
{
	(void)state;
	start();
	for (u32 size = 16; size <= SLAB_MAX_SIZE; size += 16) {
		struct slab_cache sized = { .name = "sized", .size = size };
		u64 last = 0, first;
		long charged = nr_charged;
		u32 count = 0;

		first = (u64)slab_alloc(&sized);
		for (u64 item = first; nr_charged == charged + 1; item = (u64)slab_alloc(&sized)) {
			assert_true(IS_ALIGNED(item, 16) && item >= last);
			assert_true((item & (PAGE_SIZE - 1)) + size <= PAGE_SIZE);
			memset((void *)item, 0xff, size);
			last = item + size;
			count++;
		}
		assert_true((first & (PAGE_SIZE - 1)) >= 24 + 2 * count);
		assert_true(24 + (2 + size) * (count + 1) > PAGE_SIZE - 16);
	}
}

static void wrong_items_panic(void **state)
{
	static struct slab_cache one = { .name = "one", .size = 64 };
	static struct slab_cache other = { .name = "other", .size = 64 };
	char *item;

	(void)state;
	item = slab_alloc(&one);
	assert_panics(slab_free(&one, item + 16), "which is no item of it");
	spin_init(&one.lock, LOCK_SLAB); /* left taken */
	assert_panics(slab_free(&one, item - ((u64)item & (PAGE_SIZE - 1))), "no item of it");
	spin_init(&one.lock, LOCK_SLAB);
	assert_panics(slab_free(&other, item), "which is no item of it");
	slab_free(&one, item);
	assert_panics(slab_free(&one, item), "double free");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(refusals_in_order),
		cmocka_unit_test(dead_objects),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(revocation_goes_on),
		cmocka_unit_test(moved_revocation),
		cmocka_unit_test(mappings_wait_for_the_flush),
		cmocka_unit_test(held_capabilities),
		cmocka_unit_test(held_last),
		cmocka_unit_test(large_space_comes_and_goes),
		cmocka_unit_test(directory_grows_in_steps),
		cmocka_unit_test(late_filler),
		cmocka_unit_test(exhausted_memory),
		cmocka_unit_test(as_many_slots_as_handles),
		cmocka_unit_test(fragmented_memory),
		cmocka_unit_test(exhausted_numbers),
		cmocka_unit_test(every_item_size),
		cmocka_unit_test(wrong_items_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
