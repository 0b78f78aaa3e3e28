// SPDX-License-Identifier: MIT
/*
 * A long run of random calls ("fuzz=1000000" on the command line) and an
 * unrelated pair of processes beside it: a client asks, a server answers.  This
 * process watches that they go on and that every answer is right.
 */
#include "fuzz.h"
#include <lib/string.h>

#define LOOK_EVERY (SECOND / 4)
#define PAUSE (MILLISECOND / 5) /* between two questions */
#define LEAST_ROUNDS 100
#define PAIR_BADGE 0x50a1

/* Client to watcher. */
struct progress {
	u64 rounds, wrong;
};

int role_pair_server(void)
{
	handle_t endpoint = startup->extra[0], reply = create(TYPE_REPLY, 0);
	struct message message = { 0 };
	u64 *page = message_page();

	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	for (;;) {
		for (u32 i = 0; i < message.words; i++) {
			u64 *word = i < MSG_REG_WORDS ? &message.word[i] : &page[i];

			*word = ~*word + message.badge;
		}
		must(ipc_reply_receive(endpoint, reply, &message), "ipc_reply_receive");
	}
}

static bool ask(u32 words, u64 seed)
{
	struct message message = { .label = words, .words = words };
	u64 *page = message_page();
	bool is_right;

	for (u32 i = 0; i < words; i++)
		*(i < MSG_REG_WORDS ? &message.word[i] : &page[i]) = seed + i;
	is_right = ipc_call(startup->extra[0], &message) == ST_OK && message.words == words;
	for (u32 i = 0; i < words; i++)
		is_right = is_right && (i < MSG_REG_WORDS ? message.word[i] : page[i]) ==
						~(seed + i) + PAIR_BADGE;
	return is_right;
}

int role_pair_client(void)
{
	struct progress *progress;
	u64 address;

	must(mem_map(startup->self, startup->extra[2], 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     &address), "mem_map");
	progress = (struct progress *)address;
	for (;;) {
		u64 seed = random_bits();
		u32 words = seed % 4 ? (u32)(seed % (MSG_REG_WORDS + 1)) :
				       (u32)(seed % (MSG_MAX_WORDS + 1));

		if (!ask(words, seed))
			__atomic_fetch_add(&progress->wrong, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&progress->rounds, 1, __ATOMIC_RELAXED);
		(void)thread_sleep(now() + PAUSE);
	}
}

/* With a tally of its own: these calls are not the random ones. */
static void start(const char *role, handle_t endpoint, handle_t memory, struct child *child)
{
	struct program program;
	const char *error = program_role(&program, role);

	if (error)
		fail("%s", error);
	program.extra[0] = endpoint;
	program.extra[2] = memory;
	program.settings = THREAD_PRIORITY(40);
	must(program_spawn(&program, child), "program_spawn");
}

/* Until the random calls end. Return: the longest time without a question answered. */
static u64 watch(handle_t fuzz, const struct progress *progress)
{
	u64 end = now() + FUZZ_LONGEST + PATIENCE, since = now(), longest = 0, seen = 0;

	while (now() < end && program_wait(fuzz, LOOK_EVERY) != ST_OK) {
		u64 rounds = __atomic_load_n(&progress->rounds, __ATOMIC_RELAXED);

		longest = MAX(longest, now() - since);
		if (rounds != seen)
			since = now();
		seen = rounds;
	}
	return MAX(longest, now() - since);
}

void test_fuzz_watched(const char *calls)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), memory;
	struct progress *progress = memory_new(1, &memory);
	struct child fuzz, server, client;
	u64 asked, longest, number;

	if (!string_to_u64(calls, &number))
		fail("fuzz=%s: that is no number of calls", calls);
	if (!progress)
		fail("no memory");
	must(cap_derive(endpoint, RIGHT_CALL | RIGHT_DERIVE, PAIR_BADGE, &asked), "cap_derive");
	start("pair-server", endpoint, HANDLE_NULL, &server);
	start("pair-client", (handle_t)asked, memory, &client);
	fuzz_start(calls, &fuzz);
	longest = watch(fuzz.process, progress);
	fuzz_end(&fuzz);
	check(progress->rounds >= LEAST_ROUNDS && longest < PATIENCE,
	      "a pair beside them goes on (%lu round trips, at most %lu ms without one)",
	      progress->rounds, longest / MILLISECOND);
	check(!progress->wrong, "and is never answered wrongly (%lu times)", progress->wrong);
	child_free(&client);
	child_free(&server);
	(void)cap_delete(endpoint);
	memory_free(progress, 1, memory);
}
