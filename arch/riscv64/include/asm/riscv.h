/* SPDX-License-Identifier: MIT */
/*
 * Numbers and instructions that only arch/riscv64 uses.
 * Sources: RISC-V Privileged Architecture 1.12; SBI Specification 1.0.
 */
#ifndef ASM_RISCV_H
#define ASM_RISCV_H

#define SSTATUS_SIE 0x2
#define SSTATUS_SPIE 0x20
#define SSTATUS_SPP 0x100
#define SSTATUS_FS 0x6000
#define SSTATUS_SUM 0x40000
#define INTERRUPT_SOFTWARE 0x2 /* bits of sip and sie */
#define INTERRUPT_TIMER 0x20
#define INTERRUPT_EXTERNAL 0x200
#define SATP_SV39 0x8000000000000000
#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLY__
#include <kernel/types.h>

struct boot_info;
struct cpu;

#define csr_read(csr)                                                                    \
	({                                                                               \
		u64 csr_value_;                                                          \
		asm volatile("csrr %0, " #csr : "=r"(csr_value_) : : "memory");          \
		csr_value_;                                                              \
	})
#define csr_write(csr, value) asm volatile("csrw " #csr ", %0" : : "r"((u64)(value)) : "memory")
#define csr_set(csr, value) asm volatile("csrs " #csr ", %0" : : "r"((u64)(value)) : "memory")
#define csr_clear(csr, value) asm volatile("csrc " #csr ", %0" : : "r"((u64)(value)) : "memory")

#define SBI_LEGACY_PUTCHAR 1
#define SBI_TIME 0x54494d45
#define SBI_IPI 0x735049
#define SBI_HSM 0x48534d
#define SBI_SRST 0x53525354

static inline long sbi_call(u64 extension, u64 function, u64 first, u64 second, u64 third)
{
	register u64 a0 asm("a0") = first;
	register u64 a1 asm("a1") = second;
	register u64 a2 asm("a2") = third;
	register u64 a6 asm("a6") = function;
	register u64 a7 asm("a7") = extension;

	asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (long)a0;
}

/** console_init() - use the UART firmware named from now on, else SBI's console goes on. */
void console_init(const struct boot_info *info);

/** plic_init() / plic_init_cpu() - the interrupt controller; this hart's context of it. */
void plic_init(const struct boot_info *info);
void plic_init_cpu(struct cpu *cpu);
u32 plic_claim(void);

/** timer_init() - frequency and kind of the timer. */
void timer_init(const struct boot_info *info);

/** power_init() - map the test finisher, if there is one. */
void power_init(const struct boot_info *info);

#endif
#endif
