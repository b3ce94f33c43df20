/* POST /v1.0/$batch: requests within a request. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS 20
#define AT_ONCE   4

struct item {
	const char *id;
	struct g_request request;
	struct g_answer answer;
	char *body; /* owned */
};

static json_t *
read_requests(const struct g_request *r)
{
	json_error_t error;
	json_t *doc = json_loadb(r->body != NULL ? r->body : "", r->body_len,
				 JSON_REJECT_DUPLICATES, &error);
	json_t *all = json_incref(json_object_get(doc, "requests"));

	json_decref(doc);
	return all;
}

unsigned
graph_batch_width(const struct g_request *r)
{
	json_t *all = read_requests(r);
	size_t n = json_array_size(all);

	json_decref(all);
	return n == 0 ? 1 : n < AT_ONCE ? (unsigned)n : AT_ONCE;
}

/* A header of an item, by its name in whatever case; NULL: not there. */
static const char *
header_of(const json_t *item, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(item, "headers"), key, value)
	{
		if (strcasecmp(key, name) == 0)
			return json_string_value(value);
	}
	return NULL;
}

/* False: it is no request. */
static bool
read_item(const struct graph_call *k, const json_t *doc, struct item *item)
{
	struct g_request *r = &item->request;
	const char *method = json_string_value(json_object_get(doc, "method"));
	const char *url = json_string_value(json_object_get(doc, "url"));
	const json_t *body = json_object_get(doc, "body");
	MMS_AUTO(mms_str) address = { 0 };

	r->is_inner = true;
	r->authorization = k->r->authorization;
	r->host = k->r->host;
	r->prefer = header_of(doc, "Prefer");
	r->if_match = header_of(doc, "If-Match");
	r->content_type = header_of(doc, "Content-Type");
	(void)snprintf(r->method, sizeof r->method, "%s", method != NULL ? method : "");
	mms_str_addf(&address, "/v1.0%s%s", url != NULL && url[0] == '/' ? "" : "/",
		     url != NULL ? url : "");
	g_read_address(r, mms_str_get(&address));
	item->body =
		body != NULL ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("");
	r->body = item->body;
	r->body_len = item->body != NULL ? strlen(item->body) : 0;
	return method != NULL && url != NULL && strstr(url, "://") == NULL;
}

/* Has all that it waits for gone well? */
static bool
has_its_turn(const json_t *doc, const struct item *items, size_t n)
{
	json_t *wanted;
	size_t i;

	json_array_foreach(json_object_get(doc, "dependsOn"), i, wanted)
	{
		const char *id = json_string_value(wanted);
		bool is_done = false;

		for (size_t x = 0; id != NULL && x < n; x++)
			is_done = is_done || (strcmp(items[x].id, id) == 0 &&
					      items[x].answer.status < 400);
		if (!is_done)
			return false;
	}
	return true;
}

static json_t *
print_item(const struct item *item)
{
	json_error_t error;
	json_t *headers = json_object();
	json_t *doc = json_pack("{s:s, s:i, s:o}", "id", item->id, "status",
				(int)item->answer.status, "headers", headers);

	if (item->answer.retry_after[0] != '\0')
		json_object_set_new(headers, "Retry-After",
				    json_string(item->answer.retry_after));
	if (item->answer.body.len == 0)
		return doc;
	json_object_set_new(headers, "Content-Type", json_string("application/json"));
	if (item->answer.etag[0] != '\0')
		json_object_set_new(headers, "ETag", json_string(item->answer.etag));
	json_object_set_new(doc, "body",
			    json_loads(mms_str_get(&item->answer.body), 0, &error));
	return doc;
}

static void
serve_item(const struct graph_call *k, const json_t *doc, struct item *items, size_t at)
{
	struct item *item = &items[at];

	if (!read_item(k, doc, item)) {
		graph_fail(&item->answer, 400, "BadRequest", "The request cannot be read.");
	} else if (!has_its_turn(doc, items, at)) {
		graph_fail(&item->answer, 424, "FailedDependency",
			   "A request that it depends on has failed.");
	} else {
		item->answer.is_crowded = k->a->is_crowded;
		g_serve_inner(k->g, &item->request, &item->answer);
	}
}

static void
answer_items(const struct graph_call *k, const json_t *all, g_log log, void *aux)
{
	struct item items[MAX_ITEMS] = { 0 };
	size_t n = json_array_size(all);
	json_t *answers = json_array();

	for (size_t i = 0; i < n; i++) {
		const json_t *doc = json_array_get(all, i);

		items[i].id = json_string_value(json_object_get(doc, "id"));
		serve_item(k, doc, items, i);
		if (log != NULL)
			log(aux, &items[i].request, &items[i].answer);
	}
	for (size_t i = 0; i < n; i++) {
		size_t x = k->g->options.is_shuffling ? n - 1 - i : i;

		json_array_append_new(answers, print_item(&items[x]));
	}
	for (size_t i = 0; i < n; i++) {
		g_request_release(&items[i].request);
		g_answer_release(&items[i].answer);
		free(items[i].body);
	}
	g_json(k->a, 200, json_pack("{s:o}", "responses", answers));
}

/* What is wrong with it as a whole; NULL: nothing. */
static const char *
check_items(const json_t *all)
{
	size_t n = json_array_size(all);

	if (n == 0)
		return "The batch request has no requests.";
	if (n > MAX_ITEMS)
		return "The number of batch requests exceeds the maximum of 20.";
	for (size_t i = 0; i < n; i++) {
		const char *id =
			json_string_value(json_object_get(json_array_get(all, i), "id"));

		if (id == NULL || id[0] == '\0')
			return "A request has no id.";
		for (size_t x = 0; x < i; x++) {
			const char *other = json_string_value(
				json_object_get(json_array_get(all, x), "id"));

			if (strcasecmp(id, other) == 0)
				return "Ids of requests must be unique.";
		}
	}
	return NULL;
}

void
graph_batch(const struct graph_call *k, g_log log, void *aux)
{
	const char *type = k->r->content_type != NULL ? k->r->content_type : "";
	json_t *all = strncmp(type, "application/json", 16) == 0 ? read_requests(k->r) : NULL;
	const char *wrong = check_items(all);

	if (wrong != NULL)
		graph_fail(k->a, 400, "BadRequest", wrong);
	else
		answer_items(k, all, log, aux);
	json_decref(all);
}
