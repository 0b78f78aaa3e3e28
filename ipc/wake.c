// SPDX-License-Identifier: MIT
/*
 * Waking those who wait for an endpoint or a notification by a capability that
 * has died, or because the object has.
 *
 * Any number may wait, so they are looked at in passes of bounded steps.  Who is
 * alive bears the number of the pass and goes behind its equals: what comes
 * first and bears the number tells that all have been seen, and a whole pass
 * leaves the order as it was (who comes during one may overtake).  The first
 * step is taken where the capability was deleted; with more to look at the
 * object goes to the reaper, before all its other work.
 */
#include "ipc_internal.h"
#include <kernel/panic.h>
#include <kernel/reaper.h>

#define FIRST_BATCH BATCH(8)
#define WAKE_BATCH BATCH(16)

_Static_assert(offsetof(struct endpoint, pass) == offsetof(struct notification, pass),
	       "pass_of() serves both");

static u64 last_number; /* atomic: no two passes bear the same */

/* A step. */
struct search {
	struct wake_pass *pass;
	bool all; /* the object is dead */
	u32 budget;
	struct list claimed;
};

static bool is_seen(const struct search *search, const struct thread *thread)
{
	return !search->all && thread->wait_pass == search->pass->number;
}

/* @thread is off its queue. Return: true if it is claimed, false if it goes back. */
static bool claim_if_dead(struct search *search, struct thread *thread)
{
	if (!search->all && load_relaxed(&thread->wait_slot->token) == thread->wait_token) {
		thread->wait_pass = search->pass->number;
		return false;
	}
	store_relaxed(&thread->wait_kind, WAIT_NONE);
	list_append(&search->claimed, &thread->wait_link);
	return true;
}

/* Return: true if all have been seen. Object lock held, as below. */
static bool look_at_senders(struct rbtree *senders, struct search *search)
{
	struct rb_node *node;

	while ((node = rb_at_or_after(senders, search->pass->rank))) {
		struct thread *sender = container_of(node, struct thread, send_node);
		u64 rank = node->rank;

		if (is_seen(search, sender)) {
			search->pass->rank = rank + 1;
			continue;
		}
		if (!search->budget)
			return false;
		search->budget--;
		rb_remove(senders, node);
		if (!claim_if_dead(search, sender))
			rb_insert(senders, node, rank);
	}
	return true;
}

static bool look_at_list(struct list *queue, struct search *search)
{
	struct list *link;

	while ((link = list_first(queue))) {
		struct thread *thread = list_entry(link, struct thread, wait_link);

		if (is_seen(search, thread))
			return true;
		if (!search->budget)
			return false;
		search->budget--;
		list_remove(link);
		if (!claim_if_dead(search, thread))
			list_append(queue, link);
	}
	return true;
}

static void pass_begin(struct wake_pass *pass)
{
	*pass = (struct wake_pass){ .number = atomic_fetch_add(&last_number, 1) + 1 };
}

/* The object has somebody to look at: a step. Return: false if there are more. */
static noinline bool step(struct object *object, struct search *search)
{
	struct endpoint *endpoint = container_of(object, struct endpoint, object);
	struct notification *notification = container_of(object, struct notification, object);
	bool is_done;

	if (object->type == TYPE_NOTIFICATION)
		is_done = look_at_list(&notification->waiters, search);
	else
		is_done = look_at_senders(&endpoint->senders, search) &&
			  look_at_list(&endpoint->receivers, search);
	if (!is_done || !search->pass->again || search->all)
		return is_done;
	pass_begin(search->pass);
	return false;
}

static void wake(struct search *search)
{
	list_for_each_safe(link, &search->claimed) {
		list_remove(link);
		wait_failed(list_entry(link, struct thread, wait_link), ST_DEAD);
	}
}

static struct wake_pass *pass_of(struct object *object)
{
	return &container_of(object, struct endpoint, object)->pass;
}

static bool has_waiters(const struct object *object)
{
	const struct endpoint *endpoint = container_of(object, struct endpoint, object);

	if (object->type == TYPE_NOTIFICATION)
		return !list_is_empty(
			&container_of(object, struct notification, object)->waiters);
	return rb_first(&endpoint->senders) || !list_is_empty(&endpoint->receivers);
}

/* Begin a pass. Those who wait for a dead object the reaper wakes. */
static noinline void wake_first(struct object *object)
{
	struct search search = { .pass = pass_of(object), .budget = FIRST_BATCH };

	list_init(&search.claimed);
	spin_lock(&object->lock);
	if (search.pass->number) {
		search.pass->again = true;
	} else if (load_relaxed(&object->state) == OBJECT_LIVE) {
		pass_begin(search.pass);
		if (step(object, &search)) {
			search.pass->number = 0;
		} else {
			object_queue(object, true);
			reaper_hurry(0);
		}
	}
	spin_unlock(&object->lock);
	wake(&search);
}

void ipc_wake_dead(struct object *object)
{
	bool is_waited_for;

	spin_lock(&object->lock);
	is_waited_for = has_waiters(object);
	spin_unlock(&object->lock);
	if (is_waited_for)
		wake_first(object);
}

/* Object lock held. */
static void unbind_dead(struct notification *notification)
{
	if (notification->bound)
		store_release(&notification->bound->bound, NULL);
	store_relaxed(&notification->bound, NULL);
}

static noinline enum reap wake_rest(struct object *object)
{
	struct search search = { .pass = pass_of(object), .budget = WAKE_BATCH };
	bool is_done;

	list_init(&search.claimed);
	spin_lock(&object->lock);
	search.all = object->state != OBJECT_LIVE;
	ASSERT(search.all || search.pass->number);
	if (search.all)
		search.pass->rank = 0; /* also those that have been seen alive */
	is_done = step(object, &search);
	if (search.pass->number && (is_done || search.all)) {
		search.pass->number = 0;
		reaper_calm_down();
	}
	if (is_done && !search.all)
		object->is_queued = false;
	spin_unlock(&object->lock);
	wake(&search);
	if (!is_done)
		return REAP_MORE;
	/* It may have died since ipc_reap() looked. */
	return search.all ? REAP_MORE : REAP_IDLE;
}

enum reap ipc_reap(struct object *object)
{
	bool is_idle;

	spin_lock(&object->lock);
	if (object->state != OBJECT_LIVE && object->type == TYPE_NOTIFICATION)
		unbind_dead(container_of(object, struct notification, object));
	/* A live object is here for a pass; a dead one nobody begins to wait for. */
	is_idle = !pass_of(object)->number && !has_waiters(object);
	spin_unlock(&object->lock);
	return is_idle ? REAP_RELEASED : wake_rest(object);
}
