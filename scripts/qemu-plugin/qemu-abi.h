/* SPDX-License-Identifier: MIT */
/*
 * What this plugin uses of QEMU's plugin interface, version 1 (QEMU 7.2).
 * Debian ships no header for it, so it is declared here; the symbols come from
 * the emulator that loads the plugin.
 */
#ifndef QEMU_ABI_H
#define QEMU_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ABI_VERSION 1

struct qemu_info {
	const char *target_name;
	struct {
		int min, cur; /* versions that the emulator speaks */
	} version;
	bool is_system;
	struct {
		int cpus, max_cpus;
	} system;
};

struct qemu_tb;
struct qemu_insn;
struct qemu_hwaddr;

#define NO_REGISTERS 0 /* callbacks do not look at registers */
#define MEM_READ_WRITE 3

typedef void (*tb_callback)(uint64_t id, struct qemu_tb *tb);
typedef void (*insn_callback)(unsigned int cpu, void *data);
typedef void (*mem_callback)(unsigned int cpu, uint32_t info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_callback callback);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_insn *insn, insn_callback callback,
					    int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_insn *insn, mem_callback callback, int flags,
				      int rw, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*callback)(uint64_t id, void *data),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_tb *tb);
struct qemu_insn *qemu_plugin_tb_get_insn(const struct qemu_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_insn *insn);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
struct qemu_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_hwaddr *address);

/* What the emulator looks for. */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

#endif
