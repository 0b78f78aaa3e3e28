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

/** patience() - the longest wait for what must come, in nanoseconds. */
u64 patience(void);
#define PATIENCE patience() /* a function, so that few files depend on the configuration */

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

/** same() - one result: @is is @wanted; if not, it tells both. Return: whether it is. */
bool same(u64 is, u64 wanted, const char *format, ...) __printf(3, 4);

/** want() - one result: @status is @wanted; the name is the call as it is written. */
bool want(long status, long wanted, const char *name);
/** gave() - as want(), the name is printed. */
bool gave(long status, long wanted, const char *format, ...) __printf(3, 4);

#define WANT(call, wanted) want(call, wanted, #call)

/** suite_end() - print the plan; as the first process power off. Return: 0 if all has passed. */
int suite_end(void);

/** is_first_process() - nobody has started us: there is no name server. */
bool is_first_process(void);

/** create() - an object; failure ends the suite. */
handle_t create(u64 type, u64 argument);

/** weaker() - a child of @handle with @rights only. */
handle_t weaker(handle_t handle, u32 rights);

/** deepest() - a descendant of @handle at the greatest depth; deleting *root deletes them all. */
handle_t deepest(handle_t handle, handle_t *root);

/** spinner() - a process that loops for ever at @priority on each CPU; destroy it. */
handle_t spinner(u8 priority);

/** ended_process() - a process that has ended by itself (code 5) and is still known. */
handle_t ended_process(void);

/** spawn_role() - this program again as @role, with @extra lent. */
long spawn_role(const char *role, const char *argument, handle_t extra, struct child *child);

/** peer_start() - @role of peer.c in a process of its own; what it is lent are its peer_cap(0), peer_cap(1). */
void peer_start(const char *role, handle_t first, handle_t second, u64 settings,
		struct child *child);

/** peer_cap() - of a process that peer_start() has made. */
handle_t peer_cap(u32 n);

/** peer_run() - as such a process. Return: false if there is no such role. */
bool peer_run(const char *role);

/** loop_pause() - in a loop of user mode; does nothing but in the simulator, where it makes time pass. */
void loop_pause(void);

/** loop_on() - a process that loops on @cpu, and there only; destroy it. */
handle_t loop_on(u64 cpu, u64 priority);

/** state_before_long() - wait until @thread is in THREAD_STATE_@state, not for ever. Return: the one it is in. */
u64 state_before_long(handle_t thread, u64 state);
/** await_state() - the same. Return: whether it gets there. */
bool await_state(handle_t thread, u64 state);

/** cpus_online() - as INFO_CPUS tells. */
u64 cpus_online(void);

/* I/O ports, and calls for them; registers of the interrupt controller, the kernel's own (0: not known) */
#ifdef CONFIG_IO_PORTS
#define HAS_PORTS 1
#else
#define HAS_PORTS 0
#endif
#ifdef CONFIG_X86_64
#define KERNEL_DEVICE 0xfee00000UL
#elif defined(CONFIG_AARCH64)
#define KERNEL_DEVICE 0x08000000UL
#elif defined(CONFIG_RISCV64)
#define KERNEL_DEVICE 0x0c000000UL
#else
#define KERNEL_DEVICE 0UL
#endif
#define NOBODY ((handle_t)0x7fffff21) /* a handle of nothing */

/* Where the user half ends: the manual's table of the address space, "Start-up of the kernel". */
#ifdef CONFIG_RISCV64
#define USER_HALF 0x3ffffff000UL
#elif defined(CONFIG_HOST)
#define USER_HALF 0x400000000000UL
#else
#define USER_HALF 0x7ffffffff000UL
#endif

/* From <arch>/blob.S: threads that need no stack. */
void blob_thread_exit(void);  /* ends at once */
void blob_process_exit(void); /* ends its process, code = argument */
void blob_spin(void);         /* never enters the kernel */
/* argument: address of a word that holds the address of a counter; for ever */
void blob_read_loop(void);
extern const char blob_start[], blob_end[];
#define BLOB(function) ((u64)(function) - (u64)blob_start) /* offset in the copy */

/** process_with_code() - a process without a program, the blobs mapped at *base. */
handle_t process_with_code(u64 *base);

void test_first_line(void);
void test_refusals(void);
void test_registers(void);
void test_endpoint(void);
void test_wait(void);
void test_reply(void);
void test_capabilities_sent(void);
void test_capability(void);
void test_notification(void);
void test_thread(void);
void test_process(void);
void test_memory(void);
void test_placement(void);
void test_fault(void);
void test_isolation(void);
void test_instruction(void);
void test_irq(void);
void test_ioport(void);
void test_device(void);
void test_system(void);
void test_limits(void);
void test_schedule(void);
void test_clock(void);
void test_elf(void);
void test_race(void);
/** is_brief() - whether to leave out what takes longest ("init.brief=yes"). */
bool is_brief(void);

/** match_rounds() - how many each side of a match has: 100, in brief and in the simulator fewer. */
u32 match_rounds(void);

/** test_match() - one of its matches, from 1 on. Return: false if there is none. */
bool test_match(u32 number);
void test_exhaustion(void);

/** may_power_off() - nothing but the shell has started us: we lack the right. Return: whether we have it. */
bool may_power_off(void);
void test_fuzz(void);
void test_tally(void);

void test_fuzz_watched(const char *calls);

int role_fuzz(const char *calls);
int role_placed(void);
int role_fault(const char *name);

#endif
