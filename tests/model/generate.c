// SPDX-License-Identifier: MIT
/*
 * What a thread does next.  The first one sees to it that there are processes that
 * share endpoints, notifications and memory; the others, and it at times, make
 * calls by weight, each with handles that fit and in whose state something happens;
 * if there are none another call is drawn.  One in some does not fit on purpose.
 */
#include <generated/syscall_numbers.h>

#include "generate.h"
#include "internal.h"

#define TRIES 24
#define HOARD 160	 /* operations of the first thread, most of which only lend */
#define DIG 300		 /* likewise, until there is a chain of capabilities as long as can be */
#define ANY 0xffu	 /* state */
#define S(n) (1u << (n)) /* as model_state() numbers them */

static const struct generator *g;
static const struct m_object *self;
static struct m_call *call;
static bool fits; /* what was drawn so far */
static const struct m_cap *weakened; /* NULL, or a capability of which a child is to lack */
static u32 lacking;		     /* these rights, so that the next one can pick that */

static u64 draw(u64 below)
{
	return g->draw(below);
}

static bool one_in(u64 n)
{
	return draw(n) == 0;
}

/* ---- handles ---- */

/* Which of two capabilities suits better? Rights first, then the state. */
static u32 suits(const struct m_cap *cap, u8 type, u32 rights, u32 states)
{
	if (cap->holder != self->process || !cap->handle ||
	    (type != TYPE_NONE && cap->object->type != type))
		return 0;
	return 1 + ((cap->rights & rights) == rights) +
	       ((cap->rights & rights) == rights && (states >> model_state(cap->object, self) & 1));
}

/* A handle that was good once, or is of another type, or nothing. */
static u32 bad_handle(void)
{
	const struct m_cap *cap = model.caps[draw(model.nr_caps)];

	return cap->holder == self->process ? cap->handle :
					      HANDLE_MAKE((u32)draw(64), 1 + (u32)draw(4));
}

/* Of what type the capabilities are of which there is a long chain in this run; 0: there is none. */
static u8 chain_type(void)
{
	static const u8 types[] = { TYPE_ENDPOINT, TYPE_NOTIFICATION, TYPE_MEMORY };
	u32 n = g->profile - PROFILE_DEEP;

	return g->profile >= PROFILE_DEEP && n < ARRAY_SIZE(types) ? types[n] : TYPE_NONE;
}

static const struct m_cap *deepest(void)
{
	const struct m_cap *cap, *found = NULL;

	for_each_cap (cap)
		if (suits(cap, chain_type(), 0, ANY) && !cap->object->is_physical &&
		    (!found || cap->level > found->level))
			found = cap;
	return found;
}

/*
 * One that has all of @rights but @right, in one of @states if there is one.  If there
 * is none at all it is made instead of the call.
 */
static const struct m_cap *pick_lacking(u32 n, u8 type, u32 rights, u32 right, u32 states)
{
	const struct m_cap *whole = NULL, *found = NULL;
	u64 start = draw(model.nr_caps);

	for (u32 i = 0; i < model.nr_caps; i++) {
		const struct m_cap *cap = model.caps[(start + i) % model.nr_caps];

		if (cap->is_gone || !suits(cap, type, 0, ANY) || cap->object->type == TYPE_REPLY)
			continue;
		if ((cap->rights & rights) == (rights & ~right) &&
		    (!found || suits(cap, type, 0, states) == 3))
			found = cap;
		if ((cap->rights & (rights | RIGHT_DERIVE)) == (rights | RIGHT_DERIVE))
			whole = cap;
	}
	if (found) {
		call->handle[n] = found->handle;
		return found;
	}
	weakened = whole;
	lacking = right;
	return whole;
}

static u32 one_of(u32 rights)
{
	u32 right;

	do
		right = 1u << draw(12);
	while (!(rights & right));
	return right;
}

/*
 * A capability to an object of @type with @rights that is in one of @states; now
 * and then with one right too few, or whatever the state is.
 */
static const struct m_cap *pick(u32 n, u8 type, u32 rights, u32 states)
{
	const struct m_cap *best = NULL;
	u64 start = draw(model.nr_caps);
	u32 most = 0;

	if (rights && type != TYPE_REPLY && one_in(type == TYPE_ENDPOINT ? 20 : 12))
		return pick_lacking(n, type, rights, one_of(rights), states);
	if (one_in(24))
		states = ANY;
	if (chain_type() && (type == TYPE_NONE || type == chain_type()) && one_in(2)) {
		best = deepest();
		most = best && (best->rights & rights) == rights ? 3 : 0;
	}
	for (u32 i = 0; i < model.nr_caps; i++) {
		const struct m_cap *cap = model.caps[(start + i) % model.nr_caps];
		u32 like = cap->is_gone ? 0 : suits(cap, type, rights, states);

		if (like > most) {
			most = like;
			best = cap;
		}
	}
	call->handle[n] = best ? best->handle : HANDLE_NULL;
	if (one_in(32))
		call->handle[n] = bad_handle();
	else
		fits = fits && (most == 3 || (most && one_in(32)));
	return best;
}

/* ---- operands ---- */

static u64 pick_deadline(void)
{
	u64 now = model.time / g->time_unit;

	if (one_in(6))
		return now * g->time_unit / 2; /* it has passed */
	return (now + draw(one_in(3) ? 20 : 200)) * g->time_unit + g->time_unit / 2;
}

/* The first thread must not wait for ever, or nothing will happen any more. */
static bool may_wait(void)
{
	return self != model.object[1];
}

/* ---- what is left out, because it races or the manual does not say what happens ---- */

/* Several threads fault anew at once: nobody knows which is first. */
static bool races_with_faults(const struct m_cap *process)
{
	struct m_object *thread;
	u32 count = 0;

	for_each_object (thread)
		count += process && thread->type == TYPE_THREAD && thread->is_faulting &&
			 thread->wait == M_SEND && thread->by == process->object->fault_cap;
	return count > 1;
}

/*
 * The thread whose fault is answered runs on while its handler goes on to receive:
 * if it does more than end its access the two would race.
 */
static bool races_with_answer(void)
{
	const struct m_cap *cap = model_find(self->process, call->handle[1]);
	struct m_object *thread;

	for_each_object (thread)
		if (cap && thread->type == TYPE_THREAD && thread->is_faulting &&
		    thread->at == cap->object)
			return call->label != FAULT_REPLY_RETRY ||
			       !model_page(thread->process, thread->call.arg[0],
					   (u32)thread->call.arg[1]);
	return false;
}

/*
 * A fault that cannot be received ends its process, but not at once: that would
 * race with a deadline that has passed, and with other senders.
 */
static bool races_with_end(const struct m_cap *cap)
{
	struct m_object *thread;
	bool has_fault = false;
	u32 count = 0;

	for_each_object (thread) {
		if (!cap || thread->type != TYPE_THREAD || thread->at != cap->object ||
		    thread->wait != M_SEND)
			continue;
		count++;
		has_fault = has_fault || thread->is_faulting;
	}
	if (!has_fault)
		return false;
	call->deadline = MAX(call->deadline, model.time + g->time_unit / 2);
	return count > 1 && !call->handle[1];
}

static bool races(void)
{
	const struct m_cap *first = model_find(self->process, call->handle[0]);

	switch (call->number) {
	case SYS_process_set_fault: return races_with_faults(first);
	case SYS_ipc_reply_receive: return races_with_answer() || races_with_end(first);
	case SYS_ipc_receive: return races_with_end(first);
	default: return false;
	}
}

/* ---- messages ---- */

/* A capability for a message, which may lack the right to be sent in this way. */
static void pick_sent(u32 i)
{
	u32 right = one_in(2) ? RIGHT_MOVE : RIGHT_DERIVE;

	if (one_in(4))
		pick_lacking(1, TYPE_NONE, right, right, ANY);
	else
		pick(1, TYPE_NONE, right, ANY);
	call->cap[i] = call->handle[1];
	call->move |= (u32)(right == RIGHT_MOVE) << i;
}

static void pick_message(bool sends, bool receives)
{
	static const u16 lengths[] = { 0, 1, 2, 7, 8, 8, 9, 10, 64, 511, 512 };

	call->pattern = draw(1UL << 32) << 8;
	call->label = (u32)draw(4);
	if (one_in(4)) {
		call->label = FAULT_REPLY_JUMP;
		call->pattern = one_in(4) ? ~0UL : g->jump;
	}
	call->words = one_in(3) ? (u32)draw(MSG_REG_WORDS + 1) : lengths[draw(ARRAY_SIZE(lengths))];
	if (!self->has_page && !one_in(6))
		call->words = MIN(call->words, (u32)MSG_REG_WORDS);
	call->accept = receives ? (one_in(4) ? (u32)draw(5) : 2) : 0;
	if (one_in(40)) {
		call->flags |= one_in(2) ? 1u << 30 : MSG_NONBLOCK | MSG_TIMEOUT;
		call->accept = (u32)draw(8);
		call->words = (u32)draw(1024);
		return;
	}
	if (may_wait() && draw(6)) { /* short and for ever: the way of most messages */
		call->accept = 0;
		call->words = MIN(call->words, (u32)MSG_REG_WORDS);
		return;
	}
	if (sends && one_in(3))
		call->nr_caps = 1 + (u32)draw(one_in(8) ? 4 : 2);
	for (u32 i = 0; i < call->nr_caps; i++)
		pick_sent(i);
	call->handle[1] = HANDLE_NULL;
	if (!may_wait() || one_in(5))
		call->flags = MSG_NONBLOCK;
	if (self->has_page ? draw(4) : one_in(3)) {
		call->flags = MSG_TIMEOUT;
		call->deadline = pick_deadline();
	}
}

static bool is_protected(const struct m_object *object)
{
	return object && (object->type == TYPE_SYSTEM || object == model.first ||
			  (object->type == TYPE_THREAD && object->process == model.first));
}

static u64 pick_type(void)
{
	static const u8 types[] = { TYPE_ENDPOINT, TYPE_REPLY, TYPE_REPLY, TYPE_NOTIFICATION,
				    TYPE_MEMORY };
	u32 processes = 0;
	struct m_object *object;

	for_each_object (object)
		processes += object->type == TYPE_PROCESS && !object->has_ended;
	if (one_in(24))
		return draw(12);
	return processes < 5 && one_in(4) ? TYPE_PROCESS : types[draw(ARRAY_SIZE(types))];
}

static u64 pick_rights(void)
{
	return draw(3) ? RIGHTS_ALL : one_in(20) ? draw(1 << 14) : draw(RIGHTS_ALL + 1);
}

static u64 pick_badge(const struct m_cap *cap)
{
	return cap && cap->badge && draw(4) ? 0 : draw(3) ? draw(16) : 0;
}

static u64 pick_settings(bool creates)
{
	u64 settings = THREAD_PRIORITY(24 + draw(6)) | THREAD_CPU(draw(model.nr_cpus));

	if (one_in(20))
		settings = draw(1 << 19);
	else if (one_in(20))
		settings = THREAD_PRIORITY(THREAD_MAX_PRIORITY + draw(2)) |
			   THREAD_CPU(model.nr_cpus - 1 + draw(2));
	else if (creates)
		settings |= (draw(8) ? THREAD_START : 0u) | (one_in(4) ? THREAD_NO_PAGE : 0u);
	return settings;
}

static u64 pick_flags(const struct m_object *memory)
{
	if (one_in(16))
		return one_in(4) ? MAP_READ | 1UL << (32 + draw(32)) : draw(9);
	if (memory && memory->is_sealed && draw(8))
		return MAP_READ | (one_in(2) ? MAP_EXECUTE : 0);
	return MAP_READ | (draw(3) ? MAP_WRITE : 0);
}

/* ---- memory ---- */

static const struct m_map *pick_map(const struct m_object *process)
{
	const struct m_map *found = NULL;
	u32 count = 0;

	for (const struct m_map *map = model.maps; map; map = map->next)
		if (map->process == process && one_in(++count))
			found = map;
	return found;
}

/* Part of what is mapped, or beside it. */
static void pick_range(const struct m_object *process)
{
	const struct m_map *map = process ? pick_map(process) : NULL;
	u64 pages = map ? map->size / M_PAGE : 1, first = draw(pages);

	call->arg[0] = (map ? map->address : g->spread) + first * M_PAGE;
	call->arg[1] = (1 + draw(pages - first)) * M_PAGE;
	fits = fits && map;
	if (one_in(12))
		call->arg[1] += draw(3) * M_PAGE;
	if (one_in(16)) { /* what is mapped side by side, and more */
		call->arg[0] = g->spread;
		call->arg[1] = (8 + draw(32)) * M_PAGE;
	}
	if (one_in(24))
		call->arg[1] = one_in(2) ? 0 : call->arg[1] + draw(M_PAGE);
	if (one_in(40))
		call->arg[0] = one_in(2) ? draw(1UL << 17) : model.user_end - draw(4) * M_WINDOW;
}

/* An access for which the capability lacks the right; 0: none. */
static u32 flags_beyond(const struct m_cap *cap)
{
	u32 lacks = (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE) & ~cap->rights;

	return lacks ? one_of(lacks) / RIGHT_READ : 0;
}

/* A mapping that shall get what the capability it was made with does not permit. */
static void pick_beyond(const struct m_object *process)
{
	u32 count = 0;

	for (const struct m_map *map = model.maps; map; map = map->next) {
		if (map->process != process || !flags_beyond(map->parent) || !one_in(++count))
			continue;
		call->arg[0] = map->address;
		call->arg[1] = map->size;
		call->arg[2] = MAP_READ | flags_beyond(map->parent);
	}
}

static void pick_mapping(void)
{
	const struct m_cap *target = pick(0, TYPE_PROCESS, RIGHT_MAP, S(7) | S(1));
	u32 first = call->handle[0];
	const struct m_cap *cap = pick(
		1, TYPE_MEMORY, RIGHT_READ | RIGHT_WRITE | (one_in(2) ? RIGHT_EXECUTE : 0u), ANY);
	u64 pages = cap ? cap->object->nr_pages : 1, offset = draw(pages);

	(void)target;
	call->handle[0] = first;
	call->arg[0] = draw(3) ? 0 : g->spread + draw(32) * M_PAGE;
	call->arg[1] = (1 + draw(pages - offset)) * M_PAGE;
	call->arg[2] = offset * M_PAGE;
	call->arg[3] = pick_flags(cap ? cap->object : NULL);
	if (cap && one_in(2))
		call->arg[3] |= flags_beyond(cap);
	else if (cap)
		call->arg[3] &= ~(u64)flags_beyond(cap);
	if (one_in(24))
		call->arg[draw(3)] += one_in(2) ? M_PAGE * draw(8) : draw(1UL << 16);
}

/* A place that the thread's process can reach, or could. */
static void pick_access(void)
{
	const struct m_map *map = pick_map(self->process);
	u64 address = g->spread + draw(40) * M_PAGE;
	u32 access = one_in(2) ? MAP_READ : MAP_WRITE;

	if (map) {
		address = map->address + draw(map->size / M_PAGE) * M_PAGE;
		if (!(map->flags & access) || (map->flags & MAP_EXECUTE && one_in(2)))
			access = map->flags & MAP_EXECUTE ? MAP_EXECUTE : MAP_READ;
	}
	if (one_in(24))
		access = one_in(2) ? MAP_WRITE : MAP_EXECUTE;
	if (one_in(60)) /* the kernel's half */
		address = model.user_end + (one_in(2) ? 0 : draw(1UL << 35) * M_PAGE);
	call->arg[0] = address + draw(M_PLACES) * 8;
	call->arg[1] = access;
	call->arg[2] = draw(1UL << 32);
	/* A process without a handler ends at its first fault: let that be seldom. */
	if (!model_page(self->process, address, access))
		fits = !self->process->is_first && (self->process->fault_cap || one_in(32));
}

/* ---- devices ---- */

/* A line without an object, or else one that has one; mostly not the first, which is the kernel's. */
static u64 pick_line(bool is_taken)
{
	u64 line = 0;

	for (u32 i = 0; i < 8 && (!line || !model.line[line].irq != !is_taken); i++)
		line = draw(model.nr_lines + !is_taken);
	return line;
}

static void pick_physical(void)
{
	u64 end = model.frames * M_PAGE;

	pick(0, TYPE_SYSTEM, RIGHT_DEVICE, ANY);
	call->arg[0] = end + draw(16) * M_PAGE;
	call->arg[1] = 1 + draw(4);
	call->arg[2] = draw(one_in(24) ? 4 : 2);
	if (one_in(12))
		call->arg[0] = one_in(2) ? end - M_PAGE : one_in(2) ? end + draw(4096) : 1UL << 52;
	if (one_in(24))
		call->arg[1] = draw(2) * 262145;
}

static void pick_ports(void)
{
	pick(0, TYPE_SYSTEM, RIGHT_DEVICE, ANY);
	call->arg[0] = 0x100 + draw(64) * 4;
	call->arg[1] = 1 + draw(8);
	if (one_in(8))
		call->arg[0] = one_in(2) ? draw(0x100) : 0x10000 - draw(8);
	if (one_in(24))
		call->arg[1] = draw(2) * 0x10001;
}

static void pick_device(void)
{
	const struct m_cap *cap;
	u64 count;
	u32 first;

	switch (call->number) {
	case M_RAISE: call->arg[0] = MAX(pick_line(true), 1UL); break;
	case SYS_mem_create_device: pick_physical(); break;
	case SYS_ioport_create: pick_ports(); break;
	case SYS_irq_create:
		pick(0, TYPE_SYSTEM, RIGHT_DEVICE, ANY);
		call->arg[0] = pick_line(one_in(8));
		break;
	case SYS_irq_bind:
		pick(0, TYPE_IRQ, RIGHT_USE, draw(2) ? S(0) : ANY);
		first = call->handle[0];
		call->handle[1] = HANDLE_NULL;
		if (draw(6))
			pick(1, TYPE_NOTIFICATION, RIGHT_SIGNAL, ANY);
		call->handle[0] = first;
		call->arg[0] = draw(16);
		break;
	case SYS_irq_ack: pick(0, TYPE_IRQ, RIGHT_USE, draw(6) ? S(1) | S(2) : ANY); break;
	default:
		cap = pick(0, TYPE_IOPORT, RIGHT_USE, ANY);
		count = cap ? cap->object->nr_ports : 1;
		call->arg[1] = one_in(12) ? draw(8) : 1u << draw(count < 2 ? 1 : count < 4 ? 2 : 3);
		call->arg[0] = draw(one_in(12) ? count + 2 : count + 1 - MIN(call->arg[1], count));
		call->arg[2] = draw(1UL << 40);
	}
}

/* ---- calls ---- */

static void pick_ipc(void)
{
	u32 second = HANDLE_NULL, right = call->number == SYS_ipc_call ? RIGHT_CALL :
					  call->number == SYS_ipc_send ? RIGHT_SEND :
									 0;

	pick_message(call->number != SYS_ipc_receive,
		     call->number != SYS_ipc_send && call->number != SYS_ipc_reply);
	if (call->number == SYS_ipc_receive || call->number == SYS_ipc_reply_receive) {
		bool receives = call->number == SYS_ipc_receive;

		if (!receives || draw(24))
			pick(1, TYPE_REPLY, RIGHT_USE, receives ? S(0) : S(2));
		second = call->handle[1];
	}
	if (call->number == SYS_ipc_reply)
		pick(0, TYPE_REPLY, RIGHT_USE, S(2));
	else if (call->nr_caps && one_in(4))
		pick_lacking(0, TYPE_ENDPOINT, right | RIGHT_GRANT, RIGHT_GRANT, S(2));
	else if (right)
		pick(0, TYPE_ENDPOINT, right | (call->nr_caps ? RIGHT_GRANT : 0u),
		     draw(6) ? S(2) : ANY);
	else
		pick(0, TYPE_ENDPOINT, RIGHT_RECEIVE, draw(3) ? S(1) : ANY);
	call->handle[1] = second;
}

static void pick_notification(void)
{
	u32 first;

	switch (call->number) {
	case SYS_notify_signal:
		pick(0, TYPE_NOTIFICATION, RIGHT_SIGNAL, draw(2) ? S(2) | S(3) : ANY);
		call->arg[0] = draw(16);
		break;
	case SYS_notify_bind:
		pick(0, TYPE_THREAD, RIGHT_MANAGE, ANY & ~S(6));
		first = call->handle[0];
		call->handle[1] = HANDLE_NULL;
		if (draw(4))
			pick(1, TYPE_NOTIFICATION, RIGHT_WAIT, S(0) | S(1));
		call->handle[0] = first;
		break;
	default:
		pick(0, TYPE_NOTIFICATION, RIGHT_WAIT, draw(3) ? S(1) : ANY);
		call->arg[0] = may_wait() && one_in(4) ? M_NEVER : pick_deadline();
	}
}

/* A thread that sleeps because it has asked for it; few do. */
static void pick_sleeper(void)
{
	const struct m_cap *cap;

	for_each_cap (cap)
		if (suits(cap, TYPE_THREAD, 0, ANY) && cap->object->wait == M_SLEEP)
			call->handle[0] = cap->handle;
}

static void pick_thread(void)
{
	const struct m_cap *cap;

	switch (call->number) {
	case SYS_thread_sleep: call->arg[0] = pick_deadline(); break;
	case SYS_thread_set_tls: call->arg[0] = one_in(8) ? ~draw(9) : draw(1UL << 40); break;
	case SYS_thread_exit: fits = !self->process->is_first; break;
	case SYS_thread_create:
		pick(0, TYPE_PROCESS, RIGHT_SPAWN, draw(12) ? S(0) | S(1) | S(7) : S(2));
		call->arg[0] = one_in(24) ? ~0UL : g->jump;
		call->arg[1] = 0x20000;
		call->arg[2] = model.nr_objects; /* the name of the object that it will be */
		call->arg[3] = pick_settings(true);
		break;
	case SYS_thread_info:
		pick(0, TYPE_THREAD, RIGHT_READ, ANY);
		call->arg[0] = draw(one_in(8) ? 8 : 3);
		break;
	default:
		cap = pick(0, TYPE_THREAD, RIGHT_MANAGE,
			   call->number == SYS_thread_resume	? S(0) :
			   call->number == SYS_thread_interrupt ? ANY & ~(S(6) | S(1)) :
								  ANY & ~S(6));
		call->arg[0] = pick_settings(false);
		if (call->number == SYS_thread_interrupt && one_in(3))
			pick_sleeper();
		if (call->number == SYS_thread_suspend && (!cap || is_protected(cap->object)))
			fits = false;
	}
}

static void pick_capability(void)
{
	const struct m_cap *cap;
	u32 first;

	switch (call->number) {
	case SYS_cap_create:
		call->arg[0] = pick_type();
		call->arg[1] = call->arg[0] == TYPE_MEMORY ? 1 + draw(6) : 0;
		if (one_in(24)) /* 262144 pages are the most */
			call->arg[1] = one_in(2) ? draw(3) * 100000 : 262143 + draw(3);
		break;
	case SYS_cap_derive:
		cap = pick(0, TYPE_NONE, RIGHT_DERIVE, ANY);
		call->arg[0] = pick_rights();
		call->arg[1] = pick_badge(cap);
		fits = fits && (!cap || cap->object->type != TYPE_REPLY || one_in(8));
		break;
	case SYS_cap_copy:
		cap = pick(0, TYPE_NONE, RIGHT_DERIVE | RIGHT_MOVE, ANY);
		first = call->handle[0];
		pick(1, TYPE_PROCESS, RIGHT_GIVE, draw(4) ? S(0) | S(1) : ANY);
		call->handle[0] = one_in(8) ? call->handle[1] : first;
		call->arg[0] = one_in(24) ? draw(4) : one_in(4) ? CAP_GIVE : CAP_LEND;
		call->arg[1] = pick_rights();
		call->arg[2] = pick_badge(cap);
		break;
	case SYS_cap_next: call->arg[0] = one_in(16) ? draw(1UL << 21) : draw(40); break;
	default:
		cap = pick(0, TYPE_NONE, call->number == SYS_cap_destroy ? RIGHT_DESTROY : 0, ANY);
		if (call->number == SYS_cap_destroy && one_in(3)) /* on offer, or of a call */
			cap = pick(0, TYPE_REPLY, RIGHT_DESTROY, S(1) | S(2));
		if (call->number == SYS_cap_destroy && cap &&
		    (is_protected(cap->object) || (cap->object->type == TYPE_PROCESS && draw(4))))
			fits = false;
		if (call->number == SYS_cap_delete && cap && cap->object->root == cap &&
		    (is_protected(cap->object) || draw(4)))
			fits = false;
		if (call->number != SYS_cap_inspect && cap && cap->object->type == chain_type() &&
		    draw(8))
			fits = false;
		call->handle[1] = HANDLE_NULL;
	}
}

static void pick_process(void)
{
	u32 first;

	switch (call->number) {
	case SYS_process_exit:
		fits = !self->process->is_first && one_in(4);
		call->arg[0] = draw(256);
		break;
	case SYS_process_info:
		pick(0, TYPE_PROCESS, RIGHT_READ, ANY);
		call->arg[0] = draw(one_in(16) ? 8 : 5);
		break;
	case SYS_process_set_name:
		pick(0, TYPE_PROCESS, RIGHT_MANAGE, ANY);
		call->arg[0] = draw(1UL << 60);
		call->arg[1] = draw(1UL << 60) << 4;
		break;
	default:
		pick(0, TYPE_PROCESS,
		     call->number == SYS_process_set_fault ? RIGHT_MANAGE : RIGHT_READ, ANY);
		first = call->handle[0];
		call->handle[1] = HANDLE_NULL;
		if (draw(6))
			pick(1,
			     call->number == SYS_process_set_fault ? TYPE_ENDPOINT :
								     TYPE_NOTIFICATION,
			     call->number == SYS_process_set_fault ? RIGHT_CALL : RIGHT_SIGNAL,
			     ANY);
		call->handle[0] = first;
		call->arg[0] = draw(16);
	}
}

static void pick_memory(void)
{
	const struct m_cap *cap;

	switch (call->number) {
	case SYS_mem_map: pick_mapping(); break;
	case SYS_mem_unmap:
	case SYS_mem_protect:
		cap = pick(0, TYPE_PROCESS, RIGHT_MAP, S(7) | S(1));
		pick_range(cap ? cap->object : NULL);
		call->arg[2] = pick_flags(NULL);
		if (cap && one_in(3))
			pick_beyond(cap->object);
		break;
	case SYS_mem_seal:
		cap = pick(0, TYPE_MEMORY, RIGHT_SEAL, draw(4) ? S(0) | S(1) : ANY);
		fits = fits && (!cap || !cap->object->is_physical || one_in(6));
		break;
	default:
		call->arg[0] = draw(one_in(16) ? 5 : 3);
		pick(0, TYPE_MEMORY, call->arg[0] == MEM_INFO_PHYSICAL ? RIGHT_DMA : RIGHT_READ,
		     ANY);
		call->arg[1] = draw(4);
	}
}

/* How often each is drawn. */
static const struct {
	u16 call, weight;
} weights[] = {
	{ SYS_null, 3 },
	{ SYS_ipc_call, 36 },
	{ SYS_ipc_reply_receive, 90 },
	{ SYS_ipc_send, 20 },
	{ SYS_ipc_receive, 46 },
	{ SYS_ipc_reply, 36 },
	{ SYS_notify_signal, 20 },
	{ SYS_notify_wait, 14 },
	{ SYS_notify_poll, 13 },
	{ SYS_notify_bind, 10 },
	{ SYS_thread_yield, 4 },
	{ SYS_thread_sleep, 5 },
	{ SYS_thread_exit, 2 },
	{ SYS_thread_create, 6 },
	{ SYS_thread_resume, 18 },
	{ SYS_thread_suspend, 10 },
	{ SYS_thread_interrupt, 10 },
	{ SYS_thread_set, 10 },
	{ SYS_thread_info, 10 },
	{ SYS_thread_self, 5 },
	{ SYS_thread_set_tls, 5 },
	{ SYS_cap_create, 20 },
	{ SYS_cap_derive, 16 },
	{ SYS_cap_copy, 24 },
	{ SYS_cap_delete, 8 },
	{ SYS_cap_revoke, 6 },
	{ SYS_cap_destroy, 7 },
	{ SYS_cap_inspect, 14 },
	{ SYS_cap_next, 8 },
	{ SYS_process_exit, 1 },
	{ SYS_process_info, 16 },
	{ SYS_process_set_name, 5 },
	{ SYS_process_set_fault, 8 },
	{ SYS_process_set_watch, 8 },
	{ SYS_mem_map, 30 },
	{ SYS_mem_unmap, 12 },
	{ SYS_mem_protect, 16 },
	{ SYS_mem_seal, 14 },
	{ SYS_mem_info, 12 },
	{ SYS_mem_create_device, 6 },
	{ SYS_irq_create, 6 },
	{ SYS_irq_bind, 16 },
	{ SYS_irq_ack, 26 },
	{ SYS_ioport_create, 6 },
	{ SYS_ioport_in, 10 },
	{ SYS_ioport_out, 10 },
	{ M_RAISE, 10 },
	{ M_ACCESS, 60 },
};

static u32 pick_number(void)
{
	u64 total = 0, at;
	u32 i = 0;

	for (u32 k = 0; k < ARRAY_SIZE(weights); k++)
		total += weights[k].weight;
	at = draw(total);
	while (at >= weights[i].weight)
		at -= weights[i++].weight;
	return weights[i].call;
}

/* A call that may need a child of the capability at the end of the chain. */
static u32 pick_chain_user(void)
{
	static const u16 users[][3] = {
		[TYPE_ENDPOINT] = { SYS_process_set_fault, SYS_ipc_send, SYS_cap_copy },
		[TYPE_NOTIFICATION] = { SYS_process_set_watch, SYS_irq_bind, SYS_irq_create },
		[TYPE_MEMORY] = { SYS_mem_map, SYS_mem_map, SYS_cap_derive },
	};

	return users[chain_type()][draw(3)];
}

static void pick_operation(u32 number)
{
	*call = (struct m_call){ .number = number };
	fits = true;
	weakened = NULL;
	if (call->number == M_ACCESS)
		pick_access();
	else if (call->number <= SYS_ipc_reply && call->number != SYS_null)
		pick_ipc();
	else if (call->number >= SYS_notify_signal && call->number <= SYS_notify_bind)
		pick_notification();
	else if (call->number >= SYS_thread_yield && call->number <= SYS_thread_set_tls)
		pick_thread();
	else if (call->number >= SYS_cap_create && call->number <= SYS_cap_next)
		pick_capability();
	else if (call->number >= SYS_process_exit && call->number <= SYS_process_set_watch)
		pick_process();
	else if (call->number >= SYS_mem_map && call->number <= SYS_mem_info)
		pick_memory();
	else if (call->number >= SYS_mem_create_device)
		pick_device();
	if (!weakened)
		return;
	*call = (struct m_call){ .number = SYS_cap_derive, .handle = { weakened->handle } };
	call->arg[0] = RIGHTS_ALL & ~(u64)lacking;
	fits = true;
}

/* ---- the first thread keeps the others busy ---- */

/* The n-th capability to an object of @type in the space of @process; NULL: there are fewer. */
static struct m_cap *nth(const struct m_object *process, u8 type, u64 n)
{
	struct m_cap *cap;

	for_each_cap (cap)
		if (cap->holder == process && cap->handle && cap->object->type == type && n-- == 0)
			return cap;
	return NULL;
}

static bool create(u8 type, const struct m_cap *process)
{
	*call = (struct m_call){ .number = process ? SYS_thread_create : SYS_cap_create };
	call->arg[0] = process ? g->jump : type;
	call->arg[1] = type == TYPE_MEMORY ? 4 : 0;
	if (!process)
		return true;
	call->handle[0] = process->handle;
	call->arg[3] = THREAD_CPU(draw(model.nr_cpus)) | THREAD_PRIORITY(28 + draw(4)) |
		       THREAD_START | (one_in(8) ? THREAD_NO_PAGE : 0u);
	return true;
}

/* What @target lacks: itself, something of each kind, threads. */
static bool equip(const struct m_cap *target)
{
	static const u8 kinds[] = { TYPE_PROCESS, TYPE_ENDPOINT, TYPE_NOTIFICATION, TYPE_MEMORY,
				    TYPE_THREAD,  TYPE_SYSTEM };

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct m_cap *cap =
			i ? nth(model.first, kinds[i], kinds[i] == TYPE_MEMORY ? 1 : draw(2)) :
			    target;

		if (!cap || !(cap->rights & RIGHT_DERIVE) || nth(target->object, kinds[i], 0))
			continue;
		*call = (struct m_call){ .number = SYS_cap_copy,
					 .handle = { cap->handle, target->handle },
					 .arg = { CAP_LEND, RIGHTS_ALL, draw(3) ? draw(16) : 0 } };
		return true;
	}
	return target->object->nr_threads < 2 && create(TYPE_THREAD, target);
}

/* Something of each kind, threads of its own, and two other processes that have enough to meet. */
static bool tend(void)
{
	static const u8 kinds[] = { TYPE_ENDPOINT, TYPE_ENDPOINT, TYPE_NOTIFICATION, TYPE_MEMORY,
				    TYPE_REPLY };
	const struct m_cap *cap;
	u32 running = 0;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!nth(model.first, kinds[i], i == 1 || kinds[i] == TYPE_MEMORY))
			return create(kinds[i], NULL);
	for (u32 n = 0; (cap = nth(model.first, TYPE_PROCESS, n)) != NULL; n++) {
		if (cap->object->is_first || cap->object->state >= PROCESS_STATE_ENDING ||
		    (cap->rights & (RIGHT_SPAWN | RIGHT_GIVE)) != (RIGHT_SPAWN | RIGHT_GIVE))
			continue;
		running++;
		if (equip(cap))
			return true;
	}
	cap = nth(model.first, TYPE_PROCESS, 0);
	return running < 2 ? create(TYPE_PROCESS, NULL) :
			     model.first->nr_threads < 3 && cap && cap->object->is_first &&
				     create(TYPE_THREAD, cap);
}

/* A chain of capabilities, each lent by the one before, as long as it can get. */
static bool dig(void)
{
	const struct m_cap *cap = deepest();

	if (cap && cap->level == M_MAX_LEVEL)
		return false;
	*call = (struct m_call){ .number = cap ? SYS_cap_derive : SYS_cap_create };
	call->handle[0] = cap ? cap->handle : HANDLE_NULL;
	call->arg[0] = cap ? RIGHTS_ALL : chain_type();
	call->arg[1] = !cap && chain_type() == TYPE_MEMORY ? 4 : 0;
	return true;
}

/* So many capabilities that the next one needs memory. */
static bool hoard(u32 n)
{
	const struct m_cap *cap = nth(model.first, TYPE_ENDPOINT, 0);
	const struct m_cap *target = nth(model.first, TYPE_PROCESS, n % 3);

	*call = (struct m_call){ .number = SYS_cap_copy, .arg = { CAP_LEND, RIGHTS_ALL } };
	call->handle[0] = cap ? cap->handle : HANDLE_NULL;
	call->handle[1] = target ? target->handle : HANDLE_NULL;
	return cap && target;
}

void generate(const struct generator *generator, const struct m_object *thread, u32 nr,
	      struct m_call *into)
{
	g = generator;
	self = thread;
	call = into;
	if (thread == model.object[1] && chain_type() && nr < DIG && dig())
		return;
	if (thread == model.object[1] && draw(4) && tend())
		return;
	if (g->profile == PROFILE_FULL && thread == model.object[1] && nr < HOARD && hoard(nr))
		return;
	for (u32 i = 0; i < TRIES; i++) {
		pick_operation(thread == model.object[1] && nr < DIG && chain_type() && one_in(2) ?
				       pick_chain_user() :
				       pick_number());
		if (fits && !races())
			return;
	}
	*call = (struct m_call){ .number = SYS_null };
}

bool generate_again(const struct generator *generator, const struct m_object *thread,
		    struct m_call *again)
{
	g = generator;
	self = thread;
	call = again;
	return !races();
}
