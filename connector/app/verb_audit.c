/* audit: every row of the DocTypes judged, read-only. */
#include <inttypes.h>
#include <unistd.h>

#include "judge.h"
#include "mmsync/audit.h"
#include "mmsync/lookups.h"
#include "mmsync/mem.h"
#include "plain.h"
#include "verbs.h"

/* Written at once when a page has so much to say, bytes. */
#define WRITE_AT ((size_t)1024 * 1024)

const struct mms_opt mms_audit_opts[] = {
	{ "doctype", MMS_OPT_TEXTS, "DOCTYPE",
	  "only rows of this DocType (any number of them)" },
	{ "user", MMS_OPT_TEXT, "EMAIL", "only what belongs to this person" },
	{ "integration", MMS_OPT_TEXT, "NAME", "only what belongs to this integration" },
	{ "fail-on", MMS_OPT_TEXT, "error|warning", "what makes the exit status 1 (error)" },
	{ "format", MMS_OPT_TEXT, "table|json|ndjson", "how violations are printed (table)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_audit_more[] =
	"Judges every integration, event and booking by the rules of its DocType, as if it "
	"were saved now, and lists what breaks them. Changes nothing; memory does not grow "
	"with the tables.\n"
	"--user: the person's integrations, their events, and the bookings the person is "
	"assigned to. --integration: it, its events, and the bookings they are linked to; with "
	"--user it must be that person's. --quiet: "
	"of a table only what makes the exit status 1.\n"
	"  mmsync audit\n"
	"  mmsync audit --doctype 'MM Calendar Event Sync' --user ann@example.com\n"
	"  mmsync audit --format ndjson --fail-on warning\n"
	"Exit status: 0 nothing is wrong; 1 a row has an error (--fail-on warning: or a "
	"warning); 2 usage, also an unknown name; 3 configuration; 4 the database cannot be "
	"used; 6 interrupted.";

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_NDJSON };

/* One run: what is found goes into out, and out to stdout between pages. */
struct run {
	struct mms_app *app;
	enum format format;
	bool fails_on_warning, has_head;
	struct mms_bench bench;
	struct mms_audit_options options;
	char *user, *integration; /* owned */
	struct mms_str out;
	struct mms_json json;
	struct mms_progress progress;
	bool is_progressing;
	enum mms_doctype_id progress_of;
};

static mms_rc
write_out(struct run *r, struct mms_err *err)
{
	mms_rc rc = mms_str_check(&r->out, err);

	if (rc != MMS_OK || r->out.len == 0)
		return rc;
	if (r->app->is_stdout_terminal)
		mms_progress_end(&r->progress); /* it is drawn again with the next page */
	bool is_written =
		fwrite(r->out.ptr, 1, r->out.len, stdout) == r->out.len && fflush(stdout) == 0;
	mms_str_clear(&r->out);
	return is_written ? MMS_OK
			  : mms_fail(err, MMS_E_STOPPED, "the output cannot be written");
}

static void
add_row(struct run *r, const struct mms_violation *v)
{
	const struct mms_app *app = r->app;
	bool is_error = v->severity == MMS_SEVERITY_ERROR;
	MMS_AUTO(mms_str) name = { 0 };

	if (app->is_quiet && !is_error && !r->fails_on_warning)
		return;
	if (!r->has_head) {
		mms_str_addf(&r->out, "%s%-8s  %-29s  %-42s  %s%s\n",
			     app->has_color ? "\033[1m" : "", "SEVERITY", "RULE", "NAME",
			     "MESSAGE", app->has_color ? "\033[0m" : "");
		r->has_head = true;
	}
	mms_plain_add(&name, v->name.ptr, v->name.len);
	if (app->has_color)
		mms_str_add(&r->out, is_error ? "\033[31m" : "\033[33m");
	mms_str_addf(&r->out, "%-8s", is_error ? "error" : "warning");
	if (app->has_color)
		mms_str_add(&r->out, "\033[0m");
	mms_str_addf(&r->out, "  %-29s  %-42s  ", mms_rule_name(v->rule), mms_str_get(&name));
	mms_plain_add(&r->out, v->message.ptr, v->message.len);
	mms_str_addc(&r->out, '\n');
}

static void
add_object(struct run *r, const struct mms_violation *v)
{
	struct mms_json *j = &r->json;

	mms_json_map(j);
	mms_json_put_text(j, "doctype", mms_doctype_get(v->doctype)->name);
	mms_json_key(j, "name");
	mms_json_textn(j, v->name.ptr, v->name.len);
	mms_json_put_text(j, "severity",
			  v->severity == MMS_SEVERITY_ERROR ? "error" : "warning");
	mms_json_put_text(j, "rule", mms_rule_name(v->rule));
	mms_json_key(j, "message");
	mms_json_textn(j, v->message.ptr, v->message.len);
	mms_json_put_text(j, "repair", v->repair);
	mms_json_map_end(j);
	if (r->format == FORMAT_NDJSON)
		mms_json_done(j);
}

static mms_rc
take_violation(void *aux, const struct mms_violation *violation, struct mms_err *err)
{
	struct run *r = aux;

	if (r->format == FORMAT_TABLE)
		add_row(r, violation);
	else
		add_object(r, violation);
	if (r->format != FORMAT_TABLE && mms_json_check(&r->json, err) != MMS_OK)
		return err->code;
	return r->out.len >= WRITE_AT ? write_out(r, err) : MMS_OK;
}

static mms_rc
take_page(void *aux, enum mms_doctype_id doctype, int64_t done, struct mms_err *err)
{
	struct run *r = aux;
	int64_t total = 0;

	if (atomic_load(mms_app_stop_flag()))
		return mms_fail(err, MMS_E_STOPPED, "interrupted");
	mms_rc rc = write_out(r, err);
	if (rc != MMS_OK || !r->app->has_progress)
		return rc;
	if (!r->is_progressing || r->progress_of != doctype) {
		mms_progress_end(&r->progress);
		rc = mms_audit_estimate(r->bench.rows, doctype, &total, err);
		mms_progress_start(
			&r->progress, r->app, mms_doctype_get(doctype)->name,
			r->options.user == NULL && r->options.integration == NULL ? total : 0);
		r->is_progressing = true;
		r->progress_of = doctype;
	}
	mms_progress_to(&r->progress, done);
	return rc;
}

/* ---- the beginning and the end of the output ----------------------------------------------- */

static mms_rc
begin_output(struct run *r, struct mms_err *err)
{
	bool is_pretty = r->format == FORMAT_JSON && r->app->is_stdout_terminal;

	if (r->format == FORMAT_TABLE)
		return MMS_OK;
	mms_rc rc = mms_json_open_str(&r->json, &r->out, is_pretty, err);
	if (rc == MMS_OK && r->format == FORMAT_JSON) {
		mms_json_map(&r->json);
		mms_json_key(&r->json, "violations");
		mms_json_array(&r->json);
	}
	return rc;
}

static void
add_totals(struct run *r, const struct mms_audit_totals *totals)
{
	struct mms_json *j = &r->json;

	mms_json_key(j, "checked");
	mms_json_map(j);
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		if (r->options.doctypes[d])
			mms_json_put_i64(j, mms_doctype_get((enum mms_doctype_id)d)->name,
					 totals->checked[d]);
	}
	mms_json_map_end(j);
	mms_json_put_i64(j, "errors", totals->errors);
	mms_json_put_i64(j, "warnings", totals->warnings);
}

static void
add_summary(struct run *r, const struct mms_audit_totals *totals)
{
	char number[24];
	int width = 1;

	if (r->app->is_quiet)
		return;
	if (r->has_head)
		mms_str_addc(&r->out, '\n');
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		int n = snprintf(number, sizeof number, "%" PRId64, totals->checked[d]);
		if (r->options.doctypes[d] && n > width)
			width = n;
	}
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		if (r->options.doctypes[d])
			mms_str_addf(&r->out, "%-23s  %*" PRId64 " checked\n",
				     mms_doctype_get((enum mms_doctype_id)d)->name, width,
				     totals->checked[d]);
	}
	mms_str_addf(&r->out, "%" PRId64 " error%s, %" PRId64 " warning%s\n", totals->errors,
		     totals->errors == 1 ? "" : "s", totals->warnings,
		     totals->warnings == 1 ? "" : "s");
}

/* Of an audit that failed the object ends all the same, with the error in it. */
static mms_rc
end_output(struct run *r, const struct mms_audit_totals *totals, mms_rc audited,
	   struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	struct mms_json *j = &r->json;

	if (r->format == FORMAT_TABLE) {
		if (audited == MMS_OK)
			add_summary(r, totals);
		return write_out(r, audited == MMS_OK ? err : &ignored);
	}
	if (r->format == FORMAT_JSON)
		mms_json_array_end(j);
	else
		mms_json_map(j);
	add_totals(r, totals);
	if (audited != MMS_OK) {
		mms_app_json_put_err(j, err);
		r->app->is_json = false; /* it is said; stderr says it once more */
	}
	mms_json_map_end(j);
	mms_json_done(j);
	return write_out(r, audited == MMS_OK ? err : &ignored);
}

/* ---- options ------------------------------------------------------------------------------- */

static mms_rc
read_format(struct run *r, struct mms_err *err)
{
	static const char *const names[] = { "table", "json", "ndjson" };
	const char *text = mms_app_text(r->app, "format");

	if (text == NULL)
		text = names[r->app->is_json ? FORMAT_JSON : FORMAT_TABLE];
	if (r->app->is_json && strcmp(text, names[FORMAT_TABLE]) == 0) {
		mms_fail(err, MMS_E_USAGE, "--json and --format table contradict each other");
		return mms_hint(err, "leave one of them out");
	}
	for (unsigned i = 0; i < MMS_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			r->format = (enum format)i;
			r->app->is_json = r->format != FORMAT_TABLE;
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
		r->options.doctypes[id] = true;
	}
	for (unsigned d = 0; mms_app_text(r->app, "doctype") == NULL && d < MMS_DT_PARENTS; d++)
		r->options.doctypes[d] = true;
	return MMS_OK;
}

/* Names that a person typed must exist. */
static mms_rc
read_names(struct run *r, struct mms_err *err)
{
	const char *user = mms_app_text(r->app, "user");
	const char *integration = mms_app_text(r->app, "integration");
	mms_rc rc = MMS_OK;

	if (user != NULL)
		rc = mms_lookup_user(r->bench.rows, user, &r->user, err);
	if (rc == MMS_OK && integration != NULL)
		rc = mms_lookup_integration(r->bench.rows, integration, &r->integration, err);
	if (rc == MMS_OK && user != NULL && integration != NULL)
		rc = mms_lookup_belongs(r->bench.rows, r->integration, r->user, err);
	r->options.user = r->user;
	r->options.integration = r->integration;
	r->options.now_us = r->bench.now_us;
	return rc;
}

static void
release(struct run *r)
{
	mms_progress_end(&r->progress);
	mms_json_release(&r->json);
	mms_str_release(&r->out);
	mms_free(r->user);
	mms_free(r->integration);
	mms_bench_release(&r->bench);
}

static mms_rc
audit(struct run *r, struct mms_err *err)
{
	const struct mms_audit_output output = { take_violation, take_page, r };
	struct mms_audit_totals totals = { 0 };

	mms_rc rc = begin_output(r, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_audit_run(r->bench.rows, r->bench.lookups, r->app->columns, &r->options,
			   &output, &totals, err);
	if (totals.errors > 0 || (r->fails_on_warning && totals.warnings > 0))
		r->app->exit_status = 1;
	mms_rc end_rc = end_output(r, &totals, rc, err);
	return rc != MMS_OK ? rc : end_rc;
}

mms_rc
mms_verb_audit(struct mms_app *app, struct mms_err *err)
{
	struct run r = { .app = app };

	mms_rc rc = read_format(&r, err);
	if (rc == MMS_OK)
		rc = mms_judge_fail_on(app, &r.fails_on_warning, err);
	if (rc == MMS_OK)
		rc = read_doctypes(&r, err);
	if (rc == MMS_OK)
		rc = mms_bench_open(app, true, &r.bench, err);
	if (rc == MMS_OK)
		rc = read_names(&r, err);
	if (rc == MMS_OK)
		rc = audit(&r, err);
	release(&r);
	return rc;
}
