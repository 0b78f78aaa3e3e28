/* SPDX-License-Identifier: MIT */
/*
 * User address spaces: regions on memory objects, page tables, TLB shootdown.
 *
 * Region: a range of addresses mapping a range of a memory object.  It embeds
 * no capability: its node in the object's derivation tree is a slot of the
 * kernel's own space (type TYPE_MAPPING, badge = the region), child of the
 * capability it was made with, so revoking that unmaps it.
 *
 * Shootdown: nobody spins.  Changing entries under the space lock marks every
 * CPU that may hold old translations stale (word[cpu].value := 0) and sets its
 * bit in flush.waiting if the space is loaded there; the CPU clears the bit
 * when it has taken a fresh ASID or loaded something else.  A thread that
 * needs the flush blocks until flush.done reaches the generation it asked for.
 * A region that is unmapped keeps its derivation node, and its memory object
 * with it, until that point: it waits in the space's limbo list.
 */
#ifndef KERNEL_VSPACE_H
#define KERNEL_VSPACE_H

#include <kernel/cap.h>
#include <kernel/memory.h>
#include <kernel/spinlock.h>
#include <lib/list.h>
#include <lib/rbtree.h>

struct cpu;
struct process;
struct thread;
struct cap;

/*
 * Addresses a mapping call may use.  The topmost pages of the user half are the
 * window of the threads' message pages, which only the kernel maps.
 */
#define USER_MAP_START 0x10000UL
#define MESSAGE_WINDOW_PAGES 512UL
#define MESSAGE_WINDOW (USER_END - MESSAGE_WINDOW_PAGES * PAGE_SIZE)
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
	u64 waiting;         /* atomic, bit a CPU: it has not flushed yet (NR_CPUS <= 64) */
	struct list waiters; /* threads in WAIT_FLUSH */
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
	bool is_ending;       /* no new regions, no CPU may load it */
	u64 nr_pages_mapped;  /* for people */
	struct flush_record flush; /* flush lock (mm/tlb.c) */
	u64 loaded; /* atomic, bit a CPU: it is in that CPU's registers, or about to be */
	struct space_word word[CONFIG_NR_CPUS];
};

/** vspace_init() - page-table root. Return: ST_OK or ST_NOMEM. */
long vspace_init(struct vspace *space) __must_check;

/* What a mapping call asks for, already decoded. */
struct map_request {
	uaddr_t address; /* 0: the kernel chooses (random) */
	u64 size, offset; /* bytes, multiples of the page size */
	u32 flags;       /* MAP_READ | MAP_WRITE | MAP_EXECUTE */
};

/**
 * vspace_map() - add a region on the memory object of @cap.
 * Reserves everything its faults will need (page tables), so they cannot fail.
 * Return: ST_OK and the address in request->address; ST_NORIGHTS (flags beyond the
 * capability's rights), ST_INVALID (range, alignment, flags), ST_DEAD (the space is being
 * taken down), ST_SEALED, ST_EXISTS, ST_NOMEM, ST_BADHANDLE, ST_DEPTH, SYSCALL_RESTART.
 */
long vspace_map(struct vspace *space, const struct cap *cap, struct map_request *request);

/**
 * vspace_unmap_step() - remove mappings from the front of [address, address + size), a bounded piece.
 * Regions are split at the borders.  *done is how many bytes from the front are finished.
 * The caller waits for the shootdown (flush_wait) before it reports success.
 * Return: ST_OK, ST_INVALID (range, alignment), ST_NOMEM (splitting).
 */
long vspace_unmap_step(struct vspace *space, uaddr_t address, u64 size, u64 *done);

/**
 * vspace_protect_step() - likewise, new flags.
 * Return: ST_OK, ST_INVALID, ST_NORIGHTS beyond what the mapping's capability allows,
 * ST_SEALED, ST_NOTFOUND for a hole, ST_NOMEM.
 */
long vspace_protect_step(struct vspace *space, uaddr_t address, u64 size, u32 flags, u64 *done);

/**
 * region_shrink() - derivation sweep: unmap a bounded piece from the front. Tree lock held.
 * Return: SWEEP_MORE: call again; SWEEP_FLUSH: unmapped, but some CPU may still reach it:
 * wait for the space's shootdown, then call again; SWEEP_DONE: the region is freed and
 * the caller deletes its node.
 */
enum sweep region_shrink(struct region *region);

/** vspace_fault() - resolve a user fault. Return: ST_OK: execute again; ST_NOTFOUND: a real fault. */
long vspace_fault(struct vspace *space, uaddr_t address, u32 access /* MAP_READ/WRITE/EXECUTE */);

/** vspace_map_page() - map one kernel-owned frame (a message page); tables must be preparable: ST_NOMEM. */
long vspace_map_page(struct vspace *space, uaddr_t address, paddr_t frame, u32 flags);

/** vspace_teardown_step() - reaper, no thread left: remove regions and tables in bounded pieces. true when done;
 *  else call again, after waiting for the shootdown of *wait if that is set. */
bool vspace_teardown_step(struct vspace *space, struct vspace **wait);

/** vspace_settle() - no lock held: end what waited in limbo for flushes that are done, a bounded number. */
void vspace_settle(struct vspace *space);

/* ---- mm/tlb.c ---- */

/**
 * vspace_load() - make @space (NULL: none) the one this CPU's user mode uses. Before each entry
 * of user mode; no lock held.
 */
void vspace_load(struct vspace *space);

/** flush_request() - entries changed: all CPUs must forget. Space lock held. Return: the generation to wait for. */
u64 flush_request(struct vspace *space);

/** flush_cancel() - claim @thread, which waits in WAIT_FLUSH. Return: false if somebody else has claimed it. */
bool flush_cancel(struct vspace *space, struct thread *thread);

/** flush_is_done() - the generation has been reached on all CPUs. */
bool flush_is_done(struct vspace *space, u64 generation);

/** flush_answer() - CPU_KICK_FLUSH arrived for @space, loaded here (NULL: nothing to do). No lock held. */
void flush_answer(struct vspace *space);

/**
 * flush_wait() - block @thread (the running one) until the space's latest request is done.
 * Parks it in WAIT_FLUSH with wait_object = @space, calls sched_block(); woken by sched_wake().
 * Return: true if the thread is now blocked; false if there is nothing to wait for.
 */
bool flush_wait(struct vspace *space, struct thread *thread);

#endif
