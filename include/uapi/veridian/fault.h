/* SPDX-License-Identifier: MIT */
/*
 * Faults as messages.  A fault the kernel does not resolve is sent as a call
 * to the process's fault endpoint: label = kind, words as below.  The reply's
 * label says how the thread goes on.  Without an endpoint the process ends.
 */
#ifndef UAPI_VERIDIAN_FAULT_H
#define UAPI_VERIDIAN_FAULT_H

#define FAULT_NONE 0
#define FAULT_READ 1        /* no readable mapping at the address */
#define FAULT_WRITE 2       /* no writable mapping */
#define FAULT_EXECUTE 3     /* no executable mapping */
#define FAULT_ALIGNMENT 4
#define FAULT_INSTRUCTION 5 /* illegal or privileged instruction */
#define FAULT_ARITHMETIC 6
#define FAULT_BREAKPOINT 7
#define FAULT_OTHER 8       /* word 4 tells the hardware's own code */

#define FAULT_WORD_ADDRESS 0 /* data or instruction address */
#define FAULT_WORD_PC 1
#define FAULT_WORD_SP 2
#define FAULT_WORD_THREAD 3  /* badge-like number of the thread inside its process */
#define FAULT_WORD_CODE 4    /* architecture's syndrome, for debuggers only */
#define FAULT_WORDS 5

#define FAULT_REPLY_RETRY 0  /* execute the instruction again */
#define FAULT_REPLY_JUMP 1   /* go on at word 0 */
#define FAULT_REPLY_KILL 2   /* end the process as if no handler were there */

#endif
