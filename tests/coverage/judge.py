# SPDX-License-Identifier: MIT
"""See that coverage_judge.py refuses what it must: made-up data, sound ones, and the same with one mistake each.  TAP.

Use: judge.py
"""
import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
import coverage_judge
from coverage_judge import Hole, Problem, SOURCES

PATH = "kernel/made_up.c"
# Line 8 is the first of the function rare(), which nothing reaches; then 300 plain lines.
TEXT = ["", "long often(long a)", "{", "\tif (a)", "\t\treturn never(a);", "\treturn a;", "}", "long rare(void)", "{",
        "\treturn never(2);", "}", *(f"int plain_{n};" for n in range(300))]
TEXTS = {PATH: TEXT}
HOLES = [Hole(1, PATH, "often", r"never\("), Hole(2, PATH, "rare")]
GATES = {**{name: (90.0, 95.0) for name in (*SOURCES, "lines")}, "branches": (50.0, 90.0)}
PLAIN = range(12, 12 + 300)
count = failed = 0


def source():
    return {PATH: {2: (3, []), 4: (3, [0, 3]), 5: (0, []), 6: (3, []), 8: (0, []), 10: (0, []),
                   **{number: (1, []) for number in PLAIN}}}


def result(passed, name, said=""):
    global count, failed
    count, failed = count + 1, failed + (not passed)
    print(f"{'ok' if passed else 'not ok'} {count} - coverage: {name}" + ("" if passed else f"\n# {said}"))


def judged(name, pattern, change):
    """@change spoils what it is given; a problem like @pattern must come of it, with None no problem at all."""
    given = {"sources": {key: source() for key in SOURCES}, "texts": copy.deepcopy(TEXTS), "holes": list(HOLES),
             "gates": dict(GATES)}
    change(given)
    _, problems = coverage_judge.judge(**given)
    as_wanted = any(re.search(pattern, line) for line in problems) if pattern else not problems
    result(as_wanted, name, "; ".join(problems) or "no problem")


def everywhere(given, number, line):
    for data in given["sources"].values():
        data[PATH][number] = line


def moved(given):
    """Six lines more at the top: an edit that has nothing to do with the holes."""
    given["texts"][PATH] = ["/* six */"] * 6 + given["texts"][PATH]
    given["sources"] = {name: {PATH: {number + 6: line for number, line in data[PATH].items()}}
                        for name, data in given["sources"].items()}


def many_holes(given):
    for number in list(PLAIN)[:7]:
        everywhere(given, number, (0, []))
    given["holes"].append(Hole(3, PATH, None, "plain_[0-6];"))


def seldom(given, times):
    """So many times in each source."""
    everywhere(given, 20, (times, []))
    given["holes"].append(Hole(3, PATH, None, "plain_8;", True))


def judge():
    judged("a sound set of data", None, lambda given: None)
    judged("an edit elsewhere moves no hole", None, moved)
    judged("one source suffices for a line", None,
           lambda given: [given["sources"][name][PATH].update({6: (0, [])}) for name in SOURCES[1:]])
    judged("an uncovered line that nothing explains", f"^{PATH}:20 is not covered, and no hole: int plain_8;$",
           lambda given: everywhere(given, 20, (0, [])))
    judged("an explanation of a covered line", f"holes:1: {PATH}:5 is covered",
           lambda given: given["sources"]["host"][PATH].update({5: (1, [])}))
    judged("an explanation of a function of which a part is covered", f"holes:2: {PATH}:10 is covered",
           lambda given: given["sources"]["riscv64"][PATH].update({10: (1, [])}))
    judged("an explanation of text that is gone", "holes:3: there is no such code",
           lambda given: given["holes"].append(Hole(3, PATH, None, "formerly")))
    judged("an explanation of a function that is gone", "holes:3: there is no such code",
           lambda given: given["holes"].append(Hole(3, PATH, "formerly", None)))
    judged("an explanation for a file that is gone", "holes:3: there is no such code",
           lambda given: given["holes"].append(Hole(3, "kernel/formerly.c", "main", None)))
    judged("an explanation of a line without code", "holes:3: there is no such code",
           lambda given: given["holes"].append(Hole(3, PATH, None, "^{$")))
    judged("a line that is reached sometimes, when it is", None, lambda given: seldom(given, 15))
    judged("a line that is reached sometimes, when it is not", None, lambda given: seldom(given, 0))
    judged("a line that is reached often, said to be reached sometimes", f"holes:3: {PATH}:20 is covered",
           lambda given: seldom(given, 30))
    judged("too many explained lines", r"^3\.\d % of the lines are explained holes, at most 2", many_holes)
    for name in SOURCES:
        judged(f"no data of {name}", f"^there are no data of {name}$",
               lambda given, key=name: given["sources"].pop(key))
        judged(f"data of {name} in which nothing ran", f"^there are no data of {name}$",
               lambda given, key=name: given["sources"][key][PATH].update(
                   {number: (0, []) for number in given["sources"][key][PATH]}))
        judged(f"half of the data of {name}", rf"^\d+\.\d % of {name} are covered, the gate is 90.0$",
               lambda given, key=name: given["sources"][key][PATH].update({number: (0, []) for number in PLAIN[::2]}))
    judged("a file that nothing measures", "^nothing measures lib/forgotten.c$",
           lambda given: given["texts"].update({"lib/forgotten.c": ["int a;"]}))
    judged("fewer lines than the gate", r"^99\.0 % of lines are covered, the gate is 99.5$",
           lambda given: given["gates"].update(lines=(99.5, 100)))
    judged("fewer branches than the gate", r"^50\.0 % of branches are covered, the gate is 51.0$",
           lambda given: given["gates"].update(branches=(51.0, 90)))
    judged("a figure without a gate", "^the gates lack aarch64$", lambda given: given["gates"].pop("aarch64"))
    judged("what an assertion branches to does not count", None,
           lambda given: (given["texts"][PATH].__setitem__(11, "ASSERT(a);"), everywhere(given, 12, (1, [1, 0, 0]))))


def refuses(name, pattern, function, *arguments):
    try:
        said = function(*arguments)
        said = list(said) if not isinstance(said, dict) else said
        result(False, name, f"accepted: {said}")
    except Problem as problem:
        result(re.search(pattern, str(problem)) is not None, name, problem)


def holes_file(directory):
    path = directory + "/holes"

    def write(line):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"# comment\n\n{line}\n")
        return path

    forms = {"a.c:f -- why": Hole(3, "a.c", "f"), "a.c:/x y/ -- why": Hole(3, "a.c", None, "x y"),
             "a.c:f:/x/ -- why": Hole(3, "a.c", "f", "x"), "a.c:f -- sometimes: why": Hole(3, "a.c", "f", None, True)}
    read = {line: list(coverage_judge.read_holes(write(line))) for line in forms}
    result(all(read[line] == [forms[line]] for line in forms), "the forms of an explanation", read)
    both = coverage_judge.place_of(Hole(1, PATH, "often", r"if \(a.*\n.*return"), TEXT)
    result(both == {5}, "a pattern of two lines", both)
    for name, line in (("reason", "a.c:f"), ("text of a reason", "a.c:f -- "), ("place", "a.c: -- why"),
                       ("file", "f -- why")):
        refuses(f"an explanation without a {name}", "holes:3: not", coverage_judge.read_holes, write(line))


def trees(directory):
    """A compiled file with its counters, and what can be wrong with these."""
    os.chdir(directory)
    os.makedirs("lib")
    os.makedirs("tree")
    with open("lib/made_up.c", "w", encoding="utf-8") as file:
        file.write("int main(int argc, char **argv)\n{\n\tif (argc > 1)\n\t\treturn 1;\n\treturn !argv;\n}\n")
    subprocess.run(["gcc", "--coverage", "-c", "-o", "tree/made_up.o", "lib/made_up.c"], check=True)
    subprocess.run(["gcc", "--coverage", "-o", "tree/made_up", "tree/made_up.o"], check=True)
    refuses("a compiled file that did not run", "host: .*gcda is missing", coverage_judge.read_tree, "host", "tree")
    subprocess.run(["tree/made_up"], check=True)
    wanted = {"lib/made_up.c": {1: (1, []), 3: (1, [0, 1]), 4: (0, []), 5: (1, [])}}
    data = coverage_judge.read_tree("host", "tree")
    result({path: {n: (times, sorted(taken)) for n, (times, taken) in lines.items() if n < 6}
            for path, lines in data.items()} == wanted, "lines and branches are read as they ran", data)
    with open("tree/made_up.gcno", "r+b") as file:
        file.seek(8)
        file.write(b"else")
    refuses("counters of another compilation", "of another compilation", coverage_judge.read_tree, "host", "tree")
    shutil.rmtree("tree")
    refuses("a source that is not there", "there are no data in", coverage_judge.read_tree, "host", "tree")


def main():
    judge()
    with tempfile.TemporaryDirectory() as directory:
        holes_file(directory)
        trees(directory)
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
