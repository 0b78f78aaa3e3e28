/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target includes.  A target is one function that is called with
 * arbitrary bytes and may do anything but read or write outside of what it was
 * given, run for ever, or break a promise that the parser's header makes.
 *
 * The same file is linked with libFuzzer, with AFL++ and with replay.c.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lib/types.h>
#include <lib/util.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* A broken promise ends the run: all engines take an abort for a finding. */
#define FUZZ_ASSERT(condition)                                                                     \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A copy of exactly this size, so that the address sanitizer sees one byte too many. */
static inline void *fuzz_copy(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	FUZZ_ASSERT(copy);
	memcpy(copy, data, size);
	return copy;
}

#endif
