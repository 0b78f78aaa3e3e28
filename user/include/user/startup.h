/* SPDX-License-Identifier: MIT */
/*
 * What a program finds when it starts.
 *
 * Registers: the first argument register holds the address of a struct
 * startup, which lies at the top of the stack; all other registers are 0.  The
 * stack pointer is below it, and an unmapped guard page below the stack.
 * Slot HANDLE_SELF is the process itself; the structure names every other
 * capability that its creator passed, HANDLE_NULL for what it did not pass.
 * The first process is started by the kernel instead and gets 0: the library
 * then makes a structure of the places in <veridian/init.h>.
 */
#ifndef USER_STARTUP_H
#define USER_STARTUP_H

#include <user/syscall.h>

#define STARTUP_MAGIC 0x7661726964
#define STARTUP_ARGS 4
#define STARTUP_ARG_SIZE 64
#define STARTUP_EXTRA 4

struct startup {
	u64 magic;
	handle_t self;     /* HANDLE_SELF: the process */
	handle_t thread;   /* its first thread */
	handle_t names;    /* endpoint of the name server */
	handle_t console;  /* endpoint of the console server */
	handle_t init;     /* endpoint of the first process (requests of <user/protocol.h>) */
	handle_t system;   /* the machine, with some of its rights */
	handle_t archive;  /* the boot archive, readable */
	handle_t extra[STARTUP_EXTRA]; /* agreed between creator and program */
	u64 archive_size;
	u64 nr_args;
	char arg[STARTUP_ARGS][STARTUP_ARG_SIZE]; /* terminated; arg[0] is the program's name */
};

/** startup - of this process, never NULL once main() runs. */
extern const struct startup *startup;

/** main() - of each program; its result is the exit code of the process. */
int main(void);

#endif
