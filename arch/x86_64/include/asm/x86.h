/* SPDX-License-Identifier: MIT */
/*
 * Numbers and instructions of the processor that only arch/x86_64 uses.
 * Source: Intel SDM volume 3 and AMD APM volume 2.
 */
#ifndef ASM_X86_H
#define ASM_X86_H

/*
 * Segments.  SYSRET takes the stack segment from STAR + 8 and the code segment
 * from STAR + 16, which fixes the order of the user ones.
 */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_BOOT_CODE32 0x18 /* boot GDT only */
#define SEL_USER_BASE 0x18   /* STAR: the slot before the user segments stays empty */
#define SEL_USER_DATA 0x23
#define SEL_USER_CODE 0x2b
#define SEL_TSS 0x30

#define DESCRIPTOR_CODE64 0x00af9b000000ffff
#define DESCRIPTOR_DATA 0x00cf93000000ffff
#define DESCRIPTOR_CODE32 0x00cf9b000000ffff
#define DESCRIPTOR_USER_DATA 0x00cff3000000ffff
#define DESCRIPTOR_USER_CODE 0x00affb000000ffff

/*
 * Vectors.  0-31 are exceptions.  External lines come in at VECTOR_LINES + line
 * and so rank below the kernel's own.  Saved as "vector" of a system call is a
 * number that no interrupt has.
 */
#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE_CHECK 18
#define NR_EXCEPTIONS 32
#define VECTOR_LINES 0x30
#define VECTOR_LINES_END 0xf0
#define VECTOR_TIMER 0xf0
#define VECTOR_IPI 0xf1
#define VECTOR_SPURIOUS 0xff
#define NR_VECTORS 256
#define VECTOR_SYSCALL 0x100

#define IST_FAULT 1 /* double fault and machine check: both end in panic */
#define IST_NMI 2

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
/*
 * The whole value: user mode has no floating point, so EM and TS make every
 * use of it an exception.
 */
#define CR0_KERNEL (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_PG)

#define CR4_PAE 0x000020
#define CR4_MCE 0x000040
#define CR4_PGE 0x000080
#define CR4_UMIP 0x000800
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_ENABLE 0x800
#define APIC_BASE_X2APIC 0x400
#define MSR_EFER 0xc0000080
#define EFER_SCE 0x001
#define EFER_LME 0x100
#define EFER_NXE 0x800
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define RFLAGS_ONE 0x000002 /* always set */
#define RFLAGS_TF 0x000100
#define RFLAGS_IF 0x000200
#define RFLAGS_DF 0x000400
#define RFLAGS_IOPL 0x003000
#define RFLAGS_NT 0x004000
#define RFLAGS_RF 0x010000
#define RFLAGS_AC 0x040000
/* What user mode may have set and the kernel must not run with. */
#define RFLAGS_CLEARED \
	(RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC)

#ifndef __ASSEMBLY__
#include <kernel/types.h>

struct boot_info;
struct cpu;

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

/** cpuid() - what the processor says of itself; also serialises: later fetches see earlier stores. */
static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

/** rdmsr() / wrmsr() - a model-specific register; one that does not exist is an exception. */
static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)(value & 0xffffffff)), "d"((u32)(value >> 32))
		     : "memory");
}

/** rdtsc() - the time-stamp counter; may be read ahead of earlier instructions. */
static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

/** write_cr3() / read_cr3() - the root of the tables; writing drops all translations that are not global. */
static inline void write_cr3(u64 value)
{
	asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline u64 read_cr3(void)
{
	u64 value;

	asm volatile("mov %%cr3, %0" : "=r"(value) : : "memory");
	return value;
}

/** read_cr2() - the address of the latest page fault. */
static inline u64 read_cr2(void)
{
	u64 value;

	asm volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

/** invlpg() - drop this CPU's translation of one page, global or not, and of the tables above it. */
static inline void invlpg(u64 address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* inb(), outb() and so on, of one width each. */
#define PORT_ACCESS(suffix, type)                                                              \
	static inline type in##suffix(u16 port)                                                \
	{                                                                                      \
		type value;                                                                    \
                                                                                               \
		asm volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port) : "memory");    \
		return value;                                                                  \
	}                                                                                      \
                                                                                               \
	static inline void out##suffix(u16 port, type value)                                   \
	{                                                                                      \
		asm volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port) : "memory");   \
	}
PORT_ACCESS(b, u8)
PORT_ACCESS(w, u16)
PORT_ACCESS(l, u32)

/* What this machine's processors can do; cpu.c finds out once, on the boot CPU. */
struct cpu_features {
	bool has_smep, has_smap, has_umip, has_pge, has_mce, has_rdrand;
};
extern struct cpu_features cpu_features;

/** cpu_find_features() - boot CPU, first of all. Panics if something indispensable is missing. */
void cpu_find_features(void);

/** cpu_load_tables() - GS base, GDT, TSS, IDT of @cpu; arch_this_cpu() works from here. */
void cpu_load_tables(struct cpu *cpu);

/** cpu_is_exception_stack() - the 16 bytes at @address lie on the stack for fatal exceptions. */
bool cpu_is_exception_stack(const struct cpu *cpu, kaddr_t address);

/** console_init() - find the 16550 at COM1, set it to 115200 8N1. Return: its port, 0 if none. */
u16 console_init(void);

/** apic_init() - boot CPU: local APIC registers, I/O APICs all masked, legacy PIC silenced. */
void apic_init(const struct boot_info *info);

/** apic_init_cpu() - this CPU's local APIC. */
void apic_init_cpu(void);

/** apic_timer_start() - this CPU's timer counts @ticks down and interrupts; 0 stops it. */
void apic_timer_start(u32 ticks);

/** apic_timer_count() - what is left of the running count. */
u32 apic_timer_count(void);

/**
 * apic_start_secondary() - INIT and two start-up IPIs for the processor @apic_id, to begin in
 * page @page of low memory.
 */
void apic_start_secondary(u32 apic_id, u8 page);

/** timer_init() - boot CPU: calibrate the time-stamp counter and the local timer. */
void timer_init(const struct boot_info *info);

/**
 * timer_fired() - the timer interrupt came. Return: true if the deadline has passed, false if
 * it was only the counter's end.
 */
bool timer_fired(void);

/** timer_delay() - spin for some microseconds; only for starting processors. */
void timer_delay(u32 microseconds);

/** timer_describe() - frequency of the counter and what it was measured against. */
void timer_describe(char *buffer, size_t size);

/** power_init() - remember how firmware wants to be switched off. */
void power_init(const struct boot_info *info);

/** smp_set_trampoline() - remember the page that other processors begin in. */
void smp_set_trampoline(paddr_t page);

#endif
#endif
