/* base: texts, errors, civil time, UTF-8, near words, ids, digests, policy, JSON. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/digest.h"
#include "mmsync/json.h"
#include "mmsync/near.h"
#include "mmsync/policy.h"
#include "mmsync/timetext.h"
#include "mmsync/utf8.h"
#include "mmsync/uuid.h"

static void
appends_keep_bytes_and_nul(void **state)
{
	static const struct {
		const char *label, *add;
		size_t times, want_len;
	} rows[] = {
		{ "nothing", "", 5, 0 },
		{ "one short", "abc", 1, 3 },
		{ "first regrowth", "abcd", 16, 64 },
		{ "many regrowths", "xy", 1000, 2000 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) s = mms_str_make(4096);
		MMS_AUTO(mms_err) err = { 0 };

		for (size_t k = 0; k < rows[i].times; k++)
			mms_str_addf(&s, "%s", rows[i].add);
		if (mms_str_check(&s, &err) != MMS_OK || s.len != rows[i].want_len ||
		    mms_str_get(&s)[s.len] != '\0')
			fail_msg("row '%s': len %zu, %s", rows[i].label, s.len,
				 mms_err_text(&err));
	}
}

static void
a_text_over_its_ceiling_is_an_item_error(void **state)
{
	MMS_AUTO(mms_str) s = mms_str_make(4);
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	mms_str_add(&s, "1234");
	assert_int_equal(mms_str_check(&s, &err), MMS_OK);
	mms_str_add(&s, "5");
	mms_str_add(&s, "");
	assert_int_equal(mms_str_check(&s, &err), MMS_E_ITEM);
	assert_null(mms_str_take(&s));
}

static void
context_is_put_before_the_message(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	mms_fail(&err, MMS_E_GONE, "no row %d", 7);
	mms_fail_in(&err, "table %s", "t");
	assert_string_equal(mms_err_text(&err), "table t: no row 7");
	assert_int_equal(err.code, MMS_E_GONE);
	mms_fail(&err, MMS_E_ITEM, "again: %s", mms_err_text(&err));
	assert_string_equal(mms_err_text(&err), "again: table t: no row 7");
}

static void
rfc3339_is_read_and_written(void **state)
{
	static const struct {
		const char *text, *want; /* NULL = refused */
	} rows[] = {
		{ "2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z" },
		{ "2026-01-05T10:00:00", "2026-01-05T10:00:00Z" },
		{ "2026-01-05t10:00:00z", "2026-01-05T10:00:00Z" },
		{ "2026-01-05 11:30:00+01:30", "2026-01-05T10:00:00Z" },
		{ "2025-12-31T23:59:60Z", "2026-01-01T00:00:00Z" },
		{ "2026-01-05T10:00:00.1239999Z", "2026-01-05T10:00:00.123Z" },
		{ "1969-12-31T23:59:59.500Z", "1969-12-31T23:59:59.500Z" },
		{ "2024-02-29T00:00:00-23:59", "2024-02-29T23:59:00Z" },
		{ "2023-02-29T00:00:00Z", NULL },
		{ "2026-13-01T00:00:00Z", NULL },
		{ "2026-01-05T24:00:00Z", NULL },
		{ "2026-01-05T10:00Z", NULL },
		{ "2026-01-05T10:00:00+0100", NULL },
		{ "2026-01-05T10:00:00.Z", NULL },
		{ "2026-01-05", NULL },
		{ "", NULL },
		{ "0000-01-01T00:00:00Z", NULL },
		{ "2026-01-05T10:00:00Z ", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		char buf[MMS_TIME_TEXT_MAX];
		int64_t ms = 0;
		mms_rc rc = mms_time_parse(rows[i].text, strlen(rows[i].text), &ms, &err);

		if ((rc == MMS_OK) != (rows[i].want != NULL))
			fail_msg("'%s': %s", rows[i].text, mms_err_text(&err));
		if (rc == MMS_OK && strcmp(mms_time_print(ms, buf), rows[i].want) != 0)
			fail_msg("'%s' became %s", rows[i].text, buf);
	}
}

static void
days_and_civil_dates_are_inverse(void **state)
{
	struct mms_civil c;

	(void)state;
	for (int64_t d = -719162; d <= 2932896; d += 13) {
		mms_civil_from_days(d, &c);
		assert_true(mms_civil_is_valid(&c));
		assert_int_equal(mms_days_from_civil(c.year, c.month, c.day), d);
	}
	assert_int_equal(mms_weekday(mms_days_from_civil(2026, 11, 20)), 5);
	assert_int_equal(mms_weekday(mms_days_from_civil(1969, 12, 28)), 0);
}

static void
wall_times_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "2026-01-05 10:00:00", "2026-01-05 10:00:00" },
		{ "2026-01-05T10:00:00.1234567", "2026-01-05 10:00:00.123456" },
		{ "2026-01-05", "2026-01-05 00:00:00" },
		{ "1600-02-29 23:59:59.5", "1600-02-29 23:59:59.500000" },
		{ "2026-01-05 10:00:00Z", NULL },
		{ "2026-02-30", NULL },
		{ "tomorrow", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char buf[MMS_TIME_TEXT_MAX];
		int64_t wall;
		bool is_ok = mms_wall_parse(rows[i].text, strlen(rows[i].text), &wall);

		if (is_ok != (rows[i].want != NULL))
			fail_msg("'%s'", rows[i].text);
		if (is_ok && strcmp(mms_wall_print(wall, buf), rows[i].want) != 0)
			fail_msg("'%s' became %s", rows[i].text, buf);
	}
}

static void
utf8_is_judged_and_repaired(void **state)
{
	static const struct {
		const char *label, *text;
		bool is_valid;
		const char *repaired;
	} rows[] = {
		{ "ascii", "abc", true, "abc" },
		{ "two bytes", "\xC3\xA5", true, "\xC3\xA5" },
		{ "emoji", "\xF0\x9F\x98\x80", true, "\xF0\x9F\x98\x80" },
		{ "latin-1", "caf\xE9!", false, "caf\xEF\xBF\xBD!" },
		{ "overlong", "\xC0\xAF", false, "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "surrogate", "\xED\xA0\x80", false, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "too high", "\xF4\x90\x80\x80", false,
		  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "cut", "a\xE2\x82", false, "a\xEF\xBF\xBD\xEF\xBF\xBD" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) out = { 0 };
		size_t len = strlen(rows[i].text);

		mms_utf8_add_repaired(&out, rows[i].text, len);
		if (mms_utf8_is_valid(rows[i].text, len) != rows[i].is_valid ||
		    strcmp(mms_str_get(&out), rows[i].repaired) != 0)
			fail_msg("row '%s'", rows[i].label);
	}
}

static void
texts_are_cut_at_characters(void **state)
{
	static const struct {
		const char *label, *text;
		size_t chars, bytes, want;
	} rows[] = {
		{ "fits", "abc", 3, 99, 3 },
		{ "cut by characters", "abcd", 3, 99, 3 },
		{ "cut by bytes",
		  "a\xC3\xA5"
		  "b",
		  99, 2, 1 },
		{ "combining mark stays with its letter", "ae\xCC\x81", 2, 99, 1 },
		{ "flag of skin tone", "x\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", 2, 99, 1 },
		{ "joined family", "x\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", 3, 99, 1 },
		{ "only marks", "\xCC\x81\xCC\x81", 1, 99, 2 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		size_t got = mms_utf8_prefix(rows[i].text, strlen(rows[i].text), rows[i].chars,
					     rows[i].bytes);
		if (got != rows[i].want)
			fail_msg("row '%s': %zu", rows[i].label, got);
	}
}

static void
near_words_are_found(void **state)
{
	static const char *const words[] = { "google", "microsoft", "http", "sync_user",
					     "delete_budget" };

	(void)state;
	assert_string_equal(mms_near_find("gogle", words, MMS_COUNT(words)), "google");
	assert_string_equal(mms_near_find("sync_uesr", words, MMS_COUNT(words)), "sync_user");
	assert_string_equal(mms_near_find("Delete-Budget", words, MMS_COUNT(words)),
			    "delete_budget");
	assert_null(mms_near_find("zebra", words, MMS_COUNT(words)));
	assert_int_equal(mms_near_distance("ca", "ac"), 1);
	assert_int_equal(mms_near_distance("", "abc"), 3);
}

static void
uuids_are_version_7_and_sorted_by_time(void **state)
{
	unsigned char a[MMS_UUID_BYTES], b[MMS_UUID_BYTES], back[MMS_UUID_BYTES];
	char text[MMS_UUID_TEXT];
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_uuid_new(1000, a, &err), MMS_OK);
	assert_int_equal(mms_uuid_new(1001, b, &err), MMS_OK);
	assert_true(memcmp(a, b, sizeof a) < 0);
	mms_uuid_print(a, text);
	assert_int_equal(text[14], '7');
	assert_true(mms_uuid_parse(text, back));
	assert_memory_equal(a, back, sizeof a);
	assert_false(mms_uuid_parse("1234", back));
}

static void
sha256_agrees_with_its_standard(void **state)
{
	unsigned char out[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];
	MMS_AUTO(mms_err) err = { 0 };

	(void)state; /* FIPS 180-4 example, "abc" */
	assert_int_equal(mms_sha256("abc", 3, out, &err), MMS_OK);
	assert_string_equal(mms_hex_print(out, sizeof out, hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
delays_stay_in_their_bounds(void **state)
{
	(void)state;
	assert_int_equal(mms_policy_delay_ms(0, 500, 60000, -1, 0), 0);
	assert_int_equal(mms_policy_delay_ms(0, 500, 60000, -1, UINT32_MAX), 500);
	assert_int_equal(mms_policy_delay_ms(3, 500, 60000, -1, UINT32_MAX), 4000);
	assert_int_equal(mms_policy_delay_ms(60, 500, 60000, -1, UINT32_MAX), 60000);
	assert_int_equal(mms_policy_delay_ms(0, 500, 60000, 7000, 0), 7000);
}

static void
deletions_beyond_the_budget_are_refused(void **state)
{
	static const struct {
		int64_t missing, live, listed;
		bool want;
	} rows[] = {
		{ 0, 0, 0, true },     { 2, 2, 0, true },      { 3, 3, 0, false },
		{ 3, 3, 1, true },     { 10, 10, 1, true },    { 11, 12, 1, false },
		{ 20, 100, 80, true }, { 21, 100, 79, false },
	};
	struct mms_delete_budget budget = { .count = 10, .percent = 20 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_policy_may_delete(&budget, rows[i].missing, rows[i].live,
					  rows[i].listed) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void
json_is_written_with_repaired_text(void **state)
{
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_json_open_str(&j, &out, false, &err), MMS_OK);
	for (int i = 0; i < 2; i++) {
		mms_json_map(&j);
		mms_json_put_text(&j, "a", "x\xE9\"\n");
		mms_json_put_time(&j, "t", 0);
		mms_json_put_time(&j, "none", MMS_NO_TIME);
		mms_json_map_end(&j);
		mms_json_done(&j);
	}
	assert_int_equal(mms_json_check(&j, &err), MMS_OK);
	assert_string_equal(mms_str_get(&out), "{\"a\":\"x\xEF\xBF\xBD\\\"\\n\",\"t\":\"1970-"
					       "01-01T00:00:00Z\",\"none\":null}\n"
					       "{\"a\":\"x\xEF\xBF\xBD\\\"\\n\",\"t\":\"1970-"
					       "01-01T00:00:00Z\",\"none\":null}\n");
}

/* A text of 24 bytes with `bad` at `at`: eight at a time are judged, wherever the odd one stands. */
static void
odd_bytes_are_found_wherever_they_stand(void **state)
{
	static const struct {
		const char *bytes, *repaired;
		size_t n;
		bool is_valid;
	} rows[] = {
		{ "\x80", "\xEF\xBF\xBD", 1, false },
		{ "\xFF", "\xEF\xBF\xBD", 1, false },
		{ "\xC3", "\xEF\xBF\xBD", 1, false },
		{ "\0", "", 1, true },
		{ "\x01", "\x01", 1, true },
		{ "\x7F", "\x7F", 1, true },
		{ "\xC3\xA9", "\xC3\xA9", 2, true },
		{ "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", 4, true },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		for (size_t at = 0; at + rows[i].n <= 24; at++) {
			MMS_AUTO(mms_str) out = { 0 };
			MMS_AUTO(mms_str) want = { 0 };
			char text[] = "abcdefghijklmnopqrstuvwx";

			mms_str_addn(&want, text, at);
			mms_str_add(&want, rows[i].repaired);
			mms_str_add(&want, text + at + rows[i].n);
			memcpy(text + at, rows[i].bytes, rows[i].n);
			if (mms_utf8_is_valid(text, 24) != rows[i].is_valid)
				fail_msg("row %zu at %zu is judged wrong", i, at);
			mms_utf8_add_repaired(&out, text, 24);
			assert_string_equal(mms_str_get(&out), mms_str_get(&want));
		}
	}
}

/* The short way writes what the writer of documents writes: stored JSON is compared by its bytes. */
static void
quoted_texts_are_those_of_the_writer(void **state)
{
	static const char *const texts[] = { "",
					     "plain",
					     "\"quoted\" \\ and / and <tag>",
					     "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80",
					     "broken \xE9 \xC3",
					     "line\r\n\ttab\b\f\x01\x1F\x7F" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(texts) + 256; i++) {
		char one[] = { 'x', (char)(i - MMS_COUNT(texts)), 'y', '\0' };
		const char *text = i < MMS_COUNT(texts) ? texts[i] : one;
		size_t len = i < MMS_COUNT(texts) ? strlen(text) : 3;
		MMS_AUTO(mms_str) want = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		MMS_AUTO(mms_json) j = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(mms_json_open_str(&j, &want, false, &err), MMS_OK);
		mms_json_textn(&j, text, len);
		assert_int_equal(mms_json_check(&j, &err), MMS_OK);
		mms_json_add_quoted(&got, text, len);
		assert_string_equal(mms_str_get(&got), mms_str_get(&want));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_keep_bytes_and_nul),
		cmocka_unit_test(a_text_over_its_ceiling_is_an_item_error),
		cmocka_unit_test(context_is_put_before_the_message),
		cmocka_unit_test(rfc3339_is_read_and_written),
		cmocka_unit_test(days_and_civil_dates_are_inverse),
		cmocka_unit_test(wall_times_are_read_and_written),
		cmocka_unit_test(utf8_is_judged_and_repaired),
		cmocka_unit_test(texts_are_cut_at_characters),
		cmocka_unit_test(near_words_are_found),
		cmocka_unit_test(uuids_are_version_7_and_sorted_by_time),
		cmocka_unit_test(sha256_agrees_with_its_standard),
		cmocka_unit_test(delays_stay_in_their_bounds),
		cmocka_unit_test(deletions_beyond_the_budget_are_refused),
		cmocka_unit_test(json_is_written_with_repaired_text),
		cmocka_unit_test(odd_bytes_are_found_wherever_they_stand),
		cmocka_unit_test(quoted_texts_are_those_of_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
