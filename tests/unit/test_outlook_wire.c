/* Pages of Microsoft Graph of our own, fixtures/outlook, and published ones (support/wire_lines.h). */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../../connector/provider/outlook_parts.h"
#include "mmsync/mem.h"
#include "support/wire_lines.h"

#define FOLDER "fixtures/outlook"

static struct outlook_reader
reader_of(struct mms_zones *zones)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct outlook_reader reader = { .zones = zones, .has_window = true };

	assert_int_equal(mms_zones_find(zones, "Asia/Kolkata", &reader.day_zone, &err), MMS_OK);
	assert_int_equal(mms_time_parse("2026-03-01T00:00:00Z", 20, &reader.from_ms, &err), 0);
	assert_int_equal(mms_time_parse("2026-05-01T00:00:00Z", 20, &reader.to_ms, &err), 0);
	return reader;
}

static void
put_item(struct mms_str *out, const struct outlook_item *item)
{
	static const char *const types[] = { "single", "occurrence", "exception", "master" };

	mms_str_add(out, types[item->type]);
	wire_lines_put_flag(out, "sparse", item->is_sparse);
	wire_lines_put_flag(out, "online", item->is_online);
	wire_lines_put_text(out, "uid", item->event.ical_uid);
	mms_str_add(out, ": ");
	wire_lines_put_event(out, &item->event);
}

/* A page as text: what stands above the events, then the events. */
static mms_rc
print_page(struct mms_zones *zones, struct mms_str *text, struct mms_str *out,
	   struct mms_err *err)
{
	MMS_AUTO(wire_page) page = { 0 };
	const struct outlook_reader reader = reader_of(zones);
	bool has = true;

	mms_rc rc = outlook_page_open(text, &page, err);
	if (rc != MMS_OK)
		return rc;
	mms_str_add(out, "page");
	wire_lines_put_text(out, "next", page.next);
	wire_lines_put_text(out, "delta", page.cursor);
	mms_str_add(out, "\n");
	while (rc == MMS_OK) {
		MMS_AUTO(outlook_item) item = { 0 };
		rc = outlook_page_next(&page, &reader, &item, &has, err);
		if (rc != MMS_OK || !has)
			break;
		wire_lines_check_event(&item.event);
		put_item(out, &item);
	}
	return rc;
}

static void
every_fixture_gives_what_stands_beside_it(void **state)
{
	assert_true(wire_lines_check_folder(FOLDER, *state, print_page) >= 20);
}

/* ---- what is no page ---------------------------------------------------------------------- */

static void
what_is_no_whole_page_is_refused(void **state)
{
	static const struct wire_lines_row rows[] = {
		{ "nothing", "", MMS_E_RETRY },
		{ "a log-in page", "<html>Sign in</html>", MMS_E_RETRY },
		{ "an array", "[]", MMS_E_RETRY },
		{ "a word", "\"value\"", MMS_E_RETRY },
		{ "nothing in it", "{}", MMS_E_RETRY },
		{ "an error with status 200", "{\"error\":{\"code\":\"x\"}}", MMS_E_RETRY },
		{ "an event", "{\"id\":\"a\",\"start\":{}}", MMS_E_RETRY },
		{ "a value that is none", "{\"value\":{}}", MMS_E_RETRY },
		{ "a value that is null", "{\"value\":null}", MMS_E_RETRY },
		{ "both links",
		  "{\"value\":[],\"@odata.nextLink\":\"a\",\"@odata.deltaLink\":\"b\"}",
		  MMS_E_RETRY },
		{ "a next link that is none", "{\"value\":[],\"@odata.nextLink\":5}",
		  MMS_E_RETRY },
		{ "a delta link that is none", "{\"value\":[],\"@odata.deltaLink\":{}}",
		  MMS_E_RETRY },
		{ "something behind it", "{\"value\":[]} {}", MMS_E_RETRY },
		{ "cut off in an item", "{\"value\":[{\"id\":\"a\"},{\"id\":\"b", MMS_E_RETRY },
		{ "cut off behind the items", "{\"value\":[{\"id\":\"a\"}]", MMS_E_RETRY },
		{ "a control character", "{\"value\":[{\"id\":\"a\nb\"}]}", MMS_E_RETRY },
		{ "no links", "{\"value\":[]}", MMS_OK },
		{ "links that are null",
		  "{\"value\":[],\"@odata.nextLink\":null,\"@odata.deltaLink\":null}", MMS_OK },
	};

	wire_lines_check_rows(rows, MMS_COUNT(rows), *state, print_page);
}

static void
of_a_page_cut_anywhere_nothing_is_believed(void **state)
{
	wire_lines_check_cut(FOLDER, "timed", *state, print_page);
	wire_lines_check_cut(FOLDER, "value-twice", *state, print_page);
}

static void
nesting_beyond_all_reason_is_refused(void **state)
{
	wire_lines_check_nesting("{\"value\":[{\"x\":", *state, print_page);
}

/* ---- one event ---------------------------------------------------------------------------- */

static void
an_answer_that_is_one_event_is_read_alone(void **state)
{
	static const struct {
		const char *label, *text;
		mms_rc rc;
	} rows[] = {
		{ "an event",
		  "{\"id\":\"a\",\"start\":{\"dateTime\":\"2020-01-01T10:00:00Z\"}}", MMS_OK },
		{ "a tombstone", "{\"id\":\"a\",\"@removed\":{}}", MMS_OK },
		{ "no id", "{\"start\":{\"dateTime\":\"2020-01-01T10:00:00Z\"}}", MMS_E_RETRY },
		{ "a page", "{\"value\":[{\"id\":\"a\"}]}", MMS_E_RETRY },
		{ "an error", "{\"error\":{\"code\":\"ErrorItemNotFound\"}}", MMS_E_RETRY },
		{ "cut off", "{\"id\":\"a\"", MMS_E_RETRY },
		{ "two", "{\"id\":\"a\"}{}", MMS_E_RETRY },
		{ "a list", "[{\"id\":\"a\"}]", MMS_E_RETRY },
		{ "nothing", "", MMS_E_RETRY },
	};
	struct outlook_reader reader = reader_of(*state);

	reader.has_window = false;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(outlook_item) item = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		mms_rc rc = outlook_event_read(&reader, rows[i].text, strlen(rows[i].text),
					       &item, &err);
		if (rc != rows[i].rc)
			fail_msg("%s: %s", rows[i].label, mms_rc_name(rc));
		assert_true(!item.event.is_outside); /* no window was asked for */
	}
}

static void
guests_have_a_bound(void **state)
{
	const struct outlook_reader reader = reader_of(*state);
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(outlook_item) item = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_add(&text, "{\"id\":\"a\",\"attendees\":[");
	for (int i = 0; i < 3000; i++)
		mms_str_addf(&text, "%s{\"emailAddress\":{\"address\":\"g%d@example.com\"}}",
			     i > 0 ? "," : "", i);
	mms_str_add(&text, "]}");
	assert_int_equal(outlook_event_read(&reader, text.ptr, text.len, &item, &err), MMS_OK);
	assert_int_equal(item.event.n_attendees, 2000);
	assert_true(
		item.event.is_partial); /* or a change of the guests would uninvite the rest */
}

/* ---- sparse occurrences ------------------------------------------------------------------- */

static void
read_one(struct mms_zones *zones, const char *text, struct outlook_item *out)
{
	const struct outlook_reader reader = reader_of(zones);
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(outlook_event_read(&reader, text, strlen(text), out, &err), MMS_OK);
}

#define SPARSE                                                                            \
	"{\"id\":\"o\",\"seriesMasterId\":\"m\",\"type\":\"occurrence\",\"@odata.etag\":" \
	"\"W/\\\"o1\\\"\",\"start\":{\"dateTime\":\"%s\",\"timeZone\":\"%s\"},"           \
	"\"end\":{\"dateTime\":\"%s\",\"timeZone\":\"%s\"}}"
#define MASTER                                                                                 \
	"{\"id\":\"m\",\"type\":\"seriesMaster\",\"@odata.etag\":\"W/"                         \
	"\\\"m1\\\"\",\"iCalUId\":"                                                            \
	"\"uid\",\"subject\":\"Daily\",\"body\":{\"contentType\":\"text\",\"content\":\"x\"}," \
	"\"location\":{\"displayName\":\"Hall\"},\"showAs\":\"oof\",\"sensitivity\":"          \
	"\"private\","                                                                         \
	"\"webLink\":\"https://example.com/"                                                   \
	"m\",\"lastModifiedDateTime\":\"2026-01-02T00:00:00Z\","                               \
	"\"responseStatus\":{\"response\":\"declined\"},\"organizer\":{\"emailAddress\":"      \
	"{\"address\":\"ann@example.com\"}},\"attendees\":[{\"emailAddress\":{\"address\":"    \
	"\"bob@example.com\"}}],\"transactionId\":\"7E163156-7762-4BEB-A1C6-729EA81755A7\","   \
	"\"isAllDay\":%s,\"start\":{\"dateTime\":\"2020-01-01T00:00:00\",\"timeZone\":"        \
	"\"UTC\"},"                                                                            \
	"\"end\":{\"dateTime\":\"2020-01-02T00:00:00\",\"timeZone\":\"UTC\"}}"
#define FACTS                                                                       \
	" title=\"Daily\" text=\"x\" place=\"Hall\" organizer=\"ann@example.com\" " \
	"link=\"https://example.com/m\" modified=2026-01-02T00:00:00Z "             \
	"guest=\"bob@example.com\""                                                 \
	":? show=out private declined"

/* Days are those of the texts, in the reader's zone (+05:30), whatever zone stands beside them. */
static void
a_sparse_occurrence_is_its_master_at_another_time(void **state)
{
	static const struct {
		const char *label, *all_day, *start, *start_zone, *end, *end_zone, *out;
	} rows[] = {
		{ "an hour", "false", "2026-03-10T10:00:00.0000000", "UTC",
		  "2026-03-10T11:00:00.0000000", "UTC",
		  "o start=2026-03-10T10:00:00Z end=2026-03-10T11:00:00Z series=\"m\" "
		  "version=\"W/\\\"o1\\\"\"" FACTS "\n" },
		{ "a day", "true", "2026-03-10T00:00:00.0000000", "UTC",
		  "2026-03-11T00:00:00.0000000", "UTC",
		  "o start=2026-03-09T18:30:00Z end=2026-03-10T18:30:00Z days=20522+1 "
		  "series=\"m\" version=\"W/\\\"o1\\\"\"" FACTS "\n" },
		{ "a day in another zone", "true", "2026-03-10T00:00:00.0000000",
		  "Tokyo Standard Time", "2026-03-12T00:00:00.0000000", "Tokyo Standard Time",
		  "o start=2026-03-09T18:30:00Z end=2026-03-11T18:30:00Z days=20522+2 "
		  "series=\"m\" version=\"W/\\\"o1\\\"\"" FACTS "\n" },
		{ "midnight to midnight is no day of itself", "false",
		  "2026-03-10T00:00:00.0000000", "UTC", "2026-03-11T00:00:00.0000000", "UTC",
		  "o start=2026-03-10T00:00:00Z end=2026-03-11T00:00:00Z series=\"m\" "
		  "version=\"W/\\\"o1\\\"\"" FACTS "\n" },
		{ "a day that ends as the window begins here", "true",
		  "2026-02-28T00:00:00.0000000", "UTC", "2026-03-01T00:00:00.0000000", "UTC",
		  "o start=2026-02-27T18:30:00Z end=2026-02-28T18:30:00Z days=20512+1 "
		  "series=\"m\" version=\"W/\\\"o1\\\"\"" FACTS " outside\n" },
		{ "a day that only here is within the window", "true",
		  "2026-05-01T00:00:00.0000000", "UTC", "2026-05-02T00:00:00.0000000", "UTC",
		  "o start=2026-04-30T18:30:00Z end=2026-05-01T18:30:00Z days=20574+1 "
		  "series=\"m\" version=\"W/\\\"o1\\\"\"" FACTS "\n" },
		{ "no times", "true", "never", "UTC", "never", "UTC",
		  "o series=\"m\" version=\"W/\\\"o1\\\"\"" FACTS
		  " problem=\"start: 'never' is not a time\"\n" },
	};
	const struct outlook_reader reader = reader_of(*state);

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(outlook_item) sparse = { 0 };
		MMS_AUTO(outlook_item) master = { 0 };
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char text[2048];

		(void)snprintf(text, sizeof text, SPARSE, rows[i].start, rows[i].start_zone,
			       rows[i].end, rows[i].end_zone);
		read_one(*state, text, &sparse);
		assert_true(sparse.is_sparse && !sparse.event.is_all_day);
		(void)snprintf(text, sizeof text, MASTER, rows[i].all_day);
		read_one(*state, text, &master);
		assert_int_equal(outlook_item_fill(&reader, &sparse.event, &master.event, &err),
				 MMS_OK);
		wire_lines_put_event(&out, &sparse.event);
		if (strcmp(mms_str_get(&out), rows[i].out) != 0)
			fail_msg("%s:\n%s%s", rows[i].label, mms_str_get(&out), rows[i].out);
		assert_null(sparse.event.ical_uid);
		assert_string_equal(master.event.title, "Daily"); /* for the next one */
	}
}

/* ---- calendars ---------------------------------------------------------------------------- */

static void
a_calendar_says_what_we_may_do_there(void **state)
{
	static const struct {
		const char *label, *text;
		mms_rc rc;
		enum mms_calendar_role role;
	} rows[] = {
		{ "our own",
		  "{\"id\":\"a\",\"canEdit\":true,\"canShare\":true,\"isDefaultCalendar\":"
		  "false}",
		  MMS_OK, MMS_ROLE_OWNER },
		{ "the default one",
		  "{\"id\":\"a\",\"canEdit\":true,\"isDefaultCalendar\":true}", MMS_OK,
		  MMS_ROLE_OWNER },
		{ "somebody's", "{\"id\":\"a\",\"canEdit\":true,\"canShare\":false}", MMS_OK,
		  MMS_ROLE_WRITER },
		{ "somebody's to read", "{\"id\":\"a\",\"canEdit\":false,\"canShare\":true}",
		  MMS_OK, MMS_ROLE_READER },
		{ "not said", "{\"id\":\"a\",\"name\":\"Calendar\"}", MMS_OK,
		  MMS_ROLE_UNKNOWN },
		{ "said in words", "{\"id\":\"a\",\"canEdit\":\"true\"}", MMS_OK,
		  MMS_ROLE_UNKNOWN },
		{ "no id", "{\"canEdit\":true}", MMS_E_RETRY, MMS_ROLE_UNKNOWN },
		{ "an error", "{\"error\":{\"code\":\"x\"}}", MMS_E_RETRY, MMS_ROLE_UNKNOWN },
		{ "a list", "[{\"id\":\"a\"}]", MMS_E_RETRY, MMS_ROLE_UNKNOWN },
		{ "cut off", "{\"id\":\"a\",\"canEdit\":tr", MMS_E_RETRY, MMS_ROLE_UNKNOWN },
		{ "more behind it", "{\"id\":\"a\"} x", MMS_E_RETRY, MMS_ROLE_UNKNOWN },
		{ "nothing", "", MMS_E_RETRY, MMS_ROLE_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		enum mms_calendar_role role = MMS_ROLE_UNKNOWN;

		mms_rc rc =
			outlook_calendar_read(rows[i].text, strlen(rows[i].text), &role, &err);
		if (rc != rows[i].rc || role != rows[i].role)
			fail_msg("%s: %s, %s", rows[i].label, mms_rc_name(rc),
				 mms_calendar_role_name(role));
	}
}

/* ---- memory ------------------------------------------------------------------------------- */

static void
without_memory_a_page_is_refused_or_read_right(void **state)
{
	static const char *const names[] = { "timed",    "people",   "times", "zones",
					     "odd-json", "versions", "marks", "broken-utf8" };

	for (size_t k = 0; k < MMS_COUNT(names); k++)
		wire_lines_check_memory(FOLDER, names[k], *state, print_page);
}

/* ---- published answers -------------------------------------------------------------------- */

/* What stands behind "body" of {"request": {...}, "response": {"body": {...}}}. */
static bool
find_body(const struct mms_str *file, struct mms_str *out)
{
	struct mms_jvalue top, response = { 0 }, body = { 0 };
	const struct wire_slot outer[] = { WIRE_SLOT("response", &response) };
	const struct wire_slot inner[] = { WIRE_SLOT("body", &body) };
	struct mms_jscan s;

	mms_jscan_start(&s, mms_str_get(file), file->len);
	assert_true(mms_jscan_value(&s, &top) && wire_read_map(&s, &top, outer, 1));
	const char *end = file->ptr + file->len;
	mms_jscan_start(&s, response.ptr, (size_t)(end - response.ptr));
	assert_true(mms_jscan_value(&s, &top) && wire_read_map(&s, &top, inner, 1));
	if (body.type != MMS_J_MAP)
		return false;
	mms_jscan_start(&s, body.ptr, (size_t)(end - body.ptr));
	assert_true(mms_jscan_value(&s, &top) && mms_jscan_skip(&s, &top));
	mms_str_addn(out, body.ptr, (size_t)(s.p - body.ptr));
	return true;
}

struct counts {
	size_t n_pages, n_events, n_items;
};

/* Real values give times; examples without any give a problem that says so. */
static void
check_item(const char *path, const struct outlook_item *item, struct counts *counts)
{
	const struct mms_event *e = &item->event;

	wire_lines_check_event(e);
	counts->n_items++;
	if (e->external_id == NULL || (e->problem != NULL && strstr(path, "events") == NULL))
		return;
	if (e->warning != NULL || e->problem != NULL || e->version == NULL || item->is_sparse ||
	    e->title == NULL ||
	    (e->series_id != NULL) !=
		    (item->type == OUTLOOK_OCCURRENCE || item->type == OUTLOOK_EXCEPTION))
		fail_msg("%s: %s: %s", path, e->external_id,
			 e->problem != NULL ? e->problem : "a doubt");
	counts->n_events++;
}

static void
read_published(struct mms_zones *zones, const char *path, struct counts *counts)
{
	const struct outlook_reader reader = reader_of(zones);
	MMS_AUTO(mms_str) file = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(wire_page) page = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool has = true;

	assert_true(wire_lines_read_file(path, &file));
	if (!find_body(&file, &body))
		return;
	MMS_AUTO(outlook_item) alone = { 0 };
	if (outlook_event_read(&reader, body.ptr, body.len, &alone, &err) == MMS_OK &&
	    strstr(path, "events") != NULL && strstr(path, "extensions") == NULL)
		check_item(path, &alone, counts);
	if (outlook_page_open(&body, &page, &err) != MMS_OK)
		return;
	counts->n_pages++;
	while (has) {
		MMS_AUTO(outlook_item) item = { 0 };
		assert_int_equal(outlook_page_next(&page, &reader, &item, &has, &err), MMS_OK);
		if (has)
			check_item(path, &item, counts);
	}
}

static void
published_answers_are_read_without_a_doubt(void **state)
{
	struct counts counts = { 0 };
	char path[1024];

	(void)snprintf(path, sizeof path, "%s/graph", wire_lines_corpus());
	DIR *dir = opendir(path);
	if (dir == NULL) {
		print_message("no published answers in %s\n", path);
		skip();
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (strstr(e->d_name, ".json") == NULL)
			continue;
		(void)snprintf(path, sizeof path, "%s/graph/%s", wire_lines_corpus(),
			       e->d_name);
		read_published(*state, path, &counts);
	}
	(void)closedir(dir);
	if (counts.n_pages < 8 || counts.n_events < 10)
		fail_msg("%zu pages, %zu events, %zu items", counts.n_pages, counts.n_events,
			 counts.n_items);
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
		cmocka_unit_test(a_sparse_occurrence_is_its_master_at_another_time),
		cmocka_unit_test(a_calendar_says_what_we_may_do_there),
		cmocka_unit_test(without_memory_a_page_is_refused_or_read_right),
		cmocka_unit_test(published_answers_are_read_without_a_doubt),
	};

	return cmocka_run_group_tests(tests, wire_lines_open, wire_lines_close);
}
