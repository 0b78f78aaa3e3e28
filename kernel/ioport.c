// SPDX-License-Identifier: MIT
/*
 * I/O ports (x86): ranges as objects; the kernel executes the access, so no
 * permission bitmap has to be switched.
 */
#include <generated/syscall_protos.h>
#include <kernel/cap.h>
#include <kernel/irq.h>
#include <kernel/main.h>
#include <kernel/process.h>
#include <kernel/thread.h>

/* Ports the kernel itself drives. The console's UART is shared on purpose. */
static const struct {
	u16 first, count;
} kernel_ports[] = {
	{ 0x20, 2 }, { 0xa0, 2 }, /* interrupt controllers of the PC, masked for ever */
	{ 0x40, 4 }, { 0x61, 1 }, /* interval timer and its gate: calibration */
	{ 0xf4, 4 },              /* exit device of the emulator */
};

static bool is_kernel_port(u64 first, u64 count)
{
	for (u32 i = 0; i < ARRAY_SIZE(kernel_ports); i++)
		if (ranges_overlap(first, count, kernel_ports[i].first, kernel_ports[i].count))
			return true;
	/* A power-off by the back door would not ask for the right to it. */
	return ranges_overlap(first, count, boot->pm1a_port, boot->pm1a_port ? 2 : 0) ||
	       ranges_overlap(first, count, boot->sleep_port, boot->sleep_port ? 1 : 0);
}

long sys_ioport_create(struct thread *self, handle_t system, u64 first, u64 count)
{
	struct cap_space *space = &self->process->caps;
	struct object *object;
	struct slot *slot;
	struct cap cap;
	long status = cap_lookup(space, system, TYPE_SYSTEM, RIGHT_DEVICE, &cap);

	if (status != ST_OK)
		return status;
	if (first > 0xffff || count < 1 || count > 0x10000 - first)
		return ST_INVALID;
	if (is_kernel_port(first, count))
		return ST_BUSY;
	slot = cap_reserve(space);
	if (!slot)
		return ST_NOSLOTS;
	object = object_alloc(TYPE_IOPORT);
	if (!object) {
		cap_unreserve(slot);
		return ST_NOMEM;
	}
	container_of(object, struct ioport, object)->first = (u16)first;
	container_of(object, struct ioport, object)->count = (u32)count;
	arch_set_value(&self->regs, 0, cap_install(object, slot, RIGHTS_ALL, 0));
	return ST_OK;
}

/*
 * Read from a port into *value, or write *value to it.  The tree lock is held, so
 * that no access comes after the capability's revocation.
 */
static long port_access(struct thread *self, handle_t handle, u64 offset, u64 width, u64 *value,
			bool is_write)
{
	const struct ioport *ports;
	struct cap cap;
	long status = cap_lookup(&self->process->caps, handle, TYPE_IOPORT, RIGHT_USE, &cap);

	if (status != ST_OK)
		return status;
	ports = container_of(cap.object, struct ioport, object);
	spin_lock(&cap.object->tree_lock);
	if (!cap_is_current(&cap))
		status = ST_BADHANDLE;
	else if ((width != 1 && width != 2 && width != 4) ||
		 !range_within(offset, width, 0, ports->count))
		status = ST_INVALID;
	else if (is_write)
		arch_port_out((u16)(ports->first + offset), (unsigned)width, (u32)*value);
	else
		*value = arch_port_in((u16)(ports->first + offset), (unsigned)width);
	spin_unlock(&cap.object->tree_lock);
	return status;
}

long sys_ioport_in(struct thread *self, handle_t ioport, u64 offset, u64 width)
{
	u64 value = 0;
	long status = port_access(self, ioport, offset, width, &value, false);

	if (status == ST_OK)
		arch_set_value(&self->regs, 0, value);
	return status;
}

long sys_ioport_out(struct thread *self, handle_t ioport, u64 offset, u64 width, u64 value)
{
	return port_access(self, ioport, offset, width, &value, true);
}
