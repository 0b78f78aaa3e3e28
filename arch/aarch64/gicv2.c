// SPDX-License-Identifier: MIT
/*
 * GICv2.  The CPU interface is memory-mapped, every CPU finding its own at the
 * same address, and so are the banked first registers of the distributor.  A
 * line's targets and a software interrupt name CPUs by a mask of eight bits, so
 * a machine has at most 8 of them.  What an interrupt number means and which
 * lines are masked is the business of gic.c.  Source: Arm IHI 0048.
 */
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/mm.h>
#include <kernel/panic.h>

#include "gic.h"

#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_BPR 0x08
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define ENABLE 1
#define SGIR_MASK_SHIFT 16
#define SGIR_ALL_OTHERS (1 << 24)

static kaddr_t interface; /* each CPU sees its own at the same address */

static volatile u32 *interface_register(u32 offset)
{
	return (volatile u32 *)(interface + offset);
}

static void v2_init(const struct boot_info *info)
{
	interface = (kaddr_t)kmap_device(info->irqchip_cpu_base, info->irqchip_cpu_size, false);
	*gic_distributor(GICD_CTLR) = ENABLE;
}

static void v2_init_cpu(struct cpu *cpu)
{
	/* The first eight target registers tell each CPU its own bit, in every byte. */
	cpu->arch.interface_mask = *gic_distributor(GICD_ITARGETSR) & 0xff;
	if (!cpu->arch.interface_mask)
		cpu->arch.interface_mask = 1; /* a controller for one CPU reads as zero */
	*gic_distributor(GICD_ICENABLER) = ~0U;
	for (u32 i = 0; i < GIC_FIRST_LINE; i += 4)
		*gic_distributor(GICD_IPRIORITYR + i) = GIC_PRIORITY;
	*interface_register(GICC_PMR) = GIC_PRIORITY_MASK;
	*interface_register(GICC_BPR) = 0;
	*interface_register(GICC_CTLR) = ENABLE;
}

static void v2_enable_local(u32 mask)
{
	*gic_distributor(GICD_ISENABLER) = mask;
}

/*
 * The barrier after: what the interrupt announces is read after the
 * acknowledgement, not before.
 */
static u32 v2_acknowledge(void)
{
	u32 value = *interface_register(GICC_IAR);

	asm volatile("dsb sy" : : : "memory");
	return value;
}

static void v2_end(u32 acknowledged)
{
	asm volatile("dsb sy" : : : "memory"); /* the device is quiet before the line is open */
	*interface_register(GICC_EOIR) = acknowledged;
}

static void v2_route_here(u32 line)
{
	volatile u8 *targets = (volatile u8 *)gic_distributor(GICD_ITARGETSR);

	targets[line] = arch_this_cpu()->arch.interface_mask;
}

static void v2_send(const struct cpu *cpu)
{
	*gic_distributor(GICD_SGIR) = (u32)cpu->arch.interface_mask << SGIR_MASK_SHIFT | GIC_IPI;
}

static void v2_send_others(void)
{
	*gic_distributor(GICD_SGIR) = SGIR_ALL_OTHERS | GIC_IPI_STOP;
}

/* Nothing to ask: a read makes sure that the writes have arrived. */
static void v2_wait(void)
{
	(void)*gic_distributor(GICD_CTLR);
}

const struct gic_version gicv2 = {
	.name = "GICv2",
	.init = v2_init,
	.init_cpu = v2_init_cpu,
	.enable_local = v2_enable_local,
	.acknowledge = v2_acknowledge,
	.end = v2_end,
	.route_here = v2_route_here,
	.send = v2_send,
	.send_others = v2_send_others,
	.wait = v2_wait,
};
