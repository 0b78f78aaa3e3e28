# SPDX-License-Identifier: MIT
"""Write a boot archive (newc cpio) that depends on nothing but its contents.

Use: mkcpio.py ARCHIVE NAME=FILE...
Names are sorted, inode numbers count from 1, times and owners are 0, so the
same files give the same bytes wherever and whenever they are packed.
"""
import sys

PROGRAM = 0o100755
TRAILER = "TRAILER!!!"


def padded(data):
    """Headers with names, and contents, end on multiples of four bytes."""
    return data + bytes(-len(data) % 4)


def member(inode, name, mode, data):
    """One file: magic, 13 fields of 8 hexadecimal digits, name, contents."""
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(header + encoded) + padded(data)


def main():
    if len(sys.argv) < 2:
        sys.exit("use: mkcpio.py ARCHIVE NAME=FILE...")
    files = dict(argument.split("=", 1) for argument in sys.argv[2:])
    with open(sys.argv[1], "wb") as archive:
        for inode, name in enumerate(sorted(files), 1):
            with open(files[name], "rb") as file:
                archive.write(member(inode, name, PROGRAM, file.read()))
        archive.write(member(0, TRAILER, 0, b""))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"mkcpio: error: {error}")
