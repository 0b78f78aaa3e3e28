# SPDX-License-Identifier: MIT
"""The plugin's figures of known instructions are exact, on the emulator of each architecture: prints TAP.

Use: known.py --plugin count.so
tests/bench/known/<arch>.S is a whole machine's program: so many atomic operations, fences, switches of the
root and so on in a row of its own, stores to so many lines and pages, stretches of a known length, a second
CPU.  What the plugin must say of it is written down here, by hand.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + "/scripts")
import bench
from bench_elf import Image
from exact import WEIGHTS, Tap

# Where it is loaded and where its kernel half runs; the emulator; what the second CPU executes.
MACHINES = {
    "x86_64": (0x100000, 0xffffffff80000000, 42,
               "-M microvm -cpu max -device isa-debug-exit,iobase=0xf4,iosize=0x04"),
    "aarch64": (0x40100000, 0xffffff8000000000, 44, "-M virt,gic-version=3 -cpu max"),
    "riscv64": (0x80000000, 0xffffffff00000000, 46, "-M virt -bios none"),
}
SCRIPT = """ENTRY(boot)
SECTIONS {{
	. = {base:#x};
	.text : {{ *(.text) }}
	.note : {{ *(.note.pvh) }}
	. = {base:#x} + 0x200000;
	.user : {{ *(.user) }}
	/DISCARD/ : {{ *(*) }}
}}
"""
# Of the kernel's part of a trap: jump to the handler and return; RISC-V steps over the call, too.
ENTRY = {"x86_64": 2, "aarch64": 2, "riscv64": 5}
FUNCTION = {"x86_64": (4, 8), "aarch64": (3, 6), "riscv64": (3, 6)}  # the quick and the slow way
# While the longest of three samples is looked for: the two others, and up to the next mark.
PASSED = {"x86_64": 2 + 3 + 6, "aarch64": 2 + 3 + 6, "riscv64": 2 + 3 + 8}
SPIN = 10000  # turns in which the second CPU comes to its end


class Row:
    """What is counted between the two reads of the counter, the second one with it."""

    def __init__(self, name, instructions, classes, data=(0, 0), code=(1, 1), stretch=0):
        self.name, self.instructions, self.classes, self.stretch = name, instructions + 1, classes, stretch
        self.lines, self.pages = (code[0] + data[0], code[1] + data[1]) if code else (None, None)

    def extra(self):
        """The weighted cost beyond one for each instruction.  Access to a device is one besides."""
        return sum(count * (WEIGHTS[kind] - 1) for kind, count in self.classes.items())


def trapped(arch, name, count, kind, more=0, **how):
    """A trap to a handler with @count instructions of a class and @more plain ones."""
    inside = ENTRY[arch] + count + more
    return Row(name, 1 + inside, {"trap": 1, kind: count}, code=(3, 3), stretch=inside, **how)


def rows_of(arch):
    """By number."""
    entry = ENTRY[arch]
    calls = 5 + 2 * FUNCTION[arch][0] + FUNCTION[arch][1]  # with what chooses the way
    back = 8 if arch == "x86_64" else 7
    rows = {
        1: Row("nothing", 0, {}),
        2: Row("atomic operations", 2, {"atomic": 2}, data=(1, 1)),
        3: Row("fences", 3, {"fence": 3}),
        4: Row("traps", 3 + 3 * entry, {"trap": 3}, code=(3, 3), stretch=entry),
        5: trapped(arch, "switches of the root", 4, "root"),
        6: trapped(arch, "TLB maintenance", 5, "tlb"),
        7: trapped(arch, "system registers", 6, "system", 3 if arch == "x86_64" else 0),
        8: trapped(arch, "accesses to a device", 7, "device", data=(1, 1)),
        11: Row("five lines of three pages", 10, {}, data=(5, 3)),
        12: Row("accesses across a line and across a page", 2, {}, data=(4, 3)),
        13: Row("a long stretch", 1 + entry + 1 + 3 * 1000, {"trap": 1}, code=(3, 3), stretch=entry + 1 + 3 * 1000),
        14: Row("a stretch with a look for interrupts", 1 + entry + 501, {"trap": 1}, code=None,
                stretch=entry - 1 + 301),
        16: Row("a sample of two parts", 2 + 1 + 3, {}, code=(2, 1)),
        21: Row("the longest of three samples", 5, {}),
        19: Row("calls of a function", 1 + entry + calls, {"trap": 1, "fence": 2}, code=None, stretch=entry + calls),
        20: Row("a return to the kernel", entry + back + 100, {"trap": 1}, code=None, stretch=100),
    }
    if arch == "x86_64":
        rows[9] = Row("FXSAVE", 8, {"xsave": 8}, data=(3, 1))
        rows[10] = trapped(arch, "ports", 2, "device")
        rows[15] = Row("a stretch with a halt", 1 + entry + 502, {"trap": 1, "device": 1}, code=None,
                       stretch=entry - 1 + 301)
    elif arch == "aarch64":
        rows[15] = Row("a stretch with a halt", 1 + entry + 501, {"trap": 1}, code=None, stretch=entry - 1 + 301)
    else:
        rows[15] = Row("a stretch with a halt", 1 + entry + 501, {"trap": 1, "system": 3}, code=None,
                       stretch=entry - 1 + 301)
        # The call, and in machine mode four, of which two are of its own registers.
        rows[18] = Row("a call of the firmware", 1 + entry + 5, {"trap": 1, "system": 2}, code=(4, 4),
                       stretch=entry + 5)
    return rows


def build(arch, work):
    """The program, an ELF file."""
    prefix, base = f"{arch}-linux-gnu-", MACHINES[arch][0]
    if not shutil.which(prefix + "as"):
        sys.exit(f"known: error: {prefix}as is not installed: run scripts/bootstrap")
    march = {"aarch64": ["-march=armv8.3-a"], "riscv64": ["-march=rv64imac_zicsr_zifencei", "-mno-relax"]}.get(arch, [])
    with open(work + "/link.ld", "w", encoding="utf-8") as file:
        file.write(SCRIPT.format(base=base))
    subprocess.run([prefix + "as", *march, "-I", f"{TOP}/tests/bench/known", f"{TOP}/tests/bench/known/{arch}.S",
                    "-o", work + "/known.o"], check=True)
    subprocess.run([prefix + "ld", "--no-warn-rwx-segments", "-T", work + "/link.ld", work + "/known.o",
                    "-o", work + "/known.elf"], check=True)
    return work + "/known.elf"


def run(arch, plugin, elf, work):
    """What the plugin counted."""
    image, out, kernel = Image(elf), work + "/count.txt", MACHINES[arch][1]
    at = {name: image.address_of(name) + kernel
          for name in ("poll", "function", "slow_way", "long_loop", "entered")}
    options = (f"{os.path.abspath(plugin)},out={out},entry={at['entered']:#x},poll={at['poll']:#x},"
               f"function=quick:{at['function']:#x},slow=slow:{at['slow_way']:#x},profile=13")
    done = subprocess.run([f"qemu-system-{arch}", *MACHINES[arch][3].split(), *bench.EXACT.split(), "-smp", "2",
                           "-nodefaults", "-display", "none", "-no-reboot", "-m", "256", "-kernel", elf,
                           "-plugin", options], timeout=60, stdin=subprocess.DEVNULL, check=False)
    if not os.path.exists(out):
        sys.exit(f"known: error: no counts of {arch}, status {done.returncode}")
    return bench.read_counts(out), at


def wrong_in(row, seen, stretch):
    """(what, seen, wanted) of what is not as it must be."""
    wanted = {"samples": 1, "instructions": row.instructions, "extra": row.extra(),
              **dict.fromkeys(WEIGHTS, 0), **row.classes}
    if row.lines is not None:
        wanted.update(lines=row.lines, pages=row.pages)
    found = {**seen, "stretch": stretch.get("length", 0)}
    wanted["stretch"] = row.stretch
    return [(what, found.get(what), figure) for what, figure in wanted.items() if found.get(what) != figure]


def check_rows(tap, arch, counts):
    for number, row in rows_of(arch).items():
        wrong = wrong_in(row, counts["row"].get(number, {}), counts["stretch"].get(number, {}))
        tap.result(not wrong, f"{arch}: {row.name}", f"{wrong}")


def check_rest(tap, arch, counts, at):
    """Two CPUs, the hottest place, profiles, functions, the boot."""
    cpus, known = counts["cpu"], MACHINES[arch][2]
    total = sum(row["instructions"] for row in counts["row"].values()) + PASSED[arch]
    seen = [cpus.get(cpu, {}).get("in-rows") for cpu in (0, 1)]
    tap.result(seen == [total - known, known], f"{arch}: the instructions of each of two CPUs",
               f"{seen}, wanted {[total - known, known]}")
    stretch = counts["stretch"][13]
    tap.result(0 < stretch["hottest"] - at["long_loop"] <= 16, f"{arch}: the hottest place is in the loop",
               f"{stretch['hottest']:#x}")
    profile = dict(counts["profile"].get(0, []))
    rounds = sorted(profile.values())[-3:]
    tap.result(rounds == [1000] * 3 and sum(profile.values()) == rows_of(arch)[13].instructions,
               f"{arch}: a profile tells how often each instruction ran", f"{rounds}, {sum(profile.values())} in all")
    keys = ("n", "extra", "lines", "pages", "min", "median", "p90", "p99", "max", "mean")
    functions = [[counts["function"].get(name, {}).get(key) for key in keys] for name in ("quick", "slow")]
    quick, slow = FUNCTION[arch]
    stack = arch == "x86_64"  # where the return address is
    wanted = [[2, WEIGHTS["fence"] - 1, 1 + stack, 1 + stack, *[quick] * 6], [1, 0, 3 + stack, 2 + stack, *[slow] * 6]]
    tap.result(functions == wanted, f"{arch}: functions from entry to return, by the way they take",
               f"{functions}, wanted {wanted}")
    tap.result(counts["boot"] == 4, f"{arch}: from the kernel's entry to user mode", f"{counts['boot']}")


def main():
    parser = argparse.ArgumentParser(prog="known")
    parser.add_argument("--plugin", required=True)
    plugin, tap = parser.parse_args().plugin, Tap()
    for arch in MACHINES:
        with tempfile.TemporaryDirectory() as work:
            counts, at = run(arch, plugin, build(arch, work), work)
        check_rows(tap, arch, counts)
        check_rest(tap, arch, counts, at)
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
