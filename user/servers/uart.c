// SPDX-License-Identifier: MIT
/*
 * Three UARTs that differ in how a register is reached and where the bits are:
 * 16550 on I/O ports or in memory, and Arm's PL011.  The kernel has set the
 * line parameters; we only switch receive interrupts on.
 * Sources: NS16550A data sheet; Arm PL011 TRM (DDI 0183), chapter 3.
 */
#include "uart.h"
#include <user/startup.h>

#define NS_DATA 0
#define NS_IER 1
#define NS_MCR 4
#define NS_LSR 5
#define NS_IER_RECEIVE 0x01
#define NS_MCR_OUT2 0x0b /* DTR, RTS, OUT2: OUT2 lets the interrupt through on a PC */
#define NS_LSR_RECEIVED 0x01
#define NS_LSR_CAN_SEND 0x20
#define NS_REGISTERS 8

#define PL_DATA 0x00
#define PL_FLAGS 0x18
#define PL_MASK 0x38
#define PL_CLEAR 0x44
#define PL_FLAG_EMPTY 0x10
#define PL_FLAG_FULL 0x20
#define PL_INT_RECEIVE 0x50 /* receive and receive timeout */

#define SEND_TRIES 100000

static struct {
	u64 type;
	volatile u8 *registers;
	handle_t ports, irq;
	u32 data, status;      /* register offsets */
	u32 has_data, is_ready; /* bits of the status, and what they must be */
	u32 has_data_value, is_ready_value;
} uart;

static u32 read_register(u32 offset)
{
	u64 value = 0;

	if (uart.type == UART_16550_PORT)
		(void)ioport_in(uart.ports, offset, 1, &value);
	else if (uart.type == UART_16550_MEMORY)
		value = uart.registers[offset];
	else
		value = *(volatile u32 *)(uart.registers + offset);
	return (u32)value;
}

static void write_register(u32 offset, u32 value)
{
	if (uart.type == UART_16550_PORT)
		(void)ioport_out(uart.ports, offset, 1, value);
	else if (uart.type == UART_16550_MEMORY)
		uart.registers[offset] = (u8)value;
	else
		*(volatile u32 *)(uart.registers + offset) = value;
}

static const char *map_registers(u64 base)
{
	u64 memory, address, start = ALIGN_DOWN(base, PAGE_SIZE);

	if (mem_create_device(startup->system, start, 1, MEM_DEVICE, &memory) != ST_OK)
		return "no device memory for its registers";
	if (mem_map(startup->self, (handle_t)memory, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		    &address) != ST_OK)
		return "its registers cannot be mapped";
	uart.registers = (volatile u8 *)(address + (base - start));
	return NULL;
}

static const char *reach(u64 base)
{
	u64 ports;

	if (uart.type != UART_16550_PORT)
		return map_registers(base);
	if (ioport_create(startup->system, base, NS_REGISTERS, &ports) != ST_OK)
		return "no capability for its I/O ports";
	uart.ports = (handle_t)ports;
	return NULL;
}

static void set_up_registers(void)
{
	if (uart.type == UART_PL011) {
		uart.data = PL_DATA;
		uart.status = PL_FLAGS;
		uart.has_data = PL_FLAG_EMPTY;
		uart.is_ready = PL_FLAG_FULL;
		write_register(PL_MASK, PL_INT_RECEIVE);
		return;
	}
	uart.data = NS_DATA;
	uart.status = NS_LSR;
	uart.has_data = uart.has_data_value = NS_LSR_RECEIVED;
	uart.is_ready = uart.is_ready_value = NS_LSR_CAN_SEND;
	write_register(NS_MCR, NS_MCR_OUT2);
	write_register(NS_IER, NS_IER_RECEIVE);
}

const char *uart_open(handle_t notification, u64 bits)
{
	u64 base, line, size, irq;
	const char *error;

	if (system_info(startup->system, INFO_UART, 0, &uart.type, &base) != ST_OK ||
	    system_info(startup->system, INFO_UART_IRQ, 0, &line, &size) != ST_OK ||
	    uart.type == UART_NONE)
		return "the machine has no known UART";
	error = reach(base);
	if (error)
		return error;
	if (irq_create(startup->system, line, &irq) != ST_OK)
		return "no capability for its interrupt";
	uart.irq = (handle_t)irq;
	if (irq_bind(uart.irq, notification, bits) != ST_OK)
		return "its interrupt cannot be bound";
	set_up_registers();
	return NULL;
}

void uart_put(char c)
{
	/* A device that never becomes ready must not stop the system: the character is lost. */
	for (u32 tries = 0; tries < SEND_TRIES; tries++)
		if ((read_register(uart.status) & uart.is_ready) == uart.is_ready_value)
			break;
	write_register(uart.data, (u8)c);
}

bool uart_get(char *c)
{
	if ((read_register(uart.status) & uart.has_data) != uart.has_data_value)
		return false;
	*c = (char)read_register(uart.data);
	return true;
}

void uart_begin(void)
{
	/* Before reading: a character that comes after the last look raises the interrupt again. */
	if (uart.type == UART_PL011)
		write_register(PL_CLEAR, PL_INT_RECEIVE);
}

void uart_done(void)
{
	(void)irq_ack(uart.irq);
}
