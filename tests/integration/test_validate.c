/* validate, the program, on a real database that it may only read. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/rules_site.h"
#include "support/rules_world.h"

#define EVENTS       "MM Calendar Event Sync"
#define INTEGRATIONS "MM Calendar Integration"
#define BOOKINGS     "MM Meeting Booking"
#define CI_1         "MM-CI-alice@example.com-0001"

/* Verdicts on lines of JSON; more arguments end with NULL. Owns: *run. */
static int
validate(struct mms_test_run *run, const char *doctype, const char *input, const char *more)
{
	const char *const args[] = { "validate", "--doctype", doctype, "@", more, NULL };

	return rules_site_run(run, input, strlen(input), args);
}

/* The golden files of the unit tests, through the program and the database. */
static void
compare(const char *doctype, const char *in_name, const char *out_name)
{
	struct mms_test_run run = { 0 };
	size_t in_len, out_len;
	char *in = world_read_file(world_path(in_name), &in_len);
	char *want = world_read_file(world_path(out_name), &out_len);
	const char *const args[] = { "validate", "--doctype", doctype, "@", NULL };

	rules_site_read_only();
	assert_int_equal(rules_site_run(&run, in, in_len, args), 1);
	const char *got = run.out;
	for (size_t line = 1; *got != '\0' && got[0] == want[out_len - strlen(want)]; line++) {
		size_t n = strcspn(got, "\n"), m = strcspn(want, "\n");
		if (n != m || memcmp(got, want, n) != 0)
			fail_msg("%s line %zu\n  got  %.*s\n  want %.*s", in_name, line, (int)n,
				 got, (int)m, want);
		got += n + 1;
		memmove(want, want + m + 1, strlen(want + m + 1) + 1);
		out_len = strlen(want);
	}
	assert_string_equal(got, "");
	assert_string_equal(want, "");
	mms_free(in);
	mms_free(want);
	mms_test_run_release(&run);
}

static void
events_get_the_verdicts_of_the_model(void **state)
{
	(void)state;
	compare(EVENTS, "event.in.jsonl", "event.out.jsonl");
}

static void
integrations_get_the_verdicts_of_the_model(void **state)
{
	(void)state;
	compare(INTEGRATIONS, "integration.in.jsonl", "integration.out.jsonl");
}

static void
bookings_get_the_verdicts_of_the_model(void **state)
{
	(void)state;
	compare(BOOKINGS, "booking.in.jsonl", "booking.out.jsonl");
}

#define GOOD(id)                                                                   \
	"{\"calendar_integration\":\"" CI_1 "\",\"external_event_id\":\"" id "\"," \
	"\"event_title\":\"T\",\"start_datetime\":\"2026-12-05 09:00:00\","        \
	"\"end_datetime\":\"2026-12-05 10:00:00\"}\n"
#define CLEAN(index) "{\"index\":" index ",\"name\":null,\"errors\":[],\"warnings\":[]}\n"

static void
lines_that_cannot_be_read_are_findings(void **state)
{
	struct mms_test_run run = { 0 };

	(void)state;
	assert_int_equal(
		validate(&run, EVENTS,
			 "\xEF\xBB\xBF" GOOD("a") "\n \r\n" GOOD(
				 "b") "{\"a\": 01}\n[1]\n"
				      "\"\xE9\"\n{\"name\": \"n\", \"x\": }\n" GOOD("c"),
			 NULL),
		1);
	assert_string_equal(
		run.out,
		CLEAN("0") CLEAN(
			"3") "{\"index\":4,\"name\":null,\"errors\":[{\"rule\":\"json\","
			     "\"message\":\"not JSON: a "
			     "comma is expected at column 8\"}],\"warnings\":[]}\n"
			     "{\"index\":5,\"name\":null,\"errors\":[{\"rule\":\"json\","
			     "\"message\":\"a JSON "
			     "object is expected\"}],\"warnings\":[]}\n"
			     "{\"index\":6,\"name\":null,\"errors\":[{\"rule\":\"json\","
			     "\"message\":\"not JSON: "
			     "not UTF-8\"}],\"warnings\":[]}\n"
			     "{\"index\":7,\"name\":null,\"errors\":[{\"rule\":\"json\","
			     "\"message\":\"not JSON: a "
			     "value is expected at column 20\"}],\"warnings\":[]}\n" CLEAN(
				     "8"));
	mms_test_run_release(&run);
}

static void
a_line_without_end_is_read_and_one_too_long_is_left_out(void **state)
{
	const size_t too_long = ((size_t)8 << 20) + 1;
	MMS_AUTO(mms_str) input = { 0 };
	struct mms_test_run run = { 0 };
	const char *const args[] = { "validate", "--doctype", EVENTS, "@", NULL };

	(void)state;
	mms_str_add(&input, GOOD("a"));
	for (size_t i = 0; i < too_long; i++)
		mms_str_addc(&input, 'x');
	mms_str_add(&input, "\n" GOOD("b"));
	mms_str_cut(&input, input.len - 1); /* the last line has no end */
	assert_int_equal(rules_site_run(&run, input.ptr, input.len, args), 1);
	assert_string_equal(
		run.out, CLEAN("0") "{\"index\":1,\"name\":null,\"errors\":[{\"rule\":\"json\","
				    "\"message\":\"not read: the line is longer than 8388608 "
				    "bytes\"}],\"warnings\":[]}\n" CLEAN("2"));
	mms_test_run_release(&run);
}

static void
the_exit_status_says_what_was_found(void **state)
{
	static const char *const warned =
		"{\"calendar_integration\":\"" CI_1 "\",\"external_event_id\":\"w\","
		"\"start_datetime\":\"2026-12-05\",\"end_datetime\":\"2026-12-07\"}\n";
	struct mms_test_run run = { 0 };

	(void)state;
	assert_int_equal(validate(&run, EVENTS, GOOD("a"), NULL), 0);
	assert_int_equal(validate(&run, EVENTS, warned, NULL), 0);
	assert_int_equal(validate(&run, EVENTS, warned, "--fail-on=warning"), 1);
	assert_int_equal(validate(&run, EVENTS, "", NULL), 0);
	assert_string_equal(run.out, "");
	assert_int_equal(validate(&run, EVENTS, GOOD("a"), "--fail-on=nothing"), 2);
	assert_int_equal(validate(&run, "Calendar Event Sync", GOOD("a"), NULL), 2);
	assert_non_null(strstr(run.err, "did you mean 'MM Calendar Event Sync'?"));
	assert_int_equal(validate(&run, "Note", GOOD("a"), NULL), 2);
	assert_non_null(strstr(run.err, "one of: MM Calendar Integration, "));
	mms_test_run_release(&run);
}

static void
what_cannot_be_read_is_no_interruption(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *want;
	} rows[] = {
		{ "/", 2, "cannot be read: Is a directory" },
		{ "/nowhere", 2, "No such file" },
		{ "/proc/self/mem", 1, "cannot be read: Input/output error" },
	};
	struct mms_test_run run = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const char *const args[] = { "validate", "--doctype", EVENTS, rows[i].path,
					     NULL };
		int status = rules_site_run(&run, NULL, 0, args);
		if (status != rows[i].status || strstr(run.err, rows[i].want) == NULL)
			fail_msg("%s: status %d, %s", rows[i].path, status, run.err);
	}
	mms_test_run_release(&run);
}

static void
maintenance_stops_nobody_who_only_reads(void **state)
{
	struct mms_test_run run = { 0 };
	char dir[MMS_TEST_DIR_MAX];

	(void)state;
	mms_test_site_make(rules_site_server(), "site1", ", \"maintenance_mode\": 1", dir);
	assert_int_equal(validate(&run, EVENTS, GOOD("a"), NULL), 0);
	assert_string_equal(run.out, CLEAN("0"));
	mms_test_run_release(&run);
}

static void
a_site_decides_lengths_and_options(void **state)
{
	static const char *const document =
		"{\"calendar_integration\":\"" CI_1 "\",\"external_event_id\":\"a\","
		"\"event_title\":\"123456\",\"event_type\":\"Holiday\","
		"\"start_datetime\":\"2026-12-05 09:00\",\"end_datetime\":\"2026-12-05 "
		"10:00\"}\n";
	struct mms_test_run run = { 0 };

	(void)state;
	mms_test_sql(rules_site_server(),
		     "INSERT INTO `tabProperty Setter` (name, doctype_or_field, doc_type, "
		     "field_name, "
		     "property, value) VALUES ('a', 'DocField', '" EVENTS "', 'event_title', "
		     "'length', '5'), ('b', 'DocField', '" EVENTS "', 'event_type', 'options', "
		     "'External Event\nHoliday')");
	assert_int_equal(validate(&run, EVENTS, document, NULL), 1);
	assert_string_equal(
		run.out,
		"{\"index\":0,\"name\":null,\"errors\":[{\"rule\":\"field_length\","
		"\"message\":\"MM Calendar Event Sync: 'Event Title' (123456) will get "
		"truncated, as max characters allowed is 5\"}],\"warnings\":[]}\n");
	mms_test_run_release(&run);
}

/* ---- --accumulate -------------------------------------------------------------------------- */

/* The rules of the errors, one for each line: "-" for none, comma between several. */
static void
rules_of(const char *out, struct mms_str *rules)
{
	for (; *out != '\0'; out += strcspn(out, "\n") + 1) {
		const char *end = strstr(out, "],\"warnings\"");
		bool has_one = false;
		if (rules->len > 0)
			mms_str_addc(rules, ' ');
		for (const char *p = strstr(out, "\"rule\":\""); p != NULL && p < end;
		     p = strstr(p + 1, "\"rule\":\"")) {
			if (has_one)
				mms_str_addc(rules, ',');
			mms_str_addn(rules, p + 8, strcspn(p + 8, "\""));
			has_one = true;
		}
		if (!has_one)
			mms_str_addc(rules, '-');
	}
}

static void
accumulates(const char *label, const char *doctype, const char *input, const char *want)
{
	struct mms_test_run run = { 0 };
	MMS_AUTO(mms_str) got = { 0 };

	(void)validate(&run, doctype, input, "--accumulate");
	rules_of(run.out, &got);
	if (strcmp(mms_str_get(&got), want) != 0)
		fail_msg("%s: %s, want %s\n%s%s", label, mms_str_get(&got), want, run.out,
			 run.err);
	mms_test_run_release(&run);
}

#define EVENT(more)                                                                       \
	"{\"calendar_integration\":\"" CI_1 "\",\"start_datetime\":\"2026-12-05 09:00\"," \
	"\"end_datetime\":\"2026-12-05 10:00\"," more "}\n"
#define TWIN "external_event_id_unique"

static const struct {
	const char *label, *input, *as_frappe, *as_adopted; /* column of Frappe, and ours */
} event_rows[] = {
	{ "case", EVENT("\"external_event_id\":\"New\"") EVENT("\"external_event_id\":\"NEW\""),
	  "- " TWIN, "- -" },
	{ "accent",
	  EVENT("\"external_event_id\":\"\xC3\x85\"") EVENT("\"external_event_id\":\"A\""),
	  "- " TWIN, "- -" },
	{ "blank at the end",
	  EVENT("\"external_event_id\":\"new\"") EVENT("\"external_event_id\":\"new  \""),
	  "- " TWIN, "- -" },
	{ "the same bytes",
	  EVENT("\"external_event_id\":\"new\"") EVENT("\"external_event_id\":\"new\""),
	  "- " TWIN, "- " TWIN },
	{ "sharp s",
	  EVENT("\"external_event_id\":\"stra\xC3\x9F"
		"e\"") EVENT("\"external_event_id\":\"STRASSE\""),
	  "- " TWIN, "- -" },
	{ "one that was not accepted does not count",
	  EVENT("\"external_event_id\":\"new\",\"organizer_email\":\"x\"")
		  EVENT("\"external_event_id\":\"new\""),
	  "organizer_email -", "organizer_email -" },
	{ "another integration",
	  EVENT("\"external_event_id\":\"new\"")
		  EVENT("\"external_event_id\":\"new\",\"calendar_integration\":\"MM-CI-bob@"
			"example.com-"
			"0003\""),
	  "- -", "- -" },
	{ "an id that another row gives up, the old one in use by it",
	  EVENT("\"name\":\"MM-CES-0011\",\"external_event_id\":\"moved\"") EVENT(
		  "\"external_event_id\":\"uid-1\"") EVENT("\"external_event_id\":\"moved\""),
	  "- - " TWIN, "- - " TWIN },
	{ "a document that comes twice is its own",
	  EVENT("\"name\":\"N1\",\"external_event_id\":\"new\"")
		  EVENT("\"name\":\"n1\",\"external_event_id\":\"new\""),
	  "- -", "- -" },
	{ "its first contents are gone",
	  EVENT("\"name\":\"N1\",\"external_event_id\":\"old\"")
		  EVENT("\"name\":\"N1\",\"external_event_id\":\"new\"")
			  EVENT("\"external_event_id\":\"old\""),
	  "- - -", "- - -" },
};

static void
event_ids_are_compared_as_their_column_does(void **state)
{
	struct mms_site site = { 0 };
	struct mms_db *db = NULL;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(event_rows); i++)
		accumulates(event_rows[i].label, EVENTS, event_rows[i].input,
			    event_rows[i].as_frappe);
	/* ids become case-sensitive, and blanks count */
	mms_test_site_load(rules_site_dir(), &site);
	OK(mms_db_open(&db, &rules_site_server()->settings, &err));
	mms_test_schema_apply(db, &site);
	mms_db_close(db);
	mms_site_release(&site);
	for (size_t i = 0; i < MMS_COUNT(event_rows); i++)
		accumulates(event_rows[i].label, EVENTS, event_rows[i].input,
			    event_rows[i].as_adopted);
}

#define FEED(more)                                                     \
	"{\"user\":\"bob@example.com\",\"integration_type\":\"iCal\"," \
	"\"ical_url\":\"https://example.com/a.ics\","                  \
	"\"sync_direction\":\"One-way (Read Only)\"," more "}\n"

static void
integrations_accepted_earlier_count(void **state)
{
	(void)state;
	rules_site_read_only();
	accumulates("a name twice", INTEGRATIONS,
		    FEED("\"integration_name\":\"Feed\"")
			    FEED("\"integration_name\":\"FEED \""),
		    "- integration_name_unique");
	accumulates("another user", INTEGRATIONS,
		    FEED("\"integration_name\":\"Feed\"") FEED(
			    "\"integration_name\":\"Feed\",\"user\":\"alice@example.com\""),
		    "- -");
	accumulates("a second primary one", INTEGRATIONS,
		    FEED("\"integration_name\":\"A\",\"is_primary\":1")
			    FEED("\"integration_name\":\"B\",\"is_primary\":1,"
				 "\"user\":\"BOB@example.com\""),
		    "- primary_calendar");
	accumulates("an inactive first one", INTEGRATIONS,
		    FEED("\"integration_name\":\"A\",\"is_primary\":1,\"is_active\":0")
			    FEED("\"integration_name\":\"B\",\"is_primary\":1"),
		    "- -");
	accumulates("the stored primary one gives it up", INTEGRATIONS,
		    FEED("\"integration_name\":\"Work\",\"user\":\"alice@example.com\","
			 "\"name\":\"mm-ci-alice@example.com-0001\",\"is_primary\":0")
			    FEED("\"integration_name\":\"B\",\"is_primary\":1,"
				 "\"user\":\"alice@example.com\""),
		    "- -");
	accumulates("without --accumulate's memory the stored one counts", INTEGRATIONS,
		    FEED("\"integration_name\":\"B\",\"is_primary\":1,"
			 "\"user\":\"alice@example.com\""),
		    "primary_calendar");
}

#define BOOKING(more)                                                                       \
	"{\"__islocal\":1,\"meeting_type\":\"Intro\",\"is_internal\":1,"                    \
	"\"location_type\":\"Custom\",\"start_datetime\":\"2026-12-05 09:00\","             \
	"\"end_datetime\":\"2026-12-05 10:00\","                                            \
	"\"assigned_users\":[{\"user\":\"alice@example.com\",\"is_primary_host\":1}]," more \
	"}\n"

static void
rows_may_be_linked_to_what_came_earlier(void **state)
{
	struct mms_test_run run = { 0 };

	(void)state;
	accumulates("a booking and its change", BOOKINGS,
		    BOOKING("\"name\":\"MM-MB-1\"")
			    BOOKING("\"__islocal\":0,\"name\":\"mm-mb-1\",\"booking_status\":"
				    "\"Pending\""),
		    "- select_option");
	/* its status was changed earlier in the input: nothing changes now */
	accumulates("pending stays pending", BOOKINGS,
		    BOOKING("\"name\":\"MM-MB-1\",\"booking_status\":\"Pending\"")
			    BOOKING("\"__islocal\":0,\"name\":\"MM-MB-1\",\"booking_status\":"
				    "\"Pending\""),
		    "- -");
	assert_int_equal(
		validate(
			&run, EVENTS,
			EVENT("\"external_event_id\":\"x\",\"meeting_booking\":\"MM-MB-Intro-"
			      "0021\"")
				EVENT("\"external_event_id\":\"y\",\"meeting_booking\":\"mm-mb-"
				      "intro-0021\""),
			"--accumulate"),
		0);
	assert_null(strstr(run.out, "is already linked\\n"));
	const char *second = strchr(run.out, '\n') + 1;
	assert_non_null(strstr(second, "'MM-MB-Intro-0021' is already linked"));
	assert_true(strstr(run.out, "is already linked") > second);
	mms_test_run_release(&run);
}

/* ---- faults -------------------------------------------------------------------------------- */

/* What was printed before a failure are whole lines. */
static void
has_whole_lines(const char *fault, const struct mms_test_run *run)
{
	size_t len = strlen(run->out);

	if (len > 0 && run->out[len - 1] != '\n')
		fail_msg("%s: %s", fault, run->out);
}

static void
memory_and_statements_may_fail_anywhere(void **state)
{
	const char *const events[] = { "validate", "--doctype",    EVENTS,
				       "@",        "--accumulate", NULL };
	const char *const bookings[] = { "validate", "--doctype",    BOOKINGS,
					 "@",        "--accumulate", NULL };
	static const char *const input = EVENT("\"external_event_id\":\"new\"") GOOD("b");

	(void)state;
	rules_site_torture("alloc", input, events, 0, has_whole_lines);
	rules_site_torture("stmt-before", input, events, 0, has_whole_lines);
	rules_site_torture("stmt-after", BOOKING("\"name\":\"MM-MB-1\""), bookings, 0,
			   has_whole_lines);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(events_get_the_verdicts_of_the_model, rules_site_full),
		cmocka_unit_test_setup(integrations_get_the_verdicts_of_the_model,
				       rules_site_full),
		cmocka_unit_test_setup(bookings_get_the_verdicts_of_the_model, rules_site_full),
		cmocka_unit_test_setup(lines_that_cannot_be_read_are_findings, rules_site_full),
		cmocka_unit_test_setup(a_line_without_end_is_read_and_one_too_long_is_left_out,
				       rules_site_full),
		cmocka_unit_test_setup(what_cannot_be_read_is_no_interruption, rules_site_full),
		cmocka_unit_test_setup(the_exit_status_says_what_was_found, rules_site_full),
		cmocka_unit_test_setup(maintenance_stops_nobody_who_only_reads,
				       rules_site_full),
		cmocka_unit_test_setup(a_site_decides_lengths_and_options, rules_site_full),
		cmocka_unit_test_setup(event_ids_are_compared_as_their_column_does,
				       rules_site_full),
		cmocka_unit_test_setup(integrations_accepted_earlier_count, rules_site_full),
		cmocka_unit_test_setup(rows_may_be_linked_to_what_came_earlier,
				       rules_site_full),
		cmocka_unit_test_setup(memory_and_statements_may_fail_anywhere,
				       rules_site_full),
	};

	return cmocka_run_group_tests(tests, rules_site_start, rules_site_stop);
}
