// SPDX-License-Identifier: MIT
/*
 * Isolation: a process that misbehaves is stopped at the deed, with the fault
 * and the address told, and nobody else is harmed.
 */
#include "init.h"

#define KERNEL_ADDRESS 0xffffffff80000000UL
#define ANY 1UL /* the address is not known here */

static const struct deed {
	enum peer_role role;
	u32 fault;
	u64 address;
	const char *name;
} deeds[] = {
	{ PEER_READ_KERNEL, FAULT_READ, KERNEL_ADDRESS, "reading a kernel address" },
	{ PEER_READ_NULL, FAULT_READ, 8, "reading near null" },
	{ PEER_READ_UNMAPPED, FAULT_READ, 0x123456000, "reading where nothing is mapped" },
	{ PEER_WRITE_TEXT, FAULT_WRITE, ANY, "writing to its own text" },
	{ PEER_EXECUTE_DATA, FAULT_EXECUTE, ANY, "executing data" },
	{ PEER_JUMP_KERNEL, FAULT_EXECUTE, KERNEL_ADDRESS, "jumping into the kernel" },
	{ PEER_ILLEGAL, FAULT_INSTRUCTION, ANY, "an illegal instruction" },
};

static void test_deed(const struct deed *deed)
{
	handle_t process;
	u64 code = 0, kind = 0, address = 0, pc = 0;

	if (!check_status(peer_start(deed->role, 0, 0, &process), ST_OK,
			  "start a process that misbehaves"))
		return;
	if (!check(peer_await(process), deed->name))
		return;
	process_info(process, PROCESS_INFO_EXIT, &code, &kind);
	process_info(process, PROCESS_INFO_FAULT, &address, &pc);
	if (kind != deed->fault || (deed->address != ANY && address != deed->address))
		printf("# fault %lu at %#lx, pc %#lx\n", kind, address, pc);
	check(code == PROCESS_CODE_KILLED && kind == deed->fault, "ended by the right fault");
	check(deed->address == ANY ? address != 0 : address == deed->address,
	      "at the right address");
	cap_delete(process);
}

void test_isolation(void)
{
	handle_t process;
	u64 code = 0, kind = 1;

	for (u32 i = 0; i < ARRAY_SIZE(deeds); i++)
		test_deed(&deeds[i]);
	check_status(peer_start(PEER_FORGE, 0, 0, &process), ST_OK,
		     "start a process that forges handles");
	check(peer_await(process) &&
		      process_info(process, PROCESS_INFO_EXIT, &code, &kind) == ST_OK &&
		      code == PEER_EXIT_CODE && kind == FAULT_NONE,
	      "every forged handle is refused");
	cap_delete(process);
	check_status(peer_start(PEER_SPIN, 0, (u8)(nr_cpus() - 1), &process), ST_OK,
		     "start a process that never calls the kernel");
	check_status(cap_destroy(process), ST_OK, "it can be killed");
}
