# SPDX-License-Identifier: MIT
"""Start the machine that .config describes, and say how it ended.

The guest ends with a value v: 0x10 is success, 0x40|code a failure.  How v
reaches us depends on the machine (see Board).  Exit status of this program:
0 success, 1 to 63 the guest's failure code, 124 time limit, 125 QEMU ended in
another way (crash, triple fault, wrong arguments).  With --plain the machine
has no such device, as real ones: then 0 says only that it was powered off.
"""
import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys

from tools import need

SUCCESS, FAILURE = 0x10, 0x40
LEAST_MEMORY = 64  # MiB: the range of CONFIG_QEMU_MEM_MB; with less some machines cannot say what is wrong
TIME_LIMIT, BROKEN = 124, 125
X86 = ["-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
       "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
BOARDS = {
    "BOARD_QEMU_X86_64": ("qemu-system-x86_64", ["-M", "q35", "-cpu", "max"] + X86),
    "BOARD_QEMU_X86_64_MICROVM": ("qemu-system-x86_64", ["-M", "microvm", "-cpu", "max"] + X86),
    "BOARD_QEMU_AARCH64": ("qemu-system-aarch64",
                           ["-M", "virt,gic-version=3", "-cpu", "max", "-nodefaults", "-nographic",
                            "-serial", "stdio", "-semihosting"]),
    "BOARD_QEMU_RISCV64": ("qemu-system-riscv64",
                           ["-M", "virt", "-nodefaults", "-nographic", "-serial", "stdio", "-no-reboot"]),
}


def fail(message):
    sys.exit(f"qemu-run: error: {message}")


def read_config(out):
    try:
        with open(out + "/config.json", encoding="utf-8") as file:
            return json.load(file)
    except OSError:
        fail(f"no configuration in {out}; run make first")


def without_exit(arguments, options, line):
    """The machine without what only emulators have, so that the firmware's way of powering off is taken."""
    if "virt" in arguments:  # RISC-V: the device stays for the firmware; the kernel must not recognise it
        tree = options.out + "/plain.dtb"
        subprocess.run([*line, "-M", f"virt,dumpdtb={tree}"], check=True, stderr=subprocess.DEVNULL)
        with open(tree, "r+b") as file:
            blob = file.read()
            file.seek(0)
            file.write(blob.replace(b"sifive,test0", b"hidden,test0"))
        return line + ["-dtb", tree]
    return [word for word in line if word not in ("-semihosting", "-device") and "isa-debug-exit" not in word]


def command(options, config):
    """The QEMU command line, as a list."""
    board = next((name for name in BOARDS if config.get(name)), None)
    if not board:
        fail("the configured board is no machine of QEMU")
    program, arguments = BOARDS[board]
    smp = options.smp or config["QEMU_CPUS"]
    mem = options.mem or config["QEMU_MEM_MB"]
    if mem < LEAST_MEMORY:
        fail(f"MEM={mem}: the machine needs {LEAST_MEMORY} MiB or more")
    line = [program, *arguments, "-smp", str(smp), "-m", f"{mem}M"]
    if options.plain:
        line = without_exit(arguments, options, line)
    if options.iso:
        line += ["-cdrom", options.iso]
    else:
        line += ["-kernel", f"{options.out}/{options.image}"]
        archive = options.initrd or f"{options.out}/boot.cpio"
        line += [] if archive == "none" else ["-initrd", archive]
    append = options.append
    if append is None:
        # Without a terminal nobody can type into the shell: show the demonstration and power off.
        alone = "demo" if config.get("USER_DEMO") else "init=test" if config.get("USER_TESTS") else ""
        append = "" if options.print or sys.stdin.isatty() else alone
    if append and not options.iso:
        line += ["-append", append]
    return line + shlex.split(options.extra or "")


def guest_value(program, status):
    """Undo the mapping of the machine; None if the guest said nothing."""
    if status < 0:
        return None
    if program.endswith("x86_64"):
        return (status - 1) // 2 if status & 1 and status > 1 else None
    return status if status > 1 else None


def verdict(options, program, status):
    if options.plain and status == 0:
        return 0
    value = guest_value(program, status)
    if value == SUCCESS:
        return 0
    if value is not None and value & ~0x3f == FAILURE:
        print(f"qemu-run: the guest reports failure {value & 0x3f}", file=sys.stderr)
        return (value & 0x3f) or 1
    print(f"qemu-run: QEMU ended with status {status} without a word from the guest", file=sys.stderr)
    return BROKEN


def start(line, seconds):
    """Run to the end or the time limit; the child never outlives us."""
    # A terminal belongs to the guest while it runs: Ctrl-C goes to QEMU, which ends, and we report.
    if sys.stdin.isatty():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(line) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            print(f"qemu-run: time limit of {seconds} s reached", file=sys.stderr)
            sys.exit(TIME_LIMIT)


def free_port():
    """The port of gdb's habit, or any other one if somebody has it."""
    for port in (1234, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    return fail("no free port for gdb")


def debug(line, options):
    """QEMU stopped at its first instruction, gdb in the foreground if there is one and a terminal."""
    port = free_port()
    attach = ["gdb-multiarch", "-q", f"{options.out}/kernel.elf", "-ex", f"target remote :{port}"]
    print("qemu-run: " + shlex.join(attach), file=sys.stderr)
    line = line + ["-gdb", f"tcp::{port}", "-S"]
    if not sys.stdin.isatty():
        return start(line, options.timeout or 600)
    need("gdb-multiarch", "qemu-run")
    with open(options.out + "/console.log", "wb") as log, \
            subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, start_new_session=True) as process:
        print(f"qemu-run: the console goes to {options.out}/console.log", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        subprocess.run(attach, check=False)
        process.kill()
    sys.exit(0)


def positive(text):
    value = int(text)
    if value <= 0:
        raise ValueError
    return value


def parse():
    parser = argparse.ArgumentParser(prog="qemu-run")
    parser.add_argument("--out", default="build")
    parser.add_argument("--image", default="kernel.elf")
    parser.add_argument("--initrd", metavar="FILE", help='instead of the boot archive that was built; "none": none')
    parser.add_argument("--iso")
    parser.add_argument("--smp", type=positive)
    parser.add_argument("--mem", type=positive)
    parser.add_argument("--append")
    parser.add_argument("--extra")
    parser.add_argument("--timeout", type=positive, help="seconds; default: none on a terminal, else 120")
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--plain", action="store_true", help="no exit device")
    parser.add_argument("--debug", action="store_true")
    return parser.parse_args()


def main():
    options = parse()
    line = command(options, read_config(options.out))
    if options.print:
        print(shlex.join(line))
        return 0
    need(line[0], "qemu-run")
    if options.debug:
        return verdict(options, line[0], debug(line, options))
    seconds = options.timeout or (None if sys.stdin.isatty() else 120)
    return verdict(options, line[0], start(line, seconds))


if __name__ == "__main__":
    sys.exit(main())
