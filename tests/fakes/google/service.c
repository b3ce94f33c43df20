/* What the fake remembers (see service.h). */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool
g_open(struct g_service *g)
{
	MMS_AUTO(mms_err) err = { 0 };

	*g = (struct g_service){ .now_ms = MMS_NO_TIME };
	if (mms_zones_new(&g->zones, &err) != MMS_OK)
		return false;
	g_reset(g);
	return true;
}

static void
free_calendar(struct g_calendar *c)
{
	g_clear_calendar(c);
	for (size_t i = 0; i < c->n_shares; i++) {
		free(c->shares[i].account);
		free(c->shares[i].role);
	}
	free(c->id);
	free(c->owner);
	free(c->role);
	free(c->summary);
	free(c);
}

static void
free_account(struct g_account *account)
{
	for (size_t i = 0; i < MMS_COUNT(account->access); i++)
		free(account->access[i].token);
	free(account->email);
	free(account->refresh);
	free(account->spare_refresh);
	free(account->shared_refresh);
	free(account->granted);
	free(account);
}

static void
free_code(struct g_code *code)
{
	free(code->code);
	free(code->account);
	free(code->redirect);
	free(code->challenge);
	free(code);
}

void
g_reset(struct g_service *g)
{
	for (struct g_calendar *c; (c = g->calendars) != NULL;) {
		g->calendars = c->next;
		free_calendar(c);
	}
	for (struct g_account *account; (account = g->accounts) != NULL;) {
		g->accounts = account->next;
		free_account(account);
	}
	for (struct g_code *code; (code = g->codes) != NULL;) {
		g->codes = code->next;
		free_code(code);
	}
	for (struct g_device *device; (device = g->devices) != NULL;) {
		g->devices = device->next;
		g_device_free(device);
	}
	for (struct g_listing *l; (l = g->listings) != NULL;) {
		g->listings = l->next;
		g_listing_free(l);
	}
	graph_forget_views(g);
	for (struct g_fault *fault; (fault = g->faults) != NULL;) {
		g->faults = fault->next;
		free(fault);
	}
	free(g->twin);
	g->twin = NULL;
	free(g->client_id);
	free(g->client_secret);
	g->client_id = strdup("client-1");
	g->client_secret = strdup("secret-1");
	g->options = (struct g_options){
		.batch_max = 50, .lifetime_s = 3599, .concurrency = 4, .device_interval_s = 5
	};
	g->seq = 0;
	g->now_ms = MMS_NO_TIME;
}

void
g_close(struct g_service *g)
{
	g_reset(g);
	free(g->client_id);
	free(g->client_secret);
	mms_zones_free(g->zones);
}

int64_t
g_now(const struct g_service *g)
{
	struct timespec now;

	if (g->now_ms != MMS_NO_TIME)
		return g->now_ms;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct g_calendar *
g_find_calendar(const struct g_service *g, const char *id)
{
	for (struct g_calendar *c = g->calendars; c != NULL; c = c->next) {
		if (strcmp(c->id, id) == 0)
			return c;
	}
	return NULL;
}

struct g_calendar *
g_make_calendar(struct g_service *g, const char *id, const char *owner)
{
	struct g_calendar *c = g_find_calendar(g, id);

	if (c == NULL && (c = calloc(1, sizeof *c)) != NULL) {
		c->id = strdup(id);
		c->owner = strdup(owner);
		c->role = strdup("owner");
		c->summary = strdup(id);
		c->zone = mms_zone_utc();
		c->end = &c->events;
		c->next = g->calendars;
		g->calendars = c;
	}
	return c;
}

struct g_event *
g_find_event(const struct g_calendar *c, const char *id)
{
	for (struct g_event *e = c->events; e != NULL; e = e->next) {
		if (strcmp(e->id, id) == 0)
			return e;
	}
	return NULL;
}

struct g_event *
g_add_event(struct g_calendar *c, const char *id)
{
	struct g_event *e = calloc(1, sizeof *e);

	if (e == NULL)
		return NULL;
	e->id = strdup(id);
	e->doc = json_object();
	e->is_live = true;
	e->start_ms = e->end_ms = e->original_ms = MMS_NO_TIME;
	*c->end = e;
	c->end = &e->next;
	return e;
}

void
g_event_release(struct g_event *e)
{
	json_decref(e->doc);
	json_decref(e->graph);
	free(e->id);
	free(e->zone);
	free(e->series);
	*e = (struct g_event){ 0 };
}

void
g_drop_event(struct g_calendar *c, const struct g_event *e)
{
	struct g_event **at = &c->events;

	while (*at != NULL && *at != e)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	struct g_event *gone = *at;
	*at = gone->next;
	if (c->end == &gone->next)
		c->end = at;
	g_event_release(gone);
	free(gone);
}

void
g_clear_calendar(struct g_calendar *c)
{
	while (c->events != NULL)
		g_drop_event(c, c->events);
	g_bulk_release(&c->bulk);
}

void
g_touch(struct g_service *g, struct g_event *e)
{
	e->seq = ++g->seq;
	e->updated_ms = g_now(g);
}

const char *
g_role(const struct g_calendar *c, const char *account)
{
	if (strcmp(c->owner, account) == 0)
		return c->role;
	for (size_t i = 0; i < c->n_shares; i++) {
		if (strcmp(c->shares[i].account, account) == 0)
			return c->shares[i].role;
	}
	return "none";
}

bool
g_may_write(const char *role)
{
	return strcmp(role, "owner") == 0 || strcmp(role, "writer") == 0 ||
	       strcmp(role, "writerWithoutPrivateAccess") == 0;
}

/* ---- which request is which ----------------------------------------------------------------- */

static bool
is_method(const struct g_request *r, const char *method)
{
	return strcmp(r->method, method) == 0;
}

/* The calendar of a name in an address, as an account has it. */
static struct g_calendar *
calendar_of(const struct g_service *g, const char *name, const struct g_account *account)
{
	struct g_calendar *c =
		g_find_calendar(g, strcmp(name, "primary") == 0 ? account->email : name);

	return c != NULL && strcmp(g_role(c, account->email), "none") != 0 ? c : NULL;
}

static void
answer_calendar(const struct g_calendar *c, const char *role, bool is_entry,
		const char *account, struct g_answer *a)
{
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind",
				is_entry ? "calendar#calendarListEntry" : "calendar#calendar",
				"etag", "\"1\"", "id", c->id, "summary", c->summary, "timeZone",
				mms_zone_name(c->zone));

	if (is_entry) {
		json_object_set_new(doc, "accessRole", json_string(role));
		json_object_set_new(doc, "selected", json_true());
		if (strcmp(c->id, account) == 0)
			json_object_set_new(doc, "primary", json_true());
	}
	g_json(a, 200, doc);
}

static void
answer_get(struct g_service *g, struct g_calendar *c, const char *role, const char *id,
	   struct g_answer *a)
{
	const struct g_event *e = g_reach(g, c, id);

	if (e == NULL) {
		g_fail(a, 404, "notFound", "Not Found", NULL);
		return;
	}
	g_json(a, 200, g_render(g, c, e, role, true));
	(void)g_etag(e, a->etag);
}

/* /calendars/{id}/events/{id} */
static void
answer_event(struct g_service *g, struct g_calendar *c, const char *role,
	     const struct g_request *r, struct g_answer *a)
{
	const char *id = r->parts[5];

	if (is_method(r, "GET"))
		answer_get(g, c, role, id, a);
	else if (is_method(r, "PATCH") || is_method(r, "PUT"))
		g_change(g, c, id, r, is_method(r, "PATCH"), a);
	else if (is_method(r, "DELETE"))
		g_remove(g, c, id, r, a);
	else
		g_fail(a, 404, "notFound", "Not Found", NULL);
	g_forget_untouched(c, id);
}

/* /calendars/{id}/events... */
static void
answer_events(struct g_service *g, struct g_calendar *c, const char *role,
	      const struct g_request *r, struct g_answer *a)
{
	const char *denied = g->options.denied;
	bool is_write = !is_method(r, "GET");

	if (is_write && !g_may_write(role))
		g_fail(a, 403, denied[0] != '\0' ? denied : "requiredAccessLevel",
		       "You need to have writer access to this calendar.", NULL);
	else if (r->n_parts == 5 && !is_write)
		g_list(g, c, role, NULL, r, a);
	else if (r->n_parts == 5 && is_method(r, "POST"))
		g_insert(g, c, r, a);
	else if (r->n_parts == 7 && !is_write && strcmp(r->parts[6], "instances") == 0)
		g_list(g, c, role, r->parts[5], r, a);
	else if (r->n_parts == 6)
		answer_event(g, c, role, r, a);
	else
		g_fail(a, 404, "notFound", "Not Found", NULL);
}

static void
answer_call(struct g_service *g, const struct g_account *account, const struct g_request *r,
	    struct g_answer *a)
{
	bool is_calendar = r->n_parts >= 4 && strcmp(r->parts[2], "calendars") == 0;
	bool is_entry = r->n_parts == 6 && strcmp(r->parts[2], "users") == 0 &&
			strcmp(r->parts[4], "calendarList") == 0 && is_method(r, "GET");
	struct g_calendar *c = is_calendar || is_entry
				       ? calendar_of(g, r->parts[is_calendar ? 3 : 5], account)
				       : NULL;

	if (c == NULL) {
		g_fail(a, 404, "notFound", "Not Found", NULL);
		return;
	}
	const char *role = g_role(c, account->email);
	if (is_entry || (r->n_parts == 4 && is_method(r, "GET")))
		answer_calendar(c, role, is_entry, account->email, a);
	else if (r->n_parts > 4 && strcmp(r->parts[4], "events") == 0)
		answer_events(g, c, role, r, a);
	else
		g_fail(a, 404, "notFound", "Not Found", NULL);
}

void
g_handle(struct g_service *g, const struct g_request *r, struct g_answer *a, g_log log,
	 void *aux)
{
	bool is_call = r->n_parts >= 2 && strcmp(r->parts[0], "calendar") == 0 &&
		       strcmp(r->parts[1], "v3") == 0;
	bool is_batch = !r->is_inner && r->n_parts == 3 && strcmp(r->parts[0], "batch") == 0;

	if (g_is_graph(r)) {
		graph_handle(g, r, a, log, aux);
		return;
	}
	if (r->is_bad) {
		g_fail(a, 400, "badRequest", "Bad Request", NULL);
		return;
	}
	if (r->n_parts == 1 && strcmp(r->parts[0], "token") == 0 && is_method(r, "POST")) {
		g_token(g, r, a);
		return;
	}
	if (g_ms_token(g, r, a))
		return;
	struct g_account *account = g_authorize(g, r);
	if (account != NULL)
		(void)snprintf(a->account, sizeof a->account, "%s", account->email);
	if (is_batch && is_method(r, "POST"))
		g_batch(g, r, a, log, aux);
	else if (!is_call)
		g_fail(a, 404, "notFound", "Not Found", NULL);
	else if (account == NULL)
		g_fail(a, 401, "authError", "Invalid Credentials", "Authorization");
	else
		answer_call(g, account, r, a);
}
