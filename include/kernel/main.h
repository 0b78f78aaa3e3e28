/* SPDX-License-Identifier: MIT */
/*
 * What the boot leaves behind for the rest of the kernel.
 */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include <kernel/bootinfo.h>

#define KERNEL_RELEASE "0.1"

struct process;

/* What firmware told; immutable once user mode runs. */
extern const struct boot_info *boot;

/* The first process. Its end is the end of the machine. */
extern struct process *init_process;

/** init_load() - make the first process out of the boot archive; panics with a clear text if that cannot be. */
void init_load(void);

/** init_has_ended() - nothing can go on: say why and power off with a failure status. */
__noreturn void init_has_ended(const struct process *process);

/** cmdline_parse() - the kernel's own options; unknown ones get a warning that names them. */
void cmdline_parse(const char *cmdline);

/** cmdline_init() - `init=<name>` of the command line: the first process's file in the boot archive. */
const char *cmdline_init(void);

/** cmdline_max_cpus() - `cpus=<n>` of the command line, CONFIG_NR_CPUS if not given. */
u32 cmdline_max_cpus(void);

#endif
