/*
 * Integrations as Frappe has them, each with what mmsync remembers of it (its cursor), and the
 * leases that let one worker at a time have an integration.
 *
 * A lease lasts MMS_LEASE_S of the database's clock. Every settling transaction begins with
 * mms_lease_touch(), an UPDATE that really changes the lease row under its fencing number: on a
 * cluster only such a write is certified, and its batch number settles a commit whose answer
 * was lost.
 *
 * Layer: store.
 */
#ifndef MMSYNC_CURSORS_H
#define MMSYNC_CURSORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/circuit.h"
#include "mmsync/err.h"
#include "mmsync/integration.h"
#include "mmsync/pool.h"

#define MMS_LEASE_S          60
#define MMS_READ_PRINT_BYTES 16

/* What is remembered of one integration. All zero: nothing yet (id 0). */
struct mms_cursor {
	uint64_t id; /* ours; 0: no row yet                                          */
	char *token; /* owned; sync token, delta link or feed validators; NULL: none */
	/* Whose it is, as its row says: a rename in Frappe keeps creation and owner. Owned. */
	char *name, *owner;
	int64_t creation_us;
	int64_t window_start_ms, window_end_ms; /* what the token covers; MMS_NO_TIME   */
	int64_t next_entry_ms; /* the window's end may come up to here without a read   */
	int64_t last_full_ms, last_success_ms, last_attempt_ms, wait_until_ms;
	int64_t bookings_full_ms; /* the last_full_ms that bookings were compared after */
	int64_t failures; /* in a row                                                   */
	struct mms_circuit_state circuit;
	/* What rows were made under, their zone's mark first, rules, widths (all zero: unknown). */
	unsigned char read_print[MMS_READ_PRINT_BYTES];
	bool is_abandoned; /* a worker died over it, and nobody has gone on yet          */
	bool is_asked_for; /* somebody wanted it while another had it (dirty)             */
	int64_t letters, open_letters; /* dead letters of events: all, not given up      */
	int64_t longest_stamp_us; /* modified of our own last many rows, site wall time   */
	int64_t fence;            /* of the lease when all of this was read               */
	int64_t role; /* enum mms_calendar_role, as the service last said it             */
	/* What the person's busy blocks were planned under; all zero: there are none. */
	unsigned char blocks_print[MMS_READ_PRINT_BYTES];
};
void mms_cursor_release(struct mms_cursor *cursor);

struct mms_source { /* an integration and its cursor */
	struct mms_integration integration;
	struct mms_cursor cursor;
	bool is_named, is_of_user; /* mms_sources_choose_*() */
	bool is_judged;            /* this run has counted a failure of its service */
	bool makes_blocks;         /* busy blocks come from its events: what changes is due */
};
/* All zero is empty. */
struct mms_sources {
	struct mms_source *items;
	size_t n, cap;
};
void mms_sources_release(struct mms_sources *sources);

/*
 * All integrations of the site by name, with their cursors: the one of its name, creation and
 * owner; else one of its creation and owner (it was renamed); else one of its name that is no
 * other's (its creation was changed). One statement, two where something is new.
 */
mms_rc mms_sources_load(struct mms_db *db, struct mms_sources *out,
			struct mms_err *err) MMS_MUST_CHECK;

/* Has a turn of one of them failed since its last good one? Else nobody's circuit is open. */
bool mms_sources_are_failing(const struct mms_sources *sources);

/*
 * What each says of busy blocks (integration.blocks), on a site that has the field for it. Only on a connection that knows the
 * site's columns. One statement.
 */
mms_rc mms_sources_load_choices(struct mms_db *db, struct mms_sources *sources,
				struct mms_err *err) MMS_MUST_CHECK;

/*
 * Mark (is_named) the integration of this name, or (is_of_user) those of this user, names
 * compared as the database does it. *n_found is how many it means; others stay as they are.
 */
mms_rc mms_sources_choose_name(struct mms_db *db, struct mms_sources *sources, const char *name,
			       size_t *n_found, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_sources_choose_user(struct mms_db *db, struct mms_sources *sources, const char *user,
			       size_t *n_found, struct mms_err *err) MMS_MUST_CHECK;

/* Names that a person typed. All zero: none, which means everybody. Borrowed. */
struct mms_names {
	const char *const *integrations;
	size_t n_integrations;
	const char *const *users;
	size_t n_users;
};
/*
 * Mark what was asked for. Every name must exist; a user without any integration does, too.
 * Errors: USAGE (with the nearest known name, or an integration that is none of the users').
 */
mms_rc mms_sources_choose(struct mms_db *db, struct mms_sources *sources,
			  const struct mms_names *names, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Write down the renames that were found, and make a cursor for each integration of the list
 * that has none. No statement when there is nothing to do. The list is read anew afterwards.
 */
mms_rc mms_sources_settle(struct mms_db *db, struct mms_sources *sources,
			  struct mms_err *err) MMS_MUST_CHECK;

/*
 * What rows were made under is forgotten: the next turn reads everything (a calendar that was switched
 * off may have missed anything). No statement where nothing is known.
 */
mms_rc mms_cursor_forget_print(struct mms_db *db, struct mms_cursor *cursor,
			       struct mms_err *err) MMS_MUST_CHECK;

/* Who holds leases in this process. */
struct mms_lease_owner {
	char token[100];         /* host:pid:random                                     */
	char server[200];        /* which server the connection below is of; "" unknown */
	atomic_ulong connection; /* of the thread that renews; its death frees the lease */
	atomic_llong
		renewed_boot_ms; /* when all leases were last renewed (mms_clock_boot_ms()) */
};
/*
 * Make the owner's token, asking the server who it is. db is the connection that will renew.
 * On a cluster server stays empty: other nodes' connections cannot be seen.
 */
mms_rc mms_lease_owner_make(struct mms_db *db, struct mms_lease_owner *out,
			    struct mms_err *err) MMS_MUST_CHECK;

/* A lease held. All zero: none. */
struct mms_lease {
	uint64_t cursor_id;
	int64_t fence, batch_no;
	const struct mms_lease_owner *owner; /* borrowed */
	int64_t touched_boot_ms; /* when the database last said that it is ours (mms_clock_boot_ms()) */
};

/*
 * Take an integration's lease: free, expired, or of a holder whose connection is gone. now_ms
 * is kept as the time of the last attempt; MMS_NO_TIME: it is none (the outbox is worked off).
 * Errors: HELD (the text says by whom), RETRY, NOMEM.
 */
mms_rc
mms_lease_claim(struct mms_db *db, uint64_t cursor_id, const struct mms_lease_owner *owner,
		int64_t now_ms, struct mms_lease *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Somebody else has it: may that one go once more, for what it has read may be older than what is asked for here.
 * *is_left: the mark is there, or was; else the lease is free by now, perhaps.
 */
mms_rc mms_lease_ask_again(struct mms_db *db, uint64_t cursor_id, bool *is_left,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * First statement of a settling transaction; also raises the integration's longest event.
 * Errors: HELD (the lease is lost: stop), RETRY.
 */
mms_rc mms_lease_touch(struct mms_tx *tx, const struct mms_lease *lease, int64_t longest_ms,
		       struct mms_err *err) MMS_MUST_CHECK;
/* The transaction was committed. */
void mms_lease_advance(struct mms_lease *lease);

/*
 * After a commit in doubt: did it happen? The lease is advanced when it did.
 * Errors: HELD (the lease is lost), RETRY.
 */
mms_rc mms_lease_ask(struct mms_db *db, struct mms_lease *lease, bool *has_happened,
		     struct mms_err *err) MMS_MUST_CHECK;

/*
 * The cursor of a lease just claimed, as it is now: another may have moved it since it was read.
 * last_attempt_ms stays as it was. No statement where nobody had the lease meanwhile.
 * Errors: GONE, RETRY, NOMEM.
 */
mms_rc mms_cursor_refresh(struct mms_db *db, const struct mms_lease *lease,
			  struct mms_cursor *cursor, struct mms_err *err) MMS_MUST_CHECK;

/* The same whoever had it meanwhile. One statement. */
mms_rc mms_cursor_read_again(struct mms_db *db, const struct mms_lease *lease,
			     struct mms_cursor *cursor, struct mms_err *err) MMS_MUST_CHECK;

/* The service has refused the token: it is cleared at once. Errors: HELD, RETRY. */
mms_rc mms_cursor_forget_token(struct mms_db *db, const struct mms_lease *lease,
			       struct mms_err *err) MMS_MUST_CHECK;

/* All leases of this owner last another MMS_LEASE_S from now. */
mms_rc mms_lease_renew(struct mms_db *db, const struct mms_lease_owner *owner,
		       struct mms_err *err) MMS_MUST_CHECK;

/*
 * What a turn that read all rows knows of their lengths (mmsync/longest.h); the rows of its last
 * transaction included. All zero: nothing was read.
 */
struct mms_lengths {
	bool is_measured;
	int64_t bound_ms;
	const char *apart;    /* borrowed; NULL: none                                    */
	int64_t watermark_us; /* rows modified later may be others' (site wall time)     */
	int64_t stamp_us;     /* but not those of exactly this time, which are ours      */
};

/* What a turn came to, added to the cursor's counters; the names are those of its columns. */
struct mms_turn_tally {
	int64_t run_ms, requests, retries;
	int64_t seen; /* events of its listing in the window: only whether there is one counts */
	int64_t created, updated, deleted, failed;
};
/* How a turn ended, for the cursor; every time Unix ms. */
struct mms_turn_end {
	bool is_good;      /* what follows moves only then                              */
	bool moves_cursor; /* token, window and last_full are the new ones              */
	const char *token; /* borrowed; NULL: none                                      */
	int64_t window_start_ms, window_end_ms, next_entry_ms;
	const unsigned char *read_print; /* borrowed: MMS_READ_PRINT_BYTES              */
	bool is_full;      /* a full listing: last_full_ms is now                       */
	int64_t role;      /* enum mms_calendar_role; 0: the listing did not say        */
	bool clears_token; /* the service refused it                                    */
	int64_t now_ms, wait_until_ms;
	struct mms_circuit_state circuit; /* of a bad end: from now on; a good one closes it */
	struct mms_lengths lengths;       /* of a good turn that moves the cursor             */
	struct mms_turn_tally tally;      /* counted whether the end is good or not          */
	/* Of a good end: set where somebody has asked for another turn since this one began. NULL: not told. */
	bool *is_asked_again;
};
/* Last statement on the cursor in the turn's last transaction, in place of mms_lease_touch(). Errors: HELD, RETRY. */
mms_rc mms_lease_end(struct mms_tx *tx, const struct mms_lease *lease, int64_t longest_ms,
		     const struct mms_turn_end *end, struct mms_err *err) MMS_MUST_CHECK;

/* Give the lease back as if it had never been taken (a turn that was stopped), so that sync --due goes on at once. */
mms_rc mms_lease_release(struct mms_db *db, const struct mms_lease *lease,
			 int64_t last_attempt_ms, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Give a lease back that was taken for something else than a turn: when the calendar was last tried
 * stays. The service wants no request before wait_until_ms; MMS_NO_TIME: it has not said so. circuit is what
 * it is from now on; NULL: as it was.
 */
mms_rc
mms_lease_leave(struct mms_db *db, const struct mms_lease *lease, int64_t wait_until_ms,
		const struct mms_circuit_state *circuit, struct mms_err *err) MMS_MUST_CHECK;

#endif
