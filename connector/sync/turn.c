/*
 * One integration's turn: lease, In Progress, listing, pages to rows, sweep, cursor and status
 * in the last transaction, lease given back. Plain sequential code; whatever stops it in the
 * middle, the next turn does the rest.
 */
#include "turn.h"

#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"

/* Mildly more than a batch, so that a page is one batch when all of it is new. */
#define PAGE_EVENTS 500

static void
turn_state_release(struct mms_turn_state *t)
{
	mms_known_release(&t->known);
	mms_changes_release(&t->pending);
	mms_changes_release(&t->deferred);
}

bool
mms_turn_is_stopped(const struct mms_turn_state *t)
{
	const struct mms_provider_env *env = &t->worker->provider_env;

	return (env->is_stopped != NULL && atomic_load(env->is_stopped)) ||
	       (env->deadline_mono_ms > 0 && mms_clock_mono_ms() >= env->deadline_mono_ms);
}

mms_rc
mms_turn_load_known(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_known_load(lent.db, t->stamp.integration, t->source->cursor.id,
				    mms_zone_to_wall(t->worker->event_zone, t->from_ms),
				    mms_zone_to_wall(t->worker->event_zone, t->to_ms),
				    &t->known, err);
	t->has_known = t->has_known || rc == MMS_OK;
	t->n_loads++;
	return rc;
}

/* Lease and In Progress; a dry run takes neither. */
static mms_rc
begin_turn(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (t->worker->owner == NULL)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_lease_claim(lent.db, t->source->cursor.id, t->worker->owner,
				     t->started_ms, &t->lease, err);
	if (rc == MMS_OK)
		rc = mms_integrations_put_status(lent.db, &t->lease, t->stamp.integration,
						 "In Progress", err);
	return rc;
}

/* The zone of the integration's owner, for all-day and floating times. */
static mms_rc
find_day_zone(struct mms_turn_state *t, const struct mms_zone **out, struct mms_err *err)
{
	const struct mms_sync_env *env = t->worker->env;
	MMS_AUTO(mms_lent) lent = { 0 };
	char *name = NULL;

	*out = t->worker->site_zone;
	if (t->source->integration.user == NULL)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_settings_load_user_zone(lent.db, env->columns, env->settings,
						 t->source->integration.user, &name, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_zones_find(t->worker->zones, name, out, err);
	mms_free(name);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err); /* a zone that does not exist: the site's stands in */
	*out = t->worker->site_zone;
	return MMS_OK;
}

static mms_rc
read_pages(struct mms_turn_state *t, struct mms_session *session, struct mms_page *page,
	   struct mms_err *err)
{
	const struct mms_provider_ops *ops =
		((struct mms_session_base *)session)->provider->ops;
	mms_rc rc = MMS_OK;

	do {
		if (mms_turn_is_stopped(t))
			return mms_fail(err, MMS_E_STOPPED, "stopped between two pages");
		mms_fault_step();
		rc = ops->next(session, PAGE_EVENTS, page, err);
		if (rc == MMS_OK && !page->is_unchanged && !t->has_known)
			rc = mms_turn_load_known(t, err);
		if (rc == MMS_OK)
			rc = mms_inbound_page(t, page, err);
	} while (rc == MMS_OK && !page->is_last);
	return rc;
}

/* The turn's end: what is still pending, the cursor, the status, the lease; all or nothing. */
static mms_rc
finish(struct mms_turn_state *t, const struct mms_page *page, bool is_refused,
       struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	struct mms_turn_finish f = {
		.end = { .is_good = !is_refused,
			 .moves_cursor = !page->is_unchanged,
			 .token = page->cursor,
			 .window_start_ms = t->from_ms,
			 .window_end_ms = t->to_ms,
			 .next_entry_ms = page->next_entry_ms,
			 .is_full = page->is_full,
			 .now_ms = t->started_ms,
			 .wait_until_ms = MMS_NO_TIME },
	};
	const struct mms_event_counts *c = &t->out->events;

	if (is_refused)
		mms_str_addf(&text, "%s\n%s", mms_err_text(&t->out->err),
			     mms_err_hint(&t->out->err));
	else if (c->failed > 0)
		mms_str_addf(&text,
			     "%lld event%s of this calendar could not be read or written; see "
			     "their Sync Error Log",
			     (long long)c->failed, c->failed == 1 ? "" : "s");
	if (text.len > 0)
		f.error_text = mms_str_get(&text);
	mms_fault_step();
	return mms_apply(t, &f, err);
}

/* Read and apply one listing with an open session. */
static mms_rc
run_listing(struct mms_turn_state *t, struct mms_session *session, bool is_full,
	    struct mms_err *err)
{
	MMS_AUTO(mms_page) page = { 0 };
	const struct mms_provider_ops *ops =
		((struct mms_session_base *)session)->provider->ops;
	const struct mms_listing listing = { .from_ms = t->from_ms,
					     .to_ms = t->to_ms,
					     .cursor = t->source->cursor.token,
					     .is_full = is_full };
	bool is_refused = false;

	mms_rc rc = ops->start(session, &listing, err);
	if (rc == MMS_OK)
		rc = read_pages(t, session, &page, err);
	if (rc != MMS_OK && mms_fault_is_sabotaged(MMS_SABOTAGE_TORN_LISTING)) {
		page.is_full = true;
		rc = t->has_known ? MMS_OK : mms_turn_load_known(t, err);
	}
	if (rc == MMS_OK && page.is_full)
		rc = mms_sweep(t, &is_refused, err);
	if (rc != MMS_OK)
		return rc;
	if (is_refused)
		mms_err_move(&t->out->err,
			     err); /* the rest of the listing lands all the same */
	t->out->mode = page.is_unchanged ? "incremental"
		       : page.is_full    ? "full"
					 : "incremental";
	const struct mms_request_counts *counts = &((struct mms_session_base *)session)->counts;
	t->out->pages = counts->pages;
	t->out->requests = counts->requests;
	t->out->retries = counts->retries;
	return finish(t, &page, is_refused, err);
}

static mms_rc
run_session(struct mms_turn_state *t, const struct mms_provider *provider, struct mms_err *err)
{
	struct mms_worker *w = t->worker;
	struct mms_calendar calendar = { .integration = t->source->integration.name,
					 .user = t->source->integration.user,
					 .calendar_id = t->source->integration.calendar_id,
					 .url = t->source->integration.ical_url };
	struct mms_session *session = NULL;
	bool is_full =
		w->options->is_full ||
		mms_window_wants_full(&t->source->cursor, t->from_ms, t->to_ms, t->started_ms);

	mms_rc rc = find_day_zone(t, &calendar.day_zone, err);
	if (rc == MMS_OK)
		rc = provider->ops->open(&session, &w->provider_env, &calendar, err);
	if (rc != MMS_OK)
		return rc;
	((struct mms_session_base *)session)->provider = provider;
	t->out->mode = is_full ? "full" : "incremental";
	rc = run_listing(t, session, is_full, err);
	if (rc == MMS_E_RESYNC && !is_full) {
		mms_err_release(err);
		mms_changes_clear(&t->pending);
		mms_changes_clear(&t->deferred);
		mms_known_release(&t->known);
		t->has_known = false;
		t->n_listed = 0;
		t->out->events = (struct mms_event_counts){ 0 };
		t->out->mode = "full";
		rc = run_listing(t, session, true, err);
	}
	const struct mms_request_counts *counts = &((struct mms_session_base *)session)->counts;
	t->out->requests = counts->requests;
	t->out->retries = counts->retries;
	t->out->pages = counts->pages;
	provider->ops->close(session);
	return rc;
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
			 .wait_until_ms =
				 why->code == MMS_E_WAIT ? why->retry_at_ms : MMS_NO_TIME },
	};

	mms_str_addf(&text, "%s%s%s", mms_err_text(why), hint[0] != '\0' ? "\n" : "", hint);
	f.error_text = text.state == MMS_OK ? mms_str_get(&text) : mms_rc_name(why->code);
	mms_changes_clear(&t->pending);
	/* When even this cannot be written, the lease frees itself and the next turn tells. */
	(void)!mms_apply(t, &f, &ignored);
}

/* A turn that was stopped: nothing is wrong with the calendar, its status is as it was. */
static void
end_stopped(struct mms_turn_state *t)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	const char *status = t->source->integration.status;

	if (t->worker->owner == NULL || t->lease.fence == 0 ||
	    mms_pool_lend(t->worker->env->pool, &lent, &ignored) != MMS_OK)
		return;
	if (status == NULL || strcmp(status, "In Progress") == 0)
		status = "Pending";
	(void)!mms_integrations_put_status(lent.db, &t->lease, t->stamp.integration, status,
					   &ignored);
	(void)!mms_lease_release(lent.db, &t->lease, &ignored);
}

static void
prepare(struct mms_turn_state *t)
{
	const struct mms_worker *w = t->worker;
	const struct mms_config *config = &w->env->site->config;
	const struct mms_columns *columns = w->env->columns;
	static const char table[] = "tabMM Calendar Event Sync";

	t->started_ms = mms_clock_now_ms(w->env->clock);
	mms_integration_window(&t->source->integration, t->started_ms, &t->from_ms, &t->to_ms);
	t->rules = (struct mms_row_rules){
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
	t->stamp = (struct mms_write_stamp){
		.integration = t->source->integration.name,
		.cursor_id = t->source->cursor.id,
		.user = config->sync_user,
		.site_us = mms_zone_to_wall(w->site_zone, t->started_ms),
		.now_ms = t->started_ms,
	};
}

void
mms_turn_run(struct mms_worker *worker, struct mms_source *source, struct mms_turn *out)
{
	struct mms_turn_state t __attribute__((cleanup(
		turn_state_release))) = { .worker = worker, .source = source, .out = out };
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_provider *provider = mms_provider_find(source->integration.type);
	int64_t started_mono_ms = mms_clock_mono_ms();

	out->mode = "full";
	if (provider == NULL || provider->ops == NULL) {
		out->status = "skipped";
		mms_fail(&out->err, MMS_E_CONFIG,
			 "'%s' is not a kind of calendar that this version syncs",
			 source->integration.type != NULL ? source->integration.type : "");
		return;
	}
	prepare(&t);
	mms_rc rc = begin_turn(&t, &err);
	if (rc == MMS_E_HELD) {
		out->status = "skipped";
		mms_err_move(&out->err, &err);
		return;
	}
	if (rc == MMS_OK)
		rc = run_session(&t, provider, &err);
	if (mms_fault_is_sabotaged(MMS_SABOTAGE_ALL_WELL))
		rc = MMS_OK;
	out->duration_ms = mms_clock_mono_ms() - started_mono_ms;
	out->status = rc == MMS_OK && out->err.code == MMS_OK ? "success" : "failed";
	if (rc == MMS_OK)
		return;
	mms_err_move(&out->err, &err);
	if (rc == MMS_E_HELD && t.lease.batch_no == 0)
		out->status = "skipped"; /* lost before anything was written: as if never had */
	if (rc == MMS_E_STOPPED)
		end_stopped(&t);
	else if (rc != MMS_E_HELD && t.lease.fence != 0)
		end_badly(&t, &out->err);
}
