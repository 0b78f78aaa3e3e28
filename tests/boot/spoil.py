# SPDX-License-Identifier: MIT
"""Write to standard output a program that faults at its first instruction.

Use: spoil.py PROGRAM
It is PROGRAM with zeroes at its entry: a store to nowhere on x86_64, an illegal
instruction elsewhere.
"""
import struct
import sys

ENTRY, TABLE, COUNT = 24, 32, 56  # offsets in the header of an ELF file, 64 bits
LOAD, SIZE = 1, 56                # kind of a program header that is loaded, and its bytes
ZEROES = bytes(16)


def main():
    with open(sys.argv[1], "rb") as file:
        image = bytearray(file.read())
    entry, table = struct.unpack_from("<QQ", image, ENTRY)
    for i in range(struct.unpack_from("<H", image, COUNT)[0]):
        kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", image, table + i * SIZE)
        if kind == LOAD and address <= entry < address + size:
            at = entry - address + offset
            image[at:at + len(ZEROES)] = ZEROES
            sys.stdout.buffer.write(image)
            return
    sys.exit(f"spoil: error: {sys.argv[1]} does not load its entry")


if __name__ == "__main__":
    main()
