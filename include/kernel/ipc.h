/* SPDX-License-Identifier: MIT */
/*
 * Endpoints, replies, notifications.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <kernel/object.h>
#include <kernel/reaper.h>
#include <lib/list.h>
#include <lib/rbtree.h>

struct thread;
struct cap;

/* Looking for those who wait by a dead capability (ipc/wake.c); the object's lock. */
struct wake_pass {
	u64 number; /* of the pass that the reaper goes on with, 0: there is none */
	u64 rank;   /* the senders of lower ranks have been seen */
	bool again; /* a capability has been deleted since it began */
};

struct endpoint {
	struct object object; /* object.lock: all below; the queues are never both non-empty */
	struct wake_pass pass;
	struct rbtree senders;   /* threads in WAIT_SEND by priority, then arrival */
	struct list receivers;   /* threads in WAIT_RECEIVE, first come first */
};

/*
 * A right to answer one call.  The word `caller` is the whole state machine:
 *   NULL --receive offers it--> OFFERED_BY receiver --a call is matched-->
 *   TAKEN_BY caller --message delivered, caller parked--> the caller
 *   --whoever wins the exchange ends the call--> NULL
 * An answer passes through TAKEN_BY once more while it is being delivered.
 * The reaper turns NULL into GONE.
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
#define REPLY_GONE REPLY_OFFERED_BY(NULL) /* the object is dead, and nobody may offer it any more */

/* What the short way came to: the thread to enter with the message, NULL if it was refused. */
struct ipc_fast {
	struct thread *next;
	u64 badge;
};

/**
 * ipc_fast_call() - ipc_call by @self, its operands in registers; the low half of the tag is at
 *	most MSG_SHORT_MAX.  Tag and message words stay in registers all the way.  @self->regs
 *	holds what it needs to go on after the call.
 * Return: a thread that waited in a receive, to be entered at its registers' pc and stack pointer
 * with status 0, the badge, the tag and words of @self, and no capabilities; the space is loaded.
 * NULL: nothing has been done, take the ordinary way.
 */
struct ipc_fast ipc_fast_call(struct thread *self, u64 handles);

/** ipc_fast_reply_receive() - likewise for ipc_reply_receive; @self->regs' handle register is saved. */
struct ipc_fast ipc_fast_reply_receive(struct thread *self, u64 handles, u64 tag);

/** reply_has_caller() - the value of reply->caller that was loaded is a caller who waits, no marked pointer. */
static inline bool reply_has_caller(const struct thread *caller)
{
	return caller && !((u64)caller & 3);
}

struct notification {
	struct object object; /* object.lock: all below */
	struct wake_pass pass;
	u64 bits;             /* atomic: written under the lock, looked at without */
	struct list waiters;  /* threads in WAIT_NOTIFY */
	/* thread whose receive also serves this; NULL = none; atomic: a late-comer may look */
	struct thread *bound;
};

/**
 * notification_signal() - or @bits in, as far as the badge of @cap allows, and wake a waiter.
 * Any CPU; takes the notification's lock.
 * Return: ST_OK; ST_BADHANDLE if the capability has died meanwhile.
 */
long notification_signal(const struct cap *cap, u64 bits);

/** notification_home_signal() - home CPU: the notification bound to @thread has bits; end a receive for it. */
void notification_home_signal(struct thread *thread);

/** notification_take_bound() - take the bits of the notification bound to @thread, 0 if none. */
u64 notification_take_bound(struct thread *thread);


/**
 * notification_unbind() - the notification of @thread forgets it, because it dies, or its capability @by
 * (else NULL) wants it.  Return: ST_OK; ST_NOTFOUND: it has none; ST_BADHANDLE: @by has died.
 */
long notification_unbind(struct thread *thread, const struct cap *by);

/** fault_send() - the running thread faulted: call its process's fault endpoint. Return: false if it has none. */
bool fault_send(struct thread *self);

/**
 * ipc_wake_dead() - a capability of an endpoint or notification has died: who waits by a dead one
 *	learns it; many of them by and by.  No lock held.
 */
void ipc_wake_dead(struct object *object);

/** ipc_cap_gone() - likewise, of any object: the capability was deleted, or given away. */
static inline void ipc_cap_gone(struct object *object)
{
	if (object->type == TYPE_ENDPOINT || object->type == TYPE_NOTIFICATION)
		ipc_wake_dead(object);
}

/**
 * ipc_reap() - reaper: a step of waking those who wait by a dead capability, or of a dead object all.
 * Return: REAP_MORE; REAP_IDLE (alive) or REAP_RELEASED when done.
 */
enum reap ipc_reap(struct object *object);

/** reply_reap() - the reply object is dead: its caller learns it. Return: false while a call is being delivered. */
bool reply_reap(struct reply *reply);

/** message_deliver_bits() - the receive of @thread ends with bits of its bound notification. */
void message_deliver_bits(struct thread *thread, u64 bits);

#endif
