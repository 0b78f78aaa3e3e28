# SPDX-License-Identifier: MIT
"""Questions about the configuration tree as a whole: why, lint, matrix, reference.

Each function takes the module kconfig.py as its first argument, which owns the
reading of the tree.
"""
import itertools
import os
import random
import re
import subprocess

from tools import need

from kconfiglib import AND, BOOL, OR, STRING, Choice, Symbol, expr_items, expr_str, split_expr

SOURCES = ("arch", "cap", "drivers", "include", "ipc", "kernel", "lib", "mm", "sched", "scripts", "user", "Makefile")
MARKED = re.compile(r"\bCONFIG_(\w+)")


# ---- why

def influences(sym):
    """Options that can change whether and how @sym can be set, transitively."""
    seen, todo = [], [sym]
    while todo:
        item = todo.pop(0)
        exprs = [item.direct_dep] + [node.prompt[1] for node in item.nodes if node.prompt]
        exprs += [item.rev_dep] if isinstance(item, Symbol) else []
        if isinstance(item, Symbol) and item.choice:
            exprs.append(item.choice.direct_dep)
        for other in sorted(set().union(*map(expr_items, exprs)), key=lambda i: i.name or ""):
            if other is not sym and not other.is_constant and other.nodes and other not in seen:
                seen.append(other)
                todo.append(other)
    return [s for s in seen if isinstance(s, Symbol) and s.orig_type is BOOL]


def is_reached(sym):
    """A boolean is on; a number can be edited."""
    return sym.str_value == "y" if sym.orig_type is BOOL else sym.visibility > 0


def steps_to(sym):
    """The shortest list of prompts to change that turns @sym on (or makes it editable)."""
    switches = [s for s in influences(sym) if any(node.prompt for node in s.nodes)]
    candidates = [(s, 2 if s.tri_value == 0 else 0) for s in switches]
    if sym.orig_type is BOOL:
        candidates.append((sym, 2))
    for count in range(1, 4):
        for change in itertools.combinations(candidates, count):
            before = [(s, s.user_value, s.choice and s.choice.user_selection) for s, _ in change]
            for s, value in change:
                s.set_value(value)
            reached = is_reached(sym) and all(s.tri_value == v for s, v in change)
            for s, value, selection in before:
                s.unset_value()
                if selection:
                    selection.set_value(2)
                elif s.choice:
                    s.choice.unset_value()
                if value is not None and not s.choice:
                    s.set_value(value)
            if reached:
                return [f"{s.name}={'y' if v else 'n'}" for s, v in change]
    return None


def explain(kc, conf, sym):
    print(f"CONFIG_{sym.name}={sym.str_value}")
    for node in sym.nodes:
        title = f'"{node.prompt[0]}"' if node.prompt else "no prompt: follows from other symbols"
        print(f"  defined at  {node.filename}:{node.linenr}  {title}")
    for dep in split_expr(sym.direct_dep, AND):
        if dep is not conf.y:
            print("  depends on  " + kc.with_value(dep))
    for rev in split_expr(sym.rev_dep, OR):
        if rev is not conf.n:
            print("  selected by " + kc.with_value(rev))
    for value, cond in sym.defaults:
        print(f"  default     {expr_str(value)}" + ("" if cond is conf.y else " if " + kc.with_value(cond)))
    if kc.active_range(sym):
        print("  range       {} to {}".format(*kc.active_range(sym)))
    if sym.name in conf.origin and kc.is_chosen(sym):
        file, line, _ = conf.origin[sym.name]
        print(f"  chosen      at {file}:{line}")
    elif kc.has_prompt(sym):
        print("  chosen      nowhere: it has its default")
    if not is_reached(sym):
        way = steps_to(sym)
        verb = "to enable" if sym.orig_type is BOOL else "to edit"
        print(f"  {verb:<11} " + ("set " + ", ".join(way) if way else "no change of up to three options does it"))


def why(kc, names):
    if not names:
        raise kc.Refused("name the options: make why ARGS=SMP")
    conf = kc.Config()
    if os.path.exists(kc.DOT):
        conf.load([kc.DOT])
    for name in names:
        name = name[len("CONFIG_"):] if name.startswith("CONFIG_") else name
        if name not in conf.syms or not conf.syms[name].nodes:
            near = [s.name for s in conf.menu() if name.lower() in s.name.lower()]
            raise kc.Refused(f"no option {name}" + (f"; did you mean {', '.join(near)}?" if near else ""))
        explain(kc, conf, conf.syms[name])


# ---- lint

def names_in_sources():
    """Every CONFIG_ name in the sources that git knows or would add."""
    need("git", "kconfig")
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *SOURCES],
                             capture_output=True, text=True, check=False).stdout.split("\n")
    found = set()
    for path in listing:
        if os.path.isfile(path) and not os.path.basename(path).startswith("Kconfig"):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            found.update(MARKED.findall(text))
            found.update(re.findall(r'config\["(\w+)"\]', text) if path.endswith(".py") else ())
    return found


def complaints_about(kc, conf, sym, used):
    at = kc.place(sym)
    if sym.name not in used and not sym.choice:
        yield at + " is used nowhere"
    if kc.has_prompt(sym) and not any(node.help for node in sym.nodes):
        yield at + " has no help text"
    if not kc.has_prompt(sym) and not sym.defaults and sym.rev_dep is conf.n:
        yield at + " can never be set"
    for target, _ in sym.selects:
        if kc.has_prompt(target) or target.direct_dep is not conf.y:
            yield f"{at} selects {target.name}, which has a prompt or dependencies"


def tested_values(kc):
    """Values of each option in the configurations the tests build: boards with each fragment."""
    found = {}
    files = sorted(os.listdir(kc.CONFIGS))
    for board in (f for f in files if f.endswith("_defconfig")):
        for fragment in [None] + [f for f in files if f.endswith(".config")]:
            conf = kc.Config()
            conf.load([f"{kc.CONFIGS}/{board}"] + ([f"{kc.CONFIGS}/{fragment}"] if fragment else []))
            for sym in conf.menu():
                found.setdefault(sym.name, set()).add(sym.str_value)
    return found


def untested(kc, conf):
    """Options that no tested configuration has both on and off."""
    seen = tested_values(kc)
    for sym in conf.menu():
        if sym.orig_type is BOOL and kc.has_prompt(sym) and seen[sym.name] != {"y", "n"}:
            yield f"{kc.place(sym)} is always {min(seen[sym.name])} in configs/: add it to a fragment"


def not_minimal(kc):
    for name in sorted(os.listdir(kc.CONFIGS)):
        if not name.endswith("_defconfig"):
            continue
        conf = kc.Config()
        conf.load([f"{kc.CONFIGS}/{name}"])
        with open(f"{kc.CONFIGS}/{name}", encoding="utf-8") as file:
            if file.read() != conf._min_config_contents(""):
                yield f"{kc.CONFIGS}/{name}: not what savedefconfig writes"


def lint(kc):
    conf = kc.Config()
    used = names_in_sources()
    used |= {item.name for node in conf.node_iter() for item in node.referenced
             if item.name and not isinstance(item, Choice)}
    bad = [kc.clean(w) for w in conf.warnings]
    for sym in conf.menu():
        bad += complaints_about(kc, conf, sym, used)
    bad += list(not_minimal(kc)) + list(untested(kc, conf))
    if bad:
        raise kc.Refused("\n".join(bad))
    print(f"kconfig: {len(conf.menu())} symbols, all documented, used and tested")


# ---- matrix

def axes(kc, conf):
    """Options to combine: booleans, the choices, and numbers by their extremes."""
    return [s for s in conf.menu() if kc.has_prompt(s) and not s.choice and s.orig_type is BOOL]


def row(conf, options):
    """The values of a configuration as a set of facts."""
    facts = [(s.name, s.str_value) for s in options]
    facts += [(c.name, c.selection.name) for c in conf.unique_choices if c.selection]
    return tuple(facts)


def candidates(kc, count, seed):
    """Valid random configurations with their minimal text, the same for every run."""
    conf = kc.Config()
    options = axes(kc, conf)
    boards = list(conf.named_choices["BOARD"].syms)
    found = {}
    for number in range(count):
        conf.unset_values()
        conf.origin.clear()
        kc.randomize(conf, seed * count + number)
        boards[number % len(boards)].set_value(2)
        found.setdefault(row(conf, options), conf._min_config_contents(""))
    return found


def cover(rows):
    """A small list of rows that holds every pair of facts any row holds: greedy."""
    pairs = {r: set(itertools.combinations(r, 2)) for r in rows}
    need = set().union(*pairs.values())
    total, picked = len(need), []
    while need:
        best = max(rows, key=lambda r: len(need & pairs[r]))
        need -= pairs[best]
        picked.append(best)
    return picked, total


def matrix(kc, args):
    """Print the covering set, or write it as one defconfig a line into a directory."""
    rows = candidates(kc, 600, 1)
    picked, total = cover(sorted(rows))
    if args:
        os.makedirs(args[0], exist_ok=True)
        for number, facts in enumerate(picked):
            with open(f"{args[0]}/matrix{number:02}_defconfig", "w", encoding="utf-8") as file:
                file.write(rows[facts])
    print(f"{len(picked)} configurations cover {total} pairs of values")
    for number, facts in enumerate(picked):
        values = dict(facts)
        board = values.pop("BOARD")
        shown = [n if v == "y" else "!" + n if v == "n" else v for n, v in values.items()]
        print(f"{number:2} {board.lower()}: {' '.join(shown)}")


# ---- reference for the manual

def reference_entry(kc, conf, node):
    sym = node.item
    text = [f".. _CONFIG_{sym.name}:\n\n``CONFIG_{sym.name}``\n{'^' * (len(sym.name) + 11)}\n\n",
            f"**{node.prompt[0]}**\n\n{node.help or ''}\n\n"]
    facts = ["Type: " + {BOOL: "bool", STRING: "string"}.get(sym.orig_type, "number")]
    default = [expr_str(v) + ("" if c is conf.y else f" if {expr_str(c)}") for v, c in sym.defaults]
    if default:
        facts.append("Default: " + "; ".join(f"``{d}``" for d in default))
    if sym.direct_dep is not conf.y and not sym.choice:
        facts.append(f"Depends on: ``{expr_str(sym.direct_dep)}``")
    ranges = [f"{lo.name} to {hi.name}" + ("" if c is conf.y else f" if ``{expr_str(c)}``") for lo, hi, c in sym.ranges]
    if ranges:
        facts.append("Range: " + "; ".join(ranges))
    facts.append(f"Defined in: ``{node.filename}``")
    return "".join(text) + "".join(f"- {fact}\n" for fact in facts) + "\n"


def reference(kc):
    """Every option with its help, in the order of the menus, as reStructuredText."""
    conf = kc.Config()
    print(".. Generated by scripts/kconfig.py reference.\n")
    for node in conf.node_iter():
        if isinstance(node.item, Symbol):
            if node.prompt:
                print(reference_entry(kc, conf, node), end="")
        elif node.prompt and node is not conf.top_node:
            title = node.prompt[0]
            print(f"{title}\n{'-' * len(title)}\n")
            if isinstance(node.item, Choice) and node.help:
                print(node.help + "\n")


__all__ = ["why", "lint", "matrix", "reference"]
