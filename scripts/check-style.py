# SPDX-License-Identifier: MIT
"""The house rules that a program can check, with figures.

Errors: a missing SPDX line, a line over 100 columns (tabs count 8; comments and
scripts 120), trailing blanks, a function over 60 lines, a file over 600 (but for tests/), #if inside a function of a
.c file, CRLF, a missing final newline.  A function that must be longer says
why in a comment with the words "long because" just above it.
"""
import os
import re
import statistics
import subprocess
import sys

WIDTH, LONGEST_FUNCTION, LONGEST_FILE = 100, 60, 600
SPDX = "SPDX-License-Identifier: MIT"
PATTERNS = ("*.c", "*.h", "*.S", "*.py", "*.sh", "*.mk", "*.awk", "*Makefile", "*Kconfig*", "scripts/*", ".ci/*")
NO_HEADER = {"scripts/packages", "scripts/cppcheck.suppress", "scripts/help.txt"}
SCRIPT_WIDTH = COMMENT_WIDTH = 120


def files():
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *PATTERNS],
                             capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted({path for path in listing if os.path.isfile(path)})


def is_long_allowed(lines, start):
    """A reason stands in the comment above the function."""
    above = start - 1
    while above >= 0 and lines[above].strip().startswith(("/*", "*", "//")):
        if "long because" in lines[above]:
            return True
        above -= 1
    return False


def functions(lines):
    """(first line, last line) of each function body in kernel style: braces in column 0."""
    start = None
    for number, line in enumerate(lines):
        if line == "{" and number and lines[number - 1][:1] not in ("", "#", "}", "/"):
            start = number
        elif line == "}" and start is not None:
            yield start, number
            start = None


def check_functions(path, lines, lengths):
    for start, end in functions(lines):
        length = end - start - 1
        lengths.append(length)
        head = start - 1
        while head > 0 and lines[head][:1] in ("\t", " "):
            head -= 1
        if length > LONGEST_FUNCTION and not is_long_allowed(lines, head):
            yield f"{path}:{start + 1}: function of {length} lines (limit {LONGEST_FUNCTION})"
        for number in range(start, end):
            if re.match(r"\s*#\s*if", lines[number]) and path.endswith(".c"):
                yield f"{path}:{number + 1}: #if inside a function: use IS_ENABLED()"


def check_lines(path, text, lines):
    width = SCRIPT_WIDTH if not path.endswith((".c", ".h", ".S")) else WIDTH
    if "\r" in text:
        yield f"{path}:1: carriage returns"
    if text and not text.endswith("\n"):
        yield f"{path}:{len(lines)}: no newline at the end"
    if path not in NO_HEADER and SPDX not in "\n".join(lines[:3]):
        yield f"{path}:1: no line '{SPDX}'"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        limit = COMMENT_WIDTH if line.strip().startswith(("/*", "*", "//")) else width
        if len(line.expandtabs(8)) > limit:
            yield f"{path}:{number}: {len(line.expandtabs(8))} columns (limit {limit})"


def figures(lengths, code, comments):
    lengths.sort()
    print(f"check-style: {len(lengths)} functions, median {statistics.median(lengths):.0f} lines, "
          f"95th percentile {lengths[int(len(lengths) * 0.95)]}, longest {lengths[-1]}; "
          f"{100 * comments // max(code + comments, 1)} % of the lines are comments")


def main():
    bad, lengths, code, comments = [], [], 0, 0
    for path in files():
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
        bad += check_lines(path, text, lines)
        if path.endswith((".c", ".h")):
            bad += check_functions(path, lines, lengths)
            if len(lines) > LONGEST_FILE and not path.startswith("tests/"):
                bad.append(f"{path}:{LONGEST_FILE}: file of {len(lines)} lines (limit {LONGEST_FILE})")
            is_comment = [line.strip().startswith(("/*", "*", "//")) for line in lines if line.strip()]
            comments += sum(is_comment)
            code += len(is_comment) - sum(is_comment)
    if lengths:
        figures(lengths, code, comments)
    if bad:
        sys.exit("\n".join(f"check-style: error: {line}" for line in bad))


if __name__ == "__main__":
    main()
