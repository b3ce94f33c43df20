/* Microsoft Graph's face: which request is which, who may, and how many at once. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PAGE 10
#define MAX_PAGE     1000

void
graph_add_context(json_t *doc, const char *what)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_addf(&text, "https://graph.microsoft.com/v1.0/$metadata#%s", what);
	json_object_set_new(doc, "@odata.context", json_string(mms_str_get(&text)));
}

/* ---- errors ----------------------------------------------------------------------------------- */

void
graph_fail(struct g_answer *a, unsigned status, const char *code, const char *message)
{
	json_t *inner = json_pack("{s:s, s:s, s:s}", "date", "2026-01-01T00:00:00",
				  "request-id", "00000000-0000-0000-0000-000000000001",
				  "client-request-id", "00000000-0000-0000-0000-000000000001");

	a->etag[0] = '\0';
	g_json(a, status,
	       json_pack("{s:{s:s, s:s, s:o}}", "error", "code", code, "message", message,
			 "innerError", inner));
}

bool
g_is_graph(const struct g_request *r)
{
	return r->n_parts > 0 && strcmp(r->parts[0], "v1.0") == 0;
}

void
g_fail_as(const struct g_request *r, struct g_answer *a, unsigned status, const char *reason,
	  const char *location)
{
	if (g_is_graph(r))
		graph_fail(a, status, reason, "Told to fail.");
	else
		g_fail(a, status, reason, "Told to fail.", location);
}

/* ---- how many at once --------------------------------------------------------------------------- */

void
graph_enter(struct g_service *g, const struct g_request *r, struct g_answer *a)
{
	struct g_account *account = g_is_graph(r) ? g_authorize(g, r) : NULL;
	long limit = g->options.concurrency;

	if (account == NULL)
		return;
	bool is_batch = r->n_parts == 2 && strcmp(r->parts[1], "$batch") == 0;
	a->width = is_batch ? graph_batch_width(r) : 1;
	(void)snprintf(a->account, sizeof a->account, "%s", account->email);
	account->under_way += a->width;
	if (account->under_way > account->most_at_once)
		account->most_at_once = account->under_way;
	a->is_crowded = limit > 0 && account->under_way > (unsigned)limit;
}

void
graph_leave(struct g_service *g, struct g_answer *a)
{
	struct g_account *account = a->width > 0 ? g_find_account(g, a->account) : NULL;

	/* It may have been forgotten and made again in between. */
	if (account != NULL)
		account->under_way -=
			a->width < account->under_way ? a->width : account->under_way;
	a->width = 0;
}

static void
refuse_crowd(struct g_answer *a)
{
	graph_fail(a, 429, "ApplicationThrottled",
		   "Application is over its MailboxConcurrency limit.");
	(void)snprintf(a->retry_after, sizeof a->retry_after, "1");
}

/* ---- what a request prefers --------------------------------------------------------------------- */

/* One preference; false: answered. */
static bool
take_preference(struct graph_call *k, const char *name, const char *value)
{
	struct graph_prefer *p = &k->prefer;

	if (strcasecmp(name, "odata.maxpagesize") == 0) {
		size_t size = strtoul(value, NULL, 10);

		if (size == 0) {
			graph_fail(k->a, 400, "ErrorInvalidParameter",
				   "odata.maxpagesize is no number.");
			return false;
		}
		p->page_size = size < MAX_PAGE ? size : MAX_PAGE;
	} else if (strcasecmp(name, "outlook.timezone") == 0) {
		p->zone = graph_zone(k->g, value);
		(void)snprintf(p->zone_name, sizeof p->zone_name, "%s", value);
		if (p->zone == NULL) {
			graph_fail(k->a, 400, "TimeZoneNotSupportedException",
				   "A valid TimeZone value must be specified.");
			return false;
		}
	} else if (strcasecmp(name, "IdType") == 0) {
		p->is_immutable = strcmp(value, "ImmutableId") == 0;
	} else if (strcasecmp(name, "outlook.body-content-type") == 0) {
		p->is_text = strcmp(value, "text") == 0;
	}
	return true;
}

/* name="value", name=value, ...; those that are not known mean nothing. False: answered. */
static bool
read_preferences(struct graph_call *k)
{
	char name[64], value[80];
	long most = k->g->options.page_size;

	k->prefer.page_size = DEFAULT_PAGE;
	for (const char *p = k->r->prefer != NULL ? k->r->prefer : ""; *p != '\0';) {
		p += strspn(p, " ,;");
		size_t len = strcspn(p, "=,;");
		(void)snprintf(name, sizeof name, "%.*s", (int)len, p);
		p += len + (p[len] == '=');
		bool is_quoted = *p == '"';
		p += is_quoted;
		len = strcspn(p, is_quoted ? "\"" : ",; ");
		(void)snprintf(value, sizeof value, "%.*s", (int)len, p);
		p += len;
		p += is_quoted && *p == '"';
		if (!take_preference(k, name, value))
			return false;
	}
	if (most > 0 && k->prefer.page_size > (size_t)most)
		k->prefer.page_size = (size_t)most;
	return true;
}

const char *
graph_param(const struct g_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_params; i++) {
		if (strcasecmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	}
	return NULL;
}

bool
graph_read_window(const struct graph_call *k, int64_t *from_ms, int64_t *to_ms)
{
	MMS_AUTO(mms_err) err = { 0 };
	const char *from = graph_param(k->r, "startDateTime");
	const char *to = graph_param(k->r, "endDateTime");

	if (from == NULL || to == NULL)
		graph_fail(k->a, 400, "ErrorInvalidParameter",
			   "This request requires a time window specified by the query string "
			   "parameters StartDateTime and EndDateTime.");
	else if (mms_time_parse(from, strlen(from), from_ms, &err) != MMS_OK ||
		 mms_time_parse(to, strlen(to), to_ms, &err) != MMS_OK)
		graph_fail(k->a, 400, "ErrorInvalidParameter",
			   "The window's times cannot be read.");
	else if (*to_ms <= *from_ms)
		graph_fail(k->a, 400, "ErrorInvalidParameter",
			   "The window ends before it begins.");
	else
		return true;
	return false;
}

void
graph_add_origin(const struct graph_call *k, struct mms_str *out)
{
	mms_str_addf(out, "http://%s", k->r->host != NULL ? k->r->host : "localhost");
}

/* ---- calendars and events ----------------------------------------------------------------------- */

/* Can the service have given it? */
static bool
is_id_like(const char *id)
{
	static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789+/=_-";

	return id[0] != '\0' && strspn(id, fine) == strlen(id);
}

static void
fail_missing(const struct graph_call *k, const char *id)
{
	if (!is_id_like(id))
		graph_fail(k->a, 400, "ErrorInvalidIdMalformed", "Id is malformed.");
	else
		graph_fail(k->a, 404, "ErrorItemNotFound",
			   "The specified object was not found in the store.");
}

struct g_calendar *
graph_calendar(const struct graph_call *k, const char *id)
{
	struct g_calendar *c = g_find_calendar(k->g, id != NULL ? id : k->account->email);

	if (c == NULL)
		fail_missing(k, id != NULL ? id : "default");
	else if (strcmp(g_role(c, k->account->email), "none") != 0)
		return c;
	else
		graph_fail(k->a, 403, "ErrorAccessDenied",
			   "Access is denied. Check credentials and try again.");
	return NULL;
}

/* In one calendar, by either form of its id. */
static struct g_event *
find_in(const struct graph_call *k, struct g_calendar *c, const char *id)
{
	const char *bare = graph_bare_id(c, id);
	struct g_event *e = bare != NULL && strcmp(g_role(c, k->account->email), "none") != 0
				    ? g_reach(k->g, c, bare)
				    : NULL;

	return e != NULL && e->is_live ? e : NULL;
}

struct g_event *
graph_event(const struct graph_call *k, const char *id, struct g_calendar **c)
{
	*c = g_find_calendar(k->g, k->account->email);
	struct g_event *e = *c != NULL ? find_in(k, *c, id) : NULL;

	if (e != NULL)
		return e;
	for (*c = k->g->calendars; *c != NULL; *c = (*c)->next) {
		if ((e = find_in(k, *c, id)) != NULL)
			return e;
	}
	fail_missing(k, id);
	return NULL;
}

bool
graph_check_write(const struct graph_call *k, const struct g_calendar *c)
{
	if (g_may_write(g_role(c, k->account->email)))
		return true;
	graph_fail(k->a, 403, "ErrorAccessDenied",
		   "Access is denied. Check credentials and try again.");
	return false;
}

static void
list_calendars(const struct graph_call *k)
{
	json_t *all = json_array();

	for (const struct g_calendar *c = k->g->calendars; c != NULL; c = c->next) {
		if (strcmp(g_role(c, k->account->email), "none") != 0)
			json_array_append_new(all, graph_render_calendar(k, c));
	}
	json_t *doc = json_pack("{s:o}", "value", all);
	graph_add_context(doc, "me/calendars");
	g_json(k->a, 200, doc);
}

/* ---- which request is which --------------------------------------------------------------------- */

static bool
is_method(const struct graph_call *k, const char *method)
{
	return strcmp(k->r->method, method) == 0;
}

static void
fail_segment(const struct graph_call *k)
{
	graph_fail(k->a, 400, "BadRequest", "Resource not found for the segment.");
}

/* events/{id}, of all calendars of the account, or of this one. */
static void
answer_event(const struct graph_call *k, const struct g_calendar *of, const char *id,
	     const char *verb)
{
	struct graph_shape shape = { 0 };
	struct g_calendar *c;
	struct g_event *e = graph_event(k, id, &c);
	bool is_get = is_method(k, "GET");
	char name[GRAPH_ID_MAX];

	if (e == NULL)
		return;
	(void)snprintf(name, sizeof name, "%s", e->id);
	if (of != NULL && of != c) {
		fail_missing(k, id);
	} else if (verb != NULL && is_get && strcmp(verb, "instances") == 0) {
		graph_instances(k, c, e);
	} else if (verb != NULL && is_method(k, "POST") && strcmp(verb, "cancel") == 0) {
		graph_cancel(k, c, e);
	} else if (verb != NULL) {
		fail_segment(k);
	} else if (is_get) {
		if (graph_read_shape(k, &shape)) {
			json_t *doc = graph_render(k, c, e, GRAPH_WHOLE);

			graph_apply_shape(&shape, e, doc);
			graph_add_context(doc, "me/events/$entity");
			g_json(k->a, 200, doc);
			(void)graph_etag(e, k->a->etag);
		}
	} else if (is_method(k, "PATCH")) {
		graph_change(k, c, e);
	} else if (is_method(k, "DELETE")) {
		graph_remove(k, c, e);
	} else {
		graph_fail(k->a, 405, "BadRequest", "The method is not allowed.");
	}
	graph_shape_release(&shape);
	g_forget_untouched(c, name);
}

/* calendarView and calendarView/delta. */
static void
answer_view(const struct graph_call *k, struct g_calendar *c, const char *verb)
{
	if (c == NULL && (c = graph_calendar(k, NULL)) == NULL)
		return;
	if (!is_method(k, "GET"))
		fail_segment(k);
	else if (verb == NULL)
		graph_calendar_view(k, c);
	else if (strcmp(verb, "delta") == 0)
		graph_delta(k, c);
	else
		fail_segment(k);
}

static void
answer_events(const struct graph_call *k, struct g_calendar *c)
{
	bool is_create = is_method(k, "POST");

	if (is_method(k, "GET"))
		graph_list_events(k, c);
	else if (is_create && (c != NULL || (c = graph_calendar(k, NULL)) != NULL))
		graph_create(k, c);
	else if (!is_create)
		fail_segment(k);
}

/* What is asked of a calendar (NULL: of the account), from a part on. */
static void
answer_parts(const struct graph_call *k, struct g_calendar *c, size_t at)
{
	const struct g_request *r = k->r;
	size_t n = r->n_parts - at;
	const char *what = n > 0 ? r->parts[at] : "", *next = n > 1 ? r->parts[at + 1] : NULL;
	bool is_events = strcmp(what, "events") == 0;

	if (n == 0 && is_method(k, "GET") && c != NULL) {
		json_t *doc = graph_render_calendar(k, c);

		graph_add_context(doc, "me/calendars/$entity");
		g_json(k->a, 200, doc);
	} else if (strcmp(what, "calendarView") == 0 && n <= 2) {
		answer_view(k, c, next);
	} else if (is_events && n == 1) {
		answer_events(k, c);
	} else if (is_events && n <= 3) {
		answer_event(k, c, next, n == 3 ? r->parts[at + 2] : NULL);
	} else {
		fail_segment(k);
	}
}

static void
answer_call(const struct graph_call *k)
{
	const struct g_request *r = k->r;
	struct g_calendar *c;

	if (r->n_parts < 3 || strcmp(r->parts[1], "me") != 0) {
		fail_segment(k);
	} else if (strcmp(r->parts[2], "calendars") == 0) {
		if (r->n_parts == 3 && is_method(k, "GET"))
			list_calendars(k);
		else if (r->n_parts == 3)
			fail_segment(k);
		else if ((c = graph_calendar(k, r->parts[3])) != NULL)
			answer_parts(k, c, 4);
	} else if (strcmp(r->parts[2], "calendar") == 0) {
		if ((c = graph_calendar(k, NULL)) != NULL)
			answer_parts(k, c, 3);
	} else {
		answer_parts(k, NULL, 2);
	}
}

void
graph_handle(struct g_service *g, const struct g_request *r, struct g_answer *a, g_log log,
	     void *aux)
{
	struct graph_call k = { .g = g, .r = r, .a = a, .account = g_authorize(g, r) };
	bool is_batch = !r->is_inner && r->n_parts == 2 && strcmp(r->parts[1], "$batch") == 0;

	if (k.account != NULL)
		(void)snprintf(a->account, sizeof a->account, "%s", k.account->email);
	if (r->is_bad)
		graph_fail(a, 400, "BadRequest", "The address cannot be read.");
	else if (k.account == NULL)
		graph_fail(a, 401, "InvalidAuthenticationToken",
			   "Access token has expired or is not yet valid.");
	else if (is_batch && is_method(&k, "POST"))
		graph_batch(&k, log, aux);
	else if (a->is_crowded)
		refuse_crowd(a);
	else if (read_preferences(&k))
		answer_call(&k);
}
