# SPDX-License-Identifier: MIT
"""Coverage of the generic kernel by the host tests, the simulator and the target suite on three architectures.

Use: coverage.py [--out DIRECTORY] [all|host|simulator|target ARCH|report]
"target" boots a kernel with CONFIG_COVERAGE under gdb, stops it where it powers off, reads its counters out of memory
and writes the .gcda files that gcov wants: the kernel itself needs no code for that.  "report" merges everything with
gcovr into DIRECTORY/html; coverage_judge.py says what must be true of it.
"""
import argparse
import collections
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

import coverage_judge
from coverage_judge import GENERIC

IMAGES = {"x86_64": "kernel.elf", "aarch64": "Image", "riscv64": "kernel.elf"}
# One boot: processors, command line, on which architectures, the command that makes {archive} if the built one will not
# do, what gdb does first, and a text that the console must show.
Run = collections.namedtuple("Run", "smp what arches archive gdb says", defaults=(tuple(IMAGES), None, (), ""))
FAULTING = ("python3 tests/boot/spoil.py {tree}/user/bin/example >{archive}.init && "
            "python3 scripts/mkcpio.py {archive} init={archive}.init")
# The generic part behaves alike everywhere, so what ends soon runs on one architecture.
RUNS = (
    Run("1", "init=test", ("x86_64",)),
    Run("4", "init=test"),
    Run("4", "demo", ("x86_64",), says="steps went well"),
    Run("2", "bug=null nonsense loglevel=4", ("aarch64",), says="kernel panic on CPU"),
    Run("1", "init=test", ("aarch64",), gdb=("hbreak slab_free", "continue", "set var $pc = 0x2000", "delete"),
        says="\n  0x2000\r\n"),
    Run("1", "init=test", ("riscv64",), gdb=("hbreak slab_free", "continue", "set var item = (char *)item + 8",
                                             "delete"), says="which is no item of it"),
    Run("1", "cpus=0 loglevel loglevel=9 fuzz=1 -- " + "x" * 600, ("x86_64",), ": >{archive}", says="passed none"),
    Run("2", "cpus=1", ("riscv64",), "seq 1000 >{archive}", says="boot failed: boot archive: "),
    Run("1", "", ("riscv64",), gdb=("hbreak init_load", "continue", "set var boot->archive = boot->archive + 8",
                                    "delete"), says="it does not begin on a page"),
    Run("1", "init=nothing", ("x86_64",), says='it holds no file "nothing"'),
    Run("1", "init=names", ("x86_64",), says="init ended with code 1: powering off"),
    Run("1", "", ("x86_64",), "seq 1000 >{archive}.init && python3 scripts/mkcpio.py {archive} init={archive}.init",
        says="boot failed: init: "),
    Run("1", "", ("riscv64",), FAULTING, says="init ended by fault"),
    Run("2", "demo", ("riscv64",), gdb=("hbreak arch_start_cpu", "continue", "set var cpu->hwid = 77", "delete"),
        says="firmware refuses to start it"),
    Run("2", "demo", ("x86_64",), gdb=("hbreak arch_start_cpu", "continue", "set var cpu->hwid = 77", "delete",
                                       "finish", "set var limit = 0"), says="did not come up in 10 s"),
)
# Processors, first seed, how many.
SIMULATED = (("4", "1", "300"), ("4", "10000", "500"), ("2", "1000", "150"), ("1", "2000", "50"))


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


def watch(tree, arch, run, directory):
    """Console of one run to its power-off; what its memory held then is in @directory."""
    line = subprocess.run([sys.executable, "scripts/qemu-run.py", "--out", tree, "--image", IMAGES[arch], "--print",
                           "--smp", run.smp, f"--append={run.what}"], capture_output=True, text=True, check=True).stdout
    if run.archive:
        archive = directory + "/archive"
        subprocess.run(run.archive.format(archive=archive, tree=tree), shell=True, check=True)
        line = line.replace(f"{tree}/boot.cpio", archive)
    commands = ["set pagination off", "set confirm off", f"target remote {directory}/gdb", *run.gdb,
                "hbreak arch_power_off", "continue",
                f"dump binary memory {directory}/bss &bss_start &bss_end", "kill"]
    name = f"{tree}/console-{RUNS.index(run)}"
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
        return name, console.read().decode("utf-8", "replace")


def boot(tree, arch, run):
    """The counters at power-off of one run."""
    symbols = dict(reversed(line.split()[::2]) for line in subprocess.run(
        ["nm", f"{tree}/kernel.elf"], capture_output=True, text=True, check=True).stdout.splitlines()
                   if line[0] != " ")
    address = {name: int(symbols[name], 16) for name in ("bss_start", "bss_end", "coverage_start", "coverage_end")}
    with tempfile.TemporaryDirectory() as directory:
        name, text = watch(tree, arch, run, directory)
        if not os.path.exists(directory + "/bss"):
            fail(f"{arch} did not power off ({run.what}, {run.smp} CPUs):\n" + "\n".join(text.splitlines()[-20:]))
        with open(directory + "/bss", "rb") as file:
            image = Image(f"{tree}/kernel.elf", address["bss_start"], file.read())
    is_suite = run.what == "init=test" and not run.says
    if is_suite and (re.search("^not ok", text, re.M) or not re.search(r"^1\.\.\d+", text, re.M)):
        fail(f"{arch}: the suite failed with {run.smp} CPUs: {name}")
    if run.says not in text:
        fail(f'{arch} ({run.what}, {run.smp} CPUs) does not say "{run.says}": {name}')
    return list(notes(image, address["coverage_start"], address["coverage_end"]))


def target(out, arch):
    for tool in ("gdb-multiarch", "nm"):
        need(tool)
    tree = f"{out}/{arch}"
    make(f"O={tree}", f"qemu_{arch}_defconfig", "FRAGMENTS=configs/coverage.config")
    make(f"O={tree}")
    for old in glob.glob(f"{tree}/**/*.gcda", recursive=True):
        os.remove(old)
    total = {}
    for run in RUNS:
        if arch not in run.arches:
            continue
        begin = time.monotonic()
        for path, head, functions in boot(tree, arch, run):
            total[path] = head, add(total[path][1], functions) if path in total else functions
        print(f"coverage: {arch}: {run.what[:40]}, {run.smp} CPUs ({time.monotonic() - begin:.1f} s)", flush=True)
    for path, (head, functions) in total.items():
        with open(path, "wb") as file:
            file.write(gcda(head, functions))


def host(out):
    print("coverage: host tests", flush=True)
    for old in glob.glob(f"{out}/host/*.gcda"):
        os.remove(old)
    subprocess.run(["sh", "tests/host/run", f"O={os.path.abspath(out)}/host"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "COVERAGE": "1", "SEED": "1"})


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


def generic_sources():
    """The text of every file that must be measured."""
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *(f"{part}/*.c" for part in GENERIC)],
                             capture_output=True, text=True, check=True).stdout.split()
    return {path: coverage_judge.read_text(path) for path in listing
            if path not in coverage_judge.NOT_MEASURED and os.path.exists(path)}


def write_html(out, data):
    """gcovr's own form of the merged data, and the pages it makes of that."""
    shutil.rmtree(f"{out}/html", ignore_errors=True)
    os.makedirs(f"{out}/html")
    files = [{"file": path, "functions": [], "lines": [
        {"line_number": number, "count": count, "gcovr/noncode": False, "gcovr/excluded": False,
         "branches": [{"count": taken, "fallthrough": False, "throw": False} for taken in branches]}
        for number, (count, branches) in sorted(lines.items())]} for path, lines in sorted(data.items())]
    with open(f"{out}/coverage.json", "w", encoding="utf-8") as file:
        json.dump({"gcovr/format_version": "0.3", "files": files}, file)
    subprocess.run(["gcovr", "--root", ".", "--add-tracefile", f"{out}/coverage.json", "--html-details",
                    f"{out}/html/index.html", "--html-title", "Veridian: coverage of the generic kernel",
                    "--txt", f"{out}/coverage.txt"], check=True)


def report(out):
    for tool in ("gcovr", "gcov", "git"):
        need(tool)
    sources = {name: coverage_judge.read_tree(name, f"{out}/{name}") for name in coverage_judge.SOURCES}
    sources = {name: {path: lines for path, lines in data.items() if path not in coverage_judge.NOT_MEASURED}
               for name, data in sources.items()}
    texts, gates = generic_sources(), coverage_judge.read_gates("tests/coverage/gates")
    for path in sorted({path for data in sources.values() for path in data} - set(texts)):
        fail(f"{path} was measured and is not there: remove {out}")
    write_html(out, coverage_judge.without_assertions(coverage_judge.merge(sources), texts))
    figures, problems = coverage_judge.judge(sources, texts, coverage_judge.read_holes("tests/coverage/holes"), gates)
    for name, (gate, goal) in gates.items():
        print(f"coverage: {name}: {figures[name]:.1f} %; gate {gate}, goal {goal}")
        if gate < goal and figures[name] >= gate + 1:
            print(f"coverage: the gate of {name} can be raised to {min(goal, int(figures[name] * 2) / 2)}")
    print(f"coverage: {figures['explained']:.1f} % of the lines are explained holes")
    print(f"coverage: the report is {out}/html/index.html")
    if problems:
        fail("\ncoverage: error: ".join(problems))


def main():
    parser = argparse.ArgumentParser(prog="coverage")
    parser.add_argument("--out", default="build/coverage")
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
        report(options.out)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        main()
    except coverage_judge.Problem as problem:
        fail(problem)
    except subprocess.CalledProcessError as error:
        fail(f"{' '.join(error.cmd[:3])} ended with status {error.returncode}")
