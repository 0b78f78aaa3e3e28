# SPDX-License-Identifier: MIT
# No relaxation: gp is not set up.  clang 14 counts the CSR and fence.i
# instructions as part of the base and refuses their names.
arch-flags      := -march=rv64imac$(if $(LLVM),,_zicsr_zifencei) -mabi=lp64 -mno-relax
kernel-flags    := -mcmodel=medany
user-flags      :=
arch-ldflags    := -m elf64lriscv
image           := kernel.elf
sparse-flags    := -m64 --arch=riscv64
