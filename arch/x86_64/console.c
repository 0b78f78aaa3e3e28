// SPDX-License-Identifier: MIT
/*
 * Finding the console's UART, a 16550 at COM1, and the port instructions.  The
 * tables of these machines name no UART, so its scratch register decides
 * whether there is one.
 */
#include <kernel/arch.h>
#include <asm/x86.h>

#define COM1 0x3f8

#define UART_DIVISOR_LOW 0  /* with LCR_DIVISOR */
#define UART_DIVISOR_HIGH 1
#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_SCRATCH 7

#define FCR_ENABLE 0x07  /* on, both queues emptied */
#define LCR_8N1 0x03
#define LCR_DIVISOR 0x80
#define MCR_READY 0x0b   /* DTR, RTS, and OUT2, which lets the interrupt through */

u16 console_init(void)
{
	outb(COM1 + UART_SCRATCH, 0x5a);
	if (inb(COM1 + UART_SCRATCH) != 0x5a)
		return 0;
	outb(COM1 + UART_SCRATCH, 0xa5);
	if (inb(COM1 + UART_SCRATCH) != 0xa5)
		return 0;
	outb(COM1 + UART_IER, 0);
	outb(COM1 + UART_LCR, LCR_DIVISOR);
	outb(COM1 + UART_DIVISOR_LOW, 1); /* 115200 baud */
	outb(COM1 + UART_DIVISOR_HIGH, 0);
	outb(COM1 + UART_LCR, LCR_8N1);
	outb(COM1 + UART_FCR, FCR_ENABLE);
	outb(COM1 + UART_MCR, MCR_READY);
	return COM1;
}

u32 arch_port_in(u16 port, unsigned width)
{
	switch (width) {
	case 1:
		return inb(port);
	case 2:
		return inw(port);
	default:
		return inl(port);
	}
}

void arch_port_out(u16 port, unsigned width, u32 value)
{
	switch (width) {
	case 1:
		outb(port, (u8)value);
		break;
	case 2:
		outw(port, (u16)value);
		break;
	default:
		outl(port, value);
	}
}
