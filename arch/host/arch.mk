# SPDX-License-Identifier: MIT
# The simulator: the kernel compiled for this computer.  SIM= says what for:
#   races      every access to memory is reported to arch/host/race.c (default)
#   address    AddressSanitizer and UndefinedBehaviorSanitizer instead
#   coverage   gcov: which lines and branches of the kernel were reached
#   fuzz       for tests/fuzz/run.py, which says CC= and, for linking, FUZZER=
ifdef LLVM
$(error The simulator is built with gcc, whose instrumentation it answers)
endif
SIM ?= races
sim-races := -fsanitize=thread --param tsan-instrument-func-entry-exit=0 -Wno-tsan
sim-address := -include arch/host/include/atomic_calls.h -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
sim-coverage := -include arch/host/include/atomic_calls.h --coverage
sim-fuzz := -include arch/host/include/atomic_calls.h -w $(FUZZER_CFLAGS)
ifeq ($(sim-$(SIM)),)
$(error SIM=$(SIM): not one of races, address, coverage, fuzz)
endif
arch-flags :=
# Functions that the C library has, too, get other names in the kernel.
host-renames := memcpy memmove memset memcmp strlen strnlen strcmp strncmp strchr vsnprintf snprintf
kernel-flags := $(sim-$(SIM)) -fno-builtin -Dsched_yield=own_sched_yield \
	$(foreach name,$(host-renames),-D$(name)=own_$(name))
# The machine itself is a program of the host, and looks at the kernel without being seen.
host-machine-flags := -fno-sanitize=thread -fhosted -fbuiltin -DHOST_MACHINE \
	$(foreach name,$(host-renames),-U$(name))
# Programs of users: instrumented like the kernel, but with names of their own.
host-user-flags := -U__KERNEL__ -Iuser/include -include tests/abi/host/names.h
# It sees which frames the kernel takes and gives back.
host-ldflags := -no-pie $(foreach name,frame_alloc frame_alloc_charged frame_free \
	account_charge cap_reserve slab_alloc slab_free object_alloc,-Wl,--wrap=$(name)) \
	$(if $(filter address,$(SIM)),-fsanitize=address$(comma)undefined) \
	$(if $(filter fuzz,$(SIM)),$(FUZZER)) \
	$(if $(filter coverage,$(SIM)),--coverage -Wl$(comma)-u$(comma)__gcov_dump)
arch-ldflags :=
user-flags :=
image := kernel.elf
sparse-flags := -m64
