#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make small mistakes in a copy of the kernel, one at a time, and count those that the tests of this computer find.

Use: run.py --out DIRECTORY [--sample N|all] [--seed S] [--jobs N] [--runs N] [--only TEXT] [--list]
The mutants (mutate.py has the operators) of all files are compiled together into one simulator and into the host
tests; the environment says which one is alive.  Each is tried with what can reach it, until something fails:
the host tests, runs of the simulator on fixed seeds, the conformance suite in the simulator, and what the simulator's
tally must show.

Prints TAP: at least 80 % of the sample are killed, and the survivors are those that tests/mutants/survivors argues.
"""
import argparse
import collections
import concurrent.futures
import glob
import hashlib
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [TOP + "/tests/sim", TOP + "/tests/mutants"]
from bugs import MATCHES, Failed, copy_tree, read, run, write  # noqa: E402
from mutate import Source  # noqa: E402

DIRECTORIES = ("cap", "ipc", "mm", "sched")
FILES = [f"kernel/{name}.c" for name in ("entry", "inbox", "irq", "kwait", "memory_calls", "object", "process",
                                         "process_calls", "reaper", "thread", "thread_calls", "wait")]
HEADERS = ("include/kernel/cap.h",)
LEFT_OUT = ("mm/kmap.c", "mm/kasan.c")  # the kernel's own half, which the simulator does not translate
UNITS = "frame pgtable cap sched vspace"  # host tests of these directories
SHARE = 80  # percent to be killed
UNARGUED = 2  # percent of the sample may survive without being argued: the tests of others change, too
SURVIVORS = TOP + "/tests/mutants/survivors"
# Runs of the simulator come in these turns, seed after seed: against the reference model, and on their own.
TURNS = ("--cpus 1 --model", "--cpus 4", "--cpus 1 --model --fail", "--cpus 4", "--cpus 4 --model", "--cpus 1",
         "--cpus 1 --model", "--cpus 2")
FIRST = 40  # runs before the host tests, which take longer
WRAPPER = """#!/bin/sh
case " $* " in
*" -c "* | *" -E "* | *" -S "*) exec cc "$@" -w ;;
*kernel.elf*) exec cc "$@" ;;
*) exec cc "$@" SELECTOR ;;
esac
"""
FOUND = re.compile(r"^seed \d+: ([^:\n]*)", re.M)
# Of these the tests must tell one that changes nothing from those that do.
CONTROL = "ipc/reply.c"
KNOWN = ("kernel/object.c: object_kill: statement: drop store_release(&object->generation, generation + 1);",
         "cap/transfer.c: cap_lend: statement: drop status = tree_check_add(cap);",
         "mm/tlb.c: vspace_load: statement: drop arch_load_space(value);")
DECLARED = "int mutant_is(unsigned); "  # before the first line, so that lines keep their numbers


class Kernel:
    """A copy of the source with all mutants, compiled for the simulator and the host tests."""

    def __init__(self, out):
        self.tree, self.out = out + "/tree", out
        self.program, self.tests = f"{out}/tree/build/kernel.elf", f"{out}/host"
        self.sources, self.uncompiled, self.control = {}, 0, None

    def prepare(self):
        copy_tree(self.tree)
        files = [file for directory in DIRECTORIES
                 for file in sorted(glob.glob(f"{directory}/*.c", root_dir=self.tree)) if file not in LEFT_OUT]
        number = 0
        for file in [*files, *FILES, *HEADERS]:
            source = self.sources[file] = Source(file, read(f"{self.tree}/{file}"))
            for mutant in source.mutants:
                number += 1
                mutant.number = number
        self.control = self.sources[CONTROL].control(number + 1)
        write(f"{self.tree}/arch/host/selector.c", read(f"{TOP}/tests/mutants/selector.c"))
        makefile = f"{self.tree}/arch/host/Makefile"
        write(makefile, read(makefile).replace("obj-y := ", "obj-y := selector.o "))
        self.write_cc()

    def write_cc(self):
        """A compiler that does not mind what mutants look like, and links the selector."""
        cc = f"{self.out}/cc"
        write(cc, WRAPPER.replace("SELECTOR", f"{self.out}/selector.o"))
        os.chmod(cc, 0o755)
        selector = f"{TOP}/tests/mutants/selector.c"
        output, status = run(["cc", "-O1", "-c", selector, "-o", self.out + "/selector.o"], TOP)
        if status != 0:
            raise Failed("the selector does not compile:\n" + output)

    def mutants(self):
        return [mutant for source in self.sources.values() for mutant in source.mutants]

    def write_sources(self, files):
        for file in files:
            source = self.sources[file]
            extra = [self.control] if file == CONTROL else []
            write(f"{self.tree}/{file}", DECLARED + source.written(source.mutants + extra))

    def build(self):
        """Compile; mutants that do not are none."""
        cc = f"{self.out}/cc"
        make = ["make", "-s", f"O={self.tree}/build", f"CC={cc}", f"-j{os.cpu_count()}"]
        fragment = f"{self.out}/mutants.config"  # the order of locks: one more who looks
        write(fragment, "CONFIG_LOCK_CHECKER=y\n")
        output, status = run([*make, "host_defconfig", f"FRAGMENTS={fragment}"], self.tree)
        files = list(self.sources)
        while status == 0 and files:
            self.write_sources(files)
            output, result = run([*make, "-k", "kernel"], self.tree, 1200)
            files = self.drop_uncompiled(output)
            if result != 0 and not files:
                raise Failed("the mutants do not build:\n" + output[-4000:])
        for file in list(self.sources):
            if file.endswith(".c") and not os.path.exists(f"{self.tree}/build/{file[:-2]}.o"):
                del self.sources[file]  # not configured
        command = ["sh", "tests/host/run", f"O={self.tests}", f"CC={cc}", *UNITS.split()]
        output, status = run(command, self.tree, 1200)
        if status != 0:
            raise Failed("the host tests fail without a mutant:\n" + output[-4000:])

    def drop_uncompiled(self, output):
        """Forget the mutants on the lines of errors. Return: their files."""
        changed = set()
        for file, line in re.findall(r"^(?:\S*/)?([\w]+/[\w/]+\.[ch]):(\d+):\d+: error", output, re.M):
            file = next((known for known in self.sources if file.endswith(known)), None)
            if not file:
                continue
            source, line = self.sources[file], int(line)
            kept = [m for m in source.mutants if not m.line <= line <= m.last_line]
            self.uncompiled += len(source.mutants) - len(kept)
            if len(kept) < len(source.mutants):
                changed.add(file)
            source.mutants = kept
        return sorted(changed)


def with_mutant(command, mutant, where, seconds, cpu_seconds):
    """Status and output of a command with a mutant alive; None if it takes too long; CPU time 0: the usual limit."""
    environment = os.environ | {"MUTANT": str(mutant), "CMOCKA_MESSAGE_OUTPUT": "TAP", "SEED": "1",
                                "ASAN_OPTIONS": "detect_leaks=1"}
    if cpu_seconds:
        environment["MUTANT_SECONDS"] = str(cpu_seconds)
    try:
        done = subprocess.run(command, cwd=where, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")


class Killer:
    """Something that fails, or not, with a mutant alive; it knows which mutants it reaches."""

    def __init__(self, name, command, where, seconds=0):
        self.name, self.command, self.where = name, command, where
        self.seconds, self.reached = seconds, None

    def find_reached(self, out):
        """Run without a mutant, which must pass, and note what is reached."""
        file = f"{out}/reach-{self.name.replace(' ', '-')}"
        status, output = with_mutant(self.command, f"reach:{file}", self.where, 600, 600)
        if status != 0:
            raise Failed(f"{self.name} fails without a mutant (status {status}):\n" + output[-2000:])
        self.reached = read(file, "rb")
        os.remove(file)

    def kills(self, mutant):
        """Return: what was seen, None if nothing."""
        status, output = with_mutant(self.command, mutant.number, self.where, 90 + 10 * self.seconds, self.seconds)
        if status == 0:
            return None
        match = FOUND.search(output)
        return match[1] if match else "no end" if status is None else self.name.split()[0]


def killers_of(kernel, runs):
    found = []
    for number in range(runs):
        turn = TURNS[number % len(TURNS)].split()
        found.append(Killer(f"run {number}", [kernel.program, "--seed", str(number + 1), *turn], kernel.tree))
    found[FIRST:FIRST] = [Killer(f"host-{unit}", [f"./test-{unit}"], kernel.tests) for unit in UNITS.split()]
    return found


def late_killers(kernel):
    """All cases of the conformance suite, its matches many times, and what runs together must show."""
    for match in range(1, MATCHES + 1):
        yield Killer(f"match {match}", [kernel.program, "--match", str(match), "--runs", "5", "--seed", "1",
                                        "--cpus", "2"], kernel.tree, 30)
    yield Killer("suite", [kernel.program, "--suite", "--seed", "1", "--cpus", "4"], kernel.tree, 60)
    yield Killer("tally", ["sh", "tests/sim/tally.sh", kernel.program], kernel.tree)


def try_mutant(mutant, killers):
    """Return: (mutant, what killed it or None, whether anything reached it)."""
    is_reached = False
    for killer in killers:
        if not killer.reached[mutant.number]:
            continue
        is_reached = True
        seen = killer.kills(mutant)
        if seen:
            return mutant, seen, True
    return mutant, None, is_reached


def read_survivors():
    """Keys and why these mutants are no failure of the tests: a line each, the reason indented below it."""
    argued, key = {}, None
    for number, line in enumerate(read(SURVIVORS).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            key = line.strip()
            argued[key] = ""
        elif key:
            argued[key] += line.strip() + " "
        else:
            raise Failed(f"{SURVIVORS}:{number}: a reason before the first mutant")
    lacking = [key for key, reason in argued.items() if len(reason) < 20]
    if lacking:
        raise Failed(f"{SURVIVORS}: no reason for {lacking[0]}")
    return argued


def check_argued(kernel, argued):
    """A reason for what is no mutant any more argues nothing."""
    gone = sorted(set(argued) - {mutant.key for mutant in kernel.mutants()})
    return not gone, f"every survivor that is argued is there ({', '.join(gone) or 'none is gone'})"


def choose_sample(mutants, options):
    """The same mutants as long as the seed is the same, whatever else changes."""
    def rank(mutant):
        return hashlib.sha256(f"{options.seed} {mutant.key}".encode()).digest()

    if options.only:
        mutants = [mutant for mutant in mutants if options.only in mutant.key]
    mutants = sorted(mutants, key=rank)
    return mutants if options.sample == "all" else mutants[:int(options.sample)]


def check_controls(kernel, killers):
    """Is the machinery alive?"""
    _, seen, is_reached = try_mutant(kernel.control, killers)
    yield is_reached and seen is None, f"a mutant that changes nothing is reached and survives ({seen})"
    for key in KNOWN:
        mutant = next((mutant for mutant in kernel.mutants() if mutant.key == key), None)
        yield mutant is not None and try_mutant(mutant, killers)[1] is not None, f"killed: {key}"


def percent(part, whole):
    return 100 * part / whole if whole else 0


class Report:
    def __init__(self, sample, uncompiled):
        self.sample, self.uncompiled = sample, uncompiled
        self.seen = collections.Counter()
        self.by_operator = collections.defaultdict(collections.Counter)
        self.survivors, self.unreached = [], 0
        self.begin, self.told = time.monotonic(), 0

    def take(self, number, mutant, seen, is_reached):
        self.by_operator[mutant.operator][seen is not None] += 1
        if seen:
            self.seen[seen] += 1
        else:
            self.survivors.append(mutant)
            self.unreached += not is_reached
            print(f"# survives{'' if is_reached else ', never reached'}: {mutant.key} (line {mutant.line})", flush=True)
        now = time.monotonic() - self.begin
        if now - self.told > 30:
            self.told = now
            print(f"# {number} of {len(self.sample)} mutants, {now:.0f} s", flush=True)

    def finish(self, argued):
        """Return: the results as (passed, name)."""
        total, killed = len(self.sample), len(self.sample) - len(self.survivors)
        unargued = [mutant for mutant in self.survivors if mutant.key not in argued]
        for operator, counts in sorted(self.by_operator.items()):
            print(f"# {operator:10} {counts[True]} of {sum(counts.values())} killed")
        print("# killed by: " + ", ".join(f"{name} {count}" for name, count in self.seen.most_common()))
        print(f"# {total} mutants, {killed} killed, {len(self.survivors)} survive ({self.unreached} of them never "
              f"reached), {self.uncompiled} did not compile; {time.monotonic() - self.begin:.0f} s")
        known = {mutant.key for mutant in self.sample} - {mutant.key for mutant in self.survivors}
        for key in sorted(known & set(argued)):
            print(f"# killed by now, so to be taken out of the survivors: {key}")
        for mutant in unargued:
            print(f"# not argued: {mutant.key}")
        share = percent(killed, total)
        yield share >= SHARE, f"{share:.1f} % of {total} mutants are killed (at least {SHARE} %)"
        yield percent(len(unargued), total) <= UNARGUED, f"{len(unargued)} survivors of {total} mutants are not argued"


def parse():
    parser = argparse.ArgumentParser(prog="mutants", description="See the head of the file.")
    parser.add_argument("--out", required=True)
    parser.add_argument("--sample", default="all", help="how many mutants, or all (default)")
    parser.add_argument("--seed", default="1", help="which ones")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=300, help="of the simulator, at most, for each mutant")
    parser.add_argument("--only", default="", help="those whose name (file: function: operator: change) has this text")
    parser.add_argument("--list", action="store_true", help="only name the mutants")
    return parser.parse_args()


def main():
    options = parse()
    kernel = Kernel(os.path.abspath(options.out))
    os.makedirs(kernel.out, exist_ok=True)
    kernel.prepare()
    if options.list:
        print("\n".join(mutant.key for mutant in choose_sample(kernel.mutants(), options)))
        passed, message = check_argued(kernel, read_survivors())
        if not passed:
            raise Failed(f"not so: {message}")
        return 0
    print(f"TAP version 13\n# mutants: seed {options.seed}, {options.sample} of {len(kernel.mutants())}", flush=True)
    kernel.build()
    killers = killers_of(kernel, options.runs) + list(late_killers(kernel))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda killer: killer.find_reached(kernel.out), killers))
        sample = choose_sample(kernel.mutants(), options)
        report = Report(sample, kernel.uncompiled)
        for number, found in enumerate(pool.map(lambda mutant: try_mutant(mutant, killers), sample), 1):
            report.take(number, *found)
        argued = read_survivors()
        results = [*report.finish(argued), check_argued(kernel, argued), *check_controls(kernel, killers)]
    for number, (passed, name) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    print(f"1..{len(results)}")
    return 0 if all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as problem:
        sys.exit(f"mutants: error: {problem}")
