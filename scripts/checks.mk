# SPDX-License-Identifier: MIT
# Tests, static checks, figures and the manual.
ifneq ($(build-goals),)

c-sources    := $(filter-out $(O)/%,$(wildcard $(objs:$(O)/%.o=%.c)))
user-sources := $(filter-out $(O)/%,$(wildcard $(user-objs:$(O)/%.o=%.c)))

.PHONY: sparse cppcheck clang-tidy size option-cost check check-qemu compile_commands.json
# Asked for once, not for each file.
sparse: sparse-always := $(sparse-common)
# The simulator includes headers of a C library, which sparse does not understand; programs are checked elsewhere.
# What is wrong on purpose is left out.
not-sparse = kernel/seeded.c $(if $(filter host,$(ARCH)),arch/host/% tests/% user/%)
sparse: $(generated) $(late-generated)
	$(call need,sparse)
	$(Q)status=0; \
	 $(foreach f,$(filter-out $(not-sparse),$(c-sources)),sparse $(sparse-flags) $(sparse-always) \
	  $(sparse-$(O)/$(f:.c=.o)) $(CPPFLAGS) $f || status=1;) \
	 for f in $(user-sources); do sparse $(sparse-flags) $(sparse-always) $(USER_CPPFLAGS) $$f || status=1; done; \
	 exit $$status

# One run for the kernel, one for the programs: the headers they see differ.
cppcheck-flags := --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	--suppressions-list=scripts/cppcheck.suppress --include=$(O)/include/generated/autoconf.h \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	-D__$(ARCH:riscv64=riscv)__ -D__SIZEOF_INT128__=16 -D__BYTE_ORDER__=1234 -U__CHECKER__
cppcheck: $(generated) $(late-generated)
	$(call need,cppcheck)
	$(Q)$(if $(c-sources),cppcheck $(cppcheck-flags) -D__KERNEL__ $(filter -I%,$(CPPFLAGS)) $(c-sources))
	$(Q)$(if $(user-sources),cppcheck $(cppcheck-flags) $(filter -I%,$(USER_CPPFLAGS)) $(user-sources))

compile_commands.json: $(objs) $(user-objs) $(ushared-objs)
	$(Q)$(PYTHON) scripts/compdb.py $(addsuffix .cmd,$(objs) $(user-objs) $(ushared-objs)) >$(O)/$@
$(if $(filter clang-tidy,$(goals)),$(call need,clang-tidy))
# Left out: matters of taste (two parameters of one type, "!strcmp", products of small numbers).
tidy-off    := easily-swappable-parameters reserved-identifier implicit-widening-of-multiplication-result \
	suspicious-string-compare sizeof-expression
tidy-checks := -*,bugprone-*$(subst $(blank),,$(foreach c,$(tidy-off),$(comma)-bugprone-$c))
clang-tidy: compile_commands.json
	$(Q)clang-tidy -p $(O) --quiet --warnings-as-errors='*' --checks='$(tidy-checks)' \
	 --extra-arg=--target=$(call unquote,$(CONFIG_LLVM_TARGET)) $(c-sources) 2>$(O)/clang-tidy.log \
	 || { grep -v 'warnings generated' $(O)/clang-tidy.log; exit 1; }

# The compilers' searches for paths to a mistake, warnings being errors.  What is wrong on purpose is left out.
# ANALYZE="arch drivers": only what is there.
analyzed   := $(filter $(or $(ANALYZE:%=%/%),%),$(filter-out kernel/seeded.c,$(c-sources)))
something-analyzed = $(if $(analyzed),,$(error ANALYZE="$(ANALYZE)" names no directory of the configured sources))
gcc-paths   = $(patsubst %.c,$(O)/analyze-gcc/%.ok,$(analyzed))
clang-paths = $(patsubst %.c,$(O)/analyze-clang/%.ok,$(analyzed))
checkers := core deadcode nullability optin.portability security unix $(addprefix alpha.core.,BoolAssignment CastSize \
	Conversion FixedAddr IdenticalExpr SizeofPtr TestAfterDivZero)
# "Insecure" is every memcpy, because C11 has a memcpy_s.
no-checkers := security.insecureAPI.DeprecatedOrUnsafeBufferHandling
.PHONY: analyze-gcc analyze-clang analyze-clang-here
$(gcc-paths): $(O)/analyze-gcc/%.ok: %.c $(O)/%.o scripts/checks.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(flags-$(O)/$*.o) -fanalyzer -c -o $(@:.ok=.object) $< && touch $@
analyze-gcc: $(gcc-paths)
	$(something-analyzed)
	$(if $(LLVM),$(error analyze-gcc needs gcc; for clang there is analyze-clang))
$(clang-paths): $(O)/analyze-clang/%.ok: %.c $(O)/%.o scripts/checks.mk
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(CFLAGS) $(flags-$(O)/$*.o) --analyze -Xclang -analyzer-output=text \
	 -Xclang -analyzer-werror $(checkers:%=-Xclang -analyzer-checker=%) \
	 $(no-checkers:%=-Xclang -analyzer-disable-checker=%) $< && touch $@
analyze-clang-here: $(clang-paths)
	$(something-analyzed)
# The same configuration in a directory of its own, because clang wants other flags.
analyze-clang:
	$(call need,clang)
	$(Q)mkdir -p $(O)/llvm; cmp -s $(O)/.config $(O)/llvm/.config || cp $(O)/.config $(O)/llvm/.config
	$(Q)$(MAKE) O=$(O)/llvm LLVM=1 $(if $(filter $(O)/%,$(KCONFIG_CONFIG)),KCONFIG_CONFIG=) analyze-clang-here

# All static checks, one after the other, each to its end; a summary.
static-goals := check-style check-includes check-behaviours lint check-shell check-headers sparse cppcheck clang-tidy \
	$(if $(LLVM),,analyze-gcc check-stack) analyze-clang
.PHONY: check-static
check-static: $(kernel)
	$(Q)MAKE='$(MAKE)' sh scripts/check-static.sh '$(O)' $(static-goals)

# The compiler's own call graph with the stack of each function, made beside the real objects.
stack-graph = $(patsubst %.c,$(O)/stack/%.ci,$(c-sources))
.PHONY: check-stack
$(stack-graph): $(O)/stack/%.ci: %.c $(O)/%.o scripts/checks.mk
	$(Q)mkdir -p $(@D); $(CC) $(CPPFLAGS) $(CFLAGS) $(flags-$(O)/$*.o) -fcallgraph-info=su -c -o $(@:.ci=.o) $<
check-stack: $(kernel) $(stack-graph)
	$(if $(LLVM),$(error check-stack needs gcc: clang writes no call graph))
	$(Q)$(PYTHON) scripts/check-stack.py --nm '$(NM)' --arch $(ARCH) --objects '$(O)' $(stack-graph)

# Each header compiles alone; the ABI's with nothing of the kernel on the path.
headers := $(patsubst include/%,%,$(wildcard include/kernel/*.h include/lib/*.h)) \
	$(patsubst arch/$(ARCH)/include/%,%,$(wildcard arch/$(ARCH)/include/asm/*.h)) \
	$(foreach d,arch/$(ARCH) drivers/fdt ipc mm sched,$(addprefix ../,$(wildcard $d/*.h)))
user-headers := $(patsubst user/include/%,%,$(wildcard user/include/user/*.h)) \
	$(addprefix ../,$(wildcard user/*/*.h))
abi     := $(patsubst include/uapi/%,%,$(wildcard include/uapi/veridian/*.h))
.PHONY: check-headers
check-headers: $(generated) $(late-generated)
	$(Q)status=0; \
	 for h in $(headers); do \
	  echo "#include <$$h>" | $(CC) $(CPPFLAGS) $(CFLAGS) -fsyntax-only -x c - \
	   || { echo "$$h does not compile alone"; status=1; }; \
	 done; \
	 for h in $(user-headers); do \
	  echo "#include <$$h>" | $(CC) $(USER_CPPFLAGS) $(USER_CFLAGS) -fsyntax-only -x c - \
	   || { echo "$$h does not compile alone"; status=1; }; \
	 done; \
	 for h in $(abi); do \
	  echo "#include <$$h>" | $(CC) -Iinclude/uapi $(CFLAGS) -fsyntax-only -x c - || status=1; \
	  echo "#include <$$h>" | $(CC) -Iinclude/uapi -D__ASSEMBLY__ $(AFLAGS) -c -o /dev/null \
	   -x assembler-with-cpp - \
	   || { echo "$$h is not for assembly"; status=1; }; \
	 done; exit $$status

size: kernel
	$(Q)sh scripts/size.sh $(O) $(kernel) $(subsystems)

# Each in a directory of its own; the budgets are the table of the manual.
.PHONY: option-cost-write
option-cost:
	$(Q)$(PYTHON) scripts/option-cost.py --out '$(O)/option-cost' --boards $(or $(BOARD),qemu_$(ARCH)) \
	 --check Documentation/option-cost.csv
option-cost-write:
	$(Q)$(PYTHON) scripts/option-cost.py --out '$(O)/option-cost' --write Documentation/option-cost.csv
# Millions of operations compared with the reference model; seeds begin with the time.
OPERATIONS ?= 4000000
.PHONY: check-long
check-long: kernel
	$(if $(CONFIG_HOST),,$(error check-long needs the simulator: make O=build-host host_defconfig check-long))
	$(Q)sh tests/model/run.sh '$(kernel)' long '$(OPERATIONS)'
check-qemu: all
	$(Q)$(PYTHON) scripts/check-all --out '$(O)' own-qemu
check: all
	$(Q)$(PYTHON) scripts/check-all --out '$(O)' own own-qemu
endif

.PHONY: check-host
check-host:
	$(call need,cc)$(call need,dtc)
	$(Q)$(MAKE) -C tests/host O='$(abspath $(O))/host'
.PHONY: check-style check-includes check-behaviours check-shell check-build check-all htmldocs
check-style:    ; $(Q)$(PYTHON) scripts/check-style.py
check-includes: ; $(Q)$(PYTHON) scripts/check-includes.py
check-behaviours: ; $(Q)$(PYTHON) scripts/check-behaviours.py
check-shell:
	$(call need,shellcheck)$(call need,git)
	$(Q)shellcheck -x -P SCRIPTDIR -s sh \
	 $$(grep -lE '^#!/bin/sh' $$(git ls-files -co --exclude-standard scripts tests .ci))
check-build:    ; $(Q)$(PYTHON) scripts/check-all --out '$(O)' build
check-all:      ; $(Q)$(PYTHON) scripts/check-all --out '$(O)' $(GROUPS)

# TARGET= names one target of tests/fuzz, else all run one after the other.
SECONDS ?= 60
fuzz-run = $(PYTHON) tests/fuzz/run.py --out '$(O)/fuzz' --seconds '$(SECONDS)'
.PHONY: fuzz check-fuzz
fuzz:
	$(Q)$(fuzz-run) $(if $(ENGINE),--engine '$(ENGINE)') fuzz $(TARGET)
check-fuzz:
	$(Q)$(fuzz-run) replay $(TARGET)

# MUTANTS= how many, or all; SEED= which ones.
MUTANTS ?= 120
.PHONY: check-mutants
check-mutants:
	$(call need,cc)$(call need,git)
	$(Q)$(PYTHON) tests/mutants/run.py --out '$(O)/mutants' --sample '$(MUTANTS)' $(if $(SEED),--seed '$(SEED)')

.PHONY: coverage
coverage:       ; $(Q)$(PYTHON) scripts/coverage.py --out '$(O)/coverage'
htmldocs:
	$(call need,sphinx-build)
	$(Q)PYTHON='$(PYTHON)' sh scripts/htmldocs.sh '$(O)'
#: Checking
#:   check                  the tests of the configured board: host, style, figures, and in QEMU with
#:                          1 and 4 CPUs the suite, the demonstration and the shell
#:   check-all              everything CI runs, on all boards (GROUPS="host sim model build static docs qemu bench
#:                          matrix fuzz sanitize analyze coverage")
#:   check-long             simulator: OPERATIONS=4000000 compared with the reference model
#:   check-host check-qemu check-build check-bench   one group of it (check-bench: figures within budgets)
#:   check-style check-includes check-shell house rules, include cycles, shellcheck
#:   check-behaviours       the table of behaviours in the manual names the cases of tests/abi
#:   coverage               lines and branches of the generic kernel that tests reach; $(O)/coverage/html
#:   check-mutants          small mistakes made in the kernel, one at a time: do the tests of this computer find
#:                          them?  MUTANTS=120 (or all) of them, SEED= which ones
#:   check-fuzz             the committed inputs of the fuzz targets, whole, cut and changed
#:   fuzz TARGET=elf SECONDS=60   search with libFuzzer, or ENGINE=afl; targets: elf loader cpio fdt acpi
#:                          cmdline handover calls
#:   sparse cppcheck clang-tidy check-headers   static checks of the configured sources
#:   analyze-gcc analyze-clang   the compilers' searches for paths to a mistake (ANALYZE="arch mm": only there)
#:   check-static           all of the above and what follows, with a summary
#:   check-stack            the deepest path of calls from each way into the kernel fits its stack
#:   size                   text, data and bss of each subsystem
#:   option-cost            bytes of the kernel that each option adds, held to Documentation/option-cost.csv
#:   option-cost-write      take today's figures of all architectures as that table
#:   compile_commands.json  $(O)/compile_commands.json for clangd and clang-tidy
#:   htmldocs               the manual, in $(O)/html
#:
