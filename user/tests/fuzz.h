/* SPDX-License-Identifier: MIT */
/*
 * Between the two files of the fuzz program.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "test.h"

#define FUZZ_WANTED 1000u
#define FUZZ_TIME (25 * SECOND)

/** fuzz_random() - the next number of the seeded sequence. */
u64 fuzz_random(void);

/** fuzz_handle() - a usable handle of @type out of the pools. */
handle_t fuzz_handle(u32 type);

/** fuzz_ipc_start() - the partners: a server, and a client that calls for ever. */
void fuzz_ipc_start(void);

/** fuzz_ipc() - @times random messages of each kind. */
void fuzz_ipc(u32 times);

#endif
