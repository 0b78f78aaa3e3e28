/* SPDX-License-Identifier: MIT */
/*
 * The address sanitizer wants to know which stack is in use; without it nobody
 * does.
 */
#ifndef HOST_FIBER_H
#define HOST_FIBER_H

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define fiber_leave(fake_stack, bottom, size) \
	__sanitizer_start_switch_fiber(fake_stack, bottom, size)
#define fiber_arrive(fake_stack, bottom, size) \
	__sanitizer_finish_switch_fiber(fake_stack, bottom, size)
#else
#define fiber_leave(fake_stack, bottom, size) ((void)(fake_stack), (void)(bottom), (void)(size))
#define fiber_arrive(fake_stack, bottom, size) ((void)(fake_stack), (void)(bottom), (void)(size))
#endif

#endif
