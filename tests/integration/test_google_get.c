/* Single questions of the Google provider: one event by its id, the role, a calendar that cannot be. */
#include "support/unit.h"

#include "support/gsession.h"

/* ---- single questions ---------------------------------------------------------------------- */

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
		{ "clear", "away1", MMS_OK, true }, /* 200 with status cancelled */
		{ "clear", "neverwas", MMS_OK, true },
		{ "1 GET /events error 410 deleted", "met1", MMS_OK, true },
		/* Nothing else may be taken for a deletion. */
		{ "9 GET /events error 500 backendError", "met1", MMS_E_RETRY, false },
		{ "9 GET /events error 403 forbidden", "met1", MMS_E_CONFIG, false },
		{ "9 GET /events error 403 quotaExceeded", "met1", MMS_E_WAIT, false },
		{ "9 GET /events error 401 authError", "met1", MMS_E_AUTH, false },
		{ "9 GET /events garbage", "met1", MMS_E_RETRY, false },
		{ "9 GET /events drop before", "met1", MMS_E_RETRY, false },
	};
	struct gsession *g = *state;

	gfake_control(&g->fake,
		      "event ann@example.com met1 \"M\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com far1 \"F\" 2031-03-10T10:00 2031-03-10T11:00\n"
		      "event ann@example.com away1 \"A\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "delete ann@example.com away1");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_event) event = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		g->n_refused = 0;
		gfake_control(&g->fake, "fault %s", rows[i].fault);
		mms_rc rc = mms_google_provider_ops.get(g->session, rows[i].id, &event, &err);
		gfake_control(&g->fake, "fault clear");
		if (rc != rows[i].rc || event.is_gone != rows[i].is_gone)
			fail_msg("%s %s: %s: %s", rows[i].fault, rows[i].id, mms_rc_name(rc),
				 mms_err_text(&err));
		if (rc == MMS_OK)
			assert_string_equal(event.external_id, rows[i].id);
		assert_false(event.is_outside);
	}
}

static void
a_single_day_asks_for_the_calendars_zone_once(void **state)
{
	struct gsession *g = *state;

	gfake_control(&g->fake, "event ann@example.com day1 \"D\" 2026-03-10 2026-03-11\n"
				"series ann@example.com s \"S\" 2026-03-02T10:00 "
				"2026-03-02T11:00 RRULE:FREQ=DAILY");
	for (int i = 0; i < 2; i++) {
		MMS_AUTO(mms_event) event = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(mms_google_provider_ops.get(g->session, "day1", &event, &err),
				 MMS_OK);
		assert_int_equal(event.start_ms, INT64_C(1773097200000)); /* 23:00 UTC */
		assert_int_equal(gfake_count(&g->fake, NULL, NULL), (size_t)(2 + i));
	}
	MMS_AUTO(mms_event) master = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	assert_int_equal(mms_google_provider_ops.get(g->session, "s", &master, &err), MMS_OK);
	assert_true(master.is_series);
}

static void
the_role_is_what_the_service_says(void **state)
{
	static const struct {
		const char *role;
		enum mms_calendar_role expected;
	} rows[] = {
		{ "reader", MMS_ROLE_READER },
		{ "writer", MMS_ROLE_WRITER },
		{ "writerWithoutPrivateAccess", MMS_ROLE_WRITER },
		{ "owner", MMS_ROLE_OWNER },
	};
	struct gsession *g = *state;

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		enum mms_calendar_role role = MMS_ROLE_UNKNOWN;
		MMS_AUTO(mms_err) err = { 0 };

		gfake_control(&g->fake, "role ann@example.com %s", rows[i].role);
		assert_int_equal(mms_google_provider_ops.look(g->session, &role, &err), MMS_OK);
		assert_int_equal(role, rows[i].expected);
	}
	enum mms_calendar_role role = MMS_ROLE_UNKNOWN;
	MMS_AUTO(mms_err) err = { 0 };
	g->calendar.calendar_id = "nobody@example.com";
	gsession_reopen(g);
	assert_int_equal(mms_google_provider_ops.look(g->session, &role, &err), MMS_E_GONE);
}

static void
a_calendar_that_cannot_be_is_refused_at_once(void **state)
{
	struct gsession *g = *state;
	const struct mms_calendar good = g->calendar;
	struct mms_calendar rows[] = { good, good, good, good };

	rows[0].tokens = NULL;
	rows[1].api_base = NULL;
	rows[2].api_base = "www.googleapis.com";
	rows[3].calendar_id = "..";
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_session *session = NULL;
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(
			mms_google_provider_ops.open(&session, &g->env, &rows[i], &err),
			MMS_E_CONFIG);
		assert_true(session == NULL && mms_err_hint(&err)[0] != '\0');
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, gsession_set_up, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_event_is_read_by_its_id),
		TEST(a_single_day_asks_for_the_calendars_zone_once),
		TEST(the_role_is_what_the_service_says),
		TEST(a_calendar_that_cannot_be_is_refused_at_once),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
