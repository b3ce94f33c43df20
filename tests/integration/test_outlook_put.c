/* Writes of the Outlook provider, with the fake service: one by one, and when they go wrong. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/gwrite.h"

/* String literals are not written to. */
#define T(text) ((char *)(uintptr_t)(text))

/* ---- one by one ---------------------------------------------------------------------------- */

static void
a_booking_becomes_an_event_that_is_found_again(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_write_result) again = { 0 };
	MMS_AUTO(mms_event) event = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_write write = gwrite_create(1);
	char *id = NULL;

	write.mark.has_source = true;
	write.mark.source[3] = 7;
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	assert_int_equal(g->ops->make_id(write.mark.id, &id, &err), MMS_OK);
	assert_true(mms_provisional_id_read(id, NULL));
	assert_int_equal(g->ops->get(g->session, id, &event, &err), MMS_OK);
	mms_free(id);
	assert_string_equal(event.external_id, result.event.external_id);
	assert_string_equal(event.version, result.event.version);
	assert_int_equal(event.mark.kind, MMS_MARK_BOOKING);
	assert_memory_equal(event.mark.id, write.mark.id, 16);
	assert_memory_equal(event.mark.site, write.mark.site, 16);
	assert_true(event.mark.has_source);
	assert_memory_equal(event.mark.source, write.mark.source, 16);
	assert_true(event.has_made_with);
	assert_memory_equal(event.made_with, write.mark.id, 16);
	assert_true(event.start_ms == GSESSION_NOW && !event.is_outside);
	gwrite_stands(g, event.external_id, "summary", "Talk");
	/* The same once more is the same event. */
	assert_int_equal(gwrite_put(g, &write, &again), MMS_OK);
	assert_string_equal(again.event.external_id, event.external_id);
	assert_int_equal(gwrite_count(g, "Talk"), 1);
	/* Or it is said that there is one. */
	gfake_control(&g->fake, "set transaction duplicate");
	assert_int_equal(gwrite_put(g, &write, &again), MMS_E_CONFLICT);
	assert_int_equal(gwrite_count(g, "Talk"), 1);
}

static void
an_event_is_made_in_its_calendar(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	const struct mms_write write = gwrite_create(1);

	gfake_control(&g->fake, "calendar team1 owner=ann@example.com summary=Team");
	g->calendar.calendar_id = "team1";
	gsession_reopen(g);
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	json_t *there = gfake_event(&g->fake, "team1", result.event.external_id);
	assert_non_null(there);
	json_decref(there);
	assert_int_equal(gwrite_count(g, "Talk"), 0);
	/* Without a calendar nothing is made, and that may change. */
	g->calendar.calendar_id = "nowhere1";
	gsession_reopen(g);
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_RETRY);
}

static void
a_busy_block_is_nobodys_business(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_write_result) moved = { 0 };

	gwrite_play_block(g, &result, &moved);
	const char *id = result.event.external_id;
	gwrite_stands(g, id, "mailed", "");
	gwrite_stands(g, id, "graph.isReminderOn", "false");
	gwrite_stands(g, id, "graph.responseRequested", "false");
}

static void
a_mark_is_put_on_what_is_there(void **state)
{
	gwrite_play_marks(*state);
}

static void
a_change_holds_for_the_version_that_was_seen(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) made = { 0 };
	MMS_AUTO(mms_write_result) result = { 0 };
	const struct mms_write first = gwrite_create(1);

	assert_int_equal(gwrite_put(g, &first, &made), MMS_OK);
	const char *id = made.event.external_id;
	struct mms_write write =
		gwrite_change(id, MMS_FIELD_TIMES | MMS_FIELD_TITLE, &gwrite_later);
	write.version = made.event.version;
	gfake_control(&g->fake, "change ann@example.com %s place=Elsewhere", id);
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_CONFLICT);
	gwrite_stands(g, id, "summary", "Talk");
	write.version = NULL; /* whatever it is */
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	gwrite_stands(g, id, "summary", "Talk, later");
	gwrite_stands(g, id, "location", "Elsewhere"); /* what was not asked for stays */
	assert_true(result.event.start_ms == gwrite_later.start_ms);
	assert_string_equal(result.event.location, "Elsewhere");
	write.version = result.event.version;
	MMS_AUTO(mms_write_result) again = { 0 };
	assert_int_equal(gwrite_put(g, &write, &again), MMS_OK);
	write.version = "W/\"1\"\r\nX-Other: y";
	fake_clear_log(&g->fake);
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_CONFLICT);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
}

static void
an_all_day_event_takes_times(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	const struct mms_event seen = { .is_all_day = true };
	struct mms_write write = gwrite_change("day1", MMS_FIELD_TIMES, &gwrite_later);

	write.seen = &seen;
	gfake_control(&g->fake, "event ann@example.com day1 \"D\" 2026-03-10 2026-03-11");
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	assert_true(!result.event.is_all_day && result.event.start_ms == gwrite_later.start_ms);
}

static void
a_text_is_sent_but_not_to_an_online_meeting(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_write_result) first = { 0 };
	const struct mms_write plain = gwrite_change("plain1", MMS_FIELD_TEXT, &gwrite_later),
			       online = gwrite_change("online1",
						      MMS_FIELD_TEXT | MMS_FIELD_TITLE,
						      &gwrite_later),
			       text = gwrite_change("online1", MMS_FIELD_TEXT, &gwrite_later);

	gfake_control(&g->fake,
		      "event ann@example.com plain1 \"P\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com online1 \"O\" 2026-03-10T10:00 2026-03-10T11:00 "
		      "text=Agenda\n"
		      "online ann@example.com online1");
	assert_int_equal(gwrite_put(g, &plain, &first), MMS_OK);
	assert_string_equal(first.event.description, "Bring <nothing>\nbe on time.");
	assert_int_equal(gwrite_put(g, &online, &result), MMS_OK);
	assert_string_equal(result.event.title, "Talk, later");
	assert_non_null(strstr(result.event.description, "Agenda"));
	gwrite_stands(g, "online1", "join_lost", "");
	/* Where nothing else is to be sent nothing is. */
	fake_clear_log(&g->fake);
	assert_int_equal(gwrite_put(g, &text, &result), MMS_OK);
	assert_int_equal(gfake_count(&g->fake, "PATCH", NULL), 0);
	assert_string_equal(result.event.external_id, "online1");
	/* What other fields are changed is not looked at. */
	const struct mms_write title = gwrite_change("plain1", MMS_FIELD_TITLE, &gwrite_talk);
	fake_clear_log(&g->fake);
	assert_int_equal(gwrite_put(g, &title, &result), MMS_OK);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 1);
}

static void
guests_are_mailed_and_asked_to_forget_it(void **state)
{
	struct gsession *g = *state;
	struct mms_guest guests[] = { { T("bob@example.com"), NULL },
				      { T("new@example.com"), T("New") } };
	const struct mms_meeting meeting = { .guests = guests, .n_guests = 2 };
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_event) seen = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_write write = gwrite_change("met1", MMS_FIELD_GUESTS, &meeting),
			 gone = gwrite_away("met1"), other = gwrite_away("alone1");

	gfake_control(&g->fake,
		      "event ann@example.com met1 \"M\" 2026-03-10T10:00 2026-03-10T11:00 "
		      "guests=bob@example.com:accepted,old@example.com:accepted\n"
		      "event ann@example.com alone1 \"A\" 2026-03-10T10:00 2026-03-10T11:00");
	assert_int_equal(g->ops->get(g->session, "met1", &seen, &err), MMS_OK);
	write.seen = &seen;
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	size_t n_bob = 0, n_new = 0;
	for (size_t i = 0; i < result.event.n_attendees; i++) {
		const struct mms_attendee *a = &result.event.attendees[i];
		assert_string_not_equal(a->email, "old@example.com");
		n_bob += strcmp(a->email, "bob@example.com") == 0 &&
			 a->response == MMS_RESPONSE_ACCEPTED;
		n_new += strcmp(a->email, "new@example.com") == 0;
	}
	assert_true(n_bob == 1 && n_new == 1);
	/* Where the service left guests out, none is sent, and where nothing else is, nothing. */
	seen.is_partial = true;
	fake_clear_log(&g->fake);
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
	assert_string_equal(result.event.external_id, "met1");
	/* They hear of its end by a cancellation; without any that is refused, and it is deleted. */
	gone.has_guests = other.has_guests = true;
	assert_int_equal(gwrite_put(g, &gone, &result), MMS_OK);
	assert_int_equal(gfake_count(&g->fake, "DELETE", NULL), 0);
	gwrite_stands(g, "met1", "status", "cancelled");
	assert_int_equal(gwrite_put(g, &other, &result), MMS_OK);
	assert_int_equal(gfake_count(&g->fake, "DELETE", NULL), 1);
	gwrite_stands(g, "alone1", "status", "cancelled");
	assert_int_equal(gfake_count(&g->fake, "POST", "/cancel"), 2);
	assert_int_equal(gwrite_put(g, &gone, &result), MMS_OK); /* 404 */
}

static void
a_deletion_of_what_is_gone_is_done(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_write_result) made = { 0 };
	const struct mms_write first = gwrite_create(1);

	assert_int_equal(gwrite_put(g, &first, &made), MMS_OK);
	struct mms_write write = gwrite_away(made.event.external_id);
	write.version = "W/\"none\"";
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_CONFLICT);
	write.version = made.event.version;
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK); /* 404 */
	const struct mms_write title = gwrite_change(made.event.external_id, MMS_FIELD_TITLE,
						     &gwrite_later),
			       text = gwrite_change(made.event.external_id, MMS_FIELD_TEXT,
						    &gwrite_later);
	assert_int_equal(gwrite_put(g, &title, &result), MMS_E_GONE);
	assert_int_equal(gwrite_put(g, &text, &result), MMS_E_GONE);
	/* But where the calendar is not seen any more, nothing is. */
	gsession_reopen(g);
	gfake_control(&g->fake, "fault 9 GET /me/calendar error 404 ErrorItemNotFound");
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_RETRY);
	assert_int_equal(gwrite_put(g, &title, &result), MMS_E_RETRY);
}

/* An id that a path would take for another place never leaves; nor does one that the service has not given. */
static void
what_is_no_id_of_the_services_is_not_written(void **state)
{
	static const struct {
		const char *id;
		mms_rc rc;
	} rows[] = {
		{ NULL, MMS_E_ITEM },
		{ "", MMS_E_ITEM },
		{ ".", MMS_E_ITEM },
		{ "..", MMS_E_ITEM },
		{ "mmsync:018f2b6c-1111-7abc-8def-0123456789ab", MMS_E_CONFLICT },
	};
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_write gone = gwrite_away(rows[i].id),
				       text = gwrite_change(rows[i].id, MMS_FIELD_TEXT,
							    &gwrite_later);
		assert_int_equal(gwrite_put(g, &gone, &result), rows[i].rc);
		assert_int_equal(gwrite_put(g, &text, &result), rows[i].rc);
	}
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
}

/* ---- trouble ------------------------------------------------------------------------------- */

static void
trouble_with_a_write_says_what_to_do(void **state)
{
	static const struct gwrite_trouble rows[] = {
		/* The answer was lost: the second try is answered with what the first one made. */
		{ "1 POST /events drop after", MMS_OK, true, 0 },
		{ "9 POST /events drop before", MMS_E_RETRY, false, 0 },
		{ "1 POST /events garbage", MMS_E_RETRY, true, 0 },
		{ "2 POST /events error 503 ServiceUnavailable", MMS_OK, true, 0 },
		{ "9 POST /events error 500 InternalServerError", MMS_E_RETRY, false, 0 },
		{ "2 POST /events error 429 ApplicationThrottled", MMS_OK, true, 0 },
		{ "1 POST /events error 429 ApplicationThrottled; retry-after 900", MMS_E_WAIT,
		  false, 1 },
		{ "1 POST /events error 403 ErrorAccessDenied", MMS_E_ITEM, false, 0 },
		{ "1 POST /events error 400 ErrorPropertyValidationFailure", MMS_E_ITEM, false,
		  0 },
		{ "1 POST /events error 409 ErrorDuplicateTransactionId", MMS_E_CONFLICT, false,
		  0 },
		{ "1 POST /events error 404 ErrorItemNotFound", MMS_E_RETRY, false, 0 },
		{ "1 POST /events error 401 InvalidAuthenticationToken", MMS_OK, true, 0 },
		{ "9 POST /events error 401 InvalidAuthenticationToken", MMS_E_AUTH, false, 0 },
	};
	struct gsession *g = *state;

	g->tokens[1] = "A";
	gwrite_play(g, rows, MMS_COUNT(rows));
}

/* What goes wrong with the look before a text goes wrong with that write alone. */
static void
trouble_with_the_look_is_that_of_its_write(void **state)
{
	static const struct {
		const char *fault;
		mms_rc rc, first, second;
	} rows[] = {
		{ "9 GET /me/events/a error 500 InternalServerError", MMS_OK, MMS_E_RETRY,
		  MMS_OK },
		{ "9 GET /me/events/a error 403 ErrorAccessDenied", MMS_OK, MMS_E_RETRY,
		  MMS_OK },
		{ "9 GET /me/events/a error 404 ErrorItemNotFound", MMS_OK, MMS_E_GONE,
		  MMS_OK },
		{ "1 GET /me/events/a error 429 ApplicationThrottled; retry-after 0", MMS_OK,
		  MMS_OK, MMS_OK },
		{ "9 GET /me/events/a error 429 ApplicationThrottled; retry-after 900",
		  MMS_E_WAIT, MMS_E_WAIT, MMS_E_WAIT },
	};
	struct gsession *g = *state;

	gfake_control(&g->fake,
		      "event ann@example.com a \"A\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com b \"B\" 2026-03-10T10:00 2026-03-10T11:00");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_write writes[2] = {
			gwrite_change("a", MMS_FIELD_TEXT, &gwrite_later),
			gwrite_change("b", MMS_FIELD_TEXT, &gwrite_later)
		};
		struct mms_write_result results[2];
		MMS_AUTO(mms_err) err = { 0 };

		gfake_control(&g->fake, "fault %s", rows[i].fault);
		mms_rc rc = g->ops->put(g->session, writes, 2, results, &err);
		gfake_control(&g->fake, "fault clear");
		if (rc != rows[i].rc || results[0].err.code != rows[i].first ||
		    results[1].err.code != rows[i].second)
			fail_msg("%s: %s, %s and %s", rows[i].fault, mms_rc_name(rc),
				 mms_rc_name(results[0].err.code),
				 mms_rc_name(results[1].err.code));
		gwrite_release_results(results, 2);
	}
}

static void
a_wait_of_our_own_is_not_told_to_all(void **state)
{
	gwrite_play_own_waits(*state);
}

static void
a_reader_may_not_write(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	const struct mms_write write = gwrite_create(1);

	gfake_control(&g->fake, "role ann@example.com reader");
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_ITEM);
	assert_non_null(strstr(mms_err_hint(&result.err), "INT-0001"));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, gsession_set_up_outlook, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wait_of_our_own_is_not_told_to_all),
		TEST(a_booking_becomes_an_event_that_is_found_again),
		TEST(an_event_is_made_in_its_calendar),
		TEST(a_busy_block_is_nobodys_business),
		TEST(a_mark_is_put_on_what_is_there),
		TEST(a_change_holds_for_the_version_that_was_seen),
		TEST(an_all_day_event_takes_times),
		TEST(a_text_is_sent_but_not_to_an_online_meeting),
		TEST(guests_are_mailed_and_asked_to_forget_it),
		TEST(a_deletion_of_what_is_gone_is_done),
		TEST(what_is_no_id_of_the_services_is_not_written),
		TEST(trouble_with_a_write_says_what_to_do),
		TEST(trouble_with_the_look_is_that_of_its_write),
		TEST(a_reader_may_not_write),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
