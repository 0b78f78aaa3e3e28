# SPDX-License-Identifier: MIT
"""The deepest path of calls from each way into the kernel fits its stack, with a margin.

Use: check-stack.py --arch ARCH --nm NM --objects BUILD [--calls FILE] GRAPH.ci...
The graphs are gcc's (-fcallgraph-info=su): functions with the bytes they take,
and who calls whom.  What they cannot tell stands in scripts/stack-calls, which
describes its own form: where pointers lead, how often a function can be on one
path, which stack an entry has.  That file is checked against the graphs, so it
cannot fall behind: an indirect call or a cycle that it does not explain, an
entry in assembly that it does not list, and a line that explains nothing are errors.
"""
import argparse
import fnmatch
import re
import shlex
import subprocess
import sys

MARGIN = 2048
NODE = re.compile(r'node: { title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \(([^)]*)\)')
EDGE = re.compile(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)" label: "([^"]*)"')
INDIRECT = "__indirect_call"


def plain(title):
    """The function's name as written: without file and without the suffix of a compiler's clone."""
    return title.split(":")[-1].split(".")[0]


class Graph:
    def __init__(self, options):
        self.errors = []
        self.bytes, self.callees, self.indirect = {}, {}, {}
        self.arch, self.sources = options.arch, {}
        for path in options.graphs:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    self.read(line)
        self.rules = {kind: [] for kind in ("calls", "again", "entry", "nested", "stack", "extern")}
        with open(options.calls, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                kind, *words = shlex.split(line, comments=True) or [None]
                if kind in self.rules:
                    self.rules[kind].append((number, *words))
                elif kind:
                    sys.exit(f"{options.calls}:{number}: error: unknown word {kind}")
        self.again = {name: (int(times), *only) for _, name, times, *only in self.rules["again"]}
        self.extern = {name: int(size) for _, arch, name, size in self.rules["extern"] if arch == self.arch}
        self.connect()

    def read(self, line):
        if match := NODE.match(line):
            self.bytes[match[1]] = int(match[2])
            if match[3] == "dynamic":
                self.errors.append(f"{plain(match[1])} takes an unbounded piece of stack")
        elif (match := EDGE.match(line)) and match[2] == INDIRECT:
            self.indirect.setdefault(match[3].rsplit(":", 1)[0], set()).add(match[1])
        elif match:
            self.callees.setdefault(match[1], set()).add(match[2])

    def titled(self, pattern):
        return [title for title in self.bytes if fnmatch.fnmatchcase(plain(title), pattern)]

    def source_line(self, place):
        path, number = place.rsplit(":", 1)
        if path not in self.sources:
            with open(path, encoding="utf-8") as file:
                self.sources[path] = file.read().split("\n")
        return path, self.sources[path][int(number) - 1]

    def connect(self):
        """Indirect calls become edges to all functions that the rules allow."""
        for place, callers in sorted(self.indirect.items()):
            path, text = self.source_line(place)
            rules = [rule for rule in self.rules["calls"] if rule[1] == path and rule[2] in text]
            if len(rules) != 1:
                self.errors.append(f"{place}: indirect call with {len(rules)} lines in stack-calls: {text.strip()}")
                continue
            wanted = [pattern for pattern in rules[0][3:] if not pattern.startswith("-")]
            unwanted = [pattern[1:] for pattern in rules[0][3:] if pattern.startswith("-")]
            targets = {title for pattern in wanted for title in self.titled(pattern) or [pattern]
                       if plain(title) not in unwanted}
            for pattern in wanted:
                if not self.titled(pattern) and pattern not in self.extern:
                    self.errors.append(f"{place}: there is no function {pattern}")
            for caller in callers:
                self.callees.setdefault(caller, set()).update(targets)
        for number, path, text, *_ in self.rules["calls"]:
            with open(path, encoding="utf-8") as file:
                if text not in file.read():
                    self.errors.append(f"stack-calls:{number}: '{text}' does not stand in {path}")

    def deepest(self, start, stops=()):
        """(bytes, path) of the most that @start can take; a function of @stops calls nobody."""
        known, open_calls = {}, []

        def walk(title, visits):
            name = plain(title)
            if name in self.again:
                visits = visits | {name: visits.get(name, 0) + 1}
                if visits[name] > self.again[name][0]:
                    return -1, []
            key = (title, tuple(sorted(visits.items())))
            if key in open_calls:
                cycle = [plain(t) for t, _ in open_calls[open_calls.index(key):]]
                self.errors.append(f"unbounded recursion: {' -> '.join(cycle)}")
                return 0, []
            if key not in known:
                open_calls.append(key)
                only = self.again.get(name, (0,))[1:] if visits.get(name) == self.again.get(name, (0,))[0] else ()
                best = (0, [])
                for callee in () if name in stops else sorted(self.callees.get(title, ())):
                    if not only or plain(callee) in only:
                        best = max(best, walk(callee, visits), key=lambda found: found[0])
                if title not in self.bytes and name not in self.extern:
                    self.errors.append(f"{name} is in no graph and no extern of stack-calls")
                own = self.bytes.get(title, self.extern.get(name, 0))
                known[key] = own + best[0], [(name, own)] + best[1]
                open_calls.pop()
            return known[key]

        return walk(start, {})

    def entries(self):
        """(function, stack, bytes that the entry itself puts there)"""
        return [(name, stack, int(extra)) for _, arch, name, stack, extra in self.rules["entry"] if arch == self.arch]

    def check_entries(self, options):
        """Each function that assembly calls is listed."""
        called = set()
        for name in ("boot", "entry"):
            text = subprocess.run([options.nm, "-u", f"{options.objects}/arch/{self.arch}/{name}.o"],
                                  capture_output=True, text=True, check=True).stdout
            called |= {symbol for symbol in text.split() if self.titled(symbol)}
        listed = {name for name, *_ in self.entries()} | {rule[2] for rule in self.rules["nested"]}
        for name in sorted(called - listed):
            self.errors.append(f"assembly calls {name}, which is no entry in stack-calls")
        self.errors += [f"the entry {name} of stack-calls is in no graph"
                        for name, *_ in self.entries() if not self.titled(name)]


def stack_size(graph, options, name):
    for _, arch, stack, first, second in graph.rules["stack"]:
        if stack != name or arch not in ("*", graph.arch):
            continue
        if "/" in first:
            with open(first, encoding="utf-8") as file:
                match = re.search(rf"#define {second} \(?(\d+)( \* PAGE_SIZE)?", file.read())
            return int(match[1]) * (4096 if match[2] else 1)
        text = subprocess.run([options.nm, f"{options.objects}/kernel.elf"], capture_output=True, text=True,
                              check=True).stdout
        address = {line.split()[2]: int(line.split()[0], 16) for line in text.splitlines() if len(line.split()) == 3}
        return address[second] - address[first]
    return sys.exit(f"check-stack: error: stack-calls does not tell the size of {name}")


def check_entry(graph, options, name, stack, extra):
    """Print the deepest path of one entry; also with a fault of the kernel itself at the worst point."""
    title = graph.titled(name)[0]
    size = stack_size(graph, options, stack)
    used, path = graph.deepest(title)
    for _, arch, handler, frame, *stacks in graph.rules["nested"]:
        if arch == graph.arch and stack in stacks:
            quiet, way = graph.deepest(title, ("panic",))
            more, rest = graph.deepest(graph.titled(handler)[0])
            if quiet + int(frame) + more > used:
                used, path = quiet + int(frame) + more, way + [("fault in the kernel", int(frame))] + rest
    used += extra
    print(f"check-stack: {graph.arch}: {name}: {used} of {size} bytes ({stack} stack)")
    if options.verbose:
        print("  " + " -> ".join(f"{function} {own}" for function, own in path))
    if used + MARGIN > size:
        graph.errors.append(f"{name}: {used} bytes and a margin of {MARGIN} do not fit the {stack} stack of {size}: "
                            + " -> ".join(f"{function} {own}" for function, own in path))
    return used


def main():
    parser = argparse.ArgumentParser(prog="check-stack")
    for name in ("arch", "nm", "objects"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--calls", default="scripts/stack-calls")
    parser.add_argument("--verbose", action="store_true", help="print the deepest path of each entry")
    parser.add_argument("graphs", nargs="+")
    options = parser.parse_args()
    graph = Graph(options)
    graph.check_entries(options)
    if not graph.errors:
        for entry in graph.entries():
            check_entry(graph, options, *entry)
    if graph.errors:
        sys.exit("\n".join(f"check-stack: error: {line}" for line in sorted(set(graph.errors))))


if __name__ == "__main__":
    main()
