// SPDX-License-Identifier: MIT
/*
 * lib/elf.c: whatever it accepts must be safe to load without further checks.
 * The first byte chooses the machine, the rest is the file.
 */
#include "fuzz.h"
#include <lib/elf.h>

static void check_segment(const struct elf_image *image, u32 index, size_t size)
{
	const struct elf_segment *segment = &image->segment[index];

	FUZZ_ASSERT(segment->memory_size);
	FUZZ_ASSERT(segment->file_size <= segment->memory_size);
	FUZZ_ASSERT(range_within(segment->offset, segment->file_size, 0, size));
	FUZZ_ASSERT(!range_overflows(segment->address, segment->memory_size));
	FUZZ_ASSERT(range_within(segment->address, segment->memory_size, image->low, image->high));
	FUZZ_ASSERT(!(segment->can_write && segment->can_execute));
	if (index) {
		const struct elf_segment *last = segment - 1;

		FUZZ_ASSERT(ALIGN_DOWN(segment->address, 4096) >=
			    ALIGN_UP(last->address + last->memory_size, 4096));
	}
}

static bool is_in_code(const struct elf_image *image)
{
	for (u32 i = 0; i < image->nr_segments; i++)
		if (image->segment[i].can_execute &&
		    range_within(image->entry, 1, image->segment[i].address,
				 image->segment[i].address + image->segment[i].file_size))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u16 machines[] = { ELF_MACHINE_X86_64, ELF_MACHINE_AARCH64,
					ELF_MACHINE_RISCV };
	struct elf_image image;
	u8 *file;

	if (!size)
		return 0;
	file = fuzz_copy(data + 1, size - 1);
	if (!elf_parse(file, size - 1, machines[data[0] % 3], &image)) {
		FUZZ_ASSERT(image.nr_segments && image.nr_segments <= ELF_MAX_SEGMENTS);
		FUZZ_ASSERT(IS_ALIGNED(image.low, 4096) && IS_ALIGNED(image.high, 4096));
		for (u32 i = 0; i < image.nr_segments; i++)
			check_segment(&image, i, size - 1);
		FUZZ_ASSERT(is_in_code(&image));
	}
	free(file);
	return 0;
}
