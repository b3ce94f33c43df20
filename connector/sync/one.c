/*
 * A turn about one event: the calendar is read as ever, and everything in it but this event is
 * passed by. mms_event_sync() asks for such a turn and says what came of it.
 */
#include "mmsync/one_event.h"

#include <string.h>

#include "mmsync/provider.h"
#include "turn.h"

/* ---- the turn ------------------------------------------------------------------------------ */

static struct mms_known_event *
find_row(struct mms_turn_state *t, struct mms_err *err)
{
	struct mms_known_event *event = mms_known_find(&t->known, t->only_key);

	if (event != NULL && (event->flags & MMS_KNOWN_ROW))
		return event;
	mms_fail(err, MMS_E_GONE, "the row was deleted meanwhile");
	return NULL;
}

mms_rc
mms_one_is_wanted(struct mms_turn_state *t, const unsigned char *key,
		  const unsigned char *content, bool *out, struct mms_err *err)
{
	struct mms_known_event *row = find_row(t, err);

	if (row == NULL)
		return err->code;
	*out = memcmp(key, t->only_key, MMS_PRINT_BYTES) == 0;
	if (*out)
		return MMS_OK;
	struct mms_known_event *other = mms_known_find(&t->known, key);
	if (other != NULL)
		other->flags |= MMS_KNOWN_SEEN; /* nobody's twin: it is there itself */
	/* New, with the row's very content: it may be its event under another id. */
	*out = (other == NULL || !(other->flags & MMS_KNOWN_ROW)) &&
	       !(row->flags & MMS_KNOWN_SEEN) &&
	       memcmp(row->prints.content, content, MMS_PRINT_BYTES) == 0;
	return MMS_OK;
}

/* Of what may be the event under a new id, one is, if its own was not listed; the rest is not ours. */
static mms_rc
settle_deferred(struct mms_turn_state *t, struct mms_known_event *row, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < t->deferred.n; i++) {
		struct mms_change *c = t->deferred.items[i];
		struct mms_known_event *twin =
			c->has_state ? NULL : mms_known_find_twin(&t->known, c->prints.content);

		if (twin != row) {
			if (twin != NULL)
				twin->flags |= MMS_KNOWN_SEEN; /* this one is that row's */
			continue;
		}
		rc = mms_sweep_rename(t, c, row, err);
		if (rc != MMS_OK)
			return rc;
		t->deferred.items[i] = t->deferred.items[--t->deferred.n];
		rc = mms_changes_add(&t->pending, c, err);
		break;
	}
	mms_changes_clear(&t->deferred);
	return rc;
}

mms_rc
mms_one_settle(struct mms_turn_state *t, bool is_full, struct mms_err *err)
{
	mms_rc rc = t->has_known ? MMS_OK : mms_turn_load_known(t, err);
	struct mms_known_event *row = rc == MMS_OK ? find_row(t, err) : NULL;

	if (row == NULL)
		return err->code;
	if (is_full)
		rc = settle_deferred(t, row, err);
	/* A person asked for this one: it needs no budget to be gone. */
	if (rc == MMS_OK && is_full)
		rc = mms_sweep_one(t, row, false, err);
	t->out->is_unlisted = !(row->flags & MMS_KNOWN_SEEN);
	return rc == MMS_OK ? mms_apply(t, NULL, err) : rc;
}

/* ---- the question -------------------------------------------------------------------------- */

void
mms_one_event_release(struct mms_one_event *one)
{
	if (one == NULL)
		return;
	mms_event_ref_release(&one->row);
	mms_err_release(&one->why);
	mms_str_release(&one->message);
	*one = (struct mms_one_event){ 0 };
}

static bool
is_text(const char *text, const char *want)
{
	return text != NULL && strcmp(text, want) == 0;
}

/* Say how it ended, in words; false, so that a guard is one line. */
static bool
told(struct mms_one_event *one, const char *status, const char *fmt, ...) MMS_PRINTF(3, 4);
static bool
told(struct mms_one_event *one, const char *status, const char *fmt, ...)
{
	va_list ap;

	one->status = status;
	va_start(ap, fmt);
	mms_str_addv(&one->message, fmt, ap);
	va_end(ap);
	return false;
}

/* Has the row a source that can be asked? */
static bool
may_be_asked(struct mms_one_event *one)
{
	const struct mms_event_ref *row = &one->row;
	const struct mms_provider *provider = mms_provider_find(row->integration_type);

	if (row->booking != NULL && row->booking[0] != '\0')
		return told(one, "skipped",
			    "its source is booking %s, and no calendar is asked for it",
			    row->booking);
	if (is_text(row->direction, "Outbound") || is_text(row->event_type, "Meeting Booking"))
		return told(one, "skipped",
			    "its source is a booking, and no calendar is asked for it");
	if (row->integration == NULL || row->integration[0] == '\0')
		return told(one, "failed", "the row names no integration");
	if (!row->has_integration)
		return told(one, "failed",
			    "its integration %s does not exist any more: mmsync audit lists "
			    "such rows",
			    row->integration);
	if (row->external_id == NULL || row->external_id[0] == '\0')
		return told(one, "failed",
			    "the row has no external id: no calendar knows its event");
	if (provider == NULL || provider->ops == NULL)
		return told(one, "failed",
			    "its integration is of a kind that this version does not sync: "
			    "%s",
			    row->integration_type != NULL ? row->integration_type : "none");
	if (!row->is_active)
		return told(one, "skipped",
			    "its integration %s is not active: its rows stay as they are",
			    row->integration);
	return true;
}

/* What became of the row: of its letter, where it has one, else of what was done. */
static void
tell_outcome(struct mms_one_event *one, const struct mms_turn *turn,
	     const struct mms_letter *letter)
{
	const struct mms_event_counts *n = &turn->events;
	bool is_gone = mms_row_status_parse(one->row.status) == MMS_ROW_DELETED_EXTERNALLY ||
		       mms_row_status_parse(one->row.status) == MMS_ROW_DELETED_LOCALLY;

	if (letter != NULL && letter->state == MMS_LETTER_DISCARDED)
		(void)told(one, "skipped",
			   "dead letter %llu of it was discarded: mmsync failures retry %llu",
			   (unsigned long long)letter->id, (unsigned long long)letter->id);
	else if (letter != NULL || n->failed > 0)
		(void)told(one, "failed", "%s",
			   letter != NULL ? letter->text : "it could not be read or written");
	else if (n->updated + n->created > 0)
		(void)told(one, "success", "brought up to date from its calendar");
	else if (is_gone && n->deleted > 0)
		(void)told(one, "success", "no longer in its calendar: %s", one->row.status);
	else if (is_gone && n->declined > 0)
		(void)told(one, "success", "declined by the calendar's owner: %s",
			   one->row.status);
	else if (is_gone)
		(void)told(one, "success", "not in its calendar, as the row says: %s",
			   one->row.status);
	else if (turn->is_unlisted)
		(void)told(one, "skipped",
			   "outside of the days that its integration reads: the calendar is "
			   "not asked about it");
	else
		(void)told(one, "success", "it is as its calendar has it");
}

/* The row as it is now, and the letter that there may be of it. */
static mms_rc
look_again(const struct mms_sync_env *env, const struct mms_turn *turn,
	   struct mms_one_event *one, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_event_ref) now = { 0 };
	MMS_AUTO(mms_letter) letter = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_event_ref_load(lent.db, one->row.name, &now, err);
	if (rc == MMS_E_USAGE) { /* deleted in this moment: what is known of it is the last */
		mms_err_release(err);
		(void)told(one, "failed", "the row was deleted meanwhile");
		return MMS_OK;
	}
	if (rc != MMS_OK)
		return rc;
	mms_event_ref_release(&one->row);
	one->row = now;
	now = (struct mms_event_ref){ 0 };
	bool has_letter = false;
	if (one->row.integration != NULL && one->row.external_id != NULL) {
		rc = mms_letters_load_of(lent.db, one->row.integration, one->row.external_id,
					 &letter, err);
		has_letter = rc == MMS_OK;
		if (rc == MMS_E_GONE) {
			mms_err_release(err);
			rc = MMS_OK;
		}
	}
	if (rc == MMS_OK)
		tell_outcome(one, turn, has_letter ? &letter : NULL);
	return rc;
}

static mms_rc
run_turn(const struct mms_sync_env *env, const struct mms_sync_options *asked,
	 struct mms_one_event *one, struct mms_err *err)
{
	MMS_AUTO(mms_sync_report) report = { 0 };
	const char *const names[] = { one->row.integration };
	const struct mms_sync_options options = { .integrations = names,
						  .n_integrations = 1,
						  .is_full = true,
						  .only_event = one->row.external_id,
						  .jobs = 1,
						  .deadline_mono_ms = asked->deadline_mono_ms };

	mms_rc rc = mms_sync_run(env, &options, &report, err);
	if (rc != MMS_OK)
		return rc;
	if (report.n != 1)
		return mms_fail(err, MMS_E_RETRY, "integration %s was renamed meanwhile",
				one->row.integration);
	struct mms_turn *turn = &report.turns[0];
	if (turn->err.code == MMS_E_DB || turn->err.code == MMS_E_NOMEM) {
		mms_err_move(err, &turn->err);
		return err->code;
	}
	if (turn->err.code != MMS_OK) {
		(void)told(one, "failed", "%s", mms_err_text(&turn->err));
		mms_err_move(&one->why, &turn->err);
		return MMS_OK;
	}
	return look_again(env, turn, one, err);
}

mms_rc
mms_event_sync(const struct mms_sync_env *env, const char *name,
	       const struct mms_sync_options *options, struct mms_one_event *out,
	       struct mms_err *err)
{
	MMS_AUTO(mms_one_event) one = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_event_ref_load(lent.db, name, &one.row, err);
	mms_lent_release(&lent);
	if (rc == MMS_OK && may_be_asked(&one))
		rc = run_turn(env, options, &one, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&one.message, err);
	if (rc != MMS_OK)
		return rc;
	*out = one;
	one = (struct mms_one_event){ 0 };
	return MMS_OK;
}
