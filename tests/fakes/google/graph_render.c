/* Events and calendars as Graph shows them. */
#include "graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>

#define EVENT_TYPE "#microsoft.graph.event"

/* ---- names ------------------------------------------------------------------------------------ */

static uint32_t
print_of(const char *text)
{
	uint32_t sum = 2166136261u;

	for (; *text != '\0'; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum;
}

char *
graph_print_id(const struct graph_call *k, const struct g_calendar *c, const char *id,
	       char out[GRAPH_ID_MAX])
{
	/* The other form is another one in each calendar: it changes when an event is moved. */
	if (k->prefer.is_immutable)
		(void)snprintf(out, GRAPH_ID_MAX, "%s", id);
	else
		(void)snprintf(out, GRAPH_ID_MAX, "mut-%08" PRIx32 "-%s", print_of(c->id), id);
	return out;
}

const char *
graph_bare_id(const struct g_calendar *c, const char *id)
{
	char prefix[32];

	if (strncmp(id, "mut-", 4) != 0)
		return id;
	int len = snprintf(prefix, sizeof prefix, "mut-%08" PRIx32 "-", print_of(c->id));
	return strncmp(id, prefix, (size_t)len) == 0 ? id + len : NULL;
}

/* Letters of base64 that mean one write of one service. */
static void
print_key(const struct g_event *e, char out[29])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t state = (uint64_t)e->updated_ms * 1000003 + e->seq;

	for (size_t i = 0; i < 26; i++) {
		uint64_t six = i < 11 ? e->seq >> (6 * (10 - i)) : state >> 58;

		if (i >= 11)
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		out[i] = letters[six & 63];
	}
	/* Signs that mean something in a header or an address are in each of them. */
	out[0] = '/';
	out[1] = '+';
	memcpy(out + 26, "==", 3);
}

char *
graph_etag(const struct g_event *e, char out[64])
{
	char key[29];

	print_key(e, key);
	(void)snprintf(out, 64, "W/\"%s\"", key);
	return out;
}

char *
graph_print_stamp(const struct g_event *e, char out[MMS_TIME_TEXT_MAX])
{
	(void)mms_time_print(e->updated_ms - e->updated_ms % 1000, out);
	(void)snprintf(out + 19, MMS_TIME_TEXT_MAX - 19, ".%03d%04dZ",
		       (int)(e->updated_ms % 1000), (int)(e->seq % 10000));
	return out;
}

/* ---- facts ------------------------------------------------------------------------------------ */

const char *
graph_fact(const struct g_event *e, const char *name)
{
	return json_string_value(json_object_get(e->graph, name));
}

void
graph_set_fact(struct g_event *e, const char *name, json_t *value)
{
	if (e->graph == NULL)
		e->graph = json_object();
	json_object_set_new(e->graph, name, value);
}

static const json_t *
self_of(const struct g_event *e)
{
	json_t *all = json_object_get(e->doc, "attendees"), *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (json_is_true(json_object_get(one, "self")))
			return one;
	}
	return NULL;
}

static const char *
organizer_of(const struct g_calendar *c, const struct g_event *e)
{
	const char *email = json_string_value(
		json_object_get(json_object_get(e->doc, "organizer"), "email"));

	return email != NULL ? email : c->owner;
}

bool
graph_is_organizer(const struct g_calendar *c, const struct g_event *e)
{
	return strcasecmp(organizer_of(c, e), c->owner) == 0 && self_of(e) == NULL;
}

/* ---- times ------------------------------------------------------------------------------------ */

const struct mms_zone *
graph_zone(struct g_service *g, const char *name)
{
	MMS_AUTO(mms_err) err = { 0 };
	char iana[80];
	const struct mms_zone *zone = g_zone(g, name);

	if (zone == NULL && name[0] != '\0' &&
	    mms_zone_guess_name(g->zones, name, iana, sizeof iana, &err) == MMS_OK)
		zone = g_zone(g, iana);
	return zone;
}

/* "W. Europe Standard Time"; the name itself where Windows has none. */
static const char *
windows_name(const char *iana, char out[80])
{
	UChar wide[80], name[80];
	UErrorCode status = U_ZERO_ERROR;
	size_t len = 0;

	for (; iana[len] != '\0' && len + 1 < MMS_COUNT(wide); len++)
		wide[len] = (UChar)iana[len];
	int32_t n = ucal_getWindowsTimeZoneID(wide, (int32_t)len, name,
					      (int32_t)MMS_COUNT(name), &status);
	(void)snprintf(out, 80, "%s", iana);
	for (int32_t i = 0; U_SUCCESS(status) && i <= n && n > 0 && n < 79; i++)
		out[i] = i < n ? (char)name[i] : '\0';
	return out;
}

static json_t *
print_when(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	   int64_t ms)
{
	const struct mms_zone *zone = k->prefer.zone != NULL ? k->prefer.zone : c->zone;
	char text[MMS_TIME_TEXT_MAX], name[80];
	/* Days are days in every zone. */
	int64_t wall_us = e->is_day ? ms * 1000 : mms_zone_to_wall(zone, ms);

	(void)mms_wall_print(wall_us - wall_us % 1000000, text);
	text[10] = 'T';
	(void)snprintf(text + 19, sizeof text - 19, ".0000000");
	return json_pack("{s:s, s:s}", "dateTime", text, "timeZone",
			 k->prefer.zone != NULL ? k->prefer.zone_name
						: windows_name(mms_zone_name(c->zone), name));
}

static void
add_times(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	  json_t *doc)
{
	json_object_set_new(doc, "start", print_when(k, c, e, e->start_ms));
	json_object_set_new(doc, "end", print_when(k, c, e, e->end_ms));
}

/* ---- people ----------------------------------------------------------------------------------- */

static const char *
response_word(const char *google)
{
	return google == NULL                     ? "none"
	       : strcmp(google, "accepted") == 0  ? "accepted"
	       : strcmp(google, "declined") == 0  ? "declined"
	       : strcmp(google, "tentative") == 0 ? "tentativelyAccepted"
						  : "none";
}

static json_t *
address_of(const char *email, const char *name)
{
	return json_pack("{s:{s:s, s:s}}", "emailAddress", "name", name != NULL ? name : email,
			 "address", email);
}

static json_t *
render_guests(const struct g_event *e)
{
	json_t *out = json_array(), *one;
	size_t i;

	json_array_foreach(json_object_get(e->doc, "attendees"), i, one)
	{
		const char *email = json_string_value(json_object_get(one, "email"));
		const char *name = json_string_value(json_object_get(one, "displayName"));
		const char *said = json_string_value(json_object_get(one, "responseStatus"));
		bool is_optional = json_is_true(json_object_get(one, "optional"));
		bool is_room = json_is_true(json_object_get(one, "resource"));
		json_t *guest = address_of(email != NULL ? email : "", name);

		json_object_set_new(guest, "type",
				    json_string(is_room       ? "resource"
						: is_optional ? "optional"
							      : "required"));
		json_object_set_new(guest, "status",
				    json_pack("{s:s, s:s}", "response", response_word(said),
					      "time", "0001-01-01T00:00:00Z"));
		json_array_append_new(out, guest);
	}
	return out;
}

static json_t *
own_response(const struct g_calendar *c, const struct g_event *e)
{
	const json_t *self = self_of(e);
	const char *said = json_string_value(json_object_get(self, "responseStatus"));
	const char *word = graph_is_organizer(c, e)                   ? "organizer"
			   : strcmp(response_word(said), "none") != 0 ? response_word(said)
								      : "notResponded";

	return json_pack("{s:s, s:s}", "response", word, "time", "0001-01-01T00:00:00Z");
}

/* ---- texts ------------------------------------------------------------------------------------ */

/* What was sent stands while nobody else has changed the text since. */
static bool
is_body_current(const struct g_event *e, const char *text)
{
	const char *sent = json_string_value(
		json_object_get(json_object_get(e->graph, "_body"), "content"));
	const char *type = json_string_value(
		json_object_get(json_object_get(e->graph, "_body"), "contentType"));
	MMS_AUTO(mms_str) plain = { 0 };

	if (sent == NULL || type == NULL || strcmp(type, "html") != 0)
		return false;
	graph_html_to_text(sent, "\n", &plain);
	return strcmp(mms_str_get(&plain), text) == 0;
}

static void
add_body(const struct graph_call *k, const struct g_event *e, json_t *doc)
{
	const char *text = json_string_value(json_object_get(e->doc, "description"));
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_str) preview = { 0 };

	text = text != NULL ? text : "";
	if (k->prefer.is_text) {
		for (const char *p = text; *p != '\0'; p++) {
			if (*p == '\n' && k->g->options.is_normalising)
				mms_str_addc(&out, '\r');
			mms_str_addc(&out, *p);
		}
	} else if (is_body_current(e, text)) {
		mms_str_add(&out, json_string_value(json_object_get(
					  json_object_get(e->graph, "_body"), "content")));
	} else {
		graph_text_to_html(text, &out);
	}
	json_object_set_new(doc, "body",
			    json_pack("{s:s, s:s}", "contentType",
				      k->prefer.is_text ? "text" : "html", "content",
				      mms_str_get(&out)));
	/* 255 characters, and no half of one. */
	size_t n = 0;
	for (const char *p = text; *p != '\0' && n < 255; n++) {
		do
			mms_str_addc(&preview, *p++);
		while (((unsigned char)*p & 0xc0) == 0x80);
	}
	json_object_set_new(doc, "bodyPreview", json_string(mms_str_get(&preview)));
}

static void
add_place(const struct g_event *e, json_t *doc)
{
	const char *place = json_string_value(json_object_get(e->doc, "location"));

	place = place != NULL ? place : "";
	json_t *one =
		json_pack("{s:s, s:s, s:s}", "displayName", place, "locationType", "default",
			  "uniqueIdType", place[0] != '\0' ? "private" : "unknown");
	if (place[0] != '\0')
		json_object_set_new(one, "uniqueId", json_string(place));
	json_object_set_new(doc, "locations",
			    place[0] != '\0' ? json_pack("[O]", one) : json_array());
	json_object_set_new(doc, "location", one);
}

/* ---- events ----------------------------------------------------------------------------------- */

static const char *
type_of(const struct g_calendar *c, const struct g_event *e)
{
	const struct g_event *master = e->series != NULL ? g_find_event(c, e->series) : NULL;

	if (g_rrule(e) != NULL)
		return "seriesMaster";
	if (e->series == NULL)
		return "singleInstance";
	return master != NULL && e->seq == master->seq ? "occurrence" : "exception";
}

static const char *
show_as(const struct g_event *e)
{
	const char *word = json_string_value(json_object_get(e->doc, "transparency"));
	bool is_free = word != NULL && strcmp(word, "transparent") == 0;

	return is_free ? "free" : e->is_tentative ? "tentative" : "busy";
}

static const char *
sensitivity(const struct g_event *e)
{
	const char *word = json_string_value(json_object_get(e->doc, "visibility"));

	return word == NULL                        ? "normal"
	       : strcmp(word, "private") == 0      ? "private"
	       : strcmp(word, "confidential") == 0 ? "confidential"
						   : "normal";
}

/* What every event has, whatever is set in it. */
static void
add_defaults(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	     json_t *doc)
{
	char id[GRAPH_ID_MAX], text[GRAPH_ID_MAX + 100], zone[80];
	const char *made = json_string_value(json_object_get(e->doc, "created"));
	const char *uid = json_string_value(json_object_get(e->doc, "iCalUID"));
	const char *title = json_string_value(json_object_get(e->doc, "summary"));

	(void)windows_name(e->zone != NULL ? e->zone : mms_zone_name(c->zone), zone);
	json_t *more = json_pack(
		"{s:s, s:[], s:n, s:s, s:s, s:i, s:b, s:b, s:s, s:s, s:s, s:b, s:b, s:b, s:b, "
		"s:b, s:n, s:s, s:n, s:b, s:s, s:n, s:b, s:n, s:b}",
		"createdDateTime", made != NULL ? made : "2026-01-01T00:00:00Z", "categories",
		"transactionId", "originalStartTimeZone", zone, "originalEndTimeZone", zone,
		"reminderMinutesBeforeStart", 15, "isReminderOn", 1, "hasAttachments", 0,
		"subject", title != NULL ? title : "", "importance", "normal", "sensitivity",
		sensitivity(e), "isAllDay", (int)e->is_day, "isCancelled", 0, "isOrganizer",
		(int)graph_is_organizer(c, e), "isDraft", 0, "responseRequested", 1,
		"seriesMasterId", "showAs", show_as(e), "onlineMeetingUrl", "isOnlineMeeting",
		0, "onlineMeetingProvider", "unknown", "onlineMeeting", "allowNewTimeProposals",
		1, "occurrenceId", "hideAttendees", 0);
	json_object_update(doc, more);
	json_decref(more);
	uid = uid != NULL ? uid : e->id;
	/* It is another one of each occurrence. */
	if (e->series != NULL)
		(void)snprintf(text, sizeof text, "%s-%" PRIx64, uid, (uint64_t)e->original_ms);
	else
		(void)snprintf(text, sizeof text, "%s", uid);
	json_object_set_new(doc, "iCalUId", json_string(text));
	(void)snprintf(
		text, sizeof text,
		"https://outlook.office365.com/owa/?itemid=%s&exvsurl=1&path=/calendar/item",
		graph_print_id(k, c, e->id, id));
	json_object_set_new(doc, "webLink", json_string(text));
}

/* What was told of it in Graph's own words. */
static void
add_facts(const struct graph_call *k, const struct g_event *e, json_t *doc)
{
	const char *key;
	json_t *value;

	json_object_foreach(e->graph, key, value)
	{
		bool is_hidden = strcmp(key, "transactionId") == 0 &&
				 k->g->options.is_transaction_hidden;

		if (key[0] != '_' && !is_hidden)
			json_object_set(doc, key, value);
	}
}

static void
hide_private(const struct graph_call *k, const struct g_calendar *c, json_t *doc)
{
	const char *role = g_role(c, k->account->email);
	const char *how = json_string_value(json_object_get(doc, "sensitivity"));
	bool is_private = how != NULL &&
			  (strcmp(how, "private") == 0 || strcmp(how, "confidential") == 0);

	if (strcmp(role, "freeBusyReader") != 0 &&
	    (!is_private || strcmp(role, "owner") == 0 || strcmp(role, "writer") == 0))
		return;
	json_object_set_new(doc, "subject", json_string("Private Appointment"));
	json_object_set_new(doc, "bodyPreview", json_string(""));
	json_object_set_new(doc, "body",
			    json_pack("{s:s, s:s}", "contentType", "text", "content", ""));
	json_object_set_new(doc, "attendees", json_array());
	json_object_set_new(doc, "locations", json_array());
	json_object_set_new(doc, "location", json_pack("{s:s}", "displayName", ""));
}

static void
add_series(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	   json_t *doc)
{
	char id[GRAPH_ID_MAX], text[MMS_TIME_TEXT_MAX];

	json_object_set_new(doc, "recurrence",
			    g_rrule(e) != NULL ? graph_recurrence(e, g_rrule(e)) : json_null());
	if (e->series == NULL)
		return;
	json_object_set_new(doc, "seriesMasterId",
			    json_string(graph_print_id(k, c, e->series, id)));
	json_object_set_new(doc, "originalStart",
			    json_string(mms_time_print(e->original_ms, text)));
}

static json_t *
render_whole(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e)
{
	char etag[64], id[GRAPH_ID_MAX], key[29], stamp[MMS_TIME_TEXT_MAX];

	print_key(e, key);
	json_t *doc =
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "@odata.etag", graph_etag(e, etag), "id",
			  graph_print_id(k, c, e->id, id), "lastModifiedDateTime",
			  graph_print_stamp(e, stamp), "changeKey", key, "type", type_of(c, e));
	add_defaults(k, c, e, doc);
	add_series(k, c, e, doc);
	add_times(k, c, e, doc);
	add_body(k, e, doc);
	add_place(e, doc);
	json_object_set_new(doc, "responseStatus", own_response(c, e));
	json_object_set_new(doc, "attendees", render_guests(e));
	json_object_set_new(doc, "organizer", address_of(organizer_of(c, e), NULL));
	add_facts(k, e, doc);
	hide_private(k, c, doc);
	return doc;
}

json_t *
graph_render(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	     enum graph_kind kind)
{
	char etag[64], id[GRAPH_ID_MAX], series[GRAPH_ID_MAX];

	if (kind == GRAPH_WHOLE)
		return render_whole(k, c, e);
	if (kind == GRAPH_REMOVED)
		return json_pack("{s:s, s:s, s:{s:s}}", "@odata.type", EVENT_TYPE, "id",
				 graph_print_id(k, c, e->id, id), "@removed", "reason",
				 "deleted");
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s}", "@odata.type", EVENT_TYPE,
				"@odata.etag", graph_etag(e, etag), "id",
				graph_print_id(k, c, e->id, id), "seriesMasterId",
				graph_print_id(k, c, e->series, series), "type", "occurrence");
	add_times(k, c, e, doc);
	return doc;
}

json_t *
graph_render_calendar(const struct graph_call *k, const struct g_calendar *c)
{
	const char *role = g_role(c, k->account->email);
	bool is_own = strcmp(role, "owner") == 0;

	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:b, s:b, s:b, s:b, s:b, s:[s], s:s, "
			 "s:{s:s, s:s}}",
			 "id", c->id, "name", c->summary, "color", "auto", "hexColor", "",
			 "isDefaultCalendar", (int)(strcmp(c->id, k->account->email) == 0),
			 "changeKey", "nfZyf7VcrEKLNoU37KWlkQAAA0x0+w==", "canShare",
			 (int)is_own, "canViewPrivateItems",
			 (int)(is_own || strcmp(role, "writer") == 0), "canEdit",
			 (int)g_may_write(role), "isTallyingResponses", 1, "isRemovable", 0,
			 "allowedOnlineMeetingProviders", "teamsForBusiness",
			 "defaultOnlineMeetingProvider", "teamsForBusiness", "owner", "name",
			 c->owner, "address", c->owner);
}
