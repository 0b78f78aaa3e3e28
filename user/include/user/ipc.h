/* SPDX-License-Identifier: MIT */
/*
 * Synchronous messages as C functions.  The structure holds what goes out
 * before a call and what came in after it; words beyond the eighth lie in the
 * calling thread's message page (message_page()).
 */
#ifndef USER_IPC_H
#define USER_IPC_H

#include <user/syscall.h>

struct message {
	u64 label;        /* 32 bits, free for the protocol */
	u32 words;        /* length: 0 to MSG_MAX_WORDS */
	u32 caps;         /* capabilities in cap[]; after a receive all four of cap[] are valid */
	u32 move;         /* bit i: give cap[i] instead of lending a child */
	u32 accept;       /* capabilities to take in return */
	u32 flags;        /* MSG_NONBLOCK or MSG_TIMEOUT */
	u32 call;         /* after a receive: SYS_ipc_call, SYS_ipc_send or MSG_FROM_* */
	u64 deadline;     /* with MSG_TIMEOUT */
	u64 word[MSG_REG_WORDS];
	handle_t cap[MSG_MAX_CAPS];
	u64 badge;        /* after a receive: of the sender's capability, or notification bits */
};

/** message_page() - the calling thread's message page, NULL if it has none. */
u64 *message_page(void);

/** ipc_call() - send and wait for the reply, which replaces the message. */
long ipc_call(handle_t endpoint, struct message *message);

/** ipc_send() - send and wait until it is taken. */
long ipc_send(handle_t endpoint, struct message *message);

/** ipc_receive() - wait for a message; calls need a reply object on offer, else HANDLE_NULL. */
long ipc_receive(handle_t endpoint, handle_t reply, struct message *message);

/** ipc_reply() - answer the call held by @reply. */
long ipc_reply(handle_t reply, struct message *message);

/** ipc_reply_receive() - answer, then wait for the next message. */
long ipc_reply_receive(handle_t endpoint, handle_t reply, struct message *message);

/** ipc_raw() - a call with any tag and handles, for tests of the refusals. */
long ipc_raw(u64 tag, u64 handles, struct message *message);

/**
 * call_words() - a request of up to three words; the reply's label is its status, *result its
 * word 0 (NULL: unwanted).
 */
long call_words(handle_t endpoint, u64 label, u64 a, u64 b, u64 c, u64 *result);

#endif
