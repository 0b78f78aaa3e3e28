# SPDX-License-Identifier: MIT
"""Make the committed corpus of the fuzz targets: tests/fuzz/corpus/<target>/.

Run it after a format or a harness changed; the same input gives the same files.
Device trees are those of QEMU's machines, trimmed of the memory they reserve
for growth, and small ones compiled by dtc; everything else is made here.
"""
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def save(target, name, data):
    with open(f"{HERE}/corpus/{target}/{name}", "wb") as file:
        file.write(data)


def save_cut(target, name, data, *lengths):
    save(target, name, data)
    for length in lengths:
        save(target, f"{name}-cut{length}", data[:length])


# ---- ELF

RX, RW, RO = 5, 6, 4


def elf(segments, machine=62, entry=0x1000, kind=3, extra=b"", offset=64):
    """segments: (flags, file offset, address, file size, memory size)"""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", kind, machine, 1, entry, offset, 0, 0, 64, 56, len(segments) + len(extra) // 56, 64, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", 1, flags, at, address, address, size, memory, 0x1000)
                     for flags, at, address, size, memory in segments)
    body = header + table + extra
    end = max((at + size for _, at, _, size, _ in segments), default=0)
    return body + b"\x90" * max(0, end - len(body))


def make_elf():
    plain = [(RO, 0, 0, 0x100, 0x100), (RX, 0, 0x1000, 0x180, 0x180), (RW, 0x40, 0x2040, 0x100, 0x3000)]
    files = {"three-segments": elf(plain), "one-segment": elf([(RX, 0, 0, 0x80, 0x80)], entry=0x10),
             "aarch64": elf(plain, 183), "riscv64": elf(plain, 243), "other-machine": elf(plain, 3),
             "static": elf(plain, kind=2), "no-segments": elf([]),
             "bss-only": elf(plain[:2] + [(RW, 0, 0x3000, 0, 64)]),
             "unaligned": elf([(RX, 0x10, 0xff8, 0x100, 0x1100)]), "overlap": elf([plain[1], (RW, 0, 0x1800, 16, 16)]),
             "write-execute": elf([(7, 0, 0x1000, 0x80, 0x80)]), "entry-in-data": elf(plain, entry=0x2040),
             "wraps": elf([plain[1], (RW, 0, 0xfffffffffffff000, 0x10, 0xfff)]),
             "stack-note": elf(plain, extra=struct.pack("<IIQQQQQQ", 0x6474e551, RW, 0, 0, 0, 0, 0, 16)),
             "interpreter": elf(plain, extra=struct.pack("<IIQQQQQQ", 3, RO, 0, 0, 0, 8, 8, 1)),
             "most-segments": elf([(RX, 0, 0x1000 * (n + 1), 16, 16) for n in range(16)]),
             "too-many": elf([(RX, 0, 0x1000 * (n + 1), 16, 16) for n in range(17)])}
    machine = {"aarch64": b"\1", "riscv64": b"\2"}
    for name, data in files.items():
        save("elf", name, machine.get(name, b"\0") + data)
    for length in (0, 1, 40, 65, 120, 233, 300):
        save("elf", f"cut{length}", (b"\0" + files["three-segments"])[:length])
    for fault in (0, 1, 3, 5, 8, 12, 20, 27, 28):
        save("loader", f"fails-at-{fault}", bytes([fault]) + files["three-segments"])
    for name in ("one-segment", "unaligned", "bss-only", "most-segments", "wraps", "overlap"):
        save("loader", name, b"\0" + files[name])


# ---- cpio

def member(name, data, mode=0o100644, **fields):
    values = {"mode": mode, "filesize": len(data), "namesize": len(name) + 1, **fields}
    names = "ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check".split()
    header = b"070701" + b"".join(b"%08x" % (values.get(key, 0) & 0xffffffff) for key in names)
    text = header + name.encode() + b"\0"
    text += bytes(-len(text) % 4)
    return text + data + bytes(-len(data) % 4)


def make_cpio():
    trailer = member("TRAILER!!!", b"", 0)
    small = member("init", b"\x7fELF and more") + member("config", b"CONFIG_SMP=y\n") + trailer
    save_cut("cpio", "small", small, 0, 5, 109, 110, 113, 124, 130, 200, len(small) - 1, len(small) - 3)
    save("cpio", "empty-archive", trailer)
    save("cpio", "empty-file", member("a", b"") + trailer)
    save("cpio", "same-name", member("a", b"1") + member("a", b"2") + trailer)
    save("cpio", "padding", b"".join(member("n" * n, b"d" * n) for n in range(1, 6)) + trailer)
    save("cpio", "capitals", small.replace(b"0000000d", b"0000000D"))
    save("cpio", "no-trailer", member("init", b"x"))
    save("cpio", "huge-file", member("a", b"x", filesize=0xffffffff) + trailer)
    save("cpio", "huge-name", member("a", b"x", namesize=0xffffffff) + trailer)
    save("cpio", "no-name", member("a", b"x", namesize=0) + trailer)
    save("cpio", "short-name", member("abc", b"x", namesize=3) + trailer)
    save("cpio", "bad-magic", b"070702" + small[6:])
    save("cpio", "bad-digit", small[:20] + b"g" + small[21:])


# ---- command line

def make_cmdline():
    texts = ["", " ", "test", "loglevel=4 cpus=2", 'a="b c" "d=e f" g', "cpus=0 loglevel=9 nonsense", "-- cpus=1",
             "loglevel=0xffffffffffffffff0", "cpus=18446744073709551615", '"unclosed', "=value", "name=", "a=b=c=d",
             "x" * 300 + "=" + "y" * 300, "init.path=/x run=test shell", "\t\v\r\n a", "cpus= loglevel", '"" ""="" =""']
    for number, text in enumerate(texts):
        save("cmdline", f"line{number:02}", text.encode())


# ---- device trees

TREES = {
    "smallest": "/ { };",
    "machine": """/ { #address-cells = <2>; #size-cells = <2>;
        chosen { bootargs = "test cpus=1"; stdout-path = "uart:115200"; linux,initrd-start = <0x88000000>;
            linux,initrd-end = <0 0x88100000>; rng-seed = [01 02 03 04 05 06 07 08]; };
        aliases { uart = "/soc/serial@10000000"; };
        memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x8000000>; numa-node-id = <0>; };
        memory@90000000 { device_type = "memory"; reg = <0 0x90000000 0 0x8000000>; numa-node-id = <1>; };
        reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; fw@80000000 {
            reg = <0 0x80000000 0 0x40000>; no-map; }; };
        distance-map { compatible = "numa-distance-map-v1";
            distance-matrix = <0 0 10>, <0 1 21>, <1 0 21>, <1 1 10>; };
        cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <10000000>;
            cpu@0 { device_type = "cpu"; reg = <0>; riscv,isa = "rv64imafdc_sstc"; numa-node-id = <0>;
                i0: interrupt-controller { #interrupt-cells = <1>; interrupt-controller; }; };
            cpu@1 { device_type = "cpu"; reg = <1>; riscv,isa = "rv64imafdc_sstc"; numa-node-id = <1>;
                i1: interrupt-controller { #interrupt-cells = <1>; interrupt-controller; }; }; };
        soc { #address-cells = <2>; #size-cells = <2>; compatible = "simple-bus"; ranges;
            serial@10000000 { compatible = "ns16550a"; reg = <0 0x10000000 0 0x100>; interrupts = <10>;
                interrupt-parent = <&plic>; };
            plic: plic@c000000 { compatible = "sifive,plic-1.0.0"; #interrupt-cells = <1>; interrupt-controller;
                reg = <0 0xc000000 0 0x600000>; riscv,ndev = <53>;
                interrupts-extended = <&i0 11>, <&i0 9>, <&i1 11>, <&i1 9>; };
            test@100000 { compatible = "sifive,test1", "sifive,test0"; reg = <0 0x100000 0 0x1000>; }; }; };""",
    "arm": """/ { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
        chosen { stdout-path = "/pl011@9000000"; };
        memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x10000000>; };
        psci { compatible = "arm,psci-1.0"; method = "hvc"; };
        cpus { #address-cells = <1>; #size-cells = <0>;
            cpu@0 { device_type = "cpu"; reg = <0>; enable-method = "psci"; };
            cpu@100 { device_type = "cpu"; reg = <0x100>; enable-method = "psci"; status = "disabled"; }; };
        timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };
        gic: intc@8000000 { compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller;
            reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>; };
        pl011@9000000 { compatible = "arm,pl011"; reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>; }; };""",
    "buses": """/memreserve/ 0x1000 0x2000; / { #address-cells = <1>; #size-cells = <1>;
        memory@0 { device_type = "memory"; reg = <0 0x1000000>, <0x2000000 0x1000000>; };
        bus@1000 { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x40000000 0x1000>, <0x1000 0x50000000 0x1000>;
            inner { #address-cells = <2>; #size-cells = <1>; ranges = <0 0 0x1000 0x100>;
                test@0 { compatible = "sifive,test0"; reg = <0 0x10 0x10>; }; }; };
        closed { #address-cells = <1>; #size-cells = <1>; serial@0 { compatible = "ns16550a"; reg = <0 8>; }; }; };""",
}
MACHINES = {"qemu-arm-gicv2": ("aarch64", ["-M", "virt,gic-version=2", "-cpu", "cortex-a72"]),
            "qemu-riscv-numa": ("riscv64", [
                "-M", "virt", "-smp", "2", "-object", "memory-backend-ram,id=m0,size=64M", "-object",
                "memory-backend-ram,id=m1,size=64M", "-numa", "node,nodeid=0,memdev=m0,cpus=0", "-numa",
                "node,nodeid=1,memdev=m1,cpus=1", "-numa", "dist,src=0,dst=1,val=21"])}


def dtc(data, kind):
    """Compiled or normalised, without space to grow."""
    return subprocess.run(["dtc", "-q", "-I", kind, "-O", "dtb"], input=data, capture_output=True, check=True).stdout


def make_fdt():
    trees = {name: dtc(text.replace("/ {", "/dts-v1/; / {", 1).encode() if not text.startswith("/mem")
                       else b"/dts-v1/; " + text.encode(), "dts") for name, text in TREES.items()}
    for name, (arch, options) in MACHINES.items():
        with tempfile.TemporaryDirectory() as directory:
            path = directory + "/dtb"
            options[1] += f",dumpdtb={path}"
            subprocess.run([f"qemu-system-{arch}", *options, "-m", "128M", "-nodefaults", "-display", "none"],
                           check=True, capture_output=True)
            with open(path, "rb") as file:
                tree = dtc(dtc(file.read(), "dtb"), "dtb")
        trees[name] = scrub_seeds(tree)
    for name, data in trees.items():
        save("fdt", name, data)
    tree = trees["machine"]
    strings = struct.unpack(">I", tree[12:16])[0]
    for length in (0, 3, 39, 40, 56, 100, strings, strings + 5, len(tree) - 1):
        save("fdt", f"machine-cut{length}", tree[:length])
        if length > 40:  # cut, and the header says so
            save("fdt", f"machine-short{length}", tree[:4] + struct.pack(">I", length) + tree[8:length])
    save("fdt", "old-version", tree[:20] + struct.pack(">II", 16, 16) + tree[28:])
    save("fdt", "deep", dtc(b"/dts-v1/; / {" + b"a {" * 20 + b"};" * 20 + b"};", "dts"))


def scrub_seeds(tree):
    """Random seeds differ from run to run: replace them by numbers that do not."""
    strings, size = struct.unpack(">I", tree[12:16])[0], struct.unpack(">I", tree[32:36])[0]
    table, result = tree[strings:strings + size], bytearray(tree)
    for name in (b"rng-seed\0", b"kaslr-seed\0"):
        at = table.find(name)
        while at > 0 and table[at - 1]:
            at = table.find(name, at + 1)
        for length in (8, 32) if at >= 0 else ():
            head = struct.pack(">III", 3, length, at)
            here = tree.find(head)
            while here >= 0:
                result[here + 12:here + 12 + length] = bytes(range(length))
                here = tree.find(head, here + 1)
    return bytes(result)


# ---- ACPI: memory from BASE on, the root pointer first

BASE = 0x7fe0000


def summed(data, at):
    data = bytearray(data)
    data[at] = 0
    data[at] = -sum(data) & 0xff
    return bytes(data)


def table(signature, body):
    return summed(signature + struct.pack("<I", 36 + len(body)) + b"\1\0VRDIANFUZZ    \1\0\0\0FUZZ\1\0\0\0" + body, 9)


def acpi(tables, dsdt, wide):
    """An image: root pointer, root table, the tables, the definition block."""
    at = 0x40 + 36 + len(tables) * (8 if wide else 4)
    at = (at + 15) & ~15
    image, places = b"", []
    dsdt_at = at
    image += dsdt + bytes(-len(dsdt) % 16)
    at += len(image)
    for make in tables:
        data = make(BASE + dsdt_at)
        places.append(BASE + at)
        image += data + bytes(-len(data) % 16)
        at += len(data) + -len(data) % 16
    root = table(b"XSDT" if wide else b"RSDT", b"".join(struct.pack("<Q" if wide else "<I", p) for p in places))
    pointer = b"RSD PTR \0VRDIAN" + struct.pack("<BI", 2 if wide else 0, 0 if wide else BASE + 0x40)
    pointer = summed(pointer, 8)
    if wide:
        pointer = summed(pointer + struct.pack("<IQ", 36, BASE + 0x40) + bytes(4), 32)
    head = pointer + bytes(0x40 - len(pointer)) + root
    return head + bytes(dsdt_at - len(head)) + image


def madt(*entries):
    body = struct.pack("<II", 0xfee00000, 1) + b"".join(bytes([kind, len(data) + 2]) + data for kind, data in entries)
    return lambda _dsdt: table(b"APIC", body)


def cpu(number, flags=1):
    return 0, struct.pack("<BBI", number, number, flags)


def fadt(size, flags=0):
    def make(dsdt):
        body = bytearray(size - 36)
        struct.pack_into("<I", body, 40 - 36, dsdt)
        struct.pack_into("<I", body, 64 - 36, 0x604)
        struct.pack_into("<I", body, 76 - 36, 0x608)
        struct.pack_into("<I", body, 112 - 36, flags)
        if size >= 244:
            struct.pack_into("<Q", body, 140 - 36, dsdt)
            struct.pack_into("<BBBBQ", body, 172 - 36, 1, 16, 0, 2, 0x604)
            struct.pack_into("<BBBBQ", body, 208 - 36, 1, 32, 0, 3, 0x608)
        return table(b"FACP", bytes(body))
    return make


def srat(*entries):
    body = struct.pack("<IQ", 1, 0) + b"".join(bytes([kind, len(data) + 2]) + data for kind, data in entries)
    return lambda _dsdt: table(b"SRAT", body)


def memory_affinity(node, base, size):
    return 1, struct.pack("<IHQQIIQ", node, 0, base, size, 0, 1, 0)


def make_acpi():
    lines = [(1, struct.pack("<BBII", 0, 0, 0xfec00000, 0)), (2, struct.pack("<BBIH", 0, 0, 2, 0)),
             (2, struct.pack("<BBIH", 0, 9, 9, 0xd)), (4, struct.pack("<BHB", 255, 0, 1))]
    numa = srat((0, struct.pack("<BBIB3sI", 0, 0, 1, 0, bytes(3), 0)), (2, struct.pack("<HIIIII", 0, 1, 1, 1, 0, 0)),
                memory_affinity(0, 0, 0xa0000), memory_affinity(0, 0x100000, 0xff00000),
                memory_affinity(1, 0x10000000, 0x10000000))
    slit = table(b"SLIT", struct.pack("<Q", 2) + bytes([10, 21, 21, 10]))
    hpet = table(b"HPET", struct.pack("<IBBBBQBHB", 0x8086a201, 0, 64, 0, 0, 0xfed00000, 0, 0x80, 0))
    s5 = table(b"DSDT", b"\x08\\_S5_\x12\x06\x04\x0a\x05\x00\x00\x00" + b"\x10\x05_SB_")
    s5_word = table(b"DSDT", b"\x5b\x80" * 8 + b"\x08_S5_\x12\x46\x00\x04\x0b\x07\x00\x00\x00\x00")
    q35 = acpi([fadt(244), madt(cpu(0), cpu(1), cpu(255, 0), *lines), lambda _: hpet, numa, lambda _: slit], s5, False)
    large = madt(cpu(0), (9, struct.pack("<HIII", 0, 300, 1, 0)), (5, struct.pack("<HQ", 0, 0xfee00000)), *lines[:1])
    microvm = acpi([fadt(276), large], s5_word, True)
    images = {"q35": q35, "microvm": microvm, "reduced": acpi([fadt(276, 1 << 20), madt(cpu(0))], s5, True),
              "oldest": acpi([fadt(116), madt(cpu(0))], s5, False), "no-madt": acpi([fadt(116)], s5, False),
              "empty-root": acpi([], s5, True),
              "short-entry": acpi([madt(cpu(0), (1, b"\0\0"))], s5, False),
              "zero-entry": acpi([lambda _: table(b"APIC", bytes(8) + bytes(8))], s5, False),
              "big-slit": acpi([madt(cpu(0)), lambda _: table(b"SLIT", struct.pack("<Q", 1 << 40))], s5, False)}
    for name, image in images.items():
        save("acpi", name, b"\0" + image)
        save("acpi", name + "-repaired", b"\1" + image)
    save("acpi", "q35-no-memory", b"\3" + q35)
    for length in (0, 1, 8, 20, 21, 37, 64, 101, 140, 300, len(q35) - 20):
        save("acpi", f"q35-cut{length}", (b"\1" + q35)[:length])


# ---- PVH and Multiboot2: memory from HANDOVER on

HANDOVER = 0x98000


def entries(*ranges, extra=b""):
    return b"".join(struct.pack("<QQII", base, size, kind, 0) + extra for base, size, kind in ranges)


def pvh(ranges, cmdline=b"test cpus=1\0", modules=((0x60000, 0x3000),), version=1, rsdp=0xf5990):
    table_at, text_at, list_at = HANDOVER + 0x40, HANDOVER + 0x400, HANDOVER + 0x800
    data = struct.pack("<IIIIQQQQII", 0x336ec578, version, 0, len(modules), list_at, text_at if cmdline else 0, rsdp,
                       table_at, len(ranges), 0)
    data += bytes(0x40 - len(data)) + entries(*ranges)
    data += bytes(0x400 - len(data)) + cmdline
    return data + bytes(0x800 - len(data)) + b"".join(struct.pack("<QQQQ", *module, 0, 0) for module in modules)


def tag(kind, data):
    return struct.pack("<II", kind, 8 + len(data)) + data + bytes(-len(data) % 8)


def multiboot(*tags):
    body = b"".join(tags) + tag(0, b"")
    return struct.pack("<II", 8 + len(body), 0) + body


def make_handover():
    low, firmware = (0, 0x9fc00, 1), (0x9fc00, 0x400, 2)
    maps = {"plain": [low, firmware, (0xf0000, 0x10000, 2), (0x100000, 0x7ee0000, 1), (0xfd00000000, 0x300000000, 2)],
            "holes": [(0, 0x30000, 1), (0x28000, 0x1000, 2), (0x30000, 0x10000, 20), (0x40000, 0x50000, 1), (0, 0, 0)],
            "no-kernel": [(0x40000, 0x40000, 1)], "nothing": [],
            "ends-high": [low, (0xfffffffffffff000, 0x1000, 1), (0xfffffffffffff000, 0x2000, 2)],
            "wraps": [low, (0x100000, 0xfffffffffff00000 - 0x1000, 1), (0xfffffffffffff000, 0x2000, 1)],
            "many": [(0x1000 * n, 0x800, 1) for n in range(33)] + [(0x20000, 0x20000, 1)]}
    for name, ranges in maps.items():
        save("handover", f"pvh-{name}", b"\0" + pvh(ranges))
        tags = [tag(1, b"test cpus=1\0"), tag(3, struct.pack("<II", 0x60000, 0x63000) + b"archive\0"),
                tag(6, struct.pack("<II", 24, 0) + entries(*ranges)), tag(14, b"RSD PTR " + bytes(12))]
        save("handover", f"multiboot-{name}", b"\1" + multiboot(*tags))
    plain = pvh(maps["plain"])
    for length in (0, 1, 20, 57, 100, 0x410, 0x810):
        save("handover", f"pvh-cut{length}", (b"\0" + plain)[:length])
    modules = ((0x60000, 0x1000), (0x62000, 1), (0xff0000, 9))
    save("handover", "pvh-modules", b"\0" + pvh(maps["plain"], modules=modules))
    save("handover", "pvh-bare", b"\0" + pvh(maps["plain"], b"", (), rsdp=0))
    save("handover", "pvh-version0", b"\0" + pvh(maps["plain"], version=0))
    save("handover", "pvh-long-line", b"\0" + pvh(maps["plain"], b"a" * 600 + b"\0"))
    v2 = multiboot(tag(1, b"x" * 700), tag(15, b"RSD PTR " + bytes(28)), tag(14, b"RSD PTR " + bytes(12)),
                   tag(6, struct.pack("<II", 40, 0) + entries(*maps["plain"], extra=bytes(16))))
    save("handover", "multiboot-v2", b"\1" + v2)
    for length in (5, 9, 20, 200, len(v2) - 4):
        save("handover", f"multiboot-cut{length}", (b"\1" + v2)[:length])
    save("handover", "multiboot-short-tag", b"\1" + struct.pack("<IIII", 64, 0, 1, 4))


# ---- system calls: operations of 16 bytes, behind one for the machine: its CPUs, and its seed, which chooses a profile

def make_calls():
    for seed in 1, 2, 3:
        for cpus in range(3):
            for operations in (40, 160):
                data = random.Random(f"{seed} {cpus} {operations}").randbytes(16 * operations)
                save("calls", f"random-{1 << cpus}cpu-{operations}-{seed}", bytes([3 * seed + cpus]) + data)


def main():
    for tool in ("dtc", "qemu-system-aarch64", "qemu-system-riscv64"):
        if not shutil.which(tool):
            sys.exit(f"make-corpus: error: {tool} is not installed: run scripts/bootstrap")
    shutil.rmtree(f"{HERE}/corpus", ignore_errors=True)
    for target in ("elf", "loader", "cpio", "cmdline", "fdt", "acpi", "handover", "calls"):
        os.makedirs(f"{HERE}/corpus/{target}")
    for make in (make_elf, make_cpio, make_cmdline, make_fdt, make_acpi, make_handover, make_calls):
        make()


if __name__ == "__main__":
    main()
