/* SPDX-License-Identifier: MIT */
/*
 * User programs in C, run as coroutines: between program.c, hooks.c, actor.c and
 * tests/abi/host.
 */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include <lib/types.h>

/* ---- for the machine ---- */

#ifdef HOST_MACHINE
#include "sim.h"

/** program_memory() - back the simulated memory by a file, so that programs can be shown its pages. */
void program_memory(void) __attribute__((weak)); /* only SIM=races has it */

/** program_step() - as actor_step(). */
enum user_event program_step(struct thread *thread, struct fault_info *fault) __attribute__((weak));

/** program_operation() - as actor_operation(). */
u64 program_operation(struct thread *thread) __attribute__((weak));

/** program_line() - a line of the console. */
void program_line(const char *line) __attribute__((weak));

/** program_end() - the machine is powered off with @code. */
__noreturn void program_end(u8 code) __attribute__((weak));
#endif

/** program_access() - instrumented code is about to touch memory. Return: whether a program is. */
bool program_access(const volatile void *address, u64 size, bool is_write);

/* ---- for programs ---- */

struct ipc_frame;

/** program_main() - of the first process. */
int program_main(void);

/** program_match() - the only match of tests/abi/race.c to be run, 0: the whole suite. */
u32 program_match(void);

/** program_rounds() - how long a match is: one round for 20 operations of a random run (--steps). */
u32 program_rounds(void);

/** program_call() - issue a system call. Return: the status. */
long program_call(u64 number, u64 handles, const u64 arg[5], u64 value[2]);

/** program_ipc() - a raw call: tag, handles, eight words, two pairs of capabilities, badge, status. */
void program_ipc(u64 frame[14]);

/** program_raise() - a device asks for an interrupt on @line. */
void program_raise(u32 line);

/** program_pause() - a turn of a loop in user mode that touches no memory. */
void program_pause(void);

#endif
