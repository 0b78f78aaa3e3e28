# SPDX-License-Identifier: MIT
"""Who may include whom, and no cycle.

lib/ and include/lib include nothing of the kernel, include/uapi nothing but
itself, user/ and tests/model nothing of the kernel (the model not even what lib/
offers, but for types and small arithmetic), and no header includes itself by a
detour.
"""
import os
import re
import subprocess
import sys

from tools import need

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
ARCHES = ("x86_64", "aarch64", "riscv64")
# Files whose path starts with the first may not include headers whose path starts with the others.
FORBIDDEN = {
    "lib/": ("include/kernel/", "arch/", "include/uapi/"),
    "include/lib/": ("include/kernel/", "arch/", "include/uapi/"),
    "include/uapi/": ("include/kernel/", "include/lib/", "arch/", "user/"),
    "user/": ("include/kernel/", "arch/"),
    "tests/model/": ("include/kernel/", "include/lib/", "arch/"),  # it is written from the manual
}
ALLOWED = {"tests/model/": ("include/lib/types.h", "include/lib/util.h")}
SUBSYSTEMS = ("kernel", "cap", "ipc", "sched", "mm", "drivers", "arch")


def sources():
    need("git", "check-includes")
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h", "*.S"],
                             capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(path for path in listing if os.path.isfile(path))


def candidates(path, kind, name):
    """Where the compiler would look, most specific first."""
    if kind == '"':
        yield os.path.normpath(os.path.join(os.path.dirname(path), name))
    arches = [a for a in ARCHES if path.startswith(f"arch/{a}/")] or ARCHES
    yield from (f"arch/{arch}/include/{name}" for arch in arches)
    top = ("user/include/", "user/lib/include/", "user/lib/", "user/", "include/uapi/", "include/") \
        if path.startswith("user/") else ("include/", "include/uapi/", "user/include/")
    yield from (prefix + name for prefix in top)


def graph(paths):
    """path -> [(line, included path)], for headers of this repository."""
    known, edges = set(paths), {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        edges[path] = []
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found = [c for c in candidates(path, match[1], match[2]) if c in known]
            if found and not found[0].startswith("arch/"):
                found = found[:1]
            edges[path] += [(line, target) for target in found]
    return edges


def cycles(edges):
    """Each cycle once, as the path from a header back to itself."""
    state, stack = {}, []

    def visit(node):
        state[node] = "open"
        stack.append(node)
        for _, target in edges.get(node, ()):
            if state.get(target) == "open":
                yield stack[stack.index(target):] + [target]
            elif target not in state:
                yield from visit(target)
        stack.pop()
        state[node] = "done"

    for node in edges:
        if node not in state:
            yield from visit(node)


def forbidden(path, target):
    for prefix, banned in FORBIDDEN.items():
        if path.startswith(prefix) and target.startswith(banned) and target not in ALLOWED.get(prefix, ()):
            return f"{prefix.rstrip('/')} must not include {target}"
    owner, other = path.split("/")[0], target.split("/")[0]
    if owner in SUBSYSTEMS and other in SUBSYSTEMS and owner != other and not target.startswith("arch/"):
        return f"subsystems see each other only through include/kernel: {target}"
    return None


def main():
    edges = graph(sources())
    bad = [f"{path}:{line}: {problem}" for path, includes in edges.items()
           for line, target in includes if (problem := forbidden(path, target))]
    bad += ["include cycle: " + " -> ".join(cycle) for cycle in cycles(edges)]
    if bad:
        sys.exit("\n".join(f"check-includes: error: {line}" for line in bad))
    print(f"check-includes: {len(edges)} files, no cycle")


if __name__ == "__main__":
    main()
