/*
 * Pages of Google Calendar of our own, one for each oddity: fixtures/google/NAME.json, and beside
 * it NAME.txt with what must come out. MMS_GOLDEN=update writes what comes out (look at the
 * difference before you believe it). And real pages, where they are: $MMS_CORPUS, else ../shared/data.
 */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../connector/provider/google_parts.h"
#include "mmsync/fault.h"
#include "mmsync/json.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"
#include "mmsync/uuid.h"

#define FOLDER "fixtures/google"

static int
open_zones(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	return mms_zones_new((struct mms_zones **)state, &err) == MMS_OK ? 0 : -1;
}

static int
close_zones(void **state)
{
	mms_zones_free(*state);
	return 0;
}

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

static bool
read_file(const char *path, struct mms_str *out)
{
	char buf[4096];
	FILE *file = fopen(path, "rbe");

	if (file == NULL)
		return false;
	for (size_t n; (n = fread(buf, 1, sizeof buf, file)) > 0;)
		mms_str_addn(out, buf, n);
	(void)fclose(file);
	return true;
}

/* ---- events as text ----------------------------------------------------------------------- */

static void
put_text(struct mms_str *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	mms_str_addf(out, " %s=", name);
	mms_json_add_quoted(out, text, strlen(text));
}

static void
put_time(struct mms_str *out, const char *name, int64_t ms)
{
	char buf[MMS_TIME_TEXT_MAX];

	if (ms != MMS_NO_TIME)
		mms_str_addf(out, " %s=%s", name, mms_time_print(ms, buf));
}

static void
put_flag(struct mms_str *out, const char *name, bool is_set)
{
	if (is_set)
		mms_str_addf(out, " %s", name);
}

static void
put_mark(struct mms_str *out, const struct mms_mark *mark)
{
	char text[MMS_UUID_TEXT];
	const char *kind = mms_mark_kind_name(mark->kind);

	if (mark->kind == MMS_MARK_NONE)
		return;
	mms_str_addf(out, " mark=%s:%s", kind != NULL ? kind : "other",
		     mms_uuid_print(mark->id, text));
	mms_str_addf(out, " site=%s", mms_uuid_print(mark->site, text));
	if (mark->has_source)
		mms_str_addf(out, " source=%s", mms_uuid_print(mark->source, text));
}

/* Every fact of an event but those that are as usual, on a line. */
static void
put_event(struct mms_str *out, const struct mms_event *e)
{
	static const char *const kinds[] = { NULL, "out", "focus", "working-location",
					     "birthday" };

	mms_str_add(out, e->external_id != NULL ? e->external_id : "(none)");
	put_time(out, "start", e->start_ms);
	put_time(out, "end", e->end_ms);
	if (e->is_all_day)
		mms_str_addf(out, " days=%lld+%lld", (long long)e->first_day,
			     (long long)(e->end_day - e->first_day));
	put_text(out, "series", e->series_id);
	put_text(out, "version", e->version);
	put_text(out, "title", e->title);
	put_text(out, "text", e->description);
	put_text(out, "place", e->location);
	put_text(out, "organizer", e->organizer_email);
	put_text(out, "link", e->link);
	put_time(out, "modified", e->modified_ms);
	for (size_t i = 0; i < e->n_attendees; i++) {
		const char *answer = mms_response_name(e->attendees[i].response);
		put_text(out, "guest", e->attendees[i].email);
		put_text(out, "name", e->attendees[i].display_name);
		mms_str_addf(out, ":%s", answer != NULL ? answer : "?");
	}
	if (e->kind != MMS_EVENT_DEFAULT)
		mms_str_addf(out, " kind=%s", kinds[e->kind]);
	put_mark(out, &e->mark);
	put_flag(out, "tentative", e->status == MMS_EVENT_TENTATIVE);
	put_flag(out, "free", e->show == MMS_SHOW_FREE);
	put_flag(out, "private", e->is_private);
	put_flag(out, "declined", e->is_declined);
	put_flag(out, "gone", e->is_gone);
	put_flag(out, "outside", e->is_outside);
	put_flag(out, "master", e->is_series);
	put_flag(out, "partial", e->is_partial);
	put_text(out, "problem", e->problem);
	put_text(out, "warning", e->warning);
	mms_str_add(out, "\n");
}

static void
check_event(const struct mms_event *e)
{
	const char *texts[] = { e->external_id, e->series_id, e->title,
				e->description, e->location,  e->organizer_email,
				e->problem,     e->warning,   e->version };

	for (size_t i = 0; i < MMS_COUNT(texts); i++)
		assert_true(
			texts[i] == NULL ||
			(texts[i][0] != '\0' && mms_utf8_is_valid(texts[i], strlen(texts[i]))));
	assert_null(e->recurrence_id);
	if (e->external_id == NULL || e->is_gone || e->problem != NULL)
		return;
	assert_true(e->start_ms != MMS_NO_TIME && e->end_ms >= e->start_ms);
	assert_true(!e->is_all_day || e->end_day > e->first_day);
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
	put_text(out, "next", page.next_page);
	put_text(out, "sync", page.next_sync);
	mms_str_add(out, "\n");
	while (rc == MMS_OK) {
		MMS_AUTO(mms_event) event = { 0 };
		rc = google_page_next(&page, &reader, &event, &has, err);
		if (rc != MMS_OK || !has)
			break;
		check_event(&event);
		put_event(out, &event);
	}
	return rc;
}

static bool
check_fixture(struct mms_zones *zones, const char *name)
{
	const char *mode = getenv("MMS_GOLDEN");
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) golden = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char path[512];

	(void)snprintf(path, sizeof path, FOLDER "/%s.json", name);
	assert_true(read_file(path, &text));
	if (print_page(zones, &text, &out, &err) != MMS_OK)
		mms_str_addf(&out, "error %s: %s\n", mms_rc_name(err.code), mms_err_text(&err));
	(void)snprintf(path, sizeof path, FOLDER "/%s.txt", name);
	(void)read_file(path, &golden);
	if (strcmp(mms_str_get(&out), mms_str_get(&golden)) == 0)
		return true;
	if (mode != NULL && strcmp(mode, "update") == 0) {
		FILE *file = fopen(path, "wbe");
		assert_non_null(file);
		assert_int_equal(fwrite(out.ptr, 1, out.len, file), out.len);
		return fclose(file) == 0;
	}
	print_error("%s: what came out is\n%s", name, mms_str_get(&out));
	return false;
}

static void
every_fixture_gives_what_stands_beside_it(void **state)
{
	DIR *dir = opendir(FOLDER);
	unsigned n = 0, n_bad = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char name[300];
		const char *dot = strrchr(e->d_name, '.');
		if (dot == NULL || strcmp(dot, ".json") != 0)
			continue;
		(void)snprintf(name, sizeof name, "%.*s", (int)(dot - e->d_name), e->d_name);
		n++;
		n_bad += check_fixture(*state, name) ? 0 : 1;
	}
	(void)closedir(dir);
	assert_true(n >= 17);
	assert_int_equal(n_bad, 0);
}

/* ---- what is no page ---------------------------------------------------------------------- */

static void
what_is_no_whole_page_is_refused(void **state)
{
	static const struct {
		const char *label, *text;
		mms_rc rc;
	} rows[] = {
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

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) text = { 0 };
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_str_add(&text, rows[i].text);
		mms_rc rc = print_page(*state, &text, &out, &err);
		if (rc != rows[i].rc)
			fail_msg("%s: %s", rows[i].label, mms_rc_name(rc));
		assert_true(rc == MMS_OK || mms_err_hint(&err)[0] != '\0');
	}
}

/* Wherever it is cut off, no event comes out of it. */
static void
of_a_page_cut_anywhere_nothing_is_believed(void **state)
{
	MMS_AUTO(mms_str) whole = { 0 };

	assert_true(read_file(FOLDER "/people.json", &whole));
	while (whole.ptr[whole.len - 1] == '\n')
		mms_str_cut(&whole, whole.len - 1);
	for (size_t n = 0; n < whole.len; n++) {
		MMS_AUTO(mms_str) text = { 0 };
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_str_addn(&text, whole.ptr, n);
		assert_int_equal(print_page(*state, &text, &out, &err), MMS_E_RETRY);
		assert_int_equal(out.len, 0);
	}
}

static void
nesting_beyond_all_reason_is_refused(void **state)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_add(&text, "{\"kind\":\"calendar#events\",\"items\":[{\"x\":");
	for (int i = 0; i < 100000; i++)
		mms_str_addc(&text, '[');
	assert_int_equal(print_page(*state, &text, &out, &err), MMS_E_RETRY);
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

	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (size_t k = 0; k < MMS_COUNT(names); k++) {
		MMS_AUTO(mms_str) text = { 0 };
		MMS_AUTO(mms_str) golden = { 0 };
		char path[256], fault[64];
		unsigned n_read = 0;

		(void)snprintf(path, sizeof path, FOLDER "/%s.json", names[k]);
		assert_true(read_file(path, &text));
		(void)snprintf(path, sizeof path, FOLDER "/%s.txt", names[k]);
		assert_true(read_file(path, &golden));
		for (unsigned long n = 1; n_read < 2; n++) {
			MMS_AUTO(mms_str) copy = { 0 };
			MMS_AUTO(mms_str) out = { 0 };
			MMS_AUTO(mms_err) err = { 0 };

			assert_true(n < 5000);
			mms_str_addn(&copy, text.ptr, text.len);
			(void)snprintf(fault, sizeof fault, "alloc:%lu",
				       mms_fault_count(MMS_FAULT_ALLOC) + n);
			assert_true(mms_fault_arm_text(fault));
			mms_rc rc = print_page(*state, &copy, &out, &err);
			(void)mms_fault_arm_text("alloc:1000000000");
			if (rc != MMS_OK) {
				assert_int_equal(rc, MMS_E_NOMEM);
				continue;
			}
			if (out.state != MMS_OK)
				continue; /* the test's own text */
			n_read++;
			assert_string_equal(mms_str_get(&out), mms_str_get(&golden));
		}
	}
}

/* ---- real pages --------------------------------------------------------------------------- */

static const char *
corpus(void)
{
	const char *folder = getenv("MMS_CORPUS");

	return folder != NULL ? folder : "../shared/data";
}

/* The recordings hold pages, bare lists of items, and things that are neither. */
static bool
read_recording(struct mms_zones *zones, const char *path, size_t *n_events)
{
	MMS_AUTO(mms_str) file = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	struct google_page page __attribute__((cleanup(google_page_release))) = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool has = true;

	assert_true(read_file(path, &file));
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
		check_event(&event);
		if (event.external_id == NULL || event.problem != NULL ||
		    (event.warning != NULL && !event.is_gone))
			fail_msg("%s: item %zu: %s", path, page.n_items,
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

	(void)snprintf(path, sizeof path, "%s/google", corpus());
	DIR *dir = opendir(path);
	if (dir == NULL) {
		print_message("no recordings in %s\n", path);
		skip();
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (strstr(e->d_name, "compass__events") == NULL &&
		    strstr(e->d_name, "compass__recurring") == NULL)
			continue;
		(void)snprintf(path, sizeof path, "%s/google/%s", corpus(), e->d_name);
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

	return cmocka_run_group_tests(tests, open_zones, close_zones);
}
