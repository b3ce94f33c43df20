/* model: every message of bookings (support/rules_table.h says how the rows are read). */
#include "support/unit.h"

#include "support/rules_table.h"

#define ALICE "alice@example.com"
#define BOB   "bob@example.com"

/* A new booking that nothing is wrong with; what follows it overrides. */
#define BOOKING                                                                                \
	"\"__islocal\":1,\"meeting_type\":\"Intro\",\"meeting_title\":\"T\","                  \
	"\"video_meeting_url\":\"https://example.com/x\","                                     \
	"\"start_datetime\":\"2026-12-05 09:00:00\",\"end_datetime\":\"2026-12-05 10:00:00\"," \
	"\"customer_name\":\"C\",\"customer_email\":\"c@example.com\","                        \
	"\"assigned_users\":[{\"user\":\"" ALICE "\",\"is_primary_host\":1}]"
#define STORED      "\"__islocal\":0,\"name\":\"MM-MB-Intro-0020\","
#define USERS(...)  "\"assigned_users\":[" __VA_ARGS__ "]"
#define HOST        "{\"user\":\"" ALICE "\",\"is_primary_host\":1}"
#define PEOPLE(...) "\"participants\":[" __VA_ARGS__ "]"

static const struct rules_row meeting_type_and_time_rows[] = {
	{ "good", "", "" },
	{ "no type", "\"meeting_type\":null",
	  "!meeting_type_exists: Meeting Type is required." },
	{ "unknown type", "\"meeting_type\":\"X\"",
	  "!meeting_type_exists: MM Meeting Type X not found" },
	{ "inactive type", "\"meeting_type\":\"gone\",\"location_type\":\"Custom\"",
	  "!meeting_type_exists: Meeting Type 'Gone' is not active. Please select an "
	  "active "
	  "meeting type." },
	{ "not for internal ones",
	  "\"meeting_type\":\"Outer\",\"is_internal\":1,\"location_type\":\"Custom\"",
	  "!meeting_type_exists: Meeting Type 'Outer' is not available for internal "
	  "meetings. Please select a meeting type that allows internal meetings." },
	{ "not for public ones", "\"meeting_type\":\"Inner\"",
	  "!meeting_type_exists: Meeting Type 'Inner' is not available for public "
	  "bookings. "
	  "Please select a meeting type that allows public bookings." },
	{ "no start", "\"start_datetime\":null", "!timing: Start DateTime is required." },
	{ "no end", "\"end_datetime\":null", "!timing: End DateTime is required." },
	{ "no time at all", "\"end_datetime\":\"x\"",
	  "!timing: Invalid datetime format for Start or End DateTime." },
	{ "no length", "\"end_datetime\":\"2026-12-05 09:00:00\"",
	  "!timing: End DateTime must be after Start DateTime." },
	{ "in the past",
	  "\"start_datetime\":\"2026-11-20 11:59:59.999999\","
	  "\"assigned_users\":[{\"user\":\"Administrator\",\"is_primary_host\":1}]",
	  "!timing: Cannot create a booking in the past. Please select a future date "
	  "and "
	  "time." },
	{ "now",
	  "\"start_datetime\":\"2026-11-20 12:00:00\","
	  "\"assigned_users\":[{\"user\":\"Administrator\",\"is_primary_host\":1}]",
	  "" },
	{ "in the past, but stored", STORED "\"start_datetime\":\"2026-11-19 12:00:00\"", "" },
	{ "60 days and a bit ahead",
	  "\"start_datetime\":\"2027-01-20 11:59:59\","
	  "\"end_datetime\":\"2027-01-20 13:00:00\"",
	  "" },
	{ "61 days ahead",
	  "\"start_datetime\":\"2027-01-20 12:00:00\","
	  "\"end_datetime\":\"2027-01-20 13:00:00\"",
	  "!timing: Booking is too far in advance for user '" ALICE
	  "'. Maximum advance booking is 60 days." },
	{ "two hours ahead", "\"start_datetime\":\"2026-11-20 14:00:00\"", "" },
	{ "a bit less", "\"start_datetime\":\"2026-11-20 13:59:59.999999\"",
	  "!timing: Booking does not meet minimum notice requirement for user '" ALICE
	  "'. Minimum notice is 2 hours." },
	{ "each user has rules",
	  USERS(HOST ",{\"user\":\"BOB@example.com\"}") ","
							"\"start_datetime\":\"2026-11-"
							"21 12:00:00\"",
	  "!timing: Booking does not meet minimum notice requirement for user '" BOB
	  "'. Minimum notice is 48 hours." },
	{ "times with a zone",
	  "\"start_datetime\":\"2026-12-05T09:00:00Z\","
	  "\"end_datetime\":\"2026-12-05T10:00:00Z\"",
	  "!timing: can't compare offset-naive and offset-aware datetimes" },
	{ "times with a zone, stored",
	  STORED "\"start_datetime\":\"2026-12-05T09:00:00Z\","
		 "\"end_datetime\":\"2026-12-05T10:00:00Z\"",
	  "!timing: Incorrect datetime value: '2026-12-05T09:00:00Z' for column "
	  "'start_datetime' at row 1" },
};

static void
messages_of_meeting_type_and_time(void **state)
{
	(void)state;
	rules_check(MMS_DT_BOOKING, BOOKING, meeting_type_and_time_rows,
		    MMS_COUNT(meeting_type_and_time_rows));
}

static const struct rules_row people_rows[] = {
	{ "no customer", "\"customer_name\":\"\",\"customer_email\":null",
	  "!customer_details: Customer Name is required for external bookings.\n"
	  "!customer_details: Customer Email is required for external bookings." },
	{ "no customer inside", "\"customer_name\":\"\",\"is_internal\":1", "" },
	{ "bad customer", "\"customer_email\":\"c@example\"",
	  "!customer_details: Invalid email format for Customer Email: 'c@example'" },
	{ "phone", "\"customer_phone\":\"+45 (12) 34-56 7\"", "" },
	{ "short phone", "\"customer_phone\":\"123456\"",
	  "!customer_details: Invalid phone number format. Please provide a valid "
	  "phone "
	  "number." },
	{ "phone that is a number", "\"customer_phone\":12345678",
	  "!customer_details: expected string or bytes-like object, got 'int'" },
	{ "nobody", "\"assigned_users\":[]",
	  "!assigned_users: At least one user must be assigned to this booking." },
	{ "the form of older sites", "\"assigned_users\":[],\"assigned_user\":\"" ALICE "\"",
	  "" },
	{ "twice, in other case", USERS(HOST ",{\"user\":\"ALICE@example.com\"}"),
	  "!assigned_users: Duplicate users found in assigned users. Each user can "
	  "only be "
	  "assigned once." },
	{ "unknown user", USERS(HOST ",{\"user\":\"x@example.com\"}"),
	  "!assigned_users: User 'x@example.com' does not exist." },
	{ "a row without a user", USERS(HOST ",{}"),
	  "!assigned_users: User 'None' does not exist.\n!assigned_users: User is "
	  "required." },
	{ "no host", USERS("{\"user\":\"" ALICE "\"}"),
	  "!assigned_users: At least one assigned user must be marked as Primary "
	  "Host." },
	{ "two hosts", USERS(HOST ",{\"user\":\"Administrator\",\"is_primary_host\":1}"),
	  "?assigned_users: Warning: Multiple users are marked as Primary Host. "
	  "Consider "
	  "having only one primary host." },
	{ "a guest", PEOPLE("{\"name1\":\"P\",\"email\":\"p@example.com\"}"), "" },
	{ "the same guest twice",
	  PEOPLE("{\"name1\":\"P\",\"email\":\"p@example.com\"},"
		 "{\"name1\":\"Q\",\"email\":\"p@example.com\"}"),
	  "!participants: Duplicate participants found. Each participant email must be "
	  "unique." },
	{ "in other case it is another one",
	  PEOPLE("{\"name1\":\"P\",\"email\":\"p@example.com\"},"
		 "{\"name1\":\"Q\",\"email\":\"P@example.com\"}"),
	  "" },
	{ "no address", PEOPLE("{\"name1\":\"P\"}"), "!participants: Email is required." },
	{ "bad address", PEOPLE("{\"name1\":\"P\",\"email\":\"p\"}"),
	  "!participants: Invalid email format for participant: 'p'" },
	{ "no name", PEOPLE("{\"email\":\"p@example.com\"}"),
	  "!participants: External participant must have a Name: 'p@example.com'" },
	{ "colleague",
	  PEOPLE("{\"participant_type\":\"Internal\",\"email\":\"" BOB "\",\"user\":\"" BOB
		 "\"}"),
	  "" },
	{ "no user", PEOPLE("{\"participant_type\":\"Internal\",\"email\":\"" BOB "\"}"),
	  "!participants: Internal participant must have a User selected: '" BOB "'" },
	{ "unknown colleague",
	  PEOPLE("{\"participant_type\":\"Internal\",\"email\":\"" BOB
		 "\",\"user\":\"x@example.com\"}"),
	  "!participants: User 'x@example.com' does not exist." },
	{ "a guest with an unknown user",
	  PEOPLE("{\"name1\":\"P\",\"email\":\"p@example.com\","
		 "\"user\":\"x@example.com\"}"),
	  "!link: Could not find Row #1: User: x@example.com" },
	{ "unknown kind",
	  PEOPLE("{\"participant_type\":\"Alien\",\"email\":\"p@example.com\"}"),
	  "!select_option: Row #1: Participant Type cannot be \"Alien\". It should be "
	  "one of "
	  "\"Internal\", \"External\"" },
	{ "a long name", PEOPLE("{\"name1\":\"" X140("x") "y\",\"email\":\"p@example.com\"}"),
	  "!field_length: MM Meeting Booking Participant, Row 1: 'Name' (" X140(
		  "x") "y) will get truncated, as max characters allowed is 140" },
	{ "rows that are no rows", "\"participants\":[1]",
	  "!json: participants must be an array of objects" },
	{ "unknown creator", "\"created_by\":\"x@example.com\"",
	  "!link: Could not find Created By: x@example.com" },
	{ "unknown assigner",
	  USERS("{\"user\":\"" ALICE "\",\"is_primary_host\":1,"
		"\"assigned_by\":\"x@example.com\"}"),
	  "!link: Could not find Row #1: Assigned By: x@example.com" },
};

static void
messages_of_people(void **state)
{
	(void)state;
	rules_check(MMS_DT_BOOKING, BOOKING, people_rows, MMS_COUNT(people_rows));
}

#define OPTIONS_OF_HISTORY                                                                 \
	"It should be one of \"Created\", \"Confirmed\", \"Rescheduled\", \"Cancelled\", " \
	"\"Completed\", \"No-Show\", \"Approved\", \"Rejected\", \"Reminder Sent\", "      \
	"\"Calendar Synced\", \"Assignment Changed\", \"Customer Updated\""

static const struct rules_row state_and_place_rows[] = {
	{ "rejected without a reason",
	  "\"requires_approval\":1,\"approval_status\":\"Rejected\"",
	  "!approval_workflow: Rejection Reason is required when rejecting a booking.\n"
	  "?booking_status: Cancellation Reason is recommended when cancelling a "
	  "booking." },
	{ "rejected with a reason",
	  "\"requires_approval\":1,\"approval_status\":\"Rejected\","
	  "\"rejection_reason\":\"r\",\"cancellation_reason\":\"r\"",
	  "" },
	{ "no approval needed", "\"approval_status\":\"Rejected\"", "" },
	{ "an insert that needs approval begins as pending",
	  "\"meeting_type\":\"Careful\",\"approval_status\":\"Rejected\"", "" },
	{ "synced without an event", "\"calendar_event_synced\":1",
	  "?calendar_sync: Warning: Calendar Event Synced is checked but no Calendar "
	  "Event is "
	  "linked." },
	{ "an event", "\"calendar_event\":\"mm-ces-0010\"", "" },
	{ "unknown event", "\"calendar_event\":\"X\"",
	  "!calendar_sync: Calendar Event 'X' does not exist." },
	{ "an insert is a video call by default", "\"video_meeting_url\":\"\"",
	  "?location_settings: Video Meeting URL is recommended when Location Type is "
	  "'Video "
	  "Call'." },
	{ "or what its type is",
	  "\"meeting_type\":\"Outer\",\"location_type\":\"\",\"video_meeting_url\":"
	  "\"\"",
	  "" },
	{ "a place without a place", "\"location_type\":\"Physical Location\"",
	  "?location_settings: Meeting Location is recommended when Location Type is "
	  "'Physical "
	  "Location'." },
	{ "a bad link", "\"video_meeting_url\":\"example.com\"",
	  "!location_settings: Video Meeting URL must start with http:// or https://" },
	{ "webcal is for feeds", "\"video_meeting_url\":\"webcal://example.com\"",
	  "!location_settings: Video Meeting URL must start with http:// or https://" },
	{ "cancelled without a reason", "\"booking_status\":\"Cancelled\"",
	  "?booking_status: Cancellation Reason is recommended when cancelling a "
	  "booking." },
	{ "completed before it began", "\"booking_status\":\"Completed\"",
	  "!booking_status: Cannot mark a future booking as 'Completed'. This status "
	  "can only "
	  "be set for past bookings." },
	{ "no-show before it began", STORED "\"booking_status\":\"No-Show\"",
	  "!booking_status: Cannot mark a future booking as 'No-Show'. This status can "
	  "only "
	  "be set for past bookings." },
	{ "completed after it began",
	  STORED "\"booking_status\":\"Completed\","
		 "\"start_datetime\":\"2026-11-20 12:00:00\"",
	  "" },
	{ "history without a type", "\"booking_history\":[{\"name\":\"h\"}]",
	  "!booking_status: Event Type is required." },
	{ "history with another one", "\"booking_history\":[{\"event_type\":\"X\",\"idx\":7}]",
	  "!select_option: Row #7: Event Type cannot be \"X\". " OPTIONS_OF_HISTORY },
	{ "unknown author", "\"booking_history\":[{\"event_by\":\"x@example.com\"}]",
	  "!link: Could not find Row #1: Event By: x@example.com" },
	{ "a stored booking does not go back to pending",
	  STORED "\"booking_status\":\"Pending\"",
	  "!select_option: Row #1: Event Type cannot be "
	  "\"Pending\". " OPTIONS_OF_HISTORY },
	{ "one that is pending stays so",
	  "\"__islocal\":0,\"name\":\"MM-MB-Intro-0021\",\"booking_status\":"
	  "\"Pending\"",
	  "" },
	{ "unknown status", "\"booking_status\":\"X\"",
	  "!select_option: Booking Status cannot be \"X\". It should be one of "
	  "\"Pending\", "
	  "\"Confirmed\", \"Cancelled\", \"Completed\", \"No-Show\", \"Rescheduled\"" },
	{ "the order of the controller",
	  "\"meeting_type\":\"\",\"start_datetime\":\"\",\"customer_name\":\"\","
	  "\"assigned_users\":[],\"participants\":[{\"name1\":\"P\"}],"
	  "\"requires_approval\":1,\"approval_status\":\"Rejected\",\"calendar_event\":"
	  "\"x\","
	  "\"video_meeting_url\":\"x\",\"booking_source\":\"x\","
	  "\"created_by\":\"x@example.com\",\"meeting_title\":\"" X140("x") "y\"",
	  "!meeting_type_exists: Meeting Type is required.\n"
	  "!timing: Start DateTime is required.\n"
	  "!customer_details: Customer Name is required for external bookings.\n"
	  "!assigned_users: At least one user must be assigned to this booking.\n"
	  "!participants: Email is required.\n"
	  "!approval_workflow: Rejection Reason is required when rejecting a booking.\n"
	  "!calendar_sync: Calendar Event 'x' does not exist.\n"
	  "!location_settings: Video Meeting URL must start with http:// or https://\n"
	  "?booking_status: Cancellation Reason is recommended when cancelling a "
	  "booking.\n"
	  "!field_length: MM Meeting Booking: 'Meeting Title' (" X140(
		  "x") "y) will get truncated, as max characters allowed is 140\n"
		       "!select_option: Booking Source cannot be \"x\". It should be "
		       "one of \"Public "
		       "Booking Page\", \"Internal System\", \"Manual Entry\", \"API "
		       "Integration\", "
		       "\"Google Calendar\", \"Outlook Calendar\"\n"
		       "!link: Could not find Created By: x@example.com" },
};

static void
messages_of_state_and_place(void **state)
{
	(void)state;
	rules_check(MMS_DT_BOOKING, BOOKING, state_and_place_rows,
		    MMS_COUNT(state_and_place_rows));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_meeting_type_and_time),
		cmocka_unit_test(messages_of_people),
		cmocka_unit_test(messages_of_state_and_place),
	};

	return cmocka_run_group_tests(tests, rules_set_up, rules_tear_down);
}
