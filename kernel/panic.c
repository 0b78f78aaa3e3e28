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
#define MAX_FRAMES 40 /* more than the deepest chain of calls; less than a screen */

static u32 panicking; /* atomic: the first CPU wins */

bool panic_is_under_way(void)
{
	return load_relaxed(&panicking);
}

/* @back: distance from @address to the instruction meant, which is in front of a return address. */
static void print_place(kaddr_t address, u64 back)
{
	u64 offset;
	const char *name = kallsyms_lookup(address - back, &offset);

	if (name)
		printk(LOG_ERROR, "  %#lx %s+%#lx", address, name, offset + back);
	else
		printk(LOG_ERROR, "  %#lx", address);
}

/*
 * What was stopped, and the caller of a function without a frame of its own.
 * A link into the same function is left over from a call that has come back.
 */
static kaddr_t print_stopped(const struct arch_regs *regs)
{
	kaddr_t link = 0, frame = arch_frame(regs, &link);
	kaddr_t caller = kallsyms_function(link - 1);
	const kaddr_t *record = arch_frame_record(frame);

	print_place(arch_pc(regs), 0);
	if (caller && caller != kallsyms_function(arch_pc(regs)) && !(record && record[1] == link))
		print_place(link, 1);
	return frame;
}

/* The chain of frames; one bent into a ring ends by the count. */
static void backtrace(const struct arch_regs *regs)
{
	kaddr_t frame = regs ? print_stopped(regs) : (kaddr_t)__builtin_frame_address(0);
	const kaddr_t *record = arch_frame_record(frame);

	for (u32 i = 0; i < MAX_FRAMES && record && record[1]; i++) {
		const kaddr_t *above = arch_frame_record(record[1]);

		/* A leaf function on RISC-V has only the caller's frame there. */
		if (!above) {
			print_place(record[1], 1);
			above = arch_frame_record(record[0]);
		}
		record = above;
	}
}

static void report(const struct arch_regs *regs, const char *format, va_list args)
{
	struct thread *current = arch_this_cpu()->current;

	/* A panic inside of a panic, or on a second CPU, adds nothing. */
	if (atomic_exchange(&panicking, 1))
		arch_stop();
	printk(LOG_ERROR, "kernel panic on CPU %u:", arch_this_cpu()->index);
	vprintk(LOG_ERROR, format, args);
	if (regs) {
		printk(LOG_ERROR, "registers:");
		arch_dump_regs(regs);
	}
	if (current && current->process) {
		printk(LOG_ERROR, "registers of the running thread:");
		arch_dump_regs(&current->regs);
	}
	printk(LOG_ERROR, "backtrace:");
	backtrace(regs);
}

static __noreturn void end_machine(void)
{
	arch_ipi_stop_others();
	arch_power_off(PANIC_EXIT);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(NULL, format, args);
	va_end(args);
	end_machine();
}

void panic_exception(const struct arch_regs *regs, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(regs, format, args);
	va_end(args);
	end_machine();
}
