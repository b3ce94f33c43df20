/* Listings of the Google provider that go wrong: what is not believed, what is tried again, what is told. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "support/canned.h"
#include "support/gsession.h"

static void
must_list(struct gsession *g, const char *cursor, struct glisting *out)
{
	MMS_AUTO(mms_err) err = { 0 };

	if (gsession_list(g, cursor, 500, out, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
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

/* ---- trouble ------------------------------------------------------------------------------- */

static const struct {
	const char *fault;
	mms_rc rc;
	bool is_passing; /* the next try is good: no failure at all */
} troubles[] = {
	{ "1 GET /events truncate 300", MMS_OK, true },
	{ "9 GET /events truncate 300", MMS_E_RETRY, false },
	{ "9 GET /events reset-after 300", MMS_E_RETRY, false },
	{ "9 GET /events wrong-length 100000", MMS_E_RETRY, false },
	{ "9 GET /events wrong-length 100", MMS_E_RETRY, false },
	{ "9 GET /events garbage", MMS_E_RETRY, false },
	{ "9 GET /events html", MMS_E_RETRY, false },
	{ "9 GET /events drop before", MMS_E_RETRY, false },
	{ "9 GET /events drop after", MMS_E_RETRY, false },
	{ "9 GET /events error 500 backendError", MMS_E_RETRY, false },
	{ "2 GET /events error 503 backendError", MMS_OK, true },
	{ "99 GET /events forever", MMS_E_RETRY, false },
	{ "1 GET /events oversize 3", MMS_E_CONFIG, false },
	{ "1 GET /events error 403 forbidden", MMS_E_CONFIG, false },
	{ "1 GET /events error 404 notFound", MMS_E_GONE, false },
	{ "1 GET /events error 400 invalid timeMin", MMS_E_CONFIG, false },
	{ "1 GET /events error 403 quotaExceeded", MMS_E_WAIT, false },
	{ "2 GET /events error 403 rateLimitExceeded", MMS_OK, true },
	{ "9 GET /events error 403 userRateLimitExceeded", MMS_E_RETRY, false },
	{ "2 GET /events error 429 rateLimitExceeded", MMS_OK, true },
	{ "1 GET /events error 429 rateLimitExceeded; retry-after 600", MMS_E_WAIT, false },
	{ "1 GET /events error 403 rateLimitExceeded; retry-after 600", MMS_E_WAIT, false },
	{ "1 GET /events error 403 rateLimitExceeded; retry-after 1", MMS_OK, true },
	{ "1 GET /events error 503 backendError; retry-after 600", MMS_E_WAIT, false },
};

static void
what_is_broken_is_not_believed(void **state)
{
	struct gsession *g = *state;

	gfake_control(&g->fake, "set page-size 2\nset gzip off");
	for (int i = 0; i < 5; i++)
		gfake_control(&g->fake,
			      "event ann@example.com e%d \"E\" 2026-03-04T10:00 "
			      "2026-03-04T11:00",
			      i);
	for (size_t i = 0; i < MMS_COUNT(troubles); i++) {
		struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		g->n_told = 0;
		gfake_control(&g->fake, "fault %s", troubles[i].fault);
		mms_rc rc = gsession_list(g, NULL, 500, &out, &err);
		gfake_control(&g->fake, "fault clear");
		if (rc != troubles[i].rc)
			fail_msg("%s: %s: %s", troubles[i].fault, mms_rc_name(rc),
				 mms_err_text(&err));
		if ((rc == MMS_OK) != (out.n_events == 5) || (rc != MMS_OK && out.n_pages != 0))
			fail_msg("%s: %zu events", troubles[i].fault, out.n_events);
		/* A long wait is told to all; a short one is sat out. */
		if ((rc == MMS_E_WAIT) != (g->n_told == 1))
			fail_msg("%s: told %zu times", troubles[i].fault, g->n_told);
		assert_true(rc != MMS_E_WAIT || (err.retry_at_ms > GSESSION_NOW &&
						 g->told_until_ms == err.retry_at_ms));
	}
}

/* The second page is broken; the events of the first are handed up, but not the end. */
static void
a_listing_that_breaks_off_has_no_end(void **state)
{
	static const char *const faults[] = { "9 GET /events garbage", "9 GET /events forever",
					      "9 GET /events truncate 100",
					      "9 GET /events error 403 forbidden" };
	struct gsession *g = *state;
	const struct mms_provider_ops *ops = &mms_google_provider_ops;
	const struct mms_listing listing = { .from_ms = GSESSION_FROM, .to_ms = GSESSION_TO };

	gfake_control(&g->fake, "set page-size 2\nset gzip off");
	for (int i = 0; i < 6; i++)
		gfake_control(&g->fake,
			      "event ann@example.com e%d \"E\" 2026-03-04T10:00 "
			      "2026-03-04T11:00",
			      i);
	for (size_t i = 0; i < MMS_COUNT(faults); i++) {
		MMS_AUTO(mms_page) page = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		mms_rc rc = MMS_OK;

		assert_int_equal(ops->start(g->session, &listing, &err), MMS_OK);
		assert_int_equal(ops->next(g->session, 2, &page, &err), MMS_OK);
		assert_true(page.n == 2 && !page.is_last);
		gfake_control(&g->fake, "fault %s", faults[i]);
		for (int k = 0; rc == MMS_OK && k < 10; k++) {
			rc = ops->next(g->session, 2, &page, &err);
			assert_false(page.is_last);
		}
		assert_true(rc != MMS_OK);
		gfake_control(&g->fake, "fault clear");
	}
}

static void
a_page_that_comes_again_is_no_circle(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	gfake_control(&g->fake, "set page-size 2");
	for (int i = 0; i < 6; i++)
		gfake_control(&g->fake,
			      "event ann@example.com e%d \"E\" 2026-03-04T10:00 "
			      "2026-03-04T11:00",
			      i);
	gfake_control(&g->fake, "fault 1 GET /events same-page");
	mms_rc rc = gsession_list(g, NULL, 500, &out, &err);
	/* Whether its token is the same one or another: all events, or an ordinary failure. */
	assert_true(rc == MMS_E_RETRY || (rc == MMS_OK && out.n_events >= 6));
}

static void
a_refused_token_is_replaced_once(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	g->tokens[0] = "stale";
	g->tokens[1] = "A";
	must_list(g, NULL, &out);
	assert_string_equal(g->refused, "stale");
	assert_int_equal(g->n_tokens, 2);
	assert_int_equal(g->n_asked, 2);
	g->n_refused = 0;
	g->tokens[1] = "dead";
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_AUTH);
	assert_int_equal(g->n_refused, 1);
	assert_null(strstr(mms_err_text(&err), "dead"));
	g->token_rc = MMS_E_AUTH;
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_AUTH);
	g->token_rc = MMS_OK;
	g->n_refused = 0;
	g->tokens[0] = "A\r\nX-Other: y"; /* never into a header */
	fake_clear_log(&g->fake);
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_AUTH);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
}

static void
without_leave_nothing_is_sent(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	g->budget_rc = MMS_E_WAIT;
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_WAIT);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
}

/* Whatever comes of a request: its place is free again, and no request goes without one. */
static void
a_place_is_left_on_every_way(void **state)
{
	static const char *const faults[] = {
		"1 GET /events error 403 forbidden",
		"9 GET /events error 500 backendError",
		"9 GET /events drop after",
		"1 GET /events garbage",
		"1 GET /events error 401 authError",
		"9 GET /events error 401 authError",
		"1 GET /events error 429 rateLimitExceeded; retry-after 600",
	};
	struct gsession *g = *state;
	const atomic_bool stop = true;

	gsession_limit_places(g);
	for (size_t i = 0; i <= MMS_COUNT(faults); i++) {
		struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		g->n_refused = g->n_entered = 0;
		g->tokens[1] = "A";
		g->env.is_stopped = i == MMS_COUNT(faults) ? &stop : NULL;
		if (i < MMS_COUNT(faults))
			gfake_control(&g->fake, "fault %s", faults[i]);
		(void)!gsession_list(g, NULL, 500, &out, &err);
		gfake_control(&g->fake, "fault clear");
		if (g->n_inside != 0 || g->n_entered != g->n_refused + 1)
			fail_msg("row %zu: %u inside, %zu times entered", i, g->n_inside,
				 g->n_entered);
		assert_int_equal(g->widest, 1);
	}
}

static void
without_a_place_nothing_is_sent(void **state)
{
	struct gsession *g = *state;
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	gsession_limit_places(g);
	g->place_rc = MMS_E_WAIT;
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_WAIT);
	assert_int_equal(gfake_count(&g->fake, NULL, NULL), 0);
	assert_int_equal(g->n_told, 0); /* it is no wish of the service's */
}

/* Wherever it is told to go, the token stays where it belongs. */
static void
the_token_goes_to_no_other_host(void **state)
{
	static const unsigned statuses[] = { 301, 302, 303, 307, 308 };
	struct gsession *g = *state;
	struct fake other = { 0 };
	char url[160];

	fake_start(&other, "feed_server", NULL);
	fake_write(&other, "events",
		   "{\"kind\":\"calendar#events\",\"items\":[],"
		   "\"nextSyncToken\":\"x\"}");
	(void)fake_url(&other, "/events", url, sizeof url);
	for (size_t i = 0; i < MMS_COUNT(statuses); i++) {
		struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		gfake_control(&g->fake, "fault 1 GET /events redirect %s; status %u", url,
			      statuses[i]);
		assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_CONFIG);
		assert_null(strstr(mms_err_text(&err), "127.0.0.1"));
	}
	assert_int_equal(fake_count(&other, NULL), 0);
	fake_stop(&other);
}

/* ---- answers that no service should give --------------------------------------------------- */

#define PAGE(rest)                                                                         \
	"{\"kind\":\"calendar#events\",\"items\":[{\"id\":\"e\",\"status\":\"cancelled\"}" \
	"]" rest "}"

static void
a_listing_without_tokens_ends_as_it_may(void **state)
{
	struct gsession *g = *state;
	static const char *const bodies[] = { PAGE(""), PAGE(""), NULL };
	struct canned canned __attribute__((cleanup(canned_release))) = { 0 };
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	canned_start(&canned, "application/json", bodies);
	gsession_speak_to(g, canned.port);
	/* A listing that ends nowhere was cut off: what it does not show may be there. */
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_E_RETRY);
	assert_int_equal(out.n_pages, 0);
	/* Changes that lead nowhere, too. */
	assert_int_equal(gsession_list(g, "token", 500, &out, &err), MMS_E_RETRY);
	assert_int_equal(out.n_pages, 0);
}

/* Whatever a token looks like, it is a parameter. */
static void
a_token_of_a_page_is_never_an_address(void **state)
{
	struct gsession *g = *state;
	static const char *const bodies[] = {
		PAGE(",\"nextPageToken\":\"http://other.example.com/?a=b&c#d\\r\\nX: y\""),
		PAGE(",\"nextSyncToken\":\"//other.example.com/&timeMin=x\""),
		PAGE(",\"nextSyncToken\":\"end\""), NULL
	};
	struct canned canned __attribute__((cleanup(canned_release))) = { 0 };
	struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	canned_start(&canned, "application/json", bodies);
	gsession_speak_to(g, canned.port);
	assert_int_equal(gsession_list(g, NULL, 500, &out, &err), MMS_OK);
	char cursor[GSESSION_CURSOR_MAX];
	(void)snprintf(cursor, sizeof cursor, "%s", out.cursor);
	assert_int_equal(gsession_list(g, cursor, 500, &out, &err), MMS_OK);
	canned_stop(&canned);
	assert_int_equal(canned.n_served, 3);
	const char *asked = mms_str_get(&canned.asked);
	assert_non_null(strstr(asked, "&pageToken=http%3A%2F%2Fother.example.com%2F%3Fa%3Db%26c"
				      "%23d%0D%0AX%3A%20y HTTP/1.1\r\n"));
	assert_non_null(
		strstr(asked, "&syncToken=%2F%2Fother.example.com%2F%26timeMin%3Dx HTTP"));
	assert_null(strstr(asked, "\r\nX: y"));
}

static void
a_batch_that_answers_in_part_is_done_in_part(void **state)
{
	struct gsession *g = *state;
	static const char *const bodies[] = {
		"--b\r\nContent-ID: <response-item-2>\r\n\r\nHTTP/1.1 204 No "
		"Content\r\n\r\n\r\n"
		"--b\r\nContent-ID: <response-item-3>\r\n\r\nHTTP/1.1 204 No Con",
		NULL
	};
	const struct mms_write writes[3] = {
		{ .kind = MMS_WRITE_DELETE, .external_id = "a" },
		{ .kind = MMS_WRITE_DELETE, .external_id = "b", .version = "\"7\"" },
		{ .kind = MMS_WRITE_DELETE, .external_id = "c" },
	};
	static const mms_rc expected[3] = { MMS_E_RETRY, MMS_OK, MMS_E_RETRY };
	struct canned canned __attribute__((cleanup(canned_release))) = { 0 };
	struct mms_write_result results[3];
	MMS_AUTO(mms_err) err = { 0 };

	canned_start(&canned, "multipart/mixed; boundary=b", bodies);
	gsession_speak_to(g, canned.port);
	assert_int_equal(mms_google_provider_ops.put(g->session, writes, 3, results, &err),
			 MMS_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(results[i].err.code, expected[i]);
		mms_write_result_release(&results[i]);
	}
	canned_stop(&canned);
	const char *asked = mms_str_get(&canned.asked);
	assert_non_null(strstr(asked, "POST /batch/calendar/v3 HTTP/1.1\r\n"));
	assert_non_null(strstr(asked, "\r\n\r\nDELETE /calendar/v3/calendars/primary/events/b?"
				      "sendUpdates=none HTTP/1.1\r\nIf-Match: \"7\"\r\n"));
	/* The token stands in front, not in every part. */
	const char *bearer = strstr(asked, "Authorization: Bearer A\r\n");
	assert_true(bearer != NULL && strstr(bearer + 1, "Authorization") == NULL);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void
without_memory_a_listing_is_whole_or_fails(void **state)
{
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX];
	unsigned n_good = 0;

	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	know_a_series(g, cursor, sizeof cursor);
	gfake_control(&g->fake, "change ann@example.com s_20260302T090000Z title=Moved\n"
				"set page-size 2");
	for (unsigned long n = 1; n_good < 3; n++) {
		struct glisting out __attribute__((cleanup(glisting_release))) = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < 3000);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = gsession_list(g, cursor, 2, &out, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		if (rc != MMS_OK) {
			if (rc != MMS_E_NOMEM && rc != MMS_E_RETRY)
				fail_msg("%lu: %s: %s", n, mms_rc_name(rc), mms_err_text(&err));
			continue;
		}
		if (out.text.state != MMS_OK || out.series.state != MMS_OK)
			continue; /* the test's own texts */
		n_good++;
		assert_string_equal(mms_str_get(&out.series), "s\n");
		assert_true(out.n_events >= 5 && out.cursor[0] != '\0');
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, gsession_set_up, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_broken_is_not_believed),
		TEST(a_listing_that_breaks_off_has_no_end),
		TEST(a_page_that_comes_again_is_no_circle),
		TEST(a_refused_token_is_replaced_once),
		TEST(without_leave_nothing_is_sent),
		TEST(a_place_is_left_on_every_way),
		TEST(without_a_place_nothing_is_sent),
		TEST(the_token_goes_to_no_other_host),
		TEST(a_listing_without_tokens_ends_as_it_may),
		TEST(a_token_of_a_page_is_never_an_address),
		TEST(a_batch_that_answers_in_part_is_done_in_part),
		TEST(without_memory_a_listing_is_whole_or_fails),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
