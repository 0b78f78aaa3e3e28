// SPDX-License-Identifier: MIT
/*
 * Time: the virtual counter, which all processors share, and each one's own
 * virtual timer.  Source: Arm ARM D11.
 *
 * Conversions multiply by 2^32-scaled ratios with a 128-bit product: no
 * overflow, no division.  Rounding of the ratio is below one part in 2^28.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/panic.h>

#define NS_PER_SECOND 1000000000UL
#define RATIO_SHIFT 32
#define TIMER_ENABLE 1
#define MAX_TICKS BIT(62) /* decades; keeps the compare value from wrapping */

static u64 ns_per_tick, ticks_per_ns; /* times 2^32; immutable after timer_init_clock() */

static u64 counter(void)
{
	isb(); /* not read ahead of what comes before */
	return sysreg_read(cntvct_el0);
}

void timer_init_clock(void)
{
	u64 frequency = sysreg_read(cntfrq_el0);

	if (!frequency)
		panic("firmware has not told the frequency of the counter (CNTFRQ_EL0)");
	ns_per_tick = (NS_PER_SECOND << RATIO_SHIFT) / frequency;
	ticks_per_ns = (frequency << RATIO_SHIFT) / NS_PER_SECOND;
}

ktime_t arch_now(void)
{
	return mul_shift_32(counter(), ns_per_tick);
}

void timer_disarm(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

void timer_init_cpu(void)
{
	timer_disarm();
}

/* The compare value is relative to now, so that rounding does not add up over the years. */
void arch_set_deadline(ktime_t when)
{
	u64 count = counter();
	ktime_t now = mul_shift_32(count, ns_per_tick);
	u64 ticks;

	if (when == TIME_NEVER) {
		timer_disarm();
		return;
	}
	/* One more, for both roundings: not earlier than asked. */
	ticks = when > now ? MIN(mul_shift_32(when - now, ticks_per_ns) + 1, MAX_TICKS) : 0;
	sysreg_write(cntv_cval_el0, count + ticks);
	sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
	isb();
}

u64 arch_cycles(void)
{
	return cpu_has_cycles() ? sysreg_read(pmccntr_el0) : counter();
}
