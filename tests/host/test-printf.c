// SPDX-License-Identifier: MIT
/*
 * lib/printf.c must print what the C library prints: every combination of
 * flags, widths and precisions of interest, with numbers at all borders.
 */
#include "test.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

int own_snprintf(char *buffer, size_t size, const char *format, ...);

#define ROOM 256

static const u64 numbers[] = {
	0,          1,          7,          8,           9,          10,           15,
	16,         127,        128,        255,         256,        32767,        32768,
	65535,      65536,      0x7fffffff, 0x80000000u, UINT32_MAX, 0x100000000,  INT64_MAX,
	(u64)1 << 63, UINT64_MAX, UINT64_MAX - 9, 1234567890123456789,
};

static void same(const char *format, u64 value)
{
	char mine[ROOM], theirs[ROOM];
	int length = snprintf(theirs, ROOM, format, value);

	if (own_snprintf(mine, ROOM, format, value) != length || strcmp(mine, theirs) != 0)
		fail_msg("\"%s\" of %#lx: \"%s\" instead of \"%s\"", format, value, mine, theirs);
}

/* All 32 subsets of the flags, with each width and precision given. */
static void integers_as_in_c(void **state)
{
	static const char *const widths[] = { "", "1", "5", "30" };
	static const char *const precisions[] = { "", ".", ".0", ".1", ".7", ".25" };
	static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z" };

	(void)state;
	for (unsigned int i = 0; i < 32 * 4 * 6 * 6 * 6; i++) {
		char format[32] = "%";
		unsigned int rest = i;

		for (int flag = 0; flag < 5; flag++, rest /= 2)
			if (rest % 2)
				strncat(format, &"-0+ #"[flag], 1);
		strcat(format, widths[rest % 4]);
		rest /= 4;
		strcat(format, precisions[rest % 6]);
		rest /= 6;
		strcat(format, lengths[rest % 6]);
		rest /= 6;
		strncat(format, &"diuxXo"[rest], 1);
		for (size_t n = 0; n < ARRAY_SIZE(numbers); n++)
			same(format, numbers[n]);
	}
}

static void text_as_in_c(void **state)
{
	static const char *const formats[] = {
		"%s",  "%10s",   "%-10s|",   "%.2s",  "%.0s",
		"%.s", "%10.3s", "%-10.3s|", "%.20s", "a%sb%%",
	};
	char mine[ROOM], theirs[ROOM];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		int length = snprintf(theirs, ROOM, formats[i], "hello");

		assert_int_equal(own_snprintf(mine, ROOM, formats[i], "hello"), length);
		assert_string_equal(mine, theirs);
	}
	assert_int_equal(own_snprintf(mine, ROOM, "%c%3c%-3c|", 'x', 'y', 'z'), 8);
	assert_string_equal(mine, "x  yz  |");
	assert_int_equal(own_snprintf(mine, ROOM, "%s", (char *)NULL), 6);
	assert_string_equal(mine, "(null)");
}

/* The text need not be terminated where the precision ends it. */
static void precision_bounds_reading(void **state)
{
	char *text = test_copy("abc", 3), mine[ROOM];

	(void)state;
	own_snprintf(mine, ROOM, "%.3s", text);
	assert_string_equal(mine, "abc");
	free(text);
}

static void stars_as_in_c(void **state)
{
	char mine[ROOM], theirs[ROOM];

	(void)state;
	for (int width = -12; width <= 12; width++)
		for (int precision = -3; precision <= 9; precision++) {
			snprintf(theirs, ROOM, "%*.*d|%.*s", width, precision, -42, precision,
				 "text");
			own_snprintf(mine, ROOM, "%*.*d|%.*s", width, precision, -42, precision,
				     "text");
			assert_string_equal(mine, theirs);
		}
}

static void mixed_arguments(void **state)
{
	char mine[ROOM];

	(void)state;
	own_snprintf(mine, ROOM, "%d %s %lx %c %u %p %zu %hhd", -1, "two", 0x3333333333UL, '4', 5u,
		     (void *)0x6666, (size_t)7, 0x108);
	assert_string_equal(mine, "-1 two 3333333333 4 5 0x6666 7 8");
	own_snprintf(mine, ROOM, "%p", NULL);
	assert_string_equal(mine, "0x0");
}

static void mistakes_are_shown(void **state)
{
	char mine[ROOM];

	(void)state;
	own_snprintf(mine, ROOM, "a%qb%");
	assert_string_equal(mine, "a%qb%");
	own_snprintf(mine, ROOM, "%5");
	assert_string_equal(mine, "%5");
	/* A ridiculous width ends soon. */
	assert_true(own_snprintf(mine, ROOM, "%2000000000d", 1) <= 2000);
	assert_true(own_snprintf(mine, ROOM, "%99999999999999999999.99999999999d", 1) <= 4000);
	assert_true(own_snprintf(mine, ROOM, "%*d", INT32_MIN, 1) <= 2000);
}

static void cut_at_every_size(void **state)
{
	(void)state;
	for (size_t size = 0; size < 20; size++) {
		char *mine = malloc(size ? size : 1);

		assert_int_equal(own_snprintf(mine, size, "%s-%d", "abcdef", 12345), 12);
		if (size)
			assert_int_equal(strlen(mine), MIN(size - 1, (size_t)12));
		if (size)
			assert_memory_equal(mine, "abcdef-12345", strlen(mine));
		free(mine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_as_in_c),
		cmocka_unit_test(text_as_in_c),
		cmocka_unit_test(precision_bounds_reading),
		cmocka_unit_test(stars_as_in_c),
		cmocka_unit_test(mixed_arguments),
		cmocka_unit_test(mistakes_are_shown),
		cmocka_unit_test(cut_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
