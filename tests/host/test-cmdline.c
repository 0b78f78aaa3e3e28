// SPDX-License-Identifier: MIT
/*
 * lib/cmdline.c: words, values, quotes, cuts; random lines of awkward characters.
 */
#include "test.h"
#include <lib/cmdline.h>

static const char *rest;
static struct cmdline_option option;

/* @value NULL: the option has none. */
static void expect(const char *name, const char *value)
{
	assert_true(cmdline_next(&rest, &option));
	assert_string_equal(option.name, name);
	assert_int_equal(option.has_value, value != NULL);
	assert_string_equal(option.value, value ? value : "");
}

static void expect_end(void)
{
	assert_false(cmdline_next(&rest, &option));
	assert_false(cmdline_next(&rest, &option));
}

static void nothing(void **state)
{
	(void)state;
	rest = "";
	expect_end();
	rest = " \t\r\n ";
	expect_end();
}

static void names_and_values(void **state)
{
	(void)state;
	rest = "  quiet loglevel=7\tempty= a=b=c =d ";
	expect("quiet", NULL);
	expect("loglevel", "7");
	expect("empty", "");
	expect("a", "b=c");
	expect("", "d");
	expect_end();
}

static void quotes(void **state)
{
	(void)state;
	rest = "a=\"b c\" \"d=e f\" g\"h i\"j \"\" k=\"l";
	expect("a", "b c");
	expect("d", "e f");
	expect("gh ij", NULL);
	expect("", NULL);
	expect("k", "l");
	expect_end();
	rest = "x=\"never closed  ";
	expect("x", "never closed  ");
	expect_end();
}

static void long_words_are_cut(void **state)
{
	char line[3 * CMDLINE_WORD];

	(void)state;
	for (size_t length = CMDLINE_WORD - 3; length < CMDLINE_WORD + 3; length++) {
		memset(line, 'n', length);
		line[length] = '=';
		memset(line + length + 1, 'v', length);
		strcpy(line + 2 * length + 1, " next");
		rest = line;
		assert_true(cmdline_next(&rest, &option));
		assert_int_equal(option.is_cut, length >= CMDLINE_WORD);
		assert_int_equal(strlen(option.name), MIN(length, (size_t)CMDLINE_WORD - 1));
		assert_int_equal(strlen(option.value), MIN(length, (size_t)CMDLINE_WORD - 1));
		expect("next", NULL);
		assert_false(option.is_cut);
		expect_end();
	}
}

/* Each call takes at least one character, so a line of n has at most n options. */
static void random_lines_end(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t length = test_below(300), options = 0;
		char *line = malloc(length + 1);

		for (size_t i = 0; i < length; i++)
			line[i] = "  =\"ab\t\xff"[test_below(8)];
		line[length] = '\0';
		rest = line;
		while (cmdline_next(&rest, &option)) {
			assert_true(++options <= length);
			assert_true(strnlen(option.name, CMDLINE_WORD) < CMDLINE_WORD);
			assert_true(strnlen(option.value, CMDLINE_WORD) < CMDLINE_WORD);
		}
		assert_ptr_equal(rest, line + length);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(names_and_values),
		cmocka_unit_test(quotes),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(random_lines_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
