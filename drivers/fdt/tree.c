// SPDX-License-Identifier: MIT
/*
 * The format of a flattened device tree: header, structure block, strings.
 *
 * fdt_open() walks the whole structure block once and checks every length,
 * offset and terminator, the nesting, and that it ends.  What follows reads the
 * checked block without further bounds checks of tokens, but still checks the
 * contents of properties, which are whatever firmware put there.
 *
 * Numbers are big-endian and assembled from bytes: the blob may lie anywhere,
 * and unaligned loads would fault while the MMU is off.
 * Source: Devicetree Specification 0.4, chapter 5 (format) and 2 (properties).
 */
#include "tree.h"
#include <kernel/bootinfo.h>
#include <lib/string.h>

#define FDT_MAGIC 0xd00dfeedU
#define FDT_VERSION 17
#define HEADER_SIZE 40
#define RESERVATION_SIZE 16

enum fdt_token {
	TOKEN_BEGIN = 1,
	TOKEN_END_NODE = 2,
	TOKEN_PROPERTY = 3,
	TOKEN_NOP = 4,
	TOKEN_END = 9,
};

/* Byte offsets of the header's numbers. */
enum fdt_header {
	HEADER_MAGIC = 0,
	HEADER_TOTAL_SIZE = 4,
	HEADER_STRUCTURE = 8,
	HEADER_STRINGS = 12,
	HEADER_RESERVATIONS = 16,
	HEADER_VERSION = 20,
	HEADER_LAST_COMPATIBLE = 24,
	HEADER_STRINGS_SIZE = 32,
	HEADER_STRUCTURE_SIZE = 36,
};

/* One token and what belongs to it. */
struct fdt_item {
	u32 token;
	u32 start; /* offset of the token */
	u32 next;  /* offset behind the item */
	const char *name;
	struct fdt_property property;
};

static u32 read_u32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

u64 fdt_cells(const u8 *data, u32 count)
{
	u64 value = 0;

	for (u32 i = 0; i < count; i++)
		value = value << 32 | read_u32(data + 4 * i);
	return value;
}

size_t fdt_total_size(const void *blob)
{
	const u8 *header = blob;

	if (read_u32(header + HEADER_MAGIC) != FDT_MAGIC)
		return 0;
	return read_u32(header + HEADER_TOTAL_SIZE);
}

static const char *check_header(const u8 *header, size_t size, struct fdt *fdt)
{
	u32 structure, strings;

	if (size < HEADER_SIZE)
		return "device tree ends inside its header";
	if (read_u32(header + HEADER_MAGIC) != FDT_MAGIC)
		return "not a device tree: wrong magic number";
	fdt->total_size = read_u32(header + HEADER_TOTAL_SIZE);
	if (fdt->total_size > size)
		return "device tree is larger than the memory it is in";
	if (fdt->total_size < HEADER_SIZE)
		return "device tree is smaller than its header";
	if (read_u32(header + HEADER_VERSION) < FDT_VERSION)
		return "device tree of a version before 17";
	if (read_u32(header + HEADER_LAST_COMPATIBLE) > FDT_VERSION)
		return "device tree of a version too new to read";
	structure = read_u32(header + HEADER_STRUCTURE);
	strings = read_u32(header + HEADER_STRINGS);
	fdt->reserve_offset = read_u32(header + HEADER_RESERVATIONS);
	fdt->structure_size = read_u32(header + HEADER_STRUCTURE_SIZE);
	fdt->strings_size = read_u32(header + HEADER_STRINGS_SIZE);
	if (!IS_ALIGNED(structure, 4) || !IS_ALIGNED(fdt->structure_size, 4))
		return "structure block of the device tree is not aligned";
	if (!IS_ALIGNED(fdt->reserve_offset, 8))
		return "reservation block of the device tree is not aligned";
	if (!range_within(structure, fdt->structure_size, HEADER_SIZE, fdt->total_size))
		return "structure block lies outside of the device tree";
	if (!range_within(strings, fdt->strings_size, HEADER_SIZE, fdt->total_size))
		return "strings block lies outside of the device tree";
	if (fdt->reserve_offset < HEADER_SIZE || fdt->reserve_offset > fdt->total_size)
		return "reservation block lies outside of the device tree";
	fdt->blob = header;
	fdt->structure = header + structure;
	fdt->strings = (const char *)header + strings;
	return NULL;
}

/* Move *at over @size bytes and the padding.  Return: false if they are not there. */
static bool advance(const struct fdt *fdt, u32 *at, u64 size)
{
	if (size > fdt->structure_size - *at)
		return false;
	/* The block's size is a multiple of four, so the padding is inside, too. */
	*at = ALIGN_UP(*at + (u32)size, 4);
	return true;
}

static const char *check_begin(const struct fdt *fdt, u32 *at)
{
	u32 room = fdt->structure_size - *at;
	size_t length = strnlen((const char *)fdt->structure + *at, room);

	if (length == room || !advance(fdt, at, length + 1))
		return "name of a device-tree node is not terminated";
	return NULL;
}

static const char *check_property(const struct fdt *fdt, u32 *at)
{
	u32 size, name;

	if (fdt->structure_size - *at < 8)
		return "device-tree property ends inside its header";
	size = read_u32(fdt->structure + *at);
	name = read_u32(fdt->structure + *at + 4);
	if (!advance(fdt, at, 8 + (u64)size))
		return "device-tree property is larger than the structure block";
	if (name >= fdt->strings_size)
		return "name of a device-tree property lies outside of the strings block";
	if (strnlen(fdt->strings + name, fdt->strings_size - name) == fdt->strings_size - name)
		return "name of a device-tree property is not terminated";
	return NULL;
}

/* Where the check of the structure block has come to. */
struct fdt_check {
	u32 at, depth;
	bool has_root;
	bool is_head; /* before the first child, where properties may stand */
};

static const char *check_token(const struct fdt *fdt, struct fdt_check *check, u32 token)
{
	switch (token) {
	case TOKEN_BEGIN:
		if (!check->depth && check->has_root)
			return "device tree has more than one root";
		if (check->depth == FDT_DEPTH_MAX)
			return "device tree is nested too deeply";
		check->depth++;
		check->has_root = true;
		check->is_head = true;
		return check_begin(fdt, &check->at);
	case TOKEN_END_NODE:
		if (!check->depth)
			return "device tree ends a node that never began";
		check->depth--;
		check->is_head = false;
		return NULL;
	case TOKEN_PROPERTY:
		if (!check->is_head)
			return "device-tree property stands outside of the head of a node";
		return check_property(fdt, &check->at);
	case TOKEN_NOP:
		return NULL;
	case TOKEN_END:
		if (check->depth)
			return "device tree ends inside a node";
		return check->has_root ? NULL : "device tree has no root";
	}
	return "unknown token in the device tree";
}

/* Every token moves at least four bytes ahead, so this ends. */
static const char *check_structure(const struct fdt *fdt)
{
	struct fdt_check check = { 0 };
	u32 token = TOKEN_NOP;

	while (token != TOKEN_END) {
		const char *error;

		if (fdt->structure_size - check.at < 4)
			return "structure block of the device tree has no end";
		token = read_u32(fdt->structure + check.at);
		check.at += 4;
		error = check_token(fdt, &check, token);
		if (error)
			return error;
	}
	return NULL;
}

const char *fdt_open(const void *blob, size_t size, struct fdt *fdt)
{
	const char *error = check_header(blob, size, fdt);

	return error ? error : check_structure(fdt);
}

bool fdt_next_reservation(const struct fdt *fdt, u32 *offset, u64 *base, u64 *size, bool *is_cut)
{
	const u8 *entry = fdt->blob + *offset;

	*is_cut = fdt->total_size - *offset < RESERVATION_SIZE;
	if (*is_cut)
		return false;
	*base = fdt_cells(entry, 2);
	*size = fdt_cells(entry + 8, 2);
	*offset += RESERVATION_SIZE;
	return *base || *size;
}

/* The first item at or behind @at that is no NOP. */
static struct fdt_item read_item(const struct fdt *fdt, u32 at)
{
	/* A name even where there is none: the clang analyzer does not see that tokens tell. */
	struct fdt_item item = {
		.start = at, .token = read_u32(fdt->structure + at), .name = ""
	};
	const u8 *body;

	while (item.token == TOKEN_NOP) {
		item.start += 4;
		item.token = read_u32(fdt->structure + item.start);
	}
	item.next = item.start + 4;
	body = fdt->structure + item.next;
	if (item.token == TOKEN_BEGIN) {
		item.name = (const char *)body;
		item.next = ALIGN_UP(item.next + (u32)strlen(item.name) + 1, 4);
	} else if (item.token == TOKEN_PROPERTY) {
		item.property.size = read_u32(body);
		item.property.data = body + 8;
		item.name = fdt->strings + read_u32(body + 4);
		item.next = ALIGN_UP(item.next + 8 + item.property.size, 4);
	}
	return item;
}

bool fdt_next_node(const struct fdt *fdt, struct fdt_path *path, u32 *at)
{
	for (;;) {
		struct fdt_item item = read_item(fdt, *at);

		if (item.token == TOKEN_END)
			return false;
		*at = item.next;
		if (item.token == TOKEN_END_NODE)
			path->depth--;
		if (item.token == TOKEN_BEGIN) {
			path->node[path->depth++] = item.start;
			return true;
		}
	}
}

void fdt_children_init(const struct fdt *fdt, u32 node, struct fdt_children *children)
{
	*children = (struct fdt_children){ .at = read_item(fdt, node).next, .child = FDT_NO_NODE };
}

bool fdt_next_child(const struct fdt *fdt, struct fdt_children *children)
{
	u32 depth = children->child == FDT_NO_NODE ? 0 : 1; /* still inside the last child */

	for (;;) {
		struct fdt_item item = read_item(fdt, children->at);

		if (item.token == TOKEN_END_NODE && !depth)
			return false;
		children->at = item.next;
		if (item.token == TOKEN_END_NODE)
			depth--;
		if (item.token == TOKEN_BEGIN && !depth++) {
			children->child = item.start;
			return true;
		}
	}
}

const char *fdt_name(const struct fdt *fdt, u32 node)
{
	return read_item(fdt, node).name;
}

bool fdt_name_is(const struct fdt *fdt, u32 node, const char *wanted, size_t length)
{
	const char *name = fdt_name(fdt, node);

	/* "@" in the wanted name asks for that unit address; without it any will do. */
	if (strncmp(name, wanted, length) != 0)
		return false;
	return !name[length] || name[length] == '@';
}

bool fdt_get(const struct fdt *fdt, u32 node, const char *name, struct fdt_property *property)
{
	struct fdt_item item = read_item(fdt, read_item(fdt, node).next);

	for (; item.token == TOKEN_PROPERTY; item = read_item(fdt, item.next)) {
		if (strcmp(item.name, name) == 0) {
			*property = item.property;
			return true;
		}
	}
	return false;
}

const char *fdt_get_string(const struct fdt *fdt, u32 node, const char *name)
{
	struct fdt_property property;

	if (!fdt_get(fdt, node, name, &property))
		return NULL;
	if (strnlen((const char *)property.data, property.size) == property.size)
		return NULL;
	return (const char *)property.data;
}

bool fdt_string_is(const struct fdt *fdt, u32 node, const char *name, const char *value)
{
	const char *text = fdt_get_string(fdt, node, name);

	return text && strcmp(text, value) == 0;
}

bool fdt_list_has(const struct fdt *fdt, u32 node, const char *name, const char *text)
{
	struct fdt_property list;
	size_t size = strlen(text) + 1, at = 0;

	if (!fdt_get(fdt, node, name, &list))
		return false;
	while (at < list.size) {
		size_t room = list.size - at;

		if (room >= size && memcmp(list.data + at, text, size) == 0)
			return true;
		at += strnlen((const char *)list.data + at, room) + 1;
	}
	return false;
}

bool fdt_is_compatible(const struct fdt *fdt, u32 node, const char *model)
{
	return fdt_list_has(fdt, node, "compatible", model);
}

bool fdt_is_enabled(const struct fdt *fdt, u32 node)
{
	struct fdt_property status;

	return !fdt_get(fdt, node, "status", &status) ||
	       fdt_string_is(fdt, node, "status", "okay") ||
	       fdt_string_is(fdt, node, "status", "ok");
}

const char *fdt_get_u32(const struct fdt *fdt, u32 node, const char *name, u32 *value)
{
	struct fdt_property property;

	if (!fdt_get(fdt, node, name, &property))
		return NULL;
	if (property.size != 4)
		return "device-tree property that must be one cell is not";
	*value = read_u32(property.data);
	return NULL;
}

u32 fdt_phandle(const struct fdt *fdt, u32 node)
{
	u32 phandle = 0;

	/* One of the wrong size is as good as none: nobody can refer to it. */
	if (fdt_get_u32(fdt, node, "phandle", &phandle) || phandle)
		return phandle;
	return fdt_get_u32(fdt, node, "linux,phandle", &phandle) ? 0 : phandle;
}

u32 fdt_find_phandle(const struct fdt *fdt, u32 phandle)
{
	struct fdt_path path = { .depth = 0 };
	u32 at = 0;

	while (phandle && fdt_next_node(fdt, &path, &at))
		if (fdt_phandle(fdt, path.node[path.depth - 1]) == phandle)
			return path.node[path.depth - 1];
	return FDT_NO_NODE;
}

static u32 find_child(const struct fdt *fdt, u32 node, const char *name, size_t length)
{
	struct fdt_children children;

	fdt_children_init(fdt, node, &children);
	while (fdt_next_child(fdt, &children))
		if (fdt_name_is(fdt, children.child, name, length))
			return children.child;
	return FDT_NO_NODE;
}

u32 fdt_find_path(const struct fdt *fdt, const char *path, size_t length)
{
	u32 node = read_item(fdt, 0).start;
	size_t at = 0;

	if (!length || path[0] != '/')
		return FDT_NO_NODE;
	while (node != FDT_NO_NODE && at < length) {
		size_t end;

		while (at < length && path[at] == '/')
			at++;
		for (end = at; end < length && path[end] != '/';)
			end++;
		if (end > at)
			node = find_child(fdt, node, path + at, end - at);
		at = end;
	}
	return node;
}

/* How a bus writes the addresses of its children. */
struct fdt_bus {
	u32 address_cells, size_cells;
};

static const char *read_bus(const struct fdt *fdt, u32 node, struct fdt_bus *bus)
{
	const char *error;

	*bus = (struct fdt_bus){ .address_cells = 2, .size_cells = 1 };
	error = fdt_get_u32(fdt, node, "#address-cells", &bus->address_cells);
	if (!error)
		error = fdt_get_u32(fdt, node, "#size-cells", &bus->size_cells);
	if (error)
		return error;
	if (bus->address_cells < 1 || bus->address_cells > 2)
		return "device-tree bus with addresses of neither one nor two cells";
	if (bus->size_cells > 2)
		return "device-tree bus with sizes of more than two cells";
	return NULL;
}

/* One row of "ranges": is the region in there, and where is it then? */
static bool translate_row(const u8 *row, const struct fdt_bus *child, const struct fdt_bus *parent,
			  u64 *base, u64 size)
{
	u64 from = fdt_cells(row, child->address_cells);
	u64 to = fdt_cells(row + 4 * child->address_cells, parent->address_cells);
	u64 span = fdt_cells(row + 4 * (child->address_cells + parent->address_cells),
			     child->size_cells);

	if (*base < from || *base - from > span || size > span - (*base - from))
		return false;
	*base = to + (*base - from);
	return true;
}

/* From the addresses of the bus @node to those of the bus above it, @above. */
static const char *translate_step(const struct fdt *fdt, u32 node, u32 above, u64 *base, u64 size)
{
	struct fdt_property ranges;
	struct fdt_bus child, parent;
	const char *error;
	u32 row;

	if (!fdt_get(fdt, node, "ranges", &ranges))
		return "device lies behind a bus without address translation";
	if (!ranges.size)
		return NULL; /* the same addresses */
	error = read_bus(fdt, node, &child);
	if (!error)
		error = read_bus(fdt, above, &parent);
	if (error)
		return error;
	row = 4 * (child.address_cells + parent.address_cells + child.size_cells);
	if (ranges.size % row)
		return "device-tree ranges are not a whole number of rows";
	for (u32 at = 0; at < ranges.size; at += row)
		if (translate_row(ranges.data + at, &child, &parent, base, size))
			return NULL;
	return "device lies outside of the ranges of its bus";
}

/* "reg", its row length in bytes, and how its numbers are written. */
static const char *read_rows(const struct fdt *fdt, const struct fdt_path *path,
			     struct fdt_property *reg, struct fdt_bus *bus, u32 *row)
{
	u32 node = path->node[path->depth - 1];
	const char *error;

	*reg = (struct fdt_property){ .size = 0 };
	if (path->depth < 2)
		return "root of the device tree has no address";
	error = read_bus(fdt, path->node[path->depth - 2], bus);
	if (error)
		return error;
	*row = 4 * (bus->address_cells + bus->size_cells);
	if (fdt_get(fdt, node, "reg", reg) && reg->size % *row)
		return "device-tree reg is not a whole number of entries";
	return NULL;
}

const char *fdt_reg_count(const struct fdt *fdt, const struct fdt_path *path, u32 *count)
{
	struct fdt_property reg;
	struct fdt_bus bus;
	u32 row;
	const char *error = read_rows(fdt, path, &reg, &bus, &row);

	*count = error ? 0 : reg.size / row;
	return error;
}

const char *fdt_get_raw_reg(const struct fdt *fdt, const struct fdt_path *path, u32 index,
			    u64 *base, u64 *size)
{
	struct fdt_property reg;
	struct fdt_bus bus;
	u32 row;
	const char *error = read_rows(fdt, path, &reg, &bus, &row);

	if (error)
		return error;
	if (index >= reg.size / row)
		return "device-tree reg has too few entries";
	*base = fdt_cells(reg.data + index * row, bus.address_cells);
	*size = fdt_cells(reg.data + index * row + 4 * bus.address_cells, bus.size_cells);
	if (range_overflows(*base, *size))
		return "device-tree reg wraps around the address space";
	return NULL;
}

const char *fdt_get_reg(const struct fdt *fdt, const struct fdt_path *path, u32 index, u64 *base,
			u64 *size)
{
	const char *error = fdt_get_raw_reg(fdt, path, index, base, size);

	/* The parent's addresses are the processor's once the parent is the root. */
	for (u32 i = path->depth - 1; !error && i >= 2; i--)
		error = translate_step(fdt, path->node[i - 1], path->node[i - 2], base, *size);
	if (!error && range_overflows(*base, *size))
		return "device-tree reg wraps around the address space";
	return error;
}
