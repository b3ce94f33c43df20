/* Dead letters, one event, one booking's events (see the header). */
#include "mmsync/letters.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/near.h"

void
mms_letter_release(struct mms_letter *letter)
{
	if (letter == NULL)
		return;
	mms_free(letter->integration);
	mms_free(letter->operation);
	mms_free(letter->external_id);
	mms_free(letter->payload);
	mms_free(letter->code);
	mms_free(letter->text);
	mms_free(letter->booking);
	mms_free(letter->row_name);
	mms_free(letter->row_title);
	mms_free(letter->row_status);
	mms_free(letter->source);
	mms_free(letter->block_title);
	*letter = (struct mms_letter){ 0 };
}

void
mms_letters_release(struct mms_letters *letters)
{
	if (letters == NULL)
		return;
	for (size_t i = 0; i < letters->n; i++)
		mms_letter_release(&letters->items[i]);
	mms_free(letters->items);
	*letters = (struct mms_letters){ 0 };
}

bool
mms_letter_is_quarantine(const struct mms_letter *letter)
{
	return strcmp(letter->operation, "quarantine") == 0;
}

const char *
mms_letter_state_name(enum mms_letter_state state)
{
	static const char *const names[] = { [MMS_LETTER_OPEN] = "open",
					     [MMS_LETTER_GIVEN_UP] = "given_up",
					     [MMS_LETTER_DISCARDED] = "discarded" };

	return names[state];
}

/* Copy text columns, each to its place; NULL stays NULL. */
static mms_rc
take_texts(const struct mms_value *const *from, char **const *to, size_t n, struct mms_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!mms_value_copy_text(from[i], to[i]))
			return mms_fail_nomem(err);
	}
	return MMS_OK;
}

/* ---- dead letters -------------------------------------------------------------------------- */

/* A number that a later version may have put there is not tried by this one. */
static enum mms_letter_state
read_state(int64_t given_up)
{
	if (given_up == MMS_LETTER_OPEN || given_up == MMS_LETTER_DISCARDED)
		return (enum mms_letter_state)given_up;
	return MMS_LETTER_GIVEN_UP;
}

/* The columns of MMS_SQL_LETTER_BLOCK. */
static mms_rc
read_block(const struct mms_value *row, struct mms_letter *out, struct mms_err *err)
{
	const struct mms_value *const from[] = { &row[2], &row[5] };
	char **const to[] = { &out->source, &out->block_title };

	out->is_block = row[0].type != 0 && row[0].len == sizeof out->block;
	if (!out->is_block)
		return MMS_OK;
	memcpy(out->block, row[0].ptr, sizeof out->block);
	out->source_id = row[1].u;
	out->start_ms = row[3].i;
	out->end_ms = row[4].i;
	return take_texts(from, to, MMS_COUNT(from), err);
}

static mms_rc
read_letter(const struct mms_value *row, struct mms_letter *out, struct mms_err *err)
{
	const struct mms_value *const from[] = { &row[2],  &row[3],  &row[4],  &row[5],
						 &row[11], &row[18], &row[19], &row[20] };
	char **const to[] = { &out->integration, &out->operation, &out->external_id,
			      &out->code,        &out->row_name,  &out->text,
			      &out->payload,     &out->booking };

	out->id = row[0].u;
	out->cursor_id = row[1].u;
	out->attempts = row[6].i;
	out->first_at_ms = row[7].i;
	out->last_at_ms = row[8].i;
	out->state = read_state(row[9].i);
	out->has_print = row[10].type != 0 && row[10].len == sizeof out->print;
	if (out->has_print)
		memcpy(out->print, row[10].ptr, sizeof out->print);
	mms_rc rc = take_texts(from, to, MMS_COUNT(from), err);
	if (rc == MMS_OK)
		rc = read_block(&row[12], out, err);
	unsigned char *block =
		!out->is_block && mms_letter_is_quarantine(out) ? out->block : NULL;
	if (rc == MMS_OK && mms_provisional_id_read(out->external_id, block)) {
		mms_free(out->external_id); /* nobody outside knows that one */
		out->external_id = NULL;
	}
	return rc;
}

/* What Frappe has of its row; the state may name one that is gone, or has another name now. */
static mms_rc
load_row(struct mms_db *db, struct mms_letter *letter, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(letter->row_name) };

	if (letter->row_name == NULL)
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_LETTER_ROW, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	mms_free(letter->row_name);
	letter->row_name = NULL;
	if (row == NULL)
		return MMS_OK;
	const struct mms_value *const from[] = { &row[0], &row[1], &row[2] };
	char **const to[] = { &letter->row_name, &letter->row_title, &letter->row_status };
	return take_texts(from, to, MMS_COUNT(from), err);
}

static mms_rc
load_all(struct mms_db *db, bool with_discarded, struct mms_letters *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_i64(with_discarded) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_LETTERS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_letter *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		out->items[out->n] = (struct mms_letter){ 0 };
		rc = read_letter(row, &out->items[out->n++], err);
	}
	return rc;
}

mms_rc
mms_letters_load(struct mms_db *db, bool with_discarded, struct mms_letters *out,
		 struct mms_err *err)
{
	MMS_AUTO(mms_letters) all = { 0 };

	mms_rc rc = load_all(db, with_discarded, &all, err);
	for (size_t i = 0; rc == MMS_OK && i < all.n; i++)
		rc = load_row(db, &all.items[i], err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the dead letters");
	*out = all;
	all = (struct mms_letters){ 0 };
	return MMS_OK;
}

static mms_rc
load_first(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	   struct mms_letter *letter, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row == NULL)
		return mms_fail(err, MMS_E_GONE, "there is no such dead letter");
	return rc == MMS_OK ? read_letter(row, letter, err) : rc;
}

static mms_rc
load_whole(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	   struct mms_letter *out, struct mms_err *err)
{
	MMS_AUTO(mms_letter) letter = { 0 };

	mms_rc rc = load_first(db, stmt, in, &letter, err);
	if (rc == MMS_OK)
		rc = load_row(db, &letter, err);
	if (rc != MMS_OK)
		return rc;
	*out = letter;
	letter = (struct mms_letter){ 0 };
	return MMS_OK;
}

mms_rc
mms_letters_load_one(struct mms_db *db, uint64_t id, struct mms_letter *out,
		     struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(id) };

	return load_whole(db, MMS_STMT_LETTER, in, out, err);
}

mms_rc
mms_letters_load_of(struct mms_db *db, const char *integration, const char *stored_id,
		    struct mms_letter *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(integration), mms_v_text(stored_id) };

	return load_whole(db, MMS_STMT_LETTER_OF, in, out, err);
}

/* An UPDATE of one row, guarded by how it was read. */
static mms_rc
change(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, uint64_t id,
       struct mms_err *err)
{
	uint64_t affected = 0;

	mms_rc rc = mms_db_run(db, stmt, in, &affected, err);
	if (rc != MMS_OK || affected == 1)
		return rc;
	return mms_fail(err, MMS_E_CONFLICT, "dead letter %llu has changed since it was read",
			(unsigned long long)id);
}

mms_rc
mms_letters_open(struct mms_db *db, const struct mms_letter *letter, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(letter->id), mms_v_i64(letter->state),
					mms_v_i64(letter->attempts),
					mms_v_i64(letter->last_at_ms) };

	if (letter->state == MMS_LETTER_OPEN && letter->attempts == 0)
		return MMS_OK; /* nobody has tried it since it was opened */
	return change(db, MMS_STMT_LETTER_OPEN, in, letter->id, err);
}

mms_rc
mms_letters_discard(struct mms_db *db, const struct mms_letter *letter, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(letter->id), mms_v_i64(letter->state),
					letter->has_print ? mms_v_bytes(letter->print,
									sizeof letter->print)
							  : mms_v_null() };

	if (letter->state == MMS_LETTER_DISCARDED)
		return MMS_OK;
	return change(db, MMS_STMT_LETTER_DISCARD, in, letter->id, err);
}

/* Everything of the time that a block is for; without a block only the letter goes. */
static mms_rc
release_slot(struct mms_tx *tx, const struct mms_letter *letter, int64_t now_ms,
	     struct mms_err *err)
{
	const struct mms_value dead[] = { mms_v_i64(now_ms),
					  mms_v_bytes(letter->block, sizeof letter->block) };
	static const enum mms_stmt after[] = { MMS_STMT_QUARANTINE_DUE,
					       MMS_STMT_QUARANTINE_LETTERS,
					       MMS_STMT_QUARANTINE_END };
	static const unsigned char none[sizeof letter->block];

	if (memcmp(letter->block, none, sizeof none) == 0)
		return MMS_OK;
	mms_rc rc = mms_tx_run(tx, MMS_STMT_QUARANTINE_DEAD, dead, NULL, err);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(after); i++)
		rc = mms_tx_run(tx, after[i], &dead[1], NULL, err);
	return rc;
}

mms_rc
mms_letters_end_quarantine(struct mms_db *db, const struct mms_letter *letter, int64_t now_ms,
			   struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	const struct mms_value id[] = { mms_v_u64(letter->id) };
	uint64_t n_gone = 0;

	mms_rc rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(&tx, MMS_STMT_QUARANTINE_LETTER, id, &n_gone, err);
	if (rc == MMS_OK && n_gone == 0)
		return mms_fail(err, MMS_E_GONE, "there is no such dead letter");
	if (rc == MMS_OK)
		rc = release_slot(&tx, letter, now_ms, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

/* ---- names that a person typed ------------------------------------------------------------- */

/* There is no such name: said with the nearest of its neighbours, for there may be a million. */
static mms_rc
unknown_name(struct mms_db *db, const char *what, const char *name, enum mms_stmt stmt,
	     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	MMS_AUTO(mms_str) near = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(name), mms_v_text(name) };
	size_t best = 99;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		size_t distance = mms_near_distance(name, row[0].ptr);

		if (distance >= best || !mms_near_enough(name, row[0].ptr))
			continue;
		best = distance;
		mms_str_clear(&near);
		mms_str_addn(&near, row[0].ptr, row[0].len);
	}
	if (rc == MMS_OK)
		rc = mms_str_check(&near, err);
	if (rc != MMS_OK)
		return rc;
	mms_fail(err, MMS_E_USAGE, "there is no %s '%s'", what, name);
	return near.len > 0 ? mms_hint(err, "did you mean '%s'?", mms_str_get(&near))
			    : MMS_E_USAGE;
}

/* ---- one event ----------------------------------------------------------------------------- */

void
mms_event_ref_release(struct mms_event_ref *ref)
{
	if (ref == NULL)
		return;
	mms_free(ref->name);
	mms_free(ref->integration);
	mms_free(ref->external_id);
	mms_free(ref->status);
	mms_free(ref->direction);
	mms_free(ref->event_type);
	mms_free(ref->booking);
	mms_free(ref->error_log);
	mms_free(ref->integration_type);
	*ref = (struct mms_event_ref){ 0 };
}

/* The columns of MMS_SQL_EVENT_REF. */
static mms_rc
read_ref(const struct mms_value *row, struct mms_event_ref *out, struct mms_err *err)
{
	const struct mms_value *const from[] = { &row[0], &row[1], &row[2], &row[3],
						 &row[4], &row[5], &row[6], &row[7] };
	char **const to[] = { &out->name,    &out->integration, &out->external_id,
			      &out->status,  &out->direction,   &out->event_type,
			      &out->booking, &out->error_log };

	out->last_synced_us = row[8].type == 0 ? MMS_NO_TIME : row[8].wall_us;
	return take_texts(from, to, MMS_COUNT(from), err);
}

static mms_rc
find_ref(struct mms_db *db, const char *name, struct mms_event_ref *out, bool *is_found,
	 struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(name) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_EVENT_REF, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*is_found = rc == MMS_OK && row != NULL;
	if (!*is_found)
		return rc;
	out->has_integration = row[9].i != 0;
	out->is_active = row[10].i != 0;
	if (!mms_value_copy_text(&row[11], &out->integration_type))
		return mms_fail_nomem(err);
	return read_ref(row, out, err);
}

mms_rc
mms_event_ref_load(struct mms_db *db, const char *name, struct mms_event_ref *out,
		   struct mms_err *err)
{
	MMS_AUTO(mms_event_ref) ref = { 0 };
	bool is_found = false;

	mms_rc rc = find_ref(db, name, &ref, &is_found, err);
	if (rc == MMS_OK && !is_found)
		rc = unknown_name(db, "MM Calendar Event Sync", name, MMS_STMT_EVENT_NEIGHBOURS,
				  err);
	if (rc != MMS_OK)
		return rc;
	*out = ref;
	ref = (struct mms_event_ref){ 0 };
	return MMS_OK;
}

/* ---- one booking's events ------------------------------------------------------------------ */

void
mms_booking_events_release(struct mms_booking_events *events)
{
	if (events == NULL)
		return;
	mms_free(events->booking);
	for (size_t i = 0; i < events->n; i++)
		mms_event_ref_release(&events->items[i]);
	mms_free(events->items);
	*events = (struct mms_booking_events){ 0 };
}

/* The booking's name as it is spelled, and the event that it names; NULL where it is gone. */
static mms_rc
find_booking(struct mms_db *db, const char *name, char **spelled, char **event,
	     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(name) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BUSY_BOOKING, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	const struct mms_value *const from[] = { &row[0], &row[1] };
	char **const to[] = { spelled, event };
	return take_texts(from, to, MMS_COUNT(from), err);
}

static mms_rc
load_events(struct mms_db *db, const char *booking, const char *event,
	    struct mms_booking_events *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(booking), mms_v_text(event) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BOOKING_EVENTS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_event_ref *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		out->items[out->n] = (struct mms_event_ref){ 0 };
		rc = read_ref(row, &out->items[out->n++], err);
	}
	return rc;
}

static mms_rc
load_booking(struct mms_db *db, const char *name, char **event, struct mms_booking_events *out,
	     struct mms_err *err)
{
	mms_rc rc = find_booking(db, name, &out->booking, event, err);
	if (rc != MMS_OK)
		return rc;
	out->is_deleted = out->booking == NULL;
	if (out->is_deleted) {
		out->booking = mms_text_copy(name);
		if (out->booking == NULL)
			return mms_fail_nomem(err);
	}
	rc = load_events(db, out->booking, *event, out, err);
	if (rc != MMS_OK || !out->is_deleted || out->n > 0)
		return rc;
	return unknown_name(db, "MM Meeting Booking", name, MMS_STMT_BOOKING_NEIGHBOURS, err);
}

mms_rc
mms_booking_events_load(struct mms_db *db, const char *booking, struct mms_booking_events *out,
			struct mms_err *err)
{
	MMS_AUTO(mms_booking_events) events = { 0 };
	char *event = NULL;

	/* An event without a booking holds "" in Frappe: that is nobody's name. */
	mms_rc rc = booking[0] != '\0'
			    ? load_booking(db, booking, &event, &events, err)
			    : mms_fail(err, MMS_E_USAGE, "there is no MM Meeting Booking ''");
	mms_free(event);
	if (rc != MMS_OK)
		return rc;
	*out = events;
	events = (struct mms_booking_events){ 0 };
	return MMS_OK;
}

size_t
mms_booking_events_count(const struct mms_booking_events *events, enum mms_row_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < events->n; i++)
		n += mms_row_status_parse(events->items[i].status) == status;
	return n;
}

bool
mms_booking_is_synced(const struct mms_booking_events *events)
{
	return !events->is_deleted && mms_booking_events_count(events, MMS_ROW_SYNCED) > 0 &&
	       mms_booking_events_count(events, MMS_ROW_PENDING) == 0 &&
	       mms_booking_events_count(events, MMS_ROW_FAILED) == 0 &&
	       mms_booking_events_count(events, MMS_ROW_OTHER) == 0;
}
