// SPDX-License-Identifier: MIT
/*
 * The kernel's own output: characters to a 16550 on I/O ports or in memory, or
 * to Arm's PL011, polled.  Line parameters and interrupts are not its business:
 * firmware or the architecture sets the ones, the console server the others.
 * Sources: NS16550A data sheet; Arm DDI 0183.
 */
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/uart.h>

#define NS_DATA 0
#define NS_LINE_STATUS 5
#define NS_WRITABLE BIT(5)
#define PL_DATA 0x00
#define PL_FLAGS 0x18
#define PL_FULL BIT(5)

#define HAS_PORTS IS_ENABLED(CONFIG_X86_64) /* and then no other kind */

/* A UART that does not get rid of a character in this many looks is taken for gone. */
#define PATIENCE 1000000

static enum boot_uart type;
static bool is_usable;
static u16 port;
static volatile u8 *registers;

void uart_use(const struct boot_info *info)
{
	type = info->uart;
	is_usable = HAS_PORTS ? type == BOOT_UART_16550_PORT :
				type == BOOT_UART_16550 || type == BOOT_UART_PL011;
	port = (u16)info->uart_base;
	registers = phys_to_ptr(info->uart_base);
}

static bool is_writable(void)
{
	if (HAS_PORTS)
		return arch_port_in(port + NS_LINE_STATUS, 1) & NS_WRITABLE;
	if (type == BOOT_UART_16550)
		return registers[NS_LINE_STATUS] & NS_WRITABLE;
	return !(*(volatile u32 *)(registers + PL_FLAGS) & PL_FULL);
}

static void send(char c)
{
	if (HAS_PORTS)
		arch_port_out(port + NS_DATA, 1, (u8)c);
	else if (type == BOOT_UART_16550)
		registers[NS_DATA] = (u8)c;
	else
		*(volatile u32 *)(registers + PL_DATA) = (u8)c;
}

static void put(char c)
{
	for (u32 i = 0; is_usable && !is_writable(); i++) {
		is_usable = i < PATIENCE;
		arch_cpu_relax();
	}
	if (is_usable)
		send(c);
	else if (IS_ENABLED(CONFIG_RISCV64))
		arch_firmware_putc(c);
}

/* A terminal wants the carriage moved as well. */
void arch_putc(char c)
{
	if (c == '\n')
		put('\r');
	put(c);
}
