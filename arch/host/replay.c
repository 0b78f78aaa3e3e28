// SPDX-License-Identifier: MIT
/*
 * Operations as they were issued, so that some can be left out of a history and
 * the others stay what they are: what is recorded, not how.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay.h"

#define MAX_RECORDS 20000

struct replay {
	u32 count;
	u64 record[MAX_RECORDS][RECORD_SIZE / sizeof(u64)];
};

static struct replay *made;		    /* by this run; shared with the parent */
static struct replay *followed, *put_aside; /* by this run; the best so far */

static struct replay *new_replay(void)
{
	struct replay *replay = mmap(NULL, sizeof(*replay), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (replay == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return replay;
}

void replay_begin(void)
{
	made = new_replay();
	followed = new_replay();
	put_aside = new_replay();
}

static void copy(struct replay *to, const struct replay *from)
{
	to->count = from->count;
	memcpy(to->record, from->record, from->count * sizeof(from->record[0]));
}

void replay_forget(void)
{
	made->count = 0;
}

void *replay_new(void)
{
	return made->count < MAX_RECORDS ? made->record[made->count++] : NULL;
}

const void *replay_at(u32 i)
{
	return i < followed->count ? followed->record[i] : NULL;
}

void replay_follow(void)
{
	copy(followed, made);
}

void replay_put_aside(void)
{
	copy(put_aside, followed);
}

void replay_fetch(void)
{
	copy(followed, put_aside);
}
