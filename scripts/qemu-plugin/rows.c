// SPDX-License-Identifier: MIT
/*
 * The rows.  The guest names the row of its next sample (rows_mark), then
 * reads its counter before and after; or it reads it time and again, and the
 * longest while between two reads is the sample.  "Extra" is what the weighted cost has
 * more than one for each instruction.
 */
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define SET_SIZE (1u << 18)
#define MARK_LONGEST 1024u      /* in what a mark says: of many samples the longest counts */
#define MARK_MORE 2048u         /* and: the last sample of the row goes on */
#define ROW_BOOT (MAX_ROWS - 1) /* before the first mark */

static const uint32_t weight[NR_CLASSES] = {
	[PLAIN] = 1,   [ATOMIC] = 20,  [FENCE] = 20,   [ROOT] = 60,   [TLB] = 60,
	[SYSTEM] = 50, [DEVICE] = 50, [XSAVE] = 100, [TRAP] = 100,
};
static const char *const class_name[NR_CLASSES] = {
	"plain", "atomic", "fence", "root", "tlb", "system", "device", "xsave", "trap",
};

static enum { IDLE, ARMED, RUNNING } state;
static struct row rows[MAX_ROWS];
static unsigned int current = ROW_BOOT;
static struct sample sample;
static bool is_more, is_longest;
static uint32_t nr_before; /* samples of the row before the mark */
static uint64_t class_count[NR_CLASSES], longest_count[NR_CLASSES];
static struct places places;
static unsigned int profiled[MAX_PROFILES], nr_profiled;

void rows_mark(unsigned int mark)
{
	unsigned int row = mark % MARK_LONGEST;

	is_more = mark & MARK_MORE;
	is_longest = mark & MARK_LONGEST;
	current = row < MAX_ROWS ? row : 0;
	nr_before = rows[current].nr_samples;
	state = ARMED;
}

static void start(void)
{
	state = RUNNING;
	memset(class_count, 0, sizeof(class_count));
	if (is_more)
		return;
	memset(&sample, 0, sizeof(sample));
	places_clear(&places, SET_SIZE);
}

/* Whether the sample takes the place of the row's last one. */
static bool replaces_last(const struct row *row)
{
	return is_more ? row->nr_samples : row->nr_samples > nr_before;
}

static void finish(void)
{
	struct row *row = &rows[current];
	struct sample *last = row->nr_samples ? &row->sample[row->nr_samples - 1] : NULL;

	state = IDLE;
	sample.lines = places.lines.count;
	sample.pages = places.pages.count;
	if (row->nr_samples == MAX_SAMPLES)
		return;
	if (is_longest && replaces_last(row)) {
		if (sample.instructions <= last->instructions)
			return;
		for (unsigned int i = 0; i < NR_CLASSES; i++)
			row->class_count[i] -= longest_count[i];
	}
	if (!replaces_last(row))
		last = &row->sample[row->nr_samples++];
	*last = sample;
	for (unsigned int i = 0; i < NR_CLASSES; i++)
		row->class_count[i] += class_count[i];
	memcpy(longest_count, class_count, sizeof(class_count));
}

void rows_counter(void)
{
	if (state == ARMED)
		start();
	else if (state == RUNNING) {
		finish();
		if (is_longest)
			start();
	}
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
	places_add(&places, address, size);
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
