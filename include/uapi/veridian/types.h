/* SPDX-License-Identifier: MIT */
/*
 * Handles, object types and rights as user space sees them.
 *
 * A handle names a slot of the calling process's capability space: the slot's
 * index in the middle, a generation of 12 bits around it, so that a handle
 * kept after its slot was emptied is refused (it protects a process from its
 * own mistakes; it is no security boundary).  The split puts the byte offset
 * of the slot inside its 2 KiB leaf into bits 5-10, which needs one AND on
 * every architecture.
 */
#ifndef UAPI_VERIDIAN_TYPES_H
#define UAPI_VERIDIAN_TYPES_H

#define HANDLE_NULL 0
#define HANDLE_GEN_LOW_BITS 5
#define HANDLE_SLOT_BITS 6  /* slots of a leaf: 64, the first is its header */
#define HANDLE_LEAF_BITS 14 /* leaves of a space */
#define HANDLE_GEN_HIGH_BITS 7

#define HANDLE_LEAF_SHIFT 11    /* where the number of the leaf begins */
#define HANDLE_SLOT_BYTES 0x7e0 /* the slot inside of it, times 32 */

#define HANDLE_INDEX(h) (((h) >> 5) & 0xfffff)
#define HANDLE_GEN(h) (((h) & 0x1f) | ((h) >> 25) << 5)
#define HANDLE_MAKE(index, gen) \
	(((gen) & 0x1f) | ((index) & 0xfffff) << 5 | (((gen) >> 5) & 0x7f) << 25)

/* The first slots of every process, filled by its creator in this order. */
#define HANDLE_FIRST(n) HANDLE_MAKE((n) + 1, 1)
#define HANDLE_SELF HANDLE_FIRST(0) /* the process itself, if its creator gave it */

/* Object types. */
#define TYPE_NONE 0
#define TYPE_PROCESS 1
#define TYPE_THREAD 2
#define TYPE_ENDPOINT 3
#define TYPE_REPLY 4
#define TYPE_NOTIFICATION 5
#define TYPE_MEMORY 6
#define TYPE_IRQ 7
#define TYPE_IOPORT 8
#define TYPE_SYSTEM 9
#define TYPE_MAX 9

/*
 * Rights.  The low four mean the same for every type; the others depend on it.
 */
#define RIGHT_DERIVE 0x001  /* cap_derive and sending a copy */
#define RIGHT_MOVE 0x002    /* sending the capability itself */
#define RIGHT_DESTROY 0x004 /* cap_destroy: end the object */
#define RIGHT_MANAGE 0x008  /* change the object's settings */

#define RIGHT_SEND 0x010    /* endpoint: ipc_send */
#define RIGHT_CALL 0x020    /* endpoint: ipc_call */
#define RIGHT_RECEIVE 0x040 /* endpoint: ipc_receive */
#define RIGHT_GRANT 0x080   /* endpoint: messages may carry capabilities */

#define RIGHT_SIGNAL 0x010 /* notification: notify_signal, binding it as a sink */
#define RIGHT_WAIT 0x020   /* notification: notify_wait, notify_poll, binding to a thread */

#define RIGHT_READ 0x010    /* memory: map readable; process, thread: read state */
#define RIGHT_WRITE 0x020   /* memory: map writable */
#define RIGHT_EXECUTE 0x040 /* memory: map executable once sealed */
#define RIGHT_SEAL 0x080    /* memory: mem_seal */
#define RIGHT_DMA 0x100     /* memory: read its physical address */

#define RIGHT_MAP 0x020   /* process: map, unmap, protect in its address space */
#define RIGHT_GIVE 0x040  /* process: put capabilities into its space */
#define RIGHT_SPAWN 0x080 /* process: create threads in it */

#define RIGHT_POWER 0x010  /* system: system_power_off */
#define RIGHT_LOG 0x020    /* system: system_log */
#define RIGHT_INFO 0x040   /* system: system_info */
#define RIGHT_DEVICE 0x080 /* system: device memory, interrupts, I/O ports */

#define RIGHT_USE 0x010 /* reply: ipc_reply; irq: bind, ack; ioport: in, out */

#define RIGHTS_ALL 0xfff

#endif
