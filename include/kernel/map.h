/* SPDX-License-Identifier: MIT */
/*
 * How a page is mapped: what <asm/pte.h> turns into the bits of an entry, and back.
 */
#ifndef KERNEL_MAP_H
#define KERNEL_MAP_H

#include <veridian/info.h> /* MAP_READ, MAP_WRITE, MAP_EXECUTE of the ABI, and beside them: */

#define MAP_USER 0x08u
#define MAP_DEVICE 0x10u /* strongly ordered, not cached */

#endif
