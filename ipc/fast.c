// SPDX-License-Identifier: MIT
/*
 * The short way of a call and of its answer: both threads on this CPU, the
 * partner waiting, eight words or fewer, no capabilities, no deadline.
 *
 * It may only refuse: everything is looked at before the first write, and who
 * is refused takes the ordinary way from the start.  What it does is what
 * endpoint_send(), reply_send() and endpoint_receive() would have done; the
 * choice of the next thread is known before, so the run queue is not touched.
 * The partner goes on in the turn of the thread that stops, and what the turn
 * has cost so far is counted to whoever runs when the clock is read next.
 */
#include "ipc_internal.h"
#include <generated/syscall_numbers.h>
#include <kernel/process.h>

/* Somebody queued is better than @thread, or is its equal and has no end of the turn to wait for. */
static __always_inline bool has_rival(const struct cpu *cpu, const struct thread *thread)
{
	u64 rivals = cpu->runqueue.bitmap >> thread->priority;

	return unlikely(rivals) && (rivals > 1 || cpu->deadline_armed > cpu->quantum_end);
}

/* @thread, which waits, may run here next: only its home changes that, and this is it. */
static __always_inline bool may_run(const struct cpu *cpu, const struct thread *thread)
{
	return likely(load_acquire(&thread->home) == cpu) && likely(!has_rival(cpu, thread));
}

/*
 * cap_lookup() for a known type and right, but for the second look at the token, which
 * is_still() takes under the lock.  What it finds before that may be torn: some object.
 */
static __always_inline bool find(struct cap_space *space, u64 handle, u64 type, u64 right,
				 struct cap *cap)
{
	const u64 mask = ~0u | (0xf000 | right) << 32;
	u64 leaves = load_acquire(&space->leaf_mask);
	struct slot **directory = load_pointer(&space->directory);
	char *leaf = (char *)load_pointer(&directory[handle >> HANDLE_LEAF_SHIFT & leaves]);
	struct slot *slot;

	if (unlikely(!leaf))
		return false;
	slot = (struct slot *)(leaf + (handle & HANDLE_SLOT_BYTES));
	cap->slot = slot;
	cap->token = load_acquire(&slot->token);
	if (unlikely((cap->token & mask) != (handle | (type << 12 | right) << 32)))
		return false;
	cap->generation = load_relaxed(&slot->generation);
	/* Followed to its lock before the second look: what is there was made before the slot named it. */
	cap->object = object_by_id(load_pointer(&slot->object));
	return true;
}

static __always_inline bool is_still(const struct cap *cap)
{
	fence_acquire(); /* orders what find() read before the second look */
	return likely(load_relaxed(&cap->slot->token) == cap->token) &&
	       likely(load_relaxed(&cap->object->generation) == cap->generation);
}

static __always_inline void switch_to(struct cpu *cpu, struct thread *next, u64 word)
{
	struct vspace *space = &next->process->vspace;

	store_relaxed(&next->state, THREAD_RUNNING);
	cpu->current = next;
	count_up(&cpu->nr_switches);
	if (likely(cpu->loaded != space)) {
		arch_load_space(word);
		cpu->loaded = space;
	}
}

static struct ipc_fast refuse(struct spinlock *lock) __releases(lock)
{
	spin_unlock(lock);
	return (struct ipc_fast){ 0 };
}

static noinline struct ipc_fast give_back(struct reply *reply, struct thread *caller,
					  struct spinlock *lock) __releases(lock)
{
	spin_unlock(lock);
	reply_park(reply, caller);
	return (struct ipc_fast){ 0 };
}

struct ipc_fast ipc_fast_call(struct thread *self, u64 handles)
{
	struct cpu *cpu = arch_this_cpu();
	struct endpoint *endpoint;
	struct thread *receiver;
	struct reply *reply;
	struct list *first;
	struct cap cap;
	u64 word;

	if (!find(&self->process->caps, (u32)handles, TYPE_ENDPOINT, RIGHT_CALL, &cap))
		return (struct ipc_fast){ 0 };
	cap.badge = load_relaxed(&cap.slot->badge);
	endpoint = container_of(cap.object, struct endpoint, object);
	if (unlikely(!spin_try(&endpoint->object.lock)))
		return (struct ipc_fast){ 0 };
	if (!is_still(&cap))
		return refuse(&endpoint->object.lock);
	first = endpoint->receivers.next;
	receiver = list_entry(first, struct thread, wait_link);
	if (unlikely(first == &endpoint->receivers) || !may_run(cpu, receiver) ||
	    unlikely(receiver->slow))
		return refuse(&endpoint->object.lock);
	reply = receiver->reply;
	word = vspace_word(&receiver->process->vspace, cpu);
	if (unlikely(!reply) || unlikely(!word))
		return refuse(&endpoint->object.lock);

	/* Complete before the exchange publishes it: whoever answers may be quicker than we. */
	self->reply = reply;
	self->has_deadline = false;
	store_relaxed(&self->state, THREAD_BLOCKED);
	store_relaxed(&self->wait_kind, WAIT_REPLY);
	if (unlikely(!atomic_compare_exchange(&reply->caller, REPLY_OFFERED_BY(receiver), self))) {
		store_relaxed(&self->wait_kind, WAIT_NONE);
		store_relaxed(&self->state, THREAD_RUNNING);
		self->reply = NULL;
		return refuse(&endpoint->object.lock);
	}
	receiver->reply = NULL;
	list_unlink(first);
	store_relaxed(&receiver->wait_kind, WAIT_NONE);
	spin_unlock(&endpoint->object.lock);
	switch_to(cpu, receiver, word);
	return (struct ipc_fast){ receiver, cap.badge };
}

/* Queue as endpoint_receive() does; the endpoint is locked, nobody sends, no notification is bound. */
static __always_inline void park(struct thread *self, struct endpoint *endpoint,
				 const struct cap *cap, u64 tag)
{
	/* A restart of the wait is a receive. */
	arch_set_tag(&self->regs, (tag & ~(u64)MSG_CALL_MASK) | SYS_ipc_receive);
	self->wait_object = endpoint;
	self->wait_slot = cap->slot;
	self->wait_token = cap->token;
	self->has_deadline = false;
	store_relaxed(&self->state, THREAD_BLOCKED);
	list_append(&endpoint->receivers, &self->wait_link);
	store_relaxed(&self->wait_kind, WAIT_RECEIVE);
}

/*
 * @caller is homed here, so it does not run while we do: if the exchange finds it
 * still waiting it has waited all the time, on the reply object that was there
 * when the capability was looked at.  One that is destroyed in between is on
 * offer by nobody soon, as in an ordinary receive.
 */
struct ipc_fast ipc_fast_reply_receive(struct thread *self, u64 handles, u64 tag)
{
	struct cap_space *space = &self->process->caps;
	struct cpu *cpu = arch_this_cpu();
	struct endpoint *endpoint;
	struct cap cap, right;
	struct thread *caller;
	struct reply *reply;
	u64 word;

	if (!find(space, handles >> 32, TYPE_REPLY, RIGHT_USE, &right))
		return (struct ipc_fast){ 0 };
	reply = container_of(right.object, struct reply, object);
	caller = load_acquire(&reply->caller);
	if (unlikely(!reply_has_caller(caller)) || !may_run(cpu, caller) || !is_still(&right) ||
	    unlikely(load_relaxed(&self->bound) != NULL))
		return (struct ipc_fast){ 0 };
	if (!find(space, (u32)handles, TYPE_ENDPOINT, RIGHT_RECEIVE, &cap))
		return (struct ipc_fast){ 0 };
	endpoint = container_of(cap.object, struct endpoint, object);
	if (unlikely(!spin_try(&endpoint->object.lock)))
		return (struct ipc_fast){ 0 };
	if (!is_still(&cap) || unlikely(rb_first(&endpoint->senders) != NULL))
		return refuse(&endpoint->object.lock);
	word = vspace_word(&caller->process->vspace, cpu);
	if (unlikely(!word) ||
	    unlikely(!atomic_compare_exchange(&reply->caller, caller, REPLY_TAKEN_BY(caller))))
		return refuse(&endpoint->object.lock);
	/* Ours now; another answerer may have been at it before. */
	if (unlikely(caller->slow))
		return give_back(reply, caller, &endpoint->object.lock);
	self->reply = reply;
	store_relaxed(&reply->caller, REPLY_OFFERED_BY(self));
	park(self, endpoint, &cap, tag);
	spin_unlock(&endpoint->object.lock);
	store_relaxed(&caller->wait_kind, WAIT_NONE);
	caller->reply = NULL;
	switch_to(cpu, caller, word);
	return (struct ipc_fast){ caller, 0 };
}
