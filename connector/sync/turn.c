/*
 * One integration's turn: lease, In Progress, listing, pages to rows, sweep, cursor and status
 * in the last transaction, lease given back. Plain sequential code; whatever stops it in the
 * middle, the next turn does the rest.
 */
#include "turn.h"

#include <string.h>

#include "block_inward.h"
#include "breaker.h"
#include "cursor_check.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "patience.h"
#include "session.h"

/* Between two tries at what the database could not do just now. */
#define PAUSE_BASE_MS 20
#define PAUSE_MAX_MS  1000
#define BEGIN_TRIES   4
#define MINUTE_MS     INT64_C(60000)
#define HOUR_MS       (60 * MINUTE_MS)
/* Mildly more than a batch, so that a page is one batch when all of it is new. */
#define PAGE_EVENTS 500

static void
turn_state_release(struct mms_turn_state *t)
{
	mms_inward_free(t->inward);
	mms_block_inward_free(t->blocks);
	mms_known_release(&t->known);
	mms_changes_release(&t->pending);
	mms_changes_release(&t->deferred);
	mms_cascade_release(&t->cascade);
}

bool
mms_turn_is_stopped(const struct mms_turn_state *t)
{
	return mms_provider_is_stopped(&t->worker->provider_env);
}

/*
 * Where the window begins for what is stored, as wall time. An event without length ends at once
 * in its calendar, a minute later in its row; and in the repeated hour of autumn a wall time tells
 * less than an instant: rows there may end later than what the listing was asked for, and are
 * not missed.
 */
static int64_t
near_edge_us(const struct mms_zone *zone, int64_t from_ms)
{
	int64_t before = mms_zone_offset_at(zone, from_ms - HOUR_MS),
		after = mms_zone_offset_at(zone, from_ms + HOUR_MS);
	int64_t repeated_us = before > after ? (before - after) * 1000000 : 0;

	return mms_zone_to_wall(zone, from_ms + MINUTE_MS) + repeated_us;
}

mms_rc
mms_turn_load_known(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	const struct mms_known_query query = {
		.integration = t->stamp.integration,
		.cursor_id = t->source->cursor.id,
		.from_us = near_edge_us(t->worker->event_zone, t->from_ms),
		.to_us = mms_zone_to_wall(t->worker->event_zone, t->to_ms),
		.stamp_us = t->source->cursor.longest_stamp_us,
	};

	/* Others write by the real clock, whatever that of this run says. */
	int64_t now_ms = mms_clock_now_ms(t->worker->env->clock),
		real_ms = mms_clock_real_us() / 1000;

	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_known_load(lent.db, &query, &t->known, err);
	if (rc == MMS_OK)
		t->watermark_us = mms_window_watermark(t->worker->site_zone,
						       now_ms < real_ms ? now_ms : real_ms);
	t->has_known = t->has_known || rc == MMS_OK;
	t->n_loads++;
	return rc;
}

mms_rc
mms_worker_pause(const struct mms_worker *worker, unsigned attempt, struct mms_err *err)
{
	if (mms_provider_is_stopped(&worker->provider_env))
		return mms_fail(err, MMS_E_STOPPED, "stopped while the database was busy");
	mms_clock_sleep_ms(mms_policy_delay_ms(attempt, PAUSE_BASE_MS, PAUSE_MAX_MS, -1,
					       mms_patience_noise()));
	return MMS_OK;
}

/* Is there anything in a page that what is known must be compared with? */
static bool
needs_known(const struct mms_page *page)
{
	return !page->is_unchanged &&
	       (page->n > 0 || page->n_whole_series > 0 || page->is_full);
}

static mms_rc
read_pages(struct mms_turn_state *t, struct mms_session *session, struct mms_page *page,
	   struct mms_err *err)
{
	const struct mms_provider_ops *ops = t->provider->ops;
	mms_rc rc = MMS_OK;

	do {
		if (mms_turn_is_stopped(t))
			return mms_fail(err, MMS_E_STOPPED, "stopped between two pages");
		mms_fault_step();
		rc = ops->next(session, PAGE_EVENTS, page, err);
		if (rc == MMS_OK && !t->has_known && needs_known(page))
			rc = mms_turn_load_known(t, err);
		if (rc == MMS_OK)
			rc = mms_complete_page(t, page, err);
		if (rc == MMS_OK)
			rc = mms_inbound_page(t, page, err);
		if (rc == MMS_OK)
			rc = mms_cascade_note(t, page, err);
	} while (rc == MMS_OK && !page->is_last);
	return rc;
}

/* Dead letters, but for the discarded, of what this turn has not looked at. */
static int64_t
letters_unseen(const struct mms_turn_state *t)
{
	int64_t n = 0;

	if (!t->has_known)
		return t->source->cursor.letters;
	for (size_t i = 0; i < t->known.n; i++) {
		const struct mms_known_event *event = &t->known.items[i];
		const struct mms_known_letter *letter = mms_known_find_letter(&t->known, event);

		n += letter != NULL && !letter->is_discarded &&
		     !(event->flags & MMS_KNOWN_SEEN);
	}
	return n;
}

/* The turn's end: what is still pending, the cursor, the status, the lease; all or nothing. */
static mms_rc
finish(struct mms_turn_state *t, const struct mms_page *page, bool is_refused,
       struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	struct mms_turn_finish f = {
		.is_whole = true,
		.end = { .is_good = !is_refused,
			 .moves_cursor = !page->is_unchanged,
			 .token = page->cursor,
			 .window_start_ms = t->from_ms,
			 .window_end_ms = t->to_ms,
			 .next_entry_ms = page->next_entry_ms,
			 .read_print = t->read_print,
			 .is_full = page->is_full,
			 .role = page->role,
			 .now_ms = t->started_ms,
			 .wait_until_ms = MMS_NO_TIME },
	};

	/* Of what was not listed anew: what could not be stored still is not. */
	if (page->is_unchanged || !page->is_full)
		mms_counts_add(t, MMS_COUNT_FAILED, letters_unseen(t));
	if (is_refused) {
		mms_str_addf(&text, "%s\n%s", mms_err_text(&t->out->err),
			     mms_err_hint(&t->out->err));
		f.error_text = mms_str_get(&text);
	}
	mms_fault_step();
	mms_rc rc = mms_apply(t, &f, err);
	if (rc == MMS_OK) /* a listing was read to its end, whatever it asks us to delete */
		t->source->cursor.circuit = f.end.circuit;
	if (rc == MMS_OK && f.end.is_good && f.end.is_full)
		t->source->cursor.last_full_ms = f.end.now_ms;
	if (rc == MMS_OK && page->role != MMS_ROLE_UNKNOWN)
		t->source->cursor.role = page->role; /* for what the run does there next */
	return rc;
}

static void
note_counts(struct mms_turn_state *t, const struct mms_session *session)
{
	const struct mms_request_counts *counts =
		&((const struct mms_session_base *)session)->counts;

	t->out->pages = counts->pages;
	t->out->requests = counts->requests;
	t->out->retries = counts->retries;
}

/*
 * The one event that a turn is about, of a service that gives it by its id. *is_asked false: it
 * cannot be asked so; the row holds only a digest of the id, or the id is that of a series.
 */
static mms_rc
get_one(struct mms_turn_state *t, struct mms_session *session, struct mms_page *page,
	bool *is_asked, struct mms_err *err)
{
	const char *id = t->worker->options->only_event;
	const struct mms_provider_ops *ops = t->provider->ops;

	*is_asked = ops->get != NULL && strncmp(id, "sha256:", 7) != 0;
	if (!*is_asked)
		return MMS_OK;
	struct mms_event *event = mms_page_add(page);
	if (event == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = ops->get(session, id, event, err);
	*is_asked = rc == MMS_OK && !event->is_series;
	if (!*is_asked) {
		mms_page_clear(page);
		return rc;
	}
	if (event->external_id == NULL) { /* of what never was */
		event->external_id = mms_text_copy(id);
		if (event->external_id == NULL)
			return mms_fail_nomem(err);
	}
	page->is_last = true;
	t->shows_all = false;
	t->out->mode = "incremental";
	if (!t->has_known)
		rc = mms_turn_load_known(t, err);
	return rc == MMS_OK ? mms_inbound_page(t, page, err) : rc;
}

/*
 * What the calendar shows. A turn about one event (options->only_event) asks for that alone where
 * the service gives it; of a feed it reads all.
 */
static mms_rc
list(struct mms_turn_state *t, struct mms_session *session, const struct mms_listing *listing,
     struct mms_page *page, struct mms_err *err)
{
	const struct mms_provider_ops *ops = t->provider->ops;

	if (t->worker->options->only_event != NULL) {
		bool is_asked;
		mms_rc got = get_one(t, session, page, &is_asked, err);
		if (got != MMS_OK || is_asked)
			return got;
	}
	mms_rc rc = ops->start(session, listing, err);
	return rc == MMS_OK ? read_pages(t, session, page, err) : rc;
}

/* Read and apply one listing with an open session. */
static mms_rc
run_listing(struct mms_turn_state *t, struct mms_session *session, bool is_full,
	    struct mms_err *err)
{
	MMS_AUTO(mms_page) page = { 0 };
	const struct mms_listing listing = { .from_ms = t->from_ms,
					     .to_ms = t->to_ms,
					     .cursor = t->source->cursor.token,
					     .is_full = is_full };
	bool is_refused = false;

	mms_rc rc = list(t, session, &listing, &page, err);
	if (t->worker->options->only_event != NULL)
		return rc == MMS_OK ? mms_one_settle(t, page.is_full, err) : rc;
	if (rc != MMS_OK && mms_fault_is_sabotaged(MMS_SABOTAGE_TORN_LISTING)) {
		page.is_full = true;
		rc = t->has_known ? MMS_OK : mms_turn_load_known(t, err);
	}
	if (rc == MMS_OK && page.is_full)
		rc = mms_sweep(t, &is_refused, err);
	else if (rc == MMS_OK)
		rc = mms_cascade_settle(t, err);
	if (rc == MMS_OK && is_refused)
		mms_err_move(&t->out->err,
			     err); /* the rest of the listing lands all the same */
	if (rc == MMS_OK && t->provider->caps & MMS_CAP_WRITE)
		rc = mms_inward_settle(t, session, page.is_full, err);
	if (rc == MMS_OK && t->provider->caps & MMS_CAP_WRITE)
		rc = mms_block_inward_settle(t, session, page.is_full, err);
	if (rc != MMS_OK)
		return rc;
	t->out->mode = page.is_full && !page.is_unchanged ? "full" : "incremental";
	note_counts(t, session);
	return finish(t, &page, is_refused, err);
}

/* As if no listing had begun. */
static void
forget_listing(struct mms_turn_state *t)
{
	mms_changes_clear(&t->pending);
	mms_changes_clear(&t->deferred);
	mms_known_release(&t->known);
	mms_cascade_release(&t->cascade);
	mms_inward_free(t->inward);
	t->inward = NULL;
	mms_block_inward_free(t->blocks);
	t->blocks = NULL;
	t->has_known = false;
	t->pending_bytes = 0;
	t->n_listed = t->n_decided = 0;
	t->out->events = (struct mms_event_counts){ 0 };
}

/* The service has refused the token: nobody shall send it again, whatever becomes of this turn. */
static mms_rc
forget_token(struct mms_turn_state *t, struct mms_err *err)
{
	struct mms_cursor *cursor = &t->source->cursor;
	mms_rc rc = MMS_OK;

	mms_free(cursor->token);
	cursor->token = NULL;
	for (unsigned attempt = 0; t->worker->owner != NULL; attempt++) {
		MMS_AUTO(mms_lent) lent = { 0 };

		rc = mms_pool_lend(t->worker->env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = mms_cursor_forget_token(lent.db, &t->lease, err);
		if (rc != MMS_E_RETRY || attempt + 1 >= BEGIN_TRIES)
			return rc;
		mms_lent_release(&lent);
		rc = mms_worker_pause(t->worker, attempt, err);
		if (rc != MMS_OK)
			return rc;
	}
	return rc;
}

/* A listing of what changed or, where that will not do, of everything. */
static mms_rc
read_calendar(struct mms_turn_state *t, struct mms_session *session, struct mms_err *err)
{
	const struct mms_cursor *cursor = &t->source->cursor;
	int64_t to_ms = t->to_ms;
	bool is_service = (t->provider->caps & MMS_CAP_CURSOR) != 0;
	bool is_full = t->worker->options->is_full ||
		       mms_window_wants_full(cursor, t->read_print, t->from_ms, to_ms,
					     t->started_ms) ||
		       (is_service && mms_window_is_passed(cursor, to_ms));

	t->out->mode = is_full ? "full" : "incremental";
	t->shows_all = is_full || !is_service;
	if (is_service)
		t->to_ms = mms_window_end(cursor, to_ms, is_full);
	mms_rc rc = run_listing(t, session, is_full, err);
	if (rc != MMS_E_RESYNC || is_full)
		return rc;
	mms_err_release(err);
	forget_listing(t);
	rc = forget_token(t, err);
	if (rc != MMS_OK)
		return rc;
	t->out->mode = "full";
	t->shows_all = true;
	if (is_service)
		t->to_ms = mms_window_end(cursor, to_ms, true);
	return run_listing(t, session, true, err);
}

static mms_rc
run_session(struct mms_turn_state *t, struct mms_err *err)
{
	struct mms_worker *w = t->worker;
	struct mms_open_session open = { 0 };

	mms_rc rc =
		mms_session_open(w, t->source, w->owner != NULL ? &t->lease : NULL, &open, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_window_print(&w->digest, &t->rules, w->site_zone, t->source, &open.calendar,
			      t->provider, t->read_print, err);
	t->session = open.session;
	if (rc == MMS_OK)
		rc = read_calendar(t, open.session, err);
	note_counts(t, open.session);
	t->session = NULL;
	mms_session_close(&open);
	return rc;
}

/* A service may ask for patience, but not silence a calendar for good. */
static int64_t
longest_wait(const struct mms_turn_state *t, int64_t asked_ms)
{
	int64_t most_ms =
		t->started_ms + t->worker->env->site->config.circuit_max_open_s * INT64_C(1000);

	return asked_ms < most_ms ? asked_ms : most_ms;
}

static void
give_back(struct mms_turn_state *t)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	if (mms_pool_lend(t->worker->env->pool, &lent, &ignored) == MMS_OK)
		(void)!mms_lease_release(lent.db, &t->lease, t->source->cursor.last_attempt_ms,
					 &ignored);
}

/* A turn that failed: the integration says why, the cursor stays, the lease goes back. */
static void
end_badly(struct mms_turn_state *t, const struct mms_err *why)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	const char *hint = mms_err_hint(why);
	struct mms_turn_finish f = {
		.end = { .clears_token = why->code == MMS_E_RESYNC,
			 .now_ms = t->started_ms,
			 .wait_until_ms = why->code == MMS_E_WAIT
						  ? longest_wait(t, why->retry_at_ms)
						  : MMS_NO_TIME,
			 .circuit = mms_breaker_own_after(t->worker, t->source, why,
							  t->started_ms) },
	};

	mms_str_addf(&text, "%s%s%s", mms_err_text(why), hint[0] != '\0' ? "\n" : "", hint);
	f.error_text = text.state == MMS_OK ? mms_str_get(&text) : mms_rc_name(why->code);
	mms_changes_clear(&t->pending);
	/* When even this cannot be written, the lease frees itself and the next turn tells. */
	mms_rc rc = mms_apply(t, &f, &ignored);
	if (rc == MMS_E_GONE) /* there is no integration to say it on */
		give_back(t);
	t->source->is_judged = mms_circuit_judge(why->code, why->blame) != MMS_CIRCUIT_NOBODY;
	if (rc == MMS_OK)
		t->source->cursor.circuit = f.end.circuit;
}

/*
 * A turn that was stopped, or could not even begin: nothing is wrong with the calendar, its status
 * is as it was, and sync --due goes on at once.
 */
static void
end_stopped(struct mms_turn_state *t, bool is_begun)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	const char *status = t->source->integration.status;

	if (t->worker->owner == NULL || t->lease.fence == 0 ||
	    mms_pool_lend(t->worker->env->pool, &lent, &ignored) != MMS_OK)
		return;
	if (status == NULL || strcmp(status, "In Progress") == 0)
		status = "Pending";
	if (is_begun)
		(void)!mms_integrations_put_status(lent.db, &t->lease, t->stamp.integration,
						   status, &ignored);
	(void)!mms_lease_release(lent.db, &t->lease, t->source->cursor.last_attempt_ms,
				 &ignored);
}

/* What is left to do after run_session(), which has ended a good turn itself. */
static void
end_turn(struct mms_turn_state *t, mms_rc rc, bool is_begun)
{
	bool is_held = rc != MMS_E_HELD && t->lease.fence != 0;

	if (t->worker->options->only_event != NULL) {
		/* Of the calendar as a whole nothing is known that was not known before. */
		if (is_held)
			give_back(t);
		return;
	}
	if (rc == MMS_E_STOPPED || (rc != MMS_OK && !is_begun))
		end_stopped(t, is_begun);
	else if (rc != MMS_OK && is_held)
		end_badly(t, &t->out->err);
}

struct mms_row_rules
mms_worker_rules(const struct mms_worker *w)
{
	const struct mms_config *config = &w->env->site->config;
	const struct mms_columns *columns = w->env->columns;
	static const char table[] = "tabMM Calendar Event Sync";

	return (struct mms_row_rules){
		.event_zone = w->event_zone,
		.blocking = { .tentative = config->tentative_blocks,
			      .focus_time = config->focus_time_blocks,
			      .all_day = config->all_day_blocks },
		.email = w->email,
		.id_chars = mms_columns_max_chars(columns, table, "external_event_id"),
		.title_chars = mms_columns_max_chars(columns, table, "event_title"),
		.location_chars = mms_columns_max_chars(columns, table, "location"),
		.organizer_chars = mms_columns_max_chars(columns, table, "organizer_email"),
	};
}

static void
prepare(struct mms_turn_state *t)
{
	const struct mms_worker *w = t->worker;
	const struct mms_config *config = &w->env->site->config;

	t->started_ms = mms_clock_now_ms(w->env->clock);
	mms_integration_window(&t->source->integration, t->started_ms, &t->from_ms, &t->to_ms);
	t->rules = mms_worker_rules(w);
	t->stamp = (struct mms_write_stamp){
		.integration = t->source->integration.name,
		.cursor_id = t->source->cursor.id,
		.user = config->sync_user,
		.site_us = mms_zone_to_wall(w->site_zone, t->started_ms),
		.now_ms = t->started_ms,
		.makes_dues = t->source->makes_blocks,
	};
}

void
mms_turn_run(struct mms_worker *worker, struct mms_source *source, struct mms_turn *out)
{
	struct mms_turn_state t __attribute__((cleanup(
		turn_state_release))) = { .worker = worker, .source = source, .out = out };
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_provider *provider = mms_provider_find(source->integration.type);

	t.provider = provider;
	t.started_mono_ms = mms_clock_mono_ms();
	out->mode = "full";
	if (provider == NULL || provider->ops == NULL) {
		out->status = "skipped";
		mms_fail(&out->err, MMS_E_CONFIG,
			 "'%s' is not a kind of calendar that this version syncs",
			 source->integration.type != NULL ? source->integration.type : "");
		return;
	}
	prepare(&t);
	mms_rc rc = mms_turn_begin(&t, &err);
	if (rc == MMS_E_OPEN)
		end_stopped(&t, false);
	if (rc == MMS_E_HELD || rc == MMS_E_OPEN) {
		out->status = "skipped";
		mms_err_move(&out->err, &err);
		return;
	}
	bool is_begun = rc == MMS_OK;
	if (rc == MMS_OK)
		rc = mms_cursor_heal(&t, &err);
	if (rc == MMS_OK)
		rc = run_session(&t, &err);
	if (mms_fault_is_sabotaged(MMS_SABOTAGE_ALL_WELL))
		rc = MMS_OK;
	out->duration_ms = mms_clock_mono_ms() - t.started_mono_ms;
	out->status = rc == MMS_OK && out->err.code == MMS_OK ? "success" : "failed";
	if (rc != MMS_OK)
		mms_err_move(&out->err, &err);
	if (rc == MMS_E_HELD && t.lease.batch_no == 0)
		out->status = "skipped"; /* lost before anything was written: as if never had */
	end_turn(&t, rc, is_begun);
}
