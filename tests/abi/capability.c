// SPDX-License-Identifier: MIT
/*
 * Deriving, copying, revoking, destroying; stale handles; the derivation tree.
 */
#include "blocked.h"
#include "test.h"

#define MANY 2000
/* Of 4095 generations of a slot.  The simulator takes its time for each. */
#ifdef CONFIG_HOST
#define REUSED 300u
#else
#define REUSED 4000u
#endif

static bool is_live(handle_t handle)
{
	u64 info, badge;

	return cap_inspect(handle, &info, &badge) == ST_OK;
}

static void test_rights(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	u64 child, info, badge;
	u32 right = 0;

	for (u64 rights = 0; rights <= RIGHTS_ALL; rights += 0x55) {
		must(cap_derive(endpoint, rights, 0, &child), "cap_derive");
		must(cap_inspect((handle_t)child, &info, &badge), "cap_inspect");
		right += CAP_INFO_RIGHTS(info) == rights && CAP_INFO_DEPTH(info) == 1;
		(void)cap_delete((handle_t)child);
	}
	same(right, RIGHTS_ALL / 0x55 + 1, "a child has the rights asked for, at depth 1");
	must(cap_derive(endpoint, RIGHT_DERIVE | RIGHT_SEND, 7, &child), "cap_derive");
	endpoint = (handle_t)child;
	must(cap_derive(endpoint, RIGHTS_ALL, 0, &child), "cap_derive");
	must(cap_inspect((handle_t)child, &info, &badge), "cap_inspect");
	check(CAP_INFO_RIGHTS(info) == (RIGHT_DERIVE | RIGHT_SEND) && badge == 7,
	      "a grandchild has no more rights than its parent, and its badge (%#lx, badge %lu)",
	      CAP_INFO_RIGHTS(info), badge);
	WANT(cap_derive(endpoint, RIGHTS_ALL, 8, &child), ST_INVALID);
	WANT(cap_derive(endpoint, RIGHTS_ALL + 1, 0, &child), ST_INVALID);
}

static void test_stale(void)
{
	handle_t first = create(TYPE_NOTIFICATION, 0), second;
	u32 wrong = 0, in_place = 0;

	WANT(cap_delete(first), ST_OK);
	for (u32 i = 0; i < REUSED; i++) {
		second = create(TYPE_NOTIFICATION, 0);
		in_place += HANDLE_INDEX(second) == HANDLE_INDEX(first);
		wrong += is_live(first);
		(void)cap_delete(second);
	}
	same(wrong, 0, "a reused slot does not revive an old handle");
	same(in_place, REUSED, "which was reused, each time");
	WANT(cap_delete(first), ST_BADHANDLE);
}

static void test_tree(void)
{
	handle_t root = create(TYPE_MEMORY, 1), brother = weaker(root, RIGHTS_ALL);
	handle_t parent = weaker(root, RIGHTS_ALL), last = parent, deep, deep_root;
	u64 child, info = 0, badge;
	u32 live = 0;

	for (u32 i = 0; i < MANY; i++) {
		must(cap_derive(parent, RIGHTS_ALL, 0, &child), "cap_derive");
		last = (handle_t)child;
	}
	WANT(cap_revoke(parent), ST_OK);
	must(cap_inspect(parent, &info, &badge), "cap_inspect");
	same(is_live(last) | (u64)is_live(brother) << 4 | (u64)is_live(parent) << 8 |
		     (u64)CAP_INFO_HAS_CHILDREN(info) << 12, 0x110,
	     "revoke takes 2,000 children, no sibling (the last, brother, parent, has children)");
	deep = deepest(root, &deep_root);
	WANT(cap_derive(deep, RIGHTS_ALL, 0, &child), ST_DEPTH);
	WANT(cap_copy(deep, startup->self, CAP_LEND, RIGHTS_ALL, 0, &child), ST_DEPTH);
	WANT(cap_delete(deep_root), ST_OK);
	gave(cap_inspect(deep, &info, &badge), ST_BADHANDLE,
	     "deleting a capability takes its 255 descendants");
	WANT(cap_destroy(brother), ST_OK);
	live = is_live(root) + is_live(parent) + is_live(brother);
	same(live, 0, "destroy takes every capability of the object");
}

static void test_copy(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), process = create(TYPE_PROCESS, 0);
	handle_t ended = ended_process(), fixed = weaker(endpoint, RIGHT_SEND);
	u64 there = 0;

	WANT(cap_copy(endpoint, process, CAP_LEND, RIGHT_SEND, 5, &there), ST_OK);
	same(there, HANDLE_FIRST(0), "the first capability of a process is at HANDLE_FIRST(0)");
	WANT(cap_copy(endpoint, process, 2, RIGHT_SEND, 0, &there), ST_INVALID);
	WANT(cap_copy(endpoint, process, CAP_LEND, RIGHTS_ALL + 1, 0, &there), ST_INVALID);
	WANT(cap_copy(endpoint, endpoint, CAP_LEND, RIGHT_SEND, 0, &there), ST_BADTYPE);
	WANT(cap_copy(fixed, process, CAP_LEND, RIGHT_SEND, 0, &there), ST_NORIGHTS);
	WANT(cap_copy(fixed, process, CAP_GIVE, 0, 0, &there), ST_NORIGHTS);
	WANT(cap_copy(endpoint, ended, CAP_LEND, RIGHT_SEND, 0, &there), ST_DEAD);
	WANT(cap_copy(endpoint, process, CAP_GIVE, 0, 0, &there), ST_OK);
	gave(cap_delete(endpoint), ST_BADHANDLE,
	     "a capability that was given away is no longer here");
	(void)cap_delete(ended);
	(void)cap_destroy(process);
}

/* A gap of more slots than the kernel looks at in one step. */
static void test_next_behind_gap(void)
{
	static handle_t many[700];
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	u64 found = 0, next = 0;
	u32 top = 0;

	for (u32 i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = weaker(endpoint, RIGHT_SEND);
		if (HANDLE_INDEX(many[i]) > HANDLE_INDEX(many[top]))
			top = i;
	}
	for (u32 i = 0; i < ARRAY_SIZE(many); i++)
		if (i != top)
			(void)cap_delete(many[i]);
	while (cap_next(next, &found) == ST_OK && found != many[top])
		next = HANDLE_INDEX(found) + 1;
	check(found == many[top], "the next capability is found behind a gap (from %lu)", next);
	(void)cap_delete(many[top]);
	(void)cap_delete(endpoint);
}

static void test_create_and_next(void)
{
	u64 handle = 0, info, badge, seen = 0, next = 0;

	WANT(cap_create(TYPE_THREAD, 0, &handle), ST_INVALID);
	WANT(cap_create(TYPE_MEMORY, 0, &handle), ST_INVALID);
	WANT(cap_create(TYPE_MEMORY, 262145, &handle), ST_INVALID);
	WANT(cap_create(TYPE_ENDPOINT, 1, &handle), ST_INVALID);
	for (; cap_next(next, &handle) == ST_OK; next = HANDLE_INDEX(handle) + 1)
		seen += cap_inspect((handle_t)handle, &info, &badge) == ST_OK;
	check(seen > 5, "cap_next finds the capabilities held (%lu)", seen);
	WANT(cap_next(next, &handle), ST_NOTFOUND);
	WANT(cap_next(1UL << 20, &handle), ST_INVALID);
	WANT(cap_revoke(HANDLE_SELF), ST_OK);
}

/* ---- refusals change nothing ---- */

/* A number made of all that this process holds. */
static u64 holdings(void)
{
	u64 sum = 0, next = 0, handle, info, badge;

	for (; cap_next(next, &handle) == ST_OK; next = HANDLE_INDEX(handle) + 1) {
		must(cap_inspect((handle_t)handle, &info, &badge), "cap_inspect");
		sum = sum * 31 + handle * 7 + info * 5 + badge;
	}
	return sum;
}

/* A place where nothing was ever, one that was emptied, one that was reused. */
struct places {
	handle_t never, emptied, stale, reused;
};

static struct places make_places(void)
{
	struct places places = { .never = HANDLE_MAKE(0xffff0, 1) };
	handle_t others[64], first = create(TYPE_NOTIFICATION, 0);
	u32 count = 0;

	places.emptied = create(TYPE_NOTIFICATION, 0);
	(void)cap_delete(first);
	places.stale = first;
	/* Until the slot is in use again. */
	do
		others[count] = create(TYPE_NOTIFICATION, 0);
	while (HANDLE_INDEX(others[count]) != HANDLE_INDEX(first) && ++count < 63);
	places.reused = others[count];
	while (count--)
		(void)cap_delete(others[count]);
	(void)cap_delete(places.emptied);
	return places;
}

#define OPERATIONS 7

/* Every operation of the capability space, with @source. */
static long operate(u32 operation, handle_t source, handle_t target)
{
	u64 made, badge;

	switch (operation) {
	case 0: return cap_copy(source, target, CAP_LEND, RIGHTS_ALL, 0, &made);
	case 1: return cap_copy(source, target, CAP_GIVE, 0, 0, &made);
	case 2: return cap_derive(source, RIGHTS_ALL, 0, &made);
	case 3: return cap_delete(source);
	case 4: return cap_revoke(source);
	case 5: return cap_destroy(source);
	default: return cap_inspect(source, &made, &badge);
	}
}

static const char *const operations[OPERATIONS] = {
	"lend", "give", "derive", "delete", "revoke", "destroy", "inspect",
};

static void refused(u32 operation, handle_t source, const char *what)
{
	u64 before = holdings();

	gave(operate(operation, source, startup->self), ST_BADHANDLE, "%s %s",
	     operations[operation], what);
	same(holdings(), before, "%s %s: nothing has changed", operations[operation], what);
}

static void test_refused(void)
{
	struct places places = make_places();

	check(HANDLE_INDEX(places.stale) == HANDLE_INDEX(places.reused) &&
		      places.stale != places.reused,
	      "a slot is used again under another handle (%#x, %#x)", places.stale, places.reused);
	for (u32 i = 0; i < OPERATIONS; i++) {
		refused(i, HANDLE_NULL, "the null handle");
		refused(i, places.never, "a slot that was never used");
		refused(i, places.emptied, "an empty slot");
		refused(i, places.stale, "a stale handle of a slot in use again");
	}
	gave(cap_delete(places.reused), ST_OK, "what is in that slot now is unharmed");
}

/* Refused for other reasons than the source. */
static void test_refused_otherwise(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), poor = weaker(endpoint, RIGHT_SEND);
	handle_t blind = weaker(startup->self, RIGHTS_ALL & ~RIGHT_GIVE);
	u64 before = holdings(), made;

	WANT(operate(0, poor, startup->self), ST_NORIGHTS);
	WANT(operate(1, poor, startup->self), ST_NORIGHTS);
	WANT(operate(2, poor, startup->self), ST_NORIGHTS);
	WANT(operate(5, poor, startup->self), ST_NORIGHTS);
	WANT(operate(0, endpoint, endpoint), ST_BADTYPE);
	WANT(operate(0, endpoint, NOBODY), ST_BADHANDLE);
	WANT(operate(1, endpoint, blind), ST_NORIGHTS);
	WANT(cap_copy(endpoint, startup->self, 7, RIGHTS_ALL, 0, &made), ST_INVALID);
	same(holdings(), before, "after eight refusals everything is as before");
	(void)cap_delete(endpoint);
	(void)cap_delete(blind);
}

/* To the own space: given, it has another handle and nothing else has changed; lent, it is a child. */
static void test_same_space(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), child = weaker(endpoint, RIGHT_SEND);
	u64 moved = 0, lent = 0, info = 0, badge;

	WANT(cap_copy(endpoint, startup->self, CAP_GIVE, 0, 0, &moved), ST_OK);
	same(is_live(endpoint) | (u64)is_live((handle_t)moved) << 4 | (u64)is_live(child) << 8,
	     0x110, "given to the own space: the old handle is stale, its child lives");
	(void)cap_inspect((handle_t)moved, &info, &badge);
	same(CAP_INFO_RIGHTS(info) | CAP_INFO_DEPTH(info) << 12, RIGHTS_ALL,
	     "it has kept rights and place");
	WANT(cap_copy((handle_t)moved, startup->self, CAP_LEND, RIGHT_CALL | RIGHT_DERIVE, 6,
		      &lent), ST_OK);
	(void)cap_inspect((handle_t)lent, &info, &badge);
	check(CAP_INFO_RIGHTS(info) == (RIGHT_CALL | RIGHT_DERIVE) && CAP_INFO_DEPTH(info) == 1 &&
	      badge == 6,
	      "lent to the own space: a child, rights and badge as asked for (%#lx, %lu, %lu)",
	      CAP_INFO_RIGHTS(info), CAP_INFO_DEPTH(info), badge);
	WANT(cap_revoke((handle_t)moved), ST_OK);
	same(is_live((handle_t)lent) | (u64)is_live(child) << 4, 0, "revoking takes both children");
	(void)cap_delete((handle_t)moved);
}

/* Rights of parent and child at random. */
static void test_subsets(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	u32 wrong = 0;

	for (u32 i = 0; i < 100; i++) {
		u64 random = random_bits(), had = (random & RIGHTS_ALL) | RIGHT_DERIVE, info = 0;
		u64 asked = random >> 12 & RIGHTS_ALL, child, badge;
		handle_t parent = weaker(endpoint, (u32)had);

		if (random >> 63)
			must(cap_derive(parent, asked, 0, &child), "cap_derive");
		else
			must(cap_copy(parent, startup->self, CAP_LEND, asked, 0, &child),
			     "cap_copy");
		(void)cap_inspect((handle_t)child, &info, &badge);
		wrong += CAP_INFO_RIGHTS(info) != (had & asked);
		(void)cap_delete(parent);
		wrong += is_live((handle_t)child);
	}
	same(wrong, 0, "a child has its parent's rights in the mask, and goes with it (100 times)");
	(void)cap_delete(endpoint);
}

/* The last capability takes the object with it; a process that runs lives on. */
static void test_last(void)
{
	struct blocked receiver;
	handle_t endpoint = create(TYPE_ENDPOINT, 0), bits = create(TYPE_NOTIFICATION, 0);
	u64 base, thread, state = 0;
	handle_t process = process_with_code(&base);

	blocked_at(&receiver, OP_RECEIVE, endpoint, THREAD_DEFAULT, NULL);
	WANT(cap_delete(endpoint), ST_OK);
	gave(blocked_ends(&receiver), ST_DEAD, "waiting at an endpoint whose last capability goes");
	must(process_set_watch(process, bits, 2), "process_set_watch");
	must(thread_create(process, base + BLOB(blob_spin), 0, 0,
			   THREAD_PRIORITY(8) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	WANT(cap_delete(process), ST_OK);
	(void)thread_info((handle_t)thread, THREAD_INFO_STATE, &state, &base);
	same(state, THREAD_STATE_READY, "a running process lives on without a capability");
	WANT(cap_destroy((handle_t)thread), ST_OK);
	WANT(notify_wait(bits, now() + PATIENCE, &state), ST_OK);
	same(state, 2, "and ends with its last thread");
	(void)cap_delete(bits);
}

void test_capability(void)
{
	test_refused();
	test_refused_otherwise();
	test_same_space();
	test_subsets();
	test_last();
	test_rights();
	test_stale();
	test_tree();
	test_copy();
	test_create_and_next();
	test_next_behind_gap();
}
