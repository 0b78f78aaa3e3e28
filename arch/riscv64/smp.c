// SPDX-License-Identifier: MIT
/*
 * Starting harts and interrupting them, through the firmware.  Source: SBI
 * Specification 1.0, chapters 7 and 9.
 */
#include <kernel/arch.h>
#include <asm/riscv.h>
#include <kernel/atomic.h>
#include <kernel/cpu.h>

#define HSM_START 0
#define IPI_SEND 0

extern char image_start[], boot_secondary[];
extern u64 smp_order[2]; /* boot.S */

static bool is_stopping; /* atomic: set once by a panic */

static void send(const struct cpu *cpu)
{
	sbi_call(SBI_IPI, IPI_SEND, 1, cpu->hwid, 0);
}

long arch_start_cpu(struct cpu *cpu)
{
	paddr_t entry = kernel_phys + (paddr_t)(boot_secondary - image_start);

	if (!sbi_has(SBI_HSM))
		return ST_NOTFOUND;
	store_relaxed(&smp_order[1], (u64)cpu);
	store_release(&smp_order[0], cpu->hwid); /* the hart reads cpu->stack_top first of all */
	return sbi_call(SBI_HSM, HSM_START, cpu->hwid, entry, 0).error ? ST_NOTFOUND : ST_OK;
}

void arch_send_ipi(struct cpu *cpu)
{
	/* Partner: the fence of arch_irq_claim(). Firmware stores to a device, hence o. */
	asm volatile("fence rw, orw" : : : "memory");
	send(cpu);
}

void smp_claim(void)
{
	if (load_relaxed(&is_stopping))
		arch_stop();
}

/* The boot CPU may panic before the others are counted, so the flag online decides. */
void arch_ipi_stop_others(void)
{
	const struct cpu *self = arch_this_cpu();

	store_relaxed(&is_stopping, true);
	fence_full();
	for (u32 i = 0; i < CONFIG_NR_CPUS; i++)
		if (&cpus[i] != self && load_relaxed(&cpus[i].online))
			send(&cpus[i]);
}
