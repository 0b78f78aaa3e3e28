// SPDX-License-Identifier: MIT
/*
 * The hart: start, features, counters, power.
 */
#include <asm/riscv.h>
#include <kernel/arch.h>
#include <kernel/bootinfo.h>
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/mm.h>
#include <lib/printf.h>

#define HSM_START 0
#define IPI_SEND 0
#define SRST_RESET 0
#define EXIT_SUCCESS 0x10
#define EXIT_FAILURE 0x40 /* or the code */
#define FINISHER_FAIL 0x3333

extern char secondary_start[];
extern paddr_t kernel_phys;

static volatile u32 *finisher;

void arch_init(const struct boot_info *info)
{
	plic_init(info);
	timer_init(info);
	power_init(info);
}

/* User memory out of the kernel's reach, no floating point, counters readable by user mode. */
void arch_init_cpu(struct cpu *cpu)
{
	csr_clear(sstatus, SSTATUS_SUM | SSTATUS_FS | SSTATUS_SIE);
	csr_write(scounteren, 7);
	arch_set_deadline(TIME_NEVER);
	plic_init_cpu(cpu);
	csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
}

long arch_start_cpu(struct cpu *cpu)
{
	paddr_t entry = (paddr_t)secondary_start - KERNEL_BASE + kernel_phys;

	return sbi_call(SBI_HSM, HSM_START, cpu->hwid, entry, (u64)cpu) ? ST_NOTFOUND : ST_OK;
}

void arch_send_ipi(struct cpu *cpu)
{
	sbi_call(SBI_IPI, IPI_SEND, 1, cpu->hwid, 0);
}

/* There is no interrupt that a hart in the kernel would take: they stop at their next entry or not at all. */
void arch_ipi_stop_others(void)
{
}

void arch_describe_cpu(char *buffer, size_t size)
{
	snprintf(buffer, size, "RV64 (nx sum%s, %u address-space ids)", boot->has_sstc ? " sstc" : "",
		 arch_asid_count());
}

u64 arch_cycles(void)
{
	return csr_read(cycle);
}

bool arch_random(u64 *value)
{
	(void)value;
	return false;
}

u32 arch_port_in(u16 port, unsigned width)
{
	(void)port;
	(void)width;
	return 0;
}

void arch_port_out(u16 port, unsigned width, u32 value)
{
	(void)port;
	(void)width;
	(void)value;
}

void power_init(const struct boot_info *info)
{
	if (info->test_finisher)
		finisher = kmap_device(info->test_finisher, PAGE_SIZE, false);
}

void arch_power_off(u8 code)
{
	u32 value = code ? EXIT_FAILURE | (code & 0x3fu) : EXIT_SUCCESS;

	if (finisher)
		*finisher = value << 16 | FINISHER_FAIL;
	sbi_call(SBI_SRST, SRST_RESET, 0, code != 0, 0);
	arch_stop();
}

void arch_stop(void)
{
	csr_write(sie, 0);
	for (;;)
		asm volatile("wfi");
}
