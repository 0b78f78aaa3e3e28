# SPDX-License-Identifier: MIT
"""Runs inside gdb: break one running kernel so that it panics, and say what its backtrace must show.

The variable "case" of gdb's Python names what to break.  Prints, innermost
first, one line "expect ADDRESS NAME" for each function on the stack where
the fault is planted; then the kernel is on its own.
"""
import gdb

BAD = 0x123456789AB0  # canonical and mapped nowhere
NULL = 8
ARGUMENT = {"i386:x86-64": "$rdi", "aarch64": "$x0", "riscv:rv64": "$a0"}
USER_STACK = {"i386:x86-64": "rsp", "aarch64": "sp", "riscv:rv64": "sp"}
CALL = ("*sys_system_log",)  # a system call of the first process
MEMORY = ("init_load", "*memcpy")  # all is mapped as it stays; what comes is a write
# Functions to stop at one after the other, what to spoil at the last one, and what it becomes.
CASES = {
    "leaf": (("init_load", "*memcmp"), "argument", lambda: BAD),
    "deep": (("*bootmem_init",), "argument", lambda: BAD),
    "call": (CALL, "argument", lambda: BAD),
    "jump": (CALL, "$pc", lambda: BAD),
    "assertion": (("*kmap_stack",), "argument", lambda: BAD),
    "null page": (CALL, "argument", lambda: NULL),
    "user's data": (CALL, "argument", lambda: of_user(USER_STACK)),
    "user's code": (CALL, "$pc", lambda: of_user({}) & ~3),
    "write to text": (MEMORY, "argument", lambda: symbol("kernel_main")),
    "write to text in the direct map": (MEMORY, "argument", lambda: alias("kernel_main")),
    "write to constants": (MEMORY, "argument", lambda: symbol("rodata_start")),
    "execution of data": (CALL, "$pc", lambda: symbol("cpus")),
    "execution in the direct map": (CALL, "$pc", lambda: alias("kernel_main")),
    "below the stack": (CALL, "$sp", lambda: number("cpus[0].stack_top") - 0x4000),
}


def number(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})"))


def symbol(name):
    return number(f"&{name}")


def alias(name):
    """Where the direct map shows it."""
    start, physical = (number("&image_start"), number("*(unsigned long *)&kernel_phys"))
    return DIRECT_BASE[machine()] + symbol(name) - start + physical


def of_user(registers):
    """The pc of the calling thread, or another register by the name it has there."""
    name = registers.get(machine(), "rip" if machine().startswith("i386") else "pc")
    return number(f"((struct thread *){ARGUMENT[machine()]})->regs.{name}")


def machine():
    return gdb.selected_frame().architecture().name()


DIRECT_BASE = {"i386:x86-64": 0xFFFF800000000000, "aarch64": 0xFFFF800000000000, "riscv:rv64": 0xFFFFFFC000000000}


def stack():
    """(return address or pc, name) of each function that has a place on the stack."""
    frame = gdb.newest_frame()
    while frame is not None and frame.is_valid():
        if frame.type() != gdb.INLINE_FRAME:
            yield frame.pc(), frame.name() or "?"
        if frame.name() in ("kernel_main", "kernel_syscall"):
            return
        frame = frame.older()


def provoke(stops, spoiled, value):
    for place in stops:
        stop = gdb.Breakpoint(place, type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
        gdb.execute("continue", to_string=True)
        stop.delete()
    for address, name in stack():
        print(f"expect {address:#x} {name}")
    becomes = value()
    print(f"spoiled {becomes:#x}")
    gdb.execute(f"set {ARGUMENT[machine()] if spoiled == 'argument' else spoiled} = {becomes:#x}")


provoke(*CASES[case])  # noqa: F821, set by the command line
