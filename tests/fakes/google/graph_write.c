/* POST, PATCH, DELETE and cancel of Graph's events, and what people do to them elsewhere. */
#include "graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids ---------------------------------------------------------------------------------------- */

/* As long and as mixed as the service's own. Owns: free(). */
static char *
make_id(struct g_service *g)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint64_t state = ++g->seq * UINT64_C(0x9e3779b97f4a7c15) + 54321;
	char out[153] = "AAMkADNlYjY0", *twin = g->twin;

	if (twin != NULL) {
		g->twin = NULL;
		return twin;
	}
	for (size_t i = 12; i < 151; i++) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		out[i] = letters[state >> 58];
	}
	/* A letter whose case alone tells two of them apart. */
	out[149] = 'q';
	out[150] = 'A';
	out[151] = '=';
	out[152] = '\0';
	char *id = strdup(out);
	out[149] = 'Q';
	if (g->options.is_twinned)
		g->twin = strdup(out);
	return id;
}

/* ---- who gets mail ------------------------------------------------------------------------------ */

/* The service writes to guests without being asked. */
static void
mail(const struct g_calendar *c, struct g_event *e, const json_t *guests)
{
	const json_t *one;
	size_t i;
	json_t *sent = json_object_get(e->graph, "_mailed");

	if (json_array_size(guests) == 0 || !graph_is_organizer(c, e))
		return;
	if (sent == NULL) {
		graph_set_fact(e, "_mailed", json_array());
		sent = json_object_get(e->graph, "_mailed");
	}
	json_array_foreach((json_t *)(uintptr_t)guests, i, one)
	{
		json_t *email = json_object_get(one, "email"), *known;
		size_t n;
		bool is_new = true;

		json_array_foreach(sent, n, known) is_new = is_new && !json_equal(known, email);
		if (is_new)
			json_array_append(sent, email);
	}
}

/* ---- the requests ------------------------------------------------------------------------------- */

static json_t *
read_body(const struct graph_call *k)
{
	json_error_t error;
	const char *type = k->r->content_type != NULL ? k->r->content_type : "";
	json_t *doc =
		strncmp(type, "application/json", 16) == 0
			? json_loadb(k->r->body, k->r->body_len, JSON_REJECT_DUPLICATES, &error)
			: NULL;

	if (json_is_object(doc))
		return doc;
	json_decref(doc);
	graph_fail(k->a, 400, "BadRequest", "Unable to read JSON request payload.");
	return NULL;
}

void
graph_answer_event(const struct graph_call *k, const struct g_calendar *c,
		   const struct g_event *e, unsigned status)
{
	json_t *doc = graph_render(k, c, e, GRAPH_WHOLE);

	graph_add_context(doc, "me/events/$entity");
	g_json(k->a, status, doc);
	(void)graph_etag(e, k->a->etag);
}

/* The event that a transaction has made, a live one before one that is deleted. */
static struct g_event *
made_by(const struct graph_call *k, const char *id, struct g_calendar **where)
{
	struct g_event *found = NULL;

	for (struct g_calendar *c = k->g->calendars; c != NULL; c = c->next) {
		if (strcmp(c->owner, k->account->email) != 0)
			continue;
		for (struct g_event *e = c->events; e != NULL; e = e->next) {
			const char *own = graph_fact(e, "transactionId");

			if (own == NULL || e->series != NULL || strcasecmp(own, id) != 0 ||
			    (found != NULL && found->is_live))
				continue;
			found = e;
			*where = c;
		}
	}
	return found;
}

/* What a request made, whatever has become of it since. */
static json_t *
print_made(const struct g_calendar *c, const struct g_event *e)
{
	const char *title = json_string_value(json_object_get(e->doc, "summary"));

	return json_pack("[s, s, I, I, b]", c->id, title != NULL ? title : "",
			 (json_int_t)e->start_ms, (json_int_t)e->end_ms, (int)e->is_day);
}

/* Is it the request that made that event? */
static bool
is_same_request(const struct graph_call *k, struct g_calendar *c, const struct g_event *e,
		const json_t *body)
{
	struct g_event made = { .doc = json_object(), .is_live = true };
	struct graph_wrong wrong = { 0 };
	uint64_t seq = k->g->seq;
	bool is_same = graph_put(k, c, &made, body, true, &wrong);
	json_t *print = print_made(c, &made);

	/* A look only: it is no write. */
	k->g->seq = seq;
	is_same = is_same && json_equal(print, json_object_get(e->graph, "_made"));
	json_decref(print);
	g_event_release(&made);
	return is_same;
}

/* A transaction that has been used; true: answered. */
static bool
answer_transaction(const struct graph_call *k, struct g_calendar *c, const json_t *body)
{
	const struct g_options *o = &k->g->options;
	const char *id = json_string_value(json_object_get(body, "transactionId"));
	struct g_calendar *where = NULL;
	struct g_event *e = id != NULL ? made_by(k, id, &where) : NULL;

	if (e == NULL || (!e->is_live && o->is_transaction_forgotten))
		return false;
	if (e->is_live && !o->is_transaction_refused && is_same_request(k, c, e, body))
		graph_answer_event(k, where, e, 201);
	else
		graph_fail(
			k->a, 409, "ErrorDuplicateTransactionId",
			"The TransactionId specified in the request has already been used to "
			"create a different event.");
	return true;
}

/* What Exchange calls a new event in all calendars and feeds: a prefix, a time, a random part. */
static void
set_uid(struct g_event *e)
{
	uint64_t hash[2] = { UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cbf29ce4) };
	char uid[120];

	for (const char *at = e->id; *at != '\0'; at++) {
		for (size_t i = 0; i < MMS_COUNT(hash); i++)
			hash[i] = (hash[i] ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	}
	(void)snprintf(uid, sizeof uid,
		       "040000008200E00074C5B7101A82E0080000000000CF6D5FE1A9DC01"
		       "000000000000000010000000%016" PRIX64 "%016" PRIX64,
		       hash[0], hash[1]);
	json_object_set_new(e->doc, "iCalUID", json_string(uid));
}

void
graph_create(const struct graph_call *k, struct g_calendar *c)
{
	struct graph_wrong wrong = { 0 };
	json_t *body = graph_check_write(k, c) ? read_body(k) : NULL;

	if (body == NULL)
		return;
	if (!answer_transaction(k, c, body)) {
		char *id = make_id(k->g);
		struct g_event *e = g_add_event(c, id);

		free(id);
		if (graph_put(k, c, e, body, true, &wrong)) {
			set_uid(e);
			g_add_facts(k->g, c, e);
			graph_set_fact(e, "_made", print_made(c, e));
			mail(c, e, json_object_get(e->doc, "attendees"));
			graph_answer_event(k, c, e, 201);
		} else {
			graph_fail(k->a, 400, wrong.code, wrong.message);
			g_drop_event(c, e);
		}
	}
	json_decref(body);
}

/* Is it of the version that the client means? False: answered. */
static bool
check_version(const struct graph_call *k, const struct g_event *e)
{
	char etag[64];

	if (k->r->if_match == NULL || strcmp(k->r->if_match, "*") == 0 ||
	    strcmp(k->r->if_match, graph_etag(e, etag)) == 0)
		return true;
	graph_fail(k->a, 412, "ErrorIrresolvableConflict",
		   "The send or update operation could not be performed because the change key "
		   "passed in the request does not match the current change key for the item.");
	return false;
}

void
graph_change(const struct graph_call *k, struct g_calendar *c, struct g_event *e)
{
	struct graph_wrong wrong = { 0 };
	json_t *body = graph_check_write(k, c) && check_version(k, e) ? read_body(k) : NULL;

	if (body == NULL)
		return;
	json_t *before = json_deep_copy(json_object_get(e->doc, "attendees"));
	if (json_object_get(body, "transactionId") != NULL) {
		graph_fail(k->a, 400, "ErrorInvalidPropertySet",
			   "Set action is invalid for property.");
	} else if (graph_put(k, c, e, body, false, &wrong)) {
		/* Those that are there, and those that are no more. */
		mail(c, e, json_object_get(e->doc, "attendees"));
		mail(c, e, before);
		graph_answer_event(k, c, e, 200);
	} else {
		graph_fail(k->a, 400, wrong.code, wrong.message);
	}
	json_decref(before);
	json_decref(body);
}

void
graph_remove(const struct graph_call *k, struct g_calendar *c, struct g_event *e)
{
	if (!graph_check_write(k, c) || !check_version(k, e))
		return;
	mail(c, e, json_object_get(e->doc, "attendees"));
	g_delete(k->g, c, e);
	k->a->status = 204;
}

void
graph_cancel(const struct graph_call *k, struct g_calendar *c, struct g_event *e)
{
	json_t *body = graph_check_write(k, c) ? read_body(k) : NULL;
	const json_t *guests = json_object_get(e->doc, "attendees");

	if (body == NULL)
		return;
	if (!graph_is_organizer(c, e) || json_array_size(guests) == 0) {
		graph_fail(k->a, 400, "ErrorInvalidRequest",
			   "Your request can't be completed. You need to be an organizer to "
			   "cancel a meeting.");
	} else {
		mail(c, e, guests);
		g_delete(k->g, c, e);
		k->a->status = 202;
	}
	json_decref(body);
}

/* ---- what people do ----------------------------------------------------------------------------- */

static struct g_event *
copy_to(struct g_calendar *to, const struct g_event *e, const char *id)
{
	struct g_event *old = g_find_event(to, id);

	if (old != NULL && old != e)
		g_drop_event(to, old);
	struct g_event *copy = g_add_event(to, id);
	if (copy == NULL)
		return NULL;
	json_decref(copy->doc);
	copy->doc = json_deep_copy(e->doc);
	copy->graph = json_deep_copy(e->graph);
	copy->zone = e->zone != NULL ? strdup(e->zone) : NULL;
	copy->is_tentative = e->is_tentative;
	copy->is_day = e->is_day;
	copy->start_ms = e->start_ms;
	copy->end_ms = e->end_ms;
	copy->original_ms = e->original_ms;
	return copy;
}

bool
graph_move(struct g_service *g, struct g_calendar *from, struct g_event *e,
	   struct g_calendar *to, const char *id)
{
	char name[GRAPH_ID_MAX];

	if (from == to && strcmp(e->id, id) == 0)
		return true;
	struct g_event *master = copy_to(to, e, id);
	if (master == NULL)
		return false;
	g_touch(g, master);
	/* What a series has of its own goes along; it is as old as the series there. */
	for (struct g_event *x = from->events; x != NULL; x = x->next) {
		if (x->series == NULL || strcmp(x->series, e->id) != 0 || x->is_leftover)
			continue;
		g_instance_id(master, x->original_ms, name, sizeof name);
		struct g_event *own = copy_to(to, x, name);
		if (own == NULL)
			return false;
		own->series = strdup(id);
		own->is_live = x->is_live;
		g_touch(g, own);
	}
	/* Elsewhere it is deleted, without anybody being told. */
	g_delete(g, from, e);
	return true;
}
