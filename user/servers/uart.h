/* SPDX-License-Identifier: MIT */
/*
 * The UART of the machine, driven from user space.
 */
#ifndef SERVERS_UART_H
#define SERVERS_UART_H

#include <user/syscall.h>

/** uart_open() - take the device, interrupts signal @bits of @notification. Return: NULL or what is wrong. */
const char *uart_open(handle_t notification, u64 bits);

/** uart_put() - write a character, waiting until the device takes it. */
void uart_put(char c);

/** uart_begin() - an interrupt came; now read, until there is nothing more, then uart_done(). */
void uart_begin(void);

/** uart_get() - a character that has been received. Return: false if there is none. */
bool uart_get(char *c);

/**
 * uart_begin() - before the characters of an interrupt are read: what arrives from now on makes
 * another one.  Taken back afterwards, that of a character just come would be lost with it.
 */
void uart_begin(void);

/** uart_done() - the characters of this interrupt are read. */
void uart_done(void);

#endif
