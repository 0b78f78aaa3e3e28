/* SPDX-License-Identifier: MIT */
/*
 * A process: an address space, a capability space, threads, message pages.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/cap.h>
#include <kernel/vspace.h>
#include <kernel/reaper.h>
#include <lib/list.h>


struct thread_start;

struct process {
	struct object object;
	struct vspace vspace;
	struct cap_space caps;

	/* process lock */
	struct spinlock lock;
	struct list threads; /* members, but for those that have been told to die: */
	struct list stopped;
	u32 nr_threads;
	u32 next_number;
	u32 top_priority; /* that a thread has ever had */
	u64 pages_in_use[MESSAGE_WINDOW_PAGES / 64]; /* by a thread: a bit a message page */
	bool is_ending;  /* no new threads */
	bool is_urgent;  /* the reaper is to tell more threads to die; in reap_urgent */
	bool is_gone;    /* all threads are dead; the reaper has it; object lock, too */
	bool has_ended;  /* nothing is left but this structure */
	u64 exit_code;
	u32 fault_kind;  /* why it was ended, FAULT_NONE if it exited */
	u64 fault_address, fault_pc;
	u32 fault_slot;  /* kernel-held capability of its fault endpoint, 0 = none */
	/* kernel-held capability of the notification told about the end, 0 = none */
	u32 watch_slot;
	u64 watch_bits;
	char name[16];
};

/** process_may_go() - it has ended, or never had a thread: nothing keeps it but its capabilities. */
bool process_may_go(struct process *process);

/** process_create() - an empty process. Return: NULL if memory is exhausted. */
struct process *process_create(void);

/**
 * process_attach() - the new @thread becomes a member, with a message page if it wants one.
 * Return: ST_OK, ST_BADHANDLE (start->by has died), ST_DEAD, ST_NOMEM.
 */
long process_attach(struct process *process, struct thread *thread,
		    const struct thread_start *start) __must_check;

/** process_kill() - object_kill()'s part: generation bumped, object lock held. */
void process_kill(struct process *process);

/** process_reap() - reaper: one step of taking apart an ended process, and of releasing a dead one. */
enum reap process_reap(struct process *process, struct vspace **wait);

/** process_fault() - the running thread's process ends for the fault in @thread. */
void process_fault(struct process *process, const struct thread *thread);

/** process_end() - stop and remove all threads, then let the reaper take the rest. First caller's reason stays. */
void process_end(struct process *process, u64 exit_code);

/**
 * process_allow_priority() - may one of its threads get @priority? While the process is ending none
 * becomes more urgent than the reaper that tells them so.
 */
bool process_allow_priority(struct process *process, u32 priority);

/** process_thread_gone() - its thread is dead (home CPU of the thread): page and membership end. */
void process_thread_gone(struct process *process, struct thread *thread);

#endif
