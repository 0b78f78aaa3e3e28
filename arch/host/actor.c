// SPDX-License-Identifier: MIT
/*
 * User threads.  Each issues operations drawn from the seed, its own name and
 * the number of the operation, so that leaving one out changes no other: calls
 * out of the generated grammar, with handles of its process that fit, and
 * accesses to memory it has mapped.  A thread's name is its first argument: the
 * operation that created it.
 *
 * The program counter says where in an operation the thread is:
 *
 *   DECIDE -> CALL -> CALLED -> DECIDE        a system call; the kernel may put it back to CALL
 *   DECIDE -> ACCESS -> DECIDE                a load, store or fetch; a fault leaves it there
 *
 * Words written to memory tell the object, page and place they belong to, so a
 * load knows whether it reached what was mapped.
 */
#include <stdio.h>
#include <string.h>

#include <kernel/ipc.h>
#include <kernel/main.h>
#include <kernel/memory.h>
#include <kernel/process.h>
#include <kernel/thread.h>

#include <generated/syscall_errors.h>
#include <generated/syscall_grammar.h>
#include <generated/syscall_numbers.h>

#include "actor.h"
#include "program.h"
#include "script.h"

#define NR_ACTORS 512
#define NR_MAPPINGS 64
#define MAX_TRIES 4000 /* another CPU may hold up the end of the thread for a while */
#define INIT_ACTOR 0

bool is_winding_up;
static struct actor actors[NR_ACTORS];
static u32 nr_actors;
static struct mapping mappings[NR_MAPPINGS];
static u32 nr_mappings;
static u64 nr_mapping_changes; /* calls begun that change what is mapped */
static u32 nr_issued;

bool actor_is_init(const struct thread *thread)
{
	return thread->process == init_process;
}

/* ---- words in memory ---- */

static u64 word_of(u32 object, u32 generation, u64 page, u64 offset)
{
	return 1UL << 63 | (u64)(object & 0xffff) << 44 | (u64)(generation & 0xfff) << 32 |
	       (page & 0xffff) << 16 | (offset & 0xffff);
}

static bool is_word(u64 value, u64 offset)
{
	return value >> 63 && (value & 0xffff) == offset;
}

const struct slot *actor_slot_of(const struct cap_space *space, handle_t handle)
{
	static const struct slot nothing;
	u32 index = HANDLE_INDEX(handle);

	if (index / CAP_LEAF_SLOTS >= space->nr_leaves)
		return &nothing;
	return &space->directory[index / CAP_LEAF_SLOTS][index % CAP_LEAF_SLOTS];
}

const struct slot *actor_slot(const struct thread *thread, handle_t handle)
{
	return actor_slot_of(&thread->process->caps, handle);
}

struct object *actor_object(const struct slot *slot)
{
	return slot->object ? object_by_id(slot->object) : NULL;
}

/* ---- mappings ---- */

static bool is_mapped(const struct mapping *mapping, const struct process *process)
{
	return mapping->process == process &&
	       mapping->process_generation == process->object.generation;
}

const struct mapping *actor_mapping(const struct process *process, u64 random)
{
	for (u32 i = 0; i < NR_MAPPINGS; i++) {
		const struct mapping *mapping = &mappings[(i + random) % NR_MAPPINGS];

		if (is_mapped(mapping, process))
			return mapping;
	}
	return NULL;
}

const struct mapping *actor_mapping_at(const struct process *process, uaddr_t address)
{
	for (const struct mapping *mapping = mappings; mapping < mappings + NR_MAPPINGS; mapping++)
		if (is_mapped(mapping, process) && address - mapping->address < mapping->size)
			return mapping;
	return NULL;
}

const struct mapping *actor_mapping_of(const struct process *process, u64 label)
{
	for (const struct mapping *mapping = mappings; mapping < mappings + NR_MAPPINGS; mapping++)
		if (is_mapped(mapping, process) && mapping->label == label)
			return mapping;
	return NULL;
}

uaddr_t actor_address(u64 random)
{
	const struct mapping *mapping = &mappings[random % NR_MAPPINGS];

	if (!mapping->size || !(random >> 8 & 7))
		return MESSAGE_WINDOW + (random >> 12) % 8 * PAGE_SIZE;
	return mapping->address + (random >> 16) % mapping->size;
}

static void remember_mapping(const struct actor *actor, uaddr_t address)
{
	const struct slot *target = actor_slot(actor->thread, (handle_t)actor->word);
	struct object *object = actor_object(target);

	for (u32 i = 0; i < NR_MAPPINGS; i++)
		if (ranges_overlap(mappings[i].address, mappings[i].size, address,
				   actor->argument[1]))
			mappings[i].process = NULL;
	if (!object || object->type != TYPE_PROCESS)
		return; /* the handle has changed hands meanwhile */
	mappings[nr_mappings++ % NR_MAPPINGS] = (struct mapping){
		.process = container_of(object, struct process, object),
		.process_generation = object->generation,
		.address = address,
		.size = actor->argument[1],
		.offset = actor->argument[2],
		.flags = (u32)actor->argument[3],
		.object = actor->object,
		.generation = actor->object_generation,
		.label = actor->operation,
	};
}

/* ---- calls ---- */

/* The object that mem_map is about to show, for the words written to it. */
static void note_target(struct actor *actor, u64 handles)
{
	const struct slot *slot = actor_slot(actor->thread, (handle_t)(handles >> 32));

	actor->word = (handle_t)handles;
	actor->object = slot->object;
	actor->object_generation = slot->generation;
}

static void describe_call(const struct actor *actor, u64 handles)
{
	char text[160];
	int length = snprintf(text, sizeof(text), "%s %lx", actor->call->name, handles);

	for (u32 i = 0; i < actor->call->nr_args; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, ", %s %lx",
				   actor->call->args[i], actor->argument[i]);
	if (actor->call->is_raw)
		snprintf(text + length, sizeof(text) - (size_t)length, ", tag %lx",
			 actor->thread->regs.tag);
	note_step(actor->operation, "CPU %u: thread %u.%u: %s", cpu_number(running),
		  object_id(&actor->thread->process->object), actor->thread->number, text);
}

/* In some runs memory is short now and then; it may be another thread that is refused. */
static void be_short_of_memory(const struct actor *actor)
{
	u64 random = choose(STREAM_ACTOR, actor->operation, 40);

	(void)alloc_has_to_wait(actor->thread); /* of a call before */
	if (!options.results && choose(STREAM_ACTOR, ~0UL, 40) % 3 == 0 && random % 12 == 0)
		alloc_fail(1 + (random >> 8) % 4);
}

static void begin_call(struct actor *actor)
{
	struct arch_regs *regs = &actor->thread->regs;
	u64 handles = options.replays ? recall_call(actor) : call_choose(actor);

	actor->tag = regs->tag;
	actor->handles = handles;
	recall_note_call(actor, handles);
	judge_begin(actor, handles);
	if (actor->call->number == SYS_mem_map)
		note_target(actor, handles);
	nr_mapping_changes++;
	actor->is_sent_short = actor->is_answered_short = false;
	be_short_of_memory(actor);
	describe_call(actor, handles);
	regs->pc = PC_CALL;
}

bool status_is_documented(u32 number, long status)
{
	for (u32 i = 0; i < ARRAY_SIZE(syscall_errors); i++)
		if (syscall_errors[i].number == number)
			for (const signed char *error = syscall_errors[i].errors; *error; error++)
				if (*error == status)
					return true;
	return status == ST_OK;
}

/* With CONFIG_IPC_FASTPATH and without it they are the same, but for what tells of time. */
static void print_result(const struct actor *actor)
{
	const struct arch_regs *regs = &actor->thread->regs;
	u32 number = actor->call->number;
	bool has_message = number == SYS_ipc_call || number == SYS_ipc_receive ||
			   number == SYS_ipc_reply_receive;

	printf("%u.%u: %s: %ld", object_id(&actor->thread->process->object), actor->thread->number,
	       actor->call->name, (long)regs->status);
	if (has_message && regs->status == ST_OK)
		printf(" badge %lx tag %lx caps %lx %lx words %lx to %lx", regs->args[0], regs->tag,
		       regs->caps[0], regs->caps[1], regs->words[0],
		       regs->words[MSG_REG_WORDS - 1]);
	putchar('\n');
}

/* The call may have made the object of the handle it returns, if that is one. */
static void note_made(const struct actor *actor, handle_t handle)
{
	const struct slot *slot = actor_slot(actor->thread, handle);

	if (handle && cap_handle(slot->token) == handle && cap_type(slot->token) != TYPE_NONE)
		recall_note_object(actor_object(slot), actor->operation);
}

static void end_call(struct actor *actor)
{
	const struct arch_regs *regs = &actor->thread->regs;
	long status = (long)regs->status;

	trace("%s returns %ld", actor->call->name, status);
	if (!status_is_documented(actor->call->number, status))
		fail("status", "%s returned %ld, which it does not document", actor->call->name,
		     status);
	if (options.results)
		print_result(actor);
	if ((status == ST_NOMEM || status == ST_NOSLOTS) && alloc_has_to_wait(actor->thread))
		fail("memory", "%s was refused while there was something to take apart",
		     actor->call->name);
	judge_end(actor, status);
	tally(actor->call->number, status);
	if (actor->call->number == SYS_ipc_call && status == ST_OK)
		tally_answered(actor->is_sent_short, actor->is_answered_short);
	if (actor->call->number == SYS_mem_map && status == ST_OK)
		remember_mapping(actor, regs->args[0]);
	if (status == ST_OK)
		note_made(actor, (handle_t)regs->args[0]);
	nr_mapping_changes++;
	actor->thread->regs.pc = PC_DECIDE;
}

/* ---- accesses ---- */

/* The thread's own message page, behind what messages fill. */
static void choose_page_access(struct actor *actor, u64 random)
{
	actor->label = 0;
	actor->address = actor->thread->page_address + PAGE_SIZE / 2;
	actor->address += random % (PAGE_SIZE / 16) * 8;
	actor->access = random >> 32 & 1 ? MAP_WRITE : MAP_READ;
}

static bool choose_access(struct actor *actor)
{
	u64 random = choose(STREAM_ACTOR, actor->operation, 1);
	const struct mapping *mapping = actor_mapping(actor->thread->process, random);

	if (actor_is_init(actor->thread))
		return false;
	if (actor->thread->page && random >> 40 & 1) {
		choose_page_access(actor, random);
		return true;
	}
	if (!mapping)
		return false;
	actor->label = mapping->label;
	actor->address = mapping->address +
			 ((random >> 8) % (mapping->size >> PAGE_SHIFT) << PAGE_SHIFT) +
			 (random >> 16) % (PAGE_SIZE / 8) * 8;
	actor->access = MAP_READ;
	if (mapping->flags & MAP_EXECUTE)
		actor->access = MAP_EXECUTE;
	else if ((mapping->flags & MAP_WRITE) && (random >> 32 & 1))
		actor->access = MAP_WRITE;
	return true;
}

/* What is to be at the address of the access. */
static u64 word_at(const struct actor *actor)
{
	const struct thread *thread = actor->thread;
	const struct mapping *mapping = actor_mapping_of(thread->process, actor->label);
	u64 offset = actor->address % PAGE_SIZE;

	if (!actor->label || !mapping)
		return word_of(object_id(&thread->object), thread->number, 0, offset);
	return word_of(mapping->object, mapping->generation,
		       (actor->address - mapping->address + mapping->offset) >> PAGE_SHIFT, offset);
}

static void begin_access(struct actor *actor)
{
	recall_note_access(actor);
	actor->word = word_at(actor);
	actor->argument[0] = nr_mapping_changes;
	note_step(actor->operation, "CPU %u: thread %u.%u: access %u of %s%lx", cpu_number(running),
		  object_id(&actor->thread->process->object), actor->thread->number, actor->access,
		  actor->label ? "" : "its page, ", actor->address);
	actor->thread->regs.pc = PC_ACCESS;
}

static enum user_event step_access(struct actor *actor, struct fault_info *fault)
{
	u64 *place = mmu_access(actor->address, actor->access, fault);
	u64 offset = actor->address & (PAGE_SIZE - 1);

	if (!place) {
		/* A handler may answer RETRY as often as it likes. */
		if (actor->tries++ > MAX_TRIES && !actor->thread->process->fault_slot)
			fail("fault", "an access to %lx faults again and again", actor->address);
		return USER_FAULT;
	}
	actor->thread->regs.pc = PC_DECIDE;
	if (frame_use[ptr_to_phys(place) >> PAGE_SHIFT] == FRAME_BOOT)
		return USER_NONE; /* a device, or the boot archive */
	if (*place && (!is_word(*place, offset) ||
		       (actor->argument[0] == nr_mapping_changes && *place != actor->word)))
		fail("contents", "%lx holds %lx, where %lx belongs", actor->address, *place,
		     actor->word);
	if (actor->access == MAP_WRITE && actor->argument[0] == nr_mapping_changes)
		*place = actor->word;
	return USER_NONE;
}

/* ---- steps ---- */

static struct actor *actor_of(struct thread *thread)
{
	struct actor *actor;

	if (thread->regs.actor)
		return &actors[thread->regs.actor - 1];
	if (nr_actors == NR_ACTORS)
		finish("too many threads");
	actor = &actors[nr_actors];
	*actor = (struct actor){ .thread = thread };
	actor->name = nr_actors++ == INIT_ACTOR ? 0 : thread->regs.status;
	thread->regs.actor = nr_actors;
	return actor;
}

/* The kernel has been left in its call or fault, it is claimed, or waits for the kernel itself. */
static bool is_under_way(const struct actor *actor)
{
	const struct thread *thread = actor->thread;
	const struct machine_cpu *cpu;

	if (thread->regs.actor != (u64)(actor - actors) + 1 || !thread->home ||
	    (thread->regs.pc != PC_CALLED && thread->regs.pc != PC_ACCESS))
		return false;
	cpu = &machine_cpus[thread->home->index];
	if (thread->state == THREAD_BLOCKED)
		return thread->wait_kind == WAIT_NONE || thread->wait_kind == WAIT_KERNEL;
	return cpu != running && cpu->mode == MODE_KERNEL && cpu->cpu->current == thread;
}

const struct actor *actor_under_way(u64 random)
{
	for (u32 i = 0; i < nr_actors; i++) {
		const struct actor *actor = &actors[(i + random) % nr_actors];

		if (actor->call && is_under_way(actor))
			return actor;
	}
	return NULL;
}

const struct actor *actor_in_operation(u64 operation)
{
	for (u32 i = 0; i < nr_actors; i++)
		if (actors[i].operation == operation)
			return &actors[i];
	return NULL;
}

u64 actor_operation(struct thread *thread)
{
	struct actor *actor;

	if (options.runs_suite)
		return program_operation(thread);
	if (options.uses_model)
		return script_operation(thread);
	actor = actor_of(thread);
	return choose(STREAM_TURN, actor->operation, actor->tries++);
}

/* Threads sleep for ever one after the other, until none is left that does anything. */
static void wind_up(struct actor *actor)
{
	actor->call = call_named(SYS_thread_sleep);
	actor->thread->regs.tag = SYS_thread_sleep;
	actor->thread->regs.args[0] = TIME_NEVER;
	actor->thread->regs.pc = PC_CALL;
}

u64 actor_operation_key(const struct actor *actor, u64 n)
{
	return choose(STREAM_ACTOR, actor->name, n) & ~1UL;
}

static bool accesses(struct actor *actor)
{
	if (options.replays)
		return recall_access(actor);
	return !role_acts(actor) && choose(STREAM_ACTOR, actor->operation, 0) % 3 == 0 &&
	       choose_access(actor);
}

static void decide(struct actor *actor)
{
	u64 next;

	if (machine_time < actor->not_before)
		return;
	next = options.replays ? recall_next(actor, actor->nr_operations) :
				 actor->nr_operations + 1;
	if (options.is_paced && next)
		actor->not_before = recall_time(actor, next);
	if (machine_time < actor->not_before)
		return;
	if (nr_issued >= options.steps)
		is_winding_up = true;
	if (is_winding_up || !next) {
		wind_up(actor);
		return;
	}
	actor->nr_operations = next;
	actor->operation = actor_operation_key(actor, next);
	actor->tries = 0;
	nr_issued++;
	actor->thread->regs.pc = PC_DECIDE;
	if (is_dropped(actor->operation))
		return;
	if (accesses(actor))
		begin_access(actor);
	else
		begin_call(actor);
}

void actor_took_short_way(struct thread *from, struct thread *to, bool is_call)
{
	tally_fast();
	if (options.uses_model || options.runs_suite)
		return;
	if (is_call)
		actor_of(from)->is_sent_short = true;
	else
		actor_of(to)->is_answered_short = true;
}

enum user_event actor_step(struct thread *thread, struct fault_info *fault)
{
	struct actor *actor;

	if (options.runs_suite)
		return program_step(thread, fault);
	if (options.uses_model)
		return script_step(thread, fault);
	actor = actor_of(thread);
	switch (thread->regs.pc) {
	case PC_CALL:
		if (actor->call)
			return USER_CALL;
		break;
	case PC_CALLED: end_call(actor); return USER_NONE;
	case PC_ACCESS: return step_access(actor, fault);
	default: break;
	}
	decide(actor);
	return USER_NONE;
}
