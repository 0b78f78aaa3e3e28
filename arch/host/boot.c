// SPDX-License-Identifier: MIT
/*
 * Firmware and the odds and ends of the machine: its description, a boot
 * archive with an init of one page, the console, power, I/O ports.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <kernel/bootinfo.h>
#include <kernel/panic.h>

#include "program.h"
#include "sim.h"

#define KERNEL_START 0x1000UL /* frames that stand for the image: nobody uses them */
#define KERNEL_SIZE 0x10000UL
#define ARCHIVE 0x100000UL
#define NAME_FIELD 8
#define LINE_SIZE 256

/* The image has no place in simulated memory: all its parts are empty. */
char image_start[PAGE_SIZE] __aligned(4096);
extern char text_end[PAGE_SIZE] __attribute__((alias("image_start")));
extern char rodata_start[PAGE_SIZE] __attribute__((alias("image_start")));
extern char rodata_end[PAGE_SIZE] __attribute__((alias("image_start")));
extern char data_start[PAGE_SIZE] __attribute__((alias("image_start")));
extern char image_end[PAGE_SIZE] __attribute__((alias("image_start")));
extern paddr_t kernel_phys;
paddr_t kernel_phys = KERNEL_START;

static struct boot_info info = {
	.protocol = "simulator",
	.kernel_start = KERNEL_START,
	.kernel_end = KERNEL_START + KERNEL_SIZE,
	.early_start = 0,
	.early_end = HOST_MEMORY_SIZE,
	.archive = ARCHIVE,
	.nr_nodes = 1,
	.seed_size = BOOT_SEED_SIZE,
};

/* ---- the archive: one program, whose instructions are the actor's ---- */

/* A member of a "newc" cpio archive: header, name, data, each padded to 4 bytes. */
static u64 add_member(u8 *at, const char *name, const void *data, u64 size)
{
	u64 name_size = strlen(name) + 1;
	u64 data_at = ALIGN_UP(110 + name_size, 4);
	int length = sprintf((char *)at, "070701%08x%08x%08x%08x%08x%08x%08lx", 1, 0100755, 0, 0, 1,
			     0, size);

	length +=
		sprintf((char *)at + length, "%08x%08x%08x%08x%08lx%08x", 0, 0, 0, 0, name_size, 0);
	memcpy(at + length, name, name_size);
	if (size)
		memcpy(at + data_at, data, size);
	return ALIGN_UP(data_at + size, 4);
}

static u64 make_archive(u8 *at)
{
	static const struct {
		Elf64_Ehdr header;
		Elf64_Phdr program;
	} init = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = 0x1000,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.program = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = 0x1000,
			.p_filesz = sizeof(init),
			.p_memsz = 0x1000,
			.p_align = 0x1000,
		},
	};
	u64 size = add_member(at, "init", &init, sizeof(init));

	return size + add_member(at + size, "TRAILER!!!", NULL, 0);
}

const struct boot_info *boot_describe(u32 nr_cpus)
{
	boot_info_add_usable(&info, 0, HOST_MEMORY_SIZE, 0);
	for (u32 i = 0; i < nr_cpus; i++)
		boot_info_add_cpu(&info, i, 0, 0);
	for (u32 i = 0; i < BOOT_SEED_SIZE; i++)
		info.seed[i] = (u8)choose(STREAM_DEVICE, ~0UL, i);
	snprintf(info.cmdline, sizeof(info.cmdline), "loglevel=%u %s", options.is_quiet ? 0U : 3U,
		 options.boot ? options.boot : "");
	info.archive_size = make_archive(host_memory + ARCHIVE);
	return &info;
}

/* ---- console and power ---- */

void arch_putc(char c)
{
	static char line[LINE_SIZE];
	static u32 length;

	if (c != '\n' && length < LINE_SIZE - 1) {
		line[length++] = c;
		return;
	}
	line[length] = '\0';
	length = 0;
	if (options.runs_suite)
		program_line(line);
	if (!strncmp(line, "kernel panic", strlen("kernel panic")))
		return; /* what comes next says why */
	if (panic_is_under_way())
		fail("panic", "%s", line);
	if (!options.is_quiet)
		printf("| %s\n", line);
}

void arch_power_off(u8 code)
{
	if (panic_is_under_way())
		fail("panic", "the kernel has panicked, and its console is configured off");
	trace("power off with code %u", code);
	if (options.runs_suite)
		program_end(code);
	finish("power off");
}

void arch_dump_regs(const struct arch_regs *regs)
{
	(void)regs;
}

kaddr_t arch_frame(const struct arch_regs *regs, kaddr_t *link)
{
	(void)regs;
	(void)link;
	return 0;
}

const kaddr_t *arch_frame_record(kaddr_t frame)
{
	(void)frame;
	return NULL;
}

/* ---- I/O ports: each byte is what was written there last ---- */

static u8 ports[1u << 16];

u32 arch_port_in(u16 port, unsigned width)
{
	u32 value = 0;

	machine_hook();
	for (unsigned i = 0; i < width; i++)
		value |= (u32)ports[(u16)(port + i)] << 8 * i;
	return value;
}

void arch_port_out(u16 port, unsigned width, u32 value)
{
	machine_hook();
	for (unsigned i = 0; i < width; i++)
		ports[(u16)(port + i)] = (u8)(value >> 8 * i);
}

/* ---- the rest ---- */

void arch_init(const struct boot_info *boot_info)
{
	(void)boot_info;
}

void arch_init_cpu(struct cpu *cpu)
{
	(void)cpu;
}

void arch_describe_cpu(char *buffer, size_t size)
{
	snprintf(buffer, size, "simulated CPU");
}

bool arch_random(u64 *value)
{
	(void)value;
	return false;
}
