# SPDX-License-Identifier: MIT
"""The price of each option: how many bytes of code and data it adds to the kernel.

Use: option-cost.py --out DIRECTORY [--boards NAME,...] [--part I/N] [--write FILE | --check FILE]
Builds each board's default configuration, then once more with each option of
its own changed, and prints the difference in bytes: of the objects, not of the
image, whose parts fill whole pages.  --write keeps the table as CSV, for the
manual.  --check compares with such a table, whose figures are the budgets: an
option that has grown by more than 5 % and 256 bytes is a failure, and so is one
that is not in the table or no longer exists.  With --part only every N-th option
from the I-th on is tried.
"""
import argparse
import csv
import os
import re
import subprocess
import sys

import cached_make

# No code depends on these: what the emulator gets, and what goes into the boot archive.
ELSEWHERE = ("QEMU_", "USER_", "BOARD_", "CC_OPTIMIZE_", "X86_64", "AARCH64", "RISCV64", "IO_PORTS")


def run(*line, variables=None):
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        sys.exit(f"option-cost: error: {' '.join(line)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def size(out):
    """Bytes of code, constants and data of the objects that are linked, and of the table of functions."""
    with open(out + "/kernel.elf.cmd", encoding="utf-8") as file:
        objects = [f"{out}/{name}" for name in re.findall(rf"(?<= )(?:{re.escape(out)}|build)/(\S+\.o)\b", file.read())]
    total = sum(int(line.split()[0]) + int(line.split()[1]) for line in run("size", *objects).splitlines()[1:])
    names = [line.split() for line in run("nm", "-S", out + "/kernel.elf").splitlines() if " kallsyms_" in line]
    return total + sum(int(words[1], 16) for words in names if len(words) == 4)


def build(out, board, fragment=None):
    goals = [f"{board}_defconfig"] + ([f"FRAGMENTS={fragment}"] if fragment else [])
    for words in (goals, ["kernel"]):
        line, variables = cached_make.command(out, *words)
        run(*line, variables=variables)
    return size(out)


def options(out):
    """Boolean options with a prompt and their value in the default configuration."""
    with open(out + "/.config", encoding="utf-8") as file:
        lines = [line.split() for line in file.read().replace("=", " ").splitlines() if "CONFIG_" in line]
    for words in lines:
        name = words[1 if words[0] == "#" else 0].removeprefix("CONFIG_")
        if words[-1] in ("y", "set") and not name.startswith(ELSEWHERE):
            yield name, words[-1] == "y"


def costs(out, board, first, step):
    """{option: (default, bytes with the option on, against it off; None: not tried)}"""
    base = build(out, board)
    names = list(options(out))
    found = {name: ("on" if is_on else "off", None) for name, is_on in names}
    for name, is_on in names[first - 1::step]:
        with open(out + "/one.config", "w", encoding="utf-8") as file:
            file.write(f"# CONFIG_{name} is not set\n" if is_on else f"CONFIG_{name}=y\n")
        other = build(out, board, out + "/one.config")
        found[name] = ("on", base - other) if is_on else ("off", other - base)
    return found


def write(path, table):
    """One line an option, one column a board."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["Option", "Default", *table])
        for name in dict.fromkeys(name for found in table.values() for name in found):
            given = [found[name] for found in table.values() if name in found]
            rows.writerow(["CONFIG_" + name, given[0][0],
                           *(found[name][1] if name in found else "" for found in table.values())])


def complaints(path, table):
    """What is above its budget or not in the table."""
    with open(path, encoding="utf-8", newline="") as file:
        budgets = {row["Option"].removeprefix("CONFIG_"): row for row in csv.DictReader(file)}
    for board, found in table.items():
        for name, (_, cost) in found.items():
            budget = budgets.get(name, {}).get(board)
            if budget in (None, ""):
                yield f"{board}: CONFIG_{name} has no budget"
            elif cost is not None and cost > int(budget) + max(256, abs(int(budget)) // 20):
                yield f"{board}: CONFIG_{name} costs {cost} bytes, its budget is {budget}"
        for name in budgets.keys() - found.keys():
            if budgets[name].get(board):
                yield f"{board}: CONFIG_{name} has a budget but is no option"


def main():
    parser = argparse.ArgumentParser(prog="option-cost")
    parser.add_argument("--out", required=True)
    parser.add_argument("--boards", default="qemu_x86_64,qemu_aarch64,qemu_riscv64")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--write")
    parser.add_argument("--check")
    given = parser.parse_args()
    if given.write and given.part != "1/1":
        parser.error("--write wants all options")
    given.out = os.path.abspath(given.out)
    os.makedirs(given.out, exist_ok=True)
    table = {}
    for board in given.boards.split(","):
        table[board] = costs(given.out, board, *map(int, given.part.split("/")))
        for name, (default, cost) in table[board].items():
            cost = "" if cost is None else cost
            print(f"{board:<14}{'CONFIG_' + name:<24}{default:>5}{cost:>10}")
    if given.write:
        write(given.write, table)
    bad = list(complaints(given.check, table)) if given.check else []
    if bad:
        sys.exit("\n".join(f"option-cost: error: {line}; accept it with make option-cost-write" for line in bad))


if __name__ == "__main__":
    main()
