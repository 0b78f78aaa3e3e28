// SPDX-License-Identifier: MIT
/*
 * User threads that do one operation at a time, drawn from the state of the
 * reference model (tests/model), and compared with it result by result.
 *
 * A thread without anything to do sleeps until a slot of virtual time that is its
 * own.  When that comes the machine has long been quiet: every other thread waits
 * or is stopped, every CPU idles.  The thread issues one operation and sleeps
 * again as soon as that has ended.  Deadlines lie half-way between slots.  So
 * there is one operation at a time, within which the CPUs still run side by side.
 * Choices depend on the seed and the slot only.
 */
#include <stdio.h>
#include <string.h>

#include <generate.h>
#include <model.h>

#include <kernel/memory.h>
#include <kernel/thread.h>
#include <kernel/vspace.h>

#include <generated/syscall_errors.h>
#include <generated/syscall_numbers.h>

#include "actor.h"
#include "script.h"

#define SLOT 10000000UL /* nanoseconds: longer than any operation takes */
#define NEAR_SLOTS 12	/* a thread draws its next one among so many */
#define MAX_SLOTS (1u << 19)
#define SPREAD 0x40000000UL
#define MAX_RESTARTS 4000
#define NOMEM ((u64)ST_NOMEM)
#define NOSLOTS ((u64)ST_NOSLOTS)

/* What is known of a thread beside the model. */
static struct scripted {
	struct m_object *self;
	struct thread *thread;
	u64 slot, key;
	struct m_call call; /* its operation, or what remains of it */
	u32 number;	    /* as it was issued */
	u32 failing;	    /* it will be tried again, with this allocation failing */
	u32 tries, nr_operations;
	bool is_parked; /* its call is the sleep until its slot */
	u64 blank;	/* word n of its message page was blank + n before */
} scripted[M_MAX_OBJECTS];

static u8 is_taken[MAX_SLOTS];
static u32 nr_issued;
static struct generator generator;
static u64 draw_key, nr_draws;
static struct scripted *pending; /* the kernel is at its operation, the model is not */
static struct holdings before;
static u32 waits_before;
static bool is_refused; /* the last operation found no memory */

/* ---- choices ---- */

static u64 draw(u64 below)
{
	u64 n = nr_draws++;

	return (options.input ? input_draw(nr_issued, n) : choose(STREAM_ACTOR, draw_key, n)) %
	       below;
}

static u64 now_slot(void)
{
	return (machine_time + SLOT / 2) / SLOT;
}

/* Each slot has one owner, so that two threads never act at once. */
static u64 take_slot(const struct m_object *self, u64 key)
{
	u64 slot = now_slot() + 1 + choose(STREAM_ACTOR, key, ~0UL) % NEAR_SLOTS;

	if (options.replays)
		return MIN(replay_slot(self, now_slot()), MAX_SLOTS);
	while (slot < MAX_SLOTS && is_taken[slot])
		slot++;
	if (slot >= MAX_SLOTS)
		return MAX_SLOTS;
	is_taken[slot] = 1;
	return slot;
}

/* ---- disagreement ---- */

static __noreturn void disagree(const struct scripted *s, const char *what, u64 kernel,
				u64 expected)
{
	char kind[64];

	snprintf(kind, sizeof(kind), "model, %s", script_name(s->self->call.number));
	fail(kind, "thread%u: %s: %s: the kernel says %ld (%lx), the model %ld (%lx)",
	     s->self->name, script_name(s->self->call.number), what, kernel, kernel, expected,
	     expected);
}

static void agree(const struct scripted *s, const char *what, u64 kernel, u64 expected)
{
	if (kernel != expected)
		disagree(s, what, kernel, expected);
}

/* ---- an operation begins ---- */

static u64 tag_of(const struct m_call *call)
{
	return call->number | (u64)(call->words & MSG_WORDS_MASK) << MSG_WORDS_SHIFT |
	       (u64)call->nr_caps << MSG_CAPS_SHIFT | (u64)call->move << MSG_MOVE_SHIFT |
	       (u64)(call->accept & MSG_ACCEPT_MASK) << MSG_ACCEPT_SHIFT | call->flags |
	       (u64)call->label << MSG_LABEL_SHIFT;
}

static void fill_page(struct scripted *s, const struct m_call *call)
{
	u64 *page = s->thread->page;

	s->blank = s->key ^ 0x5555555555555555;
	for (u32 i = MSG_REG_WORDS; page && i < MSG_MAX_WORDS; i++)
		page[i] = i < call->words ? call->pattern + i : s->blank + i;
	if (page)
		page[MSG_DEADLINE] = call->deadline;
}

static void fill_registers(struct scripted *s, const struct m_call *call)
{
	struct arch_regs *regs = &s->thread->regs;

	regs->tag = call->number;
	regs->status = call->handle[0] | (u64)call->handle[1] << 32;
	memcpy(regs->args, call->arg, sizeof(regs->args));
	if (call->number < SYS_ipc_call || call->number > SYS_ipc_reply)
		return;
	regs->tag = tag_of(call);
	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		regs->words[i] = call->pattern + i;
	for (u32 i = 0; i < 2; i++)
		regs->caps[i] = call->cap[2 * i] | (u64)call->cap[2 * i + 1] << 32;
	fill_page(s, call);
}

/*
 * On the model an operation happens when the first thing is seen of it, or of what
 * it does to others.  One that was refused for want of memory does not happen, and
 * of an ipc_reply_receive perhaps only the first step.
 */
static void apply_step(void)
{
	struct scripted *s = pending;

	if (options.fails && s->call.number == SYS_ipc_reply_receive &&
	    model_answer(s->self, &s->call) == ST_OK && !s->self->is_dead) {
		s->call.number = SYS_ipc_receive;
		return;
	}
	pending = NULL;
	if (!s->self->is_dead)
		model_issue(s->self, &s->call);
}

static void apply(void)
{
	while (pending)
		apply_step();
}

static void apply_until_seen(const struct scripted *s)
{
	while (pending && !s->self->has_result)
		apply_step();
}

/*
 * A receive that has refused a sender begins anew, and what that reserves may fail:
 * then something has happened, and only the first time is as if nothing had.
 */
static bool can_fail(const struct scripted *s)
{
	bool receives = s->number == SYS_ipc_receive || s->number == SYS_ipc_reply_receive;

	return options.fails && (!receives || s->failing <= s->call.accept);
}

/* Hand the operation to the kernel, with one of its allocations failing. */
static void issue(struct scripted *s)
{
	if (s->call.number == SYS_thread_create)
		s->call.arg[2] = model.nr_objects;
	script_describe(s->key, s->slot, s->self, &s->call);
	script_situation(s->self, &s->call);
	nr_issued++;
	s->number = s->call.number;
	before = holdings;
	waits_before = model_waits();
	replay_note(s->key, s->slot, s->self, &s->call, s->failing);
	model.label = s->slot << 16;
	pending = s;
	s->self->pc = PC_ACCESS;
	fill_registers(s, &s->call);
	s->thread->regs.pc = s->call.number == M_ACCESS ? PC_ACCESS : PC_CALL;
	mmu_fail_allocation(can_fail(s) ? s->failing : 0);
	if (!options.fails)
		apply();
}

/* Return: false if it has none in this slot. */
static bool choose_operation(struct scripted *s)
{
	if (options.replays)
		return replay_recall(s->slot, s->self, &s->call, &s->failing) &&
		       generate_again(s->self, &s->call);
	if (s->failing && generate_again(s->self, &s->call))
		return true;
	draw_key = s->key;
	nr_draws = 0;
	generate(&generator, s->self, s->nr_operations++, &s->call);
	s->call.words &= MSG_WORDS_MASK;
	s->call.accept &= MSG_ACCEPT_MASK;
	s->failing = 1;
	return true;
}

/* Sleep until a slot of its own. */
static void park(struct scripted *s)
{
	s->slot = take_slot(s->self, s->key + s->tries++);
	s->is_parked = true;
	if (nr_issued >= options.steps || (s->slot == MAX_SLOTS && !options.replays))
		is_winding_up = true;
	s->thread->regs.tag = SYS_thread_sleep;
	s->thread->regs.args[0] = is_winding_up || s->slot == MAX_SLOTS ? TIME_NEVER :
									  s->slot * SLOT;
	s->thread->regs.pc = PC_CALL;
	model_park(s->self, s->thread->regs.args[0]);
}

/* Who has an operation under way that must have ended by now? */
static void check_ended(void)
{
	for (u32 i = 0; i < model.nr_objects; i++) {
		const struct m_object *thread = model.object[i];

		if (thread->type == TYPE_THREAD && !thread->is_dead && !thread->is_stopped &&
		    thread->has_result)
			disagree(&scripted[i], "has not ended", 0, (u64)thread->result.status);
	}
}

/* Nothing else goes on in the machine. */
static void check_others(void)
{
	for (u32 i = 0; i < options.cpus; i++)
		if (&machine_cpus[i] != running &&
		    (machine_cpus[i].mode != MODE_IDLE || machine_is_interrupted(&machine_cpus[i])))
			fail("model, quiet", "CPU %u is not idle when an operation begins", i);
	check_ended();
}

/* An operation that found no memory has left nothing behind. */
static void check_refused(void)
{
	struct machine_cpu *self = running;
	bool was_refused = is_refused;

	is_refused = false;
	if (!options.fails)
		return;
	running = NULL; /* it is no CPU that looks */
	check_all();
	running = self;
	/* A wait that has ended meanwhile has given back what it had reserved. */
	if (was_refused && model_waits() == waits_before &&
	    memcmp(&before, &holdings, sizeof(before)))
		fail("model, refusal",
		     "a call without memory left objects %ld, slots %ld, mappings %ld",
		     holdings.objects - before.objects, holdings.slots - before.slots,
		     holdings.regions - before.regions);
}

static void wake_up(struct scripted *s, long status)
{
	bool is_on_time = machine_time >= s->slot * SLOT &&
			  machine_time < s->slot * SLOT + SLOT / 2;

	apply();
	model_advance(machine_time);
	if (s->self->is_dead)
		disagree(s, "is dead", 0, 1);
	s->is_parked = false;
	s->key = choose(STREAM_ACTOR, s->slot, 0) & ~1UL;
	s->tries = 0;
	if (status != ST_OK || !is_on_time || is_winding_up || is_dropped(s->key)) {
		park(s);
		return;
	}
	check_others();
	check_refused();
	views_settle();
	if (choose_operation(s))
		issue(s);
	else
		park(s);
}

/* ---- an operation ends ---- */

/* The kernel has chosen a handle: it must be a new one. */
static void adopt_handle(const struct scripted *s, struct m_cap *cap, u64 handle)
{
	if (!handle || handle >> 32 || model_find(cap->holder, (u32)handle))
		disagree(s, "a new handle", handle, 0);
	cap->handle = (u32)handle;
}

static void adopt_address(const struct scripted *s, struct m_map *map, u64 address)
{
	if (map->address)
		return;
	if (address % PAGE_SIZE || !range_within(address, map->size, USER_MAP_START, USER_MAP_END))
		disagree(s, "an address chosen", address, 0);
	for (u64 at = address; at < address + map->size; at += PAGE_SIZE)
		if (model_map(map->process, at))
			disagree(s, "an address chosen where something is", address, at);
	map->address = map->base = address;
}

static void adopt_page(const struct scripted *s, struct m_object *thread, u64 address)
{
	if (!thread->has_page)
		return;
	if (address % PAGE_SIZE || !range_within(address, PAGE_SIZE, MESSAGE_WINDOW, USER_END))
		disagree(s, "the address of a message page", address, 0);
	for (u32 i = 0; i < model.nr_objects; i++)
		if (model.object[i]->process == thread->process &&
		    model.object[i]->page == address && !model.object[i]->is_dead)
			disagree(s, "a message page of another thread", address, 0);
	thread->page = address;
}

static void compare_words(const struct scripted *s, const struct m_message *message)
{
	const struct m_call *sent = &s->self->call;
	const u64 *page = s->thread->page;

	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		if (message->known >> i & 1)
			agree(s, "a word in a register", s->thread->regs.words[i],
			      message->word[i]);
	for (u32 i = MSG_REG_WORDS; page && i < MSG_MAX_WORDS; i++) {
		u64 was = i < sent->words ? sent->pattern + i : s->blank + i;

		agree(s, "a word in the message page", page[i],
		      i < message->words ? message->pattern + i : was);
	}
}

static void compare_message(const struct scripted *s, const struct m_message *message)
{
	const struct arch_regs *regs = &s->thread->regs;

	agree(s, "kind of the message", regs->tag & MSG_CALL_MASK, message->kind);
	agree(s, "label", regs->tag >> MSG_LABEL_SHIFT, message->label);
	agree(s, "length", regs->tag >> MSG_WORDS_SHIFT & MSG_WORDS_MASK, message->words);
	agree(s, "number of capabilities", regs->tag >> MSG_CAPS_SHIFT & MSG_CAPS_MASK,
	      message->nr_caps);
	compare_words(s, message);
	for (u32 i = 0; i < MSG_MAX_CAPS; i++) {
		u64 handle = (u32)(regs->caps[i / 2] >> 32 * (i % 2));

		if (i >= message->nr_caps || !message->cap[i])
			agree(s, "a capability that does not come", handle, 0);
		else if (!message->cap[i]->is_gone && !message->cap[i]->handle)
			adopt_handle(s, message->cap[i], handle);
	}
}

static u32 values_of(u32 number)
{
	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++)
		if (syscall_errors[i].number == number)
			return syscall_errors[i].values;
	return 0; /* an access */
}

static void compare_values(const struct scripted *s, const struct m_result *result)
{
	const struct arch_regs *regs = &s->thread->regs;
	u32 values = result->has_message ? 1 : values_of(s->self->call.number);

	for (u32 i = 0; i < values; i++)
		if (result->known >> i & 1)
			agree(s,
			      i			  ? "value 1" :
			      result->has_message ? "badge" :
						    "value 0",
			      regs->args[i], result->value[i]);
	if (result->cap && !result->cap->is_gone)
		adopt_handle(s, result->cap, regs->args[0]);
	if (result->map)
		adopt_address(s, result->map, regs->args[0]);
	if (result->thread)
		adopt_page(s, result->thread, regs->args[1]);
}

/* What the model left open is said once. */
static void learn(const struct scripted *s)
{
	const struct arch_regs *regs = &s->thread->regs;
	struct m_object *self = s->self, *process = self->result.process;

	if (process)
		process->own_pages = regs->args[0] - self->result.value[0];
	if (self->call.number == SYS_thread_self && !self->number)
		self->number = (u32)regs->args[0];
	if (self->call.number == SYS_thread_self && self->has_page && !self->page)
		self->page = regs->args[1];
}

/* The thread's operation has ended: is that what the model expects? */
static void compare(struct scripted *s, u64 status)
{
	const struct m_result *result = &s->self->result;
	bool is_ipc = s->self->call.number >= SYS_ipc_call && s->self->call.number <= SYS_ipc_reply;

	apply_until_seen(s);
	model_advance(machine_time);
	is_refused = false; /* if there was such a call, something else has happened since */
	if (!s->self->has_result && !s->self->may_see)
		disagree(s, "has ended, with status", status, 1);
	trace("thread%u: %s ends with %ld", s->self->name, script_name(s->self->call.number),
	      (long)status);
	if (!result->is_open)
		agree(s, "status", status, (u64)result->status);
	tally(s->self->call.number, (long)status);
	s->self->has_result = s->self->may_see = false;
	if (result->has_message)
		compare_message(s, &result->message);
	for (u32 i = 0; i < MSG_REG_WORDS && is_ipc && status; i++)
		agree(s, "a word after a refusal", s->thread->regs.words[i],
		      s->self->call.pattern + i);
	compare_values(s, result);
	learn(s);
}

/*
 * An allocation has failed: next time it is the one behind.  A range call has done
 * what it says, and ipc_reply_receive its first step; the rest is tried again.
 */
static void refused(struct scripted *s, u64 status)
{
	struct m_call *call = &s->call, done = *call;
	bool is_range = call->number == SYS_mem_unmap || call->number == SYS_mem_protect;
	long model_status = ST_OK;

	pending = NULL;
	is_refused = true;
	s->failing++;
	tally(s->number, (long)status);
	trace("thread%u: %s ends with %ld", s->self->name, script_name(s->number), (long)status);
	if (!status_is_documented(s->number, (long)status))
		disagree(s, "an undocumented refusal", status, 0);
	if (is_range && s->thread->regs.args[0]) {
		done.arg[1] = s->thread->regs.args[0];
		call->arg[0] += done.arg[1];
		call->arg[1] -= done.arg[1];
		model_issue(s->self, &done);
		model_status = s->self->result.status;
		s->self->has_result = false;
	} else if (s->number == SYS_ipc_reply_receive) {
		if (call->number == s->number)
			model_status = model_answer(s->self, &done);
		call->number = SYS_ipc_receive;
	} else {
		return;
	}
	is_refused = false; /* something has happened */
	agree(s, "what was done before memory ran out", 0, (u64)model_status);
}

static void ended(struct scripted *s)
{
	u64 status = s->thread->regs.status;
	bool has_failed;

	if (s->is_parked)
		return wake_up(s, (long)status);
	has_failed = pending == s && mmu_has_failed();
	if (pending == s)
		mmu_fail_allocation(0);
	if (has_failed && (status == NOMEM || status == NOSLOTS)) {
		refused(s, status);
	} else {
		if (pending == s)
			apply();
		compare(s, status);
		s->failing = 0;
	}
	park(s);
}

/* ---- accesses ---- */

static enum user_event touch(struct scripted *s, struct fault_info *fault)
{
	const struct m_call *call = &s->self->call;
	u64 *word;

	apply_until_seen(s);
	model_advance(machine_time);
	word = mmu_access(call->arg[0], (u32)call->arg[1], fault);
	if (!word) {
		if (s->tries++ > MAX_RESTARTS)
			fail("model, access", "an access to %lx faults again and again",
			     call->arg[0]);
		return USER_FAULT;
	}
	if (!s->self->has_result && s->self->may_see) {
		/* Its process ends by another's fault, and it is not told yet: as if it were. */
		s->self->may_see = false;
		park(s);
		return USER_NONE;
	}
	if (!s->self->has_result)
		disagree(s, "is allowed", call->arg[0], 1);
	if (call->arg[1] == MAP_WRITE)
		*word = call->arg[2];
	s->thread->regs.args[0] = *word;
	if (s->self->result.known)
		agree(s, "contents", *word, s->self->result.value[0]);
	compare(s, ST_OK);
	s->failing = 0;
	park(s);
	return USER_NONE;
}

/* ---- steps ---- */

static struct scripted *scripted_of(struct thread *thread)
{
	u64 name = thread->regs.actor ? thread->regs.actor - 1 : thread->regs.status;
	struct scripted *s;

	if (!model.nr_objects) {
		name = 1; /* of the first thread */
		generator = (struct generator){ .draw = draw,
						.time_unit = SLOT,
						.jump = PC_DECIDE,
						.spread = SPREAD,
						.profile = choose(STREAM_ACTOR, ~0UL, 3) % 16 };
		model_begin(NR_FRAMES, USER_END, options.cpus);
	}
	s = &scripted[name % M_MAX_OBJECTS];
	if (thread->regs.actor)
		return s;
	if (name >= model.nr_objects || model.object[name]->type != TYPE_THREAD || s->self)
		fail("model, thread", "a thread begins with argument %lx", name);
	*s = (struct scripted){ .self = model.object[name], .thread = thread, .key = name << 1 };
	thread->regs.actor = name + 1;
	return s;
}

u64 script_operation(struct thread *thread)
{
	struct scripted *s = scripted_of(thread);

	return choose(STREAM_TURN, s->key, s->tries++);
}

enum user_event script_step(struct thread *thread, struct fault_info *fault)
{
	bool is_new = !thread->regs.actor;
	struct scripted *s;

	if (is_new)
		apply(); /* which has made it */
	s = scripted_of(thread);
	switch (thread->regs.pc) {
	case PC_CALL: return USER_CALL;
	case PC_CALLED: ended(s); return USER_NONE;
	case PC_ACCESS: return touch(s, fault);
	default: break;
	}
	/* It has just begun, or a fault handler has sent it on. */
	if (!is_new)
		compare(s, ST_OK);
	park(s);
	return USER_NONE;
}

void script_quiet(void)
{
	apply();
	model_advance(machine_time);
	check_ended();
	check_refused();
}
