/* SPDX-License-Identifier: MIT */
/*
 * Splitting a kernel command line into options: blank separated, name or
 * name=value, double quotes around blanks.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <lib/types.h>

#define CMDLINE_WORD 128

struct cmdline_option {
	char name[CMDLINE_WORD];
	char value[CMDLINE_WORD]; /* empty if none */
	bool has_value;
	bool is_cut; /* name or value was longer and has been cut */
};

/** cmdline_next() - take the next option off *rest. Return: false at the end. */
bool cmdline_next(const char **rest, struct cmdline_option *option);

#endif
