# SPDX-License-Identifier: MIT
"""The figures of the manual are what was measured: prints TAP.

Use: plot.py
Reports made up here are drawn; and the committed figures are held to the
budgets, so that they are drawn anew when rows or figures have changed.
"""
import csv
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + "/scripts")
import bench
import bench_budgets
import bench_plot
from exact import Tap

FIGURES = TOP + "/Documentation/performance"


def made_up(arch, budgets):
    """A report with a figure of its own for each row: 1000 and more."""
    rows = {}
    for number, name in enumerate(name for name in budgets if ":" not in name and name not in ("boot", "latency")):
        median = 1000 + number
        rows[name] = {"min": median - 1, "median": median, "p90": median, "p99": median + 3, "max": median + 9,
                      "mean": median + 0.5, "n": 10, "histogram": {"width": 5, "counts": [9, 1]}}
    return {"arch": arch, "rows": rows, "derived": {}, "boot": 5000000, "latency": 9000}


def draw(work, reports):
    """Status, what was said, and the bytes of each file that was drawn."""
    paths = []
    for report in reports:
        paths.append(f"{work}/{len(paths)}.json")
        with open(paths[-1], "w", encoding="utf-8") as file:
            json.dump(report, file)
    done = subprocess.run([sys.executable, "scripts/bench_plot.py", "--out", work + "/drawn", *paths], cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    drawn = {}
    for path in glob.glob(work + "/drawn/*"):
        with open(path, "rb") as file:
            drawn[os.path.basename(path)] = file.read()
    return done.returncode, done.stdout.decode(), drawn


def has_number(drawing, number):
    """Is there a text with it?"""
    return any(re.search(rf"(?<![\d,]){number:,}(?![\d,])", "".join(text.itertext()))
               for text in xml.etree.ElementTree.fromstring(drawing).iter() if text.tag.endswith("text"))


def check_drawing(tap, work, budgets):
    reports = [made_up(arch, budgets) for arch in bench_budgets.ARCHES]
    reports[1]["rows"]["null"]["median"] = 7654
    reports[2]["rows"]["null"]["median"] = 9876
    status, said, drawn = draw(work, reports)
    committed = {os.path.basename(path) for path in glob.glob(FIGURES + "/*")}
    tap.result(status == 0 and set(drawn) == committed, f"each figure of the manual is drawn ({said.strip()})")
    tap.result(draw(work, reports)[2] == drawn, "the same reports give the same bytes")
    tap.result(has_number(drawn["peers-aarch64.svg"], 7654) and not has_number(drawn["peers-x86_64.svg"], 7654),
               "a figure stands in the drawing of its architecture")
    with open(TOP + "/tests/bench/peers.toml", "rb") as file:
        peer = tomllib.load(file)["null"]
    tap.result(all(has_number(drawn[f"peers-{arch}.svg"], figure)
                   for arch, figure in zip(bench_budgets.ARCHES, peer["sel4"])), "beside that of the other kernel")
    tap.result(f"\nnull,{reports[0]['rows']['null']['median']},7654,9876," in drawn["figures.csv"].decode(),
               "the table has the figures of all architectures")
    before = drawn["ipc-size.svg"]
    reports[0]["rows"]["ipc-64"]["median"] += 500
    _, _, drawn = draw(work, reports)
    tap.result(drawn["ipc-size.svg"] != before, "another figure gives another drawing")
    status, said, _ = draw(work, reports[::-1])
    tap.result(status != 0 and "bench-plot: error: wants the reports of" in said, "reports in another order: refused")
    tap.result(bench_plot.variation(reports[0]["rows"]["null"]) > 0, "a row whose samples differ varies")


def check_messages(tap):
    rows = {"ipc-0": {"median": 250}, "ipc-512-same-space": {"median": 3000}, "null": {"median": 10}}
    tap.result(bench.messages_of(rows) == {"ipc-0": 4000000, "ipc-512-same-space": 333333},
               "messages a second of virtual time: an instruction takes a nanosecond")


def check_committed(tap, budgets):
    """The table has every row with a budget, and no figure above it: else it tells of another kernel."""
    with open(FIGURES + "/figures.csv", encoding="utf-8", newline="") as file:
        table = {line[0]: line[1:4] for line in list(csv.reader(file))[1:]}
    lacking = budgets.keys() - table.keys()
    tap.result(not lacking, f"the manual has a figure for each budget; if not: make bench-plot ({sorted(lacking)[:9]})")
    above = [name for name, figures in table.items() if name in budgets
             for figure, budget in zip(figures, budgets[name].budget)
             if figure and budget and int(figure) > budget + max(1, budget // 50)]
    tap.result(not above, f"and none is above its budget ({above[:9]})")


def main():
    tap, budgets = Tap(), bench_budgets.load(TOP + "/tests/bench/budgets.toml")
    with tempfile.TemporaryDirectory() as work:
        check_drawing(tap, work, budgets)
    check_messages(tap)
    check_committed(tap, budgets)
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
