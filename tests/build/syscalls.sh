#!/bin/sh
# SPDX-License-Identifier: MIT
# The generator of the system-call tables refuses a defective list, naming the entry.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
abi=$work/abi
mkdir "$abi"
cp include/uapi/veridian/*.h "$abi"
generate() {
	python3 scripts/gen_syscalls.py "$work/generated" "$abi" "$@"
}

# entry NUMBER NAME [LINE...]: one call of a list.
entry() {
	printf '[[call]]\nname = "%s"\nnumber = %s\ngroup = "test"\nsummary = "A call."\n' "$2" "$1"
	shift 2
	[ $# -eq 0 ] || printf '%s\n' "$@"
}
# bad NAME PATTERN: the list is refused.
list=$abi/syscalls.toml
bad() {
	refused "$1" "^gen_syscalls: error: .*$2" generate
}
{ entry 1 one; entry 1 two; } >"$list"
bad "a number used twice" 'two: number 1 belongs to one'
{ entry 1 one; entry 2 one; } >"$list"
bad "a name used twice" 'one: the name is used twice'
entry 256 one >"$list"
bad "a number above 255" 'one: number 256 is not from 0 to 255'
entry -1 one >"$list"
bad "a negative number" 'one: number -1'
entry 1 'One' >"$list"
bad "a name that is no C name" "no usable name: 'One'"
entry 1 one 'errors = [["NONSENSE", "never"]]' >"$list"
bad "an error status.h does not have" "one: error 'NONSENSE' is not in status.h"
entry 1 one 'handles = [["a", "spoon", "", "what"]]' >"$list"
bad "an object type types.h does not have" "one: handle type 'spoon'"
entry 1 one 'handles = [["a", "memory", "EAT", "what"]]' >"$list"
bad "a right types.h does not have" "one: right 'EAT'"
entry 1 one 'args = [["a", "float", "what"]]' >"$list"
bad "an argument type that is none" "one: argument type 'float'"
a='"u64", ""]'
entry 1 one "args = [[\"a\", $a,[\"b\", $a,[\"c\", $a,[\"d\", $a,[\"e\", $a,[\"f\", $a]" >"$list"
bad "six arguments" "one: 'args' is not a list of at most 5"
entry 1 one 'results = [["a", ""],["b", ""],["c", ""]]' >"$list"
bad "three values" 'one: more than two values'
entry 1 one 'args = [["a", "u64", ""],["a", "u64", ""]]' >"$list"
bad "two arguments of one name" 'one: an operand .* same name'
entry 1 one 'args = [["a", "u64"]]' >"$list"
bad "a field of the wrong shape" "one: 'args'.*is not 3 strings"
entry 1 one 'colour = "red"' >"$list"
bad "a field that is unknown" "one: unknown field 'colour'"
printf '[[call]]\nname = "one"\nnumber = 1\ngroup = "g"\n' >"$list"
bad "no summary" "one: 'summary' is missing"
printf '[[call]\n' >"$list"
bad "no TOML" 'syscalls.toml'
printf '' >"$list"
bad "an empty list" 'the list is empty'
entry 1 one 'config = "NO_SUCH"' >"$abi/syscalls.toml"
echo SMP >"$work/symbols"
refused "an option Kconfig does not have" 'one: no Kconfig file defines CONFIG_NO_SUCH' generate "$work/symbols"
rm "$abi/syscalls.toml"
refused "no list" 'No such file' generate

cp include/uapi/veridian/syscalls.toml "$abi"
passes "the list of the tree is accepted" generate
calls=$(grep -c '^\[\[call\]\]' "$abi/syscalls.toml")
is "every call has a number" "$calls" "$(grep -c '^#define SYS_[a-z]' "$work/generated/syscall_numbers.h")"
is "every call has a name" "$calls" "$(grep -c '^	\[[0-9]*\] = "' "$work/generated/syscall_names.h")"
is "every call is in the manual" "$calls" "$(grep -c '^.. _sys_' "$work/generated/syscalls.rst")"
is "the table has 256 entries" 256 "$(grep -c '^	call_' "$work/generated/syscall_table.h")"
is "and the rest refuses" $((256 - calls)) "$(grep -c '^	call_nosys,' "$work/generated/syscall_table.h")"
cp -p "$work/generated/syscall_table.h" "$work/before.h"
sleep 0.1
passes "it can be made again" generate
is "nothing changed: the files are left alone" "" \
	"$(find "$work/generated" -newer "$work/before.h" -name syscall_table.h)"
finish
