/*
 * Busy blocks of an older generation are taken over (see the header). The mark is put on the event first, then all that
 * is known of it changes in one transaction. Stopped between the two it is still known as its person's, and no source
 * of blocks; the mark is the same the next time, for its UUID follows from the state that it has now.
 */
#include "mmsync/migrate.h"

#include <string.h>

#include "block_job.h"
#include "block_plan.h"
#include "errand.h"
#include "lease_tx.h"
#include "migrate_parts.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "session.h"

static void
migration_release(struct mms_migration *m)
{
	for (size_t i = 0; i < m->n_sures; i++)
		mms_old_source_release(&m->sures[i].of);
	mms_free(m->sures);
	mms_old_blocks_release(&m->old);
	mms_outward_kit_release(&m->kit);
}

void
mms_migrate_report_release(struct mms_migrate_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->n; i++) {
		struct mms_migrated *m = &report->items[i];
		mms_free(m->integration);
		mms_free(m->event);
		mms_free(m->external_id);
		mms_free(m->source_integration);
		mms_free(m->source_event);
		mms_err_release(&m->err);
	}
	mms_free(report->items);
	*report = (struct mms_migrate_report){ 0 };
}

bool
mms_migrate_is_end(mms_rc rc)
{
	return rc == MMS_E_STOPPED || rc == MMS_E_NOMEM || rc == MMS_E_DB || rc == MMS_E_BUG ||
	       rc == MMS_E_HELD;
}

void
mms_migrate_fail(struct mms_migrated *item, const struct mms_err *why)
{
	item->action = "failed";
	item->err.code = why->code;
	mms_str_add(&item->err.text, mms_err_text(why));
	mms_str_add(&item->err.hint, mms_err_hint(why));
}

/* ---- taking over --------------------------------------------------------------------------- */

/* One calendar's. */
struct visit {
	struct mms_migration *m;
	struct mms_source *source;
	const struct mms_provider *provider;
	struct mms_session *session;
	struct mms_lease lease;
	struct mms_migrate_sure *sures;
	size_t n;
};

static void
fail_item(struct mms_migration *m, const struct mms_migrate_sure *sure, struct mms_err *why)
{
	struct mms_migrated *item = &m->report->items[sure->item];

	item->action = "failed";
	mms_err_release(&item->err);
	mms_err_move(&item->err, why);
}

static mms_rc
write_one(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct mms_old_block_end *end = aux;

	return mms_old_block_take(tx, end, end->block->created_at_ms, err);
}

/* What is known of it from now on: it says what the service shows. */
static mms_rc
settle(struct visit *v, const struct mms_migrate_sure *sure, const struct mms_event *event,
       struct mms_err *err)
{
	struct mms_worker *w = &v->m->kit.worker;
	const struct mms_outward *o = &v->m->kit.o;
	/* Texts are others': it is never released. */
	struct mms_block b = { .cursor_id = v->source->cursor.id,
			       .source_id = sure->of_cursor,
			       .start_ms = event->start_ms,
			       .end_ms = event->end_ms,
			       .title = event->title != NULL ? event->title : (char[]){ "" },
			       .external_id = sure->old->external_id,
			       .version = event->version,
			       .created_at_ms = o->now_ms,
			       .ical_uid = event->ical_uid,
			       .calendar_id = v->source->integration.calendar_id };
	struct mms_old_block_end end = {
		.old = sure->old,
		.block = &b,
		.print = w->run,
		.by = w->env->site->config.sync_user,
		.site_us = mms_zone_to_wall(w->site_zone, o->now_ms),
	};
	char provider[16] = "";

	(void)strncat(provider, v->provider->name, sizeof provider - 1);
	b.provider = provider;
	memcpy(b.uuid, sure->uuid, sizeof b.uuid);
	memcpy(b.key, sure->old->key, sizeof b.key);
	memcpy(b.source_uuid, sure->of.uuid, sizeof b.source_uuid);
	mms_rc rc = mms_block_print(&w->digest, b.start_ms, b.end_ms, b.title, b.print, err);
	if (rc == MMS_OK)
		rc = mms_block_seen_print(&w->digest, event, b.outside_print, err);
	return rc == MMS_OK ? mms_lease_tx_run(w, &v->lease, write_one, &end, err) : rc;
}

static mms_rc
finish(struct visit *v, const struct mms_migrate_sure *sure, struct mms_write_result *result,
       struct mms_err *err)
{
	const struct mms_event *event = &result->event;

	if (result->err.code == MMS_OK &&
	    (event->is_gone || event->is_series || event->start_ms == MMS_NO_TIME ||
	     event->end_ms == MMS_NO_TIME))
		mms_fail(&result->err, MMS_E_ITEM, "the service does not show it as an event");
	if (result->err.code != MMS_OK) {
		fail_item(v->m, sure, &result->err);
		return MMS_OK;
	}
	mms_rc rc = settle(v, sure, event, err);
	if (rc == MMS_OK) {
		v->m->report->items[sure->item].action = "migrated";
		v->m->n_done++;
	} else if (!mms_migrate_is_end(rc)) {
		fail_item(v->m, sure, err);
		rc = MMS_OK;
	}
	return rc;
}

static mms_rc
mark_some(struct visit *v, const struct mms_migrate_sure *sures, size_t n, struct mms_err *err)
{
	struct mms_write *writes = mms_alloc((n + 1) * sizeof *writes);
	struct mms_write_result *results = mms_alloc((n + 1) * sizeof *results);

	mms_rc rc = writes == NULL || results == NULL
			    ? mms_fail_nomem(err)
			    : mms_lease_tx_run(&v->m->kit.worker, &v->lease, NULL, NULL, err);
	bool is_ready = rc == MMS_OK;
	for (size_t i = 0; is_ready && i < n; i++) {
		/* Private at once; what it says is the next sync's. */
		writes[i] = (struct mms_write){ .kind = MMS_WRITE_CHANGE,
						.external_id = sures[i].old->external_id,
						.fields = MMS_FIELD_MARK,
						.is_busy_block = true };
		struct mms_mark *mark = &writes[i].mark;
		mark->kind = MMS_MARK_BUSY_BLOCK;
		mark->has_source = true;
		memcpy(mark->id, sures[i].uuid, sizeof mark->id);
		memcpy(mark->source, sures[i].of.uuid, sizeof mark->source);
		memcpy(mark->site, v->m->kit.o.site_uuid, sizeof mark->site);
	}
	if (is_ready) {
		mms_fault_step();
		rc = v->provider->ops->put(v->session, writes, n, results, err);
		mms_fault_step();
	}
	for (size_t i = 0; is_ready && i < n; i++) {
		MMS_AUTO(mms_err) own = { 0 };
		mms_rc one = rc == MMS_OK || results[i].err.code == MMS_OK
				     ? finish(v, &sures[i], &results[i], &own)
				     : MMS_OK;
		if (rc == MMS_OK && one != MMS_OK) {
			mms_err_move(err, &own);
			rc = one;
		}
		mms_write_result_release(&results[i]);
	}
	mms_free(results);
	mms_free(writes);
	return rc;
}

static mms_rc
work(struct visit *v, struct mms_err *err)
{
	struct mms_open_session open = { 0 };
	size_t max = v->provider->batch_max;

	mms_rc rc = mms_session_open(&v->m->kit.worker, v->source, &v->lease, &open, err);
	if (rc != MMS_OK)
		return rc;
	v->session = open.session;
	for (size_t i = 0; rc == MMS_OK && i < v->n; i += max)
		rc = mark_some(v, v->sures + i, v->n - i < max ? v->n - i : max, err);
	mms_session_close(&open);
	return rc;
}

/* Those that were not tried failed for the calendar's reason. */
static void
fail_rest(struct visit *v, const struct mms_err *why)
{
	for (size_t i = 0; i < v->n; i++) {
		struct mms_migrated *item = &v->m->report->items[v->sures[i].item];
		if (strcmp(item->action, "planned") != 0)
			continue;
		mms_migrate_fail(item, why);
	}
}

static mms_rc
visit_calendar(struct visit *v, struct mms_err *err)
{
	const struct mms_outward *o = &v->m->kit.o;
	MMS_AUTO(mms_err) own = { 0 };

	mms_rc rc = mms_errand_claim(o, v->source, &v->lease, err);
	if (rc == MMS_OK) {
		rc = work(v, err);
		mms_rc given =
			rc == MMS_E_HELD ? MMS_OK : mms_errand_leave(o, &v->lease, err, &own);
		if (rc == MMS_OK && given != MMS_OK) {
			mms_err_move(err, &own);
			rc = given;
		}
	}
	if (rc == MMS_OK)
		return rc;
	if (rc == MMS_E_HELD)
		v->m->n_held++;
	fail_rest(v, err);
	if (mms_migrate_is_end(rc) && rc != MMS_E_HELD)
		return rc;
	mms_err_release(err);
	return MMS_OK;
}

static mms_rc
take_over(struct mms_migration *m, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0, n; rc == MMS_OK && i < m->n_sures; i += n) {
		struct visit v = { .m = m,
				   .source = m->sures[i].source,
				   .sures = m->sures + i };

		for (n = 1; i + n < m->n_sures && m->sures[i + n].source == v.source; n++)
			;
		v.n = n;
		v.provider = mms_provider_find(v.source->integration.type);
		rc = visit_calendar(&v, err);
	}
	if (rc == MMS_OK && m->n_held > 0 && m->n_done == 0) {
		mms_fail(err, MMS_E_HELD, "another run is at work in these calendars");
		return mms_hint(err, "nothing was done here; try again in a minute");
	}
	return rc;
}

mms_rc
mms_migrate_run(const struct mms_sync_env *env, const struct mms_migrate_options *options,
		struct mms_migrate_report *report, struct mms_err *err)
{
	struct mms_migration m
		__attribute__((cleanup(migration_release))) = { .options = options,
								.report = report };
	const struct mms_sync_options sync_options = {
		.integrations = &options->integration,
		.n_integrations = options->integration != NULL,
		.is_dry = options->is_dry,
		.deadline_mono_ms = options->deadline_mono_ms,
	};

	*report = (struct mms_migrate_report){ .is_dry = options->is_dry };
	mms_rc rc = mms_outward_kit_begin(&m.kit, env, &sync_options, err);
	if (rc == MMS_OK)
		rc = mms_outward_kit_connect(&m.kit, err);
	if (rc == MMS_OK)
		rc = mms_migrate_find(&m, err);
	return rc == MMS_OK && !options->is_dry ? take_over(&m, err) : rc;
}
