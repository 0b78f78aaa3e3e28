// SPDX-License-Identifier: MIT
/*
 * Interrupts, I/O ports and device memory.
 */
#include "test.h"

#define PORT_FREE 0x2e8 /* COM4: nobody uses it */
#define SYSTEM startup->system

static void test_irq(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0), root, deep, without;
	u64 lines = 0, unused, line, irq = 0, uart_line;

	must(system_info(SYSTEM, INFO_IRQS, 0, &lines, &unused), "system_info");
	must(system_info(SYSTEM, INFO_UART_IRQ, 0, &uart_line, &unused), "system_info");
	WANT(irq_create(SYSTEM, lines, &irq), ST_INVALID);
	WANT(irq_create(SYSTEM, uart_line, &irq), ST_BUSY);
	/* Some lines are the kernel's own; the first free one will do. */
	for (line = lines - 1; line && irq_create(SYSTEM, line, &irq) != ST_OK; line--)
		;
	check(line > 0, "line %lu has an object", line);
	WANT(irq_ack((handle_t)irq), ST_BUSY);
	WANT(irq_bind((handle_t)irq, bits, 1), ST_OK);
	WANT(irq_ack((handle_t)irq), ST_OK);
	WANT(irq_bind((handle_t)irq, NOBODY, 1), ST_BADHANDLE);
	WANT(irq_bind((handle_t)irq, SYSTEM, 1), ST_BADTYPE);
	deep = deepest(bits, &root);
	WANT(irq_bind((handle_t)irq, deep, 1), ST_DEPTH);
	(void)cap_delete(root);
	WANT(irq_bind((handle_t)irq, HANDLE_NULL, 0), ST_OK);
	without = weaker((handle_t)irq, RIGHT_DERIVE);
	WANT(irq_bind(without, bits, 1), ST_NORIGHTS);
	WANT(irq_ack(without), ST_NORIGHTS);
	WANT(irq_ack(NOBODY), ST_BADHANDLE);
	WANT(irq_ack(bits), ST_BADTYPE);
	WANT(cap_delete((handle_t)irq), ST_OK);
	(void)cap_delete(bits);
}

static void test_port_access(handle_t ports)
{
	handle_t without = weaker(ports, RIGHT_DERIVE), bits = create(TYPE_NOTIFICATION, 0);
	u64 value = 0;

	WANT(ioport_out(ports, 7, 1, 0x5a), ST_OK);
	WANT(ioport_in(ports, 7, 1, &value), ST_OK);
	WANT(ioport_in(ports, 8, 1, &value), ST_INVALID);
	WANT(ioport_in(ports, 0, 3, &value), ST_INVALID);
	WANT(ioport_out(ports, 7, 2, 0), ST_INVALID);
	WANT(ioport_in(without, 0, 1, &value), ST_NORIGHTS);
	WANT(ioport_out(without, 0, 1, 0), ST_NORIGHTS);
	WANT(ioport_in(NOBODY, 0, 1, &value), ST_BADHANDLE);
	WANT(ioport_in(bits, 0, 1, &value), ST_BADTYPE);
	WANT(ioport_out(NOBODY, 0, 1, 0), ST_BADHANDLE);
	WANT(ioport_out(bits, 0, 1, 0), ST_BADTYPE);
	(void)cap_delete(bits);
}

static void test_ports(void)
{
	u64 ports = 0, value = 0;
	handle_t without = weaker(SYSTEM, RIGHT_INFO);

	/* Only x86_64 has the calls at all. */
	if (!HAS_PORTS) {
		WANT(ioport_create(SYSTEM, PORT_FREE, 8, &ports), ST_NOSYS);
		WANT(ioport_in(SYSTEM, 0, 1, &value), ST_NOSYS);
		WANT(ioport_out(SYSTEM, 0, 1, 0), ST_NOSYS);
		return;
	}
	if (WANT(ioport_create(SYSTEM, PORT_FREE, 8, &ports), ST_OK))
		test_port_access((handle_t)ports);
	(void)cap_delete((handle_t)ports);
	WANT(ioport_create(SYSTEM, 65535, 2, &ports), ST_INVALID);
	WANT(ioport_create(SYSTEM, 0x20, 2, &value), ST_BUSY);
	WANT(ioport_create(NOBODY, 0, 1, &value), ST_BADHANDLE);
	WANT(ioport_create(startup->self, 0, 1, &value), ST_BADTYPE);
	WANT(ioport_create(without, 0, 1, &value), ST_NORIGHTS);
	(void)cap_delete(without);
}

static void test_device_memory(void)
{
	u64 memory = 0, physical = 0, unused, info, flags;
	handle_t ram = create(TYPE_MEMORY, 1);
	u64 at;

	WANT(mem_create_device(SYSTEM, 1, 1, MEM_DEVICE, &memory), ST_INVALID);
	WANT(mem_create_device(SYSTEM, 0, 0, MEM_DEVICE, &memory), ST_INVALID);
	WANT(mem_create_device(SYSTEM, 0, 1, 7, &memory), ST_INVALID);
	WANT(mem_create_device(SYSTEM, ~0UL << 60, 1, MEM_DEVICE, &memory), ST_INVALID);
	must(mem_map(startup->self, ram, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &at), "mem_map");
	*(volatile u64 *)at = 1;
	WANT(mem_info(ram, MEM_INFO_PHYSICAL, 0, &physical, &unused), ST_OK);
	WANT(mem_create_device(SYSTEM, physical, 1, MEM_DEVICE, &memory), ST_BUSY);
	/* Beyond every device of these machines, but inside their physical addresses. */
	WANT(mem_create_device(SYSTEM, 0xf0000000UL, 1, MEM_DEVICE, &memory), ST_OK);
	WANT(mem_info((handle_t)memory, MEM_INFO_SIZE, 0, &info, &flags), ST_OK);
	check(flags & MEM_FLAG_DEVICE, "it is known as a device range");
	WANT(mem_seal((handle_t)memory), ST_INVALID);
	(void)cap_delete((handle_t)memory);
	(void)mem_unmap(startup->self, at, PAGE_SIZE, NULL);
	(void)cap_delete(ram);
}

void test_device(void)
{
	test_irq();
	test_ports();
	test_device_memory();
}
