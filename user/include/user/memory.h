/* SPDX-License-Identifier: MIT */
/*
 * Memory of the own process: objects mapped in one step, and a heap on them.
 */
#ifndef USER_MEMORY_H
#define USER_MEMORY_H

#include <user/syscall.h>

/**
 * memory_new() - a fresh object of @pages, mapped readable and writable; NULL if there is none.
 * *object is its handle.
 */
void *memory_new(u64 pages, handle_t *object);

/** memory_free() - unmap and delete what memory_new() made. */
void memory_free(void *address, u64 pages, handle_t object);

/** malloc() - zeroed memory, 16-byte aligned; NULL if there is none. */
void *malloc(size_t size);

/** free() - what malloc() gave; NULL is nothing. */
void free(void *memory);

#endif
