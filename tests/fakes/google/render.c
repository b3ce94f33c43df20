/* An event as a reader gets it. */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *
g_etag(const struct g_event *e, char buf[64])
{
	/* As in recordings: twice the time of the write in microseconds; never the same twice. */
	(void)snprintf(buf, 64, "\"%" PRIu64 "\"",
		       2 * ((uint64_t)e->updated_ms * 1000 + e->seq % 1000000));
	return buf;
}

/* What is left of a deleted event for who reads changes. */
static json_t *
render_tombstone(struct g_service *g, const struct g_calendar *c, const struct g_event *e)
{
	char etag[64];
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s}", "kind", "calendar#event", "etag",
				g_etag(e, etag), "id", e->id, "status", "cancelled");

	if (e->series != NULL) {
		json_object_set_new(doc, "recurringEventId", json_string(e->series));
		json_object_set_new(doc, "originalStartTime",
				    g_print_time(g, c, e->zone, e->is_day, e->original_ms));
	}
	return doc;
}

static bool
is_hidden(const struct g_event *e, const char *role)
{
	const char *visibility = json_string_value(json_object_get(e->doc, "visibility"));
	bool is_private = visibility != NULL && (strcmp(visibility, "private") == 0 ||
						 strcmp(visibility, "confidential") == 0);

	return strcmp(role, "freeBusyReader") == 0 ||
	       (is_private && strcmp(role, "owner") != 0 && strcmp(role, "writer") != 0);
}

static void
add_times(struct g_service *g, const struct g_calendar *c, const struct g_event *e, json_t *doc)
{
	if (e->start_ms != MMS_NO_TIME) {
		json_object_set_new(doc, "start",
				    g_print_time(g, c, e->zone, e->is_day, e->start_ms));
		json_object_set_new(doc, "end",
				    g_print_time(g, c, e->zone, e->is_day, e->end_ms));
	}
	if (e->series != NULL) {
		json_object_set_new(doc, "recurringEventId", json_string(e->series));
		json_object_set_new(doc, "originalStartTime",
				    g_print_time(g, c, e->zone, e->is_day, e->original_ms));
	}
}

json_t *
g_render(struct g_service *g, const struct g_calendar *c, const struct g_event *e,
	 const char *role, bool is_whole)
{
	static const char *const shown[] = { "htmlLink", "iCalUID", "transparency",
					     "eventType" };
	char etag[64], stamp[MMS_TIME_TEXT_MAX];

	if (!e->is_live && !is_whole && !g->options.is_tombstone_full)
		return render_tombstone(g, c, e);
	const char *status = !e->is_live       ? "cancelled"
			     : e->is_tentative ? "tentative"
					       : "confirmed";
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", "calendar#event", "etag",
				g_etag(e, etag), "id", e->id, "status", status, "updated",
				g_print_stamp(e->updated_ms, stamp));
	add_times(g, c, e, doc);
	if (is_hidden(e, role)) {
		json_object_set_new(doc, "visibility", json_string("private"));
		for (size_t i = 0; i < MMS_COUNT(shown); i++) {
			json_t *value = json_object_get(e->doc, shown[i]);

			if (value != NULL)
				json_object_set(doc, shown[i], value);
		}
		return doc;
	}
	json_t *copy = json_deep_copy(e->doc);
	json_object_update_missing(doc, copy);
	json_decref(copy);
	return doc;
}
