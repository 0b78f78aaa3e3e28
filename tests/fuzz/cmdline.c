// SPDX-License-Identifier: MIT
/*
 * lib/cmdline.c and kernel/cmdline.c: any text is split into terminated words,
 * and the kernel's options stay in their ranges.
 */
#include "fuzz.h"
#include <kernel/main.h>
#include <kernel/printk.h>
#include <lib/cmdline.h>

void printk(enum log_level level, const char *format, ...)
{
	FUZZ_ASSERT(level <= LOG_DEBUG && *format);
}

void log_set_level(enum log_level level)
{
	FUZZ_ASSERT(level <= LOG_DEBUG);
}

static void split(const char *text)
{
	const char *rest = text;
	struct cmdline_option option;

	while (cmdline_next(&rest, &option)) {
		FUZZ_ASSERT(rest > text);
		FUZZ_ASSERT(memchr(option.name, 0, CMDLINE_WORD));
		FUZZ_ASSERT(memchr(option.value, 0, CMDLINE_WORD));
		FUZZ_ASSERT(option.has_value || !option.value[0]);
		text = rest;
	}
	FUZZ_ASSERT(!*rest);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_ASSERT(text);
	memcpy(text, data, size);
	text[size] = 0;
	split(text);
	cmdline_parse(text);
	FUZZ_ASSERT(cmdline_max_cpus() >= 1 && cmdline_max_cpus() <= CONFIG_NR_CPUS);
	free(text);
	return 0;
}
