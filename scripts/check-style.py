# SPDX-License-Identifier: MIT
"""The house rules that a program can check, with figures.

Errors: a missing SPDX line in any file, a line over 100 columns (tabs count 8; comments
and scripts 120), trailing blanks, a function over 60 lines, a file over 600 (but for tests/),
#if inside or around a function of a .c file, CRLF, a missing final newline, a
part of the kernel above its number of lines, a C file without a head comment, a name of
the kernel that nothing uses, a function that a header of the kernel or of the user
library offers without a word about it.  A function that must be longer says
why in a comment with the words "long because" just above it.
"""
import collections
import os
import re
import statistics
import subprocess
import sys

from tools import need

WIDTH, LONGEST_FUNCTION, LONGEST_FILE = 100, 60, 600
SPDX = "SPDX-License-Identifier: MIT"
PATTERNS = ("*.c", "*.h", "*.S", "*.py", "*.sh", "*.mk", "*.awk", "*Makefile", "*Kconfig*", "scripts/*", ".ci/*")
# Tables without room for a comment, the licence itself, and inputs of the fuzzers.
NO_HEADER = {"scripts/packages", "scripts/cppcheck.suppress", "scripts/help.txt", "LICENSE"}
NO_HEADERS = (".csv", "tests/fuzz/corpus/")
SCRIPT_WIDTH = COMMENT_WIDTH = 120
# Lines of code, comments not counted, that a part of the kernel may have.  The aim is 9,000 for the generic part
# and 2,000 for an architecture; a limit is lowered when a part shrinks, and whoever raises one says why.
# Checkers are what only debug configurations have; the first part that names a file has it.
PARTS = {"checkers": (520, ("kernel/seeded.c", "kernel/ubsan.c", "kernel/lock_checker.c", "mm/kasan.c",
                            "include/kernel/seeded.h", "include/kernel/kasan.h")),
         "generic": (11295, ("kernel/", "cap/", "ipc/", "sched/", "mm/", "lib/", "drivers/", "include/")),
         "x86_64": (2000, ("arch/x86_64/",)), "aarch64": (1850, ("arch/aarch64/",)),
         "riscv64": (1300, ("arch/riscv64/",))}
MOST_LINES = 16271  # of all parts but the checkers; the aim is 15,000


# Headers whose functions need a contract, and how a declaration looks once the comments are blanks.
CONTRACTS = re.compile(r"(include/(kernel|lib)/|arch/(?!host/)|user/include/user/|(mm|ipc|sched|cap|drivers)/).*\.h$")
DECLARED = re.compile(r"^(?!typedef|#|return|\})(?:static (?:__always_)?inline |extern |__noreturn )*"
                      r"\w[\w ]*?[ *]\(?(\w+)\)?\([^;{}]*\)[^;{}]*[;{]", re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
DEFINED = re.compile(r"^#define (\w+)", re.M)
BY_COMPILER = re.compile(r"__\w|\w+_H$|IS_ENABLED_SHIFT_")
HEAD = re.compile(r"[^\n]*SPDX[^\n]*\n/\*")


def files(*patterns):
    need("git", "check-style")
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns],
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
        opened, closed = (sum(bool(re.match(rf"\s*#\s*{word}", line)) for line in lines[:start])
                          for word in ("if", "endif"))
        if opened > closed and path.endswith(".c"):
            yield f"{path}:{start + 1}: #if around a function: give it a file and the makefile the condition"
        for number in range(start, end):
            if re.match(r"\s*#\s*if", lines[number]) and path.endswith(".c"):
                yield f"{path}:{number + 1}: #if inside a function: use IS_ENABLED()"


def check_lines(path, text, lines):
    width = SCRIPT_WIDTH if not path.endswith((".c", ".h", ".S")) else WIDTH
    if "\r" in text:
        yield f"{path}:1: carriage returns"
    if text and not text.endswith("\n"):
        yield f"{path}:{len(lines)}: no newline at the end"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        limit = COMMENT_WIDTH if line.strip().startswith(("/*", "*", "//")) else width
        if len(line.expandtabs(8)) > limit:
            yield f"{path}:{number}: {len(line.expandtabs(8))} columns (limit {limit})"


def check_headers():
    """Every file says its licence in its first lines, configurations and texts too."""
    for path in files():
        if path in NO_HEADER or path.endswith(NO_HEADERS) or path.startswith(NO_HEADERS):
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            if not any(SPDX in line for _, line in zip(range(3), file)):
                yield f"{path}:1: no line '{SPDX}'"


def check_contracts(path, text):
    """Each function of a header is named in a comment, there or in <kernel/arch.h>, or stands right below one."""
    if not CONTRACTS.match(path):
        return
    with open("include/kernel/arch.h", encoding="utf-8") as file:
        said = " ".join(COMMENT.findall(text) + COMMENT.findall(file.read()))
    code = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in DECLARED.finditer(code):
        if not re.search(rf"\b{match[1]}\(", said) and not text[:match.start()].endswith("*/\n"):
            yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: no word about {match[1]}()"


def check_names(texts):
    """Macros and functions of the kernel that stand nowhere but where they are defined; the ABI's are for others."""
    uses = collections.Counter(word for text in texts.values() for word in re.findall(r"\w+", COMMENT.sub(" ", text)))
    for path, text in texts.items():
        if any(path.startswith(prefixes) for _, prefixes in PARTS.values()) and "/uapi/" not in path:
            code = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
            declared = DECLARED.finditer(code) if path.endswith(".h") else ()
            for match in [*DEFINED.finditer(code), *declared]:
                # A function that is only declared here is defined elsewhere, which is no use either.
                least = 3 if match[0].endswith(";") else 2
                if uses[match[1]] < least and not BY_COMPILER.match(match[1]):
                    yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: nothing uses {match[1]}"


def code_lines(text):
    """Lines that are neither empty nor all comment."""
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text, flags=re.S)
    return sum(1 for line in text.split("\n") if line.split("//")[0].strip())


def check_parts(sizes):
    """The parts of the kernel, as {path: lines of code}."""
    total = dict.fromkeys(PARTS, 0)
    for path, count in sizes.items():
        if part := next((part for part, (_, prefixes) in PARTS.items() if path.startswith(prefixes)), None):
            total[part] += count
    for part, size in [*total.items(), ("the kernel without checkers", sum(total.values()) - total["checkers"])]:
        limit = PARTS[part][0] if part in PARTS else MOST_LINES
        print(f"check-style: {part}: {size} lines of code (limit {limit})")
        if size > limit:
            yield f"{part}: {size} lines of code (limit {limit}): simplify, or say why it must be more"


def figures(lengths, code, comments):
    lengths.sort()
    print(f"check-style: {len(lengths)} functions, median {statistics.median(lengths):.0f} lines, "
          f"95th percentile {lengths[int(len(lengths) * 0.95)]}, longest {lengths[-1]}; "
          f"{100 * comments // max(code + comments, 1)} % of the lines are comments")


def main():
    bad, lengths, code, comments, sizes, texts = [], [], 0, 0, {}, {}
    bad += check_headers()
    for path in files(*PATTERNS):
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
        bad += check_lines(path, text, lines)
        texts[path] = text
        if path.endswith((".c", ".h", ".S")):
            sizes[path] = code_lines(text)
        if path.endswith((".c", ".h")):
            bad += check_functions(path, lines, lengths)
            bad += check_contracts(path, text)
            if not HEAD.match(text):
                bad.append(f"{path}:2: no comment says what the file is for")
            if len(lines) > LONGEST_FILE and not path.startswith("tests/"):
                bad.append(f"{path}:{LONGEST_FILE}: file of {len(lines)} lines (limit {LONGEST_FILE})")
            is_comment = [line.strip().startswith(("/*", "*", "//")) for line in lines if line.strip()]
            comments += sum(is_comment)
            code += len(is_comment) - sum(is_comment)
    bad += check_names(texts)
    bad += check_parts(sizes)
    if lengths:
        figures(lengths, code, comments)
    if bad:
        sys.exit("\n".join(f"check-style: error: {line}" for line in bad))


if __name__ == "__main__":
    main()
