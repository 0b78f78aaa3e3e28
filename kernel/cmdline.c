// SPDX-License-Identifier: MIT
/*
 * The kernel's options on its command line.  What follows "--", and the words
 * that belong to the first process, are not ours; anything else unknown gets a
 * warning that names it.
 */
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/printk.h>
#include <lib/cmdline.h>
#include <lib/string.h>

static u32 max_cpus = CONFIG_NR_CPUS;
static char init_name[CMDLINE_WORD] = "init";

u32 cmdline_max_cpus(void)
{
	return max_cpus;
}

const char *cmdline_init(void)
{
	return init_name;
}

static bool set_loglevel(u64 value)
{
	if (value > LOG_DEBUG)
		return false;
	log_set_level((enum log_level)value);
	return true;
}

static bool set_cpus(u64 value)
{
	if (value < 1)
		return false;
	max_cpus = (u32)MIN(value, (u64)CONFIG_NR_CPUS);
	return true;
}

static const struct {
	const char *name;
	bool (*set)(u64 value);
	const char *range;
} options[] = {
	{ "loglevel", set_loglevel, "0 to 4" },
	{ "cpus", set_cpus, "1 or more" },
};

/* For init and the programs, which read it themselves: "run=demo" or "demo", "bench=quick", "fuzz=100000". */
static bool is_for_init(const struct cmdline_option *option)
{
	static const char *const words[] = { "bench", "demo", "shell" };

	if (option->has_value)
		return !strcmp(option->name, "run") || !strcmp(option->name, "bench") ||
		       !strcmp(option->name, "fuzz");
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(option->name, words[i]))
			return true;
	return false;
}

static void apply(const struct cmdline_option *option)
{
	for (u32 i = 0; i < ARRAY_SIZE(options); i++) {
		u64 value;

		if (strcmp(option->name, options[i].name))
			continue;
		if (!option->has_value || !string_to_u64(option->value, &value) ||
		    !options[i].set(value))
			pr_warning("command line: %s wants a number, %s; ignored", option->name,
				   options[i].range);
		return;
	}
	if (!strcmp(option->name, "init") && option->value[0]) {
		string_copy(init_name, sizeof(init_name), option->value);
		return;
	}
	if (IS_ENABLED(CONFIG_SEEDED_BUGS) && !strcmp(option->name, "bug"))
		return;
	if (!is_for_init(option))
		pr_warning("command line: unknown option \"%s%s%s\"%s", option->name,
			   option->has_value ? "=" : "", option->value,
			   option->is_cut ? " (cut)" : "");
}

void cmdline_parse(const char *cmdline)
{
	struct cmdline_option option;

	while (cmdline_next(&cmdline, &option)) {
		if (!strcmp(option.name, "--"))
			return;
		apply(&option);
	}
}
