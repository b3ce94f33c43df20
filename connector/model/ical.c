/* Content lines out of bytes (see the header): physical lines, unfolding, parameters. */
#include "mmsync/ical.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

/* Longer lines are put together outside the window. */
#define WINDOW_BYTES ((size_t)64 * 1024)

struct mms_span
mms_span_make(const char *text)
{
	return (struct mms_span){ text, strlen(text) };
}

struct mms_span
mms_span_trim(struct mms_span span)
{
	while (span.len > 0 && (span.ptr[0] == ' ' || span.ptr[0] == '\t')) {
		span.ptr++;
		span.len--;
	}
	while (span.len > 0 &&
	       (span.ptr[span.len - 1] == ' ' || span.ptr[span.len - 1] == '\t'))
		span.len--;
	return span;
}

bool
mms_span_is(struct mms_span span, const char *text)
{
	for (size_t i = 0; i < span.len; i++) {
		unsigned char a = (unsigned char)span.ptr[i], b = (unsigned char)text[i];
		if (a >= 'a' && a <= 'z')
			a = (unsigned char)(a - 'a' + 'A');
		if (b >= 'a' && b <= 'z')
			b = (unsigned char)(b - 'a' + 'A');
		if (a != b || b == '\0')
			return false;
	}
	return text[span.len] == '\0';
}

/* More bytes behind those that are not read yet. */
static mms_rc
fill(struct mms_ical *r, struct mms_err *err)
{
	size_t got = 0;

	if (r->pos > 0) {
		memmove(r->window, r->window + r->pos, r->len - r->pos);
		r->at += (int64_t)r->pos;
		r->len -= r->pos;
		r->pos = 0;
	}
	mms_rc rc = r->read(r->aux, r->at + (int64_t)r->len, r->window + r->len,
			    WINDOW_BYTES - r->len, &got, err);
	if (rc != MMS_OK)
		return rc;
	r->len += got;
	r->is_end = got == 0;
	return MMS_OK;
}

mms_rc
mms_ical_open(struct mms_ical *reader, mms_ical_read *read, void *aux, struct mms_err *err)
{
	*reader = (struct mms_ical){ .read = read, .aux = aux, .number = 1, .eol = '\n' };
	reader->window = mms_resize(NULL, WINDOW_BYTES, 1);
	if (reader->window == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = fill(reader, err);
	/* Old Macs ended lines with CR alone; a stray CR beside LF is part of its line. */
	if (rc != MMS_OK || memchr(reader->window, '\n', reader->len) != NULL)
		return rc;
	/* The last byte may be half of a CRLF. */
	size_t sure = reader->is_end || reader->len == 0 ? reader->len : reader->len - 1;
	if (memchr(reader->window, '\r', sure) != NULL)
		reader->eol = '\r';
	return rc;
}

void
mms_ical_release(struct mms_ical *reader)
{
	if (reader == NULL)
		return;
	mms_free(reader->window);
	mms_str_release(&reader->joined);
	*reader = (struct mms_ical){ 0 };
}

void
mms_ical_seek(struct mms_ical *reader, int64_t offset, uint32_t number)
{
	reader->number = number;
	if (offset >= reader->at && offset <= reader->at + (int64_t)reader->len) {
		reader->pos = (size_t)(offset - reader->at);
		return;
	}
	reader->at = offset;
	reader->len = 0;
	reader->pos = 0;
	reader->is_end = false;
}

/*
 * The bytes up to the next line end, and the byte behind it, are in the window; or the window
 * is full and *is_whole is false; or the file ends. *len is without the line end.
 */
static mms_rc
find_line(struct mms_ical *r, size_t *len, bool *is_whole, struct mms_err *err)
{
	size_t seen = 0;

	for (;;) {
		const char *start = r->window + r->pos;
		size_t n = r->len - r->pos;
		const char *end = n > seen ? memchr(start + seen, r->eol, n - seen) : NULL;
		*is_whole = true;
		if (end != NULL)
			*len = (size_t)(end - start);
		if (end != NULL && (*len + 1 < n || r->is_end))
			return MMS_OK;
		if (r->is_end) {
			*len = n;
			return MMS_OK;
		}
		if (n == WINDOW_BYTES) {
			*len = end != NULL ? *len : n;
			*is_whole = false;
			return MMS_OK;
		}
		seen = end != NULL ? *len : n;
		mms_rc rc = fill(r, err);
		if (rc != MMS_OK)
			return rc;
	}
}

/* Move behind a line and its end. */
static void
step_over(struct mms_ical *r, size_t len)
{
	r->pos += len < r->len - r->pos ? len + 1 : len;
	r->number++;
}

static bool
is_folded(const struct mms_ical *r)
{
	return r->pos < r->len && (r->window[r->pos] == ' ' || r->window[r->pos] == '\t');
}

static void
join(struct mms_ical *r, const char *bytes, size_t n, struct mms_ical_line *line)
{
	size_t room = MMS_ICAL_LINE_MAX - r->joined.len;

	if (n > room) {
		line->is_cut = true;
		n = room;
	}
	mms_str_addn(&r->joined, bytes, n);
}

/* A line that is folded or longer than the window, put together in r->joined. */
static mms_rc
join_line(struct mms_ical *r, size_t len, bool is_whole, struct mms_ical_line *line,
	  struct mms_err *err)
{
	mms_rc rc;

	mms_str_clear(&r->joined);
	for (;;) {
		size_t start = r->joined.len;
		join(r, r->window + r->pos, len, line);
		while (!is_whole) {
			r->pos += len;
			rc = fill(r, err);
			if (rc == MMS_OK)
				rc = find_line(r, &len, &is_whole, err);
			if (rc != MMS_OK)
				return rc;
			join(r, r->window + r->pos, len, line);
		}
		while (r->joined.len > start && r->joined.ptr[r->joined.len - 1] == '\r')
			mms_str_cut(&r->joined, r->joined.len - 1);
		step_over(r, len);
		if (!is_folded(r))
			return mms_str_check(&r->joined, err);
		r->pos++;
		rc = find_line(r, &len, &is_whole, err);
		if (rc != MMS_OK)
			return rc;
	}
}

/* The next unfolded line, whatever it is. *has is false at the end. */
static mms_rc
next_text(struct mms_ical *r, struct mms_span *text, struct mms_ical_line *line, bool *has,
	  struct mms_err *err)
{
	size_t len;
	bool is_whole;
	mms_rc rc = find_line(r, &len, &is_whole, err);

	if (rc != MMS_OK)
		return rc;
	*has = r->pos < r->len;
	if (!*has)
		return MMS_OK;
	*line = (struct mms_ical_line){ .offset = r->at + (int64_t)r->pos,
					.number = r->number };
	size_t behind = r->pos + len + 1;
	bool goes_on =
		behind < r->len && (r->window[behind] == ' ' || r->window[behind] == '\t');
	if (!is_whole || goes_on) {
		rc = join_line(r, len, is_whole, line, err);
		*text = (struct mms_span){ mms_str_get(&r->joined), r->joined.len };
	} else {
		*text = (struct mms_span){ r->window + r->pos, len };
		while (text->len > 0 && text->ptr[text->len - 1] == '\r')
			text->len--;
		step_over(r, len);
	}
	/* Files put together from several keep the mark of each. */
	if (rc == MMS_OK && text->len >= 3 && memcmp(text->ptr, "\xEF\xBB\xBF", 3) == 0) {
		text->ptr += 3;
		text->len -= 3;
	}
	return rc;
}

mms_rc
mms_ical_next(struct mms_ical *reader, struct mms_ical_line *line, bool *has,
	      struct mms_err *err)
{
	for (;;) {
		struct mms_span text = { 0 };
		mms_rc rc = next_text(reader, &text, line, has, err);
		if (rc != MMS_OK || !*has)
			return rc;
		if (mms_span_trim(text).len == 0)
			continue;
		if (mms_ical_split(text, line))
			return MMS_OK;
		if (reader->n_junk++ == 0)
			reader->first_junk = line->number;
	}
}

static bool
is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* The colon that ends the parameters: the first outside quotes. NULL: there is none. */
static const char *
find_colon(const char *p, const char *end, bool mind_quotes)
{
	bool is_quoted = false;

	for (; p < end; p++) {
		if (*p == '"' && mind_quotes)
			is_quoted = !is_quoted;
		else if (*p == ':' && !is_quoted)
			return p;
	}
	return NULL;
}

bool
mms_ical_split(struct mms_span text, struct mms_ical_line *line)
{
	const char *p = text.ptr, *end = text.ptr + text.len;

	while (p < end && is_name_char(*p))
		p++;
	line->name = (struct mms_span){ text.ptr, (size_t)(p - text.ptr) };
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (line->name.len == 0 || p == end || (*p != ':' && *p != ';'))
		return false;
	const char *params = p + 1;
	if (*p == ';') {
		p = find_colon(params, end, true);
		/* A quote that is never closed is an ordinary sign. */
		if (p == NULL)
			p = find_colon(params, end, false);
		if (p == NULL)
			return false;
		line->params = (struct mms_span){ params, (size_t)(p - params) };
	} else {
		line->params = (struct mms_span){ p, 0 };
	}
	line->value = (struct mms_span){ p + 1, (size_t)(end - p - 1) };
	return true;
}

bool
mms_ical_split_last(struct mms_ical_line *line)
{
	const char *colon =
		line->value.len > 0 ? memrchr(line->value.ptr, ':', line->value.len) : NULL;

	if (colon == NULL || line->params.len == 0)
		return false;
	const char *end = line->value.ptr + line->value.len;
	line->params.len = (size_t)(colon - line->params.ptr);
	line->value = (struct mms_span){ colon + 1, (size_t)(end - colon - 1) };
	return true;
}

/* The end of one parameter: the next semicolon outside quotes. */
static const char *
param_end(const char *start, const char *end)
{
	bool is_quoted = false;

	for (const char *p = start; p < end; p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		else if (*p == ';' && !is_quoted)
			return p;
	}
	/* A quote that is never closed is an ordinary sign here too. */
	const char *next = is_quoted ? memchr(start, ';', (size_t)(end - start)) : NULL;
	return next != NULL ? next : end;
}

bool
mms_ical_param(struct mms_span params, const char *name, struct mms_span *out)
{
	const char *p = params.ptr, *end = params.ptr + params.len;

	while (p < end) {
		const char *stop = param_end(p, end);
		const char *equals = memchr(p, '=', (size_t)(stop - p));
		if (equals != NULL) {
			struct mms_span key = { p, (size_t)(equals - p) };
			struct mms_span value = { equals + 1, (size_t)(stop - equals - 1) };
			value = mms_span_trim(value);
			if (value.len >= 2 && value.ptr[0] == '"' &&
			    value.ptr[value.len - 1] == '"') {
				value.ptr++;
				value.len -= 2;
			}
			if (mms_span_is(mms_span_trim(key), name)) {
				*out = value;
				return true;
			}
		}
		p = stop < end ? stop + 1 : end;
	}
	return false;
}

/* The names by length, so that a name is compared with the few that it could be. */
static const struct prop_row {
	const char *name;
	size_t len;
	enum mms_ical_prop prop;
} prop_rows[] = {
#define ROW(name, prop)                      \
	{                                    \
		name, sizeof(name) - 1, prop \
	}
	ROW("END", MMS_ICAL_END),
	ROW("UID", MMS_ICAL_UID),
	ROW("TZID", MMS_ICAL_TZID),
	ROW("BEGIN", MMS_ICAL_BEGIN),
	ROW("CLASS", MMS_ICAL_CLASS),
	ROW("DTEND", MMS_ICAL_DTEND),
	ROW("RDATE", MMS_ICAL_RDATE),
	ROW("RRULE", MMS_ICAL_RRULE),
	ROW("EXDATE", MMS_ICAL_EXDATE),
	ROW("EXRULE", MMS_ICAL_EXRULE),
	ROW("METHOD", MMS_ICAL_METHOD),
	ROW("STATUS", MMS_ICAL_STATUS),
	ROW("TRANSP", MMS_ICAL_TRANSP),
	ROW("DTSTAMP", MMS_ICAL_DTSTAMP),
	ROW("DTSTART", MMS_ICAL_DTSTART),
	ROW("SUMMARY", MMS_ICAL_SUMMARY),
	ROW("ATTENDEE", MMS_ICAL_ATTENDEE),
	ROW("DURATION", MMS_ICAL_DURATION),
	ROW("LOCATION", MMS_ICAL_LOCATION),
	ROW("SEQUENCE", MMS_ICAL_SEQUENCE),
	ROW("ORGANIZER", MMS_ICAL_ORGANIZER),
	ROW("TZOFFSETTO", MMS_ICAL_TZOFFSETTO),
	ROW("DESCRIPTION", MMS_ICAL_DESCRIPTION),
	ROW("TZOFFSETFROM", MMS_ICAL_TZOFFSETFROM),
	ROW("LAST-MODIFIED", MMS_ICAL_LAST_MODIFIED),
	ROW("RECURRENCE-ID", MMS_ICAL_RECURRENCE_ID),
	ROW("X-WR-TIMEZONE", MMS_ICAL_WR_TIMEZONE),
	ROW("X-LIC-LOCATION", MMS_ICAL_LIC_LOCATION),
	ROW("X-MICROSOFT-CDO-BUSYSTATUS", MMS_ICAL_BUSYSTATUS),
#undef ROW
};

enum mms_ical_prop
mms_ical_prop_of(struct mms_span name)
{
	/* Where the rows of each length begin. */
	static const unsigned char from[] = { 0,  0,  0,  0,  2,  3,  8,  13,
					      16, 20, 21, 22, 23, 24, 27, 28 };
	size_t i = name.len < MMS_COUNT(from) ? from[name.len] : 28;

	for (; i < MMS_COUNT(prop_rows); i++) {
		if (prop_rows[i].len > name.len)
			break;
		if (prop_rows[i].len == name.len &&
		    strncasecmp(prop_rows[i].name, name.ptr, name.len) == 0)
			return prop_rows[i].prop;
	}
	return MMS_ICAL_OTHER;
}
