/* events.list and events.instances: windows, pages, sync tokens. */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAGE     2500
#define MAX_LISTINGS 256

/* What is asked for. */
struct query {
	bool is_single, is_deleted_shown, is_incremental, is_ordered;
	uint64_t since;
	int64_t min_ms, max_ms, updated_ms; /* MMS_NO_TIME: not said */
	int64_t token_min_ms, token_max_ms; /* of the first request  */
	const char *series, *order, *text, *uid;
};

/* What was found, rendered; sorted before it is sent. */
struct found {
	json_t *items;
	struct {
		int64_t key;
		size_t at;
	} * order;
	size_t n, cap;
};

void
g_listing_free(struct g_listing *l)
{
	free(l->calendar);
	free(l->params);
	free(l->sync_token);
	json_decref(l->items);
	free(l);
}

/* ---- sync tokens ------------------------------------------------------------------------------ */

/* A few bytes that tell one set of parameters from another. */
static unsigned
print_of(const struct g_request *r)
{
	static const char *const free_ones[] = { "pageToken", "syncToken",  "maxResults",
						 "timeMin",   "timeMax",    "fields",
						 "timeZone",  "updatedMin", "prettyPrint" };
	unsigned sum = 2166136261u;

	for (size_t i = 0; i < r->n_params; i++) {
		bool is_free = false;

		for (size_t k = 0; k < MMS_COUNT(free_ones); k++)
			is_free = is_free || strcmp(r->params[i].name, free_ones[k]) == 0;
		unsigned one = 5381;
		for (const char *p = r->params[i].name; !is_free && *p != '\0'; p++)
			one = one * 33 + (unsigned char)*p;
		for (const char *p = r->params[i].value; !is_free && *p != '\0'; p++)
			one = one * 33 + (unsigned char)*p;
		sum += is_free ? 0 : one;
	}
	return sum;
}

/* The window of the first request goes along: whether it still counts is an option. */
static char *
make_sync_token(const struct g_calendar *c, uint64_t seq, unsigned print, const struct query *q)
{
	char text[160];

	/* Its sign must be encoded in a query, as that of the real ones. */
	(void)snprintf(text, sizeof text, "CK-%u_%" PRIx64 "_%x_%" PRIx64 "_%" PRIx64 "=",
		       c->generation, seq, print, (uint64_t)q->token_min_ms,
		       (uint64_t)q->token_max_ms);
	return strdup(text);
}

/* False: answered. */
static bool
read_sync_token(const struct g_calendar *c, const char *token, unsigned print, struct query *q,
		struct g_answer *a)
{
	unsigned generation, theirs;
	uint64_t min_ms, max_ms;
	char sign;
	int n = sscanf(token, "CK-%u_%" SCNx64 "_%x_%" SCNx64 "_%" SCNx64 "%c", &generation,
		       &q->since, &theirs, &min_ms, &max_ms, &sign);

	if (n == 6) {
		q->token_min_ms = (int64_t)min_ms;
		q->token_max_ms = (int64_t)max_ms;
	}
	if (n != 6 || sign != '=') {
		g_fail(a, 400, "invalid", "Invalid sync token value.", "syncToken");
		return false;
	}
	if (generation != c->generation) {
		bool is_invalid = strcmp(c->expired, "invalid") == 0;
		const char *reason = c->expired[0] != '\0' ? c->expired : "fullSyncRequired";

		g_fail(a, is_invalid ? 400 : 410, reason,
		       is_invalid ? "Invalid sync token value."
				  : "Sync token is no longer valid, a full sync is required.",
		       "syncToken");
		return false;
	}
	/* The reference says "undefined behaviour": a test wants to know. */
	if (theirs != print) {
		g_fail(a, 400, "invalid", "Parameters differ from those of the first request.",
		       "syncToken");
		return false;
	}
	return true;
}

/* ---- the question ----------------------------------------------------------------------------- */

static bool
read_instant(const struct g_request *r, const char *name, int64_t *ms, struct g_answer *a)
{
	const char *text = g_param(r, name);

	*ms = MMS_NO_TIME;
	if (text == NULL || g_parse_instant(text, ms))
		return true;
	g_fail(a, 400, "badRequest", "Bad Request", name);
	return false;
}

/* With a sync token these are forbidden. */
static bool
is_token_alone(const struct g_request *r, struct g_answer *a)
{
	static const char *const forbidden[] = { "iCalUID",
						 "orderBy",
						 "privateExtendedProperty",
						 "q",
						 "sharedExtendedProperty",
						 "timeMin",
						 "timeMax",
						 "updatedMin" };
	const char *shown = g_param(r, "showDeleted");

	for (size_t i = 0; i < MMS_COUNT(forbidden); i++) {
		if (g_param(r, forbidden[i]) != NULL) {
			g_fail(a, 400, "badRequest",
			       "Sync token cannot be used with this parameter.", forbidden[i]);
			return false;
		}
	}
	if (shown != NULL && strcmp(shown, "true") != 0) {
		g_fail(a, 400, "badRequest", "Sync token cannot be used with this parameter.",
		       "showDeleted");
		return false;
	}
	return true;
}

static bool
read_query(const struct g_service *g, const struct g_calendar *c, const struct g_request *r,
	   struct query *q, struct g_answer *a)
{
	const char *token = g_param(r, "syncToken");

	q->is_single = g_flag(r, "singleEvents") || q->series != NULL;
	q->is_deleted_shown = g_flag(r, "showDeleted");
	q->is_incremental = token != NULL;
	q->order = g_param(r, "orderBy");
	q->text = g_param(r, "q");
	q->uid = g_param(r, "iCalUID");
	if (token != NULL &&
	    (!is_token_alone(r, a) || !read_sync_token(c, token, print_of(r), q, a)))
		return false;
	if (!read_instant(r, "timeMin", &q->min_ms, a) ||
	    !read_instant(r, "timeMax", &q->max_ms, a) ||
	    !read_instant(r, "updatedMin", &q->updated_ms, a))
		return false;
	if (!q->is_incremental) {
		q->token_min_ms = q->min_ms;
		q->token_max_ms = q->max_ms;
	} else if (g->options.is_incremental_windowed) {
		q->min_ms = q->token_min_ms;
		q->max_ms = q->token_max_ms;
	}
	if (q->min_ms != MMS_NO_TIME && q->max_ms != MMS_NO_TIME && q->max_ms <= q->min_ms) {
		g_fail(a, 400, "timeRangeEmpty", "The specified time range is empty.",
		       "timeMax");
		return false;
	}
	if (q->order != NULL && strcmp(q->order, "updated") != 0 &&
	    (strcmp(q->order, "startTime") != 0 || !q->is_single)) {
		g_fail(a, 400, "invalid",
		       "The requested ordering is not available for the particular query.",
		       "orderBy");
		return false;
	}
	return true;
}

/* ---- what is found ----------------------------------------------------------------------------- */

static bool
is_like(const struct query *q, const struct g_event *e)
{
	const char *title = json_string_value(json_object_get(e->doc, "summary"));
	const char *uid = json_string_value(json_object_get(e->doc, "iCalUID"));

	if (q->text != NULL && (title == NULL || strcasestr(title, q->text) == NULL))
		return false;
	return q->uid == NULL || (uid != NULL && strcmp(uid, q->uid) == 0);
}

static bool
is_wanted(const struct query *q, const struct g_event *e)
{
	bool shows_deleted =
		q->is_incremental || q->is_deleted_shown || q->updated_ms != MMS_NO_TIME;

	if (q->is_incremental && e->seq <= q->since)
		return false;
	if (q->updated_ms != MMS_NO_TIME && e->updated_ms < q->updated_ms)
		return false;
	if (e->is_leftover && !q->is_single)
		return false;
	/* Where series are not expanded, what they have lost is always told. */
	if (!e->is_live && !shows_deleted)
		return !q->is_single && e->series != NULL;
	return is_like(q, e);
}

/* Both bounds are exclusive: the one of the end, and the one of the start. */
static bool
is_within(const struct query *q, const struct g_event *e)
{
	return (q->min_ms == MMS_NO_TIME || e->end_ms > q->min_ms) &&
	       (q->max_ms == MMS_NO_TIME || e->start_ms < q->max_ms);
}

static void
add(struct g_service *g, const struct g_calendar *c, const char *role, const struct query *q,
    const struct g_event *e, struct found *found)
{
	bool is_by_start = q->order != NULL && strcmp(q->order, "startTime") == 0;

	if (!is_wanted(q, e) || (e->is_live && !is_within(q, e)))
		return;
	if (found->n == found->cap) {
		size_t cap = found->cap > 0 ? found->cap * 2 : 256;
		void *more = realloc(found->order, cap * sizeof *found->order);

		if (more == NULL)
			return;
		found->order = more;
		found->cap = cap;
	}
	found->order[found->n].key = is_by_start ? e->start_ms : (int64_t)e->seq;
	found->order[found->n].at = found->n;
	found->n++;
	json_array_append_new(found->items, g_render(g, c, e, role, false));
}

/* Has an instance of this series changed? Where series are not expanded, they come along then. */
static bool
has_changed_instance(const struct g_calendar *c, const struct g_event *master, uint64_t since)
{
	for (const struct g_event *e = c->events; e != NULL; e = e->next) {
		if (e->series != NULL && strcmp(e->series, master->id) == 0 && e->seq > since)
			return master->is_live;
	}
	return false;
}

static void
add_instances(struct g_service *g, const struct g_calendar *c, const char *role,
	      const struct query *q, const struct g_event *master, struct found *found)
{
	int64_t *at;
	char id[1200];
	size_t n = g_expand(g, c, master, &at);

	for (size_t i = 0; i < n; i++) {
		struct g_event instance;

		g_instance_id(master, at[i], id, sizeof id);
		if (g_find_event(c, id) != NULL)
			continue; /* changed or removed by itself: it stands for itself */
		g_make_instance(master, at[i], &instance);
		add(g, c, role, q, &instance, found);
		g_event_release(&instance);
	}
	free(at);
}

static int
compare(const void *a, const void *b)
{
	const struct {
		int64_t key;
		size_t at;
	} *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static json_t *
find_all(struct g_service *g, const struct g_calendar *c, const char *role,
	 const struct query *q)
{
	struct found found = { .items = json_array() };
	json_t *sorted = json_array();

	for (const struct g_event *e = c->events; e != NULL; e = e->next) {
		bool is_master = g_rrule(e) != NULL;
		const char *of = is_master ? e->id : e->series;

		if (q->series != NULL && (of == NULL || strcmp(of, q->series) != 0))
			continue;
		if (is_master && !q->is_single && q->is_incremental && e->seq <= q->since &&
		    has_changed_instance(c, e, q->since)) {
			const struct query all = { .is_incremental = true,
						   .min_ms = MMS_NO_TIME,
						   .max_ms = MMS_NO_TIME,
						   .updated_ms = MMS_NO_TIME };

			add(g, c, role, &all, e, &found);
		} else if (!is_master || !q->is_single) {
			add(g, c, role, q, e, &found);
		} else if (e->is_live) {
			add_instances(g, c, role, q, e, &found);
		} else if (g->options.is_series_delete_single) {
			add(g, c, role, q, e, &found);
		}
	}
	if (found.n > 0)
		qsort(found.order, found.n, sizeof *found.order, compare);
	for (size_t i = 0; i < found.n; i++)
		json_array_append(sorted, json_array_get(found.items, found.order[i].at));
	free(found.order);
	json_decref(found.items);
	return sorted;
}

/* ---- pages -------------------------------------------------------------------------------------- */

/* All parameters but the page's, sorted as they came. */
static char *
params_of(const struct g_request *r)
{
	MMS_AUTO(mms_str) text = { 0 };

	for (size_t i = 0; i < r->n_params; i++) {
		if (strcmp(r->params[i].name, "pageToken") != 0)
			mms_str_addf(&text, "%s=%s&", r->params[i].name, r->params[i].value);
	}
	return strdup(mms_str_get(&text));
}

static struct g_listing *
make_listing(struct g_service *g, struct g_calendar *c, const char *role, struct query *q,
	     const struct g_request *r)
{
	struct g_listing *l = calloc(1, sizeof *l);
	unsigned n = 0;

	if (l == NULL)
		return NULL;
	l->number = ++g->listing_number;
	l->calendar = strdup(c->id);
	l->params = params_of(r);
	l->seq = g->seq;
	l->items = find_all(g, c, role, q);
	l->has_bulk = !q->is_incremental && c->bulk.n_pages > 0 && !c->bulk.is_graph;
	if (q->order == NULL && q->text == NULL && q->uid == NULL && q->series == NULL)
		l->sync_token = make_sync_token(c, g->seq, print_of(r), q);
	l->next = g->listings;
	g->listings = l;
	for (struct g_listing **at = &g->listings; *at != NULL; at = &(*at)->next) {
		if (++n > MAX_LISTINGS) {
			struct g_listing *old = *at;

			*at = old->next;
			g_listing_free(old);
			break;
		}
	}
	return l;
}

/* The listing and page that a page token means; NULL: answered. */
static struct g_listing *
find_listing(struct g_service *g, const struct g_calendar *c, const struct g_request *r,
	     const char *token, size_t *page, struct g_answer *a)
{
	unsigned number = 0;
	char *params = params_of(r);
	struct g_listing *l = NULL;

	if (sscanf(token, "EAE-%u-%zu=", &number, page) == 2) {
		for (l = g->listings; l != NULL && l->number != number;)
			l = l->next;
	}
	/* Every other parameter must be what it was. */
	if (l == NULL || strcmp(l->calendar, c->id) != 0 || strcmp(l->params, params) != 0) {
		g_fail(a, 400, "invalid", "Invalid page token value.", "pageToken");
		l = NULL;
	}
	free(params);
	return l;
}

static size_t
page_size(const struct g_service *g, const struct g_request *r)
{
	const char *text = g_param(r, "maxResults");
	size_t size = text != NULL ? strtoul(text, NULL, 10) : 250;
	size_t most = g->options.page_size > 0 ? (size_t)g->options.page_size : MAX_PAGE;

	return size < most ? size : most;
}

/* Everything of a page but its items. */
static json_t *
page_frame(struct g_service *g, const struct g_calendar *c, const char *role)
{
	char stamp[MMS_TIME_TEXT_MAX], etag[64];

	(void)snprintf(etag, sizeof etag, "\"p%" PRIu64 "o0o\"", g->seq);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:i}]}", "kind",
			 "calendar#events", "etag", etag, "summary", c->summary, "description",
			 "", "updated", g_print_stamp(g_now(g), stamp), "timeZone",
			 mms_zone_name(c->zone), "accessRole", role, "defaultReminders",
			 "method", "popup", "minutes", 30);
}

/* The pages are those of the bulk, the empty ones that were told, and those of the items. */
static void
answer_page(struct g_service *g, const struct g_calendar *c, const char *role,
	    const struct g_listing *l, size_t page, size_t size, struct g_answer *a)
{
	size_t n_empty = (size_t)g->options.empty_pages;
	size_t n_bulk = l->has_bulk ? c->bulk.n_pages : 0, n_items = json_array_size(l->items);
	size_t n_pages = n_bulk + n_empty + (n_items + size - 1) / size;
	size_t first = page >= n_bulk + n_empty ? (page - n_bulk - n_empty) * size : n_items;
	json_t *frame = page_frame(g, c, role), *items = json_array();
	char token[64];

	for (size_t i = first; i < n_items && i < first + size; i++)
		json_array_append(items, json_array_get(l->items, i));
	/* The same event once more on the next page, as it was: the last one counts. */
	if (a->is_twice && first > 0 && first < n_items)
		json_array_insert(items, 0, json_array_get(l->items, first - 1));
	bool is_last = page + 1 >= n_pages && !a->is_forever;
	bool is_stuck = a->is_forever || (a->is_same_page && !is_last);
	(void)snprintf(token, sizeof token, "EAE-%u-%zu=", l->number,
		       is_stuck ? page : page + 1);
	if (!is_last)
		json_object_set_new(frame, "nextPageToken", json_string(token));
	else if (l->sync_token != NULL)
		json_object_set_new(frame, "nextSyncToken", json_string(l->sync_token));
	json_object_set_new(frame, "items", items);
	if (page < n_bulk)
		g_answer_bulk(&c->bulk, page, frame, a);
	else
		g_json(a, 200, frame);
}

void
g_list(struct g_service *g, struct g_calendar *c, const char *role, const char *series,
       const struct g_request *r, struct g_answer *a)
{
	struct query q = { .series = series };
	const char *page_token = g_param(r, "pageToken"), *most = g_param(r, "maxResults");
	size_t page = 0, size = page_size(g, r);

	if (size == 0 || (most != NULL && strspn(most, "0123456789") != strlen(most))) {
		g_fail(a, 400, "invalidParameter", "Invalid value for maxResults.",
		       "maxResults");
		return;
	}
	if (!read_query(g, c, r, &q, a))
		return;
	if (series != NULL && g_find_event(c, series) == NULL) {
		g_fail(a, 404, "notFound", "Not Found", NULL);
		return;
	}
	struct g_listing *l = page_token != NULL ? find_listing(g, c, r, page_token, &page, a)
						 : make_listing(g, c, role, &q, r);
	if (l != NULL)
		answer_page(g, c, role, l, page, size, a);
}
