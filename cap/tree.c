// SPDX-License-Identifier: MIT
/*
 * The derivation tree of an object: a list in preorder, with depths.
 *
 *   A(0) - B(1) - C(2) - D(1)        A
 *                                   / \
 *   the nodes below B are those    B   D
 *   that follow it with a larger   |
 *   depth                          C
 *
 * Owns: token, object, badge and links of every filled slot, under the tree
 * lock of its object.  A revocation deletes from the front, so the list itself
 * is its progress; object->revoke_root says that one is not finished.  Whoever
 * adds a node meanwhile first deletes a batch for it: one in, sixteen out, so
 * it ends; and a revoker killed half-way leaves work that the next one does.
 */
#include <kernel/ipc.h>
#include <kernel/panic.h>
#include <kernel/slot.h>
#include <kernel/vspace.h>

#define SWEEP_BATCH BATCH(16)

static u64 token_make(handle_t handle, u32 rights, u8 type, u32 depth)
{
	return handle | (u64)rights << 32 | (u64)type << 44 | (u64)depth << 48;
}

/*
 * Fill reserved @slot behind @previous (0: at the front). The token goes last: readers start with it.
 * The generation is that of the tree: the object may be killed at this moment, and a capability
 * of the generation after would be alive.
 */
static void node_insert(struct object *object, u32 previous, struct slot *slot, u64 badge,
			u64 token)
{
	u32 number = slot_number(slot);
	struct slot *before = previous ? slot_by_number(previous) : NULL;
	u32 next = before ? before->next : object->tree_first;

	fence_release(); /* partner: cap_of_slot() looks for the emptied token once more */
	store_relaxed(&slot->object, object_id(object));
	store_relaxed(&slot->generation, before ? before->generation : object->generation);
	store_relaxed(&slot->badge, badge);
	slot->prev = previous;
	slot->next = next;
	if (before)
		before->next = number;
	else
		object->tree_first = number;
	if (next)
		slot_by_number(next)->prev = number;
	store_release(&slot->token, token);
}

void tree_add_root(struct object *object, struct slot *slot, u32 rights, u64 badge)
{
	spin_lock(&object->tree_lock);
	ASSERT(!object->tree_first);
	object->is_named = true;
	node_insert(object, 0, slot, badge,
		    token_make(cap_slot_handle(slot), rights, object->type, 0));
	spin_unlock(&object->tree_lock);
}

void tree_add_child(struct object *object, struct slot *parent, struct slot *slot, u8 type,
		    u32 rights, u64 badge)
{
	u32 depth = cap_depth(parent->token) + 1u;

	ASSERT(depth <= CAP_MAX_DEPTH);
	node_insert(object, slot_number(parent), slot, badge,
		    token_make(cap_slot_handle(slot), rights, type, depth));
}

void tree_add_sibling(struct object *object, struct slot *node, struct slot *slot, u64 badge)
{
	u64 token = node->token;

	ASSERT(!tree_has_children(node));
	node_insert(object, slot_number(node), slot, badge,
		    token_make(cap_slot_handle(slot), cap_rights(token), cap_type(token),
			       cap_depth(token)));
}

bool tree_has_children(const struct slot *slot)
{
	return slot->next &&
	       cap_depth(slot_by_number(slot->next)->token) > cap_depth(slot->token);
}

/* The slot is empty from now on and answers to another handle. */
static void slot_clear(struct slot *slot)
{
	handle_t handle = cap_slot_handle(slot);

	store_release(&slot->token, (u64)HANDLE_MAKE(HANDLE_INDEX(handle), HANDLE_GEN(handle) + 1));
}

bool tree_delete(struct object *object, struct slot *slot)
{
	/* A held capability's slot belongs to its holder until cap_drop(). */
	bool is_held = leaf_of(slot)->space == &kernel_space &&
		       cap_type(slot->token) != TYPE_MAPPING;

	if (object->revoke_root == slot_number(slot))
		object->revoke_root = 0;
	if (slot->prev)
		slot_by_number(slot->prev)->next = slot->next;
	else
		object->tree_first = slot->next;
	if (slot->next)
		slot_by_number(slot->next)->prev = slot->prev;
	slot_clear(slot);
	slot->prev = slot->next = 0;
	if (!is_held)
		cap_unreserve(slot);
	return object->tree_first == 0;
}

void tree_move(struct object *object, struct slot *from, struct slot *to)
{
	u64 token = from->token;
	u32 number = slot_number(to);

	fence_release(); /* as in node_insert() */
	store_relaxed(&to->object, from->object);
	store_relaxed(&to->generation, from->generation);
	store_relaxed(&to->badge, from->badge);
	to->prev = from->prev;
	to->next = from->next;
	if (to->prev)
		slot_by_number(to->prev)->next = number;
	else
		object->tree_first = number;
	if (to->next)
		slot_by_number(to->next)->prev = number;
	if (object->revoke_root == slot_number(from))
		object->revoke_root = number;
	/* Clear first, publish last: at no time two slots answer for one node. */
	slot_clear(from);
	store_release(&to->token, token_make(cap_slot_handle(to), cap_rights(token),
					     cap_type(token), cap_depth(token)));
	cap_unreserve(from);
}

enum sweep tree_sweep(struct object *object, u32 root, struct vspace **wait)
{
	struct slot *top = root ? slot_by_number(root) : NULL;

	for (u32 budget = SWEEP_BATCH; budget; budget--) {
		u32 number = top ? top->next : object->tree_first;
		struct slot *slot = number ? slot_by_number(number) : NULL;

		if (!slot || (top && cap_depth(slot->token) <= cap_depth(top->token)))
			return SWEEP_DONE;
		if (cap_type(slot->token) == TYPE_MAPPING) {
			struct region *region = (struct region *)slot->badge;
			enum sweep sweep;

			*wait = region->space;
			sweep = region_shrink(region);
			if (sweep != SWEEP_DONE)
				return sweep;
			budget = 1; /* that was enough work for a step */
		}
		tree_delete(object, slot);
	}
	return SWEEP_MORE;
}

/* A batch of the revocation that is under way, if any. Tree lock held. */
static enum sweep tree_help(struct object *object, struct vspace **wait)
{
	enum sweep sweep = SWEEP_DONE;

	if (object->revoke_root)
		sweep = tree_sweep(object, object->revoke_root, wait);
	if (sweep == SWEEP_DONE)
		object->revoke_root = 0;
	return sweep;
}

long tree_check_add(const struct cap *cap)
{
	struct vspace *unused;

	tree_help(cap->object, &unused);
	if (!cap_is_current(cap))
		return ST_BADHANDLE;
	return cap_depth(cap->token) < CAP_MAX_DEPTH ? ST_OK : ST_DEPTH;
}

/* One batch below the node. Tree lock held. */
static enum sweep delete_below(struct object *object, struct slot *slot, struct vspace **wait)
{
	enum sweep sweep;

	if (!tree_has_children(slot))
		return SWEEP_DONE;
	if (object->revoke_root && object->revoke_root != slot_number(slot)) {
		sweep = tree_help(object, wait);
		return sweep == SWEEP_DONE ? SWEEP_MORE : sweep;
	}
	object->revoke_root = slot_number(slot);
	return tree_help(object, wait);
}

long tree_delete_below(const struct cap *cap, bool and_self, struct vspace **wait)
{
	struct object *object = cap->object;
	bool was_last = false;
	u32 generation;
	enum sweep sweep;

	spin_lock(&object->tree_lock);
	if (load_relaxed(&cap->slot->token) != cap->token) {
		spin_unlock(&object->tree_lock);
		return ST_BADHANDLE;
	}
	generation = cap->slot->generation;
	sweep = delete_below(object, cap->slot, wait);
	if (sweep == SWEEP_DONE && and_self)
		was_last = tree_delete(object, cap->slot);
	spin_unlock(&object->tree_lock);
	/* After each batch: nobody knows whether there will be another. */
	ipc_cap_gone(object);
	if (sweep != SWEEP_DONE)
		return sweep == SWEEP_MORE ? SYSCALL_RESTART : ST_BUSY;
	if (was_last)
		object_unreachable(object, generation);
	return ST_OK;
}
