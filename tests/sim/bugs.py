#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seed bugs into a copy of the kernel and count the runs the simulator needs to find each.

Use: bugs.py --out DIRECTORY [--runs N] [--part I/N] [--list] [--record] [--shrink sample|all] [NAME-PART...]
Each bug of bugs.toml replaces one piece of source that must occur exactly once.
It is looked for from seed 1 on.  The "seed" of one that takes long is what found it
when it was recorded (--record): that is tried first, and if the kernel has changed
so that it finds nothing any more, the search begins.
The seed that finds it must find the very same when it is run again.
With "by" a bug counts as found only if what was seen holds these words: it is there to prove that very check.
With --shrink the histories of all bugs, or of those marked, are shrunk, and then must have at most 20 steps.
Prints TAP; the status says whether every bug was found.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOUND = re.compile(r"^seed (\d+): (.*)$", re.M)
SHRUNK = re.compile(r"^seed .*: (\d+) steps shrunk to (\d+):$", re.M)
RECORDED = 100  # runs that a bug may take each time
MATCHES = 11  # of tests/abi/race.c; run.sh sees that there are no more
INVARIANTS = [f"invariant {number}" for number in range(1, 16)]
SHORT = 20  # steps of a history that a person can read


class Failed(Exception):
    """Something that is no result of a bug: the copy does not build."""


def run(command, where, seconds=300):
    """Output and status of a command; "" and None if it takes too long."""
    try:
        done = subprocess.run(command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "", None
    return done.stdout.decode("utf-8", "replace"), done.returncode


def copy_tree(tree):
    """The files that git knows, as they are now; a file keeps its time if it has not changed."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, stdout=subprocess.PIPE,
                           check=True).stdout.decode().split("\n")
    for file in filter(None, files):
        source, target = f"{TOP}/{file}", f"{tree}/{file}"
        if not os.path.isfile(source):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target) or read(source, "rb") != read(target, "rb"):
            shutil.copyfile(source, target)
            shutil.copymode(source, target)


def read(path, mode="r"):
    with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def build(tree, goal="kernel"):
    # What is put back after a bug is not compiled again in check-all.
    output, status = run([sys.executable, "scripts/cached_make.py", f"{tree}/build", *goal.split()], tree)
    if status != 0:
        raise Failed("it does not build:\n" + output)


class Result:
    """What came of a bug: the seed that found it (None: none did), and what was seen, or why not."""

    def __init__(self, runs, text, steps=None):
        self.runs, self.text, self.steps = runs, text, steps


def shrink(program, seed, tree, effort):
    """Steps of the shortest history found for a run of the command @program that fails; -1: none."""
    output, _ = run([*program, "--seed", str(seed), "--shrink", "--effort", str(effort)], tree, 300 + 30 * effort)
    match = SHRUNK.search(output)
    return int(match[2]) if match else -1


def hunt(program, tree, bug, runs):
    """Output and status of the first run that finds the bug, by what it is to be found by; else of the last one."""
    output, status = run([*program, "--seed", str(bug.get("seed", 1))], tree, 60)
    match = FOUND.search(output)
    begin, first = time.monotonic(), 1
    while not (match and bug.get("by", "") in match[2]) and first <= runs:
        left = runs / 20 + 60 - (time.monotonic() - begin)
        output, status = run([*program, "--seed", str(first), "--runs", str(runs - first + 1)], tree, max(left, 1))
        match = FOUND.search(output)
        if not match:
            break
        first = int(match[1]) + 1
    return output, status


def search(tree, clean, bug, runs, shrinks):
    """Build with the bug and run until it is found; @clean is the program without it."""
    path = f"{tree}/{bug['file']}"
    source = read(path)
    count = source.count(bug["old"])
    if count != 1:
        return Result(None, f"the piece to replace occurs {count} times in {bug['file']}")
    write(path, source.replace(bug["old"], bug["new"]))
    try:
        build(tree)
        program = [f"{tree}/build/kernel.elf", *bug.get("options", "").split()]
        output, status = hunt(program, tree, bug, runs)
        match = FOUND.search(output)
        if status == 1 and match and bug.get("by", "") not in match[2]:
            return Result(None, f"not by {bug['by']}, but: {match[2]}")
        if status == 1 and match:
            output, status = run([clean, *program[1:], "--seed", match[1]], tree, 120)
            if status != 0:
                return Result(None, f"seed {match[1]} fails without the bug, too: {output[-300:]}")
            again = FOUND.search(run([*program, "--seed", match[1]], tree, 120)[0])
            if not again or again[0] != match[0]:
                return Result(None, f"seed {match[1]} is not the same again: {match[2]}; then {again and again[2]}")
            steps = shrink(program, match[1], tree, bug.get("effort", 8)) if shrinks else None
            return Result(int(match[1]), match[2], steps)
    except Failed as problem:
        return Result(None, str(problem))
    finally:
        write(path, source)
    if status is None:
        return Result(None, f"no end of {runs} runs in {runs / 20 + 60:.0f} seconds")
    return Result(None, f"{runs} runs found nothing" if status == 0 else f"status {status}: {output[-300:]}")


def report(number, bug, result, seconds):
    """Print the results of a bug. Return: how many failed, and the number of the last one."""
    failed = result.runs is None
    print(f"{'not ok' if failed else 'ok'} {number} - found: {bug['name']}")
    print(f"# {'missed' if failed else f'by seed {result.runs}'} ({seconds:.1f} s): {result.text}", flush=True)
    if result.steps is None:
        return failed, number
    is_long = not 0 <= result.steps <= SHORT
    print(f"{'not ok' if is_long else 'ok'} {number + 1} - {SHORT} steps at most: {bug['name']}")
    print(f"# shrunk to {result.steps} steps", flush=True)
    return failed + is_long, number + 1


def record(name, seed):
    """Keep the seed that has found the bug, if it is not among the first that are tried anyway."""
    if seed <= RECORDED:
        return
    path = f"{TOP}/tests/sim/bugs.toml"
    head, found, rest = read(path).partition(f'name = "{name}"\n')
    write(path, f"{head}{found}seed = {seed}\n" + re.sub(r"^seed = \d+\n", "", rest))


def parse():
    parser = argparse.ArgumentParser(prog="bugs.py")
    parser.add_argument("--out", required=True)
    parser.add_argument("--runs", type=int, default=4000, help="at most, for a bug that says nothing else")
    parser.add_argument("--part", default="1/1", help="only every N-th bug, from the I-th")
    parser.add_argument("--record", action="store_true", help="search anew, and keep the seeds in bugs.toml")
    parser.add_argument("--shrink", choices=("sample", "all"), help="shrink the histories of the bugs")
    parser.add_argument("--list", action="store_true", help="only name the bugs")
    parser.add_argument("names", nargs="*", metavar="NAME-PART")
    return parser.parse_args()


def main():
    options = parse()
    first, step = map(int, options.part.split("/"))
    bugs = tomllib.loads(read(f"{TOP}/tests/sim/bugs.toml"))["bug"]
    proven = {bug.get("by", "").split(":")[0] for bug in bugs}
    unproven = [name for name in INVARIANTS if name not in proven]
    unfit = [bug["name"] for bug in bugs if read(f"{TOP}/{bug['file']}").count(bug["old"]) != 1]
    bugs = bugs[first - 1::step]
    bugs = [bug for bug in bugs if not options.names or any(name in bug["name"] for name in options.names)]
    if options.list:
        print("\n".join(bug["name"] for bug in bugs))
        return 0
    if unproven:
        raise Failed("no bug is to be found by " + ", ".join(unproven))
    tree = os.path.abspath(options.out) + "/tree"
    copy_tree(tree)
    build(tree, "host_defconfig kernel")
    clean = f"{tree}/build/clean.elf"
    shutil.copy(f"{tree}/build/kernel.elf", clean)
    failed, number = len(unfit), len(unfit)
    print("TAP version 13")
    for place, name in enumerate(unfit, 1):
        print(f"not ok {place} - fits into its file once: {name}")
    for bug in bugs:
        begin = time.monotonic()
        shrinks = options.shrink == "all" or (options.shrink and bug.get("shrink"))
        if options.record:
            bug.pop("seed", None)
        result = search(tree, clean, bug, bug.get("runs", options.runs), shrinks)
        if options.record and result.runs:
            record(bug["name"], result.runs)
        more, number = report(number + 1, bug, result, time.monotonic() - begin)
        failed += more
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as problem:
        sys.exit(f"bugs.py: error: {problem}")
