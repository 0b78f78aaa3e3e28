// SPDX-License-Identifier: MIT
/*
 * Objects of devices: physical memory, interrupt lines, I/O ports
 * (Documentation/programs.rst, "Interrupts" in ipc.rst).  The machine's ports
 * are bytes that keep what is written; a line asks once for each time it is
 * raised, and waits with that as long as it is masked.
 */
#include <stdlib.h>

#include <generated/syscall_numbers.h>

#include "internal.h"

#define PHYSICAL_END (1UL << 52)
#define NR_PORTS 0x10000UL

static u8 ports[NR_PORTS];

/* What nobody else gets on a PC. */
static const struct {
	u64 first, count;
} kept[] = { { 0x20, 2 }, { 0xa0, 2 }, { 0x40, 4 }, { 0x61, 1 }, { 0xf4, 4 } };

/* The thread has a new object, with all rights. */
static void give(struct m_object *thread, struct m_object *object)
{
	ends(thread, ST_OK);
	thread->result.cap = cap_new(object, NULL, thread->process, RIGHTS_ALL, 0);
}

/* ---- memory ---- */

static void create_memory(struct m_object *thread, const struct m_call *call)
{
	u64 base = call->arg[0], pages = call->arg[1], kind = call->arg[2];
	struct m_object *memory;

	if (base % M_PAGE || !pages || pages > 262144 || kind > MEM_CACHED ||
	    base >= PHYSICAL_END || pages * M_PAGE > PHYSICAL_END - base)
		return ends(thread, ST_INVALID);
	if (base < model.frames * M_PAGE)
		return ends(thread, ST_BUSY);
	memory = object_new(TYPE_MEMORY);
	memory->is_physical = true;
	memory->is_device = kind == MEM_DEVICE;
	memory->first = base;
	memory->nr_pages = pages;
	memory->place = calloc(pages, sizeof(*memory->place));
	give(thread, memory);
}

/* ---- interrupts ---- */

/* It interrupts if it is open: its notification learns it, and it is masked. */
static void line_asks(u64 line)
{
	struct m_object *irq = model.line[line].irq;
	struct m_cap *sink;

	if (!irq || !irq->is_open || !model.line[line].is_raised)
		return;
	model.line[line].is_raised = irq->is_open = false;
	sink = irq->sink_cap;
	if (sink)
		notification_set(sink->object, irq->bits & (sink->badge ? sink->badge : ~0UL));
}

static void create_irq(struct m_object *thread, u64 line)
{
	struct m_object *irq;

	if (!line || line >= model.nr_lines)
		return ends(thread, ST_INVALID);
	if (model.line[line].irq)
		return ends(thread, ST_BUSY);
	irq = object_new(TYPE_IRQ);
	irq->first = line;
	model.line[line].irq = irq;
	give(thread, irq);
}

void irq_end(struct m_object *irq)
{
	struct m_cap *sink = irq->sink_cap;

	model.line[irq->first].irq = NULL;
	if (sink)
		cap_remove(sink);
}

static void bind(struct m_object *thread, struct m_object *irq, const struct m_call *call)
{
	struct m_cap *cap, *before = irq->sink_cap;
	long status = want_held(thread, call->handle[1], TYPE_NOTIFICATION, RIGHT_SIGNAL, &cap);

	ends(thread, status);
	if (status != ST_OK)
		return;
	irq->sink_cap = cap ? cap_new(cap->object, cap, NULL, cap->rights, cap->badge) : NULL;
	irq->bits = call->arg[0];
	irq->is_bound = irq->is_open = cap != NULL;
	if (before)
		cap_remove(before);
	line_asks(irq->first);
}

/* What was bound is still, if its notification is gone. */
static void ack(struct m_object *thread, struct m_object *irq)
{
	ends(thread, irq->is_bound ? ST_OK : ST_BUSY);
	irq->is_open = irq->is_bound;
	line_asks(irq->first);
}

/* ---- ports ---- */

static void create_ports(struct m_object *thread, u64 first, u64 count)
{
	struct m_object *object;

	if (first >= NR_PORTS || !count || count > NR_PORTS - first)
		return ends(thread, ST_INVALID);
	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		if (ranges_overlap(first, count, kept[i].first, kept[i].count))
			return ends(thread, ST_BUSY);
	object = object_new(TYPE_IOPORT);
	object->first = first;
	object->nr_ports = count;
	give(thread, object);
}

static void access_ports(struct m_object *thread, const struct m_object *object,
			 const struct m_call *call)
{
	u64 offset = call->arg[0], width = call->arg[1], value = 0;
	u8 *port = &ports[object->first];

	if ((width != 1 && width != 2 && width != 4) || offset >= object->nr_ports ||
	    width > object->nr_ports - offset)
		return ends(thread, ST_INVALID);
	for (u64 i = 0; i < width; i++) {
		if (call->number == SYS_ioport_out)
			port[offset + i] = (u8)(call->arg[2] >> 8 * i);
		value |= (u64)port[offset + i] << 8 * i;
	}
	ends_with(thread, value, 0);
}

/* ---- calls ---- */

static u8 type_for(u32 number)
{
	switch (number) {
	case SYS_irq_bind:
	case SYS_irq_ack: return TYPE_IRQ;
	case SYS_ioport_in:
	case SYS_ioport_out: return TYPE_IOPORT;
	default: return TYPE_SYSTEM;
	}
}

void device_call(struct m_object *thread, const struct m_call *call)
{
	u8 type = type_for(call->number);
	struct m_cap *cap;
	long status = want(thread, call->handle[0], type,
			   type == TYPE_SYSTEM ? RIGHT_DEVICE : RIGHT_USE, &cap);

	if (status != ST_OK)
		return ends(thread, status);
	switch (call->number) {
	case SYS_mem_create_device: return create_memory(thread, call);
	case SYS_irq_create: return create_irq(thread, call->arg[0]);
	case SYS_irq_bind: return bind(thread, cap->object, call);
	case SYS_irq_ack: return ack(thread, cap->object);
	case SYS_ioport_create: return create_ports(thread, call->arg[0], call->arg[1]);
	default: return access_ports(thread, cap->object, call);
	}
}

void device_raise(struct m_object *thread, u64 line)
{
	ends(thread, ST_OK);
	model.line[line].is_raised = true;
	line_asks(line);
}
