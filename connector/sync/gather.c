/*
 * Bookings that changed without anybody saying so: by `modified`, and those that are no more. Each is
 * announced; nothing is sent here.
 */
#include <string.h>

#include "mmsync/mem.h"
#include "outward.h"

/* Bookings that ended longer ago are nobody's any more, however long a calendar's past is. */
#define PAST_DAYS 366
/* How far bookings were looked at is written down so often. */
#define SEEN_STEP_US INT64_C(3600000000)
/* That so many calendars were compared is noted in one transaction. */
#define NOTED_AT_ONCE 500

/* The turn of an integration that this run is about; NULL: it is not. */
static struct mms_turn *
find_turn(const struct mms_sync_report *report, const char *integration)
{
	for (size_t i = 0; integration != NULL && i < report->n; i++) {
		if (strcmp(report->turns[i].name, integration) == 0)
			return &report->turns[i];
	}
	return NULL;
}

static bool
is_told(const struct mms_turn *turn, const char *booking)
{
	for (size_t i = 0; i < turn->n_planned; i++) {
		if (turn->planned[i].booking != NULL &&
		    strcmp(turn->planned[i].booking, booking) == 0)
			return true;
	}
	return false;
}

/* What a dry run would have put into the outbox; once, whyever it is looked at. */
static mms_rc
tell(struct mms_sync_report *report, const char *booking,
     const struct mms_outward_events *events, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < events->n; i++) {
		const struct mms_outward_event *e = &events->items[i];
		struct mms_turn *turn = find_turn(report, e->integration);
		if (e->step == MMS_STEP_NOTHING || turn == NULL || is_told(turn, booking))
			continue;
		/* Nobody outside knows an id that is ours until the service gives one. */
		const char *id =
			mms_provisional_id_read(e->external_id, NULL) ? NULL : e->external_id;
		rc = mms_turn_add_planned(turn, mms_event_step_operation(e->step), e->row_name,
					  id, e->why, err);
		if (rc != MMS_OK)
			return rc;
		struct mms_planned *planned = &turn->planned[turn->n_planned - 1];
		planned->booking = mms_text_copy(booking);
		rc = planned->booking != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	return rc;
}

/* *is_whole (may be NULL): cleared where one was left to the next run. */
static mms_rc
announce_all(const struct mms_outward *o, const struct mms_names_list *names, bool *is_whole,
	     struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < names->n; i++) {
		MMS_AUTO(mms_outward_events) events = { 0 };
		const struct mms_announce what = { .booking = names->items[i],
						   .is_dry = o->plan != NULL };

		rc = mms_announce_booking(o, &what, &events, err);
		if (rc == MMS_OK && o->plan != NULL)
			rc = tell(o->plan, what.booking, &events, err);
		/* Deleted meanwhile, or others are at it: the next run looks again. */
		if (rc == MMS_E_CONFLICT && is_whole != NULL)
			*is_whole = false;
		if (rc == MMS_E_USAGE || rc == MMS_E_CONFLICT) {
			mms_err_release(err);
			rc = MMS_OK;
		}
	}
	return rc;
}

static int64_t
past_us(const struct mms_outward *o)
{
	return mms_zone_to_wall(o->worker->event_zone, o->now_ms - PAST_DAYS * MMS_DAY_MS);
}

mms_rc
mms_gather_changed(const struct mms_outward *o, struct mms_err *err)
{
	MMS_AUTO(mms_names_list) changed = { 0 };
	MMS_AUTO(mms_names_list) gone = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_bookings_query query = { .since_us = MMS_NO_TIME,
					    .ends_after_us = past_us(o) };
	int64_t real_ms = mms_clock_real_us() / 1000;
	int64_t until_us = mms_window_watermark(o->worker->site_zone,
						o->now_ms < real_ms ? o->now_ms : real_ms);

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_bookings_seen(lent.db, &query.since_us, err);
	if (rc == MMS_OK)
		rc = mms_bookings_find(lent.db, o->worker->env->columns, &query, &changed, err);
	if (rc == MMS_OK)
		rc = mms_bookings_find_gone(lent.db, o->plan != NULL, &gone, err);
	mms_lent_release(&lent);
	if (rc == MMS_OK)
		rc = announce_all(o, &changed, NULL, err);
	if (rc == MMS_OK)
		rc = announce_all(o, &gone, NULL, err);
	if (rc != MMS_OK || o->plan != NULL)
		return rc;
	if (query.since_us != MMS_NO_TIME && until_us - query.since_us < SEEN_STEP_US)
		return MMS_OK;
	rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_bookings_put_seen(lent.db, until_us, err) : rc;
}

static mms_rc
add_name(struct mms_names_list *names, const char *name, struct mms_err *err)
{
	char **moved = mms_grow(names->items, names->n, &names->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	names->items = moved;
	moved[names->n] = mms_text_copy(name);
	if (moved[names->n] == NULL)
		return mms_fail_nomem(err);
	names->n++;
	return MMS_OK;
}

/* *is_whole: false where one was left to the next run. */
static mms_rc
gather_one(const struct mms_outward *o, const struct mms_source *source, bool *is_whole,
	   struct mms_err *err)
{
	MMS_AUTO(mms_names_list) names = { 0 };
	MMS_AUTO(mms_own_states) states = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	int64_t from_ms, to_ms;

	*is_whole = true;
	mms_integration_window(&source->integration, o->now_ms, &from_ms, &to_ms);
	const struct mms_bookings_query query = {
		.since_us = MMS_NO_TIME,
		.ends_after_us = mms_zone_to_wall(o->worker->event_zone, from_ms),
		.user = source->integration.user,
	};
	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK && source->integration.user != NULL)
		rc = mms_bookings_find(lent.db, o->worker->env->columns, &query, &names, err);
	if (rc == MMS_OK)
		rc = mms_own_states_of_integration(lent.db, source->cursor.id, &states, err);
	for (size_t i = 0; rc == MMS_OK && i < states.n; i++) {
		if (states.items[i].booking != NULL)
			rc = add_name(&names, states.items[i].booking, err);
	}
	mms_lent_release(&lent);
	return rc == MMS_OK ? announce_all(o, &names, is_whole, err) : rc;
}

static mms_rc
note_compared(const struct mms_outward *o, struct mms_cursor *const *cursors, size_t n,
	      struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (n == 0 || o->plan != NULL)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_bookings_put_compared(lent.db, cursors, n, err);
	if (rc != MMS_E_RETRY) /* met a heartbeat: then the next run compares them once more */
		return rc;
	mms_err_release(err);
	return MMS_OK;
}

mms_rc
mms_gather_all_of(const struct mms_outward *o, struct mms_source *const *sources, size_t n,
		  struct mms_err *err)
{
	struct mms_cursor *done[NOTED_AT_ONCE];
	size_t n_done = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		bool is_whole;

		rc = gather_one(o, sources[i], &is_whole, err);
		if (rc == MMS_OK && is_whole)
			done[n_done++] = &sources[i]->cursor;
		if (rc != MMS_OK || n_done < NOTED_AT_ONCE)
			continue;
		rc = note_compared(o, done, n_done, err);
		n_done = 0;
	}
	return rc == MMS_OK ? note_compared(o, done, n_done, err) : rc;
}
