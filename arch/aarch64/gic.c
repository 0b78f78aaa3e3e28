// SPDX-License-Identifier: MIT
/*
 * Arm's generic interrupt controller: the distributor and the kernel's
 * interrupt interface.  Lines are numbered by INTID.  Source: Arm IHI 0048
 * (GICv2), IHI 0069 (GICv3).
 *
 * The version is what the device tree says: reading a register of the other
 * one may be a bus error.  All lines stay at the trigger type of reset (level),
 * which serves edges as well as long as the device holds the line until it is
 * served.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#include "gic.h"

#define INTID_SPECIAL 1020 /* and up: not an interrupt */
#define INTID_MASK 0x3ff   /* of an acknowledge value; GICv3 gives no numbers beyond without LPIs */
#define VIRTUAL_TIMER 27   /* by Arm's base system architecture */

/* Immutable after gic_init(). */
static const struct gic_version *gic;
static kaddr_t distributor;
static u32 nr_lines, timer_intid;

volatile u32 *gic_distributor(u32 offset)
{
	return (volatile u32 *)(distributor + offset);
}

static const struct gic_version *choose(const struct boot_info *info)
{
	if (info->irqchip == BOOT_IRQCHIP_GICV2)
		return &gicv2;
	if (info->irqchip == BOOT_IRQCHIP_GICV3)
		return &gicv3;
	panic("the device tree names neither a GICv2 nor a GICv3");
}

/* Every external line: masked, not pending, one priority, and (GICv3) in group 1. */
static void reset_lines(void)
{
	for (u32 i = GIC_FIRST_LINE; i < nr_lines; i += 32) {
		*gic_distributor(GICD_ICENABLER + i / 8) = ~0U;
		*gic_distributor(GICD_ICPENDR + i / 8) = ~0U;
		*gic_distributor(GICD_ICACTIVER + i / 8) = ~0U;
		*gic_distributor(GICD_IGROUPR + i / 8) = gic == &gicv3 ? ~0U : 0;
	}
	for (u32 i = GIC_FIRST_LINE; i < nr_lines; i += 4)
		*gic_distributor(GICD_IPRIORITYR + i) = GIC_PRIORITY;
	gic->wait();
}

void gic_init(const struct boot_info *info)
{
	u32 blocks;

	gic = choose(info);
	distributor = (kaddr_t)kmap_device(info->irqchip_base, info->irqchip_size, false);
	timer_intid = info->timer_irq ? info->timer_irq : VIRTUAL_TIMER;
	if (timer_intid >= GIC_FIRST_LINE)
		panic("the virtual timer's interrupt %u does not belong to a CPU", timer_intid);
	blocks = (*gic_distributor(GICD_TYPER) & 0x1f) + 1;
	nr_lines = MIN(blocks * 32, (u32)INTID_SPECIAL);
	*gic_distributor(GICD_CTLR) = 0;
	gic->wait();
	reset_lines();
	gic->init(info);
	pr_info("%s at %#lx, %u lines; timer %lu Hz", gic->name, info->irqchip_base, nr_lines,
		sysreg_read(cntfrq_el0));
}

void gic_init_cpu(struct cpu *cpu)
{
	gic->init_cpu(cpu);
	gic->enable_local((u32)(BIT(GIC_IPI) | BIT(GIC_IPI_STOP) | BIT(timer_intid)));
	cpu->arch.has_interrupts = true;
}

u32 arch_irq_claim(void)
{
	u32 acknowledged = gic->acknowledge();
	u32 intid = acknowledged & INTID_MASK;

	if (intid >= INTID_SPECIAL)
		return IRQ_NONE;
	if (intid >= GIC_FIRST_LINE)
		return intid;
	if (intid == timer_intid)
		timer_disarm(); /* first, or the level would bring it again */
	gic->end(acknowledged);
	if (intid == GIC_IPI_STOP)
		arch_stop();
	return intid == timer_intid ? IRQ_TIMER : IRQ_IPI;
}

void arch_irq_done(u32 irq)
{
	gic->end(irq);
}

static void write_enable(u32 base, u32 irq)
{
	*gic_distributor(base + irq / 32 * 4) = 1U << irq % 32;
}

void arch_irq_mask(u32 irq)
{
	if (irq < GIC_FIRST_LINE || irq >= nr_lines)
		return;
	write_enable(GICD_ICENABLER, irq);
	gic->wait();
}

void arch_irq_unmask(u32 irq)
{
	if (irq < GIC_FIRST_LINE || irq >= nr_lines)
		return;
	gic->route_here(irq);
	write_enable(GICD_ISENABLER, irq);
}

u32 arch_irq_count(void)
{
	return nr_lines;
}

bool arch_irq_is_usable(u32 irq)
{
	return irq >= GIC_FIRST_LINE && irq < nr_lines;
}

/* ISR_EL1.I: an interrupt is pending for this CPU, masked or not. */
bool arch_irq_pending(void)
{
	return sysreg_read(isr_el1) & BIT(7);
}

/* The barrier orders earlier stores before the interrupt, for the eyes of its target. */
void arch_send_ipi(struct cpu *cpu)
{
	asm volatile("dsb ishst" : : : "memory");
	gic->send(cpu);
}

/* A panic may come before there is anything to send with. */
void arch_ipi_stop_others(void)
{
	if (arch_this_cpu()->arch.has_interrupts)
		gic->send_others();
}
