/* SPDX-License-Identifier: MIT */
/*
 * Parts of the yardstick.
 *
 * What is measured: everything between two reads of the counter that this
 * program makes itself, in user mode, less what the two reads and the moves
 * beside them cost (calibrated with the operation left out).  The operation of
 * a system call is: load the handle and the tag from memory, trap, test the
 * status, branch.  Message words and arguments are in their registers before.
 * One way figures end with the first instruction of the woken thread.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <user/ipc.h>
#include <user/loader.h>
#include <user/memory.h>
#include <user/stdio.h>
#include <user/thread.h>

#define PRIORITY 32      /* of the measuring thread, and of servers */
#define PRIORITY_BELOW 28
#define PRIORITY_ABOVE 36
#define ON_OTHER_CPU THREAD_CPU(1)
#define MAX_SAMPLES 10000u
#define ACCEPT_ALL ((u64)MSG_MAX_CAPS << MSG_ACCEPT_SHIFT) /* all that there may be */
#define FAR_AWAY 0xf0000000UL /* physical: no memory, nobody's device */
#define PORT_FREE 0x2e8       /* COM4: nobody uses it */
#define PATIENCE (10 * SECOND)

/* ---- <arch>/measure.S; the offsets are known there ---- */

/* One system call that is no IPC. */
struct measured_call {
	u64 tag, handles, argument[5];
	u64 value[2];
	s64 status;
	u64 start;      /* counter at the start */
};

/* One IPC call. */
struct measured_ipc {
	u64 tag, handles, word[MSG_REG_WORDS];
	u64 caps[2];    /* what goes out, then what came in */
	u64 badge;
	s64 status;
	u64 start, tag_in;
};

/* Each returns the counter's advance; measure_*_nothing() has all but the operation. */
u64 measure_call(struct measured_call *call);
u64 measure_call_nothing(struct measured_call *call);
u64 measure_ipc(struct measured_ipc *ipc);
u64 measure_ipc_nothing(struct measured_ipc *ipc);
/* From the start to the operation's first instruction: what a one way figure has too much. */
u64 measure_call_head(struct measured_call *call);
u64 measure_ipc_head(struct measured_ipc *ipc);
/* One store, and nothing. measure_store_end is the instruction behind the store. */
u64 measure_store(void *address);
u64 measure_store_nothing(void *address);
extern const char measure_store_end[];

/** counter_now() - the counter, for what starts here and ends elsewhere. */
u64 counter_now(void);

/* Receives, then answers each call with what it brought: words, capabilities, accept. Ends on an error. */
long serve_echo(u64 handles, u64 tag);
long serve_echo_caps(u64 handles, u64 tag); /* the same where it costs something (x86_64) */

/* Again and again: the call, then the counter to *stamp. */
struct stamped_call {
	u64 tag, handles, argument;
	u64 *stamp;
};
void serve_stamps(const struct stamped_call *call);

/* Answers fault messages; before, if map.tag is not 0, does that call. Ends on an error. */
struct pager {
	u64 handles, receive_tag, reply_tag, word;
	struct measured_call map;
};
long serve_faults(const struct pager *pager);

void thread_ends(void); /* a thread that ends at once, without a stack */
void mark_row(u8 *row);  /* for series_mark() */

/* ---- series.c ---- */

/** series_start() - a row of the report; its samples follow. Return: its number. */
u32 series_start(const char *name);

/** name_of() - the name of a row, kept for ever, from one number and one text. */
const char *name_of(const char *format, u32 number, const char *text) __printf(1, 0);

/** series_start_long() - the same for at most @room samples; one more is an error. */
u32 series_start_long(const char *name, u32 room);

/** series_mark() - tell an observer outside of the machine whose sample comes next. */
void series_mark(u32 row);

/** series_mark_more() - the row's last sample goes on: what comes next is part of it. */
void series_mark_more(u32 row);

/** series_mark_longest() - until series_unmark() the longest while between two reads is the sample. */
void series_mark_longest(u32 row);

/** series_unmark() - nothing is measured until the next mark. */
void series_unmark(void);

/** series_add() - one sample. */
void series_add(u32 row, u64 value);

/** series_samples() - how many samples a row gets, with those that do not count. */
u32 series_samples(void);

/** series_report() - print all rows. */
void series_report(void);

/**
 * vary_shape() - before sample @i of @samples: map @memory at one more place, now and then.
 *
 * Where random placement puts a program's regions decides the shape of the tree they are looked up
 * in, and so what that costs.  Further regions come one after the other, below and above, far
 * enough to have page tables of their own: the figures are those of many shapes, not of one.
 */
void vary_shape(u32 i, u32 samples, handle_t memory);

/** restore_shape() - unmap them all. */
void restore_shape(void);

/** series_set_samples() - how many samples the rows to come get; MAX_SAMPLES if never said. */
void series_set_samples(u32 samples);

/** series_set_warm_up() - how many first samples of the rows to come do not count. */
void series_set_warm_up(u32 samples);

/* ---- main.c ---- */

/** create() - an object; failure ends the program. */
handle_t create(u64 type, u64 argument);

/** spawn() - this program again in @role with @settings of its thread, and up to four capabilities lent. */
void spawn(const char *role, u64 settings, const handle_t extra[STARTUP_EXTRA],
	   struct child *child);

/** settle() - let the others, and the reaper, finish. */
void settle(void);

/** call_cost() / ipc_cost() - do it, and tell its cost; a failure ends the program. */
u64 call_cost(struct measured_call *call, const char *what);
u64 ipc_cost(struct measured_ipc *ipc, const char *what);

/** call_one_way() - do it, and tell the cost until *@stamp, which another thread writes. */
u64 call_one_way(struct measured_call *call, const u64 *stamp, const char *what);

/** has_ports() - the machine has I/O ports. */
bool has_ports(void);

/** frames_drain() - leave this CPU without a free frame in stock; see drained.c. */
void frames_drain(void);

extern u64 call_head, ipc_head;

void bench_ipc(void);
void bench_calls(void);
void bench_caps(void);
void bench_notify(void);
void bench_objects(void);
void bench_memory(void);
void bench_faults(void);
void bench_pager_drained(u32 samples);
void bench_threads(void);
void bench_processes(void);
void bench_processes_drained(void);
void bench_drained(void);
void bench_worst(void);
void bench_latency(void);
void bench_ipc_smp(void);

int role_echo(void);
int role_library(void);
int role_stamps(void);
int role_pager(void);
int role_crowd(void);

#endif
