/*
 * The Outlook provider and answers that the fake does not give: batches in part, links that lead elsewhere,
 * events that are refused, what a search finds.
 */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/canned.h"
#include "support/gsession.h"

#define SITE  "11111111-2222-3333-4444-555555555555"
#define OTHER "99999999-2222-3333-4444-555555555555"

static const unsigned char site[16] = { 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33,
					0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55 };

/* ---- what Microsoft Graph says -------------------------------------------------------------- */

#define PROPERTY(name, value)                                                               \
	"{\"id\":\"String {6F9B1D0E-5A57-4C1E-9D1A-2F8E3C7B4A10} Name " name "\",\"value\"" \
	":\"" value "\"}"
#define MARK                                             \
	",\"singleValueExtendedProperties\":[" PROPERTY( \
		"mmsync_id", "018f2b6c-1111-7abc-8def-0123456789ab") ", \
	" PROPERTY("mmsync_kind", "booking") "," PROPERTY("mmsync_site", SITE) "]"
#define EVENT_AT(id, version, day, rest)                                              \
	"{\"id\":\"" id "\",\"@odata.etag\":\"W/\\\"" version                         \
	"\\\"\",\"type\":\"singleInstance\","                                         \
	"\"subject\":\"S " id "\",\"showAs\":\"busy\",\"start\":{\"dateTime\":\"" day \
	"T10:00:00.0000000\",\"timeZone\":\"UTC\"},\"end\":{\"dateTime\":\"" day      \
	"T11:00:00.0000000\",\"timeZone\":\"UTC\"}" rest "}"
#define EVENT(id, rest) EVENT_AT(id, "1", "2026-03-12", rest)
#define PART(number, status, body) \
	"{\"id\":\"" number "\",\"status\":" status ",\"body\":" body "}"
#define LATER(number, seconds)                                                          \
	"{\"id\":\"" number "\",\"status\":429,\"headers\":{\"Retry-After\":\"" seconds \
	"\"},\"body\":{\"error\":{\"code\":\"ApplicationThrottled\",\"message\":\"m\"}}}"
#define REFUSED(number, status, code) \
	PART(number, status, "{\"error\":{\"code\":\"" code "\",\"message\":\"m\"}}")
#define BATCH(parts) "{\"responses\":[" parts "]}"
#define LIST(items)  "{\"value\":[" items "]}"
#define CALENDAR     "{\"id\":\"C\",\"name\":\"Calendar\",\"canEdit\":true}"

/* ---- the session ---------------------------------------------------------------------------- */

struct story {
	struct gsession g;
	struct canned canned;
};

static int
set_up(void **state)
{
	static struct story story;

	story = (struct story){ 0 };
	gsession_start_outlook(&story.g);
	gsession_limit_places(&story.g);
	story.g.calendar.site = site;
	*state = &story;
	return 0;
}

static int
tear_down(void **state)
{
	struct story *story = *state;

	canned_release(&story->canned);
	gsession_stop(&story->g);
	return 0;
}

/* The service answers this, and a listing has begun. */
static void
answer(struct story *story, bool is_full, const char *const *bodies)
{
	struct mms_listing listing = { .from_ms = GSESSION_FROM,
				       .to_ms = GSESSION_TO,
				       .is_full = is_full };
	struct gsession *g = &story->g;
	MMS_AUTO(mms_err) err = { 0 };
	char cursor[256];

	canned_release(&story->canned);
	canned_start(&story->canned, "application/json", bodies);
	gsession_speak_to(g, story->canned.port);
	(void)snprintf(cursor, sizeof cursor, "%s/me/calendarView/delta?$deltatoken=x",
		       g->base);
	listing.cursor = cursor;
	g->n_asked = 0;
	g->n_entered = 0;
	g->widest = 0;
	assert_int_equal(g->ops->start(g->session, &listing, &err), MMS_OK);
}

/* What it was asked, whole. */
static const char *
asked(struct story *story)
{
	canned_stop(&story->canned);
	return mms_str_get(&story->canned.asked);
}

static size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *p = strstr(text, part); p != NULL; p = strstr(p + 1, part))
		n++;
	return n;
}

/* Events as a listing has them: no marks, and of those that are gone nothing else. */
static void
make_events(struct mms_event *events, struct mms_event **list, const char *const *ids, size_t n,
	    bool is_gone)
{
	for (size_t i = 0; i < n; i++) {
		events[i] = (struct mms_event){ .external_id = mms_text_copy(ids[i]),
						.is_gone = is_gone };
		assert_non_null(events[i].external_id);
		list[i] = &events[i];
	}
}

static void
release_events(struct mms_event *events, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mms_event_release(&events[i]);
}

/* ---- marks ---------------------------------------------------------------------------------- */

static void
what_a_batch_does_not_answer_is_asked_again(void **state)
{
	static const char *const bodies[] = {
		BATCH(LATER("2", "0") "," PART("1", "200", EVENT("a", MARK))),
		BATCH(PART("2", "200", EVENT("c", MARK)) "," PART("1", "200", EVENT("b", ""))),
		NULL
	};
	static const char *const ids[] = { "a", "b", "c" };
	struct story *story = *state;
	struct mms_event events[3], *list[3];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	make_events(events, list, ids, 3, false);
	if (story->g.ops->complete(story->g.session, list, 3, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	assert_int_equal(events[0].mark.kind, MMS_MARK_BOOKING);
	assert_memory_equal(events[0].mark.site, site, 16);
	assert_int_equal(events[1].mark.kind, MMS_MARK_NONE);
	assert_int_equal(events[2].mark.kind, MMS_MARK_BOOKING);
	assert_string_equal(events[2].external_id, "c");
	assert_int_equal(story->g.n_asked, 5); /* three, and two of them once more */
	assert_int_equal(story->g.widest, 4);
	const char *text = asked(story);
	assert_int_equal(count(text, "POST /v1.0/$batch HTTP/1.1\r\n"), 2);
	assert_int_equal(count(text, "\"/me/events/a?$expand="), 1);
	assert_int_equal(count(text, "\"/me/events/b?$expand="), 2);
	assert_int_equal(count(text, "Authorization"), 2); /* never in a part */
	release_events(events, 3);
}

/* Nobody has to connect again because a token ran out between a batch and its parts. */
static void
a_part_that_refuses_the_token_is_asked_alone_with_another(void **state)
{
	static const char *const bodies[] = {
		BATCH(REFUSED("1", "401", "InvalidAuthenticationToken") "," REFUSED(
			"2", "401", "InvalidAuthenticationToken") "," PART("3", "200",
									   EVENT("c", MARK))),
		"=401 {\"error\":{\"code\":\"InvalidAuthenticationToken\"}}", EVENT("b", MARK),
		EVENT("a", MARK), NULL
	};
	static const char *const ids[] = { "a", "b", "c" };
	struct story *story = *state;
	struct mms_event events[3], *list[3];
	MMS_AUTO(mms_err) err = { 0 };

	story->g.tokens[1] = "B";
	answer(story, false, bodies);
	make_events(events, list, ids, 3, false);
	if (story->g.ops->complete(story->g.session, list, 3, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(events[i].mark.kind, MMS_MARK_BOOKING);
		assert_string_equal(events[i].external_id, ids[i]);
	}
	assert_int_equal(story->g.n_refused, 1);
	release_events(events, 3);
}

static void
a_long_wait_in_a_batch_is_told_to_all(void **state)
{
	static const char *const bodies[] = {
		BATCH(LATER("2", "600") "," PART("1", "200", EVENT("a", MARK))), NULL
	};
	static const char *const ids[] = { "a", "b" };
	struct story *story = *state;
	struct mms_event events[2], *list[2];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	make_events(events, list, ids, 2, false);
	assert_int_equal(story->g.ops->complete(story->g.session, list, 2, &err), MMS_E_WAIT);
	assert_int_equal(err.retry_at_ms, GSESSION_NOW + 600000);
	assert_int_equal(story->g.told_until_ms, err.retry_at_ms);
	release_events(events, 2);
}

/* Where we have no leave it is not the service that asks for a wait. */
static void
a_wait_of_our_own_is_not_told_to_all(void **state)
{
	static const char *const ids[] = { "a", "b" };
	struct story *story = *state;
	struct mms_event events[2], *list[2];
	MMS_AUTO(mms_err) err = { 0 };

	make_events(events, list, ids, 2, false);
	story->g.budget_rc = MMS_E_WAIT;
	assert_int_equal(story->g.ops->complete(story->g.session, list, 2, &err), MMS_E_WAIT);
	assert_int_equal(story->g.n_told, 0);
	release_events(events, 2);
}

/* One that the account may not see does not stand in the way of the others, and is as it was listed. */
static void
an_event_that_is_refused_stays_as_it_was_listed(void **state)
{
	static const char *const bodies[] = {
		BATCH(REFUSED("1", "403", "ErrorAccessDenied") "," PART("2", "200",
									EVENT("b", MARK))),
		NULL
	};
	static const char *const ids[] = { "a", "b" };
	struct story *story = *state;
	struct mms_event events[2], *list[2];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	make_events(events, list, ids, 2, false);
	assert_int_equal(story->g.ops->complete(story->g.session, list, 2, &err), MMS_OK);
	assert_true(!events[0].is_gone && events[0].problem == NULL);
	assert_int_equal(events[0].mark.kind, MMS_MARK_NONE);
	assert_int_equal(events[1].mark.kind, MMS_MARK_BOOKING);
	release_events(events, 2);
	/* But nothing is gone because it cannot be seen: the listing of everything tells, not the next try. */
	answer(story, false, bodies);
	make_events(events, list, ids, 2, true);
	assert_int_equal(story->g.ops->complete(story->g.session, list, 2, &err), MMS_E_RESYNC);
	assert_non_null(strstr(mms_err_text(&err), "'a'"));
	release_events(events, 2);
}

/* ---- tombstones ----------------------------------------------------------------------------- */

static void
a_tombstone_is_looked_into(void **state)
{
	static const char *const bodies[] = {
		BATCH(REFUSED("1", "404", "ErrorItemNotFound") "," PART(
			"2", "200",
			EVENT("elsewhere", "")) "," PART("3", "200",
							 EVENT_AT("later", "7", "2026-05-02",
								  MARK))),
		CALENDAR, NULL
	};
	static const char *const ids[] = { "gone", "elsewhere", "later" };
	struct story *story = *state;
	struct mms_event events[3], *list[3];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	make_events(events, list, ids, 3, true);
	if (story->g.ops->complete(story->g.session, list, 3, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	assert_true(events[0].is_gone && events[1].is_gone);
	assert_true(!events[2].is_gone && events[2].is_outside);
	assert_int_equal(events[2].start_ms, INT64_C(1777716000000));
	assert_string_equal(events[2].version, "W/\"7\"");
	assert_int_equal(events[2].mark.kind, MMS_MARK_BOOKING);
	/* The calendar was looked at before anything was believed to be gone. */
	assert_int_equal(count(asked(story), "GET /v1.0/me/calendar HTTP/1.1\r\n"), 1);
	release_events(events, 3);
}

/*
 * A series that is told to be gone and is there: of its instances nothing is known, for it may be in another
 * calendar, and some of it in the window.
 */
static void
a_series_that_is_there_all_the_same_means_that_all_is_read(void **state)
{
	static const char *const bodies[] = {
		"{\"id\":\"M\",\"type\":\"seriesMaster\",\"start\":{\"dateTime\":"
		"\"2024-03-12T10:00:00\",\"timeZone\":\"UTC\"},\"end\":{\"dateTime\":"
		"\"2024-03-12T11:00:00\",\"timeZone\":\"UTC\"}}",
		NULL
	};
	static const char *const ids[] = { "M" };
	struct story *story = *state;
	struct mms_event events[1], *list[1];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	make_events(events, list, ids, 1, true);
	assert_int_equal(story->g.ops->complete(story->g.session, list, 1, &err), MMS_E_RESYNC);
	release_events(events, 1);
}

static void
nothing_is_gone_where_the_calendar_is(void **state)
{
	static const char *const bodies[] = {
		BATCH(REFUSED("1", "404", "ErrorItemNotFound") "," REFUSED(
			"2", "404", "ErrorItemNotFound")),
		"{\"error\":{}}",
		"{\"error\":{}}",
		"",
		"",
		"",
		NULL
	};
	static const char *const ids[] = { "a", "b" };
	struct story *story = *state;
	struct mms_event events[2], *list[2];
	MMS_AUTO(mms_err) err = { 0 };

	story->g.env.max_attempts = 1;
	answer(story, false, bodies);
	make_events(events, list, ids, 2, true);
	assert_int_equal(story->g.ops->complete(story->g.session, list, 2, &err), MMS_E_RETRY);
	release_events(events, 2);
	/* The batch, and the calendar once for both. */
	assert_int_equal(count(asked(story), "Authorization: "), 2);
}

/* ---- a full listing ------------------------------------------------------------------------- */

static void
of_a_full_listing_only_ours_are_read(void **state)
{
	static const char *bodies[] = {
		NULL, LIST("{\"id\":\"c\"}"),
		BATCH(PART("1", "200", EVENT("a", MARK)) "," PART(
			"2", "200", EVENT("made", "")) "," PART("3", "200", EVENT("c", MARK))),
		NULL
	};
	static const char *const ids[] = { "a", "foreign", "made", "instance", "c" };
	struct story *story = *state;
	struct mms_event events[5], *list[5];
	MMS_AUTO(mms_err) err = { 0 };
	char first[256];

	bodies[0] = LIST("");
	answer(story, true, bodies);
	(void)snprintf(first, sizeof first,
		       "{\"value\":[{\"id\":\"a\"},{\"id\":\"x\"}],\"@odata.nextLink\":"
		       "\"http://127.0.0.1:%u/v1.0/me/events?$skip=2&q=%%20\"}",
		       story->canned.port);
	bodies[0] = first;
	make_events(events, list, ids, 5, false);
	events[2].has_made_with = true;
	events[3].has_made_with = true;
	events[3].series_id = mms_text_copy("s");
	if (story->g.ops->complete(story->g.session, list, 5, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
	/* Asked once in a listing. */
	assert_int_equal(story->g.ops->complete(story->g.session, &list[1], 1, &err), MMS_OK);
	assert_int_equal(events[0].mark.kind, MMS_MARK_BOOKING);
	assert_int_equal(events[1].mark.kind, MMS_MARK_NONE);
	assert_int_equal(events[4].mark.kind, MMS_MARK_BOOKING);
	const char *text = asked(story);
	assert_int_equal(story->canned.n_served, 3);
	assert_int_equal(count(text, "GET /v1.0/me/events?$filter="), 1);
	assert_int_equal(count(text, SITE), 1);
	assert_int_equal(count(text, "GET /v1.0/me/events?$skip=2&q=%20 HTTP/1.1\r\n"), 1);
	assert_int_equal(count(text, "/me/events/foreign"), 0);
	assert_int_equal(count(text, "/me/events/instance"), 0);
	release_events(events, 5);
}

static void
a_link_to_another_address_is_not_followed(void **state)
{
	static const struct {
		const char *label, *before, *after; /* the port between them; NULL: none */
	} rows[] = {
		{ "another host", "http://other.example.com:", "/v1.0/me/events?$skip=1" },
		{ "another port", "http://127.0.0.1:1", "/v1.0/me/events" },
		{ "no port", "http://127.0.0.1/v1.0/me/events", NULL },
		{ "another scheme", "https://127.0.0.1:", "/v1.0/me/events" },
		{ "our host as a name", "http://127.0.0.1:", "@other.example.com/" },
		{ "our host as a prefix", "http://127.0.0.1:", ".example.com/" },
		{ "a backslash", "http://127.0.0.1:", "\\\\@other.example.com/" },
		{ "no address", "/v1.0/me/events?$skip=1", NULL },
	};
	static const char *const ids[] = { "a" };
	struct story *story = *state;

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_event events[1], *list[1];
		const char *bodies[] = { LIST(""), NULL };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) page = { 0 };

		answer(story, true, bodies);
		mms_str_addf(&page, "{\"value\":[],\"@odata.nextLink\":\"%s", rows[i].before);
		if (rows[i].after != NULL)
			mms_str_addf(&page, "%u%s", story->canned.port, rows[i].after);
		mms_str_add(&page, "\"}");
		bodies[0] = mms_str_get(&page);
		make_events(events, list, ids, 1, false);
		mms_rc rc = story->g.ops->complete(story->g.session, list, 1, &err);
		release_events(events, 1);
		canned_stop(&story->canned);
		if (rc != MMS_E_CONFIG || story->canned.n_served != 1)
			fail_msg("%s: %s: %s, %zu requests", rows[i].label, mms_rc_name(rc),
				 mms_err_text(&err), story->canned.n_served);
		assert_null(strstr(mms_err_text(&err), "other.example.com"));
	}
}

/* ---- one event ------------------------------------------------------------------------------ */

#define MADE "mmsync:018f2b6c-1111-7abc-8def-0123456789ab"

static void
what_was_made_is_found_by_its_mark(void **state)
{
	static const char *const bodies[] = { LIST("{\"id\":\"old\",\"isCancelled\":true},{"
						   "\"id\":\"new=\"},{\"id\":\"third\"}"),
					      EVENT("new=", MARK),
					      LIST(""),
					      CALENDAR,
					      LIST("{\"id\":\"x\"}"),
					      EVENT("x", ""),
					      NULL };
	struct story *story = *state;
	MMS_AUTO(mms_event) event = { 0 };
	MMS_AUTO(mms_event) other = { 0 };
	MMS_AUTO(mms_event) none = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	assert_int_equal(story->g.ops->get(story->g.session, MADE, &event, &err), MMS_OK);
	assert_string_equal(event.external_id, "new=");
	assert_int_equal(event.mark.kind, MMS_MARK_BOOKING);
	assert_int_equal(story->g.ops->get(story->g.session, MADE, &none, &err), MMS_OK);
	assert_true(none.is_gone);
	assert_string_equal(none.external_id, MADE);
	/* A search that shows what does not have the mark is not believed. */
	assert_int_equal(story->g.ops->get(story->g.session, MADE, &other, &err), MMS_E_RETRY);
	assert_null(other.external_id);
	const char *text = asked(story);
	assert_int_equal(count(text, "018f2b6c-1111-7abc-8def-0123456789ab"), 3);
	assert_int_equal(count(text, "GET /v1.0/me/events/new%3D?$expand="), 1);
	assert_int_equal(story->g.widest, 1);
}

/* ---- writes --------------------------------------------------------------------------------- */

#define ONLINE  ",\"isOnlineMeeting\":true"
#define T(text) ((char *)(uintptr_t)(text))

static const struct mms_meeting talk = { .start_ms = GSESSION_NOW,
					 .end_ms = GSESSION_NOW + 3600000,
					 .title = T("Talk"),
					 .text = T("About it.") };

static struct mms_write
change(const char *id, unsigned fields)
{
	return (struct mms_write){ .kind = MMS_WRITE_CHANGE,
				   .external_id = id,
				   .version = "W/\"1\"",
				   .fields = fields,
				   .meeting = &talk };
}

/* The link by which it is joined stands in its text. */
static void
the_text_of_an_online_meeting_is_left_alone(void **state)
{
	static const char *const bodies[] = {
		BATCH(PART("1", "200", EVENT("a", ONLINE)) "," PART(
			"2", "200",
			EVENT("b", "")) "," PART("3", "200",
						 EVENT("c",
						       ONLINE)) "," PART("4", "200",
									 EVENT_AT("d", "2",
										  "2026-03-12",
										  ONLINE))),
		BATCH(PART("1", "200", EVENT("a", "")) "," PART(
			"2", "200", EVENT("b", "")) "," PART("3", "200", EVENT("e", ""))),
		NULL
	};
	struct story *story = *state;
	const struct mms_write writes[] = {
		change("a", MMS_FIELD_TEXT | MMS_FIELD_TITLE),
		change("b", MMS_FIELD_TEXT),
		change("c", MMS_FIELD_TEXT),
		change("d", MMS_FIELD_TEXT),
		change("e", MMS_FIELD_TITLE),
	};
	static const mms_rc expected[] = { MMS_OK, MMS_OK, MMS_OK, MMS_E_CONFLICT, MMS_OK };
	struct mms_write_result results[5];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	assert_int_equal(story->g.ops->put(story->g.session, writes, 5, results, &err), MMS_OK);
	for (size_t i = 0; i < 5; i++) {
		if (results[i].err.code != expected[i])
			fail_msg("%zu: %s: %s", i, mms_rc_name(results[i].err.code),
				 mms_err_text(&results[i].err));
	}
	assert_string_equal(results[2].event.external_id, "c"); /* as it is */
	const char *text = asked(story);
	assert_int_equal(count(text, "\"PATCH\""), 3);
	assert_int_equal(count(text, "About it."), 1);
	assert_int_equal(count(text, "\"GET\""), 4);
	for (size_t i = 0; i < 5; i++)
		mms_write_result_release(&results[i]);
}

static void
what_cannot_be_cancelled_is_deleted(void **state)
{
	static const char *const bodies[] = {
		BATCH(REFUSED("1", "400",
			      "ErrorInvalidRequest") ","
						     "{\"id\":\"2\",\"status\":202}"),
		"{}", NULL
	};
	struct story *story = *state;
	const struct mms_write writes[] = {
		{ .kind = MMS_WRITE_DELETE, .external_id = "a", .has_guests = true },
		{ .kind = MMS_WRITE_DELETE, .external_id = "b", .has_guests = true },
	};
	struct mms_write_result results[2];
	MMS_AUTO(mms_err) err = { 0 };

	answer(story, false, bodies);
	assert_int_equal(story->g.ops->put(story->g.session, writes, 2, results, &err), MMS_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(results[i].err.code, MMS_OK);
		mms_write_result_release(&results[i]);
	}
	const char *text = asked(story);
	assert_int_equal(count(text, "\"/me/events/a/cancel\""), 1);
	assert_int_equal(count(text, "\"/me/events/b/cancel\""), 1);
	assert_int_equal(count(text, "\r\nDELETE /v1.0/me/events/a HTTP/1.1\r\n") +
				 count(text, "]}DELETE /v1.0/me/events/a HTTP/1.1\r\n"),
			 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_batch_does_not_answer_is_asked_again),
		TEST(a_part_that_refuses_the_token_is_asked_alone_with_another),
		TEST(a_long_wait_in_a_batch_is_told_to_all),
		TEST(a_wait_of_our_own_is_not_told_to_all),
		TEST(an_event_that_is_refused_stays_as_it_was_listed),
		TEST(a_tombstone_is_looked_into),
		TEST(a_series_that_is_there_all_the_same_means_that_all_is_read),
		TEST(nothing_is_gone_where_the_calendar_is),
		TEST(of_a_full_listing_only_ours_are_read),
		TEST(a_link_to_another_address_is_not_followed),
		TEST(what_was_made_is_found_by_its_mark),
		TEST(the_text_of_an_online_meeting_is_left_alone),
		TEST(what_cannot_be_cancelled_is_deleted),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
