# SPDX-License-Identifier: MIT
# Out-of-line atomics would need libgcc; before the MMU is on all memory is
# device memory, which takes aligned accesses only.
arch-flags      := -mgeneral-regs-only -mno-outline-atomics
kernel-flags    := -mstrict-align
user-flags      :=
arch-ldflags    := -m aarch64elf
image           := Image
sparse-flags    := -m64 --arch=aarch64
