// SPDX-License-Identifier: MIT
/*
 * System calls for libFuzzer and AFL++ (SIM=fuzz, tests/fuzz/run.py): bytes become
 * operations, which the kernel and the reference model carry out in a process of
 * their own.  A disagreement is a finding, as is everything else that fails a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "run.h"
#include "script.h"

/* clang's counters of edges (libFuzzer); AFL++ has its own, which processes share. */
extern u8 counters_start[] __asm__("__start___sancov_cntrs") __attribute__((weak));
extern u8 counters_end[] __asm__("__stop___sancov_cntrs") __attribute__((weak));

static u8 *shared; /* what the run has counted */

static size_t counters_size(void)
{
	return (size_t)(counters_end - counters_start);
}

/* The run, which is about to end well. */
void run_ends(void)
{
	memcpy(shared, counters_start, counters_size());
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (!shared) {
		run_begin();
		shared = mmap(NULL, counters_size() + 1, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			abort();
	}
	input_set(data, size);
	if (!options.input)
		return 0;
	if (run_once()) {
		report();
		fflush(stdout);
		abort();
	}
	memcpy(counters_start, shared, counters_size());
	return 0;
}
