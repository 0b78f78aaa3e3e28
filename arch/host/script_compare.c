// SPDX-License-Identifier: MIT
/*
 * What a thread sees of a call that has ended, held against the model: registers, the
 * message page, and what the kernel has chosen, which must be one of the things
 * that it may choose.
 */
#include <stdio.h>

#include <kernel/thread.h>
#include <kernel/vspace.h>

#include <generated/syscall_errors.h>
#include <generated/syscall_numbers.h>

#include "script.h"

void disagree(const struct scripted *s, const char *what, u64 kernel, u64 expected)
{
	char kind[64];

	snprintf(kind, sizeof(kind), "model, %s", script_name(s->self->call.number));
	fail(kind, "thread%u: %s: %s: the kernel says %ld (%lx), the model %ld (%lx)",
	     s->self->name, script_name(s->self->call.number), what, kernel, kernel, expected,
	     expected);
}

void agree(const struct scripted *s, const char *what, u64 kernel, u64 expected)
{
	if (kernel != expected)
		disagree(s, what, kernel, expected);
}

/* ---- the message page ---- */

void compare_begin(struct scripted *s, const struct m_call *call)
{
	u64 *page = s->thread->page;

	if (!page)
		return;
	s->blank = s->key ^ 0x5555555555555555;
	s->sent = (struct words){ call->words, call->pattern };
	s->received = (struct words){ 0 };
	s->deadline = call->deadline;
	page[MSG_DEADLINE] = s->deadline;
	for (u32 i = 1; i < MSG_MAX_WORDS; i++)
		page[i] = i >= MSG_REG_WORDS && i < call->words ? call->pattern + i : s->blank + i;
}

void compare_page(const struct scripted *s)
{
	const u64 *page = s->thread->page;

	if (!page || !s->blank)
		return;
	agree(s, "the deadline in the message page", page[MSG_DEADLINE], s->deadline);
	for (u32 i = 1; i < MSG_MAX_WORDS; i++) {
		u64 word = s->blank + i;

		if (i >= MSG_REG_WORDS && i < s->received.count)
			word = s->received.pattern + i;
		else if (i >= MSG_REG_WORDS && i < s->sent.count)
			word = s->sent.pattern + i;
		agree(s, "a word in the message page", page[i], word);
	}
}

void compare_refused(const struct scripted *s)
{
	bool is_ipc = s->number >= SYS_ipc_call && s->number <= SYS_ipc_reply;

	compare_page(s);
	if (is_ipc && s->number != SYS_ipc_reply_receive)
		agree(s, "the tag after a refusal", s->thread->regs.tag, s->tag);
	for (u32 i = 0; i < MSG_REG_WORDS && is_ipc; i++)
		agree(s, "a word after a refusal", s->thread->regs.words[i], s->call.pattern + i);
}

/* ---- what the kernel has chosen ---- */

/* The kernel has chosen a handle: it must be a new one. */
static void adopt_handle(const struct scripted *s, struct m_cap *cap, u64 handle)
{
	if (!handle || handle >> 32 || model_find(cap->holder, (u32)handle))
		disagree(s, "a new handle", handle, 0);
	cap->handle = (u32)handle;
}

static void adopt_address(const struct scripted *s, struct m_map *map, u64 address)
{
	if (map->address)
		return;
	if (address % PAGE_SIZE || !range_within(address, map->size, USER_MAP_START, USER_MAP_END))
		disagree(s, "an address chosen", address, 0);
	for (u64 at = address; at < address + map->size; at += PAGE_SIZE)
		if (model_map(map->process, at))
			disagree(s, "an address chosen where something is", address, at);
	map->address = map->base = address;
}

static void adopt_page(const struct scripted *s, struct m_object *thread, u64 address)
{
	if (!thread->has_page)
		return;
	if (address % PAGE_SIZE || !range_within(address, PAGE_SIZE, MESSAGE_WINDOW, USER_END))
		disagree(s, "the address of a message page", address, 0);
	for (u32 i = 0; i < model.nr_objects; i++)
		if (model.object[i]->process == thread->process &&
		    model.object[i]->page == address && !model.object[i]->is_dead)
			disagree(s, "a message page of another thread", address, 0);
	thread->page = address;
}

static void adopt_number(const struct scripted *s, struct m_object *thread, u64 number)
{
	for (u32 i = 0; i < model.nr_objects; i++)
		if (model.object[i]->process == thread->process &&
		    model.object[i]->type == TYPE_THREAD && model.object[i]->number == number)
			disagree(s, "the number of another thread", number, 0);
	thread->number = (u32)number;
}

/* ---- results ---- */

static void compare_words(struct scripted *s, const struct m_message *message)
{
	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		if (message->known >> i & 1)
			agree(s, "a word in a register", s->thread->regs.words[i],
			      message->word[i]);
	s->received = (struct words){ message->words, message->pattern };
}

static void compare_message(struct scripted *s, const struct m_message *message)
{
	const struct arch_regs *regs = &s->thread->regs;

	agree(s, "kind of the message", regs->tag & MSG_CALL_MASK, message->kind);
	agree(s, "label", regs->tag >> MSG_LABEL_SHIFT, message->label);
	agree(s, "length", regs->tag >> MSG_WORDS_SHIFT & MSG_WORDS_MASK, message->words);
	agree(s, "number of capabilities", regs->tag >> MSG_CAPS_SHIFT & MSG_CAPS_MASK,
	      message->nr_caps);
	compare_words(s, message);
	for (u32 i = 0; i < MSG_MAX_CAPS; i++) {
		u64 handle = (u32)(regs->caps[i / 2] >> 32 * (i % 2));

		if (i >= message->nr_caps || !message->cap[i])
			agree(s, "a capability that does not come", handle, 0);
		else if (!message->cap[i]->is_gone && !message->cap[i]->handle)
			adopt_handle(s, message->cap[i], handle);
	}
}

static u32 values_of(u32 number)
{
	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++)
		if (syscall_errors[i].number == number)
			return syscall_errors[i].values;
	return 0; /* an access */
}

static void compare_values(const struct scripted *s, const struct m_result *result)
{
	const struct arch_regs *regs = &s->thread->regs;
	u32 values = result->has_message ? 1 : values_of(s->self->call.number);

	for (u32 i = 0; i < values; i++)
		if (result->known >> i & 1)
			agree(s,
			      i			  ? "value 1" :
			      result->has_message ? "badge" :
						    "value 0",
			      regs->args[i], result->value[i]);
	if (result->cap && !result->cap->is_gone)
		adopt_handle(s, result->cap, regs->args[0]);
	if (result->map)
		adopt_address(s, result->map, regs->args[0]);
	if (result->thread)
		adopt_page(s, result->thread, regs->args[1]);
}

/* What the model left open is said once. */
static void learn(const struct scripted *s)
{
	const struct arch_regs *regs = &s->thread->regs;
	struct m_object *self = s->self, *process = self->result.process;

	if (process)
		process->own_pages = regs->args[0] - self->result.value[0];
	if (self->call.number == SYS_thread_self && !self->number)
		adopt_number(s, self, regs->args[0]);
	if (self->call.number == SYS_thread_self && self->has_page && !self->page)
		self->page = regs->args[1];
}

void compare_result(struct scripted *s, const struct m_result *result)
{
	if (result->has_message)
		compare_message(s, &result->message);
	compare_values(s, result);
	learn(s);
}
