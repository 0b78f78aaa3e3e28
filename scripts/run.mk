# SPDX-License-Identifier: MIT
# Starts the configured machine.  scripts/qemu-run.py makes the command line from
# .config; SMP= MEM= APPEND= QEMU_EXTRA= TIMEOUT= change it for one run.
qemu-run = $(PYTHON) scripts/qemu-run.py --out '$(O)' --image '$(image)' \
	$(if $(SMP),--smp '$(SMP)') $(if $(MEM),--mem '$(MEM)') $(if $(TIMEOUT),--timeout '$(TIMEOUT)') \
	$(if $(filter undefined,$(origin APPEND)),,--append='$(APPEND)') $(if $(QEMU_EXTRA),--extra='$(QEMU_EXTRA)')
.PHONY: run debug qemu-command iso run-iso
ifdef CONFIG_HOST
# The simulator is a program; ARGS= are its options.
simulator = $(O)/kernel.elf $(if $(SMP),--cpus '$(SMP)') $(or $(ARGS),--runs 20 --verbose --tally)
run: all
	$(Q)$(simulator)
qemu-command:
	@echo '$(simulator)'
debug: all
	$(call need,gdb)
	$(Q)gdb --args $(O)/kernel.elf --no-fork $(ARGS)
else
# At once, not after the build.
$(if $(filter run debug check check-qemu bench bench-quick check-bench,$(goals)),$(call need,qemu-system-$(ARCH)))
run: all
	$(Q)$(qemu-run)
qemu-command:
	@$(qemu-run) --print
debug: all
	$(Q)$(qemu-run) --debug
endif

ifeq ($(ARCH),x86_64)
iso: $(O)/veridian.iso
$(if $(filter iso,$(goals)),$(foreach tool,grub-mkrescue xorriso mformat,$(call need,$(tool))))
# Always made again: APPEND= may have changed, and it takes a second.
$(O)/veridian.iso: $(kernel) $(boot-archive) scripts/mkiso.sh FORCE
	$(Q)sh scripts/mkiso.sh $@ $(kernel) $(boot-archive) $(call quoted,$(APPEND))
else
iso:
	$(error make iso is for x86_64; $(ARCH) boots $(O)/$(image) and $(O)/boot.cpio directly)
endif
#: Running
#:   run                    boot the configured machine in QEMU (SMP= MEM= APPEND= QEMU_EXTRA= TIMEOUT=);
#:                          the exit status is 0 only if the guest reports success
#:   debug                  the same, stopped at the first instruction with gdb attached
#:                          host_defconfig: run and debug start the simulator (ARGS="--seed 7 --shrink", --help)
#:   qemu-command           print the QEMU command line
#:   iso                    $(O)/veridian.iso with GRUB, for BIOS and UEFI (x86_64)
