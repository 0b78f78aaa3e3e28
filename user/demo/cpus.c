// SPDX-License-Identifier: MIT
/*
 * Threads on every CPU, and what a message costs.
 */
#include "demo.h"
#include <user/protocol.h>
#include <user/thread.h>

#define MAX_CPUS 64
#define SPIN_TIME (50 * MILLISECOND)
#define SPIN_ENOUGH 1000000UL /* many CPUs on few of the host's would wait for each other */
#define ROUNDS 1000

struct spinner {
	struct uthread thread;
	handle_t wake;     /* notification waited for while idle */
	u64 woken_bits;
	u32 stop;
	u64 count, most;
} __aligned(64);

static struct spinner spinners[MAX_CPUS];

/* Waits in the kernel (its CPU idles), then loops in user mode without calls. */
static void spin(void *argument)
{
	struct spinner *self = argument;

	(void)notify_wait(self->wake, TIME_NEVER, &self->woken_bits);
	while (self->count < self->most && !__atomic_load_n(&self->stop, __ATOMIC_RELAXED))
		__atomic_store_n(&self->count, self->count + 1, __ATOMIC_RELAXED);
}

static u64 nr_cpus(void)
{
	u64 online = 1, most;

	(void)system_info(startup->system, INFO_CPUS, 0, &online, &most);
	return MIN(online, (u64)MAX_CPUS);
}

static bool start_all(u64 cpus)
{
	for (u64 i = 0; i < cpus; i++) {
		struct spinner *spinner = &spinners[i];

		/* The last one has to be interrupted. */
		*spinner = (struct spinner){ .wake = create(TYPE_NOTIFICATION, 0),
					     .most = i + 1 == cpus ? ~0UL : SPIN_ENOUGH };
		/* Below us, or a spinner on our own CPU would keep us from stopping it. */
		if (uthread_start(&spinner->thread, spin, spinner,
				  THREAD_PRIORITY(16) | THREAD_CPU(i)) != ST_OK)
			return false;
	}
	return true;
}

/* All have SPIN_TIME; a CPU that the emulator has not run meanwhile gets more. */
static void let_count(u64 cpus)
{
	u64 end = now() + PATIENCE;

	sleep_for(SPIN_TIME);
	for (u64 i = 0; i < cpus; i++)
		while (!__atomic_load_n(&spinners[i].count, __ATOMIC_RELAXED) && now() < end)
			sleep_for(MILLISECOND);
}

static bool all_counted(u64 cpus)
{
	bool all = true;

	for (u64 i = 0; i < cpus; i++) {
		u64 state, cpu = ~0UL,
			   count = __atomic_load_n(&spinners[i].count, __ATOMIC_RELAXED);

		(void)thread_info(spinners[i].thread.handle, THREAD_INFO_STATE, &state, &cpu);
		printf("  CPU %lu: counted to %lu in user mode\n", cpu, count);
		all = all && count && cpu == i && spinners[i].woken_bits == 1;
	}
	return all;
}

static bool stop_all(u64 cpus)
{
	bool all = true;

	for (u64 i = 0; i < cpus; i++)
		__atomic_store_n(&spinners[i].stop, 1, __ATOMIC_RELAXED);
	for (u64 i = 0; i < cpus; i++) {
		all = uthread_join(&spinners[i].thread, PATIENCE) == ST_OK && all;
		(void)cap_delete(spinners[i].wake);
	}
	return all;
}

struct sleeper {
	struct uthread thread;
	handle_t wake;
	u64 bits;
};

static void sleep_on(void *argument)
{
	struct sleeper *self = argument;

	(void)notify_wait(self->wake, TIME_NEVER, &self->bits);
}

/* A higher thread on a CPU that loops in user mode: only an interrupt lets it in. */
static bool wake_out_of_loop(u64 cpu)
{
	struct sleeper sleeper = { .wake = create(TYPE_NOTIFICATION, 0) };
	u64 begin;
	long status;

	if (uthread_start(&sleeper.thread, sleep_on, &sleeper,
			  THREAD_PRIORITY(40) | THREAD_CPU(cpu)) != ST_OK)
		return false;
	sleep_for(5 * MILLISECOND);
	begin = now();
	(void)notify_signal(sleeper.wake, 4);
	status = uthread_join(&sleeper.thread, PATIENCE);
	printf("  CPU %lu: left its loop for a woken thread within %lu us\n", cpu,
	       (now() - begin) / 1000);
	(void)cap_delete(sleeper.wake);
	return status == ST_OK && sleeper.bits == 4;
}

void show_cpus(void)
{
	u64 cpus = nr_cpus();

	printf("Threads on %lu CPU%s\n", cpus, cpus == 1 ? "" : "s");
	if (!step(start_all(cpus), "a thread on each CPU"))
		return;
	sleep_for(10 * MILLISECOND);
	for (u64 i = 0; i < cpus; i++)
		(void)notify_signal(spinners[i].wake, 1);
	let_count(cpus);
	step(all_counted(cpus), "every one was woken out of idle and counted on its CPU");
	step(wake_out_of_loop(cpus - 1), "a CPU was interrupted out of a user-mode loop");
	step(stop_all(cpus), "all stopped");
}

/* ---- figures ---- */

struct echo {
	struct uthread thread;
	handle_t endpoint, reply;
};

static void echo(void *argument)
{
	struct echo *self = argument;
	struct message message = { 0 };
	long status = ipc_receive(self->endpoint, self->reply, &message);

	while (status == ST_OK)
		status = ipc_reply_receive(self->endpoint, self->reply, &message);
}

static void sort(u64 *values, u32 count)
{
	for (u32 i = 1; i < count; i++) {
		u64 value = values[i];
		u32 j = i;

		for (; j && values[j - 1] > value; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
}

static bool measure_calls(handle_t endpoint, const char *where)
{
	static u64 samples[ROUNDS];
	struct message message = { .words = 4 };
	u64 begin = now(), total;

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 start = cycles();

		if (ipc_call(endpoint, &message) != ST_OK)
			return false;
		samples[i] = cycles() - start;
	}
	total = now() - begin;
	sort(samples, ROUNDS);
	printf("  %s: median %lu, least %lu counter ticks; %lu ns on average\n", where,
	       samples[ROUNDS / 2], samples[0], total / ROUNDS);
	return true;
}

static void show_round_trip(u64 cpu, const char *where)
{
	struct echo server = {
		.endpoint = create(TYPE_ENDPOINT, 0), .reply = create(TYPE_REPLY, 0)
	};

	if (uthread_start(&server.thread, echo, &server, THREAD_PRIORITY(32) | THREAD_CPU(cpu)) !=
	    ST_OK)
		return;
	step(measure_calls(server.endpoint, where), "%u round trips, %s", ROUNDS, where);
	/* Its receive ends with the endpoint. */
	(void)cap_destroy(server.endpoint);
	(void)uthread_join(&server.thread, PATIENCE);
	(void)cap_delete(server.reply);
}

static void show_null_call(void)
{
	u64 least = ~0UL;

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 start = cycles();

		(void)null();
		least = MIN(least, cycles() - start);
	}
	printf("  empty call: least %lu counter ticks\n", least);
}

static void show_server_process(void)
{
	struct child child;
	handle_t server = HANDLE_NULL;
	u64 end = now() + PATIENCE;

	if (spawn_role("server", NULL, HANDLE_NULL, HANDLE_NULL, &child) != ST_OK)
		return;
	while (name_lookup(CALCULATOR, &server) == ST_NOTFOUND && now() < end)
		sleep_for(MILLISECOND);
	step(measure_calls(server, "another process, same CPU"),
	     "%u round trips to another process", ROUNDS);
	(void)call_words(server, REQUEST_QUIT, 0, 0, 0, NULL);
	(void)program_wait(child.process, PATIENCE);
	child_free(&child);
}

void show_figures(void)
{
	printf("What a message costs (an emulator's figures say nothing about hardware)\n");
	show_null_call();
	show_round_trip(0, "same process, same CPU");
	if (nr_cpus() > 1)
		show_round_trip(1, "same process, another CPU");
	show_server_process();
}
