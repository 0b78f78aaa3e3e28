// SPDX-License-Identifier: MIT
/*
 * Time: the time CSR, and stimecmp (Sstc) or the SBI's timer.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#define SECOND 1000000000UL
#define LONGEST (4 * SECOND) /* armed at once; the rest when that has passed */

static u64 frequency, ticks_to_ns; /* 32.32 fixed point */
static bool has_sstc;

void timer_init(const struct boot_info *info)
{
	if (info->timer_frequency < 1000 || info->timer_frequency > SECOND)
		panic("device tree: timebase-frequency %lu", info->timer_frequency);
	frequency = info->timer_frequency;
	ticks_to_ns = (SECOND << 32) / frequency;
	has_sstc = info->has_sstc;
	pr_info("timer: %lu kHz, %s", frequency / 1000, has_sstc ? "Sstc" : "SBI");
}

ktime_t arch_now(void)
{
	return (ktime_t)((unsigned __int128)csr_read(time) * ticks_to_ns >> 32);
}

static void set_compare(u64 ticks)
{
	if (has_sstc)
		asm volatile("csrw %0, %1" : : "i"(CSR_STIMECMP), "r"(ticks) : "memory");
	else
		sbi_call(SBI_TIME, 0, ticks, 0, 0);
}

void arch_set_deadline(ktime_t when)
{
	ktime_t now = arch_now();
	u64 wait = when > now ? MIN(when - now, LONGEST) : 0;

	set_compare(when == TIME_NEVER ? ~0UL : csr_read(time) + wait * frequency / SECOND + 1);
}
