/* SPDX-License-Identifier: MIT */
/*
 * A client and a server that have nothing to do with what goes on beside them.
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "test.h"

/* What the client tells its watcher, and the watcher its server, in memory that they share. */
struct progress {
	u64 rounds, wrong;
	u32 is_over; /* what goes on beside them has ended */
};

/* @progress: the memory object that holds it; @cpu: of the client, from which the watcher moves them. */
struct pair {
	struct child server, client;
	handle_t endpoint, asked, memory;
	struct progress *progress;
	u64 cpu;
};

/**
 * pair_start() - the two processes, at a priority above that of programs.  @fault is "" or how
 * the server is to go wrong, to see whether that is noticed: "stops", "ends" (once is_over is
 * set), "word", "label", "length", "badge".
 */
void pair_start(struct pair *pair, const char *fault);

/** pair_move() - to other CPUs, at random. */
void pair_move(struct pair *pair);

/** pair_ask() - as a client that waits @patience ns at most. Return: it was answered rightly. */
bool pair_ask(const struct pair *pair, u64 patience);

/** pair_end() - both processes and what they used. */
void pair_end(struct pair *pair);

/** role_pair_server() - as the server. @fault: as above. */
int role_pair_server(const char *fault);
/** role_pair_client() - as the client. */
int role_pair_client(void);

#endif
