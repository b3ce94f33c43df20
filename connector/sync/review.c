/* A look at what a sync would decide (see the header): what both planners need, and bookings. */
#include "mmsync/review.h"

#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "mmsync/mem.h"
#include "review_parts.h"

static int
by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Calendars of those whose blocks are all about to be planned. */
static mms_rc
find_replanned(struct mms_review *review, struct mms_err *err)
{
	review->replanned = mms_alloc((review->sources.n + 1) * sizeof *review->replanned);
	if (review->replanned == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < review->people.n; i++) {
		const struct mms_block_whom *whom = &review->people.items[i];
		for (size_t k = 0; mms_block_whom_is_other(whom) && k < whom->n; k++)
			review->replanned[review->n_replanned++] = whom->cursors[k];
	}
	if (review->n_replanned > 1)
		qsort(review->replanned, review->n_replanned, sizeof *review->replanned, by_id);
	return MMS_OK;
}

static mms_rc
read_calendars(struct mms_review *review, struct mms_err *err)
{
	const struct mms_sync_env *env = review->worker.env;
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(lent.db, &review->sources, err);
	if (rc == MMS_OK)
		rc = mms_block_mark_sources(env, lent.db, &review->sources, err);
	if (rc == MMS_OK)
		rc = mms_block_calendars(lent.db, &review->filled, &review->n_filled, err);
	return rc;
}

mms_rc
mms_review_new(struct mms_review **out, const struct mms_sync_env *env, struct mms_err *err)
{
	struct mms_review *review = mms_alloc(sizeof *review);

	if (review == NULL)
		return mms_fail_nomem(err);
	review->options.is_dry = true;
	review->worker.env = env;
	review->worker.options = &review->options;
	review->o = (struct mms_outward){ .worker = &review->worker,
					  .sources = &review->sources,
					  .now_ms = mms_clock_now_ms(env->clock) };
	mms_rc rc = read_calendars(review, err);
	if (rc == MMS_OK)
		rc = mms_block_people_make(&review->o, &review->sources, &review->people, err);
	if (rc == MMS_OK)
		rc = find_replanned(review, err);
	if (rc != MMS_OK) {
		mms_review_free(review);
		return rc;
	}
	*out = review;
	return MMS_OK;
}

void
mms_review_free(struct mms_review *review)
{
	if (review == NULL)
		return;
	mms_block_people_release(&review->people);
	mms_sources_release(&review->sources);
	mms_digest_release(&review->worker.digest);
	mms_email_free(review->worker.email);
	mms_zones_free(review->worker.zones);
	mms_free(review->filled);
	mms_free(review->replanned);
	mms_free(review);
}

mms_rc
mms_review_make_zones(struct mms_review *review, struct mms_err *err)
{
	struct mms_worker *w = &review->worker;
	mms_rc rc = MMS_OK;

	if (w->site_zone != NULL)
		return MMS_OK;
	if (w->zones == NULL)
		rc = mms_zones_new(&w->zones, err);
	return rc == MMS_OK
		       ? mms_choose_zones(w->env, w->zones, &w->event_zone, &w->site_zone, err)
		       : rc;
}

static bool
is_among(const uint64_t *ids, size_t n, uint64_t id)
{
	return n > 0 && bsearch(&id, ids, n, sizeof *ids, by_id) != NULL;
}

bool
mms_review_is_replanned(const struct mms_review *review, uint64_t cursor_id)
{
	return is_among(review->replanned, review->n_replanned, cursor_id);
}

bool
mms_review_is_filled(const struct mms_review *review, uint64_t cursor_id)
{
	return is_among(review->filled, review->n_filled, cursor_id);
}

size_t
mms_review_n_people(const struct mms_review *review)
{
	return review->people.n;
}

mms_rc
mms_review_is_same_time(struct mms_review *review, int64_t a_us, int64_t b_us, bool *out,
			struct mms_err *err)
{
	mms_rc rc = mms_review_make_zones(review, err);

	if (rc != MMS_OK)
		return rc;
	const struct mms_zone *zone = review->worker.event_zone;
	int64_t apart_ms = mms_zone_to_utc(zone, a_us) - mms_zone_to_utc(zone, b_us);
	*out = apart_ms > -60000 && apart_ms < 60000;
	return MMS_OK;
}

/* ---- bookings ------------------------------------------------------------------------------ */

/* Errors of a look that others' work may lead to. */
static bool
is_passing(mms_rc rc)
{
	return rc == MMS_E_USAGE || rc == MMS_E_CONFLICT;
}

/* Events that would be made for it; *is_there false: it is gone, or others are at it. */
static mms_rc
plan_booking(struct mms_review *review, const char *booking, struct mms_outward_events *out,
	     bool *is_there, struct mms_err *err)
{
	const struct mms_announce what = { .booking = booking, .is_dry = true };

	mms_rc rc = mms_announce_booking(&review->o, &what, out, err);
	*is_there = rc == MMS_OK;
	if (!is_passing(rc))
		return rc;
	mms_err_release(err);
	return MMS_OK;
}

static bool
is_missing_too(const struct mms_outward_events *events, const struct mms_outward_event *event)
{
	for (size_t i = 0; i < events->n; i++) {
		const struct mms_outward_event *e = &events->items[i];
		if (e->cursor_id == event->cursor_id && e->step == MMS_STEP_CREATE)
			return true;
	}
	return false;
}

mms_rc
mms_review_one_booking(struct mms_review *review, const char *booking,
		       mms_review_booking_taker *take, void *aux, struct mms_err *err)
{
	MMS_AUTO(mms_outward_events) first = { 0 };
	MMS_AUTO(mms_outward_events) again = { 0 };
	bool is_there = false, is_any = false;
	struct mms_worker *w = &review->worker;

	mms_rc rc = mms_review_make_zones(review, err);
	if (rc == MMS_OK && w->email == NULL)
		rc = mms_email_new(&w->email, true, err);
	if (rc == MMS_OK)
		rc = plan_booking(review, booking, &first, &is_there, err);
	for (size_t i = 0; rc == MMS_OK && is_there && i < first.n; i++)
		is_any = is_any || first.items[i].step == MMS_STEP_CREATE;
	if (rc != MMS_OK || !is_any)
		return rc;
	rc = plan_booking(review, booking, &again, &is_there, err);
	for (size_t i = 0; rc == MMS_OK && is_there && i < first.n; i++) {
		const struct mms_outward_event *e = &first.items[i];
		const struct mms_review_booking missing = { .booking = booking,
							    .integration = e->integration,
							    .cursor_id = e->cursor_id,
							    .why = e->why };
		if (e->step == MMS_STEP_CREATE && is_missing_too(&again, e))
			rc = take(aux, &missing, err);
	}
	return rc;
}
