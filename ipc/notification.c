// SPDX-License-Identifier: MIT
/*
 * Notifications: 64 bits that are set and taken, and those who wait for them.
 *
 * Owns: bits, waiters and the bound thread, under the notification's lock.  A
 * bound thread that waits in a receive is told by a request to its home, which
 * then claims it: the signaller never takes a second lock.
 */
#include "ipc_internal.h"
#include <generated/syscall_protos.h>
#include <kernel/panic.h>
#include <kernel/process.h>

static struct notification *notification_of(const struct cap *cap)
{
	return container_of(cap->object, struct notification, object);
}

/* Take the first waiter off the list: it is claimed. Lock held. */
static struct thread *claim_first(struct notification *notification)
{
	struct list *link = list_first(&notification->waiters);
	struct thread *thread = link ? list_entry(link, struct thread, wait_link) : NULL;

	if (thread) {
		list_remove(link);
		store_relaxed(&thread->wait_kind, WAIT_NONE);
	}
	return thread;
}

long notification_signal(const struct cap *cap, u64 bits)
{
	struct notification *notification = notification_of(cap);
	struct thread *waiter = NULL;

	spin_lock(&notification->object.lock);
	if (!cap_is_current(cap)) {
		spin_unlock(&notification->object.lock);
		return ST_BADHANDLE;
	}
	if (cap->badge)
		bits &= cap->badge;
	bits |= notification->bits;
	if (bits)
		waiter = claim_first(notification);
	store_relaxed(&notification->bits, waiter ? 0 : bits);
	if (bits && !waiter && notification->bound)
		thread_post(notification->bound, REQUEST_SIGNAL);
	spin_unlock(&notification->object.lock);
	if (!waiter)
		return ST_OK;
	arch_set_value(&waiter->regs, 0, bits);
	arch_set_status(&waiter->regs, ST_OK);
	sched_wake(waiter);
	return ST_OK;
}

/* ---- bound threads ---- */

u64 notification_take_bound(struct thread *thread)
{
	struct notification *notification = load_acquire(&thread->bound);
	u64 bits = 0;

	if (!notification)
		return 0;
	spin_lock(&notification->object.lock);
	if (load_relaxed(&notification->bound) == thread) {
		bits = notification->bits;
		store_relaxed(&notification->bits, 0);
	}
	spin_unlock(&notification->object.lock);
	return bits;
}

void notification_home_signal(struct thread *thread)
{
	u64 bits;

	if (thread->state != THREAD_BLOCKED ||
	    load_relaxed(&thread->wait_kind) != WAIT_RECEIVE || !thread_claim(thread))
		return;
	reply_withdraw(thread);
	thread_window_release(thread);
	bits = notification_take_bound(thread);
	/* Another receive may have been faster: then this one begins anew. */
	if (bits)
		message_deliver_bits(thread, bits);
	else
		arch_restart_call(&thread->regs);
	thread_returned(thread);
}

/* Notification's lock held. Another thread that lives there by now keeps its own. */
static void untie(struct notification *notification, struct thread *thread)
{
	store_relaxed(&notification->bound, NULL);
	(void)atomic_compare_exchange(&thread->bound, notification, NULL);
}

long notification_unbind(struct thread *thread, const struct cap *by)
{
	struct notification *notification = load_acquire(&thread->bound);
	long status = ST_OK;

	if (!notification)
		return ST_NOTFOUND;
	spin_lock(&notification->object.lock);
	if (by && !cap_is_current(by))
		status = ST_BADHANDLE;
	else if (load_relaxed(&notification->bound) == thread)
		untie(notification, thread);
	spin_unlock(&notification->object.lock);
	return status;
}

static long bind(const struct cap *target, const struct cap *cap)
{
	struct notification *notification = notification_of(cap);
	struct thread *thread = thread_of(target->object);
	long status = ST_OK;
	bool is_dead;

	spin_lock(&notification->object.lock);
	if (!cap_is_current(cap))
		status = ST_BADHANDLE;
	else if (notification->bound ||
		 !atomic_compare_exchange(&thread->bound, NULL, notification))
		status = ST_BUSY;
	if (status == ST_OK) {
		store_relaxed(&notification->bound, thread);
		/* Partner: thread_die() sets DEAD, then unbinds, for which it waits for the lock. */
		fence_full();
		is_dead = load_acquire(&thread->state) == THREAD_DEAD;
		/* Looked at last: all that was read and done was this thread's. */
		if (!cap_is_current(target))
			status = ST_BADHANDLE;
		if (status != ST_OK || is_dead)
			untie(notification, thread);
		else if (load_relaxed(&notification->bits))
			thread_post(thread, REQUEST_SIGNAL);
	}
	spin_unlock(&notification->object.lock);
	return status;
}

long sys_notify_bind(struct thread *self, handle_t thread, handle_t notification)
{
	struct cap_space *space = &self->process->caps;
	struct cap target, cap;
	long status = cap_lookup(space, thread, TYPE_THREAD, RIGHT_MANAGE, &target);

	if (status != ST_OK)
		return status;
	if (notification == HANDLE_NULL)
		return notification_unbind(thread_of(target.object), &target);
	status = cap_lookup(space, notification, TYPE_NOTIFICATION, RIGHT_WAIT, &cap);
	return status == ST_OK ? bind(&target, &cap) : status;
}

/* ---- calls ---- */

long sys_notify_signal(struct thread *self, handle_t notification, u64 bits)
{
	struct cap cap;
	long status = cap_lookup(&self->process->caps, notification, TYPE_NOTIFICATION,
				 RIGHT_SIGNAL, &cap);

	if (status != ST_OK)
		return status;
	return notification_signal(&cap, bits);
}

static void park_waiter(struct thread *self, struct notification *notification,
			const struct cap *cap, ktime_t deadline)
{
	self->wait_object = notification;
	self->wait_slot = cap->slot;
	self->wait_token = cap->token;
	sched_block(self, deadline);
	list_append(&notification->waiters, &self->wait_link);
	store_relaxed(&self->wait_kind, WAIT_NOTIFY);
}

long sys_notify_wait(struct thread *self, handle_t notification, u64 deadline)
{
	struct notification *object;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, notification, TYPE_NOTIFICATION, RIGHT_WAIT,
				 &cap);

	if (status != ST_OK)
		return status;
	object = notification_of(&cap);
	spin_lock(&object->object.lock);
	if (!cap_is_current(&cap)) {
		status = ST_BADHANDLE;
	} else if (object->bits) {
		arch_set_value(&self->regs, 0, object->bits);
		store_relaxed(&object->bits, 0);
	} else {
		park_waiter(self, object, &cap, deadline);
		status = SYSCALL_DONE;
	}
	spin_unlock(&object->object.lock);
	return status;
}

long sys_notify_poll(struct thread *self, handle_t notification)
{
	struct notification *object;
	struct cap cap;
	u64 bits;
	long status = cap_lookup(&self->process->caps, notification, TYPE_NOTIFICATION, RIGHT_WAIT,
				 &cap);

	if (status != ST_OK)
		return status;
	object = notification_of(&cap);
	spin_lock(&object->object.lock);
	bits = cap_is_current(&cap) ? object->bits : 0;
	store_relaxed(&object->bits, object->bits & ~bits);
	spin_unlock(&object->object.lock);
	if (!bits)
		return ST_WOULDBLOCK;
	arch_set_value(&self->regs, 0, bits);
	return ST_OK;
}
