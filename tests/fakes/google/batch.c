/* POST /batch/calendar/v3: requests within a request. */
#include "service.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARTS  1000
#define OUR_BOUNDS "batch_5YZfake"

struct part {
	struct g_request request;
	struct g_answer answer;
	char *text;       /* owned; the others point into it */
	char *content_id; /* NULL: none                      */
};

/* The value of a header among lines, up to the blank line; NULL: not there. The text is cut. */
static char *
find_header(char *lines, const char *end, const char *name)
{
	size_t len = strlen(name);

	for (char *p = lines; p != NULL && p < end; p = strchr(p, '\n'), p += p != NULL) {
		if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1;
			return p + strspn(p, " ");
		}
	}
	return NULL;
}

static void
end_line(char *text)
{
	if (text != NULL)
		text[strcspn(text, "\r\n")] = '\0';
}

/* Where a head ends and what follows it begins; NULL: nowhere. */
static char *
after_head(char *text, char **head_end)
{
	char *crlf = strstr(text, "\r\n\r\n"), *lf = strstr(text, "\n\n");

	if (crlf != NULL && (lf == NULL || crlf < lf)) {
		*head_end = crlf;
		return crlf + 4;
	}
	*head_end = lf;
	return lf != NULL ? lf + 2 : NULL;
}

/* One part's text into a request; false: it is none. */
static bool
read_part(struct part *part, const struct g_request *outer)
{
	char *outer_end, *inner_end, version[16], address[4096];
	char *inner = after_head(part->text, &outer_end);
	struct g_request *r = &part->request;

	if (inner == NULL)
		return false;
	const char *type = find_header(part->text, outer_end, "Content-Type");
	if (type == NULL || strncmp(type, "application/http", 16) != 0)
		return false;
	part->content_id = find_header(part->text, outer_end, "Content-ID");
	char *body = after_head(inner, &inner_end);
	if (body == NULL) {
		/* A request without headers and body may end with its line. */
		inner_end = inner + strlen(inner);
		body = inner_end;
	}
	if (sscanf(inner, "%15s %4095s %15[^\r\n]", r->method, address, version) < 2 ||
	    address[0] != '/')
		return false;
	g_read_address(r, address);
	char *match = find_header(inner, inner_end, "If-Match");
	char *content = find_header(inner, inner_end, "Content-Type");
	char *own = find_header(inner, inner_end, "Authorization");
	r->body = body;
	r->body_len = strlen(body);
	/* The line before the next boundary is not of the body. */
	while (r->body_len > 0 && strchr("\r\n", body[r->body_len - 1]) != NULL)
		r->body_len--;
	end_line(match);
	end_line(content);
	end_line(own);
	end_line(part->content_id);
	r->if_match = match;
	r->content_type = content;
	r->authorization = own != NULL ? own : outer->authorization;
	return true;
}

static bool
find_boundary(const struct g_request *r, char *out, size_t size)
{
	const char *type = r->content_type != NULL ? r->content_type : "";
	const char *at =
		strncmp(type, "multipart/mixed", 15) == 0 ? strstr(type, "boundary=") : NULL;

	if (at == NULL)
		return false;
	at += 9;
	bool is_quoted = *at == '"';
	at += is_quoted;
	(void)snprintf(out, size, "--%.*s", (int)strcspn(at, is_quoted ? "\"" : "; "), at);
	return strlen(out) > 2;
}

/* Cut the body at its boundaries; returns the number of parts, -1 where it has no end. */
static long
split(const struct g_request *r, struct part *parts, size_t max)
{
	char bound[256];
	size_t n = 0;
	char *body = strndup(r->body, r->body_len);
	char *at = find_boundary(r, bound, sizeof bound) ? strstr(body, bound) : NULL;
	bool is_whole = false;

	while (at != NULL && n < max) {
		char *begin = at + strlen(bound);

		if (strncmp(begin, "--", 2) == 0) {
			is_whole = true;
			break;
		}
		begin += strspn(begin, "\r");
		begin += *begin == '\n';
		at = strstr(begin, bound);
		if (at == NULL)
			break;
		parts[n++].text = strndup(begin, (size_t)(at - begin));
	}
	free(body);
	return is_whole ? (long)n : -1;
}

static const char *
phrase(unsigned status)
{
	return status == 200   ? "OK"
	       : status == 204 ? "No Content"
	       : status == 404 ? "Not Found"
	       : status == 409 ? "Conflict"
	       : status == 410 ? "Gone"
	       : status == 412 ? "Precondition Failed"
			       : "Status";
}

static void
add_answer(struct mms_str *out, const struct part *part)
{
	const char *id = part->content_id != NULL ? part->content_id : "";

	mms_str_add(out, "--" OUR_BOUNDS "\r\nContent-Type: application/http\r\n");
	if (id[0] == '<')
		mms_str_addf(out, "Content-ID: <response-%s\r\n", id + 1);
	else if (id[0] != '\0')
		mms_str_addf(out, "Content-ID: response-%s\r\n", id);
	mms_str_addf(out, "\r\nHTTP/1.1 %u %s\r\n", part->answer.status,
		     phrase(part->answer.status));
	if (part->answer.etag[0] != '\0')
		mms_str_addf(out, "ETag: %s\r\n", part->answer.etag);
	if (part->answer.retry_after[0] != '\0')
		mms_str_addf(out, "Retry-After: %s\r\n", part->answer.retry_after);
	if (part->answer.body.len > 0)
		mms_str_addf(out, "Content-Type: %s\r\n", part->answer.type);
	mms_str_addf(out, "Content-Length: %zu\r\n\r\n%s\r\n", part->answer.body.len,
		     mms_str_get(&part->answer.body));
}

static void
answer_parts(struct g_service *g, struct part *parts, size_t n, const struct g_request *outer,
	     struct g_answer *a, g_log log, void *aux)
{
	MMS_AUTO(mms_str) out = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct part *part = &parts[i];

		part->request.is_inner = true;
		if (!read_part(part, outer)) {
			part->request.is_bad = true;
			if (part->request.path == NULL)
				part->request.path = strdup("");
		}
		g_serve_inner(g, &part->request, &part->answer);
		if (log != NULL)
			log(aux, &part->request, &part->answer);
	}
	for (size_t i = 0; i < n; i++) {
		size_t k = g->options.is_shuffling ? n - 1 - i : i;

		add_answer(&out, &parts[k]);
	}
	mms_str_add(&out, "--" OUR_BOUNDS "--\r\n");
	a->status = 200;
	(void)snprintf(a->type, sizeof a->type, "multipart/mixed; boundary=" OUR_BOUNDS);
	mms_str_clear(&a->body);
	mms_str_addn(&a->body, mms_str_get(&out), out.len);
}

void
g_batch(struct g_service *g, const struct g_request *r, struct g_answer *a, g_log log,
	void *aux)
{
	struct part *parts = calloc(MAX_PARTS, sizeof *parts);
	long n = parts != NULL ? split(r, parts, MAX_PARTS) : -1;

	if (n <= 0)
		g_fail(a, 400, "badRequest", "Failed to parse batch request.", NULL);
	else if (n > g->options.batch_max)
		g_fail(a, 400, "badRequest", "The batch request has too many calls.", NULL);
	else
		answer_parts(g, parts, (size_t)n, r, a, log, aux);
	for (size_t i = 0; parts != NULL && i < MAX_PARTS && parts[i].text != NULL; i++) {
		g_request_release(&parts[i].request);
		g_answer_release(&parts[i].answer);
		free(parts[i].text);
	}
	free(parts);
}
