/* SPDX-License-Identifier: MIT */
/*
 * Between actor.c, which lets user threads act, and calls.c, which chooses what they ask for.
 */
#ifndef HOST_ACTOR_H
#define HOST_ACTOR_H

#include <kernel/thread.h>

#include "sim.h"

struct cap_space;
struct grammar;
struct process;
struct slot;

#define PC_DECIDE 0x10000UL
#define PC_CALL 0x10010UL
#define PC_CALLED (PC_CALL + CALL_SIZE)
#define PC_ACCESS 0x10020UL

#define PAGE_WORDS 16 /* of a message, at most, counting from those in registers */

/* What a thread held when it issued a call. */
struct holding {
	bool is_known;
	u8 type;
	u32 rights, object, generation;
	u64 badge;
};

struct actor {
	struct thread *thread;
	u64 name;
	u64 nr_operations;
	u64 operation; /* key of the present one */
	u64 not_before; /* time of the next one in the run that is followed */
	u32 tries;
	const struct grammar *call;
	u64 argument[5], tag, handles; /* as issued */
	struct holding holding[2], sent[MSG_MAX_CAPS];
	u32 object, object_generation; /* of the second handle of mem_map */
	bool knows_page;
	u64 page[2]; /* of thread_info: what THREAD_INFO_PAGE is to say */
	/* access */
	uaddr_t address;
	u32 access;
	u64 label; /* of the mapping; 0: its message page */
	u64 word;  /* what belongs there */
	/* server or client */
	handle_t reply; /* the server's reply object */
	bool is_sent_short, is_answered_short; /* the last call took the short way */
};

/* A page-aligned range of a process that showed a memory object when it was mapped. */
struct mapping {
	const struct process *process;
	u32 process_generation;
	uaddr_t address;
	u64 size, offset;
	u32 flags, object, generation;
	u64 label; /* the operation that made it */
};

/** actor_is_init() - the thread is the first one, on whose life the machine's depends. */
bool actor_is_init(const struct thread *thread);

/** actor_mapping() - something that was mapped into the process. */
const struct mapping *actor_mapping(const struct process *process, u64 random);

/** actor_mapping_at() - what lies there. */
const struct mapping *actor_mapping_at(const struct process *process, uaddr_t address);

/** actor_mapping_of() - what operation @label has mapped into the process. */
const struct mapping *actor_mapping_of(const struct process *process, u64 label);

/** actor_slot() - where the capability of @handle lies. */
const struct slot *actor_slot(const struct thread *thread, handle_t handle);

/** actor_slot_of() - likewise in any space. */
const struct slot *actor_slot_of(const struct cap_space *space, handle_t handle);

/** actor_under_way() - an actor whose call or fault the kernel is in the middle of; NULL: there is none. */
const struct actor *actor_under_way(u64 random);

/** actor_in_operation() - the actor whose present operation that is; NULL if it is over. */
const struct actor *actor_in_operation(u64 operation);

/** actor_operation_key() - the name of the actor's operation @n, from 1. */
u64 actor_operation_key(const struct actor *actor, u64 n);

/** actor_object() - what a slot names; NULL if that is no object (any more). */
struct object *actor_object(const struct slot *slot);

/** status_is_documented() - the call table says that call @number may return @status. */
bool status_is_documented(u32 number, long status);

/** call_choose() - call, arguments and registers of the actor's next operation. Return: its handles. */
u64 call_choose(struct actor *actor);

#define PICK_LACKING 0x80000000u /* rather one without the rights */

/**
 * call_pick_handle() - the handle of @space that the key likes best, of @type with @rights, and for
 * whose object @call gets something done.  HANDLE_NULL: there is none.
 */
handle_t call_pick_handle(const struct cap_space *space, u32 call, u8 type, u32 rights, u64 key);

/** call_protects() - the machine's life depends on the object. */
bool call_protects(const struct object *object);

/** call_pick_settings() - for a thread. */
u64 call_pick_settings(u64 random, bool creates);

/** call_named() - the grammar of call @number. */
const struct grammar *call_named(u32 number);

/* ---- actor_replay.c: operations as they were issued ---- */

/** recall_note_call() - take down the call that the actor is about to issue. */
void recall_note_call(const struct actor *actor, u64 handles);

/** recall_note_access() - likewise an access. */
void recall_note_access(const struct actor *actor);

/** recall_note_object() - operation @label has made the object. */
void recall_note_object(const struct object *object, u64 label);

/** recall_next() - number of the actor's first operation behind @n that is not dropped; 0: none. */
u64 recall_next(const struct actor *actor, u64 n);

/** recall_time() - when that was issued. */
u64 recall_time(const struct actor *actor, u64 n);

/** recall_access() - does the present operation touch memory?  Then address and access of the actor say where. */
bool recall_access(struct actor *actor);

/** recall_call() - as call_choose(). */
u64 recall_call(struct actor *actor);

/* ---- judge.c: are the kernel's answers what the manual says? ---- */

/** judge_begin() - the call is about to be issued. */
void judge_begin(struct actor *actor, u64 handles);

/** judge_end() - it has ended. */
void judge_end(const struct actor *actor, long status);

/* ---- roles.c: servers and clients ---- */

/** role_cpu(), role_priority() - of a thread of the opening. */
u64 role_cpu(u64 cpu);
u64 role_priority(u64 key);

/** role_is_serving() - in this run there are servers and clients. */
bool role_is_serving(void);

/** role_acts() - the actor's next operation is that of a server or client. */
bool role_acts(const struct actor *actor);

/** role_choose() - which call that is. Return: its handles. */
u64 role_choose(struct actor *actor);

/** role_ambush() - a call that takes away what another CPU's call is about. Return: its handle; 0: there is none. */
u64 role_ambush(struct actor *actor);

/** role_is_brief() - its message is nothing but words. */
bool role_is_brief(const struct actor *actor);

#endif
