/* How long the events of a calendar are: the bound, those kept apart, and what is written of them. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/longest.h"
#include "mmsync/mem.h"

/* Shows the error's own words when a call fails. */
#define OK(call)                                            \
	do {                                                \
		if ((call) != MMS_OK)                       \
			fail_msg("%s", mms_err_text(&err)); \
	} while (0)
#define HOUR INT64_C(3600000000)
#define DAY  (24 * HOUR)

static void
note(struct mms_longest *longest, const char *id, int64_t start_us, int64_t length_us)
{
	MMS_AUTO(mms_err) err = { 0 };

	OK(mms_longest_note(longest, id, start_us, start_us + length_us, &err));
}

static void
short_events_make_the_bound(void **state)
{
	MMS_AUTO(mms_longest) longest = { 0 };

	(void)state;
	note(&longest, "a", 0, HOUR);
	note(&longest, "b", 5 * HOUR, 3 * HOUR);
	note(&longest, "c", 9 * HOUR, 2 * HOUR);
	assert_int_equal(longest.bound_us, 3 * HOUR);
	note(&longest, "d", DAY, DAY);
	assert_int_equal(longest.bound_us, DAY);
	assert_int_equal(longest.n_apart, 0);
}

static void
what_has_no_length_or_no_id_is_taken_as_it_is(void **state)
{
	MMS_AUTO(mms_longest) longest = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	note(&longest, "a", 100 * DAY, 0);
	note(&longest, "b", 100 * DAY, -50 * DAY);
	OK(mms_longest_note(&longest, "c", INT64_MIN, INT64_MAX, &err));
	assert_int_equal(longest.bound_us, 0);
	note(&longest, NULL, 0, 9 * DAY);
	assert_int_equal(longest.bound_us, 9 * DAY);
	assert_int_equal(longest.n_apart, 0);
}

/* The longest 64 are apart, and the bound is that of the 65th. */
static void
the_longest_are_kept_apart(void **state)
{
	MMS_AUTO(mms_longest) longest = { 0 };
	char id[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		int k = i * 37 % 100; /* every length once, in no order */
		(void)snprintf(id, sizeof id, "e%d", k);
		note(&longest, id, k * DAY, (2 + k) * DAY);
	}
	assert_int_equal(longest.n_apart, MMS_LONGEST_APART);
	assert_int_equal(longest.bound_us, (2 + 35) * DAY);
	for (size_t i = 0; i < longest.n_apart; i++) {
		const struct mms_long_event *event = &longest.apart[i];
		assert_true(event->end_us - event->start_us > longest.bound_us);
	}
	/* and what is within the bound by now is not worth a place */
	note(&longest, "late", 0, (2 + 35) * DAY);
	assert_int_equal(longest.bound_us, (2 + 35) * DAY);
}

static void
an_event_that_moved_is_noted_at_both_places_once(void **state)
{
	MMS_AUTO(mms_longest) longest = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		note(&longest, "a", 0, 3 * DAY);
		note(&longest, "a", 50 * DAY, 3 * DAY);
	}
	assert_int_equal(longest.n_apart, 2);
}

/*
 * Whatever is noted in whatever order: each event is within the bound, or apart under its id and
 * time.
 */
static void
every_event_is_found(void **state)
{
	uint64_t x = 20261120;

	(void)state;
	for (int round = 0; round < 200; round++) {
		MMS_AUTO(mms_longest) longest = { 0 };
		int64_t starts[300], lengths[300];
		char id[16];
		size_t n = 1 + (size_t)(x % 300);

		for (size_t i = 0; i < n; i++) {
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			starts[i] = (int64_t)(x >> 40) * 1000000;
			lengths[i] = (x >> 20) % 4 == 0 ? (int64_t)((x >> 10) % 900) * HOUR
							: (int64_t)((x >> 10) % 20) * HOUR;
			(void)snprintf(id, sizeof id, "e%zu", i);
			note(&longest, id, starts[i], lengths[i]);
		}
		for (size_t i = 0; i < n; i++) {
			bool is_apart = false;
			(void)snprintf(id, sizeof id, "e%zu", i);
			for (size_t k = 0; k < longest.n_apart; k++)
				is_apart = is_apart ||
					   (strcmp(longest.apart[k].external_id, id) == 0 &&
					    longest.apart[k].start_us == starts[i]);
			if (lengths[i] > longest.bound_us && !is_apart)
				fail_msg("event %zu of round %d is lost", i, round);
		}
	}
}

static void
what_is_written_is_read_again(void **state)
{
	static const char *const ids[] = { "plain", "\"quoted\" \\ back",
					   "\xc3\xa4 \xf0\x9f\x98\x80",
					   "UID@example.com/20260323T080000Z", " \t\n" };
	MMS_AUTO(mms_longest) longest = { 0 };
	MMS_AUTO(mms_longest) again = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(ids); i++)
		note(&longest, ids[i], -((int64_t)i * DAY), (int64_t)(2 + i) * DAY);
	OK(mms_longest_write(&longest, &text, &err));
	OK(mms_longest_read(&again, mms_str_get(&text), text.len, &err));
	assert_int_equal(again.n_apart, MMS_COUNT(ids));
	for (size_t i = 0; i < MMS_COUNT(ids); i++) {
		assert_string_equal(again.apart[i].external_id, ids[i]);
		assert_int_equal(again.apart[i].start_us, longest.apart[i].start_us);
		assert_int_equal(again.apart[i].end_us, longest.apart[i].end_us);
	}
}

static void
what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"{}",
		"[1]",
		"[[1,2]]",
		"[[1,2,3]]",
		"[[\"1\",2,\"a\"]]",
		"[[1,2,\"a\",4]]",
		"[[1,2,\"a\"]",
		"[[1,2,\"a\"]] x",
		"[[1.5,2,\"a\"]]",
		"[[111111111111111111111111111,2,\"a\"]]",
		"[[1,2,\"\xff\"]]",
	};
	MMS_AUTO(mms_str) many = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		MMS_AUTO(mms_longest) longest = { 0 };
		mms_rc rc = mms_longest_read(&longest, texts[i], strlen(texts[i]), &err);
		if (rc != MMS_E_ITEM)
			fail_msg("'%s' is taken for a list", texts[i]);
		mms_err_release(&err);
	}
	mms_str_add(&many, "[[1,2,\"a\"]");
	for (int i = 0; i < MMS_LONGEST_APART; i++)
		mms_str_add(&many, ",[1,2,\"a\"]");
	mms_str_add(&many, "]");
	MMS_AUTO(mms_longest) longest = { 0 };
	assert_int_equal(mms_longest_read(&longest, mms_str_get(&many), many.len, &err),
			 MMS_E_ITEM);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_events_make_the_bound),
		cmocka_unit_test(what_has_no_length_or_no_id_is_taken_as_it_is),
		cmocka_unit_test(the_longest_are_kept_apart),
		cmocka_unit_test(an_event_that_moved_is_noted_at_both_places_once),
		cmocka_unit_test(every_event_is_found),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
