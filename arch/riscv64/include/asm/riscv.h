/* SPDX-License-Identifier: MIT */
/*
 * Control registers, SBI calls, and what the files of this directory share.
 * Sources: RISC-V Privileged Architecture 1.12; SBI Specification 1.0.
 */
#ifndef ASM_RISCV_H
#define ASM_RISCV_H

#define SATP_SV39 (8 << 60)

#define SSTATUS_SIE 0x2
#define SSTATUS_SPIE 0x20
#define SSTATUS_SPP 0x100
#define SSTATUS_VS 0x600
#define SSTATUS_FS 0x6000
#define SSTATUS_SUM 0x40000
#define SSTATUS_MXR 0x80000

#define INTERRUPT_SOFTWARE 0x2 /* in sip and sie */
#define INTERRUPT_TIMER 0x20
#define INTERRUPT_EXTERNAL 0x200

#define CAUSE_ECALL_USER 8

#define SBI_PUTCHAR 1 /* the extensions of version 0.1 */
#define SBI_SHUTDOWN 8

#ifndef __ASSEMBLY__
#include <kernel/types.h>

#undef SATP_SV39
#define SATP_SV39 (8UL << 60)

struct boot_info;
struct cpu;

#define csr_read(name)                                                                   \
	({                                                                               \
		u64 csr_value_;                                                          \
		asm volatile("csrr %0, " #name : "=r"(csr_value_) : : "memory");         \
		csr_value_;                                                              \
	})
#define csr_write(name, value)                                                           \
	({                                                                               \
		asm volatile("csrw " #name ", %0" : : "rK"((u64)(value)) : "memory");    \
	})
#define csr_clear(name, bits)                                                            \
	({                                                                               \
		asm volatile("csrc " #name ", %0" : : "rK"((u64)(bits)) : "memory");     \
	})

/** mmio_read() / mmio_write() - a device register of 32 bits, in order with what the caller does to memory. */
static inline u32 mmio_read(const volatile void *address)
{
	u32 value = *(const volatile u32 *)address;

	/* What is read before is read before whatever the answer lets us do. */
	asm volatile("fence i, ior" : : : "memory");
	return value;
}

static inline void mmio_write(volatile void *address, u32 value)
{
	asm volatile("fence iorw, o" : : : "memory");
	*(volatile u32 *)address = value;
}

/* ---- sbi.c ---- */
struct sbi_result {
	long error; /* 0 or negative */
	u64 value;
};

#define SBI_BASE 0x10
#define SBI_BASE_PROBE 3
#define SBI_BASE_VENDOR 4
#define SBI_BASE_ARCHITECTURE 5
#define SBI_BASE_IMPLEMENTATION 6
#define SBI_TIME 0x54494d45
#define SBI_IPI 0x735049
#define SBI_HSM 0x48534d
#define SBI_SRST 0x53525354

/** sbi_call() - call @function of @extension. */
struct sbi_result sbi_call(u64 extension, u64 function, u64 a0, u64 a1, u64 a2);

/** sbi_has() - the firmware has the extension. */
bool sbi_has(u64 extension);

/* ---- power.c, timer.c, plic.c, smp.c: set up by the boot CPU ---- */

/** power_init() - the test finisher gets a place in the direct map; before the final tables are in use. */
void power_init(const struct boot_info *info);

/** timer_init() - the clock starts at 0; panics without a frequency or an alarm. */
void timer_init(const struct boot_info *info);

/** timer_has_sstc() - the alarm is the hart's own, not the firmware's. */
bool timer_has_sstc(void);

/** plic_init() - all lines masked; without a controller there are no lines. */
void plic_init(const struct boot_info *info);

/** plic_init_cpu() - find the calling hart's context and open it. */
void plic_init_cpu(struct cpu *cpu);

/** plic_claim() - an external line that waits for this hart, IRQ_NONE if another was faster. */
u32 plic_claim(void);

/** smp_claim() - an IPI was claimed: stop here if that is what it asks for. */
void smp_claim(void);

/** mmu_asid_bits() - width of the address-space identifiers. */
unsigned mmu_asid_bits(void);

/** arch_boot_info() - what the device tree told. */
const struct boot_info *arch_boot_info(void);

extern paddr_t kernel_phys;
#endif

#endif
