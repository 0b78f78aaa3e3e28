# SPDX-License-Identifier: MIT
"""Sit at the terminal of the machine and use its shell; TAP on standard output.

Use: qemu-shell.py --out BUILD [--name NAME] [--smp N] [--suite] -- COMMAND...
COMMAND starts the machine ("make run", scripts/qemu-run.py) on a terminal of
its own.  Each line typed has to be answered before the next prompt; all of
what is typed reaches the shell through the interrupt of the UART.  The last
line is "poweroff", after which COMMAND must end with success.  With --suite
the test suite is run from the shell too.  Whatever happens, COMMAND and its
children are gone afterwards.
"""
import argparse
import os
import pty
import re
import select
import signal
import sys
import time

PROMPT = "veridian> "
BOOT_SECONDS, ANSWER_SECONDS, RUN_SECONDS, END_SECONDS = 90, 20, 240, 30
COMMANDS = ("help", "ps", "caps", "mem", "cpus", "config", "run", "demo", "poweroff")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc")


class Silent(Exception):
    """The machine did not say in time what was expected."""


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, line):
        self.log = self.unread = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(line[0], line)

    def read(self, seconds):
        """What comes next, or "" at the end of the command or the time."""
        ready, _, _ = select.select([self.fd], [], [], max(seconds, 0))
        try:
            text = os.read(self.fd, 65536).decode("utf-8", "replace") if ready else ""
        except OSError:  # the other side is closed
            text = ""
        self.log += text
        return text

    def until_prompt(self, seconds):
        """Everything up to the next prompt, as plain lines; what follows is kept for the next time."""
        end = time.monotonic() + seconds
        while PROMPT not in self.unread:
            more = self.read(end - time.monotonic())
            if not more:
                raise Silent(f"no prompt within {seconds} s")
            self.unread += more
        text, _, self.unread = self.unread.partition(PROMPT)
        return CONTROL.sub("", text).replace("\r", "")

    def type(self, text):
        os.write(self.fd, text.encode())

    def ended(self, seconds):
        """The exit status once the command has ended; None if it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        return None

    def kill(self):
        """The command leads its session: its group holds all it has started."""
        if self.pid:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


class Tap:
    """Counts and prints results."""

    def __init__(self, name):
        self.name, self.count, self.failed = name, 0, 0

    def result(self, passed, what):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {self.name}: {what}", flush=True)


# ---- what each command must answer: patterns, each found at the start of a line, or a function

def all_of(*patterns):
    return lambda answer: all(re.search(pattern, answer, re.MULTILINE) for pattern in patterns)


def only(*lines):
    return lambda answer: answer.strip().split("\n") == list(lines)


helps = all_of(*(rf"^  {command} +\S" for command in COMMANDS))
demonstrates = all_of(r"^Demonstration: (\d+) of \1 steps went well$", r"^demo exited with code 0$")


def has_processes(answer):
    """Each process runs and has threads, mapped pages and capabilities."""
    rows = re.findall(r"^(\w+) +running +(\d+) +(\d+) +(\d+)$", answer, re.MULTILINE)
    known = {"init", "names", "console", "shell"} <= {row[0] for row in rows}
    return known and all(int(number) > 0 for row in rows for number in row[1:])


def has_memory(answer):
    match = re.search(r"^(\d+) frames of 4 KiB, (\d+) free, (\d+) not promised to anybody$", answer, re.MULTILINE)
    return bool(match) and int(match[1]) > int(match[2]) >= int(match[3]) > 0


def has_cpus(count):
    def check(answer):
        rows = re.findall(r"^(\d+) +(?:0x)?[0-9a-f]+ +\d+ +(\d+) +\d+$", answer, re.MULTILINE)
        return [int(row[0]) for row in rows] == list(range(count)) and int(rows[0][1]) > 0
    return check


def dialogue(options):
    """(what is shown, keys typed, check of the answer, seconds)."""
    with open(options.out + "/include/generated/config.txt", encoding="utf-8") as file:
        config = file.read().rstrip("\n").split("\n")
    unknown = 'unknown command; "help" lists them'
    yield "help lists the commands", "help", helps, ANSWER_SECONDS
    yield "an unknown command is named", "nonsense", only(f"nonsense: {unknown}"), ANSWER_SECONDS
    yield "an empty line is nothing", "", only(""), ANSWER_SECONDS
    yield "both keys erase a character", "hexx\x7f\blp", helps, ANSWER_SECONDS
    yield "^U erases the line", "nonsense\x15help", helps, ANSWER_SECONDS
    yield "a line ends at 79 characters", "x" * 150, only(f"{'x' * 79}: {unknown}"), ANSWER_SECONDS
    yield "ps lists the processes", "ps", has_processes, ANSWER_SECONDS
    yield "caps lists the capabilities", "caps", all_of(
        r"^0x[0-9a-f]+ +process +0x", r"^0x[0-9a-f]+ +endpoint +0x", r"^0x[0-9a-f]+ +system +0x"), ANSWER_SECONDS
    yield "mem tells about memory", "mem", has_memory, ANSWER_SECONDS
    yield f"cpus lists {options.smp}", "cpus", has_cpus(options.smp), ANSWER_SECONDS
    yield "config prints what was configured", "config", only(*config), ANSWER_SECONDS
    some = [line for line in config if "QEMU" in line]
    yield "config TEXT prints the lines with it", "config QEMU", only(*some), ANSWER_SECONDS
    yield "run wants a name", "run", only("run: name a program of the boot archive"), ANSWER_SECONDS
    yield "run of a program that is not there", "run nothing", only("nothing: NOTFOUND"), ANSWER_SECONDS
    yield "run tells a failure", "run names", all_of("^names exited with code 1$"), ANSWER_SECONDS
    if "CONFIG_USER_DEMO=y" in config:
        yield "run demo", "run demo", demonstrates, RUN_SECONDS
        yield "demo", "demo", demonstrates, RUN_SECONDS
    if options.suite:
        yield "run test", "run test", lambda answer: (
            "\nnot ok" not in answer and "\ntest exited with code 0\n" in answer), RUN_SECONDS


def converse(terminal, tap, options):
    """Boot, each line and its answer, what is typed ahead, the end."""
    terminal.until_prompt(BOOT_SECONDS)
    tap.result(True, "a terminal gets a prompt")
    for what, keys, check, seconds in dialogue(options):
        terminal.type(keys + "\r")
        answer = terminal.until_prompt(seconds).split("\n", 1)[-1]  # without the echo
        tap.result(check(answer), what)
    # Both lines arrive while the first one's program runs.
    terminal.type("run names\rhelp\r")
    terminal.until_prompt(ANSWER_SECONDS)
    tap.result(helps(terminal.until_prompt(ANSWER_SECONDS)), "what is typed ahead is not lost")
    terminal.type("poweroff\r")
    status = terminal.ended(END_SECONDS)
    tap.result(status == 0, f"poweroff ends the machine with success (status {status})")


def main():
    parser = argparse.ArgumentParser(prog="qemu-shell")
    parser.add_argument("--out", required=True)
    parser.add_argument("--name", default="shell")
    parser.add_argument("--smp", type=int, default=4)
    parser.add_argument("--suite", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    tap = Tap(options.name)
    terminal = Terminal(options.command)
    try:
        converse(terminal, tap, options)
    except Silent as silence:
        tap.result(False, str(silence))
    finally:
        terminal.kill()
    if tap.failed:
        lines = CONTROL.sub("", terminal.log).replace("\r", "").split("\n")
        print("".join(f"# {line}\n" for line in lines[-60:]), end="")
    print(f"1..{tap.count}")
    sys.exit(tap.failed > 0)


if __name__ == "__main__":
    main()
