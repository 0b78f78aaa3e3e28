/* SPDX-License-Identifier: MIT */
/*
 * Between the files of ipc/.
 */
#ifndef IPC_INTERNAL_H
#define IPC_INTERNAL_H

#include <kernel/cap.h>
#include <kernel/ipc.h>
#include <kernel/sched.h>
#include <kernel/thread.h>

/* The operands of an IPC call, decoded and in range. */
struct operands {
	u64 tag;
	u32 words, caps; /* what is sent */
	u32 accept;      /* capabilities taken in return */
	bool is_nonblocking;
	ktime_t deadline;
};

#define OPERANDS_SEND 1u    /* the call sends a message */
#define OPERANDS_RECEIVE 2u /* the call may get one in return */

/** operands_decode() - Return: ST_OK, ST_INVALID, ST_TOOLONG. */
long operands_decode(const struct thread *self, u32 directions, struct operands *operands);

/** message_check() - would a message of that size fit @receiver?  Return: ST_OK, ST_CAPSPACE, ST_TOOLONG. */
long message_check(u32 words, u32 caps, const struct thread *receiver);

/**
 * message_deliver() - copy the message of @sender (its registers and page, or its fault) to @receiver.
 * The caller is @receiver's claimant and @sender's, or @sender or @receiver itself.
 */
void message_deliver(struct thread *sender, struct thread *receiver, u64 badge);

/**
 * reply_park() - claimant: @reply is TAKEN_BY @caller, which waits for the answer from now on, or
 * whose wait ends if its home wants that.
 */
void reply_park(struct reply *reply, struct thread *caller);

/** reply_withdraw() - the reply object @thread offers is offered no more. */
void reply_withdraw(struct thread *thread);

/**
 * reply_send() - answer the call held by @cap. Return: ST_OK, ST_CALLER_GONE, ST_BADHANDLE,
 * ST_CAPSPACE, ST_TOOLONG.
 */
long reply_send(struct thread *self, const struct cap *cap, const struct operands *operands);

/**
 * wait_failed() - claimant: end the wait of @thread with @status and send it home.  A fault that nobody
 * can answer (ST_NOREPLY) ends its process, any other is raised anew.
 */
void wait_failed(struct thread *thread, long status);

/* What a sender brings to an endpoint. */
struct sending {
	struct cap cap; /* of the endpoint */
	u32 words, caps;
	bool is_call;
	bool is_nonblocking;
	ktime_t deadline;
};

/** endpoint_send() - hand the message to a receiver, or queue. Return: status, or SYSCALL_DONE. */
long endpoint_send(struct thread *self, const struct sending *sending);

/** fault_answer() - claimant: the handler answered the fault of @thread. */
void fault_answer(struct thread *thread, u64 tag, u64 word);

#endif
