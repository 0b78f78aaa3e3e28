// SPDX-License-Identifier: MIT
/*
 * Packs a struct message into the registers of an IPC call and back.  The
 * registers themselves are loaded by ipc_trap(), one for each architecture.
 */
#include <lib/string.h>
#include <user/ipc.h>

/* Offsets are known to <arch>/trap.S. */
struct ipc_frame {
	u64 tag, handles;
	u64 word[MSG_REG_WORDS];
	u64 caps[2];
	u64 badge;
	long status;
};
_Static_assert(offsetof(struct ipc_frame, word) == 16 && offsetof(struct ipc_frame, caps) == 80 &&
		       offsetof(struct ipc_frame, status) == 104,
	       "layout of trap.S");

void ipc_trap(struct ipc_frame *frame);

u64 *message_page(void)
{
	u64 page = 0;

	(void)thread_self(NULL, &page);
	return (u64 *)page;
}

static void unpack(const struct ipc_frame *frame, struct message *message)
{
	u64 tag = frame->tag;

	message->label = tag >> MSG_LABEL_SHIFT;
	message->words = (tag >> MSG_WORDS_SHIFT) & MSG_WORDS_MASK;
	message->caps = (tag >> MSG_CAPS_SHIFT) & MSG_CAPS_MASK;
	message->move = (tag >> MSG_MOVE_SHIFT) & MSG_MOVE_MASK;
	message->call = tag & MSG_CALL_MASK;
	message->badge = frame->badge;
	memcpy(message->word, frame->word, sizeof(message->word));
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		message->cap[i] = (handle_t)(frame->caps[i / 2] >> (32 * (i % 2)));
}

long ipc_raw(u64 tag, u64 handles, struct message *message)
{
	struct ipc_frame frame = { .tag = tag, .handles = handles };
	u32 call = tag & MSG_CALL_MASK;

	memcpy(frame.word, message->word, sizeof(frame.word));
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		frame.caps[i / 2] |= (u64)message->cap[i] << (32 * (i % 2));
	ipc_trap(&frame);
	/* A refused call leaves the caller's message as it was, so that it can try again. */
	if (frame.status == ST_OK && call != SYS_ipc_send && call != SYS_ipc_reply)
		unpack(&frame, message);
	return frame.status;
}

static long trap(u32 call, u64 handles, struct message *message)
{
	u64 tag = call | (u64)(message->words & MSG_WORDS_MASK) << MSG_WORDS_SHIFT |
		  (u64)(message->caps & MSG_CAPS_MASK) << MSG_CAPS_SHIFT |
		  (u64)(message->move & MSG_MOVE_MASK) << MSG_MOVE_SHIFT |
		  (u64)(message->accept & MSG_ACCEPT_MASK) << MSG_ACCEPT_SHIFT | message->flags |
		  message->label << MSG_LABEL_SHIFT;

	if (message->flags & MSG_TIMEOUT) {
		u64 *page = message_page();

		if (page)
			page[MSG_DEADLINE] = message->deadline;
	}
	/* Unused words travel too: none of ours may leak. */
	for (u32 i = message->words; i < MSG_REG_WORDS; i++)
		message->word[i] = 0;
	for (u32 i = message->caps; i < MSG_MAX_CAPS; i++)
		message->cap[i] = HANDLE_NULL;
	return ipc_raw(tag, handles, message);
}

long ipc_call(handle_t endpoint, struct message *message)
{
	return trap(SYS_ipc_call, endpoint, message);
}

long ipc_send(handle_t endpoint, struct message *message)
{
	return trap(SYS_ipc_send, endpoint, message);
}

long ipc_receive(handle_t endpoint, handle_t reply, struct message *message)
{
	message->words = message->caps = 0;
	return trap(SYS_ipc_receive, endpoint | (u64)reply << 32, message);
}

long ipc_reply(handle_t reply, struct message *message)
{
	return trap(SYS_ipc_reply, reply, message);
}

long ipc_reply_receive(handle_t endpoint, handle_t reply, struct message *message)
{
	return trap(SYS_ipc_reply_receive, endpoint | (u64)reply << 32, message);
}

long call_words(handle_t endpoint, u64 label, u64 a, u64 b, u64 c, u64 *result)
{
	struct message message = { .label = label, .words = 3, .word = { a, b, c } };
	long status = ipc_call(endpoint, &message);

	if (status != ST_OK)
		return status;
	if (result)
		*result = message.word[0];
	return (s32)message.label;
}
