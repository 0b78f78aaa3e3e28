// SPDX-License-Identifier: MIT
/*
 * Splitting a command line.  Quotes switch blanks from separators to ordinary
 * characters and are dropped, wherever they stand: a="b c" and "a=b c" are the
 * same.  A quote that is never closed reaches to the end.
 */
#include <lib/cmdline.h>

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where the characters of the option go: the name first, then the value. */
struct cmdline_word {
	char *text;
	size_t length;
};

static void append(struct cmdline_option *option, struct cmdline_word *word, char c)
{
	if (word->length + 1 >= CMDLINE_WORD) {
		option->is_cut = true;
		return;
	}
	word->text[word->length++] = c;
	word->text[word->length] = '\0';
}

bool cmdline_next(const char **rest, struct cmdline_option *option)
{
	struct cmdline_word word = { .text = option->name };
	const char *next = *rest;
	bool is_quoted = false;

	*option = (struct cmdline_option){ .has_value = false };
	while (is_blank(*next))
		next++;
	if (!*next) {
		*rest = next;
		return false;
	}
	for (; *next && (is_quoted || !is_blank(*next)); next++) {
		if (*next == '"') {
			is_quoted = !is_quoted;
		} else if (*next == '=' && !option->has_value) {
			option->has_value = true;
			word = (struct cmdline_word){ .text = option->value };
		} else {
			append(option, &word, *next);
		}
	}
	*rest = next;
	return true;
}
