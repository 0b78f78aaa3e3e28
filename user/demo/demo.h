/* SPDX-License-Identifier: MIT */
/*
 * Parts of the demonstration.  The program starts itself again in roles.
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include <user/ipc.h>
#include <user/loader.h>
#include <user/stdio.h>

/** patience() - the longest wait for what must come, in nanoseconds. */
u64 patience(void);
#define PATIENCE patience() /* a function, so that few files depend on the configuration */

/** step() - tell one step and its result. Return: @passed. */
bool step(bool passed, const char *format, ...) __printf(2, 3);

/** spawn_role() - start this program in @role with @extra as its extra[0] and @argument as arg[2]. */
long spawn_role(const char *role, const char *argument, handle_t extra, handle_t fault,
		struct child *child);

/** create() - an object; its failure ends the demonstration. */
handle_t create(u64 type, u64 argument);

/** exit_of() - wait for the end of @child. Return: its exit code and in *fault the kind that ended it. */
u64 exit_of(struct child *child, u64 *fault);

/* Requests of the role "server", found under CALCULATOR at the name server. */
#define CALCULATOR "demo.calculator"
#define REQUEST_ADD 1    /* words 0, 1 -> word 0: sum */
/* capability: memory with one page -> word 0: sum of its words; label: status of mapping it writable */
#define REQUEST_LEND 2
/* capability: memory, given; mapped and used until the end -> label: status */
#define REQUEST_KEEP 3
#define REQUEST_QUIT 4

int role_server(void);
int role_client(void);
int role_misdeed(const char *name);
int role_caller(void);

void show_services(void);
void show_misdeeds(void);
void show_repair(void);
void show_killed_caller(void);
void show_killed_server(void);
void show_cpus(void);
void show_figures(void);

#endif
