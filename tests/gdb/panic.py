# SPDX-License-Identifier: MIT
"""Provoke panics in a real kernel and compare its reports with what gdb knows.

Use: panic.py --out BUILD [--image FILE] [--name NAME]
Each case boots the image under gdb, spoils one register at a chosen function
(provoke.py) and lets go.  The backtrace must show the very return addresses
that gdb found by the debugging information, with the functions' names.  Other
cases touch what no code of the kernel may touch: each must end in a panic that
names the address.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

PLACE = re.compile(r"^  (0x[0-9a-f]+)(?: ([\w.]+)\+(?:0x)?[0-9a-f]+)?$", re.M)
SPOILED = re.compile(r"^spoiled (0x[0-9a-f]+)$", re.M)
EXPECT = re.compile(r"^expect (0x[0-9a-f]+) ([\w.?]+)$", re.M)
BAD = "0000123456789ab0"
ENDS = {"kernel_main", "kernel_syscall"}
# What is written, and the name of the backtrace's first place ("": the spoiled pc has none; None: any).
CASES = {
    "leaf": ("0x12345678", "memcmp"),
    "deep": ("0x12345678", "bootmem_init"),
    "call": ("0x12345678", "sys_system_log"),
    "jump": ("0x12345678", ""),
    "assertion": ("assertion failed", None),
}
# What the kernel cannot do: by its tables, by PAN, SMAP and SUM=0, by SMEP and execute-never.
FORBIDDEN = ("null page", "user's data", "user's code", "write to text", "write to text in the direct map",
             "write to constants", "execution of data", "execution in the direct map", "below the stack")
OVERFLOW = "double fault (stack overflow?)"  # of x86_64, which has no address for it
ACCESSED = re.compile(r"\b(?:of|address|stval) (0x[0-9a-f]+)")  # as each architecture says it
NEAR = 4096  # the accessed field lies somewhere behind the pointer
CPUS = 4


def under_gdb(options, commands, smp=1):
    """Exit status and console of the guest, and what gdb said."""
    with tempfile.TemporaryDirectory() as scratch:
        port = f"{scratch}/gdb"
        machine = [sys.executable, "scripts/qemu-run.py", "--out", options.out, "--image", options.image,
                   "--smp", str(smp), "--append=init=test", "--timeout", "100",
                   f"--extra=-S -gdb unix:{port},server=on,wait=off"]
        gdb = ["timeout", "90", "gdb-multiarch", "-nx", "-q", "-batch", f"{options.out}/kernel.elf",
               "-ex", f"target remote {port}", *commands]
        with subprocess.Popen(machine, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as guest:
            subprocess.run(["timeout", "20", "sh", "-c", f"until test -S {port}; do sleep 0.1; done"], check=False)
            said = subprocess.run(gdb, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  check=False).stdout.decode("utf-8", "replace")
            console = guest.communicate()[0].decode("utf-8", "replace").replace("\r", "")
    return guest.returncode, console, said


def provoke(options, case):
    here = os.path.dirname(os.path.abspath(__file__))
    return under_gdb(options, ["-ex", f'python case = "{case}"', "-x", f"{here}/provoke.py", "-ex", "detach"])


def unwind(options):
    """What is wrong with gdb's own backtrace after entries from user mode: it must end in the entry code."""
    places = ("kernel_syscall", "kernel_fault", "kernel_irq")
    commands = ["-ex", "tbreak init_load", "-ex", "continue"]
    for place in places:
        commands += ["-ex", f"thbreak {place}", "-ex", "continue", "-ex", "bt 20", "-ex", "echo next\\n"]
    said = under_gdb(options, [*commands, "-ex", "kill"])[2]
    for place, part in zip(places, said.split("next\n")):
        frames = re.findall(r"^#\d+ .*", part, re.M)
        if place not in part or not frames or [n for n, f in enumerate(frames) if "entry.S" in f] != [len(frames) - 1]:
            return f"{place} has the frames {frames}", said
        if "Backtrace stopped" in part or "Cannot access" in part:
            return f"gdb cannot end the backtrace of {place}", said
    return "", said


def stops_others(options):
    """What is wrong with the other CPUs when the machine ends by a panic: all wait for ever, interrupts off."""
    here = os.path.dirname(os.path.abspath(__file__))
    said = under_gdb(options, ["-x", f"{here}/others.py", "-ex", "kill"], CPUS)[2]
    stopped = re.findall(r"^stopped (\d+)$", said, re.M)
    return "" if stopped == [str(CPUS - 1)] else f"CPUs that stopped: {stopped}", said


def comes_early(options):
    """What is wrong with harts that begin where the first one did (RISC-V only)."""
    here = os.path.dirname(os.path.abspath(__file__))
    said = under_gdb(options, ["-x", f"{here}/early.py", "-ex", "kill"], CPUS)[2]
    online = re.findall(r"^online (\d+)$", said, re.M)
    return "" if online == [str(CPUS)] else f"CPUs online: {online}", said


def speaks_by_firmware(options):
    """What is wrong if the device tree names a UART that the direct map does not show (RISC-V only)."""
    spoil = "set var 'early.c'::info.uart_base = 1UL << 40"
    commands = ["thbreak fdt_parse", "continue", "finish", spoil, "thbreak kernel_syscall", "continue", "kill"]
    status, console, said = under_gdb(options, [word for command in commands for word in ("-ex", command)])
    return "" if "Veridian for riscv64" in console else f"nothing is said (status {status})", said + console


def facts(options):
    """(name, what is wrong or nothing, what was said) of what the kernel runs with."""
    here = os.path.dirname(os.path.abspath(__file__))
    said = under_gdb(options, ["-x", f"{here}/facts.py", "-ex", "kill"])[2]
    found = re.findall(r"^fact (yes|no) (.+)$", said, re.M)
    for answer, text in [*found, ("yes" if "no more facts" in said else "no", "gdb could see all of it")]:
        yield text, "" if answer == "yes" else "it is not so", said


def judge_forbidden(case, status, console, said):
    """Nothing, or what is wrong with the panic that a forbidden access leads to."""
    spoiled = SPOILED.findall(said)
    head = console.partition("kernel panic on CPU 0:\n")[2]
    reason = head.split("\n")[0]
    near = [address for address in ACCESSED.findall(reason)
            if spoiled and abs(int(address, 0) - int(spoiled[0], 0)) < NEAR]
    if not spoiled or not reason:
        return "nothing forbids it" if spoiled else "gdb could not provoke it"
    if not near and not (case == "below the stack" and OVERFLOW in reason):
        return f"{reason!r} does not name an address at {spoiled[0]}"
    return "" if status == 1 else f"exit status {status} instead of the failure code 1"


def judge(case, status, console, said):
    """Nothing, or what is wrong with the report."""
    reason, innermost = CASES[case]
    expected = EXPECT.findall(said)
    head, _, trace = console.partition("backtrace:\n")
    places = PLACE.findall(trace)
    names = [name for _, name in places]
    if not expected or expected[-1][1] not in ENDS:
        return "gdb could not provoke it"
    if "kernel panic on CPU 0:" not in head or reason not in head:
        return "no panic with the right reason"
    if status != 1:
        return f"exit status {status} instead of the failure code 1"
    if BAD not in head and case != "assertion":
        return "the registers are not the ones of the fault"
    if "registers of the running thread:" not in head and case in ("call", "jump"):
        return "the registers of the running thread are missing"
    if not places or innermost not in (None, names[0]):
        return f"the backtrace begins with {names[:1]} instead of {innermost}"
    first = 0 if case == "jump" else names.index(expected[0][1]) if expected[0][1] in names else None
    if first is None or places[first + 1:first + len(expected)] != expected[1:]:
        return f"the backtrace is not {expected}"
    return ""


def results(options):
    """(name, what is wrong or nothing, what was said) of each case."""
    for case in CASES:
        status, console, said = provoke(options, case)
        yield f"panic, {case}", judge(case, status, console, said), said + console
    for case in FORBIDDEN:
        status, console, said = provoke(options, case)
        yield f"forbidden to the kernel: {case}", judge_forbidden(case, status, console, said), said + console
    yield from facts(options)
    yield "gdb finds the end of the stack", *unwind(options)
    yield "a panic stops the other CPUs", *stops_others(options)
    with open(f"{options.out}/config.json", encoding="utf-8") as file:
        if json.load(file)["ARCH"] == "riscv64":
            yield "the others may begin where the first one does", *comes_early(options)
            yield "a UART out of reach leaves the firmware's output", *speaks_by_firmware(options)


def main():
    parser = argparse.ArgumentParser(prog="panic")
    parser.add_argument("--out", required=True)
    parser.add_argument("--image", default="kernel.elf")
    parser.add_argument("--name", default="panic")
    options = parser.parse_args()
    failed = number = 0
    for number, (name, wrong, said) in enumerate(results(options), 1):
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {options.name}: {name}", flush=True)
        if wrong:
            print(f"# {wrong}")
            print("".join(f"# {line}\n" for line in said.splitlines()[-60:]), end="", flush=True)
    print(f"1..{number}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
