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
#define TALLY_NO_STATUS (-31L) /* counts what is no status at all */

/** tally_clear() - as if no call had been made. */
void tally_clear(void);

/** tally_at() - the counters lie at @place, TALLY_BYTES long and zero at first. */
void tally_at(void *place);

/** tally_memory() - their memory object, to be lent to further processes of the suite. */
handle_t tally_memory(void);

/* A documented error that is not asked for. */
struct excuse {
	u8 call;
	signed char error;
	const char *reason;
};

/** nr_missing() - documented errors that were not seen, but those in @excuses. */
u32 nr_missing(const struct excuse *excuses, u32 count);

/** report_missing() - a result for each call: all its documented errors were seen, but those in @excuses. */
void report_missing(const struct excuse *excuses, u32 count);

/** report_unknown() - one result: no call has returned a status that is not documented. */
void report_unknown(void);

#endif
