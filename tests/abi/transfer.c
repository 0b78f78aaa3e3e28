// SPDX-License-Identifier: MIT
/*
 * Capabilities in messages: lent or given, and what arrives of one that cannot be.
 */
#include "blocked.h"
#include "test.h"

static void test_transfer(void)
{
	struct blocked blocked;
	struct message message = { .accept = 1 };
	handle_t memory = create(TYPE_MEMORY, 1);
	u64 info = 0, badge = 0;
	handle_t lent;

	blocked_start(&blocked, OP_CALL);
	/* Sent by the other thread: one capability lent. */
	(void)blocked_stop(&blocked);
	blocked.message = (struct message){ .caps = 1, .cap = { memory } };
	blocked_again(&blocked);
	must(ipc_receive(blocked.object, blocked.reply, &message), "ipc_receive");
	check(message.caps == 1 && cap_inspect(message.cap[0], &info, &badge) == ST_OK &&
	      CAP_INFO_TYPE(info) == TYPE_MEMORY,
	      "a lent capability arrives (%u, %#x)", message.caps, message.cap[0]);
	lent = message.cap[0];
	message.caps = 1;
	WANT(ipc_reply(blocked.reply, &message), ST_CAPSPACE);
	message.caps = 0;
	WANT(ipc_reply(blocked.reply, &message), ST_OK);
	(void)blocked_stop(&blocked);
	must(cap_revoke(memory), "cap_revoke");
	gave(cap_inspect(lent, &info, &badge), ST_BADHANDLE,
	     "revoking the lender's capability takes the lent one back");
	blocked_free(&blocked);
	(void)cap_delete(memory);
}

/* What @handle is like: its type, rights, badge; 0 if it names nothing. */
static u64 nature(handle_t handle, u64 *badge)
{
	u64 info = 0;

	*badge = 0;
	if (cap_inspect(handle, &info, badge) != ST_OK)
		return 0;
	return CAP_INFO_TYPE(info) | CAP_INFO_RIGHTS(info) << 4;
}

/* A thread sends @message from this space to this space. Return: what has arrived. */
static struct message sent(const struct message *message, u32 accept)
{
	struct message received = { .accept = accept };
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	struct blocked sender;

	blocked_at(&sender, OP_SEND, endpoint, THREAD_DEFAULT, message);
	must(ipc_receive(endpoint, HANDLE_NULL, &received), "ipc_receive");
	blocked_free(&sender);
	(void)cap_delete(endpoint);
	return received;
}

/* One capability of many kinds: lent and given. */
static void test_one(const char *what, handle_t handle, bool gives, u64 wanted)
{
	struct message message = { .caps = 1, .move = gives, .cap = { handle } };
	struct message received = sent(&message, 1);
	u64 badge, is = nature(received.cap[0], &badge);

	same(is, wanted, "%s %s: arrives %s", what, gives ? "given" : "lent",
	     wanted ? "as it is" : "as null");
	(void)cap_delete(received.cap[0]);
}

static void test_kinds(void)
{
	handle_t memory = create(TYPE_MEMORY, 1), reply = create(TYPE_REPLY, 0);
	handle_t fixed = weaker(memory, RIGHTS_ALL & ~RIGHT_MOVE);
	handle_t lonely = weaker(memory, RIGHTS_ALL & ~RIGHT_DERIVE);
	u64 all = TYPE_MEMORY | RIGHTS_ALL << 4;

	test_one("a capability that the sender does not hold", NOBODY, false, 0);
	test_one("a capability that the sender does not hold", NOBODY, true, 0);
	test_one("no capability", HANDLE_NULL, false, 0);
	test_one("a memory object", memory, false, all);
	test_one("one without MOVE", fixed, false, TYPE_MEMORY | (RIGHTS_ALL & ~RIGHT_MOVE) << 4);
	test_one("one without MOVE", fixed, true, 0);
	test_one("one without DERIVE", lonely, false, 0);
	test_one("one without DERIVE", lonely, true,
		 TYPE_MEMORY | (RIGHTS_ALL & ~RIGHT_DERIVE) << 4);
	test_one("a reply object", reply, false, 0);
	test_one("a reply object", reply, true, TYPE_REPLY | RIGHTS_ALL << 4);
	WANT(cap_delete(reply), ST_BADHANDLE);
	WANT(cap_delete(lonely), ST_BADHANDLE);
	WANT(cap_delete(fixed), ST_OK);
	(void)cap_delete(memory);
}

/* Four at once: each at its place, lent and given as its bit says. */
static void test_four(void)
{
	handle_t object[4];
	struct message message = { .caps = 4, .move = 0xa }, received;
	u64 badge, child;
	u32 right = 0;

	for (u32 i = 0; i < 4; i++) {
		object[i] = create(TYPE_NOTIFICATION, 0);
		must(cap_derive(object[i], RIGHTS_ALL, 40 + i, &child), "cap_derive");
		message.cap[i] = (handle_t)child;
	}
	received = sent(&message, 4);
	for (u32 i = 0; i < 4; i++) {
		u64 is = nature(received.cap[i], &badge);

		right += is == (TYPE_NOTIFICATION | RIGHTS_ALL << 4) && badge == 40 + i;
		right += (nature(message.cap[i], &badge) == 0) == (i % 2 == 1);
	}
	same(right, 8, "four capabilities arrive in order with their badges, two given, two lent");
	for (u32 i = 0; i < 4; i++)
		(void)cap_destroy(object[i]);
}

static u64 slots(void)
{
	u64 pages, used = 0;

	(void)process_info(startup->self, PROCESS_INFO_MEMORY, &pages, &used);
	return used;
}

/* Objects destroyed before give their slots back when the reaper comes to them. */
static u64 slots_settled(void)
{
	u64 end = now() + PATIENCE, last = slots();

	for (u32 quiet = 0; quiet < 20 && now() < end; quiet++) {
		u64 used;

		sleep_for(2 * MILLISECOND);
		used = slots();
		quiet = used == last ? quiet : 0;
		last = used;
	}
	return last;
}

/* Slots that were reserved for more than came go back; those of an ended wait, too. */
static void test_reserved(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	struct message message = { .accept = 4, .flags = MSG_NONBLOCK };
	struct blocked receiver;
	u64 before;

	before = slots_settled();
	WANT(ipc_receive(endpoint, HANDLE_NULL, &message), ST_WOULDBLOCK);
	check(slots() <= before, "a receive that takes nothing keeps no slots (%lu of %lu)",
	      slots(), before);
	blocked_start(&receiver, OP_RECEIVE);
	(void)blocked_stop(&receiver);
	before = slots_settled();
	receiver.message = (struct message){ .accept = 4 };
	blocked_again(&receiver);
	message = (struct message){ .caps = 1, .cap = { endpoint } };
	WANT(ipc_send(receiver.object, &message), ST_OK);
	gave(blocked_ends(&receiver), ST_OK, "one comes where four are accepted");
	check(slots() <= before + 1, "and takes one slot (%lu after %lu)", slots(), before);
	(void)cap_delete(receiver.message.cap[0]);
	receiver.message = (struct message){ .accept = 4 };
	blocked_again(&receiver);
	gave(blocked_stop(&receiver), ST_INTERRUPTED, "interrupted with four slots reserved");
	check(slots() <= before, "none is kept (%lu of %lu)", slots(), before);
	blocked_free(&receiver);
	(void)cap_delete(endpoint);
}

/* It is looked at when the message is delivered. */
static void test_dead_on_arrival(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), bits = create(TYPE_NOTIFICATION, 0);
	struct message message = { .label = 8, .caps = 1, .cap = { bits } };
	struct blocked sender;
	u64 badge;

	blocked_at(&sender, OP_SEND, endpoint, THREAD_DEFAULT, &message);
	WANT(cap_destroy(bits), ST_OK);
	message = (struct message){ .accept = 1 };
	WANT(ipc_receive(endpoint, HANDLE_NULL, &message), ST_OK);
	check(message.label == 8 && message.caps == 1 && !nature(message.cap[0], &badge),
	      "a capability that dies on the way arrives as null (%#x)", message.cap[0]);
	gave(blocked_ends(&sender), ST_OK, "and the message is delivered");
	blocked_free(&sender);
	(void)cap_delete(endpoint);
}

/* ---- given in a message that is not delivered ---- */

/* @status came of a message that should have given @bits, which are as they were: held, with their badge. */
static void is_kept(long status, long wanted, handle_t bits, const char *how)
{
	u64 badge, is = nature(bits, &badge);

	gave(status, wanted, "a message that gives a capability, %s", how);
	check(is == (TYPE_NOTIFICATION | RIGHTS_ALL << 4) && badge == 0x5a,
	      "%s: the giver has it still (%#lx, badge %#lx)", how, is, badge);
}

/* Sent by us to a receiver that waits and accepts @accept. */
static void test_kept_of_receiver(struct message *message, u32 accept, handle_t bits)
{
	struct message attempt = *message;
	handle_t endpoint = create(TYPE_ENDPOINT, 0), poor = weaker(endpoint, RIGHT_SEND);
	struct blocked receiver;

	blocked_at(&receiver, OP_RECEIVE, endpoint, THREAD_DEFAULT,
		   &(struct message){ .accept = accept });
	is_kept(ipc_send(poor, &attempt), ST_NORIGHTS, bits, "without GRANT");
	attempt = *message;
	is_kept(ipc_call(endpoint, &attempt), ST_NOREPLY, bits, "called without a reply object");
	attempt = *message;
	is_kept(ipc_send(endpoint, &attempt), ST_CAPSPACE, bits,
		"to a receiver that takes fewer");
	blocked_free(&receiver);
	(void)cap_delete(endpoint);
}

/* Sent by a thread that waits for a receiver until @act. */
static void test_kept_of_waiter(const struct message *message, enum act act, handle_t bits)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);
	struct blocked sender;

	for (enum op op = OP_CALL; op <= OP_SEND; op++) {
		blocked_at(&sender, op, endpoint, THREAD_DEFAULT, message);
		if (act == ACT_DESTROY) {
			(void)cap_destroy(endpoint);
			is_kept(blocked_ends(&sender), ST_DEAD, bits, "its endpoint destroyed");
		} else {
			is_kept(blocked_stop(&sender), ST_INTERRUPTED, bits, "interrupted");
		}
		blocked_free(&sender);
		if (act == ACT_DESTROY)
			endpoint = create(TYPE_ENDPOINT, 0);
	}
	(void)cap_delete(endpoint);
}

static void test_kept_of_answer(const struct message *message, handle_t bits)
{
	struct message attempt = *message;
	struct blocked caller;

	blocked_start(&caller, OP_CALL);
	blocked_take(&caller);
	is_kept(ipc_reply(caller.reply, &attempt), ST_CAPSPACE, bits, "in an answer nobody takes");
	(void)blocked_stop(&caller);
	attempt = *message;
	is_kept(ipc_reply(caller.reply, &attempt), ST_CALLER_GONE, bits, "in an answer to nobody");
	blocked_free(&caller);
}

static void test_kept(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), first = create(TYPE_NOTIFICATION, 0);
	handle_t root = create(TYPE_NOTIFICATION, 0);
	struct message message, attempt;
	u64 bits = HANDLE_NULL;

	must(cap_derive(root, RIGHTS_ALL, 0x5a, &bits), "cap_derive");
	message = (struct message){ .caps = 1, .move = 1, .cap = { (handle_t)bits } };
	attempt = message;
	attempt.flags = MSG_NONBLOCK;
	is_kept(ipc_send(endpoint, &attempt), ST_WOULDBLOCK, (handle_t)bits, "sent to nobody");
	attempt = message;
	attempt.flags = MSG_TIMEOUT;
	attempt.deadline = now() + MILLISECOND;
	is_kept(ipc_send(endpoint, &attempt), ST_TIMEDOUT, (handle_t)bits, "until the deadline");
	test_kept_of_receiver(&message, 0, (handle_t)bits);
	test_kept_of_waiter(&message, ACT_DESTROY, (handle_t)bits);
	test_kept_of_waiter(&message, ACT_INTERRUPT, (handle_t)bits);
	test_kept_of_answer(&message, (handle_t)bits);
	/* The first one would fit. */
	message = (struct message){ .caps = 2, .move = 3, .cap = { first, (handle_t)bits } };
	test_kept_of_receiver(&message, 1, (handle_t)bits);
	gave(cap_delete(first), ST_OK, "of two that are not taken the first is held, too");
	(void)cap_delete(root);
	(void)cap_delete(endpoint);
}

/* An answer brings one, without GRANT; another process uses what it was lent, until it is revoked. */
static void test_used(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), bits = create(TYPE_NOTIFICATION, 0);
	struct message message = { .caps = 1, .cap = { bits } };
	struct child child;
	u64 taken = 0;

	peer_start("user", endpoint, HANDLE_NULL, THREAD_DEFAULT, &child);
	WANT(ipc_call(endpoint, &message), ST_OK);
	gave((long)message.word[0], ST_OK, "another process uses what it was lent");
	WANT(notify_poll(bits, &taken), ST_OK);
	same(taken, 0x30, "on our object");
	message = (struct message){ .caps = 1, .cap = { NOBODY } };
	WANT(ipc_call(endpoint, &message), ST_OK);
	gave((long)message.word[0], ST_BADHANDLE, "and nothing if there was nothing to lend");
	(void)cap_destroy(endpoint);
	(void)program_wait(child.process, PATIENCE);
	child_free(&child);
	(void)cap_delete(bits);
}

void test_capabilities_sent(void)
{
	test_transfer();
	test_kinds();
	test_four();
	test_reserved();
	test_dead_on_arrival();
	test_kept();
	test_used();
}
