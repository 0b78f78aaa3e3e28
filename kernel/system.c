// SPDX-License-Identifier: MIT
/*
 * System calls on the machine: power, log, facts, random numbers.
 */
#include <generated/syscall_protos.h>
#include <kernel/cap.h>
#include <kernel/cpu.h>
#include <kernel/irq.h>
#include <kernel/main.h>
#include <kernel/mm.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/random.h>
#include <kernel/thread.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <veridian/info.h>

#define TEXT_SIZE 128
#define LOG_BYTES 32

long sys_null(struct thread *self)
{
	(void)self;
	return ST_OK;
}

long sys_system_power_off(struct thread *self, handle_t system, u64 code)
{
	struct cap cap;
	long status = cap_lookup(&self->process->caps, system, TYPE_SYSTEM, RIGHT_POWER, &cap);

	if (status != ST_OK)
		return status;
	if (code > 63)
		return ST_INVALID;
	arch_power_off((u8)code);
}

long sys_system_log(struct thread *self, handle_t system, u64 length, u64 first, u64 second,
		    u64 third, u64 fourth)
{
	u64 text[LOG_BYTES / sizeof(u64)] = { first, second, third, fourth };
	struct cap cap;
	long status = cap_lookup(&self->process->caps, system, TYPE_SYSTEM, RIGHT_LOG, &cap);

	if (status != ST_OK)
		return status;
	if (length > LOG_BYTES)
		return ST_INVALID;
	log_write((const char *)text, length);
	return ST_OK;
}

long sys_random_get(struct thread *self)
{
	arch_set_value(&self->regs, 0, kernel_random());
	arch_set_value(&self->regs, 1, kernel_random());
	return ST_OK;
}

/* ---- facts ---- */

/* 16 bytes of a text; the piece behind the last byte is not found. */
static long text_piece(const char *text, u64 index, u64 value[2])
{
	size_t length = strlen(text) + 1;

	if (index >= DIV_ROUND_UP(length, 16))
		return ST_NOTFOUND;
	memcpy(value, text + index * 16, MIN(length - index * 16, (size_t)16));
	return ST_OK;
}

static const char *irqchip_name(void)
{
	switch (boot->irqchip) {
	case BOOT_IRQCHIP_GICV2:
		return "GICv2";
	case BOOT_IRQCHIP_GICV3:
		return "GICv3";
	case BOOT_IRQCHIP_PLIC:
		return "PLIC";
	case BOOT_IRQCHIP_APIC:
		return "xAPIC";
	default:
		return "none";
	}
}

static const char *firmware_name(void)
{
	if (!boot->firmware)
		return "no firmware tables";
	return boot->irqchip == BOOT_IRQCHIP_APIC ? "ACPI" : "device tree";
}

static long info_text(u64 what, u64 index, u64 value[2])
{
	char text[TEXT_SIZE] = "";

	switch (what) {
	case INFO_CMDLINE:
		return text_piece(boot->cmdline[0] ? boot->cmdline : CONFIG_CMDLINE, index, value);
	case INFO_CPU_NAME:
		arch_describe_cpu(text, sizeof(text));
		break;
	case INFO_VERSION:
		snprintf(text, sizeof(text), "Veridian %s for %s", KERNEL_RELEASE,
			 CONFIG_ARCH);
		break;
	default:
		snprintf(text, sizeof(text), "%s boot, %s, %s", boot->protocol,
			 firmware_name(), irqchip_name());
		break;
	}
	return text_piece(text, index, value);
}

static u64 uart_type(void)
{
	switch (boot->uart) {
	case BOOT_UART_16550:
		return UART_16550_MEMORY;
	case BOOT_UART_16550_PORT:
		return UART_16550_PORT;
	case BOOT_UART_PL011:
		return UART_PL011;
	default:
		return UART_NONE;
	}
}

static long info_cpu(u64 what, u64 index, u64 value[2])
{
	const struct cpu *cpu;

	if (index >= nr_cpus_online)
		return ST_NOTFOUND;
	cpu = &cpus[index];
	value[0] = what == INFO_CPU ? cpu->hwid : load_relaxed(&cpu->nr_switches);
	value[1] = what == INFO_CPU ? cpu->node : load_relaxed(&cpu->idle_time);
	return ST_OK;
}

static void info_memory(u64 value[2])
{
	struct frame_stats stats;

	frame_get_stats(&stats);
	value[0] = stats.total;
	value[1] = stats.free;
}

static void info_set(u64 value[2], u64 first, u64 second)
{
	value[0] = first;
	value[1] = second;
}

static long info_number(u64 what, u64 value[2])
{
	switch (what) {
	case INFO_CPUS:
		info_set(value, nr_cpus_online, CONFIG_NR_CPUS);
		return ST_OK;
	case INFO_NODES:
		info_set(value, boot->nr_nodes, boot->nr_cpus);
		return ST_OK;
	case INFO_MEMORY:
		info_memory(value);
		return ST_OK;
	case INFO_MEMORY_QUOTA:
		info_set(value, account_available(), 0);
		return ST_OK;
	case INFO_ARCHIVE_SIZE:
		info_set(value, boot->archive_size, 0);
		return ST_OK;
	case INFO_UART:
		info_set(value, uart_type(), boot->uart_base);
		return ST_OK;
	case INFO_UART_IRQ:
		info_set(value, boot->uart_irq, boot->uart_size);
		return ST_OK;
	case INFO_IRQS:
		info_set(value, arch_irq_count(), 0);
		return ST_OK;
	default:
		return ST_INVALID;
	}
}

long sys_system_info(struct thread *self, handle_t system, u64 what, u64 index)
{
	u64 value[2] = { 0, 0 };
	struct cap cap;
	long status = cap_lookup(&self->process->caps, system, TYPE_SYSTEM, RIGHT_INFO, &cap);

	if (status != ST_OK)
		return status;
	switch (what) {
	case INFO_CPU:
	case INFO_SWITCHES:
		status = info_cpu(what, index, value);
		break;
	case INFO_CMDLINE:
	case INFO_CPU_NAME:
	case INFO_VERSION:
	case INFO_MACHINE:
		status = info_text(what, index, value);
		break;
	default:
		status = info_number(what, value);
		break;
	}
	return thread_answer(self, status, value);
}
