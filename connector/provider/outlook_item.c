/* One item of a page to an event: Outlook's words to ours. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"
#include "outlook_parts.h"
#include "wire_item.h"

/* What of an item is not a text to be taken over as it stands. */
struct item {
	struct wire_item wire; /* first */
	struct outlook_item *out;
	struct mms_jvalue type, change_key, show, sensitivity, modified, made_with, preview;
	struct mms_jvalue all_day, cancelled, online, online_url, hidden, organized;
	struct mms_jvalue body_type, body;
	struct outlook_when start, end;
	bool has_subject, has_show, has_recurrence, has_meeting, is_removed;
};

static struct item *
item_of(struct wire_item *it)
{
	return (struct item *)(void *)it;
}

void
outlook_item_release(struct outlook_item *item)
{
	if (item == NULL)
		return;
	mms_event_release(&item->event);
	*item = (struct outlook_item){ 0 };
}

/* Is it this word, in whatever case? */
static bool
is_word(const struct mms_jvalue *value, const char *word)
{
	char text[WIRE_WORD_MAX];

	return wire_print_text(value, text, sizeof text) > 0 && strcasecmp(text, word) == 0;
}

/* ---- members ------------------------------------------------------------------------------ */

static mms_rc
read_when(struct wire_item *it, const struct wire_member *member,
	  const struct mms_jvalue *value, struct mms_err *err)
{
	struct outlook_when *when = (struct outlook_when *)(void *)((char *)it + member->at);
	const struct wire_slot slots[] = {
		WIRE_SLOT("dateTime", &when->date_time),
		WIRE_SLOT("timeZone", &when->zone),
	};

	*when = (struct outlook_when){ 0 };
	return wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
}

static mms_rc
read_subject(struct wire_item *it, const struct wire_member *member,
	     const struct mms_jvalue *value, struct mms_err *err)
{
	item_of(it)->has_subject = true;
	return wire_read_text(it, member, value, err);
}

static mms_rc
read_show(struct wire_item *it, const struct wire_member *member,
	  const struct mms_jvalue *value, struct mms_err *err)
{
	item_of(it)->has_show = true;
	return wire_read_value(it, member, value, err);
}

/* Whatever it says, it is there. */
static mms_rc
read_removed(struct wire_item *it, const struct wire_member *member,
	     const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	item_of(it)->is_removed = value->type != MMS_J_NULL && value->type != MMS_J_FALSE;
	return wire_pass_over(it, value, err);
}

static mms_rc
read_recurrence(struct wire_item *it, const struct wire_member *member,
		const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	item_of(it)->has_recurrence = value->type == MMS_J_MAP;
	return wire_pass_over(it, value, err);
}

static mms_rc
read_body(struct wire_item *it, const struct wire_member *member,
	  const struct mms_jvalue *value, struct mms_err *err)
{
	struct item *item = item_of(it);
	const struct wire_slot slots[] = {
		WIRE_SLOT("contentType", &item->body_type),
		WIRE_SLOT("content", &item->body),
	};

	(void)member;
	item->body_type = item->body = (struct mms_jvalue){ 0 };
	return wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
}

static mms_rc
read_location(struct wire_item *it, const struct wire_member *member,
	      const struct mms_jvalue *value, struct mms_err *err)
{
	struct mms_jvalue name = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("displayName", &name) };

	(void)member;
	mms_rc rc = wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
	return rc == MMS_OK ? wire_take_text(&name, &it->event->location, err) : rc;
}

static mms_rc
read_meeting(struct wire_item *it, const struct wire_member *member,
	     const struct mms_jvalue *value, struct mms_err *err)
{
	struct mms_jvalue url = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("joinUrl", &url) };

	(void)member;
	mms_rc rc = wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
	item_of(it)->has_meeting = url.type == MMS_J_TEXT && url.len > 0;
	return rc;
}

static mms_rc
read_response(struct wire_item *it, const struct wire_member *member,
	      const struct mms_jvalue *value, struct mms_err *err)
{
	struct mms_jvalue response = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("response", &response) };

	(void)member;
	mms_rc rc = wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
	it->event->is_declined = is_word(&response, "declined");
	return rc;
}

/* ---- people ------------------------------------------------------------------------------- */

/* A member that is a map of its own, {"emailAddress": {...}}, and its slots; and what is none. */
struct inner_map {
	const char *name;
	const struct wire_slot *slots;
	size_t n;
	struct mms_jvalue *value; /* the member itself; NULL: not wanted */
};

static mms_rc
read_inner(struct wire_item *it, const struct mms_jvalue *value, const struct inner_map *inner,
	   size_t n, struct mms_err *err)
{
	static const struct inner_map none = { 0 };
	struct mms_jvalue key, member;

	if (value->type != MMS_J_MAP)
		return wire_pass_over(it, value, err);
	while (mms_jscan_more(it->scan, &key)) {
		const struct inner_map *found = &none;
		for (size_t i = 0; i < n; i++) {
			if (wire_is_word(&key, inner[i].name))
				found = &inner[i];
		}
		if (!mms_jscan_value(it->scan, &member))
			break;
		if (found->value != NULL)
			*found->value = member;
		mms_rc rc = wire_read_slots(it, &member, found->slots, found->n, err);
		if (rc != MMS_OK)
			return rc;
	}
	return it->scan->why == NULL ? MMS_OK : wire_cut_off(it->scan, err);
}

static mms_rc
read_organizer(struct wire_item *it, const struct wire_member *member,
	       const struct mms_jvalue *value, struct mms_err *err)
{
	struct mms_jvalue address = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("address", &address) };
	const struct inner_map inner[] = { { "emailAddress", slots, MMS_COUNT(slots), NULL } };

	(void)member;
	mms_rc rc = read_inner(it, value, inner, MMS_COUNT(inner), err);
	return rc == MMS_OK ? wire_take_text(&address, &it->event->organizer_email, err) : rc;
}

static enum mms_response
response_of(const struct mms_jvalue *value)
{
	static const struct {
		const char *name;
		enum mms_response response;
	} responses[] = {
		{ "none", MMS_RESPONSE_NEEDS_ACTION },
		{ "notResponded", MMS_RESPONSE_NEEDS_ACTION },
		{ "accepted", MMS_RESPONSE_ACCEPTED },
		{ "organizer", MMS_RESPONSE_ACCEPTED },
		{ "tentativelyAccepted", MMS_RESPONSE_TENTATIVE },
		{ "declined", MMS_RESPONSE_DECLINED },
	};

	for (size_t i = 0; i < MMS_COUNT(responses); i++) {
		if (is_word(value, responses[i].name))
			return responses[i].response;
	}
	return MMS_RESPONSE_UNKNOWN;
}

/* Rooms are attendees as people are: who sends the list back without them gives them away. */
static mms_rc
read_attendee(struct wire_item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	struct wire_guest guest = { 0 };
	struct mms_jvalue response = { 0 }, type = { 0 };
	const struct wire_slot who[] = {
		WIRE_SLOT("address", &guest.email),
		WIRE_SLOT("name", &guest.name),
	};
	const struct wire_slot how[] = { WIRE_SLOT("response", &response) };
	const struct inner_map inner[] = {
		{ "emailAddress", who, MMS_COUNT(who), NULL },
		{ "status", how, MMS_COUNT(how), NULL },
		{ "type", NULL, 0, &type },
	};

	mms_rc rc = read_inner(it, value, inner, MMS_COUNT(inner), err);
	if (rc != MMS_OK)
		return rc;
	guest.response = response_of(&response);
	guest.type = is_word(&type, "resource")   ? MMS_ATTENDEE_RESOURCE
		     : is_word(&type, "optional") ? MMS_ATTENDEE_OPTIONAL
						  : MMS_ATTENDEE_REQUIRED;
	return wire_add_guest(it, &guest, err);
}

static mms_rc
read_attendees(struct wire_item *it, const struct wire_member *member,
	       const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	wire_drop_guests(it);
	return wire_read_array(it, value, read_attendee, err);
}

/* ---- our marks ---------------------------------------------------------------------------- */

/* {"id": "String {GUID} Name mmsync_id", "value": "..."}: the id may come back in another case. */
static mms_rc
read_property(struct wire_item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	static const char prefix[] = "String " OUTLOOK_PROPERTY_SET " Name ";
	struct mms_jvalue id = { 0 }, text = { 0 };
	const struct wire_slot slots[] = { WIRE_SLOT("id", &id), WIRE_SLOT("value", &text) };
	const struct {
		const char *name;
		struct mms_jvalue *to;
	} ours[] = {
		{ "mmsync_id", &it->mark_id },
		{ "mmsync_kind", &it->mark_kind },
		{ "mmsync_source", &it->mark_source },
		{ "mmsync_site", &it->mark_site },
	};
	char name[WIRE_WORD_MAX];

	mms_rc rc = wire_read_slots(it, value, slots, MMS_COUNT(slots), err);
	(void)wire_print_text(&id, name, sizeof name);
	if (rc != MMS_OK || strncasecmp(name, prefix, sizeof prefix - 1) != 0)
		return rc;
	for (size_t i = 0; i < MMS_COUNT(ours); i++) {
		if (strcasecmp(name + sizeof prefix - 1, ours[i].name) == 0)
			*ours[i].to = text;
	}
	return MMS_OK;
}

static mms_rc
read_properties(struct wire_item *it, const struct wire_member *member,
		const struct mms_jvalue *value, struct mms_err *err)
{
	(void)member;
	it->mark_id = it->mark_kind = it->mark_source = it->mark_site =
		(struct mms_jvalue){ 0 };
	return wire_read_array(it, value, read_property, err);
}

#define WHEN(name, field) WIRE_MEMBER(name, read_when, offsetof(struct item, field))
#define PART(name, field) WIRE_PART(name, struct item, field)

static const struct wire_member members[] = {
	WIRE_TEXT("id", external_id),
	WIRE_TEXT("@odata.etag", version),
	WIRE_TEXT("iCalUId", ical_uid),
	WIRE_TEXT("seriesMasterId", series_id),
	WIRE_TEXT("webLink", link),
	WIRE_MEMBER("subject", read_subject, offsetof(struct mms_event, title)),
	WIRE_MEMBER("showAs", read_show, offsetof(struct item, show)),
	PART("type", type),
	PART("changeKey", change_key),
	PART("sensitivity", sensitivity),
	PART("lastModifiedDateTime", modified),
	PART("transactionId", made_with),
	PART("bodyPreview", preview),
	PART("isAllDay", all_day),
	PART("isCancelled", cancelled),
	PART("isOnlineMeeting", online),
	PART("onlineMeetingUrl", online_url),
	PART("hideAttendees", hidden),
	PART("isOrganizer", organized),
	WHEN("start", start),
	WHEN("end", end),
	WIRE_OTHER("@removed", read_removed),
	WIRE_OTHER("recurrence", read_recurrence),
	WIRE_OTHER("body", read_body),
	WIRE_OTHER("location", read_location),
	WIRE_OTHER("onlineMeeting", read_meeting),
	WIRE_OTHER("responseStatus", read_response),
	WIRE_OTHER("organizer", read_organizer),
	WIRE_OTHER("attendees", read_attendees),
	WIRE_OTHER("singleValueExtendedProperties", read_properties),
};

/* ---- the rest ----------------------------------------------------------------------------- */

/* Where the word is missing or new, what else stands there tells. */
static void
set_type(struct item *it)
{
	static const struct {
		const char *name;
		enum outlook_type type;
	} types[] = {
		{ "singleInstance", OUTLOOK_SINGLE },
		{ "occurrence", OUTLOOK_OCCURRENCE },
		{ "exception", OUTLOOK_EXCEPTION },
		{ "seriesMaster", OUTLOOK_MASTER },
	};
	struct outlook_item *out = it->out;

	out->type = out->event.series_id != NULL ? OUTLOOK_OCCURRENCE
		    : it->has_recurrence         ? OUTLOOK_MASTER
						 : OUTLOOK_SINGLE;
	for (size_t i = 0; i < MMS_COUNT(types); i++) {
		if (is_word(&it->type, types[i].name))
			out->type = types[i].type;
	}
	out->event.is_series = out->type == OUTLOOK_MASTER;
	out->is_sparse = out->type == OUTLOOK_OCCURRENCE && !it->has_subject && !it->has_show;
	out->is_online = wire_is_true(&it->online) || it->has_meeting ||
			 (it->online_url.type == MMS_J_TEXT && it->online_url.len > 0);
}

static void
set_kind(struct item *it)
{
	static const struct {
		const char *name;
		enum mms_event_show show;
	} shows[] = {
		{ "free", MMS_SHOW_FREE },
		{ "tentative", MMS_SHOW_TENTATIVE },
		{ "oof", MMS_SHOW_OUT_OF_OFFICE },
		{ "workingElsewhere", MMS_SHOW_ELSEWHERE },
	};
	struct mms_event *event = it->wire.event;

	for (size_t i = 0; i < MMS_COUNT(shows); i++) {
		if (is_word(&it->show, shows[i].name))
			event->show = shows[i].show;
	}
	if (wire_is_true(&it->cancelled))
		event->status = MMS_EVENT_CANCELLED;
	event->is_private = is_word(&it->sensitivity, "private") ||
			    is_word(&it->sensitivity, "confidential");
	/* Guests of such a meeting see only themselves. */
	if (wire_is_true(&it->hidden) && !wire_is_true(&it->organized))
		event->is_partial = true;
	event->has_made_with = wire_read_uuid(&it->made_with, event->made_with);
	if (!event->has_made_with)
		memset(event->made_with, 0, sizeof event->made_with);
}

/* Who invites is there, whether or not the list says that they have answered. */
static void
set_organizer(struct mms_event *event)
{
	for (size_t i = 0; event->organizer_email != NULL && i < event->n_attendees; i++) {
		struct mms_attendee *a = &event->attendees[i];
		if (a->response == MMS_RESPONSE_NEEDS_ACTION &&
		    strcasecmp(a->email, event->organizer_email) == 0)
			a->response = MMS_RESPONSE_ACCEPTED;
	}
}

/* Lines end in LF and the text in no empty ones: what we sent comes back from HTML. */
static void
tidy(char **text)
{
	char *to = *text;

	if (*text == NULL)
		return;
	for (const char *p = *text; *p != '\0'; p++) {
		if (p[0] != '\r' || p[1] != '\n')
			*to++ = *p;
	}
	while (to > *text && strchr(" \t\r\n", to[-1]) != NULL)
		to--;
	*to = '\0';
	if (to > *text)
		return;
	mms_free(*text);
	*text = NULL;
}

/* Of HTML the service's own reading of its beginning: better a part than tags. */
static mms_rc
set_description(struct item *it, struct mms_err *err)
{
	struct mms_event *event = it->wire.event;
	bool is_text = is_word(&it->body_type, "text");

	mms_rc rc =
		wire_take_text(is_text ? &it->body : &it->preview, &event->description, err);
	if (rc == MMS_OK)
		tidy(&event->description);
	return rc;
}

/* Versions are what If-Match wants. */
static mms_rc
set_version(struct item *it, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	char *key = NULL;

	if (it->wire.event->version != NULL)
		return MMS_OK;
	mms_rc rc = wire_take_text(&it->change_key, &key, err);
	if (rc != MMS_OK || key == NULL)
		return rc;
	mms_str_addf(&text, "W/\"%s\"", key);
	mms_free(key);
	rc = mms_str_check(&text, err);
	if (rc == MMS_OK)
		it->wire.event->version = mms_str_take(&text);
	return rc;
}

static mms_rc
set_times(struct item *it, struct mms_err *err)
{
	struct mms_event *event = it->wire.event;

	event->is_all_day = wire_is_true(&it->all_day);
	mms_rc rc = outlook_set_times(it->wire.reader, &it->start, &it->end, event,
				      &it->wire.doubts, err);
	if (event->problem != NULL)
		event->is_all_day = false;
	if (!event->is_all_day && !it->out->is_sparse)
		event->first_day = event->end_day = 0;
	return rc;
}

static mms_rc
finish(struct wire_item *wire, struct mms_err *err)
{
	struct item *it = item_of(wire);
	struct mms_event *event = wire->event;

	if (event->external_id == NULL)
		return MMS_OK;
	mms_rc rc = wire_set_modified(wire, &it->modified, err);
	if (rc != MMS_OK)
		return rc;
	if (it->is_removed) {
		wire_make_tombstone(event);
		return MMS_OK;
	}
	set_type(it);
	rc = set_times(it, err);
	if (rc == MMS_OK)
		rc = set_version(it, err);
	if (rc == MMS_OK)
		rc = set_description(it, err);
	if (rc != MMS_OK)
		return rc;
	set_kind(it);
	set_organizer(event);
	wire_set_mark(wire);
	return wire_set_warning(wire, err);
}

static const struct wire_format format = { members, MMS_COUNT(members), finish };

mms_rc
outlook_item_read(const struct outlook_reader *reader, struct mms_jscan *s,
		  const struct mms_jvalue *value, struct outlook_item *out, struct mms_err *err)
{
	struct outlook_item item = { 0 };
	struct item it = { .wire = { .scan = s, .event = &item.event, .reader = reader },
			   .out = &item };

	mms_rc rc = wire_read_item(&it.wire, &format, value, err);
	if (rc == MMS_OK)
		*out = item;
	return rc;
}

mms_rc
outlook_event_read(const struct outlook_reader *reader, const char *text, size_t len,
		   struct outlook_item *out, struct mms_err *err)
{
	struct mms_jscan s;
	struct outlook_item item = { 0 };
	struct item it = { .wire = { .scan = &s, .event = &item.event, .reader = reader },
			   .out = &item };

	mms_rc rc = wire_read_answer(&it.wire, &format, text, len, err);
	if (rc == MMS_OK)
		*out = item;
	return rc;
}
