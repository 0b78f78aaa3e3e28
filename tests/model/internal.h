/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the model.
 */
#ifndef TESTS_MODEL_INTERNAL_H
#define TESTS_MODEL_INTERNAL_H

#include "model.h"

#define for_each_object(o)                                                                         \
	for (u32 i_##o = 0; i_##o < model.nr_objects; i_##o++)                                     \
		if (((o) = model.object[i_##o]) != NULL)
#define for_each_cap(c)                                                                            \
	for (u32 i_##c = 0; i_##c < model.nr_caps; i_##c++)                                        \
		if (!((c) = model.caps[i_##c])->is_gone)

struct m_object *object_new(u8 type);
struct m_cap *cap_new(struct m_object *object, struct m_cap *parent, struct m_object *holder,
		      u32 rights, u64 badge);
bool cap_has_children(const struct m_cap *cap);
void cap_remove(struct m_cap *cap);
void cap_hand_over(struct m_cap *cap, struct m_object *process);
void object_end(struct m_object *object);

/* Does it have these rights? It is named by this handle of the call, 0 or 1. */
long has(const struct m_cap *cap, u32 rights, u32 at);
/* Look a handle up, in the order of refusal. */
long want(const struct m_object *thread, u32 handle, u8 type, u32 rights, struct m_cap **cap);
/* Likewise what the kernel is to hold a child of; *cap: NULL if the handle is. */
long want_held(const struct m_object *thread, u32 handle, u8 type, u32 right, struct m_cap **cap);
/* The thread's call is over. */
void ends(struct m_object *thread, long status);
void ends_with(struct m_object *thread, u64 first, u64 second);

void wait_begin(struct m_object *thread, enum m_wait wait, struct m_object *at, u64 deadline);
void wait_end(struct m_object *thread);
void thread_goes_on(struct m_object *thread);
void thread_end(struct m_object *thread);
void process_over(struct m_object *process, u64 code);
void process_faults(struct m_object *thread);

void ipc_call(struct m_object *thread, const struct m_call *call);
void notification_call(struct m_object *thread, const struct m_call *call);
void notification_set(struct m_object *notification, u64 bits);
void fault_raise(struct m_object *thread);
void wait_fails(struct m_object *thread, long status);

void memory_call(struct m_object *thread, const struct m_call *call);
void memory_touch(struct m_object *thread);
void maps_remove(const struct m_cap *parent, const struct m_object *process);
u64 maps_pages(const struct m_object *process);
u32 maps_state(const struct m_object *memory);

void device_call(struct m_object *thread, const struct m_call *call);
void device_raise(struct m_object *thread, u64 line);
void irq_end(struct m_object *irq);

void cap_call(struct m_object *thread, const struct m_call *call);
void thread_call(struct m_object *thread, const struct m_call *call);
void process_call(struct m_object *thread, const struct m_call *call);

#endif
