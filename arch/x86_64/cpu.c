// SPDX-License-Identifier: MIT
/*
 * The processor: features, descriptor tables, control registers.
 *
 * A bit of CR4 is set only if CPUID has it: under emulation a wrong one stops
 * the processor for ever.  Source: Intel SDM volume 3, 2.5, 3.4, 6.14, 7.
 */
#include <kernel/arch.h>
#include <asm/x86.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <lib/printf.h>
#include <lib/string.h>

#define EXCEPTION_STACK 4096
#define GATE_INTERRUPT 0x8e
#define GATE_DPL3 0x60
#define DESCRIPTOR_TSS 0x0000890000000000UL

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "interrupt gate format");

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

extern const char entry_vectors[];
void entry_syscall(void);
extern bool pt_has_huge_1g;
extern u8 entry_has_smap;

struct cpu_features cpu_features;
u8 entry_has_smap; /* read by entry.S */
static struct gate idt[NR_VECTORS];
static char exception_stacks[CONFIG_NR_CPUS][2][EXCEPTION_STACK] __aligned(16);

void cpu_find_features(void)
{
	struct cpuid basic = cpuid(1, 0), extended = cpuid(0x80000001, 0);
	struct cpuid seven = { 0, 0, 0, 0 };

	if (cpuid(0, 0).eax >= 7)
		seven = cpuid(7, 0);
	if (!(extended.edx & BIT(20)) || !(extended.edx & BIT(11)))
		panic("the processor lacks no-execute pages or SYSCALL");
	cpu_features.has_pge = basic.edx & BIT(13);
	cpu_features.has_mce = basic.edx & BIT(7);
	cpu_features.has_rdrand = basic.ecx & BIT(30);
	cpu_features.has_smep = seven.ebx & BIT(7);
	cpu_features.has_smap = seven.ebx & BIT(20);
	cpu_features.has_umip = seven.ecx & BIT(2);
	cpu_features.has_huge_1g = extended.edx & BIT(26);
	pt_has_huge_1g = cpu_features.has_huge_1g;
}

static void set_gate(u32 vector)
{
	u64 entry = (u64)entry_vectors + 16UL * vector;
	u8 ist = 0;

	if (vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK)
		ist = IST_FAULT;
	else if (vector == VECTOR_NMI)
		ist = IST_NMI;
	idt[vector] = (struct gate){
		.offset_low = (u16)entry,
		.selector = SEL_KERNEL_CODE,
		.ist = ist,
		.type = GATE_INTERRUPT | (vector == VECTOR_BREAKPOINT ? GATE_DPL3 : 0),
		.offset_middle = (u16)(entry >> 16),
		.offset_high = (u32)(entry >> 32),
	};
}

static void fill_gdt(struct cpu *cpu)
{
	u64 *gdt = cpu->arch.gdt, tss = (u64)&cpu->arch.tss;

	gdt[SEL_KERNEL_CODE / 8] = DESCRIPTOR_CODE64;
	gdt[SEL_KERNEL_DATA / 8] = DESCRIPTOR_DATA;
	gdt[SEL_USER_DATA / 8] = DESCRIPTOR_USER_DATA;
	gdt[SEL_USER_CODE / 8] = DESCRIPTOR_USER_CODE;
	gdt[SEL_TSS / 8] = DESCRIPTOR_TSS | (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
			   (tss >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = tss >> 32;
	cpu->arch.tss.iomap_base = sizeof(struct tss);
	cpu->arch.tss.ist[IST_FAULT - 1] = (u64)exception_stacks[cpu->index][0] + EXCEPTION_STACK;
	cpu->arch.tss.ist[IST_NMI - 1] = (u64)exception_stacks[cpu->index][1] + EXCEPTION_STACK;
}

/* A far return loads the code segment. */
static void load_segments(void)
{
	asm volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:\n\t"
		     "mov %1, %%ss\n\tmov %1, %%ds\n\tmov %1, %%es\n\tmov %1, %%fs\n\tmov %1, %%gs"
		     : : "i"(SEL_KERNEL_CODE), "r"(0) : "rax", "memory");
}

void cpu_load_tables(struct cpu *cpu)
{
	struct table_pointer gdtr = { sizeof(cpu->arch.gdt) - 1, (u64)cpu->arch.gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

	for (u32 i = 0; i < NR_VECTORS; i++)
		set_gate(i);
	fill_gdt(cpu);
	asm volatile("lgdt %0" : : "m"(gdtr));
	load_segments();
	asm volatile("lidt %0" : : "m"(idtr));
	asm volatile("ltr %w0" : : "r"(SEL_TSS));
	cpu->arch.self = cpu;
	wrmsr(MSR_GS_BASE, (u64)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

bool cpu_is_exception_stack(const struct cpu *cpu, kaddr_t address, kaddr_t *top)
{
	for (u32 i = 0; i < 2; i++) {
		kaddr_t base = (kaddr_t)exception_stacks[cpu->index][i];

		*top = base + EXCEPTION_STACK;
		if (address >= base && address < *top)
			return true;
	}
	return false;
}

void arch_init_cpu(struct cpu *cpu)
{
	const struct cpu_features *has = &cpu_features;
	u64 cr4 = CR4_PAE | (has->has_mce ? CR4_MCE : 0UL) | (has->has_pge ? CR4_PGE : 0UL) |
		  (has->has_smep ? CR4_SMEP : 0UL) | (has->has_smap ? CR4_SMAP : 0UL) |
		  (has->has_umip ? CR4_UMIP : 0UL);

	(void)cpu;
	asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
	asm volatile("mov %0, %%cr0" : : "r"((u64)CR0_KERNEL) : "memory");
	entry_has_smap = has->has_smap;
	wrmsr(MSR_EFER, EFER_SCE | EFER_LME | EFER_NXE);
	wrmsr(MSR_STAR, (u64)SEL_KERNEL_CODE << 32 | (u64)(SEL_USER_BASE | 3) << 48);
	wrmsr(MSR_LSTAR, (u64)entry_syscall);
	wrmsr(MSR_FMASK, RFLAGS_CLEARED);
	apic_init_cpu();
}

void arch_describe_cpu(char *buffer, size_t size)
{
	const struct cpu_features *has = &cpu_features;
	char name[49] = "";

	if (cpuid(0x80000000, 0).eax >= 0x80000004)
		for (u32 i = 0; i < 3; i++) {
			struct cpuid part = cpuid(0x80000002 + i, 0);

			memcpy(name + 16 * i, &part, 16);
		}
	snprintf(buffer, size, "%s (nx%s%s%s%s)", name, has->has_smep ? " smep" : "",
		 has->has_smap ? " smap" : "", has->has_umip ? " umip" : "",
		 has->has_pge ? " pge" : "");
}

bool arch_random(u64 *value)
{
	u8 is_valid = 0;

	for (u32 tries = 0; cpu_features.has_rdrand && tries < 10 && !is_valid; tries++)
		asm volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(is_valid) : : "cc");
	return is_valid;
}
