/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: slots, capability spaces, look-up, the derivation tree.
 *
 * A slot is 32 bytes.  Its token word carries everything a look-up compares;
 * because the token contains the slot's generation it changes with every
 * reuse, so "read token, rest, token again" yields a consistent copy without
 * a lock.  Writers: a slot is filled and emptied under the tree lock of the
 * object it names; an empty reserved slot belongs to whoever reserved it.
 *
 *   token  63      56 55     48 47   44 43       32 31            0
 *         |  flags   |  depth  | type  |  rights   |    handle      |
 *
 * Slots come in leaves of 64; slot 0 of a leaf is its header (struct
 * cap_leaf), so no handle with slot 0 exists, nor handle 0.  A slot's global
 * number is leaf number * 64 + place; the derivation list links numbers.
 * Nodes that belong to no process (a mapping, a binding) are slots of the
 * kernel's own space, of type TYPE_MAPPING or of the object's type.  A held
 * capability's slot stays with its holder, emptied, when it is revoked.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include <kernel/object.h>

struct process;
struct thread;

#define CAP_LEAF_SLOTS (1u << HANDLE_SLOT_BITS)
#define CAP_MAX_DEPTH 255
#define TYPE_MAPPING 15 /* kernel's own: badge is the struct region */

struct slot {
	u64 token;
	u32 object;     /* id */
	u32 generation; /* of the object, when the capability was made */
	u64 badge;
	u32 prev, next; /* derivation list; free list of the space (next) */
};
_Static_assert(sizeof(struct slot) == 32, "slot layout");

/* A capability space; embedded in struct process, one more for the kernel itself. */
struct cap_space {
	/* atomic: a reader loads the mask first, so the directory it then loads is as large */
	struct slot **directory; /* leaf index -> leaf */
	u32 leaf_mask;           /* the directory holds leaf_mask + 1 pointers */
	/* slots lock */
	struct spinlock lock;
	u32 nr_leaves;
	u32 free_first; /* slot number of the first empty slot */
	u32 nr_free;
	u32 nr_used;    /* reserved or filled */
	/*
	 * Slots may be reserved: not before the space is made, nor since its process ends. Atomic:
	 * a late-comer with the lock may meet the process while it becomes another one.
	 */
	bool is_open;
	u32 sweep_next; /* teardown: slots before this index are empty */
	/* By order: those that were outgrown, this one, and the next, which is being filled. */
	struct slot **directories[6];
	struct process *owner; /* NULL: the kernel's space */
};

/* A consistent copy of a slot, with its object found and alive when copied. */
struct cap {
	struct slot *slot;
	struct object *object;
	u64 token;
	u64 badge;
	u32 generation;
};

/* cap_handle(), cap_rights(), cap_type(), cap_depth(): the fields of a token. */
static inline handle_t cap_handle(u64 token)
{
	return (handle_t)token;
}
static inline u32 cap_rights(u64 token)
{
	return (token >> 32) & RIGHTS_ALL;
}
static inline u8 cap_type(u64 token)
{
	return (token >> 44) & 0xf;
}
static inline u8 cap_depth(u64 token)
{
	return (token >> 48) & 0xff;
}

struct vspace;

/* What a bounded piece of deletion work came to. */
enum sweep {
	SWEEP_DONE,  /* nothing left below the node */
	SWEEP_MORE,  /* call again */
	/* *wait names an address space whose shootdown must be awaited, then call again */
	SWEEP_FLUSH,
};

/* ---- cap/space.c: spaces and look-up ---- */

/** cap_init() - the kernel's own space. */
void cap_init(void);

/** cap_space_init() - an empty space with room for its directory. Return: ST_OK or ST_NOMEM. */
long cap_space_init(struct cap_space *space, struct process *owner) __must_check;

/**
 * cap_lookup() - decode a handle of @space: exists, type, rights, in this order.
 * @type: TYPE_* wanted, or TYPE_NONE for any.  @rights: all of them needed.
 * Return: ST_OK and *out; ST_BADHANDLE, ST_BADTYPE, ST_NORIGHTS.  Takes no lock:
 * after taking the object's lock call cap_is_current().
 */
long cap_lookup(struct cap_space *space, handle_t handle, u8 type, u32 rights,
		struct cap *out) __must_check;

/* Copy @slot consistently: false if it changed meanwhile, is empty, or its object has died. */
static __always_inline bool slot_copy(struct slot *slot, struct cap *out)
{
	out->slot = slot;
	out->token = load_acquire(&slot->token);
	out->generation = load_relaxed(&slot->generation);
	out->badge = load_relaxed(&slot->badge);
	out->object = object_by_id(load_relaxed(&slot->object));
	/* Orders the loads above before the second look at the token. Partner: node_insert(). */
	fence_acquire();
	return load_relaxed(&slot->token) == out->token && cap_type(out->token) != TYPE_NONE &&
	       object_is_alive(out->object, out->generation);
}

/* What cap_lookup() does, inline where the type and the rights are known. */
static __always_inline long cap_find(struct cap_space *space, handle_t handle, u8 type, u32 rights,
				     struct cap *out)
{
	/* The directory is at least as large as the mask that was loaded before it says. */
	u64 mask = load_acquire(&space->leaf_mask);
	struct slot **directory = load_acquire(&space->directory);
	u64 index = HANDLE_INDEX((u64)handle);
	struct slot *leaf;

	/* Masked, so that no index, be it mispredicted, leads outside; the token tells if it was wrong. */
	leaf = load_acquire(&directory[index / CAP_LEAF_SLOTS & mask]);
	if (unlikely(!leaf || !slot_copy(&leaf[index % CAP_LEAF_SLOTS], out) ||
		     cap_handle(out->token) != handle))
		return ST_BADHANDLE;
	if (unlikely(type != TYPE_NONE && cap_type(out->token) != type))
		return ST_BADTYPE;
	return likely((cap_rights(out->token) & rights) == rights) ? ST_OK : ST_NORIGHTS;
}

/** cap_of_slot() - a consistent copy of whatever @slot holds. Return: ST_OK, ST_BADHANDLE if empty or dead. */
long cap_of_slot(struct slot *slot, struct cap *out) __must_check;

/** cap_is_current() - slot and object are still what cap_lookup() saw. */
static inline bool cap_is_current(const struct cap *cap)
{
	return load_relaxed(&cap->slot->token) == cap->token &&
	       object_is_alive(cap->object, cap->generation);
}

/** cap_reserve() - take an empty slot out of the free list. Return: NULL if the space is full or memory is. */
struct slot *cap_reserve(struct cap_space *space) __must_check;

/** cap_unreserve() - give back a slot that was reserved and not filled. */
void cap_unreserve(struct slot *slot);

/** cap_slot_handle() - the handle a reserved or filled slot answers to. */
static inline handle_t cap_slot_handle(const struct slot *slot)
{
	return (handle_t)load_relaxed(&slot->token);
}

/**
 * cap_next() - look for the first filled slot of @space at or after *index, a bounded piece.
 * Return: ST_OK and its handle; ST_NOTFOUND; SYSCALL_RESTART: none up to the new *index.
 */
long cap_next(struct cap_space *space, u32 *index, handle_t *found) __must_check;

/** cap_space_close() - no slot is reserved from now on. */
void cap_space_close(struct cap_space *space);

/** cap_space_step() - teardown of a closed space: a batch of deletions. Return: as tree_sweep(). */
enum sweep cap_space_step(struct cap_space *space, struct vspace **wait);

/**
 * cap_space_is_empty() - after SWEEP_DONE: no slot is reserved by somebody who was about to fill it
 * when the space was closed.  If false, wait a little and sweep again.
 */
bool cap_space_is_empty(struct cap_space *space);

/** cap_space_free_step() - the space is empty: leaves and directory back, a bounded piece. true when done. */
bool cap_space_free_step(struct cap_space *space);

/* The kernel's own space: nodes of mappings, bindings and other kernel-held capabilities. */
extern struct cap_space kernel_space;

/* ---- cap/tree.c: the derivation tree of an object; all need object->tree_lock ---- */

/** tree_add_root() - first capability of a new object into a reserved slot (takes the tree lock itself). */
void tree_add_root(struct object *object, struct slot *slot, u32 rights, u64 badge);

/**
 * tree_add_child() - fill reserved @slot with a child of @parent. Tree lock held.
 * The caller has checked depth and that no revocation is pending (tree_check_add).
 */
void tree_add_child(struct object *object, struct slot *parent, struct slot *slot, u8 type,
		    u32 rights, u64 badge);

/**
 * tree_add_sibling() - fill reserved @slot with a node like @node (a mapping: parent, depth, type,
 * rights, generation) right behind it, with its own @badge.  Tree lock held; cannot fail.
 */
void tree_add_sibling(struct object *object, struct slot *node, struct slot *slot, u64 badge);

/**
 * tree_check_add() - may a child be hung below @cap's slot?  Tree lock held.
 * Does a batch of a revocation that is under way first; who waited by what that deleted is still to be woken.
 * Return: ST_OK; ST_BADHANDLE if the capability has died; ST_DEPTH.
 */
long tree_check_add(const struct cap *cap);

/** tree_move() - the node @from becomes reserved slot @to, with its subtree; @from is emptied. Tree lock held. */
void tree_move(struct object *object, struct slot *from, struct slot *to);

/** tree_has_children() - the node has descendants. Tree lock held. */
bool tree_has_children(const struct slot *slot);

/**
 * tree_sweep() - delete up to a batch of nodes below @root (0: all nodes of a dead object).
 * Tree lock held.  A mapping node unmaps its region and stays until every CPU
 * has forgotten it, so whoever sweeps waits for the same flush.
 */
enum sweep tree_sweep(struct object *object, u32 root, struct vspace **wait);

/**
 * tree_delete_below() - one batch of revoking (and then deleting) @cap's node.
 * @and_self: delete the node too, once nothing is below it.
 * Takes the tree lock.  Return: ST_OK when done; SYSCALL_RESTART: call again;
 * ST_BUSY: wait for *wait's shootdown, then call again; ST_BADHANDLE: the
 * capability has died meanwhile.
 */
long tree_delete_below(const struct cap *cap, bool and_self, struct vspace **wait);

/**
 * tree_delete() - delete one node without children and empty its slot. Tree lock held.
 * Return: true if it was the last one; the caller then calls object_unreachable()
 * after releasing the lock.
 */
bool tree_delete(struct object *object, struct slot *slot);

/* ---- cap/hold.c: capabilities the kernel holds for an object (bindings) ---- */

/**
 * cap_hold() - make a kernel-held child, with just @right, of the capability @handle of @space; its slot
 *	number goes to *number (HANDLE_NULL: 0).
 * Return: ST_OK, ST_NOMEM, ST_DEPTH, or as cap_lookup().
 */
long cap_hold(struct cap_space *space, handle_t handle, u8 type, u32 right, u32 *number);

/** cap_held() - copy a held capability. Return: ST_OK; ST_BADHANDLE if 0 or dead. */
long cap_held(u32 number, u8 type, struct cap *out);

/** cap_drop() - give up a held capability (0: nothing). The holder has forgotten the number. No lock held. */
void cap_drop(u32 number);

/* ---- cap/transfer.c: capabilities between spaces ---- */

/**
 * cap_lend() - a child of @cap with at most @rights into reserved slot @to; @badge if it has none.
 * Return: ST_OK, ST_BADHANDLE, ST_DEPTH.
 */
long cap_lend(const struct cap *cap, struct slot *to, u32 rights, u64 badge);

/** cap_give() - @cap itself moves to reserved slot @to. Return: ST_OK, ST_BADHANDLE. */
long cap_give(const struct cap *cap, struct slot *to);

/**
 * cap_transfer() - send the capability @handle of @from into reserved slot @to.
 * @move: give instead of lend.  Return: ST_OK or why it arrives as null (the slot stays reserved).
 */
long cap_transfer(struct cap_space *from, handle_t handle, struct slot *to, bool move);

/**
 * cap_install() - first capability of a fresh object into a reserved slot.
 * Return: its handle.
 */
handle_t cap_install(struct object *object, struct slot *slot, u32 rights, u64 badge);

#endif
