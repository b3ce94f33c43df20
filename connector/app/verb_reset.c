/* mmsync reset: a calendar begins anew. */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "mmsync/mem.h"
#include "mmsync/reset.h"
#include "plain.h"

/* Blocks that are kept, told one by one; all of them stand in the JSON. */
#define KEPT_SHOWN 20

const struct mms_opt mms_reset_opts[] = {
	{ "integration", MMS_OPT_TEXT, "NAME", "this MM Calendar Integration" },
	{ "confirm", MMS_OPT_TEXT, "NAME", "the same name again: what is forgotten is gone" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "say what there is, write nothing" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_reset_more[] =
	"Lets one calendar begin anew, where what is remembered of it is in doubt: the next "
	"mmsync sync reads all of it and compares it with the rows, which stay.\n"
	"Forgotten are how far it was read, what the person's own events were like, and which "
	"of them could not be stored. Kept are all rows of MM Calendar Event Sync, the events "
	"of bookings and what is known of them, and what people decided: busy blocks that they "
	"deleted, events that were discarded.\n"
	"Busy blocks of ours in this calendar are removed, and made anew by the next sync. "
	"Each "
	"is looked at first: only what the service shows with this installation's mark is "
	"removed, all else is left where it is and listed. A feed has none.\n"
	"The name is to be given twice; at a terminal it is asked for. What is stopped half "
	"way is finished by the same command, or by the next sync.\n"
	"  mmsync reset --integration MM-CI-ann@example.com-0001 --dry-run\n"
	"  mmsync reset --integration MM-CI-ann@example.com-0001 \\\n"
	"    --confirm MM-CI-ann@example.com-0001\n"
	"Exit status: 0 done; 1 busy blocks stay, and why is said; 2 usage, also an unknown "
	"integration or another name in --confirm; 3 configuration; 4 the database cannot be "
	"used; 5 another run has the calendar and nothing was done; 6 interrupted or out of "
	"time.";

static void
put_counts(struct mms_json *j, const struct mms_reset_report *r)
{
	mms_json_put_bool(j, "cursor", r->counts.has_token);
	mms_json_put_i64(j, "events", r->counts.events);
	mms_json_put_i64(j, "failures", r->counts.letters);
	mms_json_put_i64(j, "bookings_kept", r->counts.bookings);
	mms_json_key(j, "busy_blocks");
	mms_json_map(j);
	mms_json_put_i64(j, "found", r->blocks);
	mms_json_put_i64(j, "removed", r->removed);
	mms_json_put_i64(j, "waiting", r->waiting);
	mms_json_put_i64(j, "missing", r->missing);
	mms_json_put_i64(j, "kept", (int64_t)r->n_kept);
	mms_json_map_end(j);
}

static mms_rc
print_json(struct mms_app *app, const struct mms_reset_report *r, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "integration", r->integration);
	mms_json_put_text(&j, "provider", r->provider);
	mms_json_put_bool(&j, "dry_run", r->is_dry);
	put_counts(&j, r);
	mms_json_key(&j, "kept");
	mms_json_array(&j);
	for (size_t i = 0; i < r->n_kept; i++) {
		mms_json_map(&j);
		mms_json_put_text(&j, "external_event_id", r->kept[i].external_id);
		mms_json_put_text(&j, "why", r->kept[i].why);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_put_i64(&j, "requests", r->requests);
	mms_plain_put_error(&j, &r->err);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static void
print_blocks(FILE *out, const struct mms_reset_report *r)
{
	if (r->blocks == 0)
		return;
	fprintf(out, "busy blocks of ours in it: %" PRId64, r->blocks);
	if (r->is_dry)
		fprintf(out, ", each to be looked at, and removed where it bears our mark\n");
	else
		fprintf(out,
			", removed %" PRId64 ", waiting to be removed %" PRId64
			", gone before %" PRId64 ", kept %zu\n",
			r->removed, r->waiting, r->missing, r->n_kept);
}

static mms_rc
print_kept(FILE *out, const struct mms_reset_report *r, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < r->n_kept && i < KEPT_SHOWN; i++) {
		MMS_AUTO(mms_str) line = { 0 };
		const char *id = r->kept[i].external_id != NULL ? r->kept[i].external_id : "-";

		mms_plain_add_cut(&line, id, 60);
		rc = mms_str_check(&line, err);
		if (rc == MMS_OK)
			fprintf(out, "  kept %s: %s\n", mms_str_get(&line), r->kept[i].why);
	}
	if (r->n_kept > KEPT_SHOWN)
		fprintf(out, "  ... and %zu more, all in --json\n", r->n_kept - KEPT_SHOWN);
	return rc;
}

static mms_rc
print_text(FILE *out, const struct mms_reset_report *r, struct mms_err *err)
{
	const char *hint = mms_err_hint(&r->err);

	fprintf(out, "%s: %s: how far it was read, what %" PRId64 " event%s like%s\n",
		r->integration, r->is_dry ? "to be forgotten" : "forgotten", r->counts.events,
		r->counts.events == 1 ? " was" : "s were", r->counts.letters > 0 ? ", and what could not be stored" : "");
	if (r->counts.bookings > 0)
		fprintf(out, "events of bookings that are kept: %" PRId64 "\n",
			r->counts.bookings);
	print_blocks(out, r);
	mms_rc rc = print_kept(out, r, err);
	if (rc != MMS_OK)
		return rc;
	if (r->err.code != MMS_OK)
		fprintf(out, "busy blocks: %s\n%s%s%s", mms_err_text(&r->err),
			hint[0] != '\0' ? "  hint: " : "", hint, hint[0] != '\0' ? "\n" : "");
	if (!r->is_dry)
		fprintf(out, "%s\n",
			r->is_active ? "the next mmsync sync reads the calendar in full"
				     : "it is not active: it is read in full when it is again");
	return MMS_OK;
}

static void
on_block(void *aux, int64_t n_done, int64_t n_all)
{
	struct mms_progress *p = aux;

	p->total = n_all;
	mms_progress_to(p, n_done);
}

static mms_rc
run(struct mms_app *app, const char *name, bool is_dry, struct mms_reset_report *report,
    struct mms_err *err)
{
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	const struct mms_sync_env env = mms_app_sync_env(app);
	struct mms_progress progress;
	const struct mms_reset_options options = {
		.integration = name,
		.is_dry = is_dry,
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
		.tell = on_block,
		.aux = &progress,
	};

	mms_progress_start(&progress, app, "reset", 0);
	mms_rc rc = mms_reset_run(&env, &options, report, err);
	mms_progress_end(&progress);
	return rc;
}

/* Somebody who is about to be asked sees first what it is about. */
static mms_rc
show_first(struct mms_app *app, const char *name, struct mms_err *err)
{
	MMS_AUTO(mms_reset_report) report = { 0 };

	if (mms_app_text(app, "confirm") != NULL || !mms_ask_is_possible(app))
		return MMS_OK;
	mms_rc rc = run(app, name, true, &report, err);
	return rc == MMS_OK ? print_text(stderr, &report, err) : rc;
}

mms_rc
mms_verb_reset(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_reset_report) report = { 0 };
	const char *name = mms_app_text(app, "integration");
	bool is_dry = mms_app_flag(app, "dry-run");
	mms_rc rc = MMS_OK;

	if (name == NULL) {
		mms_fail(err, MMS_E_USAGE, "reset needs --integration NAME");
		return mms_hint(err, "mmsync status lists the integrations");
	}
	if (!is_dry)
		rc = show_first(app, name, err);
	if (rc == MMS_OK && !is_dry)
		rc = mms_ask_confirm(app, "reset", name, mms_app_text(app, "confirm"), err);
	if (rc == MMS_OK)
		rc = run(app, name, is_dry, &report, err);
	if (rc != MMS_OK)
		return rc;
	if (report.n_kept > 0 || report.failed > 0 || report.err.code != MMS_OK)
		app->exit_status = !is_dry;
	if (app->is_json)
		return print_json(app, &report, err);
	return app->is_quiet ? MMS_OK : print_text(stdout, &report, err);
}
