# SPDX-License-Identifier: MIT
"""The price of each option: how many bytes of the kernel image it adds.

Use: option-cost.py --out DIRECTORY [--board qemu_x86_64] [--rst FILE]
Builds the board's default configuration, then once more with each option of
its own changed, and prints the difference in bytes.
"""
import argparse
import json
import os
import subprocess
import sys

# No code depends on these: what the emulator gets, and what goes into the boot archive.
ELSEWHERE = ("QEMU_", "USER_", "BOARD_", "CC_OPTIMIZE_", "X86_64", "AARCH64", "RISCV64")


def run(*line):
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"option-cost: error: {' '.join(line)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def size(out):
    """Bytes of code, constants and data, and of zeroed memory."""
    text, data, bss = run("size", out + "/kernel.elf").split("\n")[1].split()[:3]
    return int(text) + int(data), int(bss)


def build(out, board, fragment=None):
    goals = [f"{board}_defconfig"] + ([f"FRAGMENTS={fragment}"] if fragment else [])
    run("make", "-s", f"O={out}", *goals)
    run("make", "-s", f"O={out}", "kernel")
    return size(out)


def options(out):
    """Boolean options with a prompt and their value in the default configuration."""
    with open(out + "/.config", encoding="utf-8") as file:
        lines = [line.split() for line in file.read().replace("=", " ").splitlines() if "CONFIG_" in line]
    for words in lines:
        name = words[1 if words[0] == "#" else 0].removeprefix("CONFIG_")
        if words[-1] in ("y", "set") and not name.startswith(ELSEWHERE):
            yield name, words[-1] == "y"


def costs(out, board):
    """(option, default, bytes in the image, zeroed bytes) with the option on, against it off."""
    base = build(out, board)
    for name, is_on in list(options(out)):
        with open(out + "/one.config", "w", encoding="utf-8") as file:
            file.write(f"# CONFIG_{name} is not set\n" if is_on else f"CONFIG_{name}=y\n")
        other = build(out, board, out + "/one.config")
        image, zeroed = (base[0] - other[0], base[1] - other[1])
        yield (name, "on", image, zeroed) if is_on else (name, "off", -image, -zeroed)


def main():
    parser = argparse.ArgumentParser(prog="option-cost")
    parser.add_argument("--out", required=True)
    parser.add_argument("--board", default="qemu_x86_64")
    parser.add_argument("--rst")
    parser.add_argument("--json")
    given = parser.parse_args()
    os.makedirs(given.out, exist_ok=True)
    rows = list(costs(given.out, given.board))
    for row in rows:
        print("{:<22}{:>5}{:>10}{:>10}".format(*row))
    if given.rst:
        with open(given.rst, "w", encoding="utf-8") as file:
            file.write(".. list-table::\n   :header-rows: 1\n\n   * - Option\n     - Default\n"
                       "     - Bytes in the image\n     - Zeroed bytes\n")
            for row in rows:
                file.write("   * - ``CONFIG_{}``\n     - {}\n     - {}\n     - {}\n".format(*row))
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({row[0]: row[2] for row in rows}, file, indent=1)


if __name__ == "__main__":
    main()
