/* SPDX-License-Identifier: MIT */
/*
 * Between the files of init.
 */
#ifndef INIT_H
#define INIT_H

#include <user/peer.h>
#include <user/system.h>
#include <veridian/init.h>

/** check() - one result in TAP. Return: @passed. */
bool check(bool passed, const char *name);

/** check_status() - likewise: the status is the one expected; says which it was if not. */
bool check_status(long status, long expected, const char *name);

/** report_machine() - what a person wants to see first. */
void report_machine(void);

/** option() - the word @name is on the command line. */
bool option(const char *name);

/** peer_start() - a process in @role, lent @object and a log-only system capability, on @cpu. */
long peer_start(enum peer_role role, handle_t object, u8 cpu, handle_t *process);

/** peer_await() - wait until @process has ended. Return: false if it takes more than 10 s. */
bool peer_await(handle_t process);

/** nr_cpus() - CPUs online. */
u32 nr_cpus(void);

void test_objects(void);
void test_ipc(void);
void test_memory(void);
void test_threads(void);
void test_isolation(void);

#endif
