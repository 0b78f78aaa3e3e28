/* SPDX-License-Identifier: MIT */
/*
 * Reading the boot archive: cpio, "newc" format, magic 070701.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <lib/types.h>

struct cpio_file {
	const char *name; /* in the archive, terminated */
	const void *data; /* in the archive */
	u64 size;
	u32 mode;
};

enum cpio_result {
	CPIO_FILE,      /* *file is filled, *position is after it */
	CPIO_END,       /* the trailer was found */
	CPIO_BAD_MAGIC, /* the header is not newc */
	CPIO_BAD_FIELD, /* a number is not hexadecimal, or a name is not terminated */
	CPIO_TRUNCATED, /* the archive ends inside a member or before the trailer */
};

/**
 * cpio_next() - read the member at *position (0 at first).
 * Never reads outside of [archive, archive + size).
 */
enum cpio_result cpio_next(const void *archive, u64 size, u64 *position,
			   struct cpio_file *file);

/**
 * cpio_find() - CPIO_FILE if @name is there; CPIO_END if the archive is sound and has no such
 * file; else what is wrong.
 */
enum cpio_result cpio_find(const void *archive, u64 size, const char *name,
			   struct cpio_file *file);

/** cpio_error() - a sentence for people. */
const char *cpio_error(enum cpio_result result);

#endif
