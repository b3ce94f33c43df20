/*
 * How many requests may be under way at the same time for one mailbox. All workers of a process go through one
 * gate for each mailbox; the gate holds the process's slots (mmsync/slots.h) from request to
 * request, and gives them back when its sessions are over, and to others after two seconds.
 * Private to sync/.
 */
#ifndef SYNC_GATES_H
#define SYNC_GATES_H

#include "mmsync/budget.h"
#include "mmsync/cursors.h"
#include "mmsync/slots.h"
#include "turn.h"

struct mms_gate;

/*
 * The gates of a process. owner (of its leases) tells it from all others; NULL in a dry run: the gates then
 * count its own requests alone, and nothing is written. Owns: *out. Keeps: pool, owner.
 * Errors: NOMEM.
 */
mms_rc mms_gates_new(struct mms_gates **out, struct mms_pool *pool,
		     const struct mms_lease_owner *owner, struct mms_err *err) MMS_MUST_CHECK;
/* Every session must have left. */
void mms_gates_free(struct mms_gates *gates);
/*
 * Renew what is held, over a connection of the caller's: more often than a lease is long. What nobody
 * has used for a while is given back, and so is what was taken by a statement without an answer.
 */
void mms_gates_beat(struct mms_gates *gates, struct mms_db *db);

/*
 * A session begins to use the gate of a mailbox that takes so many requests at the same time. Errors: NOMEM.
 * Borrows: *out, until mms_gate_close().
 */
mms_rc mms_gate_open(struct mms_gates *gates, const struct mms_budget_scope *mailbox,
		     unsigned limit, struct mms_gate **out, struct mms_err *err) MMS_MUST_CHECK;
void mms_gate_close(struct mms_gate *gate);
/*
 * n requests (as many as the limit, where it is less) go through together, or none: they wait, first come
 * first served, until there are slots. whom is the user, for texts. Errors: WAIT (longer than a
 * retry may wait), STOPPED, RETRY, DB, NOMEM.
 */
mms_rc mms_gate_enter(struct mms_gate *gate, const struct mms_worker *worker, const char *whom,
		      unsigned n, struct mms_err *err) MMS_MUST_CHECK;
/* They are done. */
void mms_gate_leave(struct mms_gate *gate, unsigned n);

#endif
