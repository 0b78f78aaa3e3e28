// SPDX-License-Identifier: MIT
/*
 * lib/elf.c: a sound executable made here, each rule broken alone, the file cut
 * at every byte, and random damage after which an accepted image must still be
 * safe to load.
 */
#include "test.h"
#include <elf.h>
#include <lib/elf.h>

#define FILE_SIZE 0x2400

static struct {
	Elf64_Ehdr header;
	Elf64_Phdr program[4];
	u8 rest[FILE_SIZE - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr)];
} file;
_Static_assert(sizeof(file) == FILE_SIZE, "no padding");

static Elf64_Phdr load(u64 address, u64 offset, u64 file_size, u64 memory_size, unsigned int flags)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = flags, .p_offset = offset,
			     .p_vaddr = address, .p_paddr = address, .p_filesz = file_size,
			     .p_memsz = memory_size, .p_align = 0x1000 };
}

static void start(void)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.header.e_ident, ELFMAG, SELFMAG);
	file.header.e_ident[EI_CLASS] = ELFCLASS64;
	file.header.e_ident[EI_DATA] = ELFDATA2LSB;
	file.header.e_ident[EI_VERSION] = EV_CURRENT;
	file.header.e_type = ET_DYN;
	file.header.e_machine = EM_RISCV;
	file.header.e_version = EV_CURRENT;
	file.header.e_entry = 0x1010;
	file.header.e_phoff = sizeof(Elf64_Ehdr);
	file.header.e_ehsize = sizeof(Elf64_Ehdr);
	file.header.e_phentsize = sizeof(Elf64_Phdr);
	file.header.e_phnum = 4;
	file.program[0] = load(0, 0, 0x200, 0x200, PF_R);
	file.program[1] = load(0x1000, 0x1000, 0x800, 0x800, PF_R | PF_X);
	file.program[2] = load(0x3000, 0x2000, 0x400, 0x3000, PF_R | PF_W);
	file.program[3] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
}

static void expect(const char *wanted)
{
	struct elf_image image;

	assert_sentence(elf_parse(&file, sizeof(file), ELF_MACHINE_RISCV, &image), wanted);
}

static void sound_file(void **state)
{
	struct elf_image image;

	(void)state;
	start();
	assert_null(elf_parse(&file, sizeof(file), ELF_MACHINE_RISCV, &image));
	assert_int_equal(image.entry, 0x1010);
	assert_int_equal(image.low, 0);
	assert_int_equal(image.high, 0x6000);
	assert_int_equal(image.nr_segments, 3);
	assert_int_equal(image.segment[2].address, 0x3000);
	assert_int_equal(image.segment[2].offset, 0x2000);
	assert_int_equal(image.segment[2].file_size, 0x400);
	assert_int_equal(image.segment[2].memory_size, 0x3000);
	assert_true(image.segment[2].can_write && !image.segment[2].can_execute);
	assert_true(image.segment[1].can_execute && !image.segment[1].can_write);
	assert_true(!image.segment[0].can_execute && !image.segment[0].can_write);
}

static void wrong_headers(void **state)
{
	(void)state;
#define HEADER(change, sentence) do { start(); file.header.change; expect(sentence); } while (0)
	HEADER(e_ident[0] = 0, "not an ELF file");
	HEADER(e_ident[EI_CLASS] = ELFCLASS32, "not a 64-bit ELF file");
	HEADER(e_ident[EI_DATA] = ELFDATA2MSB, "not a little-endian ELF file");
	HEADER(e_ident[EI_VERSION] = 2, "unknown ELF version");
	HEADER(e_version = 0, "unknown ELF version");
	HEADER(e_machine = EM_X86_64, "ELF file for another machine");
	HEADER(e_type = ET_EXEC, "not a position-independent executable");
	HEADER(e_ehsize = 52, "ELF header of unknown size");
	HEADER(e_phnum = 0, "ELF file without program headers");
	HEADER(e_phentsize = 32, "ELF program headers of unknown size");
	HEADER(e_phnum = 0xffff, "ELF program headers lie outside of the file");
	HEADER(e_phoff = FILE_SIZE - 10, "ELF program headers lie outside of the file");
	HEADER(e_phoff = UINT64_MAX, "ELF program headers lie outside of the file");
	HEADER(e_phoff = UINT64_MAX - 100, "ELF program headers lie outside of the file");
	HEADER(e_entry = 0x1800, "ELF entry point is not in an executable segment");
	HEADER(e_entry = 0x3000, "ELF entry point is not in an executable segment");
	HEADER(e_entry = UINT64_MAX, "ELF entry point is not in an executable segment");
}

static void wrong_segments(void **state)
{
	const char *const crossed = "ELF segments overlap, share a page or do not ascend";
	const char *const outside = "ELF segment lies outside of the file";
	const char *const wraps = "ELF segment wraps around the address space";

	(void)state;
#define SEGMENT(n, change, sentence)                                                               \
	do {                                                                                       \
		start();                                                                           \
		file.program[n].change;                                                            \
		expect(sentence);                                                                  \
	} while (0)
	SEGMENT(1, p_flags = PF_R | PF_W | PF_X, "ELF segment is both writable and executable");
	SEGMENT(1, p_memsz = 0x7ff, "ELF segment is larger in the file than in memory");
	SEGMENT(1, p_memsz = 0x2001, crossed);
	SEGMENT(2, p_vaddr = 0x1000, crossed);
	SEGMENT(2, p_vaddr = 0, crossed);
	SEGMENT(0, p_memsz = 0x1001, crossed);
	SEGMENT(2, p_vaddr = (file.program[2].p_offset = 0x1900), crossed); /* the same page */
	SEGMENT(2, p_offset = 0x3000, outside);
	SEGMENT(2, p_offset = UINT64_MAX - 0xfff, outside);
	SEGMENT(2, p_memsz = UINT64_MAX, wraps);
	SEGMENT(2, p_memsz = UINT64_MAX - 0x3000, wraps);
	SEGMENT(2, p_memsz = UINT64_MAX - 0x4000, NULL);
	SEGMENT(2, p_vaddr = UINT64_MAX - 0xfff, wraps);
	SEGMENT(2, p_align = 3, "ELF segment alignment is no power of two");
	SEGMENT(2, p_vaddr = 0x3010, "ELF segment address and offset disagree with its alignment");
	SEGMENT(2, p_align = 0, NULL);
	SEGMENT(3, p_type = PT_INTERP, "ELF file asks for an interpreter");
	SEGMENT(3, p_flags = PF_R | PF_W | PF_X, "ELF file asks for an executable stack");
	start();
	for (int i = 0; i < 3; i++)
		file.program[i].p_type = PT_NOTE;
	expect("ELF file has nothing to load");
	start();
	file.program[2].p_filesz = UINT64_MAX;
	file.program[2].p_memsz = UINT64_MAX;
	expect(outside);
}

static void too_many_segments(void **state)
{
	struct elf_image image;
	Elf64_Phdr *program = (Elf64_Phdr *)(void *)(file.rest + 0x1000);

	(void)state;
	start();
	file.header.e_phoff = (u64)((u8 *)program - (u8 *)&file);
	for (unsigned int i = 0; i <= ELF_MAX_SEGMENTS; i++)
		program[i] = load(0x1000 * i, 0x1000, 0x100, 0x100, PF_R | PF_X);
	file.header.e_phnum = ELF_MAX_SEGMENTS;
	expect(NULL);
	file.header.e_phnum++;
	expect("ELF file has too many segments");
	assert_non_null(elf_parse(&file, sizeof(file), ELF_MACHINE_RISCV, &image));
}

static void cut_at_every_byte(void **state)
{
	struct elf_image image;

	(void)state;
	start();
	for (size_t size = 0; size < FILE_SIZE; size++) {
		void *cut = test_copy(&file, size);

		assert_non_null(elf_parse(cut, size, ELF_MACHINE_RISCV, &image));
		free(cut);
	}
}

/* Files in an archive are aligned to four bytes only: the sanitizer watches. */
static void any_alignment(void **state)
{
	u8 *block = malloc(FILE_SIZE + 8);
	struct elf_image image;

	(void)state;
	start();
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(block + shift, &file, FILE_SIZE);
		assert_null(elf_parse(block + shift, FILE_SIZE, ELF_MACHINE_RISCV, &image));
	}
	free(block);
}

/* What a loader relies on. */
static void check_image(const struct elf_image *image)
{
	u64 end = 0;
	bool has_entry = false;

	assert_true(image->nr_segments >= 1 && image->nr_segments <= ELF_MAX_SEGMENTS);
	assert_true(image->low % 4096 == 0 && image->high % 4096 == 0 && image->low < image->high);
	for (u32 i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *segment = &image->segment[i];

		assert_true(segment->address >= end);
		assert_true(segment->memory_size <= UINT64_MAX - segment->address);
		end = segment->address + segment->memory_size;
		assert_true(segment->address >= image->low && end <= image->high);
		assert_true(segment->file_size <= segment->memory_size);
		assert_true(segment->offset <= FILE_SIZE);
		assert_true(segment->file_size <= FILE_SIZE - segment->offset);
		assert_false(segment->can_write && segment->can_execute);
		has_entry |= segment->can_execute && image->entry >= segment->address &&
			     image->entry < end;
	}
	assert_true(has_entry);
}

static void random_damage(void **state)
{
	static const u64 nasty[] = { 0, 1, 0xff, 0xfff, 0x1000, INT64_MAX, (u64)1 << 63,
				     UINT64_MAX, UINT64_MAX - 0xfff, FILE_SIZE };
	int accepted = 0, refused = 0;

	(void)state;
	for (int round = 0; round < 300000; round++) {
		struct elf_image image;
		size_t changes = 1 + test_below(3);

		start();
		while (changes--) {
			size_t at = test_below(sizeof(Elf64_Ehdr) + sizeof(file.program));
			size_t width = (size_t)1 << test_below(4);
			u64 value = test_below(2) ? test_random()
						  : nasty[test_below(ARRAY_SIZE(nasty))];

			memcpy((u8 *)&file + ALIGN_DOWN(at, width), &value, width);
		}
		if (elf_parse(&file, sizeof(file), ELF_MACHINE_RISCV, &image)) {
			refused++;
		} else {
			check_image(&image);
			accepted++;
		}
	}
	/* Else one of the two halves was not tested. */
	assert_true(accepted > 1000 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_file),        cmocka_unit_test(wrong_headers),
		cmocka_unit_test(wrong_segments),    cmocka_unit_test(too_many_segments),
		cmocka_unit_test(cut_at_every_byte), cmocka_unit_test(any_alignment),
		cmocka_unit_test(random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
