/* SPDX-License-Identifier: MIT */
/*
 * Other linker names for functions of programs that the simulator or the C
 * library has, too.  Included before everything else.
 */
#ifndef TESTS_HOST_NAMES_H
#define TESTS_HOST_NAMES_H

#ifndef __ASSEMBLER__
#include <lib/types.h>

struct message;

bool check(bool passed, const char *format, ...) __asm__("user_check");
bool want(long status, long wanted, const char *name) __asm__("user_want");
long tally(u32 call, long status) __asm__("user_tally");
void fail(const char *format, ...) __asm__("user_fail");
void printf(const char *format, ...) __asm__("user_printf");
void exit(u64 code) __asm__("user_exit");
void *malloc(size_t size) __asm__("user_malloc");
void free(void *memory) __asm__("user_free");
long ipc_call(u32 endpoint, struct message *message) __asm__("user_ipc_call");
#endif

#endif
