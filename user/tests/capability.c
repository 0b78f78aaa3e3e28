// SPDX-License-Identifier: MIT
/*
 * Deriving, copying, revoking, destroying; stale handles; the derivation tree.
 */
#include "test.h"

#define MANY 2000

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
	check(right == RIGHTS_ALL / 0x55 + 1, "a child has the rights asked for, at depth 1");
	must(cap_derive(endpoint, RIGHT_DERIVE | RIGHT_SEND, 7, &child), "cap_derive");
	endpoint = (handle_t)child;
	must(cap_derive(endpoint, RIGHTS_ALL, 0, &child), "cap_derive");
	must(cap_inspect((handle_t)child, &info, &badge), "cap_inspect");
	check(CAP_INFO_RIGHTS(info) == (RIGHT_DERIVE | RIGHT_SEND) && badge == 7,
	      "a grandchild has no more rights than its parent, and its badge");
	WANT(cap_derive(endpoint, RIGHTS_ALL, 8, &child), ST_INVALID);
	WANT(cap_derive(endpoint, RIGHTS_ALL + 1, 0, &child), ST_INVALID);
}

static void test_stale(void)
{
	handle_t first = create(TYPE_NOTIFICATION, 0), second;
	u32 wrong = 0;

	WANT(cap_delete(first), ST_OK);
	for (u32 i = 0; i < 100; i++) {
		second = create(TYPE_NOTIFICATION, 0);
		wrong += is_live(first);
		(void)cap_delete(second);
	}
	check(!wrong, "a reused slot does not revive an old handle");
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
	check(!is_live(last) && is_live(brother) && is_live(parent) &&
	      !CAP_INFO_HAS_CHILDREN(info), "revoke takes 2,000 children and no sibling");
	deep = deepest(root, &deep_root);
	WANT(cap_derive(deep, RIGHTS_ALL, 0, &child), ST_DEPTH);
	WANT(cap_copy(deep, startup->self, CAP_LEND, RIGHTS_ALL, 0, &child), ST_DEPTH);
	WANT(cap_delete(deep_root), ST_OK);
	check(!is_live(deep), "deleting a capability takes its 255 descendants");
	WANT(cap_destroy(brother), ST_OK);
	live = is_live(root) + is_live(parent) + is_live(brother);
	check(!live, "destroy takes every capability of the object");
}

static void test_copy(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), process = create(TYPE_PROCESS, 0);
	handle_t ended = ended_process(), fixed = weaker(endpoint, RIGHT_SEND);
	u64 there = 0;

	WANT(cap_copy(endpoint, process, CAP_LEND, RIGHT_SEND, 5, &there), ST_OK);
	check(there == HANDLE_FIRST(0), "the first capability of a process is at HANDLE_FIRST(0)");
	WANT(cap_copy(endpoint, process, 2, RIGHT_SEND, 0, &there), ST_INVALID);
	WANT(cap_copy(endpoint, process, CAP_LEND, RIGHTS_ALL + 1, 0, &there), ST_INVALID);
	WANT(cap_copy(endpoint, endpoint, CAP_LEND, RIGHT_SEND, 0, &there), ST_BADTYPE);
	WANT(cap_copy(fixed, process, CAP_LEND, RIGHT_SEND, 0, &there), ST_NORIGHTS);
	WANT(cap_copy(fixed, process, CAP_GIVE, 0, 0, &there), ST_NORIGHTS);
	WANT(cap_copy(endpoint, ended, CAP_LEND, RIGHT_SEND, 0, &there), ST_DEAD);
	WANT(cap_copy(endpoint, process, CAP_GIVE, 0, 0, &there), ST_OK);
	check(!is_live(endpoint), "a capability that was given away is no longer here");
	(void)cap_delete(ended);
	(void)cap_destroy(process);
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

void test_capability(void)
{
	test_rights();
	test_stale();
	test_tree();
	test_copy();
	test_create_and_next();
}
