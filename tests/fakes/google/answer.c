/* Requests taken apart, and answers put together. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
g_json(struct g_answer *a, unsigned status, json_t *doc)
{
	char *text = json_dumps(doc, JSON_INDENT(1));

	a->status = status;
	mms_str_clear(&a->body);
	mms_str_addf(&a->body, "%s\n", text != NULL ? text : "");
	(void)snprintf(a->type, sizeof a->type, "application/json; charset=UTF-8");
	free(text);
	json_decref(doc);
}

static const char *
domain_of(const char *reason)
{
	static const char *const calendar[] = { "timeRangeEmpty", "fullSyncRequired",
						"updatedMinTooLongAgo", "requiredAccessLevel",
						"forbiddenForNonOrganizer" };
	static const char *const limits[] = { "userRateLimitExceeded", "rateLimitExceeded",
					      "quotaExceeded" };

	for (size_t i = 0; i < MMS_COUNT(calendar); i++) {
		if (strcmp(reason, calendar[i]) == 0)
			return "calendar";
	}
	for (size_t i = 0; i < MMS_COUNT(limits); i++) {
		if (strcmp(reason, limits[i]) == 0)
			return "usageLimits";
	}
	return "global";
}

void
g_fail(struct g_answer *a, unsigned status, const char *reason, const char *message,
       const char *location)
{
	json_t *one = json_pack("{s:s, s:s, s:s}", "domain", domain_of(reason), "reason",
				reason, "message", message);
	bool is_header = location != NULL && (strcmp(location, "Authorization") == 0 ||
					      strcmp(location, "If-Match") == 0);

	if (location != NULL && location[0] != '\0') {
		json_object_set_new(one, "locationType",
				    json_string(is_header ? "header" : "parameter"));
		json_object_set_new(one, "location", json_string(location));
	}
	a->etag[0] = '\0';
	g_json(a, status,
	       json_pack("{s:{s:[o], s:i, s:s}}", "error", "errors", one, "code", (int)status,
			 "message", message));
}

void
g_request_release(struct g_request *r)
{
	free(r->path);
	for (size_t i = 0; i < r->n_parts; i++)
		free(r->parts[i]);
	for (size_t i = 0; i < r->n_params; i++) {
		free(r->params[i].name);
		free(r->params[i].value);
	}
	*r = (struct g_request){ 0 };
}

void
g_answer_release(struct g_answer *a)
{
	mms_str_release(&a->body);
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

bool
g_decode(char *text, bool is_form)
{
	char *out = text;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '%') {
			int high = hex_value(p[1]), low = high >= 0 ? hex_value(p[2]) : -1;

			if (low < 0 || high * 16 + low == 0)
				return false;
			*out++ = (char)(high * 16 + low);
			p += 2;
		} else {
			*out++ = is_form && *p == '+' ? ' ' : *p;
		}
	}
	*out = '\0';
	return true;
}

void
g_read_form(struct g_request *r, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "&"), name = strcspn(text, "=&");
		const char *value = text[name] == '=' ? text + name + 1 : text + name;

		if (r->n_params == G_MAX_PARAMS) {
			r->is_bad = true;
			return;
		}
		struct g_param *param = &r->params[r->n_params++];
		param->name = strndup(text, name);
		param->value = strndup(value, len - (size_t)(value - text));
		if (!g_decode(param->name, true) || !g_decode(param->value, true))
			r->is_bad = true;
		text += len + (text[len] == '&');
	}
}

void
g_read_address(struct g_request *r, const char *address)
{
	size_t len = strcspn(address, "?");

	r->path = strndup(address, len);
	/* In no address may these stand as they are (RFC 3986). */
	if (strpbrk(address, " \"<>{}|\\^`") != NULL)
		r->is_bad = true;
	for (const char *p = r->path; *p == '/';) {
		size_t n = strcspn(p + 1, "/");

		if (r->n_parts == G_MAX_PARTS) {
			r->is_bad = true;
			break;
		}
		r->parts[r->n_parts] = strndup(p + 1, n);
		/* Ids must come encoded: these have a meaning of their own in a path or query. */
		if (strpbrk(r->parts[r->n_parts], "#@ ") != NULL ||
		    !g_decode(r->parts[r->n_parts], false))
			r->is_bad = true;
		r->n_parts++;
		p += n + 1;
	}
	if (address[len] == '?')
		g_read_form(r, address + len + 1);
}

const char *
g_param(const struct g_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_params; i++) {
		if (strcmp(r->params[i].name, name) == 0)
			return r->params[i].value;
	}
	return NULL;
}

bool
g_flag(const struct g_request *r, const char *name)
{
	const char *value = g_param(r, name);

	return value != NULL && strcmp(value, "true") == 0;
}
