# SPDX-License-Identifier: MIT
# Code model and registers: the kernel is in the top 2 GiB and saves no vector
# registers; programs are placed at random and use general registers as well.
arch-flags      := -m64 -mgeneral-regs-only -fcf-protection=none
kernel-flags    := -mcmodel=kernel -mno-red-zone
user-flags      :=
arch-ldflags    := -m elf_x86_64
image           := kernel.elf
sparse-flags    := -m64
