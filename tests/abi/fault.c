// SPDX-License-Identifier: MIT
/*
 * Faults as messages: what they tell, and each way a handler can let the thread
 * go on; what happens when there is no handler, or it is lost.
 */
#include "blocked.h"
#include "test.h"

#define NOWHERE 0x3ffff0000UL /* nobody has anything there */
#define MARK 77
#define BADGE 0xfa

/* A thread that jumps nowhere is sent on by its handler, to the code that ends its process. */
static void test_handler(u64 how)
{
	handle_t faults = create(TYPE_ENDPOINT, 0), reply = create(TYPE_REPLY, 0);
	struct message message = { 0 };
	u64 base, thread, code = 0, kind = 0, address;
	handle_t process = process_with_code(&base);

	must(process_set_fault(process, faults), "process_set_fault");
	must(thread_create(process, NOWHERE, 0, MARK,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	must(ipc_receive(faults, reply, &message), "ipc_receive");
	address = message.word[FAULT_WORD_ADDRESS];
	check(message.call == MSG_FROM_FAULT && message.label == FAULT_EXECUTE &&
	      address == NOWHERE && message.word[FAULT_WORD_PC] == NOWHERE &&
	      message.words == FAULT_WORDS,
	      "a fault message tells kind, address and pc (%lu, %#lx, %#lx; %u words)",
	      message.label, address, message.word[FAULT_WORD_PC], message.words);
	message = (struct message){
		.label = how, .words = 1, .word = { base + BLOB(blob_process_exit) }
	};
	WANT(ipc_reply(reply, &message), ST_OK);
	must(program_wait(process, PATIENCE), "program_wait");
	(void)process_info(process, PROCESS_INFO_EXIT, &code, &kind);
	if (how == FAULT_REPLY_JUMP)
		check(code == MARK && !kind,
		      "its handler let it go on elsewhere (code %#lx, kind %lu)", code, kind);
	else
		check(code == PROCESS_CODE_KILLED && kind == FAULT_EXECUTE,
		      "its handler let it end (code %#lx, kind %lu)", code, kind);
	(void)cap_delete((handle_t)thread);
	(void)cap_delete(process);
	(void)cap_delete(reply);
	(void)cap_delete(faults);
}

struct faulter {
	handle_t process, faults, reply, thread;
	u64 base;
};

/* A thread of another process that begins at @entry with @argument; its faults go to an endpoint. */
static void start_faulter(struct faulter *f, u64 entry, u64 argument)
{
	u64 thread, badged;

	f->process = process_with_code(&f->base);
	f->faults = create(TYPE_ENDPOINT, 0);
	f->reply = create(TYPE_REPLY, 0);
	must(cap_derive(f->faults, RIGHTS_ALL, BADGE, &badged), "cap_derive");
	must(process_set_fault(f->process, (handle_t)badged), "process_set_fault");
	must(thread_create(f->process, entry ? entry : f->base + BLOB(blob_read_loop), 0, argument,
			   THREAD_PRIORITY(32) | THREAD_CPU(cpus_online() - 1) | THREAD_NO_PAGE |
				   THREAD_START, &thread, NULL), "thread_create");
	f->thread = (handle_t)thread;
}

static void free_faulter(struct faulter *f)
{
	(void)cap_destroy(f->process);
	(void)cap_delete(f->thread);
	(void)cap_delete(f->faults);
	(void)cap_delete(f->reply);
}

static long take_fault(struct faulter *f, struct message *message)
{
	u64 deadline = now() + PATIENCE;
	long status;

	/* BUSY until the other CPU has seen an interruption. */
	do {
		*message = (struct message){ .flags = MSG_TIMEOUT, .deadline = deadline };
		status = ipc_receive(f->faults, f->reply, message);
		if (status == ST_BUSY)
			sleep_for(MILLISECOND / 5);
	} while (status == ST_BUSY && now() < deadline);
	return status;
}

static bool next_fault(struct faulter *f, struct message *message)
{
	return take_fault(f, message) == ST_OK;
}

static void answer(struct faulter *f, u64 how)
{
	struct message message = { .label = how };

	WANT(ipc_reply(f->reply, &message), ST_OK);
}

static void has_ended(struct faulter *f, u64 wanted, const char *what)
{
	u64 code = 0, kind = 0, address = 0, pc;

	gave(program_wait(f->process, PATIENCE), ST_OK, "%s: the process ends", what);
	(void)process_info(f->process, PROCESS_INFO_EXIT, &code, &kind);
	(void)process_info(f->process, PROCESS_INFO_FAULT, &address, &pc);
	check(code == PROCESS_CODE_KILLED && kind == wanted && address == NOWHERE,
	      "%s: and tells why (code %#lx, kind %lu, address %#lx)", what, code, kind, address);
}

/* A pager: it maps what is missing, twice, and the thread never notices. */
static void test_pager(void)
{
	handle_t memory;
	volatile u64 *word = memory_new(2, &memory);
	struct faulter f;
	struct message message;
	u64 there;

	if (!word)
		fail("no memory");
	start_faulter(&f, 0, NOWHERE);
	check(next_fault(&f, &message) && message.label == FAULT_READ &&
		      message.word[FAULT_WORD_ADDRESS] == NOWHERE && message.badge == BADGE,
	      "a read that misses is told to the pager, with its badge (kind %lu, %#lx, %#lx)",
	      message.label, message.word[FAULT_WORD_ADDRESS], message.badge);
	same(message.word[FAULT_WORD_PC] & ~0xfUL, (f.base + BLOB(blob_read_loop)) & ~0xfUL,
	     "with the instruction's address");
	same(message.word[FAULT_WORD_THREAD], 1, "and the thread's number");
	word[0] = NOWHERE + PAGE_SIZE; /* where the counter is */
	must(mem_map(f.process, memory, NOWHERE, PAGE_SIZE, 0, MAP_READ, &there), "mem_map");
	answer(&f, FAULT_REPLY_RETRY);
	check(next_fault(&f, &message) && message.word[FAULT_WORD_ADDRESS] == NOWHERE + PAGE_SIZE,
	      "resumed it reads, and the next page is missing (%#lx)",
	      message.word[FAULT_WORD_ADDRESS]);
	must(mem_map(f.process, memory, NOWHERE + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MAP_READ,
		     &there), "mem_map");
	answer(&f, FAULT_REPLY_RETRY);
	check(next_fault(&f, &message) && message.label == FAULT_WRITE &&
		      message.word[FAULT_WORD_ADDRESS] == NOWHERE + PAGE_SIZE,
	      "a write to what is read-only is told apart (kind %lu)", message.label);
	must(mem_protect(f.process, NOWHERE + PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE, NULL),
	     "mem_protect");
	answer(&f, FAULT_REPLY_RETRY);
	for (u64 end = now() + PATIENCE; word[PAGE_SIZE / 8] < 3 && now() < end;)
		sleep_for(MILLISECOND);
	check(word[PAGE_SIZE / 8] >= 3, "resumed it counts from 0 on (%lu)", word[PAGE_SIZE / 8]);
	free_faulter(&f);
	memory_free((void *)word, 2, memory);
}

static void test_no_handler(void)
{
	struct faulter f;
	u64 base, thread;

	f = (struct faulter){ .process = process_with_code(&base) };
	must(thread_create(f.process, NOWHERE, 0, 0, THREAD_PRIORITY(32) | THREAD_NO_PAGE |
			   THREAD_START, &thread, NULL), "thread_create");
	f.thread = (handle_t)thread;
	has_ended(&f, FAULT_EXECUTE, "no fault endpoint");
	free_faulter(&f);
}

/* The handler is lost in every way before it can answer. */
static void test_lost(void)
{
	struct faulter f;
	struct message message;

	start_faulter(&f, NOWHERE, 0);
	(void)await_state(f.thread, THREAD_STATE_BLOCKED);
	(void)cap_destroy(f.faults);
	has_ended(&f, FAULT_EXECUTE, "its endpoint destroyed while it waits");
	free_faulter(&f);
	start_faulter(&f, NOWHERE, 0);
	(void)await_state(f.thread, THREAD_STATE_BLOCKED);
	must(cap_revoke(f.faults), "cap_revoke");
	has_ended(&f, FAULT_EXECUTE, "its endpoint's capability revoked");
	free_faulter(&f);
	start_faulter(&f, NOWHERE, 0);
	gave(take_fault(&f, &message), ST_OK, "a fault is taken");
	(void)cap_destroy(f.reply);
	has_ended(&f, FAULT_EXECUTE, "and its reply object destroyed");
	free_faulter(&f);
	start_faulter(&f, NOWHERE, 0);
	message = (struct message){ .flags = MSG_TIMEOUT, .deadline = now() + 50 * MILLISECOND };
	(void)ipc_receive(f.faults, HANDLE_NULL, &message);
	has_ended(&f, FAULT_EXECUTE, "a receiver without a reply object");
	free_faulter(&f);
	start_faulter(&f, NOWHERE, 0);
	gave(take_fault(&f, &message), ST_OK, "a fault is taken");
	answer(&f, 1234);
	has_ended(&f, FAULT_EXECUTE, "an answer that means nothing");
	free_faulter(&f);
}

/* Sent on to where no user can be: that means nothing, and no processor tries it. */
static void test_jump_beyond(u64 where)
{
	struct message message;
	struct faulter f;
	char name[40];

	start_faulter(&f, NOWHERE, 0);
	gave(take_fault(&f, &message), ST_OK, "a fault is taken");
	message = (struct message){ .label = FAULT_REPLY_JUMP, .words = 1, .word = { where } };
	WANT(ipc_reply(f.reply, &message), ST_OK);
	(void)snprintf(name, sizeof(name), "sent on to %#lx", where);
	has_ended(&f, FAULT_EXECUTE, name);
	free_faulter(&f);
}

/* The last place there is: it is tried, and nothing is there. */
static void test_jump_to_end(void)
{
	const u64 where = USER_HALF - 16;
	struct message message;
	struct faulter f;

	start_faulter(&f, NOWHERE, 0);
	gave(take_fault(&f, &message), ST_OK, "a fault is taken");
	message = (struct message){ .label = FAULT_REPLY_JUMP, .words = 1, .word = { where } };
	WANT(ipc_reply(f.reply, &message), ST_OK);
	gave(take_fault(&f, &message), ST_OK,
	     "sent on to the end of the user half it faults there");
	same(message.word[FAULT_WORD_ADDRESS], where, "with that address");
	same(message.word[FAULT_WORD_PC], where, "and that pc");
	free_faulter(&f);
}

/* Nothing repaired: the same fault again; an interruption changes nothing either. */
static void test_again(void)
{
	struct faulter f;
	struct message message;
	u32 same_again = 0;

	start_faulter(&f, NOWHERE, 0);
	for (u32 i = 0; i < 5; i++) {
		same_again += next_fault(&f, &message) && message.label == FAULT_EXECUTE &&
			      message.word[FAULT_WORD_ADDRESS] == NOWHERE;
		if (i % 2)
			answer(&f, FAULT_REPLY_RETRY);
		else
			WANT(thread_interrupt(f.thread), ST_OK);
	}
	same(same_again, 5, "tried again without a repair, or interrupted, it faults again");
	(void)cap_destroy(f.thread);
	gave(program_wait(f.process, PATIENCE), ST_OK, "a thread is destroyed in its fault");
	free_faulter(&f);
}

/* ---- suspended and killed in a fault, before and after it has been received ---- */

static const char *fault_state(bool is_taken)
{
	return is_taken ? "in a fault that was received" : "in a fault that waits";
}

/* Its thread is in a fault at NOWHERE, with MARK as its argument. */
static void start_in_fault(struct faulter *f, bool is_taken)
{
	struct message message;

	start_faulter(f, NOWHERE, MARK);
	if (!await_state(f->thread, THREAD_STATE_BLOCKED))
		fail("a thread does not wait in its fault");
	if (is_taken && !next_fault(f, &message))
		fail("a fault does not arrive");
}

static u64 state_of(handle_t thread)
{
	u64 state = ~0UL, cpu;

	(void)thread_info(thread, THREAD_INFO_STATE, &state, &cpu);
	return state;
}

static void has_code(struct faulter *f, u64 wanted, const char *how, const char *state)
{
	u64 code = 1, kind = 1;

	gave(program_wait(f->process, PATIENCE), ST_OK, "%s %s: the process ends", how, state);
	(void)process_info(f->process, PROCESS_INFO_EXIT, &code, &kind);
	same(code, wanted, "%s %s: with its code", how, state);
	same(kind, 0, "%s %s: and not by a fault", how, state);
}

/* The fault can be received and answered; the thread goes on when it is resumed, not before. */
static void test_suspended(bool is_taken)
{
	const char *state = fault_state(is_taken);
	struct message message;
	struct faulter f;

	start_in_fault(&f, is_taken);
	WANT(thread_resume(f.thread), ST_OK);
	WANT(thread_suspend(f.thread), ST_OK);
	sleep_for(MILLISECOND);
	same(state_of(f.thread), THREAD_STATE_BLOCKED, "suspended %s: it waits on", state);
	if (!is_taken)
		check(next_fault(&f, &message) && message.label == FAULT_EXECUTE &&
			      message.word[FAULT_WORD_ADDRESS] == NOWHERE,
		      "suspended %s: its handler is told (kind %lu, %#lx)", state, message.label,
		      message.word[FAULT_WORD_ADDRESS]);
	message = (struct message){
		.label = FAULT_REPLY_JUMP, .words = 1, .word = { f.base + BLOB(blob_process_exit) }
	};
	WANT(ipc_reply(f.reply, &message), ST_OK);
	(void)await_state(f.thread, THREAD_STATE_INACTIVE);
	sleep_for(2 * MILLISECOND);
	same(state_of(f.thread), THREAD_STATE_INACTIVE, "suspended %s: answered it stands still",
	     state);
	WANT(thread_resume(f.thread), ST_OK);
	has_code(&f, MARK, "suspended and resumed", state);
	free_faulter(&f);
}

/* Suspended, and then its handler is lost: the process ends all the same. */
static void test_suspended_lost(bool is_taken)
{
	struct faulter f;

	start_in_fault(&f, is_taken);
	WANT(thread_suspend(f.thread), ST_OK);
	(void)cap_destroy(is_taken ? f.reply : f.faults);
	WANT(thread_resume(f.thread), ST_OK);
	has_ended(&f, FAULT_EXECUTE, is_taken ? "suspended in a fault, its reply object destroyed" :
						"suspended in a fault, its endpoint destroyed");
	free_faulter(&f);
}

/* Of a dead thread nothing is left where its fault was; its handler answers nobody. */
static void test_killed(bool is_taken, bool with_process)
{
	const char *how = with_process ? "its process destroyed" : "destroyed";
	struct message message = { .flags = MSG_NONBLOCK };
	struct faulter f;
	long status;

	start_in_fault(&f, is_taken);
	WANT(cap_destroy(with_process ? f.process : f.thread), ST_OK);
	if (with_process)
		check(await_state(f.thread, THREAD_STATE_DEAD), "%s %s: it dies (state %lu)", how,
		      fault_state(is_taken), state_of(f.thread));
	else
		has_code(&f, 0, how, fault_state(is_taken));
	status = is_taken ? ipc_reply(f.reply, &message) :
			    ipc_receive(f.faults, f.reply, &message);
	gave(status, is_taken ? ST_CALLER_GONE : ST_WOULDBLOCK, "%s %s: nothing is left of it",
	     how, fault_state(is_taken));
	message = (struct message){ .flags = MSG_NONBLOCK };
	gave(ipc_receive(f.faults, f.reply, &message), ST_WOULDBLOCK,
	     "%s %s: endpoint and reply object are good for the next", how, fault_state(is_taken));
	free_faulter(&f);
}

/* Another endpoint, or none, is chosen while a fault waits at the first one. */
static void test_chosen(void)
{
	struct message message = { .flags = MSG_NONBLOCK };
	struct faulter f;
	handle_t first;

	start_faulter(&f, NOWHERE, 0);
	(void)await_state(f.thread, THREAD_STATE_BLOCKED);
	first = f.faults;
	f.faults = create(TYPE_ENDPOINT, 0);
	must(process_set_fault(f.process, f.faults), "process_set_fault");
	gave(take_fault(&f, &message), ST_OK,
	     "a fault that waits goes to the endpoint that is chosen meanwhile");
	same(message.word[FAULT_WORD_ADDRESS], NOWHERE, "with its address");
	message = (struct message){ .flags = MSG_NONBLOCK };
	WANT(ipc_receive(first, HANDLE_NULL, &message), ST_WOULDBLOCK);
	answer(&f, FAULT_REPLY_RETRY);
	(void)await_state(f.thread, THREAD_STATE_BLOCKED);
	must(process_set_fault(f.process, HANDLE_NULL), "process_set_fault");
	has_ended(&f, FAULT_EXECUTE, "no endpoint chosen while it waits");
	(void)cap_delete(first);
	free_faulter(&f);
}

void test_fault(void)
{
	test_handler(FAULT_REPLY_JUMP);
	test_handler(FAULT_REPLY_KILL);
	test_pager();
	test_no_handler();
	test_lost();
	test_jump_beyond(USER_HALF);
	test_jump_beyond(1UL << 47);
	test_jump_beyond(1UL << 63);
	test_jump_beyond(0xffffffff80002000UL);
	test_jump_beyond(~0UL);
	test_jump_to_end();
	test_again();
	test_chosen();
	for (u32 is_taken = 0; is_taken < 2; is_taken++) {
		test_suspended(is_taken);
		test_suspended_lost(is_taken);
		test_killed(is_taken, false);
		test_killed(is_taken, true);
	}
}
