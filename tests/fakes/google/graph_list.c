/* Lists that are no delta: events, found by a property; occurrences of a window, of a series. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a list holds, each with the calendar it is of. */
struct list {
	struct {
		const struct g_calendar *calendar;
		struct graph_found found;
	} parts[64];
	size_t n;
};

static void
encode(const char *text, struct mms_str *out)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				(c >= 'A' && c <= 'Z') || strchr("-._~", c) != NULL;

		mms_str_addf(out, is_plain ? "%c" : "%%%02X", c);
	}
}

/* The same question, further on. */
static void
add_next_link(const struct graph_call *k, size_t skip, json_t *doc)
{
	MMS_AUTO(mms_str) link = { 0 };

	graph_add_origin(k, &link);
	mms_str_addf(&link, "%s?", k->r->path);
	for (size_t i = 0; i < k->r->n_params; i++) {
		if (strcmp(k->r->params[i].name, "$skip") == 0)
			continue;
		mms_str_addf(&link, "%s=", k->r->params[i].name);
		encode(k->r->params[i].value, &link);
		mms_str_addc(&link, '&');
	}
	mms_str_addf(&link, "$skip=%zu", skip);
	json_object_set_new(doc, "@odata.nextLink", json_string(mms_str_get(&link)));
}

/* A number in the query; false: answered. */
static bool
read_number(const struct graph_call *k, const char *name, size_t most, size_t *out)
{
	const char *text = g_param(k->r, name);

	if (text == NULL)
		return true;
	*out = strtoul(text, NULL, 10);
	if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && *out <= most)
		return true;
	graph_fail(k->a, 400, "ErrorInvalidUrlQuery", "A number of the query is wrong.");
	return false;
}

static void
answer_list(const struct graph_call *k, const struct list *list,
	    const struct graph_shape *shape)
{
	size_t skip = 0, size = k->prefer.page_size, at = 0, n_all = 0;
	json_t *items = json_array();
	json_t *doc = json_object();

	graph_add_context(doc, "me/events");

	if (!read_number(k, "$skip", 100000, &skip) || !read_number(k, "$top", 1000, &size)) {
		json_decref(items);
		json_decref(doc);
		return;
	}
	/* So many empty ones come first where it was told. */
	size_t n_empty = (size_t)k->g->options.empty_pages, page = skip / (size > 0 ? size : 1);
	size_t first = page < n_empty ? SIZE_MAX / 2 : skip - n_empty * size;
	for (size_t i = 0; i < list->n; i++) {
		const struct graph_found *found = &list->parts[i].found;

		for (size_t n = 0; n < found->n; n++, at++) {
			if (at < first || at >= first + size)
				continue;
			const struct graph_entry *entry = &found->entries[n];
			json_t *item = graph_render(k, list->parts[i].calendar, &entry->event,
						    GRAPH_WHOLE);

			graph_apply_shape(shape, &entry->event, item);
			json_array_append_new(items, item);
		}
		n_all += found->n;
	}
	bool is_more = skip + size < n_all + n_empty * size;
	bool is_stuck = k->a->is_forever || (k->a->is_same_page && is_more);
	json_object_set_new(doc, "value", items);
	if (is_more || k->a->is_forever)
		add_next_link(k, is_stuck ? skip : skip + size, doc);
	g_json(k->a, 200, doc);
}

static struct graph_found *
part_for(struct list *list, const struct g_calendar *c)
{
	if (list->n == MMS_COUNT(list->parts))
		return NULL;
	list->parts[list->n].calendar = c;
	return &list->parts[list->n++].found;
}

static void
list_release(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		graph_found_release(&list->parts[i].found);
}

/* Parameters that a list knows; false: answered. */
static bool
check_params(const struct graph_call *k, bool has_window)
{
	static const char *const known[] = { "$select", "$expand", "$top", "$skip" };

	for (size_t i = 0; i < k->r->n_params; i++) {
		const char *name = k->r->params[i].name;
		bool is_known = has_window ? strcasecmp(name, "startDateTime") == 0 ||
						     strcasecmp(name, "endDateTime") == 0
					   : strcmp(name, "$filter") == 0;

		for (size_t n = 0; n < MMS_COUNT(known); n++)
			is_known = is_known || strcmp(name, known[n]) == 0;
		if (!is_known) {
			graph_fail(k->a, 400, "ErrorInvalidUrlQuery",
				   "The fake does not know this query parameter here.");
			return false;
		}
	}
	return true;
}

/* ---- events --------------------------------------------------------------------------------------- */

static void
add_events(const struct graph_call *k, const struct g_calendar *c, const char *id,
	   const char *value, struct list *list)
{
	struct graph_found *found =
		strcmp(g_role(c, k->account->email), "none") != 0 ? part_for(list, c) : NULL;

	for (const struct g_event *e = c->events; found != NULL && e != NULL; e = e->next) {
		const char *own = id != NULL ? graph_property(e, id) : NULL;

		/* Singles and masters; values are compared without regard to case. */
		if (e->is_live && e->series == NULL &&
		    (id == NULL || (own != NULL && strcasecmp(own, value) == 0)))
			graph_add(found, GRAPH_WHOLE, e);
	}
}

void
graph_list_events(const struct graph_call *k, struct g_calendar *c)
{
	struct list *list = calloc(1, sizeof *list);
	struct graph_shape shape = { 0 };
	const char *filter = g_param(k->r, "$filter");
	char *id = NULL, *value = NULL;

	if (list != NULL && check_params(k, false) && graph_read_shape(k, &shape) &&
	    (filter == NULL || graph_read_filter(k, filter, &id, &value))) {
		if (c != NULL)
			add_events(k, c, id, value, list);
		for (const struct g_calendar *x = c == NULL ? k->g->calendars : NULL; x != NULL;
		     x = x->next)
			add_events(k, x, id, value, list);
		answer_list(k, list, &shape);
	}
	if (list != NULL)
		list_release(list);
	free(list);
	free(id);
	free(value);
	graph_shape_release(&shape);
}

/* ---- occurrences ---------------------------------------------------------------------------------- */

/* Of one series (NULL: of all, and singles) in the window; masters never. */
static void
answer_window(const struct graph_call *k, const struct g_calendar *c,
	      const struct g_event *master)
{
	struct list *list = calloc(1, sizeof *list);
	struct graph_shape shape = { 0 };
	struct graph_found *found = list != NULL ? part_for(list, c) : NULL;
	int64_t from_ms, to_ms;

	if (found != NULL && check_params(k, true) && graph_read_shape(k, &shape) &&
	    graph_read_window(k, &from_ms, &to_ms)) {
		for (const struct g_event *e = c->events; e != NULL; e = e->next) {
			bool is_master = g_rrule(e) != NULL;
			const char *of = is_master ? e->id : e->series;

			if (!e->is_live ||
			    (master != NULL && (of == NULL || strcmp(of, master->id) != 0)))
				continue;
			if (is_master)
				graph_add_occurrences(k, c, e, from_ms, to_ms, GRAPH_WHOLE,
						      found);
			else if (graph_touches(e, from_ms, to_ms))
				graph_add(found, GRAPH_WHOLE, e);
		}
		answer_list(k, list, &shape);
	}
	if (list != NULL)
		list_release(list);
	free(list);
	graph_shape_release(&shape);
}

void
graph_calendar_view(const struct graph_call *k, struct g_calendar *c)
{
	answer_window(k, c, NULL);
}

void
graph_instances(const struct graph_call *k, struct g_calendar *c, struct g_event *master)
{
	answer_window(k, c, master);
}
