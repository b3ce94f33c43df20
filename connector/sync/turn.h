/* What the files of one turn share: its working state. Private to sync/. */
#ifndef SYNC_TURN_H
#define SYNC_TURN_H

#include "mmsync/cursors.h"
#include "mmsync/event_row.h"
#include "mmsync/events.h"
#include "mmsync/instances.h"
#include "mmsync/outbox.h"
#include "mmsync/plan.h"
#include "mmsync/provider.h"
#include "mmsync/sync.h"

/* A list of changes that owns them. All zero is empty. */
struct mms_changes {
	struct mms_change **items;
	size_t n, cap;
};
void mms_changes_release(struct mms_changes *changes);
void mms_changes_clear(struct mms_changes *changes);
/* Takes: the change, also when it fails. */
mms_rc mms_changes_add(struct mms_changes *changes, struct mms_change *change,
		       struct mms_err *err) MMS_MUST_CHECK;

/* Requests at the same time for one mailbox: gates.h. */
struct mms_gates;

/* Circuits: breaker.h. */
struct mms_breakers;
/* Leave to send requests for one integration, and what is put back afterwards. */
struct mms_pass {
	int64_t max_attempts;         /* of the worker, otherwise */
	struct mms_circuit_state own; /* the integration's circuit */
	bool is_probe;                /* the one who tries a whole service */
	bool is_known; /* there was a row of the service, with so many closings */
	int64_t closings;
};

/* What a worker keeps from turn to turn. */
struct mms_worker {
	const struct mms_sync_env *env;
	const struct mms_sync_options *options;
	struct mms_provider_env provider_env;
	struct mms_lease_owner *owner; /* NULL in a dry run: nothing is written */
	struct mms_gates *gates;       /* of the process */
	struct mms_breakers *breakers; /* of the run; NULL: circuits are not asked */
	struct mms_pass pass;
	struct mms_event_writer writer;
	struct mms_digest digest;
	struct mms_email *email;
	struct mms_zones *zones;
	const struct mms_zone *event_zone, *site_zone;
	unsigned char run[16];
	unsigned char site[16]; /* this installation, as its marks outside name it            */
	bool is_copy;  /* of a site: nothing may leave                                */
	bool has_site; /* known: only where a chosen calendar may hold marks         */
};

/* What a turn knows of series: cascade.c. All zero is empty. */
struct mms_cascade {
	struct mms_instances instances;
	unsigned char (*whole)[MMS_PRINT_BYTES]; /* owned: series that were shown whole */
	size_t n_whole, cap_whole;
};
void mms_cascade_release(struct mms_cascade *cascade);

/* Our own events that a listing has shown: inward.c. */
struct mms_inward;
void mms_inward_free(struct mms_inward *inward);

/* Our blocks that a listing has shown: block_inward.h. */
struct mms_block_inward;

/* One turn. */
struct mms_turn_state {
	struct mms_worker *worker;
	struct mms_source *source;
	const struct mms_provider *provider;
	struct mms_session *session; /* borrowed, while there is one */
	struct mms_turn *out;
	struct mms_lease lease;
	struct mms_row_rules rules;
	struct mms_write_stamp stamp;
	int64_t started_ms, started_mono_ms, from_ms, to_ms;
	unsigned char read_print[MMS_READ_PRINT_BYTES];

	struct mms_known known;
	bool has_known;
	unsigned n_loads; /* how often known was read: its indexes hold until the next        */
	int64_t watermark_us; /* what others write is modified later, or was read (site time) */
	int64_t n_written;    /* rows that got the modified of stamp.site_us                  */
	struct mms_changes pending; /* planned, not yet written                       */
	size_t pending_bytes;
	struct mms_changes deferred; /* new, maybe known under another id               */
	int64_t n_listed;            /* in the window                                  */
	int64_t n_decided; /* decisions that count: each is counted once, when it is written (counts.c) */
	bool shows_all; /* the listing is one of everything, not of what changed               */
	struct mms_cascade cascade;
	struct mms_inward *inward; /* owned; inward.c: what was listed of our own events */
	struct mms_block_inward *blocks; /* owned; block_inward.c: and of our blocks */
	unsigned char
		only_key[MMS_PRINT_BYTES]; /* of options->only_event, where there is one */
};

/* window.c: must this turn read everything? */
bool mms_window_wants_full(const struct mms_cursor *cursor, const unsigned char *read_print,
			   int64_t from_ms, int64_t to_ms, int64_t now_ms);
/* window.c: of a service, does a window to to_ms reach past what the cursor's token covers? */
bool mms_window_is_passed(const struct mms_cursor *cursor, int64_t to_ms);
/* window.c: of a service, where a listing ends that must serve a window to to_ms. */
int64_t mms_window_end(const struct mms_cursor *cursor, int64_t to_ms, bool is_full);
/* window.c: digest of the rules that rows are made under, for the cursor. */
mms_rc
mms_window_print(struct mms_digest *digest, const struct mms_row_rules *rules,
		 const struct mms_zone *site_zone, const struct mms_source *source,
		 const struct mms_calendar *calendar, const struct mms_provider *provider,
		 unsigned char out[MMS_READ_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;

/*
 * window.c: what is committed from an instant (Unix ms) on has a modified after this, site wall
 * time: the transactions of others may be under way, and the clock may be about to be set back.
 */
int64_t mms_window_watermark(const struct mms_zone *site_zone, int64_t now_ms);

/* inbound.c: events of a page to changes, flushed in batches. */
mms_rc mms_inbound_page(struct mms_turn_state *t, const struct mms_page *page,
			struct mms_err *err) MMS_MUST_CHECK;
/*
 * inbound.c: rows of one batch are about different events: a change of this one that waits is written
 * first, or dropped where it is deferred. Borrows: the event's place; NULL: unknown.
 */
mms_rc mms_inbound_flush(struct mms_turn_state *t, const unsigned char key[MMS_PRINT_BYTES],
			 struct mms_known_event **known, struct mms_err *err) MMS_MUST_CHECK;
/* counts.c: n decisions that are to be counted so, now or when they are written. */
void mms_counts_decide(struct mms_turn_state *t, enum mms_plan_count count, int64_t n);
/* counts.c: one that was decided is not done after all. */
void mms_counts_drop(struct mms_turn_state *t, enum mms_plan_count count);
/* counts.c: decided, and counted at once. */
void mms_counts_add(struct mms_turn_state *t, enum mms_plan_count count, int64_t n);
/*
 * counts.c: before the last transaction of a turn commits: created + updated + unchanged + deleted + declined + ours + failed
 * is as many as were decided, each listed event among them. Errors: BUG.
 */
mms_rc mms_counts_check(const struct mms_turn_state *t, const struct mms_event_counts *counts,
			struct mms_err *err) MMS_MUST_CHECK;
/* inbound.c: add n to the counter that a plan names. */
void mms_inbound_count(struct mms_event_counts *c, enum mms_plan_count count, int64_t n);
/* inbound.c: a new change for an event that is known. Owns: the result; NULL: out of memory. */
struct mms_change *
mms_inbound_change(struct mms_turn_state *t, const struct mms_known_event *known,
		   enum mms_change_kind kind);

/*
 * complete.c: what the listing could not say of events of a page is asked for (mms_provider_ops.complete).
 */
mms_rc mms_complete_page(struct mms_turn_state *t, struct mms_page *page,
			 struct mms_err *err) MMS_MUST_CHECK;

/*
 * whose.c: has an installation made this event, this one (is_ours) or another? A tag on a person's
 * event is no such mark.
 */
bool
mms_whose_has_mark(const struct mms_turn_state *t, const struct mms_event *event, bool is_ours);
/* whose.c: does something on an event that nobody here knows say that it may be ours? */
bool mms_whose_may_be_ours(const struct mms_turn_state *t, const struct mms_event *event);
/*
 * whose.c: then is it, as the same event of the same calendar? One whose id the service has changed is
 * looked at again when the listing is over.
 */
mms_rc mms_whose_ask(struct mms_turn_state *t, const struct mms_event *event, bool *is_ours,
		     struct mms_err *err) MMS_MUST_CHECK;

/*
 * inward.c: the event of this UUID is shown under a new id, and its old one is gone: settled as it is
 * now when the listing is over, and not missed.
 */
mms_rc mms_inward_adopt(struct mms_turn_state *t, const unsigned char uuid[16],
			const struct mms_event *event, struct mms_err *err) MMS_MUST_CHECK;
/* inward.c: is it nobody's, though its UUID is of a state of ours? */
mms_rc mms_inward_is_nobodys(struct mms_db *db, const struct mms_own_state *state, bool *out,
			     struct mms_err *err) MMS_MUST_CHECK;
/*
 * inward.c: the listing showed an event of ours (a tombstone, too): looked at when the listing is over.
 * The event is copied where it is not as it was at the last settle.
 */
mms_rc mms_inward_note(struct mms_turn_state *t, const struct mms_known_event *known,
		       const struct mms_event *event, struct mms_err *err) MMS_MUST_CHECK;
/*
 * inward.c: some services find an event by its id in all calendars of a person. One that has long been in the
 * window, and was not listed there, is in another.
 */
bool mms_inward_is_elsewhere(const struct mms_turn_state *t, const struct mms_event *event);
/*
 * inward.c: after the listing, before the cursor moves: what people changed goes into the bookings, each
 * in a transaction of its own. After a full one, what of ours was not shown is asked for by its id.
 */
mms_rc mms_inward_settle(struct mms_turn_state *t, struct mms_session *session, bool is_full,
			 struct mms_err *err) MMS_MUST_CHECK;

/* cascade.c: a new instance of a series is planned. */
mms_rc mms_cascade_add(struct mms_turn_state *t, const struct mms_change *change,
		       struct mms_err *err) MMS_MUST_CHECK;
/*
 * cascade.c: a tombstone of an id that nobody knows. Where it is a series' all that is known of that is
 * softly deleted: explicitly, without a budget.
 */
mms_rc mms_cascade_gone(struct mms_turn_state *t, const char *series_id,
			struct mms_err *err) MMS_MUST_CHECK;
/* cascade.c: is anything known of this series? What is known of series is read where it was not yet. */
mms_rc mms_cascade_knows(struct mms_turn_state *t, const char *series_id, bool *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* cascade.c: which series a page has shown whole. */
mms_rc mms_cascade_note(struct mms_turn_state *t, const struct mms_page *page,
			struct mms_err *err) MMS_MUST_CHECK;
/* cascade.c: after a listing of changes: what is known of them and was not shown is softly deleted. */
mms_rc mms_cascade_settle(struct mms_turn_state *t, struct mms_err *err) MMS_MUST_CHECK;

/* sweep.c: after a full listing: renamed ids, rows that it no longer shows, letters of nobody. */
mms_rc
mms_sweep(struct mms_turn_state *t, bool *is_refused, struct mms_err *err) MMS_MUST_CHECK;

/*
 * one.c: a turn that is about one event passes the others by: is this listed one it, or may it
 * be it under a new id? key and content are its row's. Errors: GONE (its row was deleted).
 */
mms_rc
mms_one_is_wanted(struct mms_turn_state *t, const unsigned char *key,
		  const unsigned char *content, bool *out, struct mms_err *err) MMS_MUST_CHECK;
/* one.c: after its listing: a new id, a soft deletion; and what is pending is written. */
mms_rc
mms_one_settle(struct mms_turn_state *t, bool is_full, struct mms_err *err) MMS_MUST_CHECK;

/* sweep.c: a deferred change is of its twin, which has a new id. */
mms_rc mms_sweep_rename(struct mms_turn_state *t, struct mms_change *c,
			struct mms_known_event *twin, struct mms_err *err) MMS_MUST_CHECK;
/* sweep.c: what the listing did not show: the change for one event of it, if there is one. */
mms_rc mms_sweep_one(struct mms_turn_state *t, const struct mms_known_event *event,
		     bool is_refused, struct mms_err *err) MMS_MUST_CHECK;

/* How the last transaction of a turn ends it; NULL elsewhere. */
struct mms_turn_finish {
	struct mms_turn_end end;
	const char *error_text; /* for the integration: NULL: none */
	bool is_whole;          /* the listing came to its end: its counts must add up */
};

/* A run of changes that goes into one transaction. */
struct mms_batch {
	struct mms_change **items; /* borrowed */
	size_t n;
	const struct mms_turn_finish *finish; /* NULL: the turn goes on */
};

/*
 * batch.c: one try. A batch that was committed although its answer was lost is MMS_OK. The last
 * one gives its lease away: another worker may have it already, so the run row is asked.
 * *was_in_doubt is kept from try to try of the same batch.
 * Errors: RETRY, CONFLICT (rows are not as they were read), ITEM (refused), HELD, GONE, DB, NOMEM.
 */
mms_rc mms_batch_try(struct mms_turn_state *t, const struct mms_batch *b, bool *was_in_doubt,
		     struct mms_err *err) MMS_MUST_CHECK;

/*
 * rebase.c: someone else wrote to this integration: read all of it again, keep what the listing
 * showed, and set every change that is still held on the rows as they are now.
 */
mms_rc mms_turn_read_again(struct mms_turn_state *t, struct mms_err *err) MMS_MUST_CHECK;

/*
 * apply.c: write the pending changes, in one transaction where they go in, in several where
 * some are refused; with finish, the end of the turn in the last one.
 * Errors: HELD (lease lost), RETRY (given up), STOPPED, NOMEM, DB.
 */
mms_rc mms_apply(struct mms_turn_state *t, const struct mms_turn_finish *finish,
		 struct mms_err *err) MMS_MUST_CHECK;

/* apply.c: something that a dry run would have done. Texts are copied but for op and why. */
mms_rc mms_turn_add_planned(struct mms_turn *out, const char *op, const char *event,
			    const char *external_id, const char *why,
			    struct mms_err *err) MMS_MUST_CHECK;

/* turn.c: has the run been interrupted, or is it out of time? */
bool mms_turn_is_stopped(const struct mms_turn_state *t);

/* turn_begin.c: lease, cursor and In Progress; a dry run takes none of them. Errors: HELD, RETRY, STOPPED, DB, NOMEM. */
mms_rc mms_turn_begin(struct mms_turn_state *t, struct mms_err *err) MMS_MUST_CHECK;
/* turn.c: a moment's wait before the database is asked again. Errors: STOPPED. */
mms_rc mms_worker_pause(const struct mms_worker *worker, unsigned attempt,
			struct mms_err *err) MMS_MUST_CHECK;
/* changes.c: `modified` must differ from what it was, also when the site's clock is set back. */
int64_t mms_later_us(int64_t now_us, int64_t old_us);
/* turn.c: what rows are made under, for a worker's site. */
struct mms_row_rules mms_worker_rules(const struct mms_worker *worker);

/* turn.c: read what is known of the integration. */
mms_rc mms_turn_load_known(struct mms_turn_state *t, struct mms_err *err) MMS_MUST_CHECK;

/* turn.c: the whole turn of one integration; its outcome is in out. */
void mms_turn_run(struct mms_worker *worker, struct mms_source *source, struct mms_turn *out);

#endif
