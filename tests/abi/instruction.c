// SPDX-License-Identifier: MIT
/*
 * What a program may not execute: privileged, unknown and faulting instructions
 * end nowhere but at its handler, with kind, address and pc exactly.
 */
#include "instruction.h"
#include "test.h"

struct trial {
	handle_t process, code, stack, faults, reply;
	u64 base, stack_at;
};

static void make_trial(struct trial *trial)
{
	u64 address;

	trial->process = create(TYPE_PROCESS, 0);
	trial->code = create(TYPE_MEMORY, 1);
	trial->stack = create(TYPE_MEMORY, 1);
	trial->faults = create(TYPE_ENDPOINT, 0);
	trial->reply = create(TYPE_REPLY, 0);
	must(mem_map(startup->self, trial->code, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE, &address),
	     "mem_map");
	memcpy((void *)address, instruction_start, (size_t)(instruction_end - instruction_start));
	must(mem_unmap(startup->self, address, PAGE_SIZE, NULL), "mem_unmap");
	must(mem_seal(trial->code), "mem_seal");
	must(mem_map(trial->process, trial->code, 0, PAGE_SIZE, 0, MAP_READ | MAP_EXECUTE,
		     &trial->base), "mem_map");
	must(mem_map(trial->process, trial->stack, 0, PAGE_SIZE, 0, MAP_READ | MAP_WRITE,
		     &trial->stack_at), "mem_map");
	must(process_set_fault(trial->process, trial->faults), "process_set_fault");
}

static void free_trial(struct trial *trial)
{
	(void)cap_destroy(trial->process);
	(void)cap_delete(trial->code);
	(void)cap_delete(trial->stack);
	(void)cap_delete(trial->faults);
	(void)cap_delete(trial->reply);
}

static void try_instruction(const struct instruction *instruction)
{
	struct message message = { .flags = MSG_TIMEOUT, .deadline = now() + PATIENCE };
	struct trial trial;
	u64 thread, pc, odd;

	make_trial(&trial);
	odd = trial.stack_at + 1;
	pc = trial.base + instruction->fault;
	must(thread_create(trial.process, trial.base + instruction->entry,
			   trial.stack_at + PAGE_SIZE, odd,
			   THREAD_PRIORITY(32) | THREAD_NO_PAGE | THREAD_START, &thread, NULL),
	     "thread_create");
	(void)ipc_receive(trial.faults, trial.reply, &message);
	same(message.label, instruction->kind, "%s: its kind", instruction->name);
	same(message.word[FAULT_WORD_ADDRESS], instruction->has_data ? odd : pc, "%s: its address",
	     instruction->name);
	same(message.word[FAULT_WORD_PC], pc, "%s: its pc", instruction->name);
	(void)cap_delete((handle_t)thread);
	free_trial(&trial);
}

void test_instruction(void)
{
	for (const struct instruction *i = instructions; i < instructions_end; i++)
		try_instruction(i);
}
