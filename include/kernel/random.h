/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for address placement and user space: a keyed stream over
 * what firmware, the processor and timing gave at boot.
 */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include <kernel/bootinfo.h>

/** random_init() - mix the boot seed; says on the console where the entropy came from. */
void random_init(const struct boot_info *info);

/** kernel_random() - 64 random bits. Any CPU. */
u64 kernel_random(void);

#endif
