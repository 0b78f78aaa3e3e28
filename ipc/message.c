// SPDX-License-Identifier: MIT
/*
 * Messages: decoding an IPC call's operands, copying words and capabilities.
 *
 * Everything comes from saved registers and from message pages, which are
 * kernel memory reached through the direct map: no copy can fault.  A word of
 * a message page is read once.
 */
#include "ipc_internal.h"
#include <kernel/panic.h>
#include <kernel/process.h>
#include <lib/string.h>

static u32 tag_words(u64 tag)
{
	return (tag >> MSG_WORDS_SHIFT) & MSG_WORDS_MASK;
}

static u32 tag_caps(u64 tag)
{
	return (tag >> MSG_CAPS_SHIFT) & MSG_CAPS_MASK;
}

long operands_decode(const struct thread *self, u32 directions, struct operands *operands)
{
	u64 tag = arch_tag(&self->regs);
	bool has_deadline = tag & MSG_TIMEOUT;

	operands->tag = tag;
	operands->words = directions & OPERANDS_SEND ? tag_words(tag) : 0;
	operands->caps = directions & OPERANDS_SEND ? tag_caps(tag) : 0;
	operands->accept =
		directions & OPERANDS_RECEIVE ? (tag >> MSG_ACCEPT_SHIFT) & MSG_ACCEPT_MASK : 0;
	operands->is_nonblocking = tag & MSG_NONBLOCK;
	if (operands->words > MSG_MAX_WORDS || operands->caps > MSG_MAX_CAPS ||
	    operands->accept > MSG_MAX_CAPS || (tag & MSG_RESERVED) ||
	    (has_deadline && operands->is_nonblocking))
		return ST_INVALID;
	if (!self->page && (has_deadline || operands->words > MSG_REG_WORDS))
		return ST_TOOLONG;
	operands->deadline = has_deadline ? load_relaxed(&self->page[MSG_DEADLINE]) : TIME_NEVER;
	return ST_OK;
}

long message_check(u32 words, u32 caps, const struct thread *receiver)
{
	if (caps > receiver->window_count)
		return ST_CAPSPACE;
	return words > MSG_REG_WORDS && !receiver->page ? ST_TOOLONG : ST_OK;
}

/* Handle @i of the packed capability registers. */
static handle_t packed_handle(const struct thread *thread, u32 i)
{
	return (handle_t)(arch_caps(&thread->regs, i / 2) >> (32 * (i % 2)));
}

/* Lend or give the capabilities; what has died on the way arrives as null. */
static void transfer_caps(struct thread *sender, struct thread *receiver, u32 count, u64 packed[2])
{
	u32 move = (arch_tag(&sender->regs) >> MSG_MOVE_SHIFT) & MSG_MOVE_MASK;

	ASSERT(count <= receiver->window_count);
	for (u32 i = 0; i < count; i++) {
		struct slot *slot = receiver->window[i];
		handle_t handle = cap_slot_handle(slot);

		if (cap_transfer(&sender->process->caps, packed_handle(sender, i), slot,
				 move & (1u << i)) != ST_OK)
			continue;
		receiver->window[i] = NULL;
		packed[i / 2] |= (u64)handle << (32 * (i % 2));
	}
}

static void deliver_words(const struct thread *sender, struct thread *receiver, u32 words)
{
	memcpy(arch_words(&receiver->regs), arch_words((struct arch_regs *)&sender->regs),
	       MSG_REG_WORDS * sizeof(u64));
	if (words > MSG_REG_WORDS)
		memcpy(&receiver->page[MSG_REG_WORDS], &sender->page[MSG_REG_WORDS],
		       (words - MSG_REG_WORDS) * sizeof(u64));
}

static void deliver_fault(const struct thread *sender, struct thread *receiver)
{
	u64 *words = arch_words(&receiver->regs);

	memset(words, 0, MSG_REG_WORDS * sizeof(u64));
	memcpy(words, sender->fault_words, FAULT_WORDS * sizeof(u64));
	arch_set_tag(&receiver->regs, MSG_FROM_FAULT | FAULT_WORDS << MSG_WORDS_SHIFT |
					      (u64)sender->fault_kind << MSG_LABEL_SHIFT);
}

void message_deliver(struct thread *sender, struct thread *receiver, u64 badge)
{
	u64 packed[2] = { 0, 0 };

	if (sender->is_fault) {
		deliver_fault(sender, receiver);
	} else {
		u64 tag = arch_tag(&sender->regs);

		deliver_words(sender, receiver, tag_words(tag));
		if (tag_caps(tag))
			transfer_caps(sender, receiver, tag_caps(tag), packed);
		arch_set_tag(&receiver->regs, tag);
	}
	thread_window_release(receiver);
	arch_set_caps(&receiver->regs, 0, packed[0]);
	arch_set_caps(&receiver->regs, 1, packed[1]);
	arch_set_value(&receiver->regs, 0, badge);
	arch_set_status(&receiver->regs, ST_OK);
}

void message_deliver_bits(struct thread *thread, u64 bits)
{
	memset(arch_words(&thread->regs), 0, MSG_REG_WORDS * sizeof(u64));
	arch_set_tag(&thread->regs, MSG_FROM_NOTIFICATION);
	arch_set_caps(&thread->regs, 0, 0);
	arch_set_caps(&thread->regs, 1, 0);
	arch_set_value(&thread->regs, 0, bits);
	arch_set_status(&thread->regs, ST_OK);
}
