// SPDX-License-Identifier: MIT
/*
 * Atomic accesses.  Memory holds the newest value of each location; beside it
 * lies a short history of stores, and each CPU has two vector clocks:
 *
 *   happens  what is ordered before its present (release to acquire): race.c asks it
 *   view     what it cannot miss any more: the same, and what full fences add
 *
 * A load may return any store that is not older than what the CPU must know:
 * the newest one in its view, or the last one it read there.  So a missing
 * release, acquire or fence shows as an old value or as a race.  A read-
 * modify-write takes the newest value but orders no more than it says: even
 * SEQ_CST does not make it a fence, as on AArch64.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define HISTORY 8u
#define SIGHTS 4u

struct store {
	u64 value;		    /* of the newest: in memory only */
	struct clock happens, view; /* released with it */
	u32 epoch;
	u8 cpu;
};

/* A CPU saw store @number at its time @epoch: whoever knows of that time sees no older one. */
struct sight {
	u32 number, epoch;
};

struct location {
	const volatile void *address;
	struct location *next; /* of the same 8 bytes */
	u32 size;
	u32 newest;			    /* number of the newest store */
	u32 oldest;			    /* of those still kept */
	struct sight seen[NR_CPUS][SIGHTS]; /* the last one first */
	struct store store[HISTORY];
};

struct viewer {
	struct clock happens, view;
	struct clock read_happens, read_view;	/* by relaxed loads: an acquire fence adds it */
	struct clock fence_happens, fence_view; /* of the last release fence */
	struct clock walker; /* what the tables it walked through were released with */
};

static struct viewer viewers[NR_CPUS];
static struct clock interrupt_happens[NR_CPUS], interrupt_view[NR_CPUS];
static struct clock fences; /* the order of full fences */

static void join(struct clock *to, const struct clock *from)
{
	for (u32 i = 0; i < NR_CPUS; i++)
		if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
}

static struct viewer *viewer(void)
{
	return &viewers[cpu_number(running)];
}

static void tick(void)
{
	u32 self = cpu_number(running);

	viewers[self].happens.at[self]++;
	viewers[self].view.at[self]++;
}

u32 views_epoch(void)
{
	return viewer()->happens.at[cpu_number(running)];
}

bool views_knows(u32 of, u32 epoch)
{
	return viewer()->happens.at[of] >= epoch;
}

void views_send(u32 to)
{
	join(&interrupt_happens[to], &viewer()->happens);
	join(&interrupt_view[to], &viewer()->view);
	tick();
}

void views_receive(void)
{
	u32 self = cpu_number(running);

	join(&viewers[self].happens, &interrupt_happens[self]);
	join(&viewers[self].view, &interrupt_view[self]);
}

void views_settle(void)
{
	struct clock happens = { 0 }, view = { 0 };

	for (u32 i = 0; i < NR_CPUS; i++) {
		join(&happens, &viewers[i].happens);
		join(&view, &viewers[i].view);
	}
	for (u32 i = 0; i < NR_CPUS; i++) {
		viewers[i].happens = happens;
		viewers[i].view = view;
		viewers[i].happens.at[i]++;
		viewers[i].view.at[i]++;
	}
}

/* ---- locations ---- */

static u64 read_raw(const volatile void *p, u32 size)
{
	u64 value = 0;

	memcpy(&value, (const void *)p, size);
	return value;
}

static void write_raw(volatile void *p, u32 size, u64 value)
{
	memcpy((void *)p, &value, size);
}

static struct store *store_at(struct location *location, u32 number)
{
	return &location->store[number % HISTORY];
}

/* Return: the location, new if need be, with its present value as the first store of nobody. */
static struct location *location_of(const volatile void *p, u32 size)
{
	struct location **first = race_location(p), *location;

	if (!first)
		return NULL;
	for (location = *first; location; location = location->next)
		if (location->address == p && location->size == size)
			return location;
	location = calloc(1, sizeof(*location));
	if (!location)
		abort();
	location->address = p;
	location->size = size;
	location->next = *first;
	*first = location;
	return location;
}

static void see(struct location *location, u32 number)
{
	struct sight *seen = location->seen[cpu_number(running)];

	if (number <= seen->number)
		return;
	memmove(seen + 1, seen, (SIGHTS - 1) * sizeof(*seen));
	*seen = (struct sight){ number, views_epoch() };
}

/* The next store becomes the newest; what memory holds now is the value of the last one. */
static struct store *append(struct location *location)
{
	struct store *store;

	store_at(location, location->newest)->value = read_raw(location->address, location->size);
	location->newest++;
	if (location->newest - location->oldest == HISTORY)
		location->oldest++;
	store = store_at(location, location->newest);
	*store = (struct store){ .cpu = (u8)cpu_number(running), .epoch = views_epoch() };
	see(location, location->newest);
	return store;
}

void views_overwritten(struct location *first, u64 address, u64 size)
{
	for (struct location *location = first; location; location = location->next)
		if (ranges_overlap((u64)location->address, location->size, address, size))
			append(location);
}

/* The last store that @view includes, or that @cpu has seen or knows that somebody has. */
static u32 last_seen(const struct location *location, u32 cpu, const struct clock *view)
{
	u32 last = location->seen[cpu][0].number;

	for (u32 i = 0; i < NR_CPUS; i++)
		for (u32 k = 0; k < SIGHTS; k++) {
			const struct sight *sight = &location->seen[i][k];

			if (view->at[i] >= sight->epoch && sight->number > last)
				last = sight->number;
		}
	return last;
}

/* The oldest store that @cpu, with @view, may still read. */
static u32 oldest_readable(struct location *location, u32 cpu, const struct clock *view)
{
	u32 number = location->newest;
	u32 limit = MAX(location->oldest, last_seen(location, cpu, view));

	while (number > limit) {
		const struct store *store = store_at(location, number);

		if (view->at[store->cpu] >= store->epoch)
			break;
		number--;
	}
	return number;
}

static u64 value_of(struct location *location, u32 number)
{
	if (number == location->newest)
		return read_raw(location->address, location->size);
	return store_at(location, number)->value;
}

/* Half of the loads are fresh, so that spinning ends. */
static u32 pick(struct location *location, u32 cpu, const struct clock *view, u64 random)
{
	u32 oldest = oldest_readable(location, cpu, view);

	if (oldest == location->newest || (random & 1))
		return location->newest;
	return oldest + (u32)((random >> 8) % (location->newest - oldest + 1));
}

/* What an entry points to was read after the entry: it is as new as what came before the entry. */
u64 views_walk(u32 cpu, const u64 *entry, u64 random)
{
	struct location **first = race_location(entry);
	struct clock view = viewers[cpu].view;

	join(&view, &viewers[cpu].walker);
	for (struct location *l = first ? *first : NULL; l; l = l->next) {
		u32 number;

		if (l->address != entry || l->size != sizeof(*entry))
			continue;
		number = pick(l, cpu, &view, random);
		join(&viewers[cpu].walker, &store_at(l, number)->view);
		return value_of(l, number);
	}
	return *entry;
}

/* ---- the accesses ---- */

static bool is_acquire(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
	       order == __ATOMIC_SEQ_CST || order == __ATOMIC_CONSUME;
}

static bool is_release(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void read_from(const struct store *store, int order)
{
	struct viewer *self = viewer();

	join(&self->read_happens, &store->happens);
	join(&self->read_view, &store->view);
	if (!is_acquire(order))
		return;
	join(&self->happens, &store->happens);
	join(&self->view, &store->view);
}

static void write_to(struct store *store, int order)
{
	struct viewer *self = viewer();

	join(&store->happens, is_release(order) ? &self->happens : &self->fence_happens);
	join(&store->view, is_release(order) ? &self->view : &self->fence_view);
	tick();
}

u64 sim_load(const volatile void *p, u32 size, int order)
{
	struct location *location = running ? location_of(p, size) : NULL;
	u32 number;

	if (!location)
		return read_raw(p, size);
	number = pick(location, cpu_number(running), &viewer()->view,
		      choose(STREAM_STALE, running->entry, running->hooks));
	see(location, number);
	if (number != location->newest)
		trace("stale load of %p: %lx, not %lx", (const void *)p, value_of(location, number),
		      read_raw(p, size));
	read_from(store_at(location, number), order);
	return value_of(location, number);
}

/* A store of another size hits other locations, too. */
static void overlap(const struct location *location, int order)
{
	struct location **first = race_location(location->address);

	for (struct location *other = *first; other; other = other->next)
		if (other != location && ranges_overlap((u64)other->address, other->size,
							(u64)location->address, location->size))
			write_to(append(other), order);
}

void sim_store(volatile void *p, u32 size, u64 value, int order)
{
	struct location *location = running ? location_of(p, size) : NULL;

	if (location) {
		overlap(location, order);
		write_to(append(location), order);
	}
	write_raw(p, size, value);
}

static u64 combine(enum rmw what, u64 old, u64 value)
{
	switch (what) {
	case RMW_ADD: return old + value;
	case RMW_OR: return old | value;
	case RMW_AND: return old & value;
	default: return value;
	}
}

/* A read-modify-write continues the release sequence of what it read. */
static void update(struct location *location, int order)
{
	struct store old = *store_at(location, location->newest), *fresh;

	read_from(&old, order);
	fresh = append(location);
	fresh->happens = old.happens;
	fresh->view = old.view;
	write_to(fresh, order);
}

u64 sim_rmw(volatile void *p, u32 size, enum rmw what, u64 value, int order)
{
	struct location *location = running ? location_of(p, size) : NULL;
	u64 old = read_raw(p, size);

	if (location)
		update(location, order);
	write_raw(p, size, combine(what, old, value));
	return old;
}

bool sim_compare_exchange(volatile void *p, u32 size, void *expected, u64 value, int order)
{
	struct location *location = running ? location_of(p, size) : NULL;
	u64 old = read_raw(p, size);

	if (old != read_raw(expected, size)) {
		if (location) {
			see(location, location->newest);
			read_from(store_at(location, location->newest), order);
		}
		write_raw(expected, size, old);
		return false;
	}
	if (location)
		update(location, order);
	write_raw(p, size, value);
	return true;
}

void sim_fence(int order)
{
	struct viewer *self;

	if (!running)
		return;
	self = viewer();
	if (is_acquire(order)) {
		join(&self->happens, &self->read_happens);
		join(&self->view, &self->read_view);
	}
	if (order == __ATOMIC_SEQ_CST) {
		join(&self->view, &fences);
		join(&fences, &self->view);
	}
	if (is_release(order)) {
		self->fence_happens = self->happens;
		self->fence_view = self->view;
	}
	tick();
}
