// SPDX-License-Identifier: MIT
/*
 * The kernel's console: the UART the device tree names, polled; before it is
 * known, and where it is of an unknown kind, the firmware's character output.
 * Firmware has set the UART up for its own messages.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/bootinfo.h>

#define UART_DATA 0
#define UART_LSR 5
#define LSR_WRITABLE 0x20

/* A UART that does not get rid of a character in this many looks is taken for gone. */
#define PATIENCE 1000000

static volatile u8 *uart;

void console_use(const struct boot_info *info)
{
	if (info->uart == BOOT_UART_16550 && range_within(info->uart_base, 8, 1, DIRECT_SIZE))
		uart = phys_to_ptr(info->uart_base);
}

static void put(char c)
{
	u32 patience = PATIENCE;

	if (uart) {
		while (!(uart[UART_LSR] & LSR_WRITABLE))
			if (!--patience) {
				uart = NULL;
				break;
			}
	}
	if (uart)
		uart[UART_DATA] = (u8)c;
	else
		sbi_call(SBI_PUTCHAR, 0, (u8)c, 0, 0);
}

/* A terminal wants the carriage moved as well. */
void arch_putc(char c)
{
	if (c == '\n')
		put('\r');
	put(c);
}
