/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked ring: the head is a node like the others.  An unlinked node
 * points to itself, so list_is_linked() and a second list_remove() are safe.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <lib/util.h>

struct list {
	struct list *next, *prev;
};

/** list_init() - an empty list, or a node that is on none. */
static inline void list_init(struct list *list)
{
	list->next = list->prev = list;
}

/** list_is_empty() / list_is_linked() - of a head; of a node that was initialised. */
static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline bool list_is_linked(const struct list *node)
{
	return node->next != node;
}

/** list_append() - put @node at the end of the list headed by @head. */
static inline void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/** list_prepend() - put @node at the front. */
static inline void list_prepend(struct list *head, struct list *node)
{
	list_append(head->next, node);
}

/** list_remove() - take @node off its list; it then is on none. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/** list_unlink() - take @node off its list; what its own links say is of no use any more. */
static inline void list_unlink(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
}

/** list_first() - first node, NULL if the list is empty. */
static inline struct list *list_first(const struct list *head)
{
	return list_is_empty(head) ? NULL : head->next;
}

#define list_entry(node, type, member) container_of(node, type, member)

/* The body may not remove the node it is given; see list_for_each_safe. */
#define list_for_each(node, head) \
	for (struct list *node = (head)->next; node != (head); node = node->next)

#define list_for_each_safe(node, head)                                                   \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
	     node = node##_next, node##_next = node->next)

#endif
