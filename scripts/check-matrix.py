# SPDX-License-Identifier: MIT
"""Build and boot a set of configurations that covers every pair of options.

Use: check-matrix.py --out DIRECTORY [--part K/N]
The configurations are those of "make matrix" and a random one of each architecture.
Each is built; one with the test programs and a console runs the suite, one
with the demonstration runs that.  TAP on standard output.
"""
import argparse
import json
import os
import subprocess
import sys
import time

IMAGES = {"aarch64": "Image"}


def make(out, *goals, **variables):
    """make in the output directory; its status and what it said."""
    line = ["make", "-s", f"O={out}", *goals, *(f"{name}={value}" for name, value in variables.items())]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def boot_arguments(config):
    """How the result shows that it works; None if it can only be built."""
    if not config.get("USER_TESTS", True):
        return ["--append=demo", "--status-only"] if config["USER_DEMO"] else None
    return ["--append=test"] + ([] if config["CONSOLE"] else ["--status-only"])


def boot(out, config, name):
    """Run it; the status of the suite and its results."""
    arguments = boot_arguments(config)
    if arguments is None:
        return 0, ""
    line = [sys.executable, "scripts/qemu-suite.py", "--out", out, "--name", name,
            "--smp", "4" if config["SMP"] else "1", "--image", IMAGES.get(config["ARCH"], "kernel.elf"), *arguments]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
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
    for arch in ("x86_64", "aarch64", "riscv64"):
        yield f"random {arch} KCONFIG_SEED={seed}", ["randconfig"], {"KCONFIG_SEED": seed, "ARCH": arch}


def main():
    parser = argparse.ArgumentParser(prog="check-matrix")
    parser.add_argument("--out", required=True)
    parser.add_argument("--part", default="0/1")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    out = f"{options.out}-{part}"
    os.makedirs(out, exist_ok=True)
    count = failed = 0
    for number, (name, goals, variables) in enumerate(configurations(out)):
        if number % parts != part:
            continue
        for passed, title, text in try_one(out, name, goals, variables):
            count, failed = count + 1, failed + (not passed)
            print(f"{'ok' if passed else 'not ok'} {count} - {title}", flush=True)
            if not passed:
                print("\n".join("# " + line for line in text.splitlines()[-30:] if not line.startswith("ok")))
    print(f"1..{count}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
