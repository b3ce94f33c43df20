/* events.insert, patch, update, delete. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a client may write; all else it sends is ignored. */
static const char *const writable[] = { "summary",
					"description",
					"location",
					"transparency",
					"visibility",
					"attendees",
					"extendedProperties",
					"reminders",
					"recurrence",
					"colorId",
					"guestsCanInviteOthers",
					"guestsCanModify",
					"guestsCanSeeOtherGuests",
					"anyoneCanAddSelf",
					"source",
					"eventType",
					"iCalUID",
					"sequence" };

void
g_merge(json_t *into, const json_t *patch)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)patch, key, value)
	{
		json_t *old = json_object_get(into, key);

		if (json_is_null(value))
			json_object_del(into, key);
		else if (json_is_object(value) && json_is_object(old))
			g_merge(old, value);
		else
			json_object_set_new(into, key, json_deep_copy(value));
	}
}

/* ---- what the service makes of what it is sent ---------------------------------------------- */

static void
limit_properties(json_t *doc)
{
	json_t *all = json_object_get(json_object_get(doc, "extendedProperties"), "private");
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(all, next, key, value)
	{
		const char *text = json_string_value(value);

		if (text == NULL || strlen(key) > 44)
			json_object_del(all, key);
		else if (strlen(text) > 1024)
			json_object_set_new(all, key, json_stringn(text, 1024));
	}
}

/* Guests without an answer have none yet; the calendar's own entry is marked. */
static const char *
complete_guests(const struct g_calendar *c, json_t *doc)
{
	json_t *guests = json_object_get(doc, "attendees"), *guest;
	size_t i;

	if (guests != NULL && !json_is_array(guests))
		return "Invalid value for: attendees";
	json_array_foreach(guests, i, guest)
	{
		const char *email = json_string_value(json_object_get(guest, "email"));
		const char *at = email != NULL ? strchr(email, '@') : NULL;

		if (at == NULL || at == email || strchr(at, '.') == NULL ||
		    strpbrk(email, " <>,") != NULL)
			return "Invalid attendee email.";
		if (json_object_get(guest, "responseStatus") == NULL)
			json_object_set_new(guest, "responseStatus",
					    json_string("needsAction"));
		if (strcasecmp(email, c->owner) == 0)
			json_object_set_new(guest, "self", json_true());
	}
	return NULL;
}

/* What real services do to texts, where it was told to (`set normalise on`). */
static void
normalise(json_t *doc)
{
	const char *title = json_string_value(json_object_get(doc, "summary"));
	const char *text = json_string_value(json_object_get(doc, "description"));
	MMS_AUTO(mms_str) out = { 0 };

	if (title != NULL) {
		size_t len = strlen(title);

		while (len > 0 && (title[len - 1] == ' ' || title[len - 1] == '\t'))
			len--;
		json_object_set_new(doc, "summary", json_stringn(title, len));
	}
	if (text == NULL)
		return;
	for (const char *p = text; *p != '\0'; p++) {
		bool is_break = strncmp(p, "<br/>", 5) == 0 || strncmp(p, "<br />", 6) == 0;

		if (is_break) {
			mms_str_add(&out, "<br>");
			p += p[3] == '/' ? 4 : 5;
		} else if ((unsigned char)*p >= ' ' || *p == '\n' || *p == '\t') {
			mms_str_addc(&out, *p);
		}
	}
	json_object_set_new(doc, "description", json_string(mms_str_get(&out)));
}

static const char *
read_times(struct g_service *g, const struct g_calendar *c, const json_t *doc,
	   struct g_event *e)
{
	const json_t *start = json_object_get(doc, "start"), *end = json_object_get(doc, "end");
	const char *zone = NULL, *other;
	bool is_day = false, is_end_day = false;
	int64_t start_ms = 0, end_ms = 0;

	if (start == NULL)
		return "Missing start time.";
	if (end == NULL)
		return "Missing end time.";
	const char *wrong = g_read_time(g, c, start, &is_day, &start_ms, &zone);
	if (wrong == NULL)
		wrong = g_read_time(g, c, end, &is_end_day, &end_ms, &other);
	if (wrong != NULL)
		return wrong;
	if (is_day != is_end_day)
		return "Start and end times must either both be date or both be dateTime.";
	if (end_ms < start_ms)
		return "The specified time range is empty.";
	if (zone == NULL && json_object_get(doc, "recurrence") != NULL && !is_day)
		return "Missing time zone definition for start time.";
	/* An all-day event has at least one day. */
	e->end_ms = is_day && end_ms <= start_ms ? start_ms + MMS_DAY_MS : end_ms;
	e->start_ms = start_ms;
	e->is_day = is_day;
	if (zone != NULL) {
		free(e->zone);
		e->zone = strdup(zone);
	}
	return NULL;
}

static const char *
check_words(const json_t *doc)
{
	static const struct {
		const char *key, *words;
	} rows[] = {
		{ "status", " confirmed tentative cancelled " },
		{ "transparency", " opaque transparent " },
		{ "visibility", " default public private confidential " },
	};
	char word[64];

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const json_t *value = json_object_get(doc, rows[i].key);

		if (value == NULL)
			continue;
		if (!json_is_string(value))
			return "Invalid value";
		(void)snprintf(word, sizeof word, " %s ", json_string_value(value));
		if (strstr(rows[i].words, word) == NULL)
			return "Invalid value";
	}
	return NULL;
}

const char *
g_put_doc(struct g_service *g, struct g_calendar *c, struct g_event *e, json_t *doc)
{
	json_t *kept = json_object();
	const char *wrong = check_words(doc);
	const char *status = json_string_value(json_object_get(doc, "status"));
	struct g_instances before = { 0 };

	for (size_t i = 0; i < MMS_COUNT(writable); i++) {
		json_t *value = json_object_get(doc, writable[i]);

		if (value != NULL)
			json_object_set_new(kept, writable[i], json_deep_copy(value));
	}
	limit_properties(kept);
	if (wrong == NULL)
		wrong = complete_guests(c, kept);
	if (g->options.is_normalising)
		normalise(kept);
	if (g_rrule(e) != NULL)
		before.n = g_expand(g, c, e, &before.at);
	if (wrong == NULL)
		wrong = read_times(g, c, doc, e);
	if (wrong != NULL) {
		json_decref(kept);
		free(before.at);
		return wrong;
	}
	json_object_update_missing(kept, e->doc);
	for (size_t i = 0; i < MMS_COUNT(writable); i++) {
		bool is_fixed = strcmp(writable[i], "iCalUID") == 0 ||
				strcmp(writable[i], "eventType") == 0 ||
				strcmp(writable[i], "sequence") == 0;
		if (json_object_get(doc, writable[i]) == NULL && !is_fixed)
			json_object_del(kept, writable[i]);
	}
	json_decref(e->doc);
	e->doc = kept;
	e->is_live = status == NULL || strcmp(status, "cancelled") != 0;
	e->is_tentative = status != NULL && strcmp(status, "tentative") == 0;
	g_touch(g, e);
	if (before.at != NULL)
		g_settle_series(g, c, e, &before);
	free(before.at);
	return NULL;
}

/* ---- the requests ----------------------------------------------------------------------------- */

static bool
is_valid_id(const char *id)
{
	size_t len = strlen(id);

	return len >= 5 && len <= 1024 && strspn(id, "0123456789abcdefghijklmnopqrstuv") == len;
}

/* False: answered. */
static bool
check_notify(const struct g_request *r, struct g_answer *a)
{
	const char *who = g_param(r, "sendUpdates");

	if (who == NULL || strcmp(who, "all") == 0 || strcmp(who, "externalOnly") == 0 ||
	    strcmp(who, "none") == 0)
		return true;
	g_fail(a, 400, "invalidParameter", "Invalid value for sendUpdates.", "sendUpdates");
	return false;
}

static json_t *
read_body(const struct g_request *r, struct g_answer *a)
{
	json_error_t error;
	const char *type = r->content_type != NULL ? r->content_type : "";
	json_t *doc = strncmp(type, "application/json", 16) == 0
			      ? json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES, &error)
			      : NULL;

	if (json_is_object(doc))
		return doc;
	json_decref(doc);
	g_fail(a, 400, "parseError", "Parse Error", NULL);
	return NULL;
}

static void
answer_event(struct g_service *g, const struct g_calendar *c, const struct g_event *e,
	     struct g_answer *a)
{
	g_json(a, 200, g_render(g, c, e, "owner", true));
	(void)g_etag(e, a->etag);
}

/* An id of 26 characters, as the service gives. */
static void
make_id(struct g_service *g, char out[27])
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
	uint64_t state = ++g->seq * UINT64_C(0x9e3779b97f4a7c15) + 12345;

	for (size_t i = 0; i < 26; i++) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		out[i] = letters[state >> 59];
	}
	out[26] = '\0';
}

/* Who invites, where a line of control has said so; else the calendar's owner. */
static json_t *
organizer_of(const struct g_calendar *c, const struct g_event *e)
{
	const char *email = json_string_value(
		json_object_get(json_object_get(e->doc, "organizer"), "email"));
	bool is_self = email == NULL || strcasecmp(email, c->owner) == 0;

	return is_self ? json_pack("{s:s, s:b}", "email", c->owner, "self", 1)
		       : json_pack("{s:s}", "email", email);
}

/* What the service adds to a new event. */
void
g_add_facts(struct g_service *g, const struct g_calendar *c, struct g_event *e)
{
	char stamp[MMS_TIME_TEXT_MAX], text[1200];

	json_object_set_new(e->doc, "created",
			    json_string(g_print_stamp(g_now(g) - g_now(g) % 1000, stamp)));
	int pad = g->options.link_pad < 1000 ? (int)g->options.link_pad : 1000;
	(void)snprintf(text, sizeof text, "https://www.google.com/calendar/event?eid=%s%.*d",
		       e->id, pad, 0);
	json_object_set_new(e->doc, "htmlLink", json_string(text));
	(void)snprintf(text, sizeof text, "%s@" G_UID_DOMAIN, e->id);
	if (json_object_get(e->doc, "iCalUID") == NULL)
		json_object_set_new(e->doc, "iCalUID", json_string(text));
	json_object_set_new(e->doc, "creator",
			    json_pack("{s:s, s:b}", "email", c->owner, "self", 1));
	json_object_set_new(e->doc, "organizer", organizer_of(c, e));
	json_object_set_new(e->doc, "sequence", json_integer(0));
	if (json_object_get(e->doc, "reminders") == NULL)
		json_object_set_new(e->doc, "reminders", json_pack("{s:b}", "useDefault", 1));
	if (json_object_get(e->doc, "eventType") == NULL)
		json_object_set_new(e->doc, "eventType", json_string("default"));
}

void
g_insert(struct g_service *g, struct g_calendar *c, const struct g_request *r,
	 struct g_answer *a)
{
	char made[27];
	json_t *doc = check_notify(r, a) ? read_body(r, a) : NULL;
	const char *id = json_string_value(json_object_get(doc, "id"));

	if (doc == NULL)
		return;
	if (json_object_get(doc, "id") != NULL && (id == NULL || !is_valid_id(id))) {
		g_fail(a, 400, "invalid", "Invalid resource id value.", "id");
	} else if (id != NULL && json_object_get(doc, "iCalUID") != NULL) {
		g_fail(a, 400, "invalid", "Either id or iCalUID may be given, not both.", NULL);
	} else if (id != NULL && g_find_event(c, id) != NULL) {
		/* Also that of a deleted one: an id stays taken. */
		g_fail(a, 409, "duplicate", "The requested identifier already exists.", NULL);
	} else {
		make_id(g, made);
		struct g_event *e = g_add_event(c, id != NULL ? id : made);
		const char *wrong = g_judge_block(doc, doc, true, g_param(r, "sendUpdates"));

		if (wrong == NULL)
			wrong = g_put_doc(g, c, e, doc);
		if (wrong != NULL) {
			g_fail(a, 400,
			       strncmp(wrong, "Missing", 7) == 0 ? "required" : "invalid",
			       wrong, NULL);
			g_drop_event(c, e);
		} else {
			g_add_facts(g, c, e);
			answer_event(g, c, e, a);
		}
	}
	json_decref(doc);
}

/* Is it of the version that the client means? False: answered. */
static bool
check_version(const struct g_event *e, const struct g_request *r, struct g_answer *a)
{
	char etag[64];

	if (r->if_match == NULL || strcmp(r->if_match, "*") == 0 ||
	    strcmp(r->if_match, g_etag(e, etag)) == 0)
		return true;
	g_fail(a, 412, "conditionNotMet", "Precondition Failed", "If-Match");
	return false;
}

/* The event as a document that a patch is merged into. */
static json_t *
whole_doc(struct g_service *g, const struct g_calendar *c, const struct g_event *e)
{
	return g_render(g, c, e, "owner", true);
}

void
g_change(struct g_service *g, struct g_calendar *c, const char *id, const struct g_request *r,
	 bool is_patch, struct g_answer *a)
{
	struct g_event *e = g_reach(g, c, id);

	if (e == NULL) {
		g_fail(a, 404, "notFound", "Not Found", NULL);
		return;
	}
	json_t *sent = check_notify(r, a) && check_version(e, r, a) ? read_body(r, a) : NULL;
	if (sent == NULL)
		return;
	if (!e->is_live && json_object_get(sent, "status") == NULL &&
	    g->options.is_patch_of_deleted_gone) {
		g_fail(a, 410, "deleted", "Resource has been deleted", NULL);
		json_decref(sent);
		return;
	}
	json_t *doc = is_patch ? whole_doc(g, c, e) : json_deep_copy(sent);
	if (is_patch)
		g_merge(doc, sent);
	const char *wrong = g_judge_block(doc, sent, false, g_param(r, "sendUpdates"));
	if (wrong == NULL)
		wrong = g_put_doc(g, c, e, doc);
	if (wrong != NULL)
		g_fail(a, 400,
		       strstr(wrong, "range is empty") != NULL ? "timeRangeEmpty" : "invalid",
		       wrong, NULL);
	else
		answer_event(g, c, e, a);
	json_decref(doc);
	json_decref(sent);
}

void
g_remove(struct g_service *g, struct g_calendar *c, const char *id, const struct g_request *r,
	 struct g_answer *a)
{
	struct g_event *e = g_reach(g, c, id);

	if (e == NULL) {
		g_fail(a, 404, "notFound", "Not Found", NULL);
	} else if (!e->is_live) {
		g_fail(a, 410, "deleted", "Resource has been deleted", NULL);
	} else if (check_notify(r, a) && check_version(e, r, a)) {
		g_delete(g, c, e);
		a->status = 204;
	}
}
