// SPDX-License-Identifier: MIT
/*
 * Capabilities the kernel holds for an object: the notification of an
 * interrupt, the fault endpoint of a process.  They are nodes of the tree like
 * all others, so revoking the capability they were made from ends the binding.
 * The slot stays the holder's, emptied, so the number never names another.
 */
#include <kernel/ipc.h>
#include <kernel/panic.h>
#include <kernel/slot.h>

long cap_hold(struct cap_space *space, handle_t handle, u8 type, u32 right, u32 *number)
{
	bool was_revoking;
	struct slot *slot;
	struct cap cap;
	long status;

	*number = 0;
	if (handle == HANDLE_NULL)
		return ST_OK;
	status = cap_lookup(space, handle, type, right, &cap);
	if (status != ST_OK)
		return status;
	slot = cap_reserve(&kernel_space);
	if (!slot)
		return ST_NOMEM;
	spin_lock(&cap.object->tree_lock);
	was_revoking = cap.object->revoke_root;
	status = tree_check_add(&cap);
	if (status == ST_OK)
		tree_add_child(cap.object, cap.slot, slot, type, right, cap.badge);
	spin_unlock(&cap.object->tree_lock);
	if (was_revoking)
		ipc_cap_gone(cap.object); /* as in cap_lend() */
	if (status == ST_OK)
		*number = slot_number(slot);
	else
		cap_unreserve(slot);
	return status;
}

long cap_held(u32 number, u8 type, struct cap *out)
{
	long status = number ? cap_of_slot(slot_by_number(number), out) : ST_BADHANDLE;

	ASSERT(status != ST_OK || cap_type(out->token) == type);
	return status;
}

void cap_drop(u32 number)
{
	struct slot *slot;
	struct object *object;
	bool was_last = false;
	u32 generation;

	if (!number)
		return;
	slot = slot_by_number(number);
	/* Emptied or not: its object field is only ever changed by the holder. */
	object = object_by_id(slot->object);
	spin_lock(&object->tree_lock);
	generation = slot->generation;
	if (cap_type(slot->token) != TYPE_NONE)
		was_last = tree_delete(object, slot);
	spin_unlock(&object->tree_lock);
	ipc_cap_gone(object); /* a fault may wait by it */
	cap_unreserve(slot);
	if (was_last)
		object_unreachable(object, generation);
}
