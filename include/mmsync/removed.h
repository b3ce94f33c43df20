/*
 * What cleanup removes: rules that find rows which nobody needs any more, a log that keeps each of them whole, and the way
 * back. A row is logged and removed in one transaction, as it is then; what hangs on it (the state of an
 * event, the blocks of a source) goes with it, in the same batch, and comes back with it.
 *
 * Layer: store.
 */
#ifndef MMSYNC_REMOVED_H
#define MMSYNC_REMOVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

/* The tables of which rows are removed: X(enumerator, name), in the order in which they are put back. */
#define MMS_REMOVED_TABLES(X)                 \
	X(CURSOR, "mmsync_cursor")            \
	X(EVENT, "tabMM Calendar Event Sync") \
	X(STATE, "mmsync_event_state")        \
	X(BLOCK, "mmsync_busy_block")         \
	X(OUTBOX, "mmsync_outbox")            \
	X(LETTER, "mmsync_dead_letter")       \
	X(DUE, "mmsync_block_due")            \
	X(PAIR, "mmsync_same_meeting")        \
	X(RUN, "mmsync_run")                  \
	X(BUDGET, "mmsync_budget")            \
	X(SLOT, "mmsync_slot")

enum mms_removed_table {
#define X(name, text) MMS_REMOVED_##name,
	MMS_REMOVED_TABLES(X)
#undef X
		MMS_REMOVED_TABLE_COUNT
};
/* Static. */
const char *mms_removed_table_name(enum mms_removed_table table);

/*
 * The rules, in the order in which they are applied: what one removes may be what another waits for.
 *   X(enumerator, name, the table that it looks at, what it is about)
 * Events and states go under the lease of their calendar, what is of no calendar in particular without.
 * Their statements are in mmsync/stmt_cleanup.h.
 */
#define MMS_CLEANUP_RULES(X)                                                                  \
	X(GONE_BLOCKS, "gone_blocks", STATE, "busy blocks in calendars without integration")  \
	X(DELETED_EVENTS, "deleted_events", EVENT, "events deleted longer ago than that")     \
	X(PAST_EVENTS, "past_events", EVENT, "events that ended longer ago than that")        \
	X(GONE_EVENTS, "gone_events", EVENT, "events of calendars without integration")       \
	X(GONE_STATES, "gone_states", STATE, "what is known of such events without a row")    \
	X(DEAD_STATES, "dead_states", STATE, "what is known of deleted events without a row") \
	X(PAST_BLOCKS, "past_blocks", STATE, "past busy blocks whose event is not known")     \
	X(DEAD_BLOCKS, "dead_blocks", STATE, "removed busy blocks whose event is not known")  \
	X(LETTERS, "letters", LETTER, "dead letters of events that are gone")                 \
	X(PAIRS, "pairs", PAIR, "pairs of meetings that are gone")                            \
	X(DUES, "dues", DUE, "busy blocks due of events that are gone")                       \
	X(BUDGETS, "budgets", BUDGET, "request budgets long unused")                          \
	X(SLOTS, "slots", SLOT, "slots of mailboxes long unused")                             \
	X(CURSORS, "cursors", CURSOR, "calendars without integration, nothing left of them")  \
	X(RUNS, "runs", RUN, "rows of the log of runs")

enum mms_cleanup_rule {
#define X(name, text, table, about) MMS_CLEANUP_##name,
	MMS_CLEANUP_RULES(X)
#undef X
		MMS_CLEANUP_RULE_COUNT
};
/* Static. */
const char *mms_cleanup_rule_name(enum mms_cleanup_rule rule);
const char *mms_cleanup_rule_about(enum mms_cleanup_rule rule);

/* Before which times something may go. */
struct mms_cuts {
	int64_t cut_ms;      /* what is older has passed its retention, Unix ms              */
	int64_t site_cut_us; /* the same on the site's clock, as Frappe's own columns        */
	int64_t window_cut_ms; /* what ended before this no calendar reads any more, Unix ms   */
	int64_t event_cut_us; /* the same as event times stand in rows                        */
	int64_t gone_cut_ms;  /* a calendar without integration, last tried before, is gone   */
	int64_t now_ms;
};

/* How much a rule finds of which calendar; cursor_id 0: of none in particular. */
struct mms_cleanup_count {
	uint64_t cursor_id;
	int64_t n;
};
struct mms_cleanup_counts {
	struct mms_cleanup_count *items; /* owned */
	size_t n, cap;
};
void mms_cleanup_counts_release(struct mms_cleanup_counts *counts);
/* One statement. */
mms_rc
mms_cleanup_count(struct mms_db *db, enum mms_cleanup_rule rule, const struct mms_cuts *cuts,
		  struct mms_cleanup_counts *out, struct mms_err *err) MMS_MUST_CHECK;

struct mms_cleanup_keys {
	char **items; /* owned */
	size_t n, cap;
};
void mms_cleanup_keys_release(struct mms_cleanup_keys *keys);
/* The next keys behind one (""; the first), at most so many, in order. One statement. */
mms_rc mms_cleanup_keys_find(struct mms_db *db, enum mms_cleanup_rule rule,
			     const struct mms_cuts *cuts, uint64_t cursor_id, const char *after,
			     int64_t max, struct mms_cleanup_keys *out,
			     struct mms_err *err) MMS_MUST_CHECK;

/* What goes in one transaction. Borrowed. */
struct mms_cleanup_batch {
	enum mms_cleanup_rule rule;
	const struct mms_cuts *cuts;
	const unsigned char *run; /* 16 bytes */
	int64_t number;           /* of the run's transactions, from 1 */
	uint64_t cursor_id;
	char *const *keys;
	size_t n;
	int64_t removed[MMS_REMOVED_TABLE_COUNT]; /* out: rows that went */
};
/* Log and remove what of the keys the rule still finds. Its number of statements does not depend on n. */
mms_rc mms_cleanup_remove(struct mms_tx *tx, struct mms_cleanup_batch *batch,
			  struct mms_err *err) MMS_MUST_CHECK;

/* Rows of the log itself that were removed before this go for good, at most so many. */
mms_rc mms_removed_forget(struct mms_tx *tx, int64_t before_ms, int64_t max, int64_t *n,
			  struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_removed_count_old(struct mms_db *db, int64_t before_ms, int64_t *n,
			     struct mms_err *err) MMS_MUST_CHECK;

/* What a run removed, as the log has it: by rule, and by table. One statement. */
mms_rc
mms_removed_tally(struct mms_db *db, const unsigned char run[16],
		  int64_t rules[MMS_CLEANUP_RULE_COUNT],
		  int64_t tables[MMS_REMOVED_TABLE_COUNT], struct mms_err *err) MMS_MUST_CHECK;

/* ---- the way back -------------------------------------------------------------------------- */

struct mms_removed_run {
	unsigned char run[16];
	int64_t at_ms, n, n_put_back;
};
struct mms_removed_runs {
	struct mms_removed_run *items; /* owned */
	size_t n, cap;
};
void mms_removed_runs_release(struct mms_removed_runs *runs);
/* The newest, at most so many. One statement. */
mms_rc mms_removed_runs_find(struct mms_db *db, int64_t max, struct mms_removed_runs *out,
			     struct mms_err *err) MMS_MUST_CHECK;

/* A transaction of a run of which something is still removed. */
struct mms_removed_batch {
	int64_t number, n;
	uint64_t cursor_id; /* whose lease it was removed under; 0: none */
};
struct mms_removed_batches {
	struct mms_removed_batch *items; /* owned */
	size_t n, cap;
};
void mms_removed_batches_release(struct mms_removed_batches *batches);
/* The last one first. One statement. */
mms_rc
mms_removed_batches_find(struct mms_db *db, const unsigned char run[16],
			 struct mms_removed_batches *out, struct mms_err *err) MMS_MUST_CHECK;

/* One row that cannot be put back, told; texts are borrowed for the call. */
typedef mms_rc mms_removed_refusal(void *aux, enum mms_removed_table table, const char *key,
				   struct mms_err *err);
/*
 * Put a batch back: every row of it that is not back yet, and that nothing stands in the way of. *n: rows
 * that came back. Nothing is overwritten.
 */
mms_rc mms_removed_put_back(struct mms_tx *tx, const unsigned char run[16],
			    const struct mms_removed_batch *batch, int64_t now_ms,
			    mms_removed_refusal *refuse, void *aux, int64_t *n,
			    struct mms_err *err) MMS_MUST_CHECK;

#endif
