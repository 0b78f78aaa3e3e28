# SPDX-License-Identifier: MIT
"""The plugin's classes of instructions are those of the assembler: prints TAP.

Use: decode.py --plugin count.so
What costs more than an instruction on hardware is assembled and shown to the
decoders; so are instructions that look like it and cost no more.
"""
import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile

CLASSES = ("plain", "atomic", "fence", "root", "tlb", "system", "device", "xsave")
FLAGS = {"idle": 1, "call": 2, "counter": 4, "mark": 8, "return": 16}
# Options of the assembler, then the instructions of each class or flag.
CASES = {
    "x86_64": ("", {
        "plain": ("mov %rax, (%rdi)", "xchg %rax, %rbx", "mov (%rdi), %rax", "ret", "swapgs", "ldmxcsr (%rax)", "nop",
                  "push %r12", "rep stosq", "jmp *%rax", "addq $1, (%rdi)", "nopl 0x56524432(%rax)"),
        "atomic": ("lock xadd %rax, (%rdi)", "lock cmpxchg %rbx, 8(%r12)", "xchg %rax, (%rdi)", "xchg %al, (%r8)",
                   "lock orl $1, (%rax)", "lock incl 4(%rip)"),
        "fence": ("mfence", "lfence", "sfence"),
        "root": ("mov %rax, %cr3", "mov %r12, %cr3"),
        "tlb": ("invlpg (%rax)", "invpcid (%rax), %rbx"),
        "system": ("wrmsr", "rdmsr", "mov %cr3, %rax", "mov %rax, %cr4", "wrfsbase %rax", "rdgsbase %r9"),
        "device": ("in %dx, %al", "out %eax, %dx", "in $0x60, %al", "out %al, $0x20"),
        "xsave": ("fxsave (%rax)", "fxrstor 16(%rbx)", "xsave (%rdi)", "xrstor (%rdi)", "xsaveopt (%rdi)",
                  "xsaves (%rdi)"),
        "idle": ("hlt",), "call": ("call .+100", "call *%rax", "call *8(%r12)"), "counter": ("rdtsc",),
        "return": ("iretq", "sysretq"),
        "mark": ("nopl 0x56524431(%rax)",)}),
    "aarch64": ("-march=armv8.3-a", {
        "plain": ("ldar x0, [x1]", "stlr x0, [x1]", "ldxr x0, [x1]", "ldapr x0, [x1]", "ldr x0, [x1]",
                  "mrs x0, ttbr0_el1", "msr elr_el1, x0", "mrs x0, esr_el1", "ret", "br x1", "nop", "svc #0",
                  "ldp x0, x1, [sp]",
                  "movz xzr, #0x5653", "ldaxr w0, [x1]", "prfm pldl1keep, [x0]", "strb w0, [x1, x2]"),
        "atomic": ("ldadd x0, x1, [x2]", "swpal w0, w1, [x2]", "cas x0, x1, [x2]", "casal w0, w1, [x2]",
                   "casp x0, x1, x2, x3, [x4]", "ldsetal x0, x1, [x2]", "stxr w0, x1, [x2]", "stlxr w0, w1, [x2]"),
        "fence": ("dmb ish", "dmb ishld", "dsb sy", "isb"),
        "root": ("msr ttbr0_el1, x0", "msr ttbr1_el1, x3"),
        "tlb": ("tlbi vmalle1", "tlbi vae1is, x0", "tlbi aside1, x2"),
        "system": ("msr vbar_el1, x0", "mrs x0, cntvct_el0", "msr cntv_cval_el0, x1", "mrs x0, mair_el1",
                   "msr s3_0_c12_c12_1, x0"),
        "idle": ("wfi",), "call": ("bl .+64", "blr x3"), "counter": ("mrs x0, pmccntr_el0",),
        "return": ("eret",),
        "mark": ("movz xzr, #0x5652",)}),
    "riscv64": ("-march=rv64gc", {
        "plain": ("ld a0, (a1)", "lr.d a0, (a1)", "csrr a0, satp", "csrw sepc, a0", "csrrw sp, sscratch, sp",
                  "csrr a0, scause", "ret", "ecall", "j .+64", "jr a0", "c.mv a0, a1", "lui zero, 0x56525"),
        "atomic": ("amoadd.d a0, a1, (a2)", "amoswap.w.aqrl a0, a1, (a2)", "sc.d a0, a1, (a2)",
                   "amoor.w zero, a1, (a2)"),
        "fence": ("fence rw, rw", "fence r, rw", "fence.i", "fence.tso"),
        "root": ("csrw satp, a0", "csrrw a0, satp, a1"),
        "tlb": ("sfence.vma", "sfence.vma a0, a1"),
        "system": ("csrw stvec, a0", "rdtime a0", "csrw 0x14d, a0", "csrr a0, sie", "csrsi sip, 2"),
        "idle": ("wfi",), "call": ("jal ra, .+64", "jalr ra, 4(a0)", "c.jalr a0"), "counter": ("rdinstret a0",),
        "return": ("sret",),
        "mark": ("lui zero, 0x56524",)}),
}


class Decoded(ctypes.Structure):
    """struct decoded of scripts/qemu-plugin/decode.h."""
    _fields_ = [("cls", ctypes.c_uint), ("flags", ctypes.c_uint)]


def assembled(arch, options, text, work):
    """The bytes of one instruction."""
    prefix = f"{arch}-linux-gnu-"
    with open(work + "/one.s", "w", encoding="utf-8") as file:
        file.write(text + "\n")
    subprocess.run([prefix + "as", *options.split(), work + "/one.s", "-o", work + "/one.o"], check=True)
    subprocess.run([prefix + "objcopy", "-O", "binary", "-j", ".text", work + "/one.o", work + "/one.bin"], check=True)
    with open(work + "/one.bin", "rb") as file:
        return file.read()


def wrong(decode, arch, options, kind, instructions, work):
    """Those that the decoder takes for something else."""
    for text in instructions:
        data = assembled(arch, options, text, work)
        got = decode(data, len(data))
        wanted = (CLASSES.index(kind) if kind in CLASSES else 0, FLAGS.get(kind, 0))
        if (got.cls, got.flags) != wanted:
            yield f"{text} ({data.hex()}): class {got.cls}, flags {got.flags}"


def main():
    parser = argparse.ArgumentParser(prog="decode")
    parser.add_argument("--plugin", required=True)
    library = ctypes.CDLL(os.path.abspath(parser.parse_args().plugin), mode=os.RTLD_LAZY)
    count = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for arch, (options, kinds) in CASES.items():
            if not shutil.which(f"{arch}-linux-gnu-as"):
                sys.exit(f"decode: error: {arch}-linux-gnu-as is not installed: run scripts/bootstrap")
            decode = getattr(library, f"decode_{arch}")
            decode.restype, decode.argtypes = Decoded, [ctypes.c_char_p, ctypes.c_size_t]
            for kind, instructions in kinds.items():
                bad = list(wrong(decode, arch, options, kind, instructions, work))
                count, failed = count + 1, failed + bool(bad)
                print(f"{'not ok' if bad else 'ok'} {count} - {arch}: {len(instructions)} instructions are {kind}",
                      flush=True)
                print("".join(f"# {line}\n" for line in bad), end="")
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
