# SPDX-License-Identifier: MIT
"""The yardstick is exact: prints TAP.

Use: exact.py --out DIRECTORY --board NAME --plugin count.so
Two runs give the same report, to the last figure; watching changes nothing;
the plugin counts what the guest counts; one instruction more in the path of a
call is one instruction more in its row, and in no other row's.
"""
import argparse
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + "/scripts")
import bench
from bench_budgets import Budget, compare
from bench_elf import Image

MARK = "long sys_null(struct thread *self)\n{\n"
TIMED = " reaped-"  # rows in which the CPU idles until a time: only the plugin's counts of them mean something
EXTRA = '\tasm volatile("nop");\n'


class Tap:
    count = failed = 0

    def result(self, passed, name, why=""):
        self.count += 1
        self.failed += not passed
        why = f" # {why}" if why and not passed else ""
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}{why}", flush=True)


def report_of(lines):
    return [line for line in lines if line.startswith("ROW") and TIMED not in line]


def without_timed(rows):
    return {name: row for name, row in rows.items() if not name.startswith(TIMED.strip())}


def first_difference(one, other):
    """Some words about where two reports differ."""
    return next((f"'{a}' and '{b}'" for a, b in zip(one, other) if a != b), f"{len(one)} and {len(other)} lines")


def check_counts(tap, board, lines, counts):
    """The guest took off what measuring costs: with that, both must have the same number."""
    rows = bench.rows_of(lines)
    taken_off = next(re.search(r"measuring takes (\d+) and (\d+)", line) for line in lines if "measuring takes" in line)
    call, ipc = int(taken_off[1]), int(taken_off[2])
    for name, overhead in (("null", call), ("notify", call), ("cap-derive", call), ("ipc-8", ipc), ("ipc-512", ipc)):
        seen, told = counts["row"][rows[name]["number"]]["instructions"], rows[name]["median"] + overhead
        tap.result(seen == told, f"{board}: the plugin counts the {name} row as the guest does", f"{seen} and {told}")


# What an instruction of a class costs, as the manual says.
WEIGHTS = {"atomic": 20, "fence": 20, "root": 60, "tlb": 60, "system": 50, "device": 50, "xsave": 100, "trap": 100}


def check_costs(tap, board, lines, counts):
    """What is counted beside instructions, where it can be known otherwise."""
    rows = bench.rows_of(lines)
    seen = {name: counts["row"][rows[name]["number"]]
            for name in ("null", "ipc-8", "ipc-16", "ipc-512", "store", "yield-switch")}
    for name in ("null", "ipc-8"):
        extra = sum(seen[name][kind] * (weight - 1) for kind, weight in WEIGHTS.items())
        tap.result(round(extra) == seen[name]["extra"], f"{board}: weights of {name} add up",
                   f"{extra} and {seen[name]['extra']}")
    traps = [seen[name]["trap"] for name in ("store", "null", "ipc-8", "yield-switch")]
    tap.result(traps == [0, 1, 2, 1], f"{board}: traps are counted", f"{traps}")
    tap.result(seen["null"]["root"] == 0 and seen["ipc-8"]["root"] == 2, f"{board}: switches of the space are counted",
               f"{seen['ipc-8']['root']}")
    # The same way with 496 words more: 62 lines of the sender's page and of the receiver's, and no other page.
    more = [seen["ipc-512"][what] - seen["ipc-16"][what] for what in ("lines", "pages")]
    tap.result(more == [124, 0], f"{board}: cache lines and pages of a long message are counted", f"{more}")
    more = seen["ipc-16"]["pages"] - seen["ipc-8"]["pages"]
    tap.result(more >= 2, f"{board}: a message that is not in registers alone touches two pages more", f"{more}")


def check_rows(tap, board, lines, counts):
    """The plugin has counted every row, and a sample of several calls is their sum."""
    rows = bench.rows_of(lines)
    missing = {name for name, row in rows.items() if row["number"] not in counts["row"]}
    tap.result(not missing, f"{board}: every row is counted", f"not {', '.join(sorted(missing))}")
    both, run, deleted = (counts["row"][rows[name]["number"]]["instructions"]
                          for name in ("thread-life", "thread-create-run-exit", "thread-delete-ended"))
    tap.result(both == run + deleted, f"{board}: a row of two calls is counted as both", f"{both}, {run} + {deleted}")


def check_limit(tap, board, arch, rows):
    """A figure fails if it is over its budget by one more than is allowed, on each architecture."""
    for name in ("null", "ipc-512"):
        figure = rows[name]["median"]
        least = next(number for number in range(figure) if number + max(1, number // 50) >= figure)
        problems = [len(list(compare({name: Budget(name, {"budget": [budget] * 3})}, arch, {name: figure}, False)))
                    for budget in (least, least - 1)]
        tap.result(problems == [0, 1], f"{board}: {name} may exceed its budget by one or 2 %, and no more",
                   f"{problems}")


def check_verdict(tap, options):
    """A figure over its budget fails, and only that.  That all are within their budgets is a test of its own."""
    command = [sys.executable, "scripts/bench.py", "--out", options.out, "--board", options.board, "--quick", "--brief"]
    path = options.out + "/budgets.toml"
    with open(bench.BUDGETS, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r'(?m)^\["null"\]\n(?:\w.*\n)+', '["null"]\nbudget = [1, 1, 1]\n', text))
    done = subprocess.run([*command, "--budgets", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False)
    said = done.stdout.decode("utf-8", "replace")
    problems = [line for line in said.splitlines() if line.startswith("bench: error: ")]
    right = done.returncode == 1 and len(problems) == 1 and " null: " in problems[0]
    tap.result(right, f"{options.board}: a figure over its budget fails, and no other does",
               f"status {done.returncode}: {said[-200:]!r}")


def watched_run(tree, options, words, cpus=1):
    """A run with the plugin; what bench.py has kept of the same image will do, as one run is like the other."""
    image = Image(tree + "/kernel.elf")
    return bench.observed(tree, options.plugin, words) or bench.observe(tree, image, options.plugin, words, cpus=cpus)


def check_cpus(tap, tree, options):
    """With two CPUs the work of each is told."""
    _, counts = watched_run(tree, options, "bench=smp-quick", 2)
    rows = [counts["cpu"].get(cpu, {}).get("in-rows", 0) for cpu in (0, 1)]
    tap.result(min(rows) > 100000, f"{options.board}: both of two CPUs have worked during the rows of two", f"{rows}")


def copy_with_extra(tree):
    """The sources as they are, with one more instruction in the null call."""
    os.makedirs(tree, exist_ok=True)
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], stdout=subprocess.PIPE, check=True)
    pack = subprocess.run(["tar", "--null", "-T", "-", "--ignore-failed-read", "-cf", "-"], input=listing.stdout,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["tar", "-C", tree, "-xf", "-"], input=pack.stdout, check=True)
    with open(tree + "/kernel/system.c", encoding="utf-8") as file:
        text = file.read()
    if MARK not in text:
        sys.exit("exact: error: kernel/system.c has no sys_null() to add an instruction to")
    with open(tree + "/kernel/system.c", "w", encoding="utf-8") as file:
        file.write(text.replace(MARK, MARK + EXTRA))


def check_extra(tap, options, before):
    tree = os.path.abspath(options.out) + "/extra-source"
    copy_with_extra(tree)
    os.chdir(tree)
    bench.build(tree + "/build", options.board, "configs/bench.config")
    after = bench.rows_of(bench.boot(tree + "/build", "bench=quick"))
    os.chdir(TOP)
    for name, more in (("null", 1), ("null-library", 1), ("ipc-8", 0), ("notify", 0)):
        grown = after[name]["median"] - before[name]["median"]
        tap.result(grown == more, f"{options.board}: an instruction in the null call makes {name} {more} longer",
                   f"{grown}")


def main():
    parser = argparse.ArgumentParser(prog="exact")
    for name in ("--out", "--board", "--plugin"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    tap, tree = Tap(), options.out + "/bench"
    bench.build(tree, options.board, "configs/bench.config")
    lines = bench.boot(tree, "bench=quick")
    one, two = report_of(lines), report_of(bench.boot(tree, "bench=quick"))
    tap.result(one == two, f"{options.board}: two runs give the same report", first_difference(one, two))
    watched, counts = watched_run(tree, options, "bench=quick")
    tap.result(without_timed(watched) == without_timed(bench.rows_of(lines)),
               f"{options.board}: a run that is watched gives the same figures")
    check_counts(tap, options.board, lines, counts)
    check_costs(tap, options.board, lines, counts)
    check_rows(tap, options.board, lines, counts)
    check_cpus(tap, tree, options)
    check_limit(tap, options.board, bench.arch_of(tree), bench.rows_of(lines))
    if options.board == "qemu_x86_64":
        check_verdict(tap, options)
    check_extra(tap, options, bench.rows_of(lines))
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    os.chdir(TOP)
    sys.exit(main())
