// SPDX-License-Identifier: MIT
/*
 * The firmware's character output: for messages before the UART is known, and
 * where it is of an unknown kind.  Source: SBI Specification 1.0, chapter 5.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>

void arch_firmware_putc(char c)
{
	sbi_call(SBI_PUTCHAR, 0, (u8)c, 0, 0);
}
