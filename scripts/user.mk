# SPDX-License-Identifier: MIT
# Builds the programs of the boot archive from the lists in user/Makefile:
#   lib-y            objects of the library, linked into every program
#   userlib-shared   objects of the kernel's lib/, compiled again for user space
#   prog-y           programs;  NAME-objs  the objects of one (default NAME.o)
#   CFLAGS_x/y.o     flags of one object
#   user-includes    further include directories
# and packs them, stripped, into $(O)/boot.cpio.
lib-y :=
prog-y :=
userlib-shared :=
user-includes :=
-include user/Makefile

u := $(O)/user
USER_CPPFLAGS := -Iinclude/uapi -Iuser/include $(user-includes) -Iinclude -I$(O)/include $(autoconf)
USER_CFLAGS   := $(common-flags) $(user-flags) -fpie -fvisibility=hidden -ffunction-sections -fdata-sections
USER_AFLAGS   := $(filter-out -W% -std=%,$(USER_CFLAGS))
USER_LDFLAGS  := $(arch-ldflags) -nostdlib -static -pie --no-dynamic-linker --hash-style=sysv -z text -z noexecstack \
	-z max-page-size=4096 --build-id=none --gc-sections --no-undefined --fatal-warnings

# A shared object keeps the flags its own directory gives it.
uflags    = $(CFLAGS_$(@:$u/%=%)) $(flags-$(O)/$(@:$u/shared/%=%))

cmd_UCC   = $(CC) -MMD -MF $@.d $(USER_CPPFLAGS) $(USER_CFLAGS) $(uflags) -c -o $@ $<
cmd_UAS   = $(CC) -MMD -MF $@.d -D__ASSEMBLY__ $(USER_CPPFLAGS) $(USER_AFLAGS) -c -o $@ $<
cmd_ULDS  = $(CC) -MMD -MF $@.d -MT $@ -D__ASSEMBLY__ $(USER_CPPFLAGS) $(arch-flags) -E -P \
	 -x assembler-with-cpp -o $@ $<
cmd_ULD   = $(LD) $(USER_LDFLAGS) -T $(ulds) -o $@ $(filter %.o,$^)
cmd_STRIP = $(OBJCOPY) --strip-all $< $@
cmd_CPIO  = $(PYTHON) scripts/mkcpio.py $@ $(archive-files)
usparse   = $(if $(filter-out 0,$(C)),$(call need,sparse)sparse $(sparse-flags) $(sparse-common) $(USER_CPPFLAGS) $<)

programs     := $(sort $(prog-y))
prog-objs     = $(addprefix $u/,$(or $($1-objs),$1.o))
ulib-objs    := $(addprefix $u/,$(lib-y))
ushared-objs := $(addprefix $u/shared/,$(userlib-shared))
user-objs    := $(sort $(ulib-objs) $(foreach p,$(programs),$(call prog-objs,$p)))

# A linker script is either preprocessed or plain.
ifneq ($(wildcard user/lib/user.lds.S),)
ulds := $u/lib/user.lds
$(ulds): user/lib/user.lds.S FORCE
	$(call if_changed_dep,ULDS)
else
ulds := user/lib/user.lds
endif

# Sources lie in user/ or, those of the suite, in tests/.
user-source = $(firstword $(wildcard user/$1.c tests/$1.c user/$1.S tests/$1.S) user/$1.c)
$(filter %.o,$(user-objs)): $u/%.o: $$(call user-source,$$*) FORCE
	$(call if_changed_dep,$(if $(filter %.S,$<),UAS,UCC),$(if $(filter %.c,$<),$(usparse)))
$(ushared-objs): $u/shared/%.o: %.c FORCE
	$(call if_changed_dep,UCC)
$(user-objs) $(ushared-objs): | $(generated)

define program
$u/$1.elf: $(call prog-objs,$1) $(ulib-objs) $(ushared-objs) $(ulds) FORCE
	$$(call if_changed,ULD)
$u/bin/$1: $u/$1.elf FORCE
	$$(call if_changed,STRIP)
endef
$(foreach p,$(programs),$(eval $(call program,$p)))

# ---- the boot archive: the programs and the configuration as text
archive-files := $(foreach p,$(programs),$p=$u/bin/$p) config=$(gen)/config.txt
boot-archive  := $(O)/boot.cpio
$(boot-archive): $(addprefix $u/bin/,$(programs)) $(gen)/config.txt scripts/mkcpio.py FORCE
	$(call if_changed,CPIO)
.PHONY: user
user: $(boot-archive)
all: user

user-dirs := $(sort $(dir $(user-objs) $(ushared-objs) $(addprefix $u/,$(programs))) $u/lib/ $u/bin/)
$(if $(filter-out $(wildcard $(user-dirs)),$(user-dirs)),$(shell mkdir -p $(user-dirs)))
-include $(wildcard $(addsuffix .cmd,$(user-objs) $(ushared-objs) $u/lib/user.lds $(boot-archive) \
	$(foreach p,$(programs),$u/bin/$p $u/$p.elf)))
#:   user                   the programs and the boot archive only
