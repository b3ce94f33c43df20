/*
 * Many requests in one: multipart/mixed with an HTTP request in each part, and back. The service
 * answers in any order and may leave out what it likes, so that only numbers connect the two.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "google_parts.h"

/* Seconds of a Retry-After that are believed. */
#define RETRY_AFTER_MAX_S INT64_C(31536000)

void
google_batch_add(struct mms_str *out, size_t i, const struct google_call *call)
{
	/* A line that begins with the boundary is in no body: JSON has no line end in a text. */
	mms_str_addf(out,
		     "--" GOOGLE_BATCH_BOUNDARY "\r\nContent-Type: application/http\r\n"
		     "Content-ID: <item-%zu>\r\n\r\n%s %s HTTP/1.1\r\n",
		     i + 1, call->method, call->path);
	if (call->version != NULL)
		mms_str_addf(out, "If-Match: %s\r\n", call->version);
	if (call->body != NULL)
		mms_str_addf(out,
			     "Content-Type: application/json; charset=UTF-8\r\n"
			     "Content-Length: %zu\r\n",
			     call->body_len);
	mms_str_add(out, "\r\n");
	if (call->body != NULL)
		mms_str_addn(out, call->body, call->body_len);
	mms_str_add(out, "\r\n");
}

void
google_batch_end(struct mms_str *out)
{
	mms_str_add(out, "--" GOOGLE_BATCH_BOUNDARY "--\r\n");
}

/* ---- reading ------------------------------------------------------------------------------ */

/* A piece of the answer. */
struct span {
	const char *p, *end;
};

/* Take the next line off, without its line end. False: there is none left. */
static bool
take_line(struct span *text, struct span *line)
{
	if (text->p >= text->end)
		return false;
	const char *lf = memchr(text->p, '\n', (size_t)(text->end - text->p));
	*line = (struct span){ text->p, lf != NULL ? lf : text->end };
	text->p = lf != NULL ? lf + 1 : text->end;
	if (line->end > line->p && line->end[-1] == '\r')
		line->end--;
	return true;
}

static struct span
trim(struct span s)
{
	while (s.p < s.end && (*s.p == ' ' || *s.p == '\t'))
		s.p++;
	while (s.end > s.p && (s.end[-1] == ' ' || s.end[-1] == '\t'))
		s.end--;
	return s;
}

/* The value of a header line of this name. */
static bool
is_header(struct span line, const char *name, struct span *value)
{
	size_t len = strlen(name);

	if ((size_t)(line.end - line.p) <= len || strncasecmp(line.p, name, len) != 0 ||
	    line.p[len] != ':')
		return false;
	*value = trim((struct span){ line.p + len + 1, line.end });
	return true;
}

/* A whole number; -1: it is none. */
static int64_t
read_number(struct span s, int64_t max)
{
	int64_t n = 0;

	if (s.p >= s.end)
		return -1;
	for (; s.p < s.end; s.p++) {
		if (*s.p < '0' || *s.p > '9')
			return -1;
		n = n * 10 + (*s.p - '0');
		if (n > max)
			return max;
	}
	return n;
}

/* "<response-item-3>" to 2; n where it is none of ours. */
static size_t
item_of(struct span id, size_t n)
{
	const char *dash = id.end;

	while (id.end > id.p && strchr(">\" ", id.end[-1]) != NULL)
		id.end--;
	for (dash = id.end; dash > id.p && dash[-1] >= '0' && dash[-1] <= '9';)
		dash--;
	if (dash - id.p < 5 || strncasecmp(dash - 5, "item-", 5) != 0)
		return n;
	int64_t number = read_number((struct span){ dash, id.end }, INT64_C(1000000));
	return number >= 1 && number <= (int64_t)n ? (size_t)number - 1 : n;
}

/* "multipart/mixed; boundary=batch_x": the boundary. */
static bool
find_boundary(const char *content_type, struct span *out)
{
	static const char name[] = "boundary=";

	if (content_type == NULL || strncasecmp(content_type, "multipart/", 10) != 0)
		return false;
	for (const char *p = content_type + 10; *p != '\0'; p++) {
		if (strncasecmp(p, name, sizeof name - 1) != 0 || strchr("; \t", p[-1]) == NULL)
			continue;
		p += sizeof name - 1;
		bool is_quoted = *p == '"';
		p += is_quoted ? 1 : 0;
		*out = (struct span){ p, p + strcspn(p, is_quoted ? "\"" : "; \t") };
		return out->end > out->p && out->end - out->p <= 200;
	}
	return false;
}

enum mark { NOT_A_MARK, PART_BEGINS, PARTS_END };

static enum mark
mark_of(struct span line, struct span boundary)
{
	size_t len = (size_t)(boundary.end - boundary.p), n = (size_t)(line.end - line.p);

	if (n < len + 2 || memcmp(line.p, "--", 2) != 0 ||
	    memcmp(line.p + 2, boundary.p, len) != 0)
		return NOT_A_MARK;
	struct span rest = trim((struct span){ line.p + 2 + len, line.end });
	if (rest.p == rest.end)
		return PART_BEGINS;
	return rest.end - rest.p == 2 && memcmp(rest.p, "--", 2) == 0 ? PARTS_END : NOT_A_MARK;
}

/* "HTTP/1.1 200 OK" */
static long
status_of(struct span line)
{
	const char *blank = memchr(line.p, ' ', (size_t)(line.end - line.p));

	if (line.end - line.p < 5 || memcmp(line.p, "HTTP/", 5) != 0 || blank == NULL ||
	    line.end - blank < 4)
		return 0;
	int64_t status = read_number((struct span){ blank + 1, blank + 4 }, 999);
	return status >= 100 ? (long)status : 0;
}

/* One part: its headers, the inner status line, the inner headers, the body. */
static void
read_part(struct span part, struct service_reply *replies, size_t n)
{
	struct service_reply reply = { .retry_after_ms = -1 };
	struct span line = { part.p, part.p }, value;
	size_t at = n;
	bool has = false;

	while (take_line(&part, &line) && line.p < line.end) {
		if (is_header(line, "Content-ID", &value))
			at = item_of(value, n);
	}
	do
		has = take_line(&part, &line);
	while (has && line.p == line.end);
	if (has)
		reply.status = status_of(line);
	while (take_line(&part, &line) && line.p < line.end) {
		int64_t s = is_header(line, "Retry-After", &value)
				    ? read_number(value, RETRY_AFTER_MAX_S)
				    : -1;
		if (s >= 0)
			reply.retry_after_ms = s * 1000;
	}
	reply.body = part.p;
	reply.body_len = (size_t)(part.end - part.p);
	if (at < n && reply.status != 0)
		replies[at] = reply;
}

mms_rc
google_batch_read(const char *content_type, const char *text, size_t len,
		  struct service_reply *replies, size_t n, struct mms_err *err)
{
	struct span rest = { text, text + len }, boundary, line;
	const char *begin = NULL;
	enum mark mark = NOT_A_MARK;

	for (size_t i = 0; i < n; i++)
		replies[i] = (struct service_reply){ .retry_after_ms = -1 };
	if (!find_boundary(content_type, &boundary)) {
		mms_fail(err, MMS_E_RETRY, "the answer to a batch is no multipart one");
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	while (mark != PARTS_END && take_line(&rest, &line)) {
		mark = mark_of(line, boundary);
		if (mark == NOT_A_MARK)
			continue;
		if (begin != NULL)
			read_part((struct span){ begin, line.p }, replies, n);
		begin = rest.p;
	}
	/* What is not ended by a boundary may be cut off: it counts as not answered. */
	if (begin == NULL) {
		mms_fail(err, MMS_E_RETRY, "the answer to a batch has no parts");
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	return MMS_OK;
}
