// SPDX-License-Identifier: MIT
/*
 * System calls and messages over the two assembly stubs.
 */
#include <lib/string.h>
#include <user/system.h>

/* As start.S reads and writes it. */
struct syscall_regs {
	u64 number, handles, args[5], values[2];
};

long syscall_raw(struct syscall_regs *io);
long ipc_raw(struct message *io);
_Static_assert(offsetof(struct message, caps) == 80, "as start.S expects");
_Static_assert(offsetof(struct message, badge) == 96, "as start.S expects");

long __syscall(u64 number, u64 handles, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 *v0, u64 *v1)
{
	struct syscall_regs io = { number, handles, { a0, a1, a2, a3, a4 }, { 0, 0 } };
	long status = syscall_raw(&io);

	if (v0)
		*v0 = io.values[0];
	if (v1)
		*v1 = io.values[1];
	return status;
}

void message_init(struct message *message, u32 label, u32 words, u32 caps)
{
	memset(message, 0, sizeof(*message));
	message->tag =
		(u64)label << MSG_LABEL_SHIFT | words << MSG_WORDS_SHIFT | caps << MSG_CAPS_SHIFT;
}

void message_set_cap(struct message *message, u32 i, handle_t handle, bool give)
{
	message->caps[i / 2] |= (u64)handle << (32 * (i % 2));
	if (give)
		message->tag |= 1UL << (MSG_MOVE_SHIFT + i);
}

static long ipc(u64 number, handle_t first, handle_t second, struct message *message)
{
	message->tag = (message->tag & ~(u64)MSG_CALL_MASK) | number;
	message->handles = first | (u64)second << 32;
	return ipc_raw(message);
}

long ipc_call(handle_t endpoint, struct message *message)
{
	return ipc(SYS_ipc_call, endpoint, 0, message);
}

long ipc_send(handle_t endpoint, struct message *message)
{
	return ipc(SYS_ipc_send, endpoint, 0, message);
}

long ipc_receive(handle_t endpoint, handle_t reply, struct message *message)
{
	return ipc(SYS_ipc_receive, endpoint, reply, message);
}

long ipc_reply(handle_t reply, struct message *message)
{
	return ipc(SYS_ipc_reply, reply, 0, message);
}

long ipc_reply_receive(handle_t endpoint, handle_t reply, struct message *message)
{
	return ipc(SYS_ipc_reply_receive, endpoint, reply, message);
}

#if defined(__x86_64__)
u64 cycles(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}
#elif defined(__aarch64__)
u64 cycles(void)
{
	u64 value;

	__asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value));
	return value;
}
#else
u64 cycles(void)
{
	u64 value;

	__asm__ volatile("rdcycle %0" : "=r"(value));
	return value;
}
#endif
