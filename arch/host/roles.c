// SPDX-License-Identifier: MIT
/*
 * Servers and clients: in a third of the runs some threads do little else than serve calls
 * or make them, as real programs do, so that messages meet who waits for them
 * and most take the short way.  The others disturb them with all that the
 * grammar has, and now and then they do so themselves.
 *
 *   server   receive -> (reply and receive)* with a reply object of its own
 *   client   calls an endpoint where somebody waits; else lets others run, or calls all the same
 */
#include <string.h>

#include <kernel/ipc.h>
#include <kernel/process.h>
#include <kernel/slot.h>

#include <generated/syscall_grammar.h>
#include <generated/syscall_numbers.h>

#include "actor.h"

enum role { ROLE_NONE, ROLE_SERVER, ROLE_CLIENT };

bool role_is_serving(void)
{
	return choose(STREAM_ACTOR, ~0UL, 3) % 3 == 0;
}

/* Where the threads of the opening live: together on one CPU, on two, or one on each. */
u64 role_cpu(u64 cpu)
{
	static const u8 places[] = { 1, 1, 1, 2, NR_CPUS };

	if (!role_is_serving())
		return cpu % options.cpus;
	cpu %= places[choose(STREAM_ACTOR, ~0UL, 4) % ARRAY_SIZE(places)];
	return (cpu + choose(STREAM_ACTOR, ~0UL, 5)) % options.cpus;
}

/* Their priorities: equal ones, or any order. */
u64 role_priority(u64 key)
{
	if (!role_is_serving() || choose(STREAM_ACTOR, ~0UL, 6) % 2)
		return 30;
	return 28 + choose(STREAM_ACTOR, key, 6) % 4;
}

static enum role role_of(const struct actor *actor)
{
	static const u8 roles[] = { ROLE_SERVER, ROLE_SERVER, ROLE_SERVER, ROLE_CLIENT,
				    ROLE_CLIENT, ROLE_CLIENT, ROLE_CLIENT, ROLE_NONE };

	if (!role_is_serving() || actor_is_init(actor->thread))
		return ROLE_NONE;
	return roles[choose(STREAM_ACTOR, actor->name, ~7UL) % ARRAY_SIZE(roles)];
}

bool role_acts(const struct actor *actor)
{
	return role_of(actor) != ROLE_NONE && choose(STREAM_ACTOR, actor->operation, 7) % 8;
}

static bool is_of_type(const struct actor *actor, handle_t handle, u8 type)
{
	const struct slot *slot = actor_slot(actor->thread, handle);

	return handle && cap_handle(slot->token) == handle && cap_type(slot->token) == type &&
	       actor_object(slot);
}

/* What the thread lacks it makes first. */
static u64 create(struct actor *actor, u64 type)
{
	actor->call = call_named(SYS_cap_create);
	memset(actor->argument, 0, sizeof(actor->argument));
	actor->argument[0] = type;
	return 0;
}

/* Nothing to do for now: let others run, or time go by. */
static u64 rest(struct actor *actor, u64 random)
{
	actor->call = call_named(random & 1 ? SYS_thread_yield : SYS_thread_sleep);
	actor->argument[0] = machine_time + (random >> 1) % 16 * 1000;
	return 0;
}

static const struct reply *reply_of(const struct actor *actor)
{
	return container_of(actor_object(actor_slot(actor->thread, actor->reply)), struct reply,
			    object);
}

static u64 serve(struct actor *actor, u64 random)
{
	const struct cap_space *space = &actor->thread->process->caps;
	u32 right = RIGHT_RECEIVE | (random >> 20 & 31 ? 0 : PICK_LACKING);
	handle_t endpoint = call_pick_handle(space, 0, TYPE_ENDPOINT, right, actor->name);
	const struct thread *caller;
	u32 number = SYS_ipc_receive;

	if (!endpoint)
		return create(actor, TYPE_ENDPOINT);
	if (!is_of_type(actor, actor->reply, TYPE_REPLY) || random % 32 == 0)
		actor->reply = call_pick_handle(space, SYS_ipc_receive, TYPE_REPLY, RIGHT_USE,
						actor->operation);
	if (!actor->reply)
		return create(actor, TYPE_REPLY);
	caller = reply_of(actor)->caller;
	if (caller && !reply_has_caller(caller))
		return random >> 16 & 1 ? create(actor, TYPE_REPLY) : rest(actor, random >> 17);
	if (caller)
		number = random >> 8 & 15 ? SYS_ipc_reply_receive : SYS_ipc_reply;
	actor->call = call_named(number);
	if (number == SYS_ipc_reply)
		return actor->reply;
	return endpoint | (u64)actor->reply << 32;
}

static bool is_served(const struct actor *actor, handle_t handle)
{
	struct object *object = actor_object(actor_slot(actor->thread, handle));
	const struct list *first = NULL;

	if (object)
		first = list_first(&container_of(object, struct endpoint, object)->receivers);
	return first && list_entry(first, struct thread, wait_link)->reply;
}

static u64 consume(struct actor *actor, u64 random)
{
	const struct cap_space *space = &actor->thread->process->caps;
	u32 right = RIGHT_CALL | (random >> 20 & 15 ? 0 : PICK_LACKING);
	handle_t endpoint = call_pick_handle(space, SYS_ipc_call, TYPE_ENDPOINT, right,
					     actor->operation);

	if (!endpoint)
		return create(actor, TYPE_ENDPOINT);
	actor->call = call_named(SYS_ipc_call);
	if (is_served(actor, endpoint) || random % 4 == 0)
		return endpoint;
	return rest(actor, random >> 8);
}

u64 role_choose(struct actor *actor)
{
	u64 random = choose(STREAM_ACTOR, actor->operation, 8);

	return role_of(actor) == ROLE_SERVER ? serve(actor, random) : consume(actor, random);
}

/* ---- ambushes ---- */

/*
 * In a third of the runs a thread that finds a call of another one under way often
 * takes away what that is about, or interrupts or moves who makes it: what a call
 * looked at first is gone when it comes to the deed.  There all calls are drawn alike,
 * and CPUs are left as often as can be.
 */
bool role_lies_in_wait(void)
{
	return choose(STREAM_ACTOR, ~0UL, 14) % 3 == 0;
}

static bool is_in_ambush(const struct actor *actor)
{
	return role_lies_in_wait() && choose(STREAM_ACTOR, actor->operation, 41) % 2;
}

/* What it is about: an object of a handle, or of a fault the endpoint. */
static const struct object *prey_of(const struct actor *victim, u64 random)
{
	const struct holding *holding = &victim->holding[random & victim->holding[1].is_known];
	const struct process *process = victim->thread->process;

	if (victim->thread->regs.pc == PC_ACCESS)
		return process->fault_slot ? actor_object(slot_by_number(process->fault_slot)) :
					     NULL;
	return holding->is_known ? object_by_id(holding->object) : NULL;
}

/* A capability of @space to the object with @right, one of several. */
static handle_t handle_to(const struct cap_space *space, const struct object *object, u32 right,
			  u64 random)
{
	handle_t found = HANDLE_NULL;
	u32 count = 0;

	for (u32 i = 0; i < space->nr_leaves * CAP_LEAF_SLOTS; i++) {
		const struct slot *slot = &space->directory[i / CAP_LEAF_SLOTS][i % CAP_LEAF_SLOTS];

		if (i % CAP_LEAF_SLOTS && cap_type(slot->token) != TYPE_NONE &&
		    actor_object(slot) == object && (cap_rights(slot->token) & right) == right &&
		    (random >> count % 32 & 1 || !found)) {
			found = cap_handle(slot->token);
			count++;
		}
	}
	return found;
}

static u64 fall_upon_thread(struct actor *actor, const struct thread *thread, u64 random)
{
	static const u16 calls[] = { SYS_thread_interrupt, SYS_thread_interrupt, SYS_thread_set,
				     SYS_thread_set, SYS_thread_suspend, SYS_cap_destroy };
	u32 number = calls[random % ARRAY_SIZE(calls)];
	u64 handle;

	if (actor_is_init(thread) && number >= SYS_thread_suspend)
		return HANDLE_NULL;
	handle = handle_to(&actor->thread->process->caps, &thread->object,
			   number == SYS_cap_destroy ? RIGHT_DESTROY : RIGHT_MANAGE, random >> 8);
	actor->call = call_named(number);
	actor->argument[0] = call_pick_settings(random >> 16, false);
	return handle;
}

u64 role_ambush(struct actor *actor)
{
	static const u16 calls[] = { SYS_cap_destroy, SYS_cap_destroy, SYS_cap_revoke,
				     SYS_cap_delete };
	u64 random = choose(STREAM_ACTOR, actor->operation, 42);
	const struct actor *victim = is_in_ambush(actor) ? actor_under_way(random >> 8) : NULL;
	const struct object *object;

	if (!victim || victim == actor)
		return HANDLE_NULL;
	memset(actor->argument, 0, sizeof(actor->argument));
	if (random % 3 == 0)
		return fall_upon_thread(actor, victim->thread, random >> 16);
	object = prey_of(victim, random >> 2);
	if (!object || call_protects(object))
		return HANDLE_NULL;
	actor->call = call_named(calls[random >> 16 & 3]);
	return handle_to(&actor->thread->process->caps, object,
			 actor->call->number == SYS_cap_destroy ? RIGHT_DESTROY : 0, random >> 24);
}

/* Nothing but words, most of the time: who serves or is served need not fear to wait for ever. */
bool role_is_brief(const struct actor *actor)
{
	return role_acts(actor) && choose(STREAM_ACTOR, actor->operation, 10) % 8;
}
