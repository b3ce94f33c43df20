/* mmsync migrate: busy blocks of an older generation become blocks of this one. */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/migrate.h"
#include "plain.h"

const struct mms_opt mms_migrate_opts[] = {
	{ "integration", MMS_OPT_TEXT, "NAME", "only blocks in this calendar" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "say what would be done, write nothing" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_migrate_more[] =
	"Looks for busy blocks that an older generation made and that only their text tells: "
	"a title that begins \"Busy - \", a description with CalSync "
	"[source:ACCOUNT:CALENDAR:EVENT]. Where that names an event that is known here, in "
	"another calendar of the same person, the block becomes one of this generation: it "
	"bears mmsync's mark, is private, and its row is Deleted Locally. The next sync "
	"corrects its time and title, or removes it where it is one too many.\n"
	"All others are listed as unsure, with the reason, and left as they are: no busy "
	"blocks are made from them. Delete in the calendar what is not wanted.\n"
	"Try it with --dry-run first. It may be stopped and repeated; what is done is not done "
	"again.\n"
	"  mmsync migrate --dry-run\n"
	"Exit status: 0 done, also where some are unsure; 1 something failed; 2 usage, also an "
	"unknown integration; 3 configuration; 4 the database cannot be used; 5 another run is "
	"at work in these calendars and nothing was done; 6 interrupted or out of time.";

static mms_rc
print_json(struct mms_app *app, const struct mms_migrate_report *report, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_bool(&j, "dry_run", report->is_dry);
	mms_json_key(&j, "blocks");
	mms_json_array(&j);
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_migrated *m = &report->items[i];
		mms_json_map(&j);
		mms_json_put_text(&j, "integration", m->integration);
		mms_json_put_text(&j, "event", m->event);
		mms_json_put_text(&j, "external_event_id", m->external_id);
		mms_json_put_text(&j, "action", m->action);
		mms_json_put_text(&j, "source_integration", m->source_integration);
		mms_json_put_text(&j, "source_event", m->source_event);
		mms_json_put_text(&j, "why", m->why);
		mms_plain_put_error(&j, &m->err);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_text(struct mms_app *app, const struct mms_migrate_report *report, struct mms_err *err)
{
	static const char *const heads[] = { "INTEGRATION", "EVENT", "ACTION", "OF", "WHY" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	if (app->is_quiet)
		return MMS_OK;
	if (report->n == 0)
		printf("no busy blocks of an older generation\n");
	for (size_t i = 0; rc == MMS_OK && i < report->n; i++) {
		const struct mms_migrated *m = &report->items[i];
		const char *why = m->err.code != MMS_OK ? mms_err_text(&m->err) : m->why;
		const char *of =
			m->source_event != NULL ? m->source_event : m->source_integration;
		const char *const cells[] = { m->integration, m->event, m->action, of, why };
		for (size_t k = 0; rc == MMS_OK && k < MMS_COUNT(cells); k++)
			rc = mms_plain_add_cell(&table, cells[k] != NULL ? cells[k] : "-", err);
	}
	if (rc == MMS_OK && report->n > 0)
		mms_table_print(app, &table);
	return rc;
}

mms_rc
mms_verb_migrate(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_migrate_report) report = { 0 };
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	const struct mms_sync_env env = mms_app_sync_env(app);
	const struct mms_migrate_options options = {
		.integration = mms_app_text(app, "integration"),
		.is_dry = mms_app_flag(app, "dry-run"),
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
	};

	mms_rc rc = mms_migrate_run(&env, &options, &report, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < report.n; i++) {
		if (strcmp(report.items[i].action, "failed") == 0)
			app->exit_status = 1;
	}
	return app->is_json ? print_json(app, &report, err) : print_text(app, &report, err);
}
