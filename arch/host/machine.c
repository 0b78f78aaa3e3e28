// SPDX-License-Identifier: MIT
/*
 * The machine's CPUs: coroutines of one host thread, each with a stack of its
 * own that is empty whenever user mode runs or the CPU idles.
 *
 * A turn of a CPU in user mode is one instruction of an actor; a turn of one in
 * the kernel lasts until the kernel leaves or a hook gives way.  Turns go round
 * robin, except that a CPU left in the kernel may be skipped for a while: that
 * is how somebody comes between two of its accesses.  Whether a hook gives way
 * depends on the seed, the stay in the kernel and the number of the hook only,
 * so that a history keeps its other switches when one is taken out.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <generated/syscall_numbers.h>
#include <kernel/atomic.h>
#include <kernel/bootinfo.h>
#include <kernel/ipc.h>
#include <kernel/thread.h>

#include "fiber.h"
#include "run.h"
#include "script.h"
#include "sim.h"

#define STACK_BYTES (256u << 10)
#define HOOK_TIME 20 /* nanoseconds */
#define INSTRUCTION_TIME 400
#define SPIN_LIMIT 100000
#define MAX_SKIP_BITS 8
#define NR_LINES 8

struct machine_cpu machine_cpus[NR_CPUS];
struct machine_cpu *running;
struct cpu *host_cpu = &cpus[0];
u64 machine_time;
bool machine_is_alone = true;
bool machine_has_users;

static struct {
	ucontext_t context; /* of its first turn */
	bool has_begun;
	jmp_buf turn; /* where the next turn goes on */
	jmp_buf base; /* of the empty stack */
	char *stack;
	void *fake_stack;
} coroutines[NR_CPUS];

static jmp_buf scheduler;
static u64 nr_turns;
static u32 last;
static u64 switch_rate; /* one hook in so many gives way */

/*
 * External interrupt lines: level triggered, raised by the seed.  One that another CPU masks may be
 * under way to its target already.
 */
static struct {
	bool is_open, is_raised, is_late;
	struct machine_cpu *target;
} lines[NR_LINES];

u64 machine_turns(void)
{
	return nr_turns;
}

/* ---- switching ---- */

static void *scheduler_fake_stack;
static const void *scheduler_bottom;
static size_t scheduler_size;

static void leaving(void **fake_stack, const void *bottom, size_t size)
{
	fiber_leave(fake_stack, bottom, size);
}

static void arrived(void *fake_stack)
{
	fiber_arrive(fake_stack, running ? &scheduler_bottom : NULL,
		     running ? &scheduler_size : NULL);
}

/* Back to the scheduler; returns at the CPU's next turn. */
static void give_way(void)
{
	u32 self = cpu_number(running);

	leaving(&coroutines[self].fake_stack, scheduler_bottom, scheduler_size);
	if (!_setjmp(coroutines[self].turn))
		_longjmp(scheduler, 1);
	arrived(coroutines[self].fake_stack);
}

static void run(struct machine_cpu *cpu)
{
	u32 number = cpu_number(cpu);

	running = cpu;
	host_cpu = cpu->cpu;
	last = number;
	leaving(&scheduler_fake_stack, coroutines[number].stack, STACK_BYTES);
	if (!_setjmp(scheduler)) {
		if (coroutines[number].has_begun)
			_longjmp(coroutines[number].turn, 1);
		coroutines[number].has_begun = true;
		setcontext(&coroutines[number].context);
	}
	running = NULL;
	arrived(scheduler_fake_stack);
}

/* ---- interrupts ---- */

static bool line_is_pending(const struct machine_cpu *cpu, u32 line)
{
	return (lines[line].is_open || lines[line].is_late) && lines[line].is_raised &&
	       lines[line].target == cpu;
}

bool machine_is_interrupted(const struct machine_cpu *cpu)
{
	if (cpu->deadline <= machine_time || (cpu->has_ipi && cpu->ipi_at <= machine_time))
		return true;
	for (u32 i = 0; i < NR_LINES; i++)
		if (line_is_pending(cpu, i))
			return true;
	return false;
}

bool arch_irq_pending(void)
{
	machine_hook();
	return machine_is_interrupted(running);
}

u32 arch_irq_claim(void)
{
	struct machine_cpu *cpu = running;

	machine_hook();
	if (cpu->has_ipi && cpu->ipi_at <= machine_time) {
		cpu->has_ipi = false;
		views_receive();
		return IRQ_IPI;
	}
	if (cpu->deadline <= machine_time) {
		cpu->deadline = TIME_NEVER;
		return IRQ_TIMER;
	}
	for (u32 i = 0; i < NR_LINES; i++)
		if (line_is_pending(cpu, i))
			return i;
	return IRQ_NONE;
}

/* The device is content once the line has been answered. */
void arch_irq_done(u32 irq)
{
	lines[irq].is_raised = lines[irq].is_late = false;
}

void arch_irq_mask(u32 irq)
{
	/* With the model a device asks when the script says so. */
	if (lines[irq].is_open && lines[irq].target != running && !options.uses_model &&
	    choose(STREAM_DEVICE, nr_turns, 1) % 4 == 0)
		lines[irq].is_late = lines[irq].is_raised = true;
	lines[irq].is_open = false;
}

void arch_irq_unmask(u32 irq)
{
	lines[irq].is_open = true;
	lines[irq].target = running;
}

u32 arch_irq_count(void)
{
	return NR_LINES;
}

u32 machine_open_lines(void)
{
	u32 open = 0;

	for (u32 i = 0; i < NR_LINES; i++)
		open |= lines[i].is_open ? 1u << i : 0;
	return open;
}

bool arch_irq_is_usable(u32 irq)
{
	return irq != 0;
}

static void send_ipi(struct machine_cpu *cpu)
{
	if (!cpu->has_ipi)
		cpu->ipi_at =
			machine_time + choose(STREAM_IPI, running->entry, running->hooks) % 3000;
	cpu->has_ipi = true;
	views_send(cpu_number(cpu));
}

void arch_send_ipi(struct cpu *cpu)
{
	machine_hook();
	send_ipi(&machine_cpus[cpu->index]);
}

void arch_ipi_stop_others(void)
{
	for (u32 i = 0; i < NR_CPUS; i++)
		if (&machine_cpus[i] != running && machine_cpus[i].mode != MODE_OFF)
			machine_cpus[i].mode = MODE_STOPPED;
}

/* ---- time ---- */

ktime_t arch_now(void)
{
	return machine_time;
}

u64 arch_cycles(void)
{
	return machine_time;
}

void arch_set_deadline(ktime_t when)
{
	running->deadline = when;
}

/* ---- leaving the kernel ---- */

static __noreturn void leave(enum mode mode, struct thread *thread)
{
	running->mode = mode;
	running->thread = thread;
	_longjmp(coroutines[cpu_number(running)].base, 1);
}

void arch_enter_user(struct thread *thread)
{
	if (running->cpu->current != thread)
		fail("entry", "user mode of a thread that is not the current one");
	race_access(&thread->regs, sizeof(thread->regs), 0, __builtin_return_address(0));
	arch_context_sync();
	leave(MODE_USER, thread);
}

void arch_idle(void)
{
	leave(MODE_IDLE, NULL);
}

void arch_irq_window(void)
{
	leave(MODE_WINDOW, NULL);
}

void arch_stop(void)
{
	leave(MODE_STOPPED, NULL);
}

/* ---- CPUs ---- */

static void enter(u64 key)
{
	running->mode = MODE_KERNEL;
	running->entry = key;
	running->hooks = 0;
	running->spins = 0;
	if (running->thread)
		race_access(&running->thread->regs, sizeof(running->thread->regs), ACCESS_WRITE,
			    __builtin_return_address(0));
}

static __noreturn void interrupt(void)
{
	enter(choose(STREAM_DEVICE, cpu_number(running), ++running->nr_interrupts));
	trace("interrupt");
	kernel_irq();
	kernel_exit();
}

/* What the entry code of a real machine does: the sender's registers become the receiver's. */
static void fast_call(struct thread *self)
{
	u64 tag = arch_tag(&self->regs), number = tag & MSG_CALL_MASK, words[MSG_REG_WORDS];
	u64 handles = arch_handle(&self->regs) | (u64)arch_handle2(&self->regs) << 32;
	struct ipc_fast fast = { 0 };

	if (!IS_ENABLED(CONFIG_IPC_FASTPATH) || (u32)tag > MSG_SHORT_MAX)
		return;
	memcpy(words, arch_words(&self->regs), sizeof(words));
	if (number == SYS_ipc_call)
		fast = ipc_fast_call(self, handles);
	else if (number == SYS_ipc_reply_receive)
		fast = ipc_fast_reply_receive(self, handles, tag);
	if (!fast.next)
		return;
	actor_took_short_way(self, fast.next, number == SYS_ipc_call);
	memcpy(arch_words(&fast.next->regs), words, sizeof(words));
	arch_set_tag(&fast.next->regs, tag);
	arch_set_caps(&fast.next->regs, 0, 0);
	arch_set_caps(&fast.next->regs, 1, 0);
	arch_set_value(&fast.next->regs, 0, fast.badge);
	arch_set_status(&fast.next->regs, ST_OK);
	arch_enter_user(fast.next);
}

/*
 * An ordinary call saves the message words late.  Until then there is rubbish
 * in their place, and nobody else may have looked at it.
 */
static void system_call(struct thread *self)
{
	u64 number = arch_tag(&self->regs) & MSG_CALL_MASK, words[MSG_REG_WORDS];
	bool is_raw = number >= SYS_RAW_FIRST && number <= SYS_RAW_LAST, goes_on;

	self->regs.pc += CALL_SIZE;
	fast_call(self);
	memcpy(words, arch_words(&self->regs), sizeof(words));
	if (!is_raw)
		memset(arch_words(&self->regs), 0xa5, sizeof(words));
	goes_on = kernel_syscall(self);
	if (!is_raw) {
		race_access(arch_words(&self->regs), sizeof(words), ACCESS_WRITE,
			    __builtin_return_address(0));
		memcpy(arch_words(&self->regs), words, sizeof(words));
	}
	if (goes_on)
		arch_enter_user(self);
}

static void user_turn(void)
{
	struct thread *thread = running->thread;
	struct fault_info fault;
	enum user_event event = actor_step(thread, &fault);

	machine_has_users = true;
	/* Which faults there are depends on more than the calls. */
	if (event != USER_FAULT || !options.results)
		machine_time += INSTRUCTION_TIME;
	if (event == USER_NONE)
		return;
	enter(actor_operation(thread));
	if (event == USER_CALL)
		system_call(thread);
	else
		kernel_fault(thread, &fault);
	kernel_exit();
}

static __noreturn void life(void)
{
	struct machine_cpu *self = running;

	arrived(NULL);
	if (!_setjmp(coroutines[cpu_number(self)].base)) {
		enter(choose(STREAM_SWITCH, cpu_number(self), 0));
		if (self == machine_cpus)
			kernel_main(boot_describe(options.cpus));
		views_receive(); /* what the starter wrote */
		kernel_main_secondary(self->cpu);
	}
	for (;;) {
		give_way();
		if (self->mode == MODE_STOPPED)
			continue;
		if (machine_is_interrupted(self) || self->mode == MODE_WINDOW)
			interrupt();
		if (self->mode == MODE_USER)
			user_turn();
	}
}

static void prepare(struct machine_cpu *cpu)
{
	u32 number = cpu_number(cpu);

	cpu->cpu = &cpus[number];
	cpu->mode = MODE_START;
	cpu->deadline = TIME_NEVER;
	coroutines[number].stack = malloc(STACK_BYTES);
	if (!coroutines[number].stack || getcontext(&coroutines[number].context))
		abort();
	coroutines[number].context.uc_stack.ss_sp = coroutines[number].stack;
	coroutines[number].context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&coroutines[number].context, (void (*)(void))life, 0);
}

long arch_start_cpu(struct cpu *cpu)
{
	if (cpu->hwid >= options.cpus)
		return ST_NOTFOUND;
	machine_is_alone = false;
	views_send(cpu->index);
	prepare(&machine_cpus[cpu->index]);
	return ST_OK;
}

/* ---- the scheduler ---- */

static bool is_runnable(const struct machine_cpu *cpu)
{
	switch (cpu->mode) {
	case MODE_OFF:
	case MODE_STOPPED: return false;
	case MODE_IDLE: return machine_is_interrupted(cpu);
	default: return true;
	}
}

/* Another CPU has something to do. */
static bool has_others(void)
{
	for (u32 i = 0; i < NR_CPUS; i++)
		if (&machine_cpus[i] != running && is_runnable(&machine_cpus[i]))
			return true;
	return false;
}

void machine_hook(void)
{
	struct machine_cpu *self = running;
	u64 random, key;

	if (!self || self->mode != MODE_KERNEL)
		return;
	machine_time += options.results ? 0 : HOOK_TIME;
	self->hooks++;
	random = choose(STREAM_SWITCH, self->entry, self->hooks);
	if (!(random >> 59))
		mmu_speculate(random);
	key = random | 1;
	if (random % switch_rate || !has_others() || is_dropped(key))
		return;
	self->skip = 1u << (random >> 32) % MAX_SKIP_BITS;
	note_step(key, "CPU %u waits for %u turns at @%p", cpu_number(self), self->skip,
		  __builtin_return_address(0));
	give_way();
}

/* Whoever holds the lock must come on. */
void arch_cpu_relax(void)
{
	machine_time += HOOK_TIME;
	for (u32 i = 0; i < NR_CPUS; i++)
		machine_cpus[i].skip /= 2;
	if (running->spins++ > SPIN_LIMIT)
		fail("spin", "CPU %u waits for a lock or a CPU for ever", cpu_number(running));
	give_way();
}

static struct machine_cpu *next_cpu(void)
{
	struct machine_cpu *skipped = NULL;

	for (u32 i = 1; i <= NR_CPUS; i++) {
		struct machine_cpu *cpu = &machine_cpus[(last + i) % NR_CPUS];

		if (!is_runnable(cpu))
			continue;
		if (!cpu->skip)
			return cpu;
		cpu->skip--;
		skipped = cpu;
	}
	return skipped;
}

/* Every CPU idles: on to what happens next. Return: false if nothing will. */
static bool advance_time(void)
{
	u64 next = TIME_NEVER;

	for (u32 i = 0; i < options.cpus; i++) {
		next = MIN(next, machine_cpus[i].deadline);
		if (machine_cpus[i].has_ipi)
			next = MIN(next, machine_cpus[i].ipi_at);
	}
	if (next == TIME_NEVER)
		return false;
	machine_time = MAX(machine_time, next);
	return true;
}

static bool is_kernel_empty(void)
{
	for (u32 i = 0; i < NR_CPUS; i++)
		if (machine_cpus[i].mode == MODE_KERNEL || machine_cpus[i].mode == MODE_START)
			return false;
	return true;
}

void machine_raise(u32 line)
{
	lines[line].is_raised = true;
}

static void raise_lines(void)
{
	u64 random = choose(STREAM_DEVICE, nr_turns, 0);

	if (options.uses_model)
		return; /* the script does it */
	/* Seldom, but if somebody waits for one: work of the kernel's own is to meet them, too. */
	if (random % (machine_open_lines() ? 16 : 256) == 0)
		machine_raise(random / 256 % NR_LINES);
}

void machine_run(void)
{
	u64 last_check = 0, check_every = options.check_every;

	if (!check_every) /* the suite's threads spend most of their turns in loops */
		check_every = options.runs_suite ? 256 : 32;
	switch_rate = 8UL << 2 * (choose(STREAM_SWITCH, ~0UL, 0) % 4);
	if (role_lies_in_wait() && !options.uses_model && !options.runs_suite)
		switch_rate = 8;
	race_init();
	prepare(machine_cpus);
	for (;;) {
		struct machine_cpu *cpu = next_cpu();

		if (!cpu) {
			if (advance_time())
				continue;
			check_quiet();
			if (options.uses_model)
				script_quiet();
			if (options.runs_suite)
				fail("suite", "everybody waits for ever");
			finish(is_winding_up ? "quiet" : "quiet too early");
		}
		nr_turns++;
		outcome->turns++;
		raise_lines();
		run(cpu);
		if (is_kernel_empty() && nr_turns - last_check >= check_every) {
			last_check = nr_turns;
			check_all();
		}
	}
}
