/* SPDX-License-Identifier: MIT */
/* Rows that read the same on each architecture: start, stop and trap are its macros. */

	start	13, long_loop
	trap
	stop
	start	14, asks
	trap
	stop
	start	15, idles
	trap
	stop
	start	16
	nop
	nop
	stop
	start	2048 + 16
	nop
	nop
	nop
	stop
	start	1024 + 21
	nop
	stop
	.rept	5
	nop
	.endr
	stop
	nop
	nop
	stop
	start	20, returns
	trap
	stop
	start	19, calls
	trap
	stop
	start	17, start_second
	trap
	stop
