/* SPDX-License-Identifier: MIT */
/*
 * A process: an address space, a capability space, threads, message pages.
 */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/cap.h>
#include <kernel/vspace.h>
#include <lib/list.h>

#define PROCESS_MAX_THREADS 512 /* one frame of message-page pointers */

struct process {
	struct object object;
	struct vspace vspace;
	struct cap_space caps;

	/* process lock */
	struct spinlock lock;
	struct list threads;
	u32 nr_threads;
	u32 next_number;
	paddr_t *pages;  /* message pages, one frame of addresses; bit 0: in use by a thread */
	bool is_ending;  /* no new threads */
	bool has_ended;  /* all threads dead; teardown done or under way */
	u64 exit_code;
	u32 fault_kind;  /* why it was ended, FAULT_NONE if it exited */
	u64 fault_address, fault_pc;
	u32 fault_slot;  /* kernel-held capability of its fault endpoint, 0 = none */
	u32 watch_slot;  /* kernel-held capability of the notification told about the end */
	u64 watch_bits;
	char name[16];
};

/** process_end() - stop and remove all threads, then let the reaper take the rest. First caller's reason stays. */
void process_end(struct process *process, u64 exit_code);

/** process_thread_gone() - its thread is dead (home CPU of the thread). */
void process_thread_gone(struct process *process, struct thread *thread);

#endif
