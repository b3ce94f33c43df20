/* A booking and its event are one thing, and what is left out. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/mem.h"
#include "mmsync/taken.h"
#include "mmsync/timetext.h"

#define HOUR_US INT64_C(3600000000)

struct item {
	const char *name, *integration, *link;
	bool is_booking, is_failed;
	int start, end; /* hours of 2026-01-01 */
};

struct given {
	const char *label;
	struct item items[4];
	const char *excluded_booking, *excluded_event;
	const char *want; /* "name@integration start-end", + where it blocks */
};

static const struct given cases[] = {
	{ "apart", { { "e", "c", NULL, 0, 0, 9, 10 } }, NULL, NULL, "e@c 9-10+ " },
	{ "a booking and its event are one, for the time of both",
	  { { "b", NULL, NULL, 1, 0, 9, 10 }, { "e", "c", "b", 0, 0, 8, 10 } },
	  NULL,
	  NULL,
	  "b@c 8-10+ " },
	{ "an event that failed is no part of its booking",
	  { { "b", NULL, NULL, 1, 0, 9, 10 }, { "e", "c", "b", 0, 1, 8, 10 } },
	  NULL,
	  NULL,
	  "e@c 8-10 b@- 9-10+ " },
	{ "of two calendars the one of the event that the booking names",
	  { { "b", NULL, "e2", 1, 0, 9, 10 },
	    { "e1", "c1", "b", 0, 0, 9, 10 },
	    { "e2", "c2", "b", 0, 0, 9, 10 } },
	  NULL,
	  NULL,
	  "b@c2 9-10+ " },
	{ "and in the other order",
	  { { "b", NULL, "e2", 1, 0, 9, 10 },
	    { "e2", "c2", "b", 0, 0, 9, 10 },
	    { "e1", "c1", "b", 0, 0, 9, 10 } },
	  NULL,
	  NULL,
	  "b@c2 9-10+ " },
	{ "touching",
	  { { "b", NULL, "e", 1, 0, 9, 10 }, { "e", "c", NULL, 0, 0, 10, 11 } },
	  NULL,
	  NULL,
	  "b@c 9-11+ " },
	{ "moved apart",
	  { { "b", NULL, "e", 1, 0, 9, 10 }, { "e", "c", "b", 0, 0, 11, 12 } },
	  NULL,
	  NULL,
	  "b@- 9-10+ e@c 11-12+ " },
	{ "a booking twice",
	  { { "b", NULL, NULL, 1, 0, 9, 10 }, { "b", NULL, NULL, 1, 0, 9, 10 } },
	  NULL,
	  NULL,
	  "b@- 9-10+ " },
	{ "left out with its events",
	  { { "b", NULL, "e1", 1, 0, 9, 10 },
	    { "e1", "c", NULL, 0, 0, 9, 10 },
	    { "e2", "c", "b", 0, 0, 9, 10 },
	    { "e3", "c", "other", 0, 0, 9, 10 } },
	  "b",
	  "e1",
	  "e3@c 9-10+ " },
	{ "an event that says it is another's stays",
	  { { "e1", "c", "other", 0, 0, 9, 10 } },
	  "b",
	  "e1",
	  "e1@c 9-10+ " },
};

static void
add(struct mms_taken_list *list, const struct item *item)
{
	int64_t day_us = mms_days_from_civil(2026, 1, 1) * MMS_DAY_US;
	struct mms_taken *t = mms_taken_list_add(list);

	assert_non_null(t);
	t->name = mms_text_copy(item->name);
	t->integration = item->integration != NULL ? mms_text_copy(item->integration) : NULL;
	t->link = item->link != NULL ? mms_text_copy(item->link) : NULL;
	t->is_booking = item->is_booking;
	t->is_failed = item->is_failed;
	t->start_us = day_us + item->start * HOUR_US;
	t->end_us = day_us + item->end * HOUR_US;
}

static void
print(const struct mms_taken_list *list, struct mms_str *out)
{
	int64_t day_ms = mms_days_from_civil(2026, 1, 1) * MMS_DAY_MS;

	for (size_t i = 0; i < list->n; i++) {
		const struct mms_taken *t = &list->items[i];
		mms_str_addf(out, "%s@%s %d-%d%s ", t->name,
			     t->integration != NULL ? t->integration : "-",
			     (int)((t->span.start_ms - day_ms) / 3600000),
			     (int)((t->span.end_ms - day_ms) / 3600000), t->blocks ? "+" : "");
	}
}

static void
a_booking_and_its_event_are_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		const struct given *c = &cases[i];
		MMS_AUTO(mms_taken_list) list = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		int64_t day_ms = mms_days_from_civil(2026, 1, 1) * MMS_DAY_MS;
		const struct mms_taken_question question = {
			.zones = { mms_zone_utc(), mms_zone_utc() },
			.span = { day_ms, day_ms + MMS_DAY_MS },
			.excluded_booking = c->excluded_booking,
			.excluded_event = c->excluded_event,
		};

		for (size_t k = 0; k < MMS_COUNT(c->items) && c->items[k].name != NULL; k++)
			add(&list, &c->items[k]);
		assert_int_equal(mms_taken_settle(&list, &question, &err), MMS_OK);
		print(&list, &got);
		if (strcmp(mms_str_get(&got), c->want) != 0)
			fail_msg("%s: %s, not %s", c->label, mms_str_get(&got), c->want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_booking_and_its_event_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
