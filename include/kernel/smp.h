/* SPDX-License-Identifier: MIT */
/*
 * Bringing CPUs up.
 */
#ifndef KERNEL_SMP_H
#define KERNEL_SMP_H

#include <kernel/bootinfo.h>

/** smp_boot_cpu() - the boot CPU becomes CPU 0. */
void smp_boot_cpu(const struct boot_info *info);

/** smp_start() - bring up the CPUs firmware listed, as far as configured. */
void smp_start(void);

#endif
