/* SPDX-License-Identifier: MIT */
/*
 * Bits and names of system registers that only arch/aarch64 uses.  Source: Arm
 * Architecture Reference Manual (DDI 0487) D19.  Registers newer than Armv8.0
 * are named by their encoding, so that no compiler option is needed for them.
 */
#ifndef ASM_SYSREG_H
#define ASM_SYSREG_H

#define SCTLR_M (1 << 0)
#define SCTLR_C (1 << 2)
#define SCTLR_SA (1 << 3)
#define SCTLR_SA0 (1 << 4)
#define SCTLR_ITD (1 << 7)
#define SCTLR_SED (1 << 8)
#define SCTLR_EOS (1 << 11)
#define SCTLR_I (1 << 12)
#define SCTLR_DZE (1 << 14)
#define SCTLR_UCT (1 << 15)
#define SCTLR_NTWE (1 << 18)
#define SCTLR_TSCXT (1 << 20)
#define SCTLR_EIS (1 << 22)
#define SCTLR_SPAN (1 << 23)
#define SCTLR_NTLSMD (1 << 28)
#define SCTLR_LSMAOE (1 << 29)
#define SCTLR_RES1 \
	(SCTLR_EOS | SCTLR_TSCXT | SCTLR_EIS | SCTLR_SPAN | SCTLR_NTLSMD | SCTLR_LSMAOE)
#define SCTLR_OFF (SCTLR_RES1)
/*
 * Little-endian; stack alignment checked; user mode may read the cache type,
 * zero blocks and wait for events, but not for interrupts.  SPAN is cleared
 * later on processors that have PAN.
 */
#define SCTLR_ON                                                                         \
	(SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_SA0 | SCTLR_ITD | SCTLR_SED | \
	 SCTLR_I | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWE)
#define SCTLR_EPAN_BIT 57

/* Attribute 0: normal, write-back, allocating; 1: device nGnRE (as PTE_DEVICE says). */
#define MAIR_VALUE 0x04ff

/* Both halves: 48 bits, 4 KiB, inner shareable write-back walks. */
#define TCR_HALF0 ((16 << 0) | (1 << 8) | (1 << 10) | (3 << 12))
#define TCR_HALF1 ((16 << 16) | (1 << 24) | (1 << 26) | (3 << 28) | (2 << 30))
#define TCR_IPS_SHIFT 32
#define TCR_AS_BIT 36
#define TCR_E0PD1_BIT 56

#define HCR_RW_BIT 31
#define HCR_APK_BIT 40
#define HCR_API_BIT 41
#define CPTR_EL2_NO_TRAPS 0x33ff
#define PSR_DAIF 0x3c0
#define PSR_EL1H 0x5

#define ESR_EC_SHIFT 26
#define ESR_EC_SVC 0x15

#define MPIDR_AFFINITY 0xff00ffffff

#ifndef __ASSEMBLY__
#include <kernel/types.h>

struct boot_info;
struct cpu;

#define sysreg_read(name)                                                                    \
	({                                                                                   \
		u64 sysreg_value_;                                                           \
		asm volatile("mrs %0, " SYSREG_STRING(name) : "=r"(sysreg_value_));          \
		sysreg_value_;                                                               \
	})
#define sysreg_write(name, value) \
	asm volatile("msr " SYSREG_STRING(name) ", %0" : : "r"((u64)(value)) : "memory")
#define SYSREG_STRING(name) SYSREG_STRING_OF(name)
#define SYSREG_STRING_OF(name) #name

/* The 4-bit field at @shift of an identification register. */
#define id_field(name, shift) ((u32)(sysreg_read(name) >> (shift)) & 0xf)

/** isb() - what was written to system registers is in force for the next instruction. */
static inline void isb(void)
{
	asm volatile("isb" : : : "memory");
}

/** boot_map() - boot CPU, boot tables: show [base, base+size) in the direct map, by whole 2 MiB blocks. */
void boot_map(paddr_t base, u64 size, u32 flags);

/** image_to_phys() - physical address of something in the kernel image. */
paddr_t image_to_phys(const void *address);

/** timer_init_clock() - boot CPU, before the first arch_now(). */
void timer_init_clock(void);

/** timer_init_cpu() - this CPU's virtual timer, off. */
void timer_init_cpu(void);

/** timer_disarm() - the deadline has passed. */
void timer_disarm(void);

/** gic_init() - boot CPU: the distributor, all lines masked. */
void gic_init(const struct boot_info *info);

/** gic_init_cpu() - this CPU's interface, IPIs and timer interrupt open. */
void gic_init_cpu(struct cpu *cpu);

/** psci_init() - how firmware wants to be called. */
void psci_init(const struct boot_info *info);

/**
 * psci_call() - ask firmware.  Source: Arm DEN 0022.
 * Return: its answer, negative: an error; PSCI_NOT_SUPPORTED if there is no firmware.
 */
long psci_call(u64 function, u64 a, u64 b, u64 c);
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_CPU_ON 0xc4000003
#define PSCI_NOT_SUPPORTED (-1)

/**
 * power_go_on() - the processor refused an instruction in the kernel.
 * Returns unless that was the emulator's exit: then the machine ends in another way.
 */
void power_go_on(void);

/** power_fail() - end the machine before there is a console; @text is for the emulator's. */
__noreturn void power_fail(const char *text);

/** cpu_has_cycles() - this processor has a cycle counter. */
bool cpu_has_cycles(void);

#endif
#endif
