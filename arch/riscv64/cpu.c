// SPDX-License-Identifier: MIT
/*
 * What each hart is set to, and what people are told about it.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <lib/printf.h>

#define COUNTERS_FOR_USER 0x7 /* cycle, time, instret */

void arch_init(const struct boot_info *info)
{
	timer_init(info);
	plic_init(info);
}

/*
 * SUM off: the kernel has no business in user pages.  FS and VS off: a user's
 * floating-point or vector instruction is illegal, so nothing has to be saved.
 */
void arch_init_cpu(struct cpu *cpu)
{
	csr_clear(sstatus, SSTATUS_SIE | SSTATUS_SUM | SSTATUS_MXR | SSTATUS_FS | SSTATUS_VS);
	csr_write(scounteren, COUNTERS_FOR_USER);
	plic_init_cpu(cpu);
	arch_set_deadline(TIME_NEVER);
	csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
}

void arch_describe_cpu(char *buffer, size_t size)
{
	u64 vendor = sbi_call(SBI_BASE, SBI_BASE_VENDOR, 0, 0, 0).value;
	u64 architecture = sbi_call(SBI_BASE, SBI_BASE_ARCHITECTURE, 0, 0, 0).value;
	u64 implementation = sbi_call(SBI_BASE, SBI_BASE_IMPLEMENTATION, 0, 0, 0).value;

	snprintf(buffer, size, "RISC-V %lx:%lx:%lx, Sv39, %u-bit ASIDs, SUM=0, %s timer", vendor,
		 architecture, implementation, mmu_asid_bits(),
		 timer_has_sstc() ? "Sstc" : "SBI");
}

u32 arch_irq_claim(void)
{
	u64 pending = csr_read(sip) & csr_read(sie);

	if (pending & INTERRUPT_SOFTWARE) {
		csr_clear(sip, INTERRUPT_SOFTWARE);
		/* Partner: the fence of arch_send_ipi(). */
		asm volatile("fence rw, rw" : : : "memory");
		smp_claim();
		return IRQ_IPI;
	}
	if (pending & INTERRUPT_TIMER) {
		arch_set_deadline(TIME_NEVER);
		return IRQ_TIMER;
	}
	return pending & INTERRUPT_EXTERNAL ? plic_claim() : IRQ_NONE;
}

bool arch_irq_pending(void)
{
	return csr_read(sip) & csr_read(sie);
}

u64 arch_cycles(void)
{
	return csr_read(cycle);
}

/* The entropy source of the Zkr extension is the firmware's unless it gives it away. */
bool arch_random(u64 *value)
{
	(void)value;
	return false;
}
