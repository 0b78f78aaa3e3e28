// SPDX-License-Identifier: MIT
/*
 * I/O ports.
 */
#include "test.h"

#define PORT_FREE 0x2e8 /* COM4: nobody uses it */
#define SYSTEM startup->system

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

void test_ioport(void)
{
	u64 ports = 0, value = 0;
	handle_t without = weaker(SYSTEM, RIGHT_INFO);

	/* Machines without ports do not have the calls at all. */
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
