// SPDX-License-Identifier: MIT
/*
 * Time: one clock for all CPUs, sleeps that are never too short, deadlines in order.
 */
#include "test.h"

#define STAMPS 40
#define SLEEPERS 3

struct stamper {
	struct uthread thread;
	handle_t endpoint, reply;
};

static void stamp(void *argument)
{
	struct stamper *self = argument;
	struct message message = { 0 };
	long status = ipc_receive(self->endpoint, self->reply, &message);

	while (status == ST_OK) {
		message = (struct message){ .words = 1, .word = { now() } };
		status = ipc_reply_receive(self->endpoint, self->reply, &message);
	}
}

/* What another CPU says lies between what we have seen before and see afterwards. */
static void test_same_clock(u64 cpu)
{
	struct stamper stamper = {
		.endpoint = create(TYPE_ENDPOINT, 0), .reply = create(TYPE_REPLY, 0)
	};
	u64 wrong = 0;

	must(uthread_start(&stamper.thread, stamp, &stamper, THREAD_PRIORITY(33) | THREAD_CPU(cpu)),
	     "uthread_start");
	for (u32 i = 0; i < STAMPS; i++) {
		struct message message = { 0 };
		u64 before = now();

		must(ipc_call(stamper.endpoint, &message), "ipc_call");
		wrong += message.word[0] < before || message.word[0] > now();
	}
	same(wrong, 0, "the clock of CPU %lu is that of CPU 0", cpu);
	(void)cap_destroy(stamper.endpoint);
	must(uthread_join(&stamper.thread, PATIENCE), "uthread_join");
	(void)cap_delete(stamper.reply);
}

static struct sleeper {
	struct uthread thread;
	u64 deadline, woken, place;
} sleepers[SLEEPERS];
static u32 nr_woken;

static void sleep_until(void *argument)
{
	struct sleeper *self = argument;

	(void)thread_sleep(self->deadline);
	self->woken = now();
	self->place = __atomic_fetch_add(&nr_woken, 1, __ATOMIC_RELAXED);
}

/* Deadlines of one CPU, the latest asked for first. */
static void test_order(u64 cpu)
{
	u64 begin = now(), late = 0, order = 0;

	nr_woken = 0;
	for (u32 i = 0; i < SLEEPERS; i++) {
		sleepers[i] = (struct sleeper){
			.deadline = begin + (SLEEPERS - i) * 30 * MILLISECOND
		};
		must(uthread_start(&sleepers[i].thread, sleep_until, &sleepers[i],
				   THREAD_PRIORITY(30) | THREAD_CPU(cpu)), "uthread_start");
	}
	for (u32 i = 0; i < SLEEPERS; i++) {
		must(uthread_join(&sleepers[i].thread, PATIENCE), "uthread_join");
		late += sleepers[i].woken < sleepers[i].deadline;
		order += sleepers[i].place == SLEEPERS - 1 - i;
	}
	same(late, 0, "on CPU %lu nobody is woken before its time", cpu);
	same(order, SLEEPERS, "and they are woken in the order of their deadlines");
}

/* ---- how late ---- */

/*
 * A deadline is no multiple of anything: it lies behind where a tick would be.  The
 * host may let a processor wait, so of many tries some must be punctual; one could be so by
 * chance.  On a busy host that takes hundreds of tries.  The benchmark's row "latency" holds each
 * single wait to a limit, on a machine whose time is exact.
 */
#define TURN (CONFIG_SCHED_QUANTUM_US * 1000UL)
#define TRIES 4000
#define PUNCTUAL 2
#define STEP (5 * MILLISECOND + MILLISECOND / 4)
#define WAY_TIME (TRIES * STEP + 16 * TURN) /* for the tries of one way to wait */
#ifdef CONFIG_HOST
#define LATE (5 * MILLISECOND) /* a step of the simulator may take that */
#else
#define LATE (MILLISECOND / 2)
#endif

enum load { LOAD_NONE, LOAD_LOWER, LOAD_EQUAL, LOADS };
enum way { WAY_SLEEP, WAY_WAIT, WAY_RECEIVE, WAY_SEND, WAY_CALL, WAYS };

static const char *const loads[LOADS] = {
	"an idle CPU", "a CPU where a lower thread loops", "a CPU where an equal loops",
};

struct punctual {
	struct uthread thread;
	handle_t endpoint, bits, done;
	u64 bound;
	u64 early, wrong;
	u64 tries, punctual; /* of the way that has needed most */
};

static long wait_until(const struct punctual *self, enum way way, u64 deadline)
{
	struct message message = { .flags = MSG_TIMEOUT, .deadline = deadline };
	u64 bits;

	switch (way) {
	case WAY_SLEEP: return thread_sleep(deadline) == ST_OK ? ST_TIMEDOUT : ST_INVALID;
	case WAY_WAIT: return notify_wait(self->bits, deadline, &bits);
	case WAY_RECEIVE: return ipc_receive(self->endpoint, HANDLE_NULL, &message);
	case WAY_SEND: return ipc_send(self->endpoint, &message);
	default: return ipc_call(self->endpoint, &message);
	}
}

static void wait_in_every_way(void *argument)
{
	struct punctual *self = argument;

	for (enum way way = 0; way < WAYS && self->punctual == PUNCTUAL; way++) {
		u64 tries = 0, punctual = 0, give_up = now() + WAY_TIME;

		for (; tries < TRIES && punctual < PUNCTUAL && now() < give_up; tries++) {
			u64 deadline = now() / MILLISECOND * MILLISECOND + STEP, end;

			self->wrong += wait_until(self, way, deadline) != ST_TIMEDOUT;
			end = now();
			self->early += end < deadline;
			punctual += end - deadline <= self->bound;
		}
		if (tries >= self->tries || punctual < PUNCTUAL) {
			self->tries = tries;
			self->punctual = punctual;
		}
	}
	(void)notify_signal(self->done, 1);
}

handle_t loop_on(u64 cpu, u64 priority)
{
	u64 base, thread;
	handle_t process = process_with_code(&base);

	must(thread_create(process, base + BLOB(blob_spin), 0, 0,
			   THREAD_PRIORITY(priority) | THREAD_CPU(cpu) | THREAD_NO_PAGE |
				   THREAD_START, &thread, NULL), "thread_create");
	(void)cap_delete((handle_t)thread);
	return process;
}

static void test_punctual(u64 cpu, enum load load)
{
	static struct punctual self;
	handle_t busy = HANDLE_NULL;
	u64 bits;

	self = (struct punctual){ .endpoint = create(TYPE_ENDPOINT, 0),
				  .bits = create(TYPE_NOTIFICATION, 0),
				  .done = create(TYPE_NOTIFICATION, 0),
				  .punctual = PUNCTUAL,
				  .bound = LATE };
	if (load == LOAD_EQUAL)
		self.bound += TURN;
	if (load != LOAD_NONE)
		busy = loop_on(cpu, load == LOAD_LOWER ? 20 : 30);
	must(uthread_start(&self.thread, wait_in_every_way, &self,
			   THREAD_PRIORITY(30) | THREAD_CPU(cpu)), "uthread_start");
	/* Not by looking again and again: that would draw the turn out, too. */
	must(notify_wait(self.done, now() + WAYS * WAY_TIME + PATIENCE, &bits), "notify_wait");
	must(uthread_join(&self.thread, PATIENCE), "uthread_join");
	same(self.early, 0, "on CPU %lu no wait of five kinds ends before its deadline", cpu);
	same(self.wrong, 0, "and all end by it");
	check(self.punctual == PUNCTUAL,
	      "CPU %lu, %s: the wait ends at most %lu us after it (%lu times in %lu)", cpu,
	      loads[load], self.bound / 1000, self.punctual, self.tries);
	if (busy)
		(void)cap_destroy(busy);
	(void)cap_delete(self.endpoint);
	(void)cap_delete(self.bits);
	(void)cap_delete(self.done);
}

void test_clock(void)
{
	u64 begin = now(), before = begin, after;
	u32 back = 0;

	for (u32 i = 0; i < 1000; i++) {
		after = now();
		back += after < before;
		before = after;
	}
	same(back, 0, "the clock does not go back");
	for (u64 cpu = 0; cpu < MIN(cpus_online(), 4UL); cpu++)
		test_same_clock(cpu);
	test_order(0);
	test_order(cpus_online() - 1);
	for (enum load load = 0; load < LOADS; load++) {
		test_punctual(0, load);
		if (cpus_online() > 1)
			test_punctual(cpus_online() - 1, load);
	}
	begin = now();
	WANT(thread_sleep(begin - MIN(begin, SECOND)), ST_OK);
	check(now() - begin < SECOND,
	      "a time that has passed is not waited for (%lu us)", (now() - begin) / 1000);
}
