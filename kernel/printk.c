// SPDX-License-Identifier: MIT
/*
 * Kernel messages to the console: a line is formatted first and then written
 * under the console's lock, so lines of different CPUs do not mix.  Once the
 * kernel has panicked the lock is ignored: its holder may be the culprit.
 */
#include <kernel/arch.h>
#include <kernel/atomic.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/spinlock.h>
#include <lib/printf.h>

#define LINE_SIZE 256

static struct spinlock console_lock = { .rank = LOCK_CONSOLE };
static enum log_level shown = CONFIG_LOG_LEVEL;

void log_set_level(enum log_level level)
{
	shown = level;
}

static void put(char c)
{
	if (IS_ENABLED(CONFIG_CONSOLE))
		arch_putc(c);
}

static void put_all(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(bytes[i]);
}

void log_write(const char *bytes, size_t length)
{
	/* Whoever holds the lock may have been stopped by the panic. */
	if (panic_is_under_way()) {
		put_all(bytes, length);
		return;
	}
	spin_lock(&console_lock);
	put_all(bytes, length);
	spin_unlock(&console_lock);
}

void vprintk(enum log_level level, const char *format, va_list args)
{
	char line[LINE_SIZE];
	int length;

	if (level > shown)
		return;
	length = vsnprintf(line, sizeof(line) - 1, format, args);
	length = MIN(length, (int)sizeof(line) - 2);
	line[length++] = '\n';
	log_write(line, (size_t)length);
}

void printk(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintk(level, format, args);
	va_end(args);
}
