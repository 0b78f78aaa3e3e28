/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the fuzz program.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "test.h"

#define FUZZ_WANTED 1000u
#define FUZZ_WANTED_IN_SUITE 100u /* a part of every suite; whole runs are jobs of their own */
#ifdef CONFIG_KASAN /* takes several times as long */
#define FUZZ_TIME ((120 + CONFIG_NR_CPUS) * SECOND)
#else
#define FUZZ_TIME ((60 + CONFIG_NR_CPUS) * SECOND)
#endif

#define FUZZ_LONGEST (900 * SECOND) /* if a number of calls is asked for */
#define FUZZ_LITTER 8
#define FUZZ_ENOUGH 300000UL /* calls from which on every documented error has to come up */

/* A thread that calls at random.  What is not its own it shares with the others: the pools of handles. */
struct fuzzer {
	struct uthread thread; /* but for the process's first */
	handle_t self, reply;
	u64 random, issued;
	u64 on_cpu[CONFIG_NR_CPUS]; /* calls issued there */
	handle_t mapped;            /* process and address of the last success of mem_map */
	u64 mapped_address;
	handle_t litter[FUZZ_LITTER], stale; /* capabilities used once, and one that was deleted */
};

/** fuzz_random() - the next number of the seeded sequence. */
u64 fuzz_random(struct fuzzer *fuzzer);

/** fuzz_one_in() - true once in @n times. */
bool fuzz_one_in(struct fuzzer *fuzzer, u64 n);

/* ---- fuzz_draw.c: handles and arguments ---- */

enum fuzz_kind {
	K_NONE,
	K_ANY,
	K_BITS,
	K_DEADLINE,
	K_ENTRY,
	K_SETTINGS,
	K_SET,
	K_SMALL,
	K_TYPE,
	K_RIGHTS,
	K_MODE,
	K_INDEX,
	K_ADDRESS,
	K_MAPPED,
	K_PAGE,
	K_ZERO,
	K_FLAGS,
	K_ONE,
	K_DEVICE,
	K_LINE,
	K_PORT,
	K_EIGHT,
	K_WIDTH,
	K_LENGTH,
	K_BAD_CODE,
};

/** fuzz_draw_start() - the pools, and what stays: the deepest capabilities, what has ended. */
void fuzz_draw_start(void);

/** fuzz_draw_deep() - make the deepest capabilities again that were given away. By one thread only. */
void fuzz_draw_deep(void);

/** fuzz_handle() - a handle of @type out of the pools, most likely usable; HANDLE_NULL: no memory. */
handle_t fuzz_handle(struct fuzzer *fuzzer, u32 type);

/** fuzz_some_handle() - mostly right for @type (TYPE_NONE: any), else wrong in one of many ways. */
handle_t fuzz_some_handle(struct fuzzer *fuzzer, u32 type);

/** fuzz_keep() - put @handle into the pool of @type, in the place of another. */
void fuzz_keep(struct fuzzer *fuzzer, u32 type, u64 handle);

/** fuzz_later() - delete @handle after some more were given here. Return: @handle. */
handle_t fuzz_later(struct fuzzer *fuzzer, handle_t handle);

/** fuzz_argument() - mostly in range for @kind. */
u64 fuzz_argument(struct fuzzer *fuzzer, enum fuzz_kind kind);

/** fuzz_choose_cpus() - on which CPUs the threads are from now on. */
void fuzz_choose_cpus(struct fuzzer *fuzzer);

/** fuzz_cpu() - one of them. */
u64 fuzz_cpu(struct fuzzer *fuzzer);

/* ---- fuzz_ipc.c: messages ---- */

/** fuzz_ipc_start() - the partners: a server, and a client that calls for ever. */
void fuzz_ipc_start(void);

/** fuzz_ipc() - @times random messages of each kind. */
void fuzz_ipc(struct fuzzer *fuzzer, u32 times);

/** fuzz_ipc_move() - the partners to fuzz_cpu(). */
void fuzz_ipc_move(struct fuzzer *fuzzer);

/** fuzz_ipc_disturb() - move, interrupt or kill a partner, or take away what it waits by. */
void fuzz_ipc_disturb(struct fuzzer *fuzzer);

/* ---- fuzz_rare.c: what comes seldom by itself ---- */

/** fuzz_rare_start() - objects that are needed for it. */
void fuzz_rare_start(void);

/** fuzz_drought() - @calls() while there is no memory. */
void fuzz_drought(struct fuzzer *fuzzer, void (*calls)(struct fuzzer *fuzzer));

/** fuzz_end_thread() - one that ends by itself. */
void fuzz_end_thread(void);

/** fuzz_end_process() - likewise. */
void fuzz_end_process(void);

/* ---- fuzz.c ---- */

/** fuzz_start() - random calls in a process of their own, @calls at least (a number in digits). */
void fuzz_start(const char *calls, struct child *child);

/** fuzz_end() - the process has ended, or is ended now: results of it, and of every documented error if wanted. */
void fuzz_end(struct child *child, bool wants_errors);

/** fuzz_is_broken() - "init.fuzz=broken": it must fail, for it stays on one CPU, has no drought and a wrong status. */
bool fuzz_is_broken(void);

#endif
