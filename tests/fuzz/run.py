# SPDX-License-Identifier: MIT
"""Build and run the fuzz targets of tests/fuzz.

Use: run.py [--out DIRECTORY] replay|check|alive|fuzz|list [TARGET...]
  replay  the committed corpus, whole, cut and changed, under ASan and UBSan (gcc)
  check   libFuzzer for --seconds on each target: it must find nothing
  alive   the same on a copy of the sources with one check left out: it must find that
  fuzz    one target until --seconds are over, its findings and corpus kept (--engine libfuzzer or afl)
All but fuzz and list print TAP, one result a target.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys

HERE = "tests/fuzz"
# memcpy and the like of lib/string.c must not take the place of the C library's.
OWN_NAMES = [f"-D{name}=own_{name}" for name in
             "memcpy memmove memset memcmp strlen strnlen strcmp strncmp strchr".split()]
FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-fno-strict-aliasing", "-fno-omit-frame-pointer",
         "-Iinclude", "-Iinclude/uapi", "-Iuser/include", "-DCONFIG_ASSERTIONS=1", "-DCONFIG_NR_CPUS=4"]
HOST_ASM = ["-Itests/host/include", "-Iarch/host/include"]
SANITIZE = "-fsanitize=address,undefined"
DEAD_AFTER = 240  # seconds in which the seeded bug must be found; a twentieth of that is usual


class Target:
    """@sources are linked with it; @included: macro and source that the target includes.

    @bug is (file, sound text, broken text): the text stands in the file exactly once.
    """

    def __init__(self, sources, bug, flags=(), included=None):
        self.sources, self.bug, self.flags, self.included = sources, bug, list(flags), included


class Simulator(Target):
    """System calls: the whole kernel in the simulator, each input compared with the reference model."""

    def __init__(self, bug):
        super().__init__([], bug)


LIBFUZZER = ["SIM=fuzz", "CC=clang", "FUZZER=-fsanitize=fuzzer", "FUZZER_CFLAGS=-fsanitize=fuzzer-no-link"]
AFL = ["SIM=fuzz", "CC=afl-clang-fast", "FUZZER=-fsanitize=fuzzer"]
FIRMWARE = ["drivers/firmware.c", "lib/string.c"]
TARGETS = {
    "elf": Target(["lib/elf.c"],
                  ("lib/elf.c", "if (!range_within(program->offset, program->file_size, 0, size))", "if (0)")),
    "loader": Target(["lib/elf.c", "lib/cpio.c", "lib/string.c"],
                     ("user/lib/loader.c", "(void)cap_delete((handle_t)memory);", ";"),
                     included=("LOADER_C", "user/lib/loader.c")),
    "cpio": Target(["lib/cpio.c"],
                   ("lib/cpio.c", "return size && strnlen(name, size) == size - 1;", "return size != 0;")),
    "fdt": Target(["drivers/fdt/tree.c", "drivers/fdt/fdt.c", *FIRMWARE],
                  ("drivers/fdt/tree.c", "if (name >= fdt->strings_size)", "if (0)"), HOST_ASM),
    "acpi": Target(["drivers/acpi/acpi.c", *FIRMWARE],
                   ("drivers/acpi/acpi.c", "if (entry[1] > table->size - at)", "if (0)"), HOST_ASM),
    "cmdline": Target(["lib/cmdline.c", "kernel/cmdline.c", "lib/string.c"],
                      ("lib/cmdline.c", "word->length + 1 >= CMDLINE_WORD", "word->length > CMDLINE_WORD"),
                      HOST_ASM),
    "handover": Target(["drivers/handover/handover.c", *FIRMWARE],
                       ("drivers/handover/handover.c", "tag.size < TAG_HEADER || tag.size > total - at",
                        "tag.size > total - at"), HOST_ASM),
    "calls": Simulator(("ipc/notification.c", "bits |= notification->bits;",
                        "bits = bits ? bits : notification->bits;")),
}


def fail(message):
    sys.exit(f"fuzz: error: {message}")


def need(tool):
    if not shutil.which(tool):
        with open("scripts/packages", encoding="utf-8") as table:
            package = dict(line.strip().split("=") for line in table).get(tool, tool)
        fail(f"{tool} is not installed: apt install {package}, or run scripts/bootstrap")


def break_copy(directory, bug):
    """The source with its bug, as a copy."""
    path, sound, broken = bug
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(sound) != 1:
        fail(f"the seeded bug does not fit {path} any more: '{sound}' stands there {text.count(sound)} times")
    copy = f"{directory}/broken-{os.path.basename(path)}"
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text.replace(sound, broken))
    return copy


def copy_tree(tree, bug):
    """The files that git knows, with the bug."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    for path in filter(os.path.isfile, files.stdout.split("\n")):
        os.makedirs(os.path.dirname(f"{tree}/{path}"), exist_ok=True)
        shutil.copy2(path, f"{tree}/{path}")
    os.replace(break_copy(tree, bug), f"{tree}/{bug[0]}")
    return tree


def build_simulator(directory, name, settings, is_broken=False):
    """The simulator, by the project's makefile. Return: the program."""
    os.makedirs(directory, exist_ok=True)
    tree = copy_tree(f"{directory}/tree", TARGETS[name].bug) if is_broken else "."
    out = os.path.abspath(f"{directory}/build")
    make = [sys.executable, "scripts/cached_make.py", out]
    subprocess.run([*make, "host_defconfig"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*make, *settings, "kernel"], cwd=tree, check=True)
    return f"{out}/kernel.elf"


def build(directory, name, compiler, extra, main=(), is_broken=False):
    """Compile and link one target. Return: the program."""
    target = TARGETS[name]
    need(compiler)
    os.makedirs(directory, exist_ok=True)
    replaced = {target.bug[0]: break_copy(directory, target.bug)} if is_broken else {}
    flags = [*FLAGS, *extra, *target.flags, "-I" + HERE, *(["-w"] if is_broken else [])]
    if target.included:
        macro, path = target.included
        flags.append(f'-D{macro}="{os.path.abspath(replaced.get(path, path))}"')
    objects = []
    for source in [f"{HERE}/{name}.c", *main, *target.sources]:
        objects.append(f"{directory}/{source.replace('/', '-')[:-2]}.o")
        beside = ["-iquote", os.path.dirname(source)] if source in replaced else []
        names = OWN_NAMES if source == "lib/string.c" else []
        subprocess.run([compiler, *flags, *beside, *names, "-c", replaced.get(source, source), "-o", objects[-1]],
                       check=True)
    program = f"{directory}/fuzz-{name}"
    subprocess.run([compiler, *flags, *objects, "-o", program], check=True)
    return program


def build_fuzzer(directory, name, is_broken=False):
    """With libFuzzer, whose library is not part of Debian's package of clang."""
    need("clang")
    resources = subprocess.run(["clang", "-print-resource-dir"], capture_output=True, text=True, check=True).stdout
    if not glob.glob(f"{resources.strip()}/lib/*/libclang_rt.fuzzer*"):
        fail("libFuzzer is not installed: apt install libclang-rt-14-dev, or run scripts/bootstrap")
    if isinstance(TARGETS[name], Simulator):
        return build_simulator(directory, name, LIBFUZZER, is_broken)
    return build(directory, name, "clang", [SANITIZE + ",fuzzer", "-fno-sanitize-recover=all"], is_broken=is_broken)


def run(command, seconds, log):
    """Status of the command; its output goes to the file @log."""
    with open(log, "wb") as output:
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                  timeout=seconds, check=False).returncode
        except subprocess.TimeoutExpired:
            return "time limit"


def tail(log, lines=25):
    with open(log, encoding="utf-8", errors="replace") as file:
        return "".join(f"# {line.rstrip()}\n" for line in file.readlines()[-lines:])


def libfuzzer(program, name, directory, seconds):
    """Command line; what it finds is left in @directory."""
    work = f"{directory}/corpus-{name}"
    os.makedirs(work, exist_ok=True)
    dictionary = [f"-dict={HERE}/dict/{name}.dict"] if os.path.exists(f"{HERE}/dict/{name}.dict") else []
    return [program, f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024", "-max_len=16384",
            "-print_final_stats=1", f"-artifact_prefix={directory}/finding-{name}-", *dictionary, work,
            f"{HERE}/corpus/{name}"]


def replay_calls(directory, name):
    """Each input once, with the address sanitizer looking on."""
    program = build_simulator(directory, name, ["SIM=address"])
    files = sorted(glob.glob(f"{HERE}/corpus/{name}/*"))
    for path in files:
        status = run([program, "--input", path], 60, f"{directory}/log")
        if status != 0:
            return False, f"{name}: {path} (status {status})", f"{directory}/log"
    return len(files) > 0, f"{name}: corpus of {len(files)} files", f"{directory}/log"


def replay(out, name, _options):
    directory = f"{out}/replay-{name}"
    if isinstance(TARGETS[name], Simulator):
        return replay_calls(directory, name)
    program = build(directory, name, "gcc", [SANITIZE, "-fno-sanitize-recover=all"], [f"{HERE}/replay.c"])
    files = sorted(glob.glob(f"{HERE}/corpus/{name}/*"))
    status = run([program, *files], 120, f"{directory}/log")
    return status == 0 and len(files) > 0, f"{name}: corpus of {len(files)} files (status {status})", f"{directory}/log"


def check(out, name, options):
    directory = f"{out}/check-{name}"
    program = build_fuzzer(directory, name)
    status = run(libfuzzer(program, name, directory, options.seconds), options.seconds + 60, f"{directory}/log")
    with open(f"{directory}/log", encoding="utf-8", errors="replace") as file:
        runs = next((line.split()[-1] for line in file if line.startswith("stat::number_of_executed_units")), "no")
    return status == 0, f"{name}: nothing found in {options.seconds} s ({runs} runs, status {status})", \
        f"{directory}/log"


def build_afl(directory, name, is_broken=False):
    """With AFL++'s compiler and the same entry point."""
    need("afl-fuzz")
    os.environ.update(AFL_QUIET="1", AFL_USE_ASAN="1", AFL_USE_UBSAN="1", AFL_SKIP_CPUFREQ="1",
                      AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_AFFINITY="1", AFL_AUTORESUME="1")
    if isinstance(TARGETS[name], Simulator):
        for sanitizer in ("AFL_USE_ASAN", "AFL_USE_UBSAN"):  # its CPUs are coroutines
            del os.environ[sanitizer]
        return build_simulator(directory, name, AFL, is_broken)
    return build(directory, name, "afl-clang-fast", ["-fsanitize=fuzzer"], is_broken=is_broken)


def afl(program, name, directory, seconds):
    """Command line; what it finds is in afl_findings()."""
    dictionary = ["-x", f"{HERE}/dict/{name}.dict"] if os.path.exists(f"{HERE}/dict/{name}.dict") else []
    return ["afl-fuzz", "-V", str(seconds), "-i", f"{HERE}/corpus/{name}", "-o", f"{directory}/afl", *dictionary, "--",
            program]


def afl_findings(directory):
    return glob.glob(f"{directory}/afl/default/crashes/id*") + glob.glob(f"{directory}/afl/default/hangs/id*")


def alive_afl(out, name):
    """AFL++ begins with the corpus, so what it finds there ends it at once."""
    directory = f"{out}/alive-afl-{name}"
    shutil.rmtree(directory, ignore_errors=True)
    program = build_afl(directory, name, is_broken=True)
    os.environ.update(AFL_NO_UI="1", AFL_BENCH_UNTIL_CRASH="1")
    status = run(afl(program, name, directory, DEAD_AFTER), DEAD_AFTER + 60, f"{directory}/log")
    return len(afl_findings(directory)) > 0, f"{name}: AFL++ finds the seeded bug (status {status})", f"{directory}/log"


def alive(out, name, options):
    if options.engine == "afl":
        return alive_afl(out, name)
    directory = f"{out}/alive-{name}"
    shutil.rmtree(directory, ignore_errors=True)
    program = build_fuzzer(directory, name, is_broken=True)
    status = run(libfuzzer(program, name, directory, DEAD_AFTER), DEAD_AFTER + 60, f"{directory}/log")
    found = glob.glob(f"{directory}/finding-{name}-*")
    return status != 0 and len(found) == 1, f"{name}: the seeded bug is found (status {status})", f"{directory}/log"


def fuzz(out, name, options):
    """Run in the foreground; what was learned stays for the next run."""
    directory = f"{out}/{options.engine}-{name}"
    if options.engine == "afl":
        program = build_afl(directory, name)
        status = subprocess.run(afl(program, name, directory, options.seconds), check=False).returncode
        found = afl_findings(directory)
    else:
        program = build_fuzzer(directory, name)
        status = subprocess.run(libfuzzer(program, name, directory, options.seconds), check=False).returncode
        found = glob.glob(f"{directory}/finding-{name}-*")
    print(f"fuzz: {name}: {len(found)} findings in {directory}; status {status}")
    for path in sorted(found):
        print(f"fuzz: {path}")
    return 1 if found or status else 0


def main():
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--out", default="build/fuzz")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--engine", choices=("libfuzzer", "afl"), default="libfuzzer")
    parser.add_argument("mode", choices=("replay", "check", "alive", "fuzz", "list"))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=" ".join(TARGETS))
    options = parser.parse_args()
    names = options.targets or list(TARGETS)
    for name in names:
        if name not in TARGETS:
            fail(f"there is no target {name}: {' '.join(TARGETS)}")
    if options.mode == "list":
        print("\n".join(TARGETS))
        return 0
    try:
        if options.mode == "fuzz":
            return max(fuzz(options.out, name, options) for name in names)
        failed = 0
        for number, name in enumerate(names, 1):
            passed, text, log = {"replay": replay, "check": check, "alive": alive}[options.mode](
                options.out, name, options)
            failed += not passed
            print(f"{'ok' if passed else 'not ok'} {number} - {options.mode} {text}\n{'' if passed else tail(log)}",
                  end="", flush=True)
        print(f"1..{len(names)}")
        return failed > 0
    except subprocess.CalledProcessError as error:
        return fail(f"{error.cmd[0]} ended with status {error.returncode}")


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.exit(main())
