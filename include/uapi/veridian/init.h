/* SPDX-License-Identifier: MIT */
/*
 * What the first process finds: its capabilities, by place, and its message page.
 */
#ifndef UAPI_VERIDIAN_INIT_H
#define UAPI_VERIDIAN_INIT_H

#include <veridian/types.h>

#define INIT_PROCESS HANDLE_FIRST(0) /* itself, all rights */
#define INIT_SYSTEM HANDLE_FIRST(1)  /* the machine, all rights */
/* the boot archive: memory, readable; its exact size is INFO_ARCHIVE_SIZE */
#define INIT_ARCHIVE HANDLE_FIRST(2)
#define INIT_THREAD HANDLE_FIRST(3)  /* its first thread */

#endif
