/* What is sent to Google Calendar: paths, methods, and a write as the JSON of an event. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/provider/google_parts.h"
#include "support/body_rows.h"

#define ID "0190a0b0c0d07e0f8000000000000001"
#define MARK                                                                                  \
	"\"extendedProperties\":{\"private\":{"                                               \
	"\"mmsync_id\":\"0190a0b0-c0d0-7e0f-8000-000000000001\",\"mmsync_kind\":\"booking\"," \
	"\"mmsync_site\":\"ff000000-0000-0000-0000-000000000000\"}}"
#define MARK_OF(id, kind, source)                                                            \
	"\"extendedProperties\":{\"private\":{"                                              \
	"\"mmsync_id\":\"" id "000000-0000-0000-0000-000000000000\",\"mmsync_kind\":\"" kind \
	"\"," source "\"mmsync_site\":\"ff000000-0000-0000-0000-000000000000\"}}"
#define SOURCE "\"mmsync_source\":\"cd000000-0000-0000-0000-000000000000\","
#define BLOCK                                                     \
	"\"visibility\":\"private\",\"transparency\":\"opaque\"," \
	"\"reminders\":{\"useDefault\":false,\"overrides\":[]}"
#define SPAN                                                                      \
	"\"start\":{\"dateTime\":\"2026-03-10T09:00:00Z\",\"timeZone\":\"UTC\"}," \
	"\"end\":{\"dateTime\":\"2026-03-10T10:00:00Z\",\"timeZone\":\"UTC\"}"
#define SPAN_OVER_DAY                                                                          \
	"\"start\":{\"dateTime\":\"2026-03-10T09:00:00Z\",\"timeZone\":\"UTC\",\"date\":null}" \
	","                                                                                    \
	"\"end\":{\"dateTime\":\"2026-03-10T10:00:00Z\",\"timeZone\":\"UTC\",\"date\":null}"

static struct mms_attendee seen_guests[] = {
	{ T("ann@example.com"), NULL, MMS_RESPONSE_ACCEPTED, MMS_ATTENDEE_REQUIRED },
	{ T("CY@example.com"), T("Cy Seen"), MMS_RESPONSE_DECLINED, MMS_ATTENDEE_REQUIRED },
	{ T("old@example.com"), NULL, MMS_RESPONSE_ACCEPTED, MMS_ATTENDEE_REQUIRED },
	{ T("c_1@resource.calendar.google.com"), T("Room"), MMS_RESPONSE_ACCEPTED,
	  MMS_ATTENDEE_REQUIRED },
};
static const struct mms_event timed = { .organizer_email = T("Ann@example.com"),
					.attendees = seen_guests,
					.n_attendees = MMS_COUNT(seen_guests) },
			      all_day = { .is_all_day = true },
			      partial = { .is_partial = true,
					  .attendees = seen_guests,
					  .n_attendees = 2 };

static const struct body_row bodies[] = {
	{ "a booking",
	  { .meeting = &body_whole },
	  "{\"id\":\"" ID "\",\"summary\":\"Talk \\\"x\\\"\",\"description\":"
	  "\"<b>a</b>\\nb\",\"location\":\"Room 1\"," SPAN ",\"attendees\":["
	  "{\"email\":\"cy@example.com\",\"displayName\":\"Cy\"},"
	  "{\"email\":\"New@example.com\"}]," MARK "}",
	  MMS_OK },
	{ "a bare one",
	  { .meeting = &body_bare },
	  "{\"id\":\"" ID "\",\"summary\":\"Busy\"," SPAN "," MARK "}",
	  MMS_OK },
	{ "a block: private, silent, alone, without place or text",
	  { .meeting = &body_whole, .is_busy_block = true },
	  "{\"id\":\"" ID "\",\"summary\":\"Talk \\\"x\\\"\"," SPAN "," MARK "," BLOCK "}",
	  MMS_OK },
	{ "a title",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_TITLE, .meeting = &body_bare },
	  "{\"summary\":\"Busy\"}",
	  MMS_OK },
	{ "nothing in place of something",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_TITLE | MMS_FIELD_PLACE | MMS_FIELD_TEXT,
	    .meeting = &body_empty },
	  "{\"summary\":null,\"description\":null,\"location\":null}",
	  MMS_OK },
	{ "other times",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_TIMES,
	    .meeting = &body_bare,
	    .seen = &timed },
	  "{" SPAN "}",
	  MMS_OK },
	{ "times of what was a day",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_TIMES,
	    .meeting = &body_bare,
	    .seen = &all_day },
	  "{" SPAN_OVER_DAY "}",
	  MMS_OK },
	{ "times of what may be a day",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_TIMES, .meeting = &body_bare },
	  "{" SPAN_OVER_DAY "}",
	  MMS_OK },
	{ "guests: who stays keeps the answer, organizer and room stay, who is not "
	  "wanted goes",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_GUESTS,
	    .meeting = &body_whole,
	    .seen = &timed },
	  "{\"attendees\":["
	  "{\"email\":\"ann@example.com\",\"responseStatus\":\"accepted\"},"
	  "{\"email\":\"CY@example.com\",\"displayName\":\"Cy Seen\","
	  "\"responseStatus\":\"declined\"},"
	  "{\"email\":\"c_1@resource.calendar.google.com\",\"displayName\":\"Room\","
	  "\"responseStatus\":\"accepted\"},{\"email\":\"New@example.com\"}]}",
	  MMS_OK },
	{ "guests of whom not all are known are left alone",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_GUESTS | MMS_FIELD_TITLE,
	    .meeting = &body_whole,
	    .seen = &partial },
	  "{\"summary\":\"Talk \\\"x\\\"\"}",
	  MMS_OK },
	{ "no guests any more",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_GUESTS, .meeting = &body_bare },
	  "{\"attendees\":[]}",
	  MMS_OK },
	{ "a change of a block: guests, place and text never, private and busy again",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_ALL & ~MMS_FIELD_TIMES,
	    .meeting = &body_whole,
	    .is_busy_block = true },
	  "{\"summary\":\"Talk \\\"x\\\"\"," BLOCK "}",
	  MMS_OK },
	{ "all of a block, and its mark",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_TIMES | MMS_FIELD_TITLE | MMS_FIELD_MARK,
	    .meeting = &body_bare,
	    .seen = &timed,
	    .is_busy_block = true,
	    .mark = { .kind = MMS_MARK_BUSY_BLOCK,
		      .has_source = true,
		      .id = { 0xab },
		      .source = { 0xcd },
		      .site = { 0xff } } },
	  "{\"summary\":\"Busy\"," SPAN "," MARK_OF("ab", "busy_block", SOURCE) "," BLOCK "}",
	  MMS_OK },
	{ "a mark alone, of what has no meeting",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_MARK,
	    .mark = { .kind = MMS_MARK_USER_EVENT, .id = { 0xab }, .site = { 0xff } } },
	  "{" MARK_OF("ab", "user_event", "") "}",
	  MMS_OK },
	{ "a mark and a title",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_MARK | MMS_FIELD_TITLE,
	    .meeting = &body_bare,
	    .mark = { .kind = MMS_MARK_USER_EVENT, .id = { 0xab }, .site = { 0xff } } },
	  "{\"summary\":\"Busy\"," MARK_OF("ab", "user_event", "") "}",
	  MMS_OK },
	{ "no kind of a mark",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_MARK, .mark = { .id = { 0xab } } },
	  NULL,
	  MMS_E_BUG },
	{ "a mark and fields of no meeting",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_MARK | MMS_FIELD_TITLE,
	    .mark = { .kind = MMS_MARK_USER_EVENT } },
	  NULL,
	  MMS_E_BUG },
	{ "no times", { .meeting = &body_timeless }, NULL, MMS_E_ITEM },
	{ "times backwards", { .meeting = &body_backwards }, NULL, MMS_E_ITEM },
	{ "times that are not sent may be what they like",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_TITLE, .meeting = &body_timeless },
	  "{\"summary\":null}",
	  MMS_OK },
	{ "no meeting", { .kind = MMS_WRITE_CHANGE }, NULL, MMS_E_BUG },
};

static void
a_write_is_the_json_of_what_changes(void **state)
{
	(void)state;
	body_play(bodies, MMS_COUNT(bodies), google_body);
}

static void
a_source_is_marked_and_a_kind_must_be(void **state)
{
	struct mms_write write = { .meeting = &body_bare, .mark = body_mark };
	MMS_AUTO(mms_str) body = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	write.mark.kind = MMS_MARK_BUSY_BLOCK;
	write.mark.has_source = true;
	write.mark.source[0] = 0xab;
	assert_int_equal(google_body(&write, &body, &err), MMS_OK);
	assert_non_null(strstr(mms_str_get(&body),
			       "\"mmsync_source\":\"ab000000-0000-0000-0000-000000000000\""));
	assert_non_null(strstr(mms_str_get(&body), "\"mmsync_kind\":\"busy_block\""));
	write.mark.kind = MMS_MARK_NONE;
	assert_int_equal(google_body(&write, &body, &err), MMS_E_BUG);
}

static void
a_write_has_its_method_and_its_path(void **state)
{
	static const struct {
		struct mms_write write;
		const char *method, *tail;
	} rows[] = {
		{ { 0 }, "POST", "/events?sendUpdates=none" },
		{ { .notify = MMS_SEND_ALL }, "POST", "/events?sendUpdates=all" },
		{ { .notify = MMS_SEND_ALL, .is_busy_block = true },
		  "POST",
		  "/events?sendUpdates=none" },
		{ { .kind = MMS_WRITE_CHANGE,
		    .external_id = "a",
		    .notify = MMS_SEND_EXTERNAL_ONLY },
		  "PATCH",
		  "/events/a?sendUpdates=externalOnly" },
		{ { .kind = MMS_WRITE_CHANGE,
		    .external_id = "a",
		    .notify = MMS_SEND_ALL,
		    .is_busy_block = true },
		  "PATCH",
		  "/events/a?sendUpdates=none" },
		{ { .kind = MMS_WRITE_DELETE,
		    .external_id = "a/b?c#d e%2F\xc3\xa4_20260310T1Z" },
		  "DELETE",
		  "/events/a%2Fb%3Fc%23d%20e%252F%C3%A4_20260310T1Z?sendUpdates=none" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) tail = { 0 };

		google_add_tail(&tail, &rows[i].write);
		assert_string_equal(google_method(&rows[i].write), rows[i].method);
		assert_string_equal(mms_str_get(&tail), rows[i].tail);
	}
}

static void
a_version_is_a_header_or_none(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
	} rows[] = {
		{ "\"3485815948352798\"", true }, { "W/\"1\"", true },  { "", false },
		{ "\"1\"\r\nX: y", false },       { "\"1\n\"", false }, { "\x7f", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		assert_int_equal(service_is_version(rows[i].text), rows[i].is_good);
}

static void
without_memory_a_body_is_whole_or_none(void **state)
{
	(void)state;
	body_play_memory(google_body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_is_the_json_of_what_changes),
		cmocka_unit_test(a_source_is_marked_and_a_kind_must_be),
		cmocka_unit_test(a_write_has_its_method_and_its_path),
		cmocka_unit_test(a_version_is_a_header_or_none),
		cmocka_unit_test(without_memory_a_body_is_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
