# SPDX-License-Identifier: MIT
"""Coverage of the generic kernel by the host tests, the simulator and the target suite on three architectures.

Use: coverage.py [--out DIRECTORY] [all|host|simulator|target ARCH|report]
"target" boots a kernel with CONFIG_COVERAGE under gdb, stops it where it powers off, reads its counters out of memory
and writes the .gcda files that gcov wants: the kernel itself needs no code for that.  "report" merges everything with
gcovr into DIRECTORY/html and checks the gates of tests/coverage/gates; holes that tests/coverage/holes explains do not
count, but may be no more than 2 % of the lines.
"""
import argparse
import glob
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import time

GENERIC = ("kernel", "mm", "ipc", "sched", "cap", "lib")
IMAGES = {"x86_64": "kernel.elf", "aarch64": "Image", "riscv64": "kernel.elf"}
# Processors, command line, boot archive if it is not the built one.
RUNS = (("1", "init=test", None), ("4", "init=test", None), ("4", "demo", None),
        ("2", "bug=null nonsense loglevel=4", None),
        ("1", "cpus=0 loglevel loglevel=9 -- " + "x" * 600, b""), ("2", "cpus=1", b"no archive" * 100))
# Processors, first seed, how many.
SIMULATED = (("4", "1", "300"), ("2", "1000", "150"), ("1", "2000", "50"))
HOLES_MAX = 2.0  # per cent of the lines
# An assertion's other branch is a bug that nobody has found.
NO_BRANCH = r".*\b(ASSERT|panic)\(.*"


def fail(message):
    sys.exit(f"coverage: error: {message}")


def need(tool):
    if not shutil.which(tool):
        with open("scripts/packages", encoding="utf-8") as table:
            package = dict(line.strip().split("=") for line in table).get(tool, tool)
        fail(f"{tool} is not installed: apt install {package}, or run scripts/bootstrap")


def make(*goals):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "-s", *goals], check=True, env=environment, stdout=subprocess.DEVNULL)


class Image:
    """The linked kernel with the memory that the machine had at the end laid over it."""

    def __init__(self, elf, start, memory):
        with open(elf, "rb") as file:
            self.elf = file.read()
        self.start, self.memory = start, memory
        offset, size, count = struct.unpack_from("<Q", self.elf, 32)[0], *struct.unpack_from("<HH", self.elf, 54)
        self.segments = [struct.unpack_from("<IIQQQQ", self.elf, offset + n * size) for n in range(count)]

    def read(self, address, size):
        if self.start <= address and address + size <= self.start + len(self.memory):
            return self.memory[address - self.start:address - self.start + size]
        for kind, _, offset, virtual, _, length in self.segments:
            if kind == 1 and virtual <= address and address + size <= virtual + length:
                return self.elf[offset + address - virtual:offset + address - virtual + size]
        return fail(f"counters at {address:#x}, which is neither in the image nor in its bss")

    def word(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def text(self, address):
        result = b""
        while not result.endswith(b"\0"):
            result += self.read(address + len(result), 1)
        return result[:-1].decode()


def notes(image, start, end):
    """gcc 12's struct gcov_info of each object: path of its counters, head, functions with arc counters."""
    for place in range(start, end, 8):
        info = image.word(place)
        version, stamp, checksum = (struct.unpack("<I", image.read(info + at, 4))[0] for at in (0, 16, 20))
        count, table = struct.unpack("<I", image.read(info + 96, 4))[0], image.word(info + 104)
        functions = []
        for number in range(count):
            function = image.word(table + 8 * number)
            # A function of another object that was chosen in place of this one has that one's key.
            if function and image.word(function) == info:
                ident, lines, graph, _, arcs = struct.unpack("<IIIII", image.read(function + 8, 20))
                values = image.word(function + 32)
                functions.append((ident, lines, graph, struct.unpack(f"<{arcs}Q", image.read(values, 8 * arcs))))
        yield image.text(image.word(info + 24)), (version, stamp, checksum), functions


def gcda(head, functions):
    """The file format of gcc 12: records of tag, length in bytes, contents."""
    data = struct.pack("<IIII", 0x67636461, *head) + struct.pack("<IIII", 0xa1000000, 8, 1, 0)
    for ident, lines, graph, arcs in functions:
        data += struct.pack("<IIIII", 0x01000000, 12, ident, lines, graph)
        data += struct.pack("<Ii", 0x01a10000, 8 * len(arcs)) + struct.pack(f"<{len(arcs)}Q", *arcs)
    return data + bytes(4)


def add(total, new):
    """Sum of two runs of one image."""
    return [(ident, lines, graph, tuple(map(sum, zip(old, arcs))))
            for (ident, lines, graph, old), (*_, arcs) in zip(total, new)]


def boot(tree, arch, smp, what, archive):
    """Console and memory at power-off of one run."""
    symbols = dict(reversed(line.split()[::2]) for line in subprocess.run(
        ["nm", f"{tree}/kernel.elf"], capture_output=True, text=True, check=True).stdout.splitlines()
                   if line[0] != " ")
    address = {name: int(symbols[name], 16) for name in ("bss_start", "bss_end", "coverage_start", "coverage_end")}
    line = subprocess.run([sys.executable, "scripts/qemu-run.py", "--out", tree, "--image", IMAGES[arch], "--smp", smp,
                           f"--append={what}", "--print"], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as directory:
        if archive is not None:
            with open(directory + "/archive", "wb") as file:
                file.write(archive)
            line = line.replace(f"{tree}/boot.cpio", directory + "/archive")
        commands = ["set pagination off", "set confirm off", f"target remote {directory}/gdb", "hbreak arch_power_off",
                    "continue", "kill"]
        commands.insert(5, f"dump binary memory {directory}/bss {address['bss_start']} {address['bss_end']}")
        name = f"{tree}/console-" + re.sub(r"\W+", "-", f"{smp}-{what[:40]}")
        with open(name, "w+b") as console, subprocess.Popen(
                [*shlex.split(line), "-S", "-chardev", f"socket,path={directory}/gdb,server=on,wait=off,id=gdb",
                 "-gdb", "chardev:gdb"], stdin=subprocess.DEVNULL, stdout=console, stderr=console) as qemu:
            try:
                while not os.path.exists(directory + "/gdb") and qemu.poll() is None:
                    time.sleep(0.05)
                subprocess.run(["gdb-multiarch", "-q", "-nx", "-batch", f"{tree}/kernel.elf",
                                *(word for command in commands for word in ("-ex", command))],
                               capture_output=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
            finally:
                qemu.kill()
            console.seek(0)
            text = console.read().decode("utf-8", "replace")
        if not os.path.exists(directory + "/bss"):
            fail(f"{arch} did not power off ({what}, {smp} CPUs):\n" + "\n".join(text.splitlines()[-20:]))
        with open(directory + "/bss", "rb") as file:
            image = Image(f"{tree}/kernel.elf", address["bss_start"], file.read())
    if what == "init=test" and (re.search("^not ok", text, re.M) or not re.search(r"^1\.\.\d+", text, re.M)):
        fail(f"{arch}: the suite failed with {smp} CPUs: {name}")
    return list(notes(image, address["coverage_start"], address["coverage_end"]))


def target(out, arch):
    for tool in ("gdb-multiarch", "nm"):
        need(tool)
    tree = f"{out}/{arch}"
    make(f"O={tree}", f"qemu_{arch}_defconfig", "FRAGMENTS=configs/coverage.config")
    make(f"O={tree}")
    total = {}
    for smp, what, archive in RUNS:
        print(f"coverage: {arch}: {what[:40]}, {smp} CPUs", flush=True)
        for path, head, functions in boot(tree, arch, smp, what, archive):
            total[path] = head, add(total[path][1], functions) if path in total else functions
    for path, (head, functions) in total.items():
        with open(path, "wb") as file:
            file.write(gcda(head, functions))


def host(out):
    print("coverage: host tests", flush=True)
    for old in glob.glob(f"{out}/host/*.gcda"):
        os.remove(old)
    subprocess.run(["sh", "tests/host/run", f"O={os.path.abspath(out)}/host"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "COVERAGE": "1"})


def simulator(out):
    """Fixed seeds, so that the figures are the same each time."""
    tree = f"{out}/simulator"
    os.makedirs(tree, exist_ok=True)
    with open(f"{tree}.config", "w", encoding="utf-8") as file:
        file.write("CONFIG_CC_OPTIMIZE_DEBUG=y\n")  # as the other parts are compiled
    make(f"O={tree}", "host_defconfig", f"FRAGMENTS={tree}.config")
    make(f"O={tree}", "SIM=coverage", "kernel")
    for old in glob.glob(f"{tree}/**/*.gcda", recursive=True):
        os.remove(old)
    for cpus, seed, runs in SIMULATED:
        print(f"coverage: simulator: {runs} runs, {cpus} CPUs", flush=True)
        simulate(tree, "--seed", seed, "--runs", runs, "--cpus", cpus)
    for option in ("--model", "--fail"):
        print(f"coverage: reference model: 50 runs with {option}", flush=True)
        simulate(tree, option, "--seed", "1", "--runs", "50")


def simulate(tree, *options):
    subprocess.run([f"{tree}/kernel.elf", *options], check=True, stdout=subprocess.DEVNULL, timeout=600)


def read_holes():
    """(path, function or None, pattern or None) of each hole; a reason is required."""
    with open("tests/coverage/holes", encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = re.match(r"(\S+?):(?:/(.+)/|(\w+)) +-- +(\S.*)", line)
            if not match:
                fail(f"tests/coverage/holes:{number}: not 'FILE:FUNCTION -- reason' or 'FILE:/PATTERN/ -- reason'")
            yield number, match[1], match[3], match[2]


def function_lines(path, name):
    """Line numbers of the body of @name."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    starts = [n for n, line in enumerate(lines) if re.match(rf"\w.*\b{name}\(", line) and not line.endswith(";")]
    if not starts:
        return set()
    end = next(n for n in range(starts[0], len(lines)) if lines[n] == "}")
    return set(range(starts[0] + 1, end + 2))


def explained(files):
    """Line numbers of each file that holes explain; a hole that is covered or gone is an error."""
    result = {}
    for number, path, function, pattern in read_holes():
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        place = function_lines(path, function) if function else {
            n for n, line in enumerate(lines, 1) if re.search(pattern, line)}
        holes = {line["line_number"] for line in files.get(path, []) if not line["count"]} & place
        if not holes:
            fail(f"tests/coverage/holes:{number}: there is no such line, or it is covered: remove it")
        result.setdefault(path, set()).update(holes)
    return result


def report(out, gates):
    need("gcovr")
    shutil.rmtree(f"{out}/html", ignore_errors=True)
    os.makedirs(f"{out}/html")
    filters = [word for name in GENERIC for word in ("--filter", f"{os.getcwd()}/{name}/.*\\.c$")]
    subprocess.run(["gcovr", "--root", ".", *filters, "--exclude", ".*kernel/(seeded|ubsan|kasan)\\.c",
                    "--exclude-branches-by-pattern", NO_BRANCH, "--gcov-ignore-parse-errors", "--json",
                    f"{out}/coverage.json", "--html-details", f"{out}/html/index.html", "--html-title",
                    "Veridian: coverage of the generic kernel", "--txt", f"{out}/coverage.txt",
                    out], check=True, stderr=subprocess.DEVNULL)
    with open(f"{out}/coverage.json", encoding="utf-8") as file:
        files = {entry["file"]: entry["lines"] for entry in json.load(file)["files"]}
    return judge(out, files, gates)


def judge(out, files, gates_file):
    """Figures without the explained holes, against the gates."""
    holes = explained(files)
    lines = branches = lines_hit = branches_hit = holes_count = 0
    for path, entries in sorted(files.items()):
        for line in entries:
            if line.get("gcovr/noncode"):
                continue
            if line["line_number"] in holes.get(path, ()):
                holes_count += 1
                continue
            lines, lines_hit = lines + 1, lines_hit + (line["count"] > 0)
            branches += len(line["branches"])
            branches_hit += sum(branch["count"] > 0 for branch in line["branches"])
    if not lines or not branches:
        fail("nothing was measured")
    figures = {"lines": 100 * lines_hit / lines, "branches": 100 * branches_hit / branches,
               "explained": 100 * holes_count / (lines + holes_count)}
    with open(gates_file, encoding="utf-8") as file:
        gates = {words[0]: (float(words[1]), float(words[2])) for words in map(str.split, file) if words[0] != "#"}
    bad = []
    for name, (gate, goal) in gates.items():
        print(f"coverage: {figures[name]:.1f} % of the {name}; gate {gate}, goal {goal}")
        if figures[name] < gate:
            bad.append(f"{figures[name]:.1f} % of the {name} are covered, the gate is {gate}")
        if gate < goal and figures[name] >= gate + 1:
            print(f"coverage: the gate of {name} can be raised to {min(goal, int(figures[name] * 2) / 2)}")
    print(f"coverage: {holes_count} lines ({figures['explained']:.1f} %) are explained holes")
    print(f"coverage: the report is {out}/html/index.html")
    if figures["explained"] > HOLES_MAX:
        bad.append(f"{figures['explained']:.1f} % of the lines are explained holes, at most {HOLES_MAX} may be")
    if bad:
        fail("; ".join(bad))


def main():
    parser = argparse.ArgumentParser(prog="coverage")
    parser.add_argument("--out", default="build/coverage")
    parser.add_argument("--gates", default="tests/coverage/gates")
    parser.add_argument("what", nargs="?", default="all", choices=("all", "host", "simulator", "target", "report"))
    parser.add_argument("arch", nargs="?", choices=IMAGES)
    options = parser.parse_args()
    if options.what in ("all", "host"):
        host(options.out)
    if options.what in ("all", "simulator"):
        simulator(options.out)
    for arch in IMAGES:
        if options.what == "all" or (options.what, options.arch) == ("target", arch):
            target(options.out, arch)
    if options.what in ("all", "report"):
        report(options.out, options.gates)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        main()
    except subprocess.CalledProcessError as error:
        fail(f"{' '.join(error.cmd[:3])} ended with status {error.returncode}")
