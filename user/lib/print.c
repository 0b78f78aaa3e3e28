// SPDX-License-Identifier: MIT
/*
 * Output by the kernel's console, 32 bytes a call.
 */
#include <lib/printf.h>
#include <lib/string.h>
#include <user/system.h>

#define LINE 256
#define PIECE 32UL

static handle_t console;

void print_to(handle_t system)
{
	console = system;
}

void printf(const char *format, ...)
{
	char line[LINE];
	va_list args;
	u64 length;

	va_start(args, format);
	length = MIN((u64)vsnprintf(line, sizeof(line), format, args), sizeof(line) - 1);
	va_end(args);
	for (u64 done = 0; done < length; done += PIECE) {
		u64 piece[PIECE / sizeof(u64)] = { 0 }, size = MIN(length - done, PIECE);

		memcpy(piece, line + done, size);
		system_log(console, size, piece[0], piece[1], piece[2], piece[3]);
	}
}

const char *status_name(long status)
{
	static const char *const names[] = {
		"OK", "NOSYS", "BADHANDLE", "BADTYPE", "NORIGHTS", "INVALID", "BUSY", "WOULDBLOCK",
		"TIMEDOUT", "INTERRUPTED", "NOMEM", "NOSLOTS", "DEPTH", "EXISTS", "NOTFOUND",
		"DEAD", "CALLER_GONE", "CAPSPACE", "NOREPLY", "SEALED", "TOOLONG",
	};

	return status <= 0 && status >= ST_LAST ? names[-status] : "unknown status";
}
