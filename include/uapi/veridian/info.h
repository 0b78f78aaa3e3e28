/* SPDX-License-Identifier: MIT */
/*
 * Selectors and flag words of the calls that create, set and inspect.
 */
#ifndef UAPI_VERIDIAN_INFO_H
#define UAPI_VERIDIAN_INFO_H

/* mem_map, mem_protect: access wanted. */
#define MAP_READ 0x01
#define MAP_WRITE 0x02
#define MAP_EXECUTE 0x04

/* mem_create_device: how the range is mapped. */
#define MEM_DEVICE 0 /* registers: uncached, strongly ordered */
#define MEM_CACHED 1 /* memory outside of the kernel's own, e.g. a frame buffer */

/* thread_create: the settings word; thread_set: the same fields. */
#define THREAD_PRIORITY(n) ((n) & 0xff)          /* 0 lowest to 63 */
#define THREAD_CPU(n) (((n) & 0xff) << 8)        /* CPU to run on */
#define THREAD_NO_PAGE (1 << 16)                 /* needs no message page */
#define THREAD_START (1 << 17)                   /* start at once, else thread_resume starts it */
#define THREAD_MAX_PRIORITY 63

/* cap_copy: lend a child of the capability, or give the capability itself. */
#define CAP_LEND 0
#define CAP_GIVE 1

/* cap_inspect: the first result. */
#define CAP_INFO_TYPE(v) ((v) & 0xf)
#define CAP_INFO_RIGHTS(v) (((v) >> 4) & 0xfff)
#define CAP_INFO_DEPTH(v) (((v) >> 16) & 0xff)
#define CAP_INFO_HAS_CHILDREN(v) (((v) >> 24) & 1)

/* thread_info: selectors. */
#define THREAD_INFO_STATE 0    /* THREAD_STATE_*, then the CPU */
#define THREAD_INFO_TIME 1     /* processor time used in nanoseconds, then the priority */
#define THREAD_INFO_PAGE 2     /* address of its message page or 0, then its number */
#define THREAD_STATE_INACTIVE 0
#define THREAD_STATE_READY 1   /* running or runnable */
#define THREAD_STATE_BLOCKED 2
#define THREAD_STATE_DEAD 3

/* process_info: selectors. */
#define PROCESS_INFO_STATE 0   /* PROCESS_STATE_*, then the number of threads */
#define PROCESS_INFO_EXIT 1    /* exit code, then the kind of fault that ended it (FAULT_*) or 0 */
#define PROCESS_INFO_FAULT 2   /* address and pc of that fault */
/* pages mapped, then slots in use: capabilities, and room reserved for some to come */
#define PROCESS_INFO_MEMORY 3
#define PROCESS_INFO_NAME 4    /* 16 bytes */
#define PROCESS_STATE_NEW 0    /* no thread has been created yet */
#define PROCESS_STATE_RUNNING 1
#define PROCESS_STATE_ENDING 2
#define PROCESS_STATE_ENDED 3  /* nothing of it is left but this information */
#define PROCESS_CODE_KILLED (~0UL) /* exit code of a process ended by a fault or by cap_destroy */

/* mem_info: selectors. */
#define MEM_INFO_SIZE 0        /* pages, then MEM_FLAG_* */
#define MEM_INFO_RESIDENT 1    /* frames that exist so far, then writable mappings */
#define MEM_INFO_PHYSICAL 2    /* needs the right DMA: physical address of page @index */
#define MEM_FLAG_SEALED 0x1
#define MEM_FLAG_PHYSICAL 0x2
#define MEM_FLAG_DEVICE 0x4

/* system_info: selectors; index where said. */
#define INFO_CPUS 0            /* CPUs online, CPUs configured at most */
#define INFO_CPU 1             /* [cpu] hardware id, NUMA node */
#define INFO_NODES 2           /* NUMA nodes, CPUs firmware listed */
#define INFO_MEMORY 3          /* frames of 4 KiB the kernel manages, frames free */
#define INFO_MEMORY_QUOTA 4    /* frames not yet promised to anybody, 0 */
#define INFO_ARCHIVE_SIZE 5    /* bytes of the boot archive */
#define INFO_UART 6            /* UART_*, then physical address or I/O port */
#define INFO_UART_IRQ 7        /* interrupt line, bytes of registers */
#define INFO_CMDLINE 8         /* [16-byte piece] the kernel command line */
#define INFO_CPU_NAME 9        /* [16-byte piece] model and protection features of the boot CPU */
#define INFO_SWITCHES 10       /* [cpu] thread switches, nanoseconds idle */
#define INFO_VERSION 11        /* [16-byte piece] release and build of the kernel */
/* [16-byte piece] boot protocol, firmware tables, interrupt controller, timer */
#define INFO_MACHINE 12
#define INFO_IRQS 13           /* number of interrupt lines, 0 */
#define UART_NONE 0
#define UART_16550_PORT 1      /* I/O ports */
#define UART_16550_MEMORY 2    /* registers one byte apart */
#define UART_PL011 3

#endif
