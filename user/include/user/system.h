/* SPDX-License-Identifier: MIT */
/*
 * What the machine says of itself.
 */
#ifndef USER_SYSTEM_H
#define USER_SYSTEM_H

#include <user/syscall.h>

/** system_text() - read a text of system_info (INFO_CMDLINE, ...) into @buffer, cut to its size. */
void system_text(u64 what, char *buffer, size_t size);

/** system_option() - the last "@name=value" of the command line, "" without a value. Return: it is there. */
bool system_option(const char *name, char *value, size_t size);

#endif
