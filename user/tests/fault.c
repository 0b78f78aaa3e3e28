// SPDX-License-Identifier: MIT
/*
 * Faults: each kind is reported with its address; a handler repairs, jumps
 * or kills.
 */
#include "test.h"

#define KERNEL 0xffffffff80002000UL
#define NOWHERE 0x3ffff0000UL
#define MARK 77

static u64 data_word;

static void announce(u64 address)
{
	struct message message = { .words = 1, .word = { address } };

	must(ipc_send(startup->extra[0], &message), "ipc_send");
}

static int touch(u64 address, bool writes)
{
	volatile u32 *word = (volatile u32 *)address; /* null on purpose, at times */

	announce(address);
	if (writes)
		*word = 1; // cppcheck-suppress nullPointer
	return writes ? 0 : (int)*word; // cppcheck-suppress nullPointer
}

static int jump(u64 address)
{
	announce(address);
	((void (*)(void))address)();
	return 0;
}

int role_fault(const char *name)
{
	if (!strcmp(name, "read kernel"))
		return touch(KERNEL, false);
	if (!strcmp(name, "write kernel"))
		return touch(KERNEL, true);
	if (!strcmp(name, "read nowhere"))
		return touch(NOWHERE, false);
	if (!strcmp(name, "read null"))
		return touch(0, false);
	if (!strcmp(name, "write text"))
		return touch((u64)role_fault, true);
	if (!strcmp(name, "write nowhere"))
		return touch(NOWHERE, true);
	if (!strcmp(name, "execute data"))
		return jump((u64)&data_word);
	if (!strcmp(name, "execute kernel"))
		return jump(KERNEL);
	if (!strcmp(name, "execute nowhere"))
		return jump(NOWHERE);
	if (!strcmp(name, "message page"))
		return jump((u64)message_page());
	announce(0);
	__builtin_trap();
}

static const struct {
	const char *name;
	u64 kind;
} cases[] = {
	{ "read kernel", FAULT_READ },     { "write kernel", FAULT_WRITE },
	{ "read nowhere", FAULT_READ },    { "write nowhere", FAULT_WRITE },
	{ "read null", FAULT_READ },       { "write text", FAULT_WRITE },
	{ "execute data", FAULT_EXECUTE }, { "execute kernel", FAULT_EXECUTE },
	{ "execute nowhere", FAULT_EXECUTE }, { "message page", FAULT_EXECUTE },
};

static void test_case(u32 i, handle_t endpoint)
{
	struct message message = { 0 };
	struct child child;
	u64 code, kind = 0, address = 0, pc;

	must(spawn_role("fault", cases[i].name, endpoint, &child), "spawn_role");
	must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
	must(program_wait(child.process, PATIENCE), "program_wait");
	(void)process_info(child.process, PROCESS_INFO_EXIT, &code, &kind);
	(void)process_info(child.process, PROCESS_INFO_FAULT, &address, &pc);
	if (kind == cases[i].kind && address == message.word[0])
		check(true, "%s: stopped, kind %lu at its address", cases[i].name, kind);
	else
		check(false, "%s: stopped # kind %lu, wanted %lu; address %#lx, wanted %#lx",
		      cases[i].name, kind, cases[i].kind, address, message.word[0]);
	child_free(&child);
}

static void test_instruction(handle_t endpoint)
{
	struct message message = { 0 };
	struct child child;
	u64 code, kind = 0;

	must(spawn_role("fault", "trap", endpoint, &child), "spawn_role");
	must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
	must(program_wait(child.process, PATIENCE), "program_wait");
	(void)process_info(child.process, PROCESS_INFO_EXIT, &code, &kind);
	check(kind == FAULT_INSTRUCTION || kind == FAULT_BREAKPOINT, "a trap instruction: kind %lu",
	      kind);
	child_free(&child);
}

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
	      "a fault message tells kind, address and pc");
	message = (struct message){
		.label = how, .words = 1, .word = { base + BLOB(blob_process_exit) }
	};
	WANT(ipc_reply(reply, &message), ST_OK);
	must(program_wait(process, PATIENCE), "program_wait");
	(void)process_info(process, PROCESS_INFO_EXIT, &code, &kind);
	if (how == FAULT_REPLY_JUMP)
		check(code == MARK && !kind, "its handler let it go on elsewhere");
	else
		check(code == PROCESS_CODE_KILLED && kind == FAULT_EXECUTE,
		      "its handler let it end");
	(void)cap_delete((handle_t)thread);
	(void)cap_delete(process);
	(void)cap_delete(reply);
	(void)cap_delete(faults);
}

void test_fault(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0);

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(i, endpoint);
	test_instruction(endpoint);
	test_handler(FAULT_REPLY_JUMP);
	test_handler(FAULT_REPLY_KILL);
	(void)cap_delete(endpoint);
}
