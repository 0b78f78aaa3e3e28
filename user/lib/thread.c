// SPDX-License-Identifier: MIT
/*
 * Threads.  A stack lies in a reserved range whose lowest page stays unmapped:
 * the range is found by mapping the object once with a page to spare, then the
 * lowest page is unmapped.  The process's last mapping of it goes with join.
 */
#include <user/startup.h>
#include <user/thread.h>

#define JOIN_NAP (200 * 1000UL)
#define KILL_TRIES 5000

void thread_entry(void);
void thread_main(struct uthread *self);

void thread_main(struct uthread *self)
{
	self->run(self->argument);
	__atomic_store_n(&self->is_done, 1, __ATOMIC_RELEASE);
	(void)thread_exit();
}

static void free_stack(struct uthread *thread)
{
	(void)mem_unmap(startup->self, thread->stack_address, THREAD_STACK_PAGES * PAGE_SIZE, NULL);
	(void)cap_delete(thread->stack);
}

static long make_stack(struct uthread *thread)
{
	u64 pages = THREAD_STACK_PAGES + 1, memory, address;
	long status = cap_create(TYPE_MEMORY, pages, &memory);

	if (status != ST_OK)
		return status;
	thread->stack = (handle_t)memory;
	status = mem_map(startup->self, thread->stack, 0, pages * PAGE_SIZE, 0,
			 MAP_READ | MAP_WRITE, &address);
	if (status != ST_OK) {
		(void)cap_delete(thread->stack);
		return status;
	}
	(void)mem_unmap(startup->self, address, PAGE_SIZE, NULL);
	thread->stack_address = address + PAGE_SIZE;
	return ST_OK;
}

long uthread_start(struct uthread *thread, void (*run)(void *), void *argument, u64 settings)
{
	u64 handle, top;
	long status;

	*thread = (struct uthread){ .run = run, .argument = argument };
	status = make_stack(thread);
	if (status != ST_OK)
		return status;
	top = thread->stack_address + THREAD_STACK_PAGES * PAGE_SIZE;
	/* Not started yet: the thread must find its structure complete. */
	status = thread_create(startup->self, (u64)thread_entry, top, (u64)thread, settings,
			       &handle, &thread->page);
	if (status != ST_OK) {
		free_stack(thread);
		return status;
	}
	thread->handle = (handle_t)handle;
	return thread_resume(thread->handle);
}

/* Its stack may go only when the kernel says that it will never run again. */
static bool is_dead(const struct uthread *thread)
{
	u64 state = 0, cpu;

	return thread_info(thread->handle, THREAD_INFO_STATE, &state, &cpu) != ST_OK ||
	       state == THREAD_STATE_DEAD;
}

long uthread_join(struct uthread *thread, u64 timeout)
{
	u64 end = now() + timeout;

	while (!is_dead(thread)) {
		if (now() > end)
			return ST_TIMEDOUT;
		sleep_for(JOIN_NAP);
	}
	(void)cap_delete(thread->handle);
	free_stack(thread);
	return ST_OK;
}

static u64 nr_threads(void)
{
	u64 state, count = 0;

	(void)process_info(startup->self, PROCESS_INFO_STATE, &state, &count);
	return count;
}

/* Destroyed, it may still run on another CPU for a moment: its stack stays until it is off the books. */
void uthread_kill(struct uthread *thread)
{
	u64 before = nr_threads();

	(void)cap_destroy(thread->handle);
	for (u32 tries = 0; nr_threads() >= before && tries < KILL_TRIES; tries++)
		sleep_for(JOIN_NAP);
	free_stack(thread);
}
