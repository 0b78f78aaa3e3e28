// SPDX-License-Identifier: MIT
/*
 * What gcc and clang call where -fsanitize=undefined finds undefined behaviour:
 * a panic that names the place.  The compilers' own structures describe place
 * and types; their layouts and the names of the handlers are those of compiler-rt
 * (UBSan ABI, version 1), the same for both.  Compiled without the sanitizer.
 *
 * Every handler is noreturn in effect: going on would only show follow-up faults.
 */
#include <kernel/panic.h>

struct ubsan_place {
	const char *file;
	u32 line, column;
};

struct ubsan_type {
	u16 kind, info;
	char name[];
};

/* Most descriptions begin like this. */
struct ubsan_typed {
	struct ubsan_place place;
	const struct ubsan_type *type;
};

struct ubsan_access {
	struct ubsan_place place;
	const struct ubsan_type *type;
	u8 log_alignment;
	u8 kind;
};

static __noreturn void report(const struct ubsan_place *place, const char *what, const char *type)
{
	panic("undefined behaviour at %s:%u:%u: %s %s", place->file, place->line, place->column,
	      what, type);
}

/* A handler whose description tells one type; the operands are of no use to the message. */
#define TYPED(kind, text)                                                                \
	__used void __ubsan_handle_##kind(const struct ubsan_typed *data);               \
	void __ubsan_handle_##kind(const struct ubsan_typed *data)                       \
	{                                                                                \
		report(&data->place, text, data->type->name);                            \
	}

/* One whose description begins with the place. */
#define PLACED(kind, text)                                                               \
	__used void __ubsan_handle_##kind(const struct ubsan_place *place);              \
	void __ubsan_handle_##kind(const struct ubsan_place *place)                      \
	{                                                                                \
		report(place, text, "");                                                 \
	}

TYPED(add_overflow, "addition overflows")
TYPED(sub_overflow, "subtraction overflows")
TYPED(mul_overflow, "multiplication overflows")
TYPED(negate_overflow, "negation overflows")
TYPED(divrem_overflow, "division overflows or is by zero:")
TYPED(shift_out_of_bounds, "shift beyond the bits of")
TYPED(out_of_bounds, "index out of the bounds of")
TYPED(load_invalid_value, "a value that cannot be is loaded:")
TYPED(vla_bound_not_positive, "array of no positive size:")
PLACED(builtin_unreachable, "code that is never reached")
PLACED(missing_return, "a function ends without a value")
PLACED(pointer_overflow, "pointer arithmetic overflows")
PLACED(nonnull_arg, "NULL where an argument must not be")
PLACED(nonnull_return_v1, "NULL where a result must not be")
PLACED(invalid_builtin, "zero given to a builtin that counts bits")
PLACED(alignment_assumption, "an address is not as aligned as was promised")

__used void __ubsan_handle_type_mismatch_v1(const struct ubsan_access *data, u64 address);
void __ubsan_handle_type_mismatch_v1(const struct ubsan_access *data, u64 address)
{
	const char *what = "access beyond an object of type";

	if (!address)
		what = "access through NULL to";
	else if (address & (BIT(data->log_alignment) - 1))
		what = "misaligned access to";
	report(&data->place, what, data->type->name);
}
