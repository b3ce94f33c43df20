/* The verbs, one row each. Their options stand beside their functions. */
#include "verbs.h"

static mms_rc
help_run(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_str) name = { 0 };

	for (size_t i = 0; mms_app_word(app, i) != NULL; i++)
		mms_str_addf(&name, "%s%s", i > 0 ? " " : "", mms_app_word(app, i));
	if (mms_app_print_help(app, stdout, name.len > 0 ? mms_str_get(&name) : NULL))
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "unknown command '%s'", mms_str_get(&name));
	return mms_hint(err, "mmsync help lists the commands");
}

/* Ids of one command line; --all has no bound. */
#define FAILURES_MAX 1000

static const struct mms_verb verbs[] = {
	{ "sync", "", "bring integrations up to date", mms_sync_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0, mms_sync_opts, mms_verb_sync },
	{ "push", "", "bring the calendars to what bookings say", mms_push_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0, mms_push_opts, mms_verb_push },
	{ "migrate", "", "take over busy blocks of an older generation", mms_migrate_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0, mms_migrate_opts,
	  mms_verb_migrate },
	{ "reset", "", "let one calendar begin anew", mms_reset_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0, mms_reset_opts, mms_verb_reset },
	{ "event sync", "NAME", "bring one event up to date", mms_event_sync_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 1, 1, mms_event_sync_opts,
	  mms_verb_event_sync },
	{ "booking status", "NAME", "show the calendar events of one booking",
	  mms_booking_status_more, MMS_NEED_SCHEMA, 1, 1, NULL, mms_verb_booking_status },
	{ "connect google", "", "let a person give access to a Google calendar",
	  mms_connect_google_more, MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0,
	  mms_connect_google_opts, mms_verb_connect_google },
	{ "connect outlook", "", "let a person give access to an Outlook calendar",
	  mms_connect_outlook_more, MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0,
	  mms_connect_outlook_opts, mms_verb_connect_outlook },
	{ "failures list", "", "list the events that could not be synced",
	  mms_failures_list_more, MMS_NEED_SCHEMA, 0, 0, mms_failures_list_opts,
	  mms_verb_failures_list },
	{ "failures show", "ID", "show one of them, with all that is known",
	  mms_failures_show_more, MMS_NEED_SCHEMA, 1, 1, NULL, mms_verb_failures_show },
	{ "failures retry", "[ID...]", "try them again now", mms_failures_retry_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, FAILURES_MAX, mms_failures_retry_opts,
	  mms_verb_failures_retry },
	{ "failures discard", "ID...", "live without them", mms_failures_discard_more,
	  MMS_NEED_SCHEMA | MMS_WRITES, 1, FAILURES_MAX, mms_failures_discard_opts,
	  mms_verb_failures_discard },
	{ "failures release", "[ID...]", "end the quarantine of busy blocks",
	  mms_failures_release_more, MMS_NEED_SCHEMA | MMS_WRITES, 0, FAILURES_MAX,
	  mms_failures_release_opts, mms_verb_failures_release },
	{ "cleanup", "", "remove what is past its retention", mms_cleanup_more,
	  MMS_NEED_SCHEMA | MMS_WRITES, 0, 0, mms_cleanup_opts, mms_verb_cleanup },
	{ "validate", "[FILE]", "judge documents before they are saved", mms_validate_more,
	  MMS_NEED_SITE, 0, 1, mms_validate_opts, mms_verb_validate },
	{ "audit", "", "find what is wrong in rows and tables, read-only", mms_audit_more,
	  MMS_NEED_SITE | MMS_NEED_NET, 0, 0, mms_audit_opts, mms_verb_audit },
	{ "repair", "", "mend what audit finds mendable", mms_repair_more,
	  MMS_NEED_SCHEMA | MMS_WRITES | MMS_NEED_NET, 0, 0, mms_repair_opts, mms_verb_repair },
	{ "availability", "", "show when a person is busy, and what blocks",
	  mms_availability_more, MMS_NEED_SCHEMA, 0, 0, mms_availability_opts,
	  mms_verb_availability },
	{ "check-slot", "", "say whether a person is free, and if not, why not",
	  mms_check_slot_more, MMS_NEED_SCHEMA, 0, 0, mms_check_slot_opts,
	  mms_verb_check_slot },
	{ "blocking-events", "", "list the events that block in a person's calendars",
	  mms_blocking_events_more, MMS_NEED_SCHEMA, 0, 0, mms_availability_opts,
	  mms_verb_blocking_events },
	{ "feed preview", "[URL|FILE|-]", "show the occurrences that a feed would bring",
	  mms_feed_preview_more, MMS_MAY_SITE | MMS_NEED_NET, 0, 1, mms_feed_preview_opts,
	  mms_verb_feed_preview },
	{ "status", "", "show what ran, when, and how each calendar fares", mms_status_more,
	  MMS_NEED_SCHEMA, 0, 0, mms_status_opts, mms_verb_status },
	{ "health", "", "judge whether all is well", mms_health_more, MMS_NEED_NET, 0, 0,
	  mms_health_opts, mms_verb_health },
	{ "metrics", "", "print samples for Prometheus", mms_metrics_more, MMS_NEED_SCHEMA, 0,
	  0, NULL, mms_verb_metrics },
	{ "doctor", "", "check that machine and site are set up right", mms_doctor_more,
	  MMS_NEED_NET, 0, 0, mms_doctor_opts, mms_verb_doctor },
	{ "demo", "", "show all of it working, on a database of its own", mms_demo_more,
	  MMS_NEED_NET, 0, 0, mms_demo_opts, mms_verb_demo },
	{ "schema show", "", "show mmsync's tables and migrations", mms_schema_show_more,
	  MMS_NEED_DB, 0, 0, NULL, mms_verb_schema_show },
	{ "schema check", "", "compare tables and indexes with what they must be",
	  mms_schema_check_more, MMS_NEED_DB, 0, 0, NULL, mms_verb_schema_check },
	{ "schema apply", "", "make or mend tables and indexes", mms_schema_apply_more,
	  MMS_NEED_DB | MMS_WRITES, 0, 0, mms_schema_apply_opts, mms_verb_schema_apply },
	{ "schema adopt", "", "say what a restored or moved site is", mms_schema_adopt_more,
	  MMS_NEED_DB | MMS_WRITES, 0, 0, mms_schema_adopt_opts, mms_verb_schema_adopt },
	{ "help", "[COMMAND]", "show the commands, or one command's options", NULL, 0, 0, 2,
	  NULL, help_run },
};

const struct mms_verb *
mms_verbs(size_t *n)
{
	*n = MMS_COUNT(verbs);
	return verbs;
}
