// SPDX-License-Identifier: MIT
/*
 * Calls by size, place of the server and number of capabilities; sends.
 * What a server echoes is compared after each round trip.
 */
#include "bench.h"

#define SEED 0x9e3779b97f4a7c15UL

static u64 seed = SEED;

/* Words for the next message; @page holds those beyond the eighth. */
static void fill(struct measured_ipc *ipc, u64 *page, u32 words)
{
	seed += SEED;
	for (u32 i = 0; i < MSG_REG_WORDS; i++)
		ipc->word[i] = i < words ? seed * (i + 1) : 0;
	for (u32 i = MSG_REG_WORDS; i < words; i++)
		page[i] = seed * (i + 1);
}

static void compare(const struct measured_ipc *ipc, const u64 *page, u32 words)
{
	for (u32 i = 0; i < words; i++)
		if ((i < MSG_REG_WORDS ? ipc->word[i] : page[i]) != seed * (i + 1))
			fail("word %u of %u came back wrong", i, words);
}

static void calls_with(const char *name, handle_t endpoint, u32 words, u64 flags)
{
	struct measured_ipc ipc = { .handles = endpoint };
	u64 *page = message_page();
	u32 row = series_start(name);

	page[MSG_DEADLINE] = now() + 1000 * SECOND;
	for (u32 i = 0; i < series_samples(); i++) {
		ipc.tag = SYS_ipc_call | (u64)words << MSG_WORDS_SHIFT | flags;
		fill(&ipc, page, words);
		series_mark(row);
		series_add(row, ipc_cost(&ipc, name));
		compare(&ipc, page, words);
	}
}

static void calls(const char *name, handle_t endpoint, u32 words)
{
	calls_with(name, endpoint, words, 0);
}

/* ---- capabilities ---- */

/* The children that both sides got are descendants of what was lent. */
static void take_back(const handle_t *cap, u32 count)
{
	for (u32 i = 0; i < count; i++)
		must(cap_revoke(cap[i]), "cap_revoke");
}

static u64 caps_tag(u32 caps, bool move)
{
	return SYS_ipc_call | (u64)MSG_REG_WORDS << MSG_WORDS_SHIFT |
	       (u64)caps << MSG_CAPS_SHIFT | (u64)caps << MSG_ACCEPT_SHIFT |
	       (move ? (1UL << caps) - 1 : 0) << MSG_MOVE_SHIFT;
}

/* Both directions carry the capabilities. */
static void calls_with_caps(const char *name, handle_t endpoint, u32 caps, bool move)
{
	struct measured_ipc ipc = { .handles = endpoint, .tag = SYS_ipc_call | ACCEPT_ALL };
	handle_t cap[MSG_MAX_CAPS] = { 0 };
	u32 row = series_start(name);

	for (u32 i = 0; i < caps; i++)
		cap[i] = create(TYPE_NOTIFICATION, 0);
	/* The server's next receive takes as many as this call does. */
	(void)ipc_cost(&ipc, name);
	for (u32 i = 0; i < series_samples(); i++) {
		ipc.tag = caps_tag(caps, move);
		for (u32 n = 0; n < 2; n++)
			ipc.caps[n] = cap[2 * n] | (u64)cap[2 * n + 1] << 32;
		fill(&ipc, NULL, MSG_REG_WORDS);
		series_mark(row);
		series_add(row, ipc_cost(&ipc, name));
		compare(&ipc, NULL, MSG_REG_WORDS);
		for (u32 n = 0; n < caps; n++) {
			handle_t came = (handle_t)(ipc.caps[n / 2] >> (32 * (n % 2)));

			if (!came)
				fail("%s: capability %u did not come back", name, n);
			if (move)
				cap[n] = came;
		}
		if (!move)
			take_back(cap, caps);
	}
	for (u32 i = 0; i < caps; i++)
		must(cap_delete(cap[i]), "cap_delete");
}

/* ---- servers ---- */

struct server {
	handle_t endpoint, reply;
	struct child child;
	struct uthread thread;
};

static void server_in_process(struct server *server, const char *role, u64 settings)
{
	handle_t extra[STARTUP_EXTRA] = { 0 };

	server->endpoint = extra[0] = create(TYPE_ENDPOINT, 0);
	spawn(role, settings, extra, &server->child);
}

static void server_end(struct server *server)
{
	must(cap_destroy(server->endpoint), "cap_destroy");
	settle();
	if (server->child.process) {
		must(program_wait(server->child.process, PATIENCE), "a server does not end");
		child_free(&server->child);
	} else {
		must(uthread_join(&server->thread, PATIENCE), "a server does not end");
		must(cap_destroy(server->reply), "cap_destroy");
	}
	settle();
}

static void echo_thread(void *argument)
{
	const struct server *server = argument;

	(void)serve_echo(server->endpoint | (u64)server->reply << 32, SYS_ipc_receive);
}

static void echo_caps_thread(void *argument)
{
	const struct server *server = argument;

	(void)serve_echo_caps(server->endpoint | (u64)server->reply << 32,
			      SYS_ipc_receive | ACCEPT_ALL);
}

static void server_in_thread(struct server *server, void (*run)(void *), u64 settings)
{
	*server = (struct server){ .endpoint = create(TYPE_ENDPOINT, 0),
				   .reply = create(TYPE_REPLY, 0) };
	must(uthread_start(&server->thread, run, server, settings), "uthread_start");
	settle();
}

/* ---- size and capabilities, for each place of the server ---- */

static const u32 sizes[] = { 0, 1, 4, 8, 16, 64, 128, 512 };

static void calls_of_each_size(const char *place, handle_t endpoint)
{
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
		calls(name_of("ipc-%u%s", sizes[i], place), endpoint, sizes[i]);
}

static void calls_with_each_number(const char *place, handle_t endpoint)
{
	for (u32 caps = 1; caps <= MSG_MAX_CAPS; caps++)
		calls_with_caps(name_of("ipc-8-cap-%u%s", caps, place), endpoint, caps, false);
}

static void calls_to_process(const char *place, u64 settings)
{
	struct server server = { 0 };

	server_in_process(&server, "echo", settings);
	calls_of_each_size(place, server.endpoint);
	server_end(&server);
	server = (struct server){ 0 };
	server_in_process(&server, "echo-caps", settings);
	calls_with_each_number(place, server.endpoint);
	server_end(&server);
}

static void calls_to_thread(const char *place, u64 settings)
{
	struct server server;

	server_in_thread(&server, echo_thread, settings);
	calls_of_each_size(place, server.endpoint);
	server_end(&server);
	server_in_thread(&server, echo_caps_thread, settings);
	calls_with_each_number(place, server.endpoint);
	server_end(&server);
}

static void through_library(void)
{
	struct server server = { 0 };
	u32 row = series_start("ipc-8-library");
	struct message message = { 0 };

	server_in_process(&server, "library", PRIORITY);
	for (u32 i = 0; i < series_samples(); i++) {
		u64 start, end, empty = counter_now();
		long status;

		empty = counter_now() - empty;
		message.words = MSG_REG_WORDS;
		message.word[0] = i;
		series_mark(row);
		start = counter_now();
		status = ipc_call(server.endpoint, &message);
		end = counter_now();
		must(status, "ipc_call");
		series_add(row, end - start - empty);
		if (message.word[0] != i || message.words != MSG_REG_WORDS)
			fail("a message came back wrong");
	}
	server_end(&server);
}

/* ---- sends ---- */

static void send_to_lower(void)
{
	struct measured_ipc ipc = { 0 };
	struct server server = { 0 };
	u32 row = series_start("send-8");

	server_in_process(&server, "echo", PRIORITY_BELOW);
	ipc.handles = server.endpoint;
	for (u32 i = 0; i < series_samples(); i++) {
		ipc.tag = SYS_ipc_send | (u64)MSG_REG_WORDS << MSG_WORDS_SHIFT;
		series_mark(row);
		series_add(row, ipc_cost(&ipc, "ipc_send"));
		settle(); /* until it receives again */
	}
	server_end(&server);
}

static void send_and_switch(void)
{
	handle_t extra[STARTUP_EXTRA] = { create(TYPE_ENDPOINT, 0) };
	struct measured_ipc ipc = { .handles = extra[0] };
	const u64 *stamp = memory_new(1, &extra[1]);
	u32 row = series_start("send-8-switch");
	struct child child;

	assert(stamp);
	spawn("stamp-receive", PRIORITY_ABOVE, extra, &child);
	for (u32 i = 0; i < series_samples(); i++) {
		ipc.tag = SYS_ipc_send | (u64)MSG_REG_WORDS << MSG_WORDS_SHIFT;
		series_mark(row);
		(void)ipc_cost(&ipc, "ipc_send");
		series_add(row, __atomic_load_n(stamp, __ATOMIC_ACQUIRE) - ipc.start - ipc_head);
	}
	child_free(&child);
	must(cap_destroy(extra[0]), "cap_destroy");
	memory_free((void *)stamp, 1, extra[1]);
	settle();
}

static void call_again(void *argument)
{
	const handle_t *endpoint = argument;
	struct message message = { .words = MSG_REG_WORDS };

	while (ipc_call(*endpoint, &message) == ST_OK)
		message.words = MSG_REG_WORDS;
}

/* Each leg alone: a less urgent caller waits in the queue, and goes on when we sleep. */
static void receive_and_reply(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	u32 received = series_start("receive-8"), replied = series_start("reply-8");
	struct measured_ipc ipc = { 0 };
	struct uthread caller;

	must(uthread_start(&caller, call_again, &endpoint, THREAD_PRIORITY(PRIORITY_BELOW)),
	     "uthread_start");
	for (u32 i = 0; i < series_samples(); i++) {
		settle();
		ipc.handles = endpoint | (u64)reply << 32;
		ipc.tag = SYS_ipc_receive;
		series_mark(received);
		series_add(received, ipc_cost(&ipc, "ipc_receive"));
		ipc.handles = reply;
		ipc.tag = SYS_ipc_reply | (u64)MSG_REG_WORDS << MSG_WORDS_SHIFT;
		series_mark(replied);
		series_add(replied, ipc_cost(&ipc, "ipc_reply"));
	}
	must(cap_destroy(endpoint), "cap_destroy");
	must(uthread_join(&caller, PATIENCE), "uthread_join");
	must(cap_destroy(reply), "cap_destroy");
	settle();
}

/* Besides the grid of bench_ipc(). */
static void more_calls(void)
{
	struct server server = { 0 };

	server_in_process(&server, "echo", PRIORITY);
	calls_with("ipc-8-deadline", server.endpoint, 8, MSG_TIMEOUT);
	server_end(&server);
	server = (struct server){ 0 };
	server_in_process(&server, "echo-caps", PRIORITY);
	calls_with_caps("ipc-8-cap-1-given", server.endpoint, 1, true);
	calls_with_caps("ipc-8-cap-4-given", server.endpoint, 4, true);
	server_end(&server);
}

void bench_ipc(void)
{
	calls_to_process("", PRIORITY);
	calls_to_thread("-same-space", PRIORITY);
	more_calls();
	through_library();
	send_to_lower();
	send_and_switch();
	receive_and_reply();
}

/* One clock counts for all CPUs: these rows are the work of both, and of waking them from idle. */
void bench_ipc_smp(void)
{
	calls_to_process("-other-cpu", PRIORITY | ON_OTHER_CPU);
	calls_to_thread("-same-space-other-cpu", PRIORITY | ON_OTHER_CPU);
}
