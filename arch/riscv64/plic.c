// SPDX-License-Identifier: MIT
/*
 * Interrupts: the platform-level controller for lines, sip for timer and IPI.
 * A line is masked by priority 0, because the completion of a disabled line
 * would be ignored.  Source: RISC-V PLIC Specification 1.0.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/mm.h>
#include <kernel/spinlock.h>

#define PRIORITY 0x0
#define ENABLE 0x2000
#define ENABLE_STRIDE 0x80
#define CONTEXT 0x200000
#define CONTEXT_STRIDE 0x1000
#define CLAIM 4
#define SUPERVISOR_EXTERNAL 9

static volatile u32 *plic;
static u32 nr_sources;
static struct spinlock plic_lock = { .rank = LOCK_ZONE };

static volatile u32 *reg(u32 offset)
{
	return plic + offset / 4;
}

void plic_init(const struct boot_info *info)
{
	if (info->irqchip != BOOT_IRQCHIP_PLIC)
		return;
	plic = kmap_device(info->irqchip_base, info->irqchip_size, false);
	nr_sources = info->plic_sources + 1;
	for (u32 i = 1; i < nr_sources; i++)
		*reg(PRIORITY + 4 * i) = 0;
}

static u32 controller_of(u64 hart)
{
	for (u32 i = 0; i < boot->nr_cpus; i++)
		if (boot->cpus[i].hwid == hart)
			return boot->cpus[i].intc;
	return 0;
}

void plic_init_cpu(struct cpu *cpu)
{
	u32 intc = controller_of(cpu->hwid);

	for (u32 i = 0; i < boot->nr_plic_contexts && plic; i++) {
		if (boot->plic_context[i].intc != intc || boot->plic_context[i].irq != SUPERVISOR_EXTERNAL)
			continue;
		cpu->arch.plic_context = i;
		cpu->arch.has_context = true;
		for (u32 word = 0; word < DIV_ROUND_UP(nr_sources, 32); word++)
			*reg(ENABLE + ENABLE_STRIDE * i + 4 * word) = 0;
		*reg(CONTEXT + CONTEXT_STRIDE * i) = 0; /* threshold */
		return;
	}
}

u32 plic_claim(void)
{
	const struct cpu *cpu = arch_this_cpu();

	if (!cpu->arch.has_context)
		return 0;
	return *reg(CONTEXT + CONTEXT_STRIDE * cpu->arch.plic_context + CLAIM);
}

void arch_irq_done(u32 irq)
{
	*reg(CONTEXT + CONTEXT_STRIDE * arch_this_cpu()->arch.plic_context + CLAIM) = irq;
}

void arch_irq_mask(u32 irq)
{
	*reg(PRIORITY + 4 * irq) = 0;
}

/* Enabled at the calling hart and nowhere else. */
void arch_irq_unmask(u32 irq)
{
	spin_lock(&plic_lock);
	for (u32 i = 0; i < nr_cpus_online; i++) {
		volatile u32 *enable = reg(ENABLE + ENABLE_STRIDE * cpus[i].arch.plic_context + 4 * (irq / 32));

		if (!cpus[i].arch.has_context)
			continue;
		if (&cpus[i] == arch_this_cpu())
			*enable |= 1u << irq % 32;
		else
			*enable &= ~(1u << irq % 32);
	}
	*reg(PRIORITY + 4 * irq) = 1;
	spin_unlock(&plic_lock);
}

u32 arch_irq_count(void)
{
	return nr_sources;
}

bool arch_irq_is_usable(u32 irq)
{
	return irq > 0 && irq < nr_sources;
}

u32 arch_irq_claim(void)
{
	u64 pending = csr_read(sip);
	u32 line;

	if (pending & INTERRUPT_TIMER) {
		arch_set_deadline(TIME_NEVER);
		return IRQ_TIMER;
	}
	if (pending & INTERRUPT_SOFTWARE) {
		csr_clear(sip, INTERRUPT_SOFTWARE);
		return IRQ_IPI;
	}
	line = pending & INTERRUPT_EXTERNAL ? plic_claim() : 0;
	return line ? line : IRQ_NONE;
}

bool arch_irq_pending(void)
{
	return csr_read(sip) & csr_read(sie);
}
