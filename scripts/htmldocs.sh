#!/bin/sh
# SPDX-License-Identifier: MIT
# htmldocs.sh OUT - build the manual; a warning is an error.
# The sources are copied beside the generated parts, so that the manual can
# include generated/... wherever OUT is.
set -eu
out=$1
if [ ! -f Documentation/conf.py ]; then
	echo "htmldocs: error: Documentation/conf.py does not exist" >&2
	exit 1
fi
source=$out/manual
rm -rf "$source"
mkdir -p "$source"
cp -R Documentation/. "$source"
mkdir -p "$source/generated"
"$PYTHON" scripts/gen_syscalls.py "$out/manual-headers" include/uapi/veridian
cp "$out/manual-headers/syscalls.rst" "$source/generated"
"$PYTHON" scripts/kconfig.py reference >"$source/generated/configuration.rst"
cp user/example/main.c "$source/generated/example.c"
cp include/uapi/veridian/info.h "$source/generated/info.h"
"$PYTHON" scripts/headerdoc.py "$source/generated" include/kernel/*.h include/lib/*.h
sphinx-build -q -W --keep-going -b html -d "$out/doctrees" "$source" "$out/html"
echo "The manual is in $out/html/index.html"
