/* SPDX-License-Identifier: MIT */
/*
 * User address spaces: regions on memory objects, page tables, TLB shootdown.
 *
 * Region: a range of addresses mapping a range of a memory object.  It embeds
 * no capability: its node in the object's derivation tree is a slot of the
 * kernel's own space (type TYPE_MAPPING, badge = the region), child of the
 * capability it was made with, so revoking that unmaps it.
 *
 * Shootdown: nobody spins.  Changing entries under the space lock zeroes
 * word[cpu].value of every CPU and interrupts those whose word was not 0; each
 * clears its bit in flush.waiting when it has taken a fresh ASID.  A thread that
 * needs the flush blocks until flush.done reaches the generation it asked for.
 * A region that is unmapped keeps its derivation node, and its memory object
 * with it, until that point: it waits in the space's limbo list.
 */
#ifndef KERNEL_VSPACE_H
#define KERNEL_VSPACE_H

#include <kernel/cap.h>
#include <kernel/cpu.h>
#include <kernel/memory.h>
#include <kernel/spinlock.h>
#include <lib/list.h>
#include <lib/rbtree.h>

struct process;
struct thread;
struct cap;

/*
 * Addresses a mapping call may use.  Above them, at the top of the user half, is
 * the window of the threads' message pages, which only the kernel maps: what one
 * page table holds.
 */
#define USER_MAP_START 0x10000UL
#define MESSAGE_WINDOW_PAGES ((u64)PT_ENTRIES)
#define MESSAGE_WINDOW (((USER_END >> PAGE_SHIFT) / PT_ENTRIES - 1) * PT_ENTRIES * PAGE_SIZE)
#define USER_MAP_END MESSAGE_WINDOW

struct region {
	struct rb_node node; /* rank: first address; space lock */
	u64 size;            /* bytes, 0: unmapped, in limbo; space lock */
	u64 offset;          /* of its first byte in the memory object; space lock */
	u32 flags;           /* MAP_READ | MAP_WRITE | MAP_EXECUTE; space lock */
	u32 allowed;         /* flags the capability it was made with permits */
	bool is_writer;      /* counted in memory->nr_writable; space lock */
	struct list limbo;   /* waits for the flush of @generation; space lock */
	u64 generation;
	struct vspace *space;
	struct memory *memory;
	u32 slot; /* its node in the derivation tree; tree lock of the memory object */
};

/* What CPU i loads for this space, 0 if its translations are stale; see mm/tlb.c. */
struct space_word {
	u64 value;      /* atomic: zeroed by whoever makes it stale, else written by its CPU */
	u32 generation; /* of that CPU's ASIDs; that CPU only */
	u32 asid;
};

struct flush_record {
	u64 requested, done; /* generations; done atomic */
	u64 waiting;         /* bit a CPU: it has not answered yet (NR_CPUS <= 64) */
	struct list active;  /* while one has not, or some thread has not been woken */
	struct list waiters; /* threads, until done == requested */
	u32 nr_settling;     /* CPUs that end what waited for this flush */
};

struct vspace {
	struct spinlock lock; /* space lock: regions and page tables */
	paddr_t root;
	uaddr_t arena;        /* where placements of the kernel's choice go first */
	struct rbtree regions;
	struct list limbo;    /* regions waiting for a flush, oldest first */
	paddr_t limbo_tables; /* page tables waiting for a flush, linked by their first word */
	u64 limbo_generation; /* the flush they all wait for */
	pte_t *window;        /* the one page table of the message window, NULL until it is used */
	bool is_ending;       /* no new regions, no CPU may load it */
	u64 nr_pages_mapped;  /* for people */
	struct flush_record flush; /* kwait_lock (mm/tlb.c) */
	struct space_word word[CONFIG_NR_CPUS];
};

/** vspace_word() - what @cpu, the one that runs, may load for @space; 0: only with a fresh ASID. */
static inline u64 vspace_word(struct vspace *space, const struct cpu *cpu)
{
	struct space_word *word = &space->word[cpu->index];
	u64 value = load_relaxed(&word->value); /* partner: flush_request(), which interrupts us */

	return word->generation == cpu->asid_generation ? value : 0;
}

/** vspace_init() - page-table root; the limbo is a queue already. Return: ST_OK or ST_NOMEM. */
long vspace_init(struct vspace *space) __must_check;

/* An address space, and the capability by which it was found (NULL: the kernel's own use). */
struct space_ref {
	struct vspace *space;
	const struct cap *by; /* looked at again under the space lock: else ST_BADHANDLE */
};

/* What a mapping call asks for, already decoded. */
struct map_request {
	uaddr_t address; /* 0: the kernel chooses (random) */
	u64 size, offset; /* bytes, multiples of the page size */
	u32 flags;       /* MAP_READ | MAP_WRITE | MAP_EXECUTE */
	u64 hint;        /* 0 at first; on SYSCALL_RESTART where the choice has got to */
};

/**
 * vspace_map() - add a region on the memory object of @cap.
 * Reserves everything its faults will need (page tables), so they cannot fail.
 * Return: ST_OK and the address in request->address; ST_NORIGHTS (flags beyond the
 * capability's rights), ST_INVALID (range, alignment, flags), ST_DEAD (the space is being
 * taken down), ST_SEALED, ST_EXISTS, ST_NOMEM, ST_BADHANDLE, ST_DEPTH; SYSCALL_RESTART:
 * a bounded piece of the work is done, call again with the same request.
 */
long vspace_map(struct space_ref ref, const struct cap *cap, struct map_request *request);

/** vspace_allows() - MAP_*: no architecture maps without reading; nothing is writable and executable. */
bool vspace_allows(u64 flags);

/**
 * vspace_unmap_step() - remove mappings from the front of [address, address + size), a bounded piece.
 * The range is whole pages, not empty, where calls may map.  Regions are split at the borders.
 * *done is how many bytes from the front are finished.
 * The caller waits for the shootdown (flush_wait) before it reports success.
 * Return: ST_OK, ST_BADHANDLE, ST_NOMEM (splitting).
 */
long vspace_unmap_step(struct space_ref ref, uaddr_t address, u64 size, u64 *done);

/**
 * vspace_protect_step() - likewise, new flags, which vspace_allows().
 * Return: ST_OK, ST_BADHANDLE, ST_NORIGHTS beyond what the mapping's capability allows,
 * ST_SEALED, ST_NOTFOUND for a hole, ST_NOMEM.
 */
long vspace_protect_step(struct space_ref ref, uaddr_t address, u64 size, u32 flags, u64 *done);

/**
 * region_shrink() - derivation sweep: unmap a bounded piece from the front. Tree lock held.
 * Return: SWEEP_MORE: call again; SWEEP_FLUSH: unmapped, but some CPU may still reach it:
 * wait for the space's shootdown, then call again; SWEEP_DONE: the region is freed and
 * the caller deletes its node.
 */
enum sweep region_shrink(struct region *region);

/** vspace_fault() - resolve a user fault below USER_END. Return: ST_OK: execute again; ST_NOTFOUND: a real fault. */
long vspace_fault(struct vspace *space, uaddr_t address, u32 access /* MAP_READ/WRITE/EXECUTE */);

/** vspace_message_page() - the frame of page @index of the window, cleared, mapped at its first use. 0: no memory. */
paddr_t vspace_message_page(struct vspace *space, u32 index);

/** vspace_teardown_step() - reaper, no thread left: remove regions and tables in bounded pieces. true when done;
 *  else call again, after waiting for the shootdown of *wait if that is set. */
bool vspace_teardown_step(struct vspace *space, struct vspace **wait);

/**
 * vspace_settle() - no lock held: end what waited in limbo for flushes that are done, a bounded number.
 * Return: true if there may be more.
 */
bool vspace_settle(struct vspace *space);

/* ---- mm/tlb.c ---- */

/**
 * vspace_load() - make @space (NULL: none) the one this CPU's user mode uses. Before each entry
 * of user mode; no lock held.
 */
void vspace_load(struct vspace *space);

/** flush_request() - entries changed: all CPUs must forget. Space lock held. Return: the generation to wait for. */
u64 flush_request(struct vspace *space);

/** flush_is_done() - the generation has been reached on all CPUs. */
static inline bool flush_is_done(struct vspace *space, u64 generation)
{
	return load_acquire(&space->flush.done) >= generation;
}

/** flush_answer() - CPU_KICK_FLUSH arrived: forget what shootdowns ask this CPU to. No lock held. */
void flush_answer(void);

/**
 * flush_wait() - the running thread waits until the space's latest request is done; its call is
 * then issued again.  Return: true if it is blocked now; false if there is nothing to wait for.
 */
bool flush_wait(struct vspace *space, struct thread *thread);

/** fetch_request() - code has been written and cleaned: every CPU must synchronise. Return: the generation. */
u64 fetch_request(void);

/** fetch_answer() - CPU_KICK_FETCH arrived: this CPU synchronises. No lock held. */
void fetch_answer(void);

/** fetch_is_done() - every CPU has. */
bool fetch_is_done(u64 generation);

/** fetch_wait() - as flush_wait(), for fetch_request(). */
bool fetch_wait(u64 generation, struct thread *thread);

#endif
