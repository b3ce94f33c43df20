/* validate: documents judged as if they were saved now; one a line in, one verdict a line out. */
#include <inttypes.h>

#include "judge.h"
#include "lines.h"
#include "mmsync/accepted.h"
#include "mmsync/lookups.h"
#include "mmsync/rules.h"
#include "plain.h"
#include "verbs.h"

const struct mms_opt mms_validate_opts[] = {
	{ "doctype", MMS_OPT_TEXT, "DOCTYPE", "what the documents are (required)" },
	{ "accumulate", MMS_OPT_FLAG, NULL,
	  "what was accepted earlier in the input counts as saved" },
	{ "fail-on", MMS_OPT_TEXT, "error|warning", "what makes the exit status 1 (error)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_validate_more[] =
	"Reads one JSON object a line, from FILE or stdin, and judges each as if it were saved "
	"now: by the rules of its DocType, in their order, then by what Frappe itself would "
	"refuse. \"__islocal\": 1 makes a document new; so does the lack of a name. Nothing is "
	"written, also while the site is in maintenance mode.\n"
	"For each line, in order, a line of JSON comes out; on a terminal without --json a "
	"line for people. index counts lines from 0; blank lines have no verdict. A line that "
	"is not JSON, or longer than 8 MiB, is a finding of the rule json.\n"
	"  mmsync validate --doctype 'MM Calendar Event Sync' events.jsonl\n"
	"  mmsync validate --doctype 'MM Meeting Booking' --accumulate < bookings.jsonl\n"
	"Exit status: 0 nothing is wrong; 1 a document has an error (--fail-on warning: or a "
	"warning); 2 usage; 3 configuration; 4 the database cannot be used; 6 interrupted.";

/* One run. */
struct run {
	struct mms_app *app;
	enum mms_doctype_id doctype;
	bool is_for_people, fails_on_warning;
	struct mms_bench bench;
	struct mms_email *email; /* owned */
	struct mms_field_limits limits;
	struct mms_site_lookups site;
	struct mms_accepted *accepted; /* owned; NULL: each document alone */
	struct mms_rules rules;
	struct mms_doc doc;
	struct mms_verdict verdict;
	struct mms_json json;
	int64_t n, n_bad, n_doubtful;
};

static void
release(struct run *r)
{
	mms_email_free(r->email);
	mms_field_limits_release(&r->limits);
	mms_site_lookups_release(&r->site);
	mms_accepted_free(r->accepted);
	mms_doc_release(&r->doc);
	mms_verdict_release(&r->verdict);
	mms_json_release(&r->json);
	mms_bench_release(&r->bench);
}

static mms_rc
prepare(struct run *r, struct mms_err *err)
{
	mms_rc rc = mms_bench_open(r->app, false, &r->bench, err);

	if (rc == MMS_OK)
		rc = mms_email_new(&r->email, true, err);
	if (rc == MMS_OK)
		rc = mms_field_limits_load(r->bench.rows, r->app->columns, &r->limits, err);
	if (rc == MMS_OK && mms_app_flag(r->app, "accumulate"))
		rc = mms_accepted_new(&r->accepted, r->bench.rows, r->app->columns, err);
	if (rc == MMS_OK && !r->is_for_people)
		rc = mms_json_open_file(&r->json, stdout, false, err);
	r->site.db = r->bench.rows;
	r->rules = (struct mms_rules){
		.email = r->email,
		.look = r->accepted != NULL ? mms_accepted_lookups() : mms_site_lookups(),
		.aux = r->accepted != NULL ? (void *)r->accepted : (void *)&r->site,
		.limits = &r->limits,
		.now_us = r->bench.now_us,
	};
	return rc;
}

/* One line: number, name, verdict, and the first thing that is wrong. */
static mms_rc
print_for_people(const struct run *r, int64_t index, struct mms_err *err)
{
	const struct mms_verdict *v = &r->verdict;
	const char *word = v->n_errors > 0 ? "error" : v->n_warnings > 0 ? "warning" : "good";
	const char *color = v->n_errors > 0 ? "31" : v->n_warnings > 0 ? "33" : "32";
	const struct mms_verdict_item *first = NULL;
	MMS_AUTO(mms_str) name = { 0 };
	MMS_AUTO(mms_str) line = { 0 };

	if (r->doc.f[MMS_DOC_NAME].type != MMS_F_NONE)
		mms_plain_add(&name, r->doc.f[MMS_DOC_NAME].text.ptr,
			      r->doc.f[MMS_DOC_NAME].text.len);
	for (size_t i = 0; i < v->n; i++) {
		if (first == NULL || v->items[i].severity < first->severity)
			first = &v->items[i];
	}
	mms_str_addf(&line, "%6" PRId64 "  %-32s  %s%s%s%-7s%s", index,
		     name.len > 0 ? mms_str_get(&name) : "(new)",
		     r->app->has_color ? "\033[" : "", r->app->has_color ? color : "",
		     r->app->has_color ? "m" : "", word, r->app->has_color ? "\033[0m" : "");
	if (first != NULL) {
		struct mms_text text = mms_verdict_text(v, first);
		mms_str_addf(&line, "  %s: ", mms_rule_name(first->rule));
		mms_plain_add(&line, text.ptr, text.len);
	}
	if (v->n_errors + v->n_warnings > 1)
		mms_str_addf(&line, " (and %zu more)", v->n_errors + v->n_warnings - 1);
	mms_rc rc = mms_str_check(&line, err);
	if (rc == MMS_OK)
		printf("%s\n", line.ptr);
	return rc;
}

static mms_rc
print_verdict(struct run *r, int64_t index, struct mms_err *err)
{
	if (r->is_for_people)
		return print_for_people(r, index, err);
	mms_verdict_print(&r->verdict, index, &r->doc.f[MMS_DOC_NAME], &r->json);
	return mms_json_check(&r->json, err);
}

static mms_rc
judge_line(struct run *r, char *line, size_t len, bool is_too_long, struct mms_err *err)
{
	MMS_AUTO(mms_str) problem = { 0 };
	mms_rc rc = MMS_OK;

	mms_verdict_clear(&r->verdict);
	if (is_too_long) {
		mms_doc_clear(&r->doc, r->doctype);
		mms_str_addf(&problem, "not read: the line is longer than %zu bytes",
			     MMS_LINE_MAX);
	} else {
		rc = mms_doc_read_json(&r->doc, r->doctype, line, len, &problem, err);
	}
	if (rc == MMS_OK && problem.len > 0)
		mms_verdict_addn(&r->verdict, MMS_SEVERITY_ERROR, MMS_RULE_JSON, problem.ptr,
				 problem.len);
	else if (rc == MMS_OK)
		rc = mms_rules_judge(&r->rules, &r->doc, &r->verdict, err);
	if (rc == MMS_OK)
		rc = mms_verdict_check(&r->verdict, err);
	if (rc == MMS_OK && r->accepted != NULL && r->verdict.n_errors == 0)
		rc = mms_accepted_add(r->accepted, &r->doc, err);
	return rc;
}

static bool
is_blank(const char *line, size_t len)
{
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL && line[len - 1] != '\0')
		len--;
	return len == 0;
}

static mms_rc
judge_all(struct run *r, struct mms_lines *lines, struct mms_err *err)
{
	bool is_too_long;
	size_t len = 0;
	char *line;

	for (;;) {
		int64_t index = lines->n;
		mms_rc rc = mms_lines_next(lines, mms_app_stop_flag(), &line, &len,
					   &is_too_long, err);
		if (rc != MMS_OK || line == NULL)
			return rc;
		if (!is_too_long && is_blank(line, len))
			continue;
		rc = judge_line(r, line, len, is_too_long, err);
		if (rc == MMS_OK)
			rc = print_verdict(r, index, err);
		if (rc != MMS_OK)
			return mms_fail_in(err, "line %" PRId64, index + 1);
		r->n++;
		r->n_bad += r->verdict.n_errors > 0;
		r->n_doubtful += r->verdict.n_warnings > 0;
	}
}

mms_rc
mms_verb_validate(struct mms_app *app, struct mms_err *err)
{
	struct run r = { .app = app,
			 .is_for_people = app->is_stdout_terminal && !app->is_json };
	const char *doctype = mms_app_text(app, "doctype");
	MMS_AUTO(mms_lines) lines = { 0 };

	if (doctype == NULL) {
		mms_fail(err, MMS_E_USAGE, "validate needs --doctype");
		return mms_hint(err, "for example --doctype '%s'",
				mms_doctype_get(MMS_DT_EVENT)->name);
	}
	mms_rc rc = mms_judge_doctype(doctype, &r.doctype, err);
	if (rc == MMS_OK)
		rc = mms_judge_fail_on(app, &r.fails_on_warning, err);
	if (rc == MMS_OK)
		rc = mms_lines_open(&lines, mms_app_word(app, 0), err);
	if (rc == MMS_OK)
		rc = prepare(&r, err);
	if (rc == MMS_OK)
		rc = judge_all(&r, &lines, err);
	if (rc == MMS_OK && r.is_for_people) {
		mms_app_note(app,
			     "%" PRId64 " document%s: %" PRId64 " with errors, %" PRId64
			     " with warnings",
			     r.n, r.n == 1 ? "" : "s", r.n_bad, r.n_doubtful);
	}
	if (r.n_bad > 0 || (r.fails_on_warning && r.n_doubtful > 0))
		app->exit_status = 1;
	release(&r);
	return rc;
}
