# SPDX-License-Identifier: MIT
"""Runs inside gdb, in a system call of the first process: what the kernel runs with.

Prints "fact yes|no TEXT" for each, then "no more facts".  What can be shown by a forbidden access is
shown by one (provoke.py); this is the rest.
"""
import re

import gdb

BLOCK, LEVEL_BITS, PAGE_BITS = 2 << 20, 9, 12
DIRECT_BASE = {"i386:x86-64": 0xFFFF800000000000, "aarch64": 0xFFFF800000000000, "riscv:rv64": 0xFFFFFFC000000000}
# Levels above 0 of the tables, physical address in an entry, and whether it is a leaf.
TABLES = {"i386:x86-64": (3, lambda e: e & 0xFFFFFFFFFF000, lambda e: e >> 7 & 1),
          "aarch64": (3, lambda e: e & 0xFFFFFFFFF000, lambda e: not e >> 1 & 1),
          "riscv:rv64": (2, lambda e: e >> 10 << 12 & 0xFFFFFFFFFFF000, lambda e: e & 0xE)}
HARMFUL = 1 << 18 | 1 << 10  # alignment check, direction
LEVEL_LINES = {5, 9, 10, 11}  # of an ISA device that QEMU's q35 says to be level-triggered (ACPI MADT)
PROTECTIONS = {"UMIP": 1 << 11, "SMEP": 1 << 20, "SMAP": 1 << 21}


def number(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})")) & 0xFFFFFFFFFFFFFFFF


def flags():
    return int(gdb.parse_and_eval("$eflags"))


def run_to(place):
    stop = gdb.Breakpoint(place, type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
    gdb.execute("continue", to_string=True)
    stop.delete()


def fact(is_so, text):
    print(f"fact {'yes' if is_so else 'no'} {text}")


def leaf_level(address, machine):
    """The level of the leaf that maps a kernel address; -1 if nothing does."""
    level, physical, is_leaf = TABLES[machine]
    table = number("'kmap.c'::root")
    while True:
        index = address >> (PAGE_BITS + LEVEL_BITS * level) & 511
        entry = number(f"*(unsigned long *){DIRECT_BASE[machine] + table + 8 * index:#x}")
        if not entry & 1:
            return -1
        if level == 0 or is_leaf(entry):
            return level
        table, level = physical(entry), level - 1


def lines():
    """x86_64: the interrupt source overrides of the firmware have come to the controller."""
    said = gdb.execute("monitor info pic", to_string=True)
    level = {int(pin) for pin in re.findall(r"pin (\d+) .* level ", said)}
    fact({pin for pin in level if pin < 16} == LEVEL_LINES, "lines of ISA devices are triggered as the firmware says")


def protections():
    """x86_64: the bits are on; and flags of user mode's do not come along, above all not the one that lifts SMAP."""
    for name, bit in PROTECTIONS.items():
        fact(number("$cr4") & bit, f"{name} is on")
    while True:
        run_to("*entry_interrupt")
        if number("*(unsigned long *)($rsp + 24)") & 3:
            break
    gdb.execute(f"set $eflags = {flags() | HARMFUL}")
    run_to("*kernel_irq")
    fact(not flags() & HARMFUL, "an interrupt clears the flags that open user pages and turn copies round")
    run_to("*sys_system_log")
    gdb.execute(f"set var ((struct thread *)$rdi)->regs.rflags |= {HARMFUL}")
    run_to("*kernel_syscall")
    is_user = number("((struct thread *)$rdi)->regs.rflags") & HARMFUL == HARMFUL
    fact(is_user and not flags() & HARMFUL, "and so does a system call")


run_to("*sys_system_log")
here = gdb.selected_frame().architecture().name()
middle = (number("*(unsigned long *)&kernel_phys") + 4 * BLOCK) & -BLOCK
fact(leaf_level(DIRECT_BASE[here] + middle, here) >= 1, "the direct map has large pages")
if here.startswith("i386"):
    protections()
    lines()
print("no more facts")
