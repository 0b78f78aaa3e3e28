# SPDX-License-Identifier: MIT
# Tests, static checks, figures and the manual.
ifneq ($(build-goals),)

c-sources    := $(filter-out $(O)/%,$(wildcard $(objs:$(O)/%.o=%.c)))
user-sources := $(filter-out $(O)/%,$(wildcard $(user-objs:$(O)/%.o=%.c)))

.PHONY: sparse cppcheck clang-tidy size option-cost check check-qemu compile_commands.json
# Asked for once, not for each file.
sparse: sparse-always := $(sparse-common)
sparse: $(generated) $(late-generated)
	$(call need,sparse)
	$(Q)status=0; \
	 $(foreach f,$(c-sources),sparse $(sparse-flags) $(sparse-always) $(sparse-$(O)/$(f:.c=.o)) \
	  $(CPPFLAGS) $f || status=1;) \
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

# Each header compiles alone; the ABI's with nothing of the kernel on the path.
headers := $(patsubst include/%,%,$(wildcard include/kernel/*.h include/lib/*.h))
abi     := $(patsubst include/uapi/%,%,$(wildcard include/uapi/veridian/*.h))
.PHONY: check-headers
check-headers: $(generated) $(late-generated)
	$(Q)status=0; \
	 for h in $(headers); do \
	  echo "#include <$$h>" | $(CC) $(CPPFLAGS) $(CFLAGS) -fsyntax-only -x c - \
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

option-cost:
	$(Q)$(PYTHON) scripts/option-cost.py --out '$(O)/option-cost' --board $(or $(BOARD),qemu_$(ARCH))
check-qemu: all
	$(Q)$(PYTHON) scripts/qemu-suite.py --out '$(O)' --image '$(image)' --name $(notdir $(O)) --smp 1,4
check: all check-host check-style check-includes lint
	$(Q)$(PYTHON) scripts/qemu-suite.py --out '$(O)' --image '$(image)' --name $(notdir $(O)) --smp 1,4
endif

ifneq ($(filter check check-host check-all,$(goals)),)
.PHONY: check-host
check-host:
	$(Q)$(MAKE) -C tests/host O='$(abspath $(O))/host'
endif
ifneq ($(filter check lint,$(build-goals)),)
.PHONY: lint
lint: ; $(Q)$(kconfig) lint
endif

.PHONY: check-style check-includes check-shell check-build check-all htmldocs
check-style:    ; $(Q)$(PYTHON) scripts/check-style.py
check-includes: ; $(Q)$(PYTHON) scripts/check-includes.py
check-shell:
	$(call need,shellcheck)
	$(Q)shellcheck -x -P SCRIPTDIR -s sh \
	 $$(grep -lE '^#!/bin/sh' $$(git ls-files -co --exclude-standard scripts tests .ci))
check-build:    ; $(Q)$(PYTHON) scripts/check-all --out '$(O)' build
check-all:      ; $(Q)$(PYTHON) scripts/check-all --out '$(O)' $(GROUPS)
htmldocs:
	$(call need,sphinx-build)
	$(Q)PYTHON='$(PYTHON)' sh scripts/htmldocs.sh '$(O)'
#: Checking
#:   check                  the tests of the configured board: host, style, QEMU with 1 and 4 CPUs
#:   check-all              everything CI runs, on all boards (GROUPS="host build static docs qemu matrix")
#:   check-host check-qemu check-build      one group of it
#:   check-style check-includes check-shell house rules, include cycles, shellcheck
#:   sparse cppcheck clang-tidy check-headers   static checks of the configured sources
#:   size                   text, data and bss of each subsystem
#:   option-cost            bytes of the kernel that each option adds
#:   compile_commands.json  $(O)/compile_commands.json for clangd and clang-tidy
#:   htmldocs               the manual, in $(O)/html
#:
