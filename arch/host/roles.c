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

/* Nothing but words, most of the time: who serves or is served need not fear to wait for ever. */
bool role_is_brief(const struct actor *actor)
{
	return role_acts(actor) && choose(STREAM_ACTOR, actor->operation, 10) % 8;
}
