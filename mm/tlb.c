// SPDX-License-Identifier: MIT
/*
 * Which CPU uses which address space, and how all of them forget.
 *
 * Each space keeps a word a CPU: the register value to load, 0 when what this
 * CPU remembers under its ASID is stale.  Whoever changes entries zeroes all
 * words, so a CPU that loads the space later takes a fresh ASID.  CPUs that
 * have it loaded now are interrupted; nobody waits for them but threads.
 *
 * Two store-then-load handshakes, each with a full fence between, so that at
 * least one side sees the other:
 *
 *   requester                        CPU
 *   word := 0; read loaded           (entering) loaded |= me; read word
 *   waiting := all; read loaded      (leaving)  loaded &= ~me; read waiting
 *
 * The CPU's bit in `loaded` covers every moment in which the registers hold
 * the space: set before they do, cleared after they do no more.
 *
 * One lock for all flush records: critical sections are a few stores, and a
 * waker may come so late that the space has ended and become another one;
 * with the lock outside of the space it then finds nothing to do.
 */
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/sched.h>
#include <kernel/thread.h>

#include "internal.h"

static struct spinlock flush_lock = { .rank = LOCK_SHOOTDOWN };

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
		arch_flush_user_all();
	}
	return cpu->asid_next++;
}

/* Load @space with a fresh ASID, under which this CPU remembers nothing. */
static void load_fresh(struct cpu *cpu, struct vspace *space)
{
	struct space_word *word = &space->word[cpu->index];

	word->asid = asid_take(cpu);
	word->generation = cpu->asid_generation;
	store_relaxed(&word->value, arch_space_word(space->root, word->asid));
	arch_load_space(load_relaxed(&word->value));
}

static void load_known(struct cpu *cpu, struct vspace *space)
{
	struct space_word *word = &space->word[cpu->index];
	u64 value = load_acquire(&word->value); /* partner: zeroed by flush_request() */

	if (value && word->generation == cpu->asid_generation)
		arch_load_space(value);
	else
		load_fresh(cpu, space);
}

static void unload(struct cpu *cpu, struct vspace *space)
{
	atomic_fetch_and(&space->loaded, ~cpu_bit(cpu));
}

/* Take the threads whose generation is reached, as claimant. Flush lock held. */
static void waiters_take(struct flush_record *flush, struct list *ready)
{
	list_for_each_safe(link, &flush->waiters) {
		struct thread *thread = list_entry(link, struct thread, wait_link);

		if (thread->wait_value > flush->done)
			continue;
		list_remove(link);
		store_relaxed(&thread->wait_kind, WAIT_NONE);
		list_append(ready, link);
	}
}

static void waiters_wake(struct list *ready)
{
	struct list *link;

	while ((link = list_first(ready)) != NULL) {
		list_remove(link);
		sched_wake(list_entry(link, struct thread, wait_link));
	}
}

/* This CPU's registers hold nothing stale of @space any more. No lock held. */
static void flush_done_here(struct cpu *cpu, struct vspace *space)
{
	struct flush_record *flush = &space->flush;
	bool is_done = false;
	struct list ready;

	list_init(&ready);
	spin_lock(&flush_lock);
	if (flush->waiting & cpu_bit(cpu)) {
		if (cpu->loaded == space)
			load_fresh(cpu, space);
		store_relaxed(&flush->waiting, flush->waiting & ~cpu_bit(cpu));
		is_done = !flush->waiting;
	}
	if (is_done) {
		flush->nr_settling++; /* keeps the space in being until the second half is over */
		store_release(&flush->done, flush->requested);
		waiters_take(flush, &ready);
	}
	spin_unlock(&flush_lock);
	if (!is_done)
		return;
	waiters_wake(&ready);
	vspace_settle(space);
	spin_lock(&flush_lock);
	flush->nr_settling--;
	spin_unlock(&flush_lock);
}

void vspace_load(struct vspace *space)
{
	struct cpu *cpu = arch_this_cpu();
	struct vspace *old = cpu->loaded;

	if (space == old) {
		/* A stale word means that our answer to a shootdown is due: before user mode, then. */
		if (space && !load_relaxed(&space->word[cpu->index].value))
			flush_answer(space);
		return;
	}
	if (space) {
		atomic_fetch_or(&space->loaded, cpu_bit(cpu));
		fence_full(); /* partner: flush_request() */
		load_known(cpu, space);
	} else {
		arch_load_kernel_space();
	}
	store_release(&cpu->loaded, space);
	if (!old)
		return;
	unload(cpu, old);
	fence_full(); /* partner: flush_request() */
	if (load_acquire(&old->flush.waiting) & cpu_bit(cpu))
		flush_done_here(cpu, old);
}

void flush_answer(struct vspace *space)
{
	struct cpu *cpu = arch_this_cpu();

	if (!space || !(load_acquire(&space->flush.waiting) & cpu_bit(cpu)))
		return;
	if (cpu->loaded == space && load_acquire(&space->is_ending)) {
		vspace_load(NULL); /* and that answers */
		return;
	}
	flush_done_here(cpu, space);
}

u64 flush_request(struct vspace *space)
{
	struct flush_record *flush = &space->flush;
	struct cpu *self = arch_this_cpu();
	u64 targets, generation;
	struct list ready;

	list_init(&ready);
	spin_lock(&flush_lock);
	generation = ++flush->requested;
	for (u32 i = 0; i < nr_cpus_online; i++)
		store_relaxed(&space->word[i].value, 0);
	store_relaxed(&flush->waiting, ~0UL);
	fence_full(); /* partners: vspace_load(), entering and leaving */
	targets = load_relaxed(&space->loaded);
	if (self->loaded == space) {
		if (space->is_ending) {
			arch_load_kernel_space();
			store_release(&self->loaded, NULL);
			unload(self, space);
		} else {
			load_fresh(self, space);
		}
		targets &= ~cpu_bit(self);
	}
	store_relaxed(&flush->waiting, targets);
	if (!targets) {
		/* An earlier request's last target may have left the space and not said so yet. */
		store_release(&flush->done, generation);
		waiters_take(flush, &ready);
	}
	spin_unlock(&flush_lock);

	waiters_wake(&ready);
	for (u32 i = 0; i < nr_cpus_online; i++)
		if (targets & BIT(i))
			cpu_kick(&cpus[i], CPU_KICK_FLUSH);
	return generation;
}

bool flush_is_done(struct vspace *space, u64 generation)
{
	return load_acquire(&space->flush.done) >= generation;
}

bool flush_is_settled(struct vspace *space)
{
	bool is_settled;

	spin_lock(&flush_lock);
	is_settled = space->flush.done == space->flush.requested && !space->flush.nr_settling;
	spin_unlock(&flush_lock);
	return is_settled;
}

void flush_reset(struct vspace *space)
{
	spin_lock(&flush_lock);
	ASSERT(list_is_empty(&space->flush.waiters) && !space->loaded);
	space->flush.requested = 0;
	store_release(&space->flush.done, 0);
	store_relaxed(&space->flush.waiting, 0);
	spin_unlock(&flush_lock);
}

bool flush_wait(struct vspace *space, struct thread *thread)
{
	struct flush_record *flush = &space->flush;
	bool must_wait;

	spin_lock(&flush_lock);
	must_wait = flush->done != flush->requested;
	if (must_wait) {
		thread->wait_object = space;
		thread->wait_value = flush->requested;
		list_append(&flush->waiters, &thread->wait_link);
		store_release(&thread->wait_kind, WAIT_FLUSH);
	}
	spin_unlock(&flush_lock);
	/* A wake-up from another CPU that comes before this waits in our inbox. */
	if (must_wait)
		sched_block(thread, TIME_NEVER);
	return must_wait;
}

bool flush_cancel(struct vspace *space, struct thread *thread)
{
	bool is_ours;

	(void)space; /* names the record; the one lock covers all */
	spin_lock(&flush_lock);
	is_ours = thread->wait_kind == WAIT_FLUSH;
	if (is_ours) {
		list_remove(&thread->wait_link);
		store_relaxed(&thread->wait_kind, WAIT_NONE);
	}
	spin_unlock(&flush_lock);
	return is_ours;
}
