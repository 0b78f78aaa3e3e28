/* SPDX-License-Identifier: MIT */
/*
 * Endpoints, replies, notifications.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <kernel/object.h>
#include <lib/list.h>
#include <lib/rbtree.h>

struct thread;
struct cap;

struct endpoint {
	struct object object; /* object.lock: the queues; never both non-empty */
	struct rbtree senders;   /* threads in WAIT_SEND by priority, then arrival */
	struct list receivers;   /* threads in WAIT_RECEIVE, first come first */
	u64 arrival;
};

/*
 * A right to answer one call.  The word `caller` is the whole state machine:
 *   NULL --receive offers it--> REPLY_OFFERED --a call arrives--> the caller
 *   --whoever wins the exchange ends the call--> NULL
 */
struct reply {
	struct object object;
	struct thread *caller; /* atomic */
};
#define REPLY_OFFERED ((struct thread *)1)

struct notification {
	struct object object; /* object.lock: all below */
	u64 bits;
	struct list waiters;  /* threads in WAIT_NOTIFY */
	struct thread *bound; /* thread whose receive also serves this; NULL = none */
	u32 bound_generation;
};

/** notification_signal() - or @bits in and wake a waiter. Any CPU; takes the notification's lock. */
void notification_signal(struct notification *notification, u32 generation, u64 bits);

/** notification_signal_held() - the same through a kernel-held capability (interrupts, process ends). */
void notification_signal_held(u32 slot, u64 bits);

/** fault_send() - the running thread faulted: call its process's fault endpoint. Return: false if it has none. */
bool fault_send(struct thread *self);

/** ipc_cancelled() - claimant: the wait of @thread ended with @status; clean up offered reply and window. */
void ipc_cancelled(struct thread *thread, long status);

#endif
