// SPDX-License-Identifier: MIT
/*
 * lib/cpio.c: the walk over an archive ends and names only what lies inside, and
 * looking a member up finds the first one of that name.
 */
#include "fuzz.h"
#include <lib/cpio.h>

static void check_member(const u8 *archive, size_t size, const struct cpio_file *file)
{
	const u8 *name = (const u8 *)file->name, *data = file->data;

	FUZZ_ASSERT(name > archive && name < archive + size);
	FUZZ_ASSERT(name + strlen(file->name) < archive + size);
	FUZZ_ASSERT(data >= archive && data <= archive + size);
	FUZZ_ASSERT(file->size <= (u64)(archive + size - data));
	/* Read it all: the sanitizer looks on. */
	for (u64 i = 0; i < file->size; i++)
		*(volatile const u8 *)(data + i);
}

static void check_find(const u8 *archive, size_t size, const struct cpio_file *wanted)
{
	struct cpio_file found;

	FUZZ_ASSERT(cpio_find(archive, size, wanted->name, &found) == CPIO_FILE);
	FUZZ_ASSERT(strcmp(found.name, wanted->name) == 0 && found.name <= wanted->name);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *archive = fuzz_copy(data, size);
	struct cpio_file file;
	u64 position = 0, before = 0;
	enum cpio_result result, found;

	while ((result = cpio_next(archive, size, &position, &file)) == CPIO_FILE) {
		FUZZ_ASSERT(position > before && position <= size);
		before = position;
		check_member(archive, size, &file);
		if (position < 2048)
			check_find(archive, size, &file);
	}
	FUZZ_ASSERT(position == before && *cpio_error(result));
	found = cpio_find(archive, size, "no such member/", &file);
	FUZZ_ASSERT(found == CPIO_FILE || found == result);
	free(archive);
	return 0;
}
