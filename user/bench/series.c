// SPDX-License-Identifier: MIT
/*
 * Rows of the report.  All samples are kept and everything is printed at the
 * end: output makes the console server and the serial line's interrupts run,
 * which must not happen between two samples.
 */
#include "bench.h"

#define MAX_ROWS 200
#define MARKS 4096
/* The plugin knows them. */
#define MARK_LONGEST 1024 /* until the next mark the longest of many samples counts */
#define MARK_MORE 2048    /* the last sample of the row goes on */
#define NAME_SIZE 40
#define NR_BINS 32       /* of a distribution */

struct row {
	const char *name;
	u32 *sample;
	u32 room, count, skip;
};

static struct row rows[MAX_ROWS];
static u32 nr_rows = 1; /* row 0: nothing is measured */
static u32 nr_samples = MAX_SAMPLES;
static u32 warm_up = 8; /* first samples of a row, which do not count */
/* A store into it names a row: its address is the message. */
static u8 row_marks[MARKS] __aligned(MARKS);

void series_set_samples(u32 samples)
{
	nr_samples = samples;
}

void series_set_warm_up(u32 samples)
{
	warm_up = samples;
}

u32 series_samples(void)
{
	return nr_samples + warm_up;
}

u32 series_start(const char *name)
{
	return series_start_long(name, series_samples());
}

const char *name_of(const char *format, u32 number, const char *text)
{
	char *name = malloc(NAME_SIZE);

	assert(name);
	(void)snprintf(name, NAME_SIZE, format, number, text);
	return name;
}

u32 series_start_long(const char *name, u32 room)
{
	struct row *row = &rows[nr_rows];

	assert(nr_rows < MAX_ROWS);
	*row = (struct row){ .name = name, .room = room, .skip = warm_up };
	row->sample = malloc(row->room * sizeof(*row->sample));
	assert(row->sample);
	/* Its pages are touched now, not between samples. */
	memset(row->sample, 0, row->room * sizeof(*row->sample));
	return nr_rows++;
}

void series_mark(u32 row)
{
	mark_row(&row_marks[row]);
}

void series_mark_more(u32 row)
{
	mark_row(&row_marks[MARK_MORE + row]);
}

void series_mark_longest(u32 row)
{
	mark_row(&row_marks[MARK_LONGEST + row]);
}

void series_unmark(void)
{
	mark_row(&row_marks[0]);
}

void series_add(u32 number, u64 value)
{
	struct row *row = &rows[number];

	if (row->skip) {
		row->skip--;
		return;
	}
	if (row->count == row->room)
		fail("more samples of %s than there is room for", row->name);
	row->sample[row->count++] = (u32)MIN(value, (u64)0xffffffff);
}

/* ---- the report ---- */

static void sift_down(u32 *heap, u32 top, u32 count)
{
	u32 child;

	while ((child = 2 * top + 1) < count) {
		u32 value = heap[top];

		if (child + 1 < count && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= value)
			return;
		heap[top] = heap[child];
		heap[child] = value;
		top = child;
	}
}

static void sort(u32 *values, u32 count)
{
	for (u32 i = count / 2; i-- > 0;)
		sift_down(values, i, count);
	for (u32 last = count; last-- > 1;) {
		u32 value = values[0];

		values[0] = values[last];
		values[last] = value;
		sift_down(values, 0, last);
	}
}

static u32 quantile(const struct row *row, u32 percent)
{
	return row->sample[(u64)(row->count - 1) * percent / 100];
}

/* How many samples lie in each of up to NR_BINS equal intervals, from the least value on. */
static void print_distribution(const struct row *row)
{
	u32 least = row->sample[0], width = (row->sample[row->count - 1] - least) / NR_BINS + 1;

	printf(" bins %u", width);
	for (u32 i = 0, bin = 0; i < row->count; bin++) {
		u32 count = 0;

		while (i < row->count && row->sample[i] - least < (bin + 1) * width) {
			count++;
			i++;
		}
		printf(" %u", count);
	}
	printf("\n");
}

static void print_row(u32 number)
{
	struct row *row = &rows[number];
	u64 sum = 0;

	if (!row->count)
		fail("no samples of %s", row->name);
	sort(row->sample, row->count);
	for (u32 i = 0; i < row->count; i++)
		sum += row->sample[i];
	printf("ROW %u %s min %u median %u p90 %u p99 %u max %u mean %lu.%02lu n %u", number,
	       row->name, row->sample[0], quantile(row, 50), quantile(row, 90), quantile(row, 99),
	       row->sample[row->count - 1], sum / row->count, sum % row->count * 100 / row->count,
	       row->count);
	print_distribution(row);
}

void series_report(void)
{
	for (u32 i = 1; i < nr_rows; i++)
		print_row(i);
	printf("ROWS %u\n", nr_rows - 1);
}
