/* SPDX-License-Identifier: MIT */
/*
 * Between the two files of the fuzz program.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "test.h"

#define FUZZ_WANTED 1000u
#ifdef CONFIG_KASAN /* takes several times as long */
#define FUZZ_TIME ((120 + CONFIG_NR_CPUS) * SECOND)
#else
#define FUZZ_TIME ((60 + CONFIG_NR_CPUS) * SECOND)
#endif

#define FUZZ_LONGEST (900 * SECOND) /* if a number of calls is asked for */

/** fuzz_random() - the next number of the seeded sequence. */
u64 fuzz_random(void);

/** fuzz_handle() - a usable handle of @type out of the pools. */
handle_t fuzz_handle(u32 type);

/** fuzz_ipc_start() - the partners: a server, and a client that calls for ever. */
void fuzz_ipc_start(void);

/** fuzz_ipc() - @times random messages of each kind. Return: how many calls that were. */
u32 fuzz_ipc(u32 times);

/** fuzz_start() - random calls in a process of their own, @calls at least (a number in digits). */
void fuzz_start(const char *calls, struct child *child);

/** fuzz_end() - the process has ended, or is ended now: results of it. */
void fuzz_end(struct child *child);

#endif
