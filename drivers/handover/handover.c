// SPDX-License-Identifier: MIT
/*
 * The parsers of PVH's start_info and of Multiboot2's information.  Pure: they
 * read memory only through the caller's map and in copies, because a loader
 * aligns by its own taste, and write nothing but struct boot_info.
 */
#include <kernel/handover.h>
#include <kernel/printk.h>
#include <lib/string.h>

#define MAP_ENTRY_USABLE 1

/* An entry of the firmware's memory map, as both protocols give it. */
struct map_entry {
	u64 base, size;
	u32 type;
	u32 reserved;
};

/* PVH */
struct start_info {
	u32 magic, version, flags, nr_modules;
	u64 modules, cmdline, rsdp;
	u64 memmap; /* version 1 and later */
	u32 memmap_entries;
	u32 reserved;
};

struct start_module {
	u64 base, size, cmdline, reserved;
};

/* Multiboot2: tags of 8-byte alignment; the module's addresses and the map's sizes have 8 bytes. */
struct multiboot_tag {
	u32 type, size;
	u32 word[2];
};
#define TAG_END 0
#define TAG_CMDLINE 1
#define TAG_MODULE 3
#define TAG_MEMORY_MAP 6
#define TAG_RSDP_1 14
#define TAG_RSDP_2 15
#define TAG_HEADER 8U

struct handover {
	const void *(*map)(paddr_t base, size_t size);
	struct boot_info *info;
};

static bool read(const struct handover *h, paddr_t base, void *to, size_t size)
{
	const void *view = h->map(base, size);

	if (view)
		memcpy(to, view, size);
	return view;
}

/* Byte by byte: what lies behind the end of the text may not be there. */
static const char *take_cmdline(const struct handover *h, paddr_t text, u64 limit)
{
	char *to = h->info->cmdline;

	for (u64 i = 0; i < limit; i++) {
		if (!read(h, text + i, &to[i], 1))
			return "the command line lies beyond 4 GiB";
		if (!to[i])
			return NULL;
		if (i == BOOT_CMDLINE_SIZE - 1) {
			h->info->is_cmdline_cut = true;
			limit = i;
		}
	}
	to[limit] = 0;
	return NULL;
}

/* The first module is the boot archive; a second one has no meaning. */
static const char *take_module(const struct handover *h, paddr_t base, u64 size)
{
	if (h->info->archive || !size) {
		pr_warning("boot: module at %#lx ignored: only one boot archive is taken", base);
		return NULL;
	}
	if (!h->map(base, size))
		return "the boot archive lies beyond 4 GiB";
	h->info->archive = base;
	h->info->archive_size = size;
	boot_info_add_reserved(h->info, base, size);
	return NULL;
}

/* Neighbours become one range: UEFI firmware gives many small ones. */
static void add_usable(struct boot_info *info, const struct map_entry *entry)
{
	struct boot_range *last = info->nr_usable ? &info->usable[info->nr_usable - 1] : NULL;

	if (last && last->base + last->size == entry->base)
		last->size += entry->size;
	else
		boot_info_add_usable(info, entry->base, entry->size, 0);
}

/*
 * Only type 1 is usable: 3 holds ACPI tables, 4 firmware's own, 20 and others
 * are not to be touched.  Of the rest only what overlaps usable memory must be
 * remembered, hence the second round; firmware lists huge ranges without memory
 * behind them.
 */
static const char *take_memory_map(const struct handover *h, paddr_t at, u32 entry_size, u32 count)
{
	struct map_entry entry;

	if (entry_size < sizeof(entry))
		return "the memory map's entries are too short";
	/* Also so that the clang analyzer sees that nothing is divided by zero. */
	if (!count)
		return NULL;
	for (u64 i = 0; i < 2UL * count; i++) {
		if (!read(h, at + i % count * entry_size, &entry, sizeof(entry)))
			return "the memory map lies beyond 4 GiB";
		if (range_overflows(entry.base, entry.size))
			entry.size = ~0UL - entry.base;
		if (i < count && entry.size && entry.type == MAP_ENTRY_USABLE)
			add_usable(h->info, &entry);
		else if (i >= count && entry.type != MAP_ENTRY_USABLE &&
			 boot_ranges_overlap(h->info->usable, h->info->nr_usable, entry.base,
					     entry.size))
			boot_info_add_reserved(h->info, entry.base, entry.size);
	}
	return NULL;
}

const char *pvh_parse(paddr_t handover, const void *(*map)(paddr_t base, size_t size),
		      struct boot_info *info)
{
	const struct handover h = { map, info };
	struct start_module module;
	struct start_info start;
	const char *error;

	info->protocol = "PVH";
	if (!read(&h, handover, &start, sizeof(start)))
		return "start_info lies beyond 4 GiB";
	if (start.magic != PVH_MAGIC)
		return "what was handed over is no start_info";
	if (start.version < 1 || !start.memmap_entries)
		return "start_info has no memory map";
	error = take_memory_map(&h, start.memmap, sizeof(struct map_entry), start.memmap_entries);
	if (!error && start.cmdline)
		error = take_cmdline(&h, start.cmdline, BOOT_CMDLINE_SIZE);
	for (u32 i = 0; !error && i < start.nr_modules; i++)
		error = read(&h, start.modules + i * sizeof(module), &module, sizeof(module)) ?
				take_module(&h, module.base, module.size) :
				"the list of modules lies beyond 4 GiB";
	info->firmware = start.rsdp;
	return error;
}

/* The tag at @at lies inside of the structure; what it has not got of its two words is 0. */
static const char *take_tag(const struct handover *h, const struct multiboot_tag *tag, paddr_t at)
{
	paddr_t body = at + TAG_HEADER;
	u32 size = tag->size - TAG_HEADER;

	switch (tag->type) {
	case TAG_CMDLINE:
		return take_cmdline(h, body, size);
	case TAG_MODULE:
		if (tag->word[1] > tag->word[0])
			return take_module(h, tag->word[0], tag->word[1] - tag->word[0]);
		return NULL;
	case TAG_MEMORY_MAP:
		if (!tag->word[0])
			return "the memory map's entries are too short";
		return take_memory_map(h, body + TAG_HEADER, tag->word[0],
				       (size - TAG_HEADER) / tag->word[0]);
	case TAG_RSDP_1:
	case TAG_RSDP_2:
		/* Both may come: the second one knows the XSDT. */
		if (!h->info->firmware || tag->type == TAG_RSDP_2)
			h->info->firmware = body;
	}
	return NULL;
}

const char *multiboot_parse(paddr_t handover, const void *(*map)(paddr_t base, size_t size),
			    struct boot_info *info)
{
	const struct handover h = { map, info };
	struct multiboot_tag tag;
	const char *error = NULL;
	u32 total;

	info->protocol = "Multiboot2";
	if (!read(&h, handover, &total, sizeof(total)) || !map(handover, total))
		return "the Multiboot2 information lies beyond 4 GiB";
	for (u64 at = TAG_HEADER; !error; at += ALIGN_UP((u64)tag.size, 8UL)) {
		tag = (struct multiboot_tag){ 0 };
		if (at + TAG_HEADER > total || !read(&h, handover + at, &tag, TAG_HEADER))
			return "the Multiboot2 information has no end";
		if (tag.type == TAG_END)
			return NULL;
		if (tag.size < TAG_HEADER || tag.size > total - at)
			return "a Multiboot2 tag leaves the information";
		if (tag.size >= sizeof(tag) && !read(&h, handover + at, &tag, sizeof(tag)))
			return "a Multiboot2 tag cannot be read";
		error = take_tag(&h, &tag, handover + at);
	}
	return error;
}
