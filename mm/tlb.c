// SPDX-License-Identifier: MIT
/*
 * Which CPU uses which address space, and how all of them forget.
 *
 * Each space keeps a word a CPU: the register value to load, 0 when what this
 * CPU remembers under its ASID is stale.  A CPU may load a word that is not 0
 * without a lock or a fence: whoever changes entries then zeroes the words, and
 * interrupts every CPU whose word was not 0.  Such a CPU takes a fresh ASID if
 * it has the space loaded, and answers; nobody waits for it but threads.  So a
 * CPU is interrupted at most once for each time it began to use the space.
 *
 * A CPU that takes a fresh ASID and a requester must not miss each other:
 *
 *   requester                        CPU
 *   change entries; fence;           word := value; fence;
 *   read word                        walk the tables
 *
 * All records are under kwait_lock, outside of the spaces.  One record more is
 * that of instruction fetch: sealing memory waits until every CPU has
 * synchronised itself.
 */
#include <kernel/cpu.h>
#include <kernel/kwait.h>
#include <kernel/panic.h>
#include <kernel/sched.h>
#include <kernel/thread.h>

#include "internal.h"

#define ANSWER_BATCH BATCH(2)
#define WAKE_BATCH BATCH(16)

/* Records that some CPU has not answered, or some thread has not been woken for; kwait_lock. */
static struct list active = { &active, &active };

static u64 cpu_bit(const struct cpu *cpu)
{
	return BIT(cpu->index);
}

/* A fresh ASID of this CPU; a new generation begins when they are used up. 0 stays unused. */
static u32 asid_take(struct cpu *cpu)
{
	u32 count = arch_asid_count();

	if (!count)
		return 0;
	if (!cpu->asid_generation || cpu->asid_next >= count) {
		cpu->asid_generation++;
		cpu->asid_next = 1;
		/* With the old space in the registers its ASID, soon another's, would fill up again. */
		arch_load_kernel_space();
		arch_flush_user_all();
	}
	return cpu->asid_next++;
}

/* Load @space with a fresh ASID, under which this CPU remembers nothing. */
static void load_fresh(struct cpu *cpu, struct vspace *space)
{
	struct space_word *word = &space->word[cpu->index];
	u64 value;

	word->asid = asid_take(cpu);
	word->generation = cpu->asid_generation;
	value = arch_space_word(space->root, word->asid);
	store_relaxed(&word->value, value);
	fence_full(); /* partner: flush_request() */
	arch_load_space(value); /* not what the word holds: it may be 0 again */
}

void vspace_load(struct vspace *space)
{
	struct cpu *cpu = arch_this_cpu();
	u64 value;

	if (space == cpu->loaded)
		return;
	value = space ? vspace_word(space, cpu) : 0;
	if (value)
		arch_load_space(value);
	else if (space)
		load_fresh(cpu, space);
	else
		arch_load_kernel_space();
	cpu->loaded = space;
}

/* All is answered: take a batch of those who waited, as claimant. Lock held. Return: there are more. */
static bool waiters_take(struct flush_record *flush, struct list *ready)
{
	struct list *link;

	for (u32 n = 0; n < WAKE_BATCH && (link = list_first(&flush->waiters)); n++)
		kwait_take(list_entry(link, struct thread, wait_link), ready);
	return !list_is_empty(&flush->waiters);
}

/* This CPU forgets what it knows of @space, or lets go of it if it ends. Lock held. */
static void forget(struct cpu *cpu, struct vspace *space)
{
	if (cpu->loaded == space && load_relaxed(&space->is_ending)) {
		arch_load_kernel_space();
		cpu->loaded = NULL;
	} else if (cpu->loaded == space) {
		load_fresh(cpu, space);
	}
	/* The old tables may be freed as soon as we have answered; it may also have been left just now. */
	arch_context_sync();
}

/* An active record for which this CPU has something to do. Lock held. */
static struct vspace *unanswered(const struct cpu *cpu)
{
	list_for_each(link, &active) {
		struct vspace *space = list_entry(link, struct vspace, flush.active);

		if (!space->flush.waiting || (space->flush.waiting & cpu_bit(cpu)))
			return space;
	}
	return NULL;
}

/* The last CPU has answered: the space stays in being until nr_settling is down again. Lock held. */
static void record_done(struct flush_record *flush, struct list *ready)
{
	flush->nr_settling++;
	store_release(&flush->done, flush->requested);
	if (!waiters_take(flush, ready))
		list_remove(&flush->active);
}

/* Return: false if there is nothing to answer. */
static bool answer_one(struct cpu *cpu)
{
	struct vspace *space;
	bool is_done = false;
	struct list ready;

	list_init(&ready);
	spin_lock(&kwait_lock);
	space = unanswered(cpu);
	if (space && (space->flush.waiting & cpu_bit(cpu))) {
		forget(cpu, space);
		space->flush.waiting &= ~cpu_bit(cpu);
	}
	if (space && !space->flush.waiting) {
		is_done = true;
		record_done(&space->flush, &ready);
	}
	spin_unlock(&kwait_lock);
	if (!is_done)
		return space != NULL;
	kwait_wake(&ready);
	vspace_settle(space);
	spin_lock(&kwait_lock);
	space->flush.nr_settling--;
	spin_unlock(&kwait_lock);
	return true;
}

void flush_answer(void)
{
	struct cpu *cpu = arch_this_cpu();

	for (unsigned n = 0; n < ANSWER_BATCH; n++)
		if (!answer_one(cpu))
			return;
	cpu_kick(cpu, CPU_KICK_FLUSH); /* the rest after a look around */
}

u64 flush_request(struct vspace *space)
{
	struct flush_record *flush = &space->flush;
	struct cpu *self = arch_this_cpu();
	u64 targets = 0, generation;

	spin_lock(&kwait_lock);
	generation = flush->requested + 1;
	store_relaxed(&flush->requested, generation);
	fence_full(); /* partner: load_fresh() */
	for (u32 i = 0; i < nr_cpus_online; i++)
		if (load_relaxed(&space->word[i].value) &&
		    atomic_exchange(&space->word[i].value, 0))
			targets |= BIT(i);
	targets &= ~cpu_bit(self);
	forget(self, space);
	flush->waiting |= targets;
	if (!flush->waiting)
		store_release(&flush->done, generation); /* nobody has had to wait for it */
	else if (!list_is_linked(&flush->active))
		list_append(&active, &flush->active);
	spin_unlock(&kwait_lock);

	for (u32 i = 0; i < nr_cpus_online; i++)
		if (targets & BIT(i))
			cpu_kick(&cpus[i], CPU_KICK_FLUSH);
	return generation;
}

bool flush_is_settled(struct vspace *space)
{
	bool is_settled;

	spin_lock(&kwait_lock);
	is_settled = space->flush.done == space->flush.requested && !space->flush.nr_settling &&
		     !list_is_linked(&space->flush.active);
	spin_unlock(&kwait_lock);
	return is_settled;
}

void flush_reset(struct vspace *space)
{
	spin_lock(&kwait_lock);
	ASSERT(list_is_empty(&space->flush.waiters) && !space->flush.waiting);
	store_relaxed(&space->flush.requested, 0);
	store_relaxed(&space->flush.done, 0);
	spin_unlock(&kwait_lock);
}

/*
 * Return: true if @thread has been parked until the record has reached @generation, or the latest one.
 * Which that is the lock decides: a space that has ended begins anew from 0.
 */
static bool record_wait(struct flush_record *flush, u64 generation, struct thread *thread)
{
	bool must_wait;

	spin_lock(&kwait_lock);
	must_wait = load_relaxed(&flush->done) < MIN(generation, load_relaxed(&flush->requested));
	if (must_wait)
		kwait_park(&flush->waiters, thread);
	spin_unlock(&kwait_lock);
	/* A wake-up from another CPU that comes before this waits in our inbox. */
	if (must_wait)
		sched_block(thread, TIME_NEVER);
	return must_wait;
}

bool flush_wait(struct vspace *space, struct thread *thread)
{
	return !flush_is_done(space, load_relaxed(&space->flush.requested)) &&
	       record_wait(&space->flush, ~0UL, thread);
}

/* ---- instruction fetch ---- */

static struct flush_record fetch = { .waiters = { &fetch.waiters, &fetch.waiters } };

u64 fetch_request(void)
{
	u64 others = 0, generation;

	for (u32 i = 0; i < nr_cpus_online; i++)
		if (&cpus[i] != arch_this_cpu())
			others |= BIT(i);
	spin_lock(&kwait_lock);
	generation = ++fetch.requested;
	fetch.waiting = others;
	if (!others)
		store_relaxed(&fetch.done, generation);
	spin_unlock(&kwait_lock);
	arch_sync_icache();
	for (u32 i = 0; i < nr_cpus_online; i++)
		if (others & BIT(i))
			cpu_kick(&cpus[i], CPU_KICK_FETCH);
	return generation;
}

void fetch_answer(void)
{
	struct cpu *cpu = arch_this_cpu();
	bool has_more = false;
	struct list ready;

	list_init(&ready);
	spin_lock(&kwait_lock);
	/* With the lock: between a synchronisation and the bit another request would be answered, too. */
	arch_sync_icache();
	fetch.waiting &= ~cpu_bit(cpu);
	if (!fetch.waiting) {
		store_release(&fetch.done, fetch.requested);
		has_more = waiters_take(&fetch, &ready);
	}
	spin_unlock(&kwait_lock);
	kwait_wake(&ready);
	if (has_more)
		cpu_kick(cpu, CPU_KICK_FETCH);
}

bool fetch_is_done(u64 generation)
{
	return load_acquire(&fetch.done) >= generation;
}

bool fetch_wait(u64 generation, struct thread *thread)
{
	return record_wait(&fetch, generation, thread);
}
