/* SPDX-License-Identifier: MIT */
/*
 * The architecture interface: everything the kernel asks of an architecture,
 * and the five calls an architecture makes into the kernel.  Nothing else
 * crosses.  <asm/...> headers hold the inline bodies and constants:
 *
 *   <asm/layout.h>  addresses: USER_END, DIRECT_BASE, KERNEL_BASE, STACK_BASE
 *   <asm/pte.h>     page-table entry format: PT_LEVELS, pte_* constructors
 *   <asm/regs.h>    struct arch_regs and where the ABI's registers lie in it;
 *                   <kernel/operands.h> makes functions of that
 *   <asm/cpu.h>     struct arch_cpu, arch_this_cpu(), arch_cpu_relax()
 *
 * Rules that hold everywhere: inside the kernel interrupts are off; there is
 * one kernel stack per CPU, empty whenever user mode runs or the CPU idles;
 * every entry saves the interrupted thread's registers straight into
 * cpu->current->regs, calls kernel_syscall, kernel_fault or kernel_irq, and
 * then kernel_exit, which never returns.  A system call may save less, see
 * there.  The kernel runs with no access to user pages (SMAP, PAN, SUM=0) and
 * uses no floating-point registers.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <kernel/map.h>
#include <kernel/types.h>

struct boot_info;
struct cpu;
struct thread;
struct arch_regs;

/* ---- upcalls: from the architecture into the kernel ---- */

/**
 * kernel_main() - the boot CPU arrives.
 * @info: what firmware told, in kernel memory (not firmware's own).
 *
 * On a boot stack of at least 8 KiB, virtual addresses in use: kernel image at
 * its link address, direct map reaching the kernel image, the boot archive, the
 * console's registers and at least 32 MiB of usable memory around the kernel
 * image ([info->early_start, info->early_end)).  Interrupts off.  BSS is clear.
 */
__noreturn void kernel_main(const struct boot_info *info);

/**
 * kernel_main_secondary() - another CPU arrives, started by arch_start_cpu().
 *
 * On cpu->stack_top, with the final kernel page tables; arch_this_cpu() works.
 */
__noreturn void kernel_main_secondary(struct cpu *cpu);

/**
 * kernel_syscall() - user mode made a system call; registers are in @self->regs.
 *
 * Of a call that is not raw those are enough which hold operands or which a C
 * function may change.  The others are saved on the return, before
 * kernel_exit(): until then nobody but this CPU, the thread's home, reads them
 * or frees the thread.
 *
 * Return: true: @self goes on at once, with what @self->regs now says of those
 * registers; false: kernel_exit() is to be called.
 */
bool kernel_syscall(struct thread *self);

/* What the hardware said about a fault in user mode. */
struct fault_info {
	u32 kind;        /* FAULT_*, from <veridian/fault.h> */
	/* read, write, execute: the page tables refused (else the kernel need not look) */
	bool from_table;
	u64 address;
	u64 code;        /* architecture's own number */
};

/** kernel_fault() - user mode faulted; @self->regs has the pc of the faulting instruction. */
void kernel_fault(struct thread *self, const struct fault_info *fault);

/** kernel_irq() - an interrupt arrived, from user mode, arch_idle() or arch_irq_window(). */
void kernel_irq(void);

/**
 * kernel_exit() - every way out of the kernel: chooses and enters user mode or idles.
 *
 * The architecture's entry code calls it after each of the three upcalls above,
 * on the same stack.  It ends in arch_enter_user(), arch_idle() or arch_irq_window().
 */
__noreturn void kernel_exit(void);

/* ---- boot and CPUs ---- */

/**
 * arch_init() - boot CPU, final kernel map live: devices of the architecture (interrupt
 * controller, timer, FPU off).
 */
void arch_init(const struct boot_info *info);

/** arch_init_cpu() - each CPU incl. the boot CPU: trap vectors, CPU features, local interrupt controller and timer. */
void arch_init_cpu(struct cpu *cpu);

/**
 * arch_start_cpu() - start the CPU with cpu->hwid on cpu->stack_top.
 * Return: ST_OK if the firmware or hardware took the order; the CPU reports
 * itself by kernel_main_secondary().  ST_NOTFOUND if there is no such CPU.
 */
long arch_start_cpu(struct cpu *cpu);

/** arch_describe_cpu() - one line for people: model and the protection features in use on this CPU. */
void arch_describe_cpu(char *buffer, size_t size);

/** arch_idle() - wait with interrupts accepted. Each interrupt comes in by kernel_irq() on an empty stack. */
__noreturn void arch_idle(void);

/** arch_irq_window() - likewise what is pending, without a wait. In any case kernel_exit() comes next. */
__noreturn void arch_irq_window(void);

/** arch_stop() - after a panic: stop this CPU for ever, interrupts off. */
__noreturn void arch_stop(void);

/** arch_power_off() - end the machine; @code 0 means success to whoever started the emulator. */
__noreturn void arch_power_off(u8 code);

/* In <asm/cpu.h>, inline:
 *   struct cpu *arch_this_cpu(void)       this CPU's structure; valid from arch_init_cpu() on;
 *                                         before that, on the boot CPU, &cpus[0]
 *   void arch_cpu_relax(void)             inside spin loops (x86 pause, Arm yield)
 *   void arch_load_space(u64 word)        load a user space by its word; in force at the latest when
 *                                         user mode is entered, or after:
 *   void arch_context_sync(void)          what was written to control registers is in force (Arm isb)
 *   struct arch_cpu                       the architecture's part of struct cpu
 */

/* ---- user state; inline in <asm/regs.h> ----
 *
 *   struct arch_regs                      all user registers, first member of struct thread
 *   void arch_regs_init(struct arch_regs *, uaddr_t pc, uaddr_t sp, u64 arg)
 *                                         cleared registers, user mode, interrupts on; arg in the
 *                                         first argument register
 *   u64  arch_tag(const struct arch_regs *)                     tag register; call number in bits 0-7
 *   void arch_set_tag(struct arch_regs *, u64)
 *   handle_t arch_handle(regs), arch_handle2(regs)              low and high half of the handle register
 *   u64  arch_arg(regs, unsigned n)                             n 0..4, the arguments of non-IPC calls
 *   void arch_set_arg(regs, unsigned n, u64)                    for range calls: what remains
 *   u64 *arch_words(regs)                                       8 consecutive message words
 *   u64  arch_caps(regs, unsigned n), arch_set_caps(...)        n 0..1: two packed handles each
 *   void arch_set_status(regs, long)                            status result
 *   void arch_set_value(regs, unsigned n, u64)                  n 0..1: value results (0 is also the badge)
 *   void arch_restart_call(regs)                                pc back onto the system-call instruction
 *   uaddr_t arch_pc(regs), arch_sp(regs); void arch_set_pc(regs, uaddr_t)
 *   void arch_set_tls(regs, u64)                                thread pointer register
 */

/** arch_enter_user() - restore all of @thread's registers and return to user mode (cpu->current is set). */
__noreturn void arch_enter_user(struct thread *thread);

/* ---- interrupts ---- */

#define IRQ_NONE 0xffffffffu  /* nothing (more) to claim */
#define IRQ_TIMER 0xfffffffeu /* the local timer */
#define IRQ_IPI 0xfffffffdu   /* another CPU posted */

/**
 * arch_irq_claim() - which interrupt is it?  Called in a loop until IRQ_NONE.
 * Timer and IPI are already acknowledged when returned (the timer is disarmed);
 * an external line must be answered by arch_irq_done() after it was masked.
 */
u32 arch_irq_claim(void);

/** arch_irq_done() - end of interrupt for the external line @irq claimed on this CPU. */
void arch_irq_done(u32 irq);

/**
 * arch_irq_mask() / arch_irq_unmask() - an external line; unmask also routes it to the calling
 * CPU. Irq-object lock held.
 */
void arch_irq_mask(u32 irq);
void arch_irq_unmask(u32 irq);

/** arch_irq_count() - external lines are numbered 0 to this minus 1 (GSI, INTID, PLIC source). */
u32 arch_irq_count(void);

/** arch_irq_is_usable() - the line exists and the kernel does not use it itself. */
bool arch_irq_is_usable(u32 irq);

/** arch_irq_pending() - an interrupt waits to be taken by this CPU (preemption points ask). */
bool arch_irq_pending(void);

/** arch_send_ipi() - interrupt @cpu; all earlier stores are visible to it when it claims IRQ_IPI. */
void arch_send_ipi(struct cpu *cpu);

/** arch_ipi_stop_others() - panic: make every other CPU call arch_stop(), as far as possible. */
void arch_ipi_stop_others(void);

/* ---- time ---- */

/** arch_now() - nanoseconds since boot, monotonic on each CPU, equal on all. */
ktime_t arch_now(void);

/** arch_set_deadline() - one-shot timer of this CPU at absolute @when (past: at once; TIME_NEVER: off). */
void arch_set_deadline(ktime_t when);

/** arch_cycles() - a fast free-running counter (instruction count under -icount), also readable from user mode. */
u64 arch_cycles(void);

/** arch_random() - hardware random number. Return: false if the machine has none now. */
bool arch_random(u64 *value);

/* ---- page tables and memory; pte_* and constants inline in <asm/pte.h> ----
 *
 *   typedef u64 pte_t; PT_LEVELS (4 or 3); PT_ENTRIES 512.  Level 0 holds 4 KiB leaves.
 *   u64   pt_address_end                          no entry of this CPU's can name an address from here on
 *   bool  pt_leaf_allowed(unsigned level)         this CPU family maps leaves at that level
 *   bool  pte_is_present(pte_t), pte_is_leaf(pte_t, unsigned level)
 *   pte_t pte_make_table(paddr_t), pte_make_leaf(paddr_t, u32 flags, unsigned level)
 *   paddr_t pte_paddr(pte_t)
 *   u32   pte_flags(pte_t, unsigned level)        MAP_* back from an entry
 *   void  pte_write(pte_t *, pte_t)               one visible store, seen by no walker before earlier
 *                                                 stores (what it leads to is clear), plus what the
 *                                                 hardware wants before the entry is used by this CPU
 *                                                 (AArch64 dsb ishst; isb)
 */
/** arch_root_init() - fill a cleared root page for a new user space (x86_64, RISC-V: copy the kernel half). */
void arch_root_init(paddr_t root);

/** arch_kernel_map_enable() - boot CPU: switch from the boot tables to the kernel root at @root. */
void arch_kernel_map_enable(paddr_t root);

/** arch_space_word() - the register value that loads user root @root under @asid. Never 0. */
u64 arch_space_word(paddr_t root, u32 asid);

/** arch_load_kernel_space() - no user space loaded (idle CPUs). */
void arch_load_kernel_space(void);

/** arch_asid_count() - usable ASIDs, 0 if a load flushes everything of the user half. */
u32 arch_asid_count(void);

/** arch_flush_user_all() - drop every user translation of this CPU, all ASIDs. */
void arch_flush_user_all(void);

/** arch_flush_user_page() - drop this CPU's translation of one page of the space loaded now, all levels. */
void arch_flush_user_page(uaddr_t address, u32 asid);

/** arch_clean_icache() - make instruction fetches see [start, start+size) of the direct map, on every CPU that
 *  synchronises itself afterwards by arch_sync_icache(). */
void arch_clean_icache(const void *start, size_t size);

/** arch_sync_icache() - this CPU's later fetches see what was cleaned (RISC-V fence.i, AArch64 isb). */
void arch_sync_icache(void);

/** arch_clear_page() - zero one page of the direct map, the fastest way. */
void arch_clear_page(void *page);

/* ---- ports: x86_64 only ---- */

/** arch_port_in() / arch_port_out() - @width 1, 2 or 4 bytes. */
u32 arch_port_in(u16 port, unsigned width);
void arch_port_out(u16 port, unsigned width, u32 value);

/* ---- debugging ---- */

/**
 * arch_putc() - one character to the kernel's console; works as early as kernel_main().
 *
 * Called with the console's lock, or after a panic.  Of drivers/uart, where the machine has a
 * UART that it knows; without CONFIG_CONSOLE nobody calls it.
 */
void arch_putc(char c);

/** arch_firmware_putc() - likewise, by the firmware (RISC-V), for want of a UART. */
void arch_firmware_putc(char c);

/** arch_dump_regs() - print a register set. */
void arch_dump_regs(const struct arch_regs *regs);

/**
 * arch_frame() - the frame pointer of kernel code that an exception has stopped.
 * @link: the return address of code that has not made a frame; with one, maybe what lies where it was.
 */
kaddr_t arch_frame(const struct arch_regs *regs, kaddr_t *link);

/** arch_frame_record() - {caller's frame, return address}; NULL if @frame is on no kernel stack of this CPU. */
const kaddr_t *arch_frame_record(kaddr_t frame);

#include <asm/layout.h>
#include <asm/cpu.h>
#include <asm/pte.h>
#include <kernel/operands.h>

/**
 * phys_to_ptr() / ptr_to_phys() - into the direct map and back: every byte of usable memory and of
 * mapped devices at one offset.  Says nothing about whether something is mapped there.
 */
static inline void *phys_to_ptr(paddr_t address)
{
	return (void *)(DIRECT_BASE + address);
}

static inline paddr_t ptr_to_phys(const void *pointer)
{
	return (paddr_t)pointer - DIRECT_BASE;
}

#endif
