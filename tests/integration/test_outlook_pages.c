/* Listings of the Outlook provider, answer by answer: what is handed up, and what is asked for it. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "support/canned.h"
#include "support/gsession.h"

/* ---- what Microsoft Graph says -------------------------------------------------------------- */

#define TIMES(day)                                                                       \
	"\"start\":{\"dateTime\":\"2026-03-" day                                         \
	"T10:00:00.0000000\",\"timeZone\":\"UTC\"},\"end\":{\"dateTime\":\"2026-03-" day \
	"T11:00:00.0000000\",\"timeZone\":\"UTC\"}"
#define ITEM(id, type, title, rest)                                                           \
	"{\"id\":\"" id "\",\"type\":\"" type "\",\"subject\":\"" title "\",\"showAs\":\"bus" \
	"y\"," rest "}"
#define MODIFIED(second) ",\"lastModifiedDateTime\":\"2026-03-01T00:00:" second "Z\""
#define OF(series)       ",\"seriesMasterId\":\"" series "\""
#define SINGLE(id, day)  ITEM(id, "singleInstance", "S", TIMES(day))
#define SINGLE_AT(id, title, second) \
	ITEM(id, "singleInstance", title, TIMES("10") MODIFIED(second))
#define MASTER(id, title)       ITEM(id, "seriesMaster", title, TIMES("01"))
#define EXCEPTION(id, day, of)  ITEM(id, "exception", "X", TIMES(day) OF(of))
#define OCCURRENCE(id, day, of) ITEM(id, "occurrence", "O", TIMES(day) OF(of))
#define SPARSE(id, day, of)     "{\"id\":\"" id "\",\"type\":\"occurrence\"," TIMES(day) OF(of) "}"
#define REMOVED(id)             "{\"id\":\"" id "\",\"@removed\":{\"reason\":\"deleted\"}}"
#define LIST(items)             "{\"value\":[" items "]}"
#define NEXT(link, items)       "{\"value\":[" items "],\"@odata.nextLink\":\"" link "\"}"
#define LAST(items)             "{\"value\":[" items "],\"@odata.deltaLink\":\"$O/delta?$deltatoken=2\"}"
#define CALENDAR                "{\"id\":\"C\",\"canEdit\":true,\"canShare\":true}"
#define GONE                    "=404 {\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"m\"}}"
#define PART(number, status, body) \
	"{\"id\":\"" number "\",\"status\":" status ",\"body\":" body "}"

#define CURSOR "$O/delta?$deltatoken=1"

/* How an event reads in a listing. */
#define LINE(id, title, day) id " \"" title "\" 2026-03-" day "T10:00:00Z"

#define BODIES_MAX 8
static const struct row {
	const char *label;
	const char *cursor;             /* NULL: everything                 */
	const char *bodies[BODIES_MAX]; /* "$O": where the service is       */
	mms_rc rc;
	const char *text, *series;     /* what is handed up, "|" for line ends */
	const char *asked[BODIES_MAX]; /* request lines, from the first on; NULL: any */
} rows[] = {
	{ "everything: pages, an empty one, occurrences with and without their master",
	  NULL,
	  { NEXT("$O/v1.0/a?x=1%20",
		 SPARSE("o1", "10", "M1") "," MASTER("M1", "One") "," SINGLE(
			 "s1", "11") "," SPARSE("p1", "12", "M2") "," OCCURRENCE("f1", "15",
										 "M2")),
	    NEXT("$O/v1.0/b", ""),
	    LAST(EXCEPTION("x1", "13", "M1") "," SPARSE("o2", "14", "M1")), MASTER("M2", "Two"),
	    CALENDAR },
	  MMS_OK,
	  LINE("s1", "S", "11") "|" LINE("f1", "O", "15") " of M2|" LINE(
		  "x1", "X",
		  "13") " of M1|" LINE("o1", "One",
				       "10") " of M1|" LINE("p1", "Two",
							    "12") " of M2|" LINE("o2", "One",
										 "14") " of "
										       "M1|",
	  "",
	  { "GET /v1.0/me/calendarView/delta?startDateTime=2026-02-28T23%3A59%3A59Z&"
	    "endDateTime=2026-05-01T00%3A00%3A00Z ",
	    "GET /v1.0/a?x=1%20 ", "GET /v1.0/b ", "GET /v1.0/me/events/M2?",
	    "GET /v1.0/me/calendar " } },
	{ "everything: of what comes twice the newest, tombstones of what was shown",
	  NULL,
	  { LAST(SINGLE_AT("a", "new", "09") "," SINGLE_AT("a", "old", "08") "," SINGLE_AT(
		    "A", "other", "01") "," REMOVED("u") "," SINGLE_AT("b", "b",
								       "01") "," REMOVED("b")),
	    CALENDAR },
	  MMS_OK,
	  LINE("a", "new", "10") "|" LINE("A", "other", "10") "|" LINE("b", "b",
								       "10") "|b gone|",
	  "",
	  { NULL, "GET /v1.0/me/calendar " } },
	{ "everything: masters that are gone take their occurrences with them",
	  NULL,
	  { LAST(SPARSE("o1", "10", "M1") "," SPARSE("p1", "11", "M2") "," SPARSE("q1", "12",
										  "M3")),
	    "{\"responses\":[" PART("3", "200", MASTER("M3", "Three")) "," PART(
		    "1", "404",
		    "{\"error\":{\"code\":\"ErrorItemNotFound\"}}") "," PART("2", "200",
									     SINGLE("M2",
										    "01")) "]}",
	    CALENDAR },
	  MMS_OK,
	  LINE("q1", "Three", "12") " of M3|",
	  "",
	  { NULL, "POST /v1.0/$batch ", "GET /v1.0/me/calendar " } },
	{ "everything: a master told to be gone is asked for",
	  NULL,
	  { LAST(MASTER("M1", "One") "," SPARSE("o1", "10", "M1") "," REMOVED("M1") "," SPARSE(
		    "o2", "11", "M1") "," REMOVED("o2")),
	    MASTER("M1", "Still"), CALENDAR },
	  MMS_OK,
	  "o2 gone|" LINE("o1", "Still", "10") " of M1|",
	  "",
	  { NULL, "GET /v1.0/me/events/M1?", "GET /v1.0/me/calendar " } },
	{ "everything: a single event that becomes a series on the way",
	  NULL,
	  { LAST(SINGLE("a", "10") "," MASTER("a", "Many") "," SPARSE("a1", "11", "a")),
	    CALENDAR },
	  MMS_OK,
	  LINE("a", "S", "10") "|" LINE("a", "Many", "01") " outside|" LINE("a1", "Many",
									    "11") " of a|",
	  "",
	  { NULL, "GET /v1.0/me/calendar " } },
	{ "everything: what has no id is nobody's, an occurrence of nothing is there",
	  NULL,
	  { LAST("{\"subject\":\"x\"},7,"
		 "{\"id\":\"o\",\"type\":\"occurrence\"," TIMES("10") "}"),
	    CALENDAR },
	  MMS_OK,
	  "o 2026-03-10T10:00:00Z|",
	  "",
	  { NULL } },
	{ "changes: single events, tombstones at the end and only while they count",
	  CURSOR,
	  { NEXT("$O/v1.0/a", REMOVED("g") "," REMOVED("h") "," SINGLE("s", "10")),
	    LAST(SINGLE("h", "11") "," REMOVED("s")) },
	  MMS_OK,
	  LINE("s", "S", "10") "|" LINE("h", "S", "11") "|g gone|s gone|",
	  "s|h|",
	  { "GET /delta?$deltatoken=1 ", "GET /v1.0/a " } },
	{ "changes: a series is shown whole, however little of it came",
	  CURSOR,
	  { LAST(REMOVED("o9") "," SPARSE("o1", "10", "M/1") "," EXCEPTION("x", "11", "M/1")),
	    NEXT("$O/v1.0/i?p=2", OCCURRENCE("o1", "10", "M/1")),
	    LIST(EXCEPTION("x", "11", "M/1") "," OCCURRENCE("o9", "12", "M/1")) },
	  MMS_OK,
	  LINE("o1", "O", "10") " of M/1|" LINE("x", "X", "11") " of M/1|" LINE(
		  "o9", "O", "12") " of M/1|",
	  "M/1|",
	  { NULL,
	    "GET /v1.0/me/events/M%2F1/instances?startDateTime=2026-02-28T23%3A59%3A59Z&"
	    "endDateTime=2026-05-01T00%3A00%3A00Z ",
	    "GET /v1.0/i?p=2 " } },
	{ "changes: a master says that there is no single event of its id",
	  CURSOR,
	  { LAST(MASTER("M", "Many")), LIST("") },
	  MMS_OK,
	  LINE("M", "Many", "01") " outside|",
	  "M|",
	  { NULL, "GET /v1.0/me/events/M/instances?" } },
	{ "changes: a series that is gone",
	  CURSOR,
	  { LAST(MASTER("M", "Many") "," MASTER("N", "Others")), GONE,
	    LIST(OCCURRENCE("n", "10", "N")) },
	  MMS_OK,
	  LINE("M", "Many", "01") " outside|" LINE("N", "Others", "01") " outside|M gone|" LINE(
		  "n", "O", "10") " of N|",
	  "N|",
	  { NULL } },
	{ "changes: pages of one series are not those of another, whatever their links",
	  CURSOR,
	  { LAST(MASTER("M", "Many") "," MASTER("N", "Others")),
	    NEXT("$O/v1.0/i", OCCURRENCE("m1", "10", "M")), LIST(OCCURRENCE("m2", "11", "M")),
	    NEXT("$O/v1.0/i", OCCURRENCE("n1", "12", "N")), LIST("") },
	  MMS_OK,
	  LINE("M", "Many", "01") " outside|" LINE("N", "Others", "01") " outside|" LINE(
		  "m1", "O", "10") " of M|" LINE("m2", "O", "11") " of M|" LINE("n1", "O",
										"12") " of N|",
	  "M|N|",
	  { NULL } },
	{ "changes: a series that is told to be gone is not read; one that is back is",
	  CURSOR,
	  { LAST(SPARSE("o", "10", "M") "," REMOVED("M") "," REMOVED("N") "," SPARSE("n", "11",
										     "N")),
	    LIST(OCCURRENCE("n", "11", "N")) },
	  MMS_OK,
	  LINE("n", "O", "11") " of N|M gone|",
	  "N|",
	  { NULL, "GET /v1.0/me/events/N/instances?" } },
	{ "changes: a series that is a single event again",
	  CURSOR,
	  { LAST(MASTER("M", "Many") "," SINGLE("M", "10")) },
	  MMS_OK,
	  LINE("M", "Many", "01") " outside|" LINE("M", "S", "10") "|",
	  "M|",
	  { NULL } },
	{ "changes: an instance of a series that does not exist",
	  CURSOR,
	  { LAST(SPARSE("o", "10", "M")), GONE },
	  MMS_E_RESYNC,
	  NULL,
	  NULL,
	  { NULL } },
	{ "changes: an instance that its series does not show",
	  CURSOR,
	  { LAST(SPARSE("o", "10", "M")), LIST("") },
	  MMS_E_RESYNC,
	  NULL,
	  NULL,
	  { NULL } },
	{ "changes: a series that cannot be asked for",
	  CURSOR,
	  { LAST(MASTER("M", "Many")), "=400 {\"error\":{\"code\":\"ErrorInvalidRequest\"}}" },
	  MMS_E_RESYNC,
	  NULL,
	  NULL,
	  { NULL } },
	{ "changes: a link that is dead",
	  CURSOR,
	  { "=410 {\"error\":{\"code\":\"SyncStateNotFound\",\"message\":\"m\"}}" },
	  MMS_E_RESYNC,
	  NULL,
	  NULL,
	  { NULL } },
	{ "a cursor of another server",
	  "http://127.0.0.1:1/delta",
	  { NULL },
	  MMS_E_RESYNC,
	  NULL,
	  NULL,
	  { NULL } },
	{ "on to another server",
	  NULL,
	  { NEXT("http://evil.example.com/x", "") },
	  MMS_E_CONFIG,
	  NULL,
	  NULL,
	  { NULL } },
	{ "on to somebody else's by our name",
	  NULL,
	  { NEXT("$O@evil.example.com/x", "") },
	  MMS_E_CONFIG,
	  NULL,
	  NULL,
	  { NULL } },
	{ "the next listing at another server",
	  NULL,
	  { "{\"value\":[],\"@odata.deltaLink\":\"http://evil.example.com/x\"}" },
	  MMS_E_CONFIG,
	  NULL,
	  NULL,
	  { NULL } },
	{ "a series at another server",
	  CURSOR,
	  { LAST(MASTER("M", "Many")), NEXT("http://evil.example.com/x", "") },
	  MMS_E_CONFIG,
	  NULL,
	  NULL,
	  { NULL } },
	{ "in a circle",
	  NULL,
	  { NEXT("$O/v1.0/a", ""), NEXT("$O/v1.0/b", ""), NEXT("$O/v1.0/a", "") },
	  MMS_E_RETRY,
	  NULL,
	  NULL,
	  { NULL } },
	{ "back to where it began",
	  CURSOR,
	  { NEXT(CURSOR, "") },
	  MMS_E_RETRY,
	  NULL,
	  NULL,
	  { NULL } },
	{ "no way on", NULL, { LIST(SINGLE("a", "10")) }, MMS_E_RETRY, NULL, NULL, { NULL } },
};

/* ---- the session ---------------------------------------------------------------------------- */

struct story {
	struct gsession g;
	struct canned canned;
	struct mms_str texts[BODIES_MAX];
	const char *bodies[BODIES_MAX + 1];
};

static int
set_up(void **state)
{
	static struct story story;

	story = (struct story){ 0 };
	gsession_start_outlook(&story.g);
	*state = &story;
	return 0;
}

static int
tear_down(void **state)
{
	struct story *story = *state;

	canned_release(&story->canned);
	gsession_stop(&story->g);
	for (size_t i = 0; i < BODIES_MAX; i++)
		mms_str_release(&story->texts[i]);
	return 0;
}

/* The text with the service's own address, "|" as it stands. */
static void
add_text(struct mms_str *out, const struct story *story, const char *text)
{
	mms_str_clear(out);
	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '$' && p[1] == 'O')
			mms_str_addf(out, "http://127.0.0.1:%u", story->canned.port);
		else
			mms_str_addc(out, *p);
		p += p[0] == '$' && p[1] == 'O';
	}
}

static void
answer(struct story *story, const char *const *bodies)
{
	canned_release(&story->canned);
	canned_start(&story->canned, "application/json", story->bodies);
	gsession_speak_to(&story->g, story->canned.port);
	memset(story->bodies, 0, sizeof story->bodies);
	for (size_t i = 0; i < BODIES_MAX && bodies[i] != NULL; i++) {
		add_text(&story->texts[i], story, bodies[i]);
		story->bodies[i] = mms_str_get(&story->texts[i]);
	}
}

static bool
is_text(const struct mms_str *text, const char *wanted)
{
	const char *p = mms_str_get(text);

	for (; *p != '\0' && *wanted != '\0'; p++, wanted++) {
		if (*p != (*wanted == '|' ? '\n' : *wanted))
			return false;
	}
	return *p == *wanted;
}

/* The requests in their order: each line begins as the row has it. */
static void
check_asked(const struct row *row, const char *asked)
{
	const char *p = asked;

	for (size_t i = 0; i < BODIES_MAX; i++) {
		const char *wanted = row->asked[i];

		if (wanted != NULL && (p == NULL || strncmp(p, wanted, strlen(wanted)) != 0))
			fail_msg("%s: request %zu: %.200s", row->label, i,
				 p != NULL ? p : "none");
		p = p != NULL ? strstr(p, "\r\n\r\n") : NULL;
		p = p != NULL ? p + 4 : NULL;
		/* A body ends where the next request begins. */
		if (p != NULL && *p == '{')
			p = strstr(p, "}GET ") != NULL ? strstr(p, "}GET ") + 1 : NULL;
		p = p != NULL && *p != '\0' ? p : NULL;
	}
}

static void
run_row(struct story *story, const struct row *row, size_t max_events)
{
	struct glisting listing __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_str) cursor = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, row->bodies);
	if (row->cursor != NULL)
		add_text(&cursor, story, row->cursor);
	mms_rc rc = gsession_list(&story->g, row->cursor != NULL ? mms_str_get(&cursor) : NULL,
				  max_events, &listing, &err);
	canned_stop(&story->canned);
	if (rc != row->rc)
		fail_msg("%s: %s: %s", row->label, mms_rc_name(rc), mms_err_text(&err));
	for (size_t i = 0; i < BODIES_MAX; i++) {
		if (row->bodies[i] != NULL && i >= story->canned.n_served)
			fail_msg("%s: only %zu requests", row->label, story->canned.n_served);
	}
	if (rc != MMS_OK) {
		if (strstr(mms_err_text(&err), "primary") == NULL)
			fail_msg("%s: %s", row->label, mms_err_text(&err));
		return;
	}
	if (!is_text(&listing.text, row->text) || !is_text(&listing.series, row->series))
		fail_msg("%s: %s%s", row->label, mms_str_get(&listing.text),
			 mms_str_get(&listing.series));
	check_asked(row, mms_str_get(&story->canned.asked));
	assert_int_equal(listing.is_full, row->cursor == NULL);
	assert_int_equal(listing.role, row->cursor == NULL ? MMS_ROLE_OWNER : MMS_ROLE_UNKNOWN);
	assert_non_null(strstr(listing.cursor, "/delta?$deltatoken=2"));
}

static void
listings_hand_up_what_the_answers_say(void **state)
{
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		run_row(*state, &rows[i], 100);
		run_row(*state, &rows[i], 1);
	}
}

static void
many_changed_series_mean_that_all_is_read(void **state)
{
	struct story *story = *state;
	struct glisting listing __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_str) cursor = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_add(&body, "{\"value\":[");
	for (int i = 0; i < 21; i++)
		mms_str_addf(&body, "%s{\"id\":\"M%d\",\"type\":\"seriesMaster\"}",
			     i > 0 ? "," : "", i);
	mms_str_add(&body, "],\"@odata.deltaLink\":\"$O/d\"}");
	const char *const bodies[BODIES_MAX] = { mms_str_get(&body) };
	answer(story, bodies);
	add_text(&cursor, story, CURSOR);
	assert_int_equal(gsession_list(&story->g, mms_str_get(&cursor), 100, &listing, &err),
			 MMS_E_RESYNC);
	assert_non_null(strstr(mms_err_text(&err), "calendar 'primary' of 'INT-0001'"));
}

/* However long a calendar is, only so much of it waits. */
static void
occurrences_do_not_wait_without_end(void **state)
{
	static const char *const rest[] = { MASTER("M", "Many"), LAST(SINGLE("s", "10")),
					    CALENDAR };
	struct story *story = *state;
	struct glisting listing __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	const size_t n = 20003;

	mms_str_add(&body, "{\"value\":[");
	for (size_t i = 0; i < n; i++)
		mms_str_addf(&body,
			     "%s{\"id\":\"o%zu\",\"type\":\"occurrence\"," TIMES("10")
				     OF("M") "}",
			     i > 0 ? "," : "", i);
	mms_str_add(&body, "],\"@odata.nextLink\":\"$O/v1.0/a\"}");
	const char *const bodies[BODIES_MAX] = { mms_str_get(&body), rest[0], rest[1],
						 rest[2] };
	answer(story, bodies);
	assert_int_equal(gsession_list(&story->g, NULL, 1000, &listing, &err), MMS_OK);
	canned_stop(&story->canned);
	assert_int_equal(listing.n_events, n + 1);
	const char *asked = strstr(mms_str_get(&story->canned.asked), "GET /v1.0/me/events/M?");
	assert_non_null(asked);
	assert_non_null(strstr(asked, "GET /v1.0/a "));
	assert_true(has_line(&listing.text, LINE("o20002", "Many", "10") " of M"));
}

/* Nor of what is gone: each might have to be asked for, and all that there is is read sooner. */
static void
tombstones_do_not_wait_without_end(void **state)
{
	struct story *story = *state;
	struct glisting listing __attribute__((cleanup(glisting_release))) = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_str) cursor = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_str_add(&body, "{\"value\":[");
	for (size_t i = 0; i < 20000; i++)
		mms_str_addf(&body, "%s{\"id\":\"o%zu\",\"@removed\":{}}", i > 0 ? "," : "", i);
	mms_str_add(&body, "],\"@odata.nextLink\":\"$O/v1.0/a\"}");
	const char *const bodies[BODIES_MAX] = { mms_str_get(&body) };
	answer(story, bodies);
	add_text(&cursor, story, CURSOR);
	assert_int_equal(gsession_list(&story->g, mms_str_get(&cursor), 100, &listing, &err),
			 MMS_E_RESYNC);
	assert_non_null(strstr(mms_err_text(&err), "calendar 'primary' of 'INT-0001'"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(listings_hand_up_what_the_answers_say, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(many_changed_series_mean_that_all_is_read,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(occurrences_do_not_wait_without_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(tombstones_do_not_wait_without_end, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
