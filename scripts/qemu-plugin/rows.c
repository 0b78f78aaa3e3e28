// SPDX-License-Identifier: MIT
/*
 * The rows.  The guest names the row of its next sample (rows_mark), then
 * reads its counter before and after.  "Extra" is what the weighted cost has
 * more than one for each instruction.
 */
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define LINE_SHIFT 6
#define PAGE_SHIFT 12
#define SET_SIZE (1u << 18)
#define MARK_MORE 2048u         /* in what a mark says: the last sample of the row goes on */
#define ROW_BOOT (MAX_ROWS - 1) /* before the first mark */

static const uint32_t weight[NR_CLASSES] = {
	[PLAIN] = 1,   [ATOMIC] = 20,  [FENCE] = 20,   [ROOT] = 60,   [TLB] = 60,
	[SYSTEM] = 50, [DEVICE] = 50, [XSAVE] = 100, [TRAP] = 100,
};
static const char *const class_name[NR_CLASSES] = {
	"plain", "atomic", "fence", "root", "tlb", "system", "device", "xsave", "trap",
};

/* A set of numbers that is emptied by counting on its epoch. */
struct set {
	struct {
		uint64_t value;
		uint32_t epoch;
	} entry[SET_SIZE];
	uint32_t epoch, count;
};

static enum { IDLE, ARMED, RUNNING } state;
static struct row rows[MAX_ROWS];
static unsigned int current = ROW_BOOT;
static struct sample sample;
static bool is_more;
static uint64_t class_count[NR_CLASSES];
static struct set lines, pages;
static unsigned int profiled[MAX_PROFILES], nr_profiled;

static void set_clear(struct set *set)
{
	set->epoch++;
	set->count = 0;
}

static void set_add(struct set *set, uint64_t value)
{
	uint32_t place = (uint32_t)((value * 0x9e3779b97f4a7c15u) >> 40) % SET_SIZE;

	while (set->entry[place].epoch == set->epoch) {
		if (set->entry[place].value == value)
			return;
		place = (place + 1) % SET_SIZE;
	}
	if (set->count >= SET_SIZE / 2)
		return;
	set->entry[place].value = value;
	set->entry[place].epoch = set->epoch;
	set->count++;
}

void rows_mark(unsigned int mark)
{
	unsigned int row = mark % MARK_MORE;

	is_more = mark & MARK_MORE;
	current = row < MAX_ROWS ? row : 0;
	state = ARMED;
}

static void start(void)
{
	state = RUNNING;
	memset(class_count, 0, sizeof(class_count));
	if (is_more)
		return;
	memset(&sample, 0, sizeof(sample));
	set_clear(&lines);
	set_clear(&pages);
}

static void finish(void)
{
	struct row *row = &rows[current];

	state = IDLE;
	sample.lines = lines.count;
	sample.pages = pages.count;
	if (row->nr_samples == MAX_SAMPLES)
		return;
	if (!is_more || !row->nr_samples)
		row->nr_samples++;
	row->sample[row->nr_samples - 1] = sample;
	for (unsigned int i = 0; i < NR_CLASSES; i++)
		row->class_count[i] += class_count[i];
}

void rows_counter(void)
{
	if (state == ARMED)
		start();
	else if (state == RUNNING)
		finish();
}

bool rows_is_running(void)
{
	return state == RUNNING;
}

uint32_t rows_extra(enum class class)
{
	return weight[class] - 1;
}

void rows_class(enum class class)
{
	class_count[class]++;
	sample.extra += rows_extra(class);
}

void rows_access(uint64_t address, unsigned int size)
{
	uint64_t last = address + size - 1;

	set_add(&lines, address >> LINE_SHIFT);
	set_add(&pages, address >> PAGE_SHIFT);
	if (last >> LINE_SHIFT != address >> LINE_SHIFT) {
		set_add(&lines, last >> LINE_SHIFT);
		set_add(&pages, last >> PAGE_SHIFT);
	}
}

void rows_insn(struct insn *insn)
{
	int profile = rows_profile(current);

	sample.instructions++;
	rows_class(insn->decoded.class);
	rows_access(insn->address, insn->size);
	if (profile >= 0)
		insn->profile[profile]++;
}

void rows_stretch(const struct stretch *stretch)
{
	struct row *row = &rows[current];

	if (stretch->length > row->longest.length)
		row->longest = *stretch;
}

/* ---- profiles ---- */

bool rows_add_profile(unsigned int row)
{
	if (nr_profiled == MAX_PROFILES)
		return false;
	profiled[nr_profiled++] = row;
	return true;
}

int rows_profile(unsigned int row)
{
	for (unsigned int i = 0; i < nr_profiled; i++)
		if (profiled[i] == row)
			return (int)i;
	return -1;
}

/* ---- the report ---- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Median of the member at @offset of all samples. */
static uint32_t median(const struct row *row, size_t offset)
{
	static uint32_t value[MAX_SAMPLES];

	for (uint32_t i = 0; i < row->nr_samples; i++)
		memcpy(&value[i], (const char *)&row->sample[i] + offset, sizeof(value[i]));
	qsort(value, row->nr_samples, sizeof(value[0]), compare);
	return value[(row->nr_samples - 1) / 2];
}

#define MEDIAN(row, member) median(row, offsetof(struct sample, member))

static void report_row(FILE *out, unsigned int number)
{
	const struct row *row = &rows[number];

	if (number && row->nr_samples) {
		fprintf(out, "row %u samples %u instructions %u extra %u lines %u pages %u", number,
			row->nr_samples, MEDIAN(row, instructions), MEDIAN(row, extra),
			MEDIAN(row, lines), MEDIAN(row, pages));
		for (unsigned int i = 1; i < NR_CLASSES; i++)
			fprintf(out, " %s %.2f", class_name[i],
				(double)row->class_count[i] / row->nr_samples);
		fprintf(out, "\n");
	}
	if (row->longest.length)
		fprintf(out, "stretch %u length %lu first %#lx last %#lx hottest %#lx\n", number,
			row->longest.length, row->longest.first, row->longest.last,
			row->longest.hottest);
}

void rows_report(FILE *out)
{
	for (unsigned int i = 0; i < MAX_ROWS; i++)
		report_row(out, i);
}
