/* What is sent to Microsoft Graph: a write as the JSON of an event, and what our properties are asked by. */
#include <stdio.h>
#include <string.h>

#include "mmsync/uuid.h"
#include "outlook_parts.h"

#define PROPERTY "String " OUTLOOK_PROPERTY_SET " Name "

unsigned
outlook_fields(const struct mms_write *write, bool is_online)
{
	unsigned fields = wire_fields(write);

	/* The service has written the link by which one joins into the text. */
	if (is_online)
		fields &= ~(unsigned)MMS_FIELD_TEXT;
	return fields;
}

/* ---- the event ---------------------------------------------------------------------------- */

static void
put_time(struct mms_json *j, const char *key, int64_t ms)
{
	char text[MMS_TIME_TEXT_MAX];
	size_t len = strlen(mms_time_print(ms, text));

	/* The zone stands beside the time, which must not name another: without its "Z". */
	text[len - 1] = '\0';
	mms_json_key(j, key);
	mms_json_map(j);
	mms_json_put_text(j, "dateTime", text);
	mms_json_put_text(j, "timeZone", "UTC");
	mms_json_map_end(j);
}

static const char *
type_of(enum mms_attendee_type type)
{
	if (type == MMS_ATTENDEE_RESOURCE)
		return "resource";
	return type == MMS_ATTENDEE_OPTIONAL ? "optional" : "required";
}

/* Answers are the service's own: it ignores those that are sent. */
static void
put_guest(struct mms_json *j, const struct mms_attendee *guest)
{
	mms_json_map(j);
	mms_json_key(j, "emailAddress");
	mms_json_map(j);
	mms_json_put_text(j, "address", guest->email);
	if (guest->display_name != NULL)
		mms_json_put_text(j, "name", guest->display_name);
	mms_json_map_end(j);
	mms_json_put_text(j, "type", type_of(guest->type));
	mms_json_map_end(j);
}

static bool
is_room(const struct mms_attendee *attendee)
{
	return attendee->type == MMS_ATTENDEE_RESOURCE;
}

/* A text that is not there is "" where there may have been one: the service keeps what is not sent. */
static const char *
text_of(const char *text)
{
	return text != NULL ? text : "";
}

static void
put_text(struct mms_json *j, const char *text)
{
	mms_json_key(j, "body");
	mms_json_map(j);
	mms_json_put_text(j, "contentType", "html");
	mms_json_put_text(j, "content", text_of(text));
	mms_json_map_end(j);
}

static void
put_place(struct mms_json *j, const char *place)
{
	mms_json_key(j, "location");
	mms_json_map(j);
	mms_json_put_text(j, "displayName", text_of(place));
	mms_json_map_end(j);
}

static void
put_fields(struct mms_json *j, const struct mms_write *write, unsigned fields)
{
	const struct mms_meeting *meeting = write->meeting;
	bool is_new = write->kind == MMS_WRITE_CREATE;

	if ((fields & MMS_FIELD_TITLE) != 0 && (meeting->title != NULL || !is_new))
		mms_json_put_text(j, "subject", text_of(meeting->title));
	if ((fields & MMS_FIELD_TEXT) != 0 && (meeting->text != NULL || !is_new))
		put_text(j, meeting->text);
	if ((fields & MMS_FIELD_PLACE) != 0 && (meeting->place != NULL || !is_new))
		put_place(j, meeting->place);
	if ((fields & MMS_FIELD_TIMES) != 0) {
		put_time(j, "start", meeting->start_ms);
		put_time(j, "end", meeting->end_ms);
		/* Of what was a day other times than midnight would be refused. */
		if (!is_new && (write->seen == NULL || write->seen->is_all_day))
			mms_json_put_bool(j, "isAllDay", false);
	}
	if ((fields & MMS_FIELD_GUESTS) != 0 && (!is_new || meeting->n_guests > 0))
		wire_put_guests(j, write, is_room, put_guest);
}

/* An extended property, but for its value. */
static void
begin_property(struct mms_json *j, const char *name)
{
	char id[128];

	(void)snprintf(id, sizeof id, PROPERTY "%s", name);
	mms_json_map(j);
	mms_json_put_text(j, "id", id);
}

static void
put_property(struct mms_json *j, const char *name, const unsigned char uuid[16])
{
	begin_property(j, name);
	wire_put_uuid(j, "value", uuid);
	mms_json_map_end(j);
}

static void
put_mark(struct mms_json *j, const struct mms_mark *mark)
{
	mms_json_key(j, "singleValueExtendedProperties");
	mms_json_array(j);
	put_property(j, "mmsync_id", mark->id);
	begin_property(j, "mmsync_kind");
	mms_json_put_text(j, "value", mms_mark_kind_name(mark->kind));
	mms_json_map_end(j);
	if (mark->has_source)
		put_property(j, "mmsync_source", mark->source);
	put_property(j, "mmsync_site", mark->site);
	mms_json_array_end(j);
}

/* Busy, nobody's business, silent. */
static void
put_block(struct mms_json *j)
{
	mms_json_put_text(j, "sensitivity", "private");
	mms_json_put_text(j, "showAs", "busy");
	mms_json_put_bool(j, "isReminderOn", false);
}

mms_rc
outlook_body(const struct mms_write *write, unsigned fields, struct mms_str *out,
	     struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = wire_body_begin(&j, write, &fields, out, err);
	if (rc != MMS_OK)
		return rc;
	put_fields(&j, write, fields);
	if (write->kind == MMS_WRITE_CREATE) {
		wire_put_uuid(&j, "transactionId", write->mark.id);
		/* Nobody is asked for an answer that nothing here would wait for. */
		mms_json_put_bool(&j, "responseRequested", false);
	}
	if ((fields & MMS_FIELD_MARK) != 0)
		put_mark(&j, &write->mark);
	if (write->is_busy_block)
		put_block(&j);
	return wire_body_end(&j, err);
}

/* ---- how our properties are asked for ------------------------------------------------------- */

/* A text between single quotes: one in it is written twice. */
static void
add_word(struct mms_str *out, const char *text)
{
	char one[2] = { 0 };

	wire_add_escaped(out, "'");
	for (; *text != '\0'; text++) {
		one[0] = *text;
		wire_add_escaped(out, one);
		if (*text == '\'')
			wire_add_escaped(out, one);
	}
	wire_add_escaped(out, "'");
}

static void
add_name(struct mms_str *out, const char *name)
{
	wire_add_escaped(out, "'" PROPERTY);
	wire_add_escaped(out, name);
	wire_add_escaped(out, "'");
}

void
outlook_add_expand(struct mms_str *out)
{
	static const char *const names[] = { "mmsync_id", "mmsync_kind", "mmsync_source",
					     "mmsync_site" };

	mms_str_add(out, "$expand=singleValueExtendedProperties");
	wire_add_escaped(out, "($filter=");
	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		wire_add_escaped(out, i > 0 ? " or id eq " : "id eq ");
		add_name(out, names[i]);
	}
	wire_add_escaped(out, ")");
}

void
outlook_add_filter(struct mms_str *out, const char *name, const char *value)
{
	mms_str_add(out, "$filter=singleValueExtendedProperties/");
	wire_add_escaped(out, "Any(ep: ep/id eq ");
	add_name(out, name);
	wire_add_escaped(out, " and ep/value eq ");
	add_word(out, value);
	wire_add_escaped(out, ")");
}
