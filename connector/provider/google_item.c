/* One item of a page to an event: Google's words to ours. */
#include <stdio.h>
#include <string.h>

#include "google_parts.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/uuid.h"

/* Of one event; the service has fewer, the column holds fewer still. */
#define ATTENDEES_MAX ((size_t)2000)

/* What of an item is not a text to be taken over as it stands. */
struct item {
	const struct google_reader *reader;
	struct mms_jscan *scan;
	struct mms_event *event;
	size_t cap_attendees;
	struct mms_jvalue status, transparency, visibility, kind, updated;
	struct google_when start, end;
	struct mms_jvalue mark_id, mark_kind, mark_source, mark_site;
	bool has_recurrence, is_open_ended;
	struct mms_str doubts;
};

struct member;
typedef mms_rc (*read_fn)(struct item *it, const struct member *member,
			  const struct mms_jvalue *value, struct mms_err *err);
struct member {
	const char *name;
	size_t len;
	read_fn read;
	size_t at; /* of the place in struct mms_event, or in struct item */
};

static mms_rc
cut_off(const struct mms_jscan *s, struct mms_err *err)
{
	return mms_fail(err, MMS_E_RETRY, "the answer is no calendar event: %s",
			s->why != NULL ? s->why : "it ends in the middle");
}

/* ---- members ------------------------------------------------------------------------------ */

static mms_rc
read_text(struct item *it, const struct member *member, const struct mms_jvalue *value,
	  struct mms_err *err)
{
	char **place = (char **)(void *)((char *)it->event + member->at);

	if (!mms_jscan_skip(it->scan, value))
		return cut_off(it->scan, err);
	return wire_take_text(value, place, err);
}

/* Kept as it stands until the item is at its end. */
static mms_rc
read_value(struct item *it, const struct member *member, const struct mms_jvalue *value,
	   struct mms_err *err)
{
	*(struct mms_jvalue *)(void *)((char *)it + member->at) = *value;
	return mms_jscan_skip(it->scan, value) ? MMS_OK : cut_off(it->scan, err);
}

static mms_rc
read_when(struct item *it, const struct member *member, const struct mms_jvalue *value,
	  struct mms_err *err)
{
	struct google_when *when = (struct google_when *)(void *)((char *)it + member->at);
	const struct wire_slot slots[] = {
		WIRE_SLOT("date", &when->date),
		WIRE_SLOT("dateTime", &when->date_time),
		WIRE_SLOT("timeZone", &when->zone),
	};

	*when = (struct google_when){ 0 };
	return wire_read_map(it->scan, value, slots, MMS_COUNT(slots)) ? MMS_OK
								       : cut_off(it->scan, err);
}

static mms_rc
read_organizer(struct item *it, const struct member *member, const struct mms_jvalue *value,
	       struct mms_err *err)
{
	struct mms_jvalue email = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("email", &email) };

	(void)member;
	if (!wire_read_map(it->scan, value, slots, MMS_COUNT(slots)))
		return cut_off(it->scan, err);
	return wire_take_text(&email, &it->event->organizer_email, err);
}

static mms_rc
read_recurrence(struct item *it, const struct member *member, const struct mms_jvalue *value,
		struct mms_err *err)
{
	(void)member;
	it->has_recurrence = false;
	if (value->type != MMS_J_ARRAY)
		return mms_jscan_skip(it->scan, value) ? MMS_OK : cut_off(it->scan, err);
	for (struct mms_jvalue line; mms_jscan_more(it->scan, NULL);) {
		if (!mms_jscan_value(it->scan, &line) || !mms_jscan_skip(it->scan, &line))
			break;
		it->has_recurrence = true;
	}
	return it->scan->why == NULL ? MMS_OK : cut_off(it->scan, err);
}

static mms_rc
read_omitted(struct item *it, const struct member *member, const struct mms_jvalue *value,
	     struct mms_err *err)
{
	(void)member;
	it->event->is_partial = it->event->is_partial || wire_is_true(value);
	return mms_jscan_skip(it->scan, value) ? MMS_OK : cut_off(it->scan, err);
}

static mms_rc
read_open_ended(struct item *it, const struct member *member, const struct mms_jvalue *value,
		struct mms_err *err)
{
	(void)member;
	it->is_open_ended = wire_is_true(value);
	return mms_jscan_skip(it->scan, value) ? MMS_OK : cut_off(it->scan, err);
}

static enum mms_response
response_of(const struct mms_jvalue *value)
{
	for (int r = MMS_RESPONSE_NEEDS_ACTION; r <= MMS_RESPONSE_DECLINED; r++) {
		if (wire_is_word(value, mms_response_name((enum mms_response)r)))
			return (enum mms_response)r;
	}
	return MMS_RESPONSE_UNKNOWN;
}

static mms_rc
add_attendee(struct item *it, const struct mms_jvalue *email, const struct mms_jvalue *name,
	     enum mms_response response, struct mms_err *err)
{
	struct mms_event *event = it->event;

	if (event->n_attendees >= ATTENDEES_MAX) {
		event->is_partial = true;
		return MMS_OK;
	}
	struct mms_attendee *moved = mms_grow(event->attendees, event->n_attendees,
					      &it->cap_attendees, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	event->attendees = moved;
	struct mms_attendee *a = &moved[event->n_attendees];
	*a = (struct mms_attendee){ .response = response };
	mms_rc rc = wire_take_text(email, &a->email, err);
	if (rc != MMS_OK || a->email == NULL)
		return rc; /* somebody without an address: no guest that could be named */
	event->n_attendees++;
	return wire_take_text(name, &a->display_name, err);
}

static mms_rc
read_attendee(struct item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	struct mms_jvalue email = { 0 }, name = { 0 }, answer = { 0 }, self = { 0 };
	const struct wire_slot slots[] = {
		WIRE_SLOT("email", &email),
		WIRE_SLOT("displayName", &name),
		WIRE_SLOT("responseStatus", &answer),
		WIRE_SLOT("self", &self),
	};

	if (!wire_read_map(it->scan, value, slots, MMS_COUNT(slots)))
		return cut_off(it->scan, err);
	enum mms_response response = response_of(&answer);
	if (wire_is_true(&self) && response == MMS_RESPONSE_DECLINED)
		it->event->is_declined = true;
	return add_attendee(it, &email, &name, response, err);
}

static void
drop_attendees(struct mms_event *event)
{
	for (size_t i = 0; i < event->n_attendees; i++) {
		mms_free(event->attendees[i].email);
		mms_free(event->attendees[i].display_name);
	}
	event->n_attendees = 0;
	event->is_declined = false;
}

static mms_rc
read_attendees(struct item *it, const struct member *member, const struct mms_jvalue *value,
	       struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	(void)member;
	drop_attendees(it->event);
	if (value->type != MMS_J_ARRAY)
		return mms_jscan_skip(it->scan, value) ? MMS_OK : cut_off(it->scan, err);
	for (struct mms_jvalue guest; rc == MMS_OK && mms_jscan_more(it->scan, NULL);) {
		if (!mms_jscan_value(it->scan, &guest))
			break;
		rc = read_attendee(it, &guest, err);
	}
	if (rc != MMS_OK)
		return rc;
	return it->scan->why == NULL ? MMS_OK : cut_off(it->scan, err);
}

static mms_rc
read_properties(struct item *it, const struct member *member, const struct mms_jvalue *value,
		struct mms_err *err)
{
	const struct wire_slot slots[] = {
		WIRE_SLOT("mmsync_id", &it->mark_id),
		WIRE_SLOT("mmsync_kind", &it->mark_kind),
		WIRE_SLOT("mmsync_source", &it->mark_source),
		WIRE_SLOT("mmsync_site", &it->mark_site),
	};
	struct mms_jvalue key, inner;

	(void)member;
	for (size_t i = 0; i < MMS_COUNT(slots); i++)
		*slots[i].out = (struct mms_jvalue){ 0 };
	if (value->type != MMS_J_MAP)
		return mms_jscan_skip(it->scan, value) ? MMS_OK : cut_off(it->scan, err);
	while (mms_jscan_more(it->scan, &key)) {
		bool is_private = mms_jscan_is(&key, "private", 7);
		if (!mms_jscan_value(it->scan, &inner) ||
		    !wire_read_map(it->scan, &inner, slots, is_private ? MMS_COUNT(slots) : 0))
			break;
	}
	return it->scan->why == NULL ? MMS_OK : cut_off(it->scan, err);
}

#define TEXT(name, field)                                                            \
	{                                                                            \
		name, sizeof(name) - 1, read_text, offsetof(struct mms_event, field) \
	}
#define PART(name, read, field)                                            \
	{                                                                  \
		name, sizeof(name) - 1, read, offsetof(struct item, field) \
	}
#define OTHER(name, read)                       \
	{                                       \
		name, sizeof(name) - 1, read, 0 \
	}

static const struct member members[] = {
	TEXT("id", external_id),
	TEXT("etag", version),
	TEXT("iCalUID", ical_uid),
	TEXT("recurringEventId", series_id),
	TEXT("summary", title),
	TEXT("description", description),
	TEXT("location", location),
	TEXT("htmlLink", link),
	PART("status", read_value, status),
	PART("transparency", read_value, transparency),
	PART("visibility", read_value, visibility),
	PART("eventType", read_value, kind),
	PART("updated", read_value, updated),
	PART("start", read_when, start),
	PART("end", read_when, end),
	OTHER("organizer", read_organizer),
	OTHER("attendees", read_attendees),
	OTHER("attendeesOmitted", read_omitted),
	OTHER("endTimeUnspecified", read_open_ended),
	OTHER("recurrence", read_recurrence),
	OTHER("extendedProperties", read_properties),
};

static const struct member *
find_member(const struct mms_jvalue *key)
{
	for (size_t i = 0; i < MMS_COUNT(members); i++) {
		if ((key->has_escape || key->len == members[i].len) &&
		    mms_jscan_is(key, members[i].name, members[i].len))
			return &members[i];
	}
	return NULL;
}

static mms_rc
read_members(struct item *it, struct mms_err *err)
{
	struct mms_jvalue key, value;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && mms_jscan_more(it->scan, &key)) {
		const struct member *member = find_member(&key);
		if (!mms_jscan_value(it->scan, &value))
			break;
		if (member != NULL)
			rc = member->read(it, member, &value, err);
		else if (!mms_jscan_skip(it->scan, &value))
			break;
	}
	if (rc != MMS_OK)
		return rc;
	return it->scan->why == NULL ? MMS_OK : cut_off(it->scan, err);
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void
set_kind(struct item *it)
{
	static const struct {
		const char *name;
		enum mms_event_kind kind;
	} kinds[] = {
		{ "outOfOffice", MMS_EVENT_OUT_OF_OFFICE },
		{ "focusTime", MMS_EVENT_FOCUS },
		{ "workingLocation", MMS_EVENT_WORKING_LOCATION },
		{ "birthday", MMS_EVENT_BIRTHDAY },
	};
	struct mms_event *event = it->event;

	for (size_t i = 0; i < MMS_COUNT(kinds); i++) {
		if (wire_is_word(&it->kind, kinds[i].name))
			event->kind = kinds[i].kind;
	}
	if (wire_is_word(&it->status, "tentative"))
		event->status = MMS_EVENT_TENTATIVE;
	if (wire_is_word(&it->transparency, "transparent"))
		event->show = MMS_SHOW_FREE;
	event->is_private = wire_is_word(&it->visibility, "private") ||
			    wire_is_word(&it->visibility, "confidential");
	event->is_series = it->has_recurrence && event->series_id == NULL;
}

static mms_rc
set_modified(struct item *it, struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	char text[GOOGLE_WORD_MAX];
	int64_t ms = 0;

	size_t len = wire_print_text(&it->updated, text, sizeof text);
	if (len == 0)
		return MMS_OK;
	mms_rc rc = mms_time_parse(text, len, &ms, &ignored);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc == MMS_OK && google_is_instant(ms))
		it->event->modified_ms = ms;
	return MMS_OK;
}

static bool
read_uuid(const struct mms_jvalue *value, unsigned char out[16])
{
	char text[GOOGLE_WORD_MAX];

	return wire_print_text(value, text, sizeof text) > 0 && mms_uuid_parse(text, out);
}

/* A mark that is not whole is none. */
static void
set_mark(struct item *it)
{
	struct mms_mark mark = { 0 };
	char kind[GOOGLE_WORD_MAX];

	size_t len = wire_print_text(&it->mark_kind, kind, sizeof kind);
	if (len == 0 || !read_uuid(&it->mark_id, mark.id) ||
	    !read_uuid(&it->mark_site, mark.site))
		return;
	for (size_t i = 0; i < len; i++) {
		if (kind[i] >= 'A' && kind[i] <= 'Z')
			kind[i] = (char)(kind[i] - 'A' + 'a');
	}
	mark.kind = mms_mark_kind_parse(kind, len);
	mark.has_source = read_uuid(&it->mark_source, mark.source);
	if (!mark.has_source)
		memset(mark.source, 0, sizeof mark.source);
	it->event->mark = mark;
}

/* Of a tombstone nothing but the id is sure, whatever else stands there; and when, if that is told. */
static void
make_tombstone(struct mms_event *event)
{
	struct mms_event tombstone = { .external_id = event->external_id,
				       .series_id = event->series_id,
				       .start_ms = MMS_NO_TIME,
				       .end_ms = MMS_NO_TIME,
				       .modified_ms = event->modified_ms,
				       .status = MMS_EVENT_CANCELLED,
				       .is_gone = true };

	event->external_id = event->series_id = NULL;
	mms_event_release(event);
	*event = tombstone;
}

static mms_rc
finish(struct item *it, struct mms_err *err)
{
	struct mms_event *event = it->event;

	if (event->external_id == NULL)
		return MMS_OK;
	if (wire_is_word(&it->status, "cancelled")) {
		mms_rc rc = set_modified(it, err);
		make_tombstone(event);
		return rc;
	}
	const struct google_span span = { .start = it->start,
					  .end = it->end,
					  .is_open_ended = it->is_open_ended };
	mms_rc rc = google_set_times(it->reader, &span, event, &it->doubts, err);
	if (rc == MMS_OK)
		rc = set_modified(it, err);
	if (rc != MMS_OK)
		return rc;
	set_kind(it);
	set_mark(it);
	if (it->doubts.len == 0 && it->doubts.state == MMS_OK)
		return MMS_OK;
	rc = mms_str_check(&it->doubts, err);
	if (rc == MMS_OK)
		event->warning = mms_str_take(&it->doubts);
	return rc;
}

mms_rc
google_item_read(const struct google_reader *reader, struct mms_jscan *s,
		 const struct mms_jvalue *value, struct mms_event *out, struct mms_err *err)
{
	MMS_AUTO(mms_event)
	event = { .start_ms = MMS_NO_TIME, .end_ms = MMS_NO_TIME, .modified_ms = MMS_NO_TIME };
	struct item it = { .reader = reader, .scan = s, .event = &event };

	if (value->type != MMS_J_MAP) {
		if (!mms_jscan_skip(s, value))
			return cut_off(s, err);
		*out = (struct mms_event){ 0 };
		return MMS_OK;
	}
	mms_rc rc = read_members(&it, err);
	if (rc == MMS_OK)
		rc = finish(&it, err);
	mms_str_release(&it.doubts);
	if (rc != MMS_OK)
		return rc;
	*out = event;
	event = (struct mms_event){ 0 };
	return MMS_OK;
}

mms_rc
google_event_read(const struct google_reader *reader, const char *text, size_t len,
		  struct mms_event *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) copy = { 0 };
	MMS_AUTO(mms_event) event = { 0 };
	struct mms_jscan s;
	struct mms_jvalue value;

	mms_str_addn(&copy, text, len);
	mms_rc rc = mms_str_check(&copy, err);
	if (rc == MMS_OK)
		rc = wire_repair(&copy, err);
	if (rc != MMS_OK)
		return rc;
	mms_jscan_start(&s, mms_str_get(&copy), copy.len);
	if (!mms_jscan_value(&s, &value))
		return cut_off(&s, err);
	rc = google_item_read(reader, &s, &value, &event, err);
	if (rc != MMS_OK)
		return rc;
	if (!mms_jscan_done(&s) || event.external_id == NULL)
		return cut_off(&s, err);
	*out = event;
	event = (struct mms_event){ 0 };
	return MMS_OK;
}
