/* SPDX-License-Identifier: MIT */
/*
 * Mistakes on purpose, to see the checkers alive.
 */
#ifndef KERNEL_SEEDED_H
#define KERNEL_SEEDED_H

/** seeded_bug() - make the mistake that "bug=" names, if any; only with CONFIG_SEEDED_BUGS. */
void seeded_bug(void);

#endif
