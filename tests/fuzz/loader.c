// SPDX-License-Identifier: MIT
/*
 * user/lib/loader.c: program_spawn() on any file, with system calls played here.
 * Memory objects have exactly the pages that were asked for, so the sanitizer
 * sees a copy beyond them; what the new process gets must not overlap, must be
 * sealed if it is executable, and nothing may be left after a failure.
 *
 * The first byte tells which call fails (0: none), the rest is the file.
 */
#include "fuzz.h"
#include <lib/elf.h>
#include <veridian/info.h>
#include <veridian/init.h>
#include <veridian/status.h>
#include <veridian/types.h>

/* In the place of <user/syscall.h>. */
#define USER_SYSCALL_H
#define PAGE_SIZE 4096UL
#define TIME_NEVER (~0UL)
#undef ELF_MACHINE_NATIVE
#define ELF_MACHINE_NATIVE ELF_MACHINE_X86_64

typedef u32 handle_t;

#define OBJECTS_MAX 64
#define PAGES_MAX 512UL /* more is "out of memory" */

struct object {
	u64 pages; /* 0: no memory object */
	u8 *bytes;
	bool is_there, is_ours, is_sealed, is_view;
	u64 start, end; /* in the process, 0 if not mapped there */
	u64 flags;
};

static struct object objects[OBJECTS_MAX];
static u32 nr_objects, calls_left;

/* Each call may be the one that fails; 0 calls left means that none will. */
static bool fails(void)
{
	return calls_left && !--calls_left;
}

static struct object *object_of(handle_t handle)
{
	FUZZ_ASSERT(handle && handle < nr_objects && objects[handle].is_there);
	return &objects[handle];
}

static long cap_create(u64 type, u64 argument, u64 *handle)
{
	struct object *object = &objects[nr_objects];

	if (fails() || nr_objects == OBJECTS_MAX || argument > PAGES_MAX)
		return ST_NOMEM;
	*object = (struct object){ .is_there = true, .is_ours = true };
	if (type == TYPE_MEMORY) {
		FUZZ_ASSERT(argument);
		object->pages = argument;
		object->bytes = calloc(argument, PAGE_SIZE);
		FUZZ_ASSERT(object->bytes);
	}
	*handle = nr_objects++;
	return ST_OK;
}

static long cap_copy(handle_t handle, handle_t process, u64 mode, u64 rights, u64 badge, u64 *there)
{
	struct object *object = object_of(handle);

	(void)rights;
	(void)badge;
	object_of(process);
	if (fails())
		return ST_NOMEM;
	if (mode == CAP_GIVE)
		object->is_ours = false;
	if (there)
		*there = handle;
	return ST_OK;
}

static long cap_delete(handle_t handle)
{
	if (handle != HANDLE_NULL)
		object_of(handle)->is_ours = false;
	return ST_OK;
}

static long cap_destroy(handle_t handle)
{
	object_of(handle)->is_ours = false;
	return ST_OK;
}

static void check_overlap(const struct object *object)
{
	for (u32 i = 1; i < nr_objects; i++)
		if (&objects[i] != object)
			FUZZ_ASSERT(!ranges_overlap(object->start, object->end - object->start,
						    objects[i].start,
						    objects[i].end - objects[i].start));
}

/* Where the kernel puts what may lie anywhere. */
#define CHOSEN 0x7f0000000000UL
#define SELF 1 /* handle of our own process */

static long mem_map(handle_t process, handle_t memory, u64 address, u64 size, u64 offset, u64 flags,
		    u64 *result)
{
	struct object *object = object_of(memory);

	object_of(process);
	FUZZ_ASSERT(object->is_ours && size == object->pages * PAGE_SIZE && !offset);
	FUZZ_ASSERT(IS_ALIGNED(address, PAGE_SIZE));
	if (fails())
		return ST_NOMEM;
	if (process == SELF) {
		object->is_view = true;
		*result = (u64)object->bytes;
		return ST_OK;
	}
	FUZZ_ASSERT(!(flags & MAP_EXECUTE) || (object->is_sealed && !(flags & MAP_WRITE)));
	object->start = address ? address : CHOSEN;
	object->end = object->start + size;
	object->flags = flags;
	check_overlap(object);
	if (result)
		*result = object->start;
	return ST_OK;
}

static long mem_unmap(handle_t process, u64 address, u64 size, u64 *unmapped)
{
	(void)unmapped;
	FUZZ_ASSERT(size && IS_ALIGNED(size, PAGE_SIZE));
	for (u32 i = 1; i < nr_objects && process == SELF; i++)
		if ((u64)objects[i].bytes == address)
			objects[i].is_view = false;
	return fails() ? ST_NOMEM : ST_OK;
}

static long mem_seal(handle_t memory)
{
	FUZZ_ASSERT(!object_of(memory)->is_view);
	object_of(memory)->is_sealed = true;
	return fails() ? ST_NORIGHTS : ST_OK;
}

static long thread_create(handle_t process, u64 entry, u64 stack, u64 argument, u64 settings,
			  u64 *thread, u64 *page)
{
	bool is_found = false;

	(void)settings;
	(void)page;
	object_of(process);
	for (u32 i = 1; i < nr_objects; i++)
		if (objects[i].flags & MAP_EXECUTE)
			is_found |= range_within(entry, 1, objects[i].start, objects[i].end);
	FUZZ_ASSERT(is_found);
	FUZZ_ASSERT(stack == argument && IS_ALIGNED(stack, 16));
	return cap_create(TYPE_THREAD, 0, thread);
}

static long thread_resume(handle_t thread)
{
	object_of(thread);
	return fails() ? ST_NOMEM : ST_OK;
}

static long process_set_name(handle_t process, u64 first, u64 second)
{
	(void)first;
	(void)second;
	object_of(process);
	return fails() ? ST_NOMEM : ST_OK;
}

static long process_set_fault(handle_t process, handle_t endpoint)
{
	(void)endpoint;
	return process_set_name(process, 0, 0);
}

static long process_set_watch(handle_t process, handle_t notification, u64 bits)
{
	(void)notification;
	return process_set_name(process, bits, 0);
}

/* Not used by what is tested here. */
static long process_info(handle_t process, u64 what, u64 *first, u64 *second)
{
	(void)what;
	*first = *second = 0;
	return process_set_name(process, 0, 0);
}

static long system_info(handle_t system, u64 what, u64 index, u64 *first, u64 *second)
{
	(void)system;
	(void)what;
	(void)index;
	(void)second;
	*first = 0;
	return ST_OK;
}

static u64 now(void)
{
	return 0;
}

static void sleep_for(u64 nanoseconds)
{
	(void)nanoseconds;
}

static u64 random_bits(void)
{
	return 0x1234;
}

#include LOADER_C

static const struct startup own = { .magic = STARTUP_MAGIC, .self = SELF };
const struct startup *startup = &own;

static void check_end(long status, const struct child *child)
{
	FUZZ_ASSERT((status == ST_OK) == (child->process != HANDLE_NULL));
	for (u32 i = SELF + 1; i < nr_objects; i++) {
		struct object *object = &objects[i];
		bool is_kept = status == ST_OK && (i == child->process || i == child->thread);

		FUZZ_ASSERT(!object->is_ours || is_kept);
		free(object->bytes);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct program program = { .name = "fuzzed", .arg = { "one" } };
	struct child child;
	u8 *file;

	if (!size)
		return 0;
	file = fuzz_copy(data + 1, size - 1);
	objects[SELF] = (struct object){ .is_there = true };
	nr_objects = SELF + 1;
	calls_left = data[0];
	program.file = file;
	program.size = size - 1;
	check_end(program_spawn(&program, &child), &child);
	free(file);
	return 0;
}
