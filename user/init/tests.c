// SPDX-License-Identifier: MIT
/*
 * The kernel from user space: capabilities, memory, IPC, threads.
 */
#include "init.h"

#define SELF INIT_PROCESS
#define BADGE 0x77
#define MILLISECOND 1000000UL

static handle_t create(u64 type, u64 argument)
{
	u64 handle = 0;

	cap_create(type, argument, &handle);
	return (handle_t)handle;
}

/* ---- capabilities ---- */

static void test_derivation(void)
{
	handle_t root = create(TYPE_ENDPOINT, 0);
	u64 child, grandchild, info, badge;

	check_status(cap_derive(root, RIGHT_SEND | RIGHT_DERIVE, BADGE, &child), ST_OK,
		     "derive a capability");
	check(cap_inspect((handle_t)child, &info, &badge) == ST_OK && badge == BADGE &&
		      CAP_INFO_RIGHTS(info) == (RIGHT_SEND | RIGHT_DERIVE) &&
		      CAP_INFO_TYPE(info) == TYPE_ENDPOINT && CAP_INFO_DEPTH(info) == 1,
	      "the child has the rights and the badge asked for");
	check_status(cap_derive((handle_t)child, RIGHTS_ALL, 0, &grandchild), ST_OK,
		     "derive from the child");
	cap_inspect((handle_t)grandchild, &info, &badge);
	check(CAP_INFO_RIGHTS(info) == (RIGHT_SEND | RIGHT_DERIVE) && badge == BADGE,
	      "a grandchild never has more than its parent");
	check_status(cap_derive((handle_t)child, RIGHTS_ALL, BADGE + 1, NULL), ST_INVALID,
		     "a badge cannot be changed");
	check_status(cap_revoke(root), ST_OK, "revoke");
	check_status(cap_inspect((handle_t)child, NULL, NULL), ST_BADHANDLE, "the child is gone");
	check_status(cap_inspect((handle_t)grandchild, NULL, NULL), ST_BADHANDLE,
		     "the grandchild is gone");
	check_status(cap_inspect(root, NULL, NULL), ST_OK, "the revoked capability itself stays");
	check_status(cap_destroy(root), ST_OK, "destroy");
	check_status(cap_inspect(root, NULL, NULL), ST_BADHANDLE,
		     "a destroyed object has no capability");
}

/* More children than a leaf or a batch holds. */
static void test_many(void)
{
	handle_t root = create(TYPE_NOTIFICATION, 0);
	u32 made = 0;
	u64 child = 0;

	while (made < 1000 && cap_derive(root, RIGHTS_ALL, 0, &child) == ST_OK)
		made++;
	check(made == 1000, "a thousand children");
	check_status(cap_revoke(root), ST_OK, "revoke them");
	check_status(cap_inspect((handle_t)child, NULL, NULL), ST_BADHANDLE,
		     "the last one is gone");
	check_status(cap_delete(root), ST_OK, "delete the root");
}

void test_objects(void)
{
	check_status(null(), ST_OK, "null call");
	check_status(cap_inspect(0, NULL, NULL), ST_BADHANDLE, "the null handle is refused");
	check_status(cap_create(TYPE_THREAD, 0, NULL), ST_INVALID,
		     "threads are not made by cap_create");
	check_status(cap_create(TYPE_MEMORY, 0, NULL), ST_INVALID, "memory of no pages is refused");
	check_status(__syscall(200, 0, 0, 0, 0, 0, 0, NULL, NULL), ST_NOSYS,
		     "an unknown call is refused");
	test_derivation();
	test_many();
}

/* ---- memory ---- */

void test_memory(void)
{
	handle_t memory;
	u64 place = 0;
	void *address;
	volatile u64 *words;

	if (!check_status(map_new(SELF, 4, &memory, &address), ST_OK, "create and map memory"))
		return;
	words = address;
	check(words[0] == 0 && words[3 * 512] == 0, "fresh memory is zero");
	words[0] = 11;
	check_status(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ, &place), ST_OK,
		     "map it again");
	check(*(volatile u64 *)place == 11, "both mappings show the same memory");
	check_status(mem_map(SELF, memory, place, PAGE_SIZE, 0, MAP_READ, NULL), ST_EXISTS,
		     "an address is taken once");
	check_status(mem_map(SELF, memory, 0x1000, PAGE_SIZE, 0, MAP_READ, NULL), ST_INVALID,
		     "the null page cannot be mapped");
	check_status(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE, NULL),
		     ST_SEALED, "unsealed memory is not executable");
	check_status(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_WRITE | MAP_EXECUTE, NULL),
		     ST_INVALID, "writable and executable is refused");
	check_status(mem_seal(memory), ST_BUSY, "memory with a writable mapping cannot be sealed");
	check_status(mem_unmap(SELF, (u64)address, 4 * PAGE_SIZE, NULL), ST_OK, "unmap");
	check_status(mem_seal(memory), ST_OK, "seal");
	check_status(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, NULL), ST_SEALED,
		     "sealed memory is not writable");
	check(*(volatile u64 *)place == 11, "the other mapping stays");
	check_status(cap_delete(memory), ST_OK, "delete the memory");
	check_status(mem_protect(SELF, place, PAGE_SIZE, MAP_READ, NULL), ST_NOTFOUND,
		     "its mappings are gone with it");
}

/* ---- IPC ---- */

static long request(handle_t endpoint, struct message *message, u32 label, u64 first, u64 second)
{
	message_init(message, label, 8, 0);
	for (u32 i = 2; i < MSG_REG_WORDS; i++)
		message->words[i] = 0x1111111111111111UL * i;
	message->words[0] = first;
	message->words[1] = second;
	message_accept(message, 1);
	return ipc_call(endpoint, message);
}

static bool words_are_intact(const struct message *message)
{
	for (u32 i = 2; i < MSG_REG_WORDS; i++)
		if (message->words[i] != 0x1111111111111111UL * i)
			return false;
	return true;
}

static void test_capability_transfer(handle_t endpoint)
{
	struct message message;
	handle_t memory;
	u64 place;
	void *address;

	check_status(request(endpoint, &message, PEER_MAKE, 4711, 0), ST_OK,
		     "ask the server for memory");
	memory = message_cap(&message, 0);
	check(mem_map(SELF, memory, 0, PAGE_SIZE, 0, MAP_READ, &place) == ST_OK &&
		      *(volatile u64 *)place == 4711,
	      "the server's memory arrives with its content");
	cap_delete(memory);
	if (map_new(SELF, 1, &memory, &address) != ST_OK)
		return;
	*(volatile u64 *)address = 21;
	message_init(&message, PEER_TAKE, 1, 1);
	message_set_cap(&message, 0, memory, false);
	check(ipc_call(endpoint, &message) == ST_OK && message.words[0] == 21,
	      "lend memory to the server");
	check(*(volatile u64 *)address == 42, "the server has written into it");
	cap_delete(memory);
}

static void measure(handle_t endpoint)
{
	u64 best = ~0UL;
	struct message message;

	for (u32 i = 0; i < 100; i++) {
		u64 start = cycles();

		request(endpoint, &message, PEER_ADD, i, 1);
		best = MIN(best, cycles() - start);
	}
	printf("# IPC round trip to another process, with stubs: %lu cycles at best\n", best);
}

static void test_server(u8 cpu)
{
	handle_t root = create(TYPE_ENDPOINT, 0), server;
	u64 client = 0, code, kind;
	struct message message;

	cap_derive(root, RIGHTS_ALL, BADGE, &client);
	if (!check_status(peer_start(PEER_SERVER, root, cpu, &server), ST_OK,
			  "start a server process"))
		return;
	check(request((handle_t)client, &message, PEER_ADD, 40, 2) == ST_OK &&
		      message.words[0] == 42,
	      "the server adds two numbers");
	check(message_label(&message) == BADGE, "the server sees the client's badge");
	check(words_are_intact(&message), "all eight words arrive and come back");
	test_capability_transfer((handle_t)client);
	measure((handle_t)client);
	check_status(request((handle_t)client, &message, PEER_QUIT, 0, 0), ST_OK,
		     "tell the server to quit");
	check(peer_await(server), "the end of the server is signalled");
	process_info(server, PROCESS_INFO_EXIT, &code, &kind);
	check(code == 0 && kind == FAULT_NONE, "the server exited with code 0");
	cap_delete(server);
	cap_delete(root);
}

static void test_refusals(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	struct message message;
	u64 child = 0, page, now;

	message_init(&message, 0, 0, 0);
	message.tag |= MSG_NONBLOCK;
	check_status(ipc_call(endpoint, &message), ST_WOULDBLOCK,
		     "non-blocking call with nobody there");
	message_init(&message, 0, 0, 0);
	message.tag |= MSG_NONBLOCK;
	check_status(ipc_receive(endpoint, reply, &message), ST_WOULDBLOCK,
		     "non-blocking receive with nobody there");
	message_init(&message, 0, 0, 0);
	check_status(ipc_reply(reply, &message), ST_CALLER_GONE, "reply without a caller");
	message_init(&message, 0, 600, 0);
	check_status(ipc_call(endpoint, &message), ST_INVALID, "a message of 600 words is refused");
	cap_derive(endpoint, RIGHT_RECEIVE, 0, &child);
	message_init(&message, 0, 0, 0);
	check_status(ipc_call((handle_t)child, &message), ST_NORIGHTS, "call without the right");
	thread_self(NULL, &page);
	clock_now(&now);
	*(volatile u64 *)page = now + 5 * MILLISECOND;
	message_init(&message, 0, 0, 0);
	message.tag |= MSG_TIMEOUT;
	check_status(ipc_call(endpoint, &message), ST_TIMEDOUT,
		     "a call that nobody takes times out");
	check(clock_now(&page) == ST_OK && page >= now + 5 * MILLISECOND, "not before its time");
	cap_delete(endpoint);
	cap_delete(reply);
}

/* A caller killed while the server works for it. */
static void test_killed_caller(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0), caller;
	struct message message;
	u64 now;

	if (!check_status(peer_start(PEER_HANG_CALL, endpoint, 0, &caller), ST_OK,
			  "start a caller"))
		return;
	message_init(&message, 0, 0, 0);
	check_status(ipc_receive(endpoint, reply, &message), ST_OK, "receive its call");
	check_status(cap_destroy(caller), ST_OK, "kill it in the middle of the call");
	clock_now(&now);
	thread_sleep(now + 20 * MILLISECOND);
	message_init(&message, 0, 0, 0);
	check_status(ipc_reply(reply, &message), ST_CALLER_GONE, "its reply finds nobody");
	cap_delete(endpoint);
	cap_delete(reply);
}

void test_ipc(void)
{
	test_server(0);
	if (nr_cpus() > 1)
		test_server((u8)(nr_cpus() - 1));
	test_refusals();
	test_killed_caller();
}

/* ---- threads ---- */

static volatile u64 counter[64];
static volatile u64 seen_cpu[64];
static handle_t wake_up, done;

static void count(u64 index)
{
	u64 bits;

	if (notify_wait(wake_up, FOR_EVER, &bits) == ST_OK)
		counter[index] = 1;
	notify_signal(done, BIT(index));
	thread_exit();
}

static void spin_until_stopped(u64 index)
{
	while (!seen_cpu[index])
		counter[index]++;
	notify_signal(done, BIT(index));
	thread_exit();
}

static bool await_bits(u64 wanted)
{
	u64 got = 0, bits, now;

	clock_now(&now);
	while (got != wanted)
		if (notify_wait(done, now + 10000 * MILLISECOND, &bits) == ST_OK)
			got |= bits;
		else
			return false;
	return true;
}

static void test_spread(void)
{
	u64 all = 0;
	handle_t thread;

	for (u32 i = 0; i < nr_cpus(); i++) {
		counter[i] = seen_cpu[i] = 0;
		thread_spawn(SELF, spin_until_stopped, i, THREAD_PRIORITY(20) | THREAD_CPU(i),
			     &thread);
		all |= BIT(i);
	}
	/* They loop in user mode; this thread goes on because its priority is higher. */
	for (u32 i = 0; i < nr_cpus(); i++) {
		u64 now;

		do {
			clock_now(&now);
			thread_sleep(now + MILLISECOND);
		} while (!counter[i]);
		seen_cpu[i] = 1;
	}
	check(await_bits(all), "a thread on every CPU counted and was stopped");
}

void test_threads(void)
{
	u64 now, later, all = 0;
	handle_t thread;

	wake_up = create(TYPE_NOTIFICATION, 0);
	done = create(TYPE_NOTIFICATION, 0);
	clock_now(&now);
	check_status(thread_sleep(now + 2 * MILLISECOND), ST_OK, "sleep");
	clock_now(&later);
	check(later >= now + 2 * MILLISECOND, "not less than asked for");
	check_status(notify_poll(done, NULL), ST_WOULDBLOCK, "no bit is set");
	check_status(notify_wait(done, later + MILLISECOND, NULL), ST_TIMEDOUT,
		     "waiting for a bit times out");
	for (u32 i = 0; i < nr_cpus(); i++) {
		counter[i] = 0;
		check_status(
			thread_spawn(SELF, count, i, THREAD_PRIORITY(40) | THREAD_CPU(i), &thread),
			ST_OK, "start a thread on a CPU");
	}
	/* One at a time: signals that nobody has waited for yet would be one. */
	for (u32 i = 0; i < nr_cpus(); i++) {
		u64 bits = 0;

		clock_now(&now);
		thread_sleep(now + 2 * MILLISECOND);
		notify_signal(wake_up, 1);
		if (notify_wait(done, now + 10000 * MILLISECOND, &bits) == ST_OK)
			all |= bits;
	}
	check(all == BIT(nr_cpus()) - 1, "every one is woken by a notification");
	test_spread();
}
