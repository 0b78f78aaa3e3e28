/* SPDX-License-Identifier: MIT */
/*
 * Frames, charges, object slabs, kernel mappings, the page-table walker.
 *
 * Who may call: bootmem.c and kmap.c belong to the boot CPU before user mode runs,
 * but for kmap_close(), kmap_root() and kmap_is_kernel_device().  Frames, charges
 * and slabs have locks of the last ranks, so any lock of lower rank may be held.
 * The walker takes no lock: whoever calls it holds the space lock of the space
 * whose tables they are, or is the only one to know these tables.
 */
#ifndef KERNEL_MM_H
#define KERNEL_MM_H

#include <kernel/arch.h>
#include <kernel/spinlock.h>
#include <kernel/types.h>

struct boot_info;

/* ---- mm/bootmem.c: before the frame allocator; addresses are permanent ---- */

/** bootmem_init() - usable minus reserved, kernel image and archive; panics with a clear text if nothing is left. */
void bootmem_init(const struct boot_info *info);

/**
 * bootmem_alloc() - @size bytes, page aligned, zeroed; from the early window until kmap_init()
 * is done. Panics when exhausted.
 */
void *bootmem_alloc(size_t size);

/* ---- mm/kmap.c: the kernel's own half ---- */

/** kmap_init() - build the final kernel page tables and switch to them. */
void kmap_init(const struct boot_info *info);

/**
 * kmap_device() - registers of a device, uncached, in the direct map. The range is refused to
 * user space from now on unless @shared.
 */
void *kmap_device(paddr_t base, size_t size, bool shared);

/** kmap_is_kernel_device() - [base, base+size) touches registers the kernel keeps for itself. */
bool kmap_is_kernel_device(paddr_t base, u64 size);

#define KERNEL_STACK_SIZE (4 * PAGE_SIZE)

/** kmap_stack() - a kernel stack for CPU @index with guard pages. Return: its top. */
kaddr_t kmap_stack(u32 index);

/** kmap_close() - user spaces copy the root from now on: it gets no new entries any more. */
void kmap_close(void);

/** kmap_root() - the kernel's root table. */
paddr_t kmap_root(void);

/* ---- mm/frame.c: 4 KiB frames and aligned runs of 2^order of them ---- */

enum zone { ZONE_NORMAL, ZONE_DMA /* below 16 MiB */ };

/** frame_init() - hand all free boot memory to the allocator. */
void frame_init(const struct boot_info *info);

/** frame_alloc() - 2^@order frames (0..10), contents undefined. Return: physical address, 0 if none. */
paddr_t frame_alloc(unsigned order, enum zone zone) __must_check;

/** frame_free() - panics on a double free, a wrong order or a foreign frame (they are kernel bugs). */
void frame_free(paddr_t frame, unsigned order);

/** frame_is_ram() - any page of the range is memory of the machine. */
bool frame_is_ram(paddr_t base, u64 size);

struct frame_stats {
	u64 total, free; /* frames */
};

/** frame_get_stats() - all zones together; what other CPUs do meanwhile may be in it or not. */
void frame_get_stats(struct frame_stats *stats);

/* ---- mm/account.c: the one place that charges ---- */

/** account_charge() - promise @frames frames. Return: ST_OK or ST_NOMEM. After that allocating them cannot fail. */
long account_charge(u64 frames) __must_check;

/** account_release() - promises that nobody needs any more; the frames themselves are back already. */
void account_release(u64 frames);

/** frame_alloc_charged() - one cleared frame, charged. Return: 0 if the account cannot pay. */
paddr_t frame_alloc_charged(void) __must_check;

/** frame_free_charged() - the frame and its charge back. */
void frame_free_charged(paddr_t frame);

/** account_available() - frames not promised to anybody. */
u64 account_available(void);

/* ---- mm/slab.c: fixed-size kernel memory, type-stable ---- */

#define SLAB_MAX_SIZE (PAGE_SIZE - 32)

struct slab_cache {
	const char *name;
	u32 size; /* of an item, 16 .. SLAB_MAX_SIZE bytes, multiple of 16 */
	struct spinlock lock;
	void *free; /* frames with free items */
};

/** slab_alloc() - an item; contents are what its last user left (fresh: zero). NULL if memory is exhausted. */
void *slab_alloc(struct slab_cache *cache) __must_check;

/** slab_free() - give an item back; panics on a double free. Its contents stay. */
void slab_free(struct slab_cache *cache, void *item);

/* ---- mm/pgtable.c: the one walker ---- */

/**
 * pgtable_prepare() - make sure tables down to level @level exist for a range; makes at most @limit.
 * Return: ST_OK, ST_NOMEM, SYSCALL_RESTART: more is to be made (tables made so far stay).
 */
long pgtable_prepare(paddr_t root, u64 address, u64 size, unsigned level, unsigned limit);

/** pgtable_entry() - the entry for @address at @level, NULL if a table above is missing or a larger leaf covers it. */
pte_t *pgtable_entry(paddr_t root, u64 address, unsigned level);

/** pgtable_map() - map a range with the largest leaves alignment allows; tables by frame_alloc/bootmem. Kernel half. */
long pgtable_map(paddr_t root, u64 address, paddr_t base, u64 size, u32 flags);

/**
 * pgtable_clear() - clear the level-0 leaves at the front of a range, as far as one table holds them.
 * Return: how many bytes from @address on are clear now; *any becomes true if one was present.
 */
u64 pgtable_clear(paddr_t root, u64 address, u64 size, bool *any);

/** pgtable_protect() - likewise, rewrite the flags of those that are present. */
u64 pgtable_protect(paddr_t root, u64 address, u64 size, u32 flags, bool *any);

/* Which tables may go: those that serve [start, end), and nothing outside of [low, high), where no page is mapped. */
struct table_span {
	u64 start, end;
	u64 low, high;
};

/**
 * pgtable_detach() - unlink the empty tables of a span.  They are put on *list, linked by
 * their first word (bit 0 clear: not present to a CPU that still walks them), for
 * pgtable_free_list() after the next shootdown.  Return: there were any.
 */
bool pgtable_detach(paddr_t root, const struct table_span *span, paddr_t *list);

/** pgtable_free_list() - free and discharge up to @limit detached tables. */
void pgtable_free_list(paddr_t *list, unsigned limit);

/**
 * pgtable_free_step() - free the tables of the user half, and the frames that the entries of the
 * level-0 table @window name (NULL: there is none), in bounded pieces.  Nothing else is mapped any
 * more.  true when all are gone (root stays).
 */
bool pgtable_free_step(paddr_t root, const pte_t *window);

#endif
