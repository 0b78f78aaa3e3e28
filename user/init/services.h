/* SPDX-License-Identifier: MIT */
/*
 * Parts of the first process.
 */
#ifndef INIT_SERVICES_H
#define INIT_SERVICES_H

#include <user/loader.h>

/** machine_print() - what was found and what was configured. */
void machine_print(void);

/** services_run() - start the servers and what the command line asks for. Return: power-off code. */
int services_run(void);

#endif
