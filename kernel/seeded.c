// SPDX-License-Identifier: MIT
/*
 * Mistakes on purpose: "bug=NAME" on the command line of a kernel built with
 * CONFIG_SEEDED_BUGS makes one at the end of the boot, so that a test can see the
 * checker that must find it.  A bug that nobody notices lets the boot go on.
 *
 * Volatile operands keep the compiler from seeing what comes.
 */
#include <kernel/main.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <kernel/seeded.h>
#include <lib/cmdline.h>
#include <lib/string.h>

static volatile int int_max = 0x7fffffff, width = 40, zero;
static volatile u8 not_a_bool = 2;
static int array[4];
static struct {
	u64 aligned;
	char byte[16];
} bytes;

static void seed_add(void)
{
	width = int_max + 1;
}

static void seed_subtract(void)
{
	width = -int_max - width;
}

static void seed_multiply(void)
{
	width = int_max * 2;
}

static void seed_negate(void)
{
	width = -int_max - 1;
	width = -width;
}

static void seed_divide(void)
{
	width = int_max / zero;
}

static void seed_shift(void)
{
	zero = 1 << width;
}

static void seed_bounds(void)
{
	array[width / 10] = 1;
}

static void seed_null(void)
{
	int *volatile pointer = NULL;

	/* cppcheck-suppress nullPointer ; that is the mistake */
	zero = *pointer;
}

static void seed_misaligned(void)
{
	u32 *volatile pointer = (u32 *)(void *)(bytes.byte + 1);

	zero = (int)*pointer;
}

static void seed_beyond(void)
{
	volatile u8 *start = (u8 *)&bytes;

	zero = start[width];
}

static noinline __attribute__((nonnull)) void set(volatile int *place)
{
	*place = 1;
}

static void seed_argument(void)
{
	volatile int *volatile nowhere = NULL;

	set(nowhere);
}

static noinline __attribute__((returns_nonnull)) volatile int *find(volatile int *volatile place)
{
	return place;
}

static void seed_result(void)
{
	zero = find(NULL) == &width;
}

static void seed_builtin(void)
{
	width = __builtin_ctz((unsigned)zero);
}

static void seed_boolean(void)
{
	zero = *(const bool *)&not_a_bool;
}

static void seed_unreachable(void)
{
	if (int_max)
		__builtin_unreachable();
}

static void seed_pointer(void)
{
	char *volatile start = bytes.byte;

	start = start + (-(u64)start - 1) + int_max;
}

/* ---- for the address sanitizer ---- */

static struct slab_cache cache = { .name = "seeded bug", .size = 64 };

static void seed_frame_read(void)
{
	paddr_t frame = frame_alloc(0, ZONE_NORMAL);
	volatile u64 *page = phys_to_ptr(frame);

	frame_free(frame, 0);
	zero = (int)page[100];
}

static void seed_frame_write(void)
{
	paddr_t frame = frame_alloc(3, ZONE_NORMAL);
	volatile u8 *page = phys_to_ptr(frame);

	frame_free(frame, 3);
	page[8 * PAGE_SIZE - 1] = 1;
}

static void seed_item_read(void)
{
	volatile u32 *item;

	spin_init(&cache.lock, LOCK_SLAB);
	item = slab_alloc(&cache);
	slab_free(&cache, (void *)(u64)item);
	zero = (int)item[1];
}

static void seed_item_beyond(void)
{
	char *item;

	spin_init(&cache.lock, LOCK_SLAB);
	item = slab_alloc(&cache);
	/* Half of it belongs to the next item, which nobody has. */
	memset(item + 32, 0, (size_t)width);
}

static void seed_item_before(void)
{
	volatile u16 *item;

	spin_init(&cache.lock, LOCK_SLAB);
	item = slab_alloc(&cache);
	zero = item[-1];
}

static void seed_global(void)
{
	int *volatile start = array;

	zero = start[width / 10];
}

static void seed_user(void)
{
	u8 *volatile address = (u8 *)0x10000;

	zero = *address;
}

/* ---- for the checker of the lock order ---- */

static struct spinlock lower, upper;

static void seed_lock_order(void)
{
	spin_init(&lower, LOCK_OBJECT);
	spin_init(&upper, LOCK_TREE);
	spin_lock(&upper);
	spin_lock(&lower);
}

static void seed_lock_twice(void)
{
	spin_init(&lower, LOCK_OBJECT);
	spin_lock(&lower);
	spin_lock(&lower);
}

static void seed_lock_released(void)
{
	spin_init(&lower, LOCK_OBJECT);
	spin_init(&upper, LOCK_OBJECT);
	spin_lock(&lower);
	spin_unlock(&upper);
}

static void seed_lock_kept(void)
{
	spin_init(&upper, LOCK_TREE);
	spin_lock(&upper);
	spin_assert_none(); /* as on the way out; what comes before that takes locks of its own */
}

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "add", seed_add },
	{ "subtract", seed_subtract },
	{ "multiply", seed_multiply },
	{ "negate", seed_negate },
	{ "divide", seed_divide },
	{ "shift", seed_shift },
	{ "bounds", seed_bounds },
	{ "null", seed_null },
	{ "misaligned", seed_misaligned },
	{ "beyond", seed_beyond },
	{ "argument", seed_argument },
	{ "result", seed_result },
	{ "builtin", seed_builtin },
	{ "boolean", seed_boolean },
	{ "pointer", seed_pointer },
	{ "unreachable", seed_unreachable },
	{ "frame_read", seed_frame_read },
	{ "frame_write", seed_frame_write },
	{ "item_read", seed_item_read },
	{ "item_beyond", seed_item_beyond },
	{ "item_before", seed_item_before },
	{ "global", seed_global },
	{ "user", seed_user },
	{ "lock_order", seed_lock_order },
	{ "lock_twice", seed_lock_twice },
	{ "lock_released", seed_lock_released },
	{ "lock_kept", seed_lock_kept },
};

static void make(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bugs[i].name, name))
			continue;
		pr_notice("seeded bug: %s", name);
		bugs[i].make();
		pr_error("seeded bug: nobody noticed");
		return;
	}
	pr_error("seeded bug: there is none called \"%s\"", name);
}

void seeded_bug(void)
{
	const char *rest = boot->cmdline;
	struct cmdline_option option;

	while (cmdline_next(&rest, &option))
		if (!strcmp(option.name, "bug"))
			make(option.value);
}
