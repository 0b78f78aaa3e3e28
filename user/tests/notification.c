// SPDX-License-Identifier: MIT
/*
 * Notifications: bits, badges, polling, binding.
 */
#include "test.h"

void test_notification(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0), other = create(TYPE_NOTIFICATION, 0);
	u64 badged, taken = 0;

	WANT(notify_poll(bits, &taken), ST_WOULDBLOCK);
	WANT(notify_signal(bits, 0x11), ST_OK);
	WANT(notify_signal(bits, 0x100), ST_OK);
	WANT(notify_wait(bits, TIME_NEVER, &taken), ST_OK);
	check(taken == 0x111, "signalled bits are collected and taken together");
	must(cap_derive(bits, RIGHT_SIGNAL, 0x0f, &badged), "cap_derive");
	(void)notify_signal((handle_t)badged, 0xff);
	WANT(notify_poll(bits, &taken), ST_OK);
	check(taken == 0x0f, "a badge limits the bits");
	WANT(notify_wait(bits, now() + MILLISECOND, &taken), ST_TIMEDOUT);
	WANT(notify_bind(startup->thread, HANDLE_NULL), ST_NOTFOUND);
	WANT(notify_bind(startup->thread, bits), ST_OK);
	WANT(notify_bind(startup->thread, other), ST_BUSY);
	WANT(notify_bind(startup->thread, HANDLE_NULL), ST_OK);
	(void)cap_delete(bits);
	(void)cap_delete(other);
}
