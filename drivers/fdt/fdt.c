// SPDX-License-Identifier: MIT
/*
 * What a device tree says about the machine.
 *
 * One walk over all nodes; each is offered to the functions of the table
 * below, which know their nodes by name, device_type or compatible and fill
 * struct boot_info.  Nothing about a machine is assumed: what the tree does not
 * say stays zero.  Source: Devicetree Specification 0.4; the bindings of the
 * devices as published with the Linux kernel.
 */
#include "tree.h"
#include <kernel/bootinfo.h>
#include <lib/string.h>

#define GIC_CELLS 3    /* type, number, flags */
#define GIC_SPI 0
#define GIC_PPI 1
#define GIC_SPI_BASE 32
#define GIC_PPI_BASE 16
#define VIRTUAL_TIMER 2 /* third interrupt of the architected timer */

/* The state of one parse. */
struct fdt_parser {
	struct fdt tree;
	struct fdt_path path; /* the node on offer */
	struct boot_info *info;
	u32 console;          /* node of stdout-path, or FDT_NO_NODE */
	u32 nr_harts, nr_sstc;
};

static u32 this_node(const struct fdt_parser *parser)
{
	return parser->path.node[parser->path.depth - 1];
}

/* The node is a child of the root (depth 2) or deeper; its parent's name is @name. */
static bool parent_is(const struct fdt_parser *parser, const char *name)
{
	return parser->path.depth == 3 &&
	       fdt_name_is(&parser->tree, parser->path.node[1], name, strlen(name));
}

static bool is_top(const struct fdt_parser *parser, const char *name)
{
	return parser->path.depth == 2 &&
	       fdt_name_is(&parser->tree, parser->path.node[1], name, strlen(name));
}

/* The node's NUMA node; one beyond the compiled maximum is folded into node 0 and counted. */
static const char *read_numa(struct fdt_parser *parser, u32 *numa)
{
	struct boot_info *info = parser->info;
	const char *error;

	*numa = 0;
	error = fdt_get_u32(&parser->tree, this_node(parser), "numa-node-id", numa);
	if (error)
		return error;
	if (*numa >= BOOT_MAX_NODES) {
		info->nr_nodes_lost++;
		*numa = 0;
	}
	info->nr_nodes = MAX(info->nr_nodes, *numa + 1);
	return NULL;
}

static const char *take_memory(struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;
	const char *error;
	u32 count, numa;

	if (parser->path.depth != 2 ||
	    !fdt_string_is(tree, this_node(parser), "device_type", "memory") ||
	    !fdt_is_enabled(tree, this_node(parser)))
		return NULL;
	error = fdt_reg_count(tree, &parser->path, &count);
	if (!error && !count)
		return "device-tree memory node has no reg";
	if (!error)
		error = read_numa(parser, &numa);
	for (u32 i = 0; !error && i < count; i++) {
		u64 base, size;

		error = fdt_get_reg(tree, &parser->path, i, &base, &size);
		if (!error)
			boot_info_add_usable(parser->info, base, size, numa);
	}
	return error;
}

/* A child without reg asks for memory anywhere: nothing of ours has to keep away from it. */
static const char *take_reserved(struct fdt_parser *parser)
{
	const char *error;
	u32 count;

	if (!parent_is(parser, "reserved-memory"))
		return NULL;
	error = fdt_reg_count(&parser->tree, &parser->path, &count);
	for (u32 i = 0; !error && i < count; i++) {
		u64 base, size;

		/* These are system addresses by definition. */
		error = fdt_get_raw_reg(&parser->tree, &parser->path, i, &base, &size);
		if (!error)
			boot_info_add_reserved(parser->info, base, size);
	}
	return error;
}

/* One or two cells, by the property's length.  Return: false if it is absent or neither. */
static bool read_address(const struct fdt_property *property, u64 *value)
{
	if (property->size != 4 && property->size != 8)
		return false;
	*value = fdt_cells(property->data, property->size / 4);
	return true;
}

static const char *take_archive(struct fdt_parser *parser)
{
	struct fdt_property start, end;
	u32 node = this_node(parser);
	u64 from, to;
	bool has_start = fdt_get(&parser->tree, node, "linux,initrd-start", &start);

	if (has_start != fdt_get(&parser->tree, node, "linux,initrd-end", &end))
		return "device tree gives only one end of the boot archive";
	if (!has_start)
		return NULL;
	if (!read_address(&start, &from) || !read_address(&end, &to))
		return "device tree gives an address of the boot archive of neither 32 nor 64 bits";
	if (from > to)
		return "boot archive ends before it begins";
	if (from == to)
		return NULL;
	parser->info->archive = from;
	parser->info->archive_size = to - from;
	boot_info_add_reserved(parser->info, from, to - from);
	return NULL;
}

/* "stdout-path" is a path or an alias, with options for the driver behind a colon. */
static const char *find_console(struct fdt_parser *parser, u32 chosen)
{
	const struct fdt *tree = &parser->tree;
	const char *text, *colon;
	struct fdt_property property;
	size_t length;

	if (!fdt_get(tree, chosen, "stdout-path", &property))
		return NULL;
	text = fdt_get_string(tree, chosen, "stdout-path");
	if (!text)
		return "stdout-path is not a string";
	colon = strchr(text, ':');
	length = colon ? (size_t)(colon - text) : strlen(text);
	if (text[0] != '/') {
		char alias[64] = { 0 };
		u32 aliases = fdt_find_path(tree, "/aliases", strlen("/aliases"));

		if (length >= sizeof(alias))
			return "stdout-path is an alias that is too long";
		memcpy(alias, text, length);
		text = aliases == FDT_NO_NODE ? NULL : fdt_get_string(tree, aliases, alias);
		if (!text)
			return "stdout-path is an alias that does not exist";
		length = strlen(text);
	}
	parser->console = fdt_find_path(tree, text, length);
	if (parser->console == FDT_NO_NODE)
		return "stdout-path names a node that does not exist";
	return NULL;
}

static const char *take_chosen(struct fdt_parser *parser)
{
	struct boot_info *info = parser->info;
	struct fdt_property property;
	u32 node = this_node(parser);

	if (!is_top(parser, "chosen"))
		return NULL;
	if (fdt_get(&parser->tree, node, "bootargs", &property)) {
		const char *arguments = fdt_get_string(&parser->tree, node, "bootargs");

		if (!arguments)
			return "kernel command line in the device tree is not terminated";
		info->is_cmdline_cut = !string_copy(info->cmdline, BOOT_CMDLINE_SIZE, arguments);
	}
	if (fdt_get(&parser->tree, node, "rng-seed", &property)) {
		info->seed_size = MIN(property.size, (u32)BOOT_SEED_SIZE);
		memcpy(info->seed, property.data, info->seed_size);
	}
	return take_archive(parser);
}

/* An extension stands behind an underscore and ends at the next one. */
static bool isa_has(const char *isa, const char *extension)
{
	size_t length = strlen(extension);

	while ((isa = strchr(isa, '_'))) {
		isa++;
		if (strncmp(isa, extension, length) == 0 && (!isa[length] || isa[length] == '_'))
			return true;
	}
	return false;
}

static void note_isa(struct fdt_parser *parser)
{
	u32 node = this_node(parser);
	const char *isa = fdt_get_string(&parser->tree, node, "riscv,isa");

	parser->nr_harts++;
	if ((isa && isa_has(isa, "sstc")) ||
	    fdt_list_has(&parser->tree, node, "riscv,isa-extensions", "sstc"))
		parser->nr_sstc++;
}

/* The phandle of the interrupt controller inside a hart, 0 if there is none. */
static u32 find_hart_intc(const struct fdt *tree, u32 cpu)
{
	struct fdt_children children;
	struct fdt_property property;

	fdt_children_init(tree, cpu, &children);
	while (fdt_next_child(tree, &children))
		if (fdt_get(tree, children.child, "interrupt-controller", &property))
			return fdt_phandle(tree, children.child);
	return 0;
}

static const char *take_cpu(struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;
	u32 node = this_node(parser), numa;
	const char *error;
	u64 hwid, size;

	if (!parent_is(parser, "cpus") || !fdt_string_is(tree, node, "device_type", "cpu") ||
	    !fdt_is_enabled(tree, node))
		return NULL;
	error = fdt_get_raw_reg(tree, &parser->path, 0, &hwid, &size);
	if (!error)
		error = read_numa(parser, &numa);
	if (error)
		return error;
	note_isa(parser);
	boot_info_add_cpu(parser->info, hwid, numa, find_hart_intc(tree, node));
	return NULL;
}

static const char *take_timebase(struct fdt_parser *parser)
{
	struct fdt_property property;

	if (!is_top(parser, "cpus") ||
	    !fdt_get(&parser->tree, this_node(parser), "timebase-frequency", &property))
		return NULL;
	if (!read_address(&property, &parser->info->timer_frequency))
		return "timebase-frequency is of neither 32 nor 64 bits";
	return NULL;
}

/* Triples: from, to, distance. */
static const char *take_distances(struct fdt_parser *parser)
{
	struct fdt_property matrix;

	if (!fdt_is_compatible(&parser->tree, this_node(parser), "numa-distance-map-v1"))
		return NULL;
	if (!fdt_get(&parser->tree, this_node(parser), "distance-matrix", &matrix))
		return "device tree has a distance map without a matrix";
	if (matrix.size % 12)
		return "distance matrix of the device tree is not made of triples";
	for (u32 at = 0; at < matrix.size; at += 12) {
		u64 from = fdt_cells(matrix.data + at, 1), to = fdt_cells(matrix.data + at + 4, 1);
		u64 distance = fdt_cells(matrix.data + at + 8, 1);

		if (distance > UINT8_MAX)
			return "distance between NUMA nodes is larger than 255";
		if (from < BOOT_MAX_NODES && to < BOOT_MAX_NODES)
			parser->info->distance[from][to] = (u8)distance;
	}
	return NULL;
}

static const char *take_psci(struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;
	u32 node = this_node(parser);
	bool is_hvc;

	/* Version 0.1 chose its own function numbers and is of no use here. */
	if (!fdt_is_compatible(tree, node, "arm,psci-0.2") &&
	    !fdt_is_compatible(tree, node, "arm,psci-1.0"))
		return NULL;
	is_hvc = fdt_string_is(tree, node, "method", "hvc");
	if (!is_hvc && !fdt_string_is(tree, node, "method", "smc"))
		return "PSCI method is neither hvc nor smc";
	parser->info->has_psci = true;
	parser->info->is_psci_hvc = is_hvc;
	return NULL;
}

static enum boot_irqchip gic_kind(const struct fdt *tree, u32 node)
{
	if (fdt_is_compatible(tree, node, "arm,gic-v3"))
		return BOOT_IRQCHIP_GICV3;
	if (fdt_is_compatible(tree, node, "arm,cortex-a15-gic") ||
	    fdt_is_compatible(tree, node, "arm,gic-400"))
		return BOOT_IRQCHIP_GICV2;
	return BOOT_IRQCHIP_NONE;
}

static const char *take_gic(struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;
	struct boot_info *info = parser->info;
	enum boot_irqchip kind = gic_kind(tree, this_node(parser));
	const char *error;

	if (!kind || info->irqchip || !fdt_is_enabled(tree, this_node(parser)))
		return NULL;
	error = fdt_get_reg(tree, &parser->path, 0, &info->irqchip_base, &info->irqchip_size);
	if (!error)
		error = fdt_get_reg(tree, &parser->path, 1, &info->irqchip_cpu_base,
				    &info->irqchip_cpu_size);
	if (!error)
		info->irqchip = kind;
	return error;
}

static bool is_plic(const struct fdt *tree, u32 node)
{
	return fdt_is_compatible(tree, node, "riscv,plic0") ||
	       fdt_is_compatible(tree, node, "sifive,plic-1.0.0");
}

/* A context is an interrupt input of a hart: its controller's phandle and the line there. */
static const char *take_contexts(struct fdt_parser *parser)
{
	struct boot_info *info = parser->info;
	struct fdt_property list;
	u32 count;

	if (!fdt_get(&parser->tree, this_node(parser), "interrupts-extended", &list))
		return "PLIC is connected to no hart";
	if (list.size % 8)
		return "PLIC has a list of contexts that is not made of pairs";
	/* Contexts beyond these belong to harts that did not fit and are counted as lost. */
	count = MIN(list.size / 8, (u32)ARRAY_SIZE(info->plic_context));
	for (u32 i = 0; i < count; i++) {
		info->plic_context[i].intc = (u32)fdt_cells(list.data + 8 * i, 1);
		info->plic_context[i].irq = (u32)fdt_cells(list.data + 8 * i + 4, 1);
	}
	info->nr_plic_contexts = count;
	return NULL;
}

static const char *take_plic(struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;
	struct boot_info *info = parser->info;
	u32 node = this_node(parser);
	const char *error;

	if (!is_plic(tree, node) || info->irqchip || !fdt_is_enabled(tree, node))
		return NULL;
	error = fdt_get_reg(tree, &parser->path, 0, &info->irqchip_base, &info->irqchip_size);
	if (!error)
		error = fdt_get_u32(tree, node, "riscv,ndev", &info->plic_sources);
	if (!error && !info->plic_sources)
		return "PLIC has no interrupt sources";
	if (!error)
		error = take_contexts(parser);
	if (!error)
		info->irqchip = BOOT_IRQCHIP_PLIC;
	return error;
}

/* The controller of a node's interrupts: named by the node itself or by the nearest one above. */
static u32 find_controller(const struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;

	for (u32 i = parser->path.depth; i > 0; i--) {
		struct fdt_property property;

		if (!fdt_get(tree, parser->path.node[i - 1], "interrupt-parent", &property))
			continue;
		if (property.size != 4)
			return FDT_NO_NODE;
		return fdt_find_phandle(tree, (u32)fdt_cells(property.data, 1));
	}
	return FDT_NO_NODE;
}

/* The line of a GIC as its registers number it. */
static const char *gic_line(const u8 *cells, u32 count, u32 *line)
{
	u64 type = fdt_cells(cells, 1), number = fdt_cells(cells + 4, 1);

	if (count < GIC_CELLS)
		return "GIC with interrupts of fewer than three cells";
	if (type == GIC_SPI && number < 988)
		*line = (u32)number + GIC_SPI_BASE;
	else if (type == GIC_PPI && number < 16)
		*line = (u32)number + GIC_PPI_BASE;
	else
		return "GIC interrupt of unknown type or number";
	return NULL;
}

/* Interrupt @index of the node; *line stays 0 if it has none or its controller is of no known kind. */
static const char *read_interrupt(const struct fdt_parser *parser, u32 index, u32 *line)
{
	const struct fdt *tree = &parser->tree;
	u32 controller, cells = 0;
	struct fdt_property list;
	const char *error;

	if (!fdt_get(tree, this_node(parser), "interrupts", &list))
		return NULL;
	controller = find_controller(parser);
	if (controller == FDT_NO_NODE)
		return "device-tree node has interrupts, but no interrupt parent";
	error = fdt_get_u32(tree, controller, "#interrupt-cells", &cells);
	if (error)
		return error;
	if (!cells || cells > 8)
		return "interrupt controller without a usable number of interrupt cells";
	if (list.size / (4 * cells) <= index)
		return "device-tree node has too few interrupts";
	if (gic_kind(tree, controller))
		return gic_line(list.data + 4 * cells * index, cells, line);
	if (is_plic(tree, controller))
		*line = (u32)fdt_cells(list.data + 4 * cells * index, 1);
	return NULL;
}

static const char *take_timer(struct fdt_parser *parser)
{
	const struct fdt *tree = &parser->tree;

	if (!fdt_is_compatible(tree, this_node(parser), "arm,armv8-timer") &&
	    !fdt_is_compatible(tree, this_node(parser), "arm,armv7-timer"))
		return NULL;
	return read_interrupt(parser, VIRTUAL_TIMER, &parser->info->timer_irq);
}

static const char *take_test_finisher(struct fdt_parser *parser)
{
	if (!fdt_is_compatible(&parser->tree, this_node(parser), "sifive,test0") ||
	    parser->info->test_finisher)
		return NULL;
	return fdt_get_reg(&parser->tree, &parser->path, 0, &parser->info->test_finisher,
			   &parser->info->test_finisher_size);
}

static enum boot_uart uart_kind(const struct fdt *tree, u32 node)
{
	u32 shift = 0;

	if (fdt_is_compatible(tree, node, "arm,pl011"))
		return BOOT_UART_PL011;
	/* Registers that are not one byte apart belong to another driver. */
	if (fdt_is_compatible(tree, node, "ns16550a") &&
	    !fdt_get_u32(tree, node, "reg-shift", &shift) && !shift)
		return BOOT_UART_16550;
	return BOOT_UART_NONE;
}

static const char *take_console(struct fdt_parser *parser)
{
	struct boot_info *info = parser->info;
	enum boot_uart kind;
	const char *error;

	if (this_node(parser) != parser->console)
		return NULL;
	kind = uart_kind(&parser->tree, this_node(parser));
	if (!kind)
		return NULL;
	error = fdt_get_reg(&parser->tree, &parser->path, 0, &info->uart_base, &info->uart_size);
	if (!error)
		error = read_interrupt(parser, 0, &info->uart_irq);
	if (!error)
		info->uart = kind;
	return error;
}

/* Each looks whether the node is one of its own. */
static const char *(*const takers[])(struct fdt_parser *parser) = {
	take_memory, take_reserved, take_chosen, take_timebase, take_cpu,           take_distances,
	take_psci,   take_gic,      take_plic,   take_timer,    take_test_finisher, take_console,
};

static const char *take_node(struct fdt_parser *parser)
{
	const char *error = NULL;

	for (u32 i = 0; !error && i < ARRAY_SIZE(takers); i++)
		error = takers[i](parser);
	return error;
}

static const char *take_reservations(struct fdt_parser *parser)
{
	u32 offset = parser->tree.reserve_offset;
	bool is_cut;
	u64 base, size;

	while (fdt_next_reservation(&parser->tree, &offset, &base, &size, &is_cut))
		boot_info_add_reserved(parser->info, base, size);
	return is_cut ? "reservation block of the device tree has no end" : NULL;
}

const char *fdt_parse(const void *blob, size_t size, struct boot_info *info)
{
	struct fdt_parser parser = { .info = info, .console = FDT_NO_NODE };
	const char *error = fdt_open(blob, size, &parser.tree);
	u32 at = 0, chosen;

	if (error)
		return error;
	info->nr_nodes = MAX(info->nr_nodes, 1U);
	error = take_reservations(&parser);
	/* The console is looked up first: its node may stand before /chosen. */
	chosen = fdt_find_path(&parser.tree, "/chosen", strlen("/chosen"));
	if (!error && chosen != FDT_NO_NODE)
		error = find_console(&parser, chosen);
	while (!error && fdt_next_node(&parser.tree, &parser.path, &at))
		error = take_node(&parser);
	if (error)
		return error;
	info->has_sstc = parser.nr_harts && parser.nr_sstc == parser.nr_harts;
	return NULL;
}
