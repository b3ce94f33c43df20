/* mmsync push: bring the outside calendars to what the bookings say. */
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/push.h"
#include "plain.h"

const struct mms_opt mms_push_opts[] = {
	{ "booking", MMS_OPT_TEXTS, "NAME", "this MM Meeting Booking; repeatable" },
	{ "pending", MMS_OPT_FLAG, NULL, "whatever waits in the outbox" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "say what would be done, write nothing" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_push_more[] =
	"Makes, moves or removes the events of a booking in the calendars of its assigned "
	"users. What is to be done is written down first, in milliseconds; then it is done, "
	"unless another run has the calendar at this moment: that one does it, and the answer "
	"is queued. Frappe starts it after a booking was committed; mmsync sync finds by "
	"itself what nobody pushed.\n"
	"A booking is wanted in the primary two-way calendar of each assigned user, else in "
	"their only two-way one. Where nobody has one it is skipped, which is no error. A "
	"booking that was cancelled or deleted has its events removed. Where busy blocks are on, "
	"its people are blocked in their other calendars, too.\n"
	"  mmsync push --booking MM-MB-ann@example.com-0012\n"
	"  mmsync push --pending          what could not be done before\n"
	"Exit status: 0 done, queued or skipped; 1 something failed (it is tried again by "
	"mmsync "
	"sync); 2 usage, also an unknown booking; 3 configuration; 4 the database cannot be "
	"used; 6 interrupted or out of time, the rest waits in the outbox.";

static mms_rc
print_json(struct mms_app *app, const struct mms_push_report *report, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_key(&j, "bookings");
	mms_json_array(&j);
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_push_booking *b = &report->bookings[i];
		mms_json_map(&j);
		mms_json_put_text(&j, "name", b->name);
		mms_json_put_text(&j, "status", b->status);
		mms_json_put_text(&j, "why", b->why);
		mms_json_key(&j, "events");
		mms_json_array(&j);
		for (size_t k = 0; k < b->n_events; k++) {
			const struct mms_push_event *e = &b->events[k];
			mms_json_map(&j);
			mms_json_put_text(&j, "integration", e->integration);
			mms_json_put_text(&j, "event", e->event);
			mms_json_put_text(&j, "external_event_id", e->external_id);
			mms_json_put_text(&j, "action", e->action);
			mms_json_put_text(&j, "why", e->why);
			mms_plain_put_error(&j, &e->err);
			mms_json_map_end(&j);
		}
		mms_json_array_end(&j);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_app_json_blocks(&j, &report->blocks);
	mms_plain_put_troubles(&j, &report->troubles);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
add_rows(struct mms_table *table, const struct mms_push_booking *b, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < b->n_events; i++) {
		const struct mms_push_event *e = &b->events[i];
		const char *const cells[] = {
			b->name, e->integration,
			e->is_waiting && (e->err.code == MMS_OK || e->err.code == MMS_E_OPEN) &&
					strcmp(e->action, "planned") != 0
				? "queued"
				: e->action,
			e->event
		};
		for (size_t k = 0; rc == MMS_OK && k < MMS_COUNT(cells); k++)
			rc = mms_plain_add_cell(table, cells[k] != NULL ? cells[k] : "-", err);
	}
	return rc;
}

static void
print_trouble(const struct mms_push_booking *b)
{
	for (size_t i = 0; i < b->n_events; i++) {
		const struct mms_push_event *e = &b->events[i];
		const char *hint = mms_err_hint(&e->err);
		if (e->err.code == MMS_OK)
			continue;
		printf("%s in %s: %s\n", b->name, e->integration, mms_err_text(&e->err));
		if (hint[0] != '\0')
			printf("  hint: %s\n", hint);
	}
}

static mms_rc
print_text(struct mms_app *app, const struct mms_push_report *report, struct mms_err *err)
{
	static const char *const heads[] = { "BOOKING", "INTEGRATION", "ACTION", "EVENT" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	bool has_rows = false;
	mms_rc rc = MMS_OK;

	if (report->n == 0 && !app->is_quiet)
		printf("nothing waits\n");
	for (size_t i = 0; rc == MMS_OK && i < report->n; i++) {
		const struct mms_push_booking *b = &report->bookings[i];
		if (b->n_events == 0 && !app->is_quiet)
			printf("%s: %s%s%s\n", b->name, b->status, b->why != NULL ? ": " : "",
			       b->why != NULL ? b->why : "");
		has_rows = has_rows || b->n_events > 0;
		rc = add_rows(&table, b, err);
	}
	if (rc != MMS_OK)
		return rc;
	if (has_rows && !app->is_quiet)
		mms_table_print(app, &table);
	for (size_t i = 0; i < report->n; i++)
		print_trouble(&report->bookings[i]);
	mms_plain_print_blocks(app, &report->blocks);
	mms_plain_print_troubles(&report->troubles);
	return MMS_OK;
}

static int
status_of(const struct mms_push_report *report)
{
	bool is_failed = report->blocks.failed > 0;

	for (size_t i = 0; i < report->n; i++) {
		if (strcmp(report->bookings[i].status, "failed") == 0)
			is_failed = true;
	}
	int status = mms_troubles_exit_status(&report->troubles);
	return status > 0 ? status : is_failed;
}

static mms_rc
check_options(const struct mms_push_options *o, struct mms_err *err)
{
	if (o->n_bookings > 0 || o->is_pending)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "push needs --booking NAME or --pending");
	return mms_hint(err, "mmsync help push");
}

mms_rc
mms_verb_push(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_push_report) report = { 0 };
	MMS_AUTO(mms_err) out = { 0 };
	const char **names = NULL;
	size_t n = 0;
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	struct mms_sync_env env = mms_app_sync_env(app);

	mms_rc rc = mms_app_texts(app, "booking", NULL, &names, &n, err);
	const struct mms_push_options options = {
		.bookings = names,
		.n_bookings = n,
		.is_pending = mms_app_flag(app, "pending"),
		.is_dry = mms_app_flag(app, "dry-run"),
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
	};
	if (rc == MMS_OK)
		rc = check_options(&options, err);
	if (rc == MMS_OK)
		rc = mms_push_run(&env, &options, &report, err);
	mms_free(names);
	if (rc != MMS_OK && rc != MMS_E_STOPPED)
		return rc;
	app->exit_status = rc != MMS_OK ? mms_rc_exit_status(rc) : status_of(&report);
	if (rc != MMS_OK && !app->is_json)
		mms_app_print_err(app, err);
	rc = app->is_json ? print_json(app, &report, &out) : print_text(app, &report, &out);
	if (rc != MMS_OK)
		mms_err_move(err, &out);
	return rc;
}
