/*
 * What became of an event of ours, in one transaction under the lease: its row, its state, the booking's
 * notes with history and Version, the outbox.
 */
#include <string.h>

#include "booking_edit.h"
#include "lease_tx.h"
#include "mmsync/blocks.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/runs.h"
#include "mmsync/series.h"
#include "outward_entry.h"

#define SETTLE_TRIES 6

static bool
is_removed(enum mms_outcome outcome)
{
	return outcome == MMS_OUTCOME_REMOVED || outcome == MMS_OUTCOME_REMOVED_OUTSIDE;
}

/* One try at a settle. */
struct attempt {
	const struct mms_outward *o;
	struct mms_settlement *s;
	struct mms_db *db;
	struct mms_booking_edit edit;
	char *row_name;  /* owned: as it will be; NULL: the event has no row */
	char *stored_id; /* owned */
	const char *id;  /* the event's, exact; a service may have named it only now */
	unsigned char key[MMS_PRINT_BYTES]; /* of that */
	bool is_new_row;
	bool has_clashed; /* with what is stored: a try before this one */
	int64_t now_us;   /* site time */
};

static void
attempt_release(struct attempt *a)
{
	mms_booking_edit_release(&a->edit);
	mms_free(a->row_name);
	mms_free(a->stored_id);
}

/* The event's exact id from now on. Borrows. */
static const char *
id_of(const struct mms_settlement *s)
{
	return s->event != NULL && s->event->external_id != NULL && !is_removed(s->outcome) &&
			       !mms_fault_is_sabotaged(MMS_SABOTAGE_ID_UNSTORED)
		       ? s->event->external_id
		       : s->state->external_id;
}

/* The row's name: its own, or a new number where there is none, and one is wanted. */
static mms_rc
name_row(struct attempt *a, struct mms_err *err)
{
	const struct mms_own_state *state = a->s->state;
	int64_t number = 0;

	a->id = id_of(a->s);
	mms_rc rc = mms_outward_stored_id(a->o->worker, a->id, &a->stored_id, err);
	if (rc == MMS_OK)
		rc = mms_outward_key(a->o->worker, a->id, a->key, err);
	if (rc != MMS_OK)
		return rc;
	if (state->row_name != NULL && state->has_row) {
		a->row_name = mms_text_copy(state->row_name);
		return a->row_name != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	if (is_removed(a->s->outcome) || a->s->side->booking.name == NULL)
		return MMS_OK;
	a->is_new_row = true;
	rc = mms_series_take(a->db, 1, &number, err);
	return rc == MMS_OK ? mms_series_event_name(a->s->source->integration.name, number,
						    &a->row_name, err)
			    : rc;
}

static mms_rc
put_row(struct attempt *a, struct mms_tx *tx, struct mms_err *err)
{
	const struct mms_settlement *s = a->s;
	const char *by = a->o->worker->env->site->config.sync_user;
	struct mms_own_row row = {
		.name = a->row_name,
		.integration = s->source->integration.name,
		.external_id = a->stored_id,
		.booking = s->side->booking.name,
		.row = &a->edit.row,
		.modified_us = s->state->row_modified_us,
		.new_modified_us = a->is_new_row
					   ? a->now_us
					   : mms_later_us(a->now_us, s->state->row_modified_us),
		.by = by,
		.synced_us = a->now_us
	};

	if (a->row_name == NULL)
		return MMS_OK;
	if (is_removed(s->outcome))
		return mms_own_row_mark(tx, a->row_name,
					s->outcome == MMS_OUTCOME_REMOVED
						? MMS_ROW_DELETED_LOCALLY
						: MMS_ROW_DELETED_EXTERNALLY,
					NULL, by, row.new_modified_us, err);
	if (s->side->booking.name == NULL)
		return MMS_OK;
	return a->is_new_row ? mms_own_row_insert(tx, &row, err)
			     : mms_own_row_update(tx, &row, err);
}

/* The state as it will be: a view, whose texts are others'. */
static mms_rc
put_state(struct attempt *a, struct mms_tx *tx, struct mms_err *err)
{
	MMS_AUTO(mms_str) base = { 0 };
	const struct mms_settlement *s = a->s;
	struct mms_own_state state = *s->state;
	mms_rc rc = MMS_OK;

	state.attempts = 0;
	state.row_name = a->row_name;
	if (s->event != NULL)
		state.version = s->event->version;
	if (s->event != NULL && s->event->ical_uid != NULL)
		state.ical_uid = s->event->ical_uid;
	state.status = is_removed(s->outcome) ? MMS_STATE_DELETED : MMS_STATE_SYNCED;
	state.removed_by = s->outcome == MMS_OUTCOME_REMOVED           ? MMS_REMOVED_BY_US
			   : s->outcome == MMS_OUTCOME_REMOVED_OUTSIDE ? MMS_REMOVED_OUTSIDE
								       : MMS_REMOVED_UNKNOWN;
	/* Our removal is still on its way. */
	if (s->entry == NULL && !is_removed(s->outcome) &&
	    s->state->status != MMS_STATE_DELETED && s->state->removed_by == MMS_REMOVED_BY_US)
		state.removed_by = MMS_REMOVED_BY_US;
	if (s->outcome == MMS_OUTCOME_REMOVED) {
		state.base = NULL; /* who wants it again gets a new one */
	} else if (s->side->booking.name != NULL) {
		rc = mms_base_write(&a->edit.base, &base, err);
		state.base = base.ptr;
	}
	if (rc == MMS_OK)
		rc = mms_own_state_write(tx, &state, a->o->now_ms, err);
	if (rc != MMS_OK || strcmp(a->id, s->state->external_id) == 0)
		return rc;
	/* It was listed before anybody here knew of it, and was taken for the person's own. */
	if (a->has_clashed)
		rc = mms_own_state_clear_key(tx, state.cursor_id, a->key, err);
	return rc == MMS_OK ? mms_own_state_rename(tx, s->state, a->id, a->key, err) : rc;
}

/* The booking, its history, the Version that tells both. */
static mms_rc
put_booking(struct attempt *a, struct mms_tx *tx, struct mms_err *err)
{
	const struct mms_booking *b = &a->s->side->booking;
	struct mms_booking_change *change = &a->edit.change;
	struct mms_booking_version version = { .before = b, .after = change };
	const char *by = a->o->worker->env->site->config.sync_user;

	if (b->name == NULL)
		return MMS_OK;
	if (!a->edit.is_changed) /* but its row names it: not one that was renamed just now */
		return mms_booking_hold(tx, b->name, err);
	change->by = by;
	change->new_modified_us = mms_later_us(a->now_us, b->modified_us);
	mms_rc rc = mms_booking_write(tx, change, err);
	for (size_t i = 0; rc == MMS_OK && i < a->edit.n_history; i++) {
		version.added[i].row = (struct mms_booking_history){
			.booking = b->name,
			.event_type = a->edit.history[i].event_type,
			.text = mms_str_get(&a->edit.history[i].text),
			.by = by,
			.at_us = a->now_us,
		};
		rc = mms_booking_add_history(tx, &version.added[i].row, version.added[i].name,
					     &version.added[i].idx, err);
		version.n_added++;
	}
	if (rc == MMS_OK)
		rc = mms_booking_add_version(tx, &version, a->now_us, err);
	/* Who took a change over from outside plans the others anew; our notes change nothing. */
	if (rc == MMS_OK && a->s->outcome != MMS_OUTCOME_TAKEN &&
	    a->s->outcome != MMS_OUTCOME_REMOVED_OUTSIDE)
		rc = mms_own_states_planned(tx, b->name, b->modified_us,
					    change->new_modified_us, err);
	return rc;
}

static mms_rc
put_outbox(struct attempt *a, struct mms_tx *tx, struct mms_err *err)
{
	const struct mms_settlement *s = a->s;
	mms_rc rc = MMS_OK;

	if (s->entry != NULL && !s->asks_outbox)
		rc = mms_outbox_done(tx, s->entry, err);
	if (rc == MMS_OK && s->entry == NULL && s->asks_outbox)
		rc = mms_outbox_put(tx, s->state, "update", a->o->now_ms, err);
	if (rc == MMS_OK && s->state->status == MMS_STATE_FAILED)
		rc = mms_outbox_drop_letters(tx, s->state->cursor_id, s->state->key, err);
	return rc;
}

/* How far availability must look back for this event, ms. */
static int64_t
length_ms(const struct attempt *a)
{
	return is_removed(a->s->outcome)
		       ? 0
		       : (a->edit.row.end_us - a->edit.row.start_us + 999) / 1000;
}

/* The person is busy at other times now, or not any more. key: of the event as its state has it now. */
static mms_rc
put_due(const struct mms_settlement *s, const unsigned char key[MMS_PRINT_BYTES],
	struct mms_tx *tx, struct mms_err *err)
{
	return s->source->makes_blocks ? mms_block_due_put(tx, s->source->cursor.id, key, err)
				       : MMS_OK;
}

static mms_rc
write_all(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct attempt *a = aux;

	mms_rc rc = mms_integrations_hold(tx, a->s->source->integration.name, err);
	if (rc == MMS_OK)
		rc = put_row(a, tx, err);
	if (rc == MMS_OK)
		rc = put_state(a, tx, err);
	if (rc == MMS_OK) /* after the state, whose booking_modified it moves on */
		rc = put_booking(a, tx, err);
	if (rc == MMS_OK)
		rc = put_due(a->s, a->key, tx, err);
	return rc == MMS_OK ? put_outbox(a, tx, err) : rc;
}

/* What is done next with the event is done under the id that it has now. */
static mms_rc
take_id(const struct attempt *a, struct mms_err *err)
{
	struct mms_own_state *state = a->s->state;

	if (strcmp(a->id, state->external_id) == 0)
		return MMS_OK;
	char *id = mms_text_copy(a->id);
	if (id == NULL)
		return mms_fail_nomem(err);
	mms_free(state->external_id);
	state->external_id = id;
	memcpy(state->key, a->key, sizeof state->key);
	return MMS_OK;
}

static mms_rc
try_once(const struct mms_outward *o, struct mms_settlement *s, bool has_clashed,
	 bool *was_in_doubt, struct mms_err *err)
{
	struct attempt a __attribute__((cleanup(attempt_release))) = {
		.o = o,
		.s = s,
		.has_clashed = has_clashed,
		.now_us = mms_zone_to_wall(o->worker->site_zone, o->now_ms),
	};
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	a.db = lent.db;
	if (rc == MMS_OK)
		rc = name_row(&a, err);
	if (rc == MMS_OK)
		rc = mms_booking_edit_make(o, s, a.row_name, &a.edit, err);
	if (rc == MMS_OK)
		rc = mms_lease_tx(lent.db, s->lease, length_ms(&a), write_all, &a, was_in_doubt,
				  err);
	return rc == MMS_OK ? take_id(&a, err) : rc;
}

/* A row that the event has without its state: found by its id. */
static mms_rc
find_row(const struct mms_outward *o, const struct mms_settlement *s, struct mms_db *db,
	 struct mms_own_state *state, struct mms_err *err)
{
	char *stored = NULL;

	if (state->has_row || is_removed(s->outcome))
		return MMS_OK;
	mms_rc rc = mms_outward_stored_id(o->worker, id_of(s), &stored, err);
	if (rc == MMS_OK)
		rc = mms_own_state_find_row(db, state, stored, err);
	mms_free(stored);
	return rc;
}

/* Booking and row as they are now, for another try. */
static mms_rc
read_again(const struct mms_outward *o, struct mms_settlement *s,
	   struct mms_booking_side *again, struct mms_err *err)
{
	MMS_AUTO(mms_own_state) state = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_booking_side_release(again);
	mms_rc rc = mms_booking_side_load(o, s->state->booking, &s->source->integration, again,
					  err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_state_load(lent.db, s->state->uuid, &state, err);
	if (rc == MMS_OK)
		rc = find_row(o, s, lent.db, &state, err);
	if (rc != MMS_OK)
		return rc;
	s->side = again; /* a change since what was sent is planned anew */
	s->state->has_row = state.has_row;
	s->state->row_modified_us = state.row_modified_us;
	char *old = s->state->row_name;
	s->state->row_name = state.row_name;
	state.row_name = old;
	return MMS_OK;
}

mms_rc
mms_settle(const struct mms_outward *o, struct mms_settlement *s, struct mms_err *err)
{
	MMS_AUTO(mms_booking_side) again = { 0 };
	const struct mms_booking_side *side = s->side;
	bool was_in_doubt = false, has_clashed = false;

	mms_fault_step();
	for (unsigned attempt = 0;; attempt++) {
		mms_rc rc = try_once(o, s, has_clashed, &was_in_doubt, err);
		bool is_again = rc == MMS_E_RETRY ||
				(rc == MMS_E_CONFLICT && s->outcome != MMS_OUTCOME_TAKEN);
		if (is_again && attempt + 1 < SETTLE_TRIES) {
			bool is_conflict = rc == MMS_E_CONFLICT;
			has_clashed = has_clashed || is_conflict;
			rc = mms_worker_pause(o->worker, attempt, err);
			if (rc == MMS_OK && is_conflict)
				rc = read_again(o, s, &again, err);
			if (rc == MMS_OK)
				continue;
		}
		s->side = side; /* what was read again here goes with us */
		return rc;
	}
}

/* ---- entries that come to no event ---------------------------------------------------------- */

static mms_rc
put_given_up(const struct mms_outward *o, struct mms_settlement *s, struct mms_tx *tx,
	     const char *text, const struct mms_err *why, struct mms_err *err)
{
	/* A removal is given up for no content: what is wanted there again is another matter. */
	unsigned char print[MMS_PRINT_BYTES] = { 0 };
	bool is_removal = strcmp(s->entry->operation, "delete") == 0;
	struct mms_own_state state = *s->state;
	int64_t now_us = mms_later_us(mms_zone_to_wall(o->worker->site_zone, o->now_ms),
				      state.row_modified_us);

	state.status = MMS_STATE_FAILED;
	mms_rc rc = is_removal ? MMS_OK : mms_outward_print(o, &s->side->meeting, print, err);
	if (rc == MMS_OK)
		rc = mms_outbox_give_up(tx, s->entry, s->state, mms_rc_name(why->code), text,
					print, o->now_ms, err);
	if (rc == MMS_OK)
		rc = mms_own_state_write(tx, &state, o->now_ms, err);
	if (rc == MMS_OK && state.has_row && state.row_name != NULL &&
	    mms_row_status_is_live(state.row_status))
		rc = mms_own_row_mark(tx, state.row_name, MMS_ROW_FAILED, text,
				      o->worker->env->site->config.sync_user, now_us, err);
	/* A row that failed frees nothing, but nothing new is made from it either. */
	return rc == MMS_OK ? put_due(s, state.key, tx, err) : rc;
}

/* One end of an entry. Borrowed. */
struct entry_end {
	const struct mms_outward *o;
	struct mms_settlement *s;
	enum mms_entry_end end;
	const struct mms_err *why; /* NULL: it is done */
	const char *text;
};

static mms_rc
write_end(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct entry_end *e = aux;
	const struct mms_outward *o = e->o;

	if (e->end == MMS_ENTRY_DONE)
		return mms_outbox_done(tx, e->s->entry, err);
	if (e->end == MMS_ENTRY_PUT_OFF)
		return mms_outbox_put_off(tx, e->s->entry, mms_rc_name(e->why->code), e->text,
					  mms_entry_next_try_ms(o, e->s->entry, e->why),
					  o->now_ms, err);
	return put_given_up(o, e->s, tx, e->text, e->why, err);
}

mms_rc
mms_settle_entry(const struct mms_outward *o, struct mms_settlement *s, enum mms_entry_end end,
		 const struct mms_err *why, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	struct entry_end e = { .o = o, .s = s, .end = end, .why = why };

	mms_rc rc = why != NULL ? mms_entry_tell_why(why, &text, err) : MMS_OK;
	e.text = mms_str_get(&text);
	return rc == MMS_OK ? mms_lease_tx_run(o->worker, s->lease, write_end, &e, err) : rc;
}
