/* SPDX-License-Identifier: MIT */
/*
 * Between actor.c and script.c, which lets user threads act on the reference model and the kernel.
 */
#ifndef HOST_SCRIPT_H
#define HOST_SCRIPT_H

#include "sim.h"

struct m_cap;
struct m_call;
struct m_object;

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

/** script_report() - which situations and documented errors have come up. */
void script_report(u32 ended[256][NR_STATUSES], u8 situation[256][SITUATIONS][SITUATIONS]);

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
