// SPDX-License-Identifier: MIT
/*
 * Tells people about the machine and the configuration.
 */
#include "services.h"
#include <user/stdio.h>
#include <user/system.h>

#define TEXT_SIZE 256
#define SETTINGS_FILE "config"
#define LINE_LENGTH 100

static void fact(u64 what, u64 index, u64 *first, u64 *second)
{
	*first = *second = 0;
	must(system_info(startup->system, what, index, first, second), "system_info");
}

static void print_text(const char *title, u64 what)
{
	char text[TEXT_SIZE];

	system_text(what, text, sizeof(text));
	printf("  %-10s %s\n", title, text);
}

static const char *uart_name(u64 type)
{
	static const char *const names[] = { "none", "16550 on I/O ports", "16550", "PL011" };

	return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

static void print_numbers(void)
{
	u64 online, most, nodes, listed, frames, available, type, base, line, bytes;

	fact(INFO_CPUS, 0, &online, &most);
	fact(INFO_NODES, 0, &nodes, &listed);
	printf("  %-10s %lu online of %lu found, %lu configured at most, %lu memory node%s\n",
	       "CPUs", online, listed, most, nodes, nodes == 1 ? "" : "s");
	fact(INFO_MEMORY, 0, &frames, &available);
	printf("  %-10s %lu MiB managed, %lu MiB free\n", "memory", frames / 256, available / 256);
	fact(INFO_UART, 0, &type, &base);
	fact(INFO_UART_IRQ, 0, &line, &bytes);
	printf("  %-10s %s at %#lx, interrupt %lu\n", "console", uart_name(type), base, line);
}

/* The settings that are on, many on a line. */
static void print_config(const char *config, size_t size)
{
	const char *end = config + size, *start = config;
	u32 column = 0;

	while (start < end) {
		const char *stop = start;

		while (stop < end && *stop != '\n')
			stop++;
		if (stop - start > 7 && !strncmp(start, "CONFIG_", 7)) {
			char setting[LINE_LENGTH];
			u32 length = (u32)MIN((size_t)(stop - start) - 7, sizeof(setting) - 1);

			memcpy(setting, start + 7, length);
			setting[length] = '\0';
			if (column && column + length + 1 > LINE_LENGTH) {
				printf("\n");
				column = 0;
			}
			printf("%s%s", column ? " " : "  ", setting);
			column += length + 2;
		}
		start = stop + 1;
	}
	if (column)
		printf("\n");
}

void machine_print(void)
{
	const void *config;
	const char *error;
	size_t size;

	printf("\nThe machine:\n");
	print_text("kernel", INFO_VERSION);
	print_text("boot", INFO_MACHINE);
	print_text("processor", INFO_CPU_NAME);
	print_numbers();
	print_text("options", INFO_CMDLINE);
	error = archive_find(SETTINGS_FILE, &config, &size);
	if (error) {
		printf("init: %s: %s\n", SETTINGS_FILE, error);
		return;
	}
	printf("Configured:\n");
	print_config(config, size);
}
