/* SPDX-License-Identifier: MIT */
/*
 * A second thread that waits in a call, so that the first can end the wait.
 */
#ifndef TESTS_BLOCKED_H
#define TESTS_BLOCKED_H

#include "test.h"

enum op { OP_CALL, OP_SEND, OP_RECEIVE, OP_REPLY_RECEIVE, OP_WAIT, OP_SLEEP };
enum act {
	ACT_INTERRUPT,
	ACT_DESTROY,
	ACT_REVOKE,
	ACT_GIVE,
	ACT_TIMEOUT,
	ACT_REPLY_LOST,
	ACT_TAKEN_INTERRUPT,
	ACT_TAKEN_TIMEOUT,
	ACT_TAKEN_REVOKE,
	ACT_TAKEN_DESTROY
};

struct blocked {
	struct uthread thread;
	enum op op;
	handle_t object, reply; /* all rights */
	handle_t target;        /* a child of @object: what the thread uses */
	u64 settings, timeout;
	bool is_taken; /* its call was received, and not answered yet */
	struct message message;
	u64 bits;
	long status;
};

/** blocked_start() - make the objects, start the thread, wait until it waits. */
void blocked_start(struct blocked *blocked, enum op op);

/** blocked_again() - start the thread once more on the same objects, and wait until it waits. */
void blocked_again(struct blocked *blocked);

/** blocked_at() - a thread that waits in @op at @target with @message, which may be NULL; owns no objects. */
void blocked_at(struct blocked *blocked, enum op op, handle_t target, u64 settings,
		const struct message *message);

/** blocked_take() - receive its call, with its reply object, and do not answer. */
void blocked_take(struct blocked *blocked);

/** blocked_ends() - wait until it ends by what was done. Return: status of the thread's call. */
long blocked_ends(struct blocked *blocked);

/** blocked_stop() - end the wait if it still waits. Return: status of the thread's call. */
long blocked_stop(struct blocked *blocked);

/** blocked_free() - stop and delete everything. */
void blocked_free(struct blocked *blocked);

/** blocked_run() - wait in @op, end it by @act. Return: status of the thread's call. */
long blocked_run(enum op op, enum act act);

#endif
