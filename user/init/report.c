// SPDX-License-Identifier: MIT
/*
 * What a person wants to see first: kernel, machine, processors, memory.
 */
#include "init.h"
#include <lib/string.h>

#define TEXT 513

static void read_text(u64 what, char text[TEXT])
{
	u64 piece[2];

	memset(text, 0, TEXT);
	for (u64 i = 0; (i + 1) * 16 < TEXT; i++) {
		if (system_info(INIT_SYSTEM, what, i, &piece[0], &piece[1]) != ST_OK)
			return;
		memcpy(text + i * 16, piece, 16);
	}
}

bool option(const char *name)
{
	char text[TEXT];
	size_t length = strlen(name);

	read_text(INFO_CMDLINE, text);
	for (const char *word = text; *word;) {
		const char *end = strchr(word, ' ');
		size_t size = end ? (size_t)(end - word) : strlen(word);

		if (size == length && !strncmp(word, name, size))
			return true;
		word += size + (end != NULL);
	}
	return false;
}

void report_machine(void)
{
	char text[TEXT];
	u64 first, second;

	read_text(INFO_VERSION, text);
	printf("%s\n", text);
	read_text(INFO_MACHINE, text);
	printf("machine:      %s\n", text);
	read_text(INFO_CPU_NAME, text);
	printf("processor:    %s\n", text);
	system_info(INIT_SYSTEM, INFO_CPUS, 0, &first, &second);
	printf("CPUs:         %lu online, configured for %lu\n", first, second);
	system_info(INIT_SYSTEM, INFO_MEMORY, 0, &first, &second);
	printf("memory:       %lu MiB, %lu MiB free\n", first >> 8, second >> 8);
	read_text(INFO_CMDLINE, text);
	printf("command line: %s\n", text);
}
