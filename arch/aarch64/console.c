// SPDX-License-Identifier: MIT
/* The kernel's console: a PL011, output only. Source: Arm DDI 0183. */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>

#define UART_DATA 0x00
#define UART_FLAGS 0x18
#define UART_FLAG_FULL BIT(5)
#define UART_LINE_CONTROL 0x2c
#define UART_8BIT_FIFO 0x70
#define UART_CONTROL 0x30
#define UART_ENABLE 0x301 /* UART, transmitter, receiver */
#define MAX_SPINS 1000000 /* a character takes much less; better to lose it than to hang */

static kaddr_t uart; /* 0: none */

static volatile u32 *uart_register(u32 offset)
{
	return (volatile u32 *)(uart + offset);
}

/* The speed stays as firmware has set it. */
void console_init(const struct boot_info *info)
{
	uart = (kaddr_t)phys_to_ptr(info->uart_base);
	*uart_register(UART_LINE_CONTROL) = UART_8BIT_FIFO;
	*uart_register(UART_CONTROL) = UART_ENABLE;
}

static void uart_put(char c)
{
	for (u32 i = 0; *uart_register(UART_FLAGS) & UART_FLAG_FULL; i++) {
		if (i == MAX_SPINS)
			return;
		arch_cpu_relax();
	}
	*uart_register(UART_DATA) = (u8)c;
}

/* A terminal wants the carriage moved as well. */
void arch_putc(char c)
{
	if (!uart)
		return;
	if (c == '\n')
		uart_put('\r');
	uart_put(c);
}
