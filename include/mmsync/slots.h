/*
 * Slots: requests that all processes of all hosts together may have under way at the same time for one
 * mailbox. A slot is held for MMS_LEASE_S of the database's clock and renewed: that of a dead process
 * is free by then, and at once where this server sees that its connection is gone. Who waits longest is
 * the heir of what becomes free.
 *
 * Layer: store.
 */
#ifndef MMSYNC_SLOTS_H
#define MMSYNC_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

/* So many rows a mailbox has; a service may take fewer at the same time. */
#define MMS_SLOTS_MAX 4
/* An heir says again within it that it still waits, ms. */
#define MMS_SLOT_HEIR_MS 2000

/* Who asks for the slots of which mailbox. Borrows. */
struct mms_slot_claim {
	const char *provider; /* "outlook"                                                */
	const char *scope;    /* "user:ann@example.com"                                   */
	const char *holder;   /* this process: unique                                     */
	unsigned limit;       /* so many the service takes at once, at most MMS_SLOTS_MAX */
	const char *server;   /* which server the connection is of; NULL: not known       */
	uint64_t connection;  /* of the thread that renews: its death frees the slots     */
};

/*
 * Take what is free until the holder has total in all, and renew what it has. *n is how many that makes:
 * fewer than total where others have them; none, whatever the holder has, while another is the heir,
 * or where the mailbox has no rows yet. One statement. Errors: RETRY (may have been done: done again it takes
 * no more), DB, NOMEM.
 */
mms_rc mms_slots_take(struct mms_db *db, const struct mms_slot_claim *claim, unsigned total,
		      unsigned *n, struct mms_err *err) MMS_MUST_CHECK;
/* Give n of them back. One statement. */
mms_rc mms_slots_give(struct mms_db *db, const struct mms_slot_claim *claim, unsigned n,
		      struct mms_err *err) MMS_MUST_CHECK;
/* Hold on to what the holder has; *n is how many that is. One statement. */
mms_rc mms_slots_renew(struct mms_db *db, const struct mms_slot_claim *claim, unsigned *n,
		       struct mms_err *err) MMS_MUST_CHECK;
/*
 * Give back what others hold whose connection is gone from this server: they are dead. *n is how many they
 * are. A statement, and one for each of them.
 */
mms_rc mms_slots_bury(struct mms_db *db, const struct mms_slot_claim *claim, unsigned *n,
		      struct mms_err *err) MMS_MUST_CHECK;
/* The rows of a mailbox, where they are not there yet. */
mms_rc mms_slots_add(struct mms_db *db, const struct mms_slot_claim *claim,
		     struct mms_err *err) MMS_MUST_CHECK;
/*
 * Say that the holder has waited for so long. Is it the heir: does nobody wait longer? To be said again
 * within MMS_SLOT_HEIR_MS.
 */
mms_rc mms_slots_wish(struct mms_db *db, const struct mms_slot_claim *claim, int64_t waited_ms,
		      bool *is_heir, struct mms_err *err) MMS_MUST_CHECK;
/* The holder waits no more. */
mms_rc mms_slots_quit(struct mms_db *db, const struct mms_slot_claim *claim,
		      struct mms_err *err) MMS_MUST_CHECK;

#endif
