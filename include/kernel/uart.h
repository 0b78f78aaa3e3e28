/* SPDX-License-Identifier: MIT */
/*
 * The driver of the kernel's console; arch_putc() is its output.
 */
#ifndef KERNEL_UART_H
#define KERNEL_UART_H

struct boot_info;

/**
 * uart_use() - from now on characters go to the UART of @info, if it is of a known kind.
 *
 * Boot CPU.  The direct map shows its registers, now and for ever.
 */
#ifdef CONFIG_CONSOLE
void uart_use(const struct boot_info *info);
#else
static inline void uart_use(const struct boot_info *info)
{
	(void)info;
}
#endif

#endif
