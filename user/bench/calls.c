// SPDX-License-Identifier: MIT
/*
 * Every other call of the list: what a program asks and tells the kernel now
 * and then.  Each row has the call's name.  A call is made again and again where
 * it leaves things as they were; else what undoes it is made between samples.
 */
#include "bench.h"

#define SYSTEM startup->system
#define LINES_LOGGED 208u

/* A call that can be made at any time. */
static void again(const char *name, u64 tag, u64 handles, u64 first, u64 second)
{
	struct measured_call call = {
		.tag = tag, .handles = handles, .argument = { first, second }
	};
	u32 row = series_start(name);

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(row);
		series_add(row, call_cost(&call, name));
	}
}

/* Two calls of which one undoes the other. */
static void in_turn(const char *names[2], struct measured_call calls[2])
{
	u32 row[2] = { series_start(names[0]), series_start(names[1]) };

	for (u32 i = 0; i < 2 * series_samples(); i++) {
		series_mark(row[i % 2]);
		series_add(row[i % 2], call_cost(&calls[i % 2], names[i % 2]));
	}
}

/* A call that makes an object; the reaper takes it away again. */
static u64 made(const char *name, u64 tag, u64 first, u64 second)
{
	struct measured_call call = {
		.tag = tag, .handles = SYSTEM, .argument = { first, second }
	};
	u32 row = series_start(name);

	for (u32 i = 0; i < series_samples(); i++) {
		settle();
		if (call.value[0])
			must(cap_delete((handle_t)call.value[0]), name);
		settle();
		series_mark(row);
		series_add(row, call_cost(&call, name));
	}
	return call.value[0];
}

/* ---- threads ---- */

static void wait_again(void *argument)
{
	const handle_t *bits = argument;
	u64 taken;
	long status;

	do {
		status = notify_wait(*bits, TIME_NEVER, &taken);
	} while (status == ST_INTERRUPTED);
}

/* Its wait goes on, whatever is done to the thread; but for an interruption, after which it waits again. */
static void waiting_thread(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0), other = create(TYPE_NOTIFICATION, 0);
	struct uthread thread;
	struct measured_call interrupt = { .tag = SYS_thread_interrupt };
	u32 row;

	must(uthread_start(&thread, wait_again, &bits, THREAD_PRIORITY(PRIORITY_BELOW)),
	     "uthread_start");
	settle();
	again("thread-info", SYS_thread_info, thread.handle, THREAD_INFO_STATE, 0);
	again("thread-set", SYS_thread_set, thread.handle, THREAD_PRIORITY(PRIORITY_BELOW), 0);
	in_turn((const char *[]){ "thread-suspend", "thread-resume" },
		(struct measured_call[]){
			{ .tag = SYS_thread_suspend, .handles = thread.handle },
			{ .tag = SYS_thread_resume, .handles = thread.handle },
		});
	in_turn((const char *[]){ "notify-bind", "notify-unbind" },
		(struct measured_call[]){
			{ .tag = SYS_notify_bind, .handles = thread.handle | (u64)other << 32 },
			{ .tag = SYS_notify_bind, .handles = thread.handle },
		});
	interrupt.handles = thread.handle;
	row = series_start("thread-interrupt");
	for (u32 i = 0; i < series_samples(); i++) {
		settle();
		series_mark(row);
		series_add(row, call_cost(&interrupt, "thread_interrupt"));
	}
	must(cap_destroy(bits), "cap_destroy");
	must(uthread_join(&thread, PATIENCE), "uthread_join");
	must(cap_destroy(other), "cap_destroy");
	settle();
}

static void own_thread(void)
{
	again("thread-self", SYS_thread_self, 0, 0, 0);
	again("thread-set-tls", SYS_thread_set_tls, 0, 0, 0);
	again("thread-sleep-past", SYS_thread_sleep, 0, 1, 0);
}

/* ---- processes, memory, the machine ---- */

static void process_facts(void)
{
	handle_t process = create(TYPE_PROCESS, 0), endpoint = create(TYPE_ENDPOINT, 0);
	handle_t bits = create(TYPE_NOTIFICATION, 0);

	again("process-info", SYS_process_info, process, PROCESS_INFO_STATE, 0);
	again("process-set-name", SYS_process_set_name, process, 0x68636e6562, 0);
	in_turn((const char *[]){ "process-set-fault", "process-unset-fault" },
		(struct measured_call[]){
			{ .tag = SYS_process_set_fault, .handles = process | (u64)endpoint << 32 },
			{ .tag = SYS_process_set_fault, .handles = process },
		});
	in_turn((const char *[]){ "process-set-watch", "process-unset-watch" },
		(struct measured_call[]){
			{ .tag = SYS_process_set_watch, .handles = process | (u64)bits << 32,
			  .argument = { 1 } },
			{ .tag = SYS_process_set_watch, .handles = process },
		});
	must(cap_destroy(process), "cap_destroy");
	must(cap_destroy(endpoint), "cap_destroy");
	must(cap_destroy(bits), "cap_destroy");
	settle();
}

/* One page that has a frame. */
static void memory_facts(void)
{
	u32 row = series_start("mem-seal");
	handle_t memory;
	u8 *page = memory_new(1, &memory);

	assert(page);
	page[0] = 1;
	again("mem-info", SYS_mem_info, memory, MEM_INFO_SIZE, 0);
	memory_free(page, 1, memory);
	for (u32 i = 0; i < series_samples(); i++) {
		struct measured_call seal = { .tag = SYS_mem_seal };

		page = memory_new(1, &memory);
		assert(page);
		page[0] = 1;
		must(mem_unmap(startup->self, (u64)page, PAGE_SIZE, NULL), "mem_unmap");
		seal.handles = memory;
		series_mark(row);
		series_add(row, call_cost(&seal, "mem_seal"));
		must(cap_delete(memory), "cap_delete");
		settle();
	}
}

/* The generator makes numbers for two calls at a time, so a sample is two calls. */
static void random_numbers(void)
{
	struct measured_call call = { .tag = SYS_random_get };
	u32 row = series_start("random-get-twice");

	for (u32 i = 0; i < series_samples(); i++) {
		u64 first;

		series_mark(row);
		first = call_cost(&call, "random_get");
		series_mark_more(row);
		series_add(row, first + call_cost(&call, "random_get"));
	}
}

static void machine_facts(void)
{
	struct measured_call log = {
		.tag = SYS_system_log, .handles = SYSTEM, .argument = { 32 }
	};
	char text[33] = "bench: a line of the kernel's.\r\n";
	u32 row = series_start("system-log");

	again("system-info", SYS_system_info, SYSTEM, INFO_CPUS, 0);
	random_numbers();
	again("clock-now", SYS_clock_now, 0, 0, 0);
	again("cap-next", SYS_cap_next, 0, 0, 0);
	memcpy(&log.argument[1], text, 32);
	for (u32 i = 0; i < LINES_LOGGED; i++) {
		series_mark(row);
		series_add(row, call_cost(&log, "system_log"));
	}
}

/* ---- devices ---- */

static void interrupt_line(void)
{
	handle_t bits = create(TYPE_NOTIFICATION, 0);
	u64 line = 0, unused, irq = 0;

	must(system_info(SYSTEM, INFO_IRQS, 0, &line, &unused), "system_info");
	/* Some lines are taken; the last free one will do. */
	while (line && irq_create(SYSTEM, line - 1, &irq) != ST_OK)
		line--;
	if (!line)
		fail("no free interrupt line");
	must(cap_delete((handle_t)irq), "cap_delete");
	irq = made("irq-create", SYS_irq_create, line - 1, 0);
	in_turn((const char *[]){ "irq-bind", "irq-unbind" },
		(struct measured_call[]){
			{ .tag = SYS_irq_bind, .handles = irq | (u64)bits << 32,
			  .argument = { 1 } },
			{ .tag = SYS_irq_bind, .handles = irq },
		});
	must(irq_bind((handle_t)irq, bits, 1), "irq_bind");
	again("irq-ack", SYS_irq_ack, irq, 0, 0);
	must(cap_delete((handle_t)irq), "cap_delete");
	must(cap_destroy(bits), "cap_destroy");
	settle();
}

bool has_ports(void)
{
	u64 port;

	if (ioport_create(SYSTEM, PORT_FREE, 8, &port) == ST_NOSYS)
		return false;
	must(cap_delete((handle_t)port), "cap_delete");
	settle();
	return true;
}

static void ports(void)
{
	u64 port;

	if (!has_ports())
		return;
	port = made("ioport-create", SYS_ioport_create, PORT_FREE, 8);
	again("ioport-out", SYS_ioport_out, port, 7, 1);
	again("ioport-in", SYS_ioport_in, port, 7, 1);
	must(cap_delete((handle_t)port), "cap_delete");
	settle();
}

void bench_calls(void)
{
	own_thread();
	waiting_thread();
	process_facts();
	memory_facts();
	machine_facts();
	must(cap_delete((handle_t)made("mem-create-device", SYS_mem_create_device, FAR_AWAY, 1)),
	     "cap_delete");
	interrupt_line();
	ports();
}
