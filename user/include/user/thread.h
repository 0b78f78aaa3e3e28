/* SPDX-License-Identifier: MIT */
/*
 * Threads of the own process.
 */
#ifndef USER_THREAD_H
#define USER_THREAD_H

#include <user/syscall.h>

#define THREAD_STACK_PAGES 4UL
#define THREAD_DEFAULT THREAD_PRIORITY(32)

struct uthread {
	handle_t handle;
	handle_t stack;         /* the stack's memory object */
	u64 stack_address;      /* above a page that is never mapped by the library */
	u64 page;               /* its message page */
	void (*run)(void *argument);
	void *argument;
	u32 is_done;            /* set last by the thread itself */
};

/** uthread_start() - run @run(@argument) with @settings of thread_create; *thread must live until uthread_join(). */
long uthread_start(struct uthread *thread, void (*run)(void *), void *argument, u64 settings);

/**
 * uthread_join() - wait until it has returned (at most @timeout ns), then free its stack.
 * Return: ST_OK or ST_TIMEDOUT.
 */
long uthread_join(struct uthread *thread, u64 timeout);

/** uthread_kill() - destroy it wherever it is, free its stack. */
void uthread_kill(struct uthread *thread);

#endif
