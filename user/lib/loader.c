// SPDX-License-Identifier: MIT
/*
 * The program loader.  The file is checked by elf_parse() before anything is
 * made; each segment is a memory object, filled in a mapping of ours that is
 * gone before the program runs, and sealed if it is executable.  All that is
 * made belongs to the new process, but for handles of ours that are deleted at
 * the end: a mapping keeps its object.
 */
#include <lib/cpio.h>
#include <lib/elf.h>
#include <lib/string.h>
#include <user/loader.h>

#define LOAD_BASE 0x10000000UL
#define LOAD_BASE_BITS 16 /* pages of random offset: 256 MiB */
#define STACK_PAGES PROGRAM_STACK_PAGES
#define STARTUP_SKEW ALIGN_DOWN(STACK_PAGES *PAGE_SIZE - sizeof(struct startup), 16UL)
#define NAP (200 * 1000UL)
#define CLIENT_RIGHTS (RIGHT_CALL | RIGHT_SEND | RIGHT_GRANT | RIGHT_DERIVE)
#define DEFAULT_SETTINGS THREAD_PRIORITY(32)

struct load {
	const struct program *program;
	handle_t process, stack;
	struct elf_image image;
	u64 base, stack_top;
	struct startup startup;
};

/* Copy into @memory from byte @skew on, through a mapping of our own. */
static long fill(handle_t memory, u64 pages, u64 skew, const void *from, u64 size)
{
	u64 address;
	long status = mem_map(startup->self, memory, 0, pages * PAGE_SIZE, 0,
			      MAP_READ | MAP_WRITE, &address);

	if (status != ST_OK)
		return status;
	memcpy((char *)address + skew, from, size);
	return mem_unmap(startup->self, address, pages * PAGE_SIZE, NULL);
}

static long map_segment(struct load *load, const struct elf_segment *segment, handle_t memory,
			u64 pages)
{
	u64 start = ALIGN_DOWN(segment->address, PAGE_SIZE);
	u64 flags = MAP_READ | (segment->can_write ? MAP_WRITE : 0) |
		    (segment->can_execute ? MAP_EXECUTE : 0);
	long status = fill(memory, pages, segment->address - start,
			   (const char *)load->program->file + segment->offset,
			   segment->file_size);

	if (status == ST_OK && segment->can_execute)
		status = mem_seal(memory);
	if (status == ST_OK)
		status = mem_map(load->process, memory, load->base + start, pages * PAGE_SIZE, 0,
				 flags, NULL);
	return status;
}

static u64 segment_pages(const struct elf_segment *segment)
{
	u64 start = ALIGN_DOWN(segment->address, PAGE_SIZE);

	return (ALIGN_UP(segment->address + segment->memory_size, PAGE_SIZE) - start) / PAGE_SIZE;
}

/*
 * A mapping is a child of the capability it was made with, so deleting ours
 * would unmap it: the new process gets the capability itself.
 */
static long keep(struct load *load, handle_t memory)
{
	return cap_copy(memory, load->process, CAP_GIVE, 0, 0, NULL);
}

static long load_segment(struct load *load, const struct elf_segment *segment)
{
	u64 pages = segment_pages(segment), memory;
	long status = cap_create(TYPE_MEMORY, pages, &memory);

	if (status != ST_OK)
		return status;
	status = map_segment(load, segment, (handle_t)memory, pages);
	if (status == ST_OK)
		status = keep(load, (handle_t)memory);
	if (status != ST_OK)
		(void)cap_delete((handle_t)memory);
	return status;
}

/* Lend the program a capability; HANDLE_NULL stays null. */
static long lend(struct load *load, handle_t handle, u32 rights, handle_t *there)
{
	u64 given = HANDLE_NULL;
	long status = ST_OK;

	if (handle != HANDLE_NULL)
		status = cap_copy(handle, load->process, CAP_LEND, rights, 0, &given);
	*there = (handle_t)given;
	return status;
}

static long lend_all(struct load *load)
{
	const struct program *program = load->program;
	struct startup *there = &load->startup;
	u32 self_rights = program->self_rights ? program->self_rights : RIGHTS_ALL;
	/* The process itself is first: it lands in HANDLE_SELF. */
	long status = lend(load, load->process, self_rights, &there->self);

	if (status == ST_OK)
		status = lend(load, program->names, CLIENT_RIGHTS, &there->names);
	if (status == ST_OK)
		status = lend(load, program->console, CLIENT_RIGHTS, &there->console);
	if (status == ST_OK)
		status = lend(load, program->init, CLIENT_RIGHTS, &there->init);
	if (status == ST_OK)
		status = lend(load, program->system, program->system_rights, &there->system);
	if (status == ST_OK)
		status = lend(load, program->archive, RIGHT_READ | RIGHT_DERIVE, &there->archive);
	for (u32 i = 0; i < STARTUP_EXTRA && status == ST_OK; i++)
		status = lend(load, program->extra[i], RIGHTS_ALL, &there->extra[i]);
	return status;
}

/* The first process has to ask; it tells the others, who may not. */
static u64 archive_bytes(void)
{
	u64 size = startup->archive_size;

	if (!size)
		(void)system_info(startup->system, INFO_ARCHIVE_SIZE, 0, &size, NULL);
	return size;
}

static void fill_startup(struct load *load)
{
	const struct program *program = load->program;
	struct startup *there = &load->startup;

	there->magic = STARTUP_MAGIC;
	there->archive_size = program->archive ? archive_bytes() : 0;
	string_copy(there->arg[0], STARTUP_ARG_SIZE, program->name);
	there->nr_args = 1;
	for (u32 i = 0; i < STARTUP_ARGS - 1 && program->arg[i]; i++)
		string_copy(there->arg[there->nr_args++], STARTUP_ARG_SIZE, program->arg[i]);
}

/* Map the stack; its lowest page is taken out again: a guard page that nobody else was given. */
static long map_stack(struct load *load)
{
	u64 size = STACK_PAGES * PAGE_SIZE, address;
	long status = mem_map(load->process, load->stack, 0, size, 0, MAP_READ | MAP_WRITE,
			      &address);

	if (status != ST_OK)
		return status;
	load->stack_top = address + STARTUP_SKEW;
	return mem_unmap(load->process, address, PAGE_SIZE, NULL);
}

static long make_thread(struct load *load, handle_t *handle)
{
	u64 settings = load->program->settings ? load->program->settings : DEFAULT_SETTINGS;
	u64 thread = HANDLE_NULL;
	long status = thread_create(load->process, load->base + load->image.entry, load->stack_top,
				    load->stack_top, settings, &thread, NULL);

	*handle = (handle_t)thread;
	return status == ST_OK ? lend(load, *handle, RIGHTS_ALL, &load->startup.thread) : status;
}

/* The stack comes last: the startup structure on its top tells all the others. */
static long load_stack(struct load *load, handle_t *thread)
{
	long status = map_stack(load);

	if (status == ST_OK)
		status = make_thread(load, thread);
	fill_startup(load);
	if (status == ST_OK)
		status = fill(load->stack, STACK_PAGES, STARTUP_SKEW, &load->startup,
			      sizeof(load->startup));
	return status == ST_OK ? keep(load, load->stack) : status;
}

static long make_stack(struct load *load, handle_t *thread)
{
	u64 memory;
	long status = cap_create(TYPE_MEMORY, STACK_PAGES, &memory);

	if (status != ST_OK)
		return status;
	load->stack = (handle_t)memory;
	status = load_stack(load, thread);
	if (status != ST_OK) {
		(void)cap_delete(load->stack);
		(void)cap_delete(*thread);
	}
	return status;
}

static long set_up(struct load *load, handle_t *thread)
{
	const struct program *program = load->program;
	u64 name[2] = { 0, 0 };
	long status;

	memcpy(name, program->name, MIN(strlen(program->name), sizeof(name) - 1));
	status = process_set_name(load->process, name[0], name[1]);
	if (status == ST_OK && program->fault)
		status = process_set_fault(load->process, program->fault);
	if (status == ST_OK && program->watch)
		status = process_set_watch(load->process, program->watch, program->watch_bits);
	if (status == ST_OK)
		status = lend_all(load);
	for (u32 i = 0; i < load->image.nr_segments && status == ST_OK; i++)
		status = load_segment(load, &load->image.segment[i]);
	return status == ST_OK ? make_stack(load, thread) : status;
}

long program_spawn(const struct program *program, struct child *child)
{
	struct load load = { .program = program };
	u64 process;
	long status;

	*child = (struct child){ 0 };
	child->error = elf_parse(program->file, program->size, ELF_MACHINE_NATIVE, &load.image);
	if (child->error)
		return ST_INVALID;
	status = cap_create(TYPE_PROCESS, 0, &process);
	if (status != ST_OK)
		return status;
	load.process = (handle_t)process;
	load.base = LOAD_BASE + (random_bits() & (BIT(LOAD_BASE_BITS) - 1)) * PAGE_SIZE;
	child->process = load.process;
	status = set_up(&load, &child->thread);
	if (status == ST_OK)
		status = thread_resume(child->thread);
	/* Everything the process was given ends with it; its thread's handle is ours. */
	if (status != ST_OK)
		child_free(child);
	return status;
}

long program_wait(handle_t process, u64 timeout)
{
	u64 end = now() + timeout, state = 0, threads;

	while (process_info(process, PROCESS_INFO_STATE, &state, &threads) == ST_OK &&
	       state != PROCESS_STATE_ENDED) {
		if (timeout != TIME_NEVER && now() > end)
			return ST_TIMEDOUT;
		sleep_for(NAP);
	}
	return ST_OK;
}

void child_free(struct child *child)
{
	(void)cap_destroy(child->process);
	(void)cap_delete(child->thread);
	*child = (struct child){ 0 };
}

/* ---- the boot archive ---- */

static const char *map_archive(const void **archive, u64 *size)
{
	static u64 address;

	*size = archive_bytes();
	if (!*size)
		return "the boot archive is empty";
	if (!address && mem_map(startup->self, startup->archive, 0, ALIGN_UP(*size, PAGE_SIZE), 0,
				MAP_READ, &address) != ST_OK)
		return "the boot archive cannot be mapped";
	*archive = (const void *)address;
	return NULL;
}

const char *archive_find(const char *name, const void **file, size_t *size)
{
	struct cpio_file found;
	const void *archive;
	u64 archive_size;
	const char *error = map_archive(&archive, &archive_size);
	enum cpio_result result;

	if (error)
		return error;
	result = cpio_find(archive, archive_size, name, &found);
	if (result == CPIO_END)
		return "no such file in the boot archive";
	if (result != CPIO_FILE)
		return cpio_error(result);
	*file = found.data;
	*size = found.size;
	return NULL;
}

const char *program_role(struct program *program, const char *role)
{
	*program = (struct program){
		.name = startup->arg[0],
		.arg = { role },
		.names = startup->names,
		.console = startup->console,
		.archive = startup->archive,
		.system = startup->system,
		.system_rights = RIGHT_LOG | RIGHT_INFO | RIGHT_DERIVE,
	};
	return archive_find(startup->arg[0], &program->file, &program->size);
}
