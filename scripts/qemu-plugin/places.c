// SPDX-License-Identifier: MIT
/*
 * Which cache lines and pages were touched: two sets of numbers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

#define LINE_SHIFT 6
#define PAGE_SHIFT 12

/* Emptied by counting on its epoch. */
static void set_clear(struct set *set, uint32_t size)
{
	if (!set->entry) {
		set->entry = calloc(size, sizeof(set->entry[0]));
		set->size = size;
	}
	if (!set->entry) {
		fprintf(stderr, "count.so: out of memory\n");
		exit(1);
	}
	set->epoch++;
	set->count = 0;
}

static void set_add(struct set *set, uint64_t value)
{
	uint32_t place = (uint32_t)((value * 0x9e3779b97f4a7c15u) >> 40) % set->size;

	while (set->entry[place].epoch == set->epoch) {
		if (set->entry[place].value == value)
			return;
		place = (place + 1) % set->size;
	}
	if (set->count >= set->size / 2)
		return;
	set->entry[place].value = value;
	set->entry[place].epoch = set->epoch;
	set->count++;
}

void places_clear(struct places *places, uint32_t size)
{
	set_clear(&places->lines, size);
	set_clear(&places->pages, size);
}

void places_add(struct places *places, uint64_t address, unsigned int size)
{
	uint64_t last = address + size - 1;

	set_add(&places->lines, address >> LINE_SHIFT);
	set_add(&places->pages, address >> PAGE_SHIFT);
	if (last >> LINE_SHIFT != address >> LINE_SHIFT) {
		set_add(&places->lines, last >> LINE_SHIFT);
		set_add(&places->pages, last >> PAGE_SHIFT);
	}
}
