// SPDX-License-Identifier: MIT
/*
 * Red-black tree, intrusive, ordered by (rank, arrival).
 *
 * Invariant (rb_check): an in-order walk never descends in rank; the root is
 * black; no red node has a red child; every way from the root to a missing
 * child crosses the same number of black nodes.  Hence the depth stays below
 * 2 * log2(n + 1), and every operation is bounded.
 *
 * Only the order of the links matters here: a node of equal rank goes to the
 * right of its equals, and rotations keep the in-order sequence, so arrival
 * order is kept without storing it.
 */
#include <lib/rbtree.h>

/* Deeper than any tree that fits in memory: rb_check() gives up there instead of following a cycle. */
#define DEPTH_MAX 128

void rb_init(struct rbtree *tree)
{
	tree->root = NULL;
	tree->first = NULL;
}

void rb_node_init(struct rb_node *node)
{
	node->parent = node;
	node->left = NULL;
	node->right = NULL;
	node->is_red = false;
}

/* A missing child counts as black. */
static bool is_red(const struct rb_node *node)
{
	return node && node->is_red;
}

static struct rb_node *leftmost(struct rb_node *node)
{
	while (node->left)
		node = node->left;
	return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
	while (node->right)
		node = node->right;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->right)
		return leftmost(node->right);
	/* Upwards until we come from the left: that ancestor is next. */
	while (node->parent && node == node->parent->right)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	if (node->left)
		return rightmost(node->left);
	while (node->parent && node == node->parent->left)
		node = node->parent;
	return node->parent;
}

/* Whatever pointed to @old as a child (its parent or the tree) now points to @new. */
static void replace_child(struct rbtree *tree, struct rb_node *old, struct rb_node *new)
{
	struct rb_node *parent = old->parent;

	if (!parent)
		tree->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

/* @node goes down to the left, its right child takes its place. */
static void rotate_left(struct rbtree *tree, struct rb_node *node)
{
	struct rb_node *up = node->right;

	replace_child(tree, node, up);
	node->right = up->left;
	if (node->right)
		node->right->parent = node;
	up->left = node;
	node->parent = up;
}

static void rotate_right(struct rbtree *tree, struct rb_node *node)
{
	struct rb_node *up = node->left;

	replace_child(tree, node, up);
	node->left = up->right;
	if (node->left)
		node->left->parent = node;
	up->right = node;
	node->parent = up;
}

/* @node lies on the outer or inner side of its grandparent; bring it out, then turn the grandparent. */
static void lift_red_pair(struct rbtree *tree, struct rb_node *node)
{
	struct rb_node *parent = node->parent, *grand = parent->parent;

	if (parent == grand->left) {
		if (node == parent->right)
			rotate_left(tree, parent);
		rotate_right(tree, grand);
	} else {
		if (node == parent->left)
			rotate_right(tree, parent);
		rotate_left(tree, grand);
	}
	grand->parent->is_red = false;
	grand->is_red = true;
}

/* @node is red, and the only possible fault is that its parent is red, too. */
static void repair_red(struct rbtree *tree, struct rb_node *node)
{
	/* A red parent is not the root, so there is a grandparent. */
	while (is_red(node->parent)) {
		struct rb_node *grand = node->parent->parent;
		struct rb_node *uncle = node->parent == grand->left ? grand->right : grand->left;

		if (!is_red(uncle)) {
			lift_red_pair(tree, node);
			break;
		}
		/* Push the blackness down one level; the fault may reappear two levels up. */
		node->parent->is_red = false;
		uncle->is_red = false;
		grand->is_red = true;
		node = grand;
	}
	tree->root->is_red = false;
}

void rb_insert(struct rbtree *tree, struct rb_node *node, u64 rank)
{
	struct rb_node **link = &tree->root, *parent = NULL;
	bool is_first = true;

	while (*link) {
		parent = *link;
		if (rank < parent->rank) {
			link = &parent->left;
		} else {
			link = &parent->right;
			is_first = false;
		}
	}
	node->rank = rank;
	node->parent = parent;
	node->left = NULL;
	node->right = NULL;
	node->is_red = true;
	*link = node;
	if (is_first)
		tree->first = node;
	repair_red(tree, node);
}

/*
 * The ways through the left child @node of @parent lack one black node.
 * Return: true if that now holds one level up instead.
 */
static bool repair_black_left(struct rbtree *tree, struct rb_node *parent)
{
	struct rb_node *sibling = parent->right;

	/* The sibling exists: its side has at least one black node more than ours. */
	if (is_red(sibling)) {
		sibling->is_red = false;
		parent->is_red = true;
		rotate_left(tree, parent);
		sibling = parent->right;
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		sibling->is_red = true;
		return true;
	}
	if (!is_red(sibling->right)) {
		rotate_right(tree, sibling);
		sibling = parent->right;
	}
	/* The sibling takes the parent's place and colour, its children turn black. */
	rotate_left(tree, parent);
	sibling->is_red = parent->is_red;
	sibling->left->is_red = false;
	sibling->right->is_red = false;
	return false;
}

static bool repair_black_right(struct rbtree *tree, struct rb_node *parent)
{
	struct rb_node *sibling = parent->left;

	if (is_red(sibling)) {
		sibling->is_red = false;
		parent->is_red = true;
		rotate_right(tree, parent);
		sibling = parent->left;
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		sibling->is_red = true;
		return true;
	}
	if (!is_red(sibling->left)) {
		rotate_left(tree, sibling);
		sibling = parent->left;
	}
	rotate_right(tree, parent);
	sibling->is_red = parent->is_red;
	sibling->left->is_red = false;
	sibling->right->is_red = false;
	return false;
}

/* A black node went away below @parent, where @node (or nothing) is now. */
static void repair_black(struct rbtree *tree, struct rb_node *node, struct rb_node *parent)
{
	while (parent && !is_red(node)) {
		bool is_higher = node == parent->left ? repair_black_left(tree, parent)
						      : repair_black_right(tree, parent);

		if (!is_higher)
			return;
		node = parent;
		parent = node->parent;
	}
	if (node)
		node->is_red = false;
}

/* Put @heir, which has at most a right child, into the place of @node, which has two children. */
static void take_place(struct rbtree *tree, struct rb_node *node, struct rb_node *heir)
{
	replace_child(tree, node, heir);
	heir->left = node->left;
	heir->left->parent = heir;
	heir->right = node->right;
	if (heir->right)
		heir->right->parent = heir;
	heir->is_red = node->is_red;
}

void rb_remove(struct rbtree *tree, struct rb_node *node)
{
	struct rb_node *child, *parent;
	bool was_red;

	if (tree->first == node)
		tree->first = rb_next(node);
	if (node->left && node->right) {
		/* The successor is cut out of its place instead, and then takes over ours. */
		struct rb_node *heir = leftmost(node->right);

		child = heir->right;
		was_red = heir->is_red;
		parent = heir->parent == node ? heir : heir->parent;
		replace_child(tree, heir, child);
		take_place(tree, node, heir);
	} else {
		child = node->left ? node->left : node->right;
		was_red = node->is_red;
		parent = node->parent;
		replace_child(tree, node, child);
	}
	if (!was_red)
		repair_black(tree, child, parent);
	rb_node_init(node);
}

struct rb_node *rb_at_or_before(const struct rbtree *tree, u64 rank)
{
	struct rb_node *node = tree->root, *best = NULL;

	while (node) {
		if (node->rank <= rank) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}

struct rb_node *rb_at_or_after(const struct rbtree *tree, u64 rank)
{
	struct rb_node *node = tree->root, *best = NULL;

	while (node) {
		if (node->rank >= rank) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

/* Return: black nodes on every way down from @node, the missing child counted; -1: not sound. */
static int check_subtree(const struct rb_node *node, const struct rb_node *parent, int depth)
{
	int left, right;

	if (!node)
		return 1;
	if (depth > DEPTH_MAX || node->parent != parent)
		return -1;
	if (node->is_red && (!parent || parent->is_red))
		return -1;
	left = check_subtree(node->left, node, depth + 1);
	right = check_subtree(node->right, node, depth + 1);
	if (left < 0 || left != right)
		return -1;
	return left + !node->is_red;
}

bool rb_check(const struct rbtree *tree)
{
	const struct rb_node *node = NULL, *next;

	if (check_subtree(tree->root, NULL, 0) < 0)
		return false;
	if (tree->root)
		node = leftmost(tree->root);
	if (tree->first != node)
		return false;
	for (; node; node = next) {
		next = rb_next(node);
		if (next && next->rank < node->rank)
			return false;
	}
	return true;
}
