/* What is remembered of how far a calendar was read: which of it is possible, and which waits are believed. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../connector/sync/cursor_check.h"
#include "mmsync/due.h"

#define HOUR_MS INT64_C(3600000)
#define NOW_MS  (INT64_C(20514) * MMS_DAY_MS)

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FEED   "feed1\n" DIGEST "\n\"v1\"\nMon, 02 Mar 2026 08:00:00 GMT"
#define DELTA  "https://graph.example.com/v1.0/me/calendarView/delta?$deltatoken=R0abc"

/* ---- tokens ------------------------------------------------------------------------------------ */

static const struct {
	const char *label, *type, *token;
	bool is_good;
} tokens[] = {
	{ "none", "Google Calendar", "", true },
	{ "one of Google's", "Google Calendar", "CPDAlvWDx70CEPDAlvWDx70CGAU=", true },
	{ "a delta link", "Outlook Calendar", DELTA, true },
	{ "a delta link whose signs are escaped", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendarView/delta?%24deltatoken=R0abc", true },
	{ "one with a capital", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendars/x/calendarView/delta?$deltaToken%3dR0",
	  true },
	{ "what a feed's server told", "iCal", FEED, true },
	{ "of a server that told nothing", "iCal", "feed1\n" DIGEST "\n\n", true },
	{ "a name in another script", "iCal", "feed1\n" DIGEST "\n\"\xc3\xa9\"\n", true },

	{ "Google's, with a blank", "Google Calendar", "CPDAlvWD x70C", false },
	{ "Google's, with a line", "Google Calendar", "CPDA\nlvWDx70C", false },
	{ "Google's, with a letter that is none", "Google Calendar", "CPDA\xc3\xa9lv", false },
	{ "a feed's, at Google", "Google Calendar", FEED, false },
	{ "Outlook's, at Google", "Google Calendar", DELTA, false },
	{ "no UTF-8", "Google Calendar", "CP\xff\xfe", false },
	{ "Google's, at Outlook", "Outlook Calendar", "CPDAlvWDx70CEPDAlvWDx70CGAU=", false },
	{ "a feed's, at Outlook", "Outlook Calendar", FEED, false },
	{ "a delta link that was cut off", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendarView/delta?$deltatoken=", false },
	{ "before its token", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendarView/delta?$deltatok", false },
	{ "right behind the word", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendarView/delta?$deltatoken", false },
	{ "an empty one before others", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendarView/delta?$deltatoken=&x=1", false },
	{ "another scheme", "Outlook Calendar", "ftp://graph.example.com/delta?$deltatoken=R0",
	  false },
	{ "a file", "Outlook Calendar", "file:///etc/delta?$deltatoken=R0", false },
	{ "no host", "Outlook Calendar", "https:///delta?$deltatoken=R0", false },
	{ "somebody before the host", "Outlook Calendar",
	  "https://ann@graph.example.com/delta?$deltatoken=R0", false },
	{ "a page in the middle of a listing", "Outlook Calendar",
	  "https://graph.example.com/v1.0/me/calendarView/delta?$skiptoken=R0", false },
	{ "Google's, at a feed", "iCal", "CPDAlvWDx70CEPDAlvWDx70CGAU=", false },
	{ "Outlook's, at a feed", "iCal", DELTA, false },
	{ "a feed's that was cut off", "iCal", "feed1\n" DIGEST "\n\"v1\"", false },
	{ "within its digest", "iCal", "feed1\n0123", false },
	{ "with a digest too long", "iCal", "feed1\n" DIGEST "0\n\n", false },
	{ "with a line too many", "iCal", FEED "\n", false },
	{ "with a control character", "iCal", "feed1\n" DIGEST "\n\"\x01\"\n", false },
	{ "of a version to come", "iCal", "feed9\n" DIGEST "\n\n", false },
	{ "JSON", "iCal", "{\"etag\":", false },
};

static struct mms_cursor
good_cursor(void)
{
	return (struct mms_cursor){ .id = 1,
				    .window_start_ms = NOW_MS - 30 * MMS_DAY_MS,
				    .window_end_ms = NOW_MS + 90 * MMS_DAY_MS,
				    .next_entry_ms = MMS_NO_TIME,
				    .last_full_ms = NOW_MS - MMS_DAY_MS,
				    .last_success_ms = NOW_MS - HOUR_MS,
				    .last_attempt_ms = NOW_MS - HOUR_MS,
				    .wait_until_ms = MMS_NO_TIME };
}

static void
a_token_is_of_its_service_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(tokens); i++) {
		char token[256];
		struct mms_cursor c = good_cursor();

		(void)snprintf(token, sizeof token, "%s", tokens[i].token);
		c.token = token;
		unsigned is = mms_cursor_check(&c, mms_provider_find(tokens[i].type), NOW_MS);
		unsigned wanted = tokens[i].is_good ? 0 : MMS_CURSOR_TOKEN;
		if (is != wanted)
			fail_msg("%s: %u, wanted %u", tokens[i].label, is, wanted);
	}
}

/* What is too long for any service; the longest that is taken is some letters shorter. */
static void
a_token_of_any_length_is_none(void **state)
{
	static const struct {
		const char *type, *begin;
		size_t most;
	} rows[] = {
		{ "Google Calendar", "x", 4096 },
		{ "Outlook Calendar", DELTA, (size_t)64 * 1024 },
		{ "iCal", "feed1\n" DIGEST "\n\n", (size_t)128 * 1024 },
	};
	static char token[200000];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_provider *provider = mms_provider_find(rows[i].type);
		struct mms_cursor c = good_cursor();

		memset(token, 'a', sizeof token);
		memcpy(token, rows[i].begin, strlen(rows[i].begin));
		token[rows[i].most] = '\0';
		c.token = token;
		assert_int_equal(mms_cursor_check(&c, provider, NOW_MS), 0);
		token[rows[i].most] = 'a';
		token[rows[i].most + 1] = '\0';
		assert_int_equal(mms_cursor_check(&c, provider, NOW_MS), MMS_CURSOR_TOKEN);
	}
}

/* ---- times ------------------------------------------------------------------------------------- */

static const struct {
	const char *label;
	int64_t start_ms, end_ms, full_ms, wait_ms;
	unsigned flaws;
} times[] = {
	{ "as it should be", NOW_MS - MMS_DAY_MS, NOW_MS + MMS_DAY_MS, NOW_MS, MMS_NO_TIME, 0 },
	{ "nothing known", MMS_NO_TIME, MMS_NO_TIME, MMS_NO_TIME, MMS_NO_TIME, 0 },
	{ "the longest window there is", NOW_MS - 365 * MMS_DAY_MS, NOW_MS + 738 * MMS_DAY_MS,
	  NOW_MS, MMS_NO_TIME, 0 },
	{ "read by a clock that is hours ahead", NOW_MS, NOW_MS + MMS_DAY_MS,
	  NOW_MS + 12 * HOUR_MS, NOW_MS + 12 * HOUR_MS, 0 },
	{ "not read for years", INT64_C(1), INT64_C(2), INT64_C(3), INT64_C(4), 0 },
	{ "a window upside down", NOW_MS, NOW_MS - 1, NOW_MS, MMS_NO_TIME, MMS_CURSOR_WINDOW },
	{ "a window far ahead", NOW_MS + 10 * MMS_DAY_MS, NOW_MS + 20 * MMS_DAY_MS, NOW_MS,
	  MMS_NO_TIME, MMS_CURSOR_WINDOW },
	{ "a window without end", NOW_MS, INT64_MAX, NOW_MS, MMS_NO_TIME, MMS_CURSOR_WINDOW },
	{ "a window from before all time", INT64_MIN + 1, NOW_MS, NOW_MS, MMS_NO_TIME,
	  MMS_CURSOR_WINDOW },
	{ "half of a window", MMS_NO_TIME, NOW_MS + 10000 * MMS_DAY_MS, NOW_MS, MMS_NO_TIME,
	  MMS_CURSOR_WINDOW },
	{ "read in full next year", NOW_MS, NOW_MS, NOW_MS + 365 * MMS_DAY_MS, MMS_NO_TIME,
	  MMS_CURSOR_FUTURE },
	{ "at the end of all time", NOW_MS, NOW_MS, INT64_MAX, MMS_NO_TIME, MMS_CURSOR_FUTURE },
	{ "or before it", NOW_MS, NOW_MS, INT64_MIN + 1, MMS_NO_TIME, MMS_CURSOR_FUTURE },
	{ "a wait of a month, which may be set", NOW_MS, NOW_MS, NOW_MS,
	  NOW_MS + 30 * MMS_DAY_MS, 0 },
	{ "a wait of a year", NOW_MS, NOW_MS, NOW_MS, NOW_MS + 365 * MMS_DAY_MS,
	  MMS_CURSOR_WAIT },
	{ "a wait for ever", NOW_MS, NOW_MS, NOW_MS, INT64_MAX, MMS_CURSOR_WAIT },
	{ "a wait long over", NOW_MS, NOW_MS, NOW_MS, INT64_MIN + 1, 0 },
};

static void
a_time_that_cannot_be_is_none(void **state)
{
	const struct mms_provider *google = mms_provider_find("Google Calendar");

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(times); i++) {
		struct mms_cursor c = good_cursor();

		c.window_start_ms = times[i].start_ms;
		c.window_end_ms = times[i].end_ms;
		c.last_full_ms = times[i].full_ms;
		c.wait_until_ms = times[i].wait_ms;
		unsigned is = mms_cursor_check(&c, google, NOW_MS);
		if (is != times[i].flaws)
			fail_msg("%s: %u, wanted %u", times[i].label, is, times[i].flaws);
	}
}

/* Whatever stands in its row, sync --due comes back to a calendar: now, or within a month. */
static void
no_time_silences_a_calendar_for_ever(void **state)
{
	static const int64_t odd[] = { INT64_MIN + 1,
				       -1,
				       0,
				       1,
				       NOW_MS - 1,
				       NOW_MS,
				       NOW_MS + 1,
				       NOW_MS + 10 * MMS_DAY_MS,
				       NOW_MS + 10000 * MMS_DAY_MS,
				       INT64_MAX - 1,
				       INT64_MAX };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(odd); i++) {
		for (size_t k = 0; k < MMS_COUNT(odd); k++) {
			struct mms_source source = { .integration = { .is_active = true,
								      .is_auto = true,
								      .interval_minutes = 15 },
						     .cursor = good_cursor() };
			int64_t at_ms;

			source.cursor.wait_until_ms = odd[i];
			source.cursor.last_attempt_ms = odd[k];
			(void)mms_due_find(&source, NOW_MS, &at_ms);
			assert_true(at_ms >= NOW_MS);
			assert_true(at_ms <= NOW_MS + MMS_WAIT_MOST_MS);
		}
	}
}

static void
the_first_flaw_has_a_name(void **state)
{
	(void)state;
	assert_null(mms_cursor_flaw_name(0));
	assert_string_equal(mms_cursor_flaw_name(MMS_CURSOR_TOKEN | MMS_CURSOR_WAIT), "token");
	assert_string_equal(mms_cursor_flaw_name(MMS_CURSOR_WINDOW), "window");
	assert_string_equal(mms_cursor_flaw_name(MMS_CURSOR_FUTURE), "future");
	assert_string_equal(mms_cursor_flaw_name(MMS_CURSOR_WAIT), "wait");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_of_its_service_or_none),
		cmocka_unit_test(a_token_of_any_length_is_none),
		cmocka_unit_test(a_time_that_cannot_be_is_none),
		cmocka_unit_test(no_time_silences_a_calendar_for_ever),
		cmocka_unit_test(the_first_flaw_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
