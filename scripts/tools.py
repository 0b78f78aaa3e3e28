# SPDX-License-Identifier: MIT
"""A missing tool is named with its Debian package, in one line: need("dtc", "check-all").

The table scripts/packages maps tools to packages; make has its own $(call need,TOOL).
"""
import os
import shutil
import sys


def missing(tool):
    """What to say of a tool that is not there; "" if it is."""
    if shutil.which(tool):
        return ""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages"), encoding="utf-8") as table:
        package = dict(line.strip().split("=") for line in table).get(tool, tool)
    return f"{tool} is not installed: apt install {package}, or run scripts/bootstrap"


def need(tool, program):
    """End @program if @tool is not there."""
    if missing(tool):
        sys.exit(f"{program}: error: {missing(tool)}")
