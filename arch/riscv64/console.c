// SPDX-License-Identifier: MIT
/*
 * The kernel's console: the 16550 the device tree names, before that SBI's.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>

#define UART_DATA 0
#define UART_LSR 5
#define LSR_WRITABLE 0x20

static volatile u8 *uart;

void console_init(const struct boot_info *info)
{
	if (info->uart == BOOT_UART_16550 && info->uart_base < BOOT_MAP_SIZE)
		uart = phys_to_ptr(info->uart_base);
}

static void put(char c)
{
	if (!uart) {
		sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)c, 0, 0);
		return;
	}
	while (!(uart[UART_LSR] & LSR_WRITABLE))
		arch_cpu_relax();
	uart[UART_DATA] = (u8)c;
}

void arch_putc(char c)
{
	if (c == '\n')
		put('\r');
	put(c);
}
