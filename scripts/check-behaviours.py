# SPDX-License-Identifier: MIT
"""Compare the manual's table of behaviours with the cases in tests/abi.

Use: check-behaviours.py [ROOT]
Errors: the table names a function that its file does not have; a file has a
function test_...() that no row names, and that is not the file's own list of
cases (test_<file>); a check() has a name without a value, so that it cannot say
what it saw when it fails.
"""
import os
import re
import sys

PAGE = "Documentation/conformance.rst"
CASES = "tests/abi"
LISTS = {"test_all", "test_capabilities_sent"}
FUNCTION = re.compile(r"^(?:static )?(?:void|bool) (\w+)\(", re.MULTILINE)
NAME = re.compile(r"``(\w+\.c)``|``(\w+)``")
# Up to the end of the statement: a name is not built of semicolons at the end of a line.
CHECK = re.compile(r"(?<![\w.] )\bcheck\(.*?\);\n", re.DOTALL)
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def named(page):
    """Pairs of file and function in the order of the page: a function belongs to the file named before it."""
    file = None
    for match in NAME.finditer(page):
        if match[1]:
            file = match[1]
        elif file and re.match(r"[a-z_]+$", match[2]):
            yield file, match[2]


def silent(source):
    """Lines of checks that tell nothing of what they saw."""
    for match in CHECK.finditer(source):
        if "%" not in "".join(TEXT.findall(match[0])):
            yield source.count("\n", 0, match.start()) + 1


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    errors, rows = [], {}
    try:
        with open(f"{root}/{PAGE}", encoding="utf-8") as file:
            page = file.read().split("\nMessages\n", 1)[1]
    except (OSError, IndexError):
        sys.exit(f"check-behaviours: error: {PAGE} is missing or has no section Messages")
    for file, function in named(page):
        rows.setdefault(file, set()).add(function)
    for file in sorted(rows.keys() | {name for name in os.listdir(f"{root}/{CASES}") if name.endswith(".c")}):
        try:
            with open(f"{root}/{CASES}/{file}", encoding="utf-8") as source:
                text = source.read()
        except OSError:
            errors.append(f"{PAGE} names {file}, which is not in {CASES}")
            continue
        there, functions = set(FUNCTION.findall(text)), rows.get(file, set())
        errors += [f"{CASES}/{file}:{line}: check() does not tell what it saw: give it a value, or use same() or gave()"
                   for line in silent(text)]
        errors += [f"{PAGE} names {name}(), which {file} does not have" for name in sorted(functions - there)]
        errors += [f"{PAGE} does not name {name}() of {file}" for name in sorted(there - functions - LISTS)
                   if name.startswith("test_") and name != "test_" + file[:-2]]
    print("".join(f"check-behaviours: error: {error}\n" for error in errors), end="")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
