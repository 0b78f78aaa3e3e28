# SPDX-License-Identifier: MIT
"""Boot the built image with the test command line and report its TAP results.

Use: qemu-suite.py --out BUILD [--name NAME] [--smp 1,4] [--append "run=test"] [--timeout SECONDS]
The guest prints "ok N - name" and "not ok N - name" and a plan "1..N" on its
console.  Every result is repeated here with the board's name; a run adds two
results of its own: the plan is complete, and the guest reported success.
"""
import argparse
import re
import subprocess
import sys

RESULT = re.compile(r"^(ok|not ok) (\d+)(?: - (.*))?$")
PLAN = re.compile(r"^1\.\.(\d+)$")


class Tap:
    """Counts and prints results."""

    def __init__(self):
        self.count = self.failed = 0

    def result(self, passed, name):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)


def lines_of(console):
    """Lines of the console; control sequences of firmware are dropped."""
    text = console.decode("utf-8", "replace").replace("\r", "\n")
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in text.split("\n")]


def boot(options, smp):
    """Exit status and console of one run."""
    line = [sys.executable, "scripts/qemu-run.py", "--out", options.out, "--image", options.image,
            "--smp", smp, "--append=" + options.append, "--timeout", str(options.timeout)]
    if options.initrd:
        line += ["--initrd", options.initrd]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    with open(f"{options.out}/console-smp{smp}.log", "wb") as log:
        log.write(done.stdout)
    return done.returncode, lines_of(done.stdout)


def report(tap, label, status, lines):
    """Turn one console into results."""
    before, seen, plan = tap.failed, [], None
    for line in lines:
        if match := RESULT.match(line):
            seen.append(int(match[2]))
            tap.result(match[1] == "ok", f"{label}: {match[3] or 'unnamed'}")
        elif match := PLAN.match(line):
            plan = int(match[1])
    tap.result(plan is not None and plan > 0 and seen == list(range(1, plan + 1)),
               f"{label}: plan of {plan} complete ({len(seen)} results)")
    tap.result(status == 0, f"{label}: the guest reports success (status {status})")
    if tap.failed > before:
        for line in lines[-60:]:
            print("# " + line)


def main():
    parser = argparse.ArgumentParser(prog="qemu-suite")
    parser.add_argument("--out", required=True)
    parser.add_argument("--image", default="kernel.elf")
    parser.add_argument("--initrd")
    parser.add_argument("--name", default="qemu")
    parser.add_argument("--smp", default="1,4")
    parser.add_argument("--append", default="run=test")
    parser.add_argument("--timeout", type=int, default=180)
    options = parser.parse_args()
    tap = Tap()
    for smp in options.smp.split(","):
        status, lines = boot(options, smp)
        report(tap, f"{options.name} smp={smp}", status, lines)
    print(f"1..{tap.count}")
    sys.exit(tap.failed > 0)


if __name__ == "__main__":
    main()
