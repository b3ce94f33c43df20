/* mmsync repair: mend what audit's consistency rules find, then look again. */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/lookups.h"
#include "mmsync/mem.h"
#include "mmsync/repair.h"
#include "plain.h"
#include "plan_file.h"

const struct mms_opt mms_repair_opts[] = {
	{ "integration", MMS_OPT_TEXT, "NAME", "only what belongs to this integration" },
	{ "user", MMS_OPT_TEXT, "EMAIL", "only what belongs to this person" },
	{ "plan", MMS_OPT_TEXT, "FILE",
	  "do exactly this plan of audit --plan, or nothing (-: stdin)" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "say what would be done, write nothing" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_repair_more[] =
	"Looks for what does not agree, as audit does, and mends what can be mended: small "
	"changes of rows under the lease of their calendar; busy blocks are planned anew, "
	"calendars "
	"read in full, bookings pushed where that is what helps, in the same run. Then it "
	"looks again and says what is left, and why. Where nothing is wrong it writes "
	"nothing; killed anywhere, it goes on the next time.\n"
	"Rows that break a rule of their DocType are not touched: a person knows what they "
	"should say.\n"
	"--plan does what a person has read before: audit --plan FILE writes it, whole repairs "
	"may be taken out of it. Where a flaw of it is there no more, or another one now, "
	"nothing "
	"is done, and it says which. --dry-run tells the same of a plan.\n"
	"  mmsync repair --dry-run\n"
	"  mmsync repair --user ann@example.com\n"
	"  mmsync repair --plan repairs.json\n"
	"Exit status: 0 nothing is left that can be mended; 1 something is, or the plan does "
	"not "
	"fit any more; 2 usage, also an unknown name or the plan of another site; 3 "
	"configuration; "
	"4 the database cannot be used; 6 interrupted or out of time: what was mended stays "
	"so.";

/* ---- as JSON --------------------------------------------------------------------------------------- */

static void
put_err(struct mms_json *j, const struct mms_err *err)
{
	mms_plain_put_error(j, err);
}

static void
put_repair(struct mms_json *j, const struct mms_repair *r)
{
	mms_json_map(j);
	mms_json_put_text(j, "rule", mms_rule_name(r->rule));
	mms_json_put_text(j, "table", r->table);
	mms_json_put_text(j, "name", r->name);
	mms_json_put_text(j, "integration", r->integration);
	mms_json_put_text(j, "remedy", mms_remedy_name(r->mend.remedy));
	mms_json_put_text(j, "status", mms_repair_status_name(r->status));
	put_err(j, &r->err);
	mms_json_map_end(j);
}

/* As audit tells it, and why. */
static void
put_left(struct mms_json *j, const struct mms_repair *r)
{
	bool is_mendable = mms_repair_is_mendable(r);
	const char *doctype = strncmp(r->table, "MM ", 3) == 0 ? r->table : NULL;

	mms_json_map(j);
	mms_json_put_text(j, "doctype", doctype);
	mms_json_put_text(j, "table", doctype == NULL ? r->table : NULL);
	mms_json_put_text(j, "name", r->name);
	mms_json_put_text(j, "integration", r->integration);
	mms_json_put_text(j, "severity",
			  r->severity == MMS_SEVERITY_ERROR ? "error" : "warning");
	mms_json_put_text(j, "rule", mms_rule_name(r->rule));
	mms_json_put_text(j, "message", r->message);
	mms_json_put_text(j, "repair", is_mendable ? mms_remedy_help(r->mend.remedy) : NULL);
	mms_json_put_text(j, "remedy", is_mendable ? mms_remedy_name(r->mend.remedy) : NULL);
	put_err(j, &r->err);
	mms_json_map_end(j);
}

void
mms_app_json_repairs(struct mms_json *j, const struct mms_repairs *repairs)
{
	mms_json_key(j, "repairs");
	mms_json_array(j);
	for (size_t i = 0; i < repairs->n; i++)
		put_repair(j, &repairs->items[i]);
	mms_json_array_end(j);
}

/* A dry run has mended nothing: what it would mend is no part of what is left. */
static bool
is_left(const struct mms_repair_report *report, const struct mms_repair *r)
{
	return !report->is_dry || !mms_repair_is_mendable(r);
}

static mms_rc
print_json(struct mms_app *app, const struct mms_repair_report *report,
	   const struct mms_err *failure, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_bool(&j, "dry_run", report->is_dry);
	mms_app_json_repairs(&j, &report->repairs);
	mms_json_key(&j, "left");
	mms_json_array(&j);
	for (size_t i = 0; i < report->left.n; i++) {
		if (is_left(report, &report->left.items[i]))
			put_left(&j, &report->left.items[i]);
	}
	mms_json_array_end(&j);
	mms_json_put_i64(&j, "errors", report->errors);
	mms_json_put_i64(&j, "warnings", report->warnings);
	if (failure->code != MMS_OK)
		mms_app_json_put_err(&j, failure);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

/* ---- as tables ------------------------------------------------------------------------------------- */

static mms_rc
add_line(struct mms_table *table, const struct mms_repair *r, const char *first,
	 struct mms_err *err)
{
	const char *const cells[] = { first,
				      mms_rule_name(r->rule),
				      r->name,
				      r->integration,
				      r->mend.remedy != MMS_REMEDY_NONE
					      ? mms_remedy_help(r->mend.remedy)
					      : r->message,
				      r->err.code != MMS_OK ? mms_err_text(&r->err) : NULL };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(cells); i++)
		rc = mms_plain_add_cell(table, cells[i] != NULL ? cells[i] : "-", err);
	return rc;
}

static mms_rc
print_repairs(struct mms_app *app, const struct mms_repairs *repairs, struct mms_err *err)
{
	static const char *const heads[] = { "STATUS",      "RULE",   "NAME",
					     "INTEGRATION", "REMEDY", "WHY" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < repairs->n; i++)
		rc = add_line(&table, &repairs->items[i],
			      mms_repair_status_name(repairs->items[i].status), err);
	if (rc == MMS_OK && repairs->n > 0)
		mms_table_print(app, &table);
	return rc;
}

static mms_rc
print_left(struct mms_app *app, const struct mms_repair_report *report, struct mms_err *err)
{
	static const char *const heads[] = { "LEFT",        "RULE", "NAME",
					     "INTEGRATION", "WHAT", "WHY" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;
	size_t n = 0;

	for (size_t i = 0; rc == MMS_OK && i < report->left.n; i++) {
		const struct mms_repair *r = &report->left.items[i];

		if (!is_left(report, r))
			continue;
		n++;
		rc = add_line(&table, r,
			      r->severity == MMS_SEVERITY_ERROR ? "error" : "warning", err);
	}
	if (rc == MMS_OK && n > 0) {
		printf("\n");
		mms_table_print(app, &table);
	}
	return rc;
}

static size_t
count(const struct mms_repairs *repairs, enum mms_repair_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < repairs->n; i++)
		n += repairs->items[i].status == status;
	return n;
}

static mms_rc
print_text(struct mms_app *app, const struct mms_repair_report *report, struct mms_err *err)
{
	if (app->is_quiet)
		return MMS_OK;
	mms_rc rc = print_repairs(app, &report->repairs, err);
	if (rc == MMS_OK && !report->is_refused)
		rc = print_left(app, report, err);
	if (rc != MMS_OK)
		return rc;
	if (report->repairs.n > 0)
		printf("\n");
	if (report->is_dry || report->is_refused)
		printf("%zu repair%s planned, nothing was written\n", report->repairs.n,
		       report->repairs.n == 1 ? "" : "s");
	else
		printf("%zu mended; left: %" PRId64 " error%s, %" PRId64 " warning%s\n",
		       count(&report->repairs, MMS_REPAIR_DONE), report->errors,
		       report->errors == 1 ? "" : "s", report->warnings,
		       report->warnings == 1 ? "" : "s");
	return MMS_OK;
}

/* ---- the command ----------------------------------------------------------------------------------- */

/* What was asked for. Texts are owned but for those of the plan. */
struct asked {
	char *user, *integration;
	struct mms_repair_plan plan;
	bool has_plan;
};

static void
asked_release(struct asked *asked)
{
	mms_free(asked->user);
	mms_free(asked->integration);
	mms_repair_plan_release(&asked->plan);
}

static mms_rc
read_names(struct mms_app *app, struct asked *asked, struct mms_err *err)
{
	const char *user = mms_app_text(app, "user"),
		   *integration = mms_app_text(app, "integration");
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK && user != NULL)
		rc = mms_lookup_user(lent.db, user, &asked->user, err);
	if (rc == MMS_OK && integration != NULL)
		rc = mms_lookup_integration(lent.db, integration, &asked->integration, err);
	if (rc == MMS_OK && user != NULL && integration != NULL)
		rc = mms_lookup_belongs(lent.db, asked->integration, asked->user, err);
	return rc;
}

static mms_rc
read_plan(struct mms_app *app, const struct mms_sync_env *env, struct asked *asked,
	  struct mms_err *err)
{
	const char *path = mms_app_text(app, "plan");

	if (path == NULL)
		return MMS_OK;
	if (asked->user != NULL || asked->integration != NULL) {
		mms_fail(err, MMS_E_USAGE, "a plan says itself whose repairs it has");
		return mms_hint(err, "leave --user and --integration out, or --plan");
	}
	mms_rc rc = mms_plan_file_read(path, &asked->plan, err);
	asked->has_plan = rc == MMS_OK;
	return rc == MMS_OK ? mms_repair_plan_check_site(env, &asked->plan, err) : rc;
}

static void
on_mend(void *aux, size_t n_done, size_t n_all)
{
	struct mms_progress *progress = aux;

	progress->total = (int64_t)n_all;
	mms_progress_to(progress, (int64_t)n_done);
}

static mms_rc
tell(struct mms_app *app, const struct mms_repair_report *report, mms_rc rc,
     struct mms_err *err)
{
	MMS_AUTO(mms_err) out = { 0 };

	app->exit_status = rc != MMS_OK     ? mms_rc_exit_status(rc)
			   : report->is_dry ? 0
					    : report->n_mendable > 0;
	mms_rc printed = app->is_json ? print_json(app, report, err, &out)
				      : print_text(app, report, &out);
	if (rc != MMS_OK && !app->is_json)
		mms_app_print_err(app, err);
	if (printed != MMS_OK)
		mms_err_move(err, &out);
	else
		mms_err_release(err);
	return printed;
}

mms_rc
mms_verb_repair(struct mms_app *app, struct mms_err *err)
{
	struct asked asked __attribute__((cleanup(asked_release))) = { 0 };
	MMS_AUTO(mms_repair_report) report = { 0 };
	const struct mms_sync_env env = mms_app_sync_env(app);
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	struct mms_progress progress;

	mms_rc rc = read_names(app, &asked, err);
	if (rc == MMS_OK)
		rc = read_plan(app, &env, &asked, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_repair_options options = {
		.choice = { .user = asked.has_plan ? asked.plan.user : asked.user,
			    .integration = asked.has_plan ? asked.plan.integration
							  : asked.integration },
		.plan = asked.has_plan ? &asked.plan.repairs : NULL,
		.is_dry = mms_app_flag(app, "dry-run"),
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
		.on_mend = on_mend,
		.on_mend_aux = &progress,
	};
	mms_progress_start(&progress, app, "repair", 0);
	rc = mms_repair_run(&env, &options, &report, err);
	mms_progress_end(&progress);
	bool has_report = rc == MMS_OK || rc == MMS_E_CONFLICT || rc == MMS_E_STOPPED;
	return has_report ? tell(app, &report, rc, err) : rc;
}
