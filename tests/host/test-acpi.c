// SPDX-License-Identifier: MIT
/*
 * drivers/acpi on tables made here, as q35 (RSDT, NUMA, HPET) and microvm (XSDT,
 * two I/O APICs) have them, each rule broken alone, and on damaged ones.
 *
 * Physical memory is an array.  Each view that the parser asks for is a copy of
 * exactly that size which replaces the last one: the sanitizer sees reads outside
 * of a view and uses of an old view.
 */
#include "test.h"
#include <kernel/bootinfo.h>

#define MEMORY_BASE 0x7fe0000UL
#define MEMORY_SIZE 0x4000UL
#define RSDP 0
#define ROOT 0x100
#define MADT 0x400
#define SRAT 0x800
#define SLIT 0xc00
#define HPET 0xd00
#define FADT 0xe00
#define DSDT 0x1000

static u8 memory[MEMORY_SIZE];
static struct boot_info info;
static void *view;
static size_t unmappable; /* offset where memory ends for the parser */
static unsigned long nr_views;

static const void *map(paddr_t base, size_t size)
{
	nr_views++;
	free(view);
	view = NULL;
	if (base < MEMORY_BASE || base - MEMORY_BASE > unmappable ||
	    size > unmappable - (base - MEMORY_BASE))
		return NULL;
	view = test_copy(memory + (base - MEMORY_BASE), size);
	return view;
}

static const char *parse(void)
{
	const char *error;

	memset(&info, 0, sizeof(info));
	boot_info_add_usable(&info, 0, 0x9fc00, 0);
	boot_info_add_usable(&info, 0x100000, 0x1ff00000 - 0x100000, 0);
	nr_views = 0;
	error = acpi_parse(MEMORY_BASE + RSDP, map, &info);
	free(view);
	view = NULL;
	return error;
}

static void put(size_t at, u64 value, size_t width)
{
	memcpy(memory + at, &value, width);
}

static void fix_sum(size_t at, size_t size, size_t sum_at)
{
	u8 sum = 0;

	memory[at + sum_at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (u8)(sum + memory[at + i]);
	memory[at + sum_at] = (u8)(0 - sum);
}

static size_t length_of(size_t table)
{
	u32 length;

	memcpy(&length, memory + table + 4, 4);
	return length;
}

static void seal(size_t table)
{
	fix_sum(table, MIN(length_of(table), MEMORY_SIZE - table), 9);
}

static void begin(size_t table, const char *signature, size_t size)
{
	memset(memory + table, 0, size);
	memcpy(memory + table, signature, 4);
	put(table + 4, size, 4);
}

/* Append bytes to a table, which must be sealed afterwards. */
static void append(size_t table, const void *bytes, size_t size)
{
	size_t length = length_of(table);

	memcpy(memory + table + length, bytes, size);
	put(table + 4, length + size, 4);
}

#define APPEND(table, ...)                                                                         \
	do {                                                                                       \
		const u8 bytes_[] = { __VA_ARGS__ };                                               \
		append(table, bytes_, sizeof(bytes_));                                             \
	} while (0)

static void make_rsdp(u8 revision, size_t root)
{
	memset(memory + RSDP, 0, 36);
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = revision;
	put(RSDP + 16, revision ? 0 : MEMORY_BASE + root, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, revision ? MEMORY_BASE + root : 0, 8);
	fix_sum(RSDP, 20, 8);
	fix_sum(RSDP, 36, 32);
}

static void make_root(const char *signature, size_t width, const size_t *tables, size_t count)
{
	begin(ROOT, signature, 36);
	for (size_t i = 0; i < count; i++) {
		u64 address = tables[i] ? MEMORY_BASE + tables[i] : 0;

		append(ROOT, &address, width);
	}
	seal(ROOT);
}

static void make_fadt(size_t size)
{
	begin(FADT, "FACP", size);
	put(FADT + 40, MEMORY_BASE + DSDT, 4);
	put(FADT + 64, 0x604, 4);
	put(FADT + 76, 0x608, 4);
	seal(FADT);
	begin(DSDT, "DSDT", 36);
	/* Something else, a bare "_S5_", then Name (\_S5, Package (4) { 5, 5, 0, 0 }). */
	APPEND(DSDT, 0x10, 0x20, '_', 'S', '5', '_', 0x08, '_', 'S', '4', '_', 0x12);
	APPEND(DSDT, 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04);
	APPEND(DSDT, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00);
	seal(DSDT);
}

static void make_q35(void)
{
	static const size_t tables[] = { FADT, 0, MADT, SRAT, SLIT, HPET };

	memset(memory, 0, sizeof(memory));
	unmappable = MEMORY_SIZE;
	make_rsdp(0, ROOT);
	make_root("RSDT", 4, tables, ARRAY_SIZE(tables));
	begin(MADT, "APIC", 44);
	put(MADT + 36, 0xfee00000, 4);
	APPEND(MADT, 0, 8, 0, 0, 1, 0, 0, 0);
	APPEND(MADT, 0, 8, 1, 4, 1, 0, 0, 0);
	APPEND(MADT, 0, 8, 2, 5, 0, 0, 0, 0); /* not there */
	APPEND(MADT, 0, 8, 3, 6, 2, 0, 0, 0); /* may come */
	APPEND(MADT, 0, 8, 4, 0xff, 1, 0, 0, 0);
	APPEND(MADT, 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	APPEND(MADT, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0);
	APPEND(MADT, 2, 10, 0, 9, 9, 0, 0, 0, 0xf, 0);
	APPEND(MADT, 2, 10, 0, 5, 5, 0, 0, 0, 0xd, 0);
	APPEND(MADT, 4, 6, 0xff, 0, 0, 1); /* NMI: of no interest */
	APPEND(MADT, 9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0);
	seal(MADT);
	begin(SRAT, "SRAT", 48);
	APPEND(SRAT, 0, 16, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	APPEND(SRAT, 0, 16, 1, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	APPEND(SRAT, 0, 16, 3, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* not enabled */
	APPEND(SRAT, 2, 24, 0, 0, 1, 0, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	for (u64 node = 0; node < 2; node++) {
		u8 entry[40] = { 1, 40, (u8)node };
		u64 base = node << 28, size = 1 << 28;

		memcpy(entry + 8, &base, 8);
		memcpy(entry + 16, &size, 8);
		entry[28] = 1;
		append(SRAT, entry, sizeof(entry));
	}
	seal(SRAT);
	begin(SLIT, "SLIT", 44);
	put(SLIT + 36, 2, 8);
	APPEND(SLIT, 10, 21, 22, 10);
	seal(SLIT);
	begin(HPET, "HPET", 56);
	put(HPET + 44, 0xfed00000, 8);
	seal(HPET);
	make_fadt(116);
}

static void make_microvm(void)
{
	static const size_t tables[] = { FADT, MADT };

	memset(memory, 0, sizeof(memory));
	unmappable = MEMORY_SIZE;
	make_rsdp(2, ROOT);
	make_root("XSDT", 8, tables, ARRAY_SIZE(tables));
	begin(MADT, "APIC", 44);
	put(MADT + 36, 0x1000, 4);
	APPEND(MADT, 0, 8, 0, 0, 1, 0, 0, 0);
	APPEND(MADT, 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	APPEND(MADT, 1, 12, 1, 0, 0, 0, 0xc1, 0xfe, 24, 0, 0, 0);
	APPEND(MADT, 5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0);
	seal(MADT);
	make_fadt(276);
	put(FADT + 112, 1 << 20, 4); /* hardware-reduced */
	put(FADT + 248, 0xfea00200, 8);
	seal(FADT);
}

static u32 node_at(paddr_t address)
{
	for (u32 i = 0; i < info.nr_usable; i++)
		if (address >= info.usable[i].base &&
		    address < info.usable[i].base + info.usable[i].size)
			return info.usable[i].node;
	fail_msg("%#lx is no longer usable", address);
	return 0;
}

static void q35(void **state)
{
	u64 sum = 0;

	(void)state;
	make_q35();
	assert_sentence(parse(), NULL);
	assert_int_equal(info.irqchip, BOOT_IRQCHIP_APIC);
	assert_int_equal(info.irqchip_base, 0xfee00000);
	assert_int_equal(info.nr_cpus, 4);
	assert_int_equal(info.cpus[1].hwid, 4);
	assert_int_equal(info.cpus[1].node, 1);
	assert_int_equal(info.cpus[2].hwid, 6);
	assert_int_equal(info.cpus[2].node, 0);
	assert_int_equal(info.cpus[3].hwid, 0x1234);
	assert_int_equal(info.cpus[3].node, 1);
	assert_int_equal(info.nr_ioapics, 1);
	assert_int_equal(info.ioapics[0].base, 0xfec00000);
	assert_int_equal(info.nr_overrides, 3);
	assert_int_equal(info.overrides[0].gsi, 2);
	assert_false(info.overrides[0].is_low || info.overrides[0].is_level);
	assert_true(info.overrides[1].is_low && info.overrides[1].is_level);
	assert_true(!info.overrides[2].is_low && info.overrides[2].is_level);
	assert_int_equal(info.pm1a_port, 0x604);
	assert_int_equal(info.pm_timer_port, 0x608);
	assert_true(info.has_s5);
	assert_int_equal(info.s5_type, 5);
	assert_int_equal(info.hpet_base, 0xfed00000);
	assert_int_equal(info.nr_nodes, 2);
	assert_int_equal(info.distance[0][1], 21);
	assert_int_equal(info.distance[1][0], 22);
	/* The range across the border was cut, nothing was lost. */
	assert_int_equal(info.nr_usable, 3);
	for (u32 i = 0; i < info.nr_usable; i++)
		sum += info.usable[i].size;
	assert_int_equal(sum, 0x9fc00 + 0x1ff00000 - 0x100000);
	assert_int_equal(node_at(0x1000), 0);
	assert_int_equal(node_at(0xfffffff), 0);
	assert_int_equal(node_at(0x10000000), 1);
	assert_int_equal(node_at(0x1fefffff), 1);
}

static void microvm(void **state)
{
	(void)state;
	make_microvm();
	assert_sentence(parse(), NULL);
	assert_int_equal(info.irqchip_base, 0x1fee00000);
	assert_int_equal(info.nr_ioapics, 2);
	assert_int_equal(info.ioapics[1].gsi_base, 24);
	assert_int_equal(info.pm1a_port, 0);
	assert_int_equal(info.pm_timer_port, 0);
	assert_int_equal(info.sleep_base, 0xfea00200);
	assert_int_equal(info.sleep_port, 0);
	assert_true(info.has_s5);
	assert_int_equal(info.nr_nodes, 1);
	memory[FADT + 244] = 1; /* an I/O port */
	put(FADT + 248, 0x604, 8);
	seal(FADT);
	assert_sentence(parse(), NULL);
	assert_int_equal(info.sleep_base, 0);
	assert_int_equal(info.sleep_port, 0x604);
	put(FADT + 248, 0x10604, 8); /* no port has such a number */
	seal(FADT);
	assert_sentence(parse(), NULL);
	assert_int_equal(info.sleep_port, 0);
	make_fadt(255); /* ends one byte inside of the register's address */
	put(FADT + 112, 1 << 20, 4);
	put(FADT + 248, 0xfea00200, 7);
	seal(FADT);
	assert_sentence(parse(), NULL);
	assert_int_equal(info.sleep_base, 0);
}

static void extended_fadt(void **state)
{
	(void)state;
	make_q35();
	make_fadt(276);
	put(FADT + 40, 0, 4);
	put(FADT + 140, MEMORY_BASE + DSDT, 8);
	memory[FADT + 172] = 1;
	put(FADT + 176, 0x1804, 8);
	memory[FADT + 208] = 0; /* in memory: the old field counts */
	put(FADT + 212, 0x99999, 8);
	seal(FADT);
	assert_sentence(parse(), NULL);
	assert_int_equal(info.pm1a_port, 0x1804);
	assert_int_equal(info.pm_timer_port, 0x608);
	assert_true(info.has_s5);
}

static void broken_xsdt_falls_back(void **state)
{
	static const size_t tables[] = { MADT };

	(void)state;
	make_q35();
	make_rsdp(2, 0x3000);
	put(RSDP + 16, MEMORY_BASE + ROOT, 4);
	fix_sum(RSDP, 20, 8);
	fix_sum(RSDP, 36, 32);
	assert_sentence(parse(), NULL); /* no XSDT there */
	assert_int_equal(info.nr_cpus, 4);
	memory[RSDP + 33]++; /* bad second checksum */
	assert_sentence(parse(), NULL);
	put(RSDP + 20, 7, 4); /* impossible length */
	assert_sentence(parse(), NULL);
	make_root("RSDT", 4, tables, 1);
	assert_sentence(parse(), NULL);
	assert_int_equal(info.hpet_base, 0);
}

/* AML after the name: what may follow and where it may end. */
static void sleep_packages(void **state)
{
	static const struct {
		u8 aml[12], size;
		int type; /* -1: none */
	} cases[] = {
		{ { 0x12, 0x06, 0x04, 0x00, 0x00 }, 5, 0 },
		{ { 0x12, 0x06, 0x04, 0x01, 0x00 }, 5, 1 },
		{ { 0x12, 0x06, 0x04, 0x0b, 0x07, 0x00 }, 6, 7 },
		{ { 0x12, 0x46, 0x01, 0x04, 0x0a, 0x03 }, 6, 3 }, /* length of two bytes */
		{ { 0x12, 0xc6, 0x01, 0x01, 0x01, 0x04, 0x0a, 0x02 }, 8, 2 },
		{ { 0x12, 0x06, 0x04, 0x0a }, 4, -1 },
		{ { 0x12, 0xc6, 0x01 }, 3, -1 },
		{ { 0x12 }, 1, -1 },
		{ { 0 }, 0, -1 },
		{ { 0x11, 0x06, 0x04, 0x0a, 0x05 }, 5, -1 },
		{ { 0x12, 0x06, 0x04, 0x5c, 0x05 }, 5, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_q35();
		begin(DSDT, "DSDT", 36);
		APPEND(DSDT, 0x08, '\\', '_', 'S', '5', '_');
		append(DSDT, cases[i].aml, cases[i].size);
		seal(DSDT);
		assert_sentence(parse(), NULL);
		assert_int_equal(info.has_s5, cases[i].type >= 0);
		if (info.has_s5)
			assert_int_equal(info.s5_type, cases[i].type);
	}
}

#define BREAK(table, change, sentence)                                                             \
	do {                                                                                       \
		make_q35();                                                                        \
		change;                                                                            \
		if (table)                                                                         \
			seal(table);                                                               \
		assert_sentence(parse(), sentence);                                                \
	} while (0)

static void wrong_roots(void **state)
{
	const char *const far = "ACPI table lies where memory cannot be read";

	(void)state;
	BREAK(0, memory[RSDP] = 'X', "ACPI root pointer has a wrong signature");
	BREAK(0, memory[RSDP + 10]++, "ACPI root pointer has a bad checksum");
	BREAK(0, unmappable = 19, "ACPI root pointer lies where memory cannot be read");
	BREAK(0, (put(RSDP + 16, 0, 4), fix_sum(RSDP, 20, 8)),
	      "ACPI table at an impossible address");
	BREAK(0, (put(RSDP + 16, 0x1000, 4), fix_sum(RSDP, 20, 8)), far);
	BREAK(0, (put(RSDP + 16, MEMORY_BASE + MADT, 4), fix_sum(RSDP, 20, 8)),
	      "ACPI table has another signature than expected");
	BREAK(0, memory[ROOT + 20]++, "ACPI table has a bad checksum");
	BREAK(0, put(ROOT + 4, 35, 4), "ACPI table is shorter than its header");
	BREAK(0, put(ROOT + 4, 0, 4), "ACPI table is shorter than its header");
	BREAK(0, put(ROOT + 4, UINT32_MAX, 4), "ACPI table is too long");
	BREAK(0, put(ROOT + 4, MEMORY_SIZE, 4), "ACPI table reaches where memory cannot be read");
	BREAK(ROOT, put(ROOT + 4, 39, 4), "ACPI root table is not a whole number of entries");
	BREAK(ROOT, put(ROOT + 36, 0x1000, 4), far);
	BREAK(ROOT, put(ROOT + 4, 36, 4), "ACPI has no MADT: processors are unknown");
	/* A root that lists itself over and over. */
	BREAK(ROOT, for (size_t i = 0; i < 6; i++) put(ROOT + 36 + 4 * i, MEMORY_BASE + ROOT, 4),
	      "ACPI has no MADT: processors are unknown");
	make_q35();
	assert_sentence(acpi_parse(0, map, &info), "ACPI root pointer is at an impossible address");
	assert_sentence(acpi_parse(UINT64_MAX - 3, map, &info),
			"ACPI root pointer is at an impossible address");
}

static void wrong_tables(void **state)
{
	const char *const no_length = "ACPI table has an entry without a usable length";
	const char *const cut = "ACPI table ends inside an entry";
	size_t last;

	(void)state;
	make_q35();
	last = SRAT + length_of(SRAT) - 40;
	BREAK(MADT, memory[MADT + 45] = 0, no_length);
	BREAK(MADT, memory[MADT + 45] = 1, no_length);
	BREAK(MADT, memory[MADT + 45] = 255, cut);
	BREAK(MADT, put(MADT + 4, 45, 4), no_length);
	BREAK(MADT, put(MADT + 4, 51, 4), cut);
	BREAK(MADT, put(MADT + 4, 40, 4), "MADT ends inside its header");
	BREAK(MADT, put(MADT + 4, 44, 4), "MADT lists no usable processor");
	BREAK(MADT, (put(MADT + 4, 51, 4), memory[MADT + 45] = 7),
	      "MADT has an entry that is too short for its type");
	BREAK(0, memory[MADT + 40]++, "ACPI table has a bad checksum");
	BREAK(MADT, for (int i = 0; i < 9; i++) APPEND(MADT, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	      "ACPI lists more I/O APICs than this kernel can hold");
	BREAK(MADT, for (int i = 0; i < 30; i++) APPEND(MADT, 2, 10, 0, 0, 0, 0, 0, 0, 0, 0),
	      "ACPI lists more interrupt overrides than this kernel can hold");
	BREAK(SRAT, memory[SRAT + 49] = 0, no_length);
	BREAK(SRAT, memory[SRAT + 49] = 15, "SRAT has an entry that is too short for its type");
	BREAK(SRAT, put(SRAT + 4, 40, 4), "ACPI table ends before its entries");
	BREAK(SRAT, put(last + 8, UINT64_MAX - 5, 8),
	      "SRAT has a memory range that wraps around the address space");
	BREAK(SLIT, put(SLIT + 36, 3, 8), "SLIT is too short for its number of nodes");
	BREAK(SLIT, put(SLIT + 36, (u64)1 << 32, 8), "SLIT is too short for its number of nodes");
	BREAK(SLIT, put(SLIT + 4, 40, 4), "SLIT ends inside its header");
	BREAK(HPET, put(HPET + 4, 55, 4), "HPET table is too short");
	BREAK(FADT, put(FADT + 4, 115, 4), "FADT is too short");
	BREAK(FADT, put(FADT + 40, MEMORY_BASE + MADT, 4),
	      "ACPI table has another signature than expected");
	BREAK(FADT, put(FADT + 40, 0, 4), NULL);
	assert_false(info.has_s5);
	BREAK(SRAT, put(last + 2, 77, 4), NULL); /* a node that does not fit */
	assert_int_equal(info.nr_nodes_lost, 1);
	assert_int_equal(node_at(0x10000000), 0);
}

static void check_info(void)
{
	assert_true(info.nr_usable <= BOOT_MAX_RANGES && info.nr_cpus <= BOOT_MAX_CPUS);
	assert_true(info.nr_nodes >= 1 && info.nr_nodes <= BOOT_MAX_NODES);
	assert_true(info.nr_ioapics <= BOOT_MAX_IOAPICS);
	assert_true(info.nr_overrides <= BOOT_MAX_OVERRIDES);
	for (u32 i = 0; i < info.nr_cpus; i++)
		assert_true(info.cpus[i].node < BOOT_MAX_NODES);
	/* A bound on the work: a few views for each entry of the root, for each table. */
	assert_true(nr_views < 200000);
}

static const size_t all_tables[] = { ROOT, MADT, SRAT, SLIT, HPET, FADT, DSDT };

/* Memory that ends at every byte. */
static void cut_memory(void **state)
{
	int good = 0;

	(void)state;
	make_q35();
	for (unmappable = 0; unmappable < 0x1100; unmappable++) {
		good += !parse();
		check_info();
	}
	/* Only when the last table, the DSDT, is whole. */
	assert_int_equal(good, 0x1100 - (DSDT + (int)length_of(DSDT)));
}

/* Each table claims every length from 0 to beyond its own, with a good checksum. */
static void every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_tables); i++) {
		make_q35();
		for (size_t length = 0; length < 0x300; length++) {
			make_q35();
			put(all_tables[i] + 4, length, 4);
			if (length >= 10)
				seal(all_tables[i]);
			if (length < 36)
				assert_non_null(parse());
			else
				(void)!parse();
			check_info();
		}
	}
}

/* Each byte of each table takes every value, with a good checksum, so that it is looked at. */
static void every_byte(void **state)
{
	int accepted = 0, refused = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_tables); i++) {
		size_t table = all_tables[i], size;

		make_q35();
		size = length_of(table);
		for (size_t at = 0; at < size; at++)
			for (unsigned int value = 0; value < 256; value += 1 + (at > 60) * 6) {
				u8 old = memory[table + at];

				memory[table + at] = (u8)value;
				seal(table);
				if (parse())
					refused++;
				else
					accepted++;
				check_info();
				memory[table + at] = old;
				seal(table);
			}
	}
	assert_true(accepted > 1000 && refused > 1000);
}

static void bad_checksums(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_tables); i++) {
		make_q35();
		memory[all_tables[i] + 9]++;
		assert_sentence(parse(), "ACPI table has a bad checksum");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(q35),
		cmocka_unit_test(microvm),
		cmocka_unit_test(extended_fadt),
		cmocka_unit_test(broken_xsdt_falls_back),
		cmocka_unit_test(sleep_packages),
		cmocka_unit_test(wrong_roots),
		cmocka_unit_test(wrong_tables),
		cmocka_unit_test(cut_memory),
		cmocka_unit_test(every_length),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(bad_checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
