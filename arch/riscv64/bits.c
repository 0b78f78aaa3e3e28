// SPDX-License-Identifier: MIT
/*
 * What the compiler calls for __builtin_clzl and __builtin_ctzl, because the
 * base instruction set cannot count zeroes and there is no libgcc for this
 * ABI.  Both halve the part that can hold the bit; for 0 the result is open.
 */
#include <kernel/types.h>

int __clzdi2(u64 value);
int __ctzdi2(u64 value);

int __clzdi2(u64 value)
{
	int zeroes = 0;

	for (int width = 32; width; width /= 2) {
		if (value >> (64 - width))
			continue;
		value <<= width;
		zeroes += width;
	}
	return zeroes;
}

int __ctzdi2(u64 value)
{
	/* The lowest bit alone has as many zeroes below as 63 less those above. */
	return 63 - __clzdi2(value & -value);
}
