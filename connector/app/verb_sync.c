/* mmsync sync: bring integrations up to date. */
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/sync.h"
#include "mmsync/timetext.h"
#include "mmsync/uuid.h"
#include "plain.h"

/* As many as the setting may say: each is a thread. */
#define JOBS_MAX 256

const struct mms_opt mms_sync_opts[] = {
	{ "due", MMS_OPT_FLAG, NULL, "only those whose interval has passed (for schedulers)" },
	{ "integration", MMS_OPT_TEXTS, "NAME",
	  "only this MM Calendar Integration; repeatable" },
	{ "calendar-id", MMS_OPT_TEXTS, "NAME", "the same as --integration" },
	{ "user", MMS_OPT_TEXTS, "EMAIL", "only this person's integrations; repeatable" },
	{ "account-id", MMS_OPT_TEXTS, "EMAIL", "the same as --user" },
	{ "force-full", MMS_OPT_FLAG, NULL, "read everything, whatever is remembered" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "say what would be done, write nothing" },
	{ "confirm-deletes", MMS_OPT_FLAG, NULL,
	  "delete what one integration no longer shows, however much" },
	{ "jobs", MMS_OPT_COUNT, "N", "integrations at once (default: the setting jobs)" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_sync_more[] =
	"Reads what changed in each calendar, writes only differences to MM Calendar Event "
	"Sync, and says what happened. Without a selector all active integrations are synced. "
	"Overlapping runs are harmless: an integration is synced by one of them.\n"
	"A calendar that cannot be read keeps its events and fails for itself; the others go "
	"on. Where a calendar suddenly shows much less than is known of it, nothing is deleted "
	"until --confirm-deletes says that it is true.\n"
	"  mmsync sync --due                               from cron or a timer\n"
	"  mmsync sync --integration MM-CI-ann-0001        one calendar, now\n"
	"  mmsync sync --user ann@example.com --dry-run    what would be done for Ann\n"
	"Exit status: 0 all well; 1 a calendar or an event failed, or one that was named "
	"cannot be synced; 2 usage, also an unknown name; 3 configuration; 4 the database "
	"cannot "
	"be used; 5 others are syncing all that "
	"was chosen; 6 interrupted or out of time, progress kept.";

/* Names given under an option and its alias. */
struct names {
	const char **items;
	size_t n;
};

static void
names_release(struct names *names)
{
	mms_free(names->items);
}

void
mms_app_json_blocks(struct mms_json *j, const struct mms_block_counts *blocks)
{
	mms_json_key(j, "busy_blocks");
	mms_json_map(j);
	mms_json_put_i64(j, "created", blocks->created);
	mms_json_put_i64(j, "updated", blocks->updated);
	mms_json_put_i64(j, "deleted", blocks->deleted);
	mms_json_put_i64(j, "failed", blocks->failed);
	mms_json_map_end(j);
}

static void
put_counts(struct mms_json *j, const struct mms_event_counts *e,
	   const struct mms_block_counts *b, int64_t pages, int64_t requests, int64_t retries)
{
	const struct {
		const char *key;
		int64_t n;
	} events[] = { { "seen", e->seen },       { "created", e->created },
		       { "updated", e->updated }, { "unchanged", e->unchanged },
		       { "deleted", e->deleted }, { "declined", e->declined },
		       { "ours", e->ours },       { "foreign", e->foreign },
		       { "failed", e->failed } };

	mms_json_key(j, "events");
	mms_json_map(j);
	for (size_t i = 0; i < MMS_COUNT(events); i++)
		mms_json_put_i64(j, events[i].key, events[i].n);
	mms_json_map_end(j);
	mms_app_json_blocks(j, b);
	mms_json_put_i64(j, "pages", pages);
	mms_json_put_i64(j, "requests", requests);
	mms_json_put_i64(j, "retries", retries);
}

/* The times of a busy block. */
static void
put_block(struct mms_json *j, const struct mms_planned *p)
{
	mms_json_key(j, "busy_block");
	if (!p->is_block) {
		mms_json_null(j);
		return;
	}
	mms_json_map(j);
	mms_json_put_time(j, "start", p->start_ms);
	mms_json_put_time(j, "end", p->end_ms);
	mms_json_map_end(j);
}

static void
put_planned(struct mms_json *j, const struct mms_sync_report *report)
{
	mms_json_key(j, "planned");
	mms_json_array(j);
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *turn = &report->turns[i];
		for (size_t k = 0; k < turn->n_planned; k++) {
			const struct mms_planned *p = &turn->planned[k];
			mms_json_map(j);
			mms_json_put_text(j, "op", p->op);
			mms_json_put_text(j, "integration", turn->name);
			mms_json_put_text(j, "event", p->event);
			mms_json_put_text(j, "external_event_id", p->external_event_id);
			mms_json_put_text(j, "booking", p->booking);
			put_block(j, p);
			mms_json_put_text(j, "why", p->why);
			mms_json_map_end(j);
		}
	}
	mms_json_array_end(j);
}

/* Bookings that follow what people did to their events. */
static int64_t
count_taken(const struct mms_sync_report *report)
{
	int64_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += report->turns[i].bookings_taken;
	return n;
}

/* What was brought to the calendars, and which of them could not be written to. */
static void
put_bookings(struct mms_json *j, const struct mms_sync_report *report)
{
	const struct mms_booking_counts *b = &report->bookings;

	mms_json_key(j, "bookings");
	mms_json_map(j);
	mms_json_put_i64(j, "created", b->created);
	mms_json_put_i64(j, "updated", b->updated);
	mms_json_put_i64(j, "deleted", b->deleted);
	mms_json_put_i64(j, "failed", b->failed);
	mms_json_put_i64(j, "taken", count_taken(report));
	mms_json_put_i64(j, "requests", b->requests);
	mms_json_put_i64(j, "retries", b->retries);
	mms_plain_put_troubles(j, &report->troubles);
	mms_json_map_end(j);
}

static void
add_blocks(struct mms_block_counts *sum, const struct mms_block_counts *one)
{
	sum->created += one->created;
	sum->updated += one->updated;
	sum->deleted += one->deleted;
	sum->failed += one->failed;
}

/* Sums of all turns, and of calendars that had none; duration is the run's. */
static struct mms_turn
add_up(const struct mms_sync_report *report)
{
	struct mms_turn sum = { .blocks = report->blocks };

	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *t = &report->turns[i];
		sum.events.seen += t->events.seen;
		sum.events.created += t->events.created;
		sum.events.updated += t->events.updated;
		sum.events.unchanged += t->events.unchanged;
		sum.events.deleted += t->events.deleted;
		sum.events.declined += t->events.declined;
		sum.events.ours += t->events.ours;
		sum.events.foreign += t->events.foreign;
		sum.events.failed += t->events.failed;
		add_blocks(&sum.blocks, &t->blocks);
		sum.pages += t->pages;
		sum.requests += t->requests;
		sum.retries += t->retries;
		sum.duration_ms += t->duration_ms;
	}
	return sum;
}

static mms_rc
print_json(struct mms_app *app, const struct mms_sync_report *report, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	char uuid[MMS_UUID_TEXT];
	struct mms_turn sum = add_up(report);

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "run", mms_uuid_print(report->run, uuid));
	mms_json_put_time(&j, "started", report->started_ms);
	mms_json_put_time(&j, "finished", report->finished_ms);
	mms_json_put_bool(&j, "dry_run", report->is_dry);
	mms_json_key(&j, "integrations");
	mms_json_array(&j);
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *t = &report->turns[i];
		mms_json_map(&j);
		mms_json_put_text(&j, "name", t->name);
		mms_json_put_text(&j, "provider", t->provider);
		mms_json_put_text(&j, "mode", t->mode);
		mms_json_put_text(&j, "status", t->status);
		mms_plain_put_error(&j, &t->err);
		put_counts(&j, &t->events, &t->blocks, t->pages, t->requests, t->retries);
		mms_json_put_i64(&j, "duration_ms", t->duration_ms);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_key(&j, "totals");
	mms_json_map(&j);
	put_counts(&j, &sum.events, &sum.blocks, sum.pages, sum.requests, sum.retries);
	mms_json_put_i64(&j, "duration_ms", sum.duration_ms);
	mms_json_map_end(&j);
	put_bookings(&j, report);
	if (report->is_dry)
		put_planned(&j, report);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
add_turn(struct mms_table *table, const struct mms_turn *t, struct mms_err *err)
{
	const int64_t numbers[] = { t->events.seen,    t->events.created, t->events.updated,
				    t->events.deleted, t->events.failed,  t->duration_ms };

	mms_rc rc = mms_table_add(table, t->name, err);
	if (rc == MMS_OK)
		rc = mms_table_add(table, t->provider, err);
	if (rc == MMS_OK)
		rc = mms_table_add(table, t->mode, err);
	if (rc == MMS_OK)
		rc = mms_table_add(table, t->status, err);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(numbers); i++)
		rc = mms_table_add_i64(table, numbers[i], err);
	return rc;
}

static void
print_block(const struct mms_planned *p, const char *integration)
{
	char start[MMS_TIME_TEXT_MAX], end[MMS_TIME_TEXT_MAX];

	printf("would %s the busy block %.16sZ - %.16sZ in %s: %s\n", p->op,
	       mms_time_print(p->start_ms, start), mms_time_print(p->end_ms, end), integration,
	       p->why);
}

static void
print_planned(const struct mms_sync_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *turn = &report->turns[i];
		for (size_t k = 0; k < turn->n_planned; k++) {
			const struct mms_planned *p = &turn->planned[k];
			if (p->is_block) {
				print_block(p, turn->name);
				continue;
			}
			printf("would %s %s%s in %s: %s\n", p->op,
			       p->booking != NULL             ? "the event of "
			       : p->event != NULL             ? p->event
			       : p->external_event_id != NULL ? p->external_event_id
							      : "an event",
			       p->booking != NULL ? p->booking : "", turn->name, p->why);
		}
	}
}

/* Somebody asked for this integration by its name, and it is none that can be synced. */
static bool
is_refused(const struct mms_turn *t, bool is_named)
{
	return is_named && strcmp(t->status, "skipped") == 0 && t->err.code == MMS_E_CONFIG;
}

static void
print_trouble(const struct mms_turn *t)
{
	const char *hint = mms_err_hint(&t->err);

	if (t->err.code != MMS_OK)
		printf("%s: %s\n", t->name, mms_err_text(&t->err));
	if (t->err.code != MMS_OK && hint[0] != '\0')
		printf("  hint: %s\n", hint);
	if (t->events.failed > 0)
		printf("%s: %" PRId64 " event%s could not be read or written; see their Sync "
		       "Error Log\n",
		       t->name, t->events.failed, t->events.failed == 1 ? "" : "s");
}

static void
print_bookings(const struct mms_app *app, const struct mms_sync_report *report)
{
	const struct mms_booking_counts *b = &report->bookings;

	int64_t n_taken = count_taken(report);

	if (!app->is_quiet && n_taken > 0)
		printf("%" PRId64 " booking%s what was done in a calendar\n", n_taken,
		       n_taken == 1 ? " follows" : "s follow");
	if (!app->is_quiet && b->created + b->updated + b->deleted > 0)
		printf("events of bookings: %" PRId64 " created, %" PRId64 " updated, %" PRId64
		       " deleted\n",
		       b->created, b->updated, b->deleted);
	if (b->failed > 0)
		printf("%" PRId64 " event%s of bookings could not be written; see mmsync push "
		       "--pending and mmsync failures list\n",
		       b->failed, b->failed == 1 ? "" : "s");
	mms_plain_print_troubles(&report->troubles);
}

static mms_rc
print_table(struct mms_app *app, const struct mms_sync_report *report, bool is_named,
	    struct mms_err *err)
{
	static const char *const heads[] = { "INTEGRATION", "PROVIDER", "MODE",    "STATUS",
					     "SEEN",        "CREATED",  "UPDATED", "DELETED",
					     "FAILED",      "MS" };
	static const bool is_number[] = { false, false, false, false, true,
					  true,  true,  true,  true,  true };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	mms_rc rc = MMS_OK;

	if (report->n == 0 && !app->is_quiet)
		printf("nothing to sync\n");
	for (size_t i = 0; rc == MMS_OK && i < report->n; i++)
		rc = add_turn(&table, &report->turns[i], err);
	if (rc != MMS_OK)
		return rc;
	if (report->is_dry)
		print_planned(report);
	if (report->n > 0 && !app->is_quiet)
		mms_table_print(app, &table);
	for (size_t i = 0; i < report->n; i++) {
		/* Who was skipped is told to those who want to know everything. */
		bool is_skipped = strcmp(report->turns[i].status, "skipped") == 0;
		if (!app->is_quiet || !is_skipped || is_refused(&report->turns[i], is_named))
			print_trouble(&report->turns[i]);
	}
	const struct mms_block_counts blocks = add_up(report).blocks;
	mms_plain_print_blocks(app, &blocks);
	print_bookings(app, report);
	return MMS_OK;
}

static void
on_turn(void *aux, size_t n_done, size_t n_all)
{
	struct mms_progress *p = aux;

	p->total = (int64_t)n_all;
	mms_progress_to(p, (int64_t)n_done);
}

static mms_rc
check_options(const struct mms_sync_options *o, struct mms_err *err)
{
	if (!o->may_delete || (o->n_integrations == 1 && o->n_users == 0))
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "--confirm-deletes needs exactly one --integration");
	return mms_hint(err, "name the one calendar whose events are really gone");
}

/* Of a run that came to its end: 1 where something failed, 4 where the database went away. */
static int
status_of(const struct mms_sync_report *report, bool is_named)
{
	int status = mms_troubles_exit_status(&report->troubles);

	if (status == 0 && report->bookings.failed + report->blocks.failed > 0)
		status = 1;
	if (status > 1)
		return status;
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *t = &report->turns[i];
		if (t->err.code == MMS_E_DB)
			return mms_rc_exit_status(MMS_E_DB);
		if (strcmp(t->status, "failed") == 0 || t->events.failed > 0 ||
		    t->blocks.failed > 0 || is_refused(t, is_named))
			status = 1;
	}
	return status;
}

/* bench update and restore pause it; then scheduled runs keep out of the way. */
static bool
is_scheduler_on(const struct mms_app *app)
{
	return !app->site.is_scheduler_paused && app->settings.is_scheduler_enabled;
}

/* What went to stdout, and the exit status that it means. */
static mms_rc
tell(struct mms_app *app, const struct mms_sync_report *report, bool is_named, mms_rc rc,
     struct mms_err *err)
{
	MMS_AUTO(mms_err) out = { 0 };

	mms_rc printed = app->is_json ? print_json(app, report, &out)
				      : print_table(app, report, is_named, &out);
	app->exit_status = rc != MMS_OK ? mms_rc_exit_status(rc) : status_of(report, is_named);
	if (rc != MMS_OK && !app->is_json)
		mms_app_print_err(app, err);
	if (printed != MMS_OK)
		mms_err_move(err, &out);
	return printed;
}

static mms_rc
run_sync(struct mms_app *app, const struct mms_sync_options *options, struct mms_err *err)
{
	MMS_AUTO(mms_sync_report) report = { 0 };
	struct mms_progress progress;
	struct mms_sync_env env = mms_app_sync_env(app);

	env.on_turn = on_turn;
	env.on_turn_aux = &progress;
	if (options->only_due && !is_scheduler_on(app)) {
		report.started_ms = report.finished_ms = mms_clock_now_ms(&app->clock);
		mms_app_note(
			app,
			"mmsync: the site's scheduler is paused or disabled: nothing is due");
		return tell(app, &report, false, MMS_OK, err);
	}
	mms_progress_start(&progress, app, "sync", 0);
	mms_rc rc = mms_sync_run(&env, options, &report, err);
	mms_progress_end(&progress);
	bool has_report = rc == MMS_OK || rc == MMS_E_HELD || rc == MMS_E_STOPPED;
	return has_report ? tell(app, &report, options->n_integrations > 0, rc, err) : rc;
}

mms_rc
mms_verb_sync(struct mms_app *app, struct mms_err *err)
{
	struct names integrations __attribute__((cleanup(names_release))) = { 0 };
	struct names users __attribute__((cleanup(names_release))) = { 0 };
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	int64_t jobs = mms_app_number(app, "jobs", 0);

	if (jobs > JOBS_MAX)
		return mms_fail(err, MMS_E_USAGE, "--jobs %" PRId64 " is over %d", jobs,
				JOBS_MAX);
	mms_rc rc = mms_app_texts(app, "integration", "calendar-id", &integrations.items,
				  &integrations.n, err);
	if (rc == MMS_OK)
		rc = mms_app_texts(app, "user", "account-id", &users.items, &users.n, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_sync_options options = {
		.integrations = integrations.items,
		.n_integrations = integrations.n,
		.users = users.items,
		.n_users = users.n,
		.only_due = mms_app_flag(app, "due"),
		.is_full = mms_app_flag(app, "force-full"),
		.is_dry = mms_app_flag(app, "dry-run"),
		.may_delete = mms_app_flag(app, "confirm-deletes"),
		.jobs = jobs,
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
	};
	rc = check_options(&options, err);
	return rc == MMS_OK ? run_sync(app, &options, err) : rc;
}
