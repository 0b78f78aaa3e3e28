// SPDX-License-Identifier: MIT
/*
 * Fixed-size kernel memory, type-stable: a frame carved for one cache stays
 * with it for ever, and an item keeps its contents while it is free.  So all
 * bookkeeping lies beside the items, never inside of them:
 *
 *   | struct slab | u16 link a item | items ...                      |
 *
 * A free item's link is the number of the next free one; a used item's is
 * LINK_USED, which is how a double free is seen.
 */
#include <kernel/kasan.h>
#include <kernel/panic.h>
#include <kernel/spinlock.h>

#include "internal.h"

#define LINK_USED 0xffffu
#define LINK_END 0xfffeu

struct slab {
	struct slab_cache *cache;
	struct slab *next; /* with free items, too */
	u16 first_free;
	u16 nr_items;
	u16 offset; /* of item 0 */
	u16 link[];
};
_Static_assert(sizeof(struct slab) + sizeof(u16) <= PAGE_SIZE - SLAB_MAX_SIZE, "one item fits");

static void *slab_item(struct slab *slab, u32 number)
{
	return (char *)slab + slab->offset + number * slab->cache->size;
}

/* A fresh frame for the cache, all items free. */
static noinline struct slab *slab_grow(struct slab_cache *cache)
{
	paddr_t frame = frame_alloc_charged();
	struct slab *slab;
	size_t head;

	if (!frame)
		return NULL;
	slab = phys_to_ptr(frame);
	slab->cache = cache;
	slab->nr_items =
		(u16)((PAGE_SIZE - sizeof(struct slab)) / (cache->size + sizeof(u16)));
	head = sizeof(struct slab) + slab->nr_items * sizeof(u16);
	/* Rounding the head up to the items' alignment may cost the last item its place. */
	if (ALIGN_UP(head, 16) + slab->nr_items * cache->size > PAGE_SIZE)
		slab->nr_items--;
	slab->offset = (u16)(PAGE_SIZE - slab->nr_items * cache->size);
	for (u32 i = 0; i < slab->nr_items; i++)
		slab->link[i] = i + 1 < slab->nr_items ? (u16)(i + 1) : LINK_END;
	kasan_poison(slab, PAGE_SIZE, KASAN_FREE_ITEM);
	return slab;
}

void *slab_alloc(struct slab_cache *cache)
{
	struct slab *slab;
	void *item = NULL;
	u32 number;

	ASSERT(cache->size >= 16 && cache->size <= SLAB_MAX_SIZE && IS_ALIGNED(cache->size, 16u));
	spin_lock(&cache->lock);
	if (!cache->free)
		cache->free = slab_grow(cache);
	slab = cache->free;
	if (slab) {
		number = slab->first_free;
		item = slab_item(slab, number);
		slab->first_free = slab->link[number];
		slab->link[number] = LINK_USED;
		if (slab->first_free == LINK_END)
			cache->free = slab->next;
		kasan_unpoison(item, cache->size);
	}
	spin_unlock(&cache->lock);
	return item;
}

void slab_free(struct slab_cache *cache, void *item)
{
	struct slab *slab = (struct slab *)ALIGN_DOWN((u64)item, PAGE_SIZE);
	u32 offset = (u32)((char *)item - (char *)slab);
	u32 number;

	spin_lock(&cache->lock);
	if (slab->cache != cache || offset < slab->offset || (offset - slab->offset) % cache->size)
		panic("%s: free of %p, which is no item of it", cache->name, item);
	number = (offset - slab->offset) / cache->size;
	if (slab->link[number] != LINK_USED)
		panic("%s: double free of %p", cache->name, item);
	slab->link[number] = slab->first_free;
	if (slab->first_free == LINK_END) {
		slab->next = cache->free;
		cache->free = slab;
	}
	slab->first_free = (u16)number;
	kasan_poison(item, cache->size, KASAN_FREE_ITEM);
	spin_unlock(&cache->lock);
}
