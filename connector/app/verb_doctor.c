/* doctor: everything that could be wrong with a site's set-up, all at once, each with its remedy. */
#include "mmsync/doctor.h"
#include "mmsync/schema.h"
#include "mmsync/survey.h"
#include "verbs.h"

const struct mms_opt mms_doctor_opts[] = {
	{ "offline", MMS_OPT_FLAG, NULL, "ask no calendar server, only this machine and site" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_doctor_more[] =
	"Looks at site_config.json, the database, mmsync's tables, what it has brought to "
	"Frappe's, and at settings of Frappe that get in its way; and asks each server of the "
	"active integrations' calendars for its front page: is it there, is its certificate "
	"good, does its clock agree. It asks at most 50 of them, all at once, for 25 seconds "
	"at most; feeds are not fetched. Changes nothing.\n"
	"Each problem is listed with the command that mends it; notes are worth knowing and no "
	"fault. --quiet lists problems only. Whether calendars are read in time is no matter "
	"of doctor: that is told by health.\n"
	"  mmsync --site ~/frappe-bench/sites/erp.example.com doctor\n"
	"  mmsync --quiet doctor --offline\n"
	"Exit status: 0 nothing needs a person; 1 something does; 2 no site was named; 3 the "
	"configuration is wrong; 4 the database cannot be used; 6 interrupted.";

static mms_rc
look_at_authorities(const struct mms_app *app, struct mms_findings *found, struct mms_err *err)
{
	MMS_AUTO(mms_authorities) authorities = { 0 };
	mms_rc rc = mms_authorities_load(app->site.config.http_ca_file, mms_clock_now_ms(NULL),
					 &authorities, err);

	return rc == MMS_OK ? mms_survey_judge_authorities(&authorities, found, err) : rc;
}

static void
on_answer(void *aux, size_t n_done, size_t n_all)
{
	struct mms_progress *p = aux;

	p->total = (int64_t)n_all;
	mms_progress_to(p, (int64_t)n_done);
}

static mms_rc
ask_servers(struct mms_app *app, const struct mms_calendar_groups *groups,
	    struct mms_findings *found, struct mms_err *err)
{
	MMS_AUTO(mms_survey) survey = { 0 };
	struct mms_progress progress;
	const struct mms_config *config = &app->site.config;

	mms_rc rc = mms_survey_plan(config, groups, &survey, found, err);
	if (rc != MMS_OK)
		return rc;
	mms_progress_start(&progress, app, "servers", (int64_t)survey.n);
	rc = mms_survey_run(&survey, config, mms_app_stop_flag(), on_answer, &progress, err);
	mms_progress_end(&progress);
	return rc == MMS_OK ? mms_survey_judge(&survey, mms_clock_now_ms(NULL), found, err)
			    : rc;
}

static mms_rc
look_at_calendars(struct mms_app *app, struct mms_db *db, struct mms_findings *found,
		  struct mms_err *err)
{
	MMS_AUTO(mms_calendar_groups) groups = { 0 };
	MMS_AUTO(mms_err) failure = { 0 };

	mms_rc rc = mms_doctor_load_calendars(db, &groups, &failure);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc != MMS_OK)
		return mms_findings_add_err(found, MMS_FINDING_PROBLEM, "calendars", &failure,
					    err);
	rc = mms_survey_judge_calendars(&groups, &app->site.config, found, err);
	if (rc != MMS_OK)
		return rc;
	if (!mms_app_flag(app, "offline"))
		return ask_servers(app, &groups, found, err);
	return mms_findings_add(found, MMS_FINDING_NOTE, "servers",
				"are not asked: --offline was given", NULL, err);
}

/* Without mmsync's tables there is nothing to say: doctor has told of them. */
static mms_rc
load_sources(struct mms_db *db, struct mms_columns **columns, struct mms_sources *sources,
	     struct mms_err *err)
{
	mms_rc rc = mms_schema_require(db, err);

	if (rc == MMS_OK)
		rc = mms_columns_load(db, columns, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(db, sources, err);
	if (rc != MMS_OK)
		return rc;
	mms_db_use_columns(db, mms_columns_has_port, *columns);
	rc = mms_sources_load_choices(db, sources, err);
	mms_db_use_columns(db, NULL, NULL);
	return rc;
}

static mms_rc
look_at_blocks(struct mms_app *app, struct mms_db *db, struct mms_findings *found,
	       struct mms_err *err)
{
	MMS_AUTO(mms_sources) sources = { 0 };
	MMS_AUTO(mms_err) failure = { 0 };
	struct mms_columns *columns = NULL;

	mms_rc rc = load_sources(db, &columns, &sources, &failure);
	mms_columns_free(columns);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc != MMS_OK)
		return MMS_OK;
	return mms_survey_judge_blocks(&sources, &app->site.config, found, err);
}

static mms_rc
look_at_database(struct mms_app *app, struct mms_findings *found, struct mms_err *err)
{
	MMS_AUTO(mms_err) failure = { 0 };
	struct mms_db *db = NULL;
	mms_rc rc = mms_db_open(&db, &app->site.db, &failure);

	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc != MMS_OK) {
		if (app->exit_status == 0)
			app->exit_status = mms_rc_exit_status(MMS_E_DB);
		return mms_findings_add_err(found, MMS_FINDING_PROBLEM, "database", &failure,
					    err);
	}
	rc = mms_doctor_look(db, &app->site, found, err);
	if (rc == MMS_OK)
		rc = look_at_blocks(app, db, found, err);
	if (rc == MMS_OK)
		rc = look_at_calendars(app, db, found, err);
	mms_db_close(db);
	return rc;
}

/* Reads what it can; the exit status names the gravest thing. */
static mms_rc
examine(struct mms_app *app, struct mms_findings *found, struct mms_err *err)
{
	const char *dir = mms_app_site_dir(app);

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
	if (rc == MMS_OK)
		rc = look_at_authorities(app, found, err);
	if (rc != MMS_OK || app->site.db.database == NULL)
		return rc;
	return look_at_database(app, found, err);
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
