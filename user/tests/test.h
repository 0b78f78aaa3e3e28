/* SPDX-License-Identifier: MIT */
/*
 * The test suite.  Results go out in TAP; every call the suite makes is
 * tallied by status, in memory that its own processes share, so that at the
 * end each documented error can be asked for.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

/* Every stub included below goes through the tally. */
#define __syscall tally_syscall
#include <lib/elf.h>
#include <user/ipc.h>
#include <user/loader.h>
#include <user/memory.h>
#include <user/stdio.h>
#include <user/thread.h>

#define PATIENCE (10 * SECOND)

/** tally() - note that @call returned @status. Return: @status. */
long tally(u32 call, long status);

/** tally_count() - how often @call returned @status. */
u32 tally_count(u32 call, long status);

#define ipc_call(endpoint, message) tally(SYS_ipc_call, ipc_call(endpoint, message))
#define ipc_send(endpoint, message) tally(SYS_ipc_send, ipc_send(endpoint, message))
#define ipc_receive(endpoint, reply, message) \
	tally(SYS_ipc_receive, ipc_receive(endpoint, reply, message))
#define ipc_reply(reply, message) tally(SYS_ipc_reply, ipc_reply(reply, message))
#define ipc_reply_receive(endpoint, reply, message) \
	tally(SYS_ipc_reply_receive, ipc_reply_receive(endpoint, reply, message))
#define ipc_raw(tag, handles, message) \
	tally((tag) & MSG_CALL_MASK, ipc_raw(tag, handles, message))

/** check() - one result. Return: @passed. */
bool check(bool passed, const char *format, ...) __printf(2, 3);

/** want() - one result: @status is @wanted; the name is the call as it is written. */
bool want(long status, long wanted, const char *name);
#define WANT(call, wanted) want(call, wanted, #call)

/** create() - an object; failure ends the suite. */
handle_t create(u64 type, u64 argument);

/** weaker() - a child of @handle with @rights only. */
handle_t weaker(handle_t handle, u32 rights);

/** deepest() - a descendant of @handle at the greatest depth; deleting *root deletes them all. */
handle_t deepest(handle_t handle, handle_t *root);

/** ended_process() - a process that has ended by itself (code 5) and is still known. */
handle_t ended_process(void);

/** spawn_role() - this program again as @role, with @extra lent. */
long spawn_role(const char *role, const char *argument, handle_t extra, struct child *child);

/** await_state() - wait until @thread is in THREAD_STATE_@state. Return: false if it does not get there. */
bool await_state(handle_t thread, u64 state);

/** cpus_online() - as INFO_CPUS tells. */
u64 cpus_online(void);

#define HAS_PORTS (ELF_MACHINE_NATIVE == ELF_MACHINE_X86_64) /* I/O ports, and calls for them */
#define NOBODY ((handle_t)0x7fffff21) /* a handle of nothing */

/* From tests/<arch>/blob.S: threads that need no stack. */
void blob_thread_exit(void);  /* ends at once */
void blob_process_exit(void); /* ends its process, code = argument */
void blob_spin(void);         /* never enters the kernel */
/* argument: address of a word that holds the address of a counter; for ever */
void blob_read_loop(void);
extern const char blob_start[], blob_end[];
#define BLOB(function) ((u64)(function) - (u64)blob_start) /* offset in the copy */

/** process_with_code() - a process without a program, the blobs mapped at *base. */
handle_t process_with_code(u64 *base);

void test_refusals(void);
void test_ipc(void);
void test_capability(void);
void test_notification(void);
void test_thread(void);
void test_process(void);
void test_memory(void);
void test_fault(void);
void test_device(void);
void test_system(void);
void test_schedule(void);
void test_elf(void);
void test_exhaustion(void);
void test_fuzz(void);
void test_tally(void);

int role_fuzz(void);
int role_fault(const char *name);

#endif
