// SPDX-License-Identifier: MIT
/*
 * First C code of a program: applies its own relocations, then runs main().
 */
#include <lib/string.h>
#include <user/startup.h>
#include <user/stdio.h>
#include <user/system.h>

#define RELOCATION_TYPE(info) ((u32)(info))
#if defined(__x86_64__)
#define RELATIVE 8
#elif defined(__aarch64__)
#define RELATIVE 1027
#else
#define RELATIVE 3
#endif

struct rela {
	u64 offset, info, addend;
};

struct dynamic {
	u64 tag, value;
};

/*
 * From the linker script and the linker.  Hidden, so that their addresses are
 * computed and not read from what is not relocated yet.
 */
#define HIDDEN __attribute__((visibility("hidden")))
extern const char text_start[] HIDDEN;
extern const struct dynamic _DYNAMIC[] HIDDEN;
#define DT_NULL 0
#define DT_RELA 7
#define DT_RELASZ 8

__noreturn void program_start(const struct startup *from_creator);

const struct startup *startup;

static struct startup first_process = {
	.magic = STARTUP_MAGIC,
	.self = INIT_PROCESS,
	.thread = INIT_THREAD,
	.system = INIT_SYSTEM,
	.archive = INIT_ARCHIVE,
	.nr_args = 1,
};

static void relocate(void)
{
	u64 base = (u64)text_start, table = 0, size = 0;

	for (const struct dynamic *dynamic = _DYNAMIC; dynamic->tag != DT_NULL; dynamic++) {
		if (dynamic->tag == DT_RELA)
			table = base + dynamic->value;
		else if (dynamic->tag == DT_RELASZ)
			size = dynamic->value;
	}
	for (u64 at = table; at < table + size; at += sizeof(struct rela)) {
		const struct rela *rela = (const struct rela *)at;

		/* The linker makes no other kind for a static image; a program that has one must not run. */
		if (RELOCATION_TYPE(rela->info) != RELATIVE)
			(void)process_exit(126);
		*(u64 *)(base + rela->offset) = base + rela->addend;
	}
}

void program_start(const struct startup *from_creator)
{
	relocate();
	startup = from_creator ? from_creator : &first_process;
	if (!from_creator && !system_option("init", first_process.arg[0], STARTUP_ARG_SIZE))
		string_copy(first_process.arg[0], STARTUP_ARG_SIZE, "init");
	if (startup->magic != STARTUP_MAGIC)
		(void)process_exit(125);
	exit((u64)main());
}
