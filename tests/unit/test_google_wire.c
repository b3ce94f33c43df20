/* Pages of Google Calendar of our own, fixtures/google, and real ones (support/wire_lines.h). */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../../connector/provider/google_parts.h"
#include "mmsync/mem.h"
#include "support/wire_lines.h"

#define FOLDER "fixtures/google"

static struct google_reader
reader_of(struct mms_zones *zones, const struct google_page *page)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct google_reader reader = { .zones = zones,
					.day_zone = page != NULL ? page->zone : NULL,
					.has_window = true };

	if (reader.day_zone == NULL)
		assert_int_equal(mms_zones_find(zones, "Asia/Kolkata", &reader.day_zone, &err),
				 MMS_OK);
	assert_int_equal(mms_time_parse("2026-03-01T00:00:00Z", 20, &reader.from_ms, &err), 0);
	assert_int_equal(mms_time_parse("2026-05-01T00:00:00Z", 20, &reader.to_ms, &err), 0);
	return reader;
}

/* A page as text: what stands above the events, then the events. */
static mms_rc
print_page(struct mms_zones *zones, struct mms_str *text, struct mms_str *out,
	   struct mms_err *err)
{
	struct google_page page __attribute__((cleanup(google_page_release))) = { 0 };
	bool has = true;

	mms_rc rc = google_page_open(zones, text, &page, err);
	if (rc != MMS_OK)
		return rc;
	const struct google_reader reader = reader_of(zones, &page);
	mms_str_addf(out, "page zone=%s role=%s",
		     page.zone != NULL ? mms_zone_name(page.zone) : "-",
		     mms_calendar_role_name(page.role));
	wire_lines_put_text(out, "next", page.wire.next);
	wire_lines_put_text(out, "sync", page.wire.cursor);
	mms_str_add(out, "\n");
	while (rc == MMS_OK) {
		MMS_AUTO(mms_event) event = { 0 };
		rc = google_page_next(&page, &reader, &event, &has, err);
		if (rc != MMS_OK || !has)
			break;
		wire_lines_check_event(&event);
		wire_lines_put_event(out, &event);
	}
	return rc;
}

static void
every_fixture_gives_what_stands_beside_it(void **state)
{
	assert_true(wire_lines_check_folder(FOLDER, *state, print_page) >= 17);
}

/* ---- what is no page ---------------------------------------------------------------------- */

static void
what_is_no_whole_page_is_refused(void **state)
{
	static const struct wire_lines_row rows[] = {
		{ "nothing", "", MMS_E_RETRY },
		{ "a log-in page", "<html>Sign in</html>", MMS_E_RETRY },
		{ "an array", "[]", MMS_E_RETRY },
		{ "nothing in it", "{}", MMS_E_RETRY },
		{ "an error with status 200", "{\"error\":{\"code\":500}}", MMS_E_RETRY },
		{ "another kind", "{\"kind\":\"calendar#event\",\"items\":[]}", MMS_E_RETRY },
		{ "a kind that is none", "{\"kind\":5,\"items\":[]}", MMS_E_RETRY },
		{ "items that are none", "{\"kind\":\"calendar#events\",\"items\":{}}",
		  MMS_E_RETRY },
		{ "both tokens",
		  "{\"items\":[],\"nextPageToken\":\"a\",\"nextSyncToken\":\"b\"}",
		  MMS_E_RETRY },
		{ "something behind it", "{\"items\":[]} {}", MMS_E_RETRY },
		{ "cut off in an item",
		  "{\"kind\":\"calendar#events\",\"items\":[{\"id\":\"a\"},{\"id\":\"b",
		  MMS_E_RETRY },
		{ "cut off behind the items",
		  "{\"kind\":\"calendar#events\",\"items\":[{\"id\":\"a\"}]", MMS_E_RETRY },
		{ "a control character", "{\"items\":[{\"id\":\"a\nb\"}]}", MMS_E_RETRY },
		{ "no kind", "{\"items\":[],\"nextSyncToken\":\"b\"}", MMS_OK },
		{ "a kind and nothing else", "{\"kind\":\"calendar#events\"}", MMS_OK },
		{ "items that are null", "{\"kind\":\"calendar#events\",\"items\":null}",
		  MMS_OK },
	};

	wire_lines_check_rows(rows, MMS_COUNT(rows), *state, print_page);
}

static void
of_a_page_cut_anywhere_nothing_is_believed(void **state)
{
	wire_lines_check_cut(FOLDER, "people", *state, print_page);
}

static void
nesting_beyond_all_reason_is_refused(void **state)
{
	wire_lines_check_nesting("{\"kind\":\"calendar#events\",\"items\":[{\"x\":", *state,
				 print_page);
}

/* ---- one event ---------------------------------------------------------------------------- */

static void
an_answer_that_is_one_event_is_read_alone(void **state)
{
	static const struct {
		const char *label, *text;
		mms_rc rc;
	} rows[] = {
		{ "an event", "{\"id\":\"a\",\"start\":{\"date\":\"2020-01-01\"}}", MMS_OK },
		{ "a tombstone", "{\"id\":\"a\",\"status\":\"cancelled\"}", MMS_OK },
		{ "no id", "{\"start\":{\"date\":\"2020-01-01\"}}", MMS_E_RETRY },
		{ "cut off", "{\"id\":\"a\"", MMS_E_RETRY },
		{ "two", "{\"id\":\"a\"}{}", MMS_E_RETRY },
		{ "a list", "[{\"id\":\"a\"}]", MMS_E_RETRY },
		{ "nothing", "", MMS_E_RETRY },
	};
	struct google_reader reader = reader_of(*state, NULL);

	reader.has_window = false;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_event) event = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_rc rc = google_event_read(&reader, rows[i].text, strlen(rows[i].text),
					      &event, &err);
		if (rc != rows[i].rc)
			fail_msg("%s: %s", rows[i].label, mms_rc_name(rc));
		assert_true(!event.is_outside); /* no window was asked for */
	}
}

static void
guests_have_a_bound(void **state)
{
	const struct google_reader reader = reader_of(*state, NULL);
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_event) event = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_add(&text, "{\"id\":\"a\",\"start\":{\"date\":\"2026-03-10\"},\"attendees\":[");
	for (int i = 0; i < 3000; i++)
		mms_str_addf(&text, "%s{\"email\":\"g%d@example.com\"}", i > 0 ? "," : "", i);
	mms_str_add(&text, "]}");
	assert_int_equal(google_event_read(&reader, text.ptr, text.len, &event, &err), MMS_OK);
	assert_int_equal(event.n_attendees, 2000);
	assert_true(event.is_partial); /* or a change of the guests would uninvite the rest */
}

/* ---- memory and time ---------------------------------------------------------------------- */

static void
without_memory_a_page_is_refused_or_read_right(void **state)
{
	static const char *const names[] = { "people", "times", "odd-json", "marks" };

	for (size_t k = 0; k < MMS_COUNT(names); k++)
		wire_lines_check_memory(FOLDER, names[k], *state, print_page);
}

/* ---- real pages --------------------------------------------------------------------------- */

/* The recordings hold pages, bare lists of items, and things that are neither. */
static bool
read_recording(struct mms_zones *zones, const char *path, size_t *n_events)
{
	MMS_AUTO(mms_str) file = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	struct google_page page __attribute__((cleanup(google_page_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool has = true;

	assert_true(wire_lines_read_file(path, &file));
	if (file.len > 0 && file.ptr[0] == '[')
		mms_str_addf(&text, "{\"kind\":\"calendar#events\",\"items\":%s}",
			     mms_str_get(&file));
	else
		mms_str_addn(&text, file.ptr, file.len);
	if (google_page_open(zones, &text, &page, &err) != MMS_OK)
		return false;
	const struct google_reader reader = reader_of(zones, &page);
	while (has) {
		MMS_AUTO(mms_event) event = { 0 };
		assert_int_equal(google_page_next(&page, &reader, &event, &has, &err), MMS_OK);
		if (!has)
			break;
		wire_lines_check_event(&event);
		if (event.external_id == NULL || event.problem != NULL ||
		    (event.warning != NULL && !event.is_gone))
			fail_msg("%s: item %zu: %s", path, page.wire.n_items,
				 event.problem != NULL ? event.problem : "no id or a warning");
		const char *tail = strstr(event.external_id, "_20");
		/* An instance's id begins with that of its series. */
		if (event.series_id != NULL)
			assert_memory_equal(event.external_id, event.series_id,
					    strcspn(event.series_id, "_"));
		else if (tail != NULL && !event.is_gone)
			fail_msg("%s: %s: no series", path, event.external_id);
		(*n_events)++;
	}
	return true;
}

static void
real_pages_are_read_without_a_doubt(void **state)
{
	char path[1024];
	size_t n_pages = 0, n_events = 0;

	(void)snprintf(path, sizeof path, "%s/google", wire_lines_corpus());
	DIR *dir = opendir(path);
	if (dir == NULL) {
		print_message("no recordings in %s\n", path);
		skip();
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (strstr(e->d_name, "compass__events") == NULL &&
		    strstr(e->d_name, "compass__recurring") == NULL)
			continue;
		(void)snprintf(path, sizeof path, "%s/google/%s", wire_lines_corpus(),
			       e->d_name);
		if (!read_recording(*state, path, &n_events))
			fail_msg("%s: it is no page", path);
		n_pages++;
	}
	(void)closedir(dir);
	assert_true(n_pages >= 15 && n_events >= 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fixture_gives_what_stands_beside_it),
		cmocka_unit_test(what_is_no_whole_page_is_refused),
		cmocka_unit_test(of_a_page_cut_anywhere_nothing_is_believed),
		cmocka_unit_test(nesting_beyond_all_reason_is_refused),
		cmocka_unit_test(an_answer_that_is_one_event_is_read_alone),
		cmocka_unit_test(guests_have_a_bound),
		cmocka_unit_test(without_memory_a_page_is_refused_or_read_right),
		cmocka_unit_test(real_pages_are_read_without_a_doubt),
	};

	return cmocka_run_group_tests(tests, wire_lines_open, wire_lines_close);
}
