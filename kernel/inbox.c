// SPDX-License-Identifier: MIT
/*
 * Requests to a thread's home CPU, and kicks to a CPU.
 *
 * A thread has one inbox link and one word of request bits.  A poster sets its
 * bit and pushes the thread only if the word was 0; the home unlinks the thread
 * first and then exchanges the word with 0.  So a thread is in at most one
 * inbox, and no request is lost: a bit set after the exchange meets 0 and
 * pushes again.  An interrupt is sent iff the push made the inbox non-empty;
 * nobody waits for it.
 *
 * A thread that moves sets ARRIVE in its own word before it changes its home:
 * whatever is posted later travels in the same word, so the new home sees the
 * arrival first.  An inbox forwards threads whose home it is not.
 */
#include <kernel/ipc.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/reaper.h>
#include <kernel/sched.h>

#define INBOX_BATCH BATCH(32)

static void inbox_push(struct cpu *cpu, struct thread *thread)
{
	struct thread *head;

	do {
		head = load_relaxed(&cpu->inbox);
		store_relaxed(&thread->inbox_next, head);
	} while (!atomic_compare_exchange(&cpu->inbox, head, thread));
	if (cpu == arch_this_cpu())
		cpu->pending = true;
	else if (!head)
		arch_send_ipi(cpu);
}

void thread_post(struct thread *thread, u32 request)
{
	if (atomic_fetch_or(&thread->requests, request) == 0)
		inbox_push(load_relaxed(&thread->home), thread);
}

void cpu_kick(struct cpu *cpu, u32 reasons)
{
	bool is_first = atomic_fetch_or(&cpu->kick, reasons) == 0;

	if (cpu == arch_this_cpu())
		cpu->pending = true;
	else if (is_first)
		arch_send_ipi(cpu);
}

void thread_returned(struct thread *thread)
{
	struct cpu *cpu = arch_this_cpu();
	u32 cancel;

	ASSERT(thread->home == cpu && thread->state == THREAD_BLOCKED);
	timer_stop(thread);
	cancel = atomic_fetch_and(&thread->cancel, CANCEL_KILL);
	if (cancel & CANCEL_KILL) {
		thread_die(thread);
	} else if (thread->is_suspended) {
		store_release(&thread->state, THREAD_INACTIVE);
	} else {
		sched_make_runnable(thread);
	}
}

/* Take a thread that is not waiting off its CPU or queue. */
static void thread_stop(struct thread *thread)
{
	if (thread->state == THREAD_RUNNABLE)
		sched_dequeue(thread);
	else if (thread->state == THREAD_RUNNING)
		sched_leave(thread);
}

static void handle_kill(struct thread *thread)
{
	if (thread->state == THREAD_BLOCKED) {
		if (!thread_cancel(thread, CANCEL_KILL))
			return; /* it dies when its claimant sends it home */
		thread_wait_ended(thread, ST_INTERRUPTED);
	} else {
		thread_stop(thread);
	}
	thread_die(thread);
}

static void handle_suspend(struct thread *thread)
{
	thread->is_suspended = load_relaxed(&thread->wants_suspend);
	if (thread->is_suspended && thread->state != THREAD_BLOCKED) {
		thread_stop(thread);
		store_release(&thread->state, THREAD_INACTIVE);
	} else if (!thread->is_suspended && thread->state == THREAD_INACTIVE) {
		sched_make_runnable(thread);
	}
}

static void handle_interrupt(struct thread *thread)
{
	/* Never waited for half: the call is simply issued again. */
	if (thread->state != THREAD_BLOCKED || load_relaxed(&thread->wait_kind) == WAIT_KERNEL)
		return;
	if (thread_cancel(thread, CANCEL_INTERRUPT)) {
		thread_wait_ended(thread, ST_INTERRUPTED);
		thread_returned(thread);
	}
}

/* New priority; new home last: after that the thread belongs to another CPU. */
static void handle_move(struct cpu *cpu, struct thread *thread)
{
	u32 target = load_relaxed(&thread->target);
	struct cpu *home = &cpus[target >> 8];

	if (process_allow_priority(thread->process, (u8)target))
		sched_set_priority(thread, (u8)target);
	if (home == cpu)
		return;
	if (thread->state == THREAD_RUNNABLE) {
		sched_dequeue(thread);
	} else if (thread->state == THREAD_RUNNING) {
		sched_leave(thread);
		store_relaxed(&thread->state, THREAD_RUNNABLE);
	}
	thread->timer_moves = rb_is_linked(&thread->timer);
	timer_stop(thread);
	thread->has_deadline = true; /* not to be run by the short way before it has arrived */
	if (atomic_fetch_or(&thread->requests, REQUEST_ARRIVE) == 0) {
		store_release(&thread->home, home);
		inbox_push(home, thread);
	} else {
		store_release(&thread->home, home);
	}
}

static void handle_arrive(struct thread *thread)
{
	if (thread->timer_moves)
		timer_start(thread, thread->timer.rank);
	if (thread->state == THREAD_RUNNABLE)
		sched_make_runnable(thread);
}

static void handle_reap(struct thread *thread)
{
	spin_lock(&thread->object.lock);
	object_queue(&thread->object, false);
	spin_unlock(&thread->object.lock);
}

static void handle(struct cpu *cpu, struct thread *thread, u32 requests)
{
	if (thread->state == THREAD_DEAD) {
		if (requests & REQUEST_REAP)
			handle_reap(thread);
		return;
	}
	if (requests & REQUEST_ARRIVE)
		handle_arrive(thread);
	if ((requests & REQUEST_WAKE) && thread->state == THREAD_BLOCKED)
		thread_returned(thread);
	if ((requests & REQUEST_KILL) && thread->state != THREAD_DEAD)
		handle_kill(thread);
	if (thread->state == THREAD_DEAD)
		return;
	if (requests & REQUEST_INTERRUPT)
		handle_interrupt(thread);
	if (thread->state != THREAD_DEAD && (requests & REQUEST_SIGNAL))
		notification_home_signal(thread);
	if (thread->state != THREAD_DEAD && (requests & REQUEST_SUSPEND))
		handle_suspend(thread);
	if (thread->state != THREAD_DEAD && (requests & REQUEST_MOVE))
		handle_move(cpu, thread);
}

/* The inbox is a stack: serve in the order of arrival. */
static struct thread *inbox_take(struct cpu *cpu)
{
	struct thread *taken = atomic_exchange(&cpu->inbox, NULL), *first = NULL;

	while (taken) {
		struct thread *next = taken->inbox_next;

		taken->inbox_next = first;
		first = taken;
		taken = next;
	}
	return first;
}

static void kick_handle(struct cpu *cpu)
{
	u32 kick = load_relaxed(&cpu->kick) ? atomic_exchange(&cpu->kick, 0) : 0;

	if (kick & CPU_KICK_FLUSH)
		flush_answer();
	if (kick & CPU_KICK_FETCH)
		fetch_answer();
	if (kick & CPU_KICK_REAP)
		reaper_set_priority(cpu);
}

bool inbox_process(struct cpu *cpu)
{
	kick_handle(cpu);
	if (!cpu->inbox_backlog && load_relaxed(&cpu->inbox))
		cpu->inbox_backlog = inbox_take(cpu);
	for (u32 n = 0; n < INBOX_BATCH && cpu->inbox_backlog; n++) {
		struct thread *thread = cpu->inbox_backlog;
		struct cpu *home = load_acquire(&thread->home);

		/* Once the word is 0 the thread may be pushed, by others, to any inbox. */
		cpu->inbox_backlog = thread->inbox_next;
		if (home != cpu)
			inbox_push(home, thread);
		else
			handle(cpu, thread, atomic_exchange(&thread->requests, 0));
	}
	/* Also what came meanwhile: its interrupt may have been taken between two batches. */
	return inbox_is_empty(cpu);
}
