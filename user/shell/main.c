// SPDX-License-Identifier: MIT
/*
 * The shell: one line, one command.  It holds no more than any program: it
 * asks the first process about processes and to run programs.
 */
#include <lib/string.h>
#include <user/loader.h>
#include <user/protocol.h>
#include <user/startup.h>
#include <user/stdio.h>
#include <veridian/info.h>

#define LINE 80
#define MAX_PLACES 64 /* the first process and its children */
#define BACKSPACE 0x08
#define DELETE 0x7f
#define KILL_LINE 0x15 /* ^U */

/* ---- reading a line ---- */

static int read_char(void)
{
	u64 c = 0;
	long status = call_words(startup->console, CONSOLE_READ, 1, 0, 0, &c);

	return status == ST_OK ? (int)c : -1;
}

static void erase(u32 *length, u32 count)
{
	for (; *length && count; count--, --*length)
		printf("\b \b");
}

/* Return: false at the end of input. */
static bool read_line(char line[LINE])
{
	u32 length = 0;

	printf("veridian> ");
	print_flush();
	for (;;) {
		int c = read_char();

		if (c < 0)
			return false;
		if (c == '\r' || c == '\n')
			break;
		if (c == BACKSPACE || c == DELETE)
			erase(&length, 1);
		else if (c == KILL_LINE)
			erase(&length, length);
		else if (c >= ' ' && c < DELETE && length < LINE - 1) {
			line[length++] = (char)c;
			printf("%c", c);
		}
		print_flush();
	}
	line[length] = '\0';
	printf("\n");
	return true;
}

/* ---- commands ---- */

static void run(const char *name)
{
	struct message message = { .label = INIT_RUN, .words = NAME_SIZE / sizeof(u64) };
	long status;

	if (!*name || strlen(name) >= NAME_SIZE) {
		printf("run: name a program of the boot archive\n");
		return;
	}
	memcpy(message.word, name, strlen(name));
	status = ipc_call(startup->init, &message);
	if (status == ST_OK)
		status = (s32)message.label;
	if (status != ST_OK)
		printf("%s: %s\n", name, status_name(status));
	else if (message.word[1])
		printf("%s was ended by fault %lu\n", name, message.word[1]);
	else
		printf("%s exited with code %lu\n", name, message.word[0]);
}

static void run_demo(const char *unused)
{
	(void)unused;
	run("demo");
}

static void list_processes(const char *unused)
{
	static const char *const states[] = { "new", "running", "ending", "ended" };

	(void)unused;
	printf("%-16s %-8s %8s %8s %8s\n", "process", "state", "threads", "pages", "caps");
	for (u64 place = 0; place < MAX_PLACES; place++) {
		struct message message = {.label = INIT_PROCESS_INFO, .words = 1, .word = {place}};
		char name[17] = "";

		if (ipc_call(startup->init, &message) != ST_OK || (s32)message.label != ST_OK)
			continue;
		memcpy(name, message.word, 16);
		printf("%-16s %-8s %8lu %8lu %8lu\n", name, states[message.word[2] & 3],
		       message.word[3], message.word[6], message.word[7]);
	}
}

static void list_capabilities(const char *unused)
{
	static const char *const types[] = {
		"none", "process", "thread", "endpoint", "reply",
		"notification", "memory", "irq", "ioport", "system",
	};
	u64 handle, info, badge;

	(void)unused;
	printf("%-10s %-12s %6s %5s %s\n", "handle", "type", "rights", "depth", "badge");
	for (u64 index = 0; cap_next(index, &handle) == ST_OK; index = HANDLE_INDEX(handle) + 1) {
		u32 type;

		if (cap_inspect((handle_t)handle, &info, &badge) != ST_OK)
			continue;
		type = CAP_INFO_TYPE(info);
		printf("%#-10lx %-12s %#6lx %5lu %#lx\n", handle,
		       type <= TYPE_MAX ? types[type] : "?", CAP_INFO_RIGHTS(info),
		       CAP_INFO_DEPTH(info), badge);
	}
}

static void show_memory(const char *unused)
{
	u64 total = 0, unoccupied = 0, quota = 0, ignored;

	(void)unused;
	(void)system_info(startup->system, INFO_MEMORY, 0, &total, &unoccupied);
	(void)system_info(startup->system, INFO_MEMORY_QUOTA, 0, &quota, &ignored);
	printf("%lu frames of 4 KiB, %lu free, %lu not promised to anybody\n", total, unoccupied,
	       quota);
}

static void list_cpus(const char *unused)
{
	u64 hardware, node, switches, idle;

	(void)unused;
	printf("%-4s %-12s %-5s %10s %10s\n", "CPU", "hardware id", "node", "switches", "idle ms");
	for (u64 cpu = 0; system_info(startup->system, INFO_CPU, cpu, &hardware, &node) == ST_OK;
	     cpu++) {
		if (system_info(startup->system, INFO_SWITCHES, cpu, &switches, &idle) != ST_OK)
			return;
		printf("%-4lu %#-12lx %-5lu %10lu %10lu\n", cpu, hardware, node, switches,
		       idle / MILLISECOND);
	}
}

static bool has_text(const char *line, size_t length, const char *text)
{
	size_t wanted = strlen(text);

	for (size_t at = 0; at + wanted <= length; at++)
		if (!strncmp(line + at, text, wanted))
			return true;
	return false;
}

static void show_config(const char *text)
{
	const void *file;
	size_t size;
	const char *error = archive_find("config", &file, &size), *config = file;

	if (error) {
		printf("config: %s\n", error);
		return;
	}
	for (size_t at = 0; at < size;) {
		size_t length = 0;

		while (at + length < size && config[at + length] != '\n')
			length++;
		if (has_text(config + at, length, text))
			printf("%.*s\n", (int)length, config + at);
		at += length + 1;
	}
}

static void power_off(const char *unused)
{
	(void)unused;
	print_flush();
	(void)call_words(startup->init, INIT_POWER_OFF, 0, 0, 0, NULL);
	printf("poweroff: refused\n");
}

static void help(const char *unused);

static const struct command {
	const char *name;
	void (*run)(const char *argument);
	const char *text;
} commands[] = {
	{ "help", help, "this list" },
	{ "ps", list_processes, "the first process and those it has started" },
	{ "caps", list_capabilities, "this shell's capabilities" },
	{ "mem", show_memory, "memory of the machine" },
	{ "cpus", list_cpus, "processors" },
	{ "config", show_config, "how the kernel was configured; config TEXT: lines with TEXT" },
	{ "run", run, "run PROGRAM: start a program of the boot archive and wait for it" },
	{ "demo", run_demo, "the demonstration" },
	{ "poweroff", power_off, "end the machine" },
};

static void help(const char *unused)
{
	(void)unused;
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].text);
}

static void execute(char *line)
{
	char *argument = strchr(line, ' ');

	if (argument)
		*argument++ = '\0';
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(line, commands[i].name)) {
			commands[i].run(argument ? argument : "");
			return;
		}
	if (*line)
		printf("%s: unknown command; \"help\" lists them\n", line);
}

int main(void)
{
	char line[LINE];

	printf("Type \"help\" for the commands.\n");
	while (read_line(line))
		execute(line);
	printf("shell: the console has gone\n");
	return 1;
}
