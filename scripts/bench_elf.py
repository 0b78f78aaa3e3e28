# SPDX-License-Identifier: MIT
"""Symbols and addresses of a kernel image, for the benchmarks."""
import bisect
import struct

PT_LOAD, SHT_SYMTAB = 1, 2
FUNCTION_TYPES = (0, 2)  # not typed, function


class Image:
    """An ELF64 file: what its addresses are called, and where it lies in memory."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:5] != b"\x7fELF\x02":
            raise ValueError(f"{path} is no ELF64 file")
        header = struct.unpack_from("<HHIQQQIHHHHHH", self.data, 16)
        self.entry, segments, sections = header[3:6]
        nr_segments, nr_sections = header[9], header[11]
        self.loads = [struct.unpack_from("<IIQQQQQQ", self.data, segments + 56 * n) for n in range(nr_segments)]
        self.loads = [load for load in self.loads if load[0] == PT_LOAD]
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, sections + 64 * n) for n in range(nr_sections)]
        self.symbols = sorted(self.read_symbols())
        self.starts = [address for address, _ in self.symbols]

    def read_symbols(self):
        """(address, name) of code."""
        for section in self.sections:
            if section[1] != SHT_SYMTAB:
                continue
            names = self.sections[section[6]][4]
            for at in range(section[4], section[4] + section[5], 24):
                name, info, _, place, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
                if info & 15 not in FUNCTION_TYPES or not 0 < place < len(self.sections):
                    continue
                end = self.data.index(b"\0", names + name)
                text = self.data[names + name:end].decode()
                is_code = self.sections[place][2] & 4
                if text and is_code and not text.startswith(("$", ".L")):
                    yield value, text

    def name_of(self, address):
        """The function at an address of the kernel; "user" below."""
        if not address >> 63:
            return "user" if address else "?"
        place = bisect.bisect_right(self.starts, address) - 1
        return self.symbols[place][1] if place >= 0 else "?"

    def address_of(self, name):
        return next((address for address, symbol in self.symbols if symbol == name), None)

    def physical(self, address):
        for _, _, _, virtual, physical, _, size, _ in self.loads:
            if virtual <= address < virtual + size:
                return address - virtual + physical
        return address

    def boot_entry(self):
        """Physical address of the first instruction of the kernel."""
        return self.physical(self.address_of("boot_pvh") or self.entry)

    def text_size(self):
        """Bytes of code and constants: sections that are loaded and not written."""
        return sum(section[5] for section in self.sections if section[2] & 2 and not section[2] & 1)
