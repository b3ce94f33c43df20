/* What should exist outside for a booking: every row of fixtures/plan/bookings.txt, and its laws. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/sync/booking_plan.h"
#include "mmsync/provider.h"

static void
a_status_is_a_wish(void **state)
{
	static const struct {
		const char *status;
		enum mms_wish want;
	} rows[] = {
		{ NULL, MMS_WISH_ABSENT },         { "Cancelled", MMS_WISH_ABSENT },
		{ "Confirmed", MMS_WISH_PRESENT }, { "Rescheduled", MMS_WISH_PRESENT },
		{ "Pending", MMS_WISH_AS_IS },     { "Completed", MMS_WISH_AS_IS },
		{ "No-Show", MMS_WISH_AS_IS },     { "", MMS_WISH_AS_IS },
		{ "cancelled", MMS_WISH_AS_IS },   { "Tentatively", MMS_WISH_AS_IS },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_booking_wish(rows[i].status) != rows[i].want)
			fail_msg("'%s'", rows[i].status);
	}
}

/* ---- which calendar -------------------------------------------------------------------------- */

#define TWO_WAY "Two-way (Read & Write)"
#define ONE_WAY "One-way (Read Only)"

static bool
google_may(const char *type)
{
	return type != NULL && strcmp(type, "Google Calendar") == 0;
}

/* A letter for each integration of Ann: what it is. */
static struct mms_target
make_target(char kind)
{
	static char ann[] = "Ann@example.com", bob[] = "bob@example.com";
	static char google[] = "Google Calendar", ical[] = "iCal";
	static char both[] = TWO_WAY, one[] = ONE_WAY;
	struct mms_target t = { .user = ann,
				.type = google,
				.direction = both,
				.is_active = true,
				.role = MMS_ROLE_WRITER };

	if (kind == 'P' || kind == 'R')
		t.is_primary = true;
	if (kind == 'i')
		t.is_active = false;
	if (kind == 'o')
		t.direction = one;
	if (kind == 'n')
		t.direction = NULL;
	if (kind == 'f')
		t.type = ical;
	if (kind == 't')
		t.type = NULL;
	if (kind == 'r' || kind == 'R')
		t.role = MMS_ROLE_READER;
	if (kind == 'u')
		t.role = MMS_ROLE_UNKNOWN;
	if (kind == 'b')
		t.user = bob;
	if (kind == 'x')
		t.user = NULL;
	if (kind == 'a')
		t.needs_reauth =
			true; /* it waits for a person, and is the target all the same */
	return t;
}

static void
the_primary_two_way_calendar_takes_bookings_else_the_only_one(void **state)
{
	static const struct {
		const char *kinds;
		long want;
		const char *why;
	} rows[] = {
		{ "", -1, "no calendar" },
		{ "bx", -1, "no calendar" },
		{ "w", 0, NULL },
		{ "bw", 1, NULL },
		{ "u", 0, NULL },
		{ "a", 0, NULL },
		{ "ww", -1, "several two-way" },
		{ "wPw", 1, NULL },
		{ "Rw", 1, NULL }, /* the primary one may only be read */
		{ "Rww", -1, "several two-way" },
		{ "iw", 1, NULL },
		{ "ow", 1, NULL },
		{ "fw", 1, NULL },
		{ "i", -1, "inactive" },
		{ "io", -1, "no two-way" },
		{ "n", -1, "no two-way" },
		{ "f", -1, "a service that can be written to" },
		{ "t", -1, "a service that can be written to" },
		{ "for", -1, "may only be read" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_target items[4];
		struct mms_targets targets = { .items = items, .n = strlen(rows[i].kinds) };
		const char *why = "?";
		for (size_t k = 0; k < targets.n; k++)
			items[k] = make_target(rows[i].kinds[k]);
		long is =
			mms_booking_choose_among(&targets, "ann@example.com", google_may, &why);
		if (is != rows[i].want || (why == NULL) != (rows[i].why == NULL) ||
		    (why != NULL && strstr(why, rows[i].why) == NULL))
			fail_msg("'%s': %ld (%s)", rows[i].kinds, is, why != NULL ? why : "");
	}
}

static void
only_services_that_this_build_can_write_to_take_bookings(void **state)
{
	const struct mms_provider *google = mms_provider_find("Google Calendar");
	struct mms_target items[] = { make_target('w'), make_target('f') };
	const struct mms_targets both = { .items = items, .n = 2 },
				 feed = { .items = items + 1, .n = 1 };
	const char *why = NULL;

	(void)state;
	assert_int_equal(mms_booking_choose_target(&both, "ann@example.com", &why),
			 google->ops != NULL ? 0 : -1);
	assert_int_equal(mms_booking_choose_target(&feed, "ann@example.com", &why), -1);
	assert_string_equal(why,
			    "the person has no calendar of a service that can be written to");
}

/* ---- one event ------------------------------------------------------------------------------- */

struct line {
	char wish[16], status[16], flags[8], step[16];
};

static struct mms_event_plan_input
read_input(const struct line *l)
{
	static const struct {
		const char *name;
		enum mms_state_status status;
		enum mms_removed_by removed_by;
	} states[] = {
		{ "creating", MMS_STATE_CREATING, MMS_REMOVED_UNKNOWN },
		{ "created", MMS_STATE_CREATED, MMS_REMOVED_UNKNOWN },
		{ "synced", MMS_STATE_SYNCED, MMS_REMOVED_UNKNOWN },
		{ "failed", MMS_STATE_FAILED, MMS_REMOVED_UNKNOWN },
		{ "deleted", MMS_STATE_DELETED, MMS_REMOVED_BY_US },
		{ "outside", MMS_STATE_DELETED, MMS_REMOVED_OUTSIDE },
		{ "unknown", MMS_STATE_DELETED, MMS_REMOVED_UNKNOWN },
	};
	struct mms_event_plan_input in = {
		.is_wanted = strcmp(l->wish, "wanted") == 0 || strcmp(l->wish, "both") == 0,
		.is_kept = strcmp(l->wish, "kept") == 0 || strcmp(l->wish, "both") == 0,
		.content_differs = strchr(l->flags, 'd') != NULL,
		.has_outbox = strchr(l->flags, 'o') != NULL,
		.is_unlinked = strchr(l->flags, 'l') != NULL,
		.is_given_up_same = strchr(l->flags, 'g') != NULL,
	};

	for (size_t i = 0; i < MMS_COUNT(states); i++) {
		if (strcmp(l->status, states[i].name) != 0)
			continue;
		in.has_state = true;
		in.status = states[i].status;
		in.removed_by = states[i].removed_by;
	}
	if (!in.has_state && strcmp(l->status, "none") != 0)
		fail_msg("there is no state '%s'", l->status);
	return in;
}

static void
every_case_of_the_table_is_decided_as_it_says(void **state)
{
	FILE *file = fopen("fixtures/plan/bookings.txt", "re");
	char text[256];
	int n = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(text, sizeof text, file) != NULL) {
		struct line l = { 0 };

		if (text[0] == '#' || sscanf(text, "%15s %15s %7s | %15s", l.wish, l.status,
					     l.flags, l.step) != 4)
			continue;
		struct mms_event_plan_input in = read_input(&l);
		struct mms_event_plan plan = mms_plan_booking_event(&in);
		n++;
		assert_non_null(plan.why);
		if (strcmp(mms_event_step_name(plan.step), l.step) != 0)
			fail_msg("%s got %s", text, mms_event_step_name(plan.step));
	}
	(void)fclose(file);
	assert_int_equal(n, 57);
}

/* What is known after a step was carried out as far as it could be. */
static void
carry_out(struct mms_event_plan_input *in, enum mms_event_step step)
{
	in->has_outbox = in->is_unlinked = false;
	if (step == MMS_STEP_NOTHING)
		return;
	in->has_state = true;
	in->is_given_up_same = false;
	in->content_differs = false;
	in->status = step == MMS_STEP_DELETE ? MMS_STATE_DELETED : MMS_STATE_SYNCED;
	in->removed_by = step == MMS_STEP_DELETE ? MMS_REMOVED_BY_US : MMS_REMOVED_UNKNOWN;
}

static bool
make_input(unsigned n, struct mms_event_plan_input *out)
{
	*out = (struct mms_event_plan_input){
		.is_wanted = (n & 1) != 0,
		.is_kept = (n & 2) != 0,
		.has_state = (n & 4) != 0,
		.content_differs = (n & 8) != 0,
		.has_outbox = (n & 16) != 0,
		.is_given_up_same = (n & 32) != 0,
		.status = (enum mms_state_status)(n >> 6 & 7),
		.removed_by = (enum mms_removed_by)(n >> 9 & 3),
		.is_unlinked = (n & 1 << 11) != 0,
	};
	return (!out->has_state ||
		(out->status >= MMS_STATE_CREATING && out->status <= MMS_STATE_DELETED)) &&
	       out->removed_by <= MMS_REMOVED_OUTSIDE;
}

static void
a_plan_that_was_carried_out_leaves_nothing_to_do(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 1U << 12; n++) {
		struct mms_event_plan_input in;

		if (!make_input(n, &in))
			continue;
		struct mms_event_plan plan = mms_plan_booking_event(&in);
		/* Nothing that is kept or unwanted is ever made or changed. */
		if ((plan.step == MMS_STEP_CREATE || plan.step == MMS_STEP_UPDATE) &&
		    (in.is_kept || !in.is_wanted))
			fail_msg("input %u: %s", n, plan.why);
		if (plan.step == MMS_STEP_DELETE && (in.is_kept || in.is_wanted))
			fail_msg("input %u: %s", n, plan.why);
		carry_out(&in, plan.step);
		plan = mms_plan_booking_event(&in);
		if (plan.step != MMS_STEP_NOTHING)
			fail_msg("input %u: %s a second time", n,
				 mms_event_step_name(plan.step));
	}
}

/* ---- its name -------------------------------------------------------------------------------- */

static void
an_events_uuid_follows_from_what_it_is(void **state)
{
	static const unsigned char site[16] = { 1, 2, 3 }, elsewhere[16] = { 1, 2, 4 };
	static const struct {
		const unsigned char *site;
		const char *booking;
		int64_t creation_us;
		uint64_t cursor_id;
		unsigned incarnation;
	} rows[] = {
		{ site, "MM-MB-0001", 1000, 7, 0 },
		{ site, "MM-MB-0001", 1000, 7, 1 },
		{ site, "MM-MB-0001", 1000, 8, 0 },
		{ site, "MM-MB-0001", 1001, 7, 0 },
		{ site, "MM-MB-0002", 1000, 7, 0 },
		{ elsewhere, "MM-MB-0001", 1000, 7, 0 },
		{ site, "MM-MB-0001", MMS_NO_TIME, 7, 0 },
	};
	unsigned char made[MMS_COUNT(rows)][16], again[16];
	char text[MMS_UUID_TEXT];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		for (int k = 0; k < 2; k++)
			assert_int_equal(mms_booking_event_uuid(rows[i].site, rows[i].booking,
								rows[i].creation_us,
								rows[i].cursor_id,
								rows[i].incarnation,
								k == 0 ? made[i] : again, &err),
					 MMS_OK);
		assert_memory_equal(made[i], again, sizeof again);
		assert_int_equal(made[i][6] >> 4, 8);
		assert_int_equal(made[i][8] >> 6, 2);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(made[i], made[k], sizeof again);
	}
	/* Events that were announced by an older version must be found by this one. */
	assert_string_equal(mms_uuid_print(made[0], text),
			    "c469d5b9-fe59-8130-b5f3-6079cc3f7e75");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_is_a_wish),
		cmocka_unit_test(the_primary_two_way_calendar_takes_bookings_else_the_only_one),
		cmocka_unit_test(only_services_that_this_build_can_write_to_take_bookings),
		cmocka_unit_test(every_case_of_the_table_is_decided_as_it_says),
		cmocka_unit_test(a_plan_that_was_carried_out_leaves_nothing_to_do),
		cmocka_unit_test(an_events_uuid_follows_from_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
