// SPDX-License-Identifier: MIT
/*
 * Interrupts: objects of lines, binding, masking until the acknowledgement, a storm.
 */
#include "line.h"
#include "test.h"

#define SYSTEM startup->system
#define STORM 200
#define ROUNDS 50
#define SHORT (20 * MILLISECOND)

static void test_objects(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0), root, deep, without;
	u64 lines = 0, unused, line, irq = 0, again;

	must(system_info(SYSTEM, INFO_IRQS, 0, &lines, &unused), "system_info");
	WANT(irq_create(SYSTEM, lines, &irq), ST_INVALID);
	/* Some lines are the kernel's own; the first free one will do. */
	for (line = lines - 1; line && irq_create(SYSTEM, line, &irq) != ST_OK; line--)
		;
	check(line > 0, "line %lu has an object", line);
	WANT(irq_create(SYSTEM, line, &again), ST_BUSY);
	WANT(irq_ack((handle_t)irq), ST_BUSY);
	WANT(irq_bind((handle_t)irq, bits, 1), ST_OK);
	WANT(irq_ack((handle_t)irq), ST_OK);
	WANT(irq_bind((handle_t)irq, NOBODY, 1), ST_BADHANDLE);
	WANT(irq_bind((handle_t)irq, SYSTEM, 1), ST_BADTYPE);
	deep = deepest(bits, &root);
	WANT(irq_bind((handle_t)irq, deep, 1), ST_DEPTH);
	(void)cap_delete(root);
	WANT(irq_bind((handle_t)irq, HANDLE_NULL, 0), ST_OK);
	without = weaker((handle_t)irq, RIGHT_DERIVE);
	WANT(irq_bind(without, bits, 1), ST_NORIGHTS);
	WANT(irq_ack(without), ST_NORIGHTS);
	WANT(irq_ack(NOBODY), ST_BADHANDLE);
	WANT(irq_ack(bits), ST_BADTYPE);
	WANT(cap_delete((handle_t)irq), ST_OK);
	(void)cap_delete(bits);
}

/* Waits for one. Return: whether it came. */
static bool comes(handle_t bits, u64 patience, u64 *taken)
{
	*taken = 0;
	return notify_wait(bits, now() + patience, taken) == ST_OK;
}

/* A line that is not acknowledged tells nothing more, however often its device asks. */
static void test_masked(handle_t irq, handle_t bits)
{
	u64 taken;
	bool is_first;

	line_raise();
	is_first = comes(bits, PATIENCE, &taken);
	check(is_first && taken == 0x4, "an interrupt arrives as the bits of its badge (%#lx)",
	      taken);
	for (u32 i = 0; i < 3; i++)
		line_raise();
	check(!comes(bits, SHORT, &taken), "until it is acknowledged no other arrives (%#lx)",
	      taken);
	WANT(irq_ack(irq), ST_OK);
	line_raise();
	(void)comes(bits, PATIENCE, &taken);
	same(taken, 0x4, "acknowledged it arrives again");
}

/* ---- a storm, and who must get on beside it ---- */

struct bystander {
	struct uthread thread;
	bool naps; /* else it never enters the kernel */
	u64 count;
	u32 stop;
};

static void go_on(void *argument)
{
	struct bystander *self = argument;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		if (self->naps)
			sleep_for(MILLISECOND / 4);
		else
			loop_pause();
		__atomic_store_n(&self->count, self->count + 1, __ATOMIC_RELAXED);
	}
}

static u64 count_of(const struct bystander *bystander)
{
	return __atomic_load_n(&bystander->count, __ATOMIC_RELAXED);
}

/* The device never stops asking. Return: interrupts that arrived; *asked: that should have. */
static u32 storm(handle_t irq, handle_t bits, u64 duration, u32 *asked)
{
	u64 end = now() + duration, taken;
	u32 arrived = 0;

	for (*asked = 0; *asked < STORM || now() < end; ++*asked) {
		(void)irq_ack(irq);
		line_raise();
		arrived += comes(bits, PATIENCE, &taken);
	}
	return arrived;
}

struct pace {
	u64 time, counts[2];
};

static void begin_pace(struct pace *pace, const struct bystander by[2])
{
	*pace = (struct pace){ .time = now(), .counts = { count_of(&by[0]), count_of(&by[1]) } };
}

static void end_pace(struct pace *pace, const struct bystander by[2])
{
	pace->time = now() - pace->time;
	for (u32 i = 0; i < 2; i++)
		pace->counts[i] = count_of(&by[i]) - pace->counts[i];
}

/* Not slower than an eighth of what it is in quiet times. */
static bool keeps_pace(const struct pace *pace, const struct pace *quiet, u32 i)
{
	return pace->counts[i] &&
	       pace->counts[i] * 8 * quiet->time >= quiet->counts[i] * pace->time;
}

/*
 * One signal for each acknowledgement, and others get on: one who needs the timer of
 * the very CPU, one who loops on another CPU.  In one of some rounds, because the host
 * may let a processor wait.
 */
static void test_storm(handle_t irq, handle_t bits)
{
	static struct bystander by[2];
	u64 where[2] = { THREAD_PRIORITY(40), THREAD_PRIORITY(10) | THREAD_CPU(cpus_online() - 1) };
	u32 arrived = 0, asked = 0, nr = cpus_online() > 1 ? 2 : 1, on = 0;
	struct pace pace = { 0 }, quiet = { 0 };
	u64 taken;

	by[0] = (struct bystander){ .naps = true };
	by[1] = (struct bystander){ 0 };
	for (u32 i = 0; i < nr; i++)
		must(uthread_start(&by[i].thread, go_on, &by[i], where[i]), "uthread_start");
	for (u32 round = 0; round < ROUNDS && on < nr && arrived == asked; round++) {
		begin_pace(&quiet, by);
		sleep_for(SHORT);
		end_pace(&quiet, by);
		begin_pace(&pace, by);
		arrived = storm(irq, bits, SHORT, &asked);
		end_pace(&pace, by);
		on = 0;
		for (u32 i = 0; i < nr; i++)
			on += keeps_pace(&pace, &quiet, i);
	}
	same(arrived, asked, "in a storm each acknowledgement brings one interrupt");
	check(on == nr,
	      "others get on: %lu naps on its CPU, %lu rounds on another in %lu us "
	      "(in quiet: %lu, %lu in %lu us)",
	      pace.counts[0], pace.counts[1], pace.time / 1000, quiet.counts[0], quiet.counts[1],
	      quiet.time / 1000);
	check(!comes(bits, SHORT, &taken), "and none comes without (%#lx)", taken);
	for (u32 i = 0; i < nr; i++)
		__atomic_store_n(&by[i].stop, 1, __ATOMIC_RELAXED);
	for (u32 i = 0; i < nr; i++)
		must(uthread_join(&by[i].thread, PATIENCE), "uthread_join");
}

static void test_unbound(handle_t irq, handle_t bits)
{
	u64 taken;

	WANT(irq_bind(irq, HANDLE_NULL, 0), ST_OK);
	line_raise();
	(void)comes(bits, SHORT, &taken);
	same(taken, 0, "an unbound line tells nothing");
	WANT(irq_ack(irq), ST_BUSY);
	WANT(irq_bind(irq, bits, 0x3c), ST_OK);
	line_raise();
	check(comes(bits, PATIENCE, &taken) && taken == 0x3c,
	      "bound again it tells the new bits (%#lx)", taken);
}

/* The interrupt wakes a receive through the bound notification. */
static void test_received(handle_t irq, handle_t bits)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	struct message message = { .flags = MSG_TIMEOUT, .deadline = now() + PATIENCE };

	must(notify_bind(startup->thread, bits), "notify_bind");
	(void)irq_ack(irq);
	line_raise();
	WANT(ipc_receive(endpoint, HANDLE_NULL, &message), ST_OK);
	check(message.call == MSG_FROM_NOTIFICATION && message.badge == 0x3c,
	      "an interrupt ends a receive (%#lx)", message.badge);
	must(notify_bind(startup->thread, HANDLE_NULL), "notify_bind");
	(void)cap_delete(endpoint);
}

static void test_device_asks(u64 line)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0);
	u64 irq, limited, again = HANDLE_NULL;

	if (!WANT(irq_create(SYSTEM, line, &irq), ST_OK))
		return;
	must(cap_derive(bits, RIGHTS_ALL, 0x6, &limited), "cap_derive");
	WANT(irq_bind((handle_t)irq, (handle_t)limited, 0xc), ST_OK);
	test_masked((handle_t)irq, bits);
	test_storm((handle_t)irq, bits);
	test_unbound((handle_t)irq, bits);
	test_received((handle_t)irq, bits);
	WANT(cap_delete((handle_t)irq), ST_OK);
	line_quiet();
	/* The object of a line is gone when the reaper has been there. */
	for (u64 end = now() + PATIENCE;
	     irq_create(SYSTEM, line, &again) == ST_BUSY && now() < end;)
		sleep_for(MILLISECOND);
	gave(cap_delete((handle_t)again), ST_OK, "its object deleted, the line can have another");
	(void)cap_delete(bits);
}

void test_irq(void)
{
	u64 line;

	test_objects();
	if (line_open(&line))
		test_device_asks(line);
}
