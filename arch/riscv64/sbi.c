// SPDX-License-Identifier: MIT
/*
 * Calls of the firmware below.  Source: SBI Specification 1.0, chapter 3.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>

struct sbi_result sbi_call(u64 extension, u64 function, u64 a0, u64 a1, u64 a2)
{
	register u64 r0 asm("a0") = a0;
	register u64 r1 asm("a1") = a1;
	register u64 r2 asm("a2") = a2;
	register u64 r6 asm("a6") = function;
	register u64 r7 asm("a7") = extension;

	asm volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r6), "r"(r7) : "memory");
	return (struct sbi_result){ .error = (long)r0, .value = r1 };
}

bool sbi_has(u64 extension)
{
	struct sbi_result result = sbi_call(SBI_BASE, SBI_BASE_PROBE, extension, 0, 0);

	return !result.error && result.value;
}
