// SPDX-License-Identifier: MIT
/*
 * Interrupt lines given to user space, as objects.
 *
 * Owns: which line has an object.  A line is masked from the moment it
 * interrupts until its driver calls irq_ack, so a driver that hangs stops its
 * own device only.
 */
#include <generated/syscall_protos.h>
#include <kernel/cap.h>
#include <kernel/ipc.h>
#include <kernel/irq.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/thread.h>

#define MAX_LINES 1024 /* GIC: 1020; PLIC: 1024; I/O APICs: 240 */

static struct irq *lines[MAX_LINES]; /* atomic: claimed by compare-exchange */

void irq_handle(u32 line)
{
	struct irq *irq = line < MAX_LINES ? load_acquire(&lines[line]) : NULL;
	struct cap sink = { 0 };
	bool is_bound;
	u64 bits;

	arch_irq_mask(line);
	arch_irq_done(line);
	if (!irq)
		return;
	do { /* it may be bound to another one before the signal */
		spin_lock(&irq->object.lock);
		is_bound = load_relaxed(&irq->line) == line && irq->object.state == OBJECT_LIVE &&
			   cap_held(irq->sink, TYPE_NOTIFICATION, &sink) == ST_OK;
		bits = irq->bits;
		spin_unlock(&irq->object.lock);
	} while (is_bound && notification_signal(&sink, bits) == ST_BADHANDLE);
}

void irq_reap(struct irq *irq)
{
	u32 sink;

	if (irq->line >= MAX_LINES)
		return; /* done before */
	arch_irq_mask(irq->line);
	spin_lock(&irq->object.lock);
	sink = irq->sink;
	irq->sink = 0;
	store_release(&lines[irq->line], NULL);
	irq->line = MAX_LINES;
	spin_unlock(&irq->object.lock);
	cap_drop(sink);
}

/* Make the object of @line, unless it has one. */
static long irq_make(u32 line, struct slot *slot)
{
	struct object *object = object_alloc(TYPE_IRQ);
	struct irq *irq = container_of(object, struct irq, object);

	if (!object)
		return ST_NOMEM;
	store_relaxed(&irq->line, line); /* a late-comer may still look at the line that it had */
	if (!atomic_compare_exchange(&lines[line], NULL, irq)) {
		object_discard(object);
		return ST_BUSY;
	}
	cap_install(object, slot, RIGHTS_ALL, 0);
	return ST_OK;
}

long sys_irq_create(struct thread *self, handle_t system, u64 line)
{
	struct cap_space *space = &self->process->caps;
	handle_t handle;
	struct slot *slot;
	struct cap cap;
	long status = cap_lookup(space, system, TYPE_SYSTEM, RIGHT_DEVICE, &cap);

	if (status != ST_OK)
		return status;
	if (line >= MIN(arch_irq_count(), (u32)MAX_LINES) || !arch_irq_is_usable((u32)line))
		return ST_INVALID;
	slot = cap_reserve(space);
	if (!slot)
		return ST_NOSLOTS;
	handle = cap_slot_handle(slot); /* as in sys_cap_derive() */
	status = irq_make((u32)line, slot);
	if (status == ST_OK)
		arch_set_value(&self->regs, 0, handle);
	else
		cap_unreserve(slot);
	return status;
}

/* Exchange the sink of @cap's interrupt for *sink; the line is open while there is one. */
static long irq_set_sink(const struct cap *cap, u32 *sink, u64 bits)
{
	struct irq *irq = container_of(cap->object, struct irq, object);
	long status = ST_BADHANDLE;

	spin_lock(&irq->object.lock);
	if (cap_is_current(cap)) {
		u32 old = irq->sink;

		irq->sink = *sink;
		irq->bits = bits;
		if (*sink)
			arch_irq_unmask(irq->line);
		else
			arch_irq_mask(irq->line);
		*sink = old;
		status = ST_OK;
	}
	spin_unlock(&irq->object.lock);
	return status;
}

long sys_irq_bind(struct thread *self, handle_t irq, handle_t notification, u64 bits)
{
	struct cap_space *space = &self->process->caps;
	struct cap line;
	u32 sink;
	long status = cap_lookup(space, irq, TYPE_IRQ, RIGHT_USE, &line);

	if (status == ST_OK)
		status = cap_hold(space, notification, TYPE_NOTIFICATION, RIGHT_SIGNAL, &sink);
	if (status != ST_OK)
		return status;
	status = irq_set_sink(&line, &sink, bits);
	cap_drop(sink);
	return status;
}

long sys_irq_ack(struct thread *self, handle_t irq)
{
	struct irq *object;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, irq, TYPE_IRQ, RIGHT_USE, &cap);

	if (status != ST_OK)
		return status;
	object = container_of(cap.object, struct irq, object);
	spin_lock(&object->object.lock);
	if (!cap_is_current(&cap))
		status = ST_BADHANDLE;
	else if (!object->sink)
		status = ST_BUSY;
	else
		arch_irq_unmask(object->line);
	spin_unlock(&object->object.lock);
	return status;
}
