/* SPDX-License-Identifier: MIT */
/*
 * Status codes: one set for the kernel, user space and the manual.
 *
 * A call returns 0 or one of these negative numbers.  When several apply, the
 * first in the fixed order of refusal is reported: the call exists (NOSYS),
 * the capability exists (BADHANDLE), its type (BADTYPE), its rights
 * (NORIGHTS), the range of the arguments (INVALID), the state of the object
 * (BUSY and the like), room (NOMEM, NOSLOTS, DEPTH).  Calls that make sure of
 * room first list their errors in that order in the manual.  A refused
 * single-step call has changed nothing.
 */
#ifndef UAPI_VERIDIAN_STATUS_H
#define UAPI_VERIDIAN_STATUS_H

#define ST_OK 0           /* done */
#define ST_NOSYS -1       /* no such call, or configured off */
#define ST_BADHANDLE -2   /* empty slot, stale handle, or the object is destroyed */
#define ST_BADTYPE -3     /* the capability names an object of another type */
#define ST_NORIGHTS -4    /* the capability lacks a right the call needs */
#define ST_INVALID -5     /* an argument is out of its range */
#define ST_BUSY -6        /* the object is in a state that forbids the call now */
#define ST_WOULDBLOCK -7  /* non-blocking form, and nobody was there */
#define ST_TIMEDOUT -8    /* the deadline passed while waiting */
#define ST_INTERRUPTED -9 /* the wait was ended by thread_interrupt */
#define ST_NOMEM -10      /* the account has too few frames left */
#define ST_NOSLOTS -11    /* the capability space is full */
#define ST_DEPTH -12      /* the derivation would be deeper than 255 */
#define ST_EXISTS -13     /* the address range is taken already */
#define ST_NOTFOUND -14   /* nothing there: no mapping, no further capability */
#define ST_DEAD -15       /* object destroyed, or capability revoked or given away, while waiting */
#define ST_CALLER_GONE -16 /* the caller to be answered waits no longer */
#define ST_CAPSPACE -17   /* the receiver takes fewer capabilities than were sent */
#define ST_NOREPLY -18    /* call to a receiver that offered no reply object */
#define ST_SEALED -19     /* sealed memory is never writable; unsealed never executable */
#define ST_TOOLONG -20    /* message page needed but the thread has none */

#define ST_LAST -20

#endif
