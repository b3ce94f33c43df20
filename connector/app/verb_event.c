/* mmsync event sync: one row brought up to date from its source. */
#include "verbs.h"

#include <inttypes.h>

#include "mmsync/one_event.h"
#include "plain.h"

const struct mms_opt mms_event_sync_opts[] = {
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_event_sync_more[] =
	"Brings one MM Calendar Event Sync up to date from its calendar, now, and touches "
	"nothing else: no other row, and not what is remembered of the calendar as a whole. "
	"Says success, failed (and why), or skipped where there is nothing to be asked: the "
	"row of a booking, of an integration that is not active, or outside of the days that "
	"are read. A person asked for it: an event that was given up is tried again, and one "
	"that is gone is deleted softly without a budget.\n"
	"  mmsync event sync MM-CES-MM-CI-ann@example.com-0001-0012\n"
	"Exit status: 0 success or skipped; 1 failed; 2 usage, also an unknown name; 3 "
	"configuration; 4 the database cannot be used; 5 another run is syncing its "
	"integration; 6 interrupted or out of time.";

/* The row as it is now. */
static void
put_row(struct mms_json *j, const struct mms_event_ref *row, const struct mms_zone *zone)
{
	mms_json_key(j, "event");
	mms_json_map(j);
	mms_json_put_text(j, "name", row->name);
	mms_json_put_text(j, "integration", row->integration);
	mms_json_put_text(j, "sync_status", row->status);
	mms_json_put_time(j, "last_synced", mms_app_site_utc(zone, row->last_synced_us));
	mms_json_map_end(j);
}

static mms_rc
print_json(struct mms_app *app, const struct mms_one_event *one, const struct mms_zone *zone,
	   struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_text(&j, "status", one->status);
	mms_json_put_text(&j, "message", mms_str_get(&one->message));
	put_row(&j, &one->row, zone);
	if (one->why.code != MMS_OK)
		mms_app_json_put_err(&j, &one->why);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_text(const struct mms_one_event *one, struct mms_err *err)
{
	MMS_AUTO(mms_str) plain = { 0 };
	const char *hint = mms_err_hint(&one->why);

	mms_plain_add(&plain, mms_str_get(&one->message), one->message.len);
	mms_rc rc = mms_str_check(&plain, err);
	if (rc != MMS_OK)
		return rc;
	printf("%s: %s: %s\n", one->row.name, one->status, mms_str_get(&plain));
	if (one->why.code != MMS_OK && hint[0] != '\0')
		printf("  hint: %s\n", hint);
	return MMS_OK;
}

mms_rc
mms_verb_event_sync(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_one_event) one = { 0 };
	struct mms_zones *zones = NULL;
	const struct mms_zone *zone = NULL;
	const struct mms_sync_env env = mms_app_sync_env(app);
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	const struct mms_sync_options options = {
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
	};

	mms_rc rc = mms_app_site_zone(app, &zones, &zone, err);
	if (rc == MMS_OK)
		rc = mms_event_sync(&env, mms_app_word(app, 0), &options, &one, err);
	if (rc == MMS_OK) {
		app->exit_status = strcmp(one.status, "failed") == 0 ? 1 : 0;
		rc = app->is_json                             ? print_json(app, &one, zone, err)
		     : app->is_quiet && app->exit_status == 0 ? MMS_OK
							      : print_text(&one, err);
	}
	mms_zones_free(zones);
	return rc;
}
