/* SPDX-License-Identifier: MIT */
/*
 * A device whose interrupt comes when it is asked for: the UART, which has room
 * to send, or a line of the simulator.
 */
#ifndef TESTS_LINE_H
#define TESTS_LINE_H

#include "test.h"

/** line_open() - the device is ours, its interrupt is *@line. Return: false if somebody else has it. */
bool line_open(u64 *line);

/** line_raise() - let it interrupt (again). */
void line_raise(void);

/** line_quiet() - let it stop. */
void line_quiet(void);

#endif
