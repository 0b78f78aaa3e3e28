# SPDX-License-Identifier: MIT
"""Runs inside gdb: OpenSBI lets the other harts in too early, where the first one begins.

It does so by chance (see arch/riscv64/boot.S), here each time: the address that they are given is changed
just before the firmware is called.  Prints "online N", the CPUs that have come up.
"""
import gdb

HSM, START = 0x48534D, 0  # SBI specification 1.0, chapter 9


def run_to(place):
    stop = gdb.Breakpoint(place, type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
    gdb.execute("continue", to_string=True)
    stop.delete()


gdb.execute("set confirm off")
stop = gdb.Breakpoint("*sbi_call", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
stop.condition = f"$a0 == {HSM:#x} && $a1 == {START}"
for _ in gdb.selected_inferior().threads()[1:]:
    gdb.execute("continue", to_string=True)
    gdb.execute("set $a3 = kernel_phys")
stop.delete()
run_to("sys_system_log")
print(f"online {int(gdb.parse_and_eval('nr_cpus_online'))}")
