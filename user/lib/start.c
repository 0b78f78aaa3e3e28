// SPDX-License-Identifier: MIT
/*
 * First C code of a program: applies its own relocations, then runs main().
 * start.S hands over the dynamic section and the address of the text, with
 * which the image begins.
 */
#include <user/system.h>

#define DT_NULL 0
#define DT_RELA 7
#define DT_RELASZ 8
#if defined(__x86_64__)
#define RELATIVE 8
#elif defined(__aarch64__)
#define RELATIVE 1027
#else
#define RELATIVE 3
#endif

struct dynamic {
	u64 tag, value;
};

struct rela {
	u64 offset, info, addend;
};

int main(u64 argument);
__noreturn void start_c(u64 argument, const struct dynamic *dynamic, u64 text_start);

/* Nothing here may need a relocation itself. */
__noreturn void start_c(u64 argument, const struct dynamic *dynamic, u64 text_start)
{
	u64 base = text_start, table = 0, size = 0;

	for (; dynamic->tag != DT_NULL; dynamic++) {
		if (dynamic->tag == DT_RELA)
			table = base + dynamic->value;
		else if (dynamic->tag == DT_RELASZ)
			size = dynamic->value;
	}
	for (u64 at = table; at < table + size; at += sizeof(struct rela)) {
		const struct rela *rela = (const struct rela *)at;

		if ((u32)rela->info == RELATIVE)
			*(u64 *)(base + rela->offset) = base + rela->addend;
	}
	(void)process_exit((u64)main(argument));
	__builtin_trap();
}
