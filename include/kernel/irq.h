/* SPDX-License-Identifier: MIT */
/*
 * Objects that stand for hardware: interrupt lines, I/O ports, the machine.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <kernel/object.h>

/* An interrupt line given to user space. It is masked from its arrival to irq_ack. */
struct irq {
	struct object object; /* object.lock: all below */
	u32 line;
	u32 sink; /* kernel-held capability of the notification, 0 = not bound */
	u64 bits;
};

struct ioport {
	struct object object;
	/* immutable after creation */
	u16 first;
	u32 count;
};

struct system {
	struct object object;
};

/** irq_handle() - the external line @line has interrupted this CPU: mask it, tell its notification. */
void irq_handle(u32 line);

/** irq_reap() - reaper: the object is dead; the line is masked and free again. */
void irq_reap(struct irq *irq);

#endif
