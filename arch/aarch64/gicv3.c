// SPDX-License-Identifier: MIT
/*
 * GICv3: CPU interface in system registers, a redistributor for each CPU,
 * routing by affinity.  Source: Arm IHI 0069.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/mm.h>
#include <kernel/panic.h>

#include "gic.h"

/* System registers by encoding: the assembler need not know them. */
#define ICC_PMR s3_0_c4_c6_0
#define ICC_SGI1R s3_0_c12_c11_5
#define ICC_IAR1 s3_0_c12_c12_0
#define ICC_EOIR1 s3_0_c12_c12_1
#define ICC_BPR1 s3_0_c12_c12_3
#define ICC_CTLR s3_0_c12_c12_4
#define ICC_SRE s3_0_c12_c12_5
#define ICC_IGRPEN1 s3_0_c12_c12_7

#define CTLR_GROUP1 BIT(1)
#define CTLR_AFFINITY BIT(4)
#define CTLR_WRITE_PENDING BIT(31)

#define GICR_CTLR 0x00
#define GICR_TYPER 0x08
#define GICR_WAKER 0x14
#define GICR_FRAME 0x10000 /* the second frame: this CPU's own interrupts */
#define TYPER_VIRTUAL BIT(1)
#define TYPER_LAST BIT(4)
#define WAKER_SLEEP BIT(1)
#define WAKER_ASLEEP BIT(2)
#define REDISTRIBUTOR_CTLR_PENDING BIT(3)

#define SGI_ALL_OTHERS BIT(40)
#define MAX_SPINS 10000000

static kaddr_t redistributors;
static u64 redistributors_size;

static volatile u32 *register_at(kaddr_t base, u32 offset)
{
	return (volatile u32 *)(base + offset);
}

/* Wait until the bits are clear; hardware that never does it is broken, and said so. */
static void wait_clear(volatile u32 *reg, u64 bits, const char *what)
{
	for (u32 i = 0; *reg & bits; i++) {
		if (i == MAX_SPINS)
			panic("GICv3: %s does not answer", what);
		arch_cpu_relax();
	}
}

static void v3_wait(void)
{
	wait_clear(gic_distributor(GICD_CTLR), CTLR_WRITE_PENDING, "the distributor");
}

static void v3_init(const struct boot_info *info)
{
	redistributors_size = info->irqchip_cpu_size;
	redistributors = (kaddr_t)kmap_device(info->irqchip_cpu_base, redistributors_size, false);
	*gic_distributor(GICD_CTLR) = CTLR_AFFINITY;
	v3_wait();
	*gic_distributor(GICD_CTLR) = CTLR_AFFINITY | CTLR_GROUP1;
	v3_wait();
}

/* Affinity 3.2.1.0 as the redistributor's type register holds it. */
static u32 packed_affinity(u64 hwid)
{
	return (u32)(hwid >> 32 & 0xff) << 24 | (u32)(hwid & 0xffffff);
}

static kaddr_t find_redistributor(u64 hwid)
{
	u64 at = 0;

	while (at + 2 * GICR_FRAME <= redistributors_size) {
		u64 type = *(volatile u64 *)(redistributors + at + GICR_TYPER);

		if (type >> 32 == packed_affinity(hwid))
			return redistributors + at;
		if (type & TYPER_LAST)
			break;
		at += (type & TYPER_VIRTUAL ? 4 : 2) * GICR_FRAME;
	}
	panic("GICv3: no redistributor for the processor %#lx", hwid);
}

static void v3_init_cpu(struct cpu *cpu)
{
	kaddr_t own = find_redistributor(cpu->hwid);
	kaddr_t frame = own + GICR_FRAME;

	cpu->arch.redistributor = own;
	*register_at(own, GICR_WAKER) &= ~(u32)WAKER_SLEEP;
	wait_clear(register_at(own, GICR_WAKER), WAKER_ASLEEP, "a redistributor");
	*register_at(frame, GICD_ICENABLER) = ~0U;
	*register_at(frame, GICD_IGROUPR) = ~0U;
	for (u32 i = 0; i < GIC_FIRST_LINE; i += 4)
		*register_at(frame, GICD_IPRIORITYR + i) = GIC_PRIORITY;
	wait_clear(register_at(own, GICR_CTLR), REDISTRIBUTOR_CTLR_PENDING, "a redistributor");

	sysreg_write(ICC_SRE, sysreg_read(ICC_SRE) | 1);
	isb();
	if (!(sysreg_read(ICC_SRE) & 1))
		panic("GICv3: firmware keeps the system registers for itself");
	sysreg_write(ICC_PMR, GIC_PRIORITY_MASK);
	sysreg_write(ICC_BPR1, 0);
	sysreg_write(ICC_CTLR, 0); /* end of interrupt also deactivates */
	sysreg_write(ICC_IGRPEN1, 1);
	isb();
}

static void v3_enable_local(u32 mask)
{
	*register_at(arch_this_cpu()->arch.redistributor + GICR_FRAME, GICD_ISENABLER) = mask;
}

static u32 v3_acknowledge(void)
{
	u64 value = sysreg_read(ICC_IAR1);

	asm volatile("dsb sy" : : : "memory"); /* what it announces is read afterwards */
	return (u32)value;
}

static void v3_end(u32 acknowledged)
{
	asm volatile("dsb sy" : : : "memory"); /* the device is quiet before the line is open */
	sysreg_write(ICC_EOIR1, acknowledged);
	isb();
}

static void v3_route_here(u32 line)
{
	volatile u32 *router = gic_distributor(GICD_IROUTER + 8 * line);

	*(volatile u64 *)router = arch_this_cpu()->hwid;
}

/* Sixteen processors a group: bits 0-15 name one, RS (bits 44-47) the group. */
static void v3_send(const struct cpu *cpu)
{
	u64 id = cpu->hwid;

	sysreg_write(ICC_SGI1R, (id >> 32 & 0xff) << 48 | (id >> 16 & 0xff) << 32 |
				     (id >> 8 & 0xff) << 16 | (id >> 4 & 0xf) << 44 |
				     (u64)GIC_IPI << 24 | BIT(id & 0xf));
	isb();
}

static void v3_send_others(void)
{
	sysreg_write(ICC_SGI1R, SGI_ALL_OTHERS | (u64)GIC_IPI_STOP << 24);
	isb();
}

const struct gic_version gicv3 = {
	.name = "GICv3",
	.init = v3_init,
	.init_cpu = v3_init_cpu,
	.enable_local = v3_enable_local,
	.acknowledge = v3_acknowledge,
	.end = v3_end,
	.route_here = v3_route_here,
	.send = v3_send,
	.send_others = v3_send_others,
	.wait = v3_wait,
};
