/* cleanup: rule by rule, calendar by calendar, a thousand rows at a time (see the header). */
#include "mmsync/cleanup.h"

#include <string.h>

#include "cleaning.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"

/* Keys that are known at a time, and rows in one transaction. */
#define KEYS_MAX INT64_C(10000)
#define ROWS_MAX ((size_t)1000)
/* Days between the end of a calendar's window and the last event that may go: zones, and the window's near edge. */
#define EDGE_DAYS 2

void
mms_cleanup_report_release(struct mms_cleanup_report *report)
{
	if (report == NULL)
		return;
	mms_cleaning_skipped_release(report->skipped, report->n_skipped);
	*report = (struct mms_cleanup_report){ 0 };
}

/* One run. */
struct cleanup {
	struct mms_cleaning c;
	struct mms_cleanup_report *report;
	struct mms_cuts cuts;
	int64_t n_batches, n_done;
};

static void
cleanup_release(struct cleanup *u)
{
	mms_cleaning_release(&u->c);
}

/* ---- how old is old enough ----------------------------------------------------------------- */

/* The calendar that reads furthest back; NULL: there are none. */
static const struct mms_integration *
find_furthest(const struct mms_sources *sources)
{
	const struct mms_integration *found = NULL;

	for (size_t i = 0; i < sources->n; i++) {
		const struct mms_integration *in = &sources->items[i].integration;
		if (found == NULL || in->past_days > found->past_days)
			found = in;
	}
	return found;
}

static mms_rc
check_days(int64_t days, const struct mms_integration *furthest, int64_t least,
	   struct mms_err *err)
{
	if (days < MMS_CLEANUP_LEAST_DAYS) {
		mms_fail(err, MMS_E_USAGE,
			 "--older-than %lld: nothing is removed that is younger than %d days",
			 (long long)days, MMS_CLEANUP_LEAST_DAYS);
		return mms_hint(err, "people still look at it, and syncs may need it");
	}
	if (days >= least || furthest == NULL)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE,
		 "--older-than %lld: integration %s reads %lld days back, and what was removed "
		 "would come back",
		 (long long)days, furthest->name, (long long)furthest->past_days);
	return mms_hint(err, "give at least --older-than %lld, or lower its Sync Past Days",
			(long long)least);
}

static mms_rc
make_cuts(struct cleanup *u, struct mms_err *err)
{
	const struct mms_worker *w = &u->c.worker;
	const struct mms_integration *furthest = find_furthest(&u->c.sources);
	int64_t days = u->c.options->older_than_days, now_ms = u->c.o.now_ms;
	int64_t least = (furthest != NULL ? furthest->past_days : 0) + EDGE_DAYS;

	mms_rc rc = days > 0 ? check_days(days, furthest, least, err) : MMS_OK;
	if (rc != MMS_OK)
		return rc;
	if (days == 0)
		days = w->env->site->config.retention_days;
	if (days < MMS_CLEANUP_LEAST_DAYS)
		days = MMS_CLEANUP_LEAST_DAYS;
	int64_t window_ms = now_ms - (days > least ? days : least) * MMS_DAY_MS;
	u->cuts = (struct mms_cuts){
		.cut_ms = now_ms - days * MMS_DAY_MS,
		.site_cut_us = mms_zone_to_wall(w->site_zone, now_ms - days * MMS_DAY_MS),
		.window_cut_ms = window_ms,
		.event_cut_us = mms_zone_to_wall(w->event_zone, window_ms),
		.gone_cut_ms = now_ms - MMS_CLEANUP_GONE_DAYS * MMS_DAY_MS,
		.now_ms = now_ms,
	};
	u->report->days = days;
	return MMS_OK;
}

/* ---- what there is ------------------------------------------------------------------------- */

static mms_rc
count(struct cleanup *u, enum mms_cleanup_rule rule, struct mms_cleanup_counts *out,
      struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(u->c.worker.env->pool, &lent, err);
	return rc == MMS_OK ? mms_cleanup_count(lent.db, rule, &u->cuts, out, err) : rc;
}

static mms_rc
count_all(struct cleanup *u, struct mms_err *err)
{
	struct mms_cleanup_report *report = u->report;
	MMS_AUTO(mms_lent) lent = { 0 };
	mms_rc rc = MMS_OK;

	for (unsigned i = 0; rc == MMS_OK && i < MMS_CLEANUP_RULE_COUNT; i++) {
		MMS_AUTO(mms_cleanup_counts) counts = { 0 };
		rc = count(u, (enum mms_cleanup_rule)i, &counts, err);
		for (size_t k = 0; k < counts.n; k++)
			report->found[i] += counts.items[k].n;
		report->n_found += report->found[i];
	}
	if (rc == MMS_OK)
		rc = mms_pool_lend(u->c.worker.env->pool, &lent, err);
	return rc == MMS_OK
		       ? mms_removed_count_old(lent.db, u->cuts.cut_ms, &report->n_old, err)
		       : rc;
}

/* ---- removing ------------------------------------------------------------------------------ */

/* One rule in one calendar. */
struct visit {
	struct cleanup *u;
	enum mms_cleanup_rule rule;
	uint64_t cursor_id;
};

static mms_rc
remove_body(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	return mms_cleanup_remove(tx, aux, err);
}

static void
tell(struct cleanup *u, const struct mms_cleanup_batch *batch)
{
	const struct mms_cleanup_options *options = u->c.options;

	for (size_t i = 0; i < MMS_COUNT(batch->removed); i++)
		u->n_done += batch->removed[i];
	if (options->on_progress != NULL)
		options->on_progress(options->aux, u->n_done,
				     u->n_done > u->report->n_found ? u->n_done
								    : u->report->n_found);
}

static mms_rc
remove_keys(const struct visit *v, struct mms_lease *lease, const struct mms_cleanup_keys *keys,
	    struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t at = 0; rc == MMS_OK && at < keys->n; at += ROWS_MAX) {
		struct mms_cleanup_batch batch = {
			.rule = v->rule,
			.cuts = &v->u->cuts,
			.run = v->u->report->run,
			.number = ++v->u->n_batches,
			.cursor_id = v->cursor_id,
			.keys = keys->items + at,
			.n = keys->n - at < ROWS_MAX ? keys->n - at : ROWS_MAX,
		};

		mms_fault_step();
		rc = mms_cleaning_tx(&v->u->c, lease, remove_body, &batch, err);
		if (rc == MMS_OK)
			tell(v->u, &batch);
	}
	return rc;
}

static mms_rc
find_keys(const struct visit *v, const char *after, struct mms_cleanup_keys *out,
	  struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(v->u->c.worker.env->pool, &lent, err);
	return rc == MMS_OK ? mms_cleanup_keys_find(lent.db, v->rule, &v->u->cuts, v->cursor_id,
						    after, KEYS_MAX, out, err)
			    : rc;
}

/* What is refused under its lock stays behind the last key. */
static mms_rc
work(void *aux, struct mms_lease *lease, struct mms_err *err)
{
	const struct visit *v = aux;
	MMS_AUTO(mms_cleanup_keys) last = { 0 };
	bool is_more = true;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && is_more) {
		MMS_AUTO(mms_cleanup_keys) keys = { 0 };
		rc = find_keys(v, last.n > 0 ? last.items[last.n - 1] : "", &keys, err);
		is_more = rc == MMS_OK && (int64_t)keys.n == KEYS_MAX;
		if (rc == MMS_OK)
			rc = remove_keys(v, lease, &keys, err);
		mms_cleanup_keys_release(&last);
		last = keys;
		keys = (struct mms_cleanup_keys){ 0 };
	}
	return rc;
}

static mms_rc
apply_rule(struct cleanup *u, enum mms_cleanup_rule rule, struct mms_err *err)
{
	MMS_AUTO(mms_cleanup_counts) counts = { 0 };
	struct mms_cleanup_report *report = u->report;

	mms_rc rc = count(u, rule, &counts, err);
	for (size_t i = 0; rc == MMS_OK && i < counts.n; i++) {
		struct visit v = { .u = u,
				   .rule = rule,
				   .cursor_id = counts.items[i].cursor_id };
		bool is_held = false;

		rc = mms_cleaning_visit(&u->c, v.cursor_id, work, &v, &is_held, err);
		if (is_held) {
			MMS_AUTO(mms_err) why = { 0 };
			mms_err_move(&why, err);
			rc = mms_cleaning_skip(&u->c, v.cursor_id, &report->skipped,
					       &report->n_skipped, &report->cap_skipped, &why,
					       err);
		}
	}
	return rc;
}

/* ---- the log itself ------------------------------------------------------------------------ */

struct forgetting {
	int64_t before_ms, n;
};

static mms_rc
forget_body(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct forgetting *f = aux;

	return mms_removed_forget(tx, f->before_ms, (int64_t)ROWS_MAX, &f->n, err);
}

static mms_rc
forget(struct cleanup *u, struct mms_err *err)
{
	struct forgetting f = { .before_ms = u->cuts.cut_ms, .n = (int64_t)ROWS_MAX };
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && u->report->n_old > 0 && f.n == (int64_t)ROWS_MAX) {
		mms_fault_step();
		rc = mms_cleaning_tx(&u->c, NULL, forget_body, &f, err);
		u->report->n_forgotten += rc == MMS_OK ? f.n : 0;
	}
	return rc;
}

/* What went, as the log has it: also what a commit did whose answer was lost. */
static mms_rc
tally(struct cleanup *u, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_cleanup_report *report = u->report;

	mms_rc rc = mms_pool_lend(u->c.worker.env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_removed_tally(lent.db, report->run, report->removed, report->tables,
				       err);
	report->n_removed = 0;
	for (size_t i = 0; i < MMS_COUNT(report->removed); i++)
		report->n_removed += report->removed[i];
	return rc;
}

static mms_rc
remove_all(struct cleanup *u, struct mms_err *err)
{
	MMS_AUTO(mms_err) own = { 0 };
	mms_rc rc = MMS_OK;

	for (unsigned i = 0; rc == MMS_OK && i < MMS_CLEANUP_RULE_COUNT; i++)
		rc = apply_rule(u, (enum mms_cleanup_rule)i, err);
	if (rc == MMS_OK)
		rc = forget(u, err);
	mms_rc told = u->n_batches > 0 ? tally(u, &own) : MMS_OK;
	if (rc == MMS_OK && told != MMS_OK) {
		mms_err_move(err, &own);
		return told;
	}
	if (rc == MMS_OK && u->report->n_skipped > 0 && u->report->n_removed == 0 &&
	    u->report->n_forgotten == 0) {
		mms_fail(err, MMS_E_HELD, "another run is at work in these calendars");
		return mms_hint(err, "nothing was done here; try again in a minute");
	}
	return rc;
}

mms_rc
mms_cleanup_run(const struct mms_sync_env *env, const struct mms_cleanup_options *options,
		struct mms_cleanup_report *report, struct mms_err *err)
{
	struct cleanup u __attribute__((cleanup(cleanup_release))) = { .report = report };

	*report = (struct mms_cleanup_report){ .is_dry = options->is_dry };
	mms_rc rc = mms_cleaning_begin(&u.c, env, options, err);
	if (rc == MMS_OK)
		rc = make_cuts(&u, err);
	memcpy(report->run, u.c.worker.run, sizeof report->run);
	if (rc == MMS_OK)
		rc = count_all(&u, err);
	return rc == MMS_OK && !options->is_dry ? remove_all(&u, err) : rc;
}
