# SPDX-License-Identifier: MIT
# Rewrites a compiler's .d file.  Instead of on the whole autoconf.h, the object
# depends on one file for each CONFIG_ symbol its sources mention: changing an
# option rebuilds exactly the objects that look at it.  A symbol that no Kconfig
# file defines is an error at its file and line.
#
# Input: -v target=OBJECT -v cfg=DIRECTORY with "symbols" and the marker files.
BEGIN {
	while ((getline line < (cfg "/symbols")) > 0)
		known[line]
	close(cfg "/symbols")
}

{
	for (i = 1; i <= NF; i++) {
		if ($i == "\\" || $i ~ /:$/ || $i ~ /autoconf\.h$/ || ($i in seen))
			continue
		seen[$i]
		files[++n] = $i
	}
}

# One word of a source line: remember the symbol, or complain about it.
function mention(symbol, file, number,    path) {
	if (symbol in used)
		return
	used[symbol]
	if (!(symbol in known)) {
		printf "%s:%d: error: no Kconfig file defines CONFIG_%s\n", file, number, symbol >"/dev/stderr"
		bad = 1
	}
	path = tolower(symbol)
	gsub(/_/, "/", path)
	printf " \\\n $(wildcard %s/%s.h)", cfg, path
}

function scan(file,    number, line, word) {
	for (number = 1; (getline line < file) > 0; number++)
		while (match(line, /(^|[^A-Za-z0-9_])CONFIG_[A-Za-z0-9_]+/)) {
			word = substr(line, RSTART, RLENGTH)
			sub(/.*CONFIG_/, "", word)
			line = substr(line, RSTART + RLENGTH)
			mention(word, file, number)
		}
	close(file)
}

END {
	printf "%s:", target
	for (i = 1; i <= n; i++)
		printf " \\\n %s", files[i]
	for (i = 1; i <= n; i++)
		scan(files[i])
	print "\n"
	for (i = 1; i <= n; i++)
		print files[i] ":"
	exit bad
}
