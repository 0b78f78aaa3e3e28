// SPDX-License-Identifier: MIT
/*
 * lib/rbtree.c against a sorted array, and proof that rb_check() can fail.
 */
#include "test.h"
#include <lib/rbtree.h>

#define NODES 200

static struct rb_node nodes[NODES];
static struct rbtree tree;

/* The model: ascending by rank, arrivals of equal rank in order. */
static struct rb_node *sorted[NODES];
static int count;

static void start(void)
{
	rb_init(&tree);
	count = 0;
	for (int i = 0; i < NODES; i++)
		rb_node_init(&nodes[i]);
}

static void insert(struct rb_node *node, u64 rank)
{
	int at = 0;

	while (at < count && sorted[at]->rank <= rank)
		at++;
	memmove(sorted + at + 1, sorted + at, (size_t)(count - at) * sizeof(*sorted));
	sorted[at] = node;
	count++;
	rb_insert(&tree, node, rank);
	assert_true(rb_is_linked(node));
	assert_true(node->rank == rank);
}

static void take_out(struct rb_node *node)
{
	int at = 0;

	while (sorted[at] != node)
		at++;
	memmove(sorted + at, sorted + at + 1, (size_t)(count - at - 1) * sizeof(*sorted));
	count--;
	rb_remove(&tree, node);
	assert_false(rb_is_linked(node));
}

static void check_order(void)
{
	const struct rb_node *node = rb_first(&tree);

	assert_true(rb_check(&tree));
	for (int i = 0; i < count; i++) {
		assert_ptr_equal(node, sorted[i]);
		assert_ptr_equal(rb_prev(node), i ? sorted[i - 1] : NULL);
		node = rb_next(node);
	}
	assert_null(node);
}

static void check_lookup(u64 rank)
{
	struct rb_node *before = NULL, *after = NULL;

	for (int i = 0; i < count; i++)
		if (sorted[i]->rank <= rank)
			before = sorted[i];
	for (int i = count - 1; i >= 0; i--)
		if (sorted[i]->rank >= rank)
			after = sorted[i];
	assert_ptr_equal(rb_at_or_before(&tree, rank), before);
	assert_ptr_equal(rb_at_or_after(&tree, rank), after);
}

/* @nr_ranks small makes many equals. */
static void run(u64 nr_ranks, int used, int rounds)
{
	start();
	for (int round = 0; round < rounds; round++) {
		struct rb_node *node = &nodes[test_below((u64)used)];

		if (rb_is_linked(node))
			take_out(node);
		else
			insert(node, test_below(nr_ranks));
		check_order();
		check_lookup(test_below(nr_ranks + 1));
	}
	while (count) {
		take_out(sorted[test_below((u64)count)]);
		check_order();
	}
	assert_null(rb_first(&tree));
	assert_null(tree.root);
}

static void random_distinct(void **state)
{
	(void)state;
	run(1UL << 62, NODES, 5000);
}

static void random_equal(void **state)
{
	(void)state;
	run(5, NODES, 5000);
	run(1, 40, 3000);
}

static void random_small(void **state)
{
	(void)state;
	for (int used = 1; used < 12; used++)
		run(20, used, 3000);
}

static void ascending_and_descending(void **state)
{
	(void)state;
	start();
	for (u64 i = 0; i < NODES / 2; i++)
		insert(&nodes[i], 1000 + i);
	check_order();
	for (u64 i = NODES / 2; i < NODES; i++)
		insert(&nodes[i], 1000 - i);
	check_order();
	while (count) {
		take_out(rb_first(&tree));
		check_order();
	}
}

static void extreme_ranks(void **state)
{
	(void)state;
	start();
	insert(&nodes[0], UINT64_MAX);
	insert(&nodes[1], 0);
	check_order();
	check_lookup(0);
	check_lookup(1);
	check_lookup(UINT64_MAX);
}

/* Every field that rb_check() claims to watch, damaged in a tree of ten. */
static void check_finds_damage(void **state)
{
	(void)state;
	start();
	assert_true(rb_check(&tree));
	for (u64 i = 0; i < 10; i++)
		insert(&nodes[i], i);
	for (int i = 0; i < 10; i++) {
		struct rb_node *node = &nodes[i], saved = *node;

		node->is_red = !node->is_red;
		assert_false(rb_check(&tree));
		*node = saved;
		node->rank = i == 9 ? 0 : 100;
		assert_false(rb_check(&tree));
		*node = saved;
		node->parent = &nodes[(i + 1) % 10] == node->parent ? node : &nodes[(i + 1) % 10];
		assert_false(rb_check(&tree));
		*node = saved;
		node->left = node; /* a cycle */
		assert_false(rb_check(&tree));
		*node = saved;
		assert_true(rb_check(&tree));
	}
	tree.first = &nodes[1];
	assert_false(rb_check(&tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_distinct),
		cmocka_unit_test(random_equal),
		cmocka_unit_test(random_small),
		cmocka_unit_test(ascending_and_descending),
		cmocka_unit_test(extreme_ranks),
		cmocka_unit_test(check_finds_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
