/* SPDX-License-Identifier: MIT */
/*
 * Kernel messages: to the console if their level is at most the log level
 * (CONFIG_LOG_LEVEL, command line `loglevel=`).
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include <kernel/types.h>
#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

/** printk() - one message; whole lines of different CPUs do not mix. */
void printk(enum log_level level, const char *format, ...) __printf(2, 3);

/** vprintk() - likewise, with the arguments taken already. */
void vprintk(enum log_level level, const char *format, va_list args);

/** log_set_level() - messages above this level stay off the console. */
void log_set_level(enum log_level level);

/** log_write() - raw bytes to the console, for user space's system_log. */
void log_write(const char *bytes, size_t length);

#define pr_error(...) printk(LOG_ERROR, __VA_ARGS__)
#define pr_warning(...) printk(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...) printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...) printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

#endif
