# SPDX-License-Identifier: MIT
"""The budgets of the benchmarks: tests/bench/budgets.toml.

One table a row.  "gate" is the figure to reach: one number for x86_64, from
which the other architectures' follow (AArch64 x 1.15, RISC-V x 1.25), or one
for each; "budget" is the same where the gate is not met yet, and then
"reason" says why.  A row without a gate has only a budget; a budget of 0 stands
for an architecture that has no such row.
"""
import copy
import math
import re
import tomllib

ARCHES = ("x86_64", "aarch64", "riscv64")
FACTORS = (100, 115, 125)  # percent
TOLERANCE = 0.02  # a median may exceed its budget by this share, or by one


class Problem(Exception):
    """What is wrong with the file, in one line."""


def three(value, factors=FACTORS):
    """One number an architecture."""
    if isinstance(value, list):
        return value
    return [value * factor // 100 for factor in factors]


class Budget:
    """What a row may cost on each architecture."""

    def __init__(self, name, table):
        self.name = name
        self.reason = table.get("reason")
        self.gate = three(table["gate"]) if "gate" in table else None
        self.budget = list(table.get("budget", self.gate or []))
        self.check(set(table) - {"gate", "budget", "reason"})

    def check(self, unknown):
        if unknown:
            raise Problem(f"{self.name}: unknown key {min(unknown)}")
        for figures in (self.budget, self.gate):
            if figures is not None and (len(figures) != 3 or not all(isinstance(n, int) and n >= 0 for n in figures)):
                raise Problem(f"{self.name}: wants one number, or one for each of {', '.join(ARCHES)}")
        above = self.gate and any(budget > gate for budget, gate in zip(self.budget, self.gate))
        if above and not self.reason:
            raise Problem(f"{self.name}: a budget above the gate wants a reason")
        if self.reason and not above:
            raise Problem(f"{self.name}: a reason, but no budget above the gate")

    def limit(self, arch):
        """The largest figure that passes."""
        budget = self.budget[ARCHES.index(arch)]
        return budget + max(1, math.floor(budget * TOLERANCE))

    def gate_of(self, arch):
        return self.gate[ARCHES.index(arch)] if self.gate else None


def read(text):
    """Budgets by name; Problem if it has none."""
    try:
        return {name: Budget(name, table) for name, table in tomllib.loads(text).items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Problem(str(error)) from None


def raised(old, new):
    """Names of rows whose budget or gate is higher in @new than in @old, or that have lost their gate; 0: none."""
    for name in old.keys() & new.keys():
        pairs = [*zip(old[name].budget, new[name].budget), *zip(old[name].gate or (), new[name].gate or ())]
        if any(0 < was < now for was, now in pairs) or (old[name].gate and not new[name].gate):
            yield name


def remember(known, new):
    """Keep in @known the last figures that each row had, also of those that are gone from @new."""
    for name, budget in new.items():
        if name in known:
            budget = copy.copy(budget)
            budget.budget = [now or was for was, now in zip(known[name].budget, budget.budget)]
            if budget.gate and known[name].gate:
                budget.gate = [now or was for was, now in zip(known[name].gate, budget.gate)]
        known[name] = budget


def load(path):
    """Budgets by name, in the order of the file."""
    try:
        with open(path, encoding="utf-8") as file:
            return read(file.read())
    except (OSError, Problem) as error:
        raise Problem(f"{path}: {error}") from None


def compare(budgets, arch, figures, complete):
    """Lines about what exceeds its budget; with @complete also about rows that one side lacks."""
    for name, figure in figures.items():
        budget = budgets.get(name)
        if not budget:
            yield f"{name}: no budget; add [\"{name}\"] to the file"
        elif figure > budget.limit(arch):
            yield f"{name}: {figure}, over the budget of {budget.budget[ARCHES.index(arch)]}"
    if complete:
        for name, budget in budgets.items():
            if name not in figures and budget.budget[ARCHES.index(arch)]:
                yield f"{name}: has a budget, but was not measured"


def lowered(budget, arch, figure):
    """The budget of one row after a better figure; never larger than before."""
    new, place, gate = list(budget.budget), ARCHES.index(arch), budget.gate_of(arch)
    target = figure if gate is None else max(figure, gate)
    new[place] = min(new[place], target)
    return new


def lower(path, arch, figures):
    """Rewrite the file's budget lines that can go down.  Return: how many did."""
    budgets, lines, changed, name = load(path), [], 0, None
    with open(path, encoding="utf-8") as file:
        text = file.read().split("\n")
    for line in text:
        if match := re.match(r'\["?([^"\]]+)"?\]$', line):
            name = match[1]
        new = lowered(budgets[name], arch, figures[name]) if name in figures else None
        if line.startswith("budget = ") and new and new != budgets[name].budget:
            changed += 1
            line = None if new == budgets[name].gate else f"budget = {new}"
        elif line.startswith("reason = ") and new and new == budgets[name].gate:
            line = None
        if line is not None:
            lines.append(line)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    load(path)
    return changed
