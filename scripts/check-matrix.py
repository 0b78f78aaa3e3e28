# SPDX-License-Identifier: MIT
"""Build and boot a set of configurations that covers every pair of options.

Use: check-matrix.py --out DIRECTORY [--part K/N]
The configurations are those of "make matrix", the smallest and a random one of
each architecture.  Each is built and booted; one with the test programs runs the
suite (but with a sanitizer or counters the demonstration, if it has that: the suite
takes minutes there, and kasan.config, ubsan.config and coverage.config run it),
one with the demonstration runs that, one with the shell is talked to, and one with
nothing to run has to say so.  The machine is the configured one, but for at most 4
CPUs, so that each gets its share of the computer, and enough memory for the suite.
The simulator runs a few seeds.  TAP on standard output.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time

import cached_make

ARCHITECTURES = ("x86_64", "aarch64", "riscv64")
IMAGES = {"aarch64": "Image"}
MOST_CPUS = 4
SUITE_MEM_MB = 128  # it fills a capability space: 64 MiB, which the kernel keeps


def make(out, *goals, **variables):
    """make in the output directory; its status and what it said."""
    line, environment = cached_make.command(out, *goals, *(f"{name}={value}" for name, value in variables.items()))
    done = subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def boot_arguments(config):
    """How the result shows that it works."""
    is_slow = config["KASAN"] or config["UBSAN"] or config["COVERAGE"]
    if config["USER_TESTS"] and not (is_slow and config["USER_DEMO"]):
        # The suite prints on the kernel's console; without one there is its status.
        mem = max(config["QEMU_MEM_MB"], SUITE_MEM_MB)
        return ["--append=init=test init.brief=yes", "--timeout=700", f"--mem={mem}",
                *(() if config["CONSOLE"] else ("--status-only",))]
    if config["USER_DEMO"]:
        return ["--append=demo", "--status-only", r"--expect=^Demonstration: (\d+) of \1 steps"]
    if config["USER_SHELL"]:
        return None
    return ["--append=", "--status-only", "--expect=^init: neither demo nor shell in the boot archive"]


def command(out, config, name):
    """What boots it: the suite, or the shell where there is nothing else."""
    if config["ARCH"] == "host":
        return [out + "/kernel.elf", "--seed", "1", "--runs", "20"]
    arguments, smp = boot_arguments(config), min(config["QEMU_CPUS"], MOST_CPUS)
    image = ["--out", out, "--image", IMAGES.get(config["ARCH"], "kernel.elf")]
    if arguments is None:
        expected = str(min(smp, config["NR_CPUS"]))
        return [sys.executable, "scripts/qemu-shell.py", "--out", out, "--name", name, "--smp", expected,
                "--", sys.executable, "scripts/qemu-run.py", *image, "--smp", str(smp)]
    return [sys.executable, "scripts/qemu-suite.py", *image, "--name", name, "--smp", str(smp), *arguments]


def boot(out, config, name):
    """Run it; the status of the suite and its results."""
    done = subprocess.run(command(out, config, name), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def try_one(out, name, goals, variables):
    """Configure, build, boot: two results."""
    status, text = make(out, *goals, **variables)
    if status == 0:
        status, text = make(out, "all")
    yield status == 0, f"{name} builds", text
    if status:
        return
    with open(out + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    status, text = boot(out, config, name)
    yield status == 0, f"{name} boots", text


def configurations(out):
    """(name, goals, variables) of each."""
    status, text = make(out, "matrix", ARGS=out + "/matrix")
    if status:
        sys.exit(f"check-matrix: error: make matrix failed: {text}")
    for file in sorted(os.listdir(out + "/matrix")):
        yield file.replace("_defconfig", ""), ["alldefconfig"], {"KCONFIG_ALLCONFIG": f"{out}/matrix/{file}"}
    given = os.environ.get("KCONFIG_SEED")
    seed = int(given, 0) if given else time.time_ns() % 2**32
    for arch in ARCHITECTURES:
        yield f"allnoconfig {arch}", ["allnoconfig"], {"ARCH": arch}
        yield f"random {arch} KCONFIG_SEED={seed}", ["randconfig"], {"KCONFIG_SEED": seed, "ARCH": arch}


def main():
    parser = argparse.ArgumentParser(prog="check-matrix")
    parser.add_argument("--out", required=True)
    parser.add_argument("--part", default="0/1")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    out = f"{os.path.abspath(options.out)}-{part}"
    os.makedirs(out, exist_ok=True)
    count = failed = 0
    for number, (name, goals, variables) in enumerate(configurations(out)):
        if number % parts != part:
            continue
        begin = time.monotonic()
        for passed, title, text in try_one(out, name, goals, variables):
            count, failed = count + 1, failed + (not passed)
            print(f"{'ok' if passed else 'not ok'} {count} - {title}", flush=True)
            if not passed:
                lines = [line for line in text.splitlines() if not re.match("(# )?ok ", line)]
                print("\n".join("# " + line for line in lines[:10] + ["..."] + lines[-30:]))
        print(f"# {name}: {time.monotonic() - begin:.0f} s", flush=True)
    print(f"1..{count}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
