// SPDX-License-Identifier: MIT
/*
 * Processes that misbehave, one a misdeed.  Each first sends the address it is
 * about to touch, so that the report of the kernel can be compared with it.
 */
#include "demo.h"

#define KERNEL_ADDRESS 0xffffffff80001000UL
#define UNMAPPED_ADDRESS 0x3ffff0000UL
#define REPAIRED 0x600df00dUL
#define FORGED_EXIT 3
#define GUESSES 4000 /* each tried by three calls */

static u64 data_word = 0;

static void will_touch(u64 address)
{
	struct message message = { .words = 1, .word = { address } };

	must(ipc_send(startup->extra[0], &message), "ipc_send");
}

static int read_at(u64 address)
{
	will_touch(address);
	return (int)*(volatile u64 *)address;
}

static int write_at(u64 address)
{
	will_touch(address);
	*(volatile u32 *)address = 0;
	return 0;
}

static int jump_to(u64 address)
{
	will_touch(address);
	((void (*)(void))address)();
	return 0;
}

/* Every slot a handle can name, but for those we hold: nothing may be found. */
static int forge(void)
{
	u64 info, badge, held = 0, found = 0, handle = 0;
	const void *file;
	size_t size;

	will_touch(0);
	/* What was lent works, without any right on the machine. */
	if (archive_find(startup->arg[0], &file, &size))
		return 1;
	for (u64 i = 0; cap_next(i, &handle) == ST_OK; i = HANDLE_INDEX(handle) + 1)
		held++;
	for (u64 i = 0; i < GUESSES; i++) {
		handle_t guess = (handle_t)random_bits();

		found += cap_inspect(guess, &info, &badge) == ST_OK;
		found += system_power_off(guess, 0) == ST_OK;
		found += mem_map(guess, guess, 0, PAGE_SIZE, 0, MAP_READ, NULL) == ST_OK;
	}
	return held > 0 && !found ? FORGED_EXIT : 1;
}

/* The startup structure lies on the highest page of the stack. */
static u64 stack_guard(void)
{
	return ALIGN_DOWN((u64)startup, PAGE_SIZE) - (PROGRAM_STACK_PAGES - 1) * PAGE_SIZE;
}

int role_misdeed(const char *name)
{
	if (!strcmp(name, "kernel-read"))
		return read_at(KERNEL_ADDRESS);
	if (!strcmp(name, "unmapped-read"))
		return read_at(UNMAPPED_ADDRESS);
	if (!strcmp(name, "text-write"))
		return write_at((u64)role_misdeed);
	if (!strcmp(name, "stack-overrun"))
		return write_at(stack_guard());
	if (!strcmp(name, "data-execute"))
		return jump_to((u64)&data_word);
	if (!strcmp(name, "kernel-jump"))
		return jump_to(KERNEL_ADDRESS);
	if (!strcmp(name, "forge"))
		return forge();
	if (!strcmp(name, "repair"))
		return read_at(UNMAPPED_ADDRESS) == (int)REPAIRED ? 0 : 1;
	fail("unknown misdeed %s", name);
}

static const struct {
	const char *name, *text;
	u64 kind;
} misdeeds[] = {
	{ "kernel-read", "reads a kernel address", FAULT_READ },
	{ "unmapped-read", "reads where another process has memory and it has none", FAULT_READ },
	{ "text-write", "writes to its own text", FAULT_WRITE },
	{ "stack-overrun", "runs over the end of its stack", FAULT_WRITE },
	{ "data-execute", "executes data", FAULT_EXECUTE },
	{ "kernel-jump", "jumps into the kernel", FAULT_EXECUTE },
};

static const char *fault_name(u64 kind)
{
	static const char *const names[] = {
		"none", "read", "write", "execute", "alignment", "instruction", "arithmetic",
		"breakpoint", "other",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static void show_misdeed(u32 i, handle_t endpoint)
{
	struct message message = { 0 };
	struct child child;
	u64 kind, address = 0, pc = 0;

	if (!step(spawn_role("misdeed", misdeeds[i].name, endpoint, HANDLE_NULL, &child) == ST_OK,
		  "start a process that %s", misdeeds[i].text))
		return;
	must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
	(void)exit_of(&child, &kind);
	(void)process_info(child.process, PROCESS_INFO_FAULT, &address, &pc);
	step(kind == misdeeds[i].kind && address == message.word[0],
	     "it was stopped: %s fault at %#lx (expected %s at %#lx), pc %#lx", fault_name(kind),
	     address, fault_name(misdeeds[i].kind), message.word[0], pc);
	child_free(&child);
}

/* Memory of ours at the address the misbehaving process tries: its own space has none. */
static handle_t map_own(volatile u64 **word)
{
	handle_t memory = create(TYPE_MEMORY, 1);

	must(mem_map(startup->self, memory, UNMAPPED_ADDRESS, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     NULL), "mem_map");
	*word = (volatile u64 *)UNMAPPED_ADDRESS;
	**word = REPAIRED;
	return memory;
}

void show_misdeeds(void)
{
	handle_t endpoint = create(TYPE_ENDPOINT, 0), memory;
	struct message message = { 0 };
	struct child child;
	volatile u64 *word;
	u64 fault;

	printf("Processes that misbehave\n");
	memory = map_own(&word);
	for (u32 i = 0; i < ARRAY_SIZE(misdeeds); i++)
		show_misdeed(i, endpoint);
	if (spawn_role("misdeed", "forge", endpoint, HANDLE_NULL, &child) == ST_OK) {
		must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
		step(exit_of(&child, &fault) == FORGED_EXIT, "12,000 forged handles are refused");
		child_free(&child);
	}
	step(*word == REPAIRED, "this process's memory is unharmed");
	(void)mem_unmap(startup->self, UNMAPPED_ADDRESS, PAGE_SIZE, NULL);
	(void)cap_delete(memory);
	(void)cap_delete(endpoint);
}

/* Serve one fault: put a page where it is missing, let the thread try again. */
static bool repair(handle_t faults, handle_t process)
{
	handle_t reply = create(TYPE_REPLY, 0), memory = create(TYPE_MEMORY, 1);
	struct message message = { 0 };
	u64 mine, kind, address;
	long status;

	must(ipc_receive(faults, reply, &message), "ipc_receive");
	kind = message.label;
	address = message.word[FAULT_WORD_ADDRESS];
	must(mem_map(startup->self, memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &mine),
	     "mem_map");
	*(u64 *)mine = REPAIRED;
	status = mem_map(process, memory, ALIGN_DOWN(address, PAGE_SIZE), PAGE_SIZE, 0, MAP_READ,
			 NULL);
	message = (struct message){ .label = FAULT_REPLY_RETRY };
	if (status == ST_OK)
		status = ipc_reply(reply, &message);
	(void)cap_delete(reply);
	return status == ST_OK && kind == FAULT_READ && address == UNMAPPED_ADDRESS;
}

void show_repair(void)
{
	handle_t faults = create(TYPE_ENDPOINT, 0), endpoint = create(TYPE_ENDPOINT, 0);
	struct message message = { 0 };
	struct child child;
	u64 fault;

	printf("A fault that a handler repairs\n");
	if (!step(spawn_role("misdeed", "repair", endpoint, faults, &child) == ST_OK,
		  "start a process whose faults come to this one"))
		return;
	must(ipc_receive(endpoint, HANDLE_NULL, &message), "ipc_receive");
	step(repair(faults, child.process), "the fault message came, a page was put there");
	step(exit_of(&child, &fault) == 0 && !fault, "the process went on and ended by itself");
	child_free(&child);
	(void)cap_delete(faults);
	(void)cap_delete(endpoint);
}
