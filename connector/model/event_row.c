/* A provider's event to the row that a Frappe user could have saved (see the header). */
#include "mmsync/event_row.h"

#include <string.h>

#include "mmsync/json.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Zero-length events last this long: the DocType wants the end after the start. */
#define SHORTEST_US INT64_C(60000000)
/* Guests past this are left out: a hostile list must fit a packet to the database. */
#define ATTENDEES_BYTES ((size_t)512 * 1024)
/* A guest's name is cut at the width that Frappe gives names. */
#define NAME_CHARS 140
/* What a TEXT column holds, bytes. */
#define TEXT_BYTES 65535

static const char *const status_names[] = {
	[MMS_ROW_SYNCED] = "Synced",
	[MMS_ROW_PENDING] = "Pending Sync",
	[MMS_ROW_FAILED] = "Sync Failed",
	[MMS_ROW_DELETED_EXTERNALLY] = "Deleted Externally",
	[MMS_ROW_DELETED_LOCALLY] = "Deleted Locally",
	[MMS_ROW_OTHER] = "",
};

const char *
mms_row_status_name(enum mms_row_status status)
{
	return status_names[status];
}

enum mms_row_status
mms_row_status_parse(const char *text)
{
	for (size_t i = 0; text != NULL && i < MMS_ROW_OTHER; i++) {
		if (strcmp(text, status_names[i]) == 0)
			return (enum mms_row_status)i;
	}
	return MMS_ROW_OTHER;
}

bool
mms_row_status_is_live(enum mms_row_status status)
{
	return status == MMS_ROW_SYNCED || status == MMS_ROW_PENDING ||
	       status == MMS_ROW_FAILED;
}

void
mms_event_row_release(struct mms_event_row *row)
{
	if (row == NULL)
		return;
	mms_free(row->external_event_id);
	mms_free(row->title);
	mms_free(row->description);
	mms_free(row->location);
	mms_free(row->attendees_json);
	mms_free(row->organizer_email);
	mms_free(row->error_log);
	*row = (struct mms_event_row){ 0 };
}

/* Would a browser see a tag behind one of these? Stricter than Frappe's parser, which forgives unclosed ones. */
static bool
contains_tag(const char *text, const char *opening)
{
	size_t len = strlen(opening);

	for (const char *p = strstr(text, opening); p != NULL; p = strstr(p + len, opening)) {
		char c = p[len];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '!' ||
		    c == '?')
			return true;
	}
	return false;
}

void
mms_row_add_text(struct mms_str *out, const char *text)
{
	if (!contains_tag(text, "<")) {
		mms_str_add(out, text);
		return;
	}
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '&')
			mms_str_add(out, "&amp;");
		else if (*p == '<')
			mms_str_add(out, "&lt;");
		else if (*p == '>')
			mms_str_add(out, "&gt;");
		else
			mms_str_addc(out, *p);
	}
}

/* The character of an escape at p; *len: of the escape. '\0': none is there. */
static char
read_escape(const char *p, size_t *len)
{
	static const struct {
		const char *name;
		char c;
	} escapes[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' } };

	for (size_t i = 0; i < MMS_COUNT(escapes); i++) {
		*len = strlen(escapes[i].name);
		if (strncmp(p, escapes[i].name, *len) == 0)
			return escapes[i].c;
	}
	return '\0';
}

void
mms_row_read_text(char *text)
{
	char *to = text;

	/* What was escaped has none of these left, and one that made it so. */
	if (text == NULL || strpbrk(text, "<>") != NULL || !contains_tag(text, "&lt;"))
		return;
	for (size_t len; *text != '\0'; text += len) {
		char c = read_escape(text, &len);
		*to++ = c != '\0' ? c : *text;
		len = c != '\0' ? len : 1;
	}
	*to = '\0';
}

/* A text as the column holds it: escaped, cut at a character, NULL when nothing is left. */
static mms_rc
make_text(const char *text, size_t max_chars, size_t max_bytes, char **out, bool *is_cut,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) escaped = { 0 };

	*out = NULL;
	if (text == NULL || text[0] == '\0')
		return MMS_OK;
	/* Escaping only makes it longer: what does not fit now never will. */
	size_t len = strlen(text), keep = mms_utf8_prefix(text, len, max_chars, max_bytes);
	char *head = mms_text_copy_n(text, keep);
	if (head == NULL)
		return mms_fail_nomem(err);
	*is_cut = *is_cut || keep < len;
	if (!contains_tag(head, "<")) {
		*out = head;
		return MMS_OK;
	}
	mms_row_add_text(&escaped, head);
	mms_free(head);
	mms_rc rc = mms_str_check(&escaped, err);
	if (rc != MMS_OK)
		return rc;
	keep = mms_utf8_prefix(escaped.ptr, escaped.len, max_chars, max_bytes);
	*is_cut = *is_cut || keep < escaped.len;
	mms_str_cut(&escaped, keep);
	*out = mms_str_take(&escaped);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* A title is one line without blanks at its ends. */
static mms_rc
make_title(const struct mms_event *event, const struct mms_row_rules *rules,
	   struct mms_event_row *row, struct mms_err *err)
{
	const char *text = event->title != NULL ? event->title : "";
	size_t n = 0;

	if (event->is_private)
		text = "Busy"; /* every user of the site may read this row */
	char *line = mms_alloc(strlen(text) + 1);
	if (line == NULL)
		return mms_fail_nomem(err);
	for (const char *p = text; *p != '\0'; p++) {
		bool is_blank = (unsigned char)*p <= ' ' || *p == 127;
		if (!is_blank)
			line[n++] = *p;
		else if (n > 0 && line[n - 1] != ' ')
			line[n++] = ' ';
	}
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	mms_rc rc = make_text(n > 0 ? line : "No Title", rules->title_chars, SIZE_MAX,
			      &row->title, &row->has_warning, err);
	mms_free(line);
	return rc;
}

/* One attendee as JSON, or nothing where Frappe could not save the address. */
static void
add_attendee(struct mms_str *out, const struct mms_email *email, const struct mms_attendee *a,
	     bool *is_left_out)
{
	const char *response = mms_response_name(a->response);
	const char *name = a->display_name != NULL ? a->display_name : "";

	if (a->email == NULL || !mms_email_matches(email, a->email, strlen(a->email))) {
		*is_left_out = true;
		return;
	}
	mms_str_add(out, out->len == 0 ? "[{\"email\":" : ",{\"email\":");
	mms_json_add_quoted(out, a->email, strlen(a->email));
	if (response != NULL) {
		mms_str_add(out, ",\"response_status\":");
		mms_json_add_quoted(out, response, strlen(response));
	}
	if (name[0] != '\0') {
		mms_str_add(out, ",\"display_name\":");
		mms_json_add_quoted(out, name,
				    mms_utf8_prefix(name, strlen(name), NAME_CHARS, SIZE_MAX));
	}
	mms_str_addc(out, '}');
}

static mms_rc
make_attendees(const struct mms_event *event, const struct mms_row_rules *rules,
	       struct mms_event_row *row, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };

	if (event->is_private)
		return MMS_OK;
	for (size_t i = 0; i < event->n_attendees && text.len < ATTENDEES_BYTES; i++)
		add_attendee(&text, rules->email, &event->attendees[i], &row->has_warning);
	if (text.len == 0 && text.state == MMS_OK)
		return MMS_OK; /* nobody was left: "[]" says no more than NULL */
	row->has_warning = row->has_warning || text.len >= ATTENDEES_BYTES;
	mms_str_addc(&text, ']');
	mms_rc rc = mms_str_check(&text, err);
	if (rc != MMS_OK)
		return rc;
	row->attendees_json = mms_str_take(&text);
	return row->attendees_json != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
make_organizer(const struct mms_event *event, const struct mms_row_rules *rules,
	       struct mms_event_row *row, struct mms_err *err)
{
	const char *email = event->organizer_email;

	if (event->is_private || email == NULL || email[0] == '\0')
		return MMS_OK;
	size_t len = strlen(email);
	if (!mms_email_matches(rules->email, email, len) || len > rules->organizer_chars) {
		row->has_warning = true;
		return MMS_OK;
	}
	row->organizer_email = mms_text_copy_n(email, len);
	return row->organizer_email != NULL ? MMS_OK : mms_fail_nomem(err);
}

static const char *
event_type(const struct mms_event *event)
{
	if (event->is_all_day)
		return "All-Day Event";
	return event->kind == MMS_EVENT_FOCUS ? "Blocked Time" : "External Event";
}

/*
 * Wall times of the row. All-day: to 23:59:59 of the last day. The end is after the start also
 * where a clock set back makes the wall times run backwards: then the length counts.
 */
static void
make_times(const struct mms_event *event, const struct mms_row_rules *rules, int64_t now_ms,
	   struct mms_event_row *row)
{
	int64_t start_ms = event->start_ms, end_ms = event->end_ms;

	if (start_ms == MMS_NO_TIME) {
		start_ms = now_ms - now_ms % 60000;
		end_ms = start_ms;
	}
	if (end_ms == MMS_NO_TIME || end_ms < start_ms)
		end_ms = start_ms;
	int64_t length_us = (end_ms - start_ms) * 1000;
	row->start_us = mms_zone_to_wall(rules->event_zone, start_ms);
	row->end_us = mms_zone_to_wall(rules->event_zone, end_ms);
	if (event->is_all_day && length_us > 0) {
		row->end_us -= 1000000;
		length_us -= 1000000;
	}
	if (row->end_us <= row->start_us)
		row->end_us = row->start_us + (length_us > 0 ? length_us : SHORTEST_US);
}

mms_rc
mms_event_row_make(const struct mms_event *event, const struct mms_row_rules *rules,
		   int64_t now_ms, struct mms_event_row *out, struct mms_err *err)
{
	struct mms_event_row row = { .event_type = event_type(event) };

	row.status = event->problem != NULL ? MMS_ROW_FAILED : MMS_ROW_SYNCED;
	row.is_blocking =
		event->problem == NULL && mms_event_is_blocking(event, &rules->blocking);
	row.external_modified_us =
		event->modified_ms == MMS_NO_TIME
			? MMS_NO_TIME
			: mms_zone_to_wall(rules->event_zone, event->modified_ms);
	make_times(event, rules, now_ms, &row);
	mms_rc rc = mms_event_stored_id(event->external_id, event->recurrence_id != NULL,
					rules->id_chars, &row.external_event_id, err);
	if (rc == MMS_OK)
		rc = make_title(event, rules, &row, err);
	if (rc == MMS_OK && !event->is_private)
		rc = make_text(event->description, SIZE_MAX, TEXT_BYTES, &row.description,
			       &row.has_warning, err);
	if (rc == MMS_OK && !event->is_private)
		rc = make_text(event->location, rules->location_chars, SIZE_MAX, &row.location,
			       &row.has_warning, err);
	if (rc == MMS_OK)
		rc = make_attendees(event, rules, &row, err);
	if (rc == MMS_OK)
		rc = make_organizer(event, rules, &row, err);
	if (rc == MMS_OK && event->problem != NULL)
		rc = make_text(event->problem, SIZE_MAX, TEXT_BYTES, &row.error_log,
			       &row.has_warning, err);
	if (rc != MMS_OK) {
		mms_event_row_release(&row);
		return rc;
	}
	*out = row;
	return MMS_OK;
}

struct mms_row_fields
mms_event_row_fields(const struct mms_event_row *row)
{
	return (struct mms_row_fields){
		.title = row->title,
		.event_type = row->event_type,
		.description = row->description,
		.location = row->location,
		.attendees_json = row->attendees_json,
		.organizer_email = row->organizer_email,
		.error_log = row->error_log,
		.start_us = row->start_us,
		.end_us = row->end_us,
		.is_blocking = row->is_blocking,
		.status = row->status,
	};
}

/* A form that was saved may hold "" where we wrote NULL: no difference to a person. */
static void
add_field(struct mms_digest *digest, const char *text)
{
	mms_digest_add_text(digest, text != NULL && text[0] != '\0' ? text : NULL);
}

mms_rc
mms_row_print(struct mms_digest *digest, const struct mms_row_fields *fields,
	      struct mms_prints *out, struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	add_field(digest, fields->title);
	add_field(digest, fields->event_type);
	add_field(digest, fields->description);
	add_field(digest, fields->location);
	add_field(digest, fields->attendees_json);
	add_field(digest, fields->organizer_email);
	mms_digest_add_i64(digest, fields->start_us);
	mms_digest_add_i64(digest, fields->end_us);
	mms_digest_add_i64(digest, fields->is_blocking);
	rc = mms_digest_end(digest, hash, err);
	if (rc != MMS_OK)
		return rc;
	memcpy(out->content, hash, sizeof out->content);
	/* The common row has no error: its whole print is its content with the status mixed in. */
	memcpy(out->whole, hash + MMS_PRINT_BYTES, sizeof out->whole);
	out->whole[0] = (unsigned char)(out->whole[0] ^ (unsigned)fields->status);
	if (fields->error_log == NULL || fields->error_log[0] == '\0')
		return MMS_OK;
	rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add(digest, out->whole, sizeof out->whole);
	mms_digest_add_text(digest, fields->error_log);
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		memcpy(out->whole, hash, sizeof out->whole);
	return rc;
}

mms_rc
mms_row_key(struct mms_digest *digest, const char *stored_id,
	    unsigned char out[MMS_PRINT_BYTES], struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add(digest, stored_id, strlen(stored_id));
	rc = mms_digest_end(digest, hash, err);
	if (rc == MMS_OK)
		memcpy(out, hash, MMS_PRINT_BYTES);
	return rc;
}
