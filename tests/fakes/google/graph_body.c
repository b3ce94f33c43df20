/* What is sent for an event, checked and made one of ours. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOIN "https://teams.example.com/l/meetup-join/"

/* ---- which members ------------------------------------------------------------------------------ */

/* What a client may write; those that are kept as they stand. */
static const struct {
	const char *name;
	bool is_fact;
} writable[] = {
	{ "subject", false },
	{ "body", false },
	{ "start", false },
	{ "end", false },
	{ "isAllDay", false },
	{ "location", false },
	{ "locations", false },
	{ "attendees", false },
	{ "recurrence", false },
	{ "singleValueExtendedProperties", false },
	{ "showAs", true },
	{ "sensitivity", true },
	{ "importance", true },
	{ "isReminderOn", true },
	{ "reminderMinutesBeforeStart", true },
	{ "responseRequested", true },
	{ "categories", true },
	{ "allowNewTimeProposals", true },
	{ "hideAttendees", true },
	{ "isOnlineMeeting", true },
	{ "onlineMeetingProvider", true },
	{ "transactionId", true },
};

static const struct graph_wrong unknown_member = { "RequestBodyRead",
						   "A property does not exist on type "
						   "'microsoft.graph.event'." };
static const struct graph_wrong bad_value = { "ErrorPropertyValidationFailure",
					      "At least one property failed validation." };

static bool
fail(struct graph_wrong *wrong, struct graph_wrong what)
{
	*wrong = what;
	return false;
}

/* Words out of a list, and kinds of values. */
static bool
check_members(const json_t *body, struct graph_wrong *wrong)
{
	static const struct {
		const char *name, *words;
	} lists[] = {
		{ "showAs", " free tentative busy oof workingElsewhere unknown " },
		{ "sensitivity", " normal personal private confidential " },
		{ "importance", " low normal high " },
	};
	static const char *const flags[] = { "isAllDay", "isReminderOn", "responseRequested",
					     "isOnlineMeeting" };
	const char *key;
	json_t *value;
	char word[64];

	json_object_foreach((json_t *)(uintptr_t)body, key, value)
	{
		bool is_known = false;

		for (size_t i = 0; i < MMS_COUNT(writable); i++)
			is_known = is_known || strcmp(key, writable[i].name) == 0;
		if (!is_known)
			return fail(wrong, unknown_member);
		for (size_t i = 0; i < MMS_COUNT(lists); i++) {
			if (strcmp(key, lists[i].name) != 0)
				continue;
			(void)snprintf(word, sizeof word, " %s ",
				       json_is_string(value) ? json_string_value(value) : "?");
			if (strstr(lists[i].words, word) == NULL)
				return fail(wrong, bad_value);
		}
		for (size_t i = 0; i < MMS_COUNT(flags); i++) {
			if (strcmp(key, flags[i]) == 0 && !json_is_boolean(value))
				return fail(wrong, bad_value);
		}
	}
	return true;
}

/* ---- times ---------------------------------------------------------------------------------------- */

/* A clock and its zone, of a body or of the event as it is. */
struct when {
	int64_t wall_us;
	const struct mms_zone *zone;
};

static bool
read_when(const struct graph_call *k, const json_t *value, struct when *out)
{
	const char *text = json_string_value(json_object_get(value, "dateTime"));
	const char *zone = json_string_value(json_object_get(value, "timeZone"));

	/* No offset: the zone stands beside it. */
	if (!json_is_object(value) || text == NULL || zone == NULL || strlen(text) < 16 ||
	    text[10] != 'T')
		return false;
	out->zone = graph_zone(k->g, zone);
	return out->zone != NULL && mms_wall_parse(text, strlen(text), &out->wall_us);
}

static json_t *
print_when(const struct when *when, bool is_day)
{
	char text[MMS_TIME_TEXT_MAX];

	if (is_day) {
		(void)mms_wall_print(when->wall_us, text);
		text[10] = '\0';
		return json_pack("{s:s}", "date", text);
	}
	(void)mms_time_print(mms_zone_to_utc(when->zone, when->wall_us) / 1000 * 1000, text);
	return json_pack("{s:s, s:s}", "dateTime", text, "timeZone", mms_zone_name(when->zone));
}

static struct when
when_of(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	int64_t ms)
{
	const struct mms_zone *zone = e->zone != NULL ? g_zone(k->g, e->zone) : NULL;

	zone = e->is_day ? mms_zone_utc() : zone != NULL ? zone : c->zone;
	return (struct when){ .zone = zone, .wall_us = mms_zone_to_wall(zone, ms) };
}

/* Both are midnight, of one zone, and there is a day between them. */
static bool
are_days(const struct when *from, const struct when *to)
{
	return from->wall_us % MMS_DAY_US == 0 && to->wall_us % MMS_DAY_US == 0 &&
	       strcmp(mms_zone_name(from->zone), mms_zone_name(to->zone)) == 0 &&
	       to->wall_us > from->wall_us;
}

static bool
put_times(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	  const json_t *body, bool is_new, json_t *doc, struct graph_wrong *wrong)
{
	static const struct graph_wrong midnight = {
		"ErrorPropertyValidationFailure",
		"The Event.Start property for an all-day event needs to be set to midnight."
	};
	static const struct graph_wrong early = { "ErrorCalendarEndDateIsEarlierThanStartDate",
						  "The end is before the start." };
	const json_t *all_day = json_object_get(body, "isAllDay");
	const json_t *start = json_object_get(body, "start"),
		     *end = json_object_get(body, "end");
	bool is_day = all_day != NULL ? json_is_true(all_day) : e->is_day;
	struct when from = { 0 }, to = { 0 };

	if (!is_new && start == NULL && end == NULL && all_day == NULL)
		return true;
	if (!is_new) {
		from = when_of(k, c, e, e->start_ms);
		to = when_of(k, c, e, e->end_ms);
	}
	if (((is_new || start != NULL) && !read_when(k, start, &from)) ||
	    ((is_new || end != NULL) && !read_when(k, end, &to)))
		return fail(wrong, bad_value);
	if (is_day && !are_days(&from, &to))
		return fail(wrong, midnight);
	if (mms_zone_to_utc(to.zone, to.wall_us) < mms_zone_to_utc(from.zone, from.wall_us))
		return fail(wrong, early);
	json_object_set_new(doc, "start", print_when(&from, is_day));
	json_object_set_new(doc, "end", print_when(&to, is_day));
	return true;
}

/* ---- people, places, properties --------------------------------------------------------------------- */

static const char *
google_word(const char *response)
{
	return response == NULL                               ? "needsAction"
	       : strcmp(response, "accepted") == 0            ? "accepted"
	       : strcmp(response, "declined") == 0            ? "declined"
	       : strcmp(response, "tentativelyAccepted") == 0 ? "tentative"
							      : "needsAction";
}

static const json_t *
guest_like(const json_t *all, const char *email)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, one)
	{
		const char *other = json_string_value(json_object_get(one, "email"));

		if (other != NULL && strcasecmp(other, email) == 0)
			return one;
	}
	return NULL;
}

/* The list is replaced; who was on it keeps the answer. */
static bool
put_guests(const struct g_event *e, const json_t *body, json_t *doc, struct graph_wrong *wrong)
{
	const json_t *sent = json_object_get(body, "attendees"), *one;
	json_t *out = json_array();
	size_t i;

	if (sent != NULL && !json_is_array(sent)) {
		json_decref(out);
		return fail(wrong, bad_value);
	}
	json_array_foreach((json_t *)(uintptr_t)sent, i, one)
	{
		const json_t *address = json_object_get(one, "emailAddress");
		const char *email = json_string_value(json_object_get(address, "address"));
		const char *name = json_string_value(json_object_get(address, "name"));
		const char *type = json_string_value(json_object_get(one, "type"));
		const char *said = json_string_value(
			json_object_get(json_object_get(one, "status"), "response"));

		if (email == NULL || strchr(email, '@') == NULL) {
			json_decref(out);
			return fail(wrong, bad_value);
		}
		const json_t *before = guest_like(json_object_get(e->doc, "attendees"), email);
		const char *kept = json_string_value(json_object_get(before, "responseStatus"));
		json_t *guest = json_pack("{s:s, s:s}", "email", email, "responseStatus",
					  kept != NULL ? kept : google_word(said));
		if (name != NULL)
			json_object_set_new(guest, "displayName", json_string(name));
		if (type != NULL && strcmp(type, "optional") == 0)
			json_object_set_new(guest, "optional", json_true());
		if (type != NULL && strcmp(type, "resource") == 0)
			json_object_set_new(guest, "resource", json_true());
		json_array_append_new(out, guest);
	}
	if (sent != NULL && json_array_size(out) > 0)
		json_object_set(doc, "attendees", out);
	else if (sent != NULL)
		json_object_del(doc, "attendees");
	json_decref(out);
	return true;
}

static json_t *
object_in(json_t *doc, const char *name)
{
	json_t *at = json_object_get(doc, name);

	if (!json_is_object(at))
		json_object_set_new(doc, name, at = json_object());
	return at;
}

/* Those that are sent; all others stay. */
static bool
put_properties(const json_t *body, json_t *doc, json_t *facts, struct graph_wrong *wrong)
{
	static const char ours[] = "String " GRAPH_SET " Name ";
	const json_t *sent = json_object_get(body, "singleValueExtendedProperties"), *one;
	size_t i;

	if (sent != NULL && !json_is_array(sent))
		return fail(wrong, bad_value);
	json_array_foreach((json_t *)(uintptr_t)sent, i, one)
	{
		const char *text = json_string_value(json_object_get(one, "id"));
		json_t *value = json_object_get(one, "value");
		char *id = text != NULL ? graph_property_id(text, strlen(text)) : NULL;

		if (id == NULL || !json_is_string(value) || json_object_size(one) != 2) {
			free(id);
			return fail(wrong, bad_value);
		}
		if (strncmp(id, ours, sizeof ours - 1) == 0)
			json_object_set(
				object_in(object_in(doc, "extendedProperties"), "private"),
				id + sizeof ours - 1, value);
		else
			json_object_set(object_in(facts, "_properties"), id, value);
		free(id);
	}
	return true;
}

static bool
put_place(const json_t *body, json_t *doc, struct graph_wrong *wrong)
{
	const json_t *place = json_object_get(body, "location");
	const char *name = json_string_value(json_object_get(place, "displayName"));

	if (place == NULL)
		return true;
	if (!json_is_object(place) || name == NULL)
		return fail(wrong, bad_value);
	if (name[0] != '\0')
		json_object_set_new(doc, "location", json_string(name));
	else
		json_object_del(doc, "location");
	return true;
}

/* ---- texts ------------------------------------------------------------------------------------------ */

/* What the service makes of a body that it is sent (`set normalise on`). */
static void
wrap(const char *html, struct mms_str *out)
{
	if (strcasestr(html, "<html") != NULL) {
		mms_str_add(out, html);
		return;
	}
	mms_str_addf(out,
		     "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" "
		     "content=\"text/html; charset=utf-8\">\r\n</head>\r\n<body>\r\n%s\r\n"
		     "</body>\r\n</html>\r\n",
		     html);
}

static bool
put_text(const struct graph_call *k, const struct g_event *e, const json_t *body, json_t *doc,
	 json_t *facts, struct graph_wrong *wrong)
{
	const json_t *sent = json_object_get(body, "body");
	const char *type = json_string_value(json_object_get(sent, "contentType"));
	const char *content = json_string_value(json_object_get(sent, "content"));
	MMS_AUTO(mms_str) plain = { 0 };
	MMS_AUTO(mms_str) kept = { 0 };

	if (sent == NULL)
		return true;
	bool is_html = type != NULL && strcasecmp(type, "html") == 0;
	if (content == NULL || type == NULL || (!is_html && strcasecmp(type, "text") != 0))
		return fail(wrong, bad_value);
	if (is_html)
		graph_html_to_text(content, "\n", &plain);
	else
		mms_str_add(&plain, content);
	if (plain.len > 0)
		json_object_set_new(doc, "description", json_string(mms_str_get(&plain)));
	else
		json_object_del(doc, "description");
	if (is_html && k->g->options.is_normalising)
		wrap(content, &kept);
	else
		mms_str_add(&kept, content);
	json_object_set_new(facts, "_body",
			    json_pack("{s:s, s:s}", "contentType", is_html ? "html" : "text",
				      "content", mms_str_get(&kept)));
	/* The link to join lives in the text: who writes over it has taken it away. */
	if (json_is_true(json_object_get(e->graph, "isOnlineMeeting")) &&
	    strstr(content, JOIN) == NULL) {
		json_object_set_new(facts, "_join_lost", json_true());
		json_object_set_new(facts, "isOnlineMeeting", json_false());
		json_object_set_new(facts, "onlineMeeting", json_null());
	}
	return true;
}

void
graph_make_online(struct g_service *g, struct g_event *e)
{
	const char *text = json_string_value(json_object_get(e->doc, "description"));
	char link[GRAPH_ID_MAX];
	MMS_AUTO(mms_str) out = { 0 };

	(void)snprintf(link, sizeof link, JOIN "%s", e->id);
	mms_str_addf(&out, "%s%s________________\nMicrosoft Teams meeting\nJoin: %s",
		     text != NULL ? text : "", text != NULL ? "\n" : "", link);
	json_object_set_new(e->doc, "description", json_string(mms_str_get(&out)));
	graph_set_fact(e, "isOnlineMeeting", json_true());
	graph_set_fact(e, "onlineMeetingProvider", json_string("teamsForBusiness"));
	graph_set_fact(e, "onlineMeeting", json_pack("{s:s}", "joinUrl", link));
	g_touch(g, e);
}

/* ---- all of it ---------------------------------------------------------------------------------------- */

/* Graph's words into those of the other face. */
static void
put_words(const json_t *body, json_t *doc)
{
	const char *shown = json_string_value(json_object_get(body, "showAs"));
	const char *hidden = json_string_value(json_object_get(body, "sensitivity"));
	const char *title = json_string_value(json_object_get(body, "subject"));

	if (shown != NULL) {
		bool is_free =
			strcmp(shown, "free") == 0 || strcmp(shown, "workingElsewhere") == 0;

		json_object_del(doc, "transparency");
		if (is_free)
			json_object_set_new(doc, "transparency", json_string("transparent"));
		json_object_set_new(doc, "status",
				    json_string(strcmp(shown, "tentative") == 0 ? "tentative"
										: "confirmed"));
	}
	if (hidden != NULL) {
		json_object_del(doc, "visibility");
		if (strcmp(hidden, "normal") != 0)
			json_object_set_new(doc, "visibility",
					    json_string(strcmp(hidden, "confidential") == 0
								? "confidential"
								: "private"));
	}
	if (title != NULL && title[0] != '\0')
		json_object_set_new(doc, "summary", json_string(title));
	else if (json_object_get(body, "subject") != NULL)
		json_object_del(doc, "summary");
}

static bool
put_recurrence(const json_t *body, json_t *doc, struct graph_wrong *wrong)
{
	const json_t *sent = json_object_get(body, "recurrence");
	char *rule = json_is_object(sent) ? graph_rrule(sent) : NULL;

	if (json_is_object(sent) && rule == NULL)
		return fail(wrong, bad_value);
	if (rule != NULL)
		json_object_set_new(doc, "recurrence", json_pack("[s]", rule));
	else if (json_is_null(sent))
		json_object_del(doc, "recurrence");
	free(rule);
	return true;
}

static const char *
put_judged(const struct graph_call *k, struct g_calendar *c, struct g_event *e, json_t *doc,
	   const json_t *body, bool is_new)
{
	const char *wrong = g_judge_block(doc, body, is_new, NULL);

	return wrong == NULL ? g_put_doc(k->g, c, e, doc) : wrong;
}

bool
graph_put(const struct graph_call *k, struct g_calendar *c, struct g_event *e,
	  const json_t *body, bool is_new, struct graph_wrong *wrong)
{
	json_t *doc = is_new ? json_object() : g_render(k->g, c, e, "owner", true);
	json_t *facts = json_object();
	bool is_good =
		check_members(body, wrong) && put_times(k, c, e, body, is_new, doc, wrong) &&
		put_guests(e, body, doc, wrong) && put_place(body, doc, wrong) &&
		put_text(k, e, body, doc, facts, wrong) && put_recurrence(body, doc, wrong);

	if (is_good) {
		json_t *kept = json_object_get(e->graph, "_properties");

		if (kept != NULL)
			json_object_set_new(facts, "_properties", json_deep_copy(kept));
		put_words(body, doc);
		is_good = put_properties(body, doc, facts, wrong);
	}
	const char *refused = is_good ? put_judged(k, c, e, doc, body, is_new) : NULL;
	if (refused != NULL)
		is_good = fail(wrong, (struct graph_wrong){ bad_value.code, refused });
	for (size_t i = 0; is_good && i < MMS_COUNT(writable); i++) {
		json_t *value = json_object_get(body, writable[i].name);

		if (writable[i].is_fact && value != NULL)
			json_object_set(facts, writable[i].name, value);
	}
	if (is_good && e->graph != NULL)
		json_object_update(e->graph, facts);
	else if (is_good)
		e->graph = json_incref(facts);
	json_decref(facts);
	json_decref(doc);
	return is_good;
}
