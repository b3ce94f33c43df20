/* Lines of control that are about events. */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "a@example.com,b@example.com:accepted" */
static json_t *
guests_of(const char *text)
{
	json_t *all = json_array();

	while (*text != '\0') {
		size_t len = strcspn(text, ","), mail = strcspn(text, ",:");
		json_t *one = json_object();

		json_object_set_new(one, "email", json_stringn(text, mail));
		if (mail < len)
			json_object_set_new(one, "responseStatus",
					    json_stringn(text + mail + 1, len - mail - 1));
		json_array_append_new(all, one);
		text += len + (text[len] == ',');
	}
	return all;
}

/* The calendar's own answer: its entry among the guests; in a copy from another calendar the answer there is another's. */
static void
answer_self(const struct g_calendar *c, json_t *doc, const char *response)
{
	json_t *all = json_object_get(doc, "attendees"), *one, *self = NULL;
	size_t i;

	if (all == NULL)
		json_object_set_new(doc, "attendees", all = json_array());
	json_array_foreach(all, i, one)
	{
		const char *email = json_string_value(json_object_get(one, "email"));

		if (email != NULL && strcasecmp(email, c->owner) == 0)
			self = one;
		else
			(void)json_object_del(one, "self");
	}
	if (self == NULL) {
		json_array_append_new(all, self = json_object());
		json_object_set_new(self, "email", json_string(c->owner));
	}
	json_object_set_new(self, "responseStatus", json_string(response));
}

static json_t *
mark_of(json_t *doc)
{
	json_t *all = json_object_get(doc, "extendedProperties");

	if (all == NULL)
		json_object_set_new(doc, "extendedProperties", all = json_object());
	json_t *own = json_object_get(all, "private");
	if (own == NULL)
		json_object_set_new(all, "private", own = json_object());
	return own;
}

/* A member as Graph shows it: JSON, or a text. */
static void
set_fact(json_t *doc, const char *name, const char *value)
{
	json_error_t error;
	json_t *all = json_object_get(doc, "_graph");
	json_t *fact = json_loads(value, JSON_DECODE_ANY, &error);

	if (all == NULL)
		json_object_set_new(doc, "_graph", all = json_object());
	json_object_set_new(all, name, fact != NULL ? fact : json_string(value));
}

/* What says the same in Graph's words must not outlive a change in Google's. */
static void
forget_facts(json_t *doc, const char *key)
{
	if (strcmp(key, "transparency") == 0 || strcmp(key, "status") == 0)
		set_fact(doc, "showAs", "null");
	else if (strcmp(key, "visibility") == 0)
		set_fact(doc, "sensitivity", "null");
}

/* One key=value of an event line into the document. */
static bool
set_value(const struct g_calendar *c, struct g_line *l, json_t *doc, const char *text)
{
	static const struct {
		const char *key, *member;
	} plain[] = {
		{ "title", "summary" },         { "place", "location" },
		{ "text", "description" },      { "transparency", "transparency" },
		{ "visibility", "visibility" }, { "status", "status" },
		{ "eventType", "eventType" },   { "uid", "iCalUID" },
	};
	char key[64];
	const char *value = strchr(text, '=');

	(void)snprintf(key, sizeof key, "%.*s", (int)strcspn(text, "="), text);
	if (value == NULL)
		return g_refuse(l, "'%s' is not key=value", text);
	value++;
	for (size_t i = 0; i < MMS_COUNT(plain); i++) {
		if (strcmp(key, plain[i].key) == 0) {
			forget_facts(doc, key);
			if (value[0] != '\0')
				json_object_set_new(doc, plain[i].member, json_string(value));
			else
				json_object_del(doc, plain[i].member);
			return true;
		}
	}
	if (strncmp(key, "graph.", 6) == 0)
		set_fact(doc, key + 6, value);
	else if (strcmp(key, "rrule") == 0)
		json_object_set_new(doc, "recurrence", json_pack("[s+]", "RRULE:", value));
	else if (strcmp(key, "guests") == 0)
		json_object_set_new(doc, "attendees", guests_of(value));
	else if (strcmp(key, "self") == 0)
		answer_self(c, doc, value);
	else if (strncmp(key, "private.", 8) == 0)
		json_object_set_new(mark_of(doc), key + 8, json_string(value));
	else if (strcmp(key, "organizer") == 0)
		json_object_set_new(doc, "organizer", json_pack("{s:s}", "email", value));
	else if (strcmp(key, "start") != 0 && strcmp(key, "end") != 0 &&
		 strcmp(key, "zone") != 0)
		return g_refuse(l, "an event has no '%s'", key);
	return true;
}

static bool
set_time(struct g_service *g, const struct g_calendar *c, struct g_line *l, json_t *doc,
	 const char *member, const char *text)
{
	const char *zone = g_value_of(l, "zone");
	bool is_day;
	int64_t ms;

	if (!g_parse_story_time(g, c, text, zone, &is_day, &ms))
		return g_refuse(l, "'%s' is no time", text);
	json_object_set_new(doc, member, g_print_time(g, c, zone, is_day, ms));
	return true;
}

/* The facts that no client may write. */
static void
set_facts(struct g_event *e, const json_t *doc)
{
	const json_t *organizer = json_object_get(doc, "organizer");

	if (organizer != NULL)
		json_object_set_new(e->doc, "organizer", json_deep_copy(organizer));
	if (json_object_get(doc, "_graph") != NULL) {
		if (e->graph == NULL)
			e->graph = json_object();
		g_merge(e->graph, json_object_get(doc, "_graph"));
	}
}

static bool
put(struct g_service *g, struct g_calendar *c, struct g_event *e, struct g_line *l, json_t *doc)
{
	const char *wrong = g_put_doc(g, c, e, doc);

	if (wrong == NULL)
		set_facts(e, doc);
	json_decref(doc);
	return wrong == NULL || g_refuse(l, "%s", wrong);
}

/* event CAL ID "Title" START END [key=value]...; series the same with RRULE behind END. */
static bool
make_event(struct g_service *g, struct g_line *l, bool is_series)
{
	struct g_calendar *c = g_line_calendar(g, l);
	size_t first = is_series ? 7 : 6;
	json_t *doc = json_object();
	char rule[300];
	bool is_good = c != NULL;

	if (is_good && l->n < first)
		is_good = g_refuse(l, "%s takes CALENDAR ID TITLE START END%s", l->words[0],
				   is_series ? " RRULE" : "");
	if (is_good) {
		json_object_set_new(doc, "summary", json_string(l->words[3]));
		if (l->words[3][0] == '\0')
			json_object_del(doc, "summary");
		is_good = set_time(g, c, l, doc, "start", l->words[4]) &&
			  set_time(g, c, l, doc, "end", l->words[5]);
	}
	for (size_t i = first; is_good && i < l->n; i++)
		is_good = set_value(c, l, doc, l->words[i]);
	if (is_good && is_series) {
		(void)snprintf(
			rule, sizeof rule, "%s%s",
			strncmp(l->words[6], "RRULE:", 6) == 0 ? "" : "RRULE:", l->words[6]);
		json_object_set_new(doc, "recurrence", json_pack("[s]", rule));
	}
	if (!is_good) {
		json_decref(doc);
		return false;
	}
	struct g_event *e = g_find_event(c, l->words[2]);
	bool is_new = e == NULL;
	if (is_new)
		e = g_add_event(c, l->words[2]);
	if (!put(g, c, e, l, doc)) {
		if (is_new)
			g_drop_event(c, e);
		return false;
	}
	if (is_new)
		g_add_facts(g, c, e);
	return true;
}

bool
g_do_event(struct g_service *g, struct g_line *l)
{
	return make_event(g, l, false);
}

bool
g_do_series(struct g_service *g, struct g_line *l)
{
	return make_event(g, l, true);
}

struct g_event *
g_line_event(struct g_service *g, struct g_line *l, struct g_calendar **c)
{
	*c = g_line_calendar(g, l);
	struct g_event *e = *c != NULL ? g_reach(g, *c, g_word(l, 2)) : NULL;

	if (*c != NULL && e == NULL)
		(void)g_refuse(l, "there is no event '%s' in %s", g_word(l, 2), g_word(l, 1));
	return e;
}

bool
g_do_change(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);
	bool is_good = e != NULL;
	json_t *doc = is_good ? g_render(g, c, e, "owner", true) : NULL;

	for (size_t i = 3; is_good && i < l->n; i++)
		is_good = set_value(c, l, doc, l->words[i]);
	static const char *const times[] = { "start", "end" };
	for (size_t i = 0; is_good && i < MMS_COUNT(times); i++) {
		const char *text = g_value_of(l, times[i]);

		if (text != NULL)
			is_good = set_time(g, c, l, doc, times[i], text);
	}
	if (is_good && l->n > 3)
		return put(g, c, e, l, doc);
	json_decref(doc);
	return is_good;
}

bool
g_do_mark(struct g_service *g, struct g_line *l)
{
	static const char *const keys[] = { "id", "kind", "site", "source" };
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);
	char name[32];

	if (e == NULL)
		return false;
	json_t *doc = g_render(g, c, e, "owner", true);
	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		const char *value = g_value_of(l, keys[i]);

		(void)snprintf(name, sizeof name, "mmsync_%s", keys[i]);
		if (value != NULL)
			json_object_set_new(mark_of(doc), name, json_string(value));
	}
	return put(g, c, e, l, doc);
}

bool
g_do_delete(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);

	if (e != NULL)
		g_delete(g, c, e);
	return e != NULL;
}

/* It is away as if it had never been: no tombstone. */
bool
g_do_vanish(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);

	if (e != NULL)
		g_drop_event(c, e);
	return e != NULL;
}

bool
g_do_delete_from(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);
	bool is_day;
	int64_t ms;

	if (e == NULL)
		return false;
	if (!g_parse_story_time(g, c, g_word(l, 3), g_value_of(l, "zone"), &is_day, &ms))
		return g_refuse(l, "'%s' is no time", g_word(l, 3));
	return g_cut_series(g, c, e, ms) || g_refuse(l, "'%s' is no series", g_word(l, 2));
}

/* copy CAL ID TO NEWID|= [bare]: what a person's copy has, our private properties too, unless it is a guest's. */
bool
g_do_copy(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);
	struct g_calendar *to = e != NULL ? g_find_calendar(g, g_word(l, 3)) : NULL;
	const char *id = strcmp(g_word(l, 4), "=") == 0 ? g_word(l, 2) : g_word(l, 4);

	if (e != NULL && to == NULL)
		return g_refuse(l, "there is no calendar '%s'", g_word(l, 3));
	if (e == NULL)
		return false;
	json_t *doc = g_render(g, c, e, "owner", true);
	if (strcmp(g_word(l, 5), "bare") == 0)
		json_object_del(doc, "extendedProperties");
	struct g_event *old = g_find_event(to, id);
	struct g_event *copy = old != NULL ? old : g_add_event(to, id);
	json_object_del(doc, "status");
	bool is_good = put(g, to, copy, l, doc);
	if (is_good && old == NULL)
		g_add_facts(g, to, copy);
	return is_good;
}
