/* SPDX-License-Identifier: MIT */
/*
 * Roles of the program `peer`, the other end of tests and demonstration.  It
 * holds: HANDLE_FIRST(0) itself, (1) the system (log only), (2) an endpoint or
 * notification, as the role says.
 */
#ifndef USER_PEER_H
#define USER_PEER_H

#define PEER_SYSTEM HANDLE_FIRST(1)
#define PEER_OBJECT HANDLE_FIRST(2)

enum peer_role {
	PEER_SERVER,       /* answers requests on the endpoint until it is told to exit */
	PEER_EXIT,         /* exits with PEER_EXIT_CODE */
	PEER_HANG_CALL,    /* calls the endpoint and is killed there */
	PEER_SPIN,         /* loops in user mode until the notification's bits come by poll */
	PEER_MISBEHAVE,    /* does what PEER_MISDEED(role) says */
	PEER_READ_KERNEL = PEER_MISBEHAVE,
	PEER_READ_NULL,
	PEER_READ_UNMAPPED,
	PEER_WRITE_TEXT,
	PEER_EXECUTE_DATA,
	PEER_JUMP_KERNEL,
	PEER_ILLEGAL,
	PEER_FORGE,        /* forged handles: all refused, then PEER_EXIT_CODE */
};

#define PEER_EXIT_CODE 42

/* Requests of PEER_SERVER: label of the message. */
enum peer_request {
	PEER_ADD = 1,   /* words 0 and 1 -> their sum in word 0 */
	PEER_ECHO,      /* all words come back, the badge in label */
	PEER_MAKE,      /* a fresh memory capability comes back, its first word set to word 0 */
	/* a memory capability is sent: its first word comes back, then is doubled */
	PEER_TAKE,
	PEER_QUIT,
};

#endif
