/* One item of a page to an event: Google's words to ours. */
#include "google_parts.h"
#include "wire_item.h"

/* What of an item is not a text to be taken over as it stands. */
struct item {
	struct wire_item wire; /* first */
	struct mms_jvalue status, transparency, visibility, kind, updated;
	struct google_when start, end;
	bool has_recurrence, is_open_ended;
};

static struct item *
item_of(struct wire_item *it)
{
	return (struct item *)(void *)it;
}

/* ---- members ------------------------------------------------------------------------------ */

static mms_rc
read_when(struct wire_item *it, const struct wire_member *member,
	  const struct mms_jvalue *value, struct mms_err *err)
{
	struct google_when *when = (struct google_when *)(void *)((char *)it + member->at);
	const struct wire_slot slots[] = {
		WIRE_SLOT("date", &when->date),
		WIRE_SLOT("dateTime", &when->date_time),
		WIRE_SLOT("timeZone", &when->zone),
	};

	*when = (struct google_when){ 0 };
	return wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
}

static mms_rc
read_organizer(struct wire_item *it, const struct wire_member *member,
	       const struct mms_jvalue *value, struct mms_err *err)
{
	struct mms_jvalue email = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("email", &email) };

	(void)member;
	mms_rc rc = wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
	return rc == MMS_OK ? wire_take_text(&email, &it->event->organizer_email, err) : rc;
}

static mms_rc
read_rule(struct wire_item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	item_of(it)->has_recurrence = true;
	return wire_pass_over(it, value, err);
}

static mms_rc
read_recurrence(struct wire_item *it, const struct wire_member *member,
		const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	item_of(it)->has_recurrence = false;
	return wire_read_array(it, value, read_rule, err);
}

static mms_rc
read_omitted(struct wire_item *it, const struct wire_member *member,
	     const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	it->event->is_partial = it->event->is_partial || wire_is_true(value);
	return wire_pass_over(it, value, err);
}

static mms_rc
read_open_ended(struct wire_item *it, const struct wire_member *member,
		const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	item_of(it)->is_open_ended = wire_is_true(value);
	return wire_pass_over(it, value, err);
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
read_attendee(struct wire_item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	struct wire_guest guest = { 0 };
	struct mms_jvalue answer = { 0 }, self = { 0 };
	const struct wire_slot slots[] = {
		WIRE_SLOT("email", &guest.email),
		WIRE_SLOT("displayName", &guest.name),
		WIRE_SLOT("responseStatus", &answer),
		WIRE_SLOT("self", &self),
	};

	mms_rc rc = wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
	if (rc != MMS_OK)
		return rc;
	guest.response = response_of(&answer);
	if (wire_is_true(&self) && guest.response == MMS_RESPONSE_DECLINED)
		it->event->is_declined = true;
	return wire_add_guest(it, &guest, err);
}

static mms_rc
read_attendees(struct wire_item *it, const struct wire_member *member,
	       const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	wire_drop_guests(it);
	it->event->is_declined = false;
	return wire_read_array(it, value, read_attendee, err);
}

static mms_rc
read_properties(struct wire_item *it, const struct wire_member *member,
		const struct mms_jvalue *value, struct mms_err *err)
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
		return wire_pass_over(it, value, err);
	while (mms_jscan_more(it->scan, &key)) {
		bool is_private = mms_jscan_is(&key, "private", 7);
		if (!mms_jscan_value(it->scan, &inner) ||
		    !wire_read_map(it->scan, &inner, slots, is_private ? MMS_COUNT(slots) : 0))
			break;
	}
	return it->scan->why == NULL ? MMS_OK : wire_cut_off(it->scan, err);
}

#define WHEN(name, field) WIRE_MEMBER(name, read_when, offsetof(struct item, field))

static const struct wire_member members[] = {
	WIRE_TEXT("id", external_id),
	WIRE_TEXT("etag", version),
	WIRE_TEXT("iCalUID", ical_uid),
	WIRE_TEXT("recurringEventId", series_id),
	WIRE_TEXT("summary", title),
	WIRE_TEXT("description", description),
	WIRE_TEXT("location", location),
	WIRE_TEXT("htmlLink", link),
	WIRE_PART("status", struct item, status),
	WIRE_PART("transparency", struct item, transparency),
	WIRE_PART("visibility", struct item, visibility),
	WIRE_PART("eventType", struct item, kind),
	WIRE_PART("updated", struct item, updated),
	WHEN("start", start),
	WHEN("end", end),
	WIRE_OTHER("organizer", read_organizer),
	WIRE_OTHER("attendees", read_attendees),
	WIRE_OTHER("attendeesOmitted", read_omitted),
	WIRE_OTHER("endTimeUnspecified", read_open_ended),
	WIRE_OTHER("recurrence", read_recurrence),
	WIRE_OTHER("extendedProperties", read_properties),
};

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
	struct mms_event *event = it->wire.event;

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
finish(struct wire_item *wire, struct mms_err *err)
{
	struct item *it = item_of(wire);
	struct mms_event *event = wire->event;

	if (event->external_id == NULL)
		return MMS_OK;
	if (wire_is_word(&it->status, "cancelled")) {
		mms_rc rc = wire_set_modified(wire, &it->updated, err);
		wire_make_tombstone(event);
		return rc;
	}
	const struct google_span span = { .start = it->start,
					  .end = it->end,
					  .is_open_ended = it->is_open_ended };
	mms_rc rc = google_set_times(wire->reader, &span, event, &wire->doubts, err);
	if (rc == MMS_OK)
		rc = wire_set_modified(wire, &it->updated, err);
	if (rc != MMS_OK)
		return rc;
	set_kind(it);
	wire_set_mark(wire);
	return wire_set_warning(wire, err);
}

static const struct wire_format format = { members, MMS_COUNT(members), finish };

mms_rc
google_item_read(const struct google_reader *reader, struct mms_jscan *s,
		 const struct mms_jvalue *value, struct mms_event *out, struct mms_err *err)
{
	struct mms_event event;
	struct item it = { .wire = { .scan = s, .event = &event, .reader = reader } };

	mms_rc rc = wire_read_item(&it.wire, &format, value, err);
	if (rc == MMS_OK)
		*out = event;
	return rc;
}

mms_rc
google_event_read(const struct google_reader *reader, const char *text, size_t len,
		  struct mms_event *out, struct mms_err *err)
{
	struct mms_jscan s;
	struct mms_event event;
	struct item it = { .wire = { .scan = &s, .event = &event, .reader = reader } };

	mms_rc rc = wire_read_answer(&it.wire, &format, text, len, err);
	if (rc == MMS_OK)
		*out = event;
	return rc;
}
