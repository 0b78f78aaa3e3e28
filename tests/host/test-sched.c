// SPDX-License-Identifier: MIT
/*
 * sched/ against a model in plain arrays: who runs next, in which order equals
 * take turns, when waits end, and what the timer is set to.
 */
#include "kernel.h"
#include "../../sched/sched_internal.h"

#define THREADS 40
#define QUANTUM 1000000UL /* CONFIG_SCHED_QUANTUM_US in nanoseconds */

struct cpu cpus[CONFIG_NR_CPUS];
struct cpu *host_cpu = &cpus[0];

static struct thread threads[THREADS];
static ktime_t now;
static ktime_t known_deadline; /* none is earlier; that of a wait that has ended early stays */
static bool is_overdue;
static ktime_t timer_set; /* what the hardware was told */
static int nr_posted, nr_timed_out;

ktime_t arch_now(void)
{
	return now;
}

void arch_set_deadline(ktime_t when)
{
	timer_set = when;
}

void thread_post(struct thread *thread, u32 request)
{
	assert_int_equal(request, REQUEST_WAKE);
	thread->requests |= request;
	nr_posted++;
}

/* ---- the model ---- */

enum { BLOCKED, QUEUED, RUNNING };

static struct {
	int state;
	ktime_t deadline;
	u64 arrival; /* of the deadline, to order equals */
	ktime_t left; /* of a turn that a better thread cut short */
} model[THREADS];
static int queue[NR_PRIORITIES][THREADS], length[NR_PRIORITIES];
static int running; /* -1: nobody */
static ktime_t quantum_end;
static u64 arrivals;

static void model_queue(int i, bool at_front)
{
	int priority = threads[i].priority;

	if (at_front)
		memmove(queue[priority] + 1, queue[priority],
			(size_t)length[priority] * sizeof(int));
	queue[priority][at_front ? 0 : length[priority]] = i;
	length[priority]++;
	model[i].state = QUEUED;
	model[i].deadline = TIME_NEVER;
}

static int model_best(void)
{
	int best = NR_PRIORITIES - 1;

	while (best >= 0 && !length[best])
		best--;
	return best;
}

static void model_choose(void)
{
	int best = model_best();

	if (running >= 0) {
		int priority = threads[running].priority;

		if (best < priority || (best == priority && now < quantum_end))
			return;
		model[running].left = now < quantum_end ? quantum_end - now : 0;
		model_queue(running, model[running].left != 0);
		running = -1;
	}
	if (best < 0)
		return;
	running = queue[best][0];
	length[best]--;
	memmove(queue[best], queue[best] + 1, (size_t)length[best] * sizeof(int));
	model[running].state = RUNNING;
	quantum_end = now + (model[running].left ? model[running].left : QUANTUM);
	model[running].left = 0;
}

/* Of two that wait: does @a end before @b at its moment? The urgent one, if both are due. */
static bool ends_before(int a, int b)
{
	bool both_due = model[a].deadline <= now && model[b].deadline <= now;

	if (both_due && threads[a].priority != threads[b].priority)
		return threads[a].priority > threads[b].priority;
	if (model[a].deadline != model[b].deadline)
		return model[a].deadline < model[b].deadline;
	return model[a].arrival < model[b].arrival;
}

/* The next wait to end, -1 if none has a deadline. */
static int model_next_timer(void)
{
	int first = -1;

	for (int i = 0; i < THREADS; i++)
		if (model[i].state == BLOCKED && model[i].deadline != TIME_NEVER &&
		    (first < 0 || ends_before(i, first)))
			first = i;
	return first;
}

/* What sched/timeout.c asks of the thread code: the wait is over. */
bool thread_cancel(struct thread *thread, u32 reason)
{
	assert_int_equal(reason, CANCEL_TIMEOUT);
	assert_ptr_equal(thread, &threads[model_next_timer()]);
	assert_true(model[thread - threads].deadline <= now);
	return true;
}

void thread_wait_ended(struct thread *thread, long status)
{
	assert_int_equal(status, thread->wait_kind == WAIT_SLEEP ? ST_OK : ST_TIMEDOUT);
}

void thread_returned(struct thread *thread)
{
	nr_timed_out++;
	sched_make_runnable(thread);
	model_queue((int)(thread - threads), false);
}

static void check(void)
{
	struct cpu *cpu = host_cpu;
	u32 queued = 0;

	assert_ptr_equal(cpu->current, running >= 0 ? &threads[running] : NULL);
	for (int priority = 0; priority < NR_PRIORITIES; priority++) {
		int n = 0;

		assert_int_equal(!!(cpu->runqueue.bitmap & BIT(priority)), !!length[priority]);
		list_for_each(node, &cpu->runqueue.queue[priority]) {
			assert_true(n < length[priority]);
			assert_ptr_equal(list_entry(node, struct thread, run_link),
					 &threads[queue[priority][n++]]);
		}
		assert_int_equal(n, length[priority]);
		queued += (u32)n;
	}
	assert_int_equal(cpu->runqueue.nr_queued, queued);
	for (int priority = 0; priority < NR_PRIORITIES; priority++) {
		assert_true(rb_check(&cpu->timer_queue[priority].tree));
	}
	for (int i = 0; i < THREADS; i++) {
		static const u8 states[] = { THREAD_BLOCKED, THREAD_RUNNABLE, THREAD_RUNNING };

		assert_int_equal(threads[i].state, states[model[i].state]);
		assert_int_equal(rb_is_linked(&threads[i].timer),
				 model[i].state == BLOCKED && model[i].deadline != TIME_NEVER);
	}
}

static void start(u32 nr_priorities)
{
	memset(cpus, 0, sizeof(cpus));
	memset(threads, 0, sizeof(threads));
	memset(length, 0, sizeof(length));
	running = -1;
	now = 5;
	known_deadline = TIME_NEVER;
	is_overdue = false;
	sched_init_cpu(host_cpu);
	for (int i = 0; i < THREADS; i++) {
		threads[i].home = host_cpu;
		threads[i].priority = (u8)(test_below(nr_priorities) * (NR_PRIORITIES - 1) /
					   MAX(nr_priorities - 1, 1u));
		threads[i].state = THREAD_BLOCKED;
		threads[i].wait_kind = i % 2 ? WAIT_SLEEP : WAIT_RECEIVE;
		list_init(&threads[i].run_link);
		rb_node_init(&threads[i].timer);
		model[i].state = BLOCKED;
		model[i].deadline = TIME_NEVER;
		model[i].left = 0;
	}
}

/* The earliest deadline of threads of @priority and above. */
static ktime_t model_earliest(u32 priority)
{
	ktime_t earliest = TIME_NEVER;

	for (int i = 0; i < THREADS; i++)
		if (model[i].state == BLOCKED && threads[i].priority >= priority)
			earliest = MIN(earliest, model[i].deadline);
	return earliest;
}

static void choose_and_arm(void)
{
	struct thread *next = sched_choose(host_cpu);
	ktime_t when = known_deadline;

	model_choose();
	assert_ptr_equal(next, running >= 0 ? &threads[running] : NULL);
	sched_arm(host_cpu, next);
	/* With more overdue than one interrupt ends only what is as urgent counts, and the turn. */
	if (is_overdue)
		when = next ? MIN(model_earliest(next->priority), quantum_end) : 0;
	if (next && length[next->priority])
		when = MIN(when, quantum_end);
	assert_true(host_cpu->deadline_armed == when);
	if (when != TIME_NEVER)
		assert_true(timer_set == when);
}

static void block_running(void)
{
	int i = running;

	model[i].state = BLOCKED;
	model[i].deadline = TIME_NEVER;
	if (test_below(3)) /* sometimes at this very moment */
		model[i].deadline = now + (test_below(8) ? test_below(4 * QUANTUM) : 0);
	model[i].arrival = arrivals++;
	known_deadline = MIN(known_deadline, model[i].deadline);
	running = -1;
	sched_block(&threads[i], model[i].deadline);
}

static void tick(void)
{
	int before = nr_timed_out, left;

	sched_tick(host_cpu);
	left = model_next_timer();
	is_overdue = left >= 0 && model[left].deadline <= now;
	known_deadline = model_earliest(0);
	/* A bounded number at a time; the rest makes the timer fire again. */
	assert_true(nr_timed_out - before <= 16);
	if (is_overdue)
		assert_int_equal(nr_timed_out - before, 16);
}

static void run(u32 nr_priorities, int rounds)
{
	start(nr_priorities);
	for (int round = 0; round < rounds; round++) {
		int i = (int)test_below(THREADS);

		switch (test_below(7)) {
		case 0:
			now += test_below(QUANTUM);
			break;
		case 1:
		case 2:
			if (model[i].state != BLOCKED)
				break;
			if (test_below(2)) {
				sched_wake(&threads[i]);
				model_queue(i, false);
			} else {
				sched_hand_off(&threads[i]);
				model_queue(i, true);
			}
			break;
		case 3:
			if (running >= 0)
				block_running();
			break;
		case 4:
			if (running >= 0) {
				i = running;
				running = -1;
				sched_yield(&threads[i]);
				model_queue(i, false);
			}
			break;
		case 5:
			tick();
			break;
		default:
			choose_and_arm();
		}
		check();
	}
}

static void random_many_priorities(void **state)
{
	(void)state;
	run(20, 60000);
	assert_true(nr_timed_out > 1000);
}

static void random_equals(void **state)
{
	(void)state;
	run(1, 30000);
	run(2, 30000);
}

/* Equals that never block share the time to the nanosecond. */
static void equals_share_the_time(void **state)
{
	(void)state;
	start(1);
	for (int i = 0; i < 8; i++) {
		sched_wake(&threads[i]);
		model_queue(i, false);
	}
	for (int turn = 0; turn < 800; turn++) {
		choose_and_arm();
		assert_int_equal(running, turn % 8);
		assert_true(timer_set == now + QUANTUM);
		now += QUANTUM;
		tick();
	}
	choose_and_arm();
	for (int i = 0; i < 8; i++)
		assert_int_equal(threads[i].cpu_time, 100 * QUANTUM);
}

/* Alone at its priority: no timer interrupts at all. */
static void alone_is_tickless(void **state)
{
	(void)state;
	start(1);
	timer_set = 4711;
	sched_wake(&threads[3]);
	model_queue(3, false);
	for (int i = 0; i < 10; i++) {
		choose_and_arm();
		now += 10 * QUANTUM;
	}
	assert_int_equal(timer_set, 4711);
	assert_int_equal(host_cpu->nr_switches, 1);
}

/* More sleepers are due than one interrupt wakes: an urgent thread is let alone until its turn ends. */
static void urgent_keeps_its_turn(void **state)
{
	int before = nr_timed_out;

	(void)state;
	start(1);
	for (int i = 0; i < 30; i++) {
		threads[i].priority = 10;
		threads[i].wait_kind = WAIT_SLEEP;
		model[i].deadline = now + 100;
		model[i].arrival = arrivals++;
		timer_start(&threads[i], model[i].deadline);
	}
	known_deadline = now + 100;
	threads[35].priority = 40;
	sched_wake(&threads[35]);
	model_queue(35, false);
	choose_and_arm();
	now += 200;
	tick();
	choose_and_arm();
	assert_int_equal(nr_timed_out - before, 16);
	assert_true(timer_set == quantum_end);
	now = quantum_end;
	tick();
	choose_and_arm();
	assert_int_equal(running, 35);
	assert_int_equal(nr_timed_out - before, 30);
}

/* A thread of another processor, or one that is to die or stop, is only told. */
static void others_are_posted_to(void **state)
{
	(void)state;
	start(1);
	nr_posted = 0;
	threads[0].home = &cpus[1];
	threads[1].cancel = CANCEL_KILL;
	threads[2].is_suspended = true;
	for (int i = 0; i < 3; i++) {
		sched_wake(&threads[i]);
		assert_int_equal(threads[i].requests, REQUEST_WAKE);
		assert_false(list_is_linked(&threads[i].run_link));
	}
	assert_int_equal(nr_posted, 3);
	check();
	assert_panics(sched_make_runnable(&threads[0]), "home");
}

static void mistakes_panic(void **state)
{
	(void)state;
	start(1);
	sched_wake(&threads[0]);
	assert_panics(sched_wake(&threads[0]), "run_link");
	assert_panics(sched_dequeue(&threads[1]), "run_link");
	sched_dequeue(&threads[0]);
	assert_int_equal(runqueue_best(&host_cpu->runqueue), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_many_priorities),
		cmocka_unit_test(random_equals),
		cmocka_unit_test(equals_share_the_time),
		cmocka_unit_test(alone_is_tickless),
		cmocka_unit_test(urgent_keeps_its_turn),
		cmocka_unit_test(others_are_posted_to),
		cmocka_unit_test(mistakes_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
