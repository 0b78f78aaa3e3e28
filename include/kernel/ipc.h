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
 *   NULL --receive offers it--> OFFERED_BY receiver --a call is matched-->
 *   TAKEN_BY caller --message delivered, caller parked--> the caller
 *   --whoever wins the exchange ends the call--> NULL
 *
 * The receiver is part of the offer, so a stale pointer to a reply object that
 * somebody else offers meanwhile cannot win.
 */
struct reply {
	struct object object;
	struct thread *caller; /* atomic */
};
#define REPLY_OFFERED_BY(receiver) ((struct thread *)((u64)(receiver) | 1))
#define REPLY_TAKEN_BY(caller) ((struct thread *)((u64)(caller) | 2))

static inline bool reply_has_caller(const struct thread *caller)
{
	return caller && !((u64)caller & 3);
}

struct notification {
	struct object object; /* object.lock: all below */
	u64 bits;
	struct list waiters;  /* threads in WAIT_NOTIFY */
	struct thread *bound; /* thread whose receive also serves this; NULL = none */
	u32 bound_generation;
};

/** notification_signal() - or @bits in and wake a waiter. Any CPU; takes the notification's lock. */
void notification_signal(struct notification *notification, u32 generation, u64 bits);

/** notification_home_signal() - home CPU: the notification bound to @thread has bits; end a receive for it. */
void notification_home_signal(struct thread *thread);

/** notification_take_bound() - take the bits of the notification bound to @thread, 0 if none. */
u64 notification_take_bound(struct thread *thread);

/** notification_look_again() - the running thread has queued itself in a receive: were bits set before? */
void notification_look_again(struct thread *self);

/** notification_unbind() - the thread dies: its notification forgets it. */
void notification_unbind(struct thread *thread);

/** fault_send() - the running thread faulted: call its process's fault endpoint. Return: false if it has none. */
bool fault_send(struct thread *self);

/** endpoint_wake_dead() / notification_wake_dead() - wake up to a batch of waiters whose capability has died
 *  (@all: every waiter, the object is dead). Return: true if more may be waiting. */
bool endpoint_wake_dead(struct endpoint *endpoint, bool all);
bool notification_wake_dead(struct notification *notification, bool all);

/** reply_reap() - the reply object is dead: its caller learns it. Return: false while a call is being delivered. */
bool reply_reap(struct reply *reply);

/** message_deliver_bits() - the receive of @thread ends with bits of its bound notification. */
void message_deliver_bits(struct thread *thread, u64 bits);

#endif
