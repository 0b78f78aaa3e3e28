// SPDX-License-Identifier: MIT
/*
 * Interrupts: local APICs in xAPIC mode, I/O APICs, and the legacy PIC, which
 * is only silenced.  A line is a GSI; line n comes in at vector
 * VECTOR_LINES + n on the CPU that unmasked it last.
 *
 * An I/O APIC forgets an edge that comes while the line is masked.  So an edge
 * line is masked in software at first: the edge is noted and given again when
 * the line is unmasked; a second one masks it in hardware (a storm).
 *
 * Sources: Intel SDM volume 3, chapter 11; 82093AA I/O APIC data sheet.
 */
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/spinlock.h>

extern bool cpu_is_stopping;
extern u32 nmi_count;
bool cpu_is_stopping; /* entry.S: the next NMI is the last thing a CPU sees */
u32 nmi_count;

#define LAPIC_TPR 0x080
#define LAPIC_EOI 0x0b0
#define LAPIC_SPURIOUS 0x0f0
#define LAPIC_ENABLE 0x100
#define LAPIC_IRR 0x200
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_LVT_LINT1 0x360
#define LAPIC_LVT_ERROR 0x370
#define LAPIC_TIMER_COUNT 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0
#define LAPIC_DIVIDE_BY_1 0xb
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400

#define ICR_NMI 0x00400
#define ICR_INIT 0x00500
#define ICR_STARTUP 0x00600
#define ICR_PENDING 0x01000
#define ICR_ASSERT 0x04000
#define ICR_SELF 0x40000
#define ICR_OTHERS 0xc0000

#define IOAPIC_SELECT 0x00
#define IOAPIC_WINDOW 0x10
#define IOAPIC_VERSION 1
#define IOAPIC_ENTRY 0x10
#define ENTRY_LOW_ACTIVE 0x02000
#define ENTRY_LEVEL 0x08000
#define ENTRY_MASKED 0x10000

#define NR_LINES (VECTOR_LINES_END - VECTOR_LINES)
#define NR_ISA 16

struct ioapic {
	volatile u32 *registers;
	u32 first, count; /* lines */
};

/* lock: everything but @ioapic and @mode, which are final after apic_init() */
struct line {
	const struct ioapic *ioapic; /* NULL: no such line */
	u32 mode;                    /* trigger and polarity bits */
	bool is_masked;              /* as the kernel wants it */
	bool has_missed;             /* an edge came while masked */
};

static volatile u32 *lapic;
static struct ioapic ioapics[BOOT_MAX_IOAPICS];
static struct line lines[NR_LINES];
static u32 nr_lines;
static struct spinlock lock; /* the index registers of the I/O APICs, struct line */

static u32 lapic_read(u32 reg)
{
	return lapic[reg / 4];
}

static void lapic_write(u32 reg, u32 value)
{
	lapic[reg / 4] = value;
}

/* The order goes out when the low half is written; the previous one must have left. */
static void send(u32 apic_id, u32 order)
{
	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING)
		arch_cpu_relax();
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR_LOW, order);
}

static u32 ioapic_read(const struct ioapic *ioapic, u32 index)
{
	ioapic->registers[IOAPIC_SELECT / 4] = index;
	return ioapic->registers[IOAPIC_WINDOW / 4];
}

static void ioapic_write(const struct ioapic *ioapic, u32 index, u32 value)
{
	ioapic->registers[IOAPIC_SELECT / 4] = index;
	ioapic->registers[IOAPIC_WINDOW / 4] = value;
}

/* The mask bit is in the low half: it goes last when opening. */
static void write_entry(u32 irq, u32 mask, u32 apic_id)
{
	const struct line *line = &lines[irq];
	u32 index = IOAPIC_ENTRY + 2 * (irq - line->ioapic->first);

	ioapic_write(line->ioapic, index, (VECTOR_LINES + irq) | line->mode | ENTRY_MASKED);
	ioapic_write(line->ioapic, index + 1, apic_id << 24);
	if (!mask)
		ioapic_write(line->ioapic, index, (VECTOR_LINES + irq) | line->mode);
}

static void add_ioapic(struct ioapic *ioapic, const struct boot_ioapic *boot)
{
	ioapic->registers = kmap_device(boot->base, PAGE_SIZE, false);
	ioapic->first = boot->gsi_base;
	ioapic->count = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (u32 irq = ioapic->first; irq < ioapic->first + ioapic->count && irq < NR_LINES;
	     irq++) {
		lines[irq] = (struct line){
			.ioapic = ioapic,
			.mode = irq < NR_ISA ? 0 : ENTRY_LEVEL,
			.is_masked = true,
		};
		nr_lines = MAX(nr_lines, irq + 1);
	}
}

void apic_init(const struct boot_info *info)
{
	if (rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC)
		panic("firmware has left the local APIC in x2APIC mode, which is not supported");
	spin_init(&lock, LOCK_IRQCHIP);
	/* All lines of the legacy controllers masked; nobody listens to them any more. */
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	lapic = kmap_device(info->irqchip_base, PAGE_SIZE, false);
	for (u32 i = 0; i < info->nr_ioapics; i++)
		add_ioapic(&ioapics[i], &info->ioapics[i]);
	for (u32 i = 0; i < info->nr_overrides; i++) {
		const struct boot_override *o = &info->overrides[i];

		if (o->gsi < nr_lines)
			lines[o->gsi].mode = (o->is_low ? ENTRY_LOW_ACTIVE : 0) |
					     (o->is_level ? ENTRY_LEVEL : 0);
	}
	for (u32 irq = 0; irq < nr_lines; irq++)
		if (lines[irq].ioapic)
			write_entry(irq, true, 0);
}

void apic_init_cpu(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
	lapic_write(LAPIC_SPURIOUS, LAPIC_ENABLE | VECTOR_SPURIOUS);
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
	lapic_write(LAPIC_LVT_ERROR, LVT_MASKED | VECTOR_SPURIOUS);
	lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER);
	lapic_write(LAPIC_TIMER_COUNT, 0);
	lapic_write(LAPIC_EOI, 0);
}

void apic_timer_start(u32 ticks)
{
	lapic_write(LAPIC_TIMER_COUNT, ticks);
}

u32 apic_timer_count(void)
{
	return lapic_read(LAPIC_TIMER_CURRENT);
}

void apic_start_secondary(u32 apic_id, u8 page)
{
	send(apic_id, ICR_INIT | ICR_ASSERT);
	timer_delay(200);
	send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
	timer_delay(200);
	send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

/* An edge of a line that is masked in software: keep it for later. */
static bool line_is_wanted(u32 irq)
{
	struct line *line = &lines[irq];
	bool is_wanted;

	spin_lock(&lock);
	is_wanted = !line->is_masked;
	if (!is_wanted) {
		if (line->has_missed)
			write_entry(irq, true, 0);
		line->has_missed = true;
	}
	spin_unlock(&lock);
	return is_wanted;
}

u32 arch_irq_claim(void)
{
	struct arch_cpu *arch = &arch_this_cpu()->arch;
	u64 vector = arch->vector;

	arch->vector = 0;
	/* A spurious interrupt is not in service and must not be ended. */
	if (vector == 0 || vector == VECTOR_SPURIOUS)
		return IRQ_NONE;
	if (vector >= VECTOR_LINES && vector < VECTOR_LINES + nr_lines &&
	    line_is_wanted((u32)vector - VECTOR_LINES))
		return (u32)vector - VECTOR_LINES;
	lapic_write(LAPIC_EOI, 0);
	if (vector == VECTOR_IPI)
		return IRQ_IPI;
	if (vector == VECTOR_TIMER && timer_fired())
		return IRQ_TIMER;
	return IRQ_NONE;
}

void arch_irq_done(u32 irq)
{
	(void)irq; /* one at a time is in service, because interrupts are off */
	lapic_write(LAPIC_EOI, 0);
}

void arch_irq_mask(u32 irq)
{
	spin_lock(&lock);
	lines[irq].is_masked = true;
	if (lines[irq].mode & ENTRY_LEVEL)
		write_entry(irq, true, 0);
	spin_unlock(&lock);
}

void arch_irq_unmask(u32 irq)
{
	u32 self = (u32)arch_this_cpu()->hwid;
	bool has_missed;

	spin_lock(&lock);
	has_missed = lines[irq].has_missed;
	lines[irq].has_missed = false;
	lines[irq].is_masked = false;
	write_entry(irq, false, self);
	spin_unlock(&lock);
	if (has_missed)
		send(self, ICR_SELF | ICR_ASSERT | (VECTOR_LINES + irq));
}

u32 arch_irq_count(void)
{
	return nr_lines;
}

bool arch_irq_is_usable(u32 irq)
{
	return irq < nr_lines && lines[irq].ioapic;
}

bool arch_irq_pending(void)
{
	u32 pending = 0;

	for (u32 i = VECTOR_LINES / 32; i < NR_VECTORS / 32; i++)
		pending |= lapic_read(LAPIC_IRR + 0x10 * i);
	return pending;
}

/* The write to the uncached register waits for all earlier stores. */
void arch_send_ipi(struct cpu *cpu)
{
	send((u32)cpu->hwid, ICR_ASSERT | VECTOR_IPI);
}

void arch_ipi_stop_others(void)
{
	if (!lapic)
		return;
	__atomic_store_n(&cpu_is_stopping, true, __ATOMIC_SEQ_CST);
	send(0, ICR_OTHERS | ICR_ASSERT | ICR_NMI);
}
