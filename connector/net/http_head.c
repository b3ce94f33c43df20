/* The few headers that are read, and the ceilings for all of them. */
#include <string.h>

#include "http_internal.h"
#include "mmsync/mem.h"

/* Longer waits are told as this one. */
#define RETRY_AFTER_MAX_MS (INT64_C(366) * 86400 * 1000)

void
mms_http_head_release(struct mms_http_head *head)
{
	mms_free(head->etag);
	mms_free(head->last_modified);
	mms_free(head->content_type);
	mms_free(head->location);
	mms_free(head->retry_after);
	mms_free(head->date);
	mms_free(head->age);
	*head = (struct mms_http_head){ 0 };
}

bool
mms_http_is_header_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * Keep a value. The first of several counts. One with a control character in it is left out:
 * validators are sent back later, and a bare CR in one would be a header of the server's
 * choosing.
 */
static mms_rc
keep_value(char **slot, const char *value, size_t len, struct mms_err *err)
{
	while (len > 0 && is_blank(value[0])) {
		value++;
		len--;
	}
	while (len > 0 && is_blank(value[len - 1]))
		len--;
	if (*slot != NULL || len == 0 || memchr(value, '\0', len) != NULL)
		return MMS_OK;

	char *copy = mms_text_copy_n(value, len);
	if (copy == NULL)
		return mms_fail_nomem(err);
	if (mms_http_is_header_text(copy))
		*slot = copy;
	else
		mms_free(copy);
	return MMS_OK;
}

static void
read_status_line(struct mms_http_head *head, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	size_t lines = head->n_lines, bytes = head->n_bytes;

	mms_http_head_release(head);
	head->n_lines = lines;
	head->n_bytes = bytes;
	for (size_t i = blank != NULL ? (size_t)(blank - line) + 1 : len;
	     i < len && line[i] >= '0' && line[i] <= '9' && head->status < 1000; i++)
		head->status = head->status * 10 + (line[i] - '0');
}

mms_rc
mms_http_head_add(struct mms_http_head *head, const char *line, size_t len, struct mms_err *err)
{
	const struct {
		const char *name;
		char **slot;
	} rows[] = {
		{ "etag", &head->etag },
		{ "last-modified", &head->last_modified },
		{ "content-type", &head->content_type },
		{ "location", &head->location },
		{ "retry-after", &head->retry_after },
		{ "date", &head->date },
		{ "age", &head->age },
	};

	head->n_lines++;
	head->n_bytes += len;
	if (head->n_lines > MMS_HTTP_HEAD_MAX_LINES || head->n_bytes > MMS_HTTP_HEAD_MAX_BYTES)
		return mms_fail(err, MMS_E_ITEM, "the answer has more headers than are read");
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		read_status_line(head, line, len);
		return MMS_OK;
	}
	if (head->is_complete)
		return MMS_OK;
	const char *colon = memchr(line, ':', len);
	if (colon == NULL) {
		head->is_complete = len == 0 || line[0] == '\r' || line[0] == '\n';
		return MMS_OK;
	}
	size_t n = (size_t)(colon - line);
	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		if (strlen(rows[i].name) == n && strncasecmp(rows[i].name, line, n) == 0)
			return keep_value(rows[i].slot, colon + 1, len - n - 1, err);
	return MMS_OK;
}

/* A date of HTTP to Unix ms; false where it is none. Its forms begin with a day's name. */
static bool
read_date(const char *text, int64_t *out_ms)
{
	bool is_date = text != NULL && ((text[0] >= 'A' && text[0] <= 'Z') ||
					(text[0] >= 'a' && text[0] <= 'z'));
	time_t seconds = is_date ? curl_getdate(text, NULL) : -1;

	*out_ms = (int64_t)seconds * 1000;
	return seconds != -1;
}

int64_t
mms_http_date_ms(const char *text)
{
	int64_t ms;

	return read_date(text, &ms) ? ms : 0;
}

/* Whole seconds as ms, at most RETRY_AFTER_MAX_MS; the caller has seen that they are digits. */
static int64_t
seconds_to_ms(const char *digits)
{
	int64_t ms = 0;

	for (; *digits != '\0' && ms < RETRY_AFTER_MAX_MS; digits++)
		ms = ms * 10 + (int64_t)(*digits - '0') * 1000;
	return ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}

int64_t
mms_http_server_clock_ms(const char *date, const char *age)
{
	int64_t ms = mms_http_date_ms(date);
	bool has_age = age != NULL && age[0] != '\0' && age[strspn(age, "0123456789")] == '\0';

	return ms != 0 && has_age ? ms + seconds_to_ms(age) : ms;
}

int64_t
mms_http_retry_after_ms(const char *value, const char *date, int64_t now_ms)
{
	int64_t ms, at_ms, sent_ms;

	if (value == NULL || value[0] == '\0')
		return -1;
	if (value[strspn(value, "0123456789")] == '\0')
		return seconds_to_ms(value);
	if (!read_date(value, &at_ms))
		return -1;
	ms = at_ms - (read_date(date, &sent_ms) ? sent_ms : now_ms);
	if (ms < 0)
		return 0;
	return ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}
