// SPDX-License-Identifier: MIT
/*
 * Interrupts: objects of lines, binding, masking until the acknowledgement, a storm.
 */
#include "line.h"
#include "test.h"

#define SYSTEM startup->system
#define STORM 200
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
	check(comes(bits, PATIENCE, &taken), "acknowledged it arrives again");
}

/* The device never stops asking: one signal for each acknowledgement, and others get on. */
static void test_storm(handle_t irq, handle_t bits)
{
	u64 taken;
	u32 arrived = 0;

	for (u32 i = 0; i < STORM; i++) {
		(void)irq_ack(irq);
		line_raise();
		arrived += comes(bits, PATIENCE, &taken);
	}
	same(arrived, STORM, "in a storm each acknowledgement brings one interrupt");
	check(!comes(bits, SHORT, &taken), "and none without");
}

static void test_unbound(handle_t irq, handle_t bits)
{
	u64 taken;

	WANT(irq_bind(irq, HANDLE_NULL, 0), ST_OK);
	line_raise();
	check(!comes(bits, SHORT, &taken), "an unbound line tells nothing");
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
