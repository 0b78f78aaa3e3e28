/* SPDX-License-Identifier: MIT */
/*
 * What firmware told about the machine, in the kernel's own words: filled by
 * the architecture's early code out of the boot protocol, and by drivers/fdt
 * and drivers/acpi out of the firmware tables.  Fixed-size arrays: what does
 * not fit is counted and reported, never silently lost.
 */
#ifndef KERNEL_BOOTINFO_H
#define KERNEL_BOOTINFO_H

#include <kernel/types.h>

#define BOOT_MAX_RANGES 64
#define BOOT_MAX_CPUS 256
#define BOOT_MAX_NODES 8
#define BOOT_MAX_OVERRIDES 24
#define BOOT_MAX_IOAPICS 8
#define BOOT_CMDLINE_SIZE 512
#define BOOT_SEED_SIZE 32

struct boot_range {
	paddr_t base;
	u64 size;
	u32 node; /* NUMA node, 0 if the tables name none */
};

struct boot_cpu {
	u64 hwid; /* APIC id, MPIDR affinity, hart id */
	u32 node;
	u32 intc; /* RISC-V: phandle of the hart's interrupt controller; else 0 */
};

enum boot_uart {
	BOOT_UART_NONE,
	BOOT_UART_16550,
	BOOT_UART_16550_PORT, /* at an I/O port instead of an address */
	BOOT_UART_PL011,
	BOOT_UART_SBI,
};

/* Interrupt controllers. */
enum boot_irqchip {
	BOOT_IRQCHIP_NONE,
	BOOT_IRQCHIP_GICV2,
	BOOT_IRQCHIP_GICV3,
	BOOT_IRQCHIP_PLIC,
	BOOT_IRQCHIP_APIC,
};

/* An interrupt line that is not wired as its number says (x86, MADT type 2). */
struct boot_override {
	u8 source; /* ISA IRQ */
	u32 gsi;
	bool is_low, is_level;
};

struct boot_ioapic {
	paddr_t base;
	u32 gsi_base;
};

struct boot_info {
	const char *protocol; /* "PVH", "Multiboot2", "Linux Image", "SBI" */

	/* memory: usable minus reserved is free; order and overlaps as firmware gave them */
	struct boot_range usable[BOOT_MAX_RANGES];
	u32 nr_usable;
	/* includes firmware tables, archive, device-tree blob */
	struct boot_range reserved[BOOT_MAX_RANGES];
	u32 nr_reserved;
	u32 nr_ranges_lost; /* did not fit */
	paddr_t kernel_start, kernel_end; /* the image */
	/* usable memory the boot tables already map in the direct map */
	paddr_t early_start, early_end;
	paddr_t archive;                  /* boot archive, 0 if none */
	u64 archive_size;
	paddr_t firmware;  /* RSDP or device-tree blob, 0 if none */
	u64 firmware_size; /* blob */
	char cmdline[BOOT_CMDLINE_SIZE];
	bool is_cmdline_cut;
	u8 seed[BOOT_SEED_SIZE]; /* firmware's entropy, zero if none */
	u32 seed_size;

	/* processors */
	struct boot_cpu cpus[BOOT_MAX_CPUS];
	u32 nr_cpus;
	u32 nr_cpus_lost;
	u64 boot_hwid;
	u32 nr_nodes; /* at least 1 */
	u32 nr_nodes_lost; /* mentions of nodes beyond BOOT_MAX_NODES, taken for node 0 */
	u8 distance[BOOT_MAX_NODES][BOOT_MAX_NODES]; /* SLIT units, 10 = local; 0 = not told */

	/* console */
	enum boot_uart uart;
	paddr_t uart_base; /* registers, or I/O port on x86 */
	u64 uart_size;
	u32 uart_irq; /* external line as arch_irq_* numbers it */

	/* interrupts and time */
	enum boot_irqchip irqchip;
	paddr_t irqchip_base, irqchip_size;     /* distributor, PLIC, local APIC */
	/* GICv2 CPU interface, GICv3 redistributors (first region) */
	paddr_t irqchip_cpu_base, irqchip_cpu_size;
	u32 plic_sources;
	/* interrupts-extended, in context order */
	struct {
		u32 intc;
		u32 irq;
	} plic_context[2 * BOOT_MAX_CPUS];
	u32 nr_plic_contexts;
	struct boot_ioapic ioapics[BOOT_MAX_IOAPICS];
	u32 nr_ioapics;
	struct boot_override overrides[BOOT_MAX_OVERRIDES];
	u32 nr_overrides;
	u32 timer_irq;      /* AArch64: INTID of the virtual timer */
	u64 timer_frequency; /* RISC-V: timebase-frequency; 0 = not told */
	bool has_sstc;      /* RISC-V: every hart's ISA string lists sstc */
	bool has_psci, is_psci_hvc; /* AArch64 */
	paddr_t hpet_base;  /* 0 = none */
	u32 pm_timer_port;  /* ACPI PM timer, 0 = none */

	/* power */
	u32 pm1a_port;      /* PM1a control, 0 = none */
	paddr_t sleep_base; /* sleep control of a hardware-reduced machine, in memory; 0 = none */
	u32 sleep_port;     /* the same as an I/O port */
	u8 s5_type;         /* SLP_TYPa of S5 */
	bool has_s5;
	paddr_t test_finisher; /* RISC-V "sifive,test0", 0 = none */
	u64 test_finisher_size;
};

/** boot_info_add_usable() / boot_info_add_reserved() - append a range; counts what does not fit. */
void boot_info_add_usable(struct boot_info *info, paddr_t base, u64 size, u32 node);
void boot_info_add_reserved(struct boot_info *info, paddr_t base, u64 size);

/**
 * boot_info_place_image() - note where the image is, and as the early window the usable range around it.
 * @limit: end of what the boot tables show. Return: false if no range holds the image.
 */
bool boot_info_place_image(struct boot_info *info, paddr_t start, paddr_t end, paddr_t limit);

/** boot_info_usable_around() - the usable range that all of [base, base + size) lies in, NULL if there is none. */
const struct boot_range *boot_info_usable_around(const struct boot_info *info, paddr_t base,
						 u64 size);

/** boot_ranges_overlap() - one of @count ranges shares a byte with [base, base + size). */
bool boot_ranges_overlap(const struct boot_range *range, u32 count, paddr_t base, u64 size);

/** boot_info_add_cpu() - append a processor; duplicates are ignored, what does not fit is counted. */
void boot_info_add_cpu(struct boot_info *info, u64 hwid, u32 node, u32 intc);

/* ---- drivers/fdt/ ---- */

/**
 * fdt_parse() - fill @info from a flattened device tree.
 * @blob: readable for @size bytes.  Never reads outside of it, whatever it holds.
 * Return: NULL, or a sentence that says what is wrong.  Source: Devicetree Specification 0.4.
 */
const char *fdt_parse(const void *blob, size_t size, struct boot_info *info) __must_check;

/** fdt_total_size() - the size a blob's header claims, 0 if it is no device tree (reads 40 bytes). */
size_t fdt_total_size(const void *blob);

/* ---- drivers/acpi/ ---- */

/**
 * acpi_parse() - fill @info from the tables below the RSDP at @rsdp: MADT, FADT (and DSDT's \_S5), SRAT, SLIT, HPET.
 * @map: gives a readable view of physical memory [base, base+size), NULL if it cannot.  A view is
 *        needed only until the next call.
 * Usable memory must be in @info already: SRAT cuts it into nodes.
 * Return: NULL, or a sentence that says what is wrong.  Source: ACPI Specification 6.5.
 */
const char *acpi_parse(paddr_t rsdp, const void *(*map)(paddr_t base, size_t size),
		       struct boot_info *info) __must_check;

#endif
