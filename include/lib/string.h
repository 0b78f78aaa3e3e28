/* SPDX-License-Identifier: MIT */
/*
 * The few functions of <string.h> that a freestanding program needs (gcc itself
 * emits calls of the first four), with their standard meaning, and bounded helpers.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <lib/types.h>

/**
 * memcpy() / memmove() / memset() / memcmp() / strlen() / strnlen() / strcmp() / strncmp() / strchr() - as in
 * ISO C 7.24 (strnlen: POSIX).
 */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *s, int c);

/** string_copy() - copy and always terminate. Return: false if it had to be cut. */
bool string_copy(char *to, size_t size, const char *from);

/** string_to_u64() - decimal or 0x hexadecimal, the whole string. Return: false if it is anything else or overflows. */
bool string_to_u64(const char *s, u64 *value);

#endif
