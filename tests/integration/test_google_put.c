/* Writes of the Google provider, with the fake service: one by one, in batches, and when they go wrong. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/gwrite.h"

#define MANY 60

/* String literals are not written to. */
#define T(text) ((char *)(uintptr_t)(text))

/* The id of a new event: 00s and then its number. */
static const char *
id_of(unsigned char number, char buf[33])
{
	(void)snprintf(buf, 33, "%032x", number);
	return buf;
}

/* ---- one by one ---------------------------------------------------------------------------- */

static void
a_booking_becomes_an_event_of_its_own_id(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_write write = gwrite_create(1);
	char id[33], *made = NULL;

	write.notify = MMS_SEND_ALL;
	assert_int_equal(gwrite_put(g, &write, &result), MMS_OK);
	assert_int_equal(mms_google_provider_ops.make_id(write.mark.id, &made, &err), MMS_OK);
	assert_string_equal(result.event.external_id, id_of(1, id));
	assert_string_equal(made, id);
	mms_free(made);
	assert_true(result.event.version != NULL && result.event.ical_uid != NULL);
	assert_int_equal(result.event.mark.kind, MMS_MARK_BOOKING);
	assert_memory_equal(result.event.mark.site, write.mark.site, 16);
	assert_true(result.event.start_ms == GSESSION_NOW && !result.event.is_outside);
	gwrite_stands(g, id, "summary", "Talk");
	json_t *last = gfake_last(&g->fake, "POST", "/events");
	assert_string_equal(json_string_value(json_object_get(json_object_get(last, "query"),
							      "sendUpdates")),
			    "all");
	json_decref(last);
	/* The same once more: it was made before. */
	assert_int_equal(gwrite_put(g, &write, &result), MMS_E_CONFLICT);
	assert_null(result.event.external_id);
}

static void
a_busy_block_is_nobodys_business(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_write_result) moved = { 0 };

	gwrite_play_block(g, &result, &moved);
	gwrite_stands(g, result.event.external_id, "visibility", "private");
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
	char id[33];

	assert_int_equal(gwrite_put(g, &first, &made), MMS_OK);
	struct mms_write change = { .kind = MMS_WRITE_CHANGE,
				    .external_id = id_of(1, id),
				    .version = made.event.version,
				    .fields = MMS_FIELD_TIMES | MMS_FIELD_TITLE,
				    .meeting = &gwrite_later };
	gfake_control(&g->fake, "change ann@example.com %s place=Elsewhere", id);
	assert_int_equal(gwrite_put(g, &change, &result), MMS_E_CONFLICT);
	gwrite_stands(g, id, "summary", "Talk");
	change.version = NULL; /* whatever it is */
	assert_int_equal(gwrite_put(g, &change, &result), MMS_OK);
	gwrite_stands(g, id, "summary", "Talk, later");
	gwrite_stands(g, id, "location", "Elsewhere"); /* what was not asked for stays */
	assert_true(result.event.start_ms == gwrite_later.start_ms);
	assert_string_equal(result.event.location, "Elsewhere");
	assert_int_equal(result.event.mark.kind, MMS_MARK_BOOKING);
	change.version = result.event.version;
	MMS_AUTO(mms_write_result) again = { 0 };
	assert_int_equal(gwrite_put(g, &change, &again), MMS_OK);
	change.version = "\"1\"\r\nX-Other: y";
	fake_clear_log(&g->fake);
	assert_int_equal(gwrite_put(g, &change, &result), MMS_E_CONFLICT);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
}

static void
an_all_day_event_takes_times(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	const struct mms_event seen = { .is_all_day = true };
	const struct mms_write change = { .kind = MMS_WRITE_CHANGE,
					  .external_id = "day1",
					  .fields = MMS_FIELD_TIMES,
					  .meeting = &gwrite_later,
					  .seen = &seen };

	gfake_control(&g->fake, "event ann@example.com day1 \"D\" 2026-03-10 2026-03-11");
	assert_int_equal(gwrite_put(g, &change, &result), MMS_OK);
	assert_true(!result.event.is_all_day && result.event.start_ms == gwrite_later.start_ms);
}

static void
guests_keep_their_answers(void **state)
{
	struct gsession *g = *state;
	struct mms_guest guests[] = { { T("bob@example.com"), NULL },
				      { T("new@example.com"), T("New") } };
	const struct mms_meeting meeting = { .guests = guests, .n_guests = 2 };
	MMS_AUTO(mms_write_result) result = { 0 };
	MMS_AUTO(mms_event) seen = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_write change = { .kind = MMS_WRITE_CHANGE,
				    .external_id = "met1",
				    .fields = MMS_FIELD_GUESTS,
				    .meeting = &meeting,
				    .seen = &seen };

	gfake_control(&g->fake, "event ann@example.com met1 \"M\" 2026-03-10T10:00 "
				"2026-03-10T11:00 guests=bob@example.com:accepted,"
				"old@example.com:accepted");
	assert_int_equal(mms_google_provider_ops.get(g->session, "met1", &seen, &err), MMS_OK);
	assert_true(seen.n_attendees >= 2);
	assert_int_equal(gwrite_put(g, &change, &result), MMS_OK);
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
	assert_int_equal(gwrite_put(g, &change, &result), MMS_OK);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
	assert_string_equal(result.event.external_id, "met1");
}

static void
a_deletion_of_what_is_gone_is_done(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };
	const struct mms_write first = gwrite_create(1);
	char id[33];
	struct mms_write away = { .kind = MMS_WRITE_DELETE, .external_id = id_of(1, id) };

	assert_int_equal(gwrite_put(g, &first, &result), MMS_OK);
	away.version = "\"0\"";
	assert_int_equal(gwrite_put(g, &away, &result), MMS_E_CONFLICT);
	away.version = NULL;
	assert_int_equal(gwrite_put(g, &away, &result), MMS_OK);
	assert_int_equal(gwrite_put(g, &away, &result), MMS_OK); /* 410 */
	away.external_id = "neverwas";
	assert_int_equal(gwrite_put(g, &away, &result), MMS_OK); /* 404 */
	const struct mms_write change = { .kind = MMS_WRITE_CHANGE,
					  .external_id = id,
					  .fields = MMS_FIELD_TITLE,
					  .meeting = &gwrite_later };
	gfake_control(&g->fake, "set patch-deleted gone");
	assert_int_equal(gwrite_put(g, &change, &result), MMS_E_GONE);
	gfake_control(&g->fake, "set patch-deleted keep");
	assert_int_equal(gwrite_put(g, &change, &result), MMS_E_GONE);
}

/* An id that a path would take for another place never leaves. */
static void
an_id_that_is_a_path_is_refused(void **state)
{
	static const char *const ids[] = { NULL, "", ".", ".." };
	struct gsession *g = *state;
	MMS_AUTO(mms_write_result) result = { 0 };

	for (size_t i = 0; i < MMS_COUNT(ids); i++) {
		const struct mms_write away = { .kind = MMS_WRITE_DELETE,
						.external_id = ids[i] };
		assert_int_equal(gwrite_put(g, &away, &result), MMS_E_ITEM);
	}
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
}

/* ---- trouble ------------------------------------------------------------------------------- */

static void
trouble_with_a_write_says_what_to_do(void **state)
{
	static const struct gwrite_trouble rows[] = {
		/* The answer was lost: the second try finds what the first one made. */
		{ "1 POST /events drop after", MMS_E_CONFLICT, true, 0 },
		{ "9 POST /events drop before", MMS_E_RETRY, false, 0 },
		{ "1 POST /events garbage", MMS_E_RETRY, true, 0 },
		{ "2 POST /events error 503 backendError", MMS_OK, true, 0 },
		{ "9 POST /events error 500 backendError", MMS_E_RETRY, false, 0 },
		{ "2 POST /events error 403 rateLimitExceeded", MMS_OK, true, 0 },
		{ "9 POST /events error 403 userRateLimitExceeded", MMS_E_RETRY, false, 0 },
		{ "1 POST /events error 429 rateLimitExceeded; retry-after 900", MMS_E_WAIT,
		  false, 1 },
		{ "1 POST /events error 403 quotaExceeded", MMS_E_WAIT, false, 1 },
		{ "1 POST /events error 403 requiredAccessLevel", MMS_E_ITEM, false, 0 },
		{ "1 POST /events error 403 insufficientPermissions", MMS_E_ITEM, false, 0 },
		{ "1 POST /events error 400 invalid attendees", MMS_E_ITEM, false, 0 },
		{ "1 POST /events error 404 notFound", MMS_E_RETRY, false, 0 },
		{ "9 POST /events error 401 authError", MMS_E_AUTH, false, 0 },
	};
	struct gsession *g = *state;

	gwrite_play(g, rows, MMS_COUNT(rows));
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

/* ---- batches ------------------------------------------------------------------------------- */

static void
many_writes_are_one_request_for_each_fifty(void **state)
{
	struct gsession *g = *state;
	struct mms_write writes[MANY];
	struct mms_write_result results[MANY];
	MMS_AUTO(mms_err) err = { 0 };
	char id[33];

	gfake_control(&g->fake, "set shuffle on");
	for (unsigned char i = 0; i < MANY; i++)
		writes[i] = gwrite_create((unsigned char)(i + 1));
	assert_int_equal(mms_google_provider_ops.put(g->session, writes, MANY, results, &err),
			 MMS_OK);
	for (unsigned char i = 0; i < MANY; i++) {
		assert_int_equal(results[i].err.code, MMS_OK);
		assert_string_equal(results[i].event.external_id,
				    id_of((unsigned char)(i + 1), id));
	}
	gwrite_release_results(results, MANY);
	assert_int_equal(gfake_count(&g->fake, "POST", "/batch"), 2);
	assert_int_equal(g->n_asked, MANY); /* each counts */
}

static void
in_a_batch_each_write_has_its_own_end(void **state)
{
	struct gsession *g = *state;
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_meeting timeless = { .start_ms = MMS_NO_TIME, .end_ms = MMS_NO_TIME };
	struct mms_write_result results[8];
	struct mms_write writes[8] = {
		gwrite_create(1),
		gwrite_create(9),
		{ .kind = MMS_WRITE_CHANGE,
		  .external_id = "old1",
		  .version = "\"0\"",
		  .fields = MMS_FIELD_TITLE,
		  .meeting = &gwrite_later },
		gwrite_change("old1", MMS_FIELD_TITLE, &gwrite_later),
		gwrite_change("neverwas", MMS_FIELD_TITLE, &gwrite_later),
		gwrite_away("old2"),
		gwrite_away("neverwas"),
		gwrite_create(2),
	};
	static const mms_rc expected[] = { MMS_OK, MMS_E_CONFLICT, MMS_E_CONFLICT,
					   MMS_OK, MMS_E_GONE,     MMS_OK,
					   MMS_OK, MMS_E_ITEM };

	writes[7].meeting = &timeless;
	gfake_control(&g->fake,
		      "set shuffle on\n"
		      "event ann@example.com 00000000000000000000000000000009 \"There\" "
		      "2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com old1 \"One\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com old2 \"Two\" 2026-03-10T10:00 2026-03-10T11:00");
	assert_int_equal(mms_google_provider_ops.put(g->session, writes, 8, results, &err),
			 MMS_OK);
	gwrite_expect(results, expected, MMS_COUNT(expected));
	assert_string_equal(results[3].event.title, "Talk, later");
	gwrite_release_results(results, 8);
	assert_int_equal(gfake_count(&g->fake, "POST", "/batch"), 1);
	gwrite_stands(g, "old2", "status", "cancelled");
}

static void
trouble_with_a_batch_is_that_of_its_writes(void **state)
{
	static const struct gwrite_batch_trouble rows[] = {
		{ "1 POST /events error 403 rateLimitExceeded", MMS_OK, MMS_E_RETRY, MMS_OK },
		{ "1 POST /events error 500 backendError", MMS_OK, MMS_E_RETRY, MMS_OK },
		{ "1 POST /events error 401 authError", MMS_OK, MMS_E_RETRY, MMS_OK },
		{ "1 POST /events error 403 quotaExceeded", MMS_E_WAIT, MMS_E_WAIT, MMS_OK },
		{ "1 POST /events error 429 rateLimitExceeded; retry-after 900", MMS_E_WAIT,
		  MMS_E_WAIT, MMS_OK },
		{ "1 POST /events error 400 invalid", MMS_OK, MMS_E_ITEM, MMS_OK },
		{ "9 POST /batch error 503 backendError", MMS_OK, MMS_E_RETRY, MMS_E_RETRY },
		{ "9 POST /batch garbage", MMS_OK, MMS_E_RETRY, MMS_E_RETRY },
		{ "1 POST /batch drop after", MMS_OK, MMS_E_CONFLICT, MMS_E_CONFLICT },
		{ "9 POST /batch error 401 authError", MMS_E_AUTH, MMS_E_AUTH, MMS_E_AUTH },
		{ "1 POST /batch error 403 quotaExceeded", MMS_E_WAIT, MMS_E_WAIT, MMS_E_WAIT },
		/* Where there are no batches, each goes by itself. */
		{ "1 POST /batch error 404 notFound", MMS_OK, MMS_OK, MMS_OK },
	};
	struct gsession *g = *state;

	gfake_control(&g->fake, "set gzip off");
	gwrite_play_batches(g, rows, MMS_COUNT(rows));
}

static void
what_was_not_tried_says_why(void **state)
{
	gwrite_play_untried(*state, "1 POST /batch error 403 quotaExceeded", MANY, 3600000);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void
without_memory_every_write_has_a_result(void **state)
{
	struct gsession *g = *state;
	const struct mms_write writes[2] = { gwrite_change("old1", MMS_FIELD_TITLE,
							   &gwrite_later),
					     gwrite_away("neverwas") };

	gfake_control(&g->fake,
		      "event ann@example.com old1 \"One\" 2026-03-10T10:00 2026-03-10T11:00");
	gwrite_play_memory(g, writes, MMS_COUNT(writes));
}

static void
a_wait_of_our_own_is_not_told_to_all(void **state)
{
	gwrite_play_own_waits(*state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, gsession_set_up, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wait_of_our_own_is_not_told_to_all),
		TEST(a_booking_becomes_an_event_of_its_own_id),
		TEST(a_busy_block_is_nobodys_business),
		TEST(a_mark_is_put_on_what_is_there),
		TEST(a_change_holds_for_the_version_that_was_seen),
		TEST(an_all_day_event_takes_times),
		TEST(guests_keep_their_answers),
		TEST(a_deletion_of_what_is_gone_is_done),
		TEST(an_id_that_is_a_path_is_refused),
		TEST(trouble_with_a_write_says_what_to_do),
		TEST(a_reader_may_not_write),
		TEST(many_writes_are_one_request_for_each_fifty),
		TEST(in_a_batch_each_write_has_its_own_end),
		TEST(trouble_with_a_batch_is_that_of_its_writes),
		TEST(what_was_not_tried_says_why),
		TEST(without_memory_every_write_has_a_result),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
