// SPDX-License-Identifier: MIT
/*
 * Memory and string functions of a freestanding program.
 *
 * The compiler emits calls of memcpy, memmove, memset and memcmp by itself, so
 * this file is built with -fno-tree-loop-distribute-patterns: otherwise the
 * loops below would be recognised and turned into calls of themselves.
 *
 * Words are always aligned: others would fault on AArch64 before the MMU is on
 * (all memory is Device then) and trap into firmware on many RISC-V machines.
 * What is copied between ends that are aligned differently (a program out of an
 * archive) is put together from two words each time.
 */
#include <lib/string.h>
#include <lib/util.h>

/* A word that may overlay objects of any type. */
typedef u64 __attribute__((may_alias)) word;

#define WORD sizeof(word)
#define BLOCK (4 * WORD)

static bool is_word_aligned(const void *p)
{
	return IS_ALIGNED((uintptr_t)p, WORD);
}

/* Ends that differ in their low bits can never be aligned together. */
static bool can_use_words(const void *a, const void *b)
{
	return is_word_aligned((const void *)((uintptr_t)a ^ (uintptr_t)b));
}

/*
 * Four loads before four stores, so that the processor can overlap them.  Also
 * right for overlapping ranges with to < from: a store never reaches bytes that
 * are still to be loaded, because the distance is a whole number of words.
 */
static size_t copy_blocks(u8 *to, const u8 *from, size_t size)
{
	size_t done = 0;

	for (; size - done >= BLOCK; done += BLOCK) {
		const word *source = (const word *)(const void *)(from + done);
		word *target = (word *)(void *)(to + done);
		word w0 = source[0], w1 = source[1], w2 = source[2], w3 = source[3];

		target[0] = w0;
		target[1] = w1;
		target[2] = w2;
		target[3] = w3;
	}
	for (; size - done >= WORD; done += WORD)
		*(word *)(void *)(to + done) = *(const word *)(const void *)(from + done);
	return done;
}

/*
 * Between ends that are never aligned together.  Little-endian: the lower bytes are those of lower
 * addresses.  All bytes of a source word are loaded before the store that may reach into it.
 */
static noinline void copy_up_shifted(u8 *to, const u8 *from, size_t size)
{
	unsigned shift;
	word low = 0;

	for (; !is_word_aligned(to); size--)
		*to++ = *from++;
	shift = 8 * ((uintptr_t)from % WORD);
	for (unsigned i = 0; shift + i < 64; i += 8)
		low |= (word)from[i / 8] << (shift + i);
	for (; size >= 2 * WORD; size -= WORD, to += WORD, from += WORD) {
		word high = *(const word *)(const void *)(from + WORD - shift / 8);

		*(word *)(void *)to = low >> shift | high << (64 - shift);
		low = high;
	}
	while (size--)
		*to++ = *from++;
}

/* Lowest address first. */
static void copy_up(u8 *to, const u8 *from, size_t size)
{
	if (can_use_words(to, from)) {
		size_t done;

		for (; size && !is_word_aligned(to); size--)
			*to++ = *from++;
		done = copy_blocks(to, from, size);
		to += done;
		from += done;
		size -= done;
	} else if (size >= 4 * WORD) {
		copy_up_shifted(to, from, size);
		return;
	}
	while (size--)
		*to++ = *from++;
}

/* Highest address first, for a target that overlaps the end of the source. */
static void copy_down(u8 *to, const u8 *from, size_t size)
{
	if (can_use_words(to, from)) {
		for (; size && !is_word_aligned(to + size); size--)
			to[size - 1] = from[size - 1];
		for (; size >= WORD; size -= WORD)
			*(word *)(void *)(to + size - WORD) =
				*(const word *)(const void *)(from + size - WORD);
	}
	for (; size; size--)
		to[size - 1] = from[size - 1];
}

void *memcpy(void *to, const void *from, size_t size)
{
	copy_up(to, from, size);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	/* Unsigned distance: "to" inside the source is the only order that matters. */
	if ((uintptr_t)to - (uintptr_t)from < size)
		copy_down(to, from, size);
	else
		copy_up(to, from, size);
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	u8 *p = to;
	word pattern = (u8)byte * 0x0101010101010101UL;

	for (; size && !is_word_aligned(p); size--)
		*p++ = (u8)byte;
	for (; size >= BLOCK; size -= BLOCK, p += BLOCK) {
		word *target = (word *)(void *)p;

		target[0] = pattern;
		target[1] = pattern;
		target[2] = pattern;
		target[3] = pattern;
	}
	for (; size >= WORD; size -= WORD, p += WORD)
		*(word *)(void *)p = pattern;
	while (size--)
		*p++ = (u8)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;

	/* Equal words are skipped; the bytes of the first unequal one decide below. */
	if (can_use_words(a, b) && is_word_aligned(a))
		for (; size >= WORD; size -= WORD, x += WORD, y += WORD)
			if (*(const word *)(const void *)x != *(const word *)(const void *)y)
				break;
	for (; size; size--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t length = 0;

	while (s[length])
		length++;
	return length;
}

size_t strnlen(const char *s, size_t limit)
{
	size_t length = 0;

	while (length < limit && s[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit && *a && *a == *b; a++, b++, limit--)
		;
	return limit ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	/* The standard prototype takes the const away; the caller knows what he passed. */
	return (char *)(uintptr_t)s;
}

bool string_copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from), copied;

	if (!size)
		return false;
	copied = MIN(length, size - 1);
	memcpy(to, from, copied);
	to[copied] = '\0';
	return copied == length;
}

/* Value of a digit, or 255, which is no digit in any base. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20; /* lower case */
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	return 255;
}

bool string_to_u64(const char *s, u64 *value)
{
	unsigned int base = 10;
	u64 sum = 0;

	if (s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int digit = digit_value(*s);

		if (digit >= base)
			return false;
		if (__builtin_mul_overflow(sum, (u64)base, &sum) ||
		    __builtin_add_overflow(sum, (u64)digit, &sum))
			return false;
	}
	*value = sum;
	return true;
}
