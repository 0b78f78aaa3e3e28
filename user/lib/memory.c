// SPDX-License-Identifier: MIT
/*
 * Memory: a heap of blocks in chunks of 256 KiB, first fit, free neighbours
 * joined when a search passes them.  Programs here allocate little.
 */
#include <lib/string.h>
#include <user/lock.h>
#include <user/memory.h>
#include <user/startup.h>

#define CHUNK_PAGES 64UL

struct block {
	size_t size; /* with this header, a multiple of 16; 0 ends a chunk */
	bool is_free;
} __aligned(16);

struct chunk {
	struct chunk *next;
} __aligned(16);

static struct lock lock;
static struct chunk *chunks;

void *memory_new(u64 pages, handle_t *object)
{
	u64 memory = 0, address = 0;

	if (cap_create(TYPE_MEMORY, pages, &memory) != ST_OK)
		return NULL;
	if (mem_map(startup->self, (handle_t)memory, 0, pages * PAGE_SIZE, 0,
		    MAP_READ | MAP_WRITE, &address) != ST_OK) {
		(void)cap_delete((handle_t)memory);
		return NULL;
	}
	*object = (handle_t)memory;
	return (void *)address;
}

void memory_free(void *address, u64 pages, handle_t object)
{
	(void)mem_unmap(startup->self, (u64)address, pages * PAGE_SIZE, NULL);
	(void)cap_delete(object);
}

static struct block *next_block(struct block *block)
{
	return (struct block *)((char *)block + block->size);
}

/* Fresh objects are zero, so the block behind the first is the end already. */
static bool add_chunk(size_t size)
{
	u64 need = DIV_ROUND_UP(size + sizeof(struct chunk) + sizeof(struct block), PAGE_SIZE);
	u64 pages = MAX(need, CHUNK_PAGES);
	handle_t object;
	struct chunk *chunk = memory_new(pages, &object);
	struct block *first;

	if (!chunk)
		return false;
	first = (struct block *)(chunk + 1);
	first->size = pages * PAGE_SIZE - sizeof(struct chunk) - sizeof(struct block);
	first->is_free = true;
	chunk->next = chunks;
	chunks = chunk;
	return true;
}

static void *take(struct block *block, size_t size)
{
	if (block->size - size >= 2 * sizeof(struct block)) {
		struct block *rest = (struct block *)((char *)block + size);

		rest->size = block->size - size;
		rest->is_free = true;
		block->size = size;
	}
	block->is_free = false;
	return memset(block + 1, 0, block->size - sizeof(struct block));
}

static void *find(size_t size)
{
	for (struct chunk *chunk = chunks; chunk; chunk = chunk->next) {
		struct block *block = (struct block *)(chunk + 1);

		for (; block->size; block = next_block(block)) {
			while (block->is_free && next_block(block)->size &&
			       next_block(block)->is_free)
				block->size += next_block(block)->size;
			if (block->is_free && block->size >= size)
				return take(block, size);
		}
	}
	return NULL;
}

void *malloc(size_t size)
{
	size_t whole = ALIGN_UP(size, (size_t)16) + sizeof(struct block);
	void *memory;

	if (whole < size)
		return NULL;
	lock_acquire(&lock);
	memory = find(whole);
	if (!memory && add_chunk(whole))
		memory = find(whole);
	lock_release(&lock);
	return memory;
}

void free(void *memory)
{
	if (!memory)
		return;
	lock_acquire(&lock);
	((struct block *)memory - 1)->is_free = true;
	lock_release(&lock);
}
