/* Texts as Frappe keeps them in rows, and back: mms_row_add_text(), mms_row_read_text(). */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/event_row.h"

static const struct row {
	const char *label;
	const char *text, *kept;
	const char *back; /* NULL: as it was */
} rows[] = {
	{ "words", "Lunch with Bob", "Lunch with Bob", NULL },
	{ "nothing", "", "", NULL },
	{ "an ampersand alone stays", "Research & Development", "Research & Development",
	  NULL },
	{ "a tag", "<b>Bold</b> & more", "&lt;b&gt;Bold&lt;/b&gt; &amp; more", NULL },
	{ "a tag and an entity", "<i>&amp;</i>", "&lt;i&gt;&amp;amp;&lt;/i&gt;", NULL },
	{ "a comment", "<!-- x -->", "&lt;!-- x --&gt;", NULL },
	{ "less than, and no tag", "1 < 2 &amp; 3", "1 < 2 &amp; 3", NULL },
	{ "an arrow", "Berlin -> Paris", "Berlin -> Paris", NULL },
	{ "an entity that no tag made", "AT&amp;T", "AT&amp;T", NULL },
	{ "a number of an entity", "1 &lt; 2", "1 &lt; 2", NULL },
	{ "a tag that was written as it is kept", "&lt;b&gt;", "&lt;b&gt;", "<b>" },
};

static void
test_a_text_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) kept = { 0 };
		const char *back = rows[i].back != NULL ? rows[i].back : rows[i].text;

		mms_row_add_text(&kept, rows[i].text);
		const char *got = mms_str_get(&kept);
		if (strcmp(got, rows[i].kept) != 0)
			fail_msg("%s: kept as '%s', not as '%s'", rows[i].label, got,
				 rows[i].kept);
		char copy[64];
		(void)snprintf(copy, sizeof copy, "%s", got);
		mms_row_read_text(copy);
		if (strcmp(copy, back) != 0)
			fail_msg("%s: read as '%s', not as '%s'", rows[i].label, copy, back);
	}
	mms_row_read_text(NULL);
}

static void
test_what_was_cut_is_read_so_far(void **state)
{
	char text[] = "&lt;b&gt;Bold&lt;/b&g";

	(void)state;
	mms_row_read_text(text);
	assert_string_equal(text, "<b>Bold</b&g");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_is_read_as_it_was_written),
		cmocka_unit_test(test_what_was_cut_is_read_so_far),
	};

	return cmocka_run_group_tests_name("row_text", tests, NULL, NULL);
}
