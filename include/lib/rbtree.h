/* SPDX-License-Identifier: MIT */
/*
 * The one intrusive balanced tree: red-black, ordered by (rank, arrival).
 * Equal ranks keep the order in which they came.  It serves queued senders,
 * timers and regions.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include <lib/util.h>

struct rb_node {
	struct rb_node *parent, *left, *right; /* parent == self: on no tree */
	u64 rank;
	bool is_red;
};

struct rbtree {
	struct rb_node *root;
	struct rb_node *first; /* leftmost, so that the earliest is found at once */
};

/** rb_init() - an empty tree. */
void rb_init(struct rbtree *tree);

/** rb_node_init() - a node that is on no tree. */
void rb_node_init(struct rb_node *node);

/** rb_is_linked() - the node is on a tree. */
static inline bool rb_is_linked(const struct rb_node *node)
{
	return node->parent != node;
}

/** rb_insert() - put an unlinked node in at @rank, after all of the same rank. */
void rb_insert(struct rbtree *tree, struct rb_node *node, u64 rank);

/** rb_remove() - take @node off the tree; it then is unlinked. */
void rb_remove(struct rbtree *tree, struct rb_node *node);

/** rb_first() - the node of lowest rank that came first, or NULL. */
static inline struct rb_node *rb_first(const struct rbtree *tree)
{
	return tree->first;
}

/** rb_next() / rb_prev() - in-order neighbours, or NULL. */
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/** rb_at_or_before() - the last node with rank <= @rank, or NULL. */
struct rb_node *rb_at_or_before(const struct rbtree *tree, u64 rank);

/** rb_at_or_after() - the first node with rank >= @rank, or NULL. */
struct rb_node *rb_at_or_after(const struct rbtree *tree, u64 rank);

/** rb_check() - for tests: colours, black heights, order, links and @first are right. */
bool rb_check(const struct rbtree *tree);

#endif
