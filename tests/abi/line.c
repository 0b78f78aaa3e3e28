// SPDX-License-Identifier: MIT
/*
 * The UART asks to be fed.  Its transmit interrupt is pending as long as it has
 * room; on a 16550, edge-triggered on a PC, switching it off and on asks again.
 * Sources: NS16550A data sheet; Arm PL011 TRM (DDI 0183), chapter 3.
 */
#include "line.h"

#define NS_IER 1
#define NS_MCR 4
#define NS_IER_SEND 0x02
#define NS_MCR_OUT2 0x0b /* DTR, RTS, OUT2: OUT2 lets the interrupt through on a PC */
#define NS_REGISTERS 8
#define PL_DATA 0x00
#define PL_MASK 0x38
#define PL_INT_SEND 0x20

static u64 type;
static volatile u8 *registers;
static handle_t ports;

static void write_register(u32 offset, u32 value)
{
	if (type == UART_16550_PORT)
		(void)ioport_out(ports, offset, 1, value);
	else if (type == UART_16550_MEMORY)
		registers[offset] = (u8)value;
	else
		*(volatile u32 *)(registers + offset) = value;
}

static bool reach(u64 base)
{
	u64 start = ALIGN_DOWN(base, PAGE_SIZE), object, address;

	if (type == UART_16550_PORT) {
		if (ioport_create(startup->system, base, NS_REGISTERS, &object) != ST_OK)
			return false;
		ports = (handle_t)object;
		return true;
	}
	if (mem_create_device(startup->system, start, 1, MEM_DEVICE, &object) != ST_OK ||
	    mem_map(startup->self, (handle_t)object, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		    &address) != ST_OK)
		return false;
	registers = (volatile u8 *)(address + (base - start));
	return true;
}

bool line_open(u64 *line)
{
	u64 base, size;

	/* Else it is the console server's. */
	if (!is_first_process() ||
	    system_info(startup->system, INFO_UART, 0, &type, &base) != ST_OK ||
	    type == UART_NONE ||
	    system_info(startup->system, INFO_UART_IRQ, 0, line, &size) != ST_OK || !reach(base))
		return false;
	if (type != UART_PL011)
		write_register(NS_MCR, NS_MCR_OUT2);
	return true;
}

void line_raise(void)
{
	if (type == UART_PL011) {
		/* Pending from when a character has left on. */
		write_register(PL_MASK, PL_INT_SEND);
		write_register(PL_DATA, '\n');
		return;
	}
	write_register(NS_IER, 0);
	write_register(NS_IER, NS_IER_SEND);
}

void line_quiet(void)
{
	write_register(type == UART_PL011 ? PL_MASK : NS_IER, 0);
}
