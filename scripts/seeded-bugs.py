# SPDX-License-Identifier: MIT
"""See the kernel's checkers alive: boot with "bug=NAME" for each mistake that the configuration's checkers must find.

Use: seeded-bugs.py --out BUILD [--image IMAGE] [--name NAME]
The build has CONFIG_SEEDED_BUGS.  TAP, one result a mistake: the guest announces it, panics with the checker's words,
and ends with a failure status.
"""
import argparse
import json
import re
import subprocess
import sys

BUGS = {
    "UBSAN": {
        "add": "addition overflows 'int'",
        "subtract": "subtraction overflows 'int'",
        "multiply": "multiplication overflows 'int'",
        "negate": "negation overflows 'int'",
        "divide": "division overflows or is by zero: 'int'",
        "shift": "shift beyond the bits of 'int'",
        "bounds": "index out of the bounds of 'int",
        "null": "access through NULL to 'int'",
        "misaligned": "misaligned access to 'u32'",
        "beyond": "access beyond an object of type '",
        "argument": "NULL where an argument must not be",
        "result": "NULL where a result must not be",
        "builtin": "zero given to a builtin that counts bits",
        "boolean": "a value that cannot be is loaded: '",
        "pointer": "pointer arithmetic overflows",
        "unreachable": "code that is never reached",
    },
    "KASAN": {
        "frame_read": "read of 8 bytes at {address}: a free frame",
        "frame_write": "write of 1 bytes at {address}: a free frame",
        "item_read": "read of 4 bytes at {address}: a free item of a slab",
        "item_beyond": "bytes at {address}: a free item of a slab",
        "item_before": "read of 2 bytes at {address}: a free item of a slab",
        "global": "read of 4 bytes at {address}: behind a variable",
        "user": "read of 1 bytes at 0x10000: of the user half",
    },
    "LOCK_CHECKER": {
        "lock_order": "lock of rank 1 taken with ranks 0x4 held",
        "lock_twice": "lock of rank 1 taken with ranks 0x2 held",
        "lock_released": "lock of rank 1 released but not held",
        "lock_kept": "leaving the kernel with locks held: ranks 0x4",
    },
}


# Handlers of kernel/ubsan.c that no C code reaches as gcc compiles it here: -Wvla, C++ only, clang only.
NOT_REACHED = {"vla_bound_not_positive", "missing_return", "alignment_assumption"}


def without_mistake():
    """Handlers of undefined behaviour that neither a mistake above nor a reason stands for."""
    with open("kernel/ubsan.c", encoding="utf-8") as file:
        handlers = re.findall(r'^(?:TYPED|PLACED)\((\w+), "([^"]+)"\)$', file.read(), re.M)
    return [kind for kind, text in handlers if kind not in NOT_REACHED
            and not any(words.startswith(text) for words in BUGS["UBSAN"].values())]


def boot(options, bug):
    line = [sys.executable, "scripts/qemu-run.py", "--out", options.out, "--image", options.image, "--smp", "1",
            f"--append=bug={bug}", "--timeout", "60"]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r", "")


def main():
    parser = argparse.ArgumentParser(prog="seeded-bugs")
    parser.add_argument("--out", required=True)
    parser.add_argument("--image", default="kernel.elf")
    parser.add_argument("--name", default="qemu")
    options = parser.parse_args()
    with open(options.out + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    if not config.get("SEEDED_BUGS"):
        sys.exit("seeded-bugs: error: the configuration has no SEEDED_BUGS")
    count = failed = 0
    for checker, bugs in BUGS.items():
        for bug, words in bugs.items() if config.get(checker) else ():
            pattern = re.escape(words).replace(r"\{address\}", "0xff[0-9a-f]{14}")
            status, console = boot(options, bug)
            passed = 0 < status < 64 and f"seeded bug: {bug}\n" in console and re.search(pattern, console) is not None
            count, failed = count + 1, failed + (not passed)
            print(f"{'ok' if passed else 'not ok'} {count} - {options.name}: {checker} finds {bug}", flush=True)
            if not passed:
                print(f"# status {status}\n" + "".join(f"# {line}\n" for line in console.splitlines()[-30:]), end="")
    if config.get("UBSAN"):
        left = without_mistake()
        count, failed = count + 1, failed + bool(left)
        print(f"{'not ok' if left else 'ok'} {count} - {options.name}: UBSAN: each handler has its mistake"
              + "".join(f"\n# {kind} has none" for kind in left))
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
