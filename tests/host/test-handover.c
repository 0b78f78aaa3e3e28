// SPDX-License-Identifier: MIT
/*
 * drivers/handover/handover.c on structures made here, whole, with each rule broken
 * alone, cut at every byte and with every byte changed.
 *
 * Physical memory is an array.  Each view is a copy of exactly the size that was
 * asked for and replaces the last one: the sanitizer sees reads outside of it.
 */
#include "test.h"
#include <kernel/handover.h>
#include <kernel/printk.h>

#define MEMORY_BASE 0x7004UL /* PVH structures are aligned to 4 bytes and no more */
#define MEMORY_SIZE 0x1000UL
#define START 0
#define MAP 0x100
#define TEXT 0x200
#define MODULES 0xd00

static u8 memory[MEMORY_SIZE];
static size_t end; /* where memory ends for the parser */
static void *view;
static struct boot_info info;
static unsigned int nr_warnings;

void printk(enum log_level level, const char *format, ...)
{
	(void)format;
	nr_warnings += level == LOG_WARNING;
}

/* The boot archive lies elsewhere and is only looked for. */
static const void *map(paddr_t base, size_t size)
{
	free(view);
	view = NULL;
	if (base == 0x500000 && size <= 0x2000)
		return memory;
	if (base < MEMORY_BASE || base - MEMORY_BASE > end || size > end - (base - MEMORY_BASE))
		return NULL;
	view = test_copy(memory + (base - MEMORY_BASE), size);
	return view;
}

static const char *parse(const char *(*parser)(paddr_t, const void *(*)(paddr_t, size_t),
					       struct boot_info *))
{
	const char *error;

	memset(&info, 0, sizeof(info));
	memset(info.cmdline, 'x', sizeof(info.cmdline));
	nr_warnings = 0;
	error = parser(MEMORY_BASE + START, map, &info);
	free(view);
	view = NULL;
	assert_true(info.nr_usable <= BOOT_MAX_RANGES && info.nr_reserved <= BOOT_MAX_RANGES);
	if (!error && info.cmdline[0] != 'x')
		assert_true(strnlen(info.cmdline, BOOT_CMDLINE_SIZE) < BOOT_CMDLINE_SIZE);
	return error;
}

static void put(size_t at, u64 value, size_t width)
{
	memcpy(memory + at, &value, width);
}

static void put_entry(size_t at, u64 base, u64 size, u32 type)
{
	put(at, base, 8);
	put(at + 8, size, 8);
	put(at + 16, type, 4);
}

/* As QEMU makes it; the command line ends where memory does. */
static void make_pvh(void)
{
	memset(memory, 0, sizeof(memory));
	end = MEMORY_SIZE;
	put(START, PVH_MAGIC, 4);
	put(START + 4, 1, 4);
	put(START + 12, 1, 4);
	put(START + 16, MEMORY_BASE + MODULES, 8);
	put(START + 24, MEMORY_BASE + MEMORY_SIZE - 5, 8);
	put(START + 32, 0xf5a00, 8);
	put(START + 40, MEMORY_BASE + MAP, 8);
	put(START + 48, 5, 4);
	put_entry(MAP, 0, 0x9f000, 1);
	put_entry(MAP + 24, 0x9f000, 0xc00, 1); /* goes on where the first one ends */
	put_entry(MAP + 48, 0xf0000, 0x10000, 2);
	put_entry(MAP + 72, 0x100000, 0xff00000, 1);
	put_entry(MAP + 96, 0xfff0000, 0x20000, 3); /* overlaps usable memory */
	memcpy(memory + MEMORY_SIZE - 5, "demo", 5);
	put(MODULES, 0x500000, 8);
	put(MODULES + 8, 0x2000, 8);
}

static void pvh(void **state)
{
	(void)state;
	make_pvh();
	assert_null(parse(pvh_parse));
	assert_string_equal(info.protocol, "PVH");
	assert_string_equal(info.cmdline, "demo");
	assert_false(info.is_cmdline_cut);
	assert_int_equal(info.nr_usable, 2);
	assert_int_equal(info.usable[0].size, 0x9fc00);
	assert_int_equal(info.usable[1].base, 0x100000);
	assert_int_equal(info.archive, 0x500000);
	assert_int_equal(info.archive_size, 0x2000);
	assert_int_equal(info.nr_reserved, 2);
	assert_int_equal(info.reserved[0].base, 0xfff0000);
	assert_int_equal(info.reserved[1].base, 0x500000);
	assert_int_equal(info.firmware, 0xf5a00);
}

#define BREAK(make, parser, statement, sentence)                                                   \
	do {                                                                                       \
		make();                                                                            \
		statement;                                                                         \
		assert_sentence(parse(parser), sentence);                                          \
	} while (0)

static void pvh_rules(void **state)
{
	(void)state;
	BREAK(make_pvh, pvh_parse, put(START, 1, 4), "what was handed over is no start_info");
	BREAK(make_pvh, pvh_parse, put(START + 4, 0, 4), "start_info has no memory map");
	BREAK(make_pvh, pvh_parse, put(START + 48, 0, 4), "start_info has no memory map");
	BREAK(make_pvh, pvh_parse, put(START + 48, ~0U, 4), "the memory map lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, put(START + 40, ~0UL, 8), "the memory map lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, put(START + 12, ~0U, 4),
	      "the list of modules lies beyond 4 GiB");
	assert_true(nr_warnings > 0);
	BREAK(make_pvh, pvh_parse, put(START + 16, ~0UL, 8),
	      "the list of modules lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, put(MODULES, 1UL << 32, 8),
	      "the boot archive lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, put(MODULES + 8, ~0UL, 8), "the boot archive lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, put(START + 24, 16, 8), "the command line lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, memory[MEMORY_SIZE - 1] = 'x',
	      "the command line lies beyond 4 GiB");
	BREAK(make_pvh, pvh_parse, put_entry(MAP + 72, ~0xfffUL, 0x2000, 1), NULL);
	assert_true(info.usable[1].base + info.usable[1].size == ~0UL);
	BREAK(make_pvh, pvh_parse, put(START + 24, 0, 8), NULL);
	BREAK(make_pvh, pvh_parse, put(START + 12, 0, 4), NULL);
	assert_int_equal(info.archive, 0);
}

/* The longest command line that fits, and one more. */
static void long_text(void **state)
{
	(void)state;
	for (size_t length = BOOT_CMDLINE_SIZE - 2; length <= BOOT_CMDLINE_SIZE + 1; length++) {
		make_pvh();
		put(START + 24, MEMORY_BASE + TEXT, 8);
		memset(memory + TEXT, 'a', length);
		assert_null(parse(pvh_parse));
		assert_int_equal(strlen(info.cmdline), MIN(length, BOOT_CMDLINE_SIZE - 1UL));
		assert_int_equal(info.is_cmdline_cut, length >= BOOT_CMDLINE_SIZE);
	}
}

static size_t last_tag;

static size_t add_tag(u32 type, const void *body, size_t size)
{
	size_t at;
	u32 total;

	memcpy(&total, memory, 4);
	at = last_tag = total;
	put(at, type, 4);
	put(at + 4, 8 + size, 4);
	memcpy(memory + at + 8, body, size);
	put(START, at + ALIGN_UP(8 + size, 8UL), 4);
	return at;
}

/* As GRUB makes it. */
static void make_multiboot(void)
{
	static const char rsdp[2][36] = { "RSD PTR 1", "RSD PTR 2" };
	static const u32 module[] = { 0x500000, 0x502000, 0x6e };
	u8 entries[8 + 2 * 24] = { 24 };
	u64 base = 0x100000, size = 0x1000000;

	memset(memory, 0, sizeof(memory));
	end = MEMORY_SIZE;
	put(START, 8, 4);
	add_tag(21, "base", 4);
	add_tag(1, "test", 5);
	add_tag(3, module, sizeof(module));
	memcpy(entries + 8, &base, 8);
	memcpy(entries + 16, &size, 8);
	entries[24] = 1;
	add_tag(6, entries, sizeof(entries));
	add_tag(14, rsdp[0], 20);
	add_tag(15, rsdp[1], 36);
	add_tag(14, rsdp[0], 20);
	add_tag(0, "", 0);
}

static void multiboot(void **state)
{
	(void)state;
	make_multiboot();
	assert_null(parse(multiboot_parse));
	assert_string_equal(info.protocol, "Multiboot2");
	assert_string_equal(info.cmdline, "test");
	assert_int_equal(info.archive, 0x500000);
	assert_int_equal(info.archive_size, 0x2000);
	assert_int_equal(info.nr_usable, 1);
	assert_int_equal(info.usable[0].size, 0x1000000);
	/* The second revision, though another one came after it. */
	assert_memory_equal(memory + (info.firmware - MEMORY_BASE), "RSD PTR 2", 9);
}

static void without_map(void)
{
	make_multiboot();
	put(START, last_tag, 4);
}

static void multiboot_rules(void **state)
{
	size_t at;

	(void)state;
	BREAK(without_map, multiboot_parse, (void)0, "the Multiboot2 information has no end");
	BREAK(make_multiboot, multiboot_parse, put(START, ~0U, 4),
	      "the Multiboot2 information lies beyond 4 GiB");
	BREAK(make_multiboot, multiboot_parse, put(8 + 4, 7, 4),
	      "a Multiboot2 tag leaves the information");
	BREAK(make_multiboot, multiboot_parse, put(8 + 4, ~0U, 4),
	      "a Multiboot2 tag leaves the information");
	for (u64 size = 0; size < 24; size++) {
		without_map();
		at = add_tag(6, "", 0) + 8;
		put(START, at + 32, 4);
		put(at - 4, 32, 4);
		put(at, size, 4);
		assert_sentence(parse(multiboot_parse), "the memory map's entries are too short");
	}
	/* Tags too short for what they are to hold. */
	for (u32 type = 1; type < 22; type++)
		for (size_t size = 0; size < 8; size++) {
			without_map();
			add_tag(type, "\1\0\0\0\2\0\0", size);
			add_tag(0, "", 0);
			(void)!parse(multiboot_parse);
		}
}

/* Memory that ends at every byte, and a total that does. */
static void cut(void **state)
{
	int good = 0, short_total = 0;
	u32 total;

	(void)state;
	make_pvh();
	for (end = 0; end <= MEMORY_SIZE; end++)
		good += !parse(pvh_parse);
	assert_int_equal(good, 1); /* the command line's last byte is needed */
	make_multiboot();
	memcpy(&total, memory, 4);
	for (end = 0, good = 0; end <= total; end++)
		good += !parse(multiboot_parse);
	assert_int_equal(good, 1);
	for (u32 claimed = 0; claimed < total; claimed++) {
		put(START, claimed, 4);
		short_total += !!parse(multiboot_parse);
	}
	assert_int_equal(short_total, total);
}

/* Each byte takes every value. */
static void every_byte(void **state)
{
	u32 total, accepted = 0, refused = 0;

	(void)state;
	for (int which = 0; which < 2; which++) {
		if (which)
			make_multiboot();
		else
			make_pvh();
		memcpy(&total, memory, 4);
		for (size_t at = 0; at < (which ? total : MAP + 5 * 24); at++)
			for (unsigned int value = 0; value < 256; value++) {
				u8 old = memory[at];

				memory[at] = (u8)value;
				if (parse(which ? multiboot_parse : pvh_parse))
					refused++;
				else
					accepted++;
				memory[at] = old;
			}
	}
	assert_true(accepted > 1000 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pvh),	     cmocka_unit_test(pvh_rules),
		cmocka_unit_test(long_text), cmocka_unit_test(multiboot),
		cmocka_unit_test(multiboot_rules), cmocka_unit_test(cut),
		cmocka_unit_test(every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
