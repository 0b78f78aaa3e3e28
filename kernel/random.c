// SPDX-License-Identifier: MIT
/*
 * Random numbers: ChaCha20 (RFC 8439, section 2.3) as a stream keyed at boot.
 *
 * Owns: the key, which never leaves this file.  The key is the firmware's
 * seed, the processor's generator and counters, mixed by the cipher itself;
 * after each block the key is replaced by half of the output, so a later leak
 * of the state does not tell earlier numbers.
 */
#include <kernel/arch.h>
#include <kernel/printk.h>
#include <kernel/random.h>
#include <kernel/spinlock.h>
#include <lib/string.h>

#define ROUNDS 20
#define KEY_WORDS 8
#define BLOCK_WORDS 16

static struct spinlock random_lock = { .rank = LOCK_RANDOM };
static u32 key[KEY_WORDS];
static u32 counter;
static u64 pool[4]; /* half a block of output */
static u32 nr_left; /* numbers of it not given out yet */

static u32 rotate(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter(u32 *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(u32 out[BLOCK_WORDS])
{
	u32 in[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(&in[4], key, sizeof(key));
	in[12] = counter++;
	memcpy(out, in, sizeof(in));
	for (unsigned i = 0; i < ROUNDS / 2; i++) {
		for (unsigned column = 0; column < 4; column++)
			quarter(out, column, column + 4, column + 8, column + 12);
		for (unsigned row = 0; row < 4; row++)
			quarter(out, row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4);
	}
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		out[i] += in[i];
}

/* New key and a pool of four numbers. Lock held, or before other CPUs run. */
static void refill(void)
{
	u32 out[BLOCK_WORDS];

	block(out);
	memcpy(key, out, sizeof(key));
	memcpy(pool, &out[KEY_WORDS], sizeof(pool));
	nr_left = ARRAY_SIZE(pool);
}

static void mix(u64 value)
{
	key[0] ^= (u32)value;
	key[1] ^= (u32)(value >> 32);
	refill();
}

void random_init(const struct boot_info *info)
{
	u64 value;
	bool has_processor = false;

	for (u32 i = 0; i < info->seed_size && i < BOOT_SEED_SIZE; i++)
		((u8 *)key)[i % sizeof(key)] ^= info->seed[i];
	refill();
	for (unsigned i = 0; i < 4; i++) {
		if (arch_random(&value)) {
			has_processor = true;
			mix(value);
		}
		mix(arch_cycles());
	}
	pr_info("random: seeded by%s%s%s", info->seed_size ? " firmware" : "",
		has_processor ? " processor" : "",
		info->seed_size || has_processor ? "" : " timing only, predictable");
}

u64 kernel_random(void)
{
	u64 value;

	spin_lock(&random_lock);
	if (!nr_left)
		refill();
	value = pool[--nr_left];
	pool[nr_left] = 0;
	spin_unlock(&random_lock);
	return value;
}
