// SPDX-License-Identifier: MIT
/*
 * A processor's own state: features, control registers, segments, interrupt
 * table, and the step back to user mode.
 */
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>
#include <lib/printf.h>
#include <lib/string.h>

/* entry.S */
extern const char entry_vectors[NR_VECTORS][16];
extern bool entry_has_smap;
void entry_syscall(void);
__noreturn void entry_return_user(struct arch_regs *regs);
__noreturn void entry_bad_pc(struct thread *thread);
__noreturn void entry_idle(void);
__noreturn void entry_window(void);

bool entry_has_smap; /* tested by every interrupt */
struct cpu_features cpu_features;

/* An interrupt gate: two quadwords. */
struct gate {
	u64 low, high;
};
#define GATE_INTERRUPT 0x8e00UL /* present, 64-bit, interrupts off */
#define GATE_USER 0x6000UL      /* user mode may name it in an INT instruction */

static struct gate idt[NR_VECTORS];

/* Panic prints from there, hence the size; the NMI handler pushes nothing. */
#define FAULT_STACK_SIZE 8192
#define NMI_STACK_SIZE 128

static struct exception_stacks {
	u8 fault[FAULT_STACK_SIZE] __aligned(16);
	u8 nmi[NMI_STACK_SIZE] __aligned(16);
} exception_stacks[CONFIG_NR_CPUS];

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

#define CPUID_1_EDX_MSR BIT(5)
#define CPUID_1_EDX_MCE BIT(7)
#define CPUID_1_EDX_APIC BIT(9)
#define CPUID_1_EDX_PGE BIT(13)
#define CPUID_1_ECX_RDRAND BIT(30)
#define CPUID_7_EBX_SMEP BIT(7)
#define CPUID_7_EBX_SMAP BIT(20)
#define CPUID_7_ECX_UMIP BIT(2)
#define CPUID_80000001_EDX_SYSCALL BIT(11)
#define CPUID_80000001_EDX_HUGE_1G BIT(26)

void cpu_find_features(void)
{
	struct cpuid basic = cpuid(1, 0);
	struct cpuid extended = cpuid(0x80000001, 0);
	struct cpuid structured = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };

	/* 64-bit mode and no-execute have been found by boot.S. */
	if (!(basic.edx & CPUID_1_EDX_MSR) || !(basic.edx & CPUID_1_EDX_APIC))
		panic("this processor has no local APIC");
	if (!(extended.edx & CPUID_80000001_EDX_SYSCALL))
		panic("this processor has no SYSCALL instruction");
	cpu_features = (struct cpu_features){
		.has_smep = structured.ebx & CPUID_7_EBX_SMEP,
		.has_smap = structured.ebx & CPUID_7_EBX_SMAP,
		.has_umip = structured.ecx & CPUID_7_ECX_UMIP,
		.has_pge = basic.edx & CPUID_1_EDX_PGE,
		.has_mce = basic.edx & CPUID_1_EDX_MCE,
		.has_rdrand = basic.ecx & CPUID_1_ECX_RDRAND,
	};
	pt_has_huge_1g = extended.edx & CPUID_80000001_EDX_HUGE_1G;
	pt_address_end = BIT(cpuid(0x80000008, 0).eax & 0xff);
}

static void set_gate(unsigned vector, u64 flags)
{
	u64 entry = (u64)entry_vectors[vector];

	idt[vector].low = (entry & 0xffff) | (u64)SEL_KERNEL_CODE << 16 |
			  (GATE_INTERRUPT | flags) << 32 | (entry >> 16 & 0xffff) << 48;
	idt[vector].high = entry >> 32;
}

static void fill_idt(void)
{
	for (unsigned i = 0; i < NR_VECTORS; i++)
		set_gate(i, 0);
	set_gate(VECTOR_BREAKPOINT, GATE_USER);
	set_gate(VECTOR_DOUBLE_FAULT, IST_FAULT);
	set_gate(VECTOR_MACHINE_CHECK, IST_FAULT);
	set_gate(VECTOR_NMI, IST_NMI);
}

static void fill_gdt(struct arch_cpu *arch)
{
	u64 base = (u64)&arch->tss;
	u64 *gdt = arch->gdt;

	gdt[SEL_KERNEL_CODE / 8] = DESCRIPTOR_CODE64;
	gdt[SEL_KERNEL_DATA / 8] = DESCRIPTOR_DATA;
	gdt[SEL_USER_DATA / 8] = DESCRIPTOR_USER_DATA;
	gdt[SEL_USER_CODE / 8] = DESCRIPTOR_USER_CODE;
	/* 64-bit TSS, available; its base lies in four pieces of two entries. */
	gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 |
			   (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
}

static void load_segments(const struct arch_cpu *arch)
{
	struct table_pointer gdtr = { sizeof(arch->gdt) - 1, (u64)arch->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lgdt %0" : : "m"(gdtr));
	asm volatile("lidt %0" : : "m"(idtr));
	/* The code selector has the same number and meaning as in the boot GDT. */
	asm volatile("ltr %w0" : : "r"(SEL_TSS));
	asm volatile("lldt %w0" : : "r"(0));
}

void cpu_load_tables(struct cpu *cpu)
{
	struct arch_cpu *arch = &cpu->arch;
	struct exception_stacks *stacks = &exception_stacks[cpu - cpus];

	arch->self = cpu;
	arch->tss.ist[IST_FAULT - 1] = (u64)(stacks->fault + FAULT_STACK_SIZE);
	arch->tss.ist[IST_NMI - 1] = (u64)(stacks->nmi + NMI_STACK_SIZE);
	arch->tss.iomap_base = sizeof(struct tss);
	fill_gdt(arch);
	if (cpu == &cpus[0])
		fill_idt();
	load_segments(arch);
	wrmsr(MSR_GS_BASE, (u64)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
}

bool cpu_is_exception_stack(const struct cpu *cpu, kaddr_t address)
{
	const struct exception_stacks *stacks = &exception_stacks[cpu - cpus];

	return range_within(address, 16, (kaddr_t)stacks->fault,
			    (kaddr_t)stacks->fault + FAULT_STACK_SIZE);
}

/*
 * Only bits that CPUID promises: where a bit does not exist a real processor
 * raises an exception, and an emulated one may hang.
 */
static void write_control_registers(void)
{
	u64 cr4 = CR4_PAE | (cpu_features.has_mce ? CR4_MCE : 0) |
		  (cpu_features.has_pge ? CR4_PGE : 0) | (cpu_features.has_umip ? CR4_UMIP : 0) |
		  (cpu_features.has_smep ? CR4_SMEP : 0) | (cpu_features.has_smap ? CR4_SMAP : 0);

	asm volatile("mov %0, %%cr0" : : "r"((u64)CR0_KERNEL) : "memory");
	asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
	entry_has_smap = cpu_features.has_smap;
}

void arch_init(const struct boot_info *info)
{
	power_init(info);
	apic_init(info);
	timer_init(info);
}

void arch_init_cpu(struct cpu *cpu)
{
	(void)cpu;
	write_control_registers();
	wrmsr(MSR_EFER, EFER_LME | EFER_NXE | EFER_SCE | BIT(10) /* LMA, as it is */);
	wrmsr(MSR_STAR, (u64)SEL_KERNEL_CODE << 32 | (u64)(SEL_USER_BASE | 3) << 48);
	wrmsr(MSR_LSTAR, (u64)entry_syscall);
	wrmsr(MSR_FMASK, RFLAGS_CLEARED);
	apic_init_cpu();
}

/* The selectors as every thread finds them; then the thread pointer. */
static void load_user_segments(struct arch_cpu *arch, struct thread *thread)
{
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs" : : "r"(0) : "memory");
	/* Loading GS changes the base that is active: let it be the user's. */
	asm volatile("swapgs; mov %0, %%gs; swapgs" : : "r"(0) : "memory");
	wrmsr(MSR_FS_BASE, thread->regs.fs_base);
	arch->segments_owner = thread;
	arch->fs_base = thread->regs.fs_base;
	thread->regs.reload_segments = 0;
}

void arch_enter_user(struct thread *thread)
{
	struct arch_cpu *arch = &arch_this_cpu()->arch;
	struct arch_regs *regs = &thread->regs;

	/* IRET and SYSRET to an address that is none would fault in the kernel. */
	if (unlikely(regs->rip >= USER_END))
		entry_bad_pc(thread);
	if (arch->segments_owner != thread || arch->fs_base != regs->fs_base ||
	    regs->reload_segments)
		load_user_segments(arch, thread);
	arch->tss.rsp0 = (u64)(regs + 1);
	entry_return_user(regs);
}

void arch_idle(void)
{
	arch_this_cpu()->arch.segments_owner = NULL;
	entry_idle();
}

void arch_irq_window(void)
{
	arch_this_cpu()->arch.segments_owner = NULL;
	entry_window();
}

u64 arch_cycles(void)
{
	return rdtsc();
}

bool arch_random(u64 *value)
{
	bool has_value = false;

	/* The generator may run dry for a moment; ten failures in a row are a defect (SDM 7.3.17.1). */
	for (unsigned i = 0; cpu_features.has_rdrand && !has_value && i < 10; i++)
		asm volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(has_value) : : "cc");
	return has_value;
}

static void brand(char text[49])
{
	struct cpuid r;

	text[0] = 0;
	if (cpuid(0x80000000, 0).eax < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		memcpy(text + 16 * i, &r, sizeof(r));
	}
	text[48] = 0;
}

void arch_describe_cpu(char *buffer, size_t size)
{
	char name[49], clock[64];

	brand(name);
	timer_describe(clock, sizeof(clock));
	snprintf(buffer, size, "%s, NX%s%s%s%s%s, %s", name[0] ? name : "x86_64",
		 cpu_features.has_smep ? " SMEP" : "", cpu_features.has_smap ? " SMAP" : "",
		 cpu_features.has_umip ? " UMIP" : "", cpu_features.has_pge ? " PGE" : "",
		 pt_has_huge_1g ? " 1G" : "", clock);
}
