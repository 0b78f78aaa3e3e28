/* SPDX-License-Identifier: MIT */
/*
 * Between actor.c and script.c, which lets user threads act on the reference model and the kernel.
 */
#ifndef HOST_SCRIPT_H
#define HOST_SCRIPT_H

#include <model.h>

#include "sim.h"

/* Word n is pattern + n. */
struct words {
	u32 count;
	u64 pattern;
};

/* What is known of a thread beside the model. */
struct scripted {
	struct m_object *self;
	struct thread *thread;
	u64 slot, key;
	struct m_call call; /* its operation, or what remains of it */
	u32 number;	    /* as it was issued */
	u64 tag;	    /* likewise */
	u32 failing;	    /* it will be tried again, with this allocation failing */
	u32 tries, nr_operations;
	bool is_parked; /* its call is the sleep until its slot */
	/* its message page: what came last, over what it sent last, over blank + n in word n */
	struct words received, sent;
	u64 blank, deadline;
};

/** script_step() - as actor_step(). */
enum user_event script_step(struct thread *thread, struct fault_info *fault);

/** script_operation() - as actor_operation(). */
u64 script_operation(struct thread *thread);

/** script_name() - of a call, or an access. */
const char *script_name(u32 number);

/** script_describe() - note the operation as step @key of the history. */
void script_describe(u64 key, u64 slot, const struct m_object *self, const struct m_call *call);

/** script_situation() - note in which states the call finds its objects. */
void script_situation(const struct m_object *self, const struct m_call *call);

/** script_report() - which situations, documented errors and missing rights have come up. */
void script_report(u32 ended[256][NR_STATUSES], u8 situation[256][SITUATIONS][SITUATIONS],
		   u32 lacking[256][2][NR_RIGHTS]);

/* ---- script_compare.c: is that what the model expects? ---- */

/** disagree() - it is not. */
__noreturn void disagree(const struct scripted *s, const char *what, u64 kernel, u64 expected);

/** agree() - two values must be the same. */
void agree(const struct scripted *s, const char *what, u64 kernel, u64 expected);

/** compare_begin() - fill the message page for a call. */
void compare_begin(struct scripted *s, const struct m_call *call);

/** compare_page() - nothing has come into the message page but what the model knows of. */
void compare_page(const struct scripted *s);

/** compare_refused() - the call of @s has ended with an error: its message is still there. */
void compare_refused(const struct scripted *s);

/** compare_result() - the values and the message that @s got; what the kernel may choose is learnt. */
void compare_result(struct scripted *s, const struct m_result *result);

/* ---- script_replay.c: operations as they were issued ---- */

/** replay_note() - @self issues an operation. */
void replay_note(u64 key, u64 slot, const struct m_object *self, const struct m_call *call,
		 u32 failing);

/** replay_slot() - the next slot of a thread behind @after; ~0: none. */
u64 replay_slot(const struct m_object *self, u64 after);

/** replay_recall() - what @self does in this slot. Return: false if nothing. */
bool replay_recall(u64 slot, const struct m_object *self, struct m_call *call, u32 *failing);

/* ---- script_input.c: bytes in place of the seed ---- */

/** input_set() - the operations are those of @bytes, which stay there. */
void input_set(const u8 *bytes, u64 size);

/** input_load() - likewise, the contents of a file. */
void input_load(const char *path);

/** input_draw() - the @n-th number of the @operation-th operation. */
u64 input_draw(u32 operation, u64 n);

/** script_quiet() - the machine is quiet for ever: nothing must be expected any more. */
void script_quiet(void);

#endif
