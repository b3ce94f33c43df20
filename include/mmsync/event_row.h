/*
 * A row of MM Calendar Event Sync as mmsync writes and compares it, and the way from a
 * provider's event to it: pure, and never more than a Frappe user could save.
 *
 * Layer: model.
 */
#ifndef MMSYNC_EVENT_ROW_H
#define MMSYNC_EVENT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/digest.h"
#include "mmsync/email.h"
#include "mmsync/err.h"
#include "mmsync/event.h"
#include "mmsync/zone.h"

/* Leading bytes of a SHA-256, enough to tell rows apart. */
#define MMS_PRINT_BYTES 16

/* sync_status of a row. */
enum mms_row_status {
	MMS_ROW_SYNCED,
	MMS_ROW_PENDING,
	MMS_ROW_FAILED,
	MMS_ROW_DELETED_EXTERNALLY,
	MMS_ROW_DELETED_LOCALLY,
	MMS_ROW_OTHER, /* a text that is no option of the DocType */
};
const char *mms_row_status_name(enum mms_row_status status);
enum mms_row_status mms_row_status_parse(const char *text);
/* Synced, Pending Sync or Sync Failed: a row that stands for an event that is there. */
bool mms_row_status_is_live(enum mms_row_status status);

/* All zero is empty; texts are owned. Times are wall times of the event time zone. */
struct mms_event_row {
	char *external_event_id; /* as the column holds it */
	char *title;
	const char *event_type; /* static: an option of the DocType */
	enum mms_row_status status;
	int64_t start_us, end_us;
	char *description, *location, *attendees_json, *organizer_email;
	bool is_blocking;
	int64_t external_modified_us; /* MMS_NO_TIME: unknown */
	char *error_log;
	bool has_warning; /* something was left out or cut: counted, not stored */
};
void mms_event_row_release(struct mms_event_row *row);

/* What a site's columns hold and its settings want. */
struct mms_row_rules {
	const struct mms_zone *event_zone; /* of stored times                            */
	struct mms_blocking_rules blocking;
	const struct mms_email *email; /* judges addresses, of this thread                  */
	size_t id_chars, title_chars, location_chars, organizer_chars; /* column widths  */
};

/*
 * The row that an event should have. An event with a `problem` becomes a row of status Sync
 * Failed with the reason; where its times are unknown they are now_ms and a minute later.
 * Owns: *out. Errors: NOMEM, ITEM (no such row can be: the text says why).
 */
mms_rc mms_event_row_make(const struct mms_event *event, const struct mms_row_rules *rules,
			  int64_t now_ms, struct mms_event_row *out,
			  struct mms_err *err) MMS_MUST_CHECK;

/* The fields that make an event's content, however they were come by (row or database). */
struct mms_row_fields {
	const char *title, *event_type, *description, *location, *attendees_json,
		*organizer_email;
	const char *error_log;
	int64_t start_us, end_us;
	bool is_blocking;
	enum mms_row_status status;
};
struct mms_row_fields mms_event_row_fields(const struct mms_event_row *row);

/* content: what the event is, without its id, status and last change; whole: with status and error. */
struct mms_prints {
	unsigned char content[MMS_PRINT_BYTES], whole[MMS_PRINT_BYTES];
};
mms_rc mms_row_print(struct mms_digest *digest, const struct mms_row_fields *fields,
		     struct mms_prints *out, struct mms_err *err) MMS_MUST_CHECK;

/* The key under which a stored external id is looked up: leading bytes of its SHA-256. */
mms_rc mms_row_key(struct mms_digest *digest, const char *stored_id,
		   unsigned char out[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;

/*
 * Append text as Frappe would keep it: when it contains a tag, & < > are escaped, else it stays as it is.
 * Source: frappe/model/base_document.py _sanitize_content.
 */
void mms_row_add_text(struct mms_str *out, const char *text);
/* Back, in place: what was escaped for a tag in it is as it was written; any other text stays as it is. NULL: nothing. */
void mms_row_read_text(char *text);

#endif
