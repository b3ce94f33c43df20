/* doctor: everything that could be wrong with a site's set-up, all at once, each with its remedy. */
#include "mmsync/doctor.h"
#include "mmsync/schema.h"
#include "verbs.h"

const char mms_doctor_more[] =
	"Looks at site_config.json, the database, mmsync's tables, what it has brought to "
	"Frappe's, and at settings of Frappe that get in its way. Changes nothing. Each "
	"problem is listed with the command that mends it; notes are worth knowing and no "
	"fault. --quiet lists problems only.\n"
	"  mmsync --site ~/frappe-bench/sites/erp.example.com doctor\n"
	"Exit status: 0 nothing needs a person; 1 something does; 2 no site was named; 3 the "
	"configuration is wrong; 4 the database cannot be used.";

/* Reads what it can; the exit status names the gravest thing. */
static mms_rc
examine(struct mms_app *app, struct mms_findings *found, struct mms_err *err)
{
	MMS_AUTO(mms_err) failure = { 0 };
	const char *dir = mms_app_site_dir(app);
	struct mms_db *db = NULL;

	if (dir == NULL) {
		mms_fail(err, MMS_E_USAGE, "doctor needs a site");
		return mms_hint(err, "--site BENCH/sites/SITE, or set MMSYNC_SITE");
	}
	mms_rc rc = mms_site_load_all(dir, mms_app_env, NULL, &app->site, found, err);
	if (rc != MMS_OK)
		return rc;
	if (found->n > 0)
		app->exit_status = mms_rc_exit_status(MMS_E_CONFIG);
	else
		rc = mms_findings_add(found, MMS_FINDING_OK, "configuration",
				      "site_config.json and what it stands on are right", NULL,
				      err);
	if (rc == MMS_OK)
		rc = mms_doctor_look_at_settings(&app->site, found, err);
	if (rc != MMS_OK || app->site.db.database == NULL)
		return rc;
	rc = mms_db_open(&db, &app->site.db, &failure);
	if (rc == MMS_OK) {
		rc = mms_doctor_look(db, &app->site, found, err);
		mms_db_close(db);
		return rc;
	}
	if (app->exit_status == 0)
		app->exit_status = mms_rc_exit_status(MMS_E_DB);
	return mms_findings_add_err(found, MMS_FINDING_PROBLEM, "database", &failure, err);
}

mms_rc
mms_verb_doctor(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	mms_rc rc = examine(app, &found, err);

	if (rc != MMS_OK)
		return rc;
	size_t n_problems = mms_findings_count(&found, MMS_FINDING_PROBLEM);
	if (n_problems > 0 && app->exit_status == 0)
		app->exit_status = 1;
	if (!app->is_json) {
		app->is_verbose = true; /* what is right is worth reading here */
		rc = mms_app_print_findings(app, &found, err);
		if (rc != MMS_OK || app->is_quiet)
			return rc;
		printf("\n%zu problem%s, %zu note%s\n", n_problems, n_problems == 1 ? "" : "s",
		       mms_findings_count(&found, MMS_FINDING_NOTE),
		       mms_findings_count(&found, MMS_FINDING_NOTE) == 1 ? "" : "s");
		return rc;
	}
	rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_bool(&j, "ok", n_problems == 0);
	mms_json_put_i64(&j, "problems", (int64_t)n_problems);
	mms_app_json_findings(&j, &found);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}
