// SPDX-License-Identifier: MIT
/*
 * What random calls are made with: handles out of pools that all the threads
 * share, mostly right and sometimes wrong, and arguments at and beyond their
 * limits.  The pools hold processes without programs, whose threads start
 * nowhere.
 */
#include "fuzz.h"

#define POOL 6UL
#define HIGH 0x2000000000UL
#define LARGEST_INDEX 0xfffffUL

static struct {
	handle_t pool[TYPE_MAX + 1][POOL];
	/* at the greatest depth, and the first one of all above it */
	handle_t deep[TYPE_MAX + 1], first[TYPE_MAX + 1];
	handle_t ended_process, ended_thread;
	u64 lines, cpus;
	u32 first_cpu, width; /* where the threads are for now */
} draw;

u64 fuzz_random(struct fuzzer *fuzzer)
{
	/* xorshift: fast, and the seed is told */
	fuzzer->random ^= fuzzer->random << 13;
	fuzzer->random ^= fuzzer->random >> 7;
	fuzzer->random ^= fuzzer->random << 17;
	return fuzzer->random;
}

bool fuzz_one_in(struct fuzzer *fuzzer, u64 n)
{
	return fuzz_random(fuzzer) % n == 0;
}

static u64 any_cpu(struct fuzzer *fuzzer)
{
	return fuzz_random(fuzzer) % draw.cpus;
}

/* Seldom on all: a computer with fewer processors lets them spin for locks whose holder does not run. */
void fuzz_choose_cpus(struct fuzzer *fuzzer)
{
	static const u8 widths[] = { 1, 2, 2, 2, 2, 2, 2, CONFIG_NR_CPUS };
	u64 width = widths[fuzz_random(fuzzer) % ARRAY_SIZE(widths)];

	if (fuzz_is_broken())
		return;
	__atomic_store_n(&draw.first_cpu, (u32)any_cpu(fuzzer), __ATOMIC_RELAXED);
	__atomic_store_n(&draw.width, (u32)MIN(width, draw.cpus), __ATOMIC_RELAXED);
}

u64 fuzz_cpu(struct fuzzer *fuzzer)
{
	u64 offset = fuzz_random(fuzzer) % __atomic_load_n(&draw.width, __ATOMIC_RELAXED);

	return (__atomic_load_n(&draw.first_cpu, __ATOMIC_RELAXED) + offset) % draw.cpus;
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

static handle_t fresh(struct fuzzer *fuzzer, u32 type)
{
	u64 handle = HANDLE_NULL, size = type == TYPE_MEMORY ? 1 + fuzz_random(fuzzer) % 4 : 0;

	if (type == TYPE_THREAD)
		(void)thread_create(fuzz_handle(fuzzer, TYPE_PROCESS), 0x10000, 0x10000, 0,
				    THREAD_PRIORITY(3) | THREAD_CPU(any_cpu(fuzzer)), &handle,
				    NULL);
	else if (type == TYPE_IRQ)
		(void)irq_create(startup->extra[0], fuzz_random(fuzzer) % draw.lines, &handle);
	else if (type == TYPE_IOPORT)
		(void)ioport_create(startup->extra[0], 0x2e8, 8, &handle);
	else if (type != TYPE_SYSTEM)
		(void)cap_create(type, size, &handle);
	return (handle_t)handle;
}

static handle_t *place(struct fuzzer *fuzzer, u32 type)
{
	return &draw.pool[type][fuzz_random(fuzzer) % POOL];
}

static void discard(handle_t handle)
{
	if (handle != HANDLE_NULL)
		(void)cap_delete(handle);
}

void fuzz_keep(struct fuzzer *fuzzer, u32 type, u64 handle)
{
	/* Each handle in the pools is taken out by one thread only. */
	discard(__atomic_exchange_n(place(fuzzer, type), (handle_t)handle, __ATOMIC_RELAXED));
}

handle_t fuzz_handle(struct fuzzer *fuzzer, u32 type)
{
	handle_t handle;

	if (type == TYPE_SYSTEM)
		return startup->extra[0];
	handle = __atomic_load_n(place(fuzzer, type), __ATOMIC_RELAXED);
	if (fuzz_one_in(fuzzer, 2) && !is_usable(type, handle)) {
		handle = fresh(fuzzer, type);
		if (handle != HANDLE_NULL)
			fuzz_keep(fuzzer, type, handle);
	}
	return handle;
}

handle_t fuzz_later(struct fuzzer *fuzzer, handle_t handle)
{
	u64 at = fuzz_random(fuzzer) % FUZZ_LITTER;

	if (fuzzer->litter[at] != HANDLE_NULL) {
		fuzzer->stale = fuzzer->litter[at];
		discard(fuzzer->stale);
	}
	fuzzer->litter[at] = handle;
	return handle;
}

/* With half of the rights. */
static handle_t weakened(struct fuzzer *fuzzer, u32 type)
{
	u64 child = HANDLE_NULL;

	(void)cap_derive(fuzz_handle(fuzzer, type), fuzz_random(fuzzer) & RIGHTS_ALL, 0, &child);
	return fuzz_later(fuzzer, (handle_t)child);
}

/* Not for calls that take any type: these would end them. */
static handle_t ended_or_deep(struct fuzzer *fuzzer, u32 type)
{
	if (type == TYPE_PROCESS)
		return draw.ended_process;
	if (type == TYPE_THREAD)
		return draw.ended_thread;
	return draw.deep[type] ? draw.deep[type] : fuzz_handle(fuzzer, type);
}

static u32 any_type(struct fuzzer *fuzzer)
{
	return 1 + (u32)(fuzz_random(fuzzer) % (HAS_PORTS ? TYPE_IOPORT : TYPE_IRQ));
}

handle_t fuzz_some_handle(struct fuzzer *fuzzer, u32 type)
{
	bool is_any = type == TYPE_NONE;

	if (is_any)
		type = any_type(fuzzer);
	switch (fuzz_random(fuzzer) % 64) {
	case 0:
		return HANDLE_NULL;
	case 1:
		return (handle_t)fuzz_random(fuzzer) | 1U << 24;
	case 2:
		return fuzzer->stale;
	case 3:
	case 4:
		/* Whatever has become of it. */
		return __atomic_load_n(place(fuzzer, type), __ATOMIC_RELAXED);
	case 5:
	case 6:
		return fuzz_handle(fuzzer, any_type(fuzzer));
	case 7:
	case 8:
	case 9:
	case 10:
		return weakened(fuzzer, type);
	case 11:
	case 12:
	case 13:
		return is_any ? fuzz_handle(fuzzer, type) : ended_or_deep(fuzzer, type);
	default:
		return fuzz_handle(fuzzer, type);
	}
}

static handle_t thread_that_ended(void)
{
	u64 thread;

	must(thread_create(startup->self, (u64)blob_thread_exit, 0, 0,
			   THREAD_DEFAULT | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	if (!await_state((handle_t)thread, THREAD_STATE_DEAD))
		fail("a thread does not end");
	return (handle_t)thread;
}

void fuzz_draw_deep(void)
{
	static const u8 types[] = { TYPE_ENDPOINT, TYPE_NOTIFICATION, TYPE_MEMORY };
	u64 info, badge, handle;
	handle_t root;

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		handle_t *deep = &draw.deep[types[i]], *first = &draw.first[types[i]];

		if (cap_inspect(*deep, &info, &badge) == ST_OK)
			continue;
		discard(*first);
		*first = HANDLE_NULL;
		if (cap_create(types[i], types[i] == TYPE_MEMORY, &handle) != ST_OK)
			continue;
		*first = (handle_t)handle;
		*deep = deepest(*first, &root);
	}
}

void fuzz_draw_start(void)
{
	u64 unused;

	must(system_info(startup->extra[0], INFO_IRQS, 0, &draw.lines, &unused), "system_info");
	must(system_info(startup->extra[0], INFO_CPUS, 0, &draw.cpus, &unused), "system_info");
	draw.width = 1;
	fuzz_draw_deep();
	draw.ended_process = ended_process();
	draw.ended_thread = thread_that_ended();
}

/* ---- arguments ---- */

/* Not where a wild value would wait for ever, end the machine or fill the console. */
static bool may_be_wild(enum fuzz_kind kind)
{
	return kind != K_BAD_CODE && kind != K_LENGTH && kind != K_DEADLINE;
}

/* No thread of the pools ever gets far, so any priority is harmless. */
static u64 settings(struct fuzzer *fuzzer)
{
	return THREAD_PRIORITY(fuzz_random(fuzzer) % (THREAD_MAX_PRIORITY + 1)) |
	       THREAD_CPU(fuzz_one_in(fuzzer, 16) ? draw.cpus : any_cpu(fuzzer));
}

static u64 device(struct fuzzer *fuzzer)
{
	if (fuzz_one_in(fuzzer, 8))
		return KERNEL_DEVICE;
	return 0xf0000000UL + fuzz_random(fuzzer) % 256 * PAGE_SIZE;
}

u64 fuzz_argument(struct fuzzer *fuzzer, enum fuzz_kind kind)
{
	u64 random = fuzz_random(fuzzer);

	if (may_be_wild(kind) && fuzz_one_in(fuzzer, 16))
		return fuzz_one_in(fuzzer, 2) ? random : ~0UL << random % 64;
	switch (kind) {
	case K_DEADLINE:
		return now() + random % (fuzz_one_in(fuzzer, 8) ? MILLISECOND / 4 : 1000);
	case K_ENTRY:
		return 0x10000 + random % HIGH;
	case K_SETTINGS:
		return settings(fuzzer) | (random % 2 ? THREAD_NO_PAGE : 0);
	case K_SET:
		return settings(fuzzer);
	case K_SMALL:
		return random % 4;
	case K_TYPE:
		return TYPE_ENDPOINT + random % 3;
	case K_RIGHTS:
		return random % 8 ? RIGHTS_ALL : random >> 8 & RIGHTS_ALL;
	case K_MODE:
		return random % 32 ? CAP_LEND : CAP_GIVE;
	case K_INDEX:
		return random % 8 ? random % 64 : LARGEST_INDEX - random % 256;
	case K_ADDRESS:
		return random % 4 ? (random & 4 ? 0 : HIGH) : fuzzer->mapped_address;
	case K_MAPPED:
		return fuzzer->mapped_address + (random % 16 ? 0 : PAGE_SIZE);
	case K_PAGE:
		return PAGE_SIZE * (random % 8 ? 1 : 1 + (random >> 8) % 3);
	case K_FLAGS:
		return random % 2 ? MAP_READ : 1 + (random >> 8) % 5;
	case K_ONE:
		return 1;
	case K_DEVICE:
		return device(fuzzer);
	case K_LINE:
		return random % draw.lines;
	case K_PORT:
		return random % 8 ? 0x2e8 : 0x20;
	case K_EIGHT:
		return 1 + random % 8;
	case K_WIDTH:
		return 1UL << random % 3;
	case K_LENGTH:
		return random % 4 ? 0 : 33 + random % 1000; /* what is logged can be seen */
	case K_BAD_CODE:
		return 64 + (random >> 8);
	case K_NONE:
	case K_ZERO:
		return 0;
	default:
		return random;
	}
}
