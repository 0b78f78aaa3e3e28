// SPDX-License-Identifier: MIT
/*
 * The order of the boot, on one screen.
 */
#include <kernel/arch.h>
#include <kernel/cap.h>
#include <kernel/kasan.h>
#include <kernel/main.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <kernel/random.h>
#include <kernel/seeded.h>
#include <kernel/smp.h>

const struct boot_info *boot;

static void report_memory(void)
{
	struct frame_stats stats;

	frame_get_stats(&stats);
	pr_info("memory: %lu MiB managed, %lu MiB free, %u nodes",
		stats.total >> (20 - PAGE_SHIFT), stats.free >> (20 - PAGE_SHIFT), boot->nr_nodes);
}

static void report_losses(void)
{
	if (boot->nr_ranges_lost)
		pr_warning("boot: %u memory ranges more than the %u there is room for",
			   boot->nr_ranges_lost, BOOT_MAX_RANGES);
	if (boot->nr_cpus_lost)
		pr_warning("boot: %u CPUs more than the %u there is room for", boot->nr_cpus_lost,
			   BOOT_MAX_CPUS);
	if (boot->is_cmdline_cut)
		pr_warning("boot: command line cut after %u bytes", BOOT_CMDLINE_SIZE - 1);
}

void kernel_main(const struct boot_info *info)
{
	boot = info;
	cmdline_parse(info->cmdline[0] ? info->cmdline : CONFIG_CMDLINE);
	pr_notice("Veridian for %s, booted by %s", CONFIG_ARCH, info->protocol);
	report_losses();

	bootmem_init(info);
	kmap_init(info);
	kasan_init();
	frame_init(info);
	arch_init(info);
	smp_boot_cpu(info);
	random_init(info);
	report_memory();

	object_init();
	cap_init();
	smp_start();
	if (IS_ENABLED(CONFIG_SEEDED_BUGS))
		seeded_bug();
	init_load();
	kernel_exit();
}
