// SPDX-License-Identifier: MIT
/*
 * The pair: a client that asks with messages of every length, and a server whose
 * answer depends on all of the question.  The client looks at each part of the
 * answer.
 */
#include "pair.h"

#define PAUSE (MILLISECOND / 5) /* between two questions */
#define PRIORITY 40
#define BADGE 0x50a1
#define LABEL_MASK 0xffffffffUL
#define SOUND 300u /* answers of a server that goes wrong before it does */

static struct progress *shared_progress(void)
{
	u64 address;

	must(mem_map(startup->self, startup->extra[2], 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     &address), "mem_map");
	return (struct progress *)address;
}

static u64 *word_of(struct message *message, u64 *page, u32 i)
{
	return i < MSG_REG_WORDS ? &message->word[i] : &page[i];
}

/* ---- the server ---- */

static bool has_no_caps(const struct message *message)
{
	for (u32 i = 0; i < MSG_MAX_CAPS; i++)
		if (message->cap[i] != HANDLE_NULL)
			return false;
	return message->caps == 0;
}

/* The badge shows that it was the client who asked. */
static void answer(struct message *message, u64 *page)
{
	bool is_right = has_no_caps(message) && message->call == SYS_ipc_call &&
			message->badge == BADGE;

	message->label = ~message->label & LABEL_MASK;
	for (u32 i = 0; i < message->words; i++) {
		u64 *word = word_of(message, page, i);

		*word = ~*word + message->badge;
	}
	if (!is_right)
		message->label ^= 1;
}

/* A server that goes wrong on purpose: whoever watches must see it. */
static void spoil(const char *fault, struct message *message, u64 *page)
{
	if (!strcmp(fault, "stops"))
		(void)thread_sleep(TIME_NEVER);
	if (!strcmp(fault, "word") && message->words)
		*word_of(message, page, message->words - 1) ^= 1UL << 63;
	if (!strcmp(fault, "label"))
		message->label ^= 1UL << 31;
	if (!strcmp(fault, "length"))
		message->words ^= 1;
}

int role_pair_server(const char *fault)
{
	handle_t endpoint = startup->extra[0], reply = create(TYPE_REPLY, 0);
	const struct progress *progress = shared_progress();
	struct message message = { 0 };
	u64 *page = message_page();

	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	for (u32 answered = 0;; answered++) {
		if (!strcmp(fault, "badge") && answered == SOUND)
			message.badge++;
		answer(&message, page);
		if (answered == SOUND)
			spoil(fault, &message, page);
		if (!strcmp(fault, "ends") &&
		    __atomic_load_n(&progress->is_over, __ATOMIC_RELAXED))
			(void)thread_sleep(TIME_NEVER);
		must(ipc_reply_receive(endpoint, reply, &message), "ipc_reply_receive");
	}
}

/* ---- the client ---- */

static bool is_answer(struct message *message, u64 *page, u32 words, u64 seed)
{
	bool is_right = message->words == words && message->label == (~seed & LABEL_MASK) &&
			message->badge == 0 && has_no_caps(message);

	for (u32 i = 0; i < words; i++)
		is_right = is_right && *word_of(message, page, i) == ~(seed + i) + BADGE;
	/* Words that are not part of it are cleared by who sends it. */
	for (u32 i = words; i < MSG_REG_WORDS; i++)
		is_right = is_right && !message->word[i];
	return is_right;
}

static bool ask(handle_t endpoint, u32 words, u64 seed, u64 deadline)
{
	struct message message = { .label = seed & LABEL_MASK, .words = words };
	u64 *page = message_page();

	if (deadline != TIME_NEVER) {
		message.flags = MSG_TIMEOUT;
		message.deadline = deadline;
	}
	for (u32 i = 0; i < words; i++)
		*word_of(&message, page, i) = seed + i;
	return ipc_call(endpoint, &message) == ST_OK && is_answer(&message, page, words, seed);
}

int role_pair_client(void)
{
	struct progress *progress = shared_progress();

	for (;;) {
		u64 seed = random_bits();
		u32 words = seed % 4 ? (u32)(seed % (MSG_REG_WORDS + 1)) :
				       (u32)(seed % (MSG_MAX_WORDS + 1));

		if (!ask(startup->extra[0], words, seed, TIME_NEVER))
			__atomic_fetch_add(&progress->wrong, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&progress->rounds, 1, __ATOMIC_RELAXED);
		(void)thread_sleep(now() + PAUSE);
	}
}

/* ---- who watches ---- */

/* With a tally of its own: these calls are not the random ones. */
static void start(const char *role, const char *fault, const struct pair *pair, handle_t endpoint,
		  struct child *child)
{
	struct program program;
	const char *error = program_role(&program, role);

	if (error)
		fail("%s", error);
	program.arg[1] = fault;
	program.extra[0] = endpoint;
	program.extra[2] = pair->memory;
	program.settings = THREAD_PRIORITY(PRIORITY);
	must(program_spawn(&program, child), "program_spawn");
}

void pair_start(struct pair *pair, const char *fault)
{
	u64 asked;

	*pair = (struct pair){ .endpoint = create(TYPE_ENDPOINT, 0) };
	pair->progress = memory_new(1, &pair->memory);
	if (!pair->progress)
		fail("no memory");
	must(cap_derive(pair->endpoint, RIGHT_CALL | RIGHT_DERIVE, BADGE, &asked), "cap_derive");
	pair->asked = (handle_t)asked;
	start("pair-server", fault, pair, pair->endpoint, &pair->server);
	start("pair-client", "", pair, pair->asked, &pair->client);
}

void pair_move(struct pair *pair)
{
	u64 cpus = cpus_online();

	pair->cpu = random_bits() % cpus;
	must(thread_set(pair->client.thread, THREAD_PRIORITY(PRIORITY) | THREAD_CPU(pair->cpu)),
	     "thread_set");
	must(thread_set(pair->server.thread,
			THREAD_PRIORITY(PRIORITY) | THREAD_CPU(random_bits() % cpus)),
	     "thread_set");
}

bool pair_ask(const struct pair *pair, u64 patience)
{
	return ask(pair->asked, MSG_MAX_WORDS, random_bits(), now() + patience);
}

void pair_end(struct pair *pair)
{
	child_free(&pair->client);
	child_free(&pair->server);
	(void)cap_delete(pair->endpoint);
	memory_free(pair->progress, 1, pair->memory);
}
