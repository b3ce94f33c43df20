/* What of a listing of Outlook's is decided without a request: links, repeats, who waits for what. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/provider/outlook_series.h"
#include "mmsync/clock.h"
#include "support/starve.h"

/* ---- links -------------------------------------------------------------------------------- */

#define GRAPH "https://graph.microsoft.com"
#define FAKE  "http://127.0.0.1:8080"
#define V6    "http://[::1]:8080"

static const struct {
	const char *origin, *link;
	bool is_own;
} links[] = {
	{ GRAPH, "https://graph.microsoft.com/v1.0/me/calendarView/delta?$skiptoken=a%20b",
	  true },
	{ GRAPH, "HTTPS://Graph.Microsoft.COM/x", true },
	{ GRAPH, "https://graph.microsoft.com:443/x", true },
	{ GRAPH, "https://graph.microsoft.com?x", true },
	{ GRAPH, "https://graph.microsoft.com/a@b:c", true },
	{ GRAPH, "https://graph.microsoft.com", true },
	{ GRAPH, "http://graph.microsoft.com/x", false },
	{ GRAPH, "https://graph.microsoft.com:80/x", false },
	{ GRAPH, "https://graph.microsoft.com:444/x", false },
	{ GRAPH, "https://graph.microsoft.com:4430000000000000000000/x", false },
	{ GRAPH, "https://graph.microsoft.com:/x", false },
	{ GRAPH, "https://graph.microsoft.com:443x/x", false },
	{ GRAPH, "https://graph.microsoft.com.evil.example.com/x", false },
	{ GRAPH, "https://graph.microsoft.com./x", false },
	{ GRAPH, "https://graph.microsoft.co/x", false },
	{ GRAPH, "https://xgraph.microsoft.com/x", false },
	{ GRAPH, "https://graph.microsoft.com@evil.example.com/x", false },
	{ GRAPH, "https://graph.microsoft.com:443@evil.example.com/x", false },
	{ GRAPH, "https://graph.microsoft.com:x@evil.example.com/x", false },
	{ GRAPH,
	  "https://a"
	  "@graph.microsoft.com/x",
	  false },
	{ GRAPH, "https://evil.example.com/https://graph.microsoft.com/", false },
	{ GRAPH, "https://evil.example.com?https://graph.microsoft.com/", false },
	{ GRAPH, "https://evil.example.com#https://graph.microsoft.com/", false },
	{ GRAPH, "https://graph.microsoft.com\\@evil.example.com/x", false },
	{ GRAPH, "https:\\\\graph.microsoft.com/x", false },
	{ GRAPH, "https://graph.microsoft.com/x\\y", false },
	{ GRAPH, "https:///graph.microsoft.com/x", false },
	{ GRAPH, "https:/graph.microsoft.com/x", false },
	{ GRAPH, "//graph.microsoft.com/x", false },
	{ GRAPH, "/v1.0/me", false },
	{ GRAPH, "graph.microsoft.com/x", false },
	{ GRAPH, " https://graph.microsoft.com/x", false },
	{ GRAPH, "https://graph.microsoft.com/x\r\nHost: evil", false },
	{ GRAPH, "https://graph.microsoft.com/x y", false },
	{ GRAPH, "https://graph.microsoft.com/\xc3\xa4", false },
	{ GRAPH, "https://[graph.microsoft.com]/x", false },
	{ GRAPH, "https://[graph.microsoft.com/x", false },
	{ GRAPH, "", false },
	{ GRAPH, "https://", false },
	{ GRAPH, "://graph.microsoft.com/", false },
	{ FAKE, "http://127.0.0.1:8080/v1.0/x", true },
	{ FAKE, "http://127.0.0.1/v1.0/x", false },
	{ FAKE, "http://127.0.0.1:80801/v1.0/x", false },
	{ V6, "http://[::1]:8080/x", true },
	{ V6, "http://[::1]:8081/x", false },
	{ V6, "http://[::2]:8080/x", false },
};

static void
a_link_is_followed_only_on_our_own_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(links); i++) {
		if (outlook_link_is_own(links[i].origin, links[i].link) != links[i].is_own)
			fail_msg("%s: %s", links[i].origin, links[i].link);
	}
}

static void
a_trail_knows_a_circle(void **state)
{
	struct wire_trail trail __attribute__((cleanup(wire_trail_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool is_circle = true;
	char text[32];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(text, sizeof text, "https://x/%d", i);
		assert_int_equal(wire_trail_add(&trail, text, &is_circle, &err), MMS_OK);
		assert_false(is_circle);
		if (i % 400 == 0) {
			assert_int_equal(
				wire_trail_add(&trail, "https://x/0", &is_circle, &err),
				MMS_OK);
			assert_true(is_circle);
		}
	}
	/* So many pages no calendar has. */
	assert_int_equal(wire_trail_add(&trail, "https://x/new", &is_circle, &err), MMS_OK);
	assert_true(is_circle);
}

/* ---- what comes several times --------------------------------------------------------------- */

/* String literals are not written to. */
#define T(text) ((char *)(uintptr_t)(text))

static void
the_newest_of_what_comes_twice_counts(void **state)
{
	static const struct {
		const char *id;
		int64_t modified_ms;
		bool is_gone;
		enum outlook_news news;
	} rows[] = {
		{ "a", 5, false, OUTLOOK_NEW },
		{ "A", 1, false, OUTLOOK_NEW },
		{ "a", 4, false, OUTLOOK_OLD },
		{ "a", 5, false, OUTLOOK_AGAIN },
		{ "a", 7, false, OUTLOOK_AGAIN },
		{ "a", 6, false, OUTLOOK_OLD },
		{ "a", MMS_NO_TIME, true, OUTLOOK_AGAIN },
		{ "a", 3, false, OUTLOOK_AGAIN },
		{ "a", 2, false, OUTLOOK_OLD },
		{ "a", MMS_NO_TIME, false, OUTLOOK_AGAIN },
		{ "a", 1, false, OUTLOOK_AGAIN },
		{ "a", 0, true, OUTLOOK_AGAIN },
		{ "b", MMS_NO_TIME, true, OUTLOOK_NEW },
		{ "b", 1, false, OUTLOOK_AGAIN },
	};
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_event event = { .external_id = T(rows[i].id),
						 .modified_ms = rows[i].modified_ms,
						 .is_gone = rows[i].is_gone };
		enum outlook_news news;

		assert_int_equal(outlook_series_see(&series, &event, &news, &err), MMS_OK);
		if (news != rows[i].news)
			fail_msg("row %zu: %d", i, (int)news);
	}
}

/* ---- who waits ------------------------------------------------------------------------------ */

static const struct outlook_reader reader;

static mms_rc
hold(struct outlook_series *series, const char *id, const char *series_id, int64_t start_ms,
     struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };
	const struct mms_event given = { .external_id = T(id),
					 .series_id = T(series_id),
					 .start_ms = start_ms,
					 .end_ms = start_ms + 1,
					 .modified_ms = MMS_NO_TIME,
					 .is_gone = series_id == NULL };
	enum outlook_news news;

	mms_rc rc = mms_event_copy(&given, &event, err);
	if (rc == MMS_OK)
		rc = outlook_series_see(series, &event, &news, err);
	return rc == MMS_OK ? outlook_series_hold(series, &event, err) : rc;
}

static mms_rc
put_master(struct outlook_series *series, const char *id, const char *title,
	   struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };
	const struct mms_event given = { .external_id = T(id),
					 .title = T(title),
					 .show = MMS_SHOW_FREE,
					 .is_series = true };

	mms_rc rc = mms_event_copy(&given, &event, err);
	return rc == MMS_OK ? outlook_series_put_master(series, id,
							title != NULL ? &event : NULL, err)
			    : rc;
}

/* "id title start" of each that is handed up. */
static mms_rc
take_all(struct outlook_series *series, struct mms_str *out, struct mms_err *err)
{
	mms_rc rc = MMS_OK;
	bool has = true;

	while (rc == MMS_OK && has) {
		MMS_AUTO(mms_event) event = { 0 };

		rc = outlook_series_take(series, &reader, &event, &has, err);
		if (rc == MMS_OK && has)
			mms_str_addf(out, "%s %s %d%s;", event.external_id,
				     event.title != NULL ? event.title : "-",
				     (int)event.start_ms, event.is_gone ? " gone" : "");
	}
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

static void
occurrences_wait_for_their_master(void **state)
{
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	const char *ids[4];

	(void)state;
	assert_int_equal(put_master(&series, "early", "Early", &err), MMS_OK);
	assert_int_equal(hold(&series, "e1", "early", 1, &err), MMS_OK);
	assert_int_equal(hold(&series, "l1", "late", 2, &err), MMS_OK);
	assert_int_equal(hold(&series, "g1", "gone", 3, &err), MMS_OK);
	assert_int_equal(hold(&series, "L1", "LATE", 4, &err), MMS_OK);
	assert_int_equal(hold(&series, "e1", "early", 5, &err), MMS_OK); /* the later counts */
	assert_int_equal(hold(&series, "e2", "early", 6, &err), MMS_OK);
	outlook_series_cancel(&series, "e2");
	assert_int_equal(series.n_left, 4);
	assert_int_equal(outlook_series_missing(&series, ids, 4), 3);
	assert_int_equal(outlook_series_missing(&series, ids, 2), 2);
	assert_string_equal(ids[0], "late");
	assert_string_equal(ids[1], "gone");
	assert_int_equal(put_master(&series, "late", "Late", &err), MMS_OK);
	assert_int_equal(put_master(&series, "LATE", "Other", &err), MMS_OK);
	assert_int_equal(put_master(&series, "gone", NULL, &err), MMS_OK);
	assert_int_equal(outlook_series_missing(&series, ids, 4), 0);
	assert_int_equal(take_all(&series, &out, &err), MMS_OK);
	assert_string_equal(mms_str_get(&out), "l1 Late 2;L1 Other 4;e1 Early 5;");
	assert_int_equal(series.n_left, 0);
}

static void
what_was_handed_up_may_wait_again(void **state)
{
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	const char *ids[4];

	(void)state;
	assert_int_equal(put_master(&series, "m", "One", &err), MMS_OK);
	assert_int_equal(hold(&series, "a", "m", 1, &err), MMS_OK);
	assert_int_equal(hold(&series, "b", "m", 2, &err), MMS_OK);
	assert_int_equal(take_all(&series, &out, &err), MMS_OK);
	/* Another master since; and the places of those before are others' now. */
	assert_int_equal(put_master(&series, "m", "Two", &err), MMS_OK);
	assert_int_equal(hold(&series, "c", "m", 3, &err), MMS_OK);
	assert_int_equal(hold(&series, "d", "m", 4, &err), MMS_OK);
	outlook_series_cancel(&series, "a");
	assert_int_equal(hold(&series, "b", "m", 5, &err), MMS_OK);
	assert_true(outlook_series_doubt_master(&series, "m"));
	assert_false(outlook_series_doubt_master(&series, "n"));
	assert_int_equal(outlook_series_missing(&series, ids, 4), 1);
	assert_int_equal(put_master(&series, "m", "Three", &err), MMS_OK);
	assert_int_equal(take_all(&series, &out, &err), MMS_OK);
	assert_string_equal(mms_str_get(&out),
			    "a One 1;b One 2;c Three 3;d Three 4;b Three 5;");
}

/* Asked before each event that is handed up: with as many masters that would be their product. */
static void
many_masters_are_not_looked_through_for_each_event(void **state)
{
	enum { MASTERS = 40000 };
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	const char *ids[4];
	char id[16];

	(void)state;
	assert_int_equal(hold(&series, "a", "m0", 1, &err), MMS_OK);
	for (int i = 0; i < MASTERS; i++) {
		(void)snprintf(id, sizeof id, "m%d", i);
		assert_int_equal(put_master(&series, id, "M", &err), MMS_OK);
	}
	int64_t before_ms = mms_clock_mono_ms();
	for (int i = 0; i < MASTERS; i++)
		assert_int_equal(outlook_series_missing(&series, ids, 4), 0);
	assert_int_equal(hold(&series, "b", "last", 1, &err), MMS_OK);
	for (int i = 0; i < MASTERS; i++)
		assert_int_equal(outlook_series_missing(&series, ids, 4), 1);
	assert_true(mms_clock_mono_ms() - before_ms < 1000);
	assert_string_equal(ids[0], "last");
	/* One before it, again. */
	assert_true(outlook_series_doubt_master(&series, "m3"));
	assert_true(outlook_series_doubt_master(&series, "m3"));
	assert_int_equal(outlook_series_missing(&series, ids, 4), 2);
	assert_string_equal(ids[0], "m3");
	assert_int_equal(put_master(&series, "m3", NULL, &err), MMS_OK);
	assert_int_equal(put_master(&series, "last", "L", &err), MMS_OK);
	assert_int_equal(outlook_series_missing(&series, ids, 4), 0);
}

static void
tombstones_wait_and_are_outdone(void **state)
{
	const struct mms_event back = { .external_id = T("b"), .modified_ms = 1 };
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	enum outlook_news news;

	(void)state;
	assert_int_equal(hold(&series, "a", NULL, 0, &err), MMS_OK);
	assert_int_equal(hold(&series, "b", NULL, 0, &err), MMS_OK);
	assert_int_equal(hold(&series, "s", NULL, 0, &err), MMS_OK);
	assert_int_equal(hold(&series, "a", NULL, 0, &err), MMS_OK);
	assert_int_equal(outlook_series_see(&series, &back, &news, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "s", true, &err), MMS_OK);
	assert_int_equal(take_all(&series, &out, &err), MMS_OK);
	assert_string_equal(mms_str_get(&out), "a - 0 gone;");
}

/* ---- series that changed -------------------------------------------------------------------- */

static void
series_that_changed_are_read_one_by_one(void **state)
{
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_null(outlook_series_current(&series));
	assert_int_equal(outlook_series_change(&series, "a", false, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "b", false, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "c", true, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "d", true, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "b", true, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "b", false, &err), MMS_OK);
	outlook_series_end(&series, "a");
	outlook_series_end(&series, "d");
	outlook_series_end(&series, "none");
	assert_int_equal(outlook_series_change(&series, "d", false, &err), MMS_OK);
	assert_string_equal(outlook_series_current(&series)->id, "b");
	assert_true(outlook_series_current(&series)->is_live);
	series.changed_at++;
	assert_string_equal(outlook_series_current(&series)->id, "c");
	series.changed_at++;
	assert_string_equal(outlook_series_current(&series)->id, "d");
	assert_false(outlook_series_current(&series)->is_live);
	series.changed_at++;
	assert_null(outlook_series_current(&series));
}

static void
too_many_series_mean_that_all_is_read(void **state)
{
	MMS_AUTO(outlook_series) series = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char id[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		(void)snprintf(id, sizeof id, "s%d", i);
		assert_int_equal(outlook_series_change(&series, id, true, &err), MMS_OK);
	}
	assert_int_equal(outlook_series_change(&series, "s3", true, &err), MMS_OK);
	assert_int_equal(outlook_series_change(&series, "s20", true, &err), MMS_E_RESYNC);
}

/* ---- memory --------------------------------------------------------------------------------- */

static mms_rc
everything_once(void *aux, struct mms_str *out, struct mms_err *err)
{
	(void)aux;
	MMS_AUTO(outlook_series) series = { 0 };
	char id[16];
	mms_rc rc = MMS_OK;

	for (int i = 0; rc == MMS_OK && i < 10; i++) {
		(void)snprintf(id, sizeof id, "o%d", i);
		rc = hold(&series, id, i % 2 == 0 ? "even" : "odd", i, err);
		if (rc == MMS_OK)
			rc = outlook_series_change(&series, id, true, err);
	}
	if (rc == MMS_OK)
		rc = hold(&series, "t", NULL, 0, err);
	if (rc == MMS_OK)
		rc = put_master(&series, "even", "Even", err);
	if (rc == MMS_OK)
		rc = put_master(&series, "odd", NULL, err);
	return rc == MMS_OK ? take_all(&series, out, err) : rc;
}

static void
without_memory_a_listing_says_so(void **state)
{
	(void)state;
	starve_check(everything_once, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_followed_only_on_our_own_server),
		cmocka_unit_test(a_trail_knows_a_circle),
		cmocka_unit_test(the_newest_of_what_comes_twice_counts),
		cmocka_unit_test(occurrences_wait_for_their_master),
		cmocka_unit_test(what_was_handed_up_may_wait_again),
		cmocka_unit_test(many_masters_are_not_looked_through_for_each_event),
		cmocka_unit_test(tombstones_wait_and_are_outdone),
		cmocka_unit_test(series_that_changed_are_read_one_by_one),
		cmocka_unit_test(too_many_series_mean_that_all_is_read),
		cmocka_unit_test(without_memory_a_listing_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
