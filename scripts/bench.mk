# SPDX-License-Identifier: MIT
# Benchmarks: the bench variant of the configured board, in $(O)/bench; see Documentation/performance.rst.
count-plugin := $(O)/count.so
cmd_PLUGIN = gcc -O2 -Wall -Wextra -Wshadow -Werror -shared -fPIC -o $@ $(filter %.c,$^)
$(count-plugin): $(wildcard scripts/qemu-plugin/*.c scripts/qemu-plugin/*.h) FORCE
	$(call need,gcc)
	$(call if_changed,PLUGIN)
-include $(wildcard $(count-plugin).cmd)

# A simulated machine counts no instructions.
no-count  = $(if $(filter host,$(ARCH)),$(error make $@ is for boards that QEMU runs; this is the host board))
bench-run = $(no-count)$(PYTHON) scripts/bench.py --out '$(O)'
.PHONY: bench bench-quick bench-lower check-bench
bench: $(count-plugin)
	$(Q)$(bench-run) --plugin $(count-plugin) $(foreach row,$(PROFILE),--profile $(row))
bench-quick:
	$(Q)$(bench-run) --quick
check-bench:
	$(Q)$(bench-run) --quick --brief
bench-lower:
	$(Q)$(bench-run) --lower

# The figures of the manual, from all architectures.
plot-boards := qemu_x86_64 qemu_aarch64 qemu_riscv64
.PHONY: bench-plot
bench-plot: $(count-plugin)
	$(Q)mkdir -p $(addprefix $(O)/plot/,$(plot-boards))
	$(Q)set -e; for board in $(plot-boards); do \
	 $(PYTHON) scripts/bench.py --out '$(O)'/plot/$$board --board $$board --plugin $(count-plugin) --brief; done
	$(Q)$(PYTHON) scripts/bench_plot.py --out Documentation/performance \
	 $(foreach board,$(plot-boards),$(O)/plot/$(board)/bench.json)
#: Figures
#:   bench                  measure every operation (exact counts of instructions), compare with the budgets
#:                          in tests/bench/budgets.toml; $(O)/bench.json has it all
#:                          (PROFILE="ipc-8 null": which functions a row spends its instructions in)
#:   bench-quick            the same with fewer samples, without the plugin and the sizes of images, in half a minute
#:   bench-plot             measure all architectures and draw the figures of the manual (Documentation/performance)
#:   bench-lower            lower the budgets to the figures of the last "make bench"; never raises one
#:
