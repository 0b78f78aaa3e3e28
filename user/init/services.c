// SPDX-License-Identifier: MIT
/*
 * What runs: the servers, then what the command line asks for.
 *
 *   run=demo   the demonstration, then power off with its result
 *   run=bench  the benchmarks, then power off with their result
 *   otherwise  the demonstration and the shell, as far as the archive has them;
 *              with neither, power off with success: servers alone are a system too
 *
 * The first process then serves its endpoint (<user/protocol.h>) and watches
 * its children through one notification bound to its thread: bit i is the
 * child at place i of the table.
 */
#include "table.h"
#include <lib/cmdline.h>
#include <user/protocol.h>
#include <user/system.h>
#include <user/stdio.h>

#define CMDLINE_SIZE 512
#define SERVER_SETTINGS THREAD_PRIORITY(40)
#define MAX_CODE 63

enum mode { MODE_INTERACTIVE, MODE_DEMO, MODE_BENCH };

static struct {
	handle_t endpoint, names, console;
	handle_t reply;       /* on offer */
	handle_t runner;      /* of the client that waits for a program to end, or HANDLE_NULL */
	u32 run_place;        /* of that program */
	u32 main_place;       /* of the program whose end is the end of the machine */
	enum mode mode;
	bool is_shell;        /* the shell has been started */
} services;

static handle_t create(u64 type)
{
	u64 handle = HANDLE_NULL;

	must(cap_create(type, 0, &handle), "cap_create");
	return (handle_t)handle;
}

static enum mode mode_of_word(const struct cmdline_option *option, enum mode mode)
{
	/* "run=demo", "demo" and "bench=quick" are understood; of "demo=1" the kernel has complained. */
	bool is_run = option->has_value && !strcmp(option->name, "run");
	const char *word = is_run ? option->value : option->name;

	if (option->has_value && !is_run && strcmp(word, "bench"))
		return mode;
	if (!strcmp(word, "demo"))
		return MODE_DEMO;
	if (!strcmp(word, "bench"))
		return MODE_BENCH;
	if (!strcmp(word, "shell"))
		return MODE_INTERACTIVE;
	if (is_run)
		printf("init: unknown option run=%s (demo, bench or shell)\n", option->value);
	return mode;
}

static enum mode read_mode(void)
{
	char cmdline[CMDLINE_SIZE];
	struct cmdline_option option;
	const char *rest = cmdline;
	enum mode mode = MODE_INTERACTIVE;

	system_text(INFO_CMDLINE, cmdline, sizeof(cmdline));
	while (cmdline_next(&rest, &option))
		mode = mode_of_word(&option, mode);
	return mode;
}

/* ---- starting ---- */

static bool start_names(void)
{
	struct program program = {
		.name = "names",
		.console = services.console,
		.extra = { services.names },
		.settings = SERVER_SETTINGS,
		.system = startup->system,
		.system_rights = RIGHT_LOG,
	};

	return table_start(&program, true) != TABLE_NONE;
}

static bool start_console(void)
{
	u64 online = 1, most;
	struct program program = {
		.name = "console",
		.names = services.names,
		.extra = { services.console },
		.system = startup->system,
		.system_rights = RIGHT_DEVICE | RIGHT_INFO | RIGHT_LOG,
	};

	/* Away from the CPU on which programs start; its interrupt follows it. */
	(void)system_info(startup->system, INFO_CPUS, 0, &online, &most);
	program.settings = SERVER_SETTINGS | THREAD_CPU(online - 1);
	return table_start(&program, true) != TABLE_NONE;
}

/* A program for people: everything a test or a demonstration needs. */
static u32 start_program(const char *name)
{
	struct program program = {
		.name = name,
		.names = services.names,
		.console = services.console,
		.init = services.endpoint,
		.archive = startup->archive,
		.system = startup->system,
		.system_rights = RIGHTS_ALL & ~RIGHT_POWER,
	};

	return table_start(&program, false);
}

static bool is_in_archive(const char *name)
{
	const void *file;
	size_t size;

	return !archive_find(name, &file, &size);
}

/* Nobody asked for a program that is not there, and there is none to take by itself. */
static bool has_nothing_to_run(void)
{
	return services.mode == MODE_INTERACTIVE && !is_in_archive("demo") &&
	       !is_in_archive("shell");
}

/* What comes first; TABLE_NONE if it cannot be started. */
static u32 start_main(void)
{
	if (services.mode == MODE_BENCH)
		return start_program("bench");
	if (services.mode == MODE_DEMO || is_in_archive("demo"))
		return start_program("demo");
	return start_program("shell");
}

/* ---- requests ---- */

static void process_fact(u64 place, struct message *message)
{
	const struct entry *entry = place ? table_entry(place - 1) : NULL;
	handle_t process = startup->self;
	u64 *word = message->word;

	if (place && !entry) {
		*message = (struct message){ .label = (u32)ST_NOTFOUND };
		return;
	}
	if (entry)
		process = entry->child.process;
	*message = (struct message){ .words = 8 };
	(void)process_info(process, PROCESS_INFO_NAME, &word[0], &word[1]);
	(void)process_info(process, PROCESS_INFO_STATE, &word[2], &word[3]);
	(void)process_info(process, PROCESS_INFO_EXIT, &word[4], &word[5]);
	(void)process_info(process, PROCESS_INFO_MEMORY, &word[6], &word[7]);
}

/* Return: the answer comes later, with the program's end. */
static bool run_request(struct message *message)
{
	char name[NAME_SIZE];
	u32 place;

	memcpy(name, message->word, sizeof(name));
	*message = (struct message){ .label = (u32)ST_BUSY };
	if (services.runner)
		return false;
	message->label = (u32)ST_NOTFOUND;
	if (strnlen(name, sizeof(name)) == sizeof(name) || !is_in_archive(name))
		return false;
	place = start_program(name);
	message->label = (u32)ST_INVALID;
	if (place == TABLE_NONE)
		return false;
	services.run_place = place;
	services.runner = services.reply;
	services.reply = create(TYPE_REPLY);
	return true;
}

/* Return: true if @message now holds an answer. */
static bool handle_request(struct message *message)
{
	u64 word = message->word[0];

	switch (message->label) {
	case INIT_PROCESS_INFO:
		process_fact(word, message);
		return true;
	case INIT_RUN:
		return !run_request(message);
	case INIT_POWER_OFF:
		(void)system_power_off(startup->system, word);
		*message = (struct message){ .label = (u32)ST_INVALID };
		return true;
	default:
		*message = (struct message){ .label = (u32)ST_NOSYS };
		return true;
	}
}

/* ---- the end of children ---- */

static int code_of(const struct entry *entry)
{
	u64 code = 1, fault = 0;

	(void)process_info(entry->child.process, PROCESS_INFO_EXIT, &code, &fault);
	if (fault)
		printf("init: %s was ended by fault %lu\n", entry->name, fault);
	return code > MAX_CODE || fault ? 1 : (int)code;
}

static void answer_runner(const struct entry *entry)
{
	struct message message = { .words = 2 };

	(void)process_info(entry->child.process, PROCESS_INFO_EXIT, &message.word[0],
			   &message.word[1]);
	(void)ipc_reply(services.runner, &message);
	(void)cap_delete(services.runner);
	services.runner = HANDLE_NULL;
}

/* Return: power-off code, or -1 to go on. */
static int child_ended(u32 place)
{
	struct entry *entry = table_entry(place);
	int code;

	if (!entry)
		return -1;
	if (entry->is_server) {
		printf("init: server %s has ended: powering off\n", entry->name);
		return 1;
	}
	if (services.runner && place == services.run_place)
		answer_runner(entry);
	code = code_of(entry);
	table_remove(place);
	if (place != services.main_place)
		return -1;
	if (services.mode != MODE_INTERACTIVE || services.is_shell || !is_in_archive("shell"))
		return code;
	services.is_shell = true;
	services.main_place = start_program("shell");
	return services.main_place == TABLE_NONE ? 1 : -1;
}

static int children_ended(u64 bits)
{
	int code = -1;

	for (u32 place = 0; place < 64 && code < 0; place++)
		if (bits & BIT(place))
			code = child_ended(place);
	return code;
}

static int serve(void)
{
	struct message message = { 0 };
	bool has_answer = false;

	for (;;) {
		int code = -1;
		long status = has_answer ? ipc_reply_receive(services.endpoint, services.reply,
							     &message) :
					   ipc_receive(services.endpoint, services.reply, &message);

		has_answer = false;
		if (status == ST_CALLER_GONE || status == ST_INTERRUPTED)
			continue;
		must(status, "ipc_receive");
		if (message.call == MSG_FROM_NOTIFICATION)
			code = children_ended(message.badge);
		else if (message.call == SYS_ipc_call)
			has_answer = handle_request(&message);
		if (code >= 0)
			return code;
	}
}

int services_run(void)
{
	services.endpoint = create(TYPE_ENDPOINT);
	services.names = create(TYPE_ENDPOINT);
	services.console = create(TYPE_ENDPOINT);
	services.reply = create(TYPE_REPLY);
	services.mode = read_mode();
	must(notify_bind(INIT_THREAD, table_watch()), "notify_bind");
	if (!start_names() || !start_console())
		return 1;
	print_to(services.console, startup->system);
	if (has_nothing_to_run()) {
		printf("init: neither demo nor shell in the boot archive: powering off\n");
		return 0;
	}
	services.main_place = start_main();
	if (services.main_place == TABLE_NONE)
		return 1;
	return serve();
}
