/* SPDX-License-Identifier: MIT */
/*
 * Formatted output without floating point: flags - 0 + space #, width and
 * precision (also *), h hh l ll z, conversions d i u x X o c s p %.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <lib/types.h>
#include <stdarg.h>

/* Where the characters go. */
struct print_sink {
	void (*put)(struct print_sink *sink, char c);
};

/** print_format() - Return: characters produced. */
int print_format(struct print_sink *sink, const char *format, va_list args);

/** vsnprintf() / snprintf() - always terminated if @size > 0. Return: length without the cut. */
int vsnprintf(char *buffer, size_t size, const char *format, va_list args);
int snprintf(char *buffer, size_t size, const char *format, ...) __printf(3, 4);

#endif
