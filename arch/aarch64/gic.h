/* SPDX-License-Identifier: MIT */
/*
 * Between the common part of the interrupt controller (gic.c: distributor,
 * external lines) and its two versions (gicv2.c, gicv3.c: what belongs to a
 * CPU, routing, interrupts from CPU to CPU).
 */
#ifndef AARCH64_GIC_H
#define AARCH64_GIC_H

#include <kernel/cpu.h>

#define GIC_IPI 0      /* software-generated interrupts */
#define GIC_IPI_STOP 1
#define GIC_FIRST_LINE 32
#define GIC_PRIORITY 0xa0a0a0a0 /* of all, four at a time */
#define GIC_PRIORITY_MASK 0xff  /* the CPU takes every priority */

/* Distributor, and the same offsets in a GICv3 redistributor's second frame. */
#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ICPENDR 0x0280
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_SGIR 0x0f00
#define GICD_IROUTER 0x6000

struct gic_version {
	const char *name;
	void (*init)(const struct boot_info *info);
	void (*init_cpu)(struct cpu *cpu);
	void (*enable_local)(u32 mask); /* the interrupts of this CPU, numbers 0 to 31 */
	u32 (*acknowledge)(void); /* number and, in GICv2, the sender; 1020 and up: none */
	void (*end)(u32 acknowledged);
	void (*route_here)(u32 line);
	void (*send)(const struct cpu *cpu);
	void (*send_others)(void); /* GIC_IPI_STOP */
	void (*wait)(void);        /* until the distributor has taken what was written */
};

extern const struct gic_version gicv2, gicv3;

/** gic_distributor() - one of its registers. */
volatile u32 *gic_distributor(u32 offset);

#endif
