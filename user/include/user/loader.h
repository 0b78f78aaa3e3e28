/* SPDX-License-Identifier: MIT */
/*
 * Starting programs as processes of their own.
 */
#ifndef USER_LOADER_H
#define USER_LOADER_H

#include <user/startup.h>

#define PROGRAM_STACK_PAGES 16UL /* of a program's first thread; the lowest is a guard page */

struct program {
	const char *name;    /* what people see; arg[0] */
	const void *file;    /* the ELF file */
	size_t size;
	const char *arg[STARTUP_ARGS - 1]; /* further arguments, NULL: none */
	/* lent with what a client needs; HANDLE_NULL: not passed */
	handle_t names, console, init, archive;
	handle_t system;
	u32 system_rights;   /* of the machine the program gets */
	handle_t extra[STARTUP_EXTRA]; /* lent with all their rights */
	u32 self_rights;     /* of HANDLE_SELF; 0: all */
	handle_t fault;      /* fault endpoint, or HANDLE_NULL */
	handle_t watch;      /* notification told about the end, or HANDLE_NULL */
	u64 watch_bits;
	u64 settings;        /* THREAD_PRIORITY and THREAD_CPU; 0: priority 32, CPU 0 */
};

struct child {
	handle_t process, thread;
	const char *error;   /* of the ELF reader, NULL if it found none */
};

/** program_spawn() - start a program. On failure nothing is left of it and child->error may tell more. */
long program_spawn(const struct program *program, struct child *child);

/** program_wait() - wait until the process has ended. Return: ST_OK or ST_TIMEDOUT. */
long program_wait(handle_t process, u64 timeout);

/** child_free() - end the process if it still runs, and forget it. */
void child_free(struct child *child);

/** archive_find() - a file of the boot archive, which is mapped at the first use. Return: NULL, or what is wrong. */
const char *archive_find(const char *name, const void **file, size_t *size);

/** program_role() - fill *program for this program's own file, to run as @role (arg[1]) with what we hold. */
const char *program_role(struct program *program, const char *role);

#endif
