/* SPDX-License-Identifier: MIT */
/*
 * Requests of the servers: labels and words.  A reply's label is a status.
 */
#ifndef USER_PROTOCOL_H
#define USER_PROTOCOL_H

#include <user/ipc.h>

/* ---- name server ---- */
#define NAME_SIZE 32 /* bytes, filled with zeros */
#define NAME_REGISTER 1 /* words 0-3: name; capability 0: endpoint. EXISTS, NOSLOTS, INVALID */
#define NAME_LOOKUP 2   /* words 0-3: name. Reply: capability 0. NOTFOUND */
#define NAME_REMOVE 3   /* words 0-3: name. NOTFOUND; NORIGHTS if another client registered it */

/** name_register() / name_lookup() / name_remove() - @name of up to 31 characters. */
long name_register(const char *name, handle_t endpoint);
long name_lookup(const char *name, handle_t *endpoint);
long name_remove(const char *name);

/* ---- console server ---- */
#define CONSOLE_WRITE 1 /* word 0: bytes, up to CONSOLE_BYTES; then the bytes */
/* word 0: 1 to wait. Reply: word 0 = character. WOULDBLOCK, BUSY if somebody waits */
#define CONSOLE_READ 2
#define CONSOLE_BYTES ((MSG_MAX_WORDS - 1) * 8)

/* ---- the first process ---- */
/*
 * word 0: 0 the first process, then its children by their places. NOTFOUND.
 * Reply: words 0,1 name; 2 state; 3 threads; 4 exit code; 5 fault; 6 pages; 7 caps
 */
#define INIT_PROCESS_INFO 1
/* words 0-3: program's name. Reply when it has ended: word 0 exit code, word 1 fault kind */
#define INIT_RUN 2
#define INIT_POWER_OFF 3    /* word 0: code */

#endif
