/* SPDX-License-Identifier: MIT */
/*
 * What every host test includes: cmocka, random numbers that can be repeated
 * (SEED in the environment), and copies of exactly the right size, so that the
 * address sanitizer sees a read of one byte too many.
 */
#ifndef TESTS_HOST_TEST_H
#define TESTS_HOST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <lib/types.h>
#include <lib/util.h>

static u64 test_random_state;

/* xorshift*: good enough to find mistakes, the same everywhere. */
static inline u64 test_random(void)
{
	if (!test_random_state) {
		const char *seed = getenv("SEED");

		test_random_state = (seed ? strtoul(seed, NULL, 0) : 1) * 2654435761UL + 1;
	}
	test_random_state ^= test_random_state >> 12;
	test_random_state ^= test_random_state << 25;
	test_random_state ^= test_random_state >> 27;
	return test_random_state * 0x2545f4914f6cdd1dUL;
}

static inline u64 test_below(u64 limit)
{
	return test_random() % limit;
}

/* A copy with nothing readable behind it. */
static inline void *test_copy(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	return copy;
}

/* Both are NULL, or the same words. */
static inline void assert_sentence(const char *got, const char *wanted)
{
	if (!wanted && got)
		fail_msg("unexpected error: %s", got);
	if (wanted && !got)
		fail_msg("no error, but wanted: %s", wanted);
	if (wanted)
		assert_string_equal(got, wanted);
}

#endif
