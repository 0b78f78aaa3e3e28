// SPDX-License-Identifier: MIT
/*
 * What a user thread can tell of the kernel's answers: did it hold the rights
 * that the call wants, is the message what the other one sent, does the new
 * capability have the rights and the badge asked for?  The rules are those of
 * the manual's tables of calls.
 *
 * Words of a message count up from the sender's operation, in registers and in
 * the page, so a receiver knows who sent them.
 */
#include <kernel/ipc.h>
#include <kernel/memory.h>
#include <kernel/process.h>

#include <generated/syscall_grammar.h>
#include <generated/syscall_numbers.h>
#include <veridian/info.h>

#include "actor.h"

#define PHYSICAL_LIMIT (1UL << 52) /* of any page table */

static bool is_filled(const struct slot *slot, handle_t handle)
{
	return handle && cap_handle(slot->token) == handle && cap_type(slot->token) != TYPE_NONE;
}

/* ---- before the call ---- */

static void note_holding(struct holding *holding, const struct thread *thread, handle_t handle)
{
	const struct slot *slot = actor_slot(thread, handle);

	*holding = (struct holding){ .is_known = is_filled(slot, handle) };
	if (!holding->is_known)
		return; /* its turn may come before that of the call */
	holding->type = cap_type(slot->token);
	holding->rights = cap_rights(slot->token);
	holding->badge = slot->badge;
	holding->object = slot->object;
	holding->generation = slot->generation;
}

static void fill_page(struct thread *thread, u64 key)
{
	for (u32 i = MSG_REG_WORDS; thread->page && i < PAGE_WORDS; i++)
		thread->page[i] = key + i;
}

/* Capability @i of a message. */
static handle_t packed_handle(const struct thread *thread, u32 i)
{
	return (handle_t)(thread->regs.caps[i / 2] >> 32 * (i % 2));
}

/* What stays the same for a thread's life. */
static void note_page(struct actor *actor)
{
	const struct holding *holding = &actor->holding[0];
	const struct object *object = holding->is_known ? object_by_id(holding->object) : NULL;
	const struct thread *thread;

	actor->knows_page = object && object->type == TYPE_THREAD &&
			    object->generation == holding->generation;
	if (!actor->knows_page)
		return;
	thread = container_of(object, struct thread, object);
	actor->page[0] = thread->page_address;
	actor->page[1] = thread->number;
}

void judge_begin(struct actor *actor, u64 handles)
{
	note_holding(&actor->holding[0], actor->thread, (handle_t)handles);
	if (actor->call->number == SYS_thread_info)
		note_page(actor);
	note_holding(&actor->holding[1], actor->thread, (handle_t)(handles >> 32));
	if (!actor->call->is_raw)
		return;
	fill_page(actor->thread, actor->operation);
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		note_holding(&actor->sent[i], actor->thread,
			     packed_handle(actor->thread, i));
}

/* ---- rights ---- */

static u32 map_rights(u64 flags)
{
	return (flags & MAP_READ ? RIGHT_READ : 0) | (flags & MAP_WRITE ? RIGHT_WRITE : 0) |
	       (flags & MAP_EXECUTE ? RIGHT_EXECUTE : 0);
}

/* What the manual wants of handle @i, if that depends on the arguments. */
static u32 wanted_rights(const struct actor *actor, u32 i)
{
	const u64 *argument = actor->argument;

	switch (actor->call->number) {
	case SYS_ipc_call:
	case SYS_ipc_send:
		return actor->call->rights[i] |
		       (actor->tag >> MSG_CAPS_SHIFT & MSG_CAPS_MASK ? RIGHT_GRANT : 0);
	case SYS_cap_copy:
		if (i == 1)
			return RIGHT_GIVE;
		return argument[0] == CAP_GIVE ? RIGHT_MOVE : RIGHT_DERIVE;
	case SYS_mem_map: return i == 0 ? RIGHT_MAP : map_rights(argument[3]);
	case SYS_mem_info: return argument[0] == MEM_INFO_PHYSICAL ? RIGHT_DMA : RIGHT_READ;
	default: return actor->call->rights[i];
	}
}

/* A receive that finds bits of a bound notification ends before it looks at the reply object. */
static bool is_cut_short(const struct actor *actor)
{
	return actor->call->number == SYS_ipc_receive &&
	       (actor->thread->regs.tag & MSG_CALL_MASK) == MSG_FROM_NOTIFICATION;
}

static void judge_rights(const struct actor *actor)
{
	for (u32 i = 0; i < actor->call->nr_handles; i++) {
		const struct holding *holding = &actor->holding[i];
		u32 wanted = wanted_rights(actor, i);

		if (!holding->is_known || (i == 1 && is_cut_short(actor)))
			continue;
		if (actor->call->types[i] != TYPE_NONE && holding->type != actor->call->types[i])
			fail("type", "%s took a handle of type %u", actor->call->name,
			     holding->type);
		if (wanted & ~holding->rights)
			fail("rights", "%s went well with rights %x, but it wants %x",
			     actor->call->name, holding->rights, wanted);
	}
}

/* ---- new capabilities ---- */

static void judge_child(const struct actor *actor, const struct slot *slot, u64 rights, u64 badge)
{
	const struct holding *parent = &actor->holding[0];
	handle_t handle = (handle_t)actor->thread->regs.args[0];

	if (!is_filled(slot, handle) || !parent->is_known)
		return; /* it may have been taken away by now */
	if (cap_rights(slot->token) != (parent->rights & rights))
		fail("rights", "%s made rights %x of %x and %lx", actor->call->name,
		     cap_rights(slot->token), parent->rights, rights);
	if (slot->badge != (parent->badge ? parent->badge : badge))
		fail("badge", "%s made a badge of %lx", actor->call->name, slot->badge);
}

/* In the space of the process that the second handle named: it may have been that which was given away. */
static const struct slot *slot_there(const struct actor *actor, handle_t handle)
{
	const struct holding *target = &actor->holding[1];
	const struct object *object = target->is_known ? object_by_id(target->object) : NULL;

	if (!object || object->type != TYPE_PROCESS || object->generation != target->generation)
		return actor_slot(actor->thread, HANDLE_NULL);
	return actor_slot_of(&container_of(object, struct process, object)->caps, handle);
}

static void judge_capability(const struct actor *actor)
{
	const u64 *argument = actor->argument;
	handle_t handle = (handle_t)actor->thread->regs.args[0];

	switch (actor->call->number) {
	case SYS_cap_derive:
		judge_child(actor, actor_slot(actor->thread, handle), argument[0], argument[1]);
		break;
	case SYS_cap_copy:
		if (argument[0] == CAP_GIVE)
			judge_child(actor, slot_there(actor, handle), RIGHTS_ALL, 0);
		else
			judge_child(actor, slot_there(actor, handle), argument[1], argument[2]);
		break;
	default: break;
	}
}

/* ---- facts ---- */

static void judge_value(const struct actor *actor, u32 n, u64 wanted)
{
	u64 value = actor->thread->regs.args[n];

	if (value != wanted)
		fail("value", "%s says %lx, not %lx", actor->call->name, value, wanted);
}

/* Of a handle that nobody has taken away, @slot tells what the call should have said. */
static void judge_inspect(const struct actor *actor, const struct slot *slot)
{
	const struct holding *holding = &actor->holding[0];

	if (!holding->is_known || !is_filled(slot, (handle_t)actor->handles))
		return;
	judge_value(actor, 1, slot->badge);
	if ((actor->thread->regs.args[0] & 0xffff) != (holding->type | holding->rights << 4))
		fail("value", "cap_inspect says %lx of type %u, rights %x",
		     actor->thread->regs.args[0], holding->type, holding->rights);
}

static void judge_range(const struct actor *actor, u64 address, u64 size)
{
	if (!IS_ALIGNED(address | size, PAGE_SIZE) || address < USER_MAP_START ||
	    address > USER_MAP_END || size > USER_MAP_END - address)
		fail("range", "%s took %lx, size %lx", actor->call->name, address, size);
}

static void judge_page(const struct actor *actor)
{
	if (actor->argument[0] != THREAD_INFO_PAGE || !actor->knows_page)
		return;
	judge_value(actor, 0, actor->page[0]);
	judge_value(actor, 1, actor->page[1]);
}

static void judge_facts(const struct actor *actor)
{
	const struct slot *slot = actor_slot(actor->thread, (handle_t)actor->handles);
	const struct object *object = actor_object(slot);
	u64 end = actor->argument[0] + actor->argument[1] * PAGE_SIZE;

	switch (actor->call->number) {
	case SYS_cap_inspect: judge_inspect(actor, slot); break;
	case SYS_thread_info: judge_page(actor); break;
	case SYS_thread_self:
		judge_value(actor, 0, actor->thread->number);
		judge_value(actor, 1, actor->thread->page_address);
		break;
	case SYS_mem_map:
		judge_range(actor, actor->thread->regs.args[0], actor->argument[1]);
		break;
	case SYS_mem_unmap:
	case SYS_mem_protect: judge_range(actor, actor->argument[0], actor->argument[1]); break;
	case SYS_mem_create_device:
		if (actor->argument[0] < HOST_MEMORY_SIZE || end > PHYSICAL_LIMIT)
			fail("device", "memory became a device at %lx", actor->argument[0]);
		break;
	case SYS_mem_seal:
		if (is_filled(slot, (handle_t)actor->handles) && object &&
		    container_of(object, struct memory, object)->is_physical)
			fail("device", "a device was sealed");
		break;
	default: break;
	}
}

/* ---- messages ---- */

static void judge_words(const struct thread *thread, u64 tag)
{
	u64 key = thread->regs.words[0], count = tag >> MSG_WORDS_SHIFT & MSG_WORDS_MASK;

	for (u32 i = 1; i < MSG_REG_WORDS; i++)
		if (thread->regs.words[i] != key + i)
			fail("message", "word %u is %lx, not %lx", i, thread->regs.words[i],
			     key + i);
	for (u32 i = MSG_REG_WORDS; i < MIN(count, (u64)PAGE_WORDS); i++)
		if (thread->page && thread->page[i] != key + i)
			fail("message", "word %u of the page is %lx, not %lx", i, thread->page[i],
			     key + i);
}

/* What was given needs the right to move, what was lent that to derive. */
static void judge_sent(const struct actor *sender, const struct thread *receiver)
{
	for (u32 i = 0; i < MSG_MAX_CAPS; i++) {
		const struct holding *holding = &sender->sent[i];
		u32 wanted = sender->tag >> MSG_MOVE_SHIFT & 1U << i ? RIGHT_MOVE : RIGHT_DERIVE;

		if (packed_handle(receiver, i) && holding->is_known &&
		    !(holding->rights & wanted))
			fail("rights", "a message brought a capability with rights %x, not %x",
			     holding->rights, wanted);
	}
}

/* The sender is known by its words, as long as it has not gone on. */
static void judge_sender(const struct actor *receiver)
{
	const struct actor *sender = actor_in_operation(receiver->thread->regs.words[0]);
	const struct holding *to = &receiver->holding[0], *from;
	u64 badge = receiver->thread->regs.args[0];

	if (!sender || !sender->holding[0].is_known)
		return;
	from = &sender->holding[0];
	judge_sent(sender, receiver->thread);
	if (from->badge != badge)
		fail("badge", "a message came with badge %lx, not %lx", badge, from->badge);
	if (to->is_known && (to->object != from->object || to->generation != from->generation))
		fail("message", "a message to endpoint %x was received from %x", from->object,
		     to->object);
}

static void judge_message(const struct actor *actor)
{
	const struct thread *thread = actor->thread;
	u64 tag = thread->regs.tag;
	bool is_answer = actor->call->number == SYS_ipc_call;

	switch (actor->call->number) {
	case SYS_ipc_call:
	case SYS_ipc_receive:
	case SYS_ipc_reply_receive: break;
	default: return;
	}
	if (!is_answer && (tag & MSG_CALL_MASK) >= MSG_FROM_NOTIFICATION)
		return;
	judge_words(thread, tag);
	if (!is_answer)
		judge_sender(actor);
	else if (thread->regs.args[0])
		fail("badge", "an answer came with badge %lx", thread->regs.args[0]);
}

/* Nothing is wrong with types and rights of the handles: whoever says so lies. */
static bool are_as_wanted(const struct actor *actor, long status)
{
	for (u32 i = 0; i < actor->call->nr_handles; i++) {
		const struct holding *holding = &actor->holding[i];
		u8 type = actor->call->types[i];

		if (!holding->is_known || (type != TYPE_NONE && holding->type != type))
			return false;
		if (status == ST_NORIGHTS && (wanted_rights(actor, i) & ~holding->rights))
			return false;
	}
	return true;
}

/* Rights come before arguments and states: who lacks them learns nothing else. */
static void judge_refusal(const struct actor *actor, long status)
{
	const struct holding *holding = &actor->holding[0];

	/* A mapping may have been made with fewer rights. */
	if ((status == ST_BADTYPE ||
	     (status == ST_NORIGHTS && actor->call->number != SYS_mem_protect)) &&
	    are_as_wanted(actor, status))
		fail("refusal", "%s returned %ld, but handles and rights are right",
		     actor->call->name, status);
	if (status == ST_BADHANDLE || status == ST_BADTYPE || status == ST_NORIGHTS)
		return;
	if (holding->is_known && actor->call->nr_handles &&
	    (actor->call->rights[0] & ~holding->rights))
		fail("rights", "%s returned %ld with rights %x, but it wants %x", actor->call->name,
		     status, holding->rights, actor->call->rights[0]);
}

void judge_end(const struct actor *actor, long status)
{
	judge_refusal(actor, status);
	if (status != ST_OK)
		return;
	judge_rights(actor);
	judge_capability(actor);
	judge_facts(actor);
	judge_message(actor);
}
