// SPDX-License-Identifier: MIT
/*
 * The loader refuses damaged programs, and leaves nothing behind when it does.
 */
#include "test.h"
#include <lib/elf.h>

#define DAMAGES 2000
#define HEADERS 512 /* header and program headers lie in here */

static u64 frames(void)
{
	u64 available = 0, unused;

	must(system_info(startup->system, INFO_MEMORY_QUOTA, 0, &available, &unused),
	     "system_info");
	return available;
}

static u64 capabilities(void)
{
	u64 pages, caps = 0;

	(void)process_info(startup->self, PROCESS_INFO_MEMORY, &pages, &caps);
	return caps;
}

/* The reaper takes back what the dead had, a little later. */
static bool settles(u64 (*count)(void), u64 wanted, bool wants_more)
{
	for (u32 tries = 0; tries < 400; tries++) {
		if (wants_more ? count() >= wanted : count() <= wanted)
			return true;
		sleep_for(5 * MILLISECOND);
	}
	return false;
}

static void test_truncated(const struct program *whole)
{
	struct program cut = *whole;
	struct child child;
	u64 before = capabilities();
	u32 refused = 0, tried = 0;

	for (size_t size = 0; size < whole->size; size += size < HEADERS ? 1 : 997) {
		cut.size = size;
		tried++;
		if (program_spawn(&cut, &child) == ST_INVALID && child.error)
			refused++;
		else
			child_free(&child);
	}
	/* What lies behind the last segment may be missing: sections are no use to a loader. */
	check(refused >= HEADERS && refused + 8 >= tried,
	      "a program cut off at %u places is refused (%u)", tried, refused);
	check(settles(capabilities, before, false), "and no capability is left behind (%lu, %lu)",
	      before, capabilities());
}

/* Random bytes in the headers: refused, or a sound program of another shape that is never started. */
static void test_damaged(const struct program *whole)
{
	struct elf_image image;
	u8 *copy = malloc(whole->size);
	u32 refused = 0, unsound = 0;

	if (!copy)
		fail("no memory");
	memcpy(copy, whole->file, whole->size);
	for (u32 i = 0; i < DAMAGES; i++) {
		u64 bits = random_bits();
		u8 *byte = &copy[bits % 240], old = *byte;

		*byte = (u8)(bits >> 32);
		if (elf_parse(copy, whole->size, ELF_MACHINE_NATIVE, &image))
			refused++;
		else
			for (u32 s = 0; s < image.nr_segments; s++)
				unsound += image.segment[s].offset + image.segment[s].file_size >
						   whole->size ||
					   (image.segment[s].can_write &&
					    image.segment[s].can_execute);
		*byte = old;
	}
	check(refused > DAMAGES / 10, "of %u damaged headers %u are refused", DAMAGES, refused);
	same(unsound, 0, "and no other reaches outside of the file or breaks W^X");
	free(copy);
}

static void refuse(const struct program *whole, u32 offset, u8 value, const char *what)
{
	struct program damaged = *whole;
	struct child child;
	u8 *copy = malloc(whole->size);
	long status;

	if (!copy)
		fail("no memory");
	memcpy(copy, whole->file, whole->size);
	copy[offset] = value;
	damaged.file = copy;
	status = program_spawn(&damaged, &child);
	check(status == ST_INVALID && child.error, "%s: %s", what,
	      child.error ? child.error : "accepted");
	if (status == ST_OK)
		child_free(&child);
	free(copy);
}

void test_elf(void)
{
	struct program whole;
	const char *error = program_role(&whole, "fault");
	u64 before = frames();

	if (error)
		fail("%s", error);
	test_truncated(&whole);
	test_damaged(&whole);
	refuse(&whole, 0, 0x7e, "wrong magic");
	refuse(&whole, 4, 1, "a 32-bit file");
	refuse(&whole, 16, 2, "a fixed executable");
	refuse(&whole, 18, 3, "another machine");
	refuse(&whole, 39, 0xff, "program headers beyond the end");
	refuse(&whole, 64 + 4, 7, "a segment writable and executable");
	refuse(&whole, 64 + 15, 0x7f, "a segment beyond the end");
	/* The heap has grown by two chunks and keeps them. */
	check(settles(frames, before - 160, true), "no memory is lost (%lu, %lu frames)", before,
	      frames());
}
