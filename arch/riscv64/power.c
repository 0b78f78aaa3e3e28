// SPDX-License-Identifier: MIT
/*
 * Ending the machine: through the test finisher an emulator hears the status;
 * elsewhere the firmware's system reset.  Source: SBI Specification 1.0,
 * chapter 10.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/bootinfo.h>
#include <kernel/mm.h>
#include <kernel/printk.h>

#define FINISHER_EXIT 0x3333 /* with the status in the upper half */
#define EXIT_SUCCESS 0x10
#define EXIT_FAILURE 0x40 /* or the code */

#define RESET_SHUTDOWN 0
#define REASON_NONE 0
#define REASON_FAILURE 1

static volatile void *finisher;

void power_init(const struct boot_info *info)
{
	if (info->test_finisher)
		finisher =
			kmap_device(info->test_finisher, MAX(info->test_finisher_size, 4UL), false);
}

/* A panic can come before power_init(); then the boot tables still show the finisher. */
static volatile void *find_finisher(void)
{
	const struct boot_info *info = arch_boot_info();

	if (finisher || !info->test_finisher)
		return finisher;
	return phys_to_ptr(info->test_finisher);
}

void arch_power_off(u8 code)
{
	volatile void *exit = find_finisher();
	u32 status = code ? EXIT_FAILURE | (code & 0x3fU) : EXIT_SUCCESS;

	if (exit)
		mmio_write(exit, status << 16 | FINISHER_EXIT);
	sbi_call(SBI_SRST, 0, RESET_SHUTDOWN, code ? REASON_FAILURE : REASON_NONE, 0);
	/* Firmware that has the newer call may well stop this hart in the older one. */
	pr_error("power: the firmware's system reset failed, only its shutdown call is left");
	sbi_call(SBI_SHUTDOWN, 0, 0, 0, 0);
	arch_stop();
}

void arch_stop(void)
{
	csr_write(sie, 0);
	for (;;)
		asm volatile("wfi" : : : "memory");
}
