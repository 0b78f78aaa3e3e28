// SPDX-License-Identifier: MIT
/*
 * Starting processors: firmware does it (PSCI), and hands each one its struct
 * cpu in x0 at boot_secondary, in boot.S.  Source: Arm DEN 0022, CPU_ON.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/cpu.h>
#include <kernel/printk.h>

void boot_secondary(void);

long arch_start_cpu(struct cpu *cpu)
{
	/* The barrier: the processor comes with cold caches, but coherent once its MMU is on. */
	asm volatile("dsb ish" : : : "memory");
	long error = psci_call(PSCI_CPU_ON, cpu->hwid, image_to_phys((void *)boot_secondary),
			       (u64)cpu);

	if (!error)
		return ST_OK;
	pr_warning("cpu %#lx: PSCI error %ld", cpu->hwid, error);
	return ST_NOTFOUND;
}
