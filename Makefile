# SPDX-License-Identifier: MIT
# Veridian: the one Makefile.  It runs from the source root and puts everything
# it makes into $(O).  This file decides which goals need a configuration and
# brings it up to date; scripts/kbuild.mk builds, scripts/run.mk starts the
# machine, scripts/checks.mk holds the tests and static checks.
O ?= build
MAKEFLAGS += -rR --no-print-directory
.SUFFIXES:
.SECONDEXPANSION:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all FORCE
all:
FORCE: ;

ifneq ($(words $(CURDIR) $(O)),2)
$(error The source and output directories must have no blanks in their names)
endif
ifeq ($(wildcard scripts/kbuild.mk),)
$(error Run make in the top directory of the source)
endif

export LC_ALL := C.UTF-8
export PYTHONDONTWRITEBYTECODE := 1
Q := $(if $(filter-out 0,$(V)),,@)

# ---- missing tools: $(call need,TOOL) stops with the name of the Debian package
blank    := $() $()
on-path   = $(or $(wildcard $(addsuffix /$1,$(subst :,$(blank),$(PATH)))),$(shell command -v $1))
package   = $(patsubst $(notdir $1)=%,%,$(filter $(notdir $1)=%,$(file <scripts/packages)))
need      = $(if $(call on-path,$1),,$(error $1 is not installed$(need-hint)))
need-hint = $(if $(call package,$1),: apt install $(call package,$1)$(,) or run scripts/bootstrap)
,        := ,

# Debian's Kconfiglib belongs to /usr/bin/python3; another python3 may come first in PATH.
PYTHON ?= $(or $(wildcard /usr/bin/python3),python3)
$(call need,$(PYTHON))

# GNU make 4.3 does not pass exported variables to $(shell), so hand them over here.
kconfig = O='$(O)' ARCH='$(ARCH)' KCONFIG_CONFIG='$(abspath $(O))/.config' \
	KCONFIG_SEED='$(KCONFIG_SEED)' KCONFIG_PROBABILITY='$(KCONFIG_PROBABILITY)' \
	KCONFIG_ALLCONFIG='$(KCONFIG_ALLCONFIG)' $(PYTHON) scripts/kconfig.py

# ---- goals that need no configuration
config-goals := menuconfig guiconfig nconfig oldconfig olddefconfig listnewconfig savedefconfig \
	defconfig alldefconfig allnoconfig allyesconfig randconfig lint matrix why diffconfig
board-goals  := $(notdir $(wildcard configs/*_defconfig))
source-goals := check-style check-includes check-behaviours check-shell check-host check-build check-all \
	fuzz check-fuzz coverage
free-goals   := $(config-goals) $(board-goals) $(source-goals) help clean mrproper distclean htmldocs
goals        := $(or $(MAKECMDGOALS),all)
unknown-board := $(filter-out $(free-goals),$(filter %_defconfig,$(goals)))
build-goals  := $(filter-out $(free-goals) %_defconfig,$(goals))

ifneq ($(unknown-board),)
$(error There is no configs/$(firstword $(unknown-board)); the boards are: $(sort $(board-goals)))
endif

ifneq ($(word 2,$(goals)),)
ifneq ($(filter $(free-goals),$(goals)),)
one-by-one := y
endif
endif

ifdef one-by-one
# 'make qemu_riscv64_defconfig all run': one goal at a time, in the order given.
.PHONY: $(goals) one-by-one
$(goals): one-by-one ; @:
one-by-one: ; +$(Q)set -e; for goal in $(goals); do $(MAKE) $$goal; done
else

.PHONY: $(free-goals)
$(board-goals): ; $(Q)$(kconfig) defconfig configs/$@ $(FRAGMENTS)
defconfig: ; $(Q)$(kconfig) boarddefconfig $(FRAGMENTS)
nconfig: ; $(Q)$(kconfig) menuconfig
$(filter-out defconfig nconfig,$(config-goals)): ; $(Q)$(kconfig) $@ $(ARGS)

clean:
	$(Q)rm -rf $(filter-out $(O)/.config $(O)/.config.old,$(wildcard $(O)/* $(O)/.[!.]*))
mrproper distclean:
	$(Q)rm -rf $(O)
help:
	@sed -n 's/^#: \{0,1\}//p' scripts/help.txt Makefile scripts/*.mk
	@echo; echo 'Boards:'; for f in configs/*_defconfig; do echo "  make $${f##*/}"; done
	@echo; echo 'Fragments, added with FRAGMENTS="...":'; \
	 for f in configs/*.config; do printf '  %-26s%s\n' $$f "$$(sed -n '1s/# //p' $$f)"; done

ifneq ($(build-goals),)
# Brought up to date on every run (about 50 ms): nothing about the configuration can be stale.
sync := $(shell $(kconfig) sync $(and $(FRAGMENTS),fragments) >&2; echo $$?)
ifneq ($(sync),0)
$(error No usable configuration)
endif
include $(O)/include/config/auto.conf
include scripts/kbuild.mk
ifndef CONFIG_HOST
include scripts/user.mk
endif
include scripts/run.mk
include scripts/bench.mk
endif
include scripts/checks.mk
endif

#: Configuration
#:   <board>_defconfig      take a board's configuration (FRAGMENTS="configs/debug.config ..." adds to it)
#:   defconfig              the first board of ARCH= (x86_64, aarch64, riscv64)
#:   menuconfig guiconfig   change it in a menu (nconfig is menuconfig)
#:   oldconfig olddefconfig listnewconfig   ask for, take defaults for, list new options
#:   savedefconfig          write $(O)/defconfig, or ARGS=<file>, with only what differs from the defaults
#:   alldefconfig allnoconfig allyesconfig randconfig   whole-space configurations
#:                          (KCONFIG_ALLCONFIG=file, KCONFIG_SEED=n, KCONFIG_PROBABILITY=percent)
#:   why ARGS=SMP           why an option has its value, and what to change
#:   diffconfig ARGS="a b"  compare two configurations (default: .config.old and .config)
#:   matrix                 a set of configurations that covers every pair of options
#:   lint                   check the Kconfig files and configs/
#:   clean mrproper         remove what was built; the configuration too (distclean: the same)
#:
