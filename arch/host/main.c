// SPDX-License-Identifier: MIT
/*
 * Runs seeds, each in a process of its own.
 *
 * A history is a set of steps: operations of actors, and places where a CPU
 * was left inside of the kernel.  Every choice depends on the seed and the name
 * of the step only, so leaving steps out leaves the others as they are.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program.h"
#include "replay.h"
#include "run.h"
#include "script.h"

#define TURNS_TO_START 250 /* as many take as long as a process that begins and ends */

/* CPU time of a run: a kernel that goes on without a hook is never stopped otherwise. */
u32 run_seconds = 60;

struct outcome *outcome;

struct options options = {
	.steps = 400,
	.cpus = CONFIG_QEMU_CPUS < NR_CPUS ? CONFIG_QEMU_CPUS : NR_CPUS,
	.is_quiet = true,
};

/* ---- called by the machine ---- */

static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebUL;
	return x ^ x >> 31;
}

u64 choose(enum stream stream, u64 key, u64 n)
{
	u64 seed = stream == STREAM_ACTOR ? options.seed : options.seed ^ mix(options.roll);

	return mix(mix(mix(seed + stream * 0x9e3779b97f4a7c15UL) ^ key) + n * 0xd1b54a32d192ed03UL);
}

static void trace_prefix(void)
{
	printf("%10lu %s%.0u ", machine_time, running ? "cpu" : "",
	       running ? cpu_number(running) : 0);
}

void trace(const char *format, ...)
{
	va_list args;

	if (!options.trace)
		return;
	trace_prefix();
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void note_step(u64 key, const char *format, ...)
{
	va_list args;

	if (outcome->nr_steps < MAX_STEPS)
		outcome->step[outcome->nr_steps++] = key;
	if (!options.trace)
		return;
	trace_prefix();
	va_start(args, format);
	printf("STEP ");
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void tally(u32 call, long status)
{
	outcome->ended[call][status > 0 || status < ST_LAST ? 0 : -status]++;
}

void tally_fast(void)
{
	outcome->nr_fast++;
}

void tally_answered(bool is_sent_short, bool is_answered_short)
{
	outcome->nr_answered++;
	outcome->nr_fast_calls += is_sent_short;
	outcome->nr_fast_answers += is_answered_short;
}

void note_situation(u32 call, u32 first, u32 second)
{
	outcome->situation[call][first][second] = 1;
}

void note_lacking(u32 call, u32 handle, u32 right)
{
	outcome->lacking[call][handle][right]++;
}

void fail(const char *kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(outcome->text, sizeof(outcome->text), format, args);
	va_end(args);
	snprintf(outcome->kind, sizeof(outcome->kind), "%s", kind);
	fflush(stdout);
	abort(); /* so that a debugger stops here */
}

/* Of gcov, which would do it at an ordinary exit. */
extern void __gcov_dump(void) __attribute__((weak));

static void write_coverage(void)
{
	if (__gcov_dump)
		__gcov_dump();
}

void finish(const char *why)
{
	trace("the run is over: %s", why);
	if (!machine_has_users)
		fail("boot", "the machine stops before users have run");
	write_coverage();
	if (run_ends)
		run_ends();
	snprintf(outcome->text, sizeof(outcome->text), "%s", why);
	fflush(stdout);
	_exit(0);
}

/* ---- runs ---- */

static __noreturn void start(void)
{
	if (options.runs_suite)
		program_memory();
	machine_run();
}

bool run_once(void)
{
	const struct rlimit limit = { run_seconds, run_seconds + 1 };
	int status;
	pid_t child;

	memset(outcome->kind, 0, sizeof(outcome->kind));
	replay_forget();
	outcome->nr_steps = 0;
	outcome->turns += TURNS_TO_START;
	fflush(stdout);
	child = fork();
	if (child < 0) {
		perror("fork");
		exit(2);
	}
	if (!child) {
		setrlimit(RLIMIT_CPU, &limit);
		start();
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	if (!outcome->kind[0] && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
		snprintf(outcome->kind, sizeof(outcome->kind), "no end");
		snprintf(outcome->text, sizeof(outcome->text),
			 "the kernel does not come to an end");
	} else if (!outcome->kind[0]) {
		snprintf(outcome->kind, sizeof(outcome->kind), "crash");
		snprintf(outcome->text, sizeof(outcome->text),
			 "the kernel crashed (wait status %x)", status);
	}
	return true;
}

/* Addresses after "@" become functions and lines. */
static void print_symbolised(const char *text)
{
	char command[256], path[128], line[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *at;

	while (length > 0 && (at = strchr(text, '@')) != NULL) {
		FILE *pipe;
		int piece = (int)(at - text);

		path[length] = '\0';
		printf("%.*s", piece, text);
		snprintf(command, sizeof(command), "addr2line -ipfs -e %s %#lx", path,
			 strtoul(at + 1, (char **)&text, 16) - 1);
		pipe = popen(command, "r");
		while (pipe && fgets(line, sizeof(line), pipe))
			printf("%.*s", (int)strcspn(line, "\n"), line);
		if (pipe)
			pclose(pipe);
	}
	printf("%s\n", text);
}

void report(void)
{
	printf("seed %lu: %s: ", options.seed, outcome->kind);
	print_symbolised(outcome->text);
}

/* ---- the command line ---- */

static void usage(void)
{
	printf("Use: kernel.elf [OPTION...]\n"
	       "  --seed N     one run with this seed (default: the time, which is printed)\n"
	       "  --runs N     runs with seeds N, N + 1, ... (default 1)\n"
	       "  --roll N     the same operations, interleaved in another way\n"
	       "  --steps M    operations of user threads in a run (default %u)\n"
	       "  --cpus C     CPUs, 1 to %u\n"
	       "  --swarm      of random calls some are left out in each run and some drawn often\n"
	       "  --check N    look at the invariants every N turns (1: after every operation)\n"
	       "  --model      compare each operation with the reference model\n"
	       "  --input F    with the reference model: operations from the bytes of a file\n"
	       "  --fail       with --model: let each allocation of each operation fail once\n"
	       "  --suite      run the conformance suite, tests/abi\n"
	       "  --match N    of that only the N-th match of race.c\n"
	       "  --trace      print every step\n"
	       "  --results    print what each call came to, in a kernel that takes no time\n"
	       "  --boot TEXT  words for the kernel's command line\n"
	       "  --verbose    print the kernel's messages\n"
	       "  --no-fork    run in this process, for debuggers\n"
	       "  --shrink     search for the shortest history of a failure\n"
	       "  --effort N   for that, in millions of turns of CPUs (default %u)\n"
	       "  --tally      print how often each call succeeded\n",
	       options.steps, (u32)NR_CPUS, shrink_effort);
}

static u32 percentage(u32 part, u32 whole)
{
	return whole ? 100 * part / whole : 0;
}

static void print_short_way(void)
{
	if (!IS_ENABLED(CONFIG_IPC_FASTPATH))
		printf("the short way is not configured\n");
	else
		printf("%u calls were answered; %u %% of them and %u %% of the answers "
		       "took the short way\n",
		       outcome->nr_answered,
		       percentage(outcome->nr_fast_calls, outcome->nr_answered),
		       percentage(outcome->nr_fast_answers, outcome->nr_answered));
}

static void print_tally(void)
{
	u64 good = 0, all = 0;

	for (u32 i = 0; i < 256; i++) {
		const char *name = script_name(i);

		if (!name)
			continue;
		printf("%-18s", name);
		for (u32 k = 0; k < NR_STATUSES; k++) {
			if (outcome->ended[i][k])
				printf(" %d:%u", -(int)k, outcome->ended[i][k]);
			all += outcome->ended[i][k];
		}
		printf("\n");
		good += outcome->ended[i][0];
	}
	if (options.uses_model)
		script_report(outcome->ended, outcome->situation, outcome->lacking);
	printf("%u messages took the short way\n", outcome->nr_fast);
	if (!options.uses_model)
		print_short_way();
	printf("%lu calls ended, %lu of them succeeded\n", all, good);
}

static struct {
	u64 runs;
	bool is_single, shrinks, tallies;
} wishes = { .runs = 1 };

static u64 number(const char *text, u64 low, u64 high)
{
	char *end;
	u64 value = strtoul(text, &end, 0);

	if (*end || end == text || value < low || value > high) {
		fprintf(stderr, "simulator: %s is no number from %lu to %lu\n", text, low, high);
		exit(2);
	}
	return value;
}

static void set_suite(void)
{
	if (!program_memory) {
		fprintf(stderr, "simulator: the suite needs a build with SIM=races\n");
		exit(2);
	}
	options.runs_suite = true;
}

/* What would be left out in silence. */
static void refuse_contradictions(void)
{
	const char *other = options.runs_suite ? "--suite" :
			    options.uses_model ? "--model, --fail" :
						 NULL;

	if (options.runs_suite && options.uses_model)
		fprintf(stderr, "simulator: either --suite or --model, --fail\n");
	else if (options.swarms && other)
		fprintf(stderr, "simulator: --swarm is for random calls: not with %s\n", other);
	else
		return;
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", 1, NULL, 's' },    { "runs", 1, NULL, 'r' },
		{ "roll", 1, NULL, 'l' },
		{ "steps", 1, NULL, 'm' },   { "cpus", 1, NULL, 'c' },
		{ "results", 0, NULL, 'e' }, { "swarm", 0, NULL, 'w' },
		{ "trace", 0, NULL, 't' },   { "verbose", 0, NULL, 'v' },
		{ "input", 1, NULL, 'i' },   { "model", 0, NULL, 'o' },   { "fail", 0, NULL, 'f' },
		{ "suite", 0, NULL, 'p' },   { "match", 1, NULL, 'a' },
		{ "no-fork", 0, NULL, 'n' }, { "shrink", 0, NULL, 'k' },
		{ "effort", 1, NULL, 'd' }, { "check", 1, NULL, 'g' },
		{ "tally", 0, NULL, 'y' },   { "help", 0, NULL, 'h' },
		{ "boot", 1, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's': options.seed = number(optarg, 0, ~0UL); break;
		case 'r': wishes.runs = number(optarg, 1, 1UL << 40); break;
		case 'l': options.roll = number(optarg, 0, ~0UL); break;
		case 'm': options.steps = (u32)number(optarg, 0, MAX_STEPS / 2); break;
		case 'b': options.boot = optarg; break;
		case 'c': options.cpus = (u32)number(optarg, 1, NR_CPUS); break;
		case 'f': options.fails = options.uses_model = true; break;
		case 'i': input_load(optarg); break;
		case 'o': options.uses_model = true; break;
		case 'e': options.results = true; break;
		case 'p': set_suite(); break;
		case 'a': set_suite(); options.match = (u32)number(optarg, 1, 99); break;
		case 't': options.trace = true; break;
		case 'v': options.is_quiet = false; break;
		case 'w': options.swarms = true; break;
		case 'n': wishes.is_single = true; break;
		case 'g': options.check_every = (u32)number(optarg, 1, 1U << 20); break;
		case 'd': shrink_effort = (u32)number(optarg, 1, 1U << 20); break;
		case 'k': wishes.shrinks = true; break;
		case 'y': wishes.tallies = true; break;
		case 'h': usage(); exit(0);
		default: usage(); exit(2);
		}
	}
	refuse_contradictions();
}

void run_begin(void)
{
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (outcome == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	replay_begin();
}

int main(int argc, char **argv)
{
	u64 first;

	run_begin();
	options.seed = (u64)time(NULL);
	parse(argc, argv);
	if (wishes.is_single)
		start();
	first = options.seed;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (u64 i = 0; i < wishes.runs; i++) {
		options.seed = first + i;
		if (!run_once())
			continue;
		report();
		if (wishes.shrinks)
			shrink();
		return 1;
	}
	printf("%lu runs from seed %lu: no failure\n", wishes.runs, first);
	if (wishes.tallies)
		print_tally();
	return 0;
}
