// SPDX-License-Identifier: MIT
/*
 * Formatted output: turns a format and its arguments into characters for a
 * sink, one by one, without a buffer of its own beyond one number.  What it
 * prints is what the C standard says, for the conversions named in the header;
 * an unknown conversion is printed as it stands, so that a mistake is seen.
 */
#include <lib/printf.h>
#include <lib/string.h>
#include <lib/util.h>

/* Wider fields are taken for a mistake: nobody shall wait for 2^31 blanks on a serial line. */
#define FIELD_MAX 1024
#define DIGITS_MAX 22 /* 64 bits in octal */

enum print_flag {
	FLAG_LEFT = 1 << 0,      /* - */
	FLAG_ZERO = 1 << 1,      /* 0 */
	FLAG_PLUS = 1 << 2,      /* + */
	FLAG_SPACE = 1 << 3,     /* blank */
	FLAG_ALTERNATE = 1 << 4, /* # */
	FLAG_UPPER = 1 << 5,     /* X */
};

enum print_length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG };

/* One conversion specification, decoded. */
struct print_spec {
	unsigned int flags;
	int width;
	int precision; /* -1: none was given */
	enum print_length length;
};

/* The sink and how much went there. */
struct print_state {
	struct print_sink *sink;
	int count;
};

static void put_char(struct print_state *state, char c)
{
	state->sink->put(state->sink, c);
	state->count++;
}

static void put_repeated(struct print_state *state, char c, int times)
{
	while (times-- > 0)
		put_char(state, c);
}

static void put_chars(struct print_state *state, const char *s, int length)
{
	for (int i = 0; i < length; i++)
		put_char(state, s[i]);
}

/* Text of known length, in its field. */
static void put_text(struct print_state *state, const struct print_spec *spec, const char *s,
		     int length)
{
	int pad = spec->width - length;

	if (!(spec->flags & FLAG_LEFT))
		put_repeated(state, ' ', pad);
	put_chars(state, s, length);
	if (spec->flags & FLAG_LEFT)
		put_repeated(state, ' ', pad);
}

static void put_string(struct print_state *state, const struct print_spec *spec, const char *s)
{
	size_t limit = spec->precision < 0 ? INT32_MAX : (size_t)spec->precision;

	if (!s)
		s = "(null)";
	put_text(state, spec, s, (int)strnlen(s, limit));
}

/* Digits of @value from the end of @digits backwards.  Return: how many; none for zero. */
static int make_digits(char digits[static DIGITS_MAX], u64 value, unsigned int base, bool is_upper)
{
	const char *alphabet = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; value; value /= base)
		digits[DIGITS_MAX - ++n] = alphabet[value % base];
	return n;
}

/* A number: blanks, sign or base prefix, zeros, digits, blanks. */
static void put_number(struct print_state *state, const struct print_spec *spec, u64 value,
		       unsigned int base, const char *prefix)
{
	char digits[DIGITS_MAX];
	int nr_digits = make_digits(digits, value, base, spec->flags & FLAG_UPPER);
	int nr_prefix = (int)strlen(prefix);
	int zeros = (spec->precision < 0 ? 1 : spec->precision) - nr_digits;
	int pad;

	zeros = MAX(zeros, 0);
	/* "#" with octal asks for a leading zero, unless there is one. */
	if (base == 8 && (spec->flags & FLAG_ALTERNATE) && !zeros)
		zeros = 1;
	pad = spec->width - nr_prefix - zeros - nr_digits;
	/* The flag 0 fills with zeros behind the prefix; "-" and a precision win over it. */
	if ((spec->flags & FLAG_ZERO) && !(spec->flags & FLAG_LEFT) && spec->precision < 0) {
		zeros += MAX(pad, 0);
		pad = 0;
	}
	if (!(spec->flags & FLAG_LEFT))
		put_repeated(state, ' ', pad);
	put_chars(state, prefix, nr_prefix);
	put_repeated(state, '0', zeros);
	put_chars(state, digits + DIGITS_MAX - nr_digits, nr_digits);
	if (spec->flags & FLAG_LEFT)
		put_repeated(state, ' ', pad);
}

static void put_signed(struct print_state *state, const struct print_spec *spec, s64 value)
{
	const char *sign = "";
	u64 magnitude = (u64)value;

	if (value < 0) {
		sign = "-";
		magnitude = 0 - magnitude; /* defined for the smallest number, too */
	} else if (spec->flags & FLAG_PLUS) {
		sign = "+";
	} else if (spec->flags & FLAG_SPACE) {
		sign = " ";
	}
	put_number(state, spec, magnitude, 10, sign);
}

static void put_hex(struct print_state *state, const struct print_spec *spec, u64 value)
{
	const char *prefix = "";

	if ((spec->flags & FLAG_ALTERNATE) && value)
		prefix = spec->flags & FLAG_UPPER ? "0X" : "0x";
	put_number(state, spec, value, 16, prefix);
}

/*
 * va_list may be an array type, which decays as a parameter: a structure lets
 * the functions below advance the caller's list on every ABI.
 */
struct print_args {
	va_list list;
};

static s64 next_signed(struct print_args *args, enum print_length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(args->list, int);
	case LENGTH_SHORT:
		return (short)va_arg(args->list, int);
	case LENGTH_LONG:
		return va_arg(args->list, long);
	case LENGTH_INT:
		break;
	}
	return va_arg(args->list, int);
}

static u64 next_unsigned(struct print_args *args, enum print_length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(args->list, unsigned int);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(args->list, unsigned int);
	case LENGTH_LONG:
		return va_arg(args->list, unsigned long);
	case LENGTH_INT:
		break;
	}
	return va_arg(args->list, unsigned int);
}

static const char *parse_flags(const char *format, struct print_spec *spec)
{
	for (;; format++) {
		switch (*format) {
		case '-':
			spec->flags |= FLAG_LEFT;
			break;
		case '0':
			spec->flags |= FLAG_ZERO;
			break;
		case '+':
			spec->flags |= FLAG_PLUS;
			break;
		case ' ':
			spec->flags |= FLAG_SPACE;
			break;
		case '#':
			spec->flags |= FLAG_ALTERNATE;
			break;
		default:
			return format;
		}
	}
}

/* A decimal number or "*", at most FIELD_MAX either way; a negative one only through "*". */
static const char *parse_count(const char *format, struct print_args *args, int *count)
{
	int n = 0;

	if (*format == '*') {
		n = va_arg(args->list, int);
		*count = MIN(MAX(n, -FIELD_MAX), FIELD_MAX);
		return format + 1;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		n = MIN(n * 10 + (*format - '0'), FIELD_MAX);
	*count = n;
	return format;
}

/* h hh l ll z: everything from long upwards has 64 bits. */
static const char *parse_length(const char *format, struct print_spec *spec)
{
	switch (*format) {
	case 'h':
		spec->length = format[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
		return format + (format[1] == 'h' ? 2 : 1);
	case 'l':
		spec->length = LENGTH_LONG;
		return format + (format[1] == 'l' ? 2 : 1);
	case 'z':
		spec->length = LENGTH_LONG;
		return format + 1;
	}
	return format;
}

/* Everything between "%" and the conversion letter.  Return: the letter's place. */
static const char *parse_spec(const char *format, struct print_args *args, struct print_spec *spec)
{
	*spec = (struct print_spec){ .precision = -1, .length = LENGTH_INT };
	format = parse_flags(format, spec);
	format = parse_count(format, args, &spec->width);
	if (spec->width < 0) {
		spec->flags |= FLAG_LEFT;
		spec->width = -spec->width;
	}
	if (*format == '.') {
		format = parse_count(format + 1, args, &spec->precision);
		/* A negative precision counts as none. */
		spec->precision = MAX(spec->precision, -1);
	}
	return parse_length(format, spec);
}

/* Return: false if there is no such conversion. */
static bool convert(struct print_state *state, struct print_spec *spec, char letter,
		    struct print_args *args)
{
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		put_signed(state, spec, next_signed(args, spec->length));
		return true;
	case 'u':
		put_number(state, spec, next_unsigned(args, spec->length), 10, "");
		return true;
	case 'o':
		put_number(state, spec, next_unsigned(args, spec->length), 8, "");
		return true;
	case 'X':
		spec->flags |= FLAG_UPPER;
		put_hex(state, spec, next_unsigned(args, spec->length));
		return true;
	case 'x':
		put_hex(state, spec, next_unsigned(args, spec->length));
		return true;
	case 'p':
		put_number(state, spec, (u64)(uintptr_t)va_arg(args->list, void *), 16, "0x");
		return true;
	case 'c':
		c = (char)va_arg(args->list, int);
		put_text(state, spec, &c, 1);
		return true;
	case 's':
		put_string(state, spec, va_arg(args->list, const char *));
		return true;
	case '%':
		put_char(state, '%');
		return true;
	}
	return false;
}

int print_format(struct print_sink *sink, const char *format, va_list list)
{
	struct print_state state = { .sink = sink };
	struct print_args args;

	va_copy(args.list, list);
	while (*format) {
		struct print_spec spec;
		const char *letter;

		if (*format != '%') {
			put_char(&state, *format++);
			continue;
		}
		letter = parse_spec(format + 1, &args, &spec);
		if (*letter && convert(&state, &spec, *letter, &args))
			format = letter + 1;
		else
			put_char(&state, *format++);
	}
	va_end(args.list);
	return state.count;
}

/* A sink that fills a buffer and drops what does not fit. */
struct buffer_sink {
	struct print_sink sink;
	char *next;
	size_t room; /* without the terminator */
};

static void buffer_put(struct print_sink *sink, char c)
{
	struct buffer_sink *buffer = container_of(sink, struct buffer_sink, sink);

	if (buffer->room) {
		*buffer->next++ = c;
		buffer->room--;
	}
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
	struct buffer_sink sink = {
		.sink.put = buffer_put,
		.next = buffer,
		.room = size ? size - 1 : 0,
	};
	int length = print_format(&sink.sink, format, args);

	if (size)
		*sink.next = '\0';
	return length;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buffer, size, format, args);
	va_end(args);
	return length;
}
