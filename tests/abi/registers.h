/* SPDX-License-Identifier: MIT */
/*
 * Between registers.c and <architecture>/registers.S.
 */
#ifndef TESTS_REGISTERS_H
#define TESTS_REGISTERS_H

#include <user/syscall.h>

#define REGISTERS_MAX 32

/* Places in the list of registers. */
extern const struct register_places {
	u8 count, tag, handle, arg[5], status, value[2];
	/* bit a register: the instruction itself overwrites it; a word of a message is in it */
	u64 lost, words;
} register_places;

/**
 * registers_call() - a system call with every register loaded from in[], and what they hold afterwards.
 *
 * The stack pointer and the thread pointer (on RISC-V gp, too) are not on the list.
 */
void registers_call(const u64 in[REGISTERS_MAX], u64 out[REGISTERS_MAX]);

/**
 * registers_hold() - load every register from in[], loop until the word that the one of the handle
 * points to is in[1], and tell what they hold then.  That word is 0 until then.
 */
void registers_hold(const u64 in[REGISTERS_MAX], u64 out[REGISTERS_MAX]);

/** registers_start() - where a thread begins: store all registers, then sp, where the argument points to; end. */
void registers_start(void);

/** registers_tls_word() - the word that the thread pointer leads to. */
u64 registers_tls_word(void);

#endif
