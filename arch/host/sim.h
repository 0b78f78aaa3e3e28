/* SPDX-License-Identifier: MIT */
/*
 * What the files of the simulator share.  They are not part of the kernel: they
 * are the machine it runs on, and are compiled for the host.
 *
 *   machine.c  CPUs as coroutines, the scheduler, time, interrupts
 *   views.c    atomic accesses: which stores a CPU may still miss
 *   race.c     plain accesses: are they ordered by what views.c saw?
 *   mmu.c      page tables, TLBs, instruction caches, frames
 *   actor.c    user threads: which calls they issue, what they touch
 *   program.c  user threads that are C functions: tests/abi
 *   calls.c    calls out of the grammar
 *   roles.c    calls of servers and clients
 *   judge.c    what user threads can tell of the kernel's answers
 *   check*.c   invariants of the kernel's objects
 *   boot.c     firmware: memory, boot archive, console
 *   main.c     seeds, replay
 *   replay.c   operations as they were issued
 *   shrink.c   shorter histories of a failure
 */
#ifndef HOST_SIM_H
#define HOST_SIM_H

#include <kernel/cpu.h>
#include <kernel/types.h>

#define NR_CPUS CONFIG_NR_CPUS
#define NR_FRAMES (HOST_MEMORY_SIZE >> PAGE_SHIFT)

/* ---- main.c: the run ---- */

struct options {
	u64 seed;
	bool swarms; /* some calls are left out of a run, some drawn often */
	u64 roll; /* others than 0: the same operations, interleaved in another way */
	u32 steps; /* operations of actors before the run is wound up */
	u32 cpus;
	u32 check_every; /* turns between looks at the invariants; 0: as many as are cheap */
	bool trace;
	bool results; /* print what each call came to; the kernel takes no time */
	bool uses_model; /* user threads do what script.c says */
	bool runs_suite; /* user threads are those of tests/abi */
	u32 match;       /* of those only this one of race.c, if not 0 */
	const u8 *input; /* a chunk for each operation; NULL: the seed chooses */
	bool replays;	 /* the operations of an earlier run */
	bool is_paced;	 /* none of them earlier than in that run */
	bool fails;	 /* each allocation of each operation fails once */
	bool is_quiet; /* the kernel's own messages are dropped */
	const char *boot; /* words for the kernel's command line; NULL: none */
};
extern struct options options;

/* Independent choices; each is a function of the seed, the stream and two keys. */
enum stream {
	STREAM_ACTOR = 1,
	STREAM_SWITCH,
	STREAM_STALE,
	STREAM_TURN,
	STREAM_MMU,
	STREAM_DEVICE,
	STREAM_IPI,
};

/** choose() - 64 bits that depend on nothing but the seed and the arguments. */
u64 choose(enum stream stream, u64 key, u64 n);

/** is_dropped() - shrinking has taken the step @key out of the history. */
bool is_dropped(u64 key);

/** note_step() - the step @key of the history was taken. */
void note_step(u64 key, const char *format, ...) __printf(2, 3);

/** trace() - a line for people, only with --trace. */
void trace(const char *format, ...) __printf(1, 2);

/** tally() - a call ended with @status. */
void tally(u32 call, long status);

/** tally_fast() - a message took the short way. */
void tally_fast(void);

/** tally_answered() - a call has been answered; did it, and did the answer, take the short way? */
void tally_answered(bool is_sent_short, bool is_answered_short);

#define NR_STATUSES (1 - ST_LAST)
#define ACCESS_CALL 0xf0 /* an access, where calls are counted */
#define RAISE_CALL 0xf1	 /* a device that asks for an interrupt, likewise */

/** note_situation() - @call was made with objects in these situations (script_report.c). */
#define SITUATIONS 81
void note_situation(u32 call, u32 first, u32 second);

/** note_lacking() - @call was refused because one of its handles lacked nothing but this right. */
#define NR_RIGHTS 12
void note_lacking(u32 call, u32 handle, u32 right);

/** fail() - the run has failed: @kind names the class for shrinking. */
__noreturn void fail(const char *kind, const char *format, ...) __printf(2, 3);

/** finish() - the run is over without a failure. */
__noreturn void finish(const char *why);

/* ---- machine.c ---- */

enum mode { MODE_OFF, MODE_START, MODE_KERNEL, MODE_USER, MODE_IDLE, MODE_WINDOW, MODE_STOPPED };

struct machine_cpu {
	struct cpu *cpu;
	enum mode mode;
	struct thread *thread; /* in user mode */
	u64 deadline;
	bool has_ipi;
	u64 ipi_at; /* when it arrives */
	u32 skip;   /* turns that others have before it goes on */
	u32 spins;  /* of its wait for a lock */
	u64 entry;  /* names this stay in the kernel */
	u32 hooks;  /* places passed in it */
	u32 nr_interrupts;
};
extern struct machine_cpu machine_cpus[NR_CPUS];
extern struct machine_cpu *running; /* NULL: the scheduler or a check */
extern u64 machine_time;
extern bool machine_is_alone; /* no second CPU has been started: there is nothing to race with */

extern bool machine_has_users;  /* a thread has been in user mode */

/** machine_run() - boot the kernel and let it run; ends in fail() or finish(). */
__noreturn void machine_run(void);

/** machine_hook() - the running CPU may be left for another one here. */
void machine_hook(void);

/** machine_raise() - the device of an external line asks. */
void machine_raise(u32 line);

/** machine_is_interrupted() - an interrupt waits to be taken by @cpu. */
bool machine_is_interrupted(const struct machine_cpu *cpu);

/** machine_open_lines() - external lines that may interrupt, a bit each. */
u32 machine_open_lines(void);

/** machine_turns() - how often a CPU has been given a turn. */
u64 machine_turns(void);

static inline u32 cpu_number(const struct machine_cpu *cpu)
{
	return (u32)(cpu - machine_cpus);
}

/** role_lies_in_wait() - in this run threads disturb calls that are under way (roles.c). */
bool role_lies_in_wait(void);

/* ---- views.c ---- */

struct location;
struct clock {
	u32 at[NR_CPUS];
};

/** views_epoch() - the running CPU's own time. */
u32 views_epoch(void);

/** views_knows() - what CPU @of did at @epoch happened before the present of the running CPU. */
bool views_knows(u32 of, u32 epoch);

/** views_overwritten() - a plain store by the running CPU is about to hit [address, address + size). */
void views_overwritten(struct location *first, u64 address, u64 size);

/** views_walk() - what the table walker of @cpu may read at @entry. */
u64 views_walk(u32 cpu, const u64 *entry, u64 random);

/** views_send() / views_receive() - an interrupt of CPU @to carries all that its sender knows. */
void views_send(u32 to);
void views_receive(void);

/** views_settle() - so long has nothing happened that every CPU knows all that did. */
void views_settle(void);

/** sim_load() ... - the atomic accesses of the kernel; orders as __ATOMIC_*. */
u64 sim_load(const volatile void *p, u32 size, int order);
void sim_store(volatile void *p, u32 size, u64 value, int order);
enum rmw { RMW_EXCHANGE, RMW_ADD, RMW_OR, RMW_AND };
u64 sim_rmw(volatile void *p, u32 size, enum rmw what, u64 value, int order);
bool sim_compare_exchange(volatile void *p, u32 size, void *expected, u64 value, int order);
void sim_fence(int order);

/* ---- race.c ---- */

#define ACCESS_WRITE 1u
#define ACCESS_ATOMIC 2u

/** race_init() - shadow memory. */
void race_init(void);

/** race_access() - the running CPU touches kernel memory at @pc. */
void race_access(const volatile void *address, u64 size, u32 flags, const void *pc);

/** race_clear_page() - likewise, a whole page is written. */
void race_clear_page(void *page, const void *pc);

/** race_location() - where views.c keeps the locations of the 8 bytes around @address; NULL: not shared memory. */
struct location **race_location(const volatile void *address);

/* ---- mmu.c ---- */

/** mmu_access() - user access by the running CPU. Return: the frame's memory, or NULL and *fault. */
void *mmu_access(uaddr_t address, u32 access, struct fault_info *fault);

/** mmu_speculate() - some CPU's walker runs ahead. */
void mmu_speculate(u64 random);

/** mmu_written() - the frame's contents have changed. */
void mmu_written(paddr_t frame);

enum frame_use { FRAME_BOOT, FRAME_FREE, FRAME_USED, FRAME_TABLE, FRAME_SLAB };
extern u8 frame_use[NR_FRAMES];

/** mmu_is_fetchable() - @frame was cleaned after its last store, and every CPU has synchronised itself since. */
bool mmu_is_fetchable(paddr_t frame);

/** mmu_remembers_more() - @cpu, under @asid, grants an access that the tables at @root do not. */
bool mmu_remembers_more(u32 cpu, u32 asid, paddr_t root);

/** mmu_has_kernel_half() - the kernel's half of the space at @root is that of all. */
bool mmu_has_kernel_half(paddr_t root);

/** mmu_loaded() - what names the space of users on @cpu, 0: none. */
u64 mmu_loaded(u32 cpu);

/** mmu_check_reachable() - that no CPU can reach the @size bytes at @from, which are freed. */
void mmu_check_reachable(paddr_t from, u64 size);

/* ---- allocations.c ---- */

/** alloc_object() - the objects there have ever been, in order; NULL behind the last one. */
struct object *alloc_object(u32 number);

/** alloc_frames_in_use() - frames the allocator has handed out. */
u64 alloc_frames_in_use(void);

/** alloc_items_in_use() - items the slabs have handed out. */
u64 alloc_items_in_use(void);

/** alloc_fail() - the @n-th allocation from now on finds no memory; 0: none. */
void alloc_fail(u32 n);

/** alloc_has_failed() - that has happened. */
bool alloc_has_failed(void);

/** alloc_status_of_failure() - ST_NOSLOTS: a slot was looked for in a space of users; else ST_NOMEM. */
long alloc_status_of_failure(void);

/**
 * alloc_has_to_wait() - the last allocation that failed was one of @thread, while the reaper of its CPU
 * had something to take apart: the kernel has to try again, and not to refuse.  Asked once.
 */
bool alloc_has_to_wait(const struct thread *thread);

/* ---- actor.c ---- */

enum user_event { USER_NONE, USER_CALL, USER_FAULT };

/** actor_step() - the thread's next instruction. */
enum user_event actor_step(struct thread *thread, struct fault_info *fault);

/** actor_operation() - key of the operation the thread is in. */
u64 actor_operation(struct thread *thread);

/** actor_took_short_way() - a call of @from, or its answer to @to, did not take the ordinary way. */
void actor_took_short_way(struct thread *from, struct thread *to, bool is_call);

/** actor_address() - an address of user space worth speculating about. */
uaddr_t actor_address(u64 random);

extern bool is_winding_up; /* no new operations: let what is under way end */

/* ---- check.c ---- */

/** check_all() - the invariants of every object; no CPU is in the kernel. */
void check_all(void);

/* What there is of things that come and go. */
struct holdings {
	u64 objects, slots, regions;
};
extern struct holdings holdings;

/** count_holdings() - as check_all() does, too. */
void count_holdings(void);

/** check_quiet() - every CPU is idle for ever: nobody may have been forgotten. */
void check_quiet(void);

/* ---- boot.c ---- */

const struct boot_info *boot_describe(u32 nr_cpus);

#endif
