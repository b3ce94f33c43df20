/* What is sent: paths, methods, and a write as the JSON of an event. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "google_parts.h"
#include "mmsync/json.h"

/* Rooms and other things that are booked: nobody's guests, and never taken off by us. */
#define ROOM_SUFFIX "resource.calendar.google.com"

void
google_id_print(const unsigned char uuid[16], char out[33])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		out[2 * i] = hex[uuid[i] >> 4];
		out[2 * i + 1] = hex[uuid[i] & 15];
	}
	out[32] = '\0';
}

const char *
google_send_updates(const struct mms_write *write)
{
	if (write->is_busy_block)
		return "none";
	if (write->notify == MMS_SEND_ALL)
		return "all";
	return write->notify == MMS_SEND_EXTERNAL_ONLY ? "externalOnly" : "none";
}

const char *
google_method(const struct mms_write *write)
{
	if (write->kind == MMS_WRITE_CREATE)
		return "POST";
	return write->kind == MMS_WRITE_CHANGE ? "PATCH" : "DELETE";
}

void
google_add_tail(struct mms_str *out, const struct mms_write *write)
{
	mms_str_add(out, "/events");
	if (write->kind != MMS_WRITE_CREATE) {
		mms_str_addc(out, '/');
		wire_add_escaped(out, write->external_id != NULL ? write->external_id : "");
	}
	mms_str_addf(out, "?sendUpdates=%s", google_send_updates(write));
}

/* ---- the event ---------------------------------------------------------------------------- */

static void
put_time(struct mms_json *j, const char *key, int64_t ms, bool was_day)
{
	mms_json_key(j, key);
	mms_json_map(j);
	mms_json_put_time(j, "dateTime", ms);
	mms_json_put_text(j, "timeZone", "UTC");
	/* A change is merged into what is there: a date would stay beside the time. */
	if (was_day) {
		mms_json_key(j, "date");
		mms_json_null(j);
	}
	mms_json_map_end(j);
}

static void
put_guest(struct mms_json *j, const struct mms_attendee *guest)
{
	mms_json_map(j);
	mms_json_put_text(j, "email", guest->email);
	if (guest->display_name != NULL)
		mms_json_put_text(j, "displayName", guest->display_name);
	if (mms_response_name(guest->response) != NULL)
		mms_json_put_text(j, "responseStatus", mms_response_name(guest->response));
	mms_json_map_end(j);
}

static bool
is_room(const struct mms_attendee *attendee)
{
	const size_t len = strlen(attendee->email), suffix = sizeof ROOM_SUFFIX - 1;

	return len > suffix && strcasecmp(attendee->email + len - suffix, ROOM_SUFFIX) == 0;
}

/* A text that may be missing: left out of a new event, taken away from one that is there. */
static void
put_text(struct mms_json *j, const char *key, const char *text, bool is_new)
{
	if (text != NULL || !is_new)
		mms_json_put_text(j, key, text);
}

static void
put_fields(struct mms_json *j, const struct mms_write *write, unsigned fields)
{
	const struct mms_meeting *meeting = write->meeting;
	bool is_new = write->kind == MMS_WRITE_CREATE;
	bool may_be_day = !is_new && (write->seen == NULL || write->seen->is_all_day);

	if ((fields & MMS_FIELD_TITLE) != 0)
		put_text(j, "summary", meeting->title, is_new);
	if ((fields & MMS_FIELD_TEXT) != 0)
		put_text(j, "description", meeting->text, is_new);
	if ((fields & MMS_FIELD_PLACE) != 0)
		put_text(j, "location", meeting->place, is_new);
	if ((fields & MMS_FIELD_TIMES) != 0) {
		put_time(j, "start", meeting->start_ms, may_be_day);
		put_time(j, "end", meeting->end_ms, may_be_day);
	}
	if ((fields & MMS_FIELD_GUESTS) != 0 && (!is_new || meeting->n_guests > 0))
		wire_put_guests(j, write, is_room, put_guest);
}

static void
put_mark(struct mms_json *j, const struct mms_mark *mark)
{
	mms_json_key(j, "extendedProperties");
	mms_json_map(j);
	mms_json_key(j, "private");
	mms_json_map(j);
	wire_put_uuid(j, "mmsync_id", mark->id);
	mms_json_put_text(j, "mmsync_kind", mms_mark_kind_name(mark->kind));
	if (mark->has_source)
		wire_put_uuid(j, "mmsync_source", mark->source);
	wire_put_uuid(j, "mmsync_site", mark->site);
	mms_json_map_end(j);
	mms_json_map_end(j);
}

/* Busy, nobody's business, silent. */
static void
put_block(struct mms_json *j)
{
	mms_json_put_text(j, "visibility", "private");
	mms_json_put_text(j, "transparency", "opaque");
	mms_json_key(j, "reminders");
	mms_json_map(j);
	mms_json_put_bool(j, "useDefault", false);
	mms_json_key(j, "overrides");
	mms_json_array(j);
	mms_json_array_end(j);
	mms_json_map_end(j);
}

mms_rc
google_body(const struct mms_write *write, struct mms_str *out, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	bool is_new = write->kind == MMS_WRITE_CREATE;
	unsigned fields = wire_fields(write);
	char id[33];

	mms_rc rc = wire_body_begin(&j, write, &fields, out, err);
	if (rc != MMS_OK)
		return rc;
	if (is_new) {
		google_id_print(write->mark.id, id);
		mms_json_put_text(&j, "id", id);
	}
	put_fields(&j, write, fields);
	if ((fields & MMS_FIELD_MARK) != 0)
		put_mark(&j, &write->mark);
	if (write->is_busy_block)
		put_block(&j);
	return wire_body_end(&j, err);
}
