# SPDX-License-Identifier: MIT
"""The budgets hold, and the tools around them refuse what they must: prints TAP.

Use: budgets.py --plugin count.so
"""
import argparse
import ctypes
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + "/scripts")
import bench
import bench_budgets

GOOD = """["a"]
gate = 100

["b"]
gate = 100
budget = [200, 210, 220]
reason = "slow"

["c"]
budget = [7, 8, 9]

["d"]
budget = [0, 5, 5]
"""
# Measured in rows of another name: the end of a process, an answer with the next receive; and the machine's end.
WITHOUT_ROW = {"process_exit": "process-life", "ipc_reply_receive": "ipc-8", "system_power_off": None}
BAD = (
    ("a budget above its gate without a reason", '["a"]\ngate = 1\nbudget = [2, 2, 2]\n', "reason"),
    ("a reason without a need", '["a"]\ngate = 1\nreason = "x"\n', "reason"),
    ("two numbers", '["a"]\nbudget = [1, 2]\n', "each of"),
    ("an unknown key", '["a"]\ngate = 1\nlimit = 3\n', "limit"),
    ("no TOML", "gate =\n", "toml"),
)


class Tap:
    count = failed = 0

    def result(self, passed, name):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)


def write(text):
    with open("budgets.toml", "w", encoding="utf-8") as file:
        file.write(text)
    return "budgets.toml"


def problem_with(text):
    try:
        bench_budgets.load(write(text))
    except bench_budgets.Problem as problem:
        return str(problem)
    return ""


def check_compare(tap):
    budgets = bench_budgets.load(write(GOOD))

    def problems(complete=False, **figures):
        return list(bench_budgets.compare(budgets, "x86_64", figures, complete))

    tap.result(budgets["a"].gate == [100, 115, 125], "gates of the other architectures follow")
    tap.result(not problems(a=102, b=204, c=8), "2 % and at least one instruction over the budget pass")
    tap.result(len(problems(a=103, b=205, c=9)) == 3, "one more does not")
    tap.result(len(problems(e=1)) == 1, "a row without a budget fails")
    tap.result(len(problems(True, a=1)) == 2, "a budget without a row fails, but for one that the architecture lacks")
    tap.result(len(problems(d=2)) == 1, "which it may not have")


def check_lower(tap):
    path = write(GOOD)
    tap.result(bench_budgets.lower(path, "x86_64", {"a": 300, "b": 300, "c": 300}) == 0, "no budget is ever raised")
    bench_budgets.lower(path, "x86_64", {"b": 150, "c": 5})
    budgets = bench_budgets.load(path)
    tap.result(budgets["b"].budget == [150, 210, 220] and budgets["c"].budget == [5, 8, 9], "budgets go down")
    for arch in bench_budgets.ARCHES:
        bench_budgets.lower(path, arch, {"b": 50})
    budgets = bench_budgets.load(path)
    tap.result(budgets["b"].budget == [100, 115, 125] and not budgets["b"].reason,
               "a gate that is met becomes the budget, and the reason goes")


def git(*arguments, where="."):
    """What it prints; None if it fails."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", where, *identity, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def told(name, message):
    """Does the message of a commit name the row, or a pattern of it?"""
    words = [word for word in re.findall(r"[\w:*-]*[\w*]", message) if any(map(str.isalnum, word))]
    return any(fnmatch.fnmatchcase(name, word) for word in words)


def raised_silently(where, path):
    """Budgets and gates that a commit of the history raises, and rows that it drops, without naming the row.

    A row that was dropped comes back with what it had.  A merge may take what a
    parent of it has: it raises a row if that is higher than in each of them, and
    drops it if all of them have it.
    """
    known, present = {}, {}  # commit: the last figures of each row; the rows that there are
    history = git("log", "--full-history", "--reverse", "--topo-order", "--parents", "--format=%H %P", "--", path,
                  where=where)
    for commit, *parents in (line.split() for line in (history or "").splitlines()):
        parents = [parent for parent in parents if parent in known]
        try:
            new = bench_budgets.read(git("show", f"{commit}:{path}", where=where) or "")
        except bench_budgets.Problem:
            yield f"{commit[:12]}: it cannot be read"
            new = {}
        raised = [set(bench_budgets.raised(known[parent], new)) for parent in parents]
        dropped = [present[parent] - new.keys() if new else set() for parent in parents]
        message = git("show", "-s", "--format=%B", commit, where=where)
        for name in sorted(set.intersection(*raised) | set.intersection(*dropped) if parents else ()):
            if not told(name, message):
                yield f"{commit[:12]}: {name}"
        known[commit], present[commit] = {}, set(new)
        for parent in parents:
            bench_budgets.remember(known[commit], known[parent])
        bench_budgets.remember(known[commit], new)


def commit(text, message):
    """A version of the file; how many were raised silently up to it."""
    git("add", write(text))
    git("commit", "-q", "-m", message)
    return len(list(raised_silently(".", "budgets.toml")))


def check_raised(tap):
    """A commit may raise a budget only if its message says of which row."""
    git("init", "-q")
    low, high = GOOD.replace("210", "205"), GOOD.replace("[7, 8, 9]", "[7, 9, 9]")
    found = [commit(text, message) for text, message in (
        (low, "Begin"), (GOOD, "Say nothing"), (low, "Lower it"), (GOOD, "Raise it\n\nFor b, why."),
        (high, "Raise c* for a reason"), (GOOD, "Lower"), (GOOD.replace("100", "101", 1), "Move it\n\n* Why not"))]
    tap.result(found == [0, 1, 1, 1, 1, 1, 2], f"a budget or gate raised by a commit that does not name it ({found})")
    without_c = GOOD.replace('["c"]\nbudget = [7, 8, 9]\n', "")
    found = [commit(text, "Without c") - 2 for text in (without_c, GOOD, without_c)] + [commit(high, "Go on") - 2]
    tap.result(found == [0, 0, 0, 1], f"a row that comes back with more than it had ({found})")
    found = [commit(text, "Go on") - 3 for text in (GOOD, GOOD.replace("[7, 8, 9]", "[7, 0, 9]"), high)]
    tap.result(found == [0, 0, 1], f"a figure that comes back with more than it had ({found})")
    found = [commit(text, "Go on") - 4 for text in (GOOD, GOOD.replace("gate = 100\nbudget", "budget")
                                                    .replace('reason = "slow"\n', ""))]
    tap.result(found == [0, 1], f"a gate that goes ({found})")
    found = [commit(text, "Go on") - 5 for text in (GOOD, "gate =", GOOD, high)]
    tap.result(found == [0, 1, 1, 2], f"what is raised behind a version that cannot be read ({found})")
    found = [commit(text, "Go on") - 7 for text in (GOOD, without_c, GOOD)]
    tap.result(found == [0, 1, 1], f"a row that goes ({found})")
    lower = GOOD.replace('gate = 100\nbudget', 'gate = [0, 115, 125]\nbudget')
    higher = GOOD.replace("gate = 100\nbudget", "gate = [101, 115, 125]\nbudget")
    found = [commit(text, "Go on") - 8 for text in (GOOD, lower, higher)]
    tap.result(found == [0, 0, 1], f"a gate that was 0 meanwhile ({found})")
    git("clone", "-q", "--depth", "3", "file://" + os.getcwd(), "shallow")
    found = list(raised_silently("shallow", "budgets.toml"))
    tap.result(len(found) == 1, f"of a shallow clone, what is there ({found})")


def check_merged(tap):
    """A merge takes what was raised by name on a branch, and raises nothing itself."""
    os.mkdir("merge")
    os.chdir("merge")
    git("init", "-q", "-b", "main")
    commit(GOOD, "Begin")
    git("checkout", "-q", "-b", "side")
    commit(GOOD.replace("[7, 8, 9]", "[7, 9, 9]"), "Raise c")
    git("checkout", "-q", "main")
    git("commit", "-q", "--allow-empty", "-m", "Go on")
    git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    found = [len(list(raised_silently(".", "budgets.toml")))]
    git("reset", "-q", "--hard", "HEAD^1")
    git("merge", "-q", "--no-ff", "--no-commit", "side")
    found.append(commit(GOOD.replace("[7, 8, 9]", "[7, 10, 9]"), "Merge"))
    tap.result(found == [0, 1], f"what a merge takes over, and what it raises itself ({found})")
    os.chdir("..")


class Info(ctypes.Structure):
    """struct qemu_info of scripts/qemu-plugin/qemu-abi.h."""
    _fields_ = [("target", ctypes.c_char_p), ("least", ctypes.c_int), ("current", ctypes.c_int),
                ("is_system", ctypes.c_bool), ("cpus", ctypes.c_int), ("max_cpus", ctypes.c_int)]


def install(plugin, target, least, current):
    """What the plugin says to such an emulator, in a process of its own; None if it accepts or crashes."""
    code = ("import ctypes, os, sys; sys.path.insert(0, sys.argv[1]); import budgets\n"
            "info = budgets.Info(sys.argv[3].encode(), int(sys.argv[4]), int(sys.argv[5]), True, 1, 1)\n"
            "library = ctypes.CDLL(sys.argv[2], mode=os.RTLD_LAZY)\n"
            "sys.exit(7 if library.qemu_plugin_install(ctypes.c_uint64(1), ctypes.byref(info), 0, None) else 0)\n")
    done = subprocess.run([sys.executable, "-c", code, TOP + "/tests/bench", plugin, target, str(least), str(current)],
                          stderr=subprocess.PIPE, check=False)
    return done.stderr.decode() if done.returncode == 7 else None


def check_calls(tap):
    """A call of the ABI that is measured nowhere is a hole in the yardstick."""
    with open(TOP + "/include/uapi/veridian/syscalls.toml", "rb") as file:
        names = [call["name"] for call in tomllib.load(file)["call"]]
    text = ""
    for path in glob.glob(TOP + "/user/bench/*.c") + glob.glob(TOP + "/user/bench/*/*.S"):
        with open(path, encoding="utf-8") as file:
            text += file.read()
    missing = [name for name in names if name not in WITHOUT_ROW and not re.search(rf"\bSYS_{name}\b", text)]
    tap.result(names and not missing, f"each of the {len(names)} system calls has a row (without: {missing})")
    budgets = bench_budgets.load(TOP + "/tests/bench/budgets.toml")
    tap.result(all(row in budgets for row in WITHOUT_ROW.values() if row), "those without are parts of others")
    with open(TOP + "/tests/bench/stretches.toml", "rb") as file:
        stretches = tomllib.load(file)
    tap.result(set(stretches) == set(names), "of each call it is said which rows show its longest stretch "
               f"({sorted(set(stretches) ^ set(names))})")
    # What the plugin sees of the rows is not known here; bench.py fails for a row that it did not see.
    unknown = [row for table in stretches.values() for row in table["rows"]
               if row not in budgets and f"stretch:{row}" not in budgets]
    tap.result(not unknown and all(table["why"] for table in stretches.values()),
               f"these rows are there, and why no other is worse ({unknown})")


def check_goal(tap, tree):
    """make check measures the configured board; exact.py sees that this fails over a budget."""
    done = subprocess.run(["make", "-n", f"O={tree}", "check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    tap.result(re.search(rb"scripts/check-all --out \S+ own own-qemu\n", done.stdout), "make check does the group own")
    done = subprocess.run([sys.executable, "scripts/check-all", "--out", tree, "--list", "own"], stdout=subprocess.PIPE,
                          check=False)
    tap.result(b"own: figures within their budgets\n" in done.stdout, "which compares the figures with the budgets")


def check_short(tap, work):
    """Figures of fewer samples are no budgets."""
    for is_short, wanted in ((True, "of fewer samples"), (False, "0 budgets of x86_64 lowered")):
        with open(work + "/bench.json", "w", encoding="utf-8") as file:
            json.dump({"arch": "x86_64", "short": is_short, "rows": {}, "derived": {}}, file)
        done = subprocess.run([sys.executable, TOP + "/scripts/bench.py", "--lower", "--out", work, "--budgets",
                               f"{work}/{write(GOOD)}"], capture_output=True, text=True, check=False)
        tap.result(wanted in done.stdout + done.stderr and done.returncode == is_short,
                   f"lowering budgets to figures of a run, short: {is_short}: {wanted}")


def check_observed(tap, work):
    """A run under the plugin is taken again only for the very image and plugin."""
    files = [f"{work}/{name}" for name in ("kernel.elf", "boot.cpio", "count.so")]
    path, counts = bench.observation(work, "bench=quick")
    tap.result(bench.observed(work, files[2], "bench=quick") is None, "what has not run is not taken again")
    for file, text in (*((file, "") for file in files), (counts, "boot 5\n"), (path, "ROWS 0\n")):
        with open(file, "w", encoding="utf-8") as made:
            made.write(text)
    for file in files:
        os.utime(file, (1, 1))
    tap.result((bench.observed(work, files[2], "bench=quick") or (None, {}))[1].get("boot") == 5,
               "what has run is taken again")
    for file in files:
        os.utime(file, (2**32, 2**32))
        tap.result(bench.observed(work, files[2], "bench=quick") is None,
                   f"but not after {os.path.basename(file)} has changed")
        os.utime(file, (1, 1))


def check_plugin(tap, plugin):
    for least, current in ((2, 4), (0, 2), (0, 0)):
        said = install(plugin, "x86_64", least, current) or ""
        tap.result("QEMU 7.2" in said, f"the plugin refuses an emulator of interface {least} to {current} and says why")
    tap.result("no decoder" in (install(plugin, "sparc", 0, 1) or ""), "it refuses a machine that it cannot decode")
    tap.result("out=FILE" in (install(plugin, "riscv64", 0, 1) or ""), "it wants a file to write to")


def main():
    parser = argparse.ArgumentParser(prog="budgets")
    parser.add_argument("--plugin", required=True)
    plugin, tap = os.path.abspath(parser.parse_args().plugin), Tap()
    tap.result(bool(bench_budgets.load(TOP + "/tests/bench/budgets.toml")), "the committed budgets are well formed")
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        for name, text, wanted in BAD:
            tap.result(wanted in problem_with(text), f"refused: {name}")
        check_compare(tap)
        check_lower(tap)
        check_raised(tap)
        check_merged(tap)
        check_observed(tap, work)
        check_short(tap, work)
    os.chdir(TOP)
    if (git("rev-parse", "--is-shallow-repository") or "true").strip() == "true":
        print("# the history is not here, or cut off: what is before that is not looked at")
    silently = list(raised_silently(".", "tests/bench/budgets.toml"))
    tap.result(not silently, f"budgets only go down, or their commit tells which does not ({silently})")
    check_calls(tap)
    check_goal(tap, os.path.dirname(plugin))
    check_plugin(tap, plugin)
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
