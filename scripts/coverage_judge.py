# SPDX-License-Identifier: MIT
"""What coverage.py measured, read and judged.

Data of a source is {file: {line: (times, [times of each branch])}}.  A Problem is raised, or listed by judge(), for:
a source without data, an uncovered line that tests/coverage/holes does not explain, an explanation of what is covered
or gone, more explained lines than HOLES_MAX, a share below its gate, a file that nothing measured.
"""
import collections
import glob
import json
import os
import re
import subprocess

GENERIC = ("kernel", "mm", "ipc", "sched", "cap", "lib")
SOURCES = ("host", "simulator", "x86_64", "aarch64", "riscv64")
# What is compiled for checkers only; group "sanitize" sees these alive.
NOT_MEASURED = {"kernel/seeded.c", "kernel/ubsan.c", "mm/kasan.c"}
HOLES_MAX = 2.0  # per cent of the lines
RARELY = 100  # times that a line may run in all that is reached only "sometimes"
# An assertion's other branch is a bug that nobody has found.
NO_BRANCH = re.compile(r"\b(ASSERT|panic)\(")
HOLE = re.compile(r"(\S+?):(\w+)?:?(?:/(.+)/)? +-- +(\S.*)")
Hole = collections.namedtuple("Hole", "number path function pattern sometimes", defaults=(None, False))


class Problem(Exception):
    pass


# ---- reading


def head(path):
    """Version and stamp: the notes of a compilation and the counters of its run have the same."""
    with open(path, "rb") as file:
        return file.read(12)[4:]


def read_tree(name, tree):
    """Data of all that was compiled in @tree; each compiled file has run to its end, and in this very form."""
    notes = sorted(glob.glob(f"{tree}/**/*.gcno", recursive=True))
    counters = [path.removesuffix("gcno") + "gcda" for path in notes]
    for note, counter in zip(notes, counters):
        if not os.path.exists(counter):
            raise Problem(f"{name}: {counter} is missing: did it run?")
        if head(note) != head(counter):
            raise Problem(f"{name}: {counter} is of another compilation than {note}")
    if not counters:
        raise Problem(f"{name}: there are no data in {tree}")
    done = subprocess.run(["gcov", "--json-format", "--stdout", "-b", "-c", *counters], capture_output=True, text=True,
                          check=True)
    if said := [line for line in done.stderr.splitlines() if line.strip()]:
        raise Problem(f"{name}: gcov: {said[0]}")
    data = {}
    for line in done.stdout.splitlines():
        for entry in json.loads(line)["files"] if line.startswith("{") else ():
            path = os.path.relpath(entry["file"])
            if path.startswith(tuple(part + "/" for part in GENERIC)) and path.endswith(".c"):
                add(data.setdefault(path, {}), entry["lines"])
    return data


def add(lines, entries):
    """Sum up; a line can belong to several functions, and to several programs."""
    for entry in entries:
        number = entry["line_number"]
        count, branches = lines.get(number, (0, []))
        lines[number] = count + entry["count"], joined(branches, [branch["count"] for branch in entry["branches"]])


def joined(one, other):
    longest = max(len(one), len(other))
    padded = [branches + [0] * (longest - len(branches)) for branches in (one, other)]
    return [sum(pair) for pair in zip(*padded)]


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")


def read_gates(path):
    """{figure: (gate, goal)}"""
    return {words[0]: (float(words[1]), float(words[2])) for words in map(str.split, read_text(path))
            if words and words[0] != "#"}


def read_holes(path):
    """The explanations; each has a reason."""
    for number, line in enumerate(read_text(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = HOLE.fullmatch(line)
        if not match or not (match[2] or match[3]):
            raise Problem(f"{path}:{number}: not 'FILE:FUNCTION -- reason', 'FILE:/PATTERN/ -- reason' or "
                          "'FILE:FUNCTION:/PATTERN/ -- reason'")
        yield Hole(number, match[1], match[2], match[3], match[4].startswith("sometimes: "))


# ---- judging


def merge(sources):
    """All sources as one; what an assertion branches to is left out."""
    merged = {}
    for data in sources.values():
        for path, lines in data.items():
            into = merged.setdefault(path, {})
            for number, (count, branches) in lines.items():
                old, old_branches = into.get(number, (0, []))
                into[number] = old + count, joined(old_branches, branches)
    return merged


def without_assertions(data, texts):
    return {path: {number: (count, [] if NO_BRANCH.search(texts[path][number - 1]) else branches)
                   for number, (count, branches) in lines.items()} for path, lines in data.items()}


def share(data):
    """Per cent of the lines that ran."""
    counts = [count for lines in data.values() for count, _ in lines.values()]
    return 100 * sum(count > 0 for count in counts) / len(counts) if counts else 0.0


def body_of(text, name):
    """Line numbers of the function @name."""
    starts = [n for n, line in enumerate(text) if re.match(rf"\w.*\b{name}\(", line) and not line.endswith(";")]
    return set(range(starts[0] + 1, text.index("}", starts[0]) + 2)) if starts else set()


def place_of(hole, text):
    """Line numbers that an explanation speaks of."""
    place = body_of(text, hole.function) if hole.function else set(range(1, len(text) + 1))
    above = 2 if "\\n" in (hole.pattern or "") else 1  # such a pattern wants the line above as well
    return {n for n in place if not hole.pattern or re.search(hole.pattern, "\n".join(text[max(n - above, 0):n]))}


def explained(holes, data, texts):
    """(what is explained as {file: line numbers}, problems)"""
    result, problems = {}, []
    for hole in holes:
        place = place_of(hole, texts.get(hole.path, []))
        counts = {n: count for n, (count, _) in data.get(hole.path, {}).items() if n in place}
        covered = [n for n, count in counts.items() if count > (RARELY if hole.sometimes else 0)]
        if not counts:
            problems.append(f"holes:{hole.number}: there is no such code in {hole.path}: remove it")
        elif covered:
            problems.append(f"holes:{hole.number}: {hole.path}:{', '.join(map(str, covered))} is covered: remove it, "
                            "or say which lines are not")
        result.setdefault(hole.path, set()).update(n for n in counts if n not in covered)
    return result, problems


def unexplained(data, known, texts):
    for path, lines in sorted(data.items()):
        for number, (count, _) in sorted(lines.items()):
            if not count and number not in known.get(path, ()):
                yield f"{path}:{number} is not covered, and no hole: {texts[path][number - 1].strip()}"


def below_gates(figures, gates):
    for name, figure in figures.items():
        if name not in gates:
            yield f"the gates lack {name}"
        elif figure < gates[name][0]:
            yield f"{figure:.1f} % of {name} are covered, the gate is {gates[name][0]}"


def figures_of(sources, data):
    counts = [count for lines in data.values() for _, branches in lines.values() for count in branches]
    return {**{name: share(sources.get(name, {})) for name in SOURCES}, "lines": share(data),
            "branches": 100 * sum(count > 0 for count in counts) / len(counts) if counts else 0.0}


def judge(sources, texts, holes, gates):
    """(figures, problems); @texts: the lines of every file that must be measured."""
    data = without_assertions(merge(sources), texts)
    figures = figures_of(sources, data)
    known, problems = explained(holes, data, texts)
    problems += [f"there are no data of {name}" for name in SOURCES if not share(sources.get(name, {}))]
    problems += [f"nothing measures {path}" for path in sorted(texts) if not data.get(path)]
    problems += unexplained(data, known, texts)
    problems += below_gates(figures, gates)
    total = sum(map(len, data.values()))
    figures["explained"] = 100 * sum(map(len, known.values())) / total if total else 0.0
    if figures["explained"] > HOLES_MAX:
        problems.append(f"{figures['explained']:.1f} % of the lines are explained holes, at most {HOLES_MAX} may be")
    return figures, problems
