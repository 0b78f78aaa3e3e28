/* SPDX-License-Identifier: MIT */
/*
 * What an instruction is, as far as its cost on hardware goes.
 */
#ifndef DECODE_H
#define DECODE_H

#include <stddef.h>
#include <stdint.h>

enum class {
	PLAIN,
	ATOMIC,  /* read-modify-write that other CPUs see */
	FENCE,   /* ordering or synchronisation barrier */
	ROOT,    /* switch of the address space's root */
	TLB,     /* TLB maintenance */
	SYSTEM,  /* system register: MSR, CSR, control register */
	DEVICE,  /* I/O port; device memory is found by address */
	XSAVE,   /* saving or loading the vector state as a whole */
	TRAP,    /* entry into the kernel, and the exit that follows */
	NR_CLASSES
};

/* Besides. */
#define IS_IDLE 1     /* waits for an interrupt */
#define IS_CALL 2
#define IS_COUNTER 4  /* the read that delimits what is measured */
#define IS_MARK 8     /* the next instruction's store names a row */
#define IS_RETURN 16  /* from a trap: what is pending interrupts there */

struct decoded {
	enum class class;
	unsigned int flags;
};

typedef struct decoded decoder(const uint8_t *bytes, size_t size);

decoder decode_x86_64, decode_aarch64, decode_riscv64;

#endif
