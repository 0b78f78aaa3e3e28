/* SPDX-License-Identifier: MIT */
/*
 * Names of the kernel's functions, for backtraces.
 */
#ifndef KERNEL_KALLSYMS_H
#define KERNEL_KALLSYMS_H

#include <kernel/types.h>

/**
 * kallsyms_lookup() - the function that contains @address.
 * @offset: set to the distance from its first byte.
 *
 * Usable at any time, panics included: reads constants only.
 * Return: its name, or NULL outside the kernel's text or without CONFIG_KALLSYMS.
 */
#ifdef CONFIG_KALLSYMS
const char *kallsyms_lookup(kaddr_t address, u64 *offset);
#else
static inline const char *kallsyms_lookup(kaddr_t address, u64 *offset)
{
	(void)address;
	*offset = 0;
	return NULL;
}
#endif

/** kallsyms_function() - the first byte of the function that contains @address, 0 if unknown. */
static inline kaddr_t kallsyms_function(kaddr_t address)
{
	u64 offset;

	return kallsyms_lookup(address, &offset) ? address - offset : 0;
}

#endif
