/* SPDX-License-Identifier: MIT */
/*
 * Numbers for assembly: arch/<arch>/asm-offsets.c is compiled to assembly only,
 * and the build turns its marker strings into <generated/asm-offsets.h>.
 */
#ifndef KERNEL_ASM_OFFSETS_H
#define KERNEL_ASM_OFFSETS_H

/** DEFINE() - inside any function: make @symbol a macro with the constant @value. */
#define DEFINE(symbol, value) \
	asm volatile("\n\t.ascii \"->" #symbol " %0\"" : : "i"((long)(value)))

#endif
