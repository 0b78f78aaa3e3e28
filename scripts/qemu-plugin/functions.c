// SPDX-License-Identifier: MIT
/*
 * Kernel functions measured inside the kernel: instructions from the first one
 * to the return, callees included.  A function that was jumped to (a tail
 * call) returns to somewhere else and is left out, as is one that leaves to
 * user mode.  A slow way, such as an allocator's when its stock is empty, gives
 * its name to the call of a measured function that takes it.
 */
#include <stdlib.h>

#include "measure.h"

#define SET_SIZE 4096 /* lines of one call */

static struct function functions[MAX_FUNCTIONS];
static unsigned int nr_functions;

bool functions_add(const char *name, uint64_t address, bool is_slow_way)
{
	if (nr_functions == MAX_FUNCTIONS)
		return false;
	functions[nr_functions].name = name;
	functions[nr_functions].is_slow_way = is_slow_way;
	functions[nr_functions++].address = address;
	return true;
}

struct function *functions_at(uint64_t address)
{
	for (unsigned int i = 0; i < nr_functions; i++)
		if (functions[i].address == address)
			return &functions[i];
	return NULL;
}

static void finish(struct cpu *cpu)
{
	struct function *function = cpu->call[--cpu->nr_calls].function;
	uint32_t n = function->nr_samples;

	if (n == MAX_FUNCTION_SAMPLES)
		return;
	function->sample[n] = (uint32_t)(cpu->executed - cpu->call[cpu->nr_calls].start);
	function->extra[n] = (uint32_t)(cpu->extra - cpu->call[cpu->nr_calls].start_extra);
	function->lines[n] = cpu->call[cpu->nr_calls].places.lines.count;
	function->pages[n] = cpu->call[cpu->nr_calls].places.pages.count;
	function->nr_samples++;
}

/* By whatever runs in measured functions. */
void functions_access(struct cpu *cpu, uint64_t address, unsigned int size)
{
	for (unsigned int i = 0; i < cpu->nr_calls; i++)
		places_add(&cpu->call[i].places, address, size);
}

static void enter_or_leave(struct cpu *cpu, const struct insn *insn)
{
	if (insn->is_user) {
		cpu->nr_calls = 0;
		return;
	}
	while (cpu->nr_calls && cpu->call[cpu->nr_calls - 1].return_address == insn->address)
		finish(cpu);
	if (insn->function && insn->function->is_slow_way) {
		if (cpu->nr_calls)
			cpu->call[cpu->nr_calls - 1].function = insn->function;
		return;
	}
	if (!insn->function || !cpu->last || !(cpu->last->decoded.flags & IS_CALL) ||
	    cpu->nr_calls == MAX_CALLS)
		return;
	cpu->call[cpu->nr_calls].function = insn->function;
	cpu->call[cpu->nr_calls].start = cpu->executed;
	cpu->call[cpu->nr_calls].start_extra = cpu->extra;
	places_clear(&cpu->call[cpu->nr_calls].places, SET_SIZE);
	cpu->call[cpu->nr_calls++].return_address = cpu->last->address + cpu->last->size;
}

void functions_insn(struct cpu *cpu, const struct insn *insn)
{
	enter_or_leave(cpu, insn);
	functions_access(cpu, insn->address, insn->size);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t median(uint32_t *sample, uint32_t n)
{
	qsort(sample, n, sizeof(sample[0]), compare);
	return sample[(n - 1) / 2];
}

static void report_function(FILE *out, struct function *function)
{
	uint32_t n = function->nr_samples, *sample = function->sample;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += sample[i];
	fprintf(out, "function %s n %u", function->name, n);
	qsort(sample, n, sizeof(sample[0]), compare);
	fprintf(out, " min %u median %u p90 %u p99 %u max %u mean %.2f", sample[0],
		sample[(n - 1) / 2], sample[(uint64_t)(n - 1) * 90 / 100],
		sample[(uint64_t)(n - 1) * 99 / 100], sample[n - 1], (double)sum / n);
	fprintf(out, " extra %u lines %u pages %u\n", median(function->extra, n),
		median(function->lines, n), median(function->pages, n));
}

void functions_report(FILE *out)
{
	for (unsigned int i = 0; i < nr_functions; i++)
		if (functions[i].nr_samples)
			report_function(out, &functions[i]);
}
