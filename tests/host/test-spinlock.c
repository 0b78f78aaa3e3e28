// SPDX-License-Identifier: MIT
/*
 * The checker of the lock order has to fire: for every pair of ranks in the
 * wrong order, for a lock released that is not held, or by another CPU, and for
 * one taken along to user mode.
 */
#include "test.h"
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/spinlock.h>

#define RANKS (LOCK_CONSOLE + 1)

static struct cpu machine[2];
struct cpu *host_cpu = &machine[0];

static struct spinlock locks[RANKS], others[RANKS];
static jmp_buf panic_return;
static char panic_text[256];

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(panic_text, sizeof(panic_text), format, args);
	va_end(args);
	longjmp(panic_return, 1);
}

/* The statement must panic, for the reason that @words are part of. */
#define assert_panics(statement, words)                                                            \
	do {                                                                                       \
		if (!setjmp(panic_return)) {                                                       \
			statement;                                                                 \
			fail_msg("no panic: %s", #statement);                                      \
		}                                                                                  \
		if (!strstr(panic_text, words))                                                    \
			fail_msg("panic \"%s\" instead of \"%s\"", panic_text, words);             \
	} while (0)

static int set_up(void **state)
{
	(void)state;
	memset(machine, 0, sizeof(machine));
	host_cpu = &machine[0];
	for (u32 rank = 1; rank < RANKS; rank++) {
		spin_init(&locks[rank], (enum lock_rank)rank);
		spin_init(&others[rank], (enum lock_rank)rank);
	}
	return 0;
}

static void test_ascending(void **state)
{
	(void)state;
	for (u32 rank = 1; rank < RANKS; rank++)
		spin_lock(&locks[rank]);
	for (u32 rank = 1; rank < RANKS; rank++) {
		assert_true(spin_is_held(&locks[rank]));
		spin_unlock(&locks[rank]);
		assert_false(spin_is_held(&locks[rank]));
	}
	spin_assert_none();
}

static void wrong_order(void **state, u32 high, u32 low)
{
	char words[64];

	snprintf(words, sizeof(words), "lock of rank %u taken with ranks %#x held", low,
		 1u << high);
	set_up(state);
	spin_lock(&locks[high]);
	assert_panics(spin_lock(&others[low]), words);
	set_up(state);
	spin_lock(&locks[high]);
	assert_panics((void)spin_try(&others[low]), words);
}

static void test_wrong_order(void **state)
{
	for (u32 high = 1; high < RANKS; high++)
		for (u32 low = 1; low <= high; low++)
			wrong_order(state, high, low);
}

static void test_not_held(void **state)
{
	(void)state;
	assert_panics(spin_unlock(&locks[LOCK_TREE]), "lock of rank 2 released but not held");
	spin_lock(&locks[LOCK_TREE]);
	assert_panics(spin_unlock(&others[LOCK_TREE]), "lock of rank 2 released but not held");
	assert_panics(spin_unlock(&locks[LOCK_SPACE]), "lock of rank 3 released but not held");
	host_cpu = &machine[1];
	assert_panics(spin_unlock(&locks[LOCK_TREE]), "lock of rank 2 released but not held");
	host_cpu = &machine[0];
	spin_unlock(&locks[LOCK_TREE]);
	assert_panics(spin_unlock(&locks[LOCK_TREE]), "lock of rank 2 released but not held");
}

static void test_taken_along(void **state)
{
	(void)state;
	spin_assert_none();
	spin_lock(&locks[LOCK_ZONE]);
	assert_panics(spin_assert_none(), "leaving the kernel with locks held: ranks 0x800");
	/* Each CPU has its own. */
	host_cpu = &machine[1];
	spin_assert_none();
}

static void test_try(void **state)
{
	(void)state;
	assert_true(spin_try(&locks[LOCK_TREE]));
	host_cpu = &machine[1];
	assert_false(spin_try(&locks[LOCK_TREE]));
	spin_assert_none();
	host_cpu = &machine[0];
	spin_unlock(&locks[LOCK_TREE]);
	host_cpu = &machine[1];
	assert_true(spin_try(&locks[LOCK_TREE]));
	spin_unlock(&locks[LOCK_TREE]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ascending, set_up),
		cmocka_unit_test_setup(test_wrong_order, set_up),
		cmocka_unit_test_setup(test_not_held, set_up),
		cmocka_unit_test_setup(test_taken_along, set_up),
		cmocka_unit_test_setup(test_try, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
