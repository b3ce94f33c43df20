/* Many writes of the Outlook provider at once, with the fake service. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/gwrite.h"

#define MANY 45

/* ---- batches ------------------------------------------------------------------------------- */

static void
many_writes_are_one_request_for_each_twenty(void **state)
{
	struct gsession *g = *state;
	struct mms_write writes[MANY];
	struct mms_write_result results[MANY];
	MMS_AUTO(mms_err) err = { 0 };

	gfake_control(&g->fake, "set shuffle on");
	for (unsigned char i = 0; i < MANY; i++)
		writes[i] = gwrite_create((unsigned char)(i + 1));
	assert_int_equal(g->ops->put(g->session, writes, MANY, results, &err), MMS_OK);
	for (unsigned char i = 0; i < MANY; i++) {
		char mark[40];

		assert_int_equal(results[i].err.code, MMS_OK);
		(void)snprintf(mark, sizeof mark, "00000000-0000-0000-0000-0000000000%02x",
			       i + 1u);
		gwrite_stands(g, results[i].event.external_id, "private.mmsync_id", mark);
	}
	gwrite_release_results(results, MANY);
	assert_int_equal(gfake_count(&g->fake, "POST", "/$batch"), 3);
	assert_int_equal(g->n_asked, MANY); /* each counts */
	assert_int_equal(g->widest, 4);
	assert_int_equal(g->n_entered, 3);
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
		gwrite_change("old1", MMS_FIELD_TITLE, &gwrite_later),
		gwrite_change("old1", MMS_FIELD_TITLE, &gwrite_later),
		gwrite_change("neverwas", MMS_FIELD_TITLE, &gwrite_later),
		gwrite_away("old2"),
		gwrite_away("neverwas"),
		gwrite_create(2),
	};
	static const mms_rc expected[] = { MMS_OK, MMS_E_CONFLICT, MMS_E_CONFLICT,
					   MMS_OK, MMS_E_GONE,     MMS_OK,
					   MMS_OK, MMS_E_ITEM };

	writes[2].version = "W/\"none\"";
	writes[7].meeting = &timeless;
	gfake_control(&g->fake,
		      "event ann@example.com old1 \"One\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com old2 \"Two\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "set shuffle on\nset transaction duplicate");
	const struct mms_write before = gwrite_create(9);
	MMS_AUTO(mms_write_result) made = { 0 };
	assert_int_equal(gwrite_put(g, &before, &made), MMS_OK);
	assert_int_equal(g->ops->put(g->session, writes, 8, results, &err), MMS_OK);
	gwrite_expect(results, expected, MMS_COUNT(expected));
	assert_string_equal(results[3].event.title, "Talk, later");
	gwrite_release_results(results, 8);
	assert_int_equal(gfake_count(&g->fake, "POST", "/$batch"), 1);
	gwrite_stands(g, "old2", "status", "cancelled");
}

static void
trouble_with_a_batch_is_that_of_its_writes(void **state)
{
	static const struct gwrite_batch_trouble rows[] = {
		{ "1 POST /events error 429 ApplicationThrottled", MMS_OK, MMS_E_RETRY,
		  MMS_OK },
		{ "1 POST /events error 500 InternalServerError", MMS_OK, MMS_E_RETRY, MMS_OK },
		{ "1 POST /events error 401 InvalidAuthenticationToken", MMS_OK, MMS_E_RETRY,
		  MMS_OK },
		{ "1 POST /events error 429 ApplicationThrottled; retry-after 900", MMS_E_WAIT,
		  MMS_E_WAIT, MMS_OK },
		{ "1 POST /events error 400 ErrorPropertyValidationFailure", MMS_OK, MMS_E_ITEM,
		  MMS_OK },
		{ "9 POST /$batch error 503 ServiceUnavailable", MMS_OK, MMS_E_RETRY,
		  MMS_E_RETRY },
		{ "9 POST /$batch garbage", MMS_OK, MMS_E_RETRY, MMS_E_RETRY },
		{ "1 POST /$batch drop after", MMS_OK, MMS_OK, MMS_OK },
		{ "9 POST /$batch error 401 InvalidAuthenticationToken", MMS_E_AUTH, MMS_E_AUTH,
		  MMS_E_AUTH },
		{ "1 POST /$batch error 429 ApplicationThrottled; retry-after 900", MMS_E_WAIT,
		  MMS_E_WAIT, MMS_E_WAIT },
		/* Where there are no batches, each goes by itself. */
		{ "1 POST /$batch error 404 ResourceNotFound", MMS_OK, MMS_OK, MMS_OK },
	};
	struct gsession *g = *state;

	gfake_control(&g->fake, "set gzip off");
	gwrite_play_batches(g, rows, MMS_COUNT(rows));
}

static void
what_was_not_tried_says_why(void **state)
{
	gwrite_play_untried(*state,
			    "1 POST /$batch error 429 ApplicationThrottled; retry-after 600",
			    MANY, 600000);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void
without_memory_every_write_has_a_result(void **state)
{
	struct gsession *g = *state;
	struct mms_write writes[3] = { gwrite_change("old1", MMS_FIELD_TEXT, &gwrite_later),
				       gwrite_change("old2", MMS_FIELD_TEXT, &gwrite_later),
				       gwrite_away("neverwas") };

	writes[2].has_guests = true;
	gfake_control(&g->fake,
		      "event ann@example.com old1 \"One\" 2026-03-10T10:00 2026-03-10T11:00\n"
		      "event ann@example.com old2 \"Two\" 2026-03-10T10:00 2026-03-10T11:00");
	gwrite_play_memory(g, writes, MMS_COUNT(writes));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, gsession_set_up_outlook, gsession_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_writes_are_one_request_for_each_twenty),
		TEST(in_a_batch_each_write_has_its_own_end),
		TEST(trouble_with_a_batch_is_that_of_its_writes),
		TEST(what_was_not_tried_says_why),
		TEST(without_memory_every_write_has_a_result),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
