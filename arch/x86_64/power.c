// SPDX-License-Identifier: MIT
/*
 * Ending the machine: first tell an emulator the status (QEMU's
 * isa-debug-exit ends at once; elsewhere nobody listens at that port), then
 * ACPI's soft-off: through the PM1a port, or the sleep control register of a
 * hardware-reduced machine.  Source: ACPI Specification 6.5, 4.8.3.2 and 4.8.3.7.
 */
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/mm.h>
#include <asm/x86.h>

#define DEBUG_EXIT_PORT 0xf4
#define EXIT_SUCCESS 0x10
#define EXIT_FAILURE 0x40 /* or the code */

#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_ENABLE BIT(13)
#define SLEEP_TYPE_SHIFT 2
#define SLEEP_ENABLE 0x20

/* 0, NULL: firmware told no such way */
static u16 pm1a_port, sleep_port;
static volatile u8 *sleep_register;
static u32 sleep_type;

void power_init(const struct boot_info *info)
{
	if (!info->has_s5)
		return;
	sleep_type = info->s5_type & 7U;
	pm1a_port = (u16)info->pm1a_port;
	sleep_port = (u16)info->sleep_port;
	if (info->sleep_base)
		sleep_register = kmap_device(info->sleep_base, 1, false);
}

/* The machine stops some time after the store, not with it. */
void arch_power_off(u8 code)
{
	u8 value = (u8)(sleep_type << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);

	outl(DEBUG_EXIT_PORT, code ? EXIT_FAILURE | (code & 0x3fU) : EXIT_SUCCESS);
	if (pm1a_port)
		outw(pm1a_port, (u16)(sleep_type << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
	if (sleep_port)
		outb(sleep_port, value);
	if (sleep_register)
		*sleep_register = value;
	arch_stop();
}

void arch_stop(void)
{
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}
