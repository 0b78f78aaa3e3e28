// SPDX-License-Identifier: MIT
/*
 * The first process.
 */
#include <lib/cmdline.h>
#include <user/loader.h>
#include <user/stdio.h>
#include "init.h"

int main(void)
{
	machine_print();
	return services_run();
}
