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
#define MAX_RESTARTS 40000 /* of the highest priority, it may fault all its turn before it ends */
#define NOMEM ((u64)ST_NOMEM)
#define NOSLOTS ((u64)ST_NOSLOTS)

static struct scripted scripted[M_MAX_OBJECTS];

static u8 is_taken[MAX_SLOTS];
static u32 nr_issued;
static struct generator generator;
static u64 draw_key, nr_draws;
static struct scripted *pending; /* the kernel is at its operation, the model is not */
static struct holdings before;
static u32 waits_before;
static bool is_refused; /* the last operation has changed nothing */

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

/* ---- an operation begins ---- */

static u64 tag_of(const struct m_call *call)
{
	return call->number | (u64)(call->words & MSG_WORDS_MASK) << MSG_WORDS_SHIFT |
	       (u64)call->nr_caps << MSG_CAPS_SHIFT | (u64)call->move << MSG_MOVE_SHIFT |
	       (u64)(call->accept & MSG_ACCEPT_MASK) << MSG_ACCEPT_SHIFT | call->flags |
	       (u64)call->label << MSG_LABEL_SHIFT;
}

static void fill_registers(struct scripted *s, const struct m_call *call)
{
	struct arch_regs *regs = &s->thread->regs;

	regs->tag = call->number;
	regs->status = call->handle[0] | (u64)call->handle[1] << 32;
	memcpy(regs->args, call->arg, sizeof(regs->args));
	if (call->number < SYS_ipc_call || call->number > SYS_ipc_reply)
		return;
	regs->tag = s->tag = tag_of(call);
	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		regs->words[i] = call->pattern + i;
	for (u32 i = 0; i < 2; i++)
		regs->caps[i] = call->cap[2 * i] | (u64)call->cap[2 * i + 1] << 32;
	compare_begin(s, call);
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
	if (s->self->is_dead)
		return;
	model_issue(s->self, &s->call);
	if (model.lacks && !(model.lacks & (model.lacks - 1)))
		note_lacking(s->call.number, model.lacks_at, (u32)__builtin_ctz(model.lacks));
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
	s->thread->regs.pc = s->call.number >= M_ACCESS ? PC_ACCESS : PC_CALL;
	alloc_fail(can_fail(s) ? s->failing : 0);
	if (!options.fails)
		apply();
}

/* Return: false if it has none in this slot. */
static bool choose_operation(struct scripted *s)
{
	if (options.replays)
		return replay_recall(s->slot, s->self, &s->call, &s->failing) &&
		       generate_again(&generator, s->self, &s->call);
	if (s->failing && generate_again(&generator, s->self, &s->call))
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

/* At most an interrupt for a wait that has ended early is taken there. */
static bool has_work(const struct cpu *cpu)
{
	list_for_each (link, &cpu->timers) {
		const struct rb_node *timer =
			rb_first(&list_entry(link, struct timer_queue, link)->tree);

		if (timer && timer->rank <= machine_time)
			return true;
	}
	return cpu->current || cpu->runqueue.nr_queued || cpu->inbox || cpu->inbox_backlog ||
	       cpu->kick || cpu->reap_first;
}

/* Nothing else goes on in the machine. */
static void check_others(void)
{
	for (u32 i = 0; i < options.cpus; i++)
		if (&machine_cpus[i] != running && has_work(machine_cpus[i].cpu))
			fail("model, quiet", "CPU %u is not idle when an operation begins", i);
	check_ended();
}

/* An operation that was refused has left nothing behind. */
static void check_refused(void)
{
	struct machine_cpu *self = running;
	bool was_refused = is_refused;

	is_refused = false;
	running = NULL; /* it is no CPU that looks */
	if (options.fails)
		check_all();
	else
		count_holdings();
	running = self;
	/* A wait that has ended meanwhile has given back what it had reserved. */
	if (was_refused && model_waits() == waits_before &&
	    memcmp(&before, &holdings, sizeof(before)))
		fail("model, refusal",
		     "a refused call left objects %ld, slots %ld, mappings %ld",
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
	compare_page(s);
	views_settle();
	if (choose_operation(s))
		issue(s);
	else
		park(s);
}

/* ---- an operation ends ---- */

/* The thread's operation has ended: is that what the model expects? */
static void compare(struct scripted *s, u64 status)
{
	const struct m_result *result = &s->self->result;

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
	compare_result(s, result);
	if (s->self->has_result && status)
		compare_refused(s);
	else if (s->self->has_result)
		compare_page(s);
	s->self->has_result = s->self->may_see = false;
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
	/* Tried again, because a reaper had work, it finds that there is not so much memory. */
	if (s->number != SYS_cap_create || call->arg[1] <= model.frames)
		agree(s, "the refusal", status, (u64)alloc_status_of_failure());
	compare_refused(s);
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

/* The operation has ended with an error at once, before it did anything. */
static bool has_done_nothing(const struct scripted *s, u64 status)
{
	bool is_range = s->number == SYS_mem_unmap || s->number == SYS_mem_protect;

	return status && machine_time < s->slot * SLOT + SLOT / 2 &&
	       !(is_range && s->thread->regs.args[0]) && s->number != SYS_ipc_reply_receive;
}

static void ended(struct scripted *s)
{
	u64 status = s->thread->regs.status;
	bool has_failed;

	if (s->is_parked)
		return wake_up(s, (long)status);
	has_failed = pending == s && alloc_has_failed();
	if (pending == s)
		alloc_fail(0);
	if (has_failed && (status == NOMEM || status == NOSLOTS)) {
		refused(s, status);
	} else {
		if (pending == s)
			apply();
		compare(s, status);
		is_refused = has_done_nothing(s, status);
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

/* The thread stands for a device: its interrupt comes when it comes. */
static enum user_event raise_line(struct scripted *s)
{
	machine_raise((u32)s->call.arg[0]);
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
						.spread = SPREAD };
		generator.profile = (u32)(choose(STREAM_ACTOR, ~0UL, 3) % PROFILES);
		if (options.fails && generator.profile >= PROFILE_DEEP)
			generator.profile = 0; /* a chain would take all the operations */
		model_begin(NR_FRAMES, USER_END, options.cpus, arch_irq_count());
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
	case PC_ACCESS:
		return s->call.number == M_RAISE ? raise_line(s) : touch(s, fault);
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
