// SPDX-License-Identifier: MIT
/*
 * Capabilities between spaces: lent (a child) or given (the node itself).
 */
#include <kernel/cap.h>
#include <kernel/ipc.h>
#include <kernel/panic.h>

handle_t cap_install(struct object *object, struct slot *slot, u32 rights, u64 badge)
{
	handle_t handle = cap_slot_handle(slot);

	tree_add_root(object, slot, rights, badge);
	return handle;
}

long cap_lend(const struct cap *cap, struct slot *to, u32 rights, u64 badge)
{
	struct object *object = cap->object;
	bool was_revoking;
	long status;

	spin_lock(&object->tree_lock);
	was_revoking = object->revoke_root;
	status = tree_check_add(cap);
	if (status == ST_OK)
		tree_add_child(object, cap->slot, to, object->type, cap_rights(cap->token) & rights,
			       cap->badge ? cap->badge : badge);
	spin_unlock(&object->tree_lock);
	if (was_revoking)
		ipc_cap_gone(object); /* its revoker may have been killed */
	return status;
}

long cap_give(const struct cap *cap, struct slot *to)
{
	struct object *object = cap->object;
	long status = ST_BADHANDLE;

	spin_lock(&object->tree_lock);
	if (cap_is_current(cap)) {
		tree_move(object, cap->slot, to);
		status = ST_OK;
	}
	spin_unlock(&object->tree_lock);
	if (status == ST_OK)
		ipc_cap_gone(object);
	return status;
}

long cap_transfer(struct cap_space *from, handle_t handle, struct slot *to, bool move)
{
	struct cap cap;
	long status = cap_lookup(from, handle, TYPE_NONE, move ? RIGHT_MOVE : RIGHT_DERIVE, &cap);

	if (status != ST_OK)
		return status;
	if (move)
		return cap_give(&cap, to);
	/* The right to answer a call has one holder. */
	if (cap_type(cap.token) == TYPE_REPLY)
		return ST_INVALID;
	return cap_lend(&cap, to, RIGHTS_ALL, 0);
}
