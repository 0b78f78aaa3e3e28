# SPDX-License-Identifier: MIT
# Builds the kernel, without recursion, from the lists in the directories'
# Makefiles.  A target is made again exactly when one of its sources, one of the
# CONFIG_ symbols they mention, or its command line changed (if_changed below).
unquote = $(subst ",,$1)
pound  := \#
comma  := ,

config-arch := $(call unquote,$(CONFIG_ARCH))
ifneq ($(filter-out $(config-arch),$(ARCH)),)
$(error $(O)/.config is for $(config-arch): run 'make ARCH=$(ARCH) defconfig' first)
endif
override ARCH := $(config-arch)

# ---- tools
ifdef LLVM
CC      := clang --target=$(call unquote,$(CONFIG_LLVM_TARGET))
LD      := ld.lld
NM      := llvm-nm
OBJCOPY := llvm-objcopy
else
CROSS_COMPILE ?= $(call unquote,$(CONFIG_CROSS_COMPILE))
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
endif
$(foreach tool,$(firstword $(CC)) $(LD) $(OBJCOPY) awk $(if $(CONFIG_KALLSYMS),$(NM)) \
	$(if $(CONFIG_IKCONFIG),gzip),$(call need,$(tool)))

# ---- flags
include arch/$(ARCH)/arch.mk

opt-$(CONFIG_CC_OPTIMIZE_SPEED) := -O2
opt-$(CONFIG_CC_OPTIMIZE_SIZE)  := -Os
opt-$(CONFIG_CC_OPTIMIZE_DEBUG) := -Og

warnings := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla -Werror \
	-Wconversion -Wno-sign-conversion $(if $(filter 1 2,$(W)),-Wcast-qual -Wsign-conversion -Wno-error)
autoconf := -include $(O)/include/generated/autoconf.h
# Paths are mapped so that two checkouts give the same bytes.
path-map := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=build \
	$(if $(filter-out build /%,$(O)),-ffile-prefix-map=$(O)=build)
common-flags := -std=gnu11 $(opt-y) -g -ffreestanding -fno-strict-aliasing -fno-stack-protector \
	-fno-common -fno-asynchronous-unwind-tables $(path-map) $(warnings) $(arch-flags)

# The runtimes are ours (kernel/ubsan.c, mm/kasan.c).
sanitize := $(if $(CONFIG_UBSAN),-fsanitize=undefined) \
	$(if $(CONFIG_KASAN),-fsanitize=kernel-address --param asan-stack=0 --param asan-globals=1 \
	--param asan-instrumentation-with-call-threshold=0)

# Counters in the generic part.  Nobody calls what merges them: scripts/coverage.py reads the memory of the machine.
counted  := $(if $(CONFIG_COVERAGE),$(foreach d,kernel mm ipc sched cap lib,$(O)/$d/%))
counters  = $(if $(filter $(counted),$@),--coverage -fprofile-info-section -fprofile-update=prefer-atomic)
ifneq ($(and $(CONFIG_COVERAGE)$(CONFIG_KASAN),$(LLVM)),)
$(error CONFIG_COVERAGE and CONFIG_KASAN need gcc)
endif

CPPFLAGS := -Iinclude -Iinclude/uapi -Iarch/$(ARCH)/include -I$(O)/include $(autoconf) -D__KERNEL__
CFLAGS   := $(common-flags) $(kernel-flags) -fno-pic -fno-pie $(sanitize) \
	$(if $(CONFIG_KALLSYMS),-fno-omit-frame-pointer -fno-optimize-sibling-calls)
AFLAGS   := $(filter-out -W% -std=%,$(common-flags)) $(kernel-flags) -fno-pic -fno-pie
LDFLAGS  := $(arch-ldflags) -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none \
	--no-undefined --fatal-warnings $(if $(CONFIG_COVERAGE),--defsym=__gcov_merge_add=0)

# ---- the walk: a directory's Makefile sets obj-y (x.o or dir/), ccflags-y, CFLAGS_x.o and SPARSE_x.o
objs :=
define walk-dir
obj-y :=
ccflags-y :=
include $1/Makefile
$1/dirs := $$(patsubst %/,$1/%,$$(filter %/,$$(obj-y)))
$1/objs := $$(addprefix $(O)/$1/,$$(filter %.o,$$(obj-y)))
objs += $$($1/objs)
$$(foreach o,$$(filter %.o,$$(obj-y)),$$(eval flags-$(O)/$1/$$o := $$(ccflags-y) $$(CFLAGS_$$o)))
$$(foreach o,$$(filter %.o,$$(obj-y)),$$(eval sparse-$(O)/$1/$$o := $$(SPARSE_$$o)))
$$(foreach d,$$($1/dirs),$$(eval $$(call walk-dir,$$d)))
endef
subsystems := arch/$(ARCH) kernel mm ipc sched cap lib drivers \
	$(if $(CONFIG_HOST),tests/model tests/abi tests/abi/host user/lib)
$(foreach d,$(subsystems),$(eval $(call walk-dir,$d)))

# ---- run a command when a prerequisite or the command itself changed
# $(news) is empty when there is nothing to do; commands are compared as one word,
# because filter-out treats a lone % as a pattern.
squash  = $(subst %,{percent},$(subst $(blank),|,$(strip $1)))
news    = $(filter-out FORCE,$?)$(if $(filter-out $(call squash,$(saved_$@)),$(call squash,$(cmd_$1))),command)
quoted  = '$(subst ','\'',$1)'
savecmd = printf '%s\n' $(call quoted,saved_$@ := $(subst $(pound),$$(pound),$(subst $$,$$$$,$(strip $(cmd_$1)))))
# make -s stays silent; its letter stands in the first word of MAKEFLAGS.
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say     = $(if $(Q),$(if $(silent),,printf '  %-9s%s\n' '$1' '$(@:$(O)/%=%)';))
# The saved command is written last: an interrupted build repeats the step.
if_changed     = $(if $(news),$(Q)set -e; $(say) $(cmd_$1); $(savecmd) >$@.cmd,@:)
if_changed_dep = $(if $(news),$(Q)set -e; $(say) rm -f $@.cmd; $(cmd_$1); $(if $2,$2;) \
	awk -v target=$@ -v cfg=$(O)/include/config -f scripts/fixdep.awk $@.d >$@.tmp; \
	$(savecmd) >>$@.tmp; mv $@.tmp $@.cmd; rm $@.d,@:)

sparse = $(if $(filter-out 0,$(C)),$(call need,sparse)sparse $(sparse-flags) $(sparse-common) \
	$(sparse-$@) $(CPPFLAGS) $<)
# sparse looks into /usr/include unless it is shown the compiler's own headers.
sparse-common = -std=gnu11 -ffreestanding -Wsparse-error -Wno-unknown-attribute -Wno-decl -nostdinc \
	-isystem $(shell $(if $(LLVM),gcc,$(CC)) -print-file-name=include)

cmd_CC      = $(CC) -MMD -MF $@.d $(CPPFLAGS) $(CFLAGS) $(counters) $(flags-$@) -c -o $@ $<
cmd_AS      = $(CC) -MMD -MF $@.d -D__ASSEMBLY__ $(CPPFLAGS) $(AFLAGS) $(flags-$@) -c -o $@ $<
cmd_LDS     = $(CC) -MMD -MF $@.d -MT $@ -D__ASSEMBLY__ $(CPPFLAGS) $(arch-flags) -E -P -x assembler-with-cpp -o $@ $<
cmd_OBJCOPY = $(OBJCOPY) -O binary $< $@

$(O)/%.o: %.c FORCE
	$(call if_changed_dep,CC,$(sparse))
$(O)/%.o: %.S FORCE
	$(call if_changed_dep,AS)
$(O)/%.lds: %.lds.S FORCE
	$(call if_changed_dep,LDS)

# 'make lib/string.o' builds one object
$(filter %.o,$(goals)): %.o: $(O)/%.o ;

# ---- generated headers
gen := $(O)/include/generated
generated :=

ifneq ($(wildcard include/uapi/veridian/syscalls.toml),)
cmd_SYSCALL = $(PYTHON) scripts/gen_syscalls.py $(gen) include/uapi/veridian $(O)/include/config/symbols && touch $@
syscall-headers := $(addprefix $(gen)/syscall_,numbers.h protos.h table.h names.h stubs.h errors.h grammar.h)
$(gen)/syscalls.stamp: scripts/gen_syscalls.py $(addprefix include/uapi/veridian/,syscalls.toml status.h types.h) FORCE
	$(call if_changed,SYSCALL)
$(syscall-headers): $(gen)/syscalls.stamp ; @:
generated += $(syscall-headers)
endif

ifneq ($(wildcard arch/$(ARCH)/asm-offsets.c),)
# The compiler writes each DEFINE() as a string "->NAME value" into its assembly.
cmd_OFFSETS = $(CC) -MMD -MF $@.d -MT $@ $(CPPFLAGS) $(filter-out -g,$(CFLAGS)) -S -o $@.s $<; \
	sed -n 's/^[[:space:]]*\.ascii[[:space:]]*"->\([A-Za-z0-9_]*\) [\#$$]*\(-*[0-9]*\)"$$/$(pound)define \1 \2/p' \
	 $@.s >$@; rm $@.s
$(gen)/asm-offsets.h: arch/$(ARCH)/asm-offsets.c FORCE | $(generated)
	$(call if_changed_dep,OFFSETS)
late-generated := $(gen)/asm-offsets.h
endif

# ---- the configuration inside the image
cmd_IKCONFIG = gzip -9n <$< >$@
$(gen)/config.gz: $(gen)/config.txt FORCE
	$(call if_changed,IKCONFIG)
$(O)/kernel/ikconfig.o: $(gen)/config.gz

# ---- link; with KALLSYMS twice, because the table of functions is made from the linked image
lds     := $(O)/arch/$(ARCH)/kernel.lds
kernel  := $(O)/kernel.elf
ld-args  = $(LDFLAGS) -T $(lds)
ifdef CONFIG_HOST
# A program of the host: no linker script of its own.
lds     :=
cmd_LD  = $(CC) $(host-ldflags) -o $@ $(objs)
else ifdef CONFIG_KALLSYMS
cmd_LD  = CC='$(CC) $(AFLAGS)' LD='$(LD) $(ld-args)' NM='$(NM)' PYTHON='$(PYTHON)' \
	sh scripts/link-kallsyms.sh $@ $(objs)
else
cmd_LD  = $(LD) $(ld-args) -o $@ $(objs)
endif
link-tools := $(if $(CONFIG_KALLSYMS),scripts/link-kallsyms.sh scripts/kallsyms.py)
$(kernel): $(objs) $(lds) $(link-tools) FORCE
	$(call if_changed,LD)
$(O)/Image: $(kernel) FORCE
	$(call if_changed,OBJCOPY)

boot-image := $(O)/$(image)
.PHONY: kernel
kernel: $(kernel) $(boot-image)
all: kernel

$(objs) $(lds): | $(generated) $(late-generated)

# Without this, make would take the line above for a rule that makes a missing source's object.
source-of = $(wildcard $(1:$(O)/%.o=%.c) $(1:$(O)/%.o=%.S))
lost      := $(foreach o,$(objs),$(if $(call source-of,$o),,$o))
$(lost):
	@echo '$(patsubst $(O)/%,%,$(@D))/Makefile: error: it lists $(@F), but there is no such .c or .S file' >&2; \
	 false

dirs := $(sort $(dir $(objs) $(lds)) $(gen)/)
$(if $(filter-out $(wildcard $(dirs)),$(dirs)),$(shell mkdir -p $(dirs)))
-include $(wildcard $(addsuffix .cmd,$(objs) $(lds) $(kernel) $(O)/Image $(late-generated) \
	$(gen)/syscalls.stamp $(gen)/config.gz))
#: Building
#:   all (default)          the kernel ($(O)/kernel.elf, on AArch64 also $(O)/Image) and $(O)/boot.cpio
#:   kernel                 the kernel only
#:   O=<dir>                put the results into <dir> (default: build)
#:   V=1  W=1  C=1          show commands; all warnings, none an error; run sparse on what is compiled
#:   LLVM=1                 build with clang and lld;  CROSS_COMPILE=<prefix> another gcc
