/* SPDX-License-Identifier: MIT */
/*
 * Between instruction.c and <architecture>/instruction.S: code that faults.  It
 * starts with the argument register at an odd address that can be read and
 * written, and with a stack.
 */
#ifndef TESTS_INSTRUCTION_H
#define TESTS_INSTRUCTION_H

#define INSTRUCTION_NAME 40 /* bytes of a name */

#ifndef __ASSEMBLY__
#include <lib/types.h>

extern const char instruction_start[], instruction_end[];
extern const struct instruction {
	char name[INSTRUCTION_NAME];
	u32 entry, fault; /* offsets: where the thread begins, which instruction faults */
	u32 kind;	  /* FAULT_* */
	u32 has_data;	  /* the address reported is the odd one */
} instructions[], instructions_end[];
#endif

#endif
