# SPDX-License-Identifier: MIT
"""Boot the built image with the test command line and report its TAP results.

Use: qemu-suite.py --out BUILD [--name NAME] [--smp 1,4] [--append "init=test"] [--timeout SECONDS]
With --status-only one result a run: the guest reported success.  With
--fails TEXT one result a run: the guest reported failure and said TEXT.  With
--ends TEXT one result a run: on a machine without an exit device the guest said
TEXT and powered off.  Each --expect PATTERN adds a result: a line of the console
matches.  --plain gives no command line of its own: what "make run" does without
a terminal.
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
    text = console.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in text.split("\n")]


def boot(options, smp):
    """Exit status and console of one run."""
    line = [sys.executable, "scripts/qemu-run.py", "--out", options.out, "--image", options.image,
            "--smp", smp, "--timeout", str(options.timeout)]
    line += [] if options.plain else ["--append=" + options.append]
    line += ["--plain"] if options.ends else []
    for name in ("initrd", "iso", "mem", "extra"):
        value = getattr(options, name)
        line += [f"--{name}={value}"] if value else []
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.stdout.startswith(b"qemu-run: error: ") and done.stdout.count(b"\n") == 1:
        sys.exit("qemu-suite: error: it cannot start: " + done.stdout.decode().strip())
    label = re.sub(r"\W+", "-", f"{options.name} smp{smp}")
    with open(f"{options.out}/console-{label}.log", "wb") as log:
        log.write(done.stdout)
    return done.returncode, lines_of(done.stdout)


def report_status(tap, label, status, lines, options):
    """The end of the run is the only result, and what the guest said if that is asked for."""
    text = options.fails or options.ends
    said = text is None or any(text in line for line in lines)
    if options.ends:
        tap.result(status == 0 and said, f"{label}: the guest says '{text}' and powers off (status {status})")
    elif text is None:
        tap.result(status == 0, f"{label}: the guest reports success (status {status})")
    else:
        tap.result(0 < status < 64 and said, f"{label}: the guest reports failure and says '{text}' (status {status})")


def report(tap, label, status, lines):
    """Turn one console into results."""
    seen, plan = [], None
    for line in lines:
        if match := RESULT.match(line):
            seen.append(int(match[2]))
            tap.result(match[1] == "ok", f"{label}: {match[3] or 'unnamed'}")
        elif match := PLAN.match(line):
            plan = int(match[1])
    tap.result(plan is not None and plan > 0 and seen == list(range(1, plan + 1)),
               f"{label}: plan of {plan} complete ({len(seen)} results)")
    tap.result(status == 0, f"{label}: the guest reports success (status {status})")


def main():
    parser = argparse.ArgumentParser(prog="qemu-suite")
    parser.add_argument("--out", required=True)
    parser.add_argument("--image", default="kernel.elf")
    for name in ("--initrd", "--iso", "--mem", "--extra", "--fails", "--ends"):
        parser.add_argument(name)
    parser.add_argument("--status-only", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--expect", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--name", default="qemu")
    parser.add_argument("--smp", default="1,4")
    parser.add_argument("--append", default="init=test")
    parser.add_argument("--timeout", type=int, default=600)
    options = parser.parse_args()
    tap = Tap()
    for smp in options.smp.split(","):
        status, lines = boot(options, smp)
        label, before = f"{options.name} smp={smp}", tap.failed
        if options.status_only or options.fails or options.ends:
            report_status(tap, label, status, lines, options)
        else:
            report(tap, label, status, lines)
        for pattern in options.expect:
            is_unwanted = pattern.startswith("!")
            said = any(re.search(pattern[is_unwanted:], line) for line in lines)
            verb = "does not say" if is_unwanted else "says"
            tap.result(said != is_unwanted, f"{label}: it {verb} '{pattern[is_unwanted:]}'")
        if tap.failed > before:
            print("".join(f"# {line}\n" for line in lines[-60:]), end="")
    print(f"1..{tap.count}")
    sys.exit(tap.failed > 0)


if __name__ == "__main__":
    main()
