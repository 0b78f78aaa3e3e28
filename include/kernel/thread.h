/* SPDX-License-Identifier: MIT */
/*
 * Threads.  A blocked thread is data: a state, a queue link, a few words.
 *
 * Home: scheduling state is written on the home CPU only; others post request
 * bits through its inbox.  Claimant: whoever unlinks a waiter under the lock
 * of the object it waits on (for a caller: wins the compare-exchange on
 * reply->caller) owns its registers, message page and receive window until it
 * wakes it (sched_wake) or parks it again.
 *
 *   INACTIVE -start-> RUNNABLE <-> RUNNING -> BLOCKED -claimed, wake-> RUNNABLE
 *       any state --kill--> DEAD (home CPU; a claimed thread when it arrives)
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <kernel/arch.h>
#include <kernel/cap.h>
#include <kernel/cpu.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <veridian/fault.h>
#include <veridian/message.h>

struct process;
struct reply;

enum thread_state {
	THREAD_INACTIVE, /* created, or suspended while runnable */
	THREAD_RUNNABLE, /* in the run queue of its home CPU */
	THREAD_RUNNING,
	THREAD_BLOCKED,  /* waiting or claimed */
	THREAD_DEAD,
};

enum wait_kind {
	WAIT_NONE, /* not waiting: running, claimed or not yet parked */
	WAIT_SEND,    /* in endpoint->senders */
	WAIT_RECEIVE, /* in endpoint->receivers */
	WAIT_REPLY,   /* reply->caller */
	WAIT_NOTIFY,  /* in notification->waiters */
	WAIT_SLEEP,   /* the home CPU's timers only */
	WAIT_KERNEL,  /* in a queue of the kernel's own, see kernel/kwait.h */
};

/* Requests to the home CPU (atomic bits). */
#define REQUEST_WAKE 0x01u
#define REQUEST_KILL 0x02u
#define REQUEST_SUSPEND 0x04u /* suspend, resume or first start: as thread->wants_suspend says */
#define REQUEST_SIGNAL 0x10u /* its bound notification has bits */
#define REQUEST_MOVE 0x20u   /* new priority and CPU: thread->target */
#define REQUEST_INTERRUPT 0x40u
#define REQUEST_ARRIVE 0x80u /* this CPU is its new home */
#define REQUEST_REAP 0x100u  /* dead, and its last capability is gone */

/* thread->cancel: why a wait is to end; set by home before it tries to claim. */
#define CANCEL_KILL 0x1u
#define CANCEL_TIMEOUT 0x2u
#define CANCEL_INTERRUPT 0x4u

struct thread {
	/* first: reached from assembly; the running thread or the claimant */
	struct arch_regs regs;
	struct object object;

	/* immutable after creation */
	struct process *process; /* NULL: the reaper */
	u32 number;              /* inside its process, from 1 */
	struct list process_link; /* process lock */
	u64 *page;               /* message page in the direct map, NULL if none */
	uaddr_t page_address;
	u32 page_index;

	/* home CPU only */
	struct cpu *home; /* written by the home CPU, read by posters */
	u8 state;
	u8 priority;
	bool timer_moves; /* between two homes: insert the timer on arrival */
	/* all zero: nothing but its message is to be looked at when a waiting thread goes on */
	union {
		u32 slow;
		struct {
			bool is_suspended; /* home CPU */
			bool is_fault;     /* the message is @fault_words, not the registers */
			u8 window_count;   /* slots reserved in @window */
			bool has_deadline; /* home CPU: its wait has one, or wants no short way */
		};
	};
	struct list run_link;
	struct rb_node timer; /* rank: deadline */
	ktime_t cpu_time;
	ktime_t quantum_left; /* of the turn that a higher thread cut short; 0: a new one is due */

	/* atomic */
	u32 requests;
	u32 cancel;
	struct thread *inbox_next;
	bool wants_suspend; /* the latest of thread_suspend and thread_resume; object lock */
	u32 target; /* THREAD_PRIORITY and THREAD_CPU of the latest thread_set */

	/* what it waits on: written by the thread before it parks, by the claimant after */
	u8 wait_kind; /* atomic: read by home when it tries to claim */
	void *wait_object;
	struct list wait_link;   /* receivers, notification waiters, flush waiters */
	struct rb_node send_node; /* senders: rank = 63 - priority */
	u64 send_badge;
	struct slot *wait_slot;  /* capability used for the wait, re-checked by revocation */
	u64 wait_token;
	u64 wait_pass; /* the last one that found it alive (ipc/wake.c); lock of what it waits on */
	/* receiver: object offered; caller: object it waits on; atomic: home reads it to claim */
	struct reply *reply;
	u32 reply_generation;
	struct slot *window[MSG_MAX_CAPS]; /* reserved slots for incoming capabilities */

	u64 fault_words[FAULT_WORDS];
	u32 fault_kind;

	u64 progress; /* range calls: bytes done before the call was restarted */
	u32 seen_rests; /* of the reapers, when it was refused memory last */

	struct notification *bound; /* notification lock of that object; NULL = none */
};

/* What a new thread starts with, decoded. */
struct thread_start {
	uaddr_t entry, stack;
	u64 argument;
	u8 priority;
	struct cpu *cpu;
	bool wants_page;
	/* to the process, looked at again under its lock; NULL: the kernel's own */
	const struct cap *by;
};

/**
 * thread_create() - a new inactive thread in @process.
 * Return: ST_OK and *out; ST_BADHANDLE if start->by has died meanwhile; ST_DEAD if the process is
 * ending; ST_NOMEM.
 */
long thread_create(struct process *process, const struct thread_start *start,
		   struct thread **out) __must_check;

/** thread_die() - home CPU, thread neither waiting nor claimed: it is scheduled no more, its resources go. */
void thread_die(struct thread *thread);

/** thread_kill() - object_kill()'s part: generation bumped, object lock held. */
void thread_kill(struct thread *thread);

/** thread_reap() - reaper: nothing refers to a dead thread any more. Return: false while a request is under way. */
bool thread_reap(struct thread *thread);

/* ---- kernel/inbox.c ---- */

/**
 * thread_post() - ask the home CPU for something (REQUEST_*).
 * The thread must not be released meanwhile: the caller is its claimant, or
 * holds a lock that the thread's end takes (its object's, its notification's,
 * its process's).  Any lock may be held.
 */
void thread_post(struct thread *thread, u32 request);

/** inbox_process() - this CPU: handle what was posted, a bounded number. Return: false if some is left. */
bool inbox_process(struct cpu *cpu);

/** thread_returned() - home CPU: a claimed thread arrives; it goes on, stops or dies. No lock held. */
void thread_returned(struct thread *thread);

/** inbox_is_empty() - nothing has been posted to this CPU. */
static inline bool inbox_is_empty(const struct cpu *cpu)
{
	return !cpu->inbox_backlog && !load_relaxed(&cpu->inbox) && !load_relaxed(&cpu->kick);
}

/* ---- kernel/wait.c: ending a wait ---- */

/**
 * thread_claim() - end the wait of @thread, if nobody else did: unlink it from what it waits on.
 * Return: true if the caller is now the claimant.  Home CPU or lock-free context; takes the object's lock.
 */
bool thread_claim(struct thread *thread);

/** thread_cancel() - home CPU: set @reason (CANCEL_*) and claim if possible. Return: as thread_claim(). */
bool thread_cancel(struct thread *thread, u32 reason);

/**
 * thread_wait_ended() - claimant: the wait ended without its purpose.
 * Un-offers the reply, gives back the window, stores @status (a faulting thread executes again).
 */
void thread_wait_ended(struct thread *thread, long status);

/** thread_window_reserve() - @count slots for capabilities to come. Return: ST_OK or ST_NOSLOTS. */
long thread_window_reserve(struct thread *thread, u32 count) __must_check;

/** thread_window_release() - give back the slots not filled. */
void thread_window_release(struct thread *thread);

/** thread_of() - the thread whose header @object is; its type is TYPE_THREAD. */
static inline struct thread *thread_of(struct object *object)
{
	return container_of(object, struct thread, object);
}

/** thread_answer() - a call of @thread ends with @status and, if ST_OK, these values. Return: @status. */
static inline long thread_answer(struct thread *thread, long status, const u64 value[2])
{
	if (status == ST_OK) {
		arch_set_value(&thread->regs, 0, value[0]);
		arch_set_value(&thread->regs, 1, value[1]);
	}
	return status;
}

#endif
