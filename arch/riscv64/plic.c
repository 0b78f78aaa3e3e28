// SPDX-License-Identifier: MIT
/*
 * The platform-level interrupt controller.
 *
 * Masking is by priority, a register of the line's own: 0 never interrupts.
 * The enable bits would not do, because a completion of a line that is not
 * enabled is ignored, and the line would then stay claimed for ever.
 *
 * A line that moved to another hart stays enabled on the old one until that
 * claims nothing or a line no longer its own: it might be between claim and
 * completion now.  Both are interrupted meanwhile, one of them for nothing.
 *
 * A machine may have harts that are not connected to the one controller known
 * here; their lines go to the first CPU that is.
 * Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/atomic.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <kernel/spinlock.h>

#define MAX_SOURCES 1024
#define IRQ_SUPERVISOR_EXTERNAL 9 /* a context's input of the hart's own controller */
#define NO_CONTEXT (~0U)

#define PLIC_PRIORITY(line) (4UL * (line))
#define PLIC_ENABLE(context, word) (0x2000 + 0x80UL * (context) + 4UL * (word))
#define PLIC_THRESHOLD(context) (0x200000 + 0x1000UL * (context))
#define PLIC_CLAIM(context) (0x200004 + 0x1000UL * (context))

static volatile u8 *plic; /* NULL: there is none */
static u32 nr_lines;      /* sources are 1 to nr_lines - 1 */
static const struct cpu *first_connected; /* set while CPUs come up, one by one */

static struct spinlock lock = { .rank = LOCK_IRQCHIP }; /* enable words: 32 lines share one */

/* Index of the CPU a line goes to; atomic, written under the irq object's lock. */
static u16 route[MAX_SOURCES];

static u32 get(u64 offset)
{
	return mmio_read(plic + offset);
}

static void set(u64 offset, u32 value)
{
	mmio_write(plic + offset, value);
}

void plic_init(const struct boot_info *info)
{
	if (info->irqchip != BOOT_IRQCHIP_PLIC) {
		pr_warning("plic: the device tree names none: no interrupt lines");
		return;
	}
	plic = kmap_device(info->irqchip_base, info->irqchip_size, false);
	nr_lines = MIN(info->plic_sources, MAX_SOURCES - 1U) + 1;
	for (u32 line = 1; line < nr_lines; line++)
		set(PLIC_PRIORITY(line), 0);
}

/* Before whatever another hart writes there, who takes the lock next that is held here. */
static void set_priority(u32 line, u32 priority)
{
	set(PLIC_PRIORITY(line), priority);
	asm volatile("fence o, w" : : : "memory"); /* a lock's release orders memory only */
}

/* The hart's controller is named by phandle in the list of contexts. */
static u32 find_context(u64 hart)
{
	const struct boot_info *info = arch_boot_info();
	u32 intc = 0;

	for (u32 i = 0; i < info->nr_cpus; i++)
		if (info->cpus[i].hwid == hart)
			intc = info->cpus[i].intc;
	for (u32 i = 0; intc && i < info->nr_plic_contexts; i++)
		if (info->plic_context[i].intc == intc &&
		    info->plic_context[i].irq == IRQ_SUPERVISOR_EXTERNAL &&
		    PLIC_CLAIM(i) + 4 <= info->irqchip_size)
			return i;
	return NO_CONTEXT;
}

void plic_init_cpu(struct cpu *cpu)
{
	u32 context = plic ? find_context(cpu->hwid) : NO_CONTEXT;

	cpu->arch.plic_context = context;
	if (context == NO_CONTEXT) {
		pr_notice("plic: hart %lu is not connected to it", cpu->hwid);
		return;
	}
	if (!first_connected)
		first_connected = cpu;
	for (u32 word = 0; word <= (nr_lines - 1) / 32; word++)
		set(PLIC_ENABLE(context, word), 0);
	set(PLIC_THRESHOLD(context), 0);
}

static void set_enabled(u32 context, u32 line, bool is_enabled)
{
	u64 word = PLIC_ENABLE(context, line / 32);
	u32 bit = 1U << line % 32;

	spin_lock(&lock);
	set(word, is_enabled ? get(word) | bit : get(word) & ~bit);
	spin_unlock(&lock);
}

static bool is_routed_here(u32 line)
{
	return load_relaxed(&route[line]) == arch_this_cpu()->index;
}

/* Disable on this hart the lines that have moved away. */
static void drop_moved(u32 context)
{
	for (u32 line = 1; line < nr_lines; line++)
		if (!is_routed_here(line) && get(PLIC_ENABLE(context, line / 32)) & 1U << line % 32)
			set_enabled(context, line, false);
}

u32 plic_claim(void)
{
	u32 context = arch_this_cpu()->arch.plic_context;
	u32 line = get(PLIC_CLAIM(context));

	if (line)
		return line;
	drop_moved(context);
	return IRQ_NONE;
}

void arch_irq_done(u32 irq)
{
	u32 context = arch_this_cpu()->arch.plic_context;

	set(PLIC_CLAIM(context), irq);
	if (irq < nr_lines && !is_routed_here(irq))
		set_enabled(context, irq, false);
}

void arch_irq_mask(u32 irq)
{
	if (irq && irq < nr_lines)
		set_priority(irq, 0);
}

void arch_irq_unmask(u32 irq)
{
	const struct cpu *cpu = arch_this_cpu();

	if (cpu->arch.plic_context == NO_CONTEXT)
		cpu = first_connected;
	if (!cpu || !irq || irq >= nr_lines)
		return;
	store_relaxed(&route[irq], (u16)cpu->index);
	set_enabled(cpu->arch.plic_context, irq, true);
	set_priority(irq, 1);
}

u32 arch_irq_count(void)
{
	return nr_lines;
}

/* Source 0 means "none"; the kernel itself uses no line. */
bool arch_irq_is_usable(u32 irq)
{
	return irq && irq < nr_lines;
}
