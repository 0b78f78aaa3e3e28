// SPDX-License-Identifier: MIT
/*
 * drivers/fdt on trees that QEMU makes (put beside the program by tests/host/run),
 * on sources compiled here with dtc, and on blobs that are cut or damaged.
 */
#include "test.h"
#include <kernel/bootinfo.h>

static struct boot_info info;
static u8 blob[2 << 20];
static size_t blob_size;

static u32 get(size_t at)
{
	return (u32)blob[at] << 24 | (u32)blob[at + 1] << 16 | (u32)blob[at + 2] << 8 |
	       blob[at + 3];
}

static void put(size_t at, u32 value)
{
	for (int i = 0; i < 4; i++)
		blob[at + (size_t)i] = (u8)(value >> (24 - 8 * i));
}

static bool read_blob(const char *name)
{
	FILE *stream = fopen(name, "rb");

	if (!stream)
		return false;
	blob_size = fread(blob, 1, sizeof(blob), stream);
	fclose(stream);
	return blob_size >= 40;
}

static const char *parse_bytes(const void *data, size_t size)
{
	void *copy = test_copy(data, size);
	const char *error;

	memset(&info, 0, sizeof(info));
	error = fdt_parse(copy, size, &info);
	free(copy);
	return error;
}

static const char *parse(void)
{
	return parse_bytes(blob, blob_size);
}

/* QEMU pads its trees to a megabyte; the padding has no use here. */
static void drop_padding(void)
{
	u32 end = MAX(get(8) + get(36), get(12) + get(32));

	assert_true(end <= blob_size);
	blob_size = end;
	put(4, end);
}

static void need_blob(const char *name)
{
	if (!read_blob(name)) {
		print_message("no %s: that emulator is not installed\n", name);
		skip();
	}
	drop_padding();
}

/* Compile source text; -f, because wrong trees are the point. */
static void compile(const char *source)
{
	FILE *stream = popen("dtc -q -f -I dts -O dtb -o case.dtb - 2>/dev/null", "w");

	assert_non_null(stream);
	fputs(source, stream);
	assert_int_equal(pclose(stream), 0);
	assert_true(read_blob("case.dtb"));
}

static void qemu_gicv2(void **state)
{
	(void)state;
	need_blob("gicv2.dtb");
	assert_sentence(parse(), NULL);
	assert_int_equal(info.nr_usable, 1);
	assert_int_equal(info.usable[0].base, 0x40000000);
	assert_int_equal(info.usable[0].size, 256 << 20);
	assert_int_equal(info.nr_cpus, 1);
	assert_int_equal(info.irqchip, BOOT_IRQCHIP_GICV2);
	assert_int_equal(info.irqchip_base, 0x8000000);
	assert_int_equal(info.irqchip_cpu_base, 0x8010000);
	assert_int_equal(info.uart, BOOT_UART_PL011);
	assert_int_equal(info.uart_base, 0x9000000);
	assert_int_equal(info.uart_irq, 33);
	assert_int_equal(info.timer_irq, 27);
	assert_true(info.has_psci && info.is_psci_hvc);
	assert_int_equal(info.seed_size, 32);
	assert_int_equal(info.nr_nodes, 1);
}

static void qemu_gicv3(void **state)
{
	(void)state;
	need_blob("gicv3.dtb");
	assert_sentence(parse(), NULL);
	assert_int_equal(info.irqchip, BOOT_IRQCHIP_GICV3);
	assert_int_equal(info.irqchip_base, 0x8000000);
	assert_int_equal(info.irqchip_size, 0x10000);
	assert_int_equal(info.irqchip_cpu_base, 0x80a0000);
	assert_int_equal(info.irqchip_cpu_size, 0xf60000);
	assert_int_equal(info.timer_irq, 27);
}

static void qemu_numa(void **state)
{
	(void)state;
	need_blob("numa.dtb");
	assert_sentence(parse(), NULL);
	assert_int_equal(info.nr_nodes, 2);
	assert_int_equal(info.nr_usable, 2);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(info.usable[i].node, info.usable[i].base != 0x40000000);
	assert_int_equal(info.nr_cpus, 4);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(info.cpus[i].node, info.cpus[i].hwid / 2);
	assert_int_equal(info.distance[0][0], 10);
	assert_int_equal(info.distance[0][1], 21);
	assert_int_equal(info.distance[1][0], 21);
	assert_int_equal(info.distance[1][1], 10);
}

static void qemu_riscv(void **state)
{
	(void)state;
	need_blob("riscv.dtb");
	assert_sentence(parse(), NULL);
	assert_int_equal(info.usable[0].base, 0x80000000);
	assert_int_equal(info.uart, BOOT_UART_16550);
	assert_int_equal(info.uart_base, 0x10000000);
	assert_int_equal(info.uart_irq, 10);
	assert_int_equal(info.irqchip, BOOT_IRQCHIP_PLIC);
	assert_int_equal(info.irqchip_base, 0xc000000);
	assert_int_equal(info.plic_sources, 96);
	assert_int_equal(info.nr_cpus, 2);
	assert_int_equal(info.nr_plic_contexts, 4);
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(info.plic_context[i].irq, i % 2 ? 9 : 11);
		assert_int_equal(info.plic_context[i].intc, info.cpus[i / 2].intc);
	}
	assert_true(info.has_sstc);
	assert_int_equal(info.timer_frequency, 10000000);
	assert_int_equal(info.test_finisher, 0x100000);
}

static const char board[] =
	"/dts-v1/; /memreserve/ 0x80000000 0x40000; / {"
	" #address-cells = <2>; #size-cells = <1>; interrupt-parent = <&plic>;"
	" aliases { console = \"/bus@0/inner/uart@100\"; };"
	" bus@0 { #address-cells = <1>; #size-cells = <1>; compatible = \"simple-bus\";"
	"  ranges = <0x1000 0 0x9000 0x100>, <0x4000 1 0x20000 0x1000>;"
	"  inner { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x4200 0x800>;"
	"   uart@100 { compatible = \"vendor,uart\", \"ns16550a\"; reg = <0x100 0x10>;"
	"    interrupts = <7>; }; }; };"
	" chosen { stdout-path = \"console:115200n8\"; bootargs = \"quiet x=1\";"
	"  linux,initrd-start = <0x88000000>; linux,initrd-end = <0 0x88000123>;"
	"  rng-seed = [01 02 03]; };"
	" memory@80000000 { device_type = \"memory\"; numa-node-id = <1>;"
	"  reg = <0 0x80000000 0x1000000>, <1 0 0x2000000>; };"
	" memory@0 { device_type = \"memory\"; status = \"disabled\"; reg = <0 0 0x1000>; };"
	" reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;"
	"  fw@80100000 { reg = <0x80100000 0x2000>; no-map; }; anywhere { size = <0x1000>; }; };"
	" cpus { #address-cells = <2>; #size-cells = <0>; timebase-frequency = <0 5000000>;"
	"  cpu@100000005 { device_type = \"cpu\"; reg = <1 5>; riscv,isa = \"rv64imac_zba_sstc\";"
	"   i0: interrupt-controller { #interrupt-cells = <1>; interrupt-controller; }; };"
	"  cpu@6 { device_type = \"cpu\"; reg = <0 6>; riscv,isa = \"rv64imac_sstcx\";"
	" numa-node-id = <9>; };"
	"  cpu@7 { device_type = \"cpu\"; reg = <0 7>; status = \"disabled\"; };"
	"  cpu-map { }; };"
	" plic: plic@c000000 { compatible = \"riscv,plic0\"; reg = <0 0xc000000 0x600000>;"
	"  riscv,ndev = <31>; #interrupt-cells = <1>; interrupt-controller;"
	"  interrupts-extended = <&i0 0xffffffff>, <&i0 9>; };"
	" test { compatible = \"sifive,test1\", \"sifive,test0\"; reg = <0 0x100000 0x1000>; };"
	" psci { compatible = \"arm,psci-1.0\", \"arm,psci-0.2\"; method = \"smc\"; };"
	"};";

static void own_board(void **state)
{
	(void)state;
	compile(board);
	assert_sentence(parse(), NULL);
	assert_int_equal(info.uart, BOOT_UART_16550);
	/* 0x100 -> 0x4300 -> 0x1_0002_0300 */
	assert_int_equal(info.uart_base, 0x100020300);
	assert_int_equal(info.uart_size, 0x10);
	assert_int_equal(info.uart_irq, 7);
	assert_string_equal(info.cmdline, "quiet x=1");
	assert_int_equal(info.archive, 0x88000000);
	assert_int_equal(info.archive_size, 0x123);
	assert_int_equal(info.seed_size, 3);
	assert_int_equal(info.nr_usable, 2);
	assert_int_equal(info.usable[1].base, 0x100000000);
	assert_int_equal(info.usable[1].node, 1);
	assert_int_equal(info.nr_reserved, 3);
	assert_int_equal(info.reserved[0].base, 0x80000000);
	assert_int_equal(info.reserved[0].size, 0x40000);
	assert_int_equal(info.nr_cpus, 2);
	assert_int_equal(info.cpus[0].hwid, 0x100000005);
	assert_true(info.cpus[0].intc != 0);
	assert_int_equal(info.cpus[1].node, 0); /* 9 does not fit */
	assert_int_equal(info.nr_nodes_lost, 1);
	assert_int_equal(info.nr_nodes, 2);
	assert_false(info.has_sstc);
	assert_int_equal(info.timer_frequency, 5000000);
	assert_int_equal(info.nr_plic_contexts, 2);
	assert_int_equal(info.plic_context[0].irq, UINT32_MAX);
	assert_true(info.has_psci && !info.is_psci_hvc);
	assert_int_equal(info.test_finisher_size, 0x1000);
}

/* A root with two cells each around one piece of a tree. */
static const struct {
	const char *source, *sentence;
} wrong_trees[] = {
	{ "memory { device_type = \"memory\"; };", "device-tree memory node has no reg" },
	{ "memory { device_type = \"memory\"; reg = <0 1 2>; };",
	  "device-tree reg is not a whole number of entries" },
	{ "memory { device_type = \"memory\"; reg = <0xffffffff 0xfffff000 0 0x2000>; };",
	  "device-tree reg wraps around the address space" },
	{ "memory { device_type = \"memory\"; reg = <0 0 0 1>; numa-node-id = <0 1>; };",
	  "device-tree property that must be one cell is not" },
	{ "chosen { linux,initrd-start = <1>; };",
	  "device tree gives only one end of the boot archive" },
	{ "chosen { linux,initrd-start = <5>; linux,initrd-end = <4>; };",
	  "boot archive ends before it begins" },
	{ "chosen { linux,initrd-start = [00]; linux,initrd-end = <4>; };",
	  "device tree gives an address of the boot archive of neither 32 nor 64 bits" },
	{ "chosen { bootargs = [41 42]; };",
	  "kernel command line in the device tree is not terminated" },
	{ "chosen { stdout-path = [41]; };", "stdout-path is not a string" },
	{ "chosen { stdout-path = \"nobody\"; };", "stdout-path is an alias that does not exist" },
	{ "chosen { stdout-path = \"/not/there:9600\"; };",
	  "stdout-path names a node that does not exist" },
	{ "chosen {"
	  " stdout-path = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; };",
	  "stdout-path is an alias that is too long" },
	{ "aliases { a = \"a\"; }; chosen { stdout-path = \"a\"; };",
	  "stdout-path names a node that does not exist" },
	{ "cpus { #address-cells = <3>; cpu { device_type = \"cpu\"; reg = <1 2 3>; }; };",
	  "device-tree bus with addresses of neither one nor two cells" },
	{ "cpus { #address-cells = <0>; cpu { device_type = \"cpu\"; reg = <1>; }; };",
	  "device-tree bus with addresses of neither one nor two cells" },
	{ "cpus { #address-cells = <1>; #size-cells = <9>; cpu { device_type = \"cpu\";"
	  " reg = <1>; }; };",
	  "device-tree bus with sizes of more than two cells" },
	{ "cpus { #address-cells = <1>; #size-cells = <0>; cpu { device_type = \"cpu\"; }; };",
	  "device-tree reg has too few entries" },
	{ "cpus { timebase-frequency = <1 2 3>; };",
	  "timebase-frequency is of neither 32 nor 64 bits" },
	{ "d { compatible = \"numa-distance-map-v1\"; };",
	  "device tree has a distance map without a matrix" },
	{ "d { compatible = \"numa-distance-map-v1\"; distance-matrix = <1 2>; };",
	  "distance matrix of the device tree is not made of triples" },
	{ "d { compatible = \"numa-distance-map-v1\"; distance-matrix = <0 0 256>; };",
	  "distance between NUMA nodes is larger than 255" },
	{ "psci { compatible = \"arm,psci-0.2\"; method = \"call\"; };",
	  "PSCI method is neither hvc nor smc" },
	{ "psci { compatible = \"arm,psci-0.2\"; };", "PSCI method is neither hvc nor smc" },
	{ "gic { compatible = \"arm,gic-v3\"; reg = <0 1 0 1>; };",
	  "device-tree reg has too few entries" },
	{ "plic { compatible = \"riscv,plic0\"; reg = <0 1 0 1>;"
	  " };", "PLIC has no interrupt sources" },
	{ "plic { compatible = \"riscv,plic0\"; reg = <0 1 0 1>; riscv,ndev = <3>; };",
	  "PLIC is connected to no hart" },
	{ "plic { compatible = \"riscv,plic0\"; reg = <0 1 0 1>; riscv,ndev = <3>;"
	  " interrupts-extended = <1>; };",
	  "PLIC has a list of contexts that is not made of pairs" },
	{ "timer { compatible = \"arm,armv8-timer\"; interrupts = <1 2 3>; };",
	  "device-tree node has interrupts, but no interrupt parent" },
	{ "interrupt-parent = <77>; timer { compatible = \"arm,armv8-timer\";"
	  " interrupts = <1 2 3>; };",
	  "device-tree node has interrupts, but no interrupt parent" },
	{ "timer { compatible = \"arm,armv8-timer\"; interrupts = <1>; phandle = <5>;"
	  " interrupt-parent = <5>; };",
	  "interrupt controller without a usable number of interrupt cells" },
	{ "g { compatible = \"arm,gic-400\"; reg = <0 1 0 1 0 2 0 1>; #interrupt-cells = <3>;"
	  " phandle = <5>; };"
	  " timer { compatible = \"arm,armv8-timer\"; interrupts = <1 13 4>;"
	  " interrupt-parent = <5>; };",
	  "device-tree node has too few interrupts" },
	{ "g { compatible = \"arm,gic-400\"; reg = <0 1 0 1 0 2 0 1>; #interrupt-cells = <3>;"
	  " phandle = <5>; };"
	  " timer { compatible = \"arm,armv8-timer\"; interrupts = <1 13 4 1 14 4 2 11 4>;"
	  " interrupt-parent = <5>; };",
	  "GIC interrupt of unknown type or number" },
	{ "g { compatible = \"arm,gic-400\"; reg = <0 1 0 1 0 2 0 1>; #interrupt-cells = <2>;"
	  " phandle = <5>; };"
	  " timer { compatible = \"arm,armv8-timer\"; interrupts = <1 13 1 14 1 11>;"
	  " interrupt-parent = <5>; };",
	  "GIC with interrupts of fewer than three cells" },
	{ "chosen { stdout-path = \"/b/u\"; }; b { u { compatible = \"arm,pl011\";"
	  " reg = <0 1 2>; }; };",
	  "device lies behind a bus without address translation" },
	{ "chosen { stdout-path = \"/b/u\"; }; b { ranges = <1 2 3>; u {"
	  " compatible = \"arm,pl011\"; reg = <0 1 2>; }; };",
	  "device-tree ranges are not a whole number of rows" },
	{ "chosen { stdout-path = \"/b/u\"; }; b { ranges = <0 0 0 0 0x100>; u {"
	  " compatible = \"arm,pl011\"; reg = <0 1 0x100>; }; };",
	  "device lies outside of the ranges of its bus" },
};

static void wrong_trees_are_named(void **state)
{
	static char source[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_trees); i++) {
		snprintf(source, sizeof(source),
			 "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; %s };",
			 wrong_trees[i].source);
		compile(source);
		print_message("%s\n", wrong_trees[i].source);
		assert_sentence(parse(), wrong_trees[i].sentence);
	}
}

static void wrong_headers(void **state)
{
	const char *const structure = "structure block lies outside of the device tree";
	const char *const strings = "strings block lies outside of the device tree";
	const char *const reserve = "reservation block lies outside of the device tree";
	const struct {
		size_t at;
		u32 value;
		const char *sentence;
	} cases[] = {
		{ 0, 0xd00dfeee, "not a device tree: wrong magic number" },
		{ 4, UINT32_MAX, "device tree is larger than the memory it is in" },
		{ 4, 39, "device tree is smaller than its header" },
		{ 20, 16, "device tree of a version before 17" },
		{ 24, 18, "device tree of a version too new to read" },
		{ 8, 57, "structure block of the device tree is not aligned" },
		{ 36, 7, "structure block of the device tree is not aligned" },
		{ 16, 44, "reservation block of the device tree is not aligned" },
		{ 8, 0xfffffff0, structure },
		{ 8, 36, structure },
		{ 36, 0xfffffffc, structure },
		{ 12, UINT32_MAX, strings },
		{ 32, UINT32_MAX, strings },
		{ 16, 0xfffffff8, reserve },
		{ 16, 32, reserve },
		{ 36, 0, "structure block of the device tree has no end" },
		{ 32, 0, "name of a device-tree property lies outside of the strings block" },
		{ 32, 1, "name of a device-tree property is not terminated" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		compile("/dts-v1/; / { property = <1>; };");
		put(cases[i].at, cases[i].value);
		assert_sentence(parse(), cases[i].sentence);
	}
	compile(board);
	assert_int_equal(fdt_total_size(blob), blob_size);
	/* The reservation block runs to the end without a terminator. */
	put(16, (u32)ALIGN_DOWN(blob_size, 8));
	assert_sentence(parse(), "reservation block of the device tree has no end");
	blob[0] = 0;
	assert_int_equal(fdt_total_size(blob), 0);
}

/* Replace the structure block by @count tokens. */
static void structure_of(const u32 *tokens, size_t count)
{
	compile("/dts-v1/; / { property = <1>; };");
	blob_size = ALIGN_UP(blob_size, 4);
	put(8, (u32)blob_size);
	put(36, (u32)count * 4);
	for (size_t i = 0; i < count; i++, blob_size += 4)
		put(blob_size, tokens[i]);
	put(4, (u32)blob_size);
}

static void wrong_structures(void **state)
{
	static const struct {
		const char *sentence;
		u32 count, tokens[8];
	} cases[] = {
		{ NULL, 4, { 1, 0, 2, 9 } },
		{ NULL, 7, { 4, 1, 0, 4, 2, 4, 9 } },
		{ "device tree has no root", 1, { 9 } },
		{ "structure block of the device tree has no end", 3, { 1, 0, 2 } },
		{ "device tree has more than one root", 7, { 1, 0, 2, 1, 0, 2, 9 } },
		{ "device tree ends inside a node", 3, { 1, 0, 9 } },
		{ "device tree ends a node that never began", 2, { 2, 9 } },
		{ "device-tree property stands outside of the head of a node", 4, { 3, 0, 0, 9 } },
		{ "device-tree property stands outside of the head of a node", 8,
		  { 1, 0, 1, 0, 2, 3, 0, 0 } },
		{ "device-tree property ends inside its header", 4, { 1, 0, 3, 0 } },
		{ "device-tree property is larger than the structure block", 6,
		  { 1, 0, 3, 5, 0, 9 } },
		{ "device-tree property is larger than the structure block", 6,
		  { 1, 0, 3, UINT32_MAX, 0, 9 } },
		{ "name of a device-tree property lies outside of the strings block", 6,
		  { 1, 0, 3, 0, UINT32_MAX, 9 } },
		{ "name of a device-tree node is not terminated", 2, { 1, 0x41414141 } },
		{ "unknown token in the device tree", 4, { 1, 0, 5, 9 } },
	};
	u32 deep[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		structure_of(cases[i].tokens, cases[i].count);
		assert_sentence(parse(), cases[i].sentence);
	}
	for (size_t i = 0; i < 200; i += 2) {
		deep[i] = 1;
		deep[i + 1] = 0;
	}
	structure_of(deep, 200);
	assert_sentence(parse(), "device tree is nested too deeply");
}

/* Whatever was read, the counts must fit the arrays. */
static void check_info(void)
{
	assert_true(info.nr_usable <= BOOT_MAX_RANGES && info.nr_reserved <= BOOT_MAX_RANGES);
	assert_true(info.nr_cpus <= BOOT_MAX_CPUS && info.nr_nodes <= BOOT_MAX_NODES);
	assert_true(info.nr_plic_contexts <= 2 * BOOT_MAX_CPUS);
	assert_true(info.seed_size <= BOOT_SEED_SIZE);
	assert_true(strnlen(info.cmdline, BOOT_CMDLINE_SIZE) < BOOT_CMDLINE_SIZE);
	for (u32 i = 0; i < info.nr_usable; i++)
		assert_true(info.usable[i].node < BOOT_MAX_NODES);
}

/* Once as cut by a loader, once with a header that agrees with the cut. */
static void cut_everywhere(void)
{
	size_t whole = blob_size;

	for (size_t size = 0; size < whole; size++) {
		assert_non_null(parse_bytes(blob, size));
		if (size < 8)
			continue;
		put(4, (u32)size);
		if (!parse_bytes(blob, size))
			check_info();
		put(4, (u32)whole);
	}
}

static void damage_everywhere(int bits)
{
	int accepted = 0, refused = 0;

	for (size_t i = 0; i < blob_size; i++)
		for (int bit = 0; bit < bits; bit++) {
			u8 change = bits == 1 ? 0xff : (u8)(1 << bit);

			blob[i] ^= change;
			if (parse())
				refused++;
			else
				accepted++;
			check_info();
			blob[i] ^= change;
		}
	assert_true(accepted > 100 && refused > 100);
}

static void own_board_cut(void **state)
{
	(void)state;
	compile(board);
	cut_everywhere();
}

static void own_board_damaged(void **state)
{
	(void)state;
	compile(board);
	damage_everywhere(8);
}

static void qemu_trees_cut_and_damaged(void **state)
{
	static const char *const names[] = { "gicv3.dtb", "riscv.dtb" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		need_blob(names[i]);
		cut_everywhere();
		damage_everywhere(1);
	}
}

static void random_damage(void **state)
{
	static const u32 nasty[] = { 0, 1, 2, 3, 4, 9, 0x7fffffff, UINT32_MAX, 0xfffffffc };
	static u8 sound[1 << 16];

	(void)state;
	compile(board);
	assert_true(blob_size <= sizeof(sound));
	memcpy(sound, blob, blob_size);
	for (int round = 0; round < 100000; round++) {
		size_t changes = 1 + test_below(6);

		memcpy(blob, sound, blob_size);
		while (changes--) {
			size_t at = ALIGN_DOWN(test_below(blob_size - 4), 4UL);

			put(at, test_below(2) ? nasty[test_below(ARRAY_SIZE(nasty))]
					      : get(ALIGN_DOWN(test_below(blob_size - 4), 4UL)));
		}
		if (!parse())
			assert_true(info.nr_nodes >= 1);
		check_info();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_gicv2),
		cmocka_unit_test(qemu_gicv3),
		cmocka_unit_test(qemu_numa),
		cmocka_unit_test(qemu_riscv),
		cmocka_unit_test(own_board),
		cmocka_unit_test(wrong_trees_are_named),
		cmocka_unit_test(wrong_headers),
		cmocka_unit_test(wrong_structures),
		cmocka_unit_test(own_board_cut),
		cmocka_unit_test(own_board_damaged),
		cmocka_unit_test(qemu_trees_cut_and_damaged),
		cmocka_unit_test(random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
