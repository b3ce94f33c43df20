/* mmsync cleanup: what nobody needs any more goes, after a question, and can be put back. */
#include "verbs.h"

#include <inttypes.h>
#include <unistd.h>

#include "mmsync/cleanup.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "plain.h"

/* Runs that --list shows. */
#define RUNS_MAX 50
/* Rows that were not put back, shown to people. */
#define REFUSED_MAX ((size_t)20)

const struct mms_opt mms_cleanup_opts[] = {
	{ "older-than", MMS_OPT_COUNT, "DAYS", "in place of the site's retention_days" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "only say how much would go" },
	{ "confirm", MMS_OPT_FLAG, NULL, "do not ask" },
	{ "undo", MMS_OPT_TEXT, "RUN", "put back what that cleanup removed" },
	{ "list", MMS_OPT_FLAG, NULL, "list the cleanups whose rows are kept" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_cleanup_more[] =
	"Removes what has passed its retention (retention_days): events that were deleted or "
	"ended longer ago, with what is known of them and their busy blocks; rows of the log "
	"of runs; dead letters of events that are gone; and, of calendars whose integration is "
	"gone for a week, everything. An event that a booking points to, or that people have "
	"commented, assigned or tagged, stays; so does whatever a sync could bring back.\n"
	"Every row that goes is kept whole, for as long again, and --undo puts it back. On a "
	"terminal it says how much it is, and asks; elsewhere it needs --confirm.\n"
	"  mmsync cleanup --dry-run\n"
	"  mmsync cleanup --older-than 400 --confirm\n"
	"  mmsync cleanup --list\n"
	"  mmsync cleanup --undo 01934a3e-7c1d-7aaa-8d1e-0123456789ab\n"
	"Exit status: 0 done; 1 something was not put back; 2 usage, also without --confirm, "
	"and "
	"an unknown run; 3 configuration; 4 the database cannot be used; 5 another run is at "
	"work in these calendars and nothing was done; 6 interrupted or out of time, the next "
	"one goes on.";

/* ---- what goes ----------------------------------------------------------------------------- */

static void
put_skipped(struct mms_json *j, const struct mms_cleanup_skipped *items, size_t n)
{
	mms_json_key(j, "skipped");
	mms_json_array(j);
	for (size_t i = 0; i < n; i++) {
		mms_json_map(j);
		mms_json_put_text(j, "integration", items[i].integration);
		mms_plain_put_error(j, &items[i].err);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

static mms_rc
print_json(struct mms_app *app, const struct mms_cleanup_report *r, struct mms_err *err)
{
	const int64_t *by_rule = r->is_dry ? r->found : r->removed;
	MMS_AUTO(mms_json) j = { 0 };
	char run[MMS_UUID_TEXT];

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "run", r->n_removed > 0 ? mms_uuid_print(r->run, run) : NULL);
	mms_json_put_bool(&j, "dry_run", r->is_dry);
	mms_json_put_i64(&j, "older_than_days", r->days);
	mms_json_key(&j, "rules");
	mms_json_map(&j);
	for (unsigned i = 0; i < MMS_CLEANUP_RULE_COUNT; i++)
		mms_json_put_i64(&j, mms_cleanup_rule_name((enum mms_cleanup_rule)i),
				 by_rule[i]);
	mms_json_put_i64(&j, "kept_rows", r->is_dry ? r->n_old : r->n_forgotten);
	mms_json_map_end(&j);
	mms_json_key(&j, "tables");
	mms_json_map(&j);
	for (unsigned i = 0; i < MMS_REMOVED_TABLE_COUNT; i++) {
		if (r->tables[i] > 0)
			mms_json_put_i64(&j, mms_removed_table_name((enum mms_removed_table)i),
					 r->tables[i]);
	}
	mms_json_map_end(&j);
	mms_json_put_i64(&j, "total", r->is_dry ? r->n_found : r->n_removed);
	put_skipped(&j, r->skipped, r->n_skipped);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

/* Rules that find, or have removed, something. */
static mms_rc
print_rules(const struct mms_app *app, const int64_t *by_rule, int64_t n_old,
	    struct mms_err *err)
{
	static const char *const heads[] = { "RULE", "ROWS", "WHAT" };
	static const bool is_number[] = { false, true, false };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	mms_rc rc = MMS_OK;

	for (unsigned i = 0; rc == MMS_OK && i <= MMS_CLEANUP_RULE_COUNT; i++) {
		bool is_last = i == MMS_CLEANUP_RULE_COUNT;
		enum mms_cleanup_rule rule = (enum mms_cleanup_rule)(is_last ? 0 : i);
		int64_t n = is_last ? n_old : by_rule[i];
		if (n == 0)
			continue;
		rc = mms_table_add(&table, is_last ? "kept_rows" : mms_cleanup_rule_name(rule),
				   err);
		if (rc == MMS_OK)
			rc = mms_table_add_i64(&table, n, err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table,
					   is_last ? "what cleanups kept, past its retention"
						   : mms_cleanup_rule_about(rule),
					   err);
	}
	if (rc == MMS_OK && table.n > 0)
		mms_table_print(app, &table);
	return rc;
}

static void
note_skipped(const struct mms_app *app, const struct mms_cleanup_skipped *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mms_app_note(app, "%s was passed by: %s",
			     items[i].integration != NULL ? items[i].integration
							  : "a calendar that is gone",
			     mms_err_text(&items[i].err));
}

static mms_rc
print_text(struct mms_app *app, const struct mms_cleanup_report *r, struct mms_err *err)
{
	char run[MMS_UUID_TEXT];
	mms_rc rc = MMS_OK;

	if (!app->is_quiet)
		rc = print_rules(app, r->is_dry ? r->found : r->removed,
				 r->is_dry ? r->n_old : r->n_forgotten, err);
	note_skipped(app, r->skipped, r->n_skipped);
	if (rc != MMS_OK || app->is_quiet)
		return rc;
	if ((r->is_dry ? r->n_found + r->n_old : r->n_removed + r->n_forgotten) == 0)
		printf("nothing is older than %" PRId64 " days\n", r->days);
	else if (r->is_dry)
		printf("would remove %" PRId64 " rows, and what hangs on them\n",
		       r->n_found + r->n_old);
	else if (r->n_removed > 0)
		printf("removed %" PRId64 " rows; mmsync cleanup --undo %s puts them back\n",
		       r->n_removed, mms_uuid_print(r->run, run));
	return rc;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* *is_yes: there is something to do, and it may be done. */
static mms_rc
ask(struct mms_app *app, const struct mms_cleanup_report *found, bool *is_yes,
    struct mms_err *err)
{
	int64_t n = found->n_found + found->n_old;
	char answer[8] = "";

	*is_yes = n == 0;
	if (n == 0)
		return MMS_OK;
	if (app->is_json || !app->is_stdout_terminal || isatty(STDIN_FILENO) != 1) {
		mms_fail(err, MMS_E_USAGE,
			 "%" PRId64 " rows, and what hangs on them, would go: not without "
			 "--confirm",
			 n);
		return mms_hint(err, "mmsync cleanup --dry-run says which; --confirm removes "
				     "them, --undo puts them back");
	}
	mms_rc rc = print_rules(app, found->found, found->n_old, err);
	if (rc != MMS_OK)
		return rc;
	printf("Remove these %" PRId64 " rows, and what hangs on them? [y/N] ", n);
	(void)fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) != NULL)
		*is_yes = answer[0] == 'y' || answer[0] == 'Y';
	if (!*is_yes)
		printf("nothing was removed\n");
	return MMS_OK;
}

/* ---- the verb ------------------------------------------------------------------------------ */

static void
draw(void *aux, int64_t done, int64_t total)
{
	struct mms_progress *progress = aux;

	progress->total = total;
	mms_progress_to(progress, done);
}

static mms_rc
remove_rows(struct mms_app *app, const struct mms_sync_env *env,
	    struct mms_cleanup_options *options, struct mms_err *err)
{
	MMS_AUTO(mms_cleanup_report) report = { 0 };
	struct mms_progress progress = { 0 };
	bool is_yes = true;
	mms_rc rc = MMS_OK;

	if (!options->is_dry && !mms_app_flag(app, "confirm")) {
		MMS_AUTO(mms_cleanup_report) found = { 0 };
		struct mms_cleanup_options look = *options;
		look.is_dry = true;
		rc = mms_cleanup_run(env, &look, &found, err);
		if (rc == MMS_OK)
			rc = ask(app, &found, &is_yes, err);
	}
	if (rc != MMS_OK || !is_yes)
		return rc;
	options->on_progress = draw;
	options->aux = &progress;
	mms_progress_start(&progress, app, "cleanup", 0);
	rc = mms_cleanup_run(env, options, &report, err);
	mms_progress_end(&progress);
	if (rc != MMS_OK) {
		char run[MMS_UUID_TEXT];
		if (report.n_removed > 0)
			mms_app_note(app, "%" PRId64 " rows were removed by run %s",
				     report.n_removed, mms_uuid_print(report.run, run));
		return rc;
	}
	return app->is_json ? print_json(app, &report, err) : print_text(app, &report, err);
}

static mms_rc
print_undo_json(struct mms_app *app, const unsigned char run[16],
		const struct mms_undo_report *r, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	char text[MMS_UUID_TEXT];

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "undo", mms_uuid_print(run, text));
	mms_json_put_i64(&j, "put_back", r->n_put_back);
	mms_json_key(&j, "refused");
	mms_json_array(&j);
	for (size_t i = 0; i < r->n_refused; i++) {
		mms_json_map(&j);
		mms_json_put_text(&j, "table", mms_removed_table_name(r->refused[i].table));
		mms_json_put_text(&j, "key", r->refused[i].key);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	put_skipped(&j, r->skipped, r->n_skipped);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_undo(struct mms_app *app, const struct mms_undo_report *r, struct mms_err *err)
{
	static const char *const heads[] = { "TABLE", "KEY" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < r->n_refused && i < REFUSED_MAX; i++) {
		rc = mms_table_add(&table, mms_removed_table_name(r->refused[i].table), err);
		if (rc == MMS_OK)
			rc = mms_plain_add_cell(&table, r->refused[i].key, err);
	}
	if (rc == MMS_OK && table.n > 0)
		mms_table_print(app, &table);
	if (r->n_refused > 0)
		mms_app_note(app,
			     "%zu rows were not put back: others have their names or ids by "
			     "now, or what they belong to is not there",
			     r->n_refused);
	note_skipped(app, r->skipped, r->n_skipped);
	if (rc == MMS_OK && !app->is_quiet)
		printf("put back %" PRId64 " rows\n", r->n_put_back);
	return rc;
}

static mms_rc
undo(struct mms_app *app, const struct mms_sync_env *env, struct mms_cleanup_options *options,
     struct mms_err *err)
{
	MMS_AUTO(mms_undo_report) report = { 0 };
	const char *text = mms_app_text(app, "undo");
	struct mms_progress progress = { 0 };
	unsigned char run[MMS_UUID_BYTES];

	if (options->is_dry || options->older_than_days > 0)
		return mms_fail(err, MMS_E_USAGE,
				"--undo puts back all that a run removed: not with --dry-run "
				"or --older-than");
	if (!mms_uuid_parse(text, run)) {
		mms_fail(err, MMS_E_USAGE, "'%s' is not the id of a cleanup", text);
		return mms_hint(err, "mmsync cleanup --list shows them");
	}
	options->on_progress = draw;
	options->aux = &progress;
	mms_progress_start(&progress, app, "undo", 0);
	mms_rc rc = mms_cleanup_undo(env, options, run, &report, err);
	mms_progress_end(&progress);
	if (rc != MMS_OK)
		return rc;
	if (report.n_refused > 0 || report.n_skipped > 0)
		app->exit_status = 1;
	return app->is_json ? print_undo_json(app, run, &report, err)
			    : print_undo(app, &report, err);
}

static mms_rc
print_runs_json(struct mms_app *app, const struct mms_removed_runs *runs, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	char text[MMS_UUID_TEXT];

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_key(&j, "runs");
	mms_json_array(&j);
	for (size_t i = 0; i < runs->n; i++) {
		const struct mms_removed_run *r = &runs->items[i];
		mms_json_map(&j);
		mms_json_put_text(&j, "run", mms_uuid_print(r->run, text));
		mms_json_put_time(&j, "at", r->at_ms);
		mms_json_put_i64(&j, "removed", r->n);
		mms_json_put_i64(&j, "put_back", r->n_put_back);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_runs(struct mms_app *app, const struct mms_removed_runs *runs, struct mms_err *err)
{
	static const char *const heads[] = { "RUN", "AT", "REMOVED", "PUT BACK" };
	static const bool is_number[] = { false, false, true, true };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	char text[MMS_UUID_TEXT], when[MMS_TIME_TEXT_MAX];
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < runs->n; i++) {
		const struct mms_removed_run *r = &runs->items[i];
		rc = mms_table_add(&table, mms_uuid_print(r->run, text), err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, mms_time_print(r->at_ms, when), err);
		if (rc == MMS_OK)
			rc = mms_table_add_i64(&table, r->n, err);
		if (rc == MMS_OK)
			rc = mms_table_add_i64(&table, r->n_put_back, err);
	}
	if (rc == MMS_OK && runs->n > 0)
		mms_table_print(app, &table);
	else if (rc == MMS_OK && !app->is_quiet)
		printf("no cleanup's rows are kept\n");
	return rc;
}

static mms_rc
list(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_removed_runs) runs = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_removed_runs_find(lent.db, RUNS_MAX, &runs, err);
	if (rc != MMS_OK)
		return rc;
	return app->is_json ? print_runs_json(app, &runs, err) : print_runs(app, &runs, err);
}

/* Rows that something of the site's own points to stay. */
static mms_rc
find_links(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(app->pool, &lent, err);
	return rc == MMS_OK ? mms_columns_load_links(lent.db, app->columns, err) : rc;
}

mms_rc
mms_verb_cleanup(struct mms_app *app, struct mms_err *err)
{
	const struct mms_sync_env env = mms_app_sync_env(app);
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	struct mms_cleanup_options options = {
		.older_than_days = mms_app_number(app, "older-than", 0),
		.is_dry = mms_app_flag(app, "dry-run"),
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
	};

	if (mms_app_flag(app, "list"))
		return list(app, err);
	mms_rc rc = find_links(app, err);
	if (rc != MMS_OK)
		return rc;
	return mms_app_text(app, "undo") != NULL ? undo(app, &env, &options, err)
						 : remove_rows(app, &env, &options, err);
}
