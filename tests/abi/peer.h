/* SPDX-License-Identifier: MIT */
/*
 * The echo and its callers, which run as threads of the suite and as peers.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "test.h"

struct echo {
	struct uthread thread;
	handle_t endpoint, reply;
};

/* In the simulator each word takes long: it leaves out most of the long messages. */
#ifdef CONFIG_HOST
#define LONG_STEP 50u
#else
#define LONG_STEP 1u
#endif

/** next_length() - the length to be tried after @words. */
static inline u32 next_length(u32 words)
{
	return words + (words >= 12 && words + LONG_STEP < MSG_MAX_WORDS ? LONG_STEP : 1);
}

/** echo_run() - answer every message with its complement until the endpoint is gone; a struct echo. */
void echo_run(void *argument);

/** caller_run() - call with every length, then send how many answers were wrong; a struct echo. */
void caller_run(void *argument);

/** peer_round_trip() - call with @words words made of @seed. Return: the complement came back. */
bool peer_round_trip(handle_t endpoint, u32 words, u64 seed);

#endif
