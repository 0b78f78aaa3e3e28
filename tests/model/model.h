/* SPDX-License-Identifier: MIT */
/*
 * The reference model: what the manual says system calls do, and nothing about
 * how the kernel does it.  One call at a time, so there is no concurrency here:
 *
 *   model.c    objects, capability trees, the end of objects, calls on capabilities
 *   ipc.c      messages, replies, notifications, faults as messages
 *   memory.c   memory objects, mappings, accesses
 *   devices.c  physical memory, interrupt lines, I/O ports
 *   threads.c  threads, processes, time, the refusals that all calls share
 *
 * Nothing is ever freed, so a pointer to what has ended stays good to look at.
 *
 * What the kernel may choose (new handles, addresses, numbers of threads) is 0
 * here until the one who compares has seen the choice and written it down.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <lib/types.h>
#include <lib/util.h>
#include <veridian/fault.h>
#include <veridian/info.h>
#include <veridian/init.h>
#include <veridian/message.h>
#include <veridian/status.h>
#include <veridian/types.h>

#define M_PAGE 4096UL
#define M_WINDOW (512 * M_PAGE) /* of message pages, below the end of the user half */
#define M_PLACES 4		/* words of a page that the model keeps */
#define M_LOWEST 0x10000UL
#define M_NEVER (~0UL)
#define M_ACCESS 0xf0 /* in place of a call: memory is touched */
#define M_RAISE 0xf1  /* likewise: a device asks for an interrupt, on the line in argument 0 */
#define M_MAX_LINES 16
#define M_MAX_OBJECTS 8192
#define M_MAX_LEVEL 255 /* of a capability in its tree */

struct m_object;

/* A capability, or something else that hangs in a tree as one: what the kernel holds for an object. */
struct m_cap {
	struct m_object *object;
	struct m_cap *parent, *first_child, *next_sibling;
	u32 rights, level;
	u64 badge;
	struct m_object *holder; /* the process in whose space it is; NULL: the kernel */
	u32 handle;		 /* 0: not seen yet */
	bool is_gone;
	u64 label; /* names it by the operation that made it */
};

/* Pages of one memory object, mapped side by side with one access. */
struct m_map {
	struct m_map *next;
	struct m_object *process, *memory;
	struct m_cap *parent; /* with which it was made */
	u64 address, size, offset;
	u32 flags;
	u64 base, label; /* where it began, before it was cut; as above */
};

/* A system call with its operands, or an access: address, MAP_* bit, word to write. */
struct m_call {
	u32 number;
	u32 handle[2];
	u64 arg[5];
	/* IPC; word n of a message is pattern + n */
	u32 words, nr_caps, move, accept, label, cap[MSG_MAX_CAPS];
	u32 flags; /* MSG_NONBLOCK, MSG_TIMEOUT, MSG_RESERVED */
	u64 deadline, pattern;
};

struct m_message {
	u32 kind, label, words;
	u64 word[MSG_REG_WORDS];
	u32 known; /* which of them */
	u64 pattern;
	u32 nr_caps;
	struct m_cap *cap[MSG_MAX_CAPS]; /* NULL: it died on the way */
};

/* What a thread sees of a call that has ended. */
struct m_result {
	long status;
	u64 value[2];
	u32 known;		  /* which of them */
	bool is_open;		  /* the status may be another one, too */
	struct m_cap *cap;	  /* value 0 is its handle */
	struct m_map *map;	  /* value 0 is its address */
	struct m_object *thread;  /* value 1 is the address of its page */
	struct m_object *process; /* value 0 tells its own_pages */
	bool has_message;
	struct m_message message; /* value 0 is the badge */
};

enum m_wait { M_NOT, M_PARKED, M_SLEEP, M_SEND, M_RECEIVE, M_REPLY, M_BITS };

struct m_place {
	bool is_resident;
	u64 word[M_PLACES];
};

struct m_object {
	u8 type;
	u32 name; /* for people */
	u64 label;
	bool has_ended;
	struct m_cap *root; /* NULL: no capability is left */

	/* process */
	u32 state, nr_threads, fault_kind;
	u64 exit_code, fault_address, fault_pc, text[2], watch_bits;
	struct m_cap *fault_cap, *watch_cap;
	u64 own_pages; /* of the first one: mapped before the model began, 0: not known yet */
	bool is_first, has_other_faults;

	/* thread */
	struct m_object *process;
	u32 number, priority, cpu;
	u64 page;
	bool has_page, is_stopped, wants_stop, is_dead;
	struct m_call call; /* the last one */
	u64 pc;
	enum m_wait wait;
	struct m_object
		*at; /* endpoint, notification, or reply object of the call that is waited for */
	struct m_cap *by; /* capability it waits with */
	u64 badge, arrival, deadline;
	u32 rank;
	struct m_object *offered; /* reply object */
	bool is_faulting,
		retries; /* waits for a fault handler; touches memory again when it runs */
	u32 fault;
	bool has_result, may_see; /* the result, though it is dead */
	struct m_result result;
	struct m_object *bound; /* notification; of a notification: the thread */

	u64 bits; /* notification; irq: to set in its own */

	/* memory */
	u64 nr_pages;
	bool is_sealed, is_physical, is_device;
	struct m_place *place;

	/* devices */
	u64 first; /* port, or line; of physical memory the address; 0: not known */
	u64 nr_ports;
	struct m_cap *sink_cap; /* of the notification */
	bool is_bound, is_open;
};

extern struct model {
	struct m_object *object[M_MAX_OBJECTS];
	u32 nr_objects;
	struct m_cap *caps[1 << 16];
	u32 nr_caps;
	struct m_map *maps;
	u64 time, arrivals, frames, user_end;
	u32 nr_cpus, nr_lines;
	struct {
		struct m_object *irq; /* NULL: nobody has it */
		bool is_raised;
	} line[M_MAX_LINES];
	struct m_object *first;	      /* process */
	struct m_object *caller;      /* whose call is under way */
	u64 label;		      /* of what was made last */
	u32 lacks, lacks_at;	      /* rights that its call was refused for, of which handle */
	struct m_object *ending[256]; /* processes whose threads have ended, in order */
	u32 nr_ending;
} model;

/* ---- for who drives it ---- */

/** model_begin() - the machine as the first process finds it. */
void model_begin(u64 frames, u64 user_end, u32 nr_cpus, u32 nr_lines);

/** model_issue() - @thread makes a call; results lie in the threads whose calls have ended. */
void model_issue(struct m_object *thread, const struct m_call *call);

/** model_answer() - @thread does the first step of an ipc_reply_receive, and no more. */
long model_answer(struct m_object *thread, const struct m_call *call);

/** model_advance() - it is @time: waits whose deadline has come end. */
void model_advance(u64 time);

/** model_waits() - how many threads wait, not counting those that sleep. */
u32 model_waits(void);

/** model_park() - @thread has nothing to do until @deadline. */
void model_park(struct m_object *thread, u64 deadline);

/** model_find() - the capability of @process with this handle; NULL: none. */
struct m_cap *model_find(const struct m_object *process, u32 handle);

/** model_page() - the contents of the page that @process sees at @address; NULL: no access. */
struct m_place *model_page(const struct m_object *process, u64 address, u32 access);

/** model_map() - what is mapped there; NULL: nothing. */
struct m_map *model_map(const struct m_object *process, u64 address);

/** model_state() - what matters of an object's state, 0 to M_STATES - 1. */
#define M_STATES 8
u32 model_state(const struct m_object *object, const struct m_object *self);

#endif
