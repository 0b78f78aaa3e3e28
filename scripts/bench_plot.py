# SPDX-License-Identifier: MIT
"""Draw the figures of the manual from the reports of make bench.

Use: bench_plot.py --out DIRECTORY X86_64.json AARCH64.json RISCV64.json
Writes SVG plots and the table figures.csv.  The same reports give the same
bytes.
"""
import argparse
import json
import math
import os
import sys
import tomllib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench_budgets
from bench import BUDGETS, figures_of

PEERS = "tests/bench/peers.toml"
NAMES = {"x86_64": "x86_64", "aarch64": "AArch64", "riscv64": "RISC-V 64"}
COLORS = {"veridian": "#1f6f8b", "sel4": "#c97b3a", "linux": "#8a8a8a", "x86_64": "#1f6f8b", "aarch64": "#c97b3a",
          "riscv64": "#6a8d3a", "good": "#6a8d3a", "bad": "#b5483a"}
WIDTH, LABEL, RIGHT = 860, 190, 70
SIZES = (0, 1, 4, 8, 16, 64, 128, 512)
SPREAD = 6  # rows whose distribution is drawn


class Svg:
    """A drawing that grows by lines of text."""

    def __init__(self, height, title):
        self.height = height
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                      f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
                      "<!-- SPDX-License-Identifier: MIT -->",
                      f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
        self.text(10, 20, title, size=15)

    def text(self, x, y, text, anchor="start", size=12, color="#222"):
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
                          f'fill="{color}">{text}</text>')

    def bar(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" '
                          f'fill="{color}"/>')

    def line(self, points, color, width=1.0):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"/>')

    def dot(self, x, y, color):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>')

    def legend(self, entries, y=38):
        x = LABEL
        for color, text in entries:
            self.bar(x, y - 9, 10, 10, color)
            self.text(x + 15, y, text)
            x += 30 + 7 * len(text)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.parts + ["</svg>", ""]))


class Scale:
    """A logarithmic axis between two numbers."""

    def __init__(self, least, most):
        self.least, self.most = math.log10(least), math.log10(most)

    def __call__(self, value):
        share = (math.log10(max(value, 10 ** self.least)) - self.least) / (self.most - self.least)
        return LABEL + share * (WIDTH - LABEL - RIGHT)

    def grid(self, svg, top, bottom):
        for power in range(math.ceil(self.least), math.floor(self.most) + 1):
            x = self(10 ** power)
            svg.line([(x, top), (x, bottom)], "#dddddd")
            svg.text(x, bottom + 14, f"{10 ** power:,}", "middle", 10, "#666")


def plot_peers(path, report, peers):
    """Bars: this kernel, seL4, Linux."""
    arch, figures = report["arch"], figures_of(report)
    place = bench_budgets.ARCHES.index(arch)
    groups = []
    for name, peer in peers.items():
        bars = [("veridian", figures[name])]
        bars += [("sel4", peer["sel4"][place])] if "sel4" in peer else []
        bars += [("linux", peer["linux"])] if "linux" in peer and arch == "x86_64" else []
        if len(bars) > 1:
            groups.append((name, bars))
    height = 80 + sum(13 * len(bars) + 8 for _, bars in groups)
    svg = Svg(height, f"Instructions of an operation, user mode to user mode, {NAMES[arch]} (logarithmic)")
    svg.legend([(COLORS["veridian"], "Veridian"), (COLORS["sel4"], "seL4 16"), (COLORS["linux"], "Linux 6.1")])
    scale = Scale(50, max(value for _, bars in groups for _, value in bars) * 1.1)
    scale.grid(svg, 48, height - 26)
    y = 52
    for name, bars in groups:
        svg.text(LABEL - 8, y + 6.5 * len(bars) + 4, name, "end")
        for who, value in bars:
            svg.bar(LABEL, y, scale(value) - LABEL, 11, COLORS[who])
            svg.text(scale(value) + 4, y + 10, f"{value:,}", size=10)
            y += 13
        y += 8
    svg.save(path)


def plot_sizes(path, reports):
    """A round trip by the length of the message."""
    svg = Svg(330, "Call and reply to another address space, by words of the message (same length back)")
    svg.legend([(COLORS[report["arch"]], NAMES[report["arch"]]) for report in reports])
    most = max(report["rows"][f"ipc-{words}"]["median"] for report in reports for words in SIZES)
    left, bottom, step = 80, 290, 90

    def up(value):
        return bottom - value / most * 220

    for value in range(0, most + 1, 1000):
        svg.line([(left, up(value)), (WIDTH - RIGHT, up(value))], "#dddddd")
        svg.text(left - 6, up(value) + 4, f"{value:,}", "end", 10, "#666")
    for place, words in enumerate(SIZES):
        svg.text(left + 20 + place * step, bottom + 18, str(words), "middle")
    for report in reports:
        points = [(left + 20 + place * step, up(report["rows"][f"ipc-{words}"]["median"]))
                  for place, words in enumerate(SIZES)]
        svg.line(points, COLORS[report["arch"]], 2)
        for point in points:
            svg.dot(*point, COLORS[report["arch"]])
    svg.save(path)


def plot_gates(path, report, budgets):
    """How far each row is from its gate."""
    figures, arch = figures_of(report), report["arch"]
    rows = [(name, figures[name] / budgets[name].gate_of(arch)) for name in figures
            if name in budgets and budgets[name].gate]
    height = 70 + 15 * len(rows)
    svg = Svg(height, f"Figures as a multiple of their gate, {NAMES[arch]} (1 and less: met; logarithmic)")
    scale = Scale(0.01, max(10.0, max(share for _, share in rows) * 1.2))
    for share in (0.01, 0.1, 1, 10):
        svg.line([(scale(share), 32), (scale(share), height - 26)], "#222222" if share == 1 else "#dddddd")
        svg.text(scale(share), height - 12, f"{share:g}", "middle", 10, "#666")
    for place, (name, share) in enumerate(rows):
        y = 44 + 15 * place
        svg.text(LABEL - 8, y, name, "end", 10)
        svg.dot(scale(share), y - 4, COLORS["good" if share <= 1 else "bad"])
        svg.text(scale(share) + 8, y, f"{share:.2f}", size=10)
    svg.save(path)


def variation(row):
    """Standard deviation by the histogram, as a share of the median."""
    counts, width = row["histogram"]["counts"], row["histogram"]["width"]
    squares = sum(count * (row["min"] + width * (place + 0.5) - row["mean"]) ** 2 for place, count in enumerate(counts))
    return math.sqrt(squares / max(sum(counts), 1)) / row["median"] if row["min"] < row["max"] and row["median"] else 0


def plot_spread(path, report):
    """Histograms of the rows that vary most."""
    names = sorted(report["rows"], key=lambda name: (-variation(report["rows"][name]), name))[:SPREAD]
    height = 40 + 150 * len(names)
    svg = Svg(height, f"Distribution of the rows that vary most, {NAMES[report['arch']]}: samples by instructions")
    for place, name in enumerate(names):
        row, top = report["rows"][name], 45 + 150 * place
        counts, width = row["histogram"]["counts"], row["histogram"]["width"]
        svg.text(10, top + 10, f"{name}: " + ", ".join(f"{key} {row[key]:,}" for key in
                                                     ("min", "median", "p90", "p99", "max", "mean", "n")))
        wide = (WIDTH - 100) / len(counts)
        for bin_number, count in enumerate(counts):
            tall = 90 * count / max(counts)
            if count:
                svg.bar(40 + bin_number * wide, top + 115 - tall, wide - 1, tall, COLORS["veridian"])
        svg.line([(30, top + 115), (WIDTH - 50, top + 115)], "#666666")
        svg.text(40, top + 130, f"{row['min']:,}", size=10)
        svg.text(WIDTH - 60, top + 130, f"{row['min'] + width * len(counts):,}", "end", 10)
    svg.save(path)


def write_table(path, reports, budgets):
    """All figures; gates of x86_64."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("row,x86_64,AArch64,RISC-V 64,gate (x86_64),weighted (x86_64),cache lines,pages\n")
        for name in figures_of(reports[0]):
            row = reports[0]["rows"].get(name) or reports[0].get("kernel", {}).get(name.removeprefix("kernel:"), {})
            gate = budgets[name].gate_of("x86_64") if name in budgets else None
            cells = [name, *(figures_of(report).get(name, "") for report in reports), "" if gate is None else gate,
                     row.get("weighted", ""), row.get("lines", ""), row.get("pages", "")]
            file.write(",".join(str(cell) for cell in cells) + "\n")


def main():
    parser = argparse.ArgumentParser(prog="bench_plot")
    parser.add_argument("--out", required=True)
    parser.add_argument("reports", nargs=3)
    options = parser.parse_args()
    reports = []
    for path in options.reports:
        with open(path, encoding="utf-8") as file:
            reports.append(json.load(file))
    if tuple(report["arch"] for report in reports) != bench_budgets.ARCHES:
        sys.exit(f"bench-plot: error: wants the reports of {', '.join(bench_budgets.ARCHES)}, in this order")
    with open(PEERS, "rb") as file:
        peers = tomllib.load(file)
    budgets = bench_budgets.load(BUDGETS)
    os.makedirs(options.out, exist_ok=True)
    for report in reports:
        plot_peers(f"{options.out}/peers-{report['arch']}.svg", report, peers)
        plot_gates(f"{options.out}/gates-{report['arch']}.svg", report, budgets)
    plot_sizes(options.out + "/ipc-size.svg", reports)
    plot_spread(options.out + "/distribution.svg", reports[0])
    write_table(options.out + "/figures.csv", reports, budgets)


if __name__ == "__main__":
    main()
