// SPDX-License-Identifier: MIT
/*
 * lib/cpio.c on archives made here: sound ones, cut at every byte, and with
 * every byte changed in every way.
 */
#include "test.h"
#include <lib/cpio.h>

static u8 archive[4096];
static size_t archive_size;

static void add_bytes(const void *data, size_t size)
{
	memcpy(archive + archive_size, data, size);
	archive_size += size;
	while (archive_size % 4)
		archive[archive_size++] = 0;
}

static void add_member(const char *name, const char *data, unsigned int mode)
{
	char header[256];
	int length = snprintf(header, sizeof(header),
			      "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1,
			      mode, 0, 0, 1, 0, (unsigned int)strlen(data), 0, 0, 0, 0,
			      (unsigned int)strlen(name) + 1, 0, name);

	add_bytes(header, (size_t)length + 1);
	add_bytes(data, strlen(data));
}

static void start(void)
{
	archive_size = 0;
	add_member("init", "contents of init", 0100755);
	add_member("a", "x", 0100644);
	add_member("empty", "", 0100600);
	add_member("dir/name", "more", 0100644);
	add_member("TRAILER!!!", "", 0);
}

static void reads_members(void **state)
{
	struct cpio_file file;
	u64 position = 0;

	(void)state;
	start();
	assert_int_equal(cpio_next(archive, archive_size, &position, &file), CPIO_FILE);
	assert_string_equal(file.name, "init");
	assert_int_equal(file.size, 16);
	assert_memory_equal(file.data, "contents of init", 16);
	assert_int_equal(file.mode, 0100755);
	assert_int_equal(cpio_next(archive, archive_size, &position, &file), CPIO_FILE);
	assert_string_equal(file.name, "a");
	assert_int_equal(cpio_next(archive, archive_size, &position, &file), CPIO_FILE);
	assert_int_equal(file.size, 0);
	assert_int_equal(cpio_next(archive, archive_size, &position, &file), CPIO_FILE);
	assert_string_equal(file.name, "dir/name");
	assert_int_equal(cpio_next(archive, archive_size, &position, &file), CPIO_END);
}

static void finds_by_name(void **state)
{
	struct cpio_file file;

	(void)state;
	start();
	assert_int_equal(cpio_find(archive, archive_size, "dir/name", &file), CPIO_FILE);
	assert_memory_equal(file.data, "more", 4);
	assert_int_equal(cpio_find(archive, archive_size, "dir", &file), CPIO_END);
	assert_int_equal(cpio_find(archive, archive_size, "TRAILER!!!", &file), CPIO_END);
	assert_int_equal(cpio_find(archive, 0, "a", &file), CPIO_TRUNCATED);
	assert_int_equal(cpio_find("not an archive", 14, "a", &file), CPIO_TRUNCATED);
}

static void cut_at_every_byte(void **state)
{
	/* The trailer counts as soon as its name is there. */
	size_t least;

	(void)state;
	start();
	least = archive_size - 1; /* the name of the trailer is followed by padding only */
	while (!archive[least - 1])
		least--;
	least++;
	for (size_t size = 0; size < archive_size; size++) {
		u8 *cut = test_copy(archive, size);
		struct cpio_file file;

		assert_int_equal(cpio_find(cut, size, "missing", &file),
				 size < least ? CPIO_TRUNCATED : CPIO_END);
		free(cut);
	}
}

/* Nothing to expect but that it ends inside the archive and names only what is in it. */
static int walk(const u8 *data, size_t size)
{
	struct cpio_file file;
	u64 position = 0;
	int result, members = 0;

	while ((result = (int)cpio_next(data, size, &position, &file)) == CPIO_FILE) {
		const u8 *bytes = file.data;

		assert_true(++members < 64);
		assert_true(strlen(file.name) < size);
		assert_true(bytes >= data && bytes <= data + size);
		assert_true(file.size <= (u64)(data + size - bytes));
	}
	assert_true(*cpio_error((enum cpio_result)result) != '\0');
	return result;
}

static void every_byte_changed(void **state)
{
	int seen[5] = { 0 };

	(void)state;
	start();
	for (size_t i = 0; i < archive_size; i++)
		for (unsigned int value = 0; value < 256; value++) {
			u8 *copy = test_copy(archive, archive_size);

			copy[i] = (u8)value;
			seen[walk(copy, archive_size)]++;
			free(copy);
		}
	/* All ways to fail were met. */
	assert_true(seen[CPIO_END] && seen[CPIO_BAD_MAGIC] && seen[CPIO_BAD_FIELD] &&
		    seen[CPIO_TRUNCATED]);
}

static void header_digits_are_checked(void **state)
{
	struct cpio_file file;

	(void)state;
	for (size_t i = 0; i < 110; i++) {
		start();
		archive[i] = 'g';
		assert_int_equal(cpio_find(archive, archive_size, "init", &file),
				 i < 6 ? CPIO_BAD_MAGIC : CPIO_BAD_FIELD);
	}
}

static void bad_names_and_positions(void **state)
{
	struct cpio_file file;
	u64 position = UINT64_MAX;

	(void)state;
	start();
	assert_int_equal(cpio_next(archive, archive_size, &position, &file), CPIO_TRUNCATED);
	memcpy(archive + 94, "00000000", 8); /* a name without even a terminator */
	assert_int_equal(cpio_find(archive, archive_size, "init", &file), CPIO_BAD_FIELD);
	memcpy(archive + 94, "00000004", 8); /* the terminator is outside */
	assert_int_equal(cpio_find(archive, archive_size, "init", &file), CPIO_BAD_FIELD);
	memcpy(archive + 94, "ffffffff", 8);
	assert_int_equal(cpio_find(archive, archive_size, "init", &file), CPIO_TRUNCATED);
	start();
	memcpy(archive + 54, "ffffffff", 8);
	assert_int_equal(cpio_find(archive, archive_size, "init", &file), CPIO_TRUNCATED);
	start();
	archive[5] = '2';
	assert_int_equal(cpio_find(archive, archive_size, "init", &file), CPIO_BAD_MAGIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_members),
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(every_byte_changed),
		cmocka_unit_test(header_digits_are_checked),
		cmocka_unit_test(bad_names_and_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
