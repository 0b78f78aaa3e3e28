// SPDX-License-Identifier: MIT
/*
 * First C code of a program: applies its own relocations, then runs main().
 */
#include <user/startup.h>
#include <user/stdio.h>

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

/* Hidden, so that their addresses are computed and not read from what is not relocated yet. */
#define HIDDEN __attribute__((visibility("hidden")))
extern const char image_base[] HIDDEN;
extern const struct rela rela_start[] HIDDEN, rela_end[] HIDDEN;

void program_start(const struct startup *from_creator);

const struct startup *startup;

static struct startup first_process = {
	.magic = STARTUP_MAGIC,
	.self = INIT_PROCESS,
	.system = INIT_SYSTEM,
	.archive = INIT_ARCHIVE,
	.nr_args = 1,
	.arg = { "init" },
};

static void relocate(void)
{
	u64 base = (u64)image_base;

	for (const struct rela *rela = rela_start; rela < rela_end; rela++) {
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
	if (startup->magic != STARTUP_MAGIC)
		(void)process_exit(125);
	exit((u64)main());
}
