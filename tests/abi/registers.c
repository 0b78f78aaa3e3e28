// SPDX-License-Identifier: MIT
/*
 * A call changes the registers of its results and no others: whether it is
 * refused, goes on at once, waits, or gives way to somebody else.  Whoever is
 * interrupted, suspended, moved, or touches fresh memory does not notice it.
 */
#include "registers.h"
#include "test.h"
#include <generated/syscall_grammar.h>

#define ROUNDS 2000u
#define PATTERN(seed, i) ((u64)(seed) << 32 | (u64)((i) + 1) * 0x01010101)

struct probe {
	u32 call;
	u64 handles, argument; /* the first */
	u64 seed;
	u64 wrong; /* bit a register, of the last call */
	u64 values_left; /* values of a refused call that are neither 0 nor what was there */
};

static bool is_result(u32 i)
{
	const struct register_places *places = &register_places;

	return i == places->status || i == places->value[0] || i == places->value[1];
}

/* Return: the status. */
static long issue(struct probe *probe)
{
	const struct register_places *places = &register_places;
	u64 in[REGISTERS_MAX], out[REGISTERS_MAX];

	for (u32 i = 0; i < places->count; i++)
		in[i] = PATTERN(probe->seed, i);
	in[places->tag] = probe->call;
	in[places->handle] = probe->handles;
	in[places->arg[0]] = probe->argument;
	registers_call(in, out);
	probe->wrong = 0;
	probe->values_left = 0;
	for (u32 i = 0; i < places->count; i++) {
		bool is_same = in[i] == out[i] || (places->lost & 1UL << i);

		if (!is_same && !is_result(i))
			probe->wrong |= 1UL << i;
		if (!is_same && i != places->status && out[i])
			probe->values_left |= 1UL << i;
	}
	return tally(probe->call, (long)out[places->status]);
}

static void expect(struct probe *probe, long wanted, const char *what)
{
	long status = issue(probe);

	check(status == wanted && !probe->wrong, "%s keeps all other registers (%ld, wrong %#lx)",
	      what, status, probe->wrong);
}

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(syscall_grammar); i++) {
		const struct grammar *call = &syscall_grammar[i];
		struct probe probe = { .call = call->number, .handles = 0xfff0fff0fff0fff0 };
		long status;

		if (call->is_raw || !call->nr_handles)
			continue;
		status = issue(&probe);
		check(status < 0 && !(probe.wrong | probe.values_left),
		      "%s, refused, keeps all registers (%ld, wrong %#lx)", call->name, status,
		      probe.wrong | probe.values_left);
	}
}

struct rival {
	struct uthread thread;
	u64 seed;
	handle_t bits;
	u32 failures;
};

/* Give way, wait and go on at once in turn, with registers of our own. */
static void compete(void *argument)
{
	struct rival *self = argument;

	for (u32 i = 0; i < ROUNDS; i++) {
		struct probe probe = { .seed = self->seed + i, .call = SYS_thread_yield };

		if (i % 4 == 1)
			probe.call = SYS_null;
		if (i % 4 == 2)
			probe = (struct probe){ .seed = probe.seed, .call = SYS_notify_wait,
						.handles = self->bits, .argument = 1 };
		if (i % 64 == 3)
			probe = (struct probe){ .seed = probe.seed, .call = SYS_thread_sleep,
						.argument = now() + 20000 };
		(void)issue(&probe);
		self->failures += probe.wrong != 0;
	}
}

/* Until it has ended, from CPU to CPU if there is another one to be used. */
static void join(struct uthread *thread, u64 cpu)
{
	u64 end = now() + PATIENCE;
	long status;

	while ((status = uthread_join(thread, MILLISECOND)) != ST_OK && now() < end)
		if (cpu)
			(void)thread_set(thread->handle, THREAD_PRIORITY(20) |
					 THREAD_CPU(random_bits() % cpus_online()));
	must(status, "uthread_join");
}

static void test_rivals(u64 cpu)
{
	struct rival rivals[2] = { { .seed = 0x1000 }, { .seed = 0x800000 } };

	for (u32 i = 0; i < 2; i++) {
		rivals[i].bits = create(TYPE_NOTIFICATION, 0);
		must(uthread_start(&rivals[i].thread, compete, &rivals[i],
				   THREAD_CPU(i * cpu) | THREAD_PRIORITY(20)), "uthread_start");
	}
	for (u32 i = 0; i < 2; i++) {
		join(&rivals[i].thread, cpu);
		(void)cap_delete(rivals[i].bits);
	}
	check(!rivals[0].failures && !rivals[1].failures,
	      "two threads on %s keep theirs apart (%u and %u of %u calls wrong)",
	      cpu ? "changing CPUs" : "one CPU", rivals[0].failures, rivals[1].failures, ROUNDS);
}

/* ---- messages bring their words and nothing else ---- */

#define MESSAGES 8u
#define CALLER 0x3000u /* seeds */
#define ANSWERER 0x4000u

struct party {
	struct uthread thread;
	handle_t endpoint, reply;
	u64 seed;
	u64 out[MESSAGES][REGISTERS_MAX];
	u32 nr_messages; /* that have arrived */
	u64 wrong, value; /* bit a register, of all messages; what one of them held */
};

/* Return: whether a message has come.  It is not looked at here, where it would leave traces in registers. */
static bool exchange(struct party *self, u32 call, u64 handles)
{
	const struct register_places *places = &register_places;
	u64 in[REGISTERS_MAX], out[REGISTERS_MAX];

	for (u32 i = 0; i < places->count; i++)
		in[i] = PATTERN(self->seed, i);
	in[places->tag] = call | (call == SYS_ipc_receive ? 0 : 8UL << MSG_WORDS_SHIFT);
	in[places->handle] = handles;
	registers_call(in, out);
	if (tally(call, (long)out[places->status]) != ST_OK)
		return false;
	memcpy(self->out[self->nr_messages++ % MESSAGES], out, sizeof(out));
	return true;
}

static void call_known(void *argument)
{
	struct party *self = argument;

	for (u32 i = 0; i < MESSAGES; i++)
		if (!exchange(self, SYS_ipc_call, self->endpoint))
			return;
}

static void answer_known(void *argument)
{
	struct party *self = argument;
	u64 handles = self->endpoint | (u64)self->reply << 32;
	u32 call = SYS_ipc_receive;

	while (exchange(self, call, handles))
		call = SYS_ipc_reply_receive;
}

/* Not the word that it should hold; else what is the partner's, or is an address of the kernel's. */
static bool is_wrong(u32 i, u64 value, u64 partner)
{
	if (register_places.words >> i & 1)
		return value != PATTERN(partner, i);
	return i != register_places.status &&
	       (value >> 32 == partner || (value >> 48 == 0xffff && value < -(1UL << 28)));
}

static void look(struct party *party, u64 partner)
{
	for (u32 n = 0; n < MIN(party->nr_messages, MESSAGES); n++)
		for (u32 i = 0; i < register_places.count; i++) {
			if (!is_wrong(i, party->out[n][i], partner))
				continue;
			party->wrong |= 1UL << i;
			party->value = party->out[n][i];
		}
}

static void test_messages(u64 cpu)
{
	static struct party caller, answerer;

	caller = (struct party){ .endpoint = create(TYPE_ENDPOINT, 0), .seed = CALLER };
	answerer = (struct party){ .endpoint = caller.endpoint, .reply = create(TYPE_REPLY, 0),
				   .seed = ANSWERER };
	must(uthread_start(&answerer.thread, answer_known, &answerer,
			   THREAD_CPU(cpu) | THREAD_PRIORITY(20)), "uthread_start");
	must(uthread_start(&caller.thread, call_known, &caller, THREAD_PRIORITY(20)),
	     "uthread_start");
	must(uthread_join(&caller.thread, PATIENCE), "uthread_join");
	(void)cap_destroy(caller.endpoint);
	must(uthread_join(&answerer.thread, PATIENCE), "uthread_join");
	look(&caller, ANSWERER);
	look(&answerer, CALLER);
	same(caller.nr_messages << 8 | answerer.nr_messages, MESSAGES << 8 | MESSAGES,
	     "calls from CPU 0 to CPU %lu with all registers known are answered", cpu);
	check(!caller.wrong,
	      "an answer brings words, nothing of the partner's or the kernel's (%#lx, %#lx)",
	      caller.wrong, caller.value);
	check(!answerer.wrong, "and so does a call (%#lx, %#lx)", answerer.wrong, answerer.value);
	(void)cap_delete(answerer.reply);
}

/* ---- registers of who makes no call ---- */

/* A thread begins with what it was given and nothing else, whatever has been in its place before. */
static void test_start(void)
{
	static u64 out[REGISTERS_MAX];
	const struct register_places *places = &register_places;
	const u64 stack = 0x1234500007;
	u64 thread, wrong = 0;

	memset(out, 0xff, sizeof(out));
	must(thread_create(startup->self, (u64)registers_start, stack, (u64)out,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	(void)await_state((handle_t)thread, THREAD_STATE_DEAD);
	(void)cap_delete((handle_t)thread);
	for (u32 i = 0; i < places->count; i++)
		wrong |= (u64)(out[i] != (i == places->handle ? (u64)out : 0)) << i;
	same(wrong, 0, "a thread begins with its argument and zeros");
	same(out[places->count], stack, "and with the stack pointer that it was given");
}

struct holder {
	struct uthread thread;
	u64 seed, *flag;
	u64 wrong; /* bit a register */
};

static void hold(void *argument)
{
	struct holder *self = argument;
	u64 in[REGISTERS_MAX], out[REGISTERS_MAX];

	for (u32 i = 0; i < register_places.count; i++)
		in[i] = PATTERN(self->seed, i);
	in[register_places.handle] = (u64)self->flag;
	registers_hold(in, out);
	for (u32 i = 0; i < register_places.count; i++)
		self->wrong |= (u64)(in[i] != out[i]) << i;
}

/* For some turns of both: suspend, resume, move. */
static void disturb(struct holder holders[2])
{
	u64 end = now() + 4 * CONFIG_SCHED_QUANTUM_US * 1000UL, cpus = cpus_online();

	for (u64 i = 0; now() < end; i++) {
		handle_t thread = holders[i % 2].thread.handle;

		must(thread_suspend(thread), "thread_suspend");
		must(thread_resume(thread), "thread_resume");
		must(thread_set(thread, THREAD_PRIORITY(20) | THREAD_CPU(i / 2 % cpus)),
		     "thread_set");
		sleep_for(MILLISECOND);
	}
}

/* The first look at its flag is a fault, of which the kernel makes a page. */
static void test_held(void)
{
	struct holder holders[2] = { { .seed = 0x2000 }, { .seed = 0x900000 } };
	handle_t memory[2];

	for (u32 i = 0; i < 2; i++) {
		holders[i].flag = memory_new(1, &memory[i]);
		must(holders[i].flag ? ST_OK : ST_NOMEM, "memory_new");
		must(uthread_start(&holders[i].thread, hold, &holders[i],
				   THREAD_CPU(cpus_online() - 1) | THREAD_PRIORITY(20)),
		     "uthread_start");
	}
	disturb(holders);
	for (u32 i = 0; i < 2; i++) {
		__atomic_store_n(holders[i].flag, PATTERN(holders[i].seed, 1), __ATOMIC_RELAXED);
		must(uthread_join(&holders[i].thread, PATIENCE), "uthread_join");
		same(holders[i].wrong, 0,
		     "thread %u that loops, is interrupted, suspended, moved keeps all registers",
		     i);
		memory_free(holders[i].flag, 1, memory[i]);
	}
}

struct pointing {
	struct uthread thread;
	u64 own[2]; /* what the thread pointer leads to, in turn */
	u32 wrong;
};

/* The pointer holds across each way out of the kernel; the next value replaces it at once. */
static void point(void *argument)
{
	struct pointing *self = argument;

	for (u32 i = 0; i < ROUNDS; i++) {
		if (i % 16 == 0)
			must(thread_set_tls((u64)&self->own[i / 16 % 2]), "thread_set_tls");
		if (i % 64 == 63)
			(void)thread_sleep(now() + 20000);
		else if (i % 4)
			(void)thread_yield();
		self->wrong += registers_tls_word() != self->own[i / 16 % 2];
	}
	(void)thread_set_tls(0);
}

static void test_tls(u64 cpu)
{
	struct pointing pointing[2] = { { .own = { 11, 12 } }, { .own = { 21, 22 } } };

	for (u32 i = 0; i < 2; i++)
		must(uthread_start(&pointing[i].thread, point, &pointing[i],
				   THREAD_CPU(i * cpu) | THREAD_PRIORITY(20)), "uthread_start");
	for (u32 i = 0; i < 2; i++) {
		join(&pointing[i].thread, cpu);
		same(pointing[i].wrong, 0, "thread %u on %s keeps its thread pointer", i,
		     cpu ? "changing CPUs" : "one CPU");
	}
}

void test_registers(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0);

	test_refused();
	expect(&(struct probe){ .call = SYS_null }, ST_OK, "null");
	expect(&(struct probe){ .call = SYS_thread_yield }, ST_OK, "thread_yield");
	expect(&(struct probe){ .call = SYS_thread_sleep, .argument = now() + MILLISECOND }, ST_OK,
	       "thread_sleep");
	expect(&(struct probe){ .call = SYS_notify_signal, .handles = bits, .argument = 5 }, ST_OK,
	       "notify_signal");
	expect(&(struct probe){ .call = SYS_notify_wait, .handles = bits, .argument = TIME_NEVER },
	       ST_OK, "notify_wait with something there");
	expect(&(struct probe){ .call = SYS_notify_wait, .handles = bits,
				.argument = now() + MILLISECOND }, ST_TIMEDOUT,
	       "notify_wait with nothing there");
	expect(&(struct probe){ .call = SYS_clock_now }, ST_OK, "clock_now");
	test_held();
	test_rivals(0);
	test_tls(0);
	test_start(); /* in the place of one of those */
	test_messages(0);
	if (cpus_online() > 1) {
		test_rivals(1);
		test_tls(1);
		test_messages(cpus_online() - 1);
	}
	(void)cap_delete(bits);
}
