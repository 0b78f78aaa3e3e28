// SPDX-License-Identifier: MIT
/*
 * Bytes in place of the seed: 16 for each operation that the script draws, so
 * that changing some of them changes one operation.  The first byte chooses the
 * number of CPUs and how they interleave.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define CHUNK 16u /* bytes of an operation */
#define INPUT_MAX (CHUNK * 2000 + 1)

void input_set(const u8 *bytes, u64 size)
{
	u8 first = size ? bytes[0] : 0;

	options.uses_model = true;
	options.input = size > CHUNK ? bytes + 1 : NULL;
	options.steps = size ? (u32)(MIN(size, INPUT_MAX) - 1) / CHUNK : 0;
	options.cpus = MIN((u32)NR_CPUS, 1u << first % 3);
	options.seed = first / 3;
}

void input_load(const char *path)
{
	static u8 bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		exit(2);
	}
	input_set(bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
}

u64 input_draw(u32 operation, u64 n)
{
	const u8 *chunk = options.input + (u64)operation * CHUNK;
	u64 words[CHUNK / 8];

	memcpy(words, chunk, sizeof(words));
	if (n >= CHUNK)
		return choose(STREAM_ACTOR, words[0] ^ words[1] << 1, n);
	return chunk[n] | choose(STREAM_ACTOR, chunk[n], n) << 8;
}
