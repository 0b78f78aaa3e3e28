// SPDX-License-Identifier: MIT
/*
 * The clock is the time register, the same on all harts; the alarm is the
 * hart's own stimecmp (Sstc) or the firmware's.  Seconds and the rest of a
 * second are converted apart, so that no product runs over 64 bits.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/bootinfo.h>
#include <kernel/panic.h>

#define NANOSECONDS 1000000000UL
#define MAX_FREQUENCY (~0UL / NANOSECONDS)
#define TIME_SET_TIMER 0
#define TICKS_NEVER (~0UL)

/* Immutable after timer_init() */
static u64 frequency; /* ticks a second, 0 before */
static u64 start;     /* ticks at boot */
static bool has_sstc;

bool timer_has_sstc(void)
{
	return has_sstc;
}

void timer_init(const struct boot_info *info)
{
	if (!info->timer_frequency || info->timer_frequency > MAX_FREQUENCY)
		panic("the device tree gives a timebase-frequency of %lu", info->timer_frequency);
	if (!info->has_sstc && !sbi_has(SBI_TIME))
		panic("the harts have no Sstc and the firmware no timer");
	has_sstc = info->has_sstc;
	start = csr_read(time);
	frequency = info->timer_frequency;
}

ktime_t arch_now(void)
{
	u64 ticks;

	if (!frequency)
		return 0;
	ticks = csr_read(time) - start;
	return ticks / frequency * NANOSECONDS + ticks % frequency * NANOSECONDS / frequency;
}

/* Rounded up: when the alarm comes, arch_now() has reached the time. */
static u64 to_ticks(ktime_t when)
{
	u64 rest = DIV_ROUND_UP(when % NANOSECONDS * frequency, NANOSECONDS);
	u64 ticks;

	if (when == TIME_NEVER || __builtin_mul_overflow(when / NANOSECONDS, frequency, &ticks) ||
	    __builtin_add_overflow(ticks, rest + start, &ticks))
		return TICKS_NEVER;
	return ticks;
}

void arch_set_deadline(ktime_t when)
{
	u64 ticks = to_ticks(when);

	if (has_sstc)
		csr_write(0x14d, ticks); /* stimecmp: older assemblers lack the name */
	else
		sbi_call(SBI_TIME, TIME_SET_TIMER, ticks, 0, 0);
}
