/* SPDX-License-Identifier: MIT */
/*
 * Reading ELF64 executables: every number is checked before it is used, so a
 * truncated or hostile file yields an error and never an access outside of it.
 * Source: System V ABI, chapter 4 and 5; gABI draft of 2013.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <lib/types.h>

#define ELF_MAX_SEGMENTS 16

/* One PT_LOAD, as the loader wants it: page-aligned decisions are the loader's. */
struct elf_segment {
	u64 address;     /* relative to the load base */
	u64 offset;      /* in the file */
	u64 file_size, memory_size;
	bool can_write, can_execute;
};

struct elf_image {
	u64 entry;     /* relative to the load base */
	u64 low, high; /* all segments lie in [low, high), page aligned */
	u32 nr_segments;
	/* ascending, sharing no page, none both writable and executable */
	struct elf_segment segment[ELF_MAX_SEGMENTS];
};

/**
 * elf_parse() - check a static position-independent executable (ET_DYN) of machine @machine.
 * Return: NULL and *image, or a sentence that says what is wrong.
 */
const char *elf_parse(const void *file, size_t size, u16 machine,
		      struct elf_image *image) __must_check;

#define ELF_MACHINE_X86_64 62
#define ELF_MACHINE_AARCH64 183
#define ELF_MACHINE_RISCV 243

#if defined(__x86_64__)
#define ELF_MACHINE_NATIVE ELF_MACHINE_X86_64
#elif defined(__aarch64__)
#define ELF_MACHINE_NATIVE ELF_MACHINE_AARCH64
#else
#define ELF_MACHINE_NATIVE ELF_MACHINE_RISCV
#endif

#endif
