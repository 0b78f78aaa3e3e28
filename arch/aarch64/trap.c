// SPDX-License-Identifier: MIT
/*
 * What the processor says about a fault (ESR, FAR), in the kernel's words; and
 * the reports of what must not happen.  Source: Arm ARM D19.2.40, ESR_EL1.
 */
#include <asm/sysreg.h>
#include <kernel/arch.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/thread.h>

#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_FLOATING_POINT 0x07
#define EC_POINTER_AUTH 0x09
#define EC_LD64B 0x0a
#define EC_BRANCH_TARGET 0x0d
#define EC_ILLEGAL_STATE 0x0e
#define EC_SYSTEM_REGISTER 0x18
#define EC_SVE 0x19
#define EC_SME 0x1d
#define EC_INSTRUCTION_ABORT 0x20
#define EC_PC_ALIGNMENT 0x22
#define EC_DATA_ABORT 0x24
#define EC_SP_ALIGNMENT 0x26
#define EC_FP_EXCEPTION 0x2c
#define EC_BREAKPOINT 0x30
#define EC_STEP 0x32
#define EC_WATCHPOINT 0x34
#define EC_BRK 0x3c

/* Of an abort: */
#define ISS_WRITE BIT(6)
#define ISS_CACHE_MAINTENANCE BIT(8)
#define ISS_STATUS 0x3f
#define STATUS_TRANSLATION 0x04 /* and the level in the low two bits, which is -1 to 3 */
#define STATUS_ACCESS_FLAG 0x08
#define STATUS_PERMISSION 0x0c
#define STATUS_ALIGNMENT 0x21
#define STATUS_ADDRESS_SIZE 0x00

#define STACK_SIZE 0x4000
#define NR_EXCEPTION_KINDS 4

extern const char boot_stack_top[], emergency_stack_top[];
void user_fault(struct thread *self, u64 esr, u64 far);
__noreturn void kernel_exception(const struct arch_regs *regs, unsigned number);

/* Cache maintenance counts as a write for the processor, but asks only to read. */
static u32 access_kind(u64 esr)
{
	if (esr >> ESR_EC_SHIFT == EC_INSTRUCTION_ABORT)
		return FAULT_EXECUTE;
	return (esr & ISS_WRITE) && !(esr & ISS_CACHE_MAINTENANCE) ? FAULT_WRITE : FAULT_READ;
}

static void decode_abort(struct fault_info *fault)
{
	switch (fault->code & ISS_STATUS) {
	case STATUS_TRANSLATION ... STATUS_TRANSLATION + 3:
	case STATUS_ACCESS_FLAG ... STATUS_ACCESS_FLAG + 3:
	case STATUS_PERMISSION ... STATUS_PERMISSION + 3:
		fault->kind = access_kind(fault->code);
		fault->from_table = true;
		break;
	case STATUS_ADDRESS_SIZE ... STATUS_ADDRESS_SIZE + 3:
		fault->kind = access_kind(fault->code);
		break;
	case STATUS_ALIGNMENT:
		fault->kind = FAULT_ALIGNMENT;
		break;
	default: /* external aborts and the like */
		fault->kind = FAULT_OTHER;
	}
}

static void decode(struct fault_info *fault, const struct arch_regs *regs)
{
	u64 class = fault->code >> ESR_EC_SHIFT & 0x3f;

	if (class == EC_INSTRUCTION_ABORT || class == EC_DATA_ABORT) {
		decode_abort(fault);
		return;
	}
	/* Elsewhere FAR holds nothing of use. */
	fault->address = regs->pc;
	switch (class) {
	case EC_SP_ALIGNMENT:
		fault->address = regs->sp;
		fault->kind = FAULT_ALIGNMENT;
		break;
	case EC_PC_ALIGNMENT:
		fault->kind = FAULT_ALIGNMENT;
		break;
	case EC_UNKNOWN:
	case EC_WFX:
	case EC_FLOATING_POINT:
	case EC_POINTER_AUTH:
	case EC_LD64B:
	case EC_BRANCH_TARGET:
	case EC_ILLEGAL_STATE:
	case EC_SYSTEM_REGISTER:
	case EC_SVE:
	case EC_SME:
		fault->kind = FAULT_INSTRUCTION;
		break;
	case EC_FP_EXCEPTION:
		fault->kind = FAULT_ARITHMETIC;
		break;
	case EC_BREAKPOINT:
	case EC_STEP:
	case EC_WATCHPOINT:
	case EC_BRK:
		fault->kind = FAULT_BREAKPOINT;
		break;
	default:
		fault->kind = FAULT_OTHER;
	}
}

void user_fault(struct thread *self, u64 esr, u64 far)
{
	struct fault_info fault = { .address = far, .code = esr & 0xffffffff };

	decode(&fault, &self->regs);
	kernel_fault(self, &fault);
}

void kernel_exception(const struct arch_regs *regs, unsigned number)
{
	static const char *const kinds[NR_EXCEPTION_KINDS] = {
		"exception", "interrupt", "fast interrupt", "system error",
	};
	u64 esr = sysreg_read(esr_el1);

	if (number == 0 && esr >> ESR_EC_SHIFT == EC_UNKNOWN)
		power_go_on();
	panic_exception(regs, "%s in the kernel: pc %#lx, address %#lx, syndrome %#lx",
			kinds[number], regs->pc, sysreg_read(far_el1), esr);
}

void arch_dump_regs(const struct arch_regs *regs)
{
	printk(LOG_ERROR, "  pc  %016lx sp  %016lx pstate %08lx", regs->pc, regs->sp, regs->pstate);
	for (u32 i = 0; i < 28; i += 4)
		printk(LOG_ERROR, "  x%-2u %016lx x%-2u %016lx x%-2u %016lx x%-2u %016lx", i,
		       regs->x[i], i + 1, regs->x[i + 1], i + 2, regs->x[i + 2], i + 3,
		       regs->x[i + 3]);
	printk(LOG_ERROR, "  x28 %016lx x29 %016lx x30 %016lx", regs->x[28], regs->x[29],
	       regs->x[30]);
}

kaddr_t arch_frame(const struct arch_regs *regs, kaddr_t *link)
{
	*link = regs->x[30];
	return regs->x[29];
}

const kaddr_t *arch_frame_record(kaddr_t frame)
{
	const kaddr_t ends[] = { arch_this_cpu()->stack_top, (kaddr_t)boot_stack_top,
				 (kaddr_t)emergency_stack_top };

	for (u32 i = 0; IS_ALIGNED(frame, 16) && i < ARRAY_SIZE(ends); i++)
		if (ends[i] && range_within(frame, 16, ends[i] - STACK_SIZE, ends[i]))
			return (const kaddr_t *)frame;
	return NULL;
}
