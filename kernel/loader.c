// SPDX-License-Identifier: MIT
/*
 * The first process: `init` out of the boot archive, or what init= names.
 *
 * The one program the kernel loads itself.  It uses the same ELF and archive
 * readers as user space and maps by the same functions as the calls.  The
 * memory objects' first capabilities stay in the kernel's space.
 */
#include <kernel/cap.h>
#include <kernel/irq.h>
#include <kernel/main.h>
#include <kernel/memory.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/process.h>
#include <kernel/random.h>
#include <kernel/thread.h>
#include <lib/cpio.h>
#include <lib/elf.h>
#include <lib/string.h>
#include <veridian/init.h>

#define INIT_PRIORITY 32
#define INIT_STACK_PAGES 32UL
#define INIT_BASE 0x1000000UL
#define INIT_BASE_BITS 14 /* pages of random offset: 64 MiB */
#define BOOT_FAILED 2     /* power-off code */

struct process *init_process;

/* The machine is sound but nothing can be started on it. */
static __noreturn void fail(const char *what, const char *why)
{
	pr_error("boot failed: %s: %s", what, why);
	arch_power_off(BOOT_FAILED);
}

static void must(long status, const char *what)
{
	if (status != ST_OK)
		fail(what, "no memory for the first process");
}

void init_has_ended(const struct process *process)
{
	if (process->fault_kind)
		pr_error("init ended by fault %u at %#lx, pc %#lx: powering off",
			 process->fault_kind, process->fault_address, process->fault_pc);
	else
		pr_error("init ended with code %lu: powering off", process->exit_code);
	arch_power_off(BOOT_FAILED);
}

/* A capability of the kernel's own to a fresh object. */
static struct cap kernel_cap(struct object *object)
{
	struct slot *slot = cap_reserve(&kernel_space);
	struct cap cap;

	if (!object || !slot)
		fail(cmdline_init(), "out of memory");
	cap_install(object, slot, RIGHTS_ALL, 0);
	must(cap_of_slot(slot, &cap), cmdline_init());
	return cap;
}

static void map(struct process *process, struct memory *memory, struct map_request *request)
{
	struct cap cap = kernel_cap(&memory->object);
	struct space_ref ref = { &process->vspace, NULL };
	long status;

	do {
		status = vspace_map(ref, &cap, request);
	} while (status == SYSCALL_RESTART);
	if (status != ST_OK)
		fail(cmdline_init(), "a segment cannot be mapped");
}

/* Copy the part of the file that lies in page @index of the segment's memory. */
static void fill_page(struct memory *memory, u64 index, const struct elf_segment *segment,
		      const u8 *file)
{
	u64 skew = segment->address & (PAGE_SIZE - 1); /* of the segment in its first page */
	u64 page_start = index * PAGE_SIZE;            /* counted from the first page */
	u64 start = MAX(page_start, skew);
	u64 end = MIN(page_start + PAGE_SIZE, skew + segment->file_size);
	u8 *page = phys_to_ptr(memory_frame(memory, index));

	if (start < end)
		memcpy(page + (start - page_start), file + segment->offset + (start - skew),
		       end - start);
}

/* The other CPUs answer while this one waits: they idle, and it holds nothing. */
static void seal(struct memory *memory)
{
	long status;

	while ((status = memory_seal(memory, NULL)) == SYSCALL_RESTART)
		arch_cpu_relax();
	must(status, cmdline_init());
}

static void load_segment(struct process *process, const struct elf_segment *segment, const u8 *file,
			 uaddr_t base)
{
	u64 first = ALIGN_DOWN(segment->address, PAGE_SIZE);
	u64 pages =
		(ALIGN_UP(segment->address + segment->memory_size, PAGE_SIZE) - first) / PAGE_SIZE;
	struct memory *memory = memory_create(pages);
	struct map_request request = {
		.address = base + first,
		.size = pages * PAGE_SIZE,
		.flags = MAP_READ | (segment->can_write ? MAP_WRITE : 0u) |
			 (segment->can_execute ? MAP_EXECUTE : 0u),
	};

	if (!memory)
		fail(cmdline_init(), "out of memory");
	for (u64 i = 0; i < pages; i++)
		fill_page(memory, i, segment, file);
	if (segment->can_execute)
		seal(memory);
	map(process, memory, &request);
}

static uaddr_t load_stack(struct process *process)
{
	struct memory *memory = memory_create(INIT_STACK_PAGES);
	struct map_request request = {
		.size = INIT_STACK_PAGES * PAGE_SIZE,
		.flags = MAP_READ | MAP_WRITE,
	};

	if (!memory)
		fail(cmdline_init(), "out of memory");
	map(process, memory, &request);
	return request.address + request.size;
}

/* Put a first capability into init's space; @expected is the handle the ABI promises. */
static void give(struct process *process, struct object *object, u32 rights, handle_t expected)
{
	struct slot *slot = cap_reserve(&process->caps);

	if (!object || !slot)
		fail(cmdline_init(), "out of memory");
	ASSERT(cap_slot_handle(slot) == expected);
	cap_install(object, slot, rights, 0);
}

static struct object *archive_object(void)
{
	struct memory *memory = memory_create_physical(
		boot->archive, DIV_ROUND_UP(boot->archive_size, PAGE_SIZE), false);

	return memory ? &memory->object : NULL;
}

static void start(struct process *process, uaddr_t entry, uaddr_t stack)
{
	struct thread_start first = {
		.entry = entry,
		.stack = stack,
		.priority = INIT_PRIORITY,
		.cpu = &cpus[0],
		.wants_page = true,
	};
	struct thread *thread;

	must(thread_create(process, &first, &thread), cmdline_init());
	give(process, &process->object, RIGHTS_ALL, INIT_PROCESS);
	give(process, object_alloc(TYPE_SYSTEM), RIGHTS_ALL, INIT_SYSTEM);
	give(process, archive_object(), RIGHT_READ | RIGHT_DERIVE | RIGHT_MOVE, INIT_ARCHIVE);
	give(process, &thread->object, RIGHTS_ALL, INIT_THREAD);
	thread_post(thread, REQUEST_SUSPEND);
}

void init_load(void)
{
	struct elf_image image;
	struct cpio_file file;
	enum cpio_result found;
	const char *error, *name = cmdline_init();
	uaddr_t base = INIT_BASE + ((kernel_random() & (BIT(INIT_BASE_BITS) - 1)) << PAGE_SHIFT);

	if (!boot->archive)
		fail("boot archive", "the boot loader passed none (QEMU: -initrd)");
	if (!IS_ALIGNED(boot->archive, PAGE_SIZE))
		fail("boot archive", "it does not begin on a page");
	found = cpio_find(phys_to_ptr(boot->archive), boot->archive_size, name, &file);
	if (found == CPIO_END) {
		pr_error("boot archive: it holds no file \"%s\"", name);
		fail(name, "there is no such program");
	}
	if (found != CPIO_FILE)
		fail("boot archive", cpio_error(found));
	error = elf_parse(file.data, file.size, ELF_MACHINE_NATIVE, &image);
	if (error)
		fail(name, error);
	init_process = process_create();
	if (!init_process)
		fail(name, "out of memory");
	string_copy(init_process->name, sizeof(init_process->name), name);
	for (u32 i = 0; i < image.nr_segments; i++)
		load_segment(init_process, &image.segment[i], file.data, base);
	start(init_process, base + image.entry, load_stack(init_process));
	pr_info("%s: %lu bytes at %#lx", name, file.size, base);
}
