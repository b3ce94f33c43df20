/* The words of stories about services and bookings do what docs/testing.md says. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/scenario.h"
#include "support/stories.h"

static struct world world;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

/* Play lines for a service (NULL: the first); returns what failed, "" where nothing did. Borrows: static. */
static const char *
play_for(const char *service, const char *lines)
{
	static char failure[2048];
	char dir[128], path[160];
	struct scenario s = { .world = &world, .path = path, .service = service };

	temp_dir_make(dir, sizeof dir);
	(void)snprintf(path, sizeof path, "%s/story.scn", dir);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(lines, file) >= 0);
	assert_int_equal(fclose(file), 0);
	failure[0] = '\0';
	if (scenario_play(&s) != 0)
		(void)snprintf(failure, sizeof failure, "%s", s.failure + strlen(path));
	scenario_release(&s);
	temp_dir_remove(dir);
	return failure;
}

static const char *
play_lines(const char *lines)
{
	return play_for(NULL, lines);
}

/* Of a site that is broken on purpose: whatever audit finds of it. */
static const char *
play_broken(const char *lines)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_addf(&text, "%sflaws ?*\n", lines);
	return play_lines(mms_str_get(&text));
}

static void
each_word_does_what_it_says(void **state)
{
	struct scenario s = { .world = &world, .path = "fixtures/watch/words.scn" };

	(void)state;
	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
	scenario_release(&s);
}

#define CALENDAR                                                                               \
	"integration work type=google\n"                                                       \
	"at ann@example.com event lunch1 \"Lunch\" 2026-03-04T11:00:00Z 2026-03-04T12:00:00Z " \
	"guests=bob@example.com:declined\n"

static void
an_expectation_that_does_not_hold_fails(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "events ann@example.com 2", "has 1 events, expected 2" },
		{ "ours ann@example.com 1", "has 0 of our events, expected 1" },
		{ "outside ann@example.com nothing", "has no event nothing" },
		{ "outside ann@example.com lunch1 gone", "is live" },
		{ "outside ann@example.com lunch1 title=Dinner", "'Lunch', expected 'Dinner'" },
		{ "outside ann@example.com lunch1 start=2026-03-04T12:00:00Z", "expected" },
		{ "outside ann@example.com lunch1 guests=eve@example.com", "expected" },
		{ "outside ann@example.com lunch1 guests=bob@example.com:accepted",
		  "expected" },
		{ "outside ann@example.com @MB-1 title=Lunch", "that we know of" },
		{ "outside ann@example.com lunch1 Lunch", "is not key=value" },
		{ "at ann@example.com delete lunch1\noutside ann@example.com lunch1 "
		  "title=Lunch",
		  "is gone" },
		{ "requests 1", "0 requests, expected 1" },
		{ "header GET /events user-agent present", "no such request" },
		{ "query GET /events maxResults 2500", "no such request" },
		{ "body POST /events x", "no such request" },
		{ "at ann@example.com jump lunch1", "no word of the language" },
		{ "at bob@example.com delete lunch1", "no calendar" },
		{ "at ann@example.com delete dinner1", "no event 'dinner1'" },
		{ "set page-length 3", "no option" },
		{ "fault 1 GET", "fault takes" },
		{ "booking MB-1 \"Talk\" soon later", "is no time of a booking" },
		{ "gevnts ann@example.com 2", "no word of the language" },
	};
	char lines[1200];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		(void)snprintf(lines, sizeof lines, CALENDAR "%s\n", rows[i].line);
		const char *failure = play_lines(lines);
		if (strstr(failure, rows[i].says) == NULL)
			fail_msg("%s: says '%s'", rows[i].line, failure);
	}
}

#define BOTH "services google outlook\n"
#define TYPE "SELECT integration_type FROM `tabMM Calendar Integration`\n"

/* One story for several services: what stands before a line says for which it is. */
static void
a_story_is_told_of_each_service(void **state)
{
	static const struct {
		const char *label, *service, *lines, *says;
	} rows[] = {
		{ "the first", NULL,
		  BOTH "integration work type=service\nask \"Google Calendar\" " TYPE, "" },
		{ "the one in play", "outlook",
		  BOTH "integration work type=service\nask \"Outlook Calendar\" " TYPE, "" },
		{ "its own lines", "outlook", BOTH "google: rows 7\n  outlook:  rows 0\n", "" },
		{ "its own lines fail", "outlook", BOTH "outlook: rows 7\n", "expected 7" },
		{ "the other's lines fail for it", "google", BOTH "google: rows 7\n",
		  "expected 7" },
		{ "of one, played for another", "outlook", "services google\n",
		  "not told of outlook" },
		{ "of none that there is", NULL, "services caldav\n", "not told of" },
		{ "a type that is said stays", "outlook",
		  BOTH "integration work type=google\nask \"Google Calendar\" " TYPE, "" },
		{ "where events are listed", "google",
		  BOTH "fault 1 GET LIST status 503\nrequests 0 GET LIST\n"
		       "header GET LIST accept present\n",
		  "no such request" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const char *failure = play_for(rows[i].service, rows[i].lines);
		if (rows[i].says[0] == '\0' ? failure[0] != '\0'
					    : strstr(failure, rows[i].says) == NULL)
			fail_msg("%s: says '%s'", rows[i].label, failure);
	}
}

static void
plays_are_chosen_by_their_names(void **state)
{
	static const struct {
		const char *list, *word;
		bool is_in;
	} lists[] = { { "google outlook\n", "outlook", true },
		      { " outlook", "outlook", true },
		      { "google", "outlook", false },
		      { "outlooks", "outlook", false },
		      { "", "outlook", false } };
	struct stories stories;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(lists); i++)
		assert_int_equal(story_names(lists[i].list, lists[i].word), lists[i].is_in);
	stories_find(&stories, "71-changes[google]");
	assert_int_equal(stories.n, 1);
	assert_string_equal(stories.at[0].path, "fixtures/scenarios/71-changes.scn");
	assert_string_equal(stories.at[0].service, "google");
	stories_release(&stories);
	stories_find(&stories, "20-versions");
	assert_int_equal(stories.n, 1);
	assert_null(stories.at[0].service);
	stories_release(&stories);
	stories_find(&stories, "no such story");
	assert_int_equal(stories.n, 0);
	stories_release(&stories);
}

/* One play leaves nothing to the next, at the fake either. */
static void
a_story_starts_with_an_empty_service(void **state)
{
	(void)state;
	assert_string_equal(play_lines(CALENDAR "set page-size 1\nfault 9 * * status 500\n"),
			    "");
	assert_string_equal(play_lines("integration work type=google\n"
				       "events ann@example.com 0\n"
				       "ask 2 SELECT COUNT(*) FROM __Auth\n"),
			    "");
	struct gfake_answer answer = { 0 };
	assert_true(gfake_ask(
		&world.service, "GET", "/calendar/v3/calendars/primary/events?maxResults=3",
		"Authorization: Bearer first-access-of-ann@example.com\r\n", NULL, &answer));
	assert_int_equal(answer.status, 200);
	gfake_answer_release(&answer);
}

static void
ask_state(struct mms_str *state, struct mms_str *invariants)
{
	struct scenario s = { .world = &world };

	scenario_state(&s, false, state);
	scenario_invariants(&s, invariants);
	scenario_release(&s);
}

/* What `quiet` looks at: only what changes something counts, also inside a batch. */
static void
a_write_is_told_from_a_question(void **state)
{
	static const struct {
		const char *method, *address;
		size_t n;
	} rows[] = {
		{ "GET", "/calendar/v3/calendars/primary/events", 0 },
		{ "POST", "/token", 0 },
		{ "POST", "/calendar/v3/calendars/primary/events", 1 },
		{ "PATCH", "/calendar/v3/calendars/primary/events/x", 1 },
		{ "PUT", "/calendar/v3/calendars/primary/events/x", 1 },
		{ "DELETE", "/calendar/v3/calendars/primary/events/x", 1 },
		{ "GET", "/v1.0/me/events/x", 0 },
		{ "POST", "/v1.0/me/calendar/events", 1 },
		{ "PATCH", "/v1.0/me/events/x", 1 },
		{ "DELETE", "/v1.0/me/events/x", 1 },
		{ "POST", "/v1.0/$batch", 0 },
		{ "POST", "/common/oauth2/v2.0/token", 0 },
	};
	struct scenario s = { .world = &world };
	struct gfake_answer answer = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		fake_clear_log(&world.service);
		assert_true(gfake_ask(&world.service, rows[i].method, rows[i].address, NULL,
				      "{}", &answer));
		if (scenario_service_writes(&s) != rows[i].n)
			fail_msg("%s %s", rows[i].method, rows[i].address);
	}
	gfake_answer_release(&answer);
}

#define OURS(id)                                                                             \
	"at ann@example.com event " id " \"Talk\" 2026-03-04T11:00:00Z 2026-03-04T12:00:00Z" \
	" private.mmsync_kind=booking private.mmsync_id=6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a"
#define STATE(n)                                                                           \
	"sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid, " \
	"booking,"                                                                         \
	" type, status, created_at_ms, changed_at_ms) VALUES (7, LEFT(UNHEX(SHA2('e00" n   \
	"', 256)), "                                                                       \
	"16), 'e00" n "', UNHEX('6f9b1d0e5a574c1e9d1a2f8e3c7b4a" n "'), 'MB-1', 2, 3, 1, 1)\n"

#define CURSOR \
	"sql INSERT INTO mmsync_cursor (id, name, provider) VALUES (7, 'work', 'google')\n"

/* What torture lives by: two events for one booking are seen, and one that nobody knows. */
static void
two_events_for_one_booking_are_noticed(void **state)
{
	static const struct {
		const char *label, *lines, *counts;
	} rows[] = {
		{ "one", CALENDAR OURS("e0010") "10\n" STATE("10"), ",0,0,0,0" },
		{ "two of one booking",
		  CALENDAR OURS("e0010") "10\n" OURS("e0011") "11\n" STATE("10") STATE("11"),
		  ",1,0,0,0" },
		{ "one of them is deleted",
		  CALENDAR OURS("e0010") "10\n" OURS("e0011") "11\n" STATE("10")
			  STATE("11") "at ann@example.com delete e0011\n",
		  ",0,0,0,0" },
		{ "of nothing we know", CALENDAR OURS("e0010") "10\n", ",0,1,0,0" },
		{ "known, and not there",
		  CALENDAR OURS("e0010") "10\n" STATE("10") STATE("11") CURSOR, ",0,0,1,0" },
	};
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) counts = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		assert_string_equal(play_broken(rows[i].lines), "");
		ask_state(&text, &counts);
		const char *end = mms_str_get(&counts) + counts.len - strlen(rows[i].counts);
		if (strcmp(end, rows[i].counts) != 0)
			fail_msg("%s: %s", rows[i].label, mms_str_get(&counts));
		assert_non_null(
			strstr(mms_str_get(&text), "outside|ann@example.com|lunch1||Lunch|"));
		assert_non_null(strstr(mms_str_get(&text), "|<id>|booking|Talk|"));
		assert_null(strstr(mms_str_get(&text), "e0010"));
	}
}

#define BLOCK(id)                                                                            \
	"at ann@example.com event " id " \"Busy\" 2026-03-04T11:00:00Z 2026-03-04T12:00:00Z" \
	" private.mmsync_kind=busy_block private.mmsync_id=6f9b1d0e-5a57-4c1e-9d1a-"         \
	"2f8e3c7b4a"
/* Of an event whose UUID ends so. */
#define BLOCK_STATE(n, of)                                                                \
	"sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid," \
	" type, status, created_at_ms, changed_at_ms) VALUES (7,"                         \
	" LEFT(UNHEX(SHA2('e00" n "', 256)), 16), 'e00" n                                 \
	"', UNHEX('6f9b1d0e5a574c1e9d1a2f8e3c7b4a" n "'), 3, 3, 1, 1)\n"                  \
	"sql INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid,"           \
	" source_id, start_ms, end_ms, title, print, planned_run, planned_ms) VALUES"     \
	" (UNHEX('6f9b1d0e5a574c1e9d1a2f8e3c7b4a" n                                       \
	"'), 7, UNHEX('6f9b1d0e5a574c1e9d1a2f8e3c7b4a" of "'), 7, 1, 2, 'Busy', '', '', 1)\n"
#define OWN_STATE(n)                                                                      \
	"sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid," \
	" type, status, created_at_ms, changed_at_ms) VALUES (7,"                         \
	" LEFT(UNHEX(SHA2('e00" n "', 256)), 16), 'e00" n                                 \
	"', UNHEX('6f9b1d0e5a574c1e9d1a2f8e3c7b5a" n "'), 1, 3, 1, 1)\n"

/* The same of busy blocks. */
static void
blocks_that_should_not_be_are_noticed(void **state)
{
	static const struct {
		const char *label, *lines, *counts;
	} rows[] = {
		{ "one", CALENDAR CURSOR BLOCK("e0010") "10\n" BLOCK_STATE("10", "30"),
		  ",0,0,0,0" },
		{ "two of one event",
		  CALENDAR CURSOR BLOCK("e0010") "10\n" BLOCK("e0011") "11\n" BLOCK_STATE(
			  "10", "30") BLOCK_STATE("11", "30"),
		  ",1,0,0,0" },
		{ "of two events",
		  CALENDAR CURSOR BLOCK("e0010") "10\n" BLOCK("e0011") "11\n" BLOCK_STATE(
			  "10", "30") BLOCK_STATE("11", "31"),
		  ",0,0,0,0" },
		{ "another installation's",
		  CALENDAR CURSOR BLOCK(
			  "e0010") "10 private.mmsync_site=99999999-2222-4333-8444-"
				   "555555555555\n",
		  ",0,0,0,0" },
		{ "of nothing we know", CALENDAR CURSOR BLOCK("e0010") "10\n", ",0,1,0,0" },
		{ "known under another id",
		  CALENDAR CURSOR BLOCK("e0012") "10\n" BLOCK("e0010") "12\n" BLOCK_STATE("10",
											  "30"),
		  ",0,2,0,0" },
		{ "known, and not there", CALENDAR CURSOR BLOCK_STATE("10", "30"), ",0,0,1,0" },
		{ "taken for its owner's",
		  CALENDAR CURSOR BLOCK("e0010") "10\n" OWN_STATE("10"), ",0,1,0,1" },
		{ "of a block",
		  CALENDAR CURSOR BLOCK("e0010") "10\n" BLOCK_STATE("10", "30")
			  BLOCK("e0011") "11 private.mmsync_source=6f9b1d0e-5a57-4c1e-9d1a-"
					 "2f8e3c7b4a10\n" BLOCK_STATE("11", "10"),
		  ",0,0,0,1" },
	};
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) counts = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		assert_string_equal(play_broken(rows[i].lines), "");
		ask_state(&text, &counts);
		const char *end = mms_str_get(&counts) + counts.len - strlen(rows[i].counts);
		if (strcmp(end, rows[i].counts) != 0)
			fail_msg("%s: %s", rows[i].label, mms_str_get(&counts));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_does_what_it_says),
		cmocka_unit_test(an_expectation_that_does_not_hold_fails),
		cmocka_unit_test(a_story_is_told_of_each_service),
		cmocka_unit_test(plays_are_chosen_by_their_names),
		cmocka_unit_test(a_story_starts_with_an_empty_service),
		cmocka_unit_test(a_write_is_told_from_a_question),
		cmocka_unit_test(two_events_for_one_booking_are_noticed),
		cmocka_unit_test(blocks_that_should_not_be_are_noticed),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
