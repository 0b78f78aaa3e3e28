# SPDX-License-Identifier: MIT
"""Make the table of functions for kernel/kallsyms.c.

Reads "nm -n" of a linked kernel on standard input (nothing at all for the
first pass), writes assembly.  Only symbols between text_start and text_end
count; of several at one address the one without a leading dot or dollar sign.
"""
import sys


def functions(lines):
    """(offset from text_start, name) in ascending order, and the size of the text."""
    symbols = []
    for line in lines:
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tTwW" or len(fields) == 3 and fields[2] in ("text_start", "text_end"):
            symbols.append((int(fields[0], 16), fields[2]))
    marks = {name: address for address, name in symbols}
    if not symbols:
        return [], 0
    if not {"text_start", "text_end"} <= set(marks):
        sys.exit("kallsyms: error: the image has no text_start and text_end")
    start, end, found = marks["text_start"], marks["text_end"], {}
    for address, name in sorted(symbols):
        if start <= address < end and name != "text_start" and not name.startswith((".", "$")):
            found.setdefault(address - start, name)
    return sorted(found.items()), end - start


def array(label, values, directive=".long"):
    body = "".join(f"\t{directive} {value}\n" for value in values)
    return f"\t.balign 4\n\t.globl {label}\n\t.type {label}, %object\n{label}:\n{body}\t.size {label}, . - {label}\n"


def main():
    table, end = functions(sys.stdin)
    places, position = [], 0
    for _, name in table:
        places.append(position)
        position += len(name) + 1
    sys.stdout.write(
        '\t.section .rodata.kallsyms, "a"\n'
        + array("kallsyms_count", [len(table)])
        + array("kallsyms_offsets", [offset for offset, _ in table] + [end])
        + array("kallsyms_names", places)
        + array("kallsyms_strings", [f'"{name}"' for _, name in table], ".asciz")
        + '\t.section .note.GNU-stack, "", %progbits\n')


if __name__ == "__main__":
    main()
