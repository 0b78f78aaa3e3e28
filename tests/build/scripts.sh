#!/bin/sh
# SPDX-License-Identifier: MIT
# The tools of the build, each with what it must refuse or find.
. "$(dirname "$0")/lib.sh"
copy_tree "$work/tree"
cd "$work/tree" || exit 1
export O="$work/build"

# ---- boot archive
printf one >"$work/1"
printf three >"$work/3"
python3 scripts/mkcpio.py "$work/a.cpio" "b=$work/3" "a=$work/1"
touch -d 1999-01-01 "$work/1"
python3 scripts/mkcpio.py "$work/b.cpio" "a=$work/1" "b=$work/3"
passes "a boot archive depends on its contents only" cmp "$work/a.cpio" "$work/b.cpio"
if command -v cpio >/dev/null; then
	is "cpio reads it" "a b" "$(cpio -t 2>/dev/null <"$work/a.cpio" | xargs)"
fi
refused "a file that is not there" 'mkcpio: error: .*none' python3 scripts/mkcpio.py "$work/c.cpio" "x=$work/none"

# ---- how a run of the machine ended: a stand-in QEMU says what the real one would
mkdir "$work/bin"
for qemu in qemu-system-x86_64 qemu-system-aarch64 qemu-system-riscv64; do
	# shellcheck disable=SC2016 # expanded when it runs
	printf '%s\n' '#!/bin/sh' '[ "$FAKE" = hang ] && exec sleep 60' \
		'[ "$FAKE" = crash ] && kill -SEGV $$' 'exit "$FAKE"' >"$work/bin/$qemu"
	chmod +x "$work/bin/$qemu"
done
# ends BOARD QEMU-STATUS EXPECTED
ends() {
	make "qemu_$1_defconfig" qemu-command >"$work/out" 2>&1
	FAKE=$2 PATH="$work/bin:$PATH" python3 scripts/qemu-run.py --out "$O" --timeout 1 </dev/null >"$work/out" 2>&1
	is "$1: QEMU status $2 means $3" "$3" "$?"
}
ends x86_64 33 0
ends x86_64 0 125
ends x86_64 1 125
ends x86_64 129 1
ends x86_64 139 5
ends x86_64 35 125
ends x86_64 crash 125
ends x86_64 hang 124
ends aarch64 16 0
ends aarch64 0 125
ends aarch64 1 125
ends aarch64 65 1
ends aarch64 64 1
ends riscv64 16 0
ends riscv64 0 125
ends riscv64 80 16
refused "SMP=0" 'smp' python3 scripts/qemu-run.py --out "$O" --smp 0 --print
least=$(sed -n '/^config QEMU_MEM_MB/,/help/s/.*range \([0-9]*\) .*/\1/p' arch/Kconfig)
refused "less memory than can be configured" "MEM=$((least - 1)): the machine needs $least MiB" \
	python3 scripts/qemu-run.py --out "$O" --mem $((least - 1)) --print
says "the least that can be configured" "-m ${least}M" python3 scripts/qemu-run.py --out "$O" --mem "$least" --print
refused "no build" 'no configuration in' python3 scripts/qemu-run.py --out "$work/none" --print
make host_defconfig qemu-command >"$work/out" 2>&1
refused "the simulator is no machine of QEMU" 'no machine of QEMU' python3 scripts/qemu-run.py --out "$O" --print
make qemu_x86_64_defconfig >"$work/out" 2>&1
says "SMP= MEM= APPEND= QEMU_EXTRA= change the command line" \
	"-smp 3 -m 99M .*-append 'a b' -d int" make qemu-command SMP=3 MEM=99 APPEND='a b' QEMU_EXTRA='-d int'

# ---- the runner of the suite counts what the guest says, and what it does not say
# suite NAME EXPECTED-STATUS GUEST-STATUS CONSOLE
suite() {
	printf '%b' "$4" >"$work/console"
	printf '#!/bin/sh\ncat "%s"\nexit %s\n' "$work/console" "$3" >"$work/bin/qemu-system-x86_64"
	PATH="$work/bin:$PATH" python3 scripts/qemu-suite.py --out "$O" --smp 1 ${5:+"$5"} >"$work/out" 2>&1
	is "suite: $1" "$2" "$?"
}
suite "all well" 0 33 '1..2\r\nok 1 - a\r\nok 2 - b\r\n'
suite "a failed test" 1 33 '1..2\nok 1 - a\nnot ok 2 - b\n'
suite "a missing result" 1 33 '1..2\nok 1 - a\n'
suite "a result twice" 1 33 '1..2\nok 1 - a\nok 1 - a\n'
suite "no plan" 1 33 'ok 1 - a\n'
suite "an empty plan" 1 33 '1..0\n'
suite "no output" 1 33 ''
suite "a guest that reports failure" 1 129 '1..1\nok 1 - a\n'
suite "a triple fault" 1 0 '1..1\nok 1 - a\n'
suite "a line that is expected" 0 33 'word 17\n1..1\nok 1 - a\n' '--expect=^word [0-9]*$'
suite "an expected line that is missing" 1 33 '1..1\nok 1 - a\n' '--expect=^word [0-9]*$'
suite "a line that must not come" 1 33 'word 17\n1..1\nok 1 - a\n' '--expect=!word'

# ---- the aggregator
aggregate() {
	rm -f tests/build/*.sh
	printf '%b' "$3" >tests/build/probe.sh
	python3 scripts/check-all --out "$O" build >"$work/out" 2>&1
	is "check-all: $1" "$2" "$? $(tail -n 1 "$work/out")"
}
aggregate "all well" "0 2 passed, 0 failed" 'echo ok 1 - a; echo ok 2 - b; echo 1..2\n'
aggregate "a failure" "1 1 passed, 1 failed" 'echo ok 1 - a; echo not ok 2 - b; echo 1..2; exit 1\n'
aggregate "a script that dies after its results" "1 1 passed, 1 failed" 'echo ok 1 - a; echo 1..1; exit 3\n'
aggregate "a script that dies before its plan" "1 1 passed, 1 failed" 'echo ok 1 - a; exit 3\n'
aggregate "a script that says nothing" "1 0 passed, 1 failed" ':\n'
printf 'echo ok 1 - a; sleep 2; echo ok 2 - b; echo 1..2\n' >tests/build/probe.sh
python3 scripts/check-all --out "$O" --progress 1 build >"$work/said" 2>&1
passes "check-all: says what runs, for how long, and how far it is" \
	grep -E '^# 0 of 1 jobs done after [12] s, running: build: probe\.sh \([12] s, 1 results\)$' "$work/said"
is "check-all: ends with its count all the same" "2 passed, 0 failed" "$(tail -n 1 "$work/said")"
refused "check-all: an unknown group" 'there is no group nonsense' python3 scripts/check-all nonsense

# ---- make check: the same counting, for the configured board only
refused "check-all own: no build" 'no configuration in .*none; run make' \
	python3 scripts/check-all --out "$work/none" own
for goal in "check own own-qemu" "check-qemu own-qemu"; do
	says "make ${goal%% *} counts its results" "check-all --out '$O' ${goal#* }\$" make -n "${goal%% *}"
done
# own NAME EXPECTED OPTION...: the jobs on the machine with the options of this configuration off
own() {
	own_name=$1
	own_expected=$2
	shift 2
	printf '# CONFIG_%s is not set\n' "$@" >"$work/own.config"
	make qemu_aarch64_defconfig "FRAGMENTS=$work/own.config" >"$work/out" 2>&1 &&
		make qemu-command >>"$work/out" 2>&1
	is "make check $own_name" "$own_expected" \
		"$(python3 scripts/check-all --out "$O" --list own-qemu | sed 's/.*: //' | xargs)"
}
own "of a whole board" "suite demonstration shell" IKCONFIG
own "without the test programs" "demonstration shell" USER_TESTS
own "with the shell alone" "shell" USER_TESTS USER_DEMO
own "with no program" "boot" USER_TESTS USER_DEMO USER_SHELL

# ---- style and includes
# finds NAME PATTERN GOAL FILE CONTENT
finds() {
	printf '%b' "$5" >"$4"
	refused "$3 finds $1" "$2" make "$3"
	rm "$4"
}
spdx='/* SPDX-License-Identifier: MIT */\n'
finds "a missing SPDX line" 'probe.c:1: no line' check-style lib/probe.c 'int x;\n'
finds "a missing SPDX line in a text" 'PROBE.md:1: no line' check-style PROBE.md '# Probe\n'
finds "a missing SPDX line in a configuration" 'probe.config:1: no line' check-style configs/probe.config '# x\n'
finds "a wide line" 'probe.c:2: 120 columns' check-style lib/probe.c "${spdx}int $(printf 'x%.0s' $(seq 115));\n"
finds "blanks at the end" 'probe.c:2: blanks' check-style lib/probe.c "${spdx}int x; \n"
finds "a long function" 'function of 70 lines' check-style lib/probe.c \
	"${spdx}void f(void)\n{\n$(printf 'x();\\n%.0s' $(seq 70))}\n"
finds "#if in a function" '#if inside' check-style lib/probe.c "${spdx}void f(void)\n{\n#if X\n#endif\n}\n"
finds "a long file" 'file of 701 lines' check-style lib/probe.c "${spdx}$(printf 'int x;\\n%.0s' $(seq 700))"
finds "a file without a word at its head" 'probe.c:2: no comment says' check-style lib/probe.c "${spdx}int x;\n"
for declaration in 'long probe(int x);' 'struct x *probe(void);' 'static inline u32 probe(u32 x)\n{\n\treturn x;\n}'; do
	finds "a function without a contract" 'probe.h:[0-9]*: no word about probe' check-style include/kernel/probe.h \
		"$spdx/*\n * Head: other() is named.\n */\n\n$declaration\n"
done
finds "a macro that nothing uses" 'probe.h:3: nothing uses PROBE_SIZE' check-style include/kernel/probe.h \
	"$spdx/* Head. */\n#define PROBE_SIZE 1\n"
finds "a function that nothing calls" 'probe.h:4: nothing uses probe_it' check-style include/kernel/probe.h \
	"$spdx/* Head. */\n/** probe_it() - does nothing. */\nvoid probe_it(void);\n"
finds "lib/ including the kernel" 'probe.c:2: lib must not include include/kernel/types.h' \
	check-includes lib/probe.c "${spdx}#include <kernel/types.h>\n"
finds "the ABI including the kernel" 'include/uapi must not' \
	check-includes include/uapi/veridian/probe.h "${spdx}#include <kernel/types.h>\n"
finds "the reference model including the kernel" 'tests/model must not' \
	check-includes tests/model/probe.c "${spdx}#include <kernel/types.h>\n"
finds "the reference model including a structure of the kernel's" 'must not include include/lib/rbtree.h' \
	check-includes tests/model/probe.c "${spdx}#include <lib/rbtree.h>\n"
echo '#include <lib/probe.h>' >>include/lib/types.h
finds "an include cycle" 'include cycle: .*include/lib/probe.h' \
	check-includes include/lib/probe.h "${spdx}#include <lib/types.h>\n"

finds "a case that the table of behaviours does not name" 'does not name test_nothing.* of probe.c' \
	check-behaviours tests/abi/probe.c "${spdx}static void test_nothing(void)\n{\n}\n"
finds "a case that does not tell what it saw" 'probe.c:4: check.. does not tell what it saw' check-behaviours \
	tests/abi/probe.c "${spdx}static void probe(void)\n{\n\tcheck(is_it(1),\n\t      \"it is\");\n}\n"
# shellcheck disable=SC2016 # literal marks of reStructuredText
sed 's/``test_pager``/``test_gone``/' Documentation/conformance.rst >"$work/page"
cp "$work/page" Documentation/conformance.rst
refused "check-behaviours: a case that is not there" \
	'names test_gone.*, which fault.c does not have' make check-behaviours

# ---- the configuration in an image
{ printf 'xxVERIDIAN-CONFIG<'; printf 'CONFIG_A=y\n' | gzip -9n; printf '>VERIDIAN-CONFIGyy'; } >"$work/image"
is "extract-config finds it" CONFIG_A=y "$(scripts/extract-config "$work/image")"
printf 'VERIDIAN-CONFIG<xx>VERIDIAN-CONFIG' >"$work/image"
refused "extract-config: damaged" 'extract-config: error' scripts/extract-config "$work/image"
refused "extract-config: none there" 'carries no configuration' scripts/extract-config "$work/1"

# ---- bytes of an option: each beside its budget
# cost WANTED OPTION BYTES: what is complained of
cost() {
	is "option-cost: $2 of $3 bytes" "$1" "$(python3 -c "
import runpy, sys
sys.path.insert(0, 'scripts')
module = runpy.run_path('scripts/option-cost.py')
print(*module['complaints']('$work/costs.csv', {'board': {'A': ('on', 1000), '$2': ('on', $3)}}), sep=';')")"
}
printf 'Option,Default,board\nCONFIG_A,on,1000\nCONFIG_B,on,10000\n' >"$work/costs.csv"
cost "" B 10500
cost "board: CONFIG_B costs 10501 bytes, its budget is 10000" B 10501
cost "board: CONFIG_C has no budget;board: CONFIG_B has a budget but is no option" C 1

# ---- table of functions
# shellcheck disable=SC2016 # a symbol of that name
printf '10 T text_start\n10 t first\n10 t alias\n18 t $x\n20 T second\n30 T text_end\n40 D data\n' |
	python3 scripts/kallsyms.py >"$work/table.S"
is "kallsyms: names of the text only, one an address" "alias second" \
	"$(sed -n 's/.*asciz "\(.*\)"/\1/p' "$work/table.S" | xargs)"
refused "kallsyms: an image without marks" 'no text_start' sh -c 'echo "10 T main" | python3 scripts/kallsyms.py'
finish
