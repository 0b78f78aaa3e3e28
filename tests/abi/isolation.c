// SPDX-License-Identifier: MIT
/*
 * Isolation: a process reaches for what is not its own, and ends; kind and address
 * are told, and nobody else is harmed.
 */
#include "test.h"

#define KERNEL 0xffffffff80002000UL
#define NOWHERE 0x3ffff0000UL             /* only the suite itself has something there */
#define NOWHERE_CODE (NOWHERE + PAGE_SIZE) /* and there code */
#define MARK 77

static u64 data_word;

/* Where the fault will be: somewhere in @size bytes from @address on. */
static void announce(u64 address, u64 size)
{
	struct message message = { .words = 2, .word = { address, size } };

	must(ipc_send(startup->extra[0], &message), "ipc_send");
}

static int touch(u64 address, bool writes)
{
	volatile u32 *word = (volatile u32 *)address; /* null on purpose, at times */

	announce(address, 1);
	if (writes)
		*word = 1; // cppcheck-suppress nullPointer
	return writes ? 0 : (int)*word; // cppcheck-suppress nullPointer
}

static int jump(u64 address)
{
	announce(address, 1);
	((void (*)(void))address)();
	return 0;
}

/* ---- below the stacks ---- */

/* The lowest word of a stack is there, the next one below is not. */
static int touch_below(u64 lowest, bool writes)
{
	*(volatile u64 *)lowest = MARK;
	return touch(lowest - sizeof(u32), writes);
}

/* Of this thread, the program's first: its startup structure is at the top. */
static u64 lowest_of_first(void)
{
	return ALIGN_UP((u64)(startup + 1), PAGE_SIZE) - (PROGRAM_STACK_PAGES - 1) * PAGE_SIZE;
}

static void wait_for_ever(void *argument)
{
	(void)argument;
	(void)thread_sleep(TIME_NEVER);
}

/* Deeper and deeper, in small frames. */
static noinline u64 descend(u64 depth)
{
	volatile u64 frame[16] = { depth };

	if (depth)
		frame[1] = descend(depth - 1);
	return frame[0] + frame[1];
}

static void overflow(void *argument)
{
	const struct uthread *self = argument;

	announce(self->stack_address - PAGE_SIZE, PAGE_SIZE);
	(void)descend(~0UL);
}

static int with_thread(bool overflows)
{
	struct uthread thread;

	must(uthread_start(&thread, overflows ? overflow : wait_for_ever, &thread,
			   THREAD_PRIORITY(8)), "uthread_start");
	if (!overflows)
		return touch_below(thread.stack_address, true);
	wait_for_ever(NULL);
	return 0;
}

int role_fault(const char *name)
{
	if (!strcmp(name, "read below stack"))
		return touch_below(lowest_of_first(), false);
	if (!strcmp(name, "write below stack"))
		return touch_below(lowest_of_first(), true);
	if (!strcmp(name, "thread's stack"))
		return with_thread(false);
	if (!strcmp(name, "overflow"))
		return with_thread(true);
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
		return jump(NOWHERE_CODE);
	if (!strcmp(name, "message page"))
		return jump((u64)message_page());
	fail("unknown misdeed %s", name);
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
	{ "read below stack", FAULT_READ }, { "write below stack", FAULT_WRITE },
	{ "thread's stack", FAULT_WRITE },  { "overflow", FAULT_WRITE },
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
	same(kind, cases[i].kind, "%s: stopped, its kind is told", cases[i].name);
	same(ALIGN_DOWN(address, message.word[1]), message.word[0], "%s: and its address",
	     cases[i].name);
	same(code, PROCESS_CODE_KILLED, "%s: the process has ended by it", cases[i].name);
	child_free(&child);
}

/* Where the others have nothing we have a page to read and write, and one to execute. */
static volatile u64 *map_nowhere(handle_t *data, handle_t *code)
{
	volatile u64 *word;

	*data = create(TYPE_MEMORY, 1);
	*code = create(TYPE_MEMORY, 1);
	must(mem_map(startup->self, *data, NOWHERE, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, NULL),
	     "mem_map");
	must(mem_seal(*code), "mem_seal");
	must(mem_map(startup->self, *code, NOWHERE_CODE, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE,
		     NULL), "mem_map");
	word = (volatile u64 *)NOWHERE;
	*word = MARK;
	return word;
}

static void unmap_nowhere(handle_t data, handle_t code)
{
	must(mem_unmap(startup->self, NOWHERE, 2 * PAGE_SIZE, NULL), "mem_unmap");
	(void)cap_delete(data);
	(void)cap_delete(code);
}

void test_isolation(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), data, code;
	volatile u64 *word = map_nowhere(&data, &code);

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		test_case(i, endpoint);
	same(*word, MARK, "what is at those addresses here is unharmed");
	unmap_nowhere(data, code);
	(void)cap_delete(endpoint);
}
