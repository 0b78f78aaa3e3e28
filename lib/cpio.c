// SPDX-License-Identifier: MIT
/*
 * Reader of "newc" cpio archives: a row of members, each an ASCII header of 110
 * characters, a terminated name and the data, name and data padded to 4 bytes;
 * a member called TRAILER!!! ends it.  Source: cpio(5), "New ASCII Format".
 *
 * Whoever built the archive is not trusted: every number is compared with what
 * is left before it is used.
 */
#include <lib/cpio.h>
#include <lib/string.h>
#include <lib/util.h>

/* The header is the magic (6 characters) and 13 numbers of 8 hexadecimal digits. */
#define HEADER_SIZE 110
#define MAGIC_SIZE 6
#define FIELD_SIZE 8
#define PADDING 4

/* Which of the 13 numbers is what. */
enum cpio_field { FIELD_MODE = 1, FIELD_FILE_SIZE = 6, FIELD_NAME_SIZE = 11, NR_FIELDS = 13 };

/* Return: 0 to 15, or 16 if @c is no hexadecimal digit. */
static u32 hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (u32)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (u32)(c - 'A') + 10;
	return 16;
}

/* All numbers are read, so that a damaged header is refused even where the number is of no use. */
static bool read_fields(const char *header, u32 field[static NR_FIELDS])
{
	const char *next = header + MAGIC_SIZE;

	for (int i = 0; i < NR_FIELDS; i++) {
		u32 value = 0;

		for (int n = 0; n < FIELD_SIZE; n++) {
			u32 digit = hex_digit(*next++);

			if (digit > 15)
				return false;
			value = value << 4 | digit;
		}
		field[i] = value;
	}
	return true;
}

/* The name fills its field exactly: one terminator, at the end. */
static bool is_name_sound(const char *name, u32 size)
{
	return size && strnlen(name, size) == size - 1;
}

/* Advance *position by @size and the padding behind it.  Return: false if @size is not there. */
static bool skip(u64 archive_size, u64 *position, u64 size)
{
	if (size > archive_size - *position)
		return false;
	*position += size;
	/* The padding of the very last member may be missing. */
	*position = MIN(ALIGN_UP(*position, PADDING), archive_size);
	return true;
}

enum cpio_result cpio_next(const void *archive, u64 size, u64 *position, struct cpio_file *file)
{
	const char *start = archive, *header;
	u32 field[NR_FIELDS];
	u64 at = *position;

	if (at > size || size - at < HEADER_SIZE)
		return CPIO_TRUNCATED;
	header = start + at;
	if (memcmp(header, "070701", MAGIC_SIZE) != 0)
		return CPIO_BAD_MAGIC;
	if (!read_fields(header, field))
		return CPIO_BAD_FIELD;
	if (!skip(size, &at, HEADER_SIZE + (u64)field[FIELD_NAME_SIZE]))
		return CPIO_TRUNCATED;
	file->name = header + HEADER_SIZE;
	if (!is_name_sound(file->name, field[FIELD_NAME_SIZE]))
		return CPIO_BAD_FIELD;
	if (strcmp(file->name, "TRAILER!!!") == 0)
		return CPIO_END;
	file->data = start + at;
	file->size = field[FIELD_FILE_SIZE];
	file->mode = field[FIELD_MODE];
	if (!skip(size, &at, file->size))
		return CPIO_TRUNCATED;
	*position = at;
	return CPIO_FILE;
}

enum cpio_result cpio_find(const void *archive, u64 size, const char *name, struct cpio_file *file)
{
	enum cpio_result result;
	u64 position = 0;

	/* Each member is at least a header long, so the walk ends. */
	do {
		result = cpio_next(archive, size, &position, file);
	} while (result == CPIO_FILE && strcmp(file->name, name) != 0);
	return result;
}

const char *cpio_error(enum cpio_result result)
{
	switch (result) {
	case CPIO_FILE:
		return "a file was found";
	case CPIO_END:
		return "the archive has no such file";
	case CPIO_BAD_MAGIC:
		return "the archive is not cpio in newc format, or is damaged";
	case CPIO_BAD_FIELD:
		return "a header of the archive holds a bad number or name";
	case CPIO_TRUNCATED:
		return "the archive ends too early";
	}
	return "unknown result";
}
