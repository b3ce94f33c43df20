/* Listings of the Google provider, with the fake service: what is asked, what comes out, what is not believed. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gsession.h"

static void
must_list(struct gsession *g, const char *cursor, struct glisting *out)
{
	MMS_AUTO(mms_err) err = { 0 };

	if (gsession_list(g, cursor, 500, out, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
}

static const char *
query_of(const json_t *request, const char *name)
{
	return json_string_value(json_object_get(json_object_get(request, "query"), name));
}

static void
expect_lines(const struct mms_str *text, const char *const *lines)
{
	for (; *lines != NULL; lines++) {
		if (!has_line(text, *lines))
			fail_msg("'%s' is not in\n%s", *lines, mms_str_get(text));
	}
}

/* ---- full ---------------------------------------------------------------------------------- */

static void
a_calendar_is_listed_page_by_page_in_slices(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	gfake_control(&g->fake, "set page-size 3\nset empty-pages 2");
	for (int i = 0; i < 10; i++)
		gfake_control(&g->fake,
			      "event %s e%d \"E%d\" 2026-03-%02dT10:00 "
			      "2026-03-%02dT11:00",
			      GSESSION_CALENDAR, i, i, i + 1, i + 1);
	assert_int_equal(gsession_list(g, NULL, 4, &out, &err), MMS_OK);
	assert_int_equal(out.n_events, 10);
	expect_lines(&out.text, (const char *[]){ "e0 \"E0\" 2026-03-01T09:00:00Z",
						  "e9 \"E9\" 2026-03-10T09:00:00Z", NULL });
	assert_true(out.is_full && !out.is_unchanged && out.cursor[0] != '\0');
	assert_int_equal(out.role, MMS_ROLE_OWNER);
	assert_int_equal(out.n_pages, 3);
	size_t n = gfake_count(&g->fake, "GET", "/calendars/primary/events");
	assert_int_equal(n, 2 + 4);
	assert_int_equal(g->n_asked, n); /* leave was asked for each */
	struct mms_session_base *base = (struct mms_session_base *)g->session;
	assert_int_equal(base->counts.pages, n);
	assert_int_equal(base->counts.requests, n);
	json_t *last = gfake_last(&g->fake, "GET", "/events");
	assert_string_equal(query_of(last, "singleEvents"), "true");
	assert_string_equal(query_of(last, "maxResults"), "2500");
	assert_string_equal(query_of(last, "timeMin"), "2026-02-28T23:59:59Z");
	assert_string_equal(query_of(last, "timeMax"), "2026-05-01T00:00:00Z");
	assert_non_null(query_of(last, "pageToken"));
	assert_null(query_of(last, "showDeleted"));
	assert_null(query_of(last, "syncToken"));
	json_decref(last);
}

static void
a_calendar_without_events_has_a_cursor(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	must_list(g, NULL, &out);
	assert_int_equal(out.n_events, 0);
	assert_true(out.is_full && out.cursor[0] != '\0' && out.n_pages == 1);
}

static void
the_same_event_twice_is_handed_up_twice(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	gfake_control(&g->fake,
		      "set page-size 1\n"
		      "event ann@example.com e1 \"A\" 2026-03-04T10:00 2026-03-04T11:00\n"
		      "event ann@example.com e2 \"B\" 2026-03-04T10:00 2026-03-04T11:00\n"
		      "fault 2 GET /events twice");
	must_list(g, NULL, &out);
	assert_int_equal(out.n_events, 3);
}

static void
an_id_with_strange_characters_is_one_path_segment(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	gfake_control(
		&g->fake,
		"calendar de.german#holiday@group.v.calendar.google.com owner=%s zone=UTC\n"
		"event de.german#holiday@group.v.calendar.google.com d1 \"May\" 2026-04-03 "
		"2026-04-04",
		GSESSION_CALENDAR);
	g->calendar.calendar_id = "de.german#holiday@group.v.calendar.google.com";
	gsession_reopen(g);
	must_list(g, NULL, &out);
	assert_int_equal(out.n_events, 1);
}

static void
all_day_lies_in_the_owners_zone_where_there_is_one(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	gfake_control(&g->fake, "event ann@example.com day \"D\" 2026-03-10 2026-03-11");
	must_list(g, NULL, &out);
	expect_lines(&out.text, (const char *[]){ "day \"D\" 2026-03-09T23:00:00Z", NULL });
	g->calendar.is_day_zone_own = true;
	must_list(g, NULL, &out);
	expect_lines(&out.text, (const char *[]){ "day \"D\" 2026-03-10T00:00:00Z", NULL });
}

/* ---- changes ------------------------------------------------------------------------------- */

static void
only_changes_are_listed_with_a_cursor(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	gfake_control(&g->fake,
		      "event ann@example.com e1 \"A\" 2026-03-04T10:00 2026-03-04T11:00\n"
		      "event ann@example.com e2 \"B\" 2026-03-05T10:00 2026-03-05T11:00\n"
		      "event ann@example.com e3 \"C\" 2026-03-06T10:00 2026-03-06T11:00");
	must_list(g, NULL, &out);
	char first[GSESSION_CURSOR_MAX];
	(void)snprintf(first, sizeof first, "%s", out.cursor);
	gfake_control(&g->fake, "change ann@example.com e1 title=AA\n"
				"delete ann@example.com e2\n"
				"change ann@example.com e3 start=2026-07-01T10:00 "
				"end=2026-07-01T11:00\n"
				"set page-size 1");
	fake_clear_log(&g->fake);
	must_list(g, first, &out);
	assert_false(out.is_full);
	assert_int_equal(out.n_events, 3);
	expect_lines(&out.text,
		     (const char *[]){ "e1 \"AA\" 2026-03-04T09:00:00Z", "e2 gone",
				       "e3 \"C\" 2026-07-01T08:00:00Z outside", NULL });
	assert_true(out.cursor[0] != '\0' && strcmp(out.cursor, first) != 0);
	json_t *last = gfake_last(&g->fake, "GET", "/events");
	assert_string_equal(query_of(last, "syncToken"), first); /* on the last page, too */
	assert_non_null(query_of(last, "pageToken"));
	assert_string_equal(query_of(last, "singleEvents"), "true");
	assert_null(query_of(last, "timeMin"));
	assert_null(query_of(last, "timeMax"));
	json_decref(last);
	(void)snprintf(first, sizeof first, "%s", out.cursor);
	must_list(g, first, &out); /* nothing changed: a cursor all the same */
	assert_true(out.n_events == 0 && out.cursor[0] != '\0' && !out.is_unchanged);
}

static void
a_dead_cursor_asks_for_everything(void **state)
{
	static const char *const reasons[] = { "fullSyncRequired", "updatedMinTooLongAgo",
					       "invalid" };
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	for (size_t i = 0; i < MMS_COUNT(reasons); i++) {
		MMS_AUTO(mms_err) err = { 0 };

		must_list(g, NULL, &out);
		char cursor[GSESSION_CURSOR_MAX];
		(void)snprintf(cursor, sizeof cursor, "%s", out.cursor);
		gfake_control(&g->fake, "expire ann@example.com %s", reasons[i]);
		assert_int_equal(gsession_list(g, cursor, 500, &out, &err), MMS_E_RESYNC);
		const struct mms_listing full = { .from_ms = GSESSION_FROM,
						  .to_ms = GSESSION_TO,
						  .cursor = cursor,
						  .is_full = true };
		assert_int_equal(gsession_list_from(g, &full, 500, &out, &err), MMS_OK);
		assert_true(out.is_full);
	}
}

/* Start the listing of changes with a daily series of four instances known. */
static void
know_a_series(struct gsession *g, char *cursor, size_t size)
{
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

	gfake_control(&g->fake, "series ann@example.com s \"S\" 2026-03-02T10:00 "
				"2026-03-02T11:00 RRULE:FREQ=DAILY;COUNT=4");
	must_list(g, NULL, &out);
	assert_int_equal(out.n_events, 4);
	(void)snprintf(cursor, size, "%s", out.cursor);
}

static void
a_touched_series_is_shown_whole(void **state)
{
	static const char *const ways[] = { "instances", "silent" };
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	char cursor[GSESSION_CURSOR_MAX];

	know_a_series(g, cursor, sizeof cursor);
	for (size_t i = 0; i < MMS_COUNT(ways); i++) {
		/* What falls away behind the cut need not be listed. */
		gfake_control(&g->fake,
			      "set following-delete %s\nset page-size 1\n"
			      "change ann@example.com s_20260302T090000Z title=Moved%zu\n"
			      "delete-from ann@example.com s 2026-03-0%zuT10:00",
			      ways[i], i, 5 - i);
		must_list(g, cursor, &out);
		(void)snprintf(cursor, sizeof cursor, "%s", out.cursor);
		assert_string_equal(mms_str_get(&out.series), "s\n");
		char line[128];
		(void)snprintf(line, sizeof line,
			       "s_20260302T090000Z \"Moved%zu\" 2026-03-02T09:00:00Z of s", i);
		assert_true(has_line(&out.text, line));
		assert_true(has_line(&out.text,
				     "s_20260303T090000Z \"S\" 2026-03-03T09:00:00Z of s"));
	}
	assert_null(strstr(mms_str_get(&out.text), "s_20260304T090000Z \"S\""));
	json_t *last = gfake_last(&g->fake, "GET", "/instances");
	assert_string_equal(query_of(last, "timeMin"), "2026-02-28T23:59:59Z");
	assert_string_equal(query_of(last, "timeMax"), "2026-05-01T00:00:00Z");
	json_decref(last);
	assert_false(out.is_full);
}

static void
a_full_listing_asks_for_no_series(void **state)
{
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX];

	know_a_series(g, cursor, sizeof cursor);
	assert_int_equal(gfake_count(&g->fake, "GET", "/instances"), 0);
}

/* Whether the service lists its instances one by one, the master alone, or no longer knows it. */
static void
a_series_that_is_gone_leaves_nothing(void **state)
{
	static const struct {
		const char *way, *fault, *line, *series;
	} rows[] = {
		{ "set series-delete instances", "fault clear", "s_20260305T090000Z of s gone",
		  "s\n" },
		{ "set series-delete instances", "fault 1 GET /instances error 404 notFound",
		  "s gone", "" },
		{ "set series-delete instances", "fault 1 GET /instances error 410 deleted",
		  "s gone", "" },
		{ "set series-delete master", "fault clear", "s gone", "" },
	};
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX];

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };

		know_a_series(g, cursor, sizeof cursor);
		gfake_control(&g->fake, "%s\n%s\ndelete ann@example.com s", rows[i].way,
			      rows[i].fault);
		must_list(g, cursor, &out);
		if (!has_line(&out.text, rows[i].line) ||
		    strcmp(mms_str_get(&out.series), rows[i].series) != 0)
			fail_msg("row %zu:\n%s%s", i, mms_str_get(&out.text),
				 mms_str_get(&out.series));
		assert_null(strchr(mms_str_get(&out.text), '"'));
	}
}

static void
a_series_that_cannot_be_read_is_no_end(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char cursor[GSESSION_CURSOR_MAX];

	know_a_series(g, cursor, sizeof cursor);
	gfake_control(&g->fake, "change ann@example.com s_20260302T090000Z title=X\n"
				"fault 9 GET /instances error 500 backendError");
	assert_int_equal(gsession_list(g, cursor, 500, &out, &err), MMS_E_RETRY);
	assert_true(out.cursor[0] == '\0' && out.series.len == 0);
}

static void
when_many_series_change_everything_is_read(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	for (int i = 0; i < 21; i++)
		gfake_control(&g->fake,
			      "series ann@example.com s%d \"S\" 2026-03-02T10:00 "
			      "2026-03-02T11:00 RRULE:FREQ=DAILY;COUNT=2",
			      i);
	must_list(g, NULL, &out);
	char cursor[GSESSION_CURSOR_MAX];
	(void)snprintf(cursor, sizeof cursor, "%s", out.cursor);
	for (int i = 0; i < 20; i++)
		gfake_control(&g->fake, "change ann@example.com s%d_20260302T090000Z title=X",
			      i);
	fake_clear_log(&g->fake);
	must_list(g, cursor, &out);
	assert_int_equal(gfake_count(&g->fake, "GET", "/instances"), 20);
	gfake_control(&g->fake, "change ann@example.com s20_20260302T090000Z title=X");
	assert_int_equal(gsession_list(g, cursor, 500, &out, &err), MMS_E_RESYNC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, gsession_set_up, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_calendar_is_listed_page_by_page_in_slices),
		TEST(a_calendar_without_events_has_a_cursor),
		TEST(the_same_event_twice_is_handed_up_twice),
		TEST(an_id_with_strange_characters_is_one_path_segment),
		TEST(all_day_lies_in_the_owners_zone_where_there_is_one),
		TEST(only_changes_are_listed_with_a_cursor),
		TEST(a_dead_cursor_asks_for_everything),
		TEST(a_touched_series_is_shown_whole),
		TEST(a_full_listing_asks_for_no_series),
		TEST(a_series_that_is_gone_leaves_nothing),
		TEST(a_series_that_cannot_be_read_is_no_end),
		TEST(when_many_series_change_everything_is_read),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
