/* SPDX-License-Identifier: MIT */
/*
 * Plain integer types and compiler words, for kernel, user space and host tests.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long u64; /* 64 bits on every supported ABI; prints as %lu, %lx */
typedef int32_t s32;
typedef long s64;
_Static_assert(sizeof(u64) == 8, "an LP64 ABI is assumed");

#define __noreturn __attribute__((noreturn))
#define __printf(string, first) __attribute__((format(printf, string, first)))
#define __must_check __attribute__((warn_unused_result))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __used __attribute__((used))
#undef __always_inline /* a host's C library has its own */
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
