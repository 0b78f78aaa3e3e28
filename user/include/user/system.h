/* SPDX-License-Identifier: MIT */
/*
 * The user library: system calls, messages, output, processes, threads.
 */
#ifndef USER_SYSTEM_H
#define USER_SYSTEM_H

#include <lib/types.h>
#include <lib/util.h>
#include <veridian/fault.h>
#include <veridian/info.h>
#include <veridian/message.h>
#include <veridian/status.h>
#include <veridian/types.h>

typedef u32 handle_t;

#include <generated/syscall_stubs.h>

#define PAGE_SIZE 4096UL
#define FOR_EVER (~0UL)

/* A message, as sent and as received. */
struct message {
	u64 tag; /* MSG_* and the call number; see message_init() */
	u64 handles;
	u64 words[MSG_REG_WORDS];
	u64 caps[2]; /* two handles each, packed */
	u64 badge;
};

/** message_init() - cleared; label, number of words and of capabilities to be sent. */
void message_init(struct message *message, u32 label, u32 words, u32 caps);

static inline u32 message_label(const struct message *message)
{
	return (u32)(message->tag >> MSG_LABEL_SHIFT);
}

static inline u32 message_call(const struct message *message)
{
	return message->tag & MSG_CALL_MASK;
}

static inline handle_t message_cap(const struct message *message, u32 i)
{
	return (handle_t)(message->caps[i / 2] >> (32 * (i % 2)));
}

/** message_set_cap() - capability @i to send; @give: the capability itself, else a child of it. */
void message_set_cap(struct message *message, u32 i, handle_t handle, bool give);

/** message_accept() - take up to @count capabilities in return. */
static inline void message_accept(struct message *message, u32 count)
{
	message->tag |= (u64)count << MSG_ACCEPT_SHIFT;
}

/* The IPC calls; see the manual. They return a status, *message is the answer. */
long ipc_call(handle_t endpoint, struct message *message);
long ipc_send(handle_t endpoint, struct message *message);
long ipc_receive(handle_t endpoint, handle_t reply, struct message *message);
long ipc_reply(handle_t reply, struct message *message);
long ipc_reply_receive(handle_t endpoint, handle_t reply, struct message *message);

/** print_to() - the system capability that printf() writes by, and a prefix for lines. */
void print_to(handle_t system);

/** printf() - to the kernel's console. */
void printf(const char *format, ...) __printf(1, 2);

/** status_name() - "BADHANDLE" for ST_BADHANDLE. */
const char *status_name(long status);

/** map_new() - fresh memory mapped here at an address of the kernel's choice. Return: status. */
long map_new(handle_t self, u64 pages, handle_t *memory, void **address);

/* A program to be started in a process of its own. */
struct program {
	const void *file; /* ELF image */
	u64 size;
	const char *name;
	u64 argument;        /* of main() */
	handle_t caps[4];    /* lent to it as HANDLE_FIRST(1) and up; 0 ends the list */
	u8 cpu, priority;
};

/** process_spawn() - load and start; *process is the capability. Nothing is left behind on failure. */
long process_spawn(handle_t self, const struct program *program, handle_t *process);

/** thread_spawn() - a thread of this process on a fresh stack; @entry ends by thread_exit(). */
long thread_spawn(handle_t self, void (*entry)(u64), u64 argument, u64 settings, handle_t *thread);

/** cycles() - instructions under -icount, else time-like. */
u64 cycles(void);

#endif
