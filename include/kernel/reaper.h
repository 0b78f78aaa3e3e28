/* SPDX-License-Identifier: MIT */
/*
 * The reaper: each CPU's one kernel thread, which takes apart what nobody can
 * reach any more, in bounded steps between which interrupts are taken.
 */
#ifndef KERNEL_REAPER_H
#define KERNEL_REAPER_H

#include <kernel/cpu.h>

struct vspace;

#define REAPER_PRIORITY 16u

/* What a step on an object came to. */
enum reap {
	REAP_MORE,     /* call again */
	REAP_FLUSH,    /* wait for the address space in *wait, then call again */
	REAP_LATER,    /* somebody else must act first: call again after the others */
	/* nothing more to do now: off the list (is_queued cleared under the object lock) */
	REAP_IDLE,
	REAP_RELEASED, /* the object is free */
};

/** reaper_init_cpu() - this CPU's reaper thread. */
void reaper_init_cpu(struct cpu *cpu);

/** reaper_step() - one step of this CPU's reaper, which is the thread chosen to run. */
void reaper_step(struct cpu *cpu);

/** object_reap() - one step on a dead object that is no process: its users, its capabilities, itself. */
enum reap object_reap(struct object *object, struct vspace **wait);

/** reaper_add() - put an object on this CPU's list, perhaps as the first, and wake the reaper. */
void reaper_add(struct object *object, bool first);

/**
 * reaper_wait() - the running thread was refused memory: if some CPU's reaper has work, lend it
 * the thread's priority and wait until it has finished something; the call is then issued again.
 * Return: false if there is nothing to wait for.
 */
bool reaper_wait(struct thread *self);

/**
 * reaper_hurry() - an object put first on this CPU's list is urgent: the reaper works on it before
 * the running thread goes on, and before threads of @priority and below.
 */
void reaper_hurry(u32 priority);

/** reaper_calm_down() - such an object is urgent no more. */
void reaper_calm_down(void);

/** reaper_set_priority() - this CPU's reaper runs at its own, an urgent or a lent priority. */
void reaper_set_priority(struct cpu *cpu);

#endif
