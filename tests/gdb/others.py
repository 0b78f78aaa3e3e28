# SPDX-License-Identifier: MIT
"""Runs inside gdb: a panic with all CPUs busy, and where the others are when the machine ends.

Prints "stopped N": how many CPUs but the panicking one have come to rest.  The
order to stop needs a moment to arrive, so the panicking CPU is moved on in small
steps, in which the others run freely.
"""
import gdb

REST = ("arch_stop", "entry_nmi")  # x86_64 stops by a non-maskable interrupt
STEPS = 300


def at_rest():
    """CPUs that wait for ever."""
    count = 0
    for cpu in gdb.selected_inferior().threads():
        cpu.switch()
        count += gdb.selected_frame().name() in REST
    return count


def run_to(place):
    stop = gdb.Breakpoint(place, type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
    gdb.execute("continue", to_string=True)
    stop.delete()
    return gdb.selected_thread()


gdb.execute("set confirm off")
run_to("sys_system_log")
gdb.execute("set $pc = 8")
panicked = run_to("arch_power_off")
others = len(gdb.selected_inferior().threads()) - 1
for _ in range(STEPS):
    if at_rest() == others:
        break
    panicked.switch()
    gdb.execute("stepi", to_string=True)
print(f"stopped {at_rest()}")
