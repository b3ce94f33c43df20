/* audit: every row of the DocTypes judged, and whether the tables agree; read-only. */
#include <string.h>

#include "audit_out.h"
#include "judge.h"
#include "mmsync/flaws.h"
#include "mmsync/letters.h"
#include "mmsync/lookups.h"
#include "mmsync/mem.h"
#include "mmsync/remote.h"
#include "mmsync/schema.h"
#include "plan_file.h"
#include "verbs.h"

/* Connections of the consistency rules: a rule asks on one of them while a plan is read on others. */
#define CONNECTIONS 3

const struct mms_opt mms_audit_opts[] = {
	{ "doctype", MMS_OPT_TEXTS, "DOCTYPE",
	  "only rows of this DocType (any number of them)" },
	{ "user", MMS_OPT_TEXT, "EMAIL", "only what belongs to this person" },
	{ "integration", MMS_OPT_TEXT, "NAME", "only what belongs to this integration" },
	{ "event", MMS_OPT_TEXT, "NAME",
	  "only this MM Calendar Event Sync, and what is about it" },
	{ "remote", MMS_OPT_FLAG, NULL,
	  "also ask the services, and compare what they show with the tables" },
	{ "sample", MMS_OPT_COUNT, "N",
	  "with --remote: only so many calendars, chosen at random" },
	{ "fail-on", MMS_OPT_TEXT, "error|warning", "what makes the exit status 1 (error)" },
	{ "format", MMS_OPT_TEXT, "table|json|ndjson", "how violations are printed (table)" },
	{ "plan", MMS_OPT_TEXT, "FILE", "also write what repair would do, for repair --plan" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_audit_more[] =
	"Judges every integration, event and booking by the rules of its DocType, as if it "
	"were saved now; then looks for what does not agree: rows and what mmsync knows of "
	"them, "
	"busy blocks and their events, bookings and theirs, cursors, the outbox. Lists what it "
	"finds, with what would mend it. Changes nothing; memory does not grow "
	"with the tables.\n"
	"--user: the person's integrations, their events, and the bookings the person is "
	"assigned to. --integration: it, its events, and the bookings they are linked to; with "
	"--user it must be that person's. --doctype: only rules about rows of that DocType. "
	"--remote: each calendar is listed in full, one after the other, and what that shows "
	"is compared with rows and states; what the next sync would bring anyhow is no "
	"finding. "
	"--quiet: of a table only what makes the exit status 1. "
	"--plan: a file, for your eyes alone, with each repair that mmsync repair would do; "
	"repair --plan does exactly these.\n"
	"  mmsync audit\n"
	"  mmsync audit --doctype 'MM Calendar Event Sync' --user ann@example.com\n"
	"  mmsync audit --event MM-CES-MM-CI-ann@example.com-0001-0022\n"
	"  mmsync audit --remote --sample 20\n"
	"  mmsync audit --format ndjson --fail-on warning\n"
	"Exit status: 0 nothing is wrong; 1 there is an error (--fail-on warning: or a "
	"warning); 2 usage, also an unknown name; 3 configuration; 4 the database cannot be "
	"used; 6 interrupted.";

/* One run. */
struct run {
	struct mms_app *app;
	struct mms_audit_out out;
	struct mms_bench bench;
	struct mms_audit_options options;
	struct mms_audit_totals totals;
	bool is_asked[MMS_DT_PARENTS]; /* --doctype */
	char *user, *integration;      /* owned */
	struct mms_event_ref event;
	struct mms_remote_totals remote;
	bool is_progressing;
	enum mms_doctype_id progress_of;
};

/* ---- rows of the DocTypes ------------------------------------------------------------------ */

static mms_rc
take_violation(void *aux, const struct mms_violation *violation, struct mms_err *err)
{
	struct run *r = aux;

	return mms_audit_out_add(&r->out, violation, err);
}

static mms_rc
take_page(void *aux, enum mms_doctype_id doctype, int64_t done, struct mms_err *err)
{
	struct run *r = aux;
	const struct mms_audit_options *o = &r->options;
	struct mms_progress *progress = &r->out.progress;
	int64_t total = 0;

	if (atomic_load(mms_app_stop_flag()))
		return mms_fail(err, MMS_E_STOPPED, "interrupted");
	mms_rc rc = mms_audit_out_write(&r->out, err);
	if (rc != MMS_OK || !r->app->has_progress)
		return rc;
	if (!r->is_progressing || r->progress_of != doctype) {
		bool is_all = o->user == NULL && o->integration == NULL && o->event == NULL;

		mms_progress_end(progress);
		rc = mms_audit_estimate(r->bench.rows, doctype, &total, err);
		mms_progress_start(progress, r->app, mms_doctype_get(doctype)->name,
				   is_all ? total : 0);
		r->is_progressing = true;
		r->progress_of = doctype;
	}
	mms_progress_to(progress, done);
	return rc;
}

/* ---- what does not agree ------------------------------------------------------------------- */

static const char *
doctype_of(const char *table)
{
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		const char *name = mms_doctype_get((enum mms_doctype_id)d)->name;
		if (strcmp(name, table) == 0)
			return name;
	}
	return NULL;
}

static mms_rc
take_flaw(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	struct run *r = aux;
	bool is_mended = flaw->mend.remedy != MMS_REMEDY_NONE;
	struct mms_violation violation = {
		.doctype = doctype_of(flaw->table),
		.name = flaw->name,
		.message = flaw->message,
		.integration = flaw->integration,
		.severity = flaw->severity,
		.rule = flaw->rule,
		.repair = is_mended ? mms_remedy_help(flaw->mend.remedy) : NULL,
		.remedy = is_mended ? mms_remedy_name(flaw->mend.remedy) : NULL,
	};

	violation.table = violation.doctype == NULL ? flaw->table : NULL;
	if (flaw->severity == MMS_SEVERITY_ERROR)
		r->totals.errors++;
	else
		r->totals.warnings++;
	return mms_audit_out_add(&r->out, &violation, err);
}

static void
take_rule(void *aux, size_t n_done, size_t n_all)
{
	struct run *r = aux;

	(void)n_all;
	if (r->app->has_progress)
		mms_progress_to(&r->out.progress, (int64_t)n_done);
}

/* Without mmsync's tables there is nothing that could agree. */
static mms_rc
check_schema(struct run *r, struct mms_err *err)
{
	mms_rc rc = mms_schema_require(r->bench.rows, err);

	r->out.has_flaws = rc == MMS_OK;
	if (rc != MMS_E_DB || mms_app_text(r->app, "plan") != NULL)
		return rc;
	mms_app_note(r->app, "note: the consistency rules are left out: %s\n  hint: %s",
		     mms_err_text(err), mms_err_hint(err));
	mms_err_release(err);
	return MMS_OK;
}

static void
take_calendar(void *aux, size_t n_done, size_t n_all)
{
	struct run *r = aux;

	if (!r->app->has_progress)
		return;
	if (n_done == 1) {
		mms_progress_end(&r->out.progress);
		mms_progress_start(&r->out.progress, r->app, "calendars", (int64_t)n_all);
	}
	mms_progress_to(&r->out.progress, (int64_t)n_done);
}

/* What the services show now. */
static mms_rc
compare(struct run *r, const struct mms_sync_env *env, struct mms_err *err)
{
	const struct mms_remote_options options = {
		.user = r->options.user,
		.integration = r->options.integration,
		.sample = (size_t)mms_app_number(r->app, "sample", 0),
		.on_calendar = take_calendar,
		.aux = r,
	};

	if (!mms_app_flag(r->app, "remote"))
		return MMS_OK;
	r->out.remote = &r->remote;
	return mms_remote_find(env, &options, take_flaw, r, &r->remote, err);
}

static mms_rc
find_flaws(struct run *r, struct mms_err *err)
{
	const char *tables[MMS_DT_PARENTS];
	struct mms_flaw_choice choice = { .user = r->options.user,
					  .integration = r->options.integration,
					  .event = r->options.event,
					  .tables = tables,
					  .on_rule = take_rule,
					  .on_rule_aux = r };

	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		if (r->is_asked[d])
			tables[choice.n_tables++] =
				mms_doctype_get((enum mms_doctype_id)d)->name;
	}
	mms_rc rc = mms_pool_open(&r->app->pool, &r->bench.settings, CONNECTIONS, err);
	if (rc != MMS_OK)
		return rc;
	mms_pool_use_columns(r->app->pool, mms_columns_has_port, r->app->columns);
	const struct mms_sync_env env = mms_app_sync_env(r->app);
	if (r->app->has_progress) {
		mms_progress_end(&r->out.progress);
		mms_progress_start(&r->out.progress, r->app, "consistency rules",
				   MMS_RULE_FLAWS_END - MMS_RULE_FLAWS);
	}
	rc = mms_flaws_find(&env, &choice, take_flaw, r, err);
	if (rc == MMS_OK)
		rc = compare(r, &env, err);
	if (rc == MMS_OK && mms_app_text(r->app, "plan") != NULL)
		rc = mms_plan_file_write(r->app, &env, &choice, mms_app_text(r->app, "plan"),
					 err);
	mms_pool_close(r->app->pool); /* before its settings, which are of this run */
	r->app->pool = NULL;
	return rc;
}

/* ---- options ------------------------------------------------------------------------------- */

static mms_rc
read_format(struct run *r, struct mms_err *err)
{
	static const char *const names[] = { "table", "json", "ndjson" };
	const char *text = mms_app_text(r->app, "format");

	if (text == NULL)
		text = names[r->app->is_json ? MMS_AUDIT_JSON : MMS_AUDIT_TABLE];
	if (r->app->is_json && strcmp(text, names[MMS_AUDIT_TABLE]) == 0) {
		mms_fail(err, MMS_E_USAGE, "--json and --format table contradict each other");
		return mms_hint(err, "leave one of them out");
	}
	for (unsigned i = 0; i < MMS_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			r->out.format = (enum mms_audit_format)i;
			r->app->is_json = r->out.format != MMS_AUDIT_TABLE;
			return MMS_OK;
		}
	}
	mms_fail(err, MMS_E_USAGE, "--format '%s' is not known", text);
	return mms_hint(err, "one of: table, json, ndjson");
}

static mms_rc
read_doctypes(struct run *r, struct mms_err *err)
{
	const char *text;
	enum mms_doctype_id id;

	for (size_t i = 0; (text = mms_app_text_at(r->app, "doctype", i)) != NULL; i++) {
		mms_rc rc = mms_judge_doctype(text, &id, err);
		if (rc != MMS_OK)
			return rc;
		r->options.doctypes[id] = r->is_asked[id] = true;
	}
	for (unsigned d = 0; mms_app_text(r->app, "doctype") == NULL && d < MMS_DT_PARENTS; d++)
		r->options.doctypes[d] = true;
	/* Of the others nothing is about one event alone. */
	for (unsigned d = 0; mms_app_text(r->app, "event") != NULL && d < MMS_DT_PARENTS; d++)
		r->options.doctypes[d] = r->options.doctypes[d] && d == MMS_DT_EVENT;
	return MMS_OK;
}

static mms_rc
check_remote(const struct mms_app *app, struct mms_err *err)
{
	bool is_remote = mms_app_flag(app, "remote");

	if (is_remote && mms_app_text(app, "event") != NULL) {
		mms_fail(err, MMS_E_USAGE, "--remote compares whole calendars, not one event");
		return mms_hint(err, "mmsync event sync NAME brings one up to date");
	}
	if (is_remote || mms_app_text(app, "sample") == NULL)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "--sample chooses among the calendars of --remote");
	return mms_hint(err, "mmsync audit --remote --sample 20");
}

/* Names that a person typed must exist. */
static mms_rc
read_names(struct run *r, struct mms_err *err)
{
	const char *user = mms_app_text(r->app, "user");
	const char *integration = mms_app_text(r->app, "integration");
	const char *event = mms_app_text(r->app, "event");
	mms_rc rc = MMS_OK;

	if (user != NULL)
		rc = mms_lookup_user(r->bench.rows, user, &r->user, err);
	if (rc == MMS_OK && integration != NULL)
		rc = mms_lookup_integration(r->bench.rows, integration, &r->integration, err);
	if (rc == MMS_OK && user != NULL && integration != NULL)
		rc = mms_lookup_belongs(r->bench.rows, r->integration, r->user, err);
	if (rc == MMS_OK && event != NULL)
		rc = mms_event_ref_load(r->bench.rows, event, &r->event, err);
	r->options.user = r->user;
	r->options.integration = r->integration;
	r->options.event = r->event.name;
	r->options.now_us = r->bench.now_us;
	return rc;
}

static void
release(struct run *r)
{
	mms_audit_out_release(&r->out);
	mms_event_ref_release(&r->event);
	mms_free(r->user);
	mms_free(r->integration);
	mms_bench_release(&r->bench);
}

static mms_rc
audit(struct run *r, struct mms_err *err)
{
	const struct mms_audit_output output = { take_violation, take_page, r };

	mms_rc rc = mms_audit_out_begin(&r->out, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_audit_run(r->bench.rows, r->bench.lookups, r->app->columns, &r->options,
			   &output, &r->totals, err);
	if (rc == MMS_OK)
		rc = check_schema(r, err);
	if (rc == MMS_OK && r->out.has_flaws)
		rc = find_flaws(r, err);
	if (r->totals.errors > 0 || (r->out.fails_on_warning && r->totals.warnings > 0))
		r->app->exit_status = 1;
	mms_rc end_rc = mms_audit_out_end(&r->out, &r->totals, rc, err);
	return rc != MMS_OK ? rc : end_rc;
}

mms_rc
mms_verb_audit(struct mms_app *app, struct mms_err *err)
{
	struct run r = { .app = app, .out = { .app = app } };

	r.out.doctypes = r.options.doctypes;
	mms_rc rc = read_format(&r, err);
	if (rc == MMS_OK)
		rc = mms_plan_file_check(mms_app_text(app, "plan"), err);
	if (rc == MMS_OK)
		rc = mms_judge_fail_on(app, &r.out.fails_on_warning, err);
	if (rc == MMS_OK)
		rc = read_doctypes(&r, err);
	if (rc == MMS_OK)
		rc = check_remote(app, err);
	if (rc == MMS_OK)
		rc = mms_bench_open(app, true, &r.bench, err);
	if (rc == MMS_OK)
		rc = read_names(&r, err);
	if (rc == MMS_OK)
		rc = audit(&r, err);
	release(&r);
	return rc;
}
