# SPDX-License-Identifier: MIT
"""The configuration front end: Kconfiglib, with nothing silently ignored.

Every warning of Kconfiglib, and every value in a defconfig, a fragment or
.config that does not take effect, is an error with file, line and cause.

.config marks a line that only repeats a default with "# default:" before it.
Such a line is not read back as a choice, so a changed default in a Kconfig
file takes effect while a chosen value stays.

Use: kconfig.py COMMAND [ARGUMENT...], with O and KCONFIG_CONFIG set (the
Makefile does).  The commands are the functions registered with @command.
"""
import io
import json
import os
import random
import re
import sys

try:
    import kconfiglib
    from kconfiglib import AND, BOOL, HEX, INT, OR, STRING, TRI_TO_STR, expr_str, expr_value, split_expr
except ImportError:
    sys.exit("kconfig: error: this python3 has no Kconfiglib: apt install python3-kconfiglib, "
             "or set PYTHON= to a python3 that has it")

OUT = os.environ.get("O", "build")
DOT = os.environ.get("KCONFIG_CONFIG") or os.path.abspath(OUT + "/.config")
CONFIGS = "configs"
MARK = "# default:\n"
LICENCE = "# SPDX-License-Identifier: MIT\n"
ASSIGNMENT = re.compile(r"(?:CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set)\s*$")
COMMANDS = {}


class Refused(Exception):
    """One or more problems for the user; the lines of the message are shown."""


def command(function):
    """Make a function available by its name on the command line."""
    COMMANDS[function.__name__] = function
    return function


def shown(path):
    """A path as short as it can be shown."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


class Config(kconfiglib.Kconfig):
    """The tree, plus where each value was chosen and which lines are defaults."""

    def __init__(self):
        os.environ["KCONFIG_WARN_UNDEF"] = "y"
        self.origin = {}      # symbol name -> (file, line, value as written)
        self.mentioned = set()  # names in any file that was read, defaults too
        super().__init__("Kconfig", warn_to_stderr=False, suppress_traceback=True)
        self.warn_assign_override = self.warn_assign_redun = False
        self.warn_assign_undef = True

    def _open_config(self, filename):
        """Hide inherited lines, remember where the others stand."""
        with super()._open_config(filename) as file:
            lines = file.readlines()
        inherited = False
        for index, line in enumerate(lines):
            match = ASSIGNMENT.match(line)
            if match:
                name = match[1] or match[3]
                self.mentioned.add(name)
                if inherited:
                    lines[index] = "\n"
                else:
                    self.origin[name] = (shown(filename), index + 1, match[2] if match[1] else "n")
            inherited = line == MARK
        return io.StringIO("".join(lines))

    def load(self, files):
        """Read the first file, merge the others over it."""
        for file in files:
            if not os.path.isfile(file):
                raise Refused(f"{file}: no such file")
            self.load_config(file, replace=file is files[0])

    def _config_contents(self, header):
        out = []
        for line in super()._config_contents(header).splitlines(True):
            match = ASSIGNMENT.match(line)
            if match and not is_chosen(self.syms[match[1] or match[3]]):
                out.append(MARK)
            out.append(line)
        return "".join(out)

    def _min_config_contents(self, header):
        """A defconfig says its licence, and names its board even if it is the default."""
        text, board = super()._min_config_contents(header), self.named_choices["BOARD"].selection
        return LICENCE + ("" if board.config_string in text else board.config_string) + text

    def menu(self):
        """Symbols in the order of the menus, each once."""
        return [s for s in self.unique_defined_syms if s.nodes]


# ---- facts about a symbol

def has_prompt(sym):
    return any(node.prompt for node in sym.nodes)


def place(sym):
    node = sym.nodes[0]
    return f"{node.filename}:{node.linenr}: {sym.name}"


def with_value(expr):
    return f"{expr_str(expr)} (={TRI_TO_STR[expr_value(expr)]})"


def asked(sym):
    return TRI_TO_STR[sym.user_value] if sym.orig_type is BOOL else sym.user_value


def is_chosen(sym):
    """The user set this value and it holds."""
    if sym.user_value is None or not has_prompt(sym):
        return False
    if sym.choice:
        return sym.choice.user_selection is sym and sym.choice.selection is sym
    return sym.visibility > 0 and asked(sym) == sym.str_value


def active_range(sym):
    for low, high, cond in sym.ranges:
        if expr_value(cond):
            return low.str_value, high.str_value
    return None


def reasons(sym):
    """Why the value asked for is not the value the symbol has."""
    found = ["needs " + with_value(dep) for dep in split_expr(sym.direct_dep, AND) if not expr_value(dep)]
    found += ["is selected by " + split_expr(rev, AND)[0].name
              for rev in split_expr(sym.rev_dep, OR) if expr_value(rev)]
    if sym.orig_type in (INT, HEX) and active_range(sym):
        found.append("must be from {} to {}".format(*active_range(sym)))
    if sym.choice and sym.choice.selection:
        found.append(f"{sym.choice.selection.name} is chosen instead")
    if not has_prompt(sym):
        found.append("has no prompt: it follows from other symbols")
    elif not sym.visibility:
        prompts = [node.prompt[1] for node in sym.nodes if node.prompt]
        found += ["can be changed only with " + with_value(cond) for cond in prompts
                  if not expr_value(cond) and not found]
    return "; ".join(found) or "it is not a value of this type"


def not_taken(conf):
    """Assignments without effect, as messages."""
    for sym in conf.menu():
        if sym.name not in conf.origin:
            continue
        file, line, written = conf.origin[sym.name]
        if sym.choice and written == "n" and sym.choice.selection is not sym:
            continue
        wanted = written if sym.orig_type is not STRING else kconfiglib.unescape(written[1:-1])
        if wanted != sym.str_value:
            yield (f"{file}:{line}: {sym.name} is set to {written} but is "
                   f"{sym.str_value or 'empty'}: {reasons(sym)}")


def clean(message):
    """Kconfiglib's wording without its blanks and its word 'warning'."""
    return re.sub(r"\s*\n\s*", " ", message.replace("warning: ", "")).strip()


def unsafe_strings(conf):
    """Make would mangle these."""
    for sym in conf.menu():
        if sym.orig_type is STRING and re.search(r"[$#'\"\\\\]", sym.str_value):
            file, line, _ = conf.origin.get(sym.name, (sym.nodes[0].filename, sym.nodes[0].linenr, ""))
            yield f"{file}:{line}: {sym.name}: the characters $ # ' \" \\ are not allowed"


def check(conf):
    """Evaluate everything; every complaint is an error."""
    conf._config_contents("")
    # A value out of range is reported by not_taken() with its file and line.
    problems = [clean(w) for w in conf.warnings
                if "outside the active range" not in w and "which has type" not in w]
    problems += list(not_taken(conf)) + list(unsafe_strings(conf))
    if problems:
        raise Refused("\n".join(dict.fromkeys(problems)))


# ---- files

def boards():
    """Each board symbol with its architecture, in the order of the menu."""
    conf = Config()
    found = []
    for sym in conf.named_choices["BOARD"].syms:
        sym.set_value(2)
        found.append((sym.name, conf.syms["ARCH"].str_value))
    return found


def need_config():
    if not os.path.exists(DOT):
        names = sorted(n for n in os.listdir(CONFIGS) if n.endswith("_defconfig"))
        raise Refused(f"{shown(DOT)} does not exist; choose a board with one of\n  make " + "\n  make ".join(names))


def current(strict=True):
    """The configuration as it is in .config."""
    need_config()
    conf = Config()
    conf.load([DOT])
    if strict:
        check(conf)
    return conf


def save(conf):
    os.makedirs(os.path.dirname(DOT), exist_ok=True)
    print(conf.write_config(DOT))


def write_if_changed(path, text):
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def value_of(sym):
    """The value as a JSON type."""
    if sym.orig_type is BOOL:
        return sym.str_value == "y"
    return int(sym.str_value, 0) if sym.orig_type in (INT, HEX) and sym.str_value else sym.str_value


@command
def sync(*args):
    """Bring everything derived from .config up to date; runs before every build."""
    if args:
        raise Refused("FRAGMENTS= needs a defconfig goal: make <board>_defconfig FRAGMENTS=...")
    conf = current()
    os.makedirs(OUT + "/include/config", exist_ok=True)
    os.makedirs(OUT + "/include/generated", exist_ok=True)
    conf.write_config(DOT, save_old=False)
    conf.write_autoconf(OUT + "/include/generated/autoconf.h")
    write_if_changed(OUT + "/include/config/symbols", "".join(s.name + "\n" for s in conf.menu()))
    text = "".join(line for line in conf._config_contents("").splitlines(True) if line != MARK)
    write_if_changed(OUT + "/include/generated/config.txt", text.lstrip("\n"))
    values = {s.name: value_of(s) for s in conf.menu()}
    write_if_changed(OUT + "/config.json", json.dumps(values, indent=1, sort_keys=True) + "\n")
    conf.sync_deps(OUT + "/include/config")


# ---- making a configuration

@command
def defconfig(*files):
    """A board's defconfig and fragments over it."""
    conf = Config()
    conf.load(files)
    check(conf)
    save(conf)


def first_board(arch):
    for board, of in boards():
        if of == (arch or "x86_64"):
            return board
    raise Refused(f"ARCH={arch}: not one of {', '.join(dict.fromkeys(of for _, of in boards()))}")


@command
def boarddefconfig(*fragments):
    """make ARCH=<arch> defconfig"""
    name = first_board(os.environ.get("ARCH"))[len("BOARD_"):].lower()
    defconfig(f"{CONFIGS}/{name}_defconfig", *fragments)


def fresh():
    """An empty configuration with the board of ARCH= and the values of KCONFIG_ALLCONFIG."""
    conf = Config()
    conf.syms[first_board(os.environ.get("ARCH"))].set_value(2)
    preset = os.environ.get("KCONFIG_ALLCONFIG")
    if preset:
        conf.load([preset] if os.path.isfile(preset) else ["all.config" if preset == "1" else preset])
        if not conf.named_choices["BOARD"].user_selection:
            conf.syms[first_board(os.environ.get("ARCH"))].set_value(2)
    return conf


def open_options(conf):
    """Options with a prompt that nothing has set yet."""
    return [s for s in conf.menu() if has_prompt(s) and s.name not in conf.origin
            and not (s.choice and s.choice.user_selection)]


def set_all(conf, value):
    for sym in open_options(conf):
        if sym.orig_type is BOOL and not sym.choice:
            sym.set_value(value)
    check(conf)
    save(conf)


@command
def alldefconfig():
    conf = fresh()
    check(conf)
    save(conf)


@command
def allnoconfig():
    set_all(fresh(), 0)


@command
def allyesconfig():
    set_all(fresh(), 2)


def random_value(sym, rnd, percent):
    """Give one option a random value; for numbers the extremes too."""
    if sym.choice:
        if not sym.choice.user_selection:
            rnd.choice([s for s in sym.choice.syms if s.visibility] or [sym]).set_value(2)
    elif sym.orig_type is BOOL:
        sym.set_value(2 if rnd.randrange(100) < percent else 0)
    elif sym.orig_type in (INT, HEX) and active_range(sym):
        low, high = (int(v, 0) for v in active_range(sym))
        sym.set_value(str(rnd.choice((low, high, int(sym.str_value, 0), rnd.randint(low, high)))))


def randomize(conf, seed, percent=50):
    rnd = random.Random(seed)
    for sym in open_options(conf):
        if sym.visibility:
            random_value(sym, rnd, percent)


def number(name, default):
    text = os.environ.get(name) or default
    try:
        return int(text, 0)
    except ValueError:
        raise Refused(f"{name}={text}: not a number") from None


@command
def randconfig():
    seed = number("KCONFIG_SEED", str(random.randrange(2**32)))
    print(f"KCONFIG_SEED={seed:#x}")
    conf = Config()
    if os.environ.get("KCONFIG_ALLCONFIG") or os.environ.get("ARCH"):
        conf = fresh()
    randomize(conf, seed, number("KCONFIG_PROBABILITY", "50"))
    check(conf)
    save(conf)


@command
def olddefconfig():
    """Keep what still holds; new options get their defaults; say what was dropped."""
    conf = current(strict=False)
    conf._config_contents("")
    dropped = [clean(w) for w in conf.warnings if "outside the active range" not in w] + list(not_taken(conf))
    for line in dropped:
        print("kconfig: dropped: " + line, file=sys.stderr)
    save(conf)


def new_options(conf):
    return [s for s in conf.menu() if has_prompt(s) and s.visibility and s.name not in conf.mentioned]


@command
def listnewconfig():
    for sym in new_options(current(strict=False)):
        print(sym.config_string.strip() or f"# CONFIG_{sym.name} is not set")


def ask(sym):
    """One question of oldconfig; an empty answer takes the default, ? shows the help."""
    prompt = next(node.prompt[0] for node in sym.nodes if node.prompt)
    while True:
        try:
            answer = input(f"{prompt} ({sym.name}) [{sym.str_value}] ").strip()
        except EOFError:
            raise Refused("oldconfig: end of input; use olddefconfig") from None
        if not answer:
            return
        if answer == "?":
            print(next((node.help for node in sym.nodes if node.help), "no help"))
        elif not sym.set_value(answer) or sym.str_value != answer:
            print(f"{answer}: not possible: {reasons(sym)}")
            sym.unset_value()
        else:
            return


@command
def oldconfig():
    conf = current(strict=False)
    if new_options(conf) and not sys.stdin.isatty():
        raise Refused("oldconfig asks questions and needs a terminal; use olddefconfig")
    asked_for = set()
    while True:
        todo = [s for s in new_options(conf) if s.name not in asked_for]
        if not todo:
            break
        asked_for.add(todo[0].name)
        if not todo[0].choice or todo[0].choice.selection is todo[0]:
            ask(todo[0])
    check(conf)
    save(conf)


@command
def savedefconfig(file=None):
    path = file or OUT + "/defconfig"
    conf = current()
    with open(path, "w", encoding="utf-8") as out:
        out.write(conf._min_config_contents(""))
    print(f"Minimal configuration saved to '{shown(path)}'")


def start_menu(name, usable, hint):
    if not usable:
        raise Refused(hint)
    try:
        module = __import__(name)
    except ImportError as missing:
        raise Refused(f"{name}: {missing}: apt install python3-kconfiglib python3-tk") from None
    conf = Config()
    if not os.path.exists(DOT):
        print("No configuration yet: starting from the defaults.")
    os.makedirs(os.path.dirname(DOT), exist_ok=True)
    getattr(module, name)(conf)


@command
def menuconfig():
    start_menu("menuconfig", sys.stdin.isatty() and sys.stdout.isatty(), "menuconfig needs a terminal")


@command
def guiconfig():
    start_menu("guiconfig", os.environ.get("DISPLAY"), "guiconfig needs a display (DISPLAY is not set)")


# ---- looking at configurations

def values(path):
    conf = Config()
    conf.load([path])
    return {s.name: s.str_value for s in conf.menu()}


@command
def diffconfig(before=None, after=None):
    """What differs between two configurations."""
    if not before and not os.path.exists(DOT + ".old"):
        raise Refused(f"{shown(DOT)}.old does not exist: menuconfig or a defconfig leaves the previous configuration "
                      "there; two files are compared with ARGS=\"before after\"")
    old, new = values(before or DOT + ".old"), values(after or DOT)
    for name in sorted(old):
        if old[name] != new[name]:
            print(f"{name} {old[name] or 'n'} -> {new[name] or 'n'}")


@command
def why(*names):
    import kconfig_explain
    kconfig_explain.why(sys.modules[__name__], names)


@command
def lint():
    import kconfig_explain
    kconfig_explain.lint(sys.modules[__name__])


@command
def matrix(*args):
    import kconfig_explain
    kconfig_explain.matrix(sys.modules[__name__], args)


@command
def reference():
    import kconfig_explain
    kconfig_explain.reference(sys.modules[__name__])


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        raise Refused("use: kconfig.py " + " | ".join(COMMANDS))
    try:
        COMMANDS[sys.argv[1]](*sys.argv[2:])
    except TypeError as error:
        if "positional argument" not in str(error):
            raise
        raise Refused(f"{sys.argv[1]}: wrong number of arguments in ARGS=") from None


if __name__ == "__main__":
    try:
        main()
    except Refused as problem:
        sys.exit("\n".join("kconfig: error: " + line if not line.startswith(" ") else line
                           for line in str(problem).splitlines()))
    except kconfiglib.KconfigError as problem:
        sys.exit("kconfig: error: " + clean(str(problem)))
    except (OSError, KeyboardInterrupt) as problem:
        sys.exit(f"kconfig: error: {problem or 'interrupted'}")
