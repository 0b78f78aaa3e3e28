// SPDX-License-Identifier: MIT
/*
 * Linked to a program that holds all mutants: which of them is alive.
 *
 *   MUTANT=7           the seventh
 *   MUTANT=reach:FILE  none; byte n of FILE becomes 1 when mutant n could have made a difference
 *
 * A mutant may never end, so the CPU time of a process is limited, to MUTANT_SECONDS.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MUTANTS 65536
#define SECONDS 4

int mutant_is(unsigned number);

static unsigned alive;
static char *reached;

int mutant_is(unsigned number)
{
	if (reached)
		reached[number] = 1;
	return number == alive;
}

static __attribute__((constructor)) void choose_mutant(void)
{
	const char *wish = getenv("MUTANT"), *seconds = getenv("MUTANT_SECONDS");
	struct rlimit limit = { SECONDS, SECONDS + 1 };
	int file;

	if (!wish)
		return;
	if (seconds)
		limit = (struct rlimit){ (rlim_t)atoi(seconds), (rlim_t)atoi(seconds) + 1 };
	setrlimit(RLIMIT_CPU, &limit);
	if (strncmp(wish, "reach:", 6)) {
		alive = (unsigned)atoi(wish);
		return;
	}
	file = open(wish + 6, O_RDWR | O_CREAT, 0666);
	if (file < 0 || ftruncate(file, MAX_MUTANTS))
		abort();
	reached = mmap(NULL, MAX_MUTANTS, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (reached == MAP_FAILED)
		abort();
}
