// SPDX-License-Identifier: MIT
/*
 * Firmware calls (PSCI) and the end of the machine.  An emulator that was
 * started with semihosting takes an exit status by a HLT instruction; anywhere
 * else that is refused as undefined, and power_go_on() takes it from there.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>

#define SYS_WRITE0 0x04 /* a string to the emulator's own console */
#define SYS_EXIT_EXTENDED 0x20
#define EXIT_APPLICATION 0x20026 /* ADP_Stopped_ApplicationExit */
#define EXIT_SUCCESS 0x10
#define EXIT_FAILURE 0x40
#define EXIT_CODE_MASK 0x3f

static bool has_psci, is_hvc;
static bool is_ending; /* this CPU of the machine is the last one to run */

void psci_init(const struct boot_info *info)
{
	has_psci = info->has_psci;
	is_hvc = info->is_psci_hvc;
}

long psci_call(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = a;
	register u64 x2 asm("x2") = b;
	register u64 x3 asm("x3") = c;

	if (!has_psci)
		return PSCI_NOT_SUPPORTED;
	if (is_hvc)
		asm volatile("hvc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			     :
			     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
			       "x14", "x15", "x16", "x17", "memory");
	else
		asm volatile("smc #0"
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			     :
			     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
			       "x14", "x15", "x16", "x17", "memory");
	return (int)x0; /* negative errors have 32 bits */
}

static __noreturn void power_off_by_firmware(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	arch_stop();
}

void power_go_on(void)
{
	if (is_ending)
		power_off_by_firmware();
}

/* From now on a refusal of the instruction ends the machine in another way. */
static void semihosting(u64 operation, const void *parameter)
{
	register u64 x0 asm("x0") = operation;
	register const void *x1 asm("x1") = parameter;

	is_ending = true;
	asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

void power_fail(const char *text)
{
	semihosting(SYS_WRITE0, "boot: ");
	semihosting(SYS_WRITE0, text);
	semihosting(SYS_WRITE0, "\n");
	arch_power_off(1);
}

void arch_power_off(u8 code)
{
	u64 block[2] = { EXIT_APPLICATION,
			 code ? EXIT_FAILURE | (code & EXIT_CODE_MASK) : EXIT_SUCCESS };

	semihosting(SYS_EXIT_EXTENDED, block);
	power_off_by_firmware();
}

void arch_stop(void)
{
	asm volatile("msr daifset, #0xf" : : : "memory");
	for (;;)
		asm volatile("wfi");
}
