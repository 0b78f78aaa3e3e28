// SPDX-License-Identifier: MIT
/*
 * Interrupts: local APICs (xAPIC mode) and I/O APICs.  Lines are numbered as
 * global system interrupts.  Source: Intel SDM volume 3, chapter 10; 82093AA
 * data sheet; ACPI Specification 6.5, 5.2.12.
 */
#include <kernel/arch.h>
#include <asm/x86.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/mm.h>
#include <kernel/spinlock.h>

#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_IRR 0x200
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0
#define SVR_ENABLE 0x100
#define LVT_MASKED 0x10000
#define DIVIDE_BY_1 0xb
#define ICR_PENDING 0x1000
#define ICR_ASSERT 0x4000
#define ICR_NMI 0x400
#define ICR_INIT 0x500
#define ICR_STARTUP 0x600
#define ICR_ALL_OTHERS 0xc0000

#define IOAPIC_SELECT 0x00
#define IOAPIC_DATA 0x10
#define IOAPIC_VERSION 1
#define IOAPIC_ENTRY(n) (0x10 + 2 * (n))
#define ENTRY_MASKED 0x10000
#define ENTRY_LOW 0x2000
#define ENTRY_LEVEL 0x8000

#define MAX_LINES (VECTOR_LINES_END - VECTOR_LINES)

struct ioapic {
	volatile u32 *regs;
	u32 gsi_base, count;
};

static volatile u32 *apic;
static struct ioapic ioapics[BOOT_MAX_IOAPICS];
static u32 nr_ioapics, nr_lines;
static u32 line_mode[MAX_LINES]; /* polarity and trigger bits of an entry */
static struct spinlock ioapic_lock = { .rank = LOCK_ZONE };

static u32 apic_read(u32 reg)
{
	return apic[reg / 4];
}

static void apic_write(u32 reg, u32 value)
{
	apic[reg / 4] = value;
}

static u32 ioapic_read(const struct ioapic *ioapic, u32 reg)
{
	ioapic->regs[IOAPIC_SELECT / 4] = reg;
	return ioapic->regs[IOAPIC_DATA / 4];
}

static void ioapic_write(const struct ioapic *ioapic, u32 reg, u32 value)
{
	ioapic->regs[IOAPIC_SELECT / 4] = reg;
	ioapic->regs[IOAPIC_DATA / 4] = value;
}

static void ioapic_add(const struct boot_ioapic *description)
{
	struct ioapic *ioapic = &ioapics[nr_ioapics];

	if (!IS_ALIGNED(description->base, 16) || description->gsi_base >= MAX_LINES)
		return;
	ioapic->regs = kmap_device(description->base, 0x20, false);
	ioapic->gsi_base = description->gsi_base;
	ioapic->count = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	ioapic->count = MIN(ioapic->count, MAX_LINES - ioapic->gsi_base);
	for (u32 i = 0; i < ioapic->count; i++)
		ioapic_write(ioapic, IOAPIC_ENTRY(i), ENTRY_MASKED);
	nr_lines = MAX(nr_lines, ioapic->gsi_base + ioapic->count);
	nr_ioapics++;
}

void apic_init(const struct boot_info *info)
{
	apic = kmap_device(info->irqchip_base, PAGE_SIZE, false);
	for (u32 i = 0; i < info->nr_ioapics; i++)
		ioapic_add(&info->ioapics[i]);
	/* PCI lines (16 and up) are level triggered, active low; ISA lines edge, high, but for overrides. */
	for (u32 i = 16; i < MAX_LINES; i++)
		line_mode[i] = i < 24 ? ENTRY_LEVEL | ENTRY_LOW : 0;
	for (u32 i = 0; i < info->nr_overrides; i++)
		if (info->overrides[i].gsi < MAX_LINES)
			line_mode[info->overrides[i].gsi] =
				(info->overrides[i].is_low ? ENTRY_LOW : 0u) |
				(info->overrides[i].is_level ? ENTRY_LEVEL : 0u);
	/* The PC's old controller: everything masked. */
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void apic_init_cpu(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

void apic_timer_start(u32 ticks)
{
	apic_write(APIC_TIMER_INITIAL, ticks);
}

u32 apic_timer_count(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

static void icr_send(u32 apic_id, u32 command)
{
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		arch_cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR_LOW, command);
}

void apic_start_secondary(u32 apic_id, u8 page)
{
	icr_send(apic_id, ICR_INIT | ICR_ASSERT);
	timer_delay(10000);
	icr_send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
	timer_delay(200);
	icr_send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

void arch_send_ipi(struct cpu *cpu)
{
	icr_send((u32)cpu->hwid, ICR_ASSERT | VECTOR_IPI);
}

extern u8 cpu_is_stopping;

void arch_ipi_stop_others(void)
{
	cpu_is_stopping = 1;
	if (apic)
		icr_send(0, ICR_ALL_OTHERS | ICR_ASSERT | ICR_NMI);
}

/* ---- lines ---- */

static const struct ioapic *ioapic_of(u32 line)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		if (line >= ioapics[i].gsi_base && line - ioapics[i].gsi_base < ioapics[i].count)
			return &ioapics[i];
	return NULL;
}

u32 arch_irq_count(void)
{
	return nr_lines;
}

/* Line 2 is the old cascade or the interval timer: the kernel keeps it to itself. */
bool arch_irq_is_usable(u32 irq)
{
	return irq != 2 && irq != 0 && ioapic_of(irq);
}

static void entry_set(u32 irq, u32 low)
{
	const struct ioapic *ioapic = ioapic_of(irq);
	u32 entry;

	if (!ioapic)
		return;
	entry = IOAPIC_ENTRY(irq - ioapic->gsi_base);
	spin_lock(&ioapic_lock);
	if (!(low & ENTRY_MASKED))
		ioapic_write(ioapic, entry + 1, (u32)arch_this_cpu()->hwid << 24);
	ioapic_write(ioapic, entry, low);
	spin_unlock(&ioapic_lock);
}

void arch_irq_mask(u32 irq)
{
	entry_set(irq, ENTRY_MASKED | line_mode[irq] | (VECTOR_LINES + irq));
}

void arch_irq_unmask(u32 irq)
{
	entry_set(irq, line_mode[irq] | (VECTOR_LINES + irq));
}

void arch_irq_done(u32 irq)
{
	(void)irq;
	apic_write(APIC_EOI, 0);
}

u32 arch_irq_claim(void)
{
	struct cpu *cpu = arch_this_cpu();
	u64 vector = cpu->arch.vector;

	cpu->arch.vector = 0;
	if (vector >= VECTOR_LINES && vector < VECTOR_LINES_END)
		return (u32)vector - VECTOR_LINES;
	if (vector == VECTOR_TIMER || vector == VECTOR_IPI)
		apic_write(APIC_EOI, 0);
	if (vector == VECTOR_IPI)
		return IRQ_IPI;
	return vector == VECTOR_TIMER && timer_fired() ? IRQ_TIMER : IRQ_NONE;
}

bool arch_irq_pending(void)
{
	for (u32 i = 1; i < 8; i++)
		if (apic_read(APIC_IRR + 16 * i))
			return true;
	return false;
}

void arch_init(const struct boot_info *info)
{
	power_init(info);
	apic_init(info);
	apic_init_cpu();
	timer_init(info);
}
