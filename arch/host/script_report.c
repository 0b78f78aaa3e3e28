// SPDX-License-Identifier: MIT
/*
 * Words for people: operations in a history, and how much of what can be asked
 * has been asked: each call with each of its objects in each state that the model
 * tells apart, and each documented error.
 */
#include <stdio.h>

#include <model.h>

#include <generated/syscall_errors.h>
#include <generated/syscall_grammar.h>
#include <generated/syscall_names.h>
#include <generated/syscall_numbers.h>

#include "script.h"

#define NOTHING 80 /* no capability */
#define SELDOM 5   /* rights that lack less often are named */
_Static_assert(M_ACCESS == ACCESS_CALL && M_RAISE == RAISE_CALL, "the model's numbers");
_Static_assert((TYPE_MAX + 1) * M_STATES == NOTHING && SITUATIONS == NOTHING + 1, "situations");

/* ---- words for people ---- */

static const char *const type_names[] = {
	"nothing",	"process", "thread", "endpoint", "reply",
	"notification", "memory",  "irq",    "ioport",	 "system"
};

const char *script_name(u32 number)
{
	return number == M_ACCESS ? "access" : number == M_RAISE ? "raise" : syscall_names[number];
}

void script_describe(u64 key, u64 slot, const struct m_object *self, const struct m_call *call)
{
	char text[400];
	int length = snprintf(text, sizeof(text), "%s", script_name(call->number));
	bool is_ipc = call->number >= SYS_ipc_call && call->number <= SYS_ipc_reply;

	for (u32 i = 0; i < 2; i++) {
		struct m_cap *cap = model_find(self->process, call->handle[i]);

		if (call->handle[i])
			length += snprintf(text + length, sizeof(text) - (size_t)length,
					   " %x=%s%u.%lx", call->handle[i],
					   cap ? type_names[cap->object->type] : "nothing",
					   cap ? cap->object->name : 0, cap ? cap->badge : 0);
	}
	for (u32 i = 0; i < 5 && !is_ipc; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, " %lx",
				   call->arg[i]);
	if (is_ipc)
		snprintf(text + length, sizeof(text) - (size_t)length,
			 " label %x words %u of %lx, caps %u (%x %x) move %x accept %u%s%s until "
			 "%lx",
			 call->label, call->words, call->pattern, call->nr_caps, call->cap[0],
			 call->cap[1], call->move, call->accept,
			 call->flags & MSG_NONBLOCK ? " nonblocking" : "",
			 call->flags & MSG_TIMEOUT ? " timed" : "", call->deadline);
	note_step(key, "slot %lu: thread%u of process%u: %s", slot, self->name, self->process->name,
		  text);
}

/* ---- situations ---- */

static u32 situation_of(const struct m_cap *cap, const struct m_object *self)
{
	return cap ? cap->object->type * M_STATES + model_state(cap->object, self) : NOTHING;
}

void script_situation(const struct m_object *self, const struct m_call *call)
{
	u32 situation[2];

	for (u32 i = 0; i < 2; i++)
		situation[i] = situation_of(model_find(self->process, call->handle[i]), self);
	if (call->number < M_ACCESS)
		note_situation(call->number, situation[0], situation[1]);
}

/* The states of each type, a bit each, as model_state() numbers them. */
static const u8 states[TYPE_MAX + 1] = {
	[TYPE_PROCESS] = 0x87, [TYPE_THREAD] = 0xff,	   [TYPE_ENDPOINT] = 0x07,
	[TYPE_REPLY] = 0x07,   [TYPE_NOTIFICATION] = 0x0f, [TYPE_MEMORY] = 0x0f,
	[TYPE_IRQ] = 0x07,     [TYPE_IOPORT] = 0x01,	   [TYPE_SYSTEM] = 0x01,
};

/* All calls, also those to come, but for these, which the model leaves out. */
static bool is_known(u32 number)
{
	return number < SYS_system_power_off || number > SYS_clock_now;
}

/* To be refused memory is what none may be left out of. */
static bool is_wanted(u32 number, long error)
{
	return is_known(number) || error == ST_NOMEM || error == ST_NOSLOTS;
}

static bool may_be_null(u32 number)
{
	return number == SYS_ipc_receive || number == SYS_notify_bind || number == SYS_irq_bind ||
	       number == SYS_process_set_fault || number == SYS_process_set_watch;
}

/* Is the situation one that the call can be made in, handles being of the right types? */
static bool is_possible(const struct grammar *call, u32 handle, u32 situation)
{
	u32 type = situation / M_STATES;

	if (handle >= call->nr_handles)
		return situation == NOTHING;
	if (situation == NOTHING)
		return handle == 1 && may_be_null(call->number);
	if (call->types[handle] != TYPE_NONE && call->types[handle] != type)
		return false;
	return states[type] >> situation % M_STATES & 1;
}

static const char *status_name(u32 error)
{
	static const char *const names[NR_STATUSES] = {
		"OK",	   "NOSYS",	 "BADHANDLE", "BADTYPE",     "NORIGHTS",    "INVALID",
		"BUSY",	   "WOULDBLOCK", "TIMEDOUT",  "INTERRUPTED", "NOMEM",	    "NOSLOTS",
		"DEPTH",   "EXISTS",	 "NOTFOUND",  "DEAD",	     "CALLER_GONE", "CAPSPACE",
		"NOREPLY", "SEALED",	 "TOOLONG",
	};

	return names[error];
}

static void report_errors(u32 ended[256][NR_STATUSES])
{
	u32 possible = 0, reached = 0;

	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++) {
		u32 number = syscall_errors[i].number;

		for (const signed char *error = syscall_errors[i].errors; *error; error++) {
			bool has_come = ended[number][-*error];

			if (!is_wanted(number, *error))
				continue;
			possible++;
			reached += has_come;
			if (!has_come)
				printf("not seen: %s %s\n", syscall_errors[i].name,
				       status_name((u32) - *error));
		}
	}
	printf("%u of %u documented errors came up\n", reached, possible);
}

/* ---- rights ---- */

/* Rights that depend on the operands: not in the grammar. */
static const struct {
	u16 call;
	u8 handle;
	u32 rights;
} asked[] = {
	{ SYS_ipc_call, 0, RIGHT_GRANT },
	{ SYS_ipc_send, 0, RIGHT_GRANT },
	{ SYS_cap_copy, 0, RIGHT_DERIVE | RIGHT_MOVE },
	{ SYS_cap_copy, 1, RIGHT_GIVE },
	{ SYS_mem_map, 0, RIGHT_MAP },
	{ SYS_mem_map, 1, RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE },
	{ SYS_mem_protect, 1, RIGHT_WRITE | RIGHT_EXECUTE },
	{ SYS_mem_info, 0, RIGHT_READ | RIGHT_DMA },
};

static u32 rights_asked(const struct grammar *call, u32 handle)
{
	/* A reply object's one capability lacks nothing. */
	u32 rights = call->types[handle] == TYPE_REPLY ? 0 : call->rights[handle];

	for (u32 i = 0; i < ARRAY_SIZE(asked); i++)
		if (asked[i].call == call->number && asked[i].handle == handle)
			rights |= asked[i].rights;
	return is_known(call->number) ? rights : 0;
}

static void report_rights(u32 lacking[256][2][NR_RIGHTS])
{
	u32 possible = 0, reached = 0, least = ~0u;

	for (u32 i = 0; i < ARRAY_SIZE(syscall_grammar) * 2 * NR_RIGHTS; i++) {
		const struct grammar *call = &syscall_grammar[i / NR_RIGHTS / 2];
		u32 handle = i / NR_RIGHTS % 2, right = i % NR_RIGHTS;
		u32 count = lacking[call->number][handle][right];

		if (!(rights_asked(call, handle) >> right & 1))
			continue;
		possible++;
		reached += count > 0;
		least = MIN(least, count);
		if (count < SELDOM)
			printf("right lacking %u times: %s, handle %u, %x\n", count, call->name,
			       handle, 1u << right);
	}
	printf("%u of %u rights were all that lacked, each %u times or more\n", reached, possible,
	       least);
}

void script_report(u32 ended[256][NR_STATUSES], u8 situation[256][SITUATIONS][SITUATIONS],
		   u32 lacking[256][2][NR_RIGHTS])
{
	u32 possible = 0, reached = 0;

	report_errors(ended);
	report_rights(lacking);
	for (u32 i = 0; i < ARRAY_SIZE(syscall_grammar); i++) {
		const struct grammar *call = &syscall_grammar[i];
		u32 all = 0, seen = 0;

		for (u32 k = 0; is_known(call->number) && k < SITUATIONS * SITUATIONS; k++) {
			u32 first = k / SITUATIONS, second = k % SITUATIONS;

			if (!is_possible(call, 0, first) || !is_possible(call, 1, second))
				continue;
			all++;
			seen += situation[call->number][first][second];
		}
		if (seen < all)
			printf("situations of %s: %u of %u\n", call->name, seen, all);
		possible += all;
		reached += seen;
	}
	printf("%u of %u situations reached: calls by states of their objects\n", reached,
	       possible);
}
