// SPDX-License-Identifier: MIT
/*
 * Run files of a corpus through a fuzz target without a fuzzer: each file whole,
 * cut at every byte, and with each byte changed in a few ways.  The sanitizers
 * look on.  Use: replay FILE...
 */
#include "fuzz.h"

#define INPUT_MAX (1UL << 20)
#define SWEEP_MAX 8192UL /* longer files are cut and changed in steps */

static u8 input[INPUT_MAX];
static unsigned long nr_runs;

static void run(const u8 *data, size_t size)
{
	nr_runs++;
	LLVMFuzzerTestOneInput(data, size);
}

static void run_damaged(u8 *data, size_t size)
{
	static const u8 change[] = { 0x01, 0x80, 0xff };
	size_t step = size / SWEEP_MAX + 1;

	for (size_t at = 0; at < size; at += step) {
		run(data, at);
		for (u32 i = 0; i < ARRAY_SIZE(change); i++) {
			data[at] ^= change[i];
			run(data, size);
			data[at] ^= change[i];
		}
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size = fread(input, 1, sizeof(input), file);
		fclose(file);
		run(input, size);
		run_damaged(input, size);
	}
	printf("%d files, %lu runs\n", argc - 1, nr_runs);
	return argc < 2;
}
