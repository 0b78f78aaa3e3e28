/* SPDX-License-Identifier: MIT */
/*
 * The message tag and the message page: how an IPC call packs its operands.
 * The registers that carry them are in Documentation/abi.rst.
 *
 *  63                    32 31 30  29   28  27-25  24-21 20-18 17-8    7-0
 *  |        label          | 0 0 |TIME|NBLK|accept| move |caps |words | call |
 *
 *  call    number of the system call (the receiver sees which kind it was)
 *  words   length of the message in 64-bit words, 0 to 512; the first eight
 *          travel in registers, word 8 and up lie in the message page at their
 *          own index (byte offset 64 and up)
 *  caps    capabilities sent, 0 to 4
 *  move    bit i: capability i is given (moved), not lent (derived)
 *  accept  capabilities the caller is ready to take in return, 0 to 4
 *  NBLK    do not wait
 *  TIME    give up at the absolute time in the message page (MSG_DEADLINE)
 *
 * All eight register words are always transferred: the sender's stub clears
 * those it does not use.
 */
#ifndef UAPI_VERIDIAN_MESSAGE_H
#define UAPI_VERIDIAN_MESSAGE_H

#define MSG_CALL_MASK 0xff
#define MSG_WORDS_SHIFT 8
#define MSG_WORDS_MASK 0x3ff
#define MSG_CAPS_SHIFT 18
#define MSG_CAPS_MASK 0x7
#define MSG_MOVE_SHIFT 21
#define MSG_MOVE_MASK 0xf
#define MSG_ACCEPT_SHIFT 25
#define MSG_ACCEPT_MASK 0x7
#define MSG_NONBLOCK (1 << 28)
#define MSG_TIMEOUT (1 << 29)
#define MSG_RESERVED (3UL << 30)
#define MSG_LABEL_SHIFT 32

#define MSG_REG_WORDS 8
/* The low half of a tag is at most this if there are no more words, no capabilities, no flags. */
#define MSG_SHORT_MAX (MSG_REG_WORDS << MSG_WORDS_SHIFT | MSG_CALL_MASK)
#define MSG_MAX_WORDS 512
#define MSG_MAX_CAPS 4

/* Word 0 of the message page: absolute deadline in nanoseconds, read only with MSG_TIMEOUT. */
#define MSG_DEADLINE 0

/* Call number in the tag of a message that the kernel made. */
#define MSG_FROM_NOTIFICATION 0xfe /* badge result: the bits taken */
#define MSG_FROM_FAULT 0xff        /* see fault.h */

#endif
