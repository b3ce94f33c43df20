/*
 * Many requests in one, and back. The service answers in any order and may leave out what it likes, so
 * that only numbers connect the two.
 *
 * Source: Microsoft Graph, json-batching.
 */
#include <string.h>
#include <strings.h>

#include "outlook_parts.h"

/* Seconds of a Retry-After that are believed. */
#define RETRY_AFTER_MAX_S INT64_C(31536000)

/* Events of one page that we ask for: long listings in few requests. */
#define PAGE_ITEMS "200"

const char *const outlook_headers[] = {
	"Prefer: odata.maxpagesize=" PAGE_ITEMS ", outlook.timezone=\"UTC\", "
	"IdType=\"ImmutableId\", outlook.body-content-type=\"text\"",
	NULL,
};

/* ---- writing ------------------------------------------------------------------------------ */

static void
add_quoted(struct mms_str *out, const char *text)
{
	mms_json_add_quoted(out, text, strlen(text));
}

static void
add_header(struct mms_str *out, const char *name, size_t len, const char *value)
{
	if (out->len > 0 && out->ptr[out->len - 1] != '{')
		mms_str_addc(out, ',');
	mms_json_add_quoted(out, name, len);
	mms_str_addc(out, ':');
	add_quoted(out, value);
}

/* "Name: value" of the headers that every request has. */
static void
add_common(struct mms_str *out, const char *header)
{
	size_t len = strcspn(header, ":");
	const char *value = header + len;

	add_header(out, header, len, value + strspn(value, ": "));
}

void
outlook_batch_add(struct mms_str *out, size_t i, const struct outlook_call *call)
{
	mms_str_addf(out, "%s{\"id\":\"%zu\",\"method\":", i == 0 ? "{\"requests\":[" : ",",
		     i + 1);
	add_quoted(out, call->method);
	mms_str_add(out, ",\"url\":");
	add_quoted(out, call->path);
	mms_str_add(out, ",\"headers\":{");
	for (size_t k = 0; outlook_headers[k] != NULL; k++)
		add_common(out, outlook_headers[k]);
	if (call->version != NULL)
		add_header(out, "If-Match", 8, call->version);
	if (call->body != NULL)
		add_header(out, "Content-Type", 12, "application/json");
	mms_str_addc(out, '}');
	if (call->body != NULL) {
		mms_str_add(out, ",\"body\":");
		mms_str_addn(out, call->body, call->body_len);
	}
	mms_str_addc(out, '}');
}

void
outlook_batch_end(struct mms_str *out)
{
	mms_str_add(out, "]}");
}

/* ---- reading ------------------------------------------------------------------------------ */

/* A whole number, of a number or of a text; -1: it is none. */
static int64_t
read_number(const struct mms_jvalue *value, int64_t max)
{
	bool is_number = value->type == MMS_J_INT || value->type == MMS_J_TEXT;
	int64_t n = 0;

	if (!is_number || value->len == 0)
		return -1;
	for (size_t i = 0; i < value->len; i++) {
		if (value->ptr[i] < '0' || value->ptr[i] > '9')
			return -1;
		n = n * 10 + (value->ptr[i] - '0');
		if (n > max)
			return max;
	}
	return n;
}

static bool
is_name(const struct mms_jvalue *key, const char *name)
{
	return !key->has_escape && key->len == strlen(name) &&
	       strncasecmp(key->ptr, name, key->len) == 0;
}

/* Stand before the first member of a container that has been read once before. */
static bool
enter(struct mms_jscan *s, const struct mms_jvalue *value, const char *end)
{
	struct mms_jvalue again;

	mms_jscan_start(s, value->ptr, (size_t)(end - value->ptr));
	return mms_jscan_value(s, &again);
}

/* The headers of one answer: how long it asks to wait; < 0: not said. */
static int64_t
read_wait(const struct mms_jvalue *headers, const char *end)
{
	struct mms_jvalue key, value;
	struct mms_jscan s;
	int64_t wait_s = -1;

	if (headers->type != MMS_J_MAP || !enter(&s, headers, end))
		return -1;
	while (mms_jscan_more(&s, &key)) {
		if (!mms_jscan_value(&s, &value) || !mms_jscan_skip(&s, &value))
			return -1;
		if (is_name(&key, "Retry-After"))
			wait_s = read_number(&value, RETRY_AFTER_MAX_S);
	}
	return wait_s < 0 ? -1 : wait_s * 1000;
}

/* The bytes of a container; of any other value, which is no answer that we know, none. */
static size_t
span_of(const struct mms_jvalue *value, const char *end)
{
	struct mms_jvalue again;
	struct mms_jscan s;

	if (value->type != MMS_J_MAP && value->type != MMS_J_ARRAY)
		return 0;
	mms_jscan_start(&s, value->ptr, (size_t)(end - value->ptr));
	if (!mms_jscan_value(&s, &again) || !mms_jscan_skip(&s, &again))
		return 0;
	return (size_t)(s.p - value->ptr);
}

/* One answer; the first of its number counts. False: the scanner says why. */
static bool
read_answer(struct mms_jscan *s, const char *end, struct service_reply *replies, size_t n)
{
	struct mms_jvalue value, id = { 0 }, status = { 0 }, headers = { 0 }, body = { 0 };
	const struct wire_slot slots[] = {
		WIRE_SLOT("id", &id),
		WIRE_SLOT("status", &status),
		WIRE_SLOT("headers", &headers),
		WIRE_SLOT("body", &body),
	};

	if (!mms_jscan_value(s, &value) || !wire_read_map(s, &value, slots, MMS_COUNT(slots)))
		return false;
	int64_t number = read_number(&id, INT64_C(1000000));
	int64_t code = status.type == MMS_J_INT ? read_number(&status, 1000) : -1;
	if (number < 1 || number > (int64_t)n || code < 100 || code > 999 ||
	    replies[number - 1].status != 0)
		return true;
	size_t len = span_of(&body, end);
	replies[number - 1] = (struct service_reply){
		.status = (long)code,
		.body = len > 0 ? body.ptr : end,
		.body_len = len,
		.retry_after_ms = read_wait(&headers, end),
	};
	return true;
}

/* Check it whole, so that of an answer that was cut off nothing is believed. */
static const char *
find_answers(const char *text, size_t len, struct mms_jvalue *answers)
{
	const struct wire_slot slots[] = { WIRE_SLOT("responses", answers) };
	struct mms_jvalue top;
	struct mms_jscan s;

	mms_jscan_start(&s, text, len);
	if (!mms_jscan_value(&s, &top) || !wire_read_map(&s, &top, slots, MMS_COUNT(slots)) ||
	    !mms_jscan_done(&s))
		return s.why;
	return answers->type == MMS_J_ARRAY ? NULL : "it has no answers";
}

mms_rc
outlook_batch_read(const char *text, size_t len, struct service_reply *replies, size_t n,
		   struct mms_err *err)
{
	struct mms_jvalue answers = { 0 };
	const char *end = text + len;
	struct mms_jscan s;

	for (size_t i = 0; i < n; i++)
		replies[i] = (struct service_reply){ .retry_after_ms = -1 };
	const char *why = find_answers(text, len, &answers);
	if (why != NULL) {
		mms_fail(err, MMS_E_RETRY, "the answer to a batch was cut off or is none: %s",
			 why);
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	bool is_good = enter(&s, &answers, end);
	while (is_good && mms_jscan_more(&s, NULL))
		is_good = read_answer(&s, end, replies, n);
	return MMS_OK;
}
