// SPDX-License-Identifier: MIT
/*
 * Hostile calls: random, but aware of types.  A process of its own calls from
 * several threads, which move from CPU to CPU and share what they call with,
 * until every call has succeeded WANTED times.
 */
#include "fuzz.h"
#include "tally.h"
#include <generated/syscall_names.h>
#include <lib/string.h>
#include <user/protocol.h>
#include <user/system.h>

#define MOST 2UL /* threads that make every call; one more makes those with messages only */
#define DROUGHT_EVERY 64
#define MOST_TIMES 4 /* as many calls as were asked for */
#define MOVE_EVERY 8
#define SPREAD_EVERY 8
#define EXIT_LACKING 1
#define EXIT_NOT_SPREAD 2

static struct {
	struct fuzzer fuzzer[MOST + 1];
	u32 nr_fuzzers;
	u32 is_over, is_still;
	handle_t system; /* lent to the process that makes them */
	u32 successes;	 /* of each call, that are wanted */
} fuzz;

/* Not provoked by random calls; the cases of the suite provoke them. */
static const struct excuse excuses[] = {
	{ SYS_ipc_reply_receive, ST_BUSY, "another CPU offers the reply object between two steps" },
	{ SYS_irq_create, ST_NOMEM, "one frame holds the objects of all lines" },
	/* Processes that wait for the reaper have slots there, and it does not shrink after them. */
	{ SYS_process_set_fault, ST_NOMEM, "the kernel's own space has room left" },
	{ SYS_process_set_watch, ST_NOMEM, "likewise" },
	{ SYS_irq_bind, ST_NOMEM, "likewise" },
};

/* ---- the calls, but for IPC ---- */

static const struct spec {
	u8 call, first, second, result; /* types; TYPE_NONE as first: any */
	u8 kind[5];
} specs[] = {
	{SYS_null, 0, 0, 0, {0}},
	{SYS_notify_signal, TYPE_NOTIFICATION, 0, 0, {K_BITS}},
	{SYS_notify_poll, TYPE_NOTIFICATION, 0, 0, {0}},
	{SYS_notify_signal, TYPE_NOTIFICATION, 0, 0, {K_BITS}},
	{SYS_notify_wait, TYPE_NOTIFICATION, 0, 0, {K_DEADLINE}},
	{SYS_notify_bind, TYPE_THREAD, TYPE_NOTIFICATION, 0, {0}},
	{SYS_thread_yield, 0, 0, 0, {0}},
	{SYS_thread_sleep, 0, 0, 0, {K_DEADLINE}},
	{SYS_thread_create, TYPE_PROCESS, 0, TYPE_THREAD, {K_ENTRY, K_ENTRY, K_ANY, K_SETTINGS}},
	{SYS_thread_resume, TYPE_THREAD, 0, 0, {0}},
	{SYS_thread_suspend, TYPE_THREAD, 0, 0, {0}},
	{SYS_thread_interrupt, TYPE_THREAD, 0, 0, {0}},
	{SYS_thread_set, TYPE_THREAD, 0, 0, {K_SET}},
	{SYS_thread_info, TYPE_THREAD, 0, 0, {K_SMALL}},
	{SYS_thread_self, 0, 0, 0, {0}},
	{SYS_thread_set_tls, 0, 0, 0, {K_ENTRY}},
	{SYS_cap_create, 0, 0, TYPE_ENDPOINT, {K_TYPE, K_ZERO}},
	{SYS_cap_derive, TYPE_NOTIFICATION, 0, TYPE_NOTIFICATION, {K_RIGHTS, K_ZERO}},
	{SYS_cap_derive, TYPE_MEMORY, 0, TYPE_MEMORY, {K_RIGHTS, K_BITS}},
	{SYS_cap_copy, TYPE_ENDPOINT, TYPE_PROCESS, 0, {K_MODE, K_RIGHTS, K_ZERO}},
	{SYS_cap_delete, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_revoke, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_destroy, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_inspect, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_next, 0, 0, 0, {K_INDEX}},
	{SYS_process_info, TYPE_PROCESS, 0, 0, {K_EIGHT}},
	{SYS_process_set_name, TYPE_PROCESS, 0, 0, {K_ANY, K_ANY}},
	{SYS_process_set_fault, TYPE_PROCESS, TYPE_ENDPOINT, 0, {0}},
	{SYS_process_set_watch, TYPE_PROCESS, TYPE_NOTIFICATION, 0, {K_BITS}},
	{SYS_mem_map, TYPE_PROCESS, TYPE_MEMORY, 0, {K_ADDRESS, K_PAGE, K_ZERO, K_FLAGS}},
	{SYS_mem_map, TYPE_PROCESS, TYPE_MEMORY, 0, {K_ZERO, K_PAGE, K_ZERO, K_FLAGS}},
	{SYS_mem_protect, TYPE_PROCESS, 0, 0, {K_MAPPED, K_PAGE, K_FLAGS}},
	{SYS_mem_unmap, TYPE_PROCESS, 0, 0, {K_MAPPED, K_PAGE}},
	{SYS_mem_seal, TYPE_MEMORY, 0, 0, {0}},
	{SYS_mem_info, TYPE_MEMORY, 0, 0, {K_SMALL, K_ZERO}},
	{SYS_mem_create_device, TYPE_SYSTEM, 0, TYPE_MEMORY, {K_DEVICE, K_ONE, K_ZERO}},
	{SYS_irq_create, TYPE_SYSTEM, 0, TYPE_IRQ, {K_LINE}},
	{SYS_irq_bind, TYPE_IRQ, TYPE_NOTIFICATION, 0, {K_BITS}},
	{SYS_irq_ack, TYPE_IRQ, 0, 0, {0}},
	{SYS_ioport_create, TYPE_SYSTEM, 0, TYPE_IOPORT, {K_PORT, K_EIGHT}},
	{SYS_ioport_in, TYPE_IOPORT, 0, 0, {K_ZERO, K_WIDTH}},
	{SYS_ioport_out, TYPE_IOPORT, 0, 0, {K_ZERO, K_WIDTH, K_ANY}},
	{SYS_system_power_off, TYPE_SYSTEM, 0, 0, {K_BAD_CODE}},
	{SYS_system_log, TYPE_SYSTEM, 0, 0, {K_LENGTH}},
	{SYS_system_info, TYPE_SYSTEM, 0, 0, {K_EIGHT, K_ZERO}},
	{SYS_random_get, 0, 0, 0, {0}},
	{SYS_clock_now, 0, 0, 0, {0}},
};

/* Calls without a handle are few, and any type means one of them all. */
static bool takes_handle(const struct spec *spec)
{
	return spec->first || (spec->call >= SYS_cap_delete && spec->call <= SYS_cap_inspect);
}

static u64 draw_handles(struct fuzzer *fuzzer, const struct spec *spec)
{
	u64 handles = takes_handle(spec) ? fuzz_some_handle(fuzzer, spec->first) : 0;

	/* Where something is mapped. */
	if ((spec->call == SYS_mem_protect && !fuzz_one_in(fuzzer, 8)) ||
	    (spec->call == SYS_mem_unmap && fuzz_one_in(fuzzer, 4)) ||
	    (spec->call == SYS_mem_map && fuzz_one_in(fuzzer, 4)))
		handles = fuzzer->mapped;
	if (spec->second && !fuzz_one_in(fuzzer, 16)) /* for some a null handle has a meaning */
		handles |= (u64)fuzz_some_handle(fuzzer, spec->second) << 32;
	return handles;
}

static void try_spec(struct fuzzer *fuzzer, const struct spec *spec)
{
	u64 handles = draw_handles(fuzzer, spec), arg[5], v0 = 0, v1 = 0;
	long status;

	for (u32 i = 0; i < 5; i++)
		arg[i] = spec->kind[i] ? fuzz_argument(fuzzer, spec->kind[i]) : 0;
	fuzzer->issued++;
	status = __syscall(spec->call, handles, arg[0], arg[1], arg[2], arg[3], arg[4], &v0, &v1);
	if (status != ST_OK)
		return;
	if (spec->call == SYS_mem_map) {
		fuzzer->mapped = (handle_t)handles;
		fuzzer->mapped_address = v0;
	}
	if (spec->call == SYS_cap_create)
		fuzz_keep(fuzzer, (u32)arg[0], v0);
	else if (spec->result)
		fuzz_keep(fuzzer, spec->result, v0);
}

/* ---- what has succeeded often enough ---- */

static bool is_wanted(u32 call)
{
	/* The one success of power_off is the last call of all. */
	if (call == SYS_system_power_off)
		return false;
	return HAS_PORTS ||
	       (call != SYS_ioport_create && call != SYS_ioport_in && call != SYS_ioport_out);
}

static bool is_lacking(u32 call)
{
	return is_wanted(call) && tally_count(call, ST_OK) < fuzz.successes;
}

static u32 nr_lacking(void)
{
	u32 lacking = 0;

	for (u32 call = 0; call < 128; call++)
		lacking += syscall_names[call] && is_lacking(call);
	return lacking;
}

/* ---- threads ---- */

static void move(struct fuzzer *fuzzer, const struct fuzzer *other)
{
	(void)thread_set(other->self, THREAD_DEFAULT | THREAD_CPU(fuzz_cpu(fuzzer)));
}

static void move_all(struct fuzzer *fuzzer)
{
	fuzz_choose_cpus(fuzzer);
	for (u32 i = 0; i < fuzz.nr_fuzzers; i++)
		move(fuzzer, &fuzz.fuzzer[i]);
	fuzz_ipc_move(fuzzer);
}

/* Others are disturbed where they are, and it moves itself. */
static void disturb(struct fuzzer *fuzzer)
{
	u32 other = (u32)(fuzz_random(fuzzer) % fuzz.nr_fuzzers);

	if (fuzz_one_in(fuzzer, 2))
		fuzz_ipc_disturb(fuzzer);
	else if (&fuzz.fuzzer[other] != fuzzer)
		(void)thread_interrupt(fuzz.fuzzer[other].self);
	if (fuzz_one_in(fuzzer, MOVE_EVERY))
		move(fuzzer, fuzzer);
}

/* It may have been moved between two of its calls: what counts is where it is most of the time. */
static void note_cpu(struct fuzzer *fuzzer, u64 issued)
{
	u64 state, cpu = 0;

	(void)thread_info(fuzzer->self, THREAD_INFO_STATE, &state, &cpu);
	fuzzer->on_cpu[cpu] += fuzzer->issued - issued;
}

static void round(struct fuzzer *fuzzer)
{
	u64 before = fuzzer->issued;

	for (u32 i = 0; i < ARRAY_SIZE(specs); i++)
		for (u32 times = is_lacking(specs[i].call) ? 4 : 1; times; times--)
			try_spec(fuzzer, &specs[i]);
	fuzz_ipc(fuzzer, is_lacking(SYS_ipc_call) || is_lacking(SYS_ipc_reply) ? 4 : 1);
	note_cpu(fuzzer, before);
	disturb(fuzzer);
}

/* The first thread tells the others to stop, for a while or for ever. */
static bool may_go_on(void)
{
	while (__atomic_load_n(&fuzz.is_still, __ATOMIC_RELAXED))
		sleep_for(MILLISECOND / 5);
	return !__atomic_load_n(&fuzz.is_over, __ATOMIC_RELAXED);
}

static void run_all(void *argument)
{
	struct fuzzer *fuzzer = argument;

	fuzzer->self = fuzzer->thread.handle;
	while (may_go_on())
		round(fuzzer);
}

static void run_messages(void *argument)
{
	struct fuzzer *fuzzer = argument;

	fuzzer->self = fuzzer->thread.handle;
	while (may_go_on()) {
		u64 before = fuzzer->issued;

		fuzz_ipc(fuzzer, 4);
		note_cpu(fuzzer, before);
		disturb(fuzzer);
	}
}

static void start_all(void)
{
	u64 seed = random_bits(), cpus = cpus_online();

	printf("# fuzz: seed %#lx\n", seed);
	fuzz.nr_fuzzers = (u32)MAX(2UL, MIN(cpus, MOST)) + 1;
	for (u32 i = 0; i < fuzz.nr_fuzzers; i++) {
		struct fuzzer *fuzzer = &fuzz.fuzzer[i];
		bool is_last = i + 1 == fuzz.nr_fuzzers;
		u64 settings = THREAD_DEFAULT | THREAD_CPU(i % cpus) |
			       (is_last ? THREAD_NO_PAGE : 0);

		fuzzer->random = (seed + i * 0x9e3779b97f4a7c15) | 1;
		fuzzer->reply = create(TYPE_REPLY, 0);
		if (!i)
			fuzzer->self = startup->thread;
		else
			must(uthread_start(&fuzzer->thread, is_last ? run_messages : run_all,
					   fuzzer, settings), "uthread_start");
	}
}

static void stop_all(void)
{
	__atomic_store_n(&fuzz.is_over, 1, __ATOMIC_RELAXED);
	for (u32 i = 1; i < fuzz.nr_fuzzers; i++)
		while (uthread_join(&fuzz.fuzzer[i].thread, MILLISECOND) != ST_OK)
			(void)thread_interrupt(fuzz.fuzzer[i].thread.handle);
}

static u64 issued(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < fuzz.nr_fuzzers; i++)
		sum += __atomic_load_n(&fuzz.fuzzer[i].issued, __ATOMIC_RELAXED);
	return sum;
}

static void calls_in_drought(struct fuzzer *fuzzer)
{
	for (u32 i = 0; i < 24; i++)
		try_spec(fuzzer, &specs[fuzz_random(fuzzer) % ARRAY_SIZE(specs)]);
	fuzz_ipc(fuzzer, 3);
}

/* In every other drought the other threads keep still: they would give memory back at once. */
static void rare(struct fuzzer *fuzzer)
{
	for (u32 i = 0; i < 4 && is_lacking(SYS_thread_exit); i++)
		fuzz_end_thread();
	for (u32 i = 0; i < 4 && is_lacking(SYS_process_exit); i++)
		fuzz_end_process();
	if (fuzz_one_in(fuzzer, SPREAD_EVERY))
		move_all(fuzzer);
	fuzz_draw_deep();
	if (!fuzz_one_in(fuzzer, DROUGHT_EVERY) || fuzz_is_broken())
		return;
	__atomic_store_n(&fuzz.is_still, fuzz_one_in(fuzzer, 2), __ATOMIC_RELAXED);
	fuzz_drought(fuzzer, calls_in_drought);
	__atomic_store_n(&fuzz.is_still, 0, __ATOMIC_RELAXED);
}

static u64 issued_on(u64 cpu)
{
	u64 sum = 0;

	for (u32 i = 0; i < fuzz.nr_fuzzers; i++)
		sum += __atomic_load_n(&fuzz.fuzzer[i].on_cpu[cpu], __ATOMIC_RELAXED);
	return sum;
}

/* No CPU has seen few of the calls. */
static bool is_spread(void)
{
	u64 cpus = cpus_online(), few = issued() / cpus / 4;

	for (u64 cpu = 0; cpu < cpus; cpu++)
		if (issued_on(cpu) < few)
			return false;
	return true;
}

bool fuzz_is_broken(void)
{
	static bool is_known, is_broken;
	char value[8];

	if (!is_known)
		is_broken = system_option("init.fuzz", value, sizeof(value)) &&
			    !strcmp(value, "broken");
	is_known = true;
	return is_broken;
}

/*
 * Each call has to succeed often enough, and @wanted to be issued, on all CPUs.  If they are many,
 * each documented error has to be seen, too: chance may want some more calls for that.
 */
static bool has_enough(u64 wanted)
{
	u64 sum = issued();

	if (nr_lacking() || sum < wanted || (!is_spread() && !fuzz_is_broken()))
		return false;
	return wanted < FUZZ_ENOUGH || sum >= MOST_TIMES * wanted ||
	       !nr_missing(excuses, ARRAY_SIZE(excuses));
}

/* Return: how many calls are wanted. */
static u64 choose_extent(const char *calls)
{
	u64 wanted = 0;

	(void)string_to_u64(calls, &wanted);
	fuzz.successes = wanted ? FUZZ_WANTED : FUZZ_WANTED_IN_SUITE;
	return wanted;
}

/* Return: the exit code. */
int role_fuzz(const char *calls)
{
	struct fuzzer *first = &fuzz.fuzzer[0];
	u64 wanted = choose_extent(calls), end;
	bool is_done, is_enough;

	end = now() + (wanted ? FUZZ_LONGEST : FUZZ_TIME);
	fuzz_draw_start();
	fuzz_rare_start();
	fuzz_ipc_start();
	start_all();
	while (!(is_done = has_enough(wanted)) && now() < end) {
		round(first);
		rare(first);
	}
	stop_all();
	if (fuzz_is_broken())
		(void)tally(SYS_null, ST_BUSY);
	is_enough = !nr_lacking() && issued() >= wanted;
	printf("# fuzz: %lu random calls of %u threads\n", issued(), fuzz.nr_fuzzers);
	for (u32 call = 0; call < 128; call++)
		if (syscall_names[call] && is_lacking(call))
			printf("# fuzz: %s succeeded only %u times\n", syscall_names[call],
			       tally_count(call, ST_OK));
	for (u64 cpu = 0; cpu < cpus_online(); cpu++)
		printf("# fuzz: %lu on CPU %lu\n", issued_on(cpu), cpu);
	/* What was enough is not looked at again: each fuzzer has gone on for a moment. */
	if ((!is_done || fuzz_is_broken()) && !is_spread())
		return EXIT_NOT_SPREAD;
	return is_enough ? 0 : EXIT_LACKING;
}

static void print_tally(void)
{
	for (u32 call = 0; call < 128; call++) {
		u32 refused = 0;

		if (!syscall_names[call])
			continue;
		for (long status = ST_LAST; status < 0; status++)
			refused += tally_count(call, status);
		printf("# %-18s %7u done %7u refused\n", syscall_names[call],
		       tally_count(call, ST_OK), refused);
	}
}

void fuzz_start(const char *calls, struct child *child)
{
	tally_clear();
	(void)choose_extent(calls);
	fuzz.system = weaker(startup->system, RIGHTS_ALL);
	must(spawn_role("fuzz", calls, fuzz.system, child), "spawn_role");
}

void fuzz_end(struct child *child, bool wants_errors)
{
	u64 code = 1, kind = 0, address = 0, pc = 0;

	WANT(process_info(child->process, PROCESS_INFO_EXIT, &code, &kind), ST_OK);
	(void)process_info(child->process, PROCESS_INFO_FAULT, &address, &pc);
	if (kind)
		printf("# fuzz: fault at %#lx, pc %#lx\n", address, pc);
	print_tally();
	check(code != EXIT_LACKING && code <= EXIT_NOT_SPREAD && !kind,
	      "random calls: each succeeded %u times (exit %lu, fault %lu)", fuzz.successes, code,
	      kind);
	check(code != EXIT_NOT_SPREAD, "on every CPU (exit %lu)", code);
	report_unknown();
	if (wants_errors)
		report_missing(excuses, ARRAY_SIZE(excuses));
	child_free(child);
	(void)cap_delete(fuzz.system);
}

void test_fuzz(void)
{
	volatile u64 *word;
	struct child child;
	handle_t memory, nobody;

	word = memory_new(1, &memory);
	if (!word)
		fail("no memory");
	*word = 0x5eed;
	fuzz_start("0", &child);
	WANT(program_wait(child.process, FUZZ_TIME + PATIENCE), ST_OK);
	fuzz_end(&child, false);
	same(*word, 0x5eed, "this process is unharmed");
	gave(is_first_process() ? ST_NOTFOUND : name_lookup("nobody.has.this", &nobody),
	     ST_NOTFOUND, "and so is the name server, if there is one");
	memory_free((void *)word, 1, memory);
}
