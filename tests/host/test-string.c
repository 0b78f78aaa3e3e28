// SPDX-License-Identifier: MIT
/*
 * lib/string.c against the C library, for every small size and alignment and
 * for random ones, with bytes around the target that must not change.
 */
#include "test.h"

void *own_memcpy(void *to, const void *from, size_t size);
void *own_memmove(void *to, const void *from, size_t size);
void *own_memset(void *to, int byte, size_t size);
int own_memcmp(const void *a, const void *b, size_t size);
size_t own_strlen(const char *s);
size_t own_strnlen(const char *s, size_t limit);
int own_strcmp(const char *a, const char *b);
int own_strncmp(const char *a, const char *b, size_t limit);
char *own_strchr(const char *s, int c);
bool string_copy(char *to, size_t size, const char *from);
bool string_to_u64(const char *s, u64 *value);

#define ROOM 512

static u8 mine[ROOM], theirs[ROOM], source[ROOM];

static void fill(void)
{
	for (int i = 0; i < ROOM; i++) {
		mine[i] = theirs[i] = (u8)test_random();
		source[i] = (u8)test_random();
	}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void copies_every_alignment(void **state)
{
	(void)state;
	for (size_t to = 0; to < 10; to++)
		for (size_t from = 0; from < 10; from++)
			for (size_t size = 0; size < 100; size++) {
				fill();
				assert_ptr_equal(own_memcpy(mine + to, source + from, size),
						 mine + to);
				memcpy(theirs + to, source + from, size);
				assert_memory_equal(mine, theirs, ROOM);
			}
}

static void moves_every_overlap(void **state)
{
	(void)state;
	for (size_t to = 0; to < 72; to++)
		for (size_t from = 0; from < 72; from += 1 + to % 3)
			for (size_t size = 0; size < 90; size += 1 + from % 2) {
				fill();
				assert_ptr_equal(own_memmove(mine + to, mine + from, size),
						 mine + to);
				memmove(theirs + to, theirs + from, size);
				assert_memory_equal(mine, theirs, ROOM);
			}
}

static void sets_every_alignment(void **state)
{
	(void)state;
	for (size_t to = 0; to < 10; to++)
		for (size_t size = 0; size < 120; size++) {
			int byte = (int)test_random();

			fill();
			assert_ptr_equal(own_memset(mine + to, byte, size), mine + to);
			memset(theirs + to, byte, size);
			assert_memory_equal(mine, theirs, ROOM);
		}
}

static void compares_memory(void **state)
{
	(void)state;
	for (int round = 0; round < 100000; round++) {
		size_t a = test_below(16), b = test_below(16), size = test_below(64);

		for (size_t i = 0; i < 80; i++)
			mine[i] = theirs[i] = 7;
		if (size && round % 4)
			mine[a + test_below(size)] = (u8)test_random();
		assert_int_equal(sign(own_memcmp(mine + a, theirs + b, size)),
				 sign(memcmp(mine + a, theirs + b, size)));
	}
}

/* Text in a block of its own size: reading past the terminator is caught. */
static char *random_text(size_t longest)
{
	size_t length = test_below(longest + 1);
	char *text = malloc(length + 1);

	for (size_t i = 0; i < length; i++)
		text[i] = "ab\xff"[test_below(3)];
	text[length] = '\0';
	return text;
}

static void compares_text(void **state)
{
	(void)state;
	for (int round = 0; round < 100000; round++) {
		char *a = random_text(4), *b = random_text(4);
		size_t limit = test_below(6);

		assert_int_equal(own_strlen(a), strlen(a));
		assert_int_equal(own_strnlen(a, limit), strnlen(a, limit));
		assert_int_equal(sign(own_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(own_strncmp(a, b, limit)), sign(strncmp(a, b, limit)));
		assert_ptr_equal(own_strchr(a, 'b'), strchr(a, 'b'));
		assert_ptr_equal(own_strchr(a, 0xff), strchr(a, 0xff));
		assert_ptr_equal(own_strchr(a, 0), strchr(a, 0));
		free(a);
		free(b);
	}
}

static void string_copy_terminates(void **state)
{
	char text[6] = "xxxxx";

	(void)state;
	assert_true(string_copy(text, 4, "abc"));
	assert_memory_equal(text, "abc\0x", 6);
	assert_false(string_copy(text, 3, "abc"));
	assert_string_equal(text, "ab");
	assert_false(string_copy(text, 1, "abc"));
	assert_string_equal(text, "");
	assert_true(string_copy(text, 1, ""));
	text[0] = 'q';
	assert_false(string_copy(text, 0, "abc"));
	assert_int_equal(text[0], 'q');
}

static void numbers_are_read_whole(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
		u64 value;
	} cases[] = {
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "184467440737095516150", false, 0 },
		{ "0xffffffffffffffff", true, UINT64_MAX },
		{ "0x10000000000000000", false, 0 },
		{ "0XaBc", true, 0xabc },
		{ "", false, 0 },
		{ "0x", false, 0 },
		{ "x1", false, 0 },
		{ "12a", false, 0 },
		{ "0x1g", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x0x1", false, 0 },
		{ "1\x10", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 value = 4711;

		if (string_to_u64(cases[i].text, &value) != cases[i].is_good)
			fail_msg("\"%s\" is read wrongly", cases[i].text);
		assert_true(value == (cases[i].is_good ? cases[i].value : 4711));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_every_alignment),
		cmocka_unit_test(moves_every_overlap),
		cmocka_unit_test(sets_every_alignment),
		cmocka_unit_test(compares_memory),
		cmocka_unit_test(compares_text),
		cmocka_unit_test(string_copy_terminates),
		cmocka_unit_test(numbers_are_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
