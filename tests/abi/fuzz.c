// SPDX-License-Identifier: MIT
/*
 * Hostile calls: random, but aware of types.  A process of its own calls with
 * handles out of pools, mostly right and sometimes wrong, and with arguments
 * at and beyond their limits, until every call has succeeded WANTED times.
 * Its pools hold processes without programs, whose threads start nowhere.
 */
#include "fuzz.h"
#include <generated/syscall_names.h>
#include <lib/string.h>
#include <user/protocol.h>

#define POOL 6
#define HIGH 0x2000000000UL

static struct {
	handle_t pool[TYPE_MAX + 1][POOL];
	u32 at_start[256];
	handle_t mapped;       /* process and address of the last success of mem_map */
	u64 mapped_address, lines;
	u64 random;
	u64 issued; /* random calls so far */
	handle_t system; /* lent to the process that makes them */
} fuzz;

u64 fuzz_random(void)
{
	/* xorshift: fast, and the seed is told */
	fuzz.random ^= fuzz.random << 13;
	fuzz.random ^= fuzz.random >> 7;
	fuzz.random ^= fuzz.random << 17;
	return fuzz.random;
}

static bool one_in(u64 n)
{
	return fuzz_random() % n == 0;
}

static u32 successes(u32 call)
{
	return tally_count(call, ST_OK) - fuzz.at_start[call];
}

/* ---- handles ---- */

static bool is_usable(u32 type, handle_t handle)
{
	u64 info, badge, state = 0, other;

	if (handle == HANDLE_NULL || cap_inspect(handle, &info, &badge) != ST_OK ||
	    CAP_INFO_TYPE(info) != type || CAP_INFO_DEPTH(info) > 200)
		return false;
	if (type == TYPE_PROCESS &&
	    process_info(handle, PROCESS_INFO_STATE, &state, &other) == ST_OK)
		return state < PROCESS_STATE_ENDING;
	if (type == TYPE_THREAD && thread_info(handle, THREAD_INFO_STATE, &state, &other) == ST_OK)
		return state != THREAD_STATE_DEAD;
	return true;
}

static handle_t fresh(u32 type)
{
	u64 handle = HANDLE_NULL;

	if (type == TYPE_THREAD)
		(void)thread_create(fuzz_handle(TYPE_PROCESS), 0x10000, 0x10000, 0,
				    THREAD_PRIORITY(3), &handle, NULL);
	else if (type == TYPE_IRQ)
		(void)irq_create(startup->extra[0], fuzz_random() % fuzz.lines, &handle);
	else if (type == TYPE_IOPORT)
		(void)ioport_create(startup->extra[0], 0x2e8, 8, &handle);
	else if (type != TYPE_SYSTEM)
		(void)cap_create(type, type == TYPE_MEMORY ? 1 + fuzz_random() % 4 : 0, &handle);
	return (handle_t)handle;
}

handle_t fuzz_handle(u32 type)
{
	handle_t *place = &fuzz.pool[type][fuzz_random() % POOL];

	if (type == TYPE_SYSTEM)
		return startup->extra[0];
	if (!is_usable(type, *place)) {
		if (*place)
			(void)cap_delete(*place);
		*place = fresh(type);
	}
	return *place;
}

static void keep(u32 type, u64 handle)
{
	handle_t *place = &fuzz.pool[type][fuzz_random() % POOL];

	if (*place)
		(void)cap_delete(*place);
	*place = (handle_t)handle;
}

/* Right most of the time; else of another type, made up, or null. */
static handle_t some_handle(u32 type)
{
	if (type == TYPE_NONE)
		type = 1 + (u32)(fuzz_random() % 8);
	if (!one_in(12))
		return fuzz_handle(type);
	if (one_in(3))
		return (handle_t)fuzz_random() | 1U << 24;
	return one_in(2) ? HANDLE_NULL : fuzz_handle(TYPE_ENDPOINT);
}

/* ---- arguments ---- */

enum kind {
	K_NONE,
	K_ANY,
	K_BITS,
	K_DEADLINE,
	K_ENTRY,
	K_SETTINGS,
	K_SET,
	K_SMALL,
	K_TYPE,
	K_RIGHTS,
	K_MODE,
	K_INDEX,
	K_ADDRESS,
	K_MAPPED,
	K_PAGE,
	K_ZERO,
	K_FLAGS,
	K_READ,
	K_ONE,
	K_DEVICE,
	K_LINE,
	K_PORT,
	K_EIGHT,
	K_WIDTH,
	K_LENGTH,
	K_BAD_CODE,
};

static u64 argument(enum kind kind)
{
	u64 random = fuzz_random();

	/* Not where a wild value would wait for ever, end the machine or fill the console. */
	if (one_in(16) && kind != K_BAD_CODE && kind != K_LENGTH && kind != K_DEADLINE)
		return one_in(2) ? random : ~0UL << random % 64;
	switch (kind) {
	case K_DEADLINE:
		return now() + random % 1000;
	case K_ENTRY:
		return 0x10000 + random % HIGH;
	case K_SETTINGS:
		return THREAD_PRIORITY(random % 4) | (one_in(2) ? THREAD_NO_PAGE : 0);
	case K_SET:
		return THREAD_PRIORITY(random % 4);
	case K_SMALL:
		return random % 4;
	case K_TYPE:
		return TYPE_ENDPOINT + random % 3;
	case K_RIGHTS:
		return one_in(8) ? random & RIGHTS_ALL : RIGHTS_ALL;
	case K_MODE:
		return one_in(32) ? CAP_GIVE : CAP_LEND;
	case K_INDEX:
		return random % 64;
	case K_ADDRESS:
		return one_in(2) ? 0 : HIGH + random % 64 * PAGE_SIZE;
	case K_MAPPED:
		return fuzz.mapped_address;
	case K_PAGE:
		return PAGE_SIZE;
	case K_FLAGS:
		return 1 + random % 3;
	case K_READ:
		return MAP_READ;
	case K_ONE:
		return 1;
	case K_DEVICE:
		return 0xf0000000UL + random % 256 * PAGE_SIZE;
	case K_LINE:
		return random % fuzz.lines;
	case K_PORT:
		return 0x2e8;
	case K_EIGHT:
		return 1 + random % 8;
	case K_WIDTH:
		return 1UL << random % 3;
	case K_LENGTH:
		return one_in(4) ? 33 + random % 1000 : 0; /* what is logged can be seen */
	case K_BAD_CODE:
		return 64 + (random >> 8);
	case K_NONE:
	case K_ZERO:
		return 0;
	default:
		return random;
	}
}

/* ---- the calls, but for IPC ---- */

static const struct spec {
	u8 call, first, second, result; /* types; TYPE_NONE as first: any */
	u8 kind[5];
} specs[] = {
	{SYS_null, 0, 0, 0, {0}},
	{SYS_notify_signal, TYPE_NOTIFICATION, 0, 0, {K_BITS}},
	{SYS_notify_wait, TYPE_NOTIFICATION, 0, 0, {K_DEADLINE}},
	{SYS_notify_poll, TYPE_NOTIFICATION, 0, 0, {0}},
	{SYS_notify_bind, TYPE_THREAD, TYPE_NOTIFICATION, 0, {0}},
	{SYS_thread_yield, 0, 0, 0, {0}},
	{SYS_thread_sleep, 0, 0, 0, {K_DEADLINE}},
	{SYS_thread_create, TYPE_PROCESS, 0, TYPE_THREAD, {K_ENTRY, K_ENTRY, K_ANY, K_SETTINGS}},
	{SYS_thread_resume, TYPE_THREAD, 0, 0, {0}},
	{SYS_thread_suspend, TYPE_THREAD, 0, 0, {0}},
	{SYS_thread_interrupt, TYPE_THREAD, 0, 0, {0}},
	{SYS_thread_set, TYPE_THREAD, 0, 0, {K_SET}},
	{SYS_thread_info, TYPE_THREAD, 0, 0, {K_SMALL}},
	{SYS_thread_self, 0, 0, 0, {0}},
	{SYS_thread_set_tls, 0, 0, 0, {K_ENTRY}},
	{SYS_cap_create, 0, 0, TYPE_ENDPOINT, {K_TYPE, K_ZERO}},
	{SYS_cap_derive, TYPE_NOTIFICATION, 0, TYPE_NOTIFICATION, {K_RIGHTS, K_ZERO}},
	{SYS_cap_derive, TYPE_MEMORY, 0, TYPE_MEMORY, {K_RIGHTS, K_BITS}},
	{SYS_cap_copy, TYPE_ENDPOINT, TYPE_PROCESS, 0, {K_MODE, K_RIGHTS, K_ZERO}},
	{SYS_cap_delete, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_revoke, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_destroy, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_inspect, TYPE_NONE, 0, 0, {0}},
	{SYS_cap_next, 0, 0, 0, {K_INDEX}},
	{SYS_process_info, TYPE_PROCESS, 0, 0, {K_SMALL}},
	{SYS_process_set_name, TYPE_PROCESS, 0, 0, {K_ANY, K_ANY}},
	{SYS_process_set_fault, TYPE_PROCESS, TYPE_ENDPOINT, 0, {0}},
	{SYS_process_set_watch, TYPE_PROCESS, TYPE_NOTIFICATION, 0, {K_BITS}},
	{SYS_mem_map, TYPE_PROCESS, TYPE_MEMORY, 0, {K_ADDRESS, K_PAGE, K_ZERO, K_FLAGS}},
	{SYS_mem_unmap, TYPE_PROCESS, 0, 0, {K_ADDRESS, K_PAGE}},
	{SYS_mem_protect, TYPE_PROCESS, 0, 0, {K_MAPPED, K_PAGE, K_READ}},
	{SYS_mem_seal, TYPE_MEMORY, 0, 0, {0}},
	{SYS_mem_info, TYPE_MEMORY, 0, 0, {K_SMALL, K_ZERO}},
	{SYS_mem_create_device, TYPE_SYSTEM, 0, TYPE_MEMORY, {K_DEVICE, K_ONE, K_ZERO}},
	{SYS_irq_create, TYPE_SYSTEM, 0, TYPE_IRQ, {K_LINE}},
	{SYS_irq_bind, TYPE_IRQ, TYPE_NOTIFICATION, 0, {K_BITS}},
	{SYS_irq_ack, TYPE_IRQ, 0, 0, {0}},
	{SYS_ioport_create, TYPE_SYSTEM, 0, TYPE_IOPORT, {K_PORT, K_EIGHT}},
	{SYS_ioport_in, TYPE_IOPORT, 0, 0, {K_ZERO, K_WIDTH}},
	{SYS_ioport_out, TYPE_IOPORT, 0, 0, {K_ZERO, K_WIDTH, K_ANY}},
	{SYS_system_power_off, TYPE_SYSTEM, 0, 0, {K_BAD_CODE}},
	{SYS_system_log, TYPE_SYSTEM, 0, 0, {K_LENGTH}},
	{SYS_system_info, TYPE_SYSTEM, 0, 0, {K_EIGHT, K_ZERO}},
	{SYS_random_get, 0, 0, 0, {0}},
	{SYS_clock_now, 0, 0, 0, {0}},
};

/* Calls without a handle are few, and any type means one of them all. */
static bool takes_handle(const struct spec *spec)
{
	return spec->first || (spec->call >= SYS_cap_delete && spec->call <= SYS_cap_inspect);
}

static void try_spec(const struct spec *spec)
{
	u64 handles = takes_handle(spec) ? some_handle(spec->first) : 0;
	u64 arg[5], v0 = 0, v1 = 0;
	long status;

	if (spec->call == SYS_mem_protect && !one_in(8))
		handles = fuzz.mapped;
	if (spec->second)
		handles |= (u64)some_handle(spec->second) << 32;
	for (u32 i = 0; i < 5; i++)
		arg[i] = spec->kind[i] ? argument(spec->kind[i]) : 0;
	fuzz.issued++;
	status = __syscall(spec->call, handles, arg[0], arg[1], arg[2], arg[3], arg[4], &v0, &v1);
	if (status != ST_OK)
		return;
	if (spec->call == SYS_mem_map) {
		fuzz.mapped = (handle_t)handles;
		fuzz.mapped_address = v0;
	}
	if (spec->call == SYS_cap_create)
		keep((u32)arg[0], v0);
	else if (spec->result)
		keep(spec->result, v0);
}

/* ---- those that do not return ---- */

static void end_thread(void)
{
	u64 thread;

	if (thread_create(startup->self, (u64)blob_thread_exit, 0, 0,
			  THREAD_PRIORITY(40) | THREAD_NO_PAGE | THREAD_START, &thread,
			  NULL) != ST_OK)
		return;
	while (is_usable(TYPE_THREAD, (handle_t)thread))
		(void)thread_yield();
	(void)tally(SYS_thread_exit, ST_OK);
	(void)cap_delete((handle_t)thread);
}

static void end_process(void)
{
	(void)cap_delete(ended_process());
	(void)tally(SYS_process_exit, ST_OK);
}

/* ---- until all have succeeded ---- */

static bool is_wanted(u32 call)
{
	/* The one success of power_off is the last call of all. */
	if (call == SYS_system_power_off)
		return false;
	return HAS_PORTS ||
	       (call != SYS_ioport_create && call != SYS_ioport_in && call != SYS_ioport_out);
}

static bool is_lacking(u32 call)
{
	return is_wanted(call) && successes(call) < FUZZ_WANTED;
}

/* Return: how many calls have not succeeded often enough. */
static u32 round(void)
{
	u32 lacking = 0;

	for (u32 i = 0; i < ARRAY_SIZE(specs); i++) {
		u32 times = is_lacking(specs[i].call) ? 16 : 1;

		lacking += is_lacking(specs[i].call);
		while (times--)
			try_spec(&specs[i]);
	}
	for (u32 call = SYS_ipc_call; call <= SYS_ipc_reply; call++)
		lacking += is_lacking(call);
	fuzz.issued += fuzz_ipc(is_lacking(SYS_ipc_call) || is_lacking(SYS_ipc_reply) ? 8 : 1);
	if (is_lacking(SYS_thread_exit))
		end_thread();
	if (is_lacking(SYS_process_exit))
		end_process();
	return lacking + is_lacking(SYS_thread_exit) + is_lacking(SYS_process_exit);
}

/* Until each call has succeeded often enough, and @calls have been issued. */
int role_fuzz(const char *calls)
{
	u64 wanted = 0, unused, end;

	(void)string_to_u64(calls, &wanted);
	end = now() + (wanted ? FUZZ_LONGEST : FUZZ_TIME);
	fuzz.random = random_bits() | 1;
	printf("# fuzz: seed %#lx\n", fuzz.random);
	must(system_info(startup->extra[0], INFO_IRQS, 0, &fuzz.lines, &unused), "system_info");
	for (u32 call = 0; call < 256; call++)
		fuzz.at_start[call] = tally_count(call, ST_OK);
	fuzz_ipc_start();
	while (round() || fuzz.issued < wanted)
		if (now() > end)
			break;
	printf("# fuzz: %lu random calls\n", fuzz.issued);
	for (u32 call = 0; call < 128; call++)
		if (syscall_names[call] && is_lacking(call))
			printf("# fuzz: %s succeeded only %u times\n", syscall_names[call],
			       successes(call));
	return round() || fuzz.issued < wanted;
}

static void print_tally(void)
{
	for (u32 call = 0; call < 128; call++) {
		u32 refused = 0;

		if (!syscall_names[call])
			continue;
		for (long status = ST_LAST; status < 0; status++)
			refused += tally_count(call, status);
		printf("# %-18s %7u done %7u refused\n", syscall_names[call],
		       tally_count(call, ST_OK), refused);
	}
}

void fuzz_start(const char *calls, struct child *child)
{
	fuzz.system = weaker(startup->system, RIGHTS_ALL & ~RIGHT_POWER);
	must(spawn_role("fuzz", calls, fuzz.system, child), "spawn_role");
}

void fuzz_end(struct child *child)
{
	u64 code = 1, kind = 0, address = 0, pc = 0;

	WANT(process_info(child->process, PROCESS_INFO_EXIT, &code, &kind), ST_OK);
	(void)process_info(child->process, PROCESS_INFO_FAULT, &address, &pc);
	if (kind)
		printf("# fuzz: fault at %#lx, pc %#lx\n", address, pc);
	print_tally();
	check(code == 0 && !kind, "random calls: each succeeded %u times (exit %lu, fault %lu)",
	      FUZZ_WANTED, code, kind);
	child_free(child);
	(void)cap_delete(fuzz.system);
}

void test_fuzz(void)
{
	volatile u64 *word;
	struct child child;
	handle_t memory, nobody;

	word = memory_new(1, &memory);
	if (!word)
		fail("no memory");
	*word = 0x5eed;
	fuzz_start("0", &child);
	WANT(program_wait(child.process, FUZZ_TIME + PATIENCE), ST_OK);
	fuzz_end(&child);
	check(*word == 0x5eed && (is_first_process() ||
				  name_lookup("nobody.has.this", &nobody) == ST_NOTFOUND),
	      "this process and the name server are unharmed");
	memory_free((void *)word, 1, memory);
}
