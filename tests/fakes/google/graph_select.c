/* $select, $expand and $filter: only the forms that are documented are understood. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PROPERTIES 20
#define VALUES         "singleValueExtendedProperties"

/* ---- property ids ------------------------------------------------------------------------------- */

/* 8-4-4-4-12 digits of base 16 in braces; upper case into out. */
static bool
read_guid(const char *text, char out[39])
{
	for (size_t i = 0; i < 38; i++) {
		bool is_dash = i == 9 || i == 14 || i == 19 || i == 24;
		const char *fine = i == 0    ? "{"
				   : i == 37 ? "}"
				   : is_dash ? "-"
					     : "0123456789abcdefABCDEF";

		if (text[i] == '\0' || strchr(fine, text[i]) == NULL)
			return false;
		out[i] = (char)(text[i] >= 'a' && text[i] <= 'f' ? text[i] - 32 : text[i]);
	}
	out[38] = '\0';
	return true;
}

char *
graph_property_id(const char *text, size_t len)
{
	char *copy = strndup(text, len), *out = NULL;
	char guid[39];

	if (copy != NULL && strncmp(copy, "String ", 7) == 0 && read_guid(copy + 7, guid) &&
	    strncmp(copy + 45, " Name ", 6) == 0 && copy[51] != '\0') {
		size_t size = strlen(copy) + 1;

		out = malloc(size);
		if (out != NULL)
			(void)snprintf(out, size, "String %s Name %s", guid, copy + 51);
	}
	free(copy);
	return out;
}

const char *
graph_property(const struct g_event *e, const char *id)
{
	static const char ours[] = "String " GRAPH_SET " Name ";
	const json_t *all = json_object_get(e->graph, "_properties");

	if (strncmp(id, ours, sizeof ours - 1) != 0)
		return json_string_value(json_object_get(all, id));
	all = json_object_get(json_object_get(e->doc, "extendedProperties"), "private");
	return json_string_value(json_object_get(all, id + sizeof ours - 1));
}

/* ---- the language ------------------------------------------------------------------------------- */

/* Take a word if it stands there. */
static bool
take(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

static void
take_blanks(const char **p)
{
	*p += strspn(*p, " ");
}

/* 'text', with '' for one apostrophe. Owns: free(); NULL: there is none. */
static char *
take_text(const char **p)
{
	MMS_AUTO(mms_str) out = { 0 };

	if (!take(p, "'"))
		return NULL;
	for (;; (*p)++) {
		if (**p == '\0')
			return NULL;
		if (**p == '\'' && (*p)[1] != '\'')
			break;
		*p += **p == '\'';
		mms_str_addc(&out, **p);
	}
	(*p)++;
	return strdup(mms_str_get(&out));
}

/* id eq '...'; the canonical id. Owns: free(); NULL: it is not that. */
static char *
take_id(const char **p, const char *name)
{
	take_blanks(p);
	if (!take(p, name) || !take(p, " eq "))
		return NULL;
	char *text = take_text(p);
	char *id = text != NULL ? graph_property_id(text, strlen(text)) : NULL;
	free(text);
	return id;
}

static bool
fail_expand(const struct graph_call *k)
{
	graph_fail(k->a, 400, "BadRequest", "Parsing OData Select and Expand failed.");
	return false;
}

/* singleValueExtendedProperties($filter=id eq '..' or id eq '..') */
static bool
read_expand(const struct graph_call *k, const char *text, struct graph_shape *out)
{
	const char *p = text;
	bool is_more = true;

	out->properties = calloc(MAX_PROPERTIES, sizeof *out->properties);
	if (out->properties == NULL || !take(&p, VALUES "($filter="))
		return fail_expand(k);
	while (is_more) {
		char *id = out->n_properties < MAX_PROPERTIES ? take_id(&p, "id") : NULL;

		if (id == NULL)
			return fail_expand(k);
		out->properties[out->n_properties++] = id;
		take_blanks(&p);
		is_more = take(&p, "or ");
	}
	return (take(&p, ")") && *p == '\0') || fail_expand(k);
}

static bool
is_member(const char *name, size_t len)
{
	static const char *const members[] = {
		"id",
		"createdDateTime",
		"lastModifiedDateTime",
		"changeKey",
		"categories",
		"transactionId",
		"originalStartTimeZone",
		"originalEndTimeZone",
		"iCalUId",
		"reminderMinutesBeforeStart",
		"isReminderOn",
		"hasAttachments",
		"subject",
		"bodyPreview",
		"importance",
		"sensitivity",
		"isAllDay",
		"isCancelled",
		"isOrganizer",
		"responseRequested",
		"seriesMasterId",
		"showAs",
		"type",
		"webLink",
		"onlineMeetingUrl",
		"isOnlineMeeting",
		"onlineMeetingProvider",
		"allowNewTimeProposals",
		"occurrenceId",
		"isDraft",
		"hideAttendees",
		"responseStatus",
		"body",
		"start",
		"end",
		"location",
		"locations",
		"recurrence",
		"attendees",
		"organizer",
		"onlineMeeting",
		"originalStart",
		VALUES,
	};

	for (size_t i = 0; i < MMS_COUNT(members); i++) {
		if (strlen(members[i]) == len && strncmp(members[i], name, len) == 0)
			return true;
	}
	return false;
}

bool
graph_read_shape(const struct graph_call *k, struct graph_shape *out)
{
	const char *select = g_param(k->r, "$select"), *expand = g_param(k->r, "$expand");

	for (const char *p = select; p != NULL && *p != '\0'; p += *p == ',') {
		size_t len = strcspn(p, ",");

		if (!is_member(p, len)) {
			graph_fail(k->a, 400, "BadRequest",
				   "Could not find a property on type "
				   "'Microsoft.OutlookServices.Event'.");
			return false;
		}
		p += len;
	}
	out->select = select;
	return expand == NULL || read_expand(k, expand, out);
}

void
graph_shape_release(struct graph_shape *shape)
{
	for (size_t i = 0; i < shape->n_properties; i++)
		free(shape->properties[i]);
	free(shape->properties);
	*shape = (struct graph_shape){ 0 };
}

static bool
is_selected(const char *select, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = select; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
		if (strncmp(p, name, len) == 0 && (p[len] == ',' || p[len] == '\0'))
			return true;
	}
	return false;
}

void
graph_apply_shape(const struct graph_shape *shape, const struct g_event *e, json_t *doc)
{
	json_t *values = json_array(), *value;
	const char *key;
	void *next;

	json_object_foreach_safe(doc, next, key, value)
	{
		if (shape->select != NULL && strcmp(key, "id") != 0 &&
		    strcmp(key, "@odata.etag") != 0 && !is_selected(shape->select, key))
			json_object_del(doc, key);
	}
	for (size_t i = 0; i < shape->n_properties; i++) {
		const char *text = graph_property(e, shape->properties[i]);

		if (text != NULL)
			json_array_append_new(values,
					      json_pack("{s:s, s:s}", "id",
							shape->properties[i], "value", text));
	}
	if (json_array_size(values) > 0)
		json_object_set(doc, VALUES, values);
	json_decref(values);
}

bool
graph_read_filter(const struct graph_call *k, const char *text, char **id, char **value)
{
	const char *p = text;

	*id = *value = NULL;
	if (take(&p, VALUES "/Any(ep:") && (*id = take_id(&p, "ep/id")) != NULL &&
	    take(&p, " and ep/value eq ") && (*value = take_text(&p)) != NULL &&
	    take(&p, ")") && *p == '\0')
		return true;
	free(*id);
	free(*value);
	*id = *value = NULL;
	graph_fail(k->a, 400, "ErrorInvalidUrlQueryFilter", "The query filter is invalid.");
	return false;
}
