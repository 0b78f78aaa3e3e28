// SPDX-License-Identifier: MIT
/*
 * A client and a server in processes of their own: the server registers at the
 * name server, the client looks it up; numbers, lent memory and given memory
 * pass between them.
 */
#include "demo.h"
#include <user/memory.h>
#include <user/protocol.h>

#define WORDS (PAGE_SIZE / sizeof(u64))
#define STAMP 0x5645524944UL

/* ---- server ---- */

static u64 sum_of(handle_t memory, long *status)
{
	u64 address, sum = 0;

	*status = mem_map(startup->self, memory, 0, PAGE_SIZE, 0, MAP_READ, &address);
	if (*status != ST_OK)
		return 0;
	for (u64 i = 0; i < WORDS; i++)
		sum += ((const u64 *)address)[i];
	/* What was lent to be read must not become writable. */
	*status = mem_map(startup->self, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, NULL);
	(void)mem_unmap(startup->self, address, PAGE_SIZE, NULL);
	return sum;
}

static long keep(handle_t memory)
{
	u64 address;
	long status =
		mem_map(startup->self, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &address);

	if (status == ST_OK)
		((u64 *)address)[0] = STAMP;
	return status;
}

static bool serve_one(struct message *message)
{
	u64 label = message->label, result = 0;
	handle_t memory = message->cap[0];
	long status = ST_OK;

	if (label == REQUEST_ADD)
		result = message->word[0] + message->word[1];
	else if (label == REQUEST_LEND)
		result = sum_of(memory, &status);
	else if (label == REQUEST_KEEP)
		status = keep(memory);
	if (label == REQUEST_LEND && memory)
		(void)cap_delete(memory);
	*message = (struct message){
		.label = (u32)status,
		.words = 1,
		.word = { result },
		.accept = 1,
	};
	return label != REQUEST_QUIT;
}

int role_server(void)
{
	struct message message = { .accept = 1 };
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	u64 client;
	bool goes_on;

	/* Clients may call and send capabilities along, but not receive. */
	must(cap_derive(endpoint, RIGHT_CALL | RIGHT_GRANT | RIGHT_DERIVE, 0, &client),
	     "cap_derive");
	must(name_register(CALCULATOR, (handle_t)client), "name_register");
	must(ipc_receive(endpoint, reply, &message), "ipc_receive");
	do {
		goes_on = serve_one(&message);
		if (goes_on)
			must(ipc_reply_receive(endpoint, reply, &message), "ipc_reply_receive");
		else
			must(ipc_reply(reply, &message), "ipc_reply");
	} while (goes_on);
	must(name_remove(CALCULATOR), "name_remove");
	return 0;
}

/* ---- client ---- */

static handle_t filled_page(u64 *sum)
{
	handle_t memory;
	u64 *page = memory_new(1, &memory);

	if (!page)
		fail("no memory");
	*sum = 0;
	for (u64 i = 0; i < WORDS; i++) {
		page[i] = random_bits();
		*sum += page[i];
	}
	return memory;
}

static bool lend_page(handle_t server)
{
	u64 sum, reader;
	handle_t memory = filled_page(&sum);
	struct message message = { .label = REQUEST_LEND, .caps = 1 };

	must(cap_derive(memory, RIGHT_READ | RIGHT_DERIVE, 0, &reader), "cap_derive");
	message.cap[0] = (handle_t)reader;
	if (ipc_call(server, &message) != ST_OK)
		return false;
	printf("  client: lent a page to be read; the server's sum is %s, mapping it writable: "
	       "%s\n",
	       message.word[0] == sum ? "right" : "wrong", status_name((s32)message.label));
	return message.word[0] == sum && (s32)message.label == ST_NORIGHTS;
}

static bool give_page(handle_t server)
{
	u64 info, badge, memory = create(TYPE_MEMORY, 1);
	struct message message = {
		.label = REQUEST_KEEP, .caps = 1, .move = 1, .cap = { (handle_t)memory }
	};
	long status = ipc_call(server, &message);

	printf("  client: gave a page away; the server used it: %s, the client's handle: %s\n",
	       status_name((s32)message.label),
	       status_name(cap_inspect((handle_t)memory, &info, &badge)));
	return status == ST_OK && !message.label &&
	       cap_inspect((handle_t)memory, &info, &badge) == ST_BADHANDLE;
}

static handle_t find_server(void)
{
	handle_t server = HANDLE_NULL;
	u64 end = now() + PATIENCE;

	/* The server may still be starting. */
	while (name_lookup(CALCULATOR, &server) == ST_NOTFOUND && now() < end)
		sleep_for(MILLISECOND);
	if (!server)
		fail("the server does not register");
	return server;
}

int role_client(void)
{
	handle_t server = find_server();
	u64 sum = 0;
	bool is_right = call_words(server, REQUEST_ADD, 40, 2, 0, &sum) == ST_OK && sum == 42;

	printf("  client: asked the server for 40 + 2, it answered %lu\n", sum);
	is_right = lend_page(server) && is_right;
	is_right = give_page(server) && is_right;
	is_right = call_words(server, REQUEST_QUIT, 0, 0, 0, NULL) == ST_OK && is_right;
	return !is_right;
}

void show_services(void)
{
	struct child server, client;
	u64 fault;

	printf("A client and a server in processes of their own\n");
	if (!step(spawn_role("server", NULL, HANDLE_NULL, HANDLE_NULL, &server) == ST_OK,
		  "start the server"))
		return;
	if (step(spawn_role("client", NULL, HANDLE_NULL, HANDLE_NULL, &client) == ST_OK,
		 "start the client")) {
		step(exit_of(&client, &fault) == 0 && !fault, "the client got what it asked for");
		step(exit_of(&server, &fault) == 0 && !fault,
		     "the server ended when it was told to");
		child_free(&client);
	}
	child_free(&server);
}
