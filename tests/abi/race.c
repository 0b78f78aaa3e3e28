// SPDX-License-Identifier: MIT
/*
 * Two CPUs at the same thing: one uses what the other takes away, moves or
 * replaces, again and again.  What comes out may be this or that, but never
 * something else, and both go on.
 *
 * Most mistakes of that kind show in a window of a few instructions, while
 * nothing but the right thing happens on the other side.  Random calls need
 * thousands of runs for what these rounds do all the time.
 */
#include "test.h"

/* PAUSE: turns of a loop; LIMIT: a kernel with a sanitizer on a busy computer takes its time. */
#ifdef CONFIG_HOST
#define PAUSE 1
#define LIMIT PATIENCE
#else
#define PAUSE 200
#define LIMIT (6 * PATIENCE)
#endif

/* A match: the left side goes on for match_rounds(), the others for as long. */
struct match {
	const char *name;
	void (*begin)(void);
	void (*left)(u32 round);
	void (*right)(u32 round);
	void (*third)(u32 round); /* on the CPU of the left side; NULL: nobody */
	void (*end)(void);        /* it has to let everybody go */
};

/* What they are about; nr_wrong: how often somebody saw what cannot be. */
static struct {
	const struct match *match;
	struct uthread left, right, third;
	handle_t shown; /* by the right side, if it says nothing else; atomic */
	handle_t endpoint, reply, notification, memory;
	u32 is_over, nr_shown, nr_wrong; /* atomic; nr_shown: rounds of the right side */
	u32 nr_good;
} now_on;

static bool is_over(void)
{
	return __atomic_load_n(&now_on.is_over, __ATOMIC_RELAXED);
}

static handle_t shown(void)
{
	return __atomic_load_n(&now_on.shown, __ATOMIC_RELAXED);
}

/* Return: what was shown before. */
static handle_t show(handle_t handle)
{
	return __atomic_exchange_n(&now_on.shown, handle, __ATOMIC_RELAXED);
}

/* By whichever side; the left one alone tells of what is good. */
static void count_wrong(void)
{
	(void)__atomic_fetch_add(&now_on.nr_wrong, 1, __ATOMIC_RELAXED);
}

static void count(bool is_right, bool is_good)
{
	now_on.nr_good += is_good;
	if (!is_right)
		count_wrong();
}

/* With one CPU the others would come only when a turn is over, and that may take a second. */
static void yield_if_alone(void)
{
	if (cpus_online() == 1)
		(void)thread_yield();
}

/* For the other side, somewhat longer or shorter in each round. */
static void idle_about(u32 round)
{
	yield_if_alone();
	for (volatile u32 i = 0; i < round * 7 % 32 * PAUSE; i++)
		loop_pause();
}

/* Until both sides have had their rounds, and something has come of it. */
static bool goes_on(u32 round)
{
	u32 rounds = match_rounds();

	if (!now_on.nr_good)
		return round < 2000 + 100 * rounds;
	return round < rounds || __atomic_load_n(&now_on.nr_shown, __ATOMIC_RELAXED) < rounds;
}

static void run_left(void *argument)
{
	(void)argument;
	for (u32 round = 0; goes_on(round); round++) {
		now_on.match->left(round);
		(void)thread_yield();
	}
	__atomic_store_n(&now_on.is_over, 1, __ATOMIC_RELAXED);
}

static void run_right(void *argument)
{
	(void)argument;
	for (u32 round = 0; !is_over(); round++) {
		now_on.match->right(round);
		__atomic_store_n(&now_on.nr_shown, round + 1, __ATOMIC_RELAXED);
		yield_if_alone();
	}
}

static void run_third(void *argument)
{
	(void)argument;
	for (u32 round = 0; !is_over(); round++) {
		now_on.match->third(round);
		if (round % 2) /* or what takes two calls never gets its time */
			yield_if_alone();
	}
}

static void run(const struct match *match)
{
	u64 last = cpus_online() - 1;
	bool has_ended;

	memset(&now_on, 0, sizeof(now_on));
	now_on.match = match;
	now_on.endpoint = create(TYPE_ENDPOINT, 0);
	match->begin();
	/* Below the reaper, which takes apart at once what the right side destroys. */
	must(uthread_start(&now_on.right, run_right, NULL,
			   THREAD_CPU(last) | (last ? THREAD_PRIORITY(10) : THREAD_DEFAULT)),
	     "uthread_start");
	if (match->third)
		must(uthread_start(&now_on.third, run_third, NULL, THREAD_DEFAULT),
		     "uthread_start");
	must(uthread_start(&now_on.left, run_left, NULL, THREAD_DEFAULT), "uthread_start");
	has_ended = uthread_join(&now_on.left, LIMIT) == ST_OK;
	__atomic_store_n(&now_on.is_over, 1, __ATOMIC_RELAXED);
	match->end();
	has_ended = uthread_join(&now_on.right, LIMIT) == ST_OK && has_ended;
	if (match->third)
		has_ended = uthread_join(&now_on.third, LIMIT) == ST_OK && has_ended;
	check(has_ended, "%s: everybody comes to the end", match->name);
	same(now_on.nr_wrong, 0, "%s: nothing that cannot be", match->name);
	check(now_on.nr_good > 0, "%s: it has worked now and then (%u times)", match->name,
	      now_on.nr_good);
	(void)cap_destroy(now_on.endpoint);
	(void)cap_destroy(now_on.reply);
	(void)cap_destroy(now_on.memory);
}

static void nothing(void)
{
}

/* What processes share is there before several of them are made at once. */
static void begin_processes(void)
{
	u64 base;

	(void)cap_destroy(process_with_code(&base));
}

/* ---- a server whose right to receive is deleted ---- */

static void begin_answers(void)
{
	now_on.reply = create(TYPE_REPLY, 0);
	show(weaker(now_on.endpoint, RIGHTS_ALL));
}

/* Serve by the right that is shown until it is gone. */
static void serve(u32 round)
{
	struct message message = { 0 };
	handle_t by = shown();
	long status;

	(void)round;
	(void)ipc_reply(now_on.reply, &message); /* what was left of the last one */
	status = ipc_receive(by, now_on.reply, &message);
	while (status == ST_OK && !is_over()) {
		message.word[0]++;
		status = ipc_reply_receive(by, now_on.reply, &message);
		count(true, status == ST_OK);
	}
	count(status == ST_BADHANDLE || status == ST_DEAD || status == ST_CALLER_GONE, false);
}

static void call(u32 round)
{
	struct message message = { .words = 1, .word[0] = round };

	(void)ipc_call(now_on.endpoint, &message);
}

static void replace_right(u32 round)
{
	u64 right;

	idle_about(round);
	if (cap_derive(now_on.endpoint, RIGHTS_ALL, 0, &right) == ST_OK)
		(void)cap_delete(show((handle_t)right));
}

/* Nobody waits for it any more, nor for an answer. */
static void end_answers(void)
{
	(void)cap_destroy(now_on.endpoint);
	(void)cap_destroy(now_on.reply);
}

/* ---- a server that moves from CPU to CPU ---- */

static struct uthread server;

static void serve_all(void *argument)
{
	struct message message = { 0 };
	long status = ipc_receive(now_on.endpoint, now_on.reply, &message);

	(void)argument;
	while (status == ST_OK) {
		message.word[0]++;
		status = ipc_reply_receive(now_on.endpoint, now_on.reply, &message);
	}
}

static void begin_moves(void)
{
	now_on.reply = create(TYPE_REPLY, 0);
	must(uthread_start(&server, serve_all, NULL, THREAD_DEFAULT), "uthread_start");
}

static void call_moving(u32 round)
{
	struct message message = { .words = 1, .word[0] = round };
	long status = ipc_call(now_on.endpoint, &message);

	count(status == ST_OK && message.word[0] == round + 1UL, status == ST_OK);
}

static void move_server(u32 round)
{
	(void)thread_set(server.handle, THREAD_DEFAULT | THREAD_CPU(round % cpus_online()));
	call(round);
	idle_about(round);
}

static void end_moves(void)
{
	(void)cap_destroy(now_on.endpoint);
	WANT(uthread_join(&server, PATIENCE), ST_OK);
	(void)cap_destroy(now_on.reply); /* it may owe an answer */
}

/* ---- memory of a process that ends ---- */

static void begin_flushes(void)
{
	now_on.memory = create(TYPE_MEMORY, 1);
}

static void map_and_unmap(u32 round)
{
	handle_t process = shown();
	u64 address, done;
	long status = mem_map(process, now_on.memory, 0, PAGE_SIZE, 0, MAP_READ, &address);

	(void)round;
	if (status != ST_OK)
		return;
	status = mem_unmap(process, address, PAGE_SIZE, &done);
	count(status == ST_OK || status == ST_BADHANDLE, status == ST_OK);
}

/* A process whose thread spins on this CPU, for a moment. */
static void replace_process(u32 round)
{
	u64 base, thread;
	handle_t process = process_with_code(&base);

	must(thread_create(process, base + BLOB(blob_spin), 0, 0,
			   THREAD_PRIORITY(5) | THREAD_CPU(cpus_online() - 1) | THREAD_NO_PAGE |
				   THREAD_START, &thread, NULL), "thread_create");
	(void)show(process);
	sleep_for(MILLISECOND / 50);
	idle_about(round);
	(void)cap_destroy(process);
	(void)cap_delete((handle_t)thread);
}

/* ---- threads for a process that ends ---- */

/* They live as long as the process: not all memory is to go into one that stays, held up by the host. */
static void start_thread(u32 round)
{
	static handle_t last;
	static u32 nr_there;
	handle_t process = shown();
	u64 thread, page, settings = THREAD_PRIORITY(30) | THREAD_CPU(cpus_online() - 1);
	long status;

	nr_there = process == last ? nr_there + 1 : 0;
	last = process;
	if (nr_there > 200)
		return;
	status = thread_create(process, PAGE_SIZE, PAGE_SIZE, 0, settings, &thread, &page);
	(void)round;
	count(status == ST_OK || status == ST_BADHANDLE || status == ST_DEAD, status == ST_OK);
	if (status == ST_OK)
		(void)cap_delete((handle_t)thread);
}

static void replace_empty(u32 round)
{
	handle_t process = create(TYPE_PROCESS, 0);

	(void)show(process);
	idle_about(round);
	(void)cap_destroy(process);
}

/* ---- processes that end by themselves while they are destroyed ---- */

static void start_blob(handle_t process, u64 entry, u64 stack, u64 cpu)
{
	u64 settings = THREAD_DEFAULT | THREAD_CPU(cpu) | THREAD_NO_PAGE | THREAD_START, thread;
	long status = thread_create(process, entry, stack, 0, settings, &thread, NULL);

	if (status == ST_OK)
		(void)cap_delete((handle_t)thread);
	else if (status != ST_DEAD)
		fail("thread_create: %s", status_name(status));
}

/* Its first thread ends it, others only themselves: destroyed before, it has many to tell. */
static bool end_twice(u32 round)
{
	u64 base, cpu = round % cpus_online();
	handle_t process = process_with_code(&base);

	start_blob(process, base + BLOB(blob_process_exit), base, cpu);
	for (u32 i = 0; i < round % 6; i++)
		start_blob(process, base + BLOB(blob_thread_exit), base, (cpu + i) % cpus_online());
	idle_about(round);
	return cap_destroy(process) == ST_OK;
}

static void end_some(u32 round)
{
	count(end_twice(round), true);
}

static void end_others(u32 round)
{
	(void)end_twice(round);
}

/* ---- those who wait for an endpoint that is replaced ---- */

/* Each deleted capability lets the kernel look at all who wait. */
static void delete_child(u32 round)
{
	u64 child;
	long status = cap_derive(shown(), RIGHTS_ALL, 0, &child);

	(void)round;
	count(status == ST_OK || status == ST_BADHANDLE, status == ST_OK);
	if (status == ST_OK)
		(void)cap_delete((handle_t)child);
}

static void replace_endpoint(u32 round)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);

	(void)show(endpoint);
	sleep_for(MILLISECOND / 50); /* those who wait come */
	idle_about(round);
	(void)cap_destroy(endpoint);
}

static void wait_there(u32 round)
{
	struct message message = { .flags = MSG_TIMEOUT, .deadline = now() + MILLISECOND };

	(void)round;
	(void)ipc_receive(shown(), HANDLE_NULL, &message);
}

/* ---- a handle that is guessed before its owner knows it ---- */

static void derive_and_look(u32 round)
{
	u64 handle, info, badge;
	long status;

	idle_about(round);
	status = cap_derive(now_on.endpoint, RIGHTS_ALL, 1, &handle);
	if (status == ST_OK) {
		(void)show((handle_t)handle);
		status = cap_inspect((handle_t)handle, &info, &badge);
		/* Deleted by the other side it is dead for ever, whatever comes into its place. */
		for (u32 tries = 0; tries < 16 && status != ST_OK; tries++) {
			loop_pause();
			status = cap_inspect((handle_t)handle, &info, &badge);
		}
		(void)cap_delete((handle_t)handle);
	}
	count(status == ST_OK ? badge == 1 : status == ST_BADHANDLE, status == ST_OK);
}

/* What the slot will be called next. If it is that already, another one comes into its place. */
static void guess(u32 round)
{
	handle_t seen = shown();
	u64 handle;

	(void)round;
	if (cap_delete(HANDLE_MAKE(HANDLE_INDEX(seen), HANDLE_GEN(seen) + 1)) == ST_OK &&
	    cap_derive(now_on.endpoint, RIGHTS_ALL, 2, &handle) == ST_OK) {
		/* The left side is to look at what it has been told. */
		while (shown() == seen && !is_over()) {
			yield_if_alone();
			loop_pause();
		}
		idle_about(1);
		(void)cap_delete((handle_t)handle);
	}
}

/* ---- notifications bound to a thread that ends ---- */

static void begin_bindings(void)
{
	now_on.notification = create(TYPE_NOTIFICATION, 0);
}

static void bind_and_untie(u32 round)
{
	handle_t thread = shown();
	long status = notify_bind(thread, now_on.notification);

	(void)round;
	count(status == ST_OK || status == ST_BADHANDLE || status == ST_BUSY, status == ST_OK);
	if (status == ST_OK)
		(void)notify_bind(thread, HANDLE_NULL);
}

/* It ends by itself, or is ended; bound by another one, too. */
static void replace_thread(u32 round)
{
	u64 other, thread, page;

	must(cap_create(TYPE_NOTIFICATION, 0, &other), "cap_create");
	must(thread_create(startup->self, (u64)blob_thread_exit, 0, 0,
			   THREAD_DEFAULT | THREAD_CPU(round % cpus_online()) | THREAD_NO_PAGE,
			   &thread, &page), "thread_create");
	(void)show((handle_t)thread);
	(void)notify_bind((handle_t)thread, (handle_t)other);
	(void)notify_bind((handle_t)thread, HANDLE_NULL);
	idle_about(round);
	if (round % 2)
		(void)thread_resume((handle_t)thread);
	(void)thread_yield();
	(void)cap_destroy((handle_t)thread);
	(void)cap_destroy((handle_t)other);
}

/* Whatever has become of those threads, none of them keeps the notification. */
static void end_bindings(void)
{
	u64 thread, page;
	long status = ST_BUSY;

	must(thread_create(startup->self, (u64)blob_thread_exit, 0, 0,
			   THREAD_DEFAULT | THREAD_NO_PAGE, &thread, &page), "thread_create");
	/* The right side's last thread may be about to end. */
	for (u32 tries = 0; tries < 200 && status == ST_BUSY; tries++) {
		sleep_for(MILLISECOND);
		status = notify_bind((handle_t)thread, now_on.notification);
	}
	gave(status, ST_OK, "bindings: a notification is free when its threads have ended");
	(void)cap_destroy((handle_t)thread);
	(void)cap_destroy(now_on.notification);
}

/* ---- one address, two pages ---- */

static struct uthread mapper, handler;
static handle_t first_page, second_page;
static u64 place;

static handle_t page_with(u64 word)
{
	handle_t memory = create(TYPE_MEMORY, 1);

	must(mem_map(startup->self, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &place),
	     "mem_map");
	*(u64 *)place = word;
	must(mem_unmap(startup->self, place, PAGE_SIZE, NULL), "mem_unmap");
	return memory;
}

static u64 look(void)
{
	return *(const volatile u64 *)place;
}

static void show_page(handle_t memory, u64 word)
{
	u64 address = 0;

	/* Or the other one is there. */
	if (mem_map(startup->self, memory, place, PAGE_SIZE, 0, MAP_READ, &address) != ST_OK)
		return;
	if (look() != word)
		count_wrong();
	idle_about(1);
	(void)mem_unmap(startup->self, place, PAGE_SIZE, NULL);
}

static void run_mapper(void *argument)
{
	(void)argument;
	while (!is_over()) {
		show_page(first_page, 1);
		(void)thread_yield();
	}
}

/* And memory is sealed, so that CPUs are interrupted for more than one reason. */
static void show_second(u32 round)
{
	handle_t memory = create(TYPE_MEMORY, 1);

	(void)round;
	show_page(second_page, 2);
	if (mem_seal(memory) != ST_OK)
		count_wrong();
	(void)cap_destroy(memory);
	(void)thread_yield();
}

/* Who looks where nothing is looks again. */
static void run_handler(void *argument)
{
	struct message message = { 0 };

	(void)argument;
	while (ipc_receive(now_on.endpoint, now_on.reply, &message) == ST_OK) {
		message = (struct message){ .label = FAULT_REPLY_RETRY };
		(void)ipc_reply(now_on.reply, &message);
		(void)thread_yield();
	}
}

static void begin_pages(void)
{
	u64 cpu = THREAD_CPU(cpus_online() - 1);

	now_on.reply = create(TYPE_REPLY, 0);
	first_page = page_with(1);
	second_page = page_with(2);
	must(process_set_fault(startup->self, now_on.endpoint), "process_set_fault");
	must(uthread_start(&handler, run_handler, NULL, THREAD_DEFAULT), "uthread_start");
	must(uthread_start(&mapper, run_mapper, NULL,
			   cpu | (cpu ? THREAD_PRIORITY(10) : THREAD_DEFAULT)), "uthread_start");
}

static void look_there(u32 round)
{
	u64 word = look();

	(void)round;
	count(word == 1 || word == 2, true);
}

static void end_pages(void)
{
	WANT(uthread_join(&mapper, PATIENCE), ST_OK);
	must(process_set_fault(startup->self, HANDLE_NULL), "process_set_fault");
	(void)cap_destroy(now_on.endpoint);
	WANT(uthread_join(&handler, PATIENCE), ST_OK);
	(void)cap_destroy(first_page);
	(void)cap_destroy(second_page);
}

/* ---- a sleeper that moves from CPU to CPU ---- */

static void take_nap(u32 round)
{
	u64 wanted = now() + MILLISECOND / 40;
	long status = thread_sleep(wanted);

	(void)round;
	count(status == ST_OK && now() >= wanted, status == ST_OK);
}

static void move_sleeper(u32 round)
{
	(void)thread_set(now_on.left.handle, THREAD_DEFAULT | THREAD_CPU(round % cpus_online()));
	idle_about(round);
}

/* ---- a capability that is given away while all below it is revoked ---- */

#define CHILDREN 7

static void begin_gifts(void)
{
	(void)show(weaker(now_on.endpoint, RIGHTS_ALL));
}

/* By whatever handle: once a revocation has ended well nothing is left of what was below. */
static void revoke_children(u32 round)
{
	u64 child[CHILDREN] = { 0 }, info, badge;
	u32 nr_alive = 0;
	long status;

	for (u32 i = 0; i < CHILDREN; i++)
		(void)cap_derive(shown(), RIGHTS_ALL, 0, &child[i]);
	idle_about(round);
	do {
		status = cap_revoke(shown());
	} while (status == ST_BADHANDLE && !is_over());
	for (u32 i = 0; i < CHILDREN; i++)
		nr_alive += child[i] && cap_inspect((handle_t)child[i], &info, &badge) == ST_OK;
	count(status == ST_OK && !nr_alive, true);
}

static void give_root(u32 round)
{
	u64 handle;

	if (cap_copy(shown(), startup->self, CAP_GIVE, RIGHTS_ALL, 0, &handle) == ST_OK)
		(void)show((handle_t)handle);
	idle_about(round);
}

static const struct match matches[] = {
	{ "a right to receive goes", begin_answers, serve, replace_right, call, end_answers },
	{ "a server moves", begin_moves, call_moving, move_server, NULL, end_moves },
	{ "memory of a process that ends", begin_flushes, map_and_unmap, replace_process, NULL,
	  nothing },
	{ "threads for a process that ends", nothing, start_thread, replace_empty, NULL, nothing },
	{ "processes end twice", begin_processes, end_some, end_others, NULL, nothing },
	{ "an endpoint is replaced", nothing, delete_child, replace_endpoint, wait_there,
	  nothing },
	{ "a handle is guessed", nothing, derive_and_look, guess, NULL, nothing },
	{ "a bound thread ends", begin_bindings, bind_and_untie, replace_thread, NULL,
	  end_bindings },
	{ "one address, two pages", begin_pages, look_there, show_second, NULL, end_pages },
	{ "a sleeper moves", nothing, take_nap, move_sleeper, NULL, nothing },
	{ "what is revoked is given away", begin_gifts, revoke_children, give_root, NULL, nothing },
};

bool test_match(u32 number)
{
	if (number > ARRAY_SIZE(matches))
		return false;
	run(&matches[number - 1]);
	return true;
}

void test_race(void)
{
	for (u32 number = 1; test_match(number); number++)
		;
}
