/* base and model: reading JSON as Python does; attendees, datetimes and documents from it. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/attendees.h"
#include "mmsync/json.h"
#include "mmsync/json_scan.h"
#include "mmsync/mem.h"
#include "mmsync/rules.h"
#include "mmsync/timetext.h"
#include "support/rules_world.h"

static void
values_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum mms_jtype want;
	} rows[] = {
		{ "null", MMS_J_NULL },      { " true", MMS_J_TRUE },
		{ "false ", MMS_J_FALSE },   { "-0", MMS_J_INT },
		{ "0.5", MMS_J_REAL },       { "1E+9", MMS_J_REAL },
		{ "NaN", MMS_J_REAL },       { "Infinity", MMS_J_REAL },
		{ "-Infinity", MMS_J_REAL }, { "\"\"", MMS_J_TEXT },
		{ "[]", MMS_J_ARRAY },       { "{}", MMS_J_MAP },
		{ "[1,[2]]", MMS_J_ARRAY },  { "{\"a\":{}}", MMS_J_MAP },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_jscan s;
		struct mms_jvalue v;

		mms_jscan_start(&s, rows[i].text, strlen(rows[i].text));
		if (!mms_jscan_value(&s, &v) || v.type != rows[i].want ||
		    !mms_jscan_skip(&s, &v) || !mms_jscan_done(&s))
			fail_msg("'%s': %s", rows[i].text, s.why);
	}
}

static void
what_is_wrong_is_told_with_its_column(void **state)
{
	static const struct {
		const char *text, *why;
		size_t column;
	} rows[] = {
		{ "", "a value is expected", 1 },
		{ "  ", "a value is expected", 3 },
		{ "[1,]", "a value is expected", 4 },
		{ "[1 2]", "a comma is expected", 4 },
		{ "{\"a\" 1}", "a colon is expected", 6 },
		{ "{a:1}", "a name in double quotes is expected", 2 },
		{ "{\"a\":1,}", "a name in double quotes is expected", 8 },
		{ "\"abc", "this text does not end", 1 },
		{ "\"\xC3\xA5\tb\"", "a control character stands in a text", 3 },
		{ "\"\\x\"", "no such escape", 2 },
		{ "\"\\u12\"", "no such escape", 2 },
		{ "1 2", "something follows the value", 3 },
		{ "01", "something follows the value", 2 },
		{ "nul", "a value is expected", 1 },
		{ "\xEF\xBB\xBF[]", "a value is expected", 1 },
		{ "[\v]", "a value is expected", 2 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_jscan s;
		struct mms_jvalue v;

		mms_jscan_start(&s, rows[i].text, strlen(rows[i].text));
		bool is_good =
			mms_jscan_value(&s, &v) && mms_jscan_skip(&s, &v) && mms_jscan_done(&s);
		if (is_good || strcmp(s.why, rows[i].why) != 0 ||
		    mms_jscan_column(&s) != rows[i].column)
			fail_msg("'%s': %s at %zu", rows[i].text, is_good ? "good" : s.why,
				 mms_jscan_column(&s));
	}
}

static void
escapes_are_resolved_in_place(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "plain", "plain" },
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
		{ "\\u0041\\u00e5\\u20ac", "A\xC3\xA5\xE2\x82\xAC" },
		{ "\\ud83d\\ude00!", "\xF0\x9F\x98\x80!" },
		{ "\\ud83dx\\ude00", "\xEF\xBF\xBDx\xEF\xBF\xBD" },
		{ "\\ud83d\\u0041", "\xEF\xBF\xBD"
				    "A" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char buf[64], quoted[80];
		struct mms_jscan s;
		struct mms_jvalue v;

		(void)snprintf(quoted, sizeof quoted, "\"%s\"", rows[i].text);
		mms_jscan_start(&s, quoted, strlen(quoted));
		assert_true(mms_jscan_value(&s, &v));
		size_t n = mms_jscan_decode(&v, buf);
		if (n != strlen(rows[i].want) || memcmp(buf, rows[i].want, n) != 0)
			fail_msg("'%s' became '%.*s'", rows[i].text, (int)n, buf);
		size_t in_place = mms_jscan_decode(&v, quoted + 1);
		assert_int_equal(in_place, n);
		assert_memory_equal(quoted + 1, buf, n);
	}
}

static void
keys_are_equal_when_their_characters_are(void **state)
{
	struct mms_jscan s;
	struct mms_jvalue v;
	static const char text[] = "\"em\\u0061il\"";

	(void)state;
	mms_jscan_start(&s, text, sizeof text - 1);
	assert_true(mms_jscan_value(&s, &v));
	assert_true(mms_jscan_is(&v, "email", 5));
	assert_false(mms_jscan_is(&v, "emai", 4));
	assert_false(mms_jscan_is(&v, "emails", 6));
}

static void
nesting_has_an_end(void **state)
{
	char text[2 * MMS_JSON_MAX_DEPTH + 4];
	struct mms_jscan s;
	struct mms_jvalue v;

	(void)state;
	memset(text, '[', sizeof text);
	mms_jscan_start(&s, text, MMS_JSON_MAX_DEPTH);
	assert_true(mms_jscan_value(&s, &v));
	assert_false(mms_jscan_skip(&s, &v));
	assert_false(s.is_too_deep);
	mms_jscan_start(&s, text, MMS_JSON_MAX_DEPTH + 1);
	assert_true(mms_jscan_value(&s, &v));
	assert_false(mms_jscan_skip(&s, &v));
	assert_true(s.is_too_deep);
}

/* The messages of a verdict as the JSON array that the golden file has. */
static void
print_messages(const struct mms_verdict *v, struct mms_str *out)
{
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_clear(out);
	assert_int_equal(mms_json_open_str(&j, out, false, &err), MMS_OK);
	mms_json_array(&j);
	for (size_t i = 0; i < v->n; i++) {
		struct mms_text text = mms_verdict_text(v, &v->items[i]);
		assert_int_equal(v->items[i].rule, MMS_RULE_ATTENDEES);
		mms_json_textn(&j, text.ptr, text.len);
	}
	mms_json_array_end(&j);
	assert_int_equal(mms_json_check(&j, &err), MMS_OK);
}

static void
attendees_are_judged_as_python_does(void **state)
{
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_str) got = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_email *email = NULL;
	size_t len, n = 0;
	char *file = world_read_file(world_path("attendees.txt"), &len);

	(void)state;
	assert_int_equal(mms_email_new(&email, true, &err), MMS_OK);
	for (char *line = file; *line != '\0'; n++) {
		enum mms_attendees kind;
		char *end = strchr(line, '\n'), *want = strchr(line, ' ');
		*end = *want++ = '\0';
		size_t bytes = world_unhex(line);
		mms_verdict_clear(&v);
		if (bytes > 0) /* an empty text is none */
			assert_int_equal(
				mms_attendees_judge(email, line, bytes, &v, &kind, &err),
				MMS_OK);
		print_messages(&v, &got);
		if (strcmp(mms_str_get(&got), want) != 0)
			fail_msg("line %zu '%.*s'\n  got  %s\n  want %s", n + 1,
				 (int)(bytes < 300 ? bytes : 300), line, mms_str_get(&got),
				 want);
		line = end + 1;
	}
	assert_true(n > 500);
	mms_free(file);
	mms_email_free(email);
}

static void
an_address_of_any_length_may_have_escapes(void **state)
{
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_email *email = NULL;
	enum mms_attendees kind;

	(void)state;
	assert_int_equal(mms_email_new(&email, true, &err), MMS_OK);
	mms_str_add(&text, "[\"");
	for (int i = 0; i < 1000; i++)
		mms_str_add(&text, "\\u0061");
	mms_str_add(&text, "\\u0040example.com\"]");
	assert_int_equal(mms_attendees_judge(email, text.ptr, text.len, &v, &kind, &err),
			 MMS_OK);
	assert_int_equal(kind, MMS_ATTENDEES_GOOD);
	assert_int_equal(v.n, 0);
	mms_email_free(email);
}

static void
more_findings_than_anyone_reads_are_counted(void **state)
{
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_email *email = NULL;
	enum mms_attendees kind;

	(void)state;
	assert_int_equal(mms_email_new(&email, true, &err), MMS_OK);
	mms_str_add(&text, "[1");
	for (int i = 1; i < MMS_VERDICT_MAX + 5; i++)
		mms_str_add(&text, ",1");
	mms_str_add(&text, "]");
	assert_int_equal(mms_attendees_judge(email, text.ptr, text.len, &v, &kind, &err),
			 MMS_OK);
	assert_int_equal(v.n, MMS_VERDICT_MAX);
	assert_int_equal(v.n_errors, MMS_VERDICT_MAX + 5);
	assert_int_equal(v.n_left_out, 5);
	mms_email_free(email);
}

/* Every text that we read, Python reads for the same time; the other way round is not promised. */
static void
datetimes_that_are_good_are_what_python_makes_of_them(void **state)
{
	size_t len, n = 0, n_naive = 0, n_aware = 0;
	char *file = world_read_file(world_path("datetime.txt"), &len);

	(void)state;
	for (char *line = file; *line != '\0'; n++) {
		char *end = strchr(line, '\n'), *hex = strchr(line, ' ');
		int64_t want = 0, got = 0;
		*end = *hex++ = '\0';
		struct mms_field field = mms_field_text(hex, world_unhex(hex));
		enum mms_doctime kind = mms_doctime_read(&field, &got);
		bool is_clock = mms_wall_parse(line, strlen(line), &want);
		n_naive += kind == MMS_DOCTIME_NAIVE;
		n_aware += kind == MMS_DOCTIME_AWARE;
		if ((kind == MMS_DOCTIME_NAIVE && (!is_clock || got != want)) ||
		    (kind == MMS_DOCTIME_AWARE && strcmp(line, "aware") != 0))
			fail_msg("'%.*s' is %s to Python", (int)field.text.len, field.text.ptr,
				 line);
		line = end + 1;
	}
	assert_in_range(n_naive, 100, n);
	assert_in_range(n_aware, 100, n);
	mms_free(file);
}

static void
datetimes_are_read_as_the_column_can_hold_them(void **state)
{
	static const struct {
		const char *text;
		enum mms_doctime kind;
		const char *want;
	} rows[] = {
		{ "2026-12-01", MMS_DOCTIME_NAIVE, "2026-12-01 00:00:00" },
		{ "2026-12-01 09:00", MMS_DOCTIME_NAIVE, "2026-12-01 09:00:00" },
		{ "2026-12-01T09:00:00", MMS_DOCTIME_NAIVE, "2026-12-01 09:00:00" },
		{ "2026-12-01 09:00:00.1234567", MMS_DOCTIME_NAIVE,
		  "2026-12-01 09:00:00.123456" },
		{ " 2026/1/5  9:05 ", MMS_DOCTIME_NAIVE, "2026-01-05 09:05:00" },
		{ "20261201T090000", MMS_DOCTIME_NAIVE, "2026-12-01 09:00:00" },
		{ "2026-12-01T09:00:00Z", MMS_DOCTIME_AWARE, "2026-12-01 09:00:00" },
		{ "2026-12-01T09:00:00+02:00", MMS_DOCTIME_AWARE, "2026-12-01 07:00:00" },
		{ "2026-12-01 09:00-0530", MMS_DOCTIME_AWARE, "2026-12-01 14:30:00" },
		{ "", MMS_DOCTIME_BAD, NULL },
		{ "tomorrow", MMS_DOCTIME_BAD, NULL },
		{ "2026-02-30", MMS_DOCTIME_BAD, NULL },
		{ "2026-12-01 24:00:00", MMS_DOCTIME_BAD, NULL },
		{ "2026-12-01 09:00:60", MMS_DOCTIME_BAD, NULL },
		{ "0000-00-00 00:00:00", MMS_DOCTIME_BAD, NULL },
		{ "0001-01-01 00:00:00", MMS_DOCTIME_BAD, NULL },
		{ "12/01/2026", MMS_DOCTIME_BAD, NULL },
		{ "1 Dec 2026", MMS_DOCTIME_BAD, NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_field field = mms_field_text(rows[i].text, strlen(rows[i].text));
		char buf[MMS_TIME_TEXT_MAX];
		int64_t us = 0;

		if (mms_doctime_read(&field, &us) != rows[i].kind ||
		    (rows[i].want != NULL &&
		     strcmp(mms_wall_print(us, buf), rows[i].want) != 0))
			fail_msg("'%s'", rows[i].text);
	}
}

static void
a_time_of_a_row_must_be_one_that_python_has(void **state)
{
	static const struct mms_civil good = { .year = 1, .month = 1, .day = 1 };
	struct mms_field field = mms_field_time(mms_wall_from_civil(&good));
	int64_t us;

	(void)state;
	assert_int_equal(mms_doctime_read(&field, &us), MMS_DOCTIME_NAIVE);
	field.i--;
	assert_int_equal(mms_doctime_read(&field, &us), MMS_DOCTIME_BAD);
	field = mms_field_int(20261201);
	assert_int_equal(mms_doctime_read(&field, &us), MMS_DOCTIME_BAD);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_told_apart),
		cmocka_unit_test(what_is_wrong_is_told_with_its_column),
		cmocka_unit_test(escapes_are_resolved_in_place),
		cmocka_unit_test(keys_are_equal_when_their_characters_are),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(attendees_are_judged_as_python_does),
		cmocka_unit_test(an_address_of_any_length_may_have_escapes),
		cmocka_unit_test(more_findings_than_anyone_reads_are_counted),
		cmocka_unit_test(datetimes_that_are_good_are_what_python_makes_of_them),
		cmocka_unit_test(datetimes_are_read_as_the_column_can_hold_them),
		cmocka_unit_test(a_time_of_a_row_must_be_one_that_python_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
