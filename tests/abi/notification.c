// SPDX-License-Identifier: MIT
/*
 * Notifications: bits, badges, polling, binding.
 */
#include "blocked.h"
#include "test.h"

/* Which of signal, wait, poll, being bound and being a sink are allowed. */
static u32 allowed(handle_t bits)
{
	/* Not this process: somebody may watch it. */
	handle_t process = create(TYPE_PROCESS, 0);
	u64 taken;
	u32 ways = 0;

	ways |= (notify_signal(bits, 1) == ST_OK) << 0;
	ways |= (notify_wait(bits, 1, &taken) != ST_NORIGHTS) << 1;
	ways |= (notify_poll(bits, &taken) != ST_NORIGHTS) << 2;
	ways |= (notify_bind(startup->thread, bits) == ST_OK) << 3;
	(void)notify_bind(startup->thread, HANDLE_NULL);
	ways |= (process_set_watch(process, bits, 1) == ST_OK) << 4;
	(void)process_set_watch(process, HANDLE_NULL, 0);
	(void)cap_destroy(process);
	return ways;
}

static void test_rights(handle_t bits)
{
	static const u32 wanted[4] = { 0, 0x11, 0x0e, 0x1f };
	u64 taken;

	for (u32 mask = 0; mask < 4; mask++) {
		handle_t child = weaker(bits, mask << 4);

		same(allowed(child), wanted[mask], "rights%s%s%s allow what they say",
		     mask & 1 ? " SIGNAL" : "", mask & 2 ? " WAIT" : "", mask ? "" : " none");
		(void)cap_delete(child);
	}
	(void)notify_poll(bits, &taken);
}

/* What a signal sets: the bits given, which the badge limits; nothing is counted. */
static void test_bits(handle_t bits)
{
	u64 taken = 0, child;

	WANT(notify_signal(bits, 0), ST_OK);
	WANT(notify_poll(bits, &taken), ST_WOULDBLOCK);
	WANT(notify_signal(bits, ~0UL), ST_OK);
	WANT(notify_signal(bits, ~0UL), ST_OK);
	WANT(notify_poll(bits, &taken), ST_OK);
	same(taken, ~0UL, "all 64 bits arrive, once");
	WANT(notify_poll(bits, &taken), ST_WOULDBLOCK);
	must(cap_derive(bits, RIGHTS_ALL, 0xf0, &child), "cap_derive");
	WANT(notify_signal((handle_t)child, 0x0f), ST_OK);
	WANT(notify_poll(bits, &taken), ST_WOULDBLOCK);
	(void)cap_delete((handle_t)child);
}

/* One signal wakes one waiter, the first; bits that nobody set wake none. */
static void test_waiters(handle_t bits)
{
	struct blocked first, second;

	blocked_at(&first, OP_WAIT, bits, THREAD_CPU(cpus_online() - 1) | THREAD_DEFAULT, NULL);
	blocked_at(&second, OP_WAIT, bits, THREAD_PRIORITY(40), NULL);
	WANT(notify_signal(bits, 0), ST_OK);
	WANT(notify_signal(bits, 0x21), ST_OK);
	gave(uthread_join(&first.thread, PATIENCE), ST_OK, "the waiter that came first is woken");
	first.thread.handle = HANDLE_NULL;
	same(first.bits, 0x21, "and takes all bits");
	check(await_state(second.thread.handle, THREAD_STATE_BLOCKED) && second.status == 1,
	      "the other waits on (%s)", status_name(second.status));
	WANT(notify_signal(bits, 0x42), ST_OK);
	gave(uthread_join(&second.thread, PATIENCE), ST_OK, "until the next signal");
	second.thread.handle = HANDLE_NULL;
	same(second.bits, 0x42, "whose bits it takes");
	blocked_free(&first);
	blocked_free(&second);
}

void test_notification(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0), other = create(TYPE_NOTIFICATION, 0);
	handle_t ended = ended_process(), endpoint = create(TYPE_ENDPOINT, 0);
	struct message message = { 0 };
	u64 badged, taken = 0;

	WANT(notify_poll(bits, &taken), ST_WOULDBLOCK);
	WANT(notify_signal(bits, 0x11), ST_OK);
	WANT(notify_signal(bits, 0x100), ST_OK);
	WANT(notify_wait(bits, TIME_NEVER, &taken), ST_OK);
	same(taken, 0x111, "signalled bits are collected and taken together");
	must(cap_derive(bits, RIGHT_SIGNAL, 0x0f, &badged), "cap_derive");
	(void)notify_signal((handle_t)badged, 0xff);
	WANT(notify_poll(bits, &taken), ST_OK);
	same(taken, 0x0f, "a badge limits the bits");
	WANT(process_set_watch(ended, (handle_t)badged, 0xf0f0 | 0x3), ST_OK);
	WANT(notify_poll(bits, &taken), ST_OK);
	check(taken == 0x03, "a badge limits the bits of a process's end, too (%#lx)", taken);
	WANT(notify_wait(bits, now() + MILLISECOND, &taken), ST_TIMEDOUT);
	WANT(notify_bind(startup->thread, HANDLE_NULL), ST_NOTFOUND);
	WANT(notify_bind(startup->thread, bits), ST_OK);
	WANT(notify_bind(startup->thread, other), ST_BUSY);
	(void)notify_signal(bits, 0x20);
	taken = 0;
	WANT(ipc_receive(endpoint, NOBODY, &message), ST_BADHANDLE);
	WANT(notify_poll(bits, &taken), ST_OK);
	same(taken, 0x20, "a receive that is refused leaves the bits of the bound notification");
	WANT(notify_bind(startup->thread, HANDLE_NULL), ST_OK);
	test_rights(bits);
	test_bits(bits);
	test_waiters(bits);
	(void)cap_delete(endpoint);
	(void)cap_delete(ended);
	(void)cap_delete(bits);
	(void)cap_delete(other);
}
