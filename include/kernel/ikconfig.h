/* SPDX-License-Identifier: MIT */
/*
 * The configuration the kernel was built with, gzip-compressed text, with
 * CONFIG_IKCONFIG.  scripts/extract-config finds it in an image by its marks.
 */
#ifndef KERNEL_IKCONFIG_H
#define KERNEL_IKCONFIG_H

#include <kernel/types.h>

extern const u8 ikconfig_data[];
extern const u32 ikconfig_size; /* bytes */

#endif
