// SPDX-License-Identifier: MIT
/*
 * lib/list.h against an array that holds the same order.
 */
#include "test.h"
#include <lib/list.h>

#define NODES 32

struct item {
	int number;
	struct list link;
};

static struct item items[NODES];
static struct list head;
static int order[NODES], count;

static void start(void)
{
	list_init(&head);
	count = 0;
	for (int i = 0; i < NODES; i++) {
		items[i].number = i;
		list_init(&items[i].link);
	}
}

/* Forwards by the macro, backwards by hand: both directions of every link. */
static void check(void)
{
	int i = 0;

	list_for_each(node, &head)
		assert_int_equal(list_entry(node, struct item, link)->number, order[i++]);
	assert_int_equal(i, count);
	for (struct list *node = head.prev; node != &head; node = node->prev)
		assert_int_equal(list_entry(node, struct item, link)->number, order[--i]);
	assert_int_equal(i, 0);
	assert_int_equal(list_is_empty(&head), !count);
	assert_ptr_equal(list_first(&head), count ? &items[order[0]].link : NULL);
}

static void forget(int number)
{
	int i = 0;

	while (order[i] != number)
		i++;
	memmove(order + i, order + i + 1, (size_t)(count - i - 1) * sizeof(*order));
	count--;
}

static void random_operations(void **state)
{
	(void)state;
	start();
	for (int round = 0; round < 50000; round++) {
		struct item *item = &items[test_below(NODES)];

		if (list_is_linked(&item->link)) {
			list_remove(&item->link);
			forget(item->number);
		} else if (test_below(2)) {
			list_append(&head, &item->link);
			order[count++] = item->number;
		} else {
			list_prepend(&head, &item->link);
			memmove(order + 1, order, (size_t)count * sizeof(*order));
			order[0] = item->number;
			count++;
		}
		check();
	}
}

static void second_removal_is_harmless(void **state)
{
	(void)state;
	start();
	list_append(&head, &items[0].link);
	list_append(&head, &items[1].link);
	list_remove(&items[0].link);
	list_remove(&items[0].link);
	assert_false(list_is_linked(&items[0].link));
	order[0] = 1;
	count = 1;
	check();
}

static void safe_walk_may_remove(void **state)
{
	int seen = 0;

	(void)state;
	start();
	for (int i = 0; i < NODES; i++)
		list_append(&head, &items[i].link);
	list_for_each_safe(node, &head) {
		assert_int_equal(list_entry(node, struct item, link)->number, seen++);
		list_remove(node);
	}
	assert_int_equal(seen, NODES);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(second_removal_is_harmless),
		cmocka_unit_test(safe_walk_may_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
