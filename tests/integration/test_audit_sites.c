/* audit, the program, on sites whose tables are not those of the newest version of the app. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/mem.h"
#include "support/rules_site.h"

#define SQL(...) mms_test_sql(rules_site_server(), __VA_ARGS__)

/* Three good bookings, of Alice, of Bob and of nobody, each Alice's by a row of the child table. */
static int
make_site(void **state)
{
	(void)rules_site_empty(state);
	SQL("INSERT INTO tabUser (name) VALUES ('alice@example.com'), ('bob@example.com')");
	SQL("INSERT INTO `tabMM Meeting Type` (name, is_internal) VALUES ('Intro', 1)");
	SQL("INSERT INTO `tabMM Meeting Booking` (name, meeting_type, is_internal, "
	    "meeting_title,"
	    " start_datetime, end_datetime, location_type) SELECT name, 'Intro', 1, 'T',"
	    " '2026-12-05 09:00', '2026-12-05 10:00', 'Custom' FROM (SELECT 'of alice' AS name"
	    " UNION SELECT 'of bob' UNION SELECT 'of nobody') AS t");
	SQL("INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, parent, parenttype,"
	    " parentfield, user, is_primary_host) SELECT CONCAT('au ', name), 1, name,"
	    " 'MM Meeting Booking', 'assigned_users', 'alice@example.com', 1"
	    " FROM `tabMM Meeting Booking`");
	return 0;
}

/* The column of older sites; Bob's booking is Alice's no longer, nobody's is nobody's. */
static void
add_assigned_user(void)
{
	SQL("ALTER TABLE `tabMM Meeting Booking` ADD assigned_user VARCHAR(140)");
	SQL("UPDATE `tabMM Meeting Booking` SET assigned_user = CASE name"
	    " WHEN 'of alice' THEN 'alice@example.com' WHEN 'of bob' THEN 'bob@example.com' "
	    "END");
	SQL("DELETE FROM `tabMM Meeting Booking Assigned User` WHERE parent <> 'of alice'");
}

static void
expect_sums(const char *label, const char *const *args, const char *want)
{
	struct mms_test_run run = { 0 };

	(void)rules_site_run(&run, NULL, 0, args);
	const char *sums = strstr(run.out, "{\"checked\":");
	/* Counts by rule come behind. */
	if (sums == NULL || strncmp(sums, want, strlen(want) - strlen("}\n")) != 0)
		fail_msg("%s:\n%s%swant %s", label, run.out, run.err, want);
	mms_test_run_release(&run);
}

static void
what_a_site_does_not_have_is_not_asked_for(void **state)
{
	static const char *const args[] = { "audit", "--format=ndjson", "--doctype",
					    "MM Meeting Booking", NULL };
	static const struct {
		const char *label, *sql;
	} rows[] = {
		{ "as the newest version has it", "DO 1" },
		{ "no select_mkru and status_color",
		  "ALTER TABLE `tabMM Meeting Booking` DROP select_mkru, DROP status_color" },
		{ "none of the columns that mmsync can do without",
		  "ALTER TABLE `tabMM Meeting Booking` DROP booking_reference, DROP"
		  " booking_source, DROP meeting_location, DROP video_meeting_url, DROP"
		  " location_type, DROP customer_name, DROP customer_email, DROP"
		  " customer_phone, DROP created_by, DROP cancellation_reason" },
		{ "none in the child tables either",
		  "ALTER TABLE `tabMM Meeting Booking Assigned User` DROP assigned_by;"
		  "ALTER TABLE `tabMM Meeting Booking Participant` DROP participant_type,"
		  " DROP user, DROP name1, DROP email, DROP response_status;"
		  "ALTER TABLE `tabMM Meeting Booking History` DROP event_type, DROP "
		  "event_by" },
		{ "no participants", "DROP TABLE `tabMM Meeting Booking Participant`" },
		{ "no history", "DROP TABLE `tabMM Meeting Booking History`" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		SQL("%s", rows[i].sql);
		expect_sums(
			rows[i].label, args,
			"{\"checked\":{\"MM Meeting Booking\":3},\"errors\":0,\"warnings\":0}"
			"\n");
	}
}

/* Who is assigned stands in the column, in the table, or in both. */
static void
a_person_is_assigned_by_the_column_or_by_the_table(void **state)
{
	static const char *const all[] = { "audit", "--format=ndjson", "--doctype",
					   "MM Meeting Booking", NULL },
				 *const alice[] = { "audit",     "--format=ndjson",
						    "--doctype", "MM Meeting Booking",
						    "--user",    "alice@example.com",
						    NULL },
				 *const bob[] = { "audit",     "--format=ndjson",
						  "--doctype", "MM Meeting Booking",
						  "--user",    "BOB@example.com",
						  NULL };
	static const char one[] =
		"{\"checked\":{\"MM Meeting Booking\":1},\"errors\":0,\"warnings\":0}\n";
	static const char three[] = /* nobody's is the one error */
		"{\"checked\":{\"MM Meeting Booking\":3},\"errors\":1,\"warnings\":0}\n";

	(void)state;
	add_assigned_user();
	expect_sums("both, all", all, three);
	expect_sums("both, Alice", alice, one);
	expect_sums("both, Bob", bob, one);
	SQL("DROP TABLE `tabMM Meeting Booking Assigned User`");
	expect_sums("the column, all", all, three);
	expect_sums("the column, Alice", alice, one);
	expect_sums("the column, Bob", bob, one);
}

/* Options that contradict each other are a mistake that somebody must hear of. */
static void
contradictions_are_refused(void **state)
{
	static const struct {
		const char *args[7];
		int want_status;
		const char *want;
	} rows[] = {
		{ { "audit", "--integration", "ci", "--user", "ALICE@example.com", NULL },
		  0,
		  "" },
		{ { "audit", "--integration", "CI", "--user", "bob@example.com", NULL },
		  2,
		  "integration ci belongs to Alice@example.com, not to bob@example.com" },
		{ { "--json", "audit", "--format", "table", NULL },
		  2,
		  "--json and --format table" },
		{ { "--json", "audit", "--format", "json", NULL }, 0, "" },
		{ { "--json", "audit", "--format", "ndjson", NULL }, 0, "" },
	};
	struct mms_test_run run = { 0 };

	(void)state;
	SQL("INSERT INTO `tabMM Calendar Integration` (name, user, integration_type,"
	    " integration_name, ical_url) VALUES ('ci', 'Alice@example.com', 'iCal', 'Work',"
	    " 'https://example.com/a.ics')");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		int status = rules_site_run(&run, NULL, 0, rows[i].args);
		if (status != rows[i].want_status || (strstr(run.err, rows[i].want) == NULL &&
						      strstr(run.out, rows[i].want) == NULL))
			fail_msg("row %zu: status %d\n%s%s", i, status, run.out, run.err);
	}
	mms_test_run_release(&run);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_a_site_does_not_have_is_not_asked_for, make_site),
		cmocka_unit_test_setup(a_person_is_assigned_by_the_column_or_by_the_table,
				       make_site),
		cmocka_unit_test_setup(contradictions_are_refused, make_site),
	};

	return cmocka_run_group_tests(tests, rules_site_start, rules_site_stop);
}
