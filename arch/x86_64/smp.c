// SPDX-License-Identifier: MIT
/*
 * Starting other processors: INIT, then two start-up messages that make them
 * execute the trampoline page.  From there boot.S brings them into 64-bit mode
 * and to the struct cpu that has their APIC id, so several may be under way at
 * once and nobody waits for one.  Source: Intel MultiProcessor Specification
 * 1.4, B.4; Intel SDM volume 3, 9.4.
 */
#include <kernel/cpu.h>
#include <kernel/mm.h>

#define XAPIC_BROADCAST 255

__noreturn void secondary_main(struct cpu *cpu);

static paddr_t trampoline;

void smp_set_trampoline(paddr_t page)
{
	trampoline = page;
}

long arch_start_cpu(struct cpu *cpu)
{
	if (!trampoline || cpu->hwid >= XAPIC_BROADCAST)
		return ST_NOTFOUND;
	apic_start_secondary((u32)cpu->hwid, (u8)(trampoline >> PAGE_SHIFT));
	return ST_OK;
}

/* Called by boot.S on the CPU's own stack and the final tables. */
void secondary_main(struct cpu *cpu)
{
	cpu_load_tables(cpu);
	kernel_main_secondary(cpu);
}
