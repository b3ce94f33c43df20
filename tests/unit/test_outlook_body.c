/* What is sent to Microsoft Graph: a write as the JSON of an event, and how our properties are asked for. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/provider/outlook_parts.h"
#include "support/body_rows.h"

#define UUID "0190a0b0-c0d0-7e0f-8000-000000000001"
#define PROPERTY(name, value)                                                      \
	"{\"id\":\"String {6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10} Name " name "\"," \
	"\"value\":\"" value "\"}"
#define NEW                                                                             \
	"\"transactionId\":\"" UUID "\",\"responseRequested\":false,"                   \
	"\"singleValueExtendedProperties\":[" PROPERTY("mmsync_id", UUID) "," PROPERTY( \
		"mmsync_kind",                                                          \
		"booking") "," PROPERTY("mmsync_site",                                  \
					"ff000000-0000-0000-0000-000000000000") "]"
#define ZEROES "000000-0000-0000-0000-000000000000"
#define MARK_OF(id, kind, source)                                                            \
	"\"singleValueExtendedProperties\":[" PROPERTY("mmsync_id", id ZEROES) "," PROPERTY( \
		"mmsync_kind", kind) "," source PROPERTY("mmsync_site", "ff" ZEROES) "]"
#define SOURCE PROPERTY("mmsync_source", "cd" ZEROES) ","
#define BLOCK  "\"sensitivity\":\"private\",\"showAs\":\"busy\",\"isReminderOn\":false"
#define SPAN                                                                     \
	"\"start\":{\"dateTime\":\"2026-03-10T09:00:00\",\"timeZone\":\"UTC\"}," \
	"\"end\":{\"dateTime\":\"2026-03-10T10:00:00\",\"timeZone\":\"UTC\"}"
#define TEXT(content) "\"body\":{\"contentType\":\"html\",\"content\":\"" content "\"}"
#define PLACE(name)   "\"location\":{\"displayName\":\"" name "\"}"

static struct mms_attendee seen_guests[] = {
	{ T("ann@example.com"), NULL, MMS_RESPONSE_ACCEPTED, MMS_ATTENDEE_REQUIRED },
	{ T("CY@example.com"), T("Cy Seen"), MMS_RESPONSE_DECLINED, MMS_ATTENDEE_OPTIONAL },
	{ T("old@example.com"), NULL, MMS_RESPONSE_ACCEPTED, MMS_ATTENDEE_REQUIRED },
	{ T("room@example.com"), T("Room"), MMS_RESPONSE_ACCEPTED, MMS_ATTENDEE_RESOURCE },
};
static const struct mms_event timed = { .organizer_email = T("Ann@example.com"),
					.attendees = seen_guests,
					.n_attendees = MMS_COUNT(seen_guests) },
			      all_day = { .is_all_day = true },
			      partial = { .is_partial = true,
					  .attendees = seen_guests,
					  .n_attendees = 2 };

#define GUEST(address, name, type) \
	"{\"emailAddress\":{\"address\":\"" address "\"" name "},\"type\":\"" type "\"}"
#define NAMED(name) ",\"name\":\"" name "\""

static const struct body_row bodies[] = {
	{ "a booking",
	  { .meeting = &body_whole },
	  "{\"subject\":\"Talk \\\"x\\\"\"," TEXT("<b>a</b>\\nb") "," PLACE(
		  "Room 1") "," SPAN
			    ",\"attendees\":[" GUEST(
				    "cy@example.com", NAMED("Cy"),
				    "required") "," GUEST("New@example.com", "",
							  "required") "]," NEW "}",
	  MMS_OK },
	{ "a bare one",
	  { .meeting = &body_bare },
	  "{\"subject\":\"Busy\"," SPAN "," NEW "}",
	  MMS_OK },
	{ "a block: private, silent, alone, without place or text",
	  { .meeting = &body_whole, .is_busy_block = true },
	  "{\"subject\":\"Talk \\\"x\\\"\"," SPAN "," NEW "," BLOCK "}",
	  MMS_OK },
	{ "a title",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_TITLE, .meeting = &body_bare },
	  "{\"subject\":\"Busy\"}",
	  MMS_OK },
	{ "nothing in place of something",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_TITLE | MMS_FIELD_PLACE | MMS_FIELD_TEXT,
	    .meeting = &body_empty },
	  "{\"subject\":\"\"," TEXT("") "," PLACE("") "}",
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
	  "{" SPAN ",\"isAllDay\":false}",
	  MMS_OK },
	{ "times of what may be a day",
	  { .kind = MMS_WRITE_CHANGE, .fields = MMS_FIELD_TIMES, .meeting = &body_bare },
	  "{" SPAN ",\"isAllDay\":false}",
	  MMS_OK },
	{ "guests: who stays stands as before, organizer and room stay, who is not wanted goes",
	  { .kind = MMS_WRITE_CHANGE,
	    .fields = MMS_FIELD_GUESTS,
	    .meeting = &body_whole,
	    .seen = &timed },
	  "{\"attendees\":[" GUEST("ann@example.com", "", "required") "," GUEST(
		  "CY@example.com", NAMED("Cy Seen"),
		  "optional") "," GUEST("room@example.com", NAMED("Room"),
					"resource") "," GUEST("New@example.com", "",
							      "required") "]}",
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
	  "{\"subject\":\"Talk \\\"x\\\"\"," BLOCK "}",
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
	  "{\"subject\":\"Busy\"," SPAN "," MARK_OF("ab", "busy_block", SOURCE) "," BLOCK "}",
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
	  "{\"subject\":\"Busy\"," MARK_OF("ab", "user_event", "") "}",
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
	  "{\"subject\":\"\"}",
	  MMS_OK },
	{ "no meeting", { .kind = MMS_WRITE_CHANGE }, NULL, MMS_E_BUG },
};

static mms_rc
make(const struct mms_write *write, struct mms_str *out, struct mms_err *err)
{
	return outlook_body(write, write->fields, out, err);
}

static void
a_write_is_the_json_of_what_changes(void **state)
{
	(void)state;
	body_play(bodies, MMS_COUNT(bodies), make);
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
	assert_int_equal(outlook_body(&write, 0, &body, &err), MMS_OK);
	assert_non_null(
		strstr(mms_str_get(&body),
		       PROPERTY("mmsync_source", "ab000000-0000-0000-0000-000000000000")));
	assert_non_null(strstr(mms_str_get(&body), PROPERTY("mmsync_kind", "busy_block")));
	write.mark.kind = MMS_MARK_NONE;
	assert_int_equal(outlook_body(&write, 0, &body, &err), MMS_E_BUG);
}

static void
some_fields_are_held_back(void **state)
{
	static const struct {
		const char *label;
		unsigned fields;
		const struct mms_event *seen;
		bool is_online;
		unsigned sent;
	} rows[] = {
		{ "all", MMS_FIELD_ALL, &timed, false, MMS_FIELD_ALL },
		{ "nobody knows how it stands", MMS_FIELD_ALL, NULL, false, MMS_FIELD_ALL },
		{ "guests of whom not all are known", MMS_FIELD_ALL, &partial, false,
		  MMS_FIELD_ALL & ~MMS_FIELD_GUESTS },
		{ "a mark, too", MMS_FIELD_ALL | MMS_FIELD_MARK, &partial, true,
		  (MMS_FIELD_ALL | MMS_FIELD_MARK) & ~(MMS_FIELD_GUESTS | MMS_FIELD_TEXT) },
		{ "the text of an online meeting", MMS_FIELD_TEXT | MMS_FIELD_TIMES, &timed,
		  true, MMS_FIELD_TIMES },
		{ "what we do not know", 1U << 9, &timed, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_write write = { .kind = MMS_WRITE_CHANGE,
						 .fields = rows[i].fields,
						 .seen = rows[i].seen };
		if (outlook_fields(&write, rows[i].is_online) != rows[i].sent)
			fail_msg("%s", rows[i].label);
	}
}

static void
properties_are_asked_for_by_name_and_value(void **state)
{
	static const struct {
		const char *name, *value, *text;
	} rows[] = {
		{ "mmsync_id", UUID,
		  "$filter=singleValueExtendedProperties/Any%28ep%3A%20ep%2Fid%20eq%20"
		  "%27String%20%7B6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10%7D%20Name%20mmsync_id%27"
		  "%20and%20ep%2Fvalue%20eq%20%27" UUID "%27%29" },
		{ "mmsync_site", "o'a&b",
		  "$filter=singleValueExtendedProperties/Any%28ep%3A%20ep%2Fid%20eq%20"
		  "%27String%20%7B6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10%7D%20Name%20mmsync_site"
		  "%27%20and%20ep%2Fvalue%20eq%20%27o%27%27a%26b%27%29" },
	};
	MMS_AUTO(mms_str) expand = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) out = { 0 };

		outlook_add_filter(&out, rows[i].name, rows[i].value);
		assert_string_equal(mms_str_get(&out), rows[i].text);
	}
#define ASKED(name)                                                           \
	"id%20eq%20%27String%20%7B6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10%7D%20" \
	"Name%20" name "%27"
	outlook_add_expand(&expand);
	assert_string_equal(
		mms_str_get(&expand),
		"$expand=singleValueExtendedProperties%28%24filter%"
		"3D" ASKED("mmsync_id") "%20or%20" ASKED("mmsync_kind") "%20or%20" ASKED(
			"mmsync_source") "%20or%20" ASKED("mmsync_site") "%29");
}

static void
without_memory_a_body_is_whole_or_none(void **state)
{
	(void)state;
	body_play_memory(make);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_is_the_json_of_what_changes),
		cmocka_unit_test(a_source_is_marked_and_a_kind_must_be),
		cmocka_unit_test(some_fields_are_held_back),
		cmocka_unit_test(properties_are_asked_for_by_name_and_value),
		cmocka_unit_test(without_memory_a_body_is_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
