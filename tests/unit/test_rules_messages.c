/*
 * model: every message of events and integrations, on its right and its wrong side, and the order
 * of several (support/rules_table.h says how the rows are read).
 */
#include "support/unit.h"

#include <string.h>

#include "mmsync/mem.h"
#include "support/rules_table.h"

/* The mail address of a user of the site. */
#define ALICE "alice@example.com"
#define CI_1  "MM-CI-" ALICE "-0001"
#define CI_2  "MM-CI-" ALICE "-0002"

/* ---- MM Calendar Event Sync ---------------------------------------------------------------- */
#define EVENT                                                          \
	"\"name\":\"MM-CES-9\",\"calendar_integration\":\"" CI_1 "\"," \
	"\"external_event_id\":\"fresh\",\"event_title\":\"T\","       \
	"\"start_datetime\":\"2026-12-05 09:00:00\",\"end_datetime\":\"2026-12-05 10:00:00\""

static const struct rules_row events_rows[] = {
	{ "good", "", "" },
	{ "no integration", "\"calendar_integration\":\"\"",
	  "!calendar_integration_exists: Calendar Integration is required." },
	{ "unknown integration", "\"calendar_integration\":\"X\"",
	  "!calendar_integration_exists: Calendar Integration 'X' does not exist." },
	{ "inactive integration, in other case",
	  "\"calendar_integration\":\"mm-ci-" ALICE "-0002\"",
	  "?calendar_integration_exists: Warning: Calendar Integration '" CI_2
	  "' is not active. This event may not sync properly." },
	{ "no id", "\"external_event_id\":null",
	  "!external_event_id_unique: External Event ID is required." },
	{ "id of another event", "\"external_event_id\":\"UID-1 \"",
	  "!external_event_id_unique: External Event ID 'UID-1 ' already exists in "
	  "calendar "
	  "integration '" CI_1 "'. Each event must have a unique external ID." },
	{ "its own id", "\"external_event_id\":\"uid-1\",\"name\":\"MM-CES-0011\"", "" },
	{ "its own id, as a new one",
	  "\"external_event_id\":\"uid-1\",\"name\":\"MM-CES-0011\",\"__islocal\":1",
	  "!external_event_id_unique: External Event ID 'uid-1' already exists in "
	  "calendar "
	  "integration '" CI_1 "'. Each event must have a unique external ID." },
	{ "no start", "\"start_datetime\":null", "!event_timing: Start DateTime is required." },
	{ "no end", "\"end_datetime\":\"\"", "!event_timing: End DateTime is required." },
	{ "no time", "\"start_datetime\":null,\"end_datetime\":null",
	  "!event_timing: Start DateTime is required.\n"
	  "!event_timing: End DateTime is required." },
	{ "start is no time", "\"start_datetime\":\"soon\"",
	  "!event_timing: Invalid datetime format for Start or End DateTime." },
	{ "end is a number", "\"end_datetime\":20261205",
	  "!event_timing: Invalid datetime format for Start or End DateTime." },
	{ "no length", "\"end_datetime\":\"2026-12-05T09:00\"",
	  "!event_timing: End DateTime must be after Start DateTime." },
	{ "one microsecond", "\"end_datetime\":\"2026-12-05 09:00:00.000001\"", "" },
	{ "24 hours", "\"end_datetime\":\"2026-12-06 09:00:00\"", "" },
	{ "more than 24 hours", "\"end_datetime\":\"2026-12-06 09:03:00\"",
	  "?event_timing: Warning: This event has a duration of 24.1 hours (> 24 "
	  "hours). "
	  "Please verify the event timing is correct." },
	{ "rounded half to even", "\"end_datetime\":\"2026-12-06 10:15:00\"",
	  "?event_timing: Warning: This event has a duration of 25.2 hours (> 24 "
	  "hours). "
	  "Please verify the event timing is correct." },
	{ "730 days and a bit ago",
	  "\"start_datetime\":\"2024-11-19 12:00:01\","
	  "\"end_datetime\":\"2024-11-19 13:00:00\"",
	  "" },
	{ "731 days ago",
	  "\"start_datetime\":\"2024-11-19 12:00:00\","
	  "\"end_datetime\":\"2024-11-19 13:00:00\"",
	  "?event_timing: Warning: This event started 731 days ago. Very old events "
	  "may not "
	  "need to be synced." },
	{ "both times with a zone",
	  "\"start_datetime\":\"2026-12-05T09:00:00Z\","
	  "\"end_datetime\":\"2026-12-05T10:00:00Z\"",
	  "!event_timing: can't subtract offset-naive and offset-aware datetimes" },
	{ "one time with a zone", "\"end_datetime\":\"2026-12-05T10:00:00+01:00\"",
	  "!event_timing: can't compare offset-naive and offset-aware datetimes" },
	{ "attendees that are no JSON", "\"attendees_json\":\"[\"",
	  "!attendees_json: Invalid JSON format for Attendees." },
	{ "attendees that are no array", "\"attendees_json\":\"{}\"",
	  "!attendees_json: Attendees must be a JSON array of email addresses or "
	  "objects." },
	{ "attendees of every kind",
	  "\"attendees_json\":\"[\\\"a@example.com\\\",{\\\"email\\\":null},\\\"\\\","
	  "{\\\"name\\\":1},[],\\\"a@example\\\"]\"",
	  "!attendees_json: Attendee at index 3 is missing 'email' field.\n"
	  "!attendees_json: Attendee at index 4 must be a string or object.\n"
	  "!attendees_json: Invalid email format for attendee: 'a@example'" },
	{ "attendees as a list", "\"attendees_json\":[\"x\"]",
	  "!attendees_json: Invalid email format for attendee: 'x'\n"
	  "!attendees_json: Value for Attendees cannot be a list" },
	{ "attendees as an object", "\"attendees_json\":{\"email\":\"a@example.com\"}",
	  "!attendees_json: Attendees must be a JSON array of email addresses or "
	  "objects." },
	{ "organizer", "\"organizer_email\":\"a@example.com\\n\"", "" },
	{ "bad organizer", "\"organizer_email\":\"Ann <a@example.com>\"",
	  "!organizer_email: Invalid email format for Organizer Email: "
	  "'Ann <a@example.com>'" },
	{ "organizer that is a number", "\"organizer_email\":7",
	  "!organizer_email: expected string or bytes-like object, got 'int'" },
	{ "unknown booking", "\"meeting_booking\":\"X\"",
	  "!meeting_booking_link: Meeting Booking 'X' does not exist." },
	{ "booking of another event, at the same time",
	  "\"meeting_booking\":\"MM-MB-Intro-0020\","
	  "\"start_datetime\":\"2026-12-01 09:05:00\","
	  "\"end_datetime\":\"2026-12-01 09:55:00\"",
	  "?meeting_booking_link: Warning: Meeting Booking 'MM-MB-Intro-0020' is "
	  "already "
	  "linked to another calendar event. Multiple calendar events for the same "
	  "booking "
	  "may cause sync conflicts." },
	{ "its booking, at another time",
	  "\"meeting_booking\":\"MM-MB-Intro-0021\","
	  "\"start_datetime\":\"2026-12-02 09:00:00\","
	  "\"end_datetime\":\"2026-12-02 10:05:00.000001\"",
	  "?meeting_booking_link: Warning: Event timing does not match linked Meeting "
	  "Booking "
	  "timing. This may indicate a sync issue." },
	{ "a booking without times", "\"meeting_booking\":\"MM-MB-Intro-0022\"", "" },
	{ "140 characters", "\"event_title\":\"" X140("\xC3\xA9") "\"", "" },
	{ "141 characters", "\"event_title\":\"" X140("x") "y\"",
	  "!field_length: MM Calendar Event Sync MM-CES-9: 'Event Title' (" X140(
		  "x") "y) will get truncated, as max characters allowed is 140" },
	{ "unknown type", "\"event_type\":\"Foo\"",
	  "!select_option: Event Type cannot be \"Foo\". It should be one of "
	  "\"External "
	  "Event\", \"Meeting Booking\", \"Blocked Time\", \"All-Day Event\"" },
	{ "a blank type", "\"event_type\":\"\"", "" },
	{ "blanks around", "\"sync_status\":\" Synced\\u00a0\"", "" },
	{ "another DocType's document", "\"doctype\":\"MM Meeting Booking\"",
	  "!json: the document is of DocType 'MM Meeting Booking', not 'MM Calendar "
	  "Event "
	  "Sync'" },
	{ "the order of the controller, Frappe's own at the end",
	  "\"calendar_integration\":\"\",\"external_event_id\":\"\",\"start_datetime\":"
	  "\"\","
	  "\"attendees_json\":\"x\",\"organizer_email\":\"x\",\"meeting_booking\":"
	  "\"x\","
	  "\"sync_status\":\"x\"",
	  "!calendar_integration_exists: Calendar Integration is required.\n"
	  "!external_event_id_unique: External Event ID is required.\n"
	  "!event_timing: Start DateTime is required.\n"
	  "!attendees_json: Invalid JSON format for Attendees.\n"
	  "!organizer_email: Invalid email format for Organizer Email: 'x'\n"
	  "!meeting_booking_link: Meeting Booking 'x' does not exist.\n"
	  "!select_option: Sync Status cannot be \"x\". It should be one of "
	  "\"Synced\", "
	  "\"Pending Sync\", \"Sync Failed\", \"Deleted Externally\", \"Deleted "
	  "Locally\"" },
};

static void
messages_of_events(void **state)
{
	(void)state;
	rules_check(MMS_DT_EVENT, EVENT, events_rows, MMS_COUNT(events_rows));
}

/* ---- MM Calendar Integration --------------------------------------------------------------- */
#define INTEGRATION                                                                   \
	"\"__islocal\":1,\"user\":\"bob@example.com\",\"integration_name\":\"Feed\"," \
	"\"integration_type\":\"iCal\",\"ical_url\":\"https://example.com/a.ics\","   \
	"\"sync_direction\":\"One-way (Read Only)\""
#define GOOGLE "\"integration_type\":\"Google Calendar\","

static const struct rules_row integrations_rows[] = {
	{ "good", "", "" },
	{ "no user", "\"user\":null", "!user_exists: User is required." },
	{ "unknown user", "\"user\":\"x@example.com\"",
	  "!user_exists: User 'x@example.com' does not exist." },
	{ "no name", "\"integration_name\":\"\"",
	  "!integration_name_unique: Integration Name is required." },
	{ "a name in use, in other case", "\"integration_name\":\"WORK\"",
	  "!integration_name_unique: Integration Name 'WORK' already exists for user "
	  "'bob@example.com'. Please use a unique name for each integration." },
	{ "a name in use by another user", "\"integration_name\":\"Home\"", "" },
	{ "no type", "\"integration_type\":\"\"",
	  "!integration_type_requirements: Integration Type is required." },
	{ "an insert without a type is the first one", "\"integration_type\":null",
	  "!integration_type_requirements: Google Calendar requires an Access Token. "
	  "Please "
	  "authenticate with Google Calendar first.\n"
	  "?integration_type_requirements: Calendar ID is recommended for Google "
	  "Calendar "
	  "integration. Without it, the primary calendar will be used by default." },
	{ "no address", "\"ical_url\":\"\"",
	  "!integration_type_requirements: iCal URL is required for iCal integration "
	  "type." },
	{ "another scheme", "\"ical_url\":\"ftp://example.com\"",
	  "!integration_type_requirements: iCal URL must start with http://, https://, "
	  "or "
	  "webcal://" },
	{ "webcal", "\"ical_url\":\"webcal://example.com\"", "" },
	{ "an address that is a number", "\"ical_url\":1",
	  "!integration_type_requirements: 'int' object has no attribute "
	  "'startswith'" },
	{ "two-way, which is also the default", "\"sync_direction\":null",
	  "?integration_type_requirements: Warning: iCal integrations typically "
	  "support only "
	  "one-way (read-only) sync. Two-way sync may not work as expected." },
	{ "tokens of a feed are dropped", "\"token_expiry\":\"never\"", "" },
	{ "tokens of a stored feed are not",
	  "\"__islocal\":0,\"name\":\"N\",\"token_expiry\":5",
	  "!token_expiry: Invalid Token Expiry datetime format." },
	{ "a service without a token", GOOGLE "\"calendar_id\":\"primary\"",
	  "!integration_type_requirements: Google Calendar requires an Access Token. "
	  "Please "
	  "authenticate with Google Calendar first." },
	{ "an inactive one", GOOGLE "\"is_active\":0", "" },
	{ "a service without a calendar", GOOGLE "\"access_token\":\"*\"",
	  "?integration_type_requirements: Calendar ID is recommended for Google "
	  "Calendar "
	  "integration. Without it, the primary calendar will be used by default." },
	{ "Outlook", "\"integration_type\":\"Outlook Calendar\",\"calendar_id\":\"x\"",
	  "!integration_type_requirements: Outlook Calendar requires an Access Token. "
	  "Please "
	  "authenticate with Outlook Calendar first." },
	{ "the edges of the days", "\"sync_past_days\":0,\"sync_future_days\":730", "" },
	{ "past below 0", "\"sync_past_days\":-1",
	  "!sync_settings: Sync Past Days cannot be negative. Use 0 for no past "
	  "sync." },
	{ "past over 365", "\"sync_past_days\":366",
	  "!sync_settings: Sync Past Days cannot exceed 365 days (1 year)." },
	{ "no future", "\"sync_future_days\":0",
	  "!sync_settings: Sync Future Days must be greater than 0." },
	{ "future over 730", "\"sync_future_days\":731",
	  "!sync_settings: Sync Future Days cannot exceed 730 days (2 years)." },
	{ "days as text", "\"sync_past_days\":\"30\"",
	  "!sync_settings: '<' not supported between instances of 'str' and 'int'" },
	{ "days beyond an int", "\"sync_past_days\":9999999999",
	  "!sync_settings: Sync Past Days cannot exceed 365 days (1 year).\n"
	  "!field_length: MM Calendar Integration: 'Sync Past Days' (9999999999) will "
	  "get "
	  "truncated, as max characters allowed is 2147483647" },
	{ "the edges of the interval", "\"sync_interval_minutes\":5", "" },
	{ "interval below 5", "\"sync_interval_minutes\":4",
	  "!sync_settings: Sync Interval cannot be less than 5 minutes to avoid "
	  "excessive API "
	  "calls." },
	{ "interval over 1440", "\"sync_interval_minutes\":1441",
	  "!sync_settings: Sync Interval cannot exceed 1440 minutes (24 hours)." },
	{ "an interval that is off", "\"sync_interval_minutes\":4,\"auto_sync_enabled\":0",
	  "" },
	{ "no interval", "\"sync_interval_minutes\":0", "" },
	{ "a token that has expired",
	  "\"integration_type\":\"x\",\"token_expiry\":\"2026-11-20 11:59:59\"",
	  "?token_expiry: Warning: Access Token has expired on 2026-11-20 11:59:59. "
	  "Please "
	  "re-authenticate to continue syncing.\n"
	  "!select_option: Integration Type cannot be \"x\". It should be one of "
	  "\"Google "
	  "Calendar\", \"Outlook Calendar\", \"iCal\"" },
	{ "a token that is still good",
	  GOOGLE "\"access_token\":\"*\",\"calendar_id\":\"x\","
		 "\"token_expiry\":\"2026-11-20 12:00:00\"",
	  "" },
	{ "an expiry with a zone",
	  GOOGLE "\"is_active\":0,\"token_expiry\":\"2026-12-01T00:00:00Z\"",
	  "!token_expiry: Invalid Token Expiry datetime format." },
	{ "a second primary one",
	  "\"user\":\"ALICE@example.com\",\"is_primary\":1,\"is_active\":0",
	  "!primary_calendar: A primary calendar integration already exists for user "
	  "'" ALICE "': 'Work'. Please uncheck 'Is Primary Calendar' on the existing "
	  "integration first, "
	  "or uncheck it on this integration." },
	{ "the primary one itself",
	  "\"__islocal\":0,\"name\":\"" CI_1 "\",\"user\":\"" ALICE "\",\"is_primary\":1", "" },
	{ "the order of the controller",
	  "\"user\":\"\",\"integration_name\":\"\",\"integration_type\":\"\","
	  "\"sync_past_days\":-1,\"token_expiry\":\"x\"",
	  "!user_exists: User is required.\n"
	  "!integration_name_unique: Integration Name is required.\n"
	  "!integration_type_requirements: Integration Type is required.\n"
	  "!sync_settings: Sync Past Days cannot be negative. Use 0 for no past sync.\n"
	  "!token_expiry: Invalid Token Expiry datetime format." },
};

static void
messages_of_integrations(void **state)
{
	(void)state;
	rules_check(MMS_DT_INTEGRATION, INTEGRATION, integrations_rows,
		    MMS_COUNT(integrations_rows));
}

/* What a site has changed of the fields: lengths and options. */
static void
a_site_may_have_wider_columns_and_other_options(void **state)
{
	MMS_AUTO(mms_field_limits) limits = { 0 };
	MMS_AUTO(mms_str) wide = { 0 };
	MMS_AUTO(mms_str) options = { 0 };

	(void)state;
	limits.max_chars[MMS_DT_EVENT][MMS_EV_EXTERNAL_ID] = 512;
	limits.options[MMS_DT_EVENT][MMS_EV_TYPE] = mms_text_copy("External Event\nHoliday");
	rules_judge(MMS_DT_EVENT, EVENT,
		    "\"external_event_id\":\"" X140("x") "y\",\"event_type\":\"Holiday\"",
		    &limits, &wide);
	assert_string_equal(mms_str_get(&wide), "");
	rules_judge(MMS_DT_EVENT, EVENT, "\"event_type\":\"Blocked Time\"", &limits, &options);
	assert_string_equal(
		mms_str_get(&options),
		"!select_option: Event Type cannot be \"Blocked Time\". It should be one "
		"of \"External Event\", \"Holiday\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_events),
		cmocka_unit_test(messages_of_integrations),
		cmocka_unit_test(a_site_may_have_wider_columns_and_other_options),
	};

	return cmocka_run_group_tests(tests, rules_set_up, rules_tear_down);
}
