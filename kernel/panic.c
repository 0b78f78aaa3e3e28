// SPDX-License-Identifier: MIT
/*
 * The end of the kernel: reason, registers, symbolised backtrace, all CPUs
 * stopped, the machine ended with a failure status.
 */
#include <kernel/arch.h>
#include <kernel/atomic.h>
#include <kernel/cpu.h>
#include <kernel/kallsyms.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>
#include <stdarg.h>

#define PANIC_EXIT 1

static u32 panicking; /* atomic: the first CPU wins */

bool panic_is_under_way(void)
{
	return load_relaxed(&panicking);
}

static void print_frame(kaddr_t address)
{
	u64 offset;
	const char *name = kallsyms_lookup(address, &offset);

	if (name)
		printk(LOG_ERROR, "  %#lx %s+%#lx", address, name, offset);
	else
		printk(LOG_ERROR, "  %#lx", address);
}

void panic(const char *format, ...)
{
	struct thread *current = arch_this_cpu()->current;
	va_list args;

	/* A panic inside of a panic, or on a second CPU, adds nothing. */
	if (atomic_exchange(&panicking, 1))
		arch_stop();
	printk(LOG_ERROR, "kernel panic on CPU %u:", arch_this_cpu()->index);
	va_start(args, format);
	vprintk(LOG_ERROR, format, args);
	va_end(args);
	if (current && current->process) {
		printk(LOG_ERROR, "registers of the running thread:");
		arch_dump_regs(&current->regs);
	}
	printk(LOG_ERROR, "backtrace:");
	arch_backtrace(print_frame);
	arch_ipi_stop_others();
	arch_power_off(PANIC_EXIT);
}
