// SPDX-License-Identifier: MIT
/*
 * CPUs: the array of their structures and bringing them up.
 *
 * CPUs are numbered in the order in which they came up, the boot CPU is 0.
 * nr_cpus_online is final before user mode runs.
 */
#include <kernel/atomic.h>
#include <kernel/cpu.h>
#include <kernel/main.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <kernel/reaper.h>
#include <kernel/sched.h>
#include <kernel/smp.h>

/* of the machine's time; emulated CPUs can be slow to come */
#define START_LIMIT (10 * 1000000000UL)

struct cpu cpus[CONFIG_NR_CPUS];
u32 nr_cpus_online;

static void cpu_up(struct cpu *cpu)
{
	sched_init_cpu(cpu);
	reaper_init_cpu(cpu);
	store_release(&cpu->online, true);
}

void smp_boot_cpu(const struct boot_info *info)
{
	struct cpu *cpu = &cpus[0];

	cpu->hwid = info->boot_hwid;
	cpu->stack_top = kmap_stack(0);
	for (u32 i = 0; i < info->nr_cpus; i++)
		if (info->cpus[i].hwid == cpu->hwid)
			cpu->node = info->cpus[i].node;
	arch_init_cpu(cpu);
	cpu_up(cpu);
	nr_cpus_online = 1;
}

void kernel_main_secondary(struct cpu *cpu)
{
	arch_init_cpu(cpu);
	cpu_up(cpu);
	kernel_exit();
}

/* Start one CPU and wait until it reports itself. */
static bool start(struct cpu *cpu, const struct boot_cpu *description)
{
	ktime_t limit = arch_now() + START_LIMIT;

	cpu->index = (u32)(cpu - cpus);
	cpu->hwid = description->hwid;
	cpu->node = description->node;
	cpu->stack_top = kmap_stack(cpu->index);
	if (arch_start_cpu(cpu) != ST_OK) {
		pr_warning("cpu %#lx: firmware refuses to start it", cpu->hwid);
		return false;
	}
	while (!load_acquire(&cpu->online)) {
		if (arch_now() > limit) {
			pr_warning("cpu %#lx: did not come up in 10 s", cpu->hwid);
			return false;
		}
		arch_cpu_relax();
	}
	pr_debug("cpu %#lx: it is CPU %u", cpu->hwid, cpu->index);
	return true;
}

void smp_start(void)
{
	u32 limit = IS_ENABLED(CONFIG_SMP) ? cmdline_max_cpus() : 1;

	for (u32 i = 0; i < boot->nr_cpus && nr_cpus_online < limit; i++) {
		if (boot->cpus[i].hwid == boot->boot_hwid)
			continue;
		/* A CPU that was ordered and is late would use the same structure: stop here. */
		if (!start(&cpus[nr_cpus_online], &boot->cpus[i]))
			break;
		nr_cpus_online++;
	}
	if (boot->nr_cpus > nr_cpus_online)
		pr_notice("smp: %u of the machine's %u CPUs in use (configured: %u)",
			  nr_cpus_online, boot->nr_cpus, CONFIG_NR_CPUS);
	else if (nr_cpus_online < CONFIG_NR_CPUS)
		pr_notice("smp: the machine has %u CPU%s, configured for %u", nr_cpus_online,
			  nr_cpus_online == 1 ? "" : "s", CONFIG_NR_CPUS);
	else
		pr_info("smp: %u CPU%s", nr_cpus_online, nr_cpus_online == 1 ? "" : "s");
}
