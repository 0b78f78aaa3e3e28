// SPDX-License-Identifier: MIT
/*
 * Reader of ELF64 executables.
 *
 * Headers are copied out of the file before they are read: a file in the boot
 * archive is aligned to four bytes only.  Nothing is loaded here; the result
 * says what to load where, and is safe to act upon without further checks.
 */
#include <lib/elf.h>
#include <lib/string.h>
#include <lib/util.h>

#define ELF_CLASS_64 2
#define ELF_DATA_LITTLE 1
#define ELF_VERSION 1
#define ELF_TYPE_DYN 3
#define PT_LOAD 1
#define PT_INTERP 3
#define PT_GNU_STACK 0x6474e551
#define PF_EXECUTE 1
#define PF_WRITE 2
#define ELF_PAGE 4096 /* smallest page of the three architectures: the unit of protection */

struct elf_header {
	u8 magic[4], class, data, ident_version, abi, abi_version, pad[7];
	u16 type, machine;
	u32 version;
	u64 entry, program_offset, section_offset;
	u32 flags;
	u16 header_size, program_entry_size, nr_programs;
	u16 section_entry_size, nr_sections, names_index;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_program {
	u32 type, flags;
	u64 offset, address, physical, file_size, memory_size, align;
};
_Static_assert(sizeof(struct elf_program) == 56, "Elf64_Phdr");

static const char *check_header(const struct elf_header *header, size_t size, u16 machine)
{
	if (memcmp(header->magic, "\177ELF", 4) != 0)
		return "not an ELF file";
	if (header->class != ELF_CLASS_64)
		return "not a 64-bit ELF file";
	if (header->data != ELF_DATA_LITTLE)
		return "not a little-endian ELF file";
	if (header->ident_version != ELF_VERSION || header->version != ELF_VERSION)
		return "unknown ELF version";
	if (header->machine != machine)
		return "ELF file for another machine";
	if (header->type != ELF_TYPE_DYN)
		return "not a position-independent executable";
	if (header->header_size != sizeof(*header))
		return "ELF header of unknown size";
	if (!header->nr_programs)
		return "ELF file without program headers";
	if (header->program_entry_size != sizeof(struct elf_program))
		return "ELF program headers of unknown size";
	if (!range_within(header->program_offset,
			  (u64)header->nr_programs * sizeof(struct elf_program), 0, size))
		return "ELF program headers lie outside of the file";
	return NULL;
}

static const char *check_alignment(const struct elf_program *program)
{
	u64 align = program->align;

	if (align <= 1)
		return NULL;
	if (align & (align - 1))
		return "ELF segment alignment is no power of two";
	if ((program->address - program->offset) & (align - 1))
		return "ELF segment address and offset disagree with its alignment";
	return NULL;
}

static const char *check_segment(const struct elf_program *program, size_t size)
{
	if (program->file_size > program->memory_size)
		return "ELF segment is larger in the file than in memory";
	if (!range_within(program->offset, program->file_size, 0, size))
		return "ELF segment lies outside of the file";
	/* The end, rounded up to a page, must be a number. */
	if (range_overflows(program->address, program->memory_size) ||
	    range_overflows(program->address + program->memory_size, ELF_PAGE - 1))
		return "ELF segment wraps around the address space";
	if ((program->flags & PF_WRITE) && (program->flags & PF_EXECUTE))
		return "ELF segment is both writable and executable";
	return check_alignment(program);
}

/*
 * Segments ascend by specification, so comparing with the last one finds every
 * overlap.  Whole pages are compared: two segments in one page could not have
 * rights of their own.
 */
static const char *add_segment(struct elf_image *image, const struct elf_program *program)
{
	struct elf_segment *segment = &image->segment[image->nr_segments];

	if (image->nr_segments == ELF_MAX_SEGMENTS)
		return "ELF file has too many segments";
	/* "high" is a page border, so a segment below it shares a page at least. */
	if (image->nr_segments && program->address < image->high)
		return "ELF segments overlap, share a page or do not ascend";
	*segment = (struct elf_segment){
		.address = program->address,
		.offset = program->offset,
		.file_size = program->file_size,
		.memory_size = program->memory_size,
		.can_write = program->flags & PF_WRITE,
		.can_execute = program->flags & PF_EXECUTE,
	};
	if (!image->nr_segments)
		image->low = ALIGN_DOWN(program->address, ELF_PAGE);
	image->high = ALIGN_UP(program->address + program->memory_size, ELF_PAGE);
	image->nr_segments++;
	return NULL;
}

static const char *take_program(struct elf_image *image, const struct elf_program *program,
				size_t size)
{
	const char *error;

	if (program->type == PT_INTERP)
		return "ELF file asks for an interpreter";
	if (program->type == PT_GNU_STACK && (program->flags & PF_EXECUTE))
		return "ELF file asks for an executable stack";
	/* A segment without memory needs nothing. */
	if (program->type != PT_LOAD || (!program->memory_size && !program->file_size))
		return NULL;
	error = check_segment(program, size);
	if (error)
		return error;
	return add_segment(image, program);
}

static bool is_entry_sound(const struct elf_image *image)
{
	for (u32 i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *segment = &image->segment[i];

		if (segment->can_execute && image->entry >= segment->address &&
		    image->entry - segment->address < segment->file_size)
			return true;
	}
	return false;
}

const char *elf_parse(const void *file, size_t size, u16 machine, struct elf_image *image)
{
	struct elf_header header;
	const char *error;

	*image = (struct elf_image){ 0 };
	if (size < sizeof(header))
		return "ELF file ends inside its header";
	memcpy(&header, file, sizeof(header));
	error = check_header(&header, size, machine);
	if (error)
		return error;
	image->entry = header.entry;
	for (u32 i = 0; i < header.nr_programs; i++) {
		struct elf_program program;

		memcpy(&program,
		       (const u8 *)file + header.program_offset + i * sizeof(program),
		       sizeof(program));
		error = take_program(image, &program, size);
		if (error)
			return error;
	}
	if (!image->nr_segments)
		return "ELF file has nothing to load";
	if (!is_entry_sound(image))
		return "ELF entry point is not in an executable segment";
	return NULL;
}
