/* SPDX-License-Identifier: MIT */
/*
 * What the plugin knows and how its parts share it.  With one thread of the
 * emulator (-accel tcg,thread=single) nothing here is entered twice at once.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "decode.h"

#define MAX_ROWS 256
#define MAX_SAMPLES 1024
#define MAX_CPUS 64
#define MAX_FUNCTIONS 64
#define MAX_FUNCTION_SAMPLES 65536
#define MAX_CALLS 16   /* measured functions that call each other */
#define MAX_PROFILES 8 /* rows whose instructions are counted one by one */

/* One instruction at one address. */
struct insn {
	uint64_t address;
	uint8_t bytes[16];
	uint8_t size;
	bool is_user, is_mark_store;
	struct decoded decoded;
	struct function *function;  /* whose first instruction it is */
	uint32_t stretch, executed; /* how often in this stretch */
	uint64_t profile[MAX_PROFILES];
	struct insn *next;
};

struct sample {
	uint32_t instructions, extra, lines, pages;
};

struct stretch {
	uint64_t length;
	uint64_t first, last, hottest; /* addresses */
};

struct row {
	uint32_t nr_samples;
	struct sample sample[MAX_SAMPLES];
	uint64_t class_count[NR_CLASSES];
	struct stretch longest;
};

/* Numbers, each once, at most half as many as there is room. */
struct set {
	struct {
		uint64_t value;
		uint32_t epoch;
	} *entry;
	uint32_t size, epoch, count;
};

/* Distinct cache lines and pages. */
struct places {
	struct set lines, pages;
};

struct function {
	const char *name;
	uint64_t address;
	bool is_slow_way; /* of the function that reaches it */
	uint32_t nr_samples;
	uint32_t sample[MAX_FUNCTION_SAMPLES], extra[MAX_FUNCTION_SAMPLES];
	uint32_t lines[MAX_FUNCTION_SAMPLES], pages[MAX_FUNCTION_SAMPLES];
};

/* What a CPU is doing. */
struct cpu {
	bool has_booted; /* it has run at kernel addresses: low addresses are user mode now */
	struct insn *last;
	uint64_t executed, executed_in_row;
	uint64_t extra; /* of what was executed, as in a sample */
	struct stretch stretch;
	uint32_t stretch_number;
	uint32_t hottest_count;
	struct {
		struct function *function;
		uint64_t start, start_extra, return_address;
		struct places places;
	} call[MAX_CALLS];
	unsigned int nr_calls;
};

/* ---- rows.c: what is measured between two reads of the counter ---- */
void rows_mark(unsigned int mark);
void rows_counter(void);
bool rows_is_running(void);
void rows_insn(struct insn *insn);
void rows_class(enum class class);
uint32_t rows_extra(enum class class); /* what one costs more than an instruction */
void rows_access(uint64_t address, unsigned int size);
void rows_stretch(const struct stretch *stretch);
int rows_profile(unsigned int row); /* place of a row in insn->profile, -1 if none */
bool rows_add_profile(unsigned int row);
void rows_report(FILE *out);

/* ---- places.c ---- */
void places_clear(struct places *places, uint32_t size); /* the first time: to get @size */
void places_add(struct places *places, uint64_t address, unsigned int size);

/* ---- functions.c: the cost of kernel functions, from entry to return ---- */
bool functions_add(const char *name, uint64_t address, bool is_slow_way);
struct function *functions_at(uint64_t address);
void functions_insn(struct cpu *cpu, const struct insn *insn);
void functions_access(struct cpu *cpu, uint64_t address, unsigned int size);
void functions_report(FILE *out);

#endif
