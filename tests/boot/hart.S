/* SPDX-License-Identifier: MIT */
/*
 * The first code of QEMU's RISC-V machine "virt", from its flash: hart HART
 * boots, whichever that is.
 *
 * OpenSBI is started as the reset vector of QEMU 7.2 would (hw/riscv/boot.c,
 * whose words at RESET are used), but told which hart shall boot (struct
 * fw_dynamic_info, include/sbi/fw_dynamic.h).  It decides that once more, by
 * who comes first, where its C code begins; so the others wait until the boot
 * hart is past that, which shows in its timer: OpenSBI disarms it.
 */
#define RESET 0x1000
#define RESET_START 24 /* address of the firmware */
#define RESET_FDT 32
#define MTIMECMP (0x2004000 + 8 * HART) /* hw/riscv/virt.c: CLINT; 0 after a reset */

	.globl _start
_start:
	csrr	a0, mhartid
	li	t0, RESET
	ld	a1, RESET_FDT(t0)
	ld	t1, RESET_START(t0)
	lla	a2, info
	li	t2, HART
	beq	a0, t2, go
	li	t2, MTIMECMP
wait:
	lw	t3, (t2)
	beqz	t3, wait
go:
	jr	t1

	.balign	8
info:
	.dword	0x4942534f, 2	/* magic, version */
	.dword	0x80200000, 1	/* the kernel's entry; it runs in supervisor mode */
	.dword	0, HART		/* options; the boot hart */
