/* The Outlook provider with the fake service: its calendars, single events, what completes a listing. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "support/gsession.h"

#define SITE "01020304-0506-0708-090a-0b0c0d0e0f10"
#define UUID "018f2b6c-1111-7abc-8def-0123456789ab"
#define MADE "mmsync:" UUID

static const unsigned char site[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static int
set_up(void **state)
{
	(void)gsession_set_up_outlook(state);
	((struct gsession *)*state)->calendar.site = site;
	return 0;
}

/* ---- the calendar --------------------------------------------------------------------------- */

static void
a_calendar_has_an_address(void **state)
{
	static const struct {
		const char *label, *id, *asked; /* part of the path; NULL: it is refused */
		mms_rc rc;
	} rows[] = {
		{ "none", NULL, "/v1.0/me/calendar", MMS_OK },
		{ "empty", "", "/v1.0/me/calendar", MMS_OK },
		{ "primary", "primary", "/v1.0/me/calendar", MMS_OK },
		{ "an address", "ann@example.com", "/v1.0/me/calendar", MMS_OK },
		{ "another", "team1", "/v1.0/me/calendars/team1", MMS_OK },
		{ "one that is not there", "AAMkAGone=", "/v1.0/me/calendars/AAMkAGone%3D",
		  MMS_E_GONE },
		{ "a path", "..", NULL, MMS_E_CONFIG },
	};
	struct gsession *g = *state;

	gfake_control(&g->fake, "calendar team1 owner=ann@example.com summary=Team");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_session *session = NULL;
		enum mms_calendar_role role = MMS_ROLE_UNKNOWN;
		struct mms_calendar calendar = g->calendar;
		MMS_AUTO(mms_err) err = { 0 };

		calendar.calendar_id = rows[i].id;
		fake_clear_log(&g->fake);
		mms_rc rc = g->ops->open(&session, &g->env, &calendar, &err);
		if (rc == MMS_OK)
			rc = g->ops->look(session, &role, &err);
		g->ops->close(session);
		if (rc != rows[i].rc || (rc == MMS_OK && !mms_calendar_role_may_write(role)))
			fail_msg("%s: %s: %s", rows[i].label, mms_rc_name(rc),
				 mms_err_text(&err));
		if (rc != MMS_OK)
			assert_true(mms_err_hint(&err)[0] != '\0');
		json_t *last = gfake_last(&g->fake, "GET", NULL);
		const char *path = json_string_value(json_object_get(last, "path"));
		if (rows[i].asked != NULL && strcmp(path, rows[i].asked) != 0)
			fail_msg("%s: %s", rows[i].label, path);
		assert_true((last != NULL) == (rows[i].asked != NULL));
		json_decref(last);
	}
}

static void
a_calendar_that_cannot_be_is_refused_at_once(void **state)
{
	struct gsession *g = *state;
	const struct mms_calendar good = g->calendar;
	struct mms_calendar rows[] = { good, good, good };

	rows[0].tokens = NULL;
	rows[1].api_base = NULL;
	rows[2].api_base = "graph.microsoft.com";
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_session *session = NULL;
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(g->ops->open(&session, &g->env, &rows[i], &err), MMS_E_CONFIG);
		assert_true(session == NULL && mms_err_hint(&err)[0] != '\0');
	}
}

static void
the_role_is_what_the_service_says(void **state)
{
	static const struct {
		const char *role;
		bool may_write;
	} rows[] = { { "reader", false }, { "writer", true }, { "owner", true } };
	struct gsession *g = *state;

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		enum mms_calendar_role role = MMS_ROLE_UNKNOWN;
		MMS_AUTO(mms_err) err = { 0 };

		gfake_control(&g->fake, "role ann@example.com %s", rows[i].role);
		assert_int_equal(g->ops->look(g->session, &role, &err), MMS_OK);
		assert_int_not_equal(role, MMS_ROLE_UNKNOWN);
		assert_int_equal(mms_calendar_role_may_write(role), rows[i].may_write);
	}
}

/* ---- single events -------------------------------------------------------------------------- */

static void
one_event_is_read_by_its_id(void **state)
{
	static const struct {
		const char *fault, *id;
		mms_rc rc;
		bool is_gone;
	} rows[] = {
		{ "clear", "met1", MMS_OK, false },
		{ "clear", "far1", MMS_OK, false },
		{ "clear", "away1", MMS_OK, true },
		{ "clear", "neverwas", MMS_OK, true },
		{ "clear", ".", MMS_OK, true },
		{ "1 GET /events error 429 TooManyRequests; retry-after 1", "met1", MMS_OK,
		  false },
		{ "1 GET /events error 401 InvalidAuthenticationToken", "met1", MMS_OK, false },
		/* Nothing else may be taken for a deletion. */
		{ "9 GET /events error 500 InternalServerError", "met1", MMS_E_RETRY, false },
		{ "9 GET /events error 403 ErrorAccessDenied", "met1", MMS_E_CONFIG, false },
		{ "9 GET /events error 400 ErrorInvalidIdMalformed", "met1", MMS_E_CONFIG,
		  false },
		{ "9 GET /events error 404 MailboxNotEnabledForRESTAPI", "met1", MMS_E_CONFIG,
		  false },
		{ "1 GET /events error 429 TooManyRequests; retry-after 600", "met1",
		  MMS_E_WAIT, false },
		{ "9 GET /events error 401 InvalidAuthenticationToken", "met1", MMS_E_AUTH,
		  false },
		{ "9 GET /events garbage", "met1", MMS_E_RETRY, false },
		{ "9 GET /events truncate 300", "met1", MMS_E_RETRY, false },
		{ "9 GET /events drop before", "met1", MMS_E_RETRY, false },
	};
	struct gsession *g = *state;

	gfake_control(&g->fake,
		      "set gzip off\n"
		      "event ann@example.com met1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com far1 \"F\" 2031-03-10T10:00 2031-03-10T11:00\n"
		      "event ann@example.com away1 \"A\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "delete ann@example.com away1");
	g->tokens[1] = g->tokens[2] = "A";
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_event) event = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		g->n_refused = 0;
		gfake_control(&g->fake, "fault %s", rows[i].fault);
		mms_rc rc = g->ops->get(g->session, rows[i].id, &event, &err);
		gfake_control(&g->fake, "fault clear");
		if (rc != rows[i].rc || event.is_gone != rows[i].is_gone)
			fail_msg("%s %s: %s: %s", rows[i].fault, rows[i].id, mms_rc_name(rc),
				 mms_err_text(&err));
		if (rc == MMS_OK)
			assert_string_equal(event.external_id, rows[i].id);
		assert_true(!event.is_outside && event.problem == NULL);
		assert_true(g->n_inside == 0 && g->widest == 1);
	}
}

/* Of a calendar that is not seen any more no event is known to be gone. */
static void
nothing_is_gone_with_its_calendar(void **state)
{
	static const char *const faults[] = {
		"9 GET /me/calendar error 404 ErrorItemNotFound",
		"9 GET /me/calendar error 403 ErrorAccessDenied",
		"9 GET /me/calendar error 500 InternalServerError",
	};
	struct gsession *g = *state;

	for (size_t i = 0; i < MMS_COUNT(faults); i++) {
		MMS_AUTO(mms_event) event = { 0 };
		MMS_AUTO(mms_event) made = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		gsession_reopen(g);
		gfake_control(&g->fake, "fault %s", faults[i]);
		assert_int_not_equal(g->ops->get(g->session, "neverwas", &event, &err), MMS_OK);
		assert_int_not_equal(err.code, MMS_E_GONE);
		assert_int_not_equal(g->ops->get(g->session, MADE, &made, &err), MMS_OK);
		gfake_control(&g->fake, "fault clear");
		assert_true(!event.is_gone && !made.is_gone);
	}
}

static void
what_was_made_is_found_by_its_mark(void **state)
{
	struct gsession *g = *state;
	unsigned char uuid[16];
	MMS_AUTO(mms_event) none = { 0 };
	MMS_AUTO(mms_event) event = { 0 };
	MMS_AUTO(mms_event) other = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char *id = NULL;

	assert_true(mms_provisional_id_read(MADE, uuid));
	assert_int_equal(g->ops->make_id(uuid, &id, &err), MMS_OK);
	assert_string_equal(id, MADE);
	mms_free(id);
	assert_int_equal(g->ops->get(g->session, MADE, &none, &err), MMS_OK);
	assert_true(none.is_gone);
	gfake_control(&g->fake,
		      "event ann@example.com met1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "mark ann@example.com met1 id=" UUID " kind=booking site=" SITE "\n"
		      "event ann@example.com a \"A\" 2026-03-10T10:00 2026-03-10T11:00 "
		      "graph.isCancelled=true\n"
		      "mark ann@example.com a id=" UUID " kind=booking site=" SITE);
	assert_int_equal(g->ops->get(g->session, MADE, &event, &err), MMS_OK);
	assert_string_equal(event.external_id, "met1");
	assert_int_equal(event.mark.kind, MMS_MARK_BOOKING);
	assert_memory_equal(event.mark.site, site, sizeof site);
	assert_memory_equal(event.mark.id, uuid, sizeof uuid);
	/* Whatever goes wrong with the search, that is not what it finds. */
	gfake_control(&g->fake, "fault 9 GET /events error 503 ServiceUnavailable");
	assert_int_equal(g->ops->get(g->session, MADE, &other, &err), MMS_E_RETRY);
	assert_false(other.is_gone);
}

/* ---- listings that are completed ------------------------------------------------------------- */

static void
add_line(struct mms_str *out, const struct mms_event *event)
{
	bool is_of_another = event->mark.kind == MMS_MARK_BUSY_BLOCK && event->mark.has_source;

	mms_str_addf(out, "%s%s%s%s%s\n", event->external_id,
		     event->mark.kind != MMS_MARK_NONE ? " marked" : "",
		     is_of_another ? " of another" : "", event->is_gone ? " gone" : "",
		     event->is_outside ? " outside" : "");
}

/* All pages of a listing, completed as the engine does it: the events of `unknown`, and what is gone. */
static mms_rc
list(struct gsession *g, bool is_full, char *cursor, const char *unknown, struct mms_str *out,
     struct mms_err *err)
{
	const struct mms_listing listing = { .from_ms = GSESSION_FROM,
					     .to_ms = GSESSION_TO,
					     .is_full = is_full,
					     .cursor = cursor };
	MMS_AUTO(mms_page) page = { 0 };

	mms_rc rc = g->ops->start(g->session, &listing, err);
	while (rc == MMS_OK && !page.is_last) {
		struct mms_event *wanted[64];
		size_t n = 0;

		rc = g->ops->next(g->session, 50, &page, err);
		for (size_t i = 0; rc == MMS_OK && i < page.n; i++) {
			struct mms_event *event = &page.events[i];
			if (event->is_gone || (event->series_id == NULL && !event->is_series &&
					       strstr(unknown, event->external_id) != NULL))
				wanted[n++] = event;
		}
		if (rc == MMS_OK && n > 0)
			rc = g->ops->complete(g->session, wanted, n, err);
		for (size_t i = 0; rc == MMS_OK && i < page.n; i++)
			add_line(out, &page.events[i]);
	}
	if (rc == MMS_OK)
		(void)snprintf(cursor, GSESSION_CURSOR_MAX, "%s", page.cursor);
	return rc;
}

static void
must_list(struct gsession *g, bool is_full, char *cursor, const char *unknown,
	  struct mms_str *out)
{
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_clear(out);
	if (list(g, is_full, cursor, unknown, out, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
}

static void
what_a_listing_does_not_say_is_asked_for(void **state)
{
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX] = "";
	MMS_AUTO(mms_str) out = { 0 };

	gfake_control(&g->fake,
		      "calendar team1 owner=ann@example.com summary=Team\n"
		      "event ann@example.com ours1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "mark ann@example.com ours1 id=" UUID " kind=booking site=" SITE "\n"
		      "event ann@example.com plain1 \"P\" 2026-03-11T10:00 2026-03-11T11:00\n"
		      "event ann@example.com plain2 \"P\" 2026-03-11T10:00 2026-03-11T11:00\n"
		      "event ann@example.com plain3 \"P\" 2026-03-11T10:00 2026-03-11T11:00");
	must_list(g, true, cursor, "ours1 plain1 plain2 plain3", &out);
	assert_true(has_line(&out, "ours1 marked") && has_line(&out, "plain1"));
	/* Of three that are nobody's nothing was asked. */
	assert_int_equal(gfake_count(&g->fake, "GET", "/me/events/"), 1);
	assert_int_equal(gfake_count(&g->fake, "GET", "/me/events"), 2);
	fake_clear_log(&g->fake);
	gfake_control(&g->fake,
		      "event ann@example.com ours2 \"M\" 2026-03-12T10:00 2026-03-12T11:00\n"
		      "mark ann@example.com ours2 kind=booking site=" SITE " id=" SITE "\n"
		      "delete ann@example.com plain1\n"
		      "change ann@example.com plain2 start=2026-07-01T10:00 "
		      "end=2026-07-01T11:00\n"
		      "move ann@example.com plain3 team1");
	must_list(g, false, cursor, "ours2", &out);
	assert_true(has_line(&out, "ours2 marked"));
	assert_true(has_line(&out, "plain1 gone"));
	assert_true(has_line(&out, "plain2 outside"));
	assert_true(has_line(&out, "plain3 gone"));
	assert_int_equal(gfake_count(&g->fake, "POST", "/$batch"), 1);
	assert_int_equal(g->widest, 4);
}

static void
an_installation_of_another_site_is_seen(void **state)
{
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX] = "";
	MMS_AUTO(mms_str) out = { 0 };

	gfake_control(&g->fake,
		      "event ann@example.com theirs \"M\" 2026-03-10T10:00 2026-03-10T11:00 "
		      "graph.transactionId=\"" UUID "\"\n"
		      "mark ann@example.com theirs id=" UUID " kind=busy_block site=" UUID);
	must_list(g, true, cursor, "theirs", &out);
	assert_true(has_line(&out, "theirs marked"));
	gfake_control(&g->fake,
		      "event ann@example.com block1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "mark ann@example.com block1 id=" UUID " kind=busy_block site=" SITE
		      " source=" UUID "\n"
		      "event ann@example.com tagged1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "mark ann@example.com tagged1 id=" UUID " kind=user_event site=" SITE);
	must_list(g, false, cursor, "block1 tagged1", &out);
	assert_true(has_line(&out, "block1 marked of another"));
	assert_true(has_line(&out, "tagged1 marked"));
}

static void
many_are_asked_for_twenty_at_a_time(void **state)
{
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX] = "";
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_str) ids = { 0 };

	gfake_control(&g->fake, "set shuffle on\nset page-size 200");
	must_list(g, true, cursor, "", &out);
	fake_clear_log(&g->fake);
	for (int i = 0; i < 45; i++) {
		gfake_control(&g->fake,
			      "event ann@example.com m%02d \"M\" 2026-03-10T10:00 "
			      "2026-03-10T11:00\nmark ann@example.com m%02d id=" UUID
			      " kind=booking site=" SITE,
			      i, i);
		mms_str_addf(&ids, "m%02d ", i);
	}
	/* Some of them are to wait. */
	gfake_control(&g->fake, "fault 3 GET /me/events/m error 429 ApplicationThrottled; "
				"retry-after 1");
	must_list(g, false, cursor, mms_str_get(&ids), &out);
	for (int i = 0; i < 45; i++) {
		char line[32];
		(void)snprintf(line, sizeof line, "m%02d marked", i);
		if (!has_line(&out, line))
			fail_msg("%s: %s", line, mms_str_get(&out));
	}
	assert_int_equal(gfake_count(&g->fake, "GET", "/me/events/m"), 48);
	assert_true(gfake_count(&g->fake, "POST", "/$batch") <= 4);
}

static void
without_memory_a_page_is_completed_or_fails(void **state)
{
	struct gsession *g = *state;
	char cursor[GSESSION_CURSOR_MAX] = "";
	unsigned n_good = 0;

	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	gfake_control(&g->fake,
		      "event ann@example.com ours1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "mark ann@example.com ours1 id=" UUID " kind=booking site=" SITE "\n"
		      "event ann@example.com ours2 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "mark ann@example.com ours2 id=" UUID " kind=booking site=" SITE);
	for (unsigned long n = 1; n_good < 3; n++) {
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < 3000);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = list(g, true, cursor, "ours1 ours2", &out, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		assert_int_equal(g->n_inside, 0);
		if (rc != MMS_OK) {
			/* Where it has no memory for it libcurl leaves the query out: that is refused. */
			if (rc != MMS_E_NOMEM && rc != MMS_E_RETRY && rc != MMS_E_CONFIG)
				fail_msg("%lu: %s: %s", n, mms_rc_name(rc), mms_err_text(&err));
			continue;
		}
		if (out.state != MMS_OK)
			continue; /* the test's own text */
		n_good++;
		assert_true(has_line(&out, "ours1 marked") && has_line(&out, "ours2 marked"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_calendar_has_an_address),
		TEST(a_calendar_that_cannot_be_is_refused_at_once),
		TEST(the_role_is_what_the_service_says),
		TEST(one_event_is_read_by_its_id),
		TEST(nothing_is_gone_with_its_calendar),
		TEST(what_was_made_is_found_by_its_mark),
		TEST(what_a_listing_does_not_say_is_asked_for),
		TEST(an_installation_of_another_site_is_seen),
		TEST(many_are_asked_for_twenty_at_a_time),
		TEST(without_memory_a_page_is_completed_or_fails),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
