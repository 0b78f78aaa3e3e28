#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drop each memory order and each maintenance call of the kernel: what does the simulator say?

Use: orders.py --list
     orders.py --out DIRECTORY [--runs N] [--part I/N] [--record] [NAME-PART...]
An order is one load_acquire(), store_release() or fence in the source, which is
weakened, or one call that flushes or synchronises, which is left out.  Each is
found by a bug of bugs.toml, or by a seed of orders.toml, or there it says why
nothing can come of it ("why"), or it is open.  --list compares both files with
the source.  The other form tries the seeds again, and some more if one finds
nothing any more; with --record it looks for seeds of those that are open and
writes them down.  Prints TAP.
"""
import argparse
import collections
import glob
import os
import re
import shutil
import sys
import tomllib

import bugs
from bugs import TOP, read, write

LIST = f"{TOP}/tests/sim/orders.toml"
PLACES = ("cap/*.c", "ipc/*.c", "kernel/*.c", "mm/*.c", "sched/*.c", "lib/*.c", "include/kernel/*.h")
# What defines the orders, and the kernel's half that the simulator does not run.
WITHOUT = ("include/kernel/atomic.h", "include/kernel/arch.h")
DROPS = {"load_acquire": "load_relaxed", "store_release": "store_relaxed"}
CALLS = ("fence_full", "fence_acquire", "fence_release", "arch_flush_user_all", "arch_flush_user_page",
         "arch_sync_icache", "arch_clean_icache", "arch_context_sync")
ORDER = re.compile(rf"\b({'|'.join((*DROPS, *CALLS))})\(")
# Ways of running that may find one, and how many times as long as the first a run takes there.
WAYS = {"": 1, "--swarm": 1, "--cpus 2": 1, "--model": 10, "--suite": 50,
        **{f"--match {n} --cpus 2": 5 for n in range(1, bugs.MATCHES + 1)}}


AGAIN = 500  # runs, if the recorded seed does not find it any more


class Order:
    """One place in the source."""

    def __init__(self, file, line, number, start, end, drop):
        self.file, self.line, self.number = file, line, number
        self.start, self.end, self.drop = start, end, drop

    @property
    def key(self):
        return self.file, self.line, self.number

    def __str__(self):
        return f"{self.file}: {self.line}" + (f" ({self.number})" if self.number > 1 else "")

    def dropped(self, source):
        """The source without it: a weaker access, or no call."""
        if self.drop in DROPS:
            return source[:self.start] + DROPS[self.drop] + source[self.end:]
        depth, end = 0, self.end
        while depth or end == self.end:
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        return source[:self.start] + "(void)0" + source[end:]


def is_code(source, place):
    """Not in a comment, nor where the function is defined."""
    line = source[source.rfind("\n", 0, place) + 1:place]
    return not re.match(r"\s*(/?\*|//|#define|static )", line) and source.rfind("/*", 0, place) <= \
        source.rfind("*/", 0, place)


def orders():
    """All of the source, in the order of files and lines."""
    for path in sorted(path for place in PLACES for path in glob.glob(f"{TOP}/{place}")):
        file = os.path.relpath(path, TOP)
        if file in WITHOUT:
            continue
        source, count = read(path), collections.Counter()
        for match in ORDER.finditer(source):
            if not is_code(source, match.start()):
                continue
            line = source[source.rfind("\n", 0, match.start()) + 1:source.find("\n", match.start())].strip()
            count[line] += 1
            yield Order(file, line, count[line], match.start(), match.end() - 1, match[1])


def bugs_that_drop(found):
    """{key of an order: the bug of bugs.toml that is the same or drops it, too}."""
    result = {}
    for bug in tomllib.loads(read(f"{TOP}/tests/sim/bugs.toml"))["bug"]:
        if bug.get("rare"):
            continue
        source = read(f"{TOP}/{bug['file']}")
        start = source.find(bug["old"])
        for order in found:
            inside = order.file == bug["file"] and start <= order.start < start + len(bug["old"])
            left = bug["new"].count(f"{order.drop}(") < bug["old"].count(f"{order.drop}(")
            only = len(ORDER.findall(bug["old"])) == 1
            if inside and left and only:
                result[order.key] = bug["name"]
    return result


def entries():
    """{key of an order: its table}."""
    tables = tomllib.loads(read(LIST)).get("order", []) if os.path.exists(LIST) else []
    return {(table["file"], table["line"], table.get("number", 1)): table for table in tables}


def save(found, known, dropped):
    """Write the list anew, in the order of the source."""
    with open(LIST, encoding="utf-8") as file:
        head = file.read().split("[[order]]")[0].rstrip("\n")
    text = [head]
    for order in found:
        if order.key in dropped:
            continue
        table = known.get(order.key, {"open": True})
        lines = [f'file = "{order.file}"', f"line = '''{order.line}'''"]
        if order.number > 1:
            lines.append(f"number = {order.number}")
        for name in ("seed", "options", "why", "open"):
            if name in table:
                value = table[name]
                lines.append(f"{name} = {str(value).lower() if isinstance(value, bool | int) else repr_toml(value)}")
        text.append("[[order]]\n" + "\n".join(lines))
    write(LIST, "\n\n".join(text) + "\n")


def repr_toml(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def try_way(tree, way, seed, runs):
    """The first seed from @seed on that finds what the built kernel lacks; None."""
    output, status = bugs.run([f"{tree}/build/kernel.elf", *way.split(), "--seed", str(seed), "--runs", str(runs)],
                              tree, runs / 10 + 60)
    match = bugs.FOUND.search(output)
    return (int(match[1]), match[2]) if status == 1 and match else None


def attempt(tree, clean, order, table, options):
    """Look for the order.  Return: (seed, way, what was seen) or None."""
    path = f"{tree}/{order.file}"
    source = read(path)
    write(path, order.dropped(source))
    try:
        bugs.build(tree)
    except bugs.Failed as problem:
        write(path, source)
        raise bugs.Failed(f"without {order}: {problem}") from None
    try:
        ways = (table["options"],) if "options" in table else ("",)
        tries = [(way, table["seed"], 1) for way in ways] if "seed" in table else []
        # The history of the seed moves with each change to the kernel and to the suite.
        tries += [(way, 1, max(1, AGAIN // WAYS.get(way, 1))) for way, _, _ in tries]
        if options.record and "seed" not in table:
            tries += [(way, 1, max(1, options.runs // share)) for way, share in WAYS.items()]
        for way, seed, runs in tries:
            if found := try_way(tree, way, seed, runs):
                _, status = bugs.run([clean, *way.split(), "--seed", str(found[0])], tree, 120)
                if status == 0:
                    return found[0], way, found[1]
    finally:
        write(path, source)
    return None


def compare(found, known, dropped):
    """TAP: list and source are of one mind. Return: whether."""
    keys = {order.key for order in found}
    missing = [str(order) for order in found if order.key not in known and order.key not in dropped]
    stale = [f"{file}: {line}" for file, line, number in known if (file, line, number) not in keys]
    twice = [f"{file}: {line}" for file, line, number in known if (file, line, number) in dropped]
    bare = [f"{table['file']}: {table['line']}" for table in known.values()
            if sum(name in table for name in ("seed", "why", "open")) != 1]
    results = ((missing, "each order of the source is in the list"), (stale, "each entry is an order of the source"),
               (twice, "none is also a bug of bugs.toml"), (bare, "each has a seed, a reason or is open"))
    for number, (wrong, name) in enumerate(results, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for text in wrong:
            print(f"# {text}")
    count = collections.Counter(next(name for name in ("seed", "why", "open") if name in table)
                                for table in known.values())
    print(f"# {len(found)} orders: {len(dropped)} found by seeded bugs, {count['seed']} by seeds of their own, "
          f"{count['why']} argued, {count['open']} open")
    return not any(wrong for wrong, _ in results)


def parse():
    parser = argparse.ArgumentParser(prog="orders.py")
    parser.add_argument("--out")
    parser.add_argument("--list", action="store_true", help="only compare the list with the source")
    parser.add_argument("--runs", type=int, default=1000, help="with --record; fewer in ways that take longer")
    parser.add_argument("--part", default="1/1", help="only every N-th order, from the I-th")
    parser.add_argument("--record", action="store_true", help="look for seeds, and keep them in the list")
    parser.add_argument("names", nargs="*", metavar="NAME-PART")
    options = parser.parse_args()
    if not options.list and not options.out:
        parser.error("--out or --list")
    return options


def main():
    options, found, known = parse(), list(orders()), entries()
    dropped = bugs_that_drop(found)
    if options.list:
        is_sound = compare(found, known, dropped)
        print("1..4")
        return 0 if is_sound else 1
    first, step = map(int, options.part.split("/"))
    chosen = [order for order in found if order.key not in dropped and
              ("seed" in known.get(order.key, {}) if not options.record else
               "why" not in known.get(order.key, {}) and "seed" not in known.get(order.key, {}))]
    chosen = [order for order in chosen[first - 1::step]
              if not options.names or any(name in str(order) for name in options.names)]
    tree = os.path.abspath(options.out) + "/tree"
    bugs.copy_tree(tree)
    bugs.build(tree, "host_defconfig kernel")
    clean = f"{tree}/build/clean.elf"
    shutil.copy(f"{tree}/build/kernel.elf", clean)
    failed = 0
    print("TAP version 13")
    for number, order in enumerate(chosen, 1):
        result = attempt(tree, clean, order, known.get(order.key, {}), options)
        failed += not result and not options.record
        print(f"{'ok' if result or options.record else 'not ok'} {number} - "
              f"{'searched' if options.record else 'found'}: {order}")
        print(f"# {f'seed {result[0]} {result[1]}: {result[2]}' if result else 'nothing was found'}", flush=True)
        if result and options.record:
            known = entries()
            known[order.key] = {"seed": result[0], **({"options": result[1]} if result[1] else {})}
            save(found, known, dropped)
    print(f"1..{len(chosen)}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except bugs.Failed as problem:
        sys.exit(f"orders.py: error: {problem}")
