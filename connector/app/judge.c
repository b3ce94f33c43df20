/* What validate and audit share (judge.h). */
#include "judge.h"

#include <string.h>

#include "mmsync/near.h"
#include "mmsync/utf8.h"

/* A server that sorts a large table answers late, and that is no fault of it. */
#define PATIENCE_MS INT64_C(600000)

static mms_rc
read_site(struct mms_app *app, struct mms_bench *bench, struct mms_err *err)
{
	mms_rc rc = mms_columns_load(bench->rows, &app->columns, err);

	if (rc != MMS_OK)
		return rc;
	mms_db_use_columns(bench->rows, mms_columns_has_port, app->columns);
	rc = mms_settings_load(bench->rows, &app->settings, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_settings_check_zone(&app->settings, &app->site.config, err);
	if (rc != MMS_OK && rc != MMS_E_CONFIG)
		return rc;
	if (rc == MMS_E_CONFIG) {
		mms_app_note(app, "warning: %s\n  hint: %s", mms_err_text(err),
			     mms_err_hint(err));
		mms_err_release(err);
	}
	return mms_settings_to_wall(&app->settings, mms_clock_now_ms(&app->clock),
				    &bench->now_us, err);
}

mms_rc
mms_bench_open(struct mms_app *app, bool needs_two, struct mms_bench *out, struct mms_err *err)
{
	out->settings = app->site.db;
	out->settings.timeout_ms = PATIENCE_MS;
	mms_rc rc = mms_db_open(&out->rows, &out->settings, err);

	if (rc == MMS_OK)
		rc = read_site(app, out, err);
	if (rc == MMS_OK && needs_two)
		rc = mms_db_open(&out->lookups, &out->settings, err);
	if (rc == MMS_OK && needs_two)
		mms_db_use_columns(out->lookups, mms_columns_has_port, app->columns);
	return rc;
}

void
mms_bench_release(struct mms_bench *bench)
{
	if (bench == NULL)
		return;
	mms_db_close(bench->rows);
	mms_db_close(bench->lookups);
	*bench = (struct mms_bench){ 0 };
}

mms_rc
mms_judge_doctype(const char *name, enum mms_doctype_id *out, struct mms_err *err)
{
	const char *best = NULL;
	size_t best_distance = 99;

	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		const char *known = mms_doctype_get((enum mms_doctype_id)d)->name;
		if (strcmp(name, known) == 0) {
			*out = (enum mms_doctype_id)d;
			return MMS_OK;
		}
		/* People leave "MM " out, or write one word of it. */
		size_t near = mms_near_distance(name, known);
		size_t nearer = mms_near_distance(name, known + strlen("MM "));
		if (nearer < near)
			near = nearer;
		if (near < best_distance) {
			best = known;
			best_distance = near;
		}
	}
	mms_fail(err, MMS_E_USAGE, "--doctype '%s' is none that mmsync judges", name);
	if (best != NULL && best_distance <= strlen(best) / 2)
		return mms_hint(err, "did you mean '%s'?", best);
	return mms_hint(err, "one of: %s, %s, %s", mms_doctype_get(MMS_DT_INTEGRATION)->name,
			mms_doctype_get(MMS_DT_EVENT)->name,
			mms_doctype_get(MMS_DT_BOOKING)->name);
}

mms_rc
mms_judge_fail_on(const struct mms_app *app, bool *out_on_warning, struct mms_err *err)
{
	const char *text = mms_app_text(app, "fail-on");

	*out_on_warning = text != NULL && strcmp(text, "warning") == 0;
	if (text == NULL || *out_on_warning || strcmp(text, "error") == 0)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "--fail-on '%s' is not known", text);
	return mms_hint(err, "one of: error, warning");
}
