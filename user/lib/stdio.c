// SPDX-License-Identifier: MIT
/*
 * Output.  A line is collected in one buffer of the process and written in
 * one message, so that lines of processes do not mix either.
 */
#include <user/lock.h>
#include <user/protocol.h>
#include <user/startup.h>
#include <user/stdio.h>

#define LINE_SIZE 512
#define LOG_PIECE 32
#define EXIT_FAILURE 1
#define CONSOLE_PATIENCE (3 * SECOND)

static struct lock lock;
static char line[LINE_SIZE];
static u32 length;
static handle_t console_endpoint, log_system;
static bool is_chosen;

void print_to(handle_t console, handle_t system)
{
	console_endpoint = console;
	log_system = system;
	is_chosen = true;
}

static void choose(void)
{
	if (!is_chosen)
		print_to(startup->console, startup->system);
}

static bool write_console(void)
{
	/* With a limit: a console server that died must not stop those who would report it. */
	struct message message = {
		.label = CONSOLE_WRITE,
		.flags = MSG_TIMEOUT,
		.deadline = now() + CONSOLE_PATIENCE,
	};
	u64 *page = message_page();
	u32 in_registers = (MSG_REG_WORDS - 1) * sizeof(u64);

	if (!page)
		return false;
	message.word[0] = length;
	message.words = 1 + (u32)DIV_ROUND_UP(length, sizeof(u64));
	memcpy(&message.word[1], line, MIN(length, in_registers));
	if (length > in_registers)
		memcpy(&page[MSG_REG_WORDS], line + in_registers, length - in_registers);
	return ipc_call(console_endpoint, &message) == ST_OK;
}

static void write_log(void)
{
	for (u32 done = 0; done < length; done += LOG_PIECE) {
		u64 piece[LOG_PIECE / sizeof(u64)] = { 0 };
		u32 count = MIN(length - done, (u32)LOG_PIECE);

		memcpy(piece, line + done, count);
		if (system_log(log_system, count, piece[0], piece[1], piece[2], piece[3]) != ST_OK)
			return;
	}
}

static void flush(void)
{
	if (!length)
		return;
	choose();
	if (!console_endpoint || !write_console())
		write_log();
	length = 0;
}

static void put(struct print_sink *sink, char c)
{
	(void)sink;
	line[length++] = c;
	if (c == '\n' || length == LINE_SIZE)
		flush();
}

static void vprint(const char *format, va_list args)
{
	struct print_sink sink = { put };

	lock_acquire(&lock);
	print_format(&sink, format, args);
	lock_release(&lock);
}

void printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprint(format, args);
	va_end(args);
}

void print_flush(void)
{
	lock_acquire(&lock);
	flush();
	lock_release(&lock);
}

void exit(u64 code)
{
	print_flush();
	(void)process_exit(code);
	__builtin_trap();
}

void fail(const char *format, ...)
{
	va_list args;

	printf("%s: ", startup->arg[0]);
	va_start(args, format);
	vprint(format, args);
	va_end(args);
	printf("\n");
	exit(EXIT_FAILURE);
}

void must(long status, const char *what)
{
	if (status != ST_OK)
		fail("%s: %s", what, status_name(status));
}

const char *status_name(long status)
{
	static const char *const names[] = {
		"OK", "NOSYS", "BADHANDLE", "BADTYPE", "NORIGHTS", "INVALID", "BUSY",
		"WOULDBLOCK", "TIMEDOUT", "INTERRUPTED", "NOMEM", "NOSLOTS", "DEPTH",
		"EXISTS", "NOTFOUND", "DEAD", "CALLER_GONE", "CAPSPACE", "NOREPLY",
		"SEALED", "TOOLONG",
	};
	_Static_assert(ARRAY_SIZE(names) == 1 - ST_LAST, "a name for each status");

	return status <= 0 && status >= ST_LAST ? names[-status] : "no status";
}
