# SPDX-License-Identifier: MIT
"""make O=OUT GOAL..., where trees share what the compiler made of the same input.

Use: cached_make.py OUT [GOAL or VARIABLE=VALUE]...
For the many trees of the tests: ccache knows an object by the command and the preprocessed source, in
both of which are the names of directories.  So that these are the same for each tree, OUT.src links to
the sources of the current directory, its "build" to OUT, and make runs there.  Only with CHECK_CCACHE,
the directory of the cache (check-all sets it), and if ccache is installed; else this is a plain make.
"""
import os
import subprocess
import sys

COMPILERS = "/usr/lib/ccache"  # links named as compilers are, in Debian's package


def link(target, name):
    if not os.path.islink(name) or os.readlink(name) != target:
        if os.path.lexists(name):
            os.remove(name)
        os.symlink(target, name)


def mirror(out):
    """The directory of links to the sources here, where a plain make would run."""
    out = os.path.abspath(out)
    source = out + ".src"
    os.makedirs(out, exist_ok=True)
    os.makedirs(source, exist_ok=True)
    here = os.getcwd()
    for name in os.listdir(here):
        if name not in ("build", "build.src", ".git"):
            link(f"{here}/{name}", f"{source}/{name}")
    link(out, source + "/build")
    return source


def command(out, *words):
    """(words of the command, its environment)."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    if "CHECK_CCACHE" not in environment or not os.path.isdir(COMPILERS):
        return ["make", "-s", f"O={out}", *words], environment
    environment["CCACHE_DIR"] = environment["CHECK_CCACHE"]
    environment["CCACHE_NOHASHDIR"] = "1"  # paths are mapped
    environment["PATH"] = f"{COMPILERS}:{environment['PATH']}"
    return ["make", "-s", "-C", mirror(out), "O=build", *words], environment


if __name__ == "__main__":
    line, variables = command(*sys.argv[1:])
    sys.exit(subprocess.run(line, env=variables, check=False).returncode)
