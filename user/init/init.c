// SPDX-License-Identifier: MIT
/*
 * The first process: holds the root capabilities, tells about the machine,
 * starts everything else, and ends the machine with the result.
 */
#include "services.h"
#include <user/stdio.h>

int main(void)
{
	int code;

	machine_print();
	code = services_run();
	print_flush();
	must(system_power_off(startup->system, (u64)code), "system_power_off");
	return code;
}
