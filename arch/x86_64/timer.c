// SPDX-License-Identifier: MIT
/*
 * Time: the time-stamp counter, and the local APIC's one-shot timer.
 *
 * Both are measured once against a clock of known frequency: ACPI's timer
 * (3.579545 MHz; ACPI Specification 6.5, 4.8.3.3) or the HPET (specification
 * 1.0a).  A machine with neither is told to count at the 1 GHz that QEMU's
 * local timer has, and the notice says so.
 */
#include <kernel/arch.h>
#include <asm/x86.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <lib/printf.h>

#define SECOND 1000000000UL
#define PM_TIMER_HZ 3579545UL
#define PM_TIMER_MASK 0xffffffu
#define ASSUMED_APIC_HZ 1000000000UL
#define HPET_PERIOD 0x4 /* femtoseconds a tick */
#define HPET_CONFIG 0x10
#define HPET_COUNTER 0xf0
#define FEMTOSECONDS 1000000000000000UL

static u64 tsc_hz, apic_hz, tsc_start;
static u64 tsc_to_ns; /* 32.32 fixed point */
static const char *reference = "nothing";

/* A clock to measure against: reads its counter. */
struct clock {
	u32 (*read)(void);
	u32 mask;
	u64 hz;
	const char *name;
};

static u16 pm_port;
static volatile u32 *hpet;

static u32 pm_read(void)
{
	return inl(pm_port);
}

static u32 hpet_read(void)
{
	return hpet[HPET_COUNTER / 4];
}

static bool find_clock(const struct boot_info *info, struct clock *clock)
{
	if (info->pm_timer_port) {
		pm_port = (u16)info->pm_timer_port;
		*clock = (struct clock){ pm_read, PM_TIMER_MASK, PM_TIMER_HZ, "ACPI timer" };
		return true;
	}
	if (!info->hpet_base)
		return false;
	hpet = kmap_device(info->hpet_base, 0x400, false);
	if (!hpet[HPET_PERIOD / 4])
		return false;
	hpet[HPET_CONFIG / 4] |= 1;
	*clock = (struct clock){ hpet_read, ~0u, FEMTOSECONDS / hpet[HPET_PERIOD / 4], "HPET" };
	return true;
}

static void measure(const struct clock *clock)
{
	u32 ticks = (u32)(clock->hz / 1000), start, passed;
	u64 tsc;

	start = clock->read();
	tsc = rdtsc();
	apic_timer_start(~0u);
	do {
		passed = (clock->read() - start) & clock->mask;
		arch_cpu_relax();
	} while (passed < ticks);
	apic_hz = (u64)(~0u - apic_timer_count()) * clock->hz / passed;
	tsc_hz = (rdtsc() - tsc) * clock->hz / passed;
	reference = clock->name;
}

/* No known clock: count the time-stamp counter against the local timer's usual frequency. */
static void assume(void)
{
	u64 tsc = rdtsc();

	apic_timer_start(~0u);
	while (apic_timer_count() > 0xffffffffu - ASSUMED_APIC_HZ / 1000)
		arch_cpu_relax();
	apic_hz = ASSUMED_APIC_HZ;
	tsc_hz = (rdtsc() - tsc) * 1000;
	reference = "an assumed local timer of 1 GHz";
	pr_notice("timer: no ACPI timer and no HPET: %s", reference);
}

void timer_init(const struct boot_info *info)
{
	struct clock clock;

	if (find_clock(info, &clock))
		measure(&clock);
	else
		assume();
	apic_timer_start(0);
	tsc_hz = MAX(tsc_hz, 1000000UL);
	tsc_to_ns = (SECOND << 32) / tsc_hz;
	tsc_start = rdtsc();
	pr_info("timer: counter %lu MHz, local timer %lu MHz, by %s", tsc_hz / 1000000,
		apic_hz / 1000000, reference);
}

void timer_describe(char *buffer, size_t size)
{
	snprintf(buffer, size, "TSC %lu MHz by %s", tsc_hz / 1000000, reference);
}

ktime_t arch_now(void)
{
	return (ktime_t)((unsigned __int128)(rdtsc() - tsc_start) * tsc_to_ns >> 32);
}

u64 arch_cycles(void)
{
	return rdtsc();
}

/* Count down to the deadline, or as far as the counter reaches. */
static void arm(ktime_t deadline, ktime_t now)
{
	u64 wait = deadline > now ? deadline - now : 0;

	wait = MIN(wait, SECOND);
	apic_timer_start((u32)MIN(MAX(wait * (apic_hz / 1000) / 1000000, 1UL), 0xffffffffUL));
}

void arch_set_deadline(ktime_t when)
{
	arch_this_cpu()->arch.deadline = when;
	if (when == TIME_NEVER)
		apic_timer_start(0);
	else
		arm(when, arch_now());
}

bool timer_fired(void)
{
	ktime_t deadline = arch_this_cpu()->arch.deadline, now = arch_now();

	if (deadline == TIME_NEVER)
		return false;
	if (now < deadline) {
		arm(deadline, now);
		return false;
	}
	arch_this_cpu()->arch.deadline = TIME_NEVER;
	return true;
}

void timer_delay(u32 microseconds)
{
	ktime_t end = arch_now() + microseconds * 1000UL;

	while (arch_now() < end)
		arch_cpu_relax();
}
