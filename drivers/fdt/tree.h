/* SPDX-License-Identifier: MIT */
/*
 * Access to a flattened device tree whose structure fdt_open() has found sound.
 * A node is named by the offset of its first token in the structure block.
 * Private to drivers/fdt.
 */
#ifndef DRIVERS_FDT_TREE_H
#define DRIVERS_FDT_TREE_H

#include <kernel/types.h>

#define FDT_DEPTH_MAX 16
#define FDT_NO_NODE (~0U)

struct fdt {
	const u8 *blob;
	const u8 *structure;
	u32 structure_size;
	const char *strings;
	u32 strings_size;
	u32 reserve_offset; /* of the memory reservation block in the blob */
	u32 total_size;
};

struct fdt_property {
	const u8 *data;
	u32 size;
};

/* A node and all nodes above it; node[0] is the root. */
struct fdt_path {
	u32 node[FDT_DEPTH_MAX];
	u32 depth; /* how many */
};

/* A walk over the children of one node. */
struct fdt_children {
	u32 at;
	u32 child;
};

/** fdt_open() - check header and structure of a blob. Return: NULL and *fdt, or what is wrong. */
const char *fdt_open(const void *blob, size_t size, struct fdt *fdt) __must_check;

/** fdt_next_reservation() - the entry at *offset of the memory reservation block (reserve_offset at
 *  first). Return: false at the end; also at the end of the blob, which *is_cut then tells. */
bool fdt_next_reservation(const struct fdt *fdt, u32 *offset, u64 *base, u64 *size, bool *is_cut);

/** fdt_next_node() - advance *path (depth 0 at first) to the next node in the order of the blob. */
bool fdt_next_node(const struct fdt *fdt, struct fdt_path *path, u32 *at);

/**
 * fdt_children_init() / fdt_next_child() - walk over the nodes right below @node, by *children.
 * Return: false at the end.
 */
void fdt_children_init(const struct fdt *fdt, u32 node, struct fdt_children *children);
bool fdt_next_child(const struct fdt *fdt, struct fdt_children *children);

/** fdt_name() - the node's name with its unit address. */
const char *fdt_name(const struct fdt *fdt, u32 node);

/** fdt_name_is() - @name equals the first @length characters of @wanted, the unit address left away. */
bool fdt_name_is(const struct fdt *fdt, u32 node, const char *wanted, size_t length);

/** fdt_get() - Return: false if the node has no such property. */
bool fdt_get(const struct fdt *fdt, u32 node, const char *name, struct fdt_property *property);

/** fdt_string_is() - the property is exactly this string. */
bool fdt_string_is(const struct fdt *fdt, u32 node, const char *name, const char *value);

/** fdt_get_string() - Return: the text of a terminated string property, else NULL. */
const char *fdt_get_string(const struct fdt *fdt, u32 node, const char *name);

/** fdt_is_compatible() - @model is one of the strings of "compatible". */
bool fdt_is_compatible(const struct fdt *fdt, u32 node, const char *model);

/** fdt_list_has() - @text is one of the strings of the list @name. */
bool fdt_list_has(const struct fdt *fdt, u32 node, const char *name, const char *text);

/** fdt_is_enabled() - no "status", or one that says okay. */
bool fdt_is_enabled(const struct fdt *fdt, u32 node);

/** fdt_get_u32() - Return: NULL and *value (untouched if absent), or what is wrong. */
const char *fdt_get_u32(const struct fdt *fdt, u32 node, const char *name, u32 *value) __must_check;

/** fdt_cells() - a number of @count (0 to 2) big-endian cells. */
u64 fdt_cells(const u8 *data, u32 count);

/** fdt_phandle() - the node's phandle, 0 if it has none. */
u32 fdt_phandle(const struct fdt *fdt, u32 node);

/** fdt_find_phandle() - the node with that phandle, or FDT_NO_NODE. */
u32 fdt_find_phandle(const struct fdt *fdt, u32 phandle);

/** fdt_find_path() - the node at the absolute path of @length characters, or FDT_NO_NODE. */
u32 fdt_find_path(const struct fdt *fdt, const char *path, size_t length);

/**
 * fdt_get_reg() - entry @index of the "reg" of the last node of @path, as the processor sees it:
 * translated through the "ranges" of all buses above. *size is 0 if the bus has no sizes.
 */
const char *fdt_get_reg(const struct fdt *fdt, const struct fdt_path *path, u32 index, u64 *base,
			u64 *size) __must_check;

/** fdt_reg_count() - entries in "reg"; 0 if there is none. */
const char *fdt_reg_count(const struct fdt *fdt, const struct fdt_path *path,
			  u32 *count) __must_check;

/** fdt_get_raw_reg() - the same without translation. */
const char *fdt_get_raw_reg(const struct fdt *fdt, const struct fdt_path *path, u32 index,
			    u64 *base, u64 *size) __must_check;

#endif
