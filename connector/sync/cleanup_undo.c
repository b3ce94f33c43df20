/* cleanup --undo: what a run removed comes back, the last transaction first (see mmsync/cleanup.h). */
#include <string.h>

#include "cleaning.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"

void
mms_undo_report_release(struct mms_undo_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->n_refused; i++)
		mms_free(report->refused[i].key);
	mms_free(report->refused);
	mms_cleaning_skipped_release(report->skipped, report->n_skipped);
	*report = (struct mms_undo_report){ 0 };
}

struct undo {
	struct mms_cleaning c;
	struct mms_undo_report *report;
	const unsigned char *run;
	int64_t n_all, n_looked;
};

static void
undo_release(struct undo *u)
{
	mms_cleaning_release(&u->c);
}

/* One batch. */
struct step {
	struct undo *u;
	const struct mms_removed_batch *batch;
	size_t n_refused; /* before it */
	int64_t n;
};

static void
drop_refused(struct mms_undo_report *report, size_t keep)
{
	while (report->n_refused > keep)
		mms_free(report->refused[--report->n_refused].key);
}

static mms_rc
refuse(void *aux, enum mms_removed_table table, const char *key, struct mms_err *err)
{
	struct mms_undo_report *report = ((struct step *)aux)->u->report;
	struct mms_undo_refused *moved = mms_grow(report->refused, report->n_refused,
						  &report->cap_refused, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	report->refused = moved;
	moved[report->n_refused] =
		(struct mms_undo_refused){ .table = table, .key = mms_text_copy(key) };
	if (moved[report->n_refused].key == NULL)
		return mms_fail_nomem(err);
	report->n_refused++;
	return MMS_OK;
}

static mms_rc
put_body(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct step *s = aux;

	drop_refused(s->u->report, s->n_refused); /* of an earlier try */
	return mms_removed_put_back(tx, s->u->run, s->batch, s->u->c.o.now_ms, refuse, s, &s->n,
				    err);
}

static mms_rc
work(void *aux, struct mms_lease *lease, struct mms_err *err)
{
	struct step *s = aux;

	mms_fault_step();
	mms_rc rc = mms_cleaning_tx(&s->u->c, lease, put_body, s, err);
	if (rc == MMS_OK)
		s->u->report->n_put_back += s->n;
	return rc;
}

static void
tell(struct undo *u, int64_t n)
{
	const struct mms_cleanup_options *options = u->c.options;

	u->n_looked += n;
	if (options->on_progress != NULL)
		options->on_progress(options->aux, u->n_looked, u->n_all);
}

static mms_rc
put_batch(struct undo *u, const struct mms_removed_batch *batch, struct mms_err *err)
{
	struct mms_undo_report *report = u->report;
	struct step s = { .u = u, .batch = batch, .n_refused = report->n_refused };
	bool is_held = false;

	mms_rc rc = mms_cleaning_visit(&u->c, batch->cursor_id, work, &s, &is_held, err);
	if (is_held) {
		MMS_AUTO(mms_err) why = { 0 };
		drop_refused(report, s.n_refused);
		mms_err_move(&why, err);
		rc = mms_cleaning_skip(&u->c, batch->cursor_id, &report->skipped,
				       &report->n_skipped, &report->cap_skipped, &why, err);
	}
	if (rc == MMS_OK)
		tell(u, batch->n);
	return rc;
}

static mms_rc
unknown(struct mms_db *db, const unsigned char run[16], struct mms_err *err)
{
	MMS_AUTO(mms_removed_runs) runs = { 0 };
	char text[MMS_UUID_TEXT], newest[MMS_UUID_TEXT];

	mms_rc rc = mms_removed_runs_find(db, INT64_MAX, &runs, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < runs.n; i++) {
		if (memcmp(runs.items[i].run, run, 16) == 0)
			return MMS_OK; /* all of it is back */
	}
	mms_fail(err, MMS_E_USAGE, "there is no cleanup %s whose rows are kept",
		 mms_uuid_print(run, text));
	if (runs.n == 0)
		return mms_hint(err, "nothing was removed, or all of it has passed its "
				     "retention");
	return mms_hint(err, "the last one was %s; mmsync cleanup --list has all",
			mms_uuid_print(runs.items[0].run, newest));
}

mms_rc
mms_cleanup_undo(const struct mms_sync_env *env, const struct mms_cleanup_options *options,
		 const unsigned char run[16], struct mms_undo_report *report,
		 struct mms_err *err)
{
	struct undo u __attribute__((cleanup(undo_release))) = { .report = report, .run = run };
	MMS_AUTO(mms_removed_batches) batches = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	*report = (struct mms_undo_report){ 0 };
	u.c.works_on_gone = true;
	mms_rc rc = mms_cleaning_begin(&u.c, env, options, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_removed_batches_find(lent.db, run, &batches, err);
	if (rc == MMS_OK && batches.n == 0)
		rc = unknown(lent.db, run, err);
	mms_lent_release(&lent);
	for (size_t i = 0; i < batches.n; i++)
		u.n_all += batches.items[i].n;
	for (size_t i = 0; rc == MMS_OK && i < batches.n; i++)
		rc = put_batch(&u, &batches.items[i], err);
	if (rc == MMS_OK && report->n_skipped > 0 && report->n_put_back == 0) {
		mms_fail(err, MMS_E_HELD, "another run is at work in these calendars");
		return mms_hint(err, "nothing was put back; try again in a minute");
	}
	return rc;
}
