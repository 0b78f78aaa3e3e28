// SPDX-License-Identifier: MIT
/*
 * Texts of the machine: its command line and the like.
 */
#include <lib/cmdline.h>
#include <lib/string.h>
#include <user/startup.h>
#include <user/system.h>
#include <veridian/info.h>

#define CMDLINE_SIZE 512

void system_text(u64 what, char *buffer, size_t size)
{
	size_t used = 0;
	u64 piece[2];

	buffer[0] = '\0';
	for (u64 i = 0; used + sizeof(piece) < size &&
			system_info(startup->system, what, i, &piece[0], &piece[1]) == ST_OK; i++) {
		memcpy(buffer + used, piece, sizeof(piece));
		used += sizeof(piece);
		buffer[used] = '\0';
	}
}

bool system_option(const char *name, char *value, size_t size)
{
	char cmdline[CMDLINE_SIZE];
	struct cmdline_option option;
	const char *rest = cmdline;
	bool is_there = false;

	system_text(INFO_CMDLINE, cmdline, sizeof(cmdline));
	value[0] = '\0';
	while (cmdline_next(&rest, &option)) {
		if (strcmp(option.name, name))
			continue;
		is_there = true;
		string_copy(value, size, option.value);
	}
	return is_there;
}
