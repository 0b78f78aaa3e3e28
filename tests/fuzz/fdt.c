// SPDX-License-Identifier: MIT
/*
 * drivers/fdt: any blob fills struct boot_info soundly or is refused with a sentence.
 */
#include "bootinfo.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	u8 *blob = fuzz_copy(data, size);
	const char *error;

	memset(&info, 0, sizeof(info));
	error = fdt_parse(blob, size, &info);
	FUZZ_ASSERT(!error || *error);
	check_bootinfo(&info);
	if (size >= 40)
		FUZZ_ASSERT(error || fdt_total_size(blob) <= size);
	free(blob);
	return 0;
}
