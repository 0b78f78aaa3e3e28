// SPDX-License-Identifier: MIT
/*
 * Ending the machine: first tell an emulator the status (QEMU's
 * isa-debug-exit ends at once; elsewhere nobody listens at that port), then
 * ACPI's soft-off.  Source: ACPI Specification 6.5, 4.8.3.2.
 */
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <asm/x86.h>

#define DEBUG_EXIT_PORT 0xf4
#define EXIT_SUCCESS 0x10
#define EXIT_FAILURE 0x40 /* or the code */

#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_ENABLE BIT(13)

static u16 pm1a_port; /* 0: firmware told no way */
static u16 pm1a_value;

void power_init(const struct boot_info *info)
{
	if (!info->has_s5 || !info->pm1a_port)
		return;
	pm1a_port = (u16)info->pm1a_port;
	pm1a_value = (u16)((info->s5_type & 7) << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE);
}

void arch_power_off(u8 code)
{
	outl(DEBUG_EXIT_PORT, code ? EXIT_FAILURE | (code & 0x3fU) : EXIT_SUCCESS);
	/* The machine stops some time after this store, not with it. */
	if (pm1a_port)
		outw(pm1a_port, pm1a_value);
	arch_stop();
}

void arch_stop(void)
{
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}
