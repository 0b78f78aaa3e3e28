// SPDX-License-Identifier: MIT
/*
 * Processes and threads out of small calls: the loader is ordinary user code.
 *
 * A segment becomes a memory object that is mapped here, filled, unmapped,
 * sealed if it is code, and mapped there.  On any failure the process is
 * destroyed, which gives back everything that was put into it.
 */
#include <lib/elf.h>
#include <lib/string.h>
#include <user/system.h>

#define STACK_PAGES 16UL
#define BASE 0x2000000UL
#define BASE_BITS 14

long map_new(handle_t self, u64 pages, handle_t *memory, void **address)
{
	u64 handle, place;
	long status = cap_create(TYPE_MEMORY, pages, &handle);

	if (status != ST_OK)
		return status;
	status = mem_map(self, (handle_t)handle, 0, pages * PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
			 &place);
	if (status != ST_OK) {
		cap_delete((handle_t)handle);
		return status;
	}
	*memory = (handle_t)handle;
	*address = (void *)place;
	return ST_OK;
}

static u32 segment_flags(const struct elf_segment *segment)
{
	return MAP_READ | (segment->can_write ? MAP_WRITE : 0) |
	       (segment->can_execute ? MAP_EXECUTE : 0);
}

/* Make the memory of a segment. */
static long fill(handle_t self, const struct elf_segment *segment, const char *file, u64 pages,
		 handle_t *memory)
{
	u64 skew = segment->address % PAGE_SIZE;
	void *place;
	long status = map_new(self, pages, memory, &place);

	if (status != ST_OK)
		return status;
	memcpy((char *)place + skew, file + segment->offset, segment->file_size);
	status = mem_unmap(self, (u64)place, pages * PAGE_SIZE, NULL);
	if (status == ST_OK && segment->can_execute)
		status = mem_seal(*memory);
	if (status != ST_OK)
		cap_delete(*memory);
	return status;
}

/* The memory of a process while it is made; given to it in the end. */
struct parts {
	handle_t memory[ELF_MAX_SEGMENTS + 1];
	u32 count;
};

static long load(handle_t self, handle_t process, const struct elf_image *image, const char *file,
		 u64 base, struct parts *parts)
{
	for (u32 i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *segment = &image->segment[i];
		u64 first = ALIGN_DOWN(segment->address, PAGE_SIZE);
		u64 size = ALIGN_UP(segment->address + segment->memory_size, PAGE_SIZE) - first;
		handle_t memory;
		long status = fill(self, segment, file, size / PAGE_SIZE, &memory);

		if (status != ST_OK)
			return status;
		parts->memory[parts->count++] = memory;
		status = mem_map(process, memory, base + first, size, 0, segment_flags(segment),
				 NULL);
		if (status != ST_OK)
			return status;
	}
	return ST_OK;
}

static long load_stack(handle_t process, u64 *top, struct parts *parts)
{
	u64 memory, place;
	long status = cap_create(TYPE_MEMORY, STACK_PAGES, &memory);

	if (status != ST_OK)
		return status;
	parts->memory[parts->count++] = (handle_t)memory;
	status = mem_map(process, (handle_t)memory, 0, STACK_PAGES * PAGE_SIZE, 0,
			 MAP_READ | MAP_WRITE, &place);
	*top = place + STACK_PAGES * PAGE_SIZE;
	return status;
}

/* A given capability takes its mapping along; the memory then ends with the process. */
static long give_parts(handle_t process, struct parts *parts)
{
	u64 ignored;

	while (parts->count) {
		long status = cap_copy(parts->memory[parts->count - 1], process, CAP_GIVE, 0, 0,
				       &ignored);

		if (status != ST_OK)
			return status;
		parts->count--;
	}
	return ST_OK;
}

static long lend_caps(handle_t process, const struct program *program)
{
	u64 ignored;
	long status =
		cap_copy(process, process, CAP_LEND, RIGHTS_ALL & ~(u64)RIGHT_DESTROY, 0, &ignored);

	for (u32 i = 0; i < ARRAY_SIZE(program->caps) && program->caps[i] && status == ST_OK; i++)
		status = cap_copy(program->caps[i], process, CAP_LEND, RIGHTS_ALL, 0, &ignored);
	return status;
}

static void set_name(handle_t process, const char *name)
{
	char text[16] = "";
	u64 words[2];

	string_copy(text, sizeof(text), name);
	memcpy(words, text, sizeof(words));
	process_set_name(process, words[0], words[1]);
}

/* Everything but the process itself. */
static long furnish(handle_t self, handle_t process, const struct program *program,
		    const struct elf_image *image, struct parts *parts)
{
	u64 base, stack = 0, thread;
	long status;

	random_get(&base, NULL);
	base = BASE + (base & (BIT(BASE_BITS) - 1)) * PAGE_SIZE;
	set_name(process, program->name);
	status = load(self, process, image, program->file, base, parts);
	if (status == ST_OK)
		status = load_stack(process, &stack, parts);
	if (status == ST_OK)
		status = lend_caps(process, program);
	if (status == ST_OK)
		status = give_parts(process, parts);
	if (status == ST_OK)
		status = thread_create(process, base + image->entry, stack, program->argument,
				       THREAD_PRIORITY(program->priority) |
					       THREAD_CPU(program->cpu) | THREAD_START,
				       &thread, NULL);
	if (status == ST_OK)
		cap_delete((handle_t)thread);
	return status;
}

long process_spawn(handle_t self, const struct program *program, handle_t *process)
{
	struct parts parts = { .count = 0 };
	struct elf_image image;
	u64 handle;
	long status;

	if (elf_parse(program->file, program->size, ELF_MACHINE_NATIVE, &image))
		return ST_INVALID;
	status = cap_create(TYPE_PROCESS, 0, &handle);
	if (status != ST_OK)
		return status;
	*process = (handle_t)handle;
	status = furnish(self, *process, program, &image, &parts);
	if (status == ST_OK)
		return ST_OK;
	while (parts.count)
		cap_delete(parts.memory[--parts.count]);
	cap_destroy(*process);
	return status;
}

long thread_spawn(handle_t self, void (*entry)(u64), u64 argument, u64 settings, handle_t *thread)
{
	handle_t memory;
	u64 handle;
	void *stack;
	long status = map_new(self, STACK_PAGES, &memory, &stack);

	if (status != ST_OK)
		return status;
	/* As at the entry of a function: x86_64 has a return address below the aligned stack. */
	status = thread_create(self, (u64)entry,
			       (u64)stack + STACK_PAGES * PAGE_SIZE -
				       (ELF_MACHINE_NATIVE == ELF_MACHINE_X86_64 ? 8 : 0),
			       argument, settings | THREAD_START, &handle, NULL);
	if (status == ST_OK)
		*thread = (handle_t)handle;
	return status;
}
