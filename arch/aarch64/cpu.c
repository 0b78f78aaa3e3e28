// SPDX-License-Identifier: MIT
/*
 * Setting up a processor for the kernel, and what it can do, as its
 * identification registers tell.  Source: Arm ARM D19.2.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/cpu.h>
#include <lib/printf.h>

#define PMCR_START 0x45 /* long cycle counter, reset it, enable */
#define PMU_CYCLE_COUNTER BIT(31)
#define PMUSERENR_CYCLES BIT(2) /* user mode reads the cycle counter, nothing else */
#define CNTKCTL_VIRTUAL BIT(1)  /* and the virtual counter */
#define PSTATE_PAN_ON ".inst 0xd500419f" /* msr pan, #1: the assembler wants Armv8.1 for it */

#define IMPLEMENTER_ARM 0x41

static bool cpu_has_pan(void)
{
	return id_field(id_aa64mmfr1_el1, 20);
}

static bool has_enhanced_pan(void)
{
	return id_field(id_aa64mmfr1_el1, 20) >= 3;
}

static bool has_e0pd(void)
{
	return id_field(s3_0_c0_c7_2, 60);
}

static bool cpu_has_random(void)
{
	return id_field(id_aa64isar0_el1, 60);
}

bool cpu_has_cycles(void)
{
	u32 version = id_field(id_aa64dfr0_el1, 8);

	return version && version != 0xf;
}

static void start_cycle_counter(void)
{
	if (!cpu_has_cycles())
		return;
	sysreg_write(pmintenclr_el1, ~0U);
	sysreg_write(pmccfiltr_el0, 0);
	sysreg_write(pmcntenset_el0, PMU_CYCLE_COUNTER);
	sysreg_write(pmcr_el0, PMCR_START);
	sysreg_write(pmuserenr_el0, PMUSERENR_CYCLES);
}

/* PAN: the kernel faults on user pages, from every entry on (SPAN clear). */
static void enable_protections(void)
{
	u64 sctlr = sysreg_read(sctlr_el1);

	if (cpu_has_pan()) {
		sctlr &= ~(u64)SCTLR_SPAN;
		asm volatile(PSTATE_PAN_ON);
	}
	if (has_enhanced_pan())
		sctlr |= BIT(SCTLR_EPAN_BIT);
	sysreg_write(sctlr_el1, sctlr);
	isb();
}

void arch_init_cpu(struct cpu *cpu)
{
	sysreg_write(mdscr_el1, 0);
	sysreg_write(cpacr_el1, 0); /* no floating point or vectors, in either mode */
	sysreg_write(cntkctl_el1, CNTKCTL_VIRTUAL);
	sysreg_write(tpidrro_el0, 0);
	enable_protections();
	start_cycle_counter();
	timer_init_cpu();
	gic_init_cpu(cpu);
}

void arch_init(const struct boot_info *info)
{
	gic_init(info);
}

bool arch_random(u64 *value)
{
	u64 got, failed;

	if (!cpu_has_random())
		return false;
	asm volatile("mrs %0, s3_3_c2_c4_0; cset %1, eq" /* RNDR: Z set if there is none now */
		     : "=r"(got), "=r"(failed)
		     :
		     : "cc");
	*value = got;
	return !failed;
}

static const char *model_name(u32 implementer, u32 part)
{
	static const struct {
		u32 part;
		const char *name;
	} models[] = {
		{ 0xd03, "Cortex-A53" },   { 0xd05, "Cortex-A55" },   { 0xd07, "Cortex-A57" },
		{ 0xd08, "Cortex-A72" },   { 0xd0b, "Cortex-A76" },   { 0xd0c, "Neoverse N1" },
		{ 0xd40, "Neoverse V1" },  { 0xd49, "Neoverse N2" },
	};

	for (u32 i = 0; implementer == IMPLEMENTER_ARM && i < ARRAY_SIZE(models); i++)
		if (models[i].part == part)
			return models[i].name;
	return "AArch64";
}

void arch_describe_cpu(char *buffer, size_t size)
{
	u64 midr = sysreg_read(midr_el1);
	u32 implementer = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;

	snprintf(buffer, size, "%s (%#x:%#x), %u ASIDs%s%s%s%s%s", model_name(implementer, part),
		 implementer, part, arch_asid_count(), cpu_has_pan() ? ", PAN" : "",
		 has_enhanced_pan() ? ", EPAN" : "", has_e0pd() ? ", E0PD" : "",
		 cpu_has_random() ? ", RNDR" : "", cpu_has_cycles() ? ", cycle counter" : "");
}
