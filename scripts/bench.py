# SPDX-License-Identifier: MIT
"""Measure the kernel: build the bench variant of a board, boot it, report, compare with the budgets.

Use: bench.py --out DIRECTORY [--board NAME] [--plugin count.so] [--short] [--quick] [--profile ROW]...
     bench.py --out DIRECTORY --lower
Prints "BENCH <arch> <operation> min <n> median <n> p99 <n> max <n> n <n>", then
what the plugin saw, then the rows above their gate.  Everything is also in
DIRECTORY/bench.json.  The exit status is 1 if a figure exceeds its budget.
Figures are instructions: see Documentation/performance.rst.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench_budgets
import cached_make
from bench_elf import Image

BUDGETS = "tests/bench/budgets.toml"
STRETCHES = "tests/bench/stretches.toml"
# One instruction is one nanosecond; a fixed seed, for the machine's random numbers.
EXACT = "-accel tcg,thread=single -icount shift=0,sleep=off -seed 1"
ROW = re.compile(r"^ROW (\d+) (\S+) min (\d+) median (\d+) p90 (\d+) p99 (\d+) max (\d+) "
                 r"mean ([\d.]+) n (\d+) bins (.*)$")
KERNEL_FUNCTIONS = ("cap_lookup", "cap_reserve", "frame_alloc", "frame_free", "slab_alloc", "slab_free",
                    "runqueue_take")
# What these come to when the stock in front is empty, or full: the way that is taken then.
SLOW_WAYS = {"alloc_slowly": "frame_alloc-drained", "free_slowly": "frame_free-full", "slab_grow": "slab_alloc-drained",
             "space_extend": "cap_reserve-drained"}
# What follows from several rows: {row: how many of it}, then the number to divide by.
DERIVED = {
    "ipc-word": ({"ipc-512": 1, "ipc-16": -1}, 992),
    "ipc-cap-first": ({"ipc-8-cap-1": 1, "ipc-8": -1}, 1),
    "ipc-cap-further": ({"ipc-8-cap-4": 1, "ipc-8-cap-1": -1}, 3),
    "cap-revoke-child": ({"cap-revoke-100": 1, "cap-revoke-0": -1}, 100),
    "map-and-touch-1": ({"map-1": 1, "fault-resident": 1}, 1),
    "map-and-touch-page": ({"map-64": 1, "map-1": -1, "fault-resident": 63}, 63),
    "unmap-page": ({"unmap-64-touched": 1, "unmap-1-touched": -1}, 63),
    "protect-page": ({"protect-64": 1, "protect-1": -1}, 63),
}
SIZES = {"full": "", "smallest": "configs/tiny.config configs/up.config configs/silent.config"}


def fail(message):
    sys.exit(f"bench: error: {message}")


# ---- building and running


class Progress:
    """On standard error: each step as it begins, and now and then how far it is.

    The guest says nothing before it has measured all, so within a step the time that it took the last time must do.
    """

    SECONDS = 15

    def __init__(self, out, board, steps):
        self.board, self.steps, self.expected = board, steps, "?"
        self.path, self.took, self.last = out + "/bench-steps.json", {}, {}
        self.step = self.done = 0
        self.name, self.begin, self.start = "", time.monotonic(), time.monotonic()
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                self.last = json.load(file)
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while True:
            time.sleep(self.SECONDS)
            self.tell()

    def tell(self):
        now = time.monotonic()
        last = f", {self.last[self.name]:.0f} s the last time" if self.name in self.last else ""
        print(f"bench: {self.board}: step {self.step} of {self.steps}, {self.name} ({now - self.begin:.0f} s{last}); "
              f"{self.done} of {self.expected} figures after {now - self.start:.0f} s", file=sys.stderr, flush=True)

    def next(self, name, report):
        """A step begins, and the one before has ended."""
        now = time.monotonic()
        if self.step:
            self.took[self.name] = now - self.begin
        self.step, self.name, self.begin, self.done = self.step + 1, name, now, len(figures_of(report))
        self.tell()

    def end(self, report):
        self.took[self.name] = time.monotonic() - self.begin
        self.done = len(figures_of(report))
        self.tell()
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.last | self.took, file)


def board_of(out):
    """The defconfig of the board that is configured in @out."""
    try:
        with open(out + "/config.json", encoding="utf-8") as file:
            config = json.load(file)
    except OSError:
        fail(f"no configuration in {out}; run make <board>_defconfig first")
    chosen = {f"CONFIG_{name}=y\n" for name, value in config.items() if name.startswith("BOARD_") and value is True}
    for path in sorted(glob.glob("configs/*_defconfig")):
        with open(path, encoding="utf-8") as file:
            if chosen & set(file):
                return os.path.basename(path).removesuffix("_defconfig")
    return fail("the configured board has no defconfig")


def make(tree, *goals):
    """One make; budgets are for the plain build, so options of an outer make stay outside."""
    line, environment = cached_make.command(tree, f"-j{min(os.cpu_count() or 1, 2)}", *goals)
    done = subprocess.run(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        fail(f"make {' '.join(goals)} in {tree}:\n{done.stdout.decode('utf-8', 'replace')}")


def build(tree, board, fragments, *goals):
    make(tree, board + "_defconfig", *([f"FRAGMENTS={fragments}"] if fragments else []))
    make(tree, *(goals or ("all",)))


def arch_of(tree):
    with open(tree + "/config.json", encoding="utf-8") as file:
        return json.load(file)["ARCH"]


def boot(tree, words, plugin=None, cpus=1):
    """Boot the variant in @tree; the lines of its console."""
    image = "Image" if os.path.exists(tree + "/Image") else "kernel.elf"
    extra = EXACT + (f" -plugin {plugin}" if plugin else "")
    done = subprocess.run([sys.executable, "scripts/qemu-run.py", "--out", tree, "--image", image, "--smp", str(cpus),
                           f"--append={words}", "--timeout", "600", "--extra=" + extra],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        tail = "\n".join(line for line in text.splitlines()[-8:] if line)
        fail(f"the run '{words}' in {tree} ended with status {done.returncode}:\n{tail}")
    return text.replace("\r", "").splitlines()


def histogram_of(text):
    """Samples in equal intervals from the least one on."""
    width, *counts = (int(number) for number in text.split())
    return {"width": width, "counts": counts}


def rows_of(lines):
    """The guest's report: {name: figures}; it is whole, or an error."""
    rows, planned = {}, None
    for line in lines:
        if match := ROW.match(line):
            number, *figures, mean, count = (float(text) if "." in text else int(text)
                                             for text in (match[1], *match.groups()[2:9]))
            rows[match[2]] = dict(zip(("min", "median", "p90", "p99", "max"), figures), mean=mean, n=count,
                                  number=number, histogram=histogram_of(match[10]))
        elif match := re.match(r"^ROWS (\d+)$", line):
            planned = int(match[1])
    if planned is None or planned != len(rows):
        fail(f"the guest's report has {len(rows)} rows of {planned}")
    return rows


# ---- what the plugin saw


def pairs(words):
    return {name: float(value) if "." in value else int(value, 0) for name, value in zip(words[::2], words[1::2])}


def read_counts(path):
    """The plugin's file by kind of line."""
    seen = {"row": {}, "stretch": {}, "function": {}, "cpu": {}, "profile": {}, "boot": 0}
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except OSError:
        fail("the plugin wrote no report; is this QEMU 7.2?")
    for kind, *words in lines:
        if kind == "boot":
            seen["boot"] = int(words[0])
        elif kind in ("row", "stretch", "cpu"):
            seen[kind][int(words[0])] = pairs(words[1:])
        elif kind == "function":
            seen[kind][words[0]] = pairs(words[1:])
        elif kind == "profile":
            seen[kind].setdefault(int(words[0]), []).append((int(words[1], 0), int(words[2])))
    return seen


def observation(tree, words):
    """Where the lines of the guest and the counts of a run with the plugin are kept."""
    name = f"{os.path.abspath(tree)}/{words.replace('=', '-')}"
    return name + ".observed", name + ".counts"


def observed(tree, plugin, words):
    """What observe() has returned for the image and the plugin that are there now; None: it has not run."""
    path, out = observation(tree, words)
    if not os.path.exists(path) or any(os.path.getmtime(path) < os.path.getmtime(file)
                                       for file in (f"{tree}/kernel.elf", f"{tree}/boot.cpio", plugin)):
        return None
    with open(path, encoding="utf-8") as file:
        return rows_of(file.read().splitlines()), read_counts(out)


def observe(tree, image, plugin, words, profile=(), cpus=1):
    """Run with the plugin: (rows of the guest, what was counted)."""
    path, out = observation(tree, words)
    for file in (path, out):
        if os.path.exists(file):
            os.remove(file)
    options = [os.path.abspath(plugin), f"out={out}", f"entry={image.boot_entry():#x}",
               f"poll={image.address_of('arch_irq_pending') or 0:#x}"]
    options += [f"profile={row}" for row in profile]
    for name in KERNEL_FUNCTIONS:
        if address := image.address_of(name):
            options.append(f"function={name}:{address:#x}")
    for function, name in SLOW_WAYS.items():
        if address := image.address_of(function):
            options.append(f"slow={name}:{address:#x}")
    lines = boot(tree, words, ",".join(options), cpus)
    result = rows_of(lines), read_counts(out)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return result


def add_costs(rows, watched, counts):
    """Weighted cost, lines and pages beside the instructions.  The guest and the plugin must agree."""
    for name, row in watched.items():
        seen = counts["row"].get(row["number"])
        if not seen or name not in rows:
            continue
        rows[name].update(weighted=rows[name]["median"] + seen["extra"], lines=seen["lines"], pages=seen["pages"],
                          counted=seen["instructions"],
                          classes={kind: seen[kind] for kind in ("atomic", "fence", "root", "tlb", "system", "device",
                                                                 "xsave", "trap") if seen[kind]})


def reaped_of(rows, counts):
    """Instructions from destroying an object until the reaper has nothing left to do."""
    seen = {name: counts["row"][row["number"]]["instructions"] for name, row in rows.items()
            if name.startswith("reaped-")}
    nothing = seen.pop("reaped-nothing")
    return {name.removeprefix("reaped-"): count - nothing for name, count in seen.items()}


def stretches_of(rows, counts, image):
    result = {}
    for name, row in [*rows.items(), ("between-rows", {"number": 0})]:
        if seen := counts["stretch"].get(row["number"]):
            result[name] = {"length": seen["length"], "first": image.name_of(seen["first"]),
                            "last": image.name_of(seen["last"]), "hottest": image.name_of(seen["hottest"]),
                            "range": f"{seen['first']:#x}-{seen['last']:#x}"}
    return result


def longest_of(stretches):
    """The longest of all, with the row in which it was."""
    name = max(stretches, key=lambda name: stretches[name]["length"])
    return {**stretches[name], "row": name}


def functions_of(counts):
    """Functions inside the kernel; the weighted cost beside each."""
    return {name: {**{key: figure for key, figure in function.items() if key != "extra"},
                   "weighted": function["median"] + function["extra"]}
            for name, function in counts["function"].items()}


def stretches_of_calls(arch, rows):
    """Each call's longest stretch with its worst arguments: {call: length and row}."""
    with open(STRETCHES, "rb") as file:
        calls = tomllib.load(file)
    result = {}
    for call, table in calls.items():
        names = table["rows"] if table.get("only", arch) == arch else []
        if missing := [name for name in names if name not in rows]:
            fail(f"{STRETCHES}: {call}: no stretch of {missing[0]} was seen")
        if names:
            longest = max(names, key=lambda name: rows[name]["length"])
            result[call] = {"length": rows[longest]["length"], "row": longest}
    return result


def profile_of(image, entries, samples):
    """[instructions of one operation, function], ranked; callees are not included."""
    functions = {}
    for address, count in entries:
        function = image.name_of(address)
        functions[function] = functions.get(function, 0) + count
    return [[round(count / samples, 1), function]
            for function, count in sorted(functions.items(), key=lambda item: -item[1])]


# ---- the report


def derived_of(rows):
    """Sums, and prices of each further one, rounded up."""
    return {name: -(-sum(rows[row]["median"] * count for row, count in terms.items()) // divisor)
            for name, (terms, divisor) in DERIVED.items() if terms.keys() <= rows.keys()}


def figures_of(report):
    """Every figure that has a budget: {name: number}."""
    figures = {name: row["median"] for name, row in report["rows"].items() if name != "store"}
    figures.update(report["derived"])
    figures.update((f"kernel:{name}", row["median"]) for name, row in report.get("kernel", {}).items())
    figures.update((f"stretch:{name}", row["length"]) for name, row in report.get("stretch", {}).items())
    figures.update((f"reaped:{name}", count) for name, count in report.get("reaped", {}).items())
    figures.update((f"text:{name}", size) for name, size in report.get("text", {}).items())
    for name in ("boot", "latency"):
        if name in report:
            figures[name] = report[name]
    return figures


def expected_of(budgets, arch, is_quick):
    """How many figures there will be."""
    return sum(budget.budget[bench_budgets.ARCHES.index(arch)] > 0
               and not (is_quick and (":" in name or name in ("boot", "latency"))) for name, budget in budgets.items())


def print_rows(report):
    rows = {**report["rows"], **{f"kernel:{name}": row for name, row in report.get("kernel", {}).items()}}
    for name, row in rows.items():
        figures = " ".join(f"{key} {row[key]}" for key in ("min", "median", "p99", "max", "n"))
        print(f"BENCH {report['arch']} {name} {figures}")


def print_costs(report):
    print(f"\n{'beside instructions':30} {'median':>8} {'p90':>8} {'mean':>11} {'weighted':>8} {'lines':>6} "
          f"{'pages':>6}  classes")
    for name, row in report["rows"].items():
        if "weighted" in row:
            classes = " ".join(f"{kind} {count:g}" for kind, count in row["classes"].items())
            print(f"{name:30} {row['median']:8} {row['p90']:8} {row['mean']:11.2f} {row['weighted']:8} "
                  f"{row['lines']:6} {row['pages']:6}  {classes}")
    for name, row in report["kernel"].items():
        print(f"{'kernel:' + name:30} {row['median']:8} {row['p90']:8} {row['mean']:11.2f} {row['weighted']:8} "
              f"{row['lines']:6} {row['pages']:6}")
    print("\ninstructions of each CPU during the rows with two: " + ", ".join(str(count) for count in report["cpus"]))
    for name, functions in report.get("profile", {}).items():
        print(f"\nwhere {name} spends its instructions (those of measuring count as user)")
        for count, function in functions:
            print(f"{count:9.1f}  {function}")
    print("\nlongest stretches with interrupts off, between two looks for them")
    for name, row in sorted(report["stretch"].items(), key=lambda item: -item[1]["length"]):
        name = f"{name} ({row['row']})" if "row" in row else name
        print(f"{name:26} {row['length']:8}  {row['first']} to {row['last']}, most in {row['hottest']} "
              f"({row['range']})")
    print("\nlongest stretch of each call with its worst arguments (that of the row)")
    for name, row in sorted(report["calls"].items(), key=lambda item: -item[1]["length"]):
        print(f"{name:26} {row['length']:8}  {row['row']}")


def print_derived(report, figures):
    print()
    for name, figure in figures.items():
        if name not in report["rows"] and not name.startswith(("kernel:", "stretch:")):
            print(f"{name:26} {figure:9}")
    print("\ncalls with their replies a second of virtual time: " +
          ", ".join(f"{name} {count}" for name, count in report["messages"].items()))


def messages_of(rows):
    """Calls with their replies a second; in virtual time an instruction takes a nanosecond."""
    return {name: 10**9 // row["median"] for name, row in rows.items() if name.startswith("ipc-") and row["median"]}


def print_verdict(report, budgets, problems):
    """Rows above their gate, then what fails."""
    arch, figures = report["arch"], figures_of(report)
    above = [(name, figure, budgets[name]) for name, figure in figures.items()
             if name in budgets and budgets[name].gate and figure > budgets[name].gate_of(arch)]
    for name, figure, budget in above:
        print(f"above gate: {name:24} {figure:9}, gate {budget.gate_of(arch):8}: {budget.reason or 'within 2 %'}")
    met = sum(1 for name in figures if name in budgets and budgets[name].gate) - len(above)
    print(f"{arch}: {met} gates met, {len(above)} not yet; {len(problems)} figures over their budget")
    for problem in problems:
        print(f"bench: error: {arch}: {problem}", file=sys.stderr)


# ---- the whole


def measure(options, tree, report, progress):
    """Fill @report with what is wanted."""
    image = Image(tree + "/kernel.elf")
    progress.next("one CPU", report)
    rows = rows_of(boot(tree, "bench=short" if options.short else "bench"))
    report["rows"] = {name: row for name, row in rows.items() if not name.startswith("reaped-")}
    progress.next("two CPUs", report)
    for name, row in rows_of(boot(tree, "bench=smp-short" if options.short else "bench=smp", cpus=2)).items():
        report["rows"][name] = {**row, "number": None}
    report["derived"] = derived_of(report["rows"])
    report["messages"] = messages_of(report["rows"])
    if options.quick:
        return
    numbers = {name: row["number"] for name, row in report["rows"].items()}
    for name in options.profile:
        if name not in numbers:
            fail(f"there is no row {name}")
    progress.next("one CPU, seen by the plugin", report)
    seen, counts = observe(tree, image, options.plugin, "bench=quick", [numbers[name] for name in options.profile])
    add_costs(report["rows"], seen, counts)
    report["reaped"] = reaped_of(seen, counts)
    report["boot"], report["kernel"] = counts["boot"], functions_of(counts)
    ordinary = stretches_of(seen, counts, image)
    report["stretch"] = {"ordinary": longest_of(ordinary)}
    for place, name in enumerate(options.profile):
        report.setdefault("profile", {})[name] = profile_of(image, counts["profile"].get(place, []),
                                                            counts["row"][numbers[name]]["samples"])
    progress.next("the worst calls, seen by the plugin", report)
    worst, counts = observe(tree, image, options.plugin, "bench=worst")
    report["stretch"].update(stretches_of(worst, counts, image))
    report["calls"] = stretches_of_calls(report["arch"], ordinary | report["stretch"])
    progress.next("two CPUs, seen by the plugin", report)
    seen, counts = observe(tree, image, options.plugin, "bench=smp-quick", cpus=2)
    add_costs(report["rows"], seen, counts)
    report["stretch"]["ordinary-two-cpus"] = longest_of(stretches_of(seen, counts, image))
    report["cpus"] = [counts["cpu"][cpu]["in-rows"] for cpu in sorted(counts["cpu"])]
    progress.next("latency", report)
    report["latency"] = rows_of(boot(tree, "bench=latency"))["latency"]["max"]
    if missing := [name for name, row in report["rows"].items() if "weighted" not in row]:
        fail(f"the plugin saw no sample of {', '.join(missing)}")


def measure_sizes(options, board, report, progress):
    report["text"] = {}
    for name, fragments in SIZES.items():
        progress.next(f"size of the {name} kernel", report)
        tree = f"{options.out}/bench-{name}"
        build(tree, board, fragments, "kernel")
        report["text"][name] = Image(tree + "/kernel.elf").text_size()


def lower(options):
    try:
        with open(options.out + "/bench.json", encoding="utf-8") as file:
            report = json.load(file)
    except OSError:
        fail(f"no figures in {options.out}/bench.json: run make bench first")
    if report.get("short"):
        fail(f"the figures in {options.out}/bench.json are of fewer samples: run make bench first")
    count = bench_budgets.lower(options.budgets, report["arch"], figures_of(report))
    print(f"{options.budgets}: {count} budgets of {report['arch']} lowered")


def parse():
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--out", default="build")
    parser.add_argument("--board", help="default: the one configured in --out")
    parser.add_argument("--plugin")
    parser.add_argument("--budgets", default=BUDGETS)
    parser.add_argument("--brief", action="store_true", help="no rows, only what they mean")
    parser.add_argument("--short", action="store_true", help="2,000 samples, not 10,000: medians hardly differ")
    parser.add_argument("--quick", action="store_true", help="short, and without plugin and image sizes")
    parser.add_argument("--profile", action="append", default=[], metavar="ROW")
    parser.add_argument("--lower", action="store_true", help="lower the budgets to the figures of the last run")
    options = parser.parse_args()
    if not options.quick and not options.lower and not options.plugin:
        parser.error("--plugin or --quick")
    options.short |= options.quick
    return options


def main():
    options = parse()
    if options.lower:
        return lower(options)
    budgets = bench_budgets.load(options.budgets)
    if not shutil.which("make"):
        fail("make is not installed")
    board = options.board or board_of(options.out)
    tree = options.out + "/bench"
    progress = Progress(options.out, board, 3 if options.quick else 7 + len(SIZES))
    progress.next("building", {"rows": {}, "derived": {}})
    build(tree, board, "configs/bench.config")
    report = {"arch": arch_of(tree), "board": board, "short": options.short, "rows": {}, "derived": {}}
    progress.expected = expected_of(budgets, report["arch"], options.quick)
    measure(options, tree, report, progress)
    if not options.quick:
        measure_sizes(options, board, report, progress)
        with open(options.out + "/bench.json", "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    progress.end(report)
    problems = list(bench_budgets.compare(budgets, report["arch"], figures_of(report), not options.quick))
    if not options.brief:
        print_rows(report)
    if not options.quick and not options.brief:
        print_costs(report)
    if not options.brief:
        print_derived(report, figures_of(report))
    print_verdict(report, budgets, problems)
    return 1 if problems else 0


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        sys.exit(main())
    except bench_budgets.Problem as problem:
        fail(problem)
