// SPDX-License-Identifier: MIT
/*
 * Time: the time-stamp counter, in nanoseconds, and the local APIC's one-shot
 * timer.  Neither says how fast it is, so both are measured for a millisecond
 * against a clock that does: the HPET, ACPI's PM timer, or channel 0 of the
 * PIT read back.  Where there is none of them the local APIC is taken to run
 * at 1 GHz, which QEMU's does, and the log says so.
 *
 * Sources: ACPI Specification 6.5, 4.8.3.3; IA-PC HPET 1.0a; 8254 data sheet.
 */
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <lib/printf.h>

#define NS_PER_SECOND 1000000000UL
#define CALIBRATION_NS 1000000UL
#define PM_TIMER_HZ 3579545UL
#define PIT_HZ 1193182UL
#define PIT_COUNTER 0x40
#define PIT_CONTROL 0x43
#define PIT_RATE_GENERATOR 0x34 /* channel 0, low then high byte, mode 2 */
#define HPET_PERIOD 4           /* femtoseconds, upper half of the capabilities */
#define HPET_CONFIG 0x10
#define HPET_COUNTER 0xf0
#define ASSUMED_LAPIC_HZ NS_PER_SECOND

/* A clock of known frequency that counts up, modulo @mask + 1. */
struct reference {
	const char *name;
	u32 (*read)(void);
	u32 mask;
	u64 hz;
};

struct sample {
	u32 reference, lapic;
	u64 tsc;
};

static u16 pm_port;
static volatile u32 *hpet;
static struct reference reference;

static u64 tsc_hz, lapic_hz;
static u64 tsc_base;
static u64 ns_per_tsc;   /* 32.32 fixed point */
static u64 ticks_per_ns; /* of the local timer, 32.32 */

static u32 read_pm(void)
{
	return inl(pm_port);
}

static u32 read_hpet(void)
{
	return hpet[HPET_COUNTER / 4];
}

/* It counts down. */
static u32 read_pit(void)
{
	u32 low;

	outb(PIT_CONTROL, 0); /* latch channel 0 */
	low = inb(PIT_COUNTER);
	return ~(low | (u32)inb(PIT_COUNTER) << 8);
}

/* It moves at all: a port without a device reads the same for ever. */
static bool runs(const struct reference *r)
{
	u32 first = r->read();

	for (u32 i = 0; i < 10000; i++)
		if (((r->read() - first) & r->mask) != 0)
			return true;
	return false;
}

static bool try_hpet(const struct boot_info *info)
{
	if (!info->hpet_base)
		return false;
	hpet = kmap_device(info->hpet_base, PAGE_SIZE, false);
	if (!hpet[HPET_PERIOD / 4])
		return false;
	hpet[HPET_CONFIG / 4] |= 1;
	reference = (struct reference){ "HPET", read_hpet, ~0U,
					1000000000000000UL / hpet[HPET_PERIOD / 4] };
	return runs(&reference);
}

static bool find_reference(const struct boot_info *info)
{
	/* The HPET first: its ticks are at least four times finer. */
	if (try_hpet(info))
		return true;
	if (info->pm_timer_port) {
		pm_port = (u16)info->pm_timer_port;
		reference = (struct reference){ "ACPI PM timer", read_pm, 0xffffff, PM_TIMER_HZ };
		if (runs(&reference))
			return true;
	}
	outb(PIT_CONTROL, PIT_RATE_GENERATOR);
	outb(PIT_COUNTER, 0);
	outb(PIT_COUNTER, 0);
	reference = (struct reference){ "PIT", read_pit, 0xffff, PIT_HZ };
	return runs(&reference);
}

/* All three at once: of a few tries the one that was interrupted least. */
static struct sample take_sample(void)
{
	struct sample best = { 0 }, s;
	u64 shortest = ~0UL;
	u64 before;

	for (u32 i = 0; i < 5; i++) {
		before = rdtsc();
		s.reference = reference.read();
		s.lapic = apic_timer_count();
		s.tsc = rdtsc();
		if (s.tsc - before < shortest) {
			shortest = s.tsc - before;
			best = s;
		}
	}
	return best;
}

static void measure(void)
{
	u64 wanted = reference.hz * CALIBRATION_NS / NS_PER_SECOND;
	struct sample start, end;
	u64 ticks;

	start = take_sample();
	do {
		arch_cpu_relax();
		ticks = (reference.read() - start.reference) & reference.mask;
	} while (ticks < wanted);
	end = take_sample();
	ticks = (end.reference - start.reference) & reference.mask;
	tsc_hz = (end.tsc - start.tsc) * reference.hz / ticks;
	lapic_hz = (u64)(start.lapic - end.lapic) * reference.hz / ticks;
}

/* Nothing to measure with: the local timer is the clock. */
static void assume(void)
{
	u32 wanted = (u32)(ASSUMED_LAPIC_HZ * CALIBRATION_NS / NS_PER_SECOND);
	u32 start = apic_timer_count();
	u64 tsc = rdtsc();

	while (start - apic_timer_count() < wanted)
		arch_cpu_relax();
	tsc_hz = (rdtsc() - tsc) * (NS_PER_SECOND / CALIBRATION_NS);
	lapic_hz = ASSUMED_LAPIC_HZ;
	reference.name = "local APIC, assumed 1 GHz";
	pr_notice("timer: no PM timer, HPET or PIT; taking the local APIC to run at 1 GHz");
}

void timer_init(const struct boot_info *info)
{
	apic_init_cpu();
	apic_timer_start(~0U);
	if (find_reference(info))
		measure();
	else
		assume();
	apic_timer_start(0);
	/* A counter that stands still would divide by zero below. */
	tsc_hz = MAX(tsc_hz, 1000UL);
	lapic_hz = MAX(lapic_hz, 1000UL);
	ns_per_tsc = (NS_PER_SECOND << 32) / tsc_hz;
	ticks_per_ns = (lapic_hz << 32) / NS_PER_SECOND;
	tsc_base = rdtsc();
}

ktime_t arch_now(void)
{
	return tsc_hz ? mul_shift_32(rdtsc() - tsc_base, ns_per_tsc) : 0;
}

static void arm(ktime_t when)
{
	ktime_t now = arch_now();
	u64 wait = when > now ? MIN(when - now, 3600 * NS_PER_SECOND) : 0;
	u64 ticks = mul_shift_32(wait, ticks_per_ns) + 1;

	/* A deadline beyond the counter is reached in several runs (timer_fired). */
	apic_timer_start((u32)MIN(ticks, 0xffffffffUL));
}

void arch_set_deadline(ktime_t when)
{
	arch_this_cpu()->arch.deadline = when;
	if (when == TIME_NEVER)
		apic_timer_start(0);
	else
		arm(when);
}

bool timer_fired(void)
{
	struct arch_cpu *arch = &arch_this_cpu()->arch;

	if (arch->deadline == TIME_NEVER)
		return false;
	if (arch_now() < arch->deadline) {
		arm(arch->deadline);
		return false;
	}
	arch->deadline = TIME_NEVER;
	return true;
}

void timer_delay(u32 microseconds)
{
	ktime_t end = arch_now() + microseconds * 1000UL;

	while (arch_now() < end)
		arch_cpu_relax();
}

void timer_describe(char *buffer, size_t size)
{
	snprintf(buffer, size, "TSC %lu MHz by %s", (tsc_hz + 500000) / 1000000, reference.name);
}
