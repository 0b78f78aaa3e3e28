// SPDX-License-Identifier: MIT
/*
 * What a user thread asks for: a call out of the generated grammar, handles of
 * its process that fit, arguments by their names.  Most are valid, because a
 * call refused at once tells nothing; handles are few and those preferred with
 * which something will happen, so that threads meet.
 */
#include <string.h>

#include <kernel/ipc.h>
#include <kernel/main.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/thread.h>

#include <generated/syscall_grammar.h>
#include <generated/syscall_numbers.h>

#include "actor.h"

#define SPREAD 0x40000000UL /* where fixed mappings go */
#define FEW 3
#define HOARD 54     /* capabilities more than the opening gives */
#define FIRST_MADE 4 /* in the opening: number of the first handle that its first steps make */
#define FIRST_COPY 7 /* in the opening: an endpoint for the first process */

/* How often each call is drawn; those not named: 4. */
static const u8 weights[SYS_LIMIT] = {
	[SYS_null] = 1,		  [SYS_ipc_call] = 24,	      [SYS_ipc_reply_receive] = 20,
	[SYS_ipc_send] = 12,	  [SYS_ipc_receive] = 40,     [SYS_ipc_reply] = 16,
	[SYS_notify_signal] = 12, [SYS_notify_wait] = 10,     [SYS_thread_create] = 10,
	[SYS_thread_exit] = 3,	  [SYS_process_exit] = 2,     [SYS_thread_resume] = 8,
	[SYS_cap_create] = 8,	  [SYS_cap_derive] = 12,	      [SYS_cap_copy] = 14,
	[SYS_cap_revoke] = 6,	  [SYS_cap_destroy] = 4,      [SYS_mem_map] = 16,
	[SYS_mem_unmap] = 10,	  [SYS_mem_seal] = 8,	      [SYS_mem_protect] = 8,
	[SYS_thread_set] = 6,	  [SYS_thread_interrupt] = 6, [SYS_system_log] = 1,
};

/* ---- handles ---- */

bool call_protects(const struct object *object)
{
	if (object->type == TYPE_PROCESS)
		return container_of(object, struct process, object) == init_process;
	if (object->type != TYPE_THREAD)
		return false;
	return container_of(object, struct thread, object)->process == init_process;
}

/* The object is in a state in which the call gets something done. */
static bool is_promising(u32 call, const struct object *object)
{
	const struct endpoint *endpoint = container_of(object, struct endpoint, object);
	const struct reply *reply = container_of(object, struct reply, object);

	if (object->type == TYPE_ENDPOINT && (call == SYS_ipc_call || call == SYS_ipc_send))
		return !list_is_empty(&endpoint->receivers);
	if (object->type == TYPE_ENDPOINT)
		return endpoint->senders.first;
	if (object->type == TYPE_REPLY)
		return call == SYS_ipc_receive ? !reply->caller : reply_has_caller(reply->caller);
	return false;
}

/* How much the seed likes the slot: the same whatever other slots there are. */
static u64 liking(u64 key, u64 token, u32 rights, bool promises)
{
	bool suits = (cap_rights(token) & rights & RIGHTS_ALL) == (rights & RIGHTS_ALL);
	u64 random = choose(STREAM_ACTOR, key, token);
	u64 like = random >> 3;

	like |= suits == !(rights & PICK_LACKING) ? 1UL << 63 : 0;
	return promises && random & 3 ? like | 1UL << 62 : like;
}

/* The handle of @space that the seed likes best among the first of @type: few, so that threads meet. */
handle_t call_pick_handle(const struct cap_space *space, u32 call, u8 type, u32 rights, u64 key)
{
	u64 best = 0;
	handle_t handle = HANDLE_NULL;
	u32 count = 0;

	for (u32 i = 0; i < space->nr_leaves * CAP_LEAF_SLOTS; i++) {
		const struct slot *slot = &space->directory[i / CAP_LEAF_SLOTS][i % CAP_LEAF_SLOTS];
		u64 token = slot->token, like;
		const struct object *object;

		if (!(i % CAP_LEAF_SLOTS) || cap_type(token) == TYPE_NONE ||
		    (type != TYPE_NONE && cap_type(token) != type))
			continue;
		object = actor_object(slot);
		like = liking(key, token, rights, object && is_promising(call, object));
		if (!object || call_protects(object) || like <= best ||
		    (type != TYPE_NONE && count++ >= FEW && !(rights & PICK_LACKING)))
			continue;
		best = like;
		handle = cap_handle(token);
	}
	return handle;
}

static u32 count_handles(const struct cap_space *space, u8 type)
{
	u32 count = 0;

	for (u32 i = 0; i < space->nr_leaves * CAP_LEAF_SLOTS; i++)
		if (i % CAP_LEAF_SLOTS &&
		    cap_type(space->directory[i / CAP_LEAF_SLOTS][i % CAP_LEAF_SLOTS].token) ==
			    type)
			count++;
	return count;
}

/* ---- operands ---- */

static u64 pick_deadline(u64 random)
{
	return machine_time + random % 200 * 1000;
}

static u64 pick_type(u64 random)
{
	static const u8 types[] = { TYPE_ENDPOINT,     TYPE_ENDPOINT,	  TYPE_REPLY,  TYPE_REPLY,
				    TYPE_NOTIFICATION, TYPE_NOTIFICATION, TYPE_MEMORY, TYPE_MEMORY,
				    TYPE_PROCESS,      TYPE_NONE };

	return types[random % ARRAY_SIZE(types)];
}

u64 call_pick_settings(u64 random, bool creates)
{
	return THREAD_PRIORITY(24 + random % 8) | THREAD_CPU((random >> 8) % options.cpus) |
	       (creates ? THREAD_START : 0) | (creates && random >> 16 & 1 ? THREAD_NO_PAGE : 0);
}

/* All of them, any, or all but one. */
static u64 pick_rights(u64 random)
{
	if (random & 1)
		return RIGHTS_ALL;
	return random & 2 ? random >> 8 & RIGHTS_ALL : RIGHTS_ALL & ~(1UL << (random >> 8) % 9);
}

static u64 pick_flags(u64 random)
{
	static const u8 flags[] = { MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_WRITE,
				    MAP_READ | MAP_EXECUTE };

	return flags[random % ARRAY_SIZE(flags)];
}

/* A value for the argument called @name; most are valid. */
static u64 pick_argument(const struct actor *actor, const char *name, u64 random)
{
	static const struct {
		const char *name;
		u64 low, count, unit;
	} ranges[] = {
		{ "bits", 1, 15, 1 },
		{ "what", 0, 5, 1 },
		{ "index", 0, 4, 1 },
		{ "code", 0, 4, 1 },
		{ "mode", 0, 2, 1 },
		{ "line", 0, 9, 1 },
		{ "length", 0, 34, 1 },
		{ "pages", 1, 4, 1 },
		{ "kind", 0, 2, 1 },
		{ "size", 1, 6, PAGE_SIZE },
		{ "offset", 0, 2, PAGE_SIZE },
		{ "width", 1, 2, 1 },
		{ "first", 0, 64, 8 },
		{ "count", 1, 8, 1 },
		{ "badge", 0, 2, 7 },
		{ "base", (HOST_MEMORY_SIZE >> 12) - 8, 72, PAGE_SIZE },
		{ "entry", PC_DECIDE, 1, 1 },
		{ "stack", 0x20000, 1, 1 },
		{ "value", 0, 1, 1 },
	};

	if (random >> 60 == 0)
		return random; /* seldom anything at all */
	for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
		if (!strcmp(ranges[i].name, name))
			return (ranges[i].low + random % ranges[i].count) * ranges[i].unit;
	if (!strcmp(name, "deadline"))
		return pick_deadline(random);
	if (!strcmp(name, "type"))
		return pick_type(random);
	if (!strcmp(name, "settings"))
		return call_pick_settings(random, actor->call->number == SYS_thread_create);
	if (!strcmp(name, "flags"))
		return pick_flags(random);
	if (!strcmp(name, "rights"))
		return pick_rights(random);
	if (!strcmp(name, "address"))
		return random & 1 ? 0 : SPREAD + (random >> 8) % 16 * PAGE_SIZE;
	return random & 0xff;
}

/* A mapping that lies inside of the object and that its state permits. */
static void fit_mapping(struct actor *actor, const struct memory *memory, u64 random)
{
	u64 offset = random % memory->nr_pages;

	actor->argument[1] = MIN(1 + (random >> 8 & 1), memory->nr_pages - offset) * PAGE_SIZE;
	actor->argument[2] = offset * PAGE_SIZE;
	if (memory->is_sealed)
		actor->argument[3] = MAP_READ | (random >> 9 & 1 ? MAP_EXECUTE : 0);
	else
		actor->argument[3] = MAP_READ | (random >> 9 & 3 ? MAP_WRITE : 0);
}

static struct object *object_of(const struct actor *actor, handle_t handle)
{
	return handle ? actor_object(actor_slot(actor->thread, handle)) : NULL;
}

/* What depends on more than the name. */
static void adjust_arguments(struct actor *actor, u64 handles, u64 random)
{
	const struct object *first = object_of(actor, (handle_t)handles);
	const struct object *second = object_of(actor, (handle_t)(handles >> 32));
	const struct mapping *mapping;

	switch (actor->call->number) {
	case SYS_cap_create:
		if (actor->argument[0] == TYPE_PROCESS &&
		    count_handles(&actor->thread->process->caps, TYPE_PROCESS) >=
			    (actor_is_init(actor->thread) ? FEW + 1 : 1))
			actor->argument[0] = TYPE_ENDPOINT;
		actor->argument[1] = actor->argument[0] == TYPE_MEMORY ? 1 + random % 6 : 0;
		break;
	case SYS_thread_create:
		actor->argument[2] = actor->operation; /* its name */
		break;
	case SYS_system_info: actor->argument[0] = random % (INFO_IRQS + 2); break;
	case SYS_mem_map:
		if (second && second->type == TYPE_MEMORY && random & 7)
			fit_mapping(actor, container_of(second, struct memory, object),
				    random >> 8);
		break;
	case SYS_mem_unmap:
	case SYS_mem_protect:
		mapping =
			first && first->type == TYPE_PROCESS ?
				actor_mapping(container_of(first, struct process, object), random) :
				NULL;
		if (!mapping || !(random >> 8 & 7))
			break;
		actor->argument[0] = mapping->address;
		actor->argument[1] = random >> 16 & 1 ? mapping->size : PAGE_SIZE;
		if (actor->call->number == SYS_mem_protect)
			actor->argument[2] = mapping->flags & MAP_WRITE || random >> 18 & 1 ?
						     MAP_READ | (random >> 19 & MAP_WRITE) :
						     MAP_READ;
		break;
	default: break;
	}
}

/* ---- calls ---- */

/* In some runs processes come and go all the time. */
static bool is_violent(void)
{
	return choose(STREAM_ACTOR, ~0UL, 2) % 3 == 0;
}

/*
 * A run that draws from all calls seldom does the same few things again and
 * again, which is what some mistakes need (Groce and others, "Swarm Testing",
 * ISSTA 2012).
 */
static u32 swarm_weight(u32 number, u32 weight)
{
	static const u8 factors[] = { 0, 0, 1, 4 };

	if (!options.swarms || number == SYS_cap_create)
		return weight;
	return weight * factors[choose(STREAM_ACTOR, ~1UL, number) % ARRAY_SIZE(factors)];
}

static u32 weight_of(u32 number)
{
	u32 weight = swarm_weight(number, weights[number] ? weights[number] : 4);

	if (role_lies_in_wait())
		weight = swarm_weight(number, number == SYS_cap_create ? 32 : 4);
	switch (number) {
	case SYS_process_exit:
	case SYS_cap_destroy:
	case SYS_cap_copy:
	case SYS_thread_create:
	case SYS_thread_set: return is_violent() ? 3 * weight : weight;
	default: return weight;
	}
}

static const struct grammar *pick_call(const struct thread *thread, u64 random)
{
	u32 total = 0;

	for (u32 i = 0; i < ARRAY_SIZE(syscall_grammar); i++)
		total += weight_of(syscall_grammar[i].number);
	random %= total;
	for (u32 i = 0; i < ARRAY_SIZE(syscall_grammar); i++) {
		const struct grammar *call = &syscall_grammar[i];
		u32 weight = weight_of(call->number);

		if (random < weight) {
			bool ends_init =
				call->number == SYS_thread_exit || call->number == SYS_process_exit;

			return call->number == SYS_system_power_off ||
					       (ends_init && actor_is_init(thread)) ?
				       &syscall_grammar[0] :
				       call;
		}
		random -= weight;
	}
	return &syscall_grammar[0];
}

const struct grammar *call_named(u32 number)
{
	for (u32 i = 0; i < ARRAY_SIZE(syscall_grammar); i++)
		if (syscall_grammar[i].number == number)
			return &syscall_grammar[i];
	return NULL;
}

static u64 pick_tag(const struct actor *actor, u64 random)
{
	struct thread *thread = actor->thread;
	u64 tag = (random & 15) << MSG_WORDS_SHIFT | (random >> 4 & 15) << MSG_MOVE_SHIFT;

	/* Nothing but words: the short way, if the partner is there. It may wait for ever. */
	if (role_is_brief(actor) || (!actor_is_init(thread) && (random >> 40) % 3 == 0))
		return (random % (MSG_REG_WORDS + 1)) << MSG_WORDS_SHIFT;
	if (!(random >> 8 & 3))
		tag |= (random >> 10 & 3) % 3 << MSG_CAPS_SHIFT;
	tag |= (random >> 12 & 7 ? 2UL : random >> 12 & 1) << MSG_ACCEPT_SHIFT;
	if (!(random >> 16 & 7))
		return tag | MSG_NONBLOCK;
	if (!thread->page || (!actor_is_init(thread) && !(random >> 18 & 3)))
		return actor_is_init(thread) ? tag | MSG_NONBLOCK : tag;
	thread->page[MSG_DEADLINE] = pick_deadline(random >> 20);
	return tag | MSG_TIMEOUT;
}

static void fill_message(const struct actor *actor, u64 random)
{
	struct thread *thread = actor->thread;
	u64 key = actor->operation;
	const struct cap_space *space = &thread->process->caps;
	struct arch_regs *regs = &thread->regs;

	regs->tag |= pick_tag(actor, random);
	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		regs->words[i] = key + i;
	for (u32 i = 0; i < MSG_MAX_CAPS; i++) {
		u32 lacking = choose(STREAM_ACTOR, key + i, 13) % 8 ? 0 : PICK_LACKING;
		u32 right = regs->tag >> MSG_MOVE_SHIFT & 1U << i ? RIGHT_MOVE : RIGHT_DERIVE;
		u64 handle = call_pick_handle(space, 0, TYPE_NONE, right | lacking, key + i);

		regs->caps[i / 2] = (i % 2 ? regs->caps[i / 2] : 0) | handle << 32 * (i % 2);
	}
}

/* Handles for the call. Return: false if there is none of a type it needs. */
static bool fill_handles(struct actor *actor, u64 *handles)
{
	const struct cap_space *space = &actor->thread->process->caps;
	const struct grammar *call = actor->call;

	*handles = 0;
	if (call->number == SYS_cap_copy && choose(STREAM_ACTOR, actor->operation, 9) % 4 == 0) {
		/* A process gets its own handle, as its creator is expected to give it. */
		handle_t self = call_pick_handle(space, 0, TYPE_PROCESS, RIGHT_GIVE,
						 actor->operation);

		*handles = self | (u64)self << 32;
		return self != HANDLE_NULL;
	}
	for (u32 i = 0; i < call->nr_handles; i++) {
		u64 wish = choose(STREAM_ACTOR, actor->operation, 30 + i);
		u32 right = call->rights[i] | (wish % 12 ? 0 : PICK_LACKING);
		u8 type = call->number == SYS_cap_destroy && is_violent() ? TYPE_PROCESS :
									    call->types[i];
		handle_t handle =
			call_pick_handle(space, call->number, type, right, actor->operation + i);

		u64 random = choose(STREAM_ACTOR, actor->operation, 20 + i);

		if (random % 16 == 0) /* stale, or nobody's yet */
			handle = HANDLE_MAKE((u32)(random >> 8) % 70, 1 + (u32)(random >> 16) % 3);
		if (handle == HANDLE_NULL && i == 0)
			return false;
		*handles |= (u64)handle << 32 * i;
	}
	return true;
}

/* Without an object of the right type the thread makes one first. */
static void create_instead(struct actor *actor, u64 random)
{
	u8 wanted = actor->call->types[0];

	actor->call = call_named(SYS_cap_create);
	memset(actor->argument, 0, sizeof(actor->argument));
	actor->argument[0] = wanted >= TYPE_ENDPOINT && wanted <= TYPE_MEMORY ? wanted :
			     wanted == TYPE_THREAD || wanted == TYPE_PROCESS  ? TYPE_PROCESS :
										TYPE_ENDPOINT;
	adjust_arguments(actor, 0, random);
}

/*
 * How the first thread begins, most of the time: two processes that share two
 * endpoints, a notification and memory, with two threads each.  Handles by the
 * order in which they are made, behind the four that init finds.
 */
static const struct {
	u8 call, first, second;
	u64 argument[4];
} opening[] = {
	{ SYS_cap_create, 0, 0, { TYPE_ENDPOINT } },
	{ SYS_cap_create, 0, 0, { TYPE_ENDPOINT } },
	{ SYS_cap_create, 0, 0, { TYPE_NOTIFICATION } },
	{ SYS_cap_create, 0, 0, { TYPE_MEMORY, 4 } },
	{ SYS_cap_create, 0, 0, { TYPE_PROCESS } },
	{ SYS_cap_create, 0, 0, { TYPE_PROCESS } },
	{ SYS_cap_copy, 8, 8, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_cap_copy, 4, 8, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_cap_copy, 6, 8, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_cap_copy, 7, 8, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_thread_create, 8, 0, { PC_DECIDE, 0, 0, THREAD_CPU(1) } },
	{ SYS_thread_create, 8, 0, { PC_DECIDE, 0, 0, THREAD_CPU(2) } },
	{ SYS_cap_copy, 9, 9, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_cap_copy, 4, 9, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_cap_copy, 5, 9, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_cap_copy, 7, 9, { CAP_LEND, RIGHTS_ALL } },
	{ SYS_thread_create, 9, 0, { PC_DECIDE, 0, 0, THREAD_CPU(3) } },
	{ SYS_thread_create, 9, 0, { PC_DECIDE, 0, 0, THREAD_CPU(0) } },
};

/* Some processes are given so many capabilities that their threads need another leaf of slots. */
static bool is_hoarding(const struct actor *actor)
{
	return actor->nr_operations <= ARRAY_SIZE(opening) + HOARD &&
	       choose(STREAM_ACTOR, ~0UL, 1) % 8 == 0;
}

static bool is_opening(const struct actor *actor)
{
	return actor_is_init(actor->thread) && choose(STREAM_ACTOR, ~0UL, 0) % 8 &&
	       (actor->nr_operations <= ARRAY_SIZE(opening) || is_hoarding(actor));
}

/* The handle numbered @n above; those whose making was dropped from the history leave no gap. */
static u64 opening_handle(const struct actor *actor, u32 n)
{
	u32 place = n;

	for (u32 i = FIRST_MADE; i < n; i++)
		place -= is_dropped(actor_operation_key(actor, i - FIRST_MADE + 1));
	if (!n || (n >= FIRST_MADE && is_dropped(actor_operation_key(actor, n - FIRST_MADE + 1))))
		return HANDLE_NULL;
	return HANDLE_FIRST(place);
}

static u64 open_with(struct actor *actor, u64 n)
{
	if (n >= ARRAY_SIZE(opening))
		n = FIRST_COPY;
	actor->call = call_named(opening[n].call);
	memset(actor->argument, 0, sizeof(actor->argument));
	memcpy(actor->argument, opening[n].argument, sizeof(opening[n].argument));
	if (opening[n].call == SYS_cap_copy && choose(STREAM_ACTOR, actor->operation, 11) % 8 == 0)
		actor->argument[1] = pick_rights(choose(STREAM_ACTOR, actor->operation, 12) & ~3UL);
	if (opening[n].call == SYS_thread_create) {
		actor->argument[2] = actor->operation;
		actor->argument[3] = THREAD_CPU(role_cpu(actor->argument[3] >> 8)) | THREAD_START |
				     THREAD_PRIORITY(role_priority(actor->operation));
	}
	return opening_handle(actor, opening[n].first) |
	       opening_handle(actor, opening[n].second) << 32;
}

/* The first thread leaves the field to the others half of the time. */
static bool gives_way(struct actor *actor, u64 random)
{
	if (!actor_is_init(actor->thread) || random & 1)
		return false;
	actor->call = call_named(SYS_thread_sleep);
	actor->argument[0] = machine_time + 2000 + random % 64 * 1000;
	return true;
}

/* It has what is created most: something else, then. */
static bool is_rich(const struct actor *actor)
{
	const struct cap_space *space = &actor->thread->process->caps;

	return count_handles(space, TYPE_ENDPOINT) >= FEW &&
	       count_handles(space, TYPE_REPLY) >= FEW && count_handles(space, TYPE_MEMORY) >= FEW;
}

static u64 pick_operands(struct actor *actor, u64 random)
{
	u64 handles = 0;

	actor->call = pick_call(actor->thread, random);
	if (actor->call->number == SYS_cap_create && is_rich(actor))
		actor->call = pick_call(actor->thread, random >> 24);
	for (u32 i = 0; i < actor->call->nr_args; i++)
		actor->argument[i] = pick_argument(actor, actor->call->args[i],
						   choose(STREAM_ACTOR, actor->operation, 2 + i));
	if (fill_handles(actor, &handles)) {
		adjust_arguments(actor, handles, random >> 16);
	} else {
		create_instead(actor, random >> 16);
		handles = 0;
	}
	return handles;
}

u64 call_choose(struct actor *actor)
{
	struct arch_regs *regs = &actor->thread->regs;
	u64 random = choose(STREAM_ACTOR, actor->operation, 1), handles = 0;

	if (is_opening(actor))
		handles = open_with(actor, actor->nr_operations - 1);
	else if (role_acts(actor))
		handles = role_choose(actor);
	else if (!(handles = role_ambush(actor)) && !gives_way(actor, random >> 40))
		handles = pick_operands(actor, random);
	regs->tag = actor->call->number;
	/* The register of the status, too. */
	regs->status = actor->call->nr_handles ? handles : random;
	memcpy(regs->args, actor->argument, sizeof(regs->args));
	if (actor->call->is_raw)
		fill_message(actor, random >> 20);
	return handles;
}
