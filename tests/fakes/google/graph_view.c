/* calendarView/delta: rounds, pages and their links, what changed since. */
#include "graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VIEWS   32
#define TOKEN_PAD   4000
#define STALE_EVERY 3 /* so many items have one that comes again */

/* A round that goes on: what its skip tokens mean. */
struct graph_view {
	struct graph_view *next;
	unsigned number;
	char *calendar;
	int64_t from_ms, to_ms;
	uint64_t seq; /* of the last write that it knows */
	struct graph_found found;
	bool has_bulk; /* which comes first */
};

/* ---- what was found ----------------------------------------------------------------------------- */

void
graph_add(struct graph_found *found, enum graph_kind kind, const struct g_event *e)
{
	if (found->n == found->cap) {
		size_t cap = found->cap > 0 ? found->cap * 2 : 64;
		void *more = realloc(found->entries, cap * sizeof *found->entries);

		if (more == NULL)
			return;
		found->entries = more;
		found->cap = cap;
	}
	struct graph_entry *entry = &found->entries[found->n++];
	entry->kind = kind;
	entry->event = *e;
	entry->event.next = NULL;
	entry->event.id = strdup(e->id);
	entry->event.doc = json_deep_copy(e->doc);
	entry->event.graph = json_deep_copy(e->graph);
	entry->event.zone = e->zone != NULL ? strdup(e->zone) : NULL;
	entry->event.series = e->series != NULL ? strdup(e->series) : NULL;
}

void
graph_found_release(struct graph_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		g_event_release(&found->entries[i].event);
	free(found->entries);
	*found = (struct graph_found){ 0 };
}

bool
graph_touches(const struct g_event *e, int64_t from_ms, int64_t to_ms)
{
	return e->end_ms > from_ms && e->start_ms < to_ms;
}

void
graph_add_occurrences(const struct graph_call *k, const struct g_calendar *c,
		      const struct g_event *master, int64_t from_ms, int64_t to_ms,
		      enum graph_kind kind, struct graph_found *found)
{
	int64_t *at;
	char id[1200];
	size_t n = g_expand(k->g, c, master, &at);

	for (size_t i = 0; i < n; i++) {
		struct g_event one;

		g_instance_id(master, at[i], id, sizeof id);
		if (g_find_event(c, id) != NULL)
			continue; /* changed or removed by itself */
		g_make_instance(master, at[i], &one);
		if (graph_touches(&one, from_ms, to_ms))
			graph_add(found, kind, &one);
		g_event_release(&one);
	}
	free(at);
}

/* ---- a round ------------------------------------------------------------------------------------ */

/* What of a series is told. */
enum telling { TELL_NOTHING, TELL_MASTER, TELL_ALL };

static bool
is_of(const struct g_event *e, const struct g_event *master)
{
	return e->series != NULL && strcmp(e->series, master->id) == 0;
}

/* The master, and after it what of it is in the window. */
static void
add_series(const struct graph_call *k, const struct g_calendar *c, const struct graph_view *v,
	   const struct g_event *master, enum telling telling, bool is_full,
	   struct graph_found *found)
{
	struct graph_found all = { 0 };
	size_t n_own = 0;

	graph_add_occurrences(k, c, master, v->from_ms, v->to_ms, GRAPH_SPARSE, &all);
	for (const struct g_event *e = c->events; e != NULL; e = e->next) {
		if (is_of(e, master) && e->is_live && graph_touches(e, v->from_ms, v->to_ms)) {
			n_own++;
			graph_add(&all, GRAPH_WHOLE, e);
		}
	}
	if (all.n > 0)
		graph_add(found, GRAPH_WHOLE, master);
	else if (!is_full && !k->g->options.is_outside_silent)
		graph_add(found, GRAPH_REMOVED, master);
	for (size_t i = 0; i < all.n && telling == TELL_ALL; i++)
		graph_add(found, all.entries[i].kind, &all.entries[i].event);
	graph_found_release(&all);
}

static void
add_full(const struct graph_call *k, const struct g_calendar *c, struct graph_view *v)
{
	for (const struct g_event *e = c->events; e != NULL; e = e->next) {
		if (!e->is_live) {
			/* Nobody ever knew it: a round may tell so all the same. */
			if (k->g->options.is_ghostly)
				graph_add(&v->found, GRAPH_REMOVED, e);
		} else if (g_rrule(e) != NULL) {
			add_series(k, c, v, e, TELL_ALL, true, &v->found);
		} else if (e->series == NULL && graph_touches(e, v->from_ms, v->to_ms)) {
			graph_add(&v->found, GRAPH_WHOLE, e);
		}
	}
}

static bool
has_changed(const struct g_event *e, uint64_t since, const struct graph_view *v)
{
	return e->seq > since && e->seq <= v->seq;
}

static enum telling
telling_of(const struct graph_call *k, const struct g_calendar *c, const struct g_event *master,
	   uint64_t since, const struct graph_view *v)
{
	bool is_silent = k->g->options.is_graph_series_silent;

	if (has_changed(master, since, v))
		return is_silent ? TELL_MASTER : TELL_ALL;
	for (const struct g_event *e = c->events; e != NULL && !is_silent; e = e->next) {
		if (is_of(e, master) && has_changed(e, since, v))
			return TELL_MASTER;
	}
	return TELL_NOTHING;
}

/* An exception that its series has told already. */
static bool
is_told(const struct graph_call *k, const struct g_calendar *c, const struct g_event *e,
	uint64_t since, const struct graph_view *v)
{
	const struct g_event *master = e->series != NULL ? g_find_event(c, e->series) : NULL;

	return master != NULL && master->is_live && g_rrule(master) != NULL && e->is_live &&
	       graph_touches(e, v->from_ms, v->to_ms) &&
	       telling_of(k, c, master, since, v) == TELL_ALL;
}

static void
add_changes(const struct graph_call *k, const struct g_calendar *c, uint64_t since,
	    struct graph_view *v)
{
	for (const struct g_event *e = c->events; e != NULL; e = e->next) {
		enum telling telling = e->is_live && g_rrule(e) != NULL
					       ? telling_of(k, c, e, since, v)
					       : TELL_NOTHING;

		if (telling != TELL_NOTHING)
			add_series(k, c, v, e, telling, false, &v->found);
		else if (!has_changed(e, since, v) || is_told(k, c, e, since, v))
			continue;
		else if (e->is_live && graph_touches(e, v->from_ms, v->to_ms))
			graph_add(&v->found, GRAPH_WHOLE, e);
		else if (!e->is_live || !k->g->options.is_outside_silent)
			graph_add(&v->found, GRAPH_REMOVED, e);
	}
}

/* ---- misbehaviour ------------------------------------------------------------------------------- */

static void
add_ghost(struct graph_view *v)
{
	char id[64];

	(void)snprintf(id, sizeof id, "AAMkADghost%uAAAAAAAENAAAghost=", v->number);
	struct g_event ghost = { .id = id };
	graph_add(&v->found, GRAPH_REMOVED, &ghost);
}

static void
reverse(struct graph_found *found)
{
	for (size_t i = 0, k = found->n; i + 1 < k; i++) {
		struct graph_entry entry = found->entries[i];

		found->entries[i] = found->entries[--k];
		found->entries[k] = entry;
	}
}

/* Some come again as they were an hour before, behind or before those that count. */
static void
repeat(struct graph_found *found)
{
	struct graph_found before = { 0 }, behind = { 0 };

	for (size_t i = 0; i < found->n; i += STALE_EVERY) {
		struct graph_found *to = i % 2 == 0 ? &behind : &before;

		if (found->entries[i].kind != GRAPH_WHOLE)
			continue;
		graph_add(to, GRAPH_WHOLE, &found->entries[i].event);
		struct g_event *stale = &to->entries[to->n - 1].event;
		stale->updated_ms -= 3600000;
		stale->start_ms += stale->is_day ? MMS_DAY_MS : 3600000;
		stale->end_ms += stale->is_day ? MMS_DAY_MS : 3600000;
		json_object_set_new(stale->doc, "summary", json_string("(stale)"));
	}
	for (size_t i = 0; i < found->n; i++)
		graph_add(&before, found->entries[i].kind, &found->entries[i].event);
	for (size_t i = 0; i < behind.n; i++)
		graph_add(&before, behind.entries[i].kind, &behind.entries[i].event);
	graph_found_release(&behind);
	graph_found_release(found);
	*found = before;
}

/* ---- tokens ------------------------------------------------------------------------------------- */

static void
add_link(const struct graph_call *k, const char *name, const char *token, struct mms_str *out)
{
	long pad = k->g->options.token_pad;

	graph_add_origin(k, out);
	/* Signs that must stay as they are encoded. */
	mms_str_addf(out, "%s?$%s=R0%%2B%s-", k->r->path, name, token);
	for (long i = 0; i < pad && i < TOKEN_PAD; i++)
		mms_str_addc(out, "usmcdvmMuZCBYV0hguC"[i % 19]);
	mms_str_add(out, "%3D");
}

static unsigned
print_of(const char *text)
{
	unsigned sum = 5381;

	for (; *text != '\0'; text++)
		sum = sum * 33 + (unsigned char)*text;
	return sum;
}

/* The end of a token, after what means something. */
static bool
is_whole(const char *rest)
{
	size_t len = strlen(rest);

	return len >= 2 && rest[0] == '-' && rest[len - 1] == '=';
}

static bool
fail_token(const struct graph_call *k)
{
	graph_fail(k->a, 400, "ErrorInvalidParameter", "The token is not one of this service.");
	return false;
}

/* Older than `expire`; false: answered. */
static bool
check_generation(const struct graph_call *k, const struct g_calendar *c, unsigned generation)
{
	const char *told = c->expired;
	bool is_google = strcmp(told, "fullSyncRequired") == 0 ||
			 strcmp(told, "updatedMinTooLongAgo") == 0;
	const char *code = told[0] == '\0' || is_google   ? "SyncStateNotFound"
			   : strcmp(told, "invalid") == 0 ? "syncStateInvalid"
							  : told;
	unsigned status = strcasecmp(code, "syncStateInvalid") == 0 ? 400 : 410;
	MMS_AUTO(mms_str) begin = { 0 };

	if (generation == c->generation)
		return true;
	if (c->expired_status != 0)
		status = c->expired_status;
	graph_fail(k->a, status, code,
		   "The sync state generation is not found; it may have expired.");
	graph_add_origin(k, &begin);
	mms_str_addf(&begin, "%s?$deltatoken=", k->r->path);
	if (status == 410)
		(void)snprintf(k->a->location, sizeof k->a->location, "Location: %s",
			       mms_str_get(&begin));
	return false;
}

/* ---- the requests --------------------------------------------------------------------------------- */

static void
free_view(struct graph_view *v)
{
	graph_found_release(&v->found);
	free(v->calendar);
	free(v);
}

void
graph_forget_views(struct g_service *g)
{
	for (struct graph_view *v; (v = g->views) != NULL;) {
		g->views = v->next;
		free_view(v);
	}
}

static struct graph_view *
make_view(const struct graph_call *k, const struct g_calendar *c)
{
	struct graph_view *v = calloc(1, sizeof *v);
	unsigned n = 0;

	if (v == NULL)
		return NULL;
	v->number = ++k->g->listing_number;
	v->calendar = strdup(c->id);
	v->next = k->g->views;
	k->g->views = v;
	for (struct graph_view **at = &k->g->views; *at != NULL; at = &(*at)->next) {
		if (++n > MAX_VIEWS) {
			struct graph_view *old = *at;

			*at = old->next;
			free_view(old);
			break;
		}
	}
	return v;
}

static void
misbehave(const struct graph_call *k, struct graph_view *v)
{
	if (k->g->options.is_ghostly)
		add_ghost(v);
	if (k->g->options.is_shuffling)
		reverse(&v->found);
	if (k->g->options.is_repeating)
		repeat(&v->found);
}

/* The first request of a round; NULL: answered. */
static struct graph_view *
begin_round(const struct graph_call *k, struct g_calendar *c)
{
	static const char *const forbidden[] = { "$select", "$filter", "$orderby",
						 "$search", "$top",    "$skip" };
	int64_t from_ms, to_ms;

	if (g_param(k->r, "$expand") != NULL) {
		graph_fail(k->a, 500, "InternalServerError",
			   "Value cannot be null.\r\nParameter name: source");
		return NULL;
	}
	for (size_t i = 0; i < MMS_COUNT(forbidden); i++) {
		if (graph_param(k->r, forbidden[i]) != NULL) {
			graph_fail(k->a, 400, "ErrorInvalidUrlQuery",
				   "The query parameter is not supported for change tracking.");
			return NULL;
		}
	}
	if (!graph_read_window(k, &from_ms, &to_ms))
		return NULL;
	struct graph_view *v = make_view(k, c);
	if (v == NULL)
		return NULL;
	v->from_ms = from_ms;
	v->to_ms = to_ms;
	v->seq = k->g->seq;
	v->has_bulk = c->bulk.is_graph;
	add_full(k, c, v);
	misbehave(k, v);
	return v;
}

/* Up to which write changes show by now: that of some readings before (`set late N`). */
static uint64_t
horizon(const struct graph_call *k, struct g_calendar *c, uint64_t since)
{
	size_t most = MMS_COUNT(c->polls), late = (size_t)k->g->options.late;
	uint64_t seq = since;

	c->polls[c->n_polls++ % most] = k->g->seq;
	if (late == 0)
		return k->g->seq;
	if (late < most && c->n_polls > late)
		seq = c->polls[(c->n_polls - 1 - late) % most];
	return seq > since ? seq : since;
}

/* With a delta token; NULL: answered. */
static struct graph_view *
begin_changes(const struct graph_call *k, struct g_calendar *c, const char *token)
{
	unsigned generation, print;
	uint64_t since, from, to;
	int at = 0;

	if (sscanf(token, "R0+D-%u-%x-%" SCNx64 "-%" SCNx64 "-%" SCNx64 "%n", &generation,
		   &print, &since, &from, &to, &at) != 5 ||
	    !is_whole(token + at) || print != print_of(c->id)) {
		(void)fail_token(k);
		return NULL;
	}
	if (!check_generation(k, c, generation))
		return NULL;
	struct graph_view *v = make_view(k, c);
	if (v == NULL)
		return NULL;
	v->from_ms = (int64_t)from;
	v->to_ms = (int64_t)to;
	v->seq = horizon(k, c, since);
	add_changes(k, c, since, v);
	misbehave(k, v);
	return v;
}

/* With a skip token; NULL: answered. */
static struct graph_view *
go_on(const struct graph_call *k, struct g_calendar *c, const char *token, size_t *page)
{
	unsigned generation, number;
	int at = 0;
	struct graph_view *v = k->g->views;

	if (sscanf(token, "R0+S-%u-%u-%zu%n", &generation, &number, page, &at) != 3 ||
	    !is_whole(token + at)) {
		(void)fail_token(k);
		return NULL;
	}
	if (!check_generation(k, c, generation))
		return NULL;
	while (v != NULL && (v->number != number || strcmp(v->calendar, c->id) != 0))
		v = v->next;
	if (v == NULL)
		(void)fail_token(k);
	return v;
}

static void
answer_page(const struct graph_call *k, const struct g_calendar *c, const struct graph_view *v,
	    size_t page)
{
	size_t size = k->prefer.page_size, n_empty = (size_t)k->g->options.empty_pages;
	size_t n_bulk = v->has_bulk ? c->bulk.n_pages : 0;
	size_t n = v->found.n, n_pages = n_bulk + n_empty + (n + size - 1) / size;
	size_t first = page >= n_bulk + n_empty ? (page - n_bulk - n_empty) * size : n;
	struct g_answer *a = k->a;
	json_t *items = json_array();
	MMS_AUTO(mms_str) link = { 0 };
	char token[160];

	/* The same once more, as it was on the page before. */
	if (a->is_twice && first > 0 && first < n) {
		first--;
		size++;
	}
	for (size_t i = first; i < n && i < first + size; i++)
		json_array_append_new(items, graph_render(k, c, &v->found.entries[i].event,
							  v->found.entries[i].kind));
	bool is_last = page + 1 >= n_pages && !a->is_forever;
	bool is_stuck = a->is_forever || (a->is_same_page && !is_last);
	if (is_last)
		(void)snprintf(token, sizeof token, "D-%u-%x-%" PRIx64 "-%" PRIx64 "-%" PRIx64,
			       c->generation, print_of(c->id), v->seq, (uint64_t)v->from_ms,
			       (uint64_t)v->to_ms);
	else
		(void)snprintf(token, sizeof token, "S-%u-%u-%zu", c->generation, v->number,
			       is_stuck ? page : page + 1);
	add_link(k, is_last ? "deltatoken" : "skiptoken", token, &link);
	json_t *doc = json_object();
	graph_add_context(doc, "Collection(event)");
	json_object_set_new(doc, is_last ? "@odata.deltaLink" : "@odata.nextLink",
			    json_string(mms_str_get(&link)));
	json_object_set_new(doc, "value", items);
	if (page < n_bulk)
		g_answer_bulk(&c->bulk, page, doc, a);
	else
		g_json(a, 200, doc);
}

void
graph_delta(const struct graph_call *k, struct g_calendar *c)
{
	const char *skip = g_param(k->r, "$skiptoken"), *delta = g_param(k->r, "$deltatoken");
	size_t page = 0;

	/* A link goes alone: nothing may be added to it. */
	if ((skip != NULL || delta != NULL) && k->r->n_params != 1) {
		graph_fail(k->a, 400, "ErrorInvalidUrlQuery",
			   "No parameter may stand beside a token.");
		return;
	}
	const struct graph_view *v = skip != NULL    ? go_on(k, c, skip, &page)
				     : delta != NULL ? begin_changes(k, c, delta)
						     : begin_round(k, c);
	if (v != NULL)
		answer_page(k, c, v, page);
}
