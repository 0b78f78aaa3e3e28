// SPDX-License-Identifier: MIT
/*
 * Classes of instructions on three architectures.
 *
 * Registers that every trap saves or reads (AArch64 ELR SPSR SP ESR FAR TPIDR,
 * RISC-V sepc scause stval sstatus sscratch, x86 SWAPGS) are part of the price
 * of the trap, so that the three can be compared.
 */
#include <stdbool.h>
#include <string.h>

#include "decode.h"

static const struct decoded plain = { PLAIN, 0 };

static struct decoded of_class(enum class class)
{
	return (struct decoded){ class, 0 };
}

static struct decoded of_flags(unsigned int flags)
{
	return (struct decoded){ PLAIN, flags };
}

/* ---- x86_64 ---- */

struct x86 {
	bool has_lock, has_rep, has_size;
	const uint8_t *opcode;
	size_t left; /* bytes from the opcode on */
};

static struct x86 skip_prefixes(const uint8_t *bytes, size_t size)
{
	struct x86 x86 = { .opcode = bytes, .left = size };

	while (x86.left > 1) {
		uint8_t byte = *x86.opcode;

		x86.has_lock |= byte == 0xf0;
		x86.has_rep |= byte == 0xf3;
		x86.has_size |= byte == 0x66;
		if (!(byte && strchr("\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65\x66\x67", byte)) &&
		    (byte & 0xf0) != 0x40)
			break;
		x86.opcode++;
		x86.left--;
	}
	return x86;
}

/* 0F AE: fences, FS and GS base, XSAVE and its like. */
static struct decoded x86_group15(const struct x86 *x86, unsigned int reg, bool is_memory)
{
	if (is_memory)
		return of_class(reg == 0 || reg == 1 || reg >= 4 ? XSAVE : PLAIN);
	if (x86->has_rep)
		return of_class(SYSTEM);
	return of_class(reg >= 5 ? FENCE : PLAIN);
}

static struct decoded x86_two_byte(const struct x86 *x86)
{
	static const uint8_t mark[] = { 0x0f, 0x1f, 0x80, 0x31, 0x44, 0x52, 0x56 };
	uint8_t code = x86->opcode[1], modrm = x86->left > 2 ? x86->opcode[2] : 0;
	unsigned int reg = (modrm >> 3) & 7;
	bool is_memory = modrm < 0xc0;

	switch (code) {
	case 0x07: /* SYSRET */
		return of_flags(IS_RETURN);
	case 0x01:
		return of_class(is_memory && reg == 7 ? TLB : PLAIN);
	case 0x1f:
		return of_flags(x86->left == sizeof(mark) &&
				!memcmp(x86->opcode, mark, sizeof(mark)) ? IS_MARK : 0);
	case 0x20:
		return of_class(SYSTEM);
	case 0x22:
		return of_class(reg == 3 ? ROOT : SYSTEM);
	case 0x30:
	case 0x32:
		return of_class(SYSTEM);
	case 0x31:
		return of_flags(IS_COUNTER);
	case 0x38:
		return of_class(x86->has_size && modrm == 0x82 ? TLB : PLAIN);
	case 0xae:
		return x86_group15(x86, reg, is_memory);
	case 0xc7:
		return of_class(is_memory && reg >= 3 && reg <= 5 ? XSAVE : PLAIN);
	default:
		return plain;
	}
}

struct decoded decode_x86_64(const uint8_t *bytes, size_t size)
{
	struct x86 x86 = skip_prefixes(bytes, size);
	uint8_t code = x86.opcode[0], modrm = x86.left > 1 ? x86.opcode[1] : 0;

	if (x86.has_lock)
		return of_class(ATOMIC);
	if (code == 0x0f && x86.left > 1)
		return x86_two_byte(&x86);
	if ((code == 0x86 || code == 0x87) && modrm < 0xc0)
		return of_class(ATOMIC);
	if ((code >= 0xe4 && code <= 0xe7) || (code >= 0xec && code <= 0xef))
		return of_class(DEVICE);
	if (code == 0xf4)
		return of_flags(IS_IDLE);
	if (code == 0xcf)
		return of_flags(IS_RETURN);
	if (code == 0xe8 || (code == 0xff && ((modrm >> 3) & 7) == 2))
		return of_flags(IS_CALL);
	return plain;
}

/* ---- AArch64 ---- */

static struct decoded aarch64_register(uint32_t insn)
{
	unsigned int op1 = (insn >> 16) & 7, crn = (insn >> 12) & 15, crm = (insn >> 8) & 15;
	unsigned int op2 = (insn >> 5) & 7;
	bool is_read = insn & 1u << 21;

	if (op1 == 3 && crn == 9 && crm == 13 && !op2)
		return of_flags(IS_COUNTER);
	if (!op1 && crn == 2 && !crm && op2 < 2)
		return of_class(is_read ? PLAIN : ROOT);
	/* PSTATE, SPSR, ELR, SP; ESR; FAR; TPIDR */
	if (crn == 4 || crn == 5 || crn == 6 || crn == 13)
		return plain;
	return of_class(SYSTEM);
}

static struct decoded aarch64_system(uint32_t insn)
{
	unsigned int op0 = (insn >> 19) & 3, crn = (insn >> 12) & 15, op2 = (insn >> 5) & 7;

	if (insn == 0xd503207f || insn == 0xd503205f) /* WFI, WFE */
		return of_flags(IS_IDLE);
	if (op0 == 0)
		return of_class(crn == 3 && op2 >= 4 ? FENCE : PLAIN);
	if (op0 == 1)
		return of_class(crn == 8 || crn == 9 ? TLB : PLAIN);
	return aarch64_register(insn);
}

struct decoded decode_aarch64(const uint8_t *bytes, size_t size)
{
	uint32_t insn;

	if (size != sizeof(insn))
		return plain;
	memcpy(&insn, bytes, sizeof(insn));
	if (insn == 0xd28aca5f) /* MOVZ XZR, #0x5652 */
		return of_flags(IS_MARK);
	if (insn == 0xd69f03e0) /* ERET */
		return of_flags(IS_RETURN);
	if ((insn & 0xffc00000) == 0xd5000000)
		return aarch64_system(insn);
	if ((insn & 0xfc000000) == 0x94000000 || (insn & 0xfffffc1f) == 0xd63f0000)
		return of_flags(IS_CALL);
	/* LD<op>, SWP, but not LDAPR; CAS, CASP; of an exclusive pair the store */
	if (((insn & 0x3f200c00) == 0x38200000 && (insn & 0xfc00) != 0xc000) ||
	    (insn & 0x3fa07c00) == 0x08a07c00 ||
	    (insn & 0xbfa07c00) == 0x08207c00 || (insn & 0x3fc00000) == 0x08000000)
		return of_class(ATOMIC);
	return plain;
}

/* ---- RISC-V ---- */

static struct decoded riscv_csr(uint32_t insn)
{
	unsigned int csr = insn >> 20, source = (insn >> 15) & 31, kind = (insn >> 12) & 3;
	bool writes = kind == 1 || source;

	switch (csr) {
	case 0xc02: /* instret */
		return of_flags(IS_COUNTER);
	case 0x180: /* satp */
		return of_class(writes ? ROOT : PLAIN);
	case 0x100: /* sstatus, sscratch, sepc, scause, stval */
	case 0x140:
	case 0x141:
	case 0x142:
	case 0x143:
		return plain;
	default:
		return of_class(SYSTEM);
	}
}

static struct decoded riscv_system(uint32_t insn)
{
	if ((insn >> 12) & 3)
		return riscv_csr(insn);
	if (insn == 0x10500073)
		return of_flags(IS_IDLE);
	if (insn == 0x10200073) /* SRET */
		return of_flags(IS_RETURN);
	return of_class(insn >> 25 == 9 || insn >> 25 == 11 ? TLB : PLAIN);
}

struct decoded decode_riscv64(const uint8_t *bytes, size_t size)
{
	uint32_t insn = 0;

	memcpy(&insn, bytes, size < sizeof(insn) ? size : sizeof(insn));
	if (size == 2) /* C.JALR */
		return of_flags((insn & 0xf07f) == 0x9002 && (insn & 0xf80) ? IS_CALL : 0);
	if (insn == 0x56524037) /* LUI x0, 0x56524 */
		return of_flags(IS_MARK);
	switch (insn & 0x7f) {
	case 0x0f:
		return of_class(FENCE);
	case 0x2f:
		return of_class(insn >> 27 == 2 ? PLAIN : ATOMIC); /* of a pair LR, SC the store */
	case 0x67:
	case 0x6f:
		return of_flags((insn & 0xf80) == 0x80 ? IS_CALL : 0);
	case 0x73:
		return riscv_system(insn);
	default:
		return plain;
	}
}
