# SPDX-License-Identifier: MIT
"""The saved commands of the build as a compilation database.

Use: compdb.py OBJECT.cmd...   writes compile_commands.json to standard output.
"""
import json
import os
import re
import sys

# Flags of gcc that clang's tools, who read the database, would refuse.
GCC_ONLY = re.compile(r" -fno-tree-\S+|_zicsr_zifencei")
# The last "saved_OBJECT := COMMAND" of a file; COMMAND ends with the source.
SAVED = re.compile(r"^saved_(\S+) := (.* (\S+))$", re.M)


def entry(path):
    with open(path, encoding="utf-8") as file:
        match = SAVED.search(file.read())
    if not match:
        sys.exit(f"compdb: error: {path} holds no saved command")
    # Undo what protects the command in a Makefile.
    line = match[2].replace("$$", "$").replace("\\#", "#")
    return {"directory": os.getcwd(), "command": GCC_ONLY.sub("", line), "file": match[3], "output": match[1]}


if __name__ == "__main__":
    json.dump([entry(path) for path in sys.argv[1:]], sys.stdout, indent=1)
