/* SPDX-License-Identifier: MIT */
/*
 * Records of the operations of a run, kept by the parent of the runs.
 */
#ifndef HOST_REPLAY_H
#define HOST_REPLAY_H

#include <kernel/types.h>

#define RECORD_SIZE 384

/** replay_begin() - before the first run: room for the records. */
void replay_begin(void);

/** replay_forget() - before each run. */
void replay_forget(void);

/** replay_new() - room for one more of this run, RECORD_SIZE bytes; NULL: there is none left. */
void *replay_new(void);

/** replay_at() - the @i-th record of the run that is followed; NULL behind the last. */
const void *replay_at(u32 i);

/** replay_follow() - runs with options.replays set do what the last run did. */
void replay_follow(void);

/** replay_put_aside() / replay_fetch() - keep what is followed, and follow that again. */
void replay_put_aside(void);
void replay_fetch(void);

#endif
