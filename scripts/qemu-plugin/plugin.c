// SPDX-License-Identifier: MIT
/*
 * A plugin of QEMU's code generator that watches the benchmarks from outside.
 *
 * For each row of the report: instructions, what they cost by class, distinct
 * cache lines and pages; the longest stretch of instructions at kernel
 * addresses until it returns to user mode, idles, or looks at pending interrupts
 * (a preemption point: the function at poll=): the kernel runs with interrupts
 * off, so nothing can interrupt it there.  Then the cost of kernel functions,
 * and the work from the kernel's entry to the first instruction of user mode.
 *
 * Arguments: out=FILE, entry=ADDRESS, poll=ADDRESS, function=NAME:ADDRESS,
 * slow=NAME:ADDRESS, profile=ROW.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "qemu-abi.h"

#define KERNEL_BIT (1ul << 63)
#define FIRMWARE_START 0x80000000ul /* RISC-V: OpenSBI, reached by calls of the kernel */
#define FIRMWARE_END 0x80080000ul
#define NR_BUCKETS (1u << 16)
#define LONG_STRETCH 2000 /* from here on the hottest instruction is looked for */

int qemu_plugin_version = ABI_VERSION;

static decoder *decode;
static bool has_firmware;
static const char *out_name;
static struct insn *buckets[NR_BUCKETS];
static struct insn mark_store; /* address and bytes of the store that names rows */
static struct cpu cpus[MAX_CPUS];
static struct {
	uint64_t entry, start, count;
} boot;
static uint64_t poll_address;

/* ---- what is executed ---- */

static bool is_user(uint64_t address)
{
	if (address & KERNEL_BIT)
		return false;
	return !has_firmware || address < FIRMWARE_START || address >= FIRMWARE_END;
}

static void end_stretch(struct cpu *cpu)
{
	if (cpu->stretch.length) {
		cpu->stretch.last = cpu->last ? cpu->last->address : 0;
		rows_stretch(&cpu->stretch);
	}
	memset(&cpu->stretch, 0, sizeof(cpu->stretch));
	cpu->hottest_count = 0;
	cpu->stretch_number++;
}

static void in_stretch(struct cpu *cpu, struct insn *insn)
{
	if (!cpu->stretch.length++)
		cpu->stretch.first = insn->address;
	if (cpu->stretch.length < LONG_STRETCH)
		return;
	if (insn->stretch != cpu->stretch_number) {
		insn->stretch = cpu->stretch_number;
		insn->executed = 0;
	}
	if (++insn->executed > cpu->hottest_count) {
		cpu->hottest_count = insn->executed;
		cpu->stretch.hottest = insn->address;
	}
}

static void note_boot(const struct cpu *cpu, const struct insn *insn)
{
	if (insn->address == boot.entry && !boot.start)
		boot.start = cpu->executed;
	else if (boot.start && !boot.count && insn->is_user && cpu->has_booted)
		boot.count = cpu->executed - boot.start;
}

static void on_insn(unsigned int number, void *data)
{
	struct cpu *cpu = &cpus[number % MAX_CPUS];
	struct insn *insn = data;

	cpu->has_booted |= (insn->address & KERNEL_BIT) != 0;
	note_boot(cpu, insn);
	functions_insn(cpu, insn);
	if (rows_is_running()) {
		cpu->executed_in_row++;
		rows_insn(insn);
		if (cpu->last && cpu->last->is_user && !insn->is_user)
			rows_class(TRAP);
	}
	cpu->executed++;
	cpu->extra += rows_extra(insn->decoded.class);
	if (insn->is_user && cpu->has_booted) {
		if (cpu->stretch.length)
			end_stretch(cpu);
		if (insn->decoded.flags & IS_COUNTER)
			rows_counter();
	} else if (cpu->has_booted) {
		in_stretch(cpu, insn);
		if ((insn->decoded.flags & (IS_IDLE | IS_RETURN)) || insn->address == poll_address)
			end_stretch(cpu);
	}
	cpu->last = insn;
}

static void on_access(unsigned int number, uint32_t info, uint64_t address, void *data)
{
	const struct insn *insn = data;
	unsigned int size = 1u << qemu_plugin_mem_size_shift(info);
	struct qemu_hwaddr *place = qemu_plugin_get_hwaddr(info, address);
	bool is_device = place && qemu_plugin_hwaddr_is_io(place);

	if (insn->is_mark_store)
		rows_mark(address & 0xfff);
	if (is_device)
		cpus[number % MAX_CPUS].extra += rows_extra(DEVICE);
	functions_access(&cpus[number % MAX_CPUS], address, size);
	if (!rows_is_running())
		return;
	rows_access(address, size);
	if (is_device)
		rows_class(DEVICE);
}

/* ---- what is translated ---- */

static bool is_mark_store(const struct insn *insn)
{
	return insn->address == mark_store.address && insn->size == mark_store.size &&
	       !memcmp(insn->bytes, mark_store.bytes, insn->size);
}

static struct insn *insn_new(uint64_t address, const uint8_t *bytes, size_t size)
{
	struct insn *insn = calloc(1, sizeof(*insn));

	if (!insn) {
		fprintf(stderr, "count.so: out of memory\n");
		exit(1);
	}
	insn->address = address;
	insn->size = (uint8_t)size;
	memcpy(insn->bytes, bytes, size);
	insn->decoded = decode(bytes, size);
	insn->is_user = is_user(address);
	insn->function = functions_at(address);
	return insn;
}

/* The same instruction is translated again and again: it is kept once. */
static struct insn *insn_find(uint64_t address, const uint8_t *bytes, size_t size)
{
	struct insn **bucket = &buckets[(address >> 1) % NR_BUCKETS], *insn;

	for (insn = *bucket; insn; insn = insn->next)
		if (insn->address == address && insn->size == size &&
		    !memcmp(insn->bytes, bytes, size))
			return insn;
	insn = insn_new(address, bytes, size);
	insn->next = *bucket;
	*bucket = insn;
	return insn;
}

static void on_translate(uint64_t id, struct qemu_tb *tb)
{
	struct insn *before = NULL;

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		size_t size = qemu_plugin_insn_size(insn);
		struct insn *mine = insn_find(qemu_plugin_insn_vaddr(insn),
					      qemu_plugin_insn_data(insn),
					      size < sizeof(mine->bytes) ? size
									 : sizeof(mine->bytes));

		/* Also where a block begins between the two: the store is known by its address then. */
		if (before && before->is_user && (before->decoded.flags & IS_MARK))
			mark_store = *mine;
		mine->is_mark_store = mine->is_user && is_mark_store(mine);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, NO_REGISTERS, mine);
		qemu_plugin_register_vcpu_mem_cb(insn, on_access, NO_REGISTERS, MEM_READ_WRITE,
						 mine);
		before = mine;
	}
}

/* ---- the report, the start ---- */

static void report_profile(FILE *out)
{
	for (unsigned int b = 0; b < NR_BUCKETS; b++)
		for (struct insn *insn = buckets[b]; insn; insn = insn->next)
			for (unsigned int i = 0; i < MAX_PROFILES; i++)
				if (insn->profile[i])
					fprintf(out, "profile %u %#" PRIx64 " %" PRIu64 "\n", i,
						insn->address, insn->profile[i]);
}

static void on_exit_of_emulator(uint64_t id, void *data)
{
	FILE *out = fopen(out_name, "w");

	(void)id;
	(void)data;
	if (!out) {
		perror(out_name);
		return;
	}
	fprintf(out, "boot %" PRIu64 "\n", boot.count);
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (cpus[i].executed)
			fprintf(out, "cpu %u executed %" PRIu64 " in-rows %" PRIu64 "\n", i,
				cpus[i].executed, cpus[i].executed_in_row);
	rows_report(out);
	functions_report(out);
	report_profile(out);
	fclose(out);
}

static bool take_option(char *option)
{
	char *value = strchr(option, '='), *colon;

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(option, "out"))
		out_name = value;
	else if (!strcmp(option, "entry"))
		boot.entry = strtoull(value, NULL, 0);
	else if (!strcmp(option, "poll"))
		poll_address = strtoull(value, NULL, 0);
	else if (!strcmp(option, "profile"))
		return rows_add_profile((unsigned int)strtoul(value, NULL, 0));
	else if ((!strcmp(option, "function") || !strcmp(option, "slow")) &&
		 (colon = strchr(value, ':')))
		return *colon = '\0', functions_add(value, strtoull(colon + 1, NULL, 0),
						    option[0] == 's');
	else
		return false;
	return true;
}

static decoder *decoder_of(const char *target)
{
	static const struct {
		const char *name;
		decoder *decode;
	} known[] = {
		{ "x86_64", decode_x86_64 },
		{ "aarch64", decode_aarch64 },
		{ "riscv64", decode_riscv64 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(target, known[i].name))
			return known[i].decode;
	return NULL;
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	if (info->version.min > ABI_VERSION || info->version.cur != ABI_VERSION) {
		fprintf(stderr, "count.so: this QEMU speaks plugin interface %d to %d; the plugin "
				"is written for %d (QEMU 7.2)\n",
			info->version.min, info->version.cur, ABI_VERSION);
		return -1;
	}
	decode = decoder_of(info->target_name);
	if (!decode || !info->is_system) {
		fprintf(stderr, "count.so: no decoder for %s\n", info->target_name);
		return -1;
	}
	has_firmware = !strcmp(info->target_name, "riscv64");
	for (int i = 0; i < argc; i++)
		if (!take_option(strdup(argv[i]))) {
			fprintf(stderr, "count.so: bad argument %s\n", argv[i]);
			return -1;
		}
	if (!out_name) {
		fprintf(stderr, "count.so: out=FILE is missing\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
	return 0;
}
