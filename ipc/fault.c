// SPDX-License-Identifier: MIT
/*
 * Faults as messages: the kernel calls the process's fault endpoint in the
 * name of the thread; the answer says how the thread goes on.
 */
#include "ipc_internal.h"
#include <kernel/process.h>

bool fault_send(struct thread *self)
{
	struct process *process = self->process;
	struct sending sending = {
		.words = FAULT_WORDS,
		.is_call = true,
		.deadline = TIME_NEVER,
	};
	long status;

	spin_lock(&process->lock);
	status = cap_held(process->fault_slot, TYPE_ENDPOINT, &sending.cap);
	spin_unlock(&process->lock);
	if (status != ST_OK)
		return false;
	self->is_fault = true;
	status = endpoint_send(self, &sending);
	if (status == SYSCALL_DONE)
		return true;
	self->is_fault = false;
	/* Another endpoint may have been chosen, or this one be gone: it faults once more, and then that shows. */
	return status == ST_BADHANDLE;
}

void fault_answer(struct thread *thread, u64 tag, u64 word)
{
	u32 label = (u32)(tag >> MSG_LABEL_SHIFT);

	if (label == FAULT_REPLY_JUMP && word < USER_END)
		arch_set_pc(&thread->regs, word);
	else if (label != FAULT_REPLY_RETRY)
		process_fault(thread->process, thread);
	thread->is_fault = false;
	sched_wake(thread);
}
