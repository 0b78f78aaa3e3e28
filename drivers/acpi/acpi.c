// SPDX-License-Identifier: MIT
/*
 * What the static ACPI tables say about the machine.  No AML is run: the one
 * thing taken from a definition block is the package \_S5, which is found by
 * its bytes.
 *
 * Only one view of physical memory is used at a time, so the map callback may
 * reuse its window.  A table is read only after its length and checksum were
 * found good; every entry in it is compared with what is left.  Walks advance by
 * at least one byte, so they end whatever the tables hold.
 * Source: ACPI Specification 6.5, chapters 5.2 and 20.
 */
#include <kernel/bootinfo.h>
#include <lib/string.h>

#define RSDP_V1_SIZE 20
#define RSDP_V2_SIZE 36
#define HEADER_SIZE 36
#define TABLE_MAX (16UL << 20) /* larger ones are taken for damage */
#define ROOT_MAX (64UL << 10)
#define NODES_MAX 4096

/* The table that lists the others: RSDT with 4-byte, XSDT with 8-byte addresses. */
struct acpi_root {
	paddr_t base;
	u32 count;
	u32 entry_size;
};

struct acpi {
	const void *(*map)(paddr_t base, size_t size);
	struct boot_info *info;
	struct acpi_root root;
};

/* A checked table and its view. */
struct acpi_table {
	const u8 *data;
	u32 size;
};

/* Tables are aligned to nothing in particular: numbers are put together from bytes. */
static u64 read_number(const u8 *p, u32 bytes)
{
	u64 value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static u16 read_u16(const u8 *p)
{
	return (u16)read_number(p, 2);
}

static u32 read_u32(const u8 *p)
{
	return (u32)read_number(p, 4);
}

static u64 read_u64(const u8 *p)
{
	return read_number(p, 8);
}

/* All bytes of a table, its checksum among them, add up to zero. */
static bool is_sum_good(const u8 *data, size_t size)
{
	u8 sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (u8)(sum + data[i]);
	return !sum;
}

static bool has_signature(const u8 *data, const char *signature)
{
	return memcmp(data, signature, 4) == 0;
}

/* The table at @base with that signature, no longer than @limit. */
static const char *open_table(const struct acpi *acpi, paddr_t base, const char *signature,
			      size_t limit, struct acpi_table *table)
{
	const u8 *data;
	u32 size;

	if (!base || range_overflows(base, limit))
		return "ACPI table at an impossible address";
	data = acpi->map(base, HEADER_SIZE);
	if (!data)
		return "ACPI table lies where memory cannot be read";
	if (!has_signature(data, signature))
		return "ACPI table has another signature than expected";
	size = read_u32(data + 4);
	if (size < HEADER_SIZE)
		return "ACPI table is shorter than its header";
	if (size > limit)
		return "ACPI table is too long";
	data = acpi->map(base, size);
	if (!data)
		return "ACPI table reaches where memory cannot be read";
	if (!is_sum_good(data, size))
		return "ACPI table has a bad checksum";
	*table = (struct acpi_table){ .data = data, .size = size };
	return NULL;
}

static const char *open_root(struct acpi *acpi, paddr_t base, const char *signature, u32 entry_size)
{
	struct acpi_table table;
	const char *error = open_table(acpi, base, signature, ROOT_MAX, &table);

	if (error)
		return error;
	if ((table.size - HEADER_SIZE) % entry_size)
		return "ACPI root table is not a whole number of entries";
	acpi->root = (struct acpi_root){
		.base = base,
		.count = (table.size - HEADER_SIZE) / entry_size,
		.entry_size = entry_size,
	};
	return NULL;
}

static const char *find_root(struct acpi *acpi, paddr_t rsdp)
{
	const u8 *data;
	u64 xsdt = 0;
	u32 rsdt;

	if (!rsdp || range_overflows(rsdp, ROOT_MAX))
		return "ACPI root pointer is at an impossible address";
	data = acpi->map(rsdp, RSDP_V1_SIZE);
	if (!data)
		return "ACPI root pointer lies where memory cannot be read";
	if (memcmp(data, "RSD PTR ", 8) != 0)
		return "ACPI root pointer has a wrong signature";
	if (!is_sum_good(data, RSDP_V1_SIZE))
		return "ACPI root pointer has a bad checksum";
	rsdt = read_u32(data + 16);
	/* Revision 0 ends here.  A damaged extension is no reason not to use the RSDT. */
	if (data[15] >= 2) {
		u32 size;

		data = acpi->map(rsdp, RSDP_V2_SIZE);
		size = data ? read_u32(data + 20) : 0;
		if (size >= RSDP_V2_SIZE && size <= ROOT_MAX)
			data = acpi->map(rsdp, size);
		if (data && size >= RSDP_V2_SIZE && size <= ROOT_MAX && is_sum_good(data, size))
			xsdt = read_u64(data + 24);
	}
	if (xsdt && !open_root(acpi, xsdt, "XSDT", 8))
		return NULL;
	return open_root(acpi, rsdt, "RSDT", 4);
}

/* Look for a table.  Return: NULL; *found is 0 if there is none. */
static const char *find_table(const struct acpi *acpi, const char *signature, paddr_t *found)
{
	const struct acpi_root *root = &acpi->root;

	*found = 0;
	for (u32 i = 0; i < root->count; i++) {
		const u8 *entry = acpi->map(root->base + HEADER_SIZE + i * root->entry_size,
					    root->entry_size);
		paddr_t base;

		if (!entry)
			return "ACPI root table lies where memory cannot be read";
		base = read_number(entry, root->entry_size);
		if (!base)
			continue;
		entry = range_overflows(base, HEADER_SIZE) ? NULL : acpi->map(base, HEADER_SIZE);
		if (!entry)
			return "ACPI table lies where memory cannot be read";
		if (has_signature(entry, signature)) {
			*found = base;
			return NULL;
		}
	}
	return NULL;
}

/* Nodes beyond the compiled maximum are folded into node 0 and counted. */
static u32 note_node(struct boot_info *info, u32 domain)
{
	if (domain >= BOOT_MAX_NODES) {
		info->nr_nodes_lost++;
		return 0;
	}
	info->nr_nodes = MAX(info->nr_nodes, domain + 1);
	return domain;
}

/* ---- entries of MADT and SRAT: type, length, contents ---- */

typedef const char *acpi_take_entry(struct acpi *acpi, const u8 *entry, u32 size);

static const char *walk_entries(struct acpi *acpi, const struct acpi_table *table, u32 at,
				acpi_take_entry *take)
{
	if (table->size < at)
		return "ACPI table ends before its entries";
	while (at < table->size) {
		const u8 *entry = table->data + at;
		const char *error;

		if (table->size - at < 2 || entry[1] < 2)
			return "ACPI table has an entry without a usable length";
		if (entry[1] > table->size - at)
			return "ACPI table ends inside an entry";
		error = take(acpi, entry, entry[1]);
		if (error)
			return error;
		at += entry[1];
	}
	return NULL;
}

#define MADT_ENTRIES 44
#define CPU_ENABLED BIT(0)
#define CPU_ONLINE_CAPABLE BIT(1)
#define APIC_ID_ALL 0xff /* broadcast: used for processors that are not there */

static void take_local_apic(struct acpi *acpi, u32 id, u32 flags)
{
	if (flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE))
		boot_info_add_cpu(acpi->info, id, 0, 0);
}

static const char *take_ioapic(struct acpi *acpi, const u8 *entry)
{
	struct boot_info *info = acpi->info;

	if (info->nr_ioapics == BOOT_MAX_IOAPICS)
		return "ACPI lists more I/O APICs than this kernel can hold";
	info->ioapics[info->nr_ioapics++] = (struct boot_ioapic){
		.base = read_u32(entry + 4),
		.gsi_base = read_u32(entry + 8),
	};
	return NULL;
}

/* Polarity in bits 0-1, trigger in bits 2-3; 0 means as on ISA: high, edge. */
static const char *take_override(struct acpi *acpi, const u8 *entry)
{
	struct boot_info *info = acpi->info;
	u16 flags = read_u16(entry + 8);

	if (info->nr_overrides == BOOT_MAX_OVERRIDES)
		return "ACPI lists more interrupt overrides than this kernel can hold";
	info->overrides[info->nr_overrides++] = (struct boot_override){
		.source = entry[3],
		.gsi = read_u32(entry + 4),
		.is_low = (flags & 3) == 3,
		.is_level = ((flags >> 2) & 3) == 3,
	};
	return NULL;
}

static const char *take_madt_entry(struct acpi *acpi, const u8 *entry, u32 size)
{
	/* The least length of the entry types that are read below. */
	static const u8 least[] = { [0] = 8, [1] = 12, [2] = 10, [5] = 12, [9] = 16 };

	if (entry[0] < ARRAY_SIZE(least) && size < least[entry[0]])
		return "MADT has an entry that is too short for its type";
	switch (entry[0]) {
	case 0:
		if (entry[3] != APIC_ID_ALL)
			take_local_apic(acpi, entry[3], read_u32(entry + 4));
		return NULL;
	case 1:
		return take_ioapic(acpi, entry);
	case 2:
		return take_override(acpi, entry);
	case 5:
		acpi->info->irqchip_base = read_u64(entry + 4);
		return NULL;
	case 9:
		if (read_u32(entry + 4) != UINT32_MAX)
			take_local_apic(acpi, read_u32(entry + 4), read_u32(entry + 8));
		return NULL;
	}
	return NULL;
}

static const char *take_madt(struct acpi *acpi, const struct acpi_table *table)
{
	const char *error;

	if (table->size < MADT_ENTRIES)
		return "MADT ends inside its header";
	/* Entry type 5 may replace it by an address of 64 bits. */
	acpi->info->irqchip_base = read_u32(table->data + 36);
	acpi->info->irqchip_size = PAGE_SIZE;
	error = walk_entries(acpi, table, MADT_ENTRIES, take_madt_entry);
	if (error)
		return error;
	if (!acpi->info->nr_cpus)
		return "MADT lists no usable processor";
	acpi->info->irqchip = BOOT_IRQCHIP_APIC;
	return NULL;
}

#define SRAT_ENTRIES 48
#define SRAT_ENABLED BIT(0)

static void set_cpu_node(struct acpi *acpi, u64 hwid, u32 domain)
{
	u32 node = note_node(acpi->info, domain);

	for (u32 i = 0; i < acpi->info->nr_cpus; i++)
		if (acpi->info->cpus[i].hwid == hwid)
			acpi->info->cpus[i].node = node;
}

/*
 * Usable memory was listed by the boot protocol without nodes: give the part of
 * each range that lies in [low, high) its node, cutting ranges at the border.
 */
static void set_memory_node(struct boot_info *info, paddr_t low, paddr_t high, u32 node)
{
	u32 count = info->nr_usable; /* pieces appended below are outside, or done */

	for (u32 i = 0; i < count; i++) {
		struct boot_range *range = &info->usable[i];
		struct boot_range old = *range;
		u64 end = old.base + old.size;

		if (!old.size || old.base >= high || end <= low)
			continue;
		range->base = MAX(old.base, low);
		range->size = MIN(end, high) - range->base;
		range->node = node;
		if (old.base < low)
			boot_info_add_usable(info, old.base, low - old.base, old.node);
		if (end > high)
			boot_info_add_usable(info, high, end - high, old.node);
	}
}

static const char *take_memory_affinity(struct acpi *acpi, const u8 *entry)
{
	u64 base = read_u64(entry + 8), size = read_u64(entry + 16);

	if (!(read_u32(entry + 28) & SRAT_ENABLED) || !size)
		return NULL;
	if (range_overflows(base, size))
		return "SRAT has a memory range that wraps around the address space";
	set_memory_node(acpi->info, base, base + size, note_node(acpi->info, read_u32(entry + 2)));
	return NULL;
}

static const char *take_srat_entry(struct acpi *acpi, const u8 *entry, u32 size)
{
	static const u8 least[] = { [0] = 16, [1] = 40, [2] = 24 };

	if (entry[0] < ARRAY_SIZE(least) && size < least[entry[0]])
		return "SRAT has an entry that is too short for its type";
	switch (entry[0]) {
	case 0:
		/* The domain is split: low byte here, three high bytes at 9. */
		if (read_u32(entry + 4) & SRAT_ENABLED)
			set_cpu_node(acpi, entry[3],
				     entry[2] | (u32)read_number(entry + 9, 3) << 8);
		return NULL;
	case 1:
		return take_memory_affinity(acpi, entry);
	case 2:
		if (read_u32(entry + 12) & SRAT_ENABLED)
			set_cpu_node(acpi, read_u32(entry + 8), read_u32(entry + 4));
		return NULL;
	}
	return NULL;
}

static const char *take_srat(struct acpi *acpi, const struct acpi_table *table)
{
	return walk_entries(acpi, table, SRAT_ENTRIES, take_srat_entry);
}

#define SLIT_MATRIX 44

static const char *take_slit(struct acpi *acpi, const struct acpi_table *table)
{
	u64 count;

	if (table->size < SLIT_MATRIX)
		return "SLIT ends inside its header";
	count = read_u64(table->data + 36);
	if (count > NODES_MAX || count * count > table->size - SLIT_MATRIX)
		return "SLIT is too short for its number of nodes";
	for (u64 from = 0; from < MIN(count, (u64)BOOT_MAX_NODES); from++)
		for (u64 to = 0; to < MIN(count, (u64)BOOT_MAX_NODES); to++)
			acpi->info->distance[from][to] =
				table->data[SLIT_MATRIX + from * count + to];
	return NULL;
}

static const char *take_hpet(struct acpi *acpi, const struct acpi_table *table)
{
	if (table->size < 56)
		return "HPET table is too short";
	/* Address space 0 is memory; nothing else is an HPET. */
	if (table->data[40] == 0)
		acpi->info->hpet_base = read_u64(table->data + 44);
	return NULL;
}

/* ---- FADT and \_S5 ---- */

#define FADT_V1_SIZE 116
#define FADT_DSDT 40
#define FADT_PM1A_CONTROL 64
#define FADT_PM_TIMER 76
#define FADT_FLAGS 112
#define FADT_X_DSDT 140
#define FADT_X_PM1A_CONTROL 172
#define FADT_X_PM_TIMER 208
#define FADT_SLEEP_CONTROL 244
#define FADT_HW_REDUCED BIT(20)
#define GAS_SIZE 12
#define GAS_MEMORY 0
#define GAS_IO 1

/* A port: in the extended field if that is there and an I/O port, else in the old one. */
static u32 fadt_port(const struct acpi_table *fadt, u32 old, u32 extended)
{
	if (fadt->size >= extended + GAS_SIZE && fadt->data[extended] == GAS_IO) {
		u64 port = read_u64(fadt->data + extended + 4);

		if (port && port <= UINT16_MAX)
			return (u32)port;
	}
	return read_u32(fadt->data + old);
}

/* A hardware-reduced machine has no fixed ports, whatever their fields hold, but perhaps this register. */
static void take_sleep_control(struct boot_info *info, const struct acpi_table *fadt)
{
	const u8 *gas = fadt->data + FADT_SLEEP_CONTROL;
	u64 address;

	if (fadt->size < FADT_SLEEP_CONTROL + GAS_SIZE)
		return;
	address = read_u64(gas + 4);
	if (gas[0] == GAS_MEMORY)
		info->sleep_base = address;
	else if (gas[0] == GAS_IO && address <= UINT16_MAX)
		info->sleep_port = (u32)address;
}

#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_WORD 0x0b
#define AML_PACKAGE 0x12

/* The first element of the package at @at.  Return: false if that is not what stands there. */
static bool read_sleep_type(const struct acpi_table *dsdt, u32 at, u8 *type)
{
	const u8 *aml = dsdt->data;
	u32 lead;

	if (dsdt->size - at < 2 || aml[at] != AML_PACKAGE)
		return false;
	/* The length of the package takes one byte and up to three more, told by its top bits. */
	lead = aml[at + 1] >> 6;
	/* Operation, length bytes, number of elements, element prefix, value. */
	if (dsdt->size - at < 1 + 1 + lead + 1 + 2)
		return false;
	at += 2 + lead + 1;
	switch (aml[at]) {
	case AML_ZERO:
	case AML_ONE:
		*type = aml[at];
		return true;
	case AML_BYTE:
	case AML_WORD:
		*type = aml[at + 1];
		return true;
	}
	return false;
}

/* Name (\_S5, Package () { SLP_TYPa, ... }), the backslash being optional. */
static void scan_s5(struct boot_info *info, const struct acpi_table *dsdt)
{
	const u8 *aml = dsdt->data;

	for (u32 at = HEADER_SIZE + 1; at + 4 <= dsdt->size; at++) {
		bool is_name = aml[at - 1] == AML_NAME ||
			       (aml[at - 1] == '\\' && aml[at - 2] == AML_NAME);

		if (is_name && memcmp(aml + at, "_S5_", 4) == 0 &&
		    read_sleep_type(dsdt, at + 4, &info->s5_type)) {
			info->has_s5 = true;
			return;
		}
	}
}

static const char *take_dsdt(struct acpi *acpi, paddr_t base)
{
	struct acpi_table dsdt;
	const char *error;

	if (!base)
		return NULL;
	error = open_table(acpi, base, "DSDT", TABLE_MAX, &dsdt);
	if (!error)
		scan_s5(acpi->info, &dsdt);
	return error;
}

static const char *take_fadt(struct acpi *acpi, const struct acpi_table *fadt)
{
	paddr_t dsdt;

	if (fadt->size < FADT_V1_SIZE)
		return "FADT is too short";
	if (read_u32(fadt->data + FADT_FLAGS) & FADT_HW_REDUCED) {
		take_sleep_control(acpi->info, fadt);
	} else {
		acpi->info->pm1a_port = fadt_port(fadt, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
		acpi->info->pm_timer_port = fadt_port(fadt, FADT_PM_TIMER, FADT_X_PM_TIMER);
	}
	dsdt = read_u32(fadt->data + FADT_DSDT);
	if (fadt->size >= FADT_X_DSDT + 8 && read_u64(fadt->data + FADT_X_DSDT))
		dsdt = read_u64(fadt->data + FADT_X_DSDT);
	/* From here on the view of the FADT may be gone. */
	return take_dsdt(acpi, dsdt);
}

/* In this order: SRAT gives nodes to the processors that MADT lists. */
static const struct acpi_reader {
	const char *signature;
	bool is_needed;
	const char *(*take)(struct acpi *acpi, const struct acpi_table *table);
} readers[] = {
	{ "APIC", true, take_madt }, { "SRAT", false, take_srat }, { "SLIT", false, take_slit },
	{ "HPET", false, take_hpet }, { "FACP", false, take_fadt },
};

static const char *read_table(struct acpi *acpi, const struct acpi_reader *reader)
{
	struct acpi_table table;
	const char *error;
	paddr_t base;

	error = find_table(acpi, reader->signature, &base);
	if (error)
		return error;
	if (!base)
		return reader->is_needed ? "ACPI has no MADT: processors are unknown" : NULL;
	error = open_table(acpi, base, reader->signature, TABLE_MAX, &table);
	return error ? error : reader->take(acpi, &table);
}

const char *acpi_parse(paddr_t rsdp, const void *(*map)(paddr_t base, size_t size),
		       struct boot_info *info)
{
	struct acpi acpi = { .map = map, .info = info };
	const char *error = find_root(&acpi, rsdp);

	info->nr_nodes = MAX(info->nr_nodes, 1U);
	for (u32 i = 0; !error && i < ARRAY_SIZE(readers); i++)
		error = read_table(&acpi, &readers[i]);
	return error;
}
