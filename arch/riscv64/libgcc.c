// SPDX-License-Identifier: MIT
/*
 * What the compiler calls for: the toolchain's own library exists only for
 * another floating-point ABI, and the base instruction set counts no zeros.
 */
#include <kernel/types.h>

int __clzdi2(u64 value);

int __clzdi2(u64 value)
{
	int zeros = 0;

	for (unsigned width = 32; width; width /= 2)
		if (!(value >> (64 - width))) {
			zeros += (int)width;
			value <<= width;
		}
	return zeros + (value == 0);
}
