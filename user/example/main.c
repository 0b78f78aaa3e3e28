// SPDX-License-Identifier: MIT
/*
 * The example of the manual (Documentation/programs.rst): a server that counts
 * for its clients, and a client, in processes of their own.  The same program
 * is both; its first argument tells which.
 */
#include <user/ipc.h>
#include <user/loader.h>
#include <user/memory.h>
#include <user/protocol.h>
#include <user/stdio.h>
#include <user/thread.h>

/* ---- the protocol ---- */

#define SERVICE "example.counter"
#define COUNTER_ADD 1  /* word 0: how much. Reply: label = status, word 0 = the sum */
#define COUNTER_SHOW 2 /* capability 0: memory with a line of text. Reply: label = status */

static handle_t create(u64 type)
{
	u64 handle = HANDLE_NULL;

	must(cap_create(type, 0, &handle), "cap_create");
	return (handle_t)handle;
}

/* ---- the server ---- */

#define CLIENT_ENDED 1UL
#define LINE 80

static long show(handle_t memory)
{
	u64 address;
	long status = mem_map(startup->self, memory, 0, PAGE_SIZE, 0, MAP_READ, &address);

	if (status != ST_OK)
		return status;
	printf("example: the client says: %.*s\n", LINE, (const char *)address);
	(void)mem_unmap(startup->self, address, PAGE_SIZE, NULL);
	return ST_OK;
}

/* Replace the request by its answer. */
static void answer(struct message *message)
{
	static u64 sum;
	long status = ST_NOSYS;

	if (message->label == COUNTER_ADD) {
		sum += message->word[0];
		status = ST_OK;
	} else if (message->label == COUNTER_SHOW) {
		status = show(message->cap[0]);
	}
	*message = (struct message){ .label = (u32)status, .words = 1, .word = { sum } };
}

static void serve(handle_t endpoint, handle_t reply)
{
	struct message message = { .accept = 1 };
	long status = ipc_receive(endpoint, reply, &message);

	while (status != ST_OK || message.call != MSG_FROM_NOTIFICATION) {
		bool is_call = status == ST_OK && message.call == SYS_ipc_call;
		handle_t brought = status == ST_OK ? message.cap[0] : HANDLE_NULL;

		/* A caller that gave up is no reason to stop. */
		if (status != ST_OK && status != ST_CALLER_GONE && status != ST_INTERRUPTED)
			must(status, "ipc_receive");
		if (is_call)
			answer(&message);
		else
			message = (struct message){ 0 };
		/* What a client sent and nobody keeps must not fill our space. */
		if (brought != HANDLE_NULL)
			(void)cap_delete(brought);
		message.accept = 1;
		status = is_call ? ipc_reply_receive(endpoint, reply, &message) :
				   ipc_receive(endpoint, reply, &message);
	}
}

/* Others may call, and send capabilities, but not receive in our place. */
static void publish(handle_t endpoint)
{
	u64 client;

	must(cap_derive(endpoint, RIGHT_CALL | RIGHT_GRANT | RIGHT_DERIVE, 0, &client),
	     "cap_derive");
	must(name_register(SERVICE, (handle_t)client), "name_register");
}

/* Start this program once more, as a client that tells its end. */
static void start_client(handle_t watch, struct child *client)
{
	struct program program;
	const char *error = program_role(&program, "client");

	if (error)
		fail("%s", error);
	program.system = HANDLE_NULL; /* it needs no right to the machine */
	program.watch = watch;
	program.watch_bits = CLIENT_ENDED;
	must(program_spawn(&program, client), "program_spawn");
}

static int server(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT), ended = create(TYPE_NOTIFICATION);
	struct child client;
	u64 code, fault;

	publish(endpoint);
	must(notify_bind(startup->thread, ended), "notify_bind");
	start_client(ended, &client);
	serve(endpoint, create(TYPE_REPLY));
	must(name_remove(SERVICE), "name_remove");
	must(process_info(client.process, PROCESS_INFO_EXIT, &code, &fault), "process_info");
	child_free(&client);
	return fault ? 1 : (int)code;
}

/* ---- the client ---- */

#define ROUNDS 100
#define PATIENCE (10 * SECOND)

static void add(void *argument)
{
	handle_t counter = *(const handle_t *)argument;

	for (u32 i = 0; i < ROUNDS; i++)
		must(call_words(counter, COUNTER_ADD, 1, 0, 0, NULL), "COUNTER_ADD");
}

/* Two threads, the second one with a stack of its own. */
static u64 count(handle_t counter)
{
	struct uthread helper;
	u64 sum = 0;

	must(uthread_start(&helper, add, &counter, THREAD_DEFAULT), "uthread_start");
	add(&counter);
	must(uthread_join(&helper, PATIENCE), "uthread_join");
	must(call_words(counter, COUNTER_ADD, 0, 0, 0, &sum), "COUNTER_ADD");
	return sum;
}

/* Lend a page to be read; deleting our capability takes the server's away. */
static void say(handle_t counter, u64 sum)
{
	struct message message = { .label = COUNTER_SHOW, .caps = 1 };
	handle_t memory;
	char *line = memory_new(1, &memory);
	u64 reader;

	if (!line)
		fail("no memory");
	snprintf(line, LINE, "together we counted to %lu", sum);
	must(cap_derive(memory, RIGHT_READ | RIGHT_DERIVE, 0, &reader), "cap_derive");
	message.cap[0] = (handle_t)reader;
	must(ipc_call(counter, &message), "ipc_call");
	must((s32)message.label, "COUNTER_SHOW");
	must(cap_delete((handle_t)reader), "cap_delete");
	memory_free(line, 1, memory);
}

static int client(void)
{
	handle_t counter;
	u64 sum;

	must(name_lookup(SERVICE, &counter), "name_lookup");
	sum = count(counter);
	say(counter, sum);
	return sum != 2 * ROUNDS;
}

int main(void)
{
	bool is_client = startup->nr_args > 1 && !strcmp(startup->arg[1], "client");

	return is_client ? client() : server();
}
