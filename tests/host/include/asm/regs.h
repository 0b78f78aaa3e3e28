/* SPDX-License-Identifier: MIT */
/*
 * User registers: the host tests run no user code.
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

struct arch_regs {
	unsigned long pc;
};

#endif
