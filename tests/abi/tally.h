/* SPDX-License-Identifier: MIT */
/*
 * Where the tally lies.
 */
#ifndef TESTS_TALLY_H
#define TESTS_TALLY_H

#include <user/syscall.h>

/** tally_open() - map the counters, or make them. */
void tally_open(void);

#define TALLY_BYTES 32768

/** tally_at() - the counters lie at @place, TALLY_BYTES long and zero at first. */
void tally_at(void *place);

/** tally_memory() - their memory object, to be lent to further processes of the suite. */
handle_t tally_memory(void);

#endif
