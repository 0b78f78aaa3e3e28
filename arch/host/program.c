// SPDX-License-Identifier: MIT
/*
 * User threads that are C functions of this program: the conformance suite of
 * tests/abi.  Each is a coroutine.  It leaves the CPU at a system call, at an
 * access that faults, and at random where its instrumented code touches memory.
 *
 * Its code, its stack and its static data are the host's.  Memory that it has
 * mapped by calls is not: an access to it goes through the simulated tables, like
 * those of other actors, and the page is shown at its address for as long as the
 * thread keeps the CPU.  The user half ends below what the host uses itself.
 *
 * A thread begins at its pc: a function of this program, or else a place in
 * executable memory, which holds the address of one (tests/abi/host/blob.S).
 */
#define _GNU_SOURCE /* memfd_create() */
#include <sys/mman.h>

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <generated/syscall_numbers.h>
#include <kernel/main.h>
#include <kernel/thread.h>

#include "program.h"

#define LOWEST_USER (1UL << 30) /* the kernel maps nothing below that by itself */
#define STACK_BYTES (128UL << 10)
#define NR_TOUCHED 8u
#define NR_SHOWN 1024u
#define PAUSE_TIME 5000 /* of a loop in user mode, so that it does not take for ever */

enum state { READY, CALLING, TOUCHING };

struct program {
	ucontext_t context; /* the beginning */
	jmp_buf inside, back;
	bool has_begun;
	struct thread *thread;
	void (*function)(u64);
	enum state state;
	u64 name, turns, accesses;
	uaddr_t call_pc;
	uaddr_t address; /* touched */
	u32 access;
	/* the last accesses: the instruction they belong to may still be to come */
	struct {
		uaddr_t page;
		u32 access;
	} touched[NR_TOUCHED];
	u32 nr_touched;
};

extern const char __executable_start[], etext[];
extern const char blob_start[], blob_end[];

static int memory_file = -1;
static struct program *current; /* the coroutine that runs */
static u64 nr_programs;
static u32 nr_passed;
static char failed[256];

void program_memory(void)
{
	memory_file = memfd_create("memory", 0);
	if (memory_file < 0 || ftruncate(memory_file, HOST_MEMORY_SIZE) ||
	    mmap(host_memory, HOST_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 memory_file, 0) == MAP_FAILED) {
		perror("simulated memory");
		exit(2);
	}
}

/* ---- pages ---- */

/*
 * What the host's own tables show, of whatever space.  It may be stale: an access
 * asks the simulated tables first.
 */
static struct {
	uaddr_t page;
	long offset;
	int protection;
} shown[NR_SHOWN];

static void show(uaddr_t page, u32 access, const void *place)
{
	u32 i = (u32)(page >> PAGE_SHIFT) % NR_SHOWN;
	long offset = ((const unsigned char *)place - host_memory) & ~(long)(PAGE_SIZE - 1);
	int protection = PROT_READ | (access & MAP_WRITE ? PROT_WRITE : 0);

	if (shown[i].page == page && shown[i].offset == offset &&
	    !(protection & ~shown[i].protection))
		return;
	if (shown[i].page)
		munmap((void *)shown[i].page, PAGE_SIZE);
	if (mmap((void *)page, PAGE_SIZE, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, memory_file,
		 offset) == MAP_FAILED)
		fail("simulator", "page %lx cannot be shown: %s", page, strerror(errno));
	shown[i].page = page;
	shown[i].offset = offset;
	shown[i].protection = protection;
}

/* After a pause: what it has touched last, as far as that is still there. */
static void show_again(struct program *program)
{
	struct fault_info ignored;

	for (u32 i = 0; i < NR_TOUCHED; i++) {
		uaddr_t page = program->touched[i].page;
		u32 access = program->touched[i].access;
		void *place = access ? mmu_access(page, access, &ignored) : NULL;

		if (place)
			show(page, access, place);
		else
			program->touched[i].access = 0;
	}
}

/* ---- inside of a coroutine ---- */

static void yield(enum state state)
{
	current->state = state;
	if (!_setjmp(current->inside))
		_longjmp(current->back, 1);
}

static void touch(uaddr_t address, u32 access)
{
	struct fault_info fault;
	void *place = mmu_access(address, access, &fault);

	while (!place) {
		current->address = address;
		current->access = access;
		yield(TOUCHING);
		place = mmu_access(address, access, &fault);
	}
	current->touched[current->nr_touched % NR_TOUCHED].page = ALIGN_DOWN(address, PAGE_SIZE);
	current->touched[current->nr_touched++ % NR_TOUCHED].access = access;
	show(ALIGN_DOWN(address, PAGE_SIZE), access, place);
}

bool program_access(const volatile void *address, u64 size, bool is_write)
{
	uaddr_t first = (uaddr_t)address, last = first + size - 1;
	u32 access = MAP_READ | (is_write ? MAP_WRITE : 0);

	if (!current)
		return false;
	if (choose(STREAM_ACTOR, current->name, ++current->accesses) % 16 == 0)
		yield(READY);
	if (first < LOWEST_USER || last >= USER_END)
		return true;
	for (uaddr_t at = ALIGN_DOWN(first, PAGE_SIZE); at <= last; at += PAGE_SIZE)
		touch(MAX(at, first), access);
	return true;
}

void program_pause(void)
{
	machine_time += PAUSE_TIME;
	yield(READY);
}

u32 program_match(void)
{
	return options.match;
}

u32 program_rounds(void)
{
	return MAX(options.steps / 20, 1u);
}

void program_raise(u32 line)
{
	machine_raise(line);
}

long program_call(u64 number, u64 handles, const u64 arg[5], u64 value[2])
{
	struct arch_regs *regs = &current->thread->regs;

	regs->tag = number;
	regs->status = handles;
	memcpy(regs->args, arg, sizeof(regs->args));
	yield(CALLING);
	memcpy(value, regs->args, 2 * sizeof(*value));
	return (long)regs->status;
}

void program_ipc(u64 frame[14])
{
	struct arch_regs *regs = &current->thread->regs;

	regs->tag = frame[0];
	regs->status = frame[1];
	memcpy(regs->words, frame + 2, sizeof(regs->words));
	memcpy(regs->caps, frame + 10, sizeof(regs->caps));
	yield(CALLING);
	frame[0] = regs->tag;
	memcpy(frame + 2, regs->words, sizeof(regs->words));
	memcpy(frame + 10, regs->caps, sizeof(regs->caps));
	frame[12] = regs->args[0];
	frame[13] = regs->status;
}

static void life(void)
{
	const u64 nothing[5] = { 0 };
	u64 value[2];

	current->function(current->thread->regs.status);
	for (;;)
		program_call(SYS_thread_exit, 0, nothing, value);
}

/* ---- steps ---- */

static void run_main(u64 argument)
{
	const u64 nothing[5] = { 0 };
	u64 value[2];

	(void)argument;
	program_main();
	program_call(SYS_process_exit, 0, nothing, value);
}

static bool is_code(u64 pc)
{
	return pc >= (u64)__executable_start && pc < (u64)etext;
}

/* Return: false with *fault if nothing can be executed there. */
static bool find_function(struct program *program, struct fault_info *fault)
{
	u64 pc = program->thread->regs.pc;
	const u64 *place = (const u64 *)pc;

	if (program->thread->process == init_process && program->name == 1) {
		program->function = run_main;
		return true;
	}
	if (is_code(pc)) {
		program->function = (void (*)(u64))pc;
		return true;
	}
	if (pc < (u64)blob_start || pc >= (u64)blob_end)
		place = mmu_access(pc, MAP_READ | MAP_EXECUTE, fault);
	if (!place)
		return false;
	program->function = (void (*)(u64))*place;
	*fault = (struct fault_info){ .kind = FAULT_INSTRUCTION, .address = pc };
	return is_code(*place);
}

/* Not on the heap, which may begin in the user half. */
static void *new_stack(void)
{
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (stack == MAP_FAILED)
		abort();
	return stack;
}

static void make_context(ucontext_t *context, void *stack)
{
	if (getcontext(context))
		abort();
	context->uc_stack.ss_sp = stack;
	context->uc_stack.ss_size = STACK_BYTES;
	makecontext(context, life, 0);
}

static struct program *program_of(struct thread *thread)
{
	struct program *program;

	if (thread->regs.actor)
		return (struct program *)thread->regs.actor;
	program = calloc(1, sizeof(*program));
	if (!program)
		abort();
	program->thread = thread;
	program->name = ++nr_programs;
	make_context(&program->context, new_stack());
	thread->regs.actor = (u64)program;
	return program;
}

u64 program_operation(struct thread *thread)
{
	struct program *program = program_of(thread);

	return choose(STREAM_TURN, program->name, ++program->turns);
}

static void resume(struct program *program)
{
	current = program;
	if (!_setjmp(program->back)) {
		if (current->has_begun)
			_longjmp(current->inside, 1);
		current->has_begun = true;
		setcontext(&current->context);
	}
	current = NULL;
}

enum user_event program_step(struct thread *thread, struct fault_info *fault)
{
	struct program *program = program_of(thread);

	if (!program->function && !find_function(program, fault))
		return USER_FAULT;
	/* Put back to the instruction: the call is issued again. */
	if (program->state == CALLING && thread->regs.pc == program->call_pc)
		return USER_CALL;
	if (program->state == TOUCHING && !mmu_access(program->address, program->access, fault))
		return USER_FAULT;
	show_again(program);
	resume(program);
	if (program->state != CALLING)
		return USER_NONE;
	program->call_pc = thread->regs.pc;
	return USER_CALL;
}

/* ---- results ---- */

void program_line(const char *line)
{
	unsigned number;

	if (!strncmp(line, "not ok ", 7) && !failed[0])
		snprintf(failed, sizeof(failed), "%s", line);
	nr_passed += sscanf(line, "ok %u", &number) == 1;
	if (!options.is_quiet || options.trace)
		trace("%s", line);
}

void program_end(u8 code)
{
	if (failed[0])
		fail("case", "%s", failed);
	if (code || !nr_passed)
		fail("suite", "it ended with code %u after %u results", code, nr_passed);
	finish("the suite has passed");
}
