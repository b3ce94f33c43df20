/*
 * What the wire files of the services share: JSON read in place, and texts for addresses. Private to
 * provider/.
 */
#ifndef PROVIDER_WIRE_H
#define PROVIDER_WIRE_H

#include "mmsync/err.h"
#include "mmsync/json.h"
#include "mmsync/json_scan.h"
#include "mmsync/str.h"
#include "mmsync/write.h"

/* A member of a map that is looked for; *out stays as it is where the map lacks it. */
struct wire_slot {
	const char *name;
	size_t len;
	struct mms_jvalue *out;
};
#define WIRE_SLOT(text, value)                                          \
	{                                                               \
		.name = (text), .len = sizeof(text) - 1, .out = (value) \
	}

/*
 * Read a value as a map, its scalars into slots (of a container only its type and place); what is
 * no map is passed over. Of a name that comes twice the last counts. False: the scanner says why.
 */
bool wire_read_map(struct mms_jscan *s, const struct mms_jvalue *value,
		   const struct wire_slot *slots, size_t n);
/* A text's copy without NULs, its escapes resolved; NULL where it is none or empty. Errors: NOMEM. */
mms_rc
wire_take_text(const struct mms_jvalue *value, char **out, struct mms_err *err) MMS_MUST_CHECK;
/* The same into a buffer, NUL-terminated; "" where it does not fit or is no text. Returns its length. */
size_t wire_print_text(const struct mms_jvalue *value, char *buf, size_t size);
bool wire_is_true(const struct mms_jvalue *value);
bool wire_is_word(const struct mms_jvalue *value, const char *word);
/* Well-formed UTF-8 before anything is scanned: a broken text is repaired. Errors: NOMEM. */
mms_rc wire_repair(struct mms_str *text, struct mms_err *err) MMS_MUST_CHECK;

/* A foreign text for a sentence: printable, cut at a character, NUL-terminated. */
void wire_copy_clean(const struct mms_jvalue *value, char *out, size_t size);

/* ---- what is sent (wire_body.c) --------------------------------------------------------------- */

/* Fields of a CHANGE that may be sent: no guests of whom not all are known. */
unsigned wire_fields(const struct mms_write *write);
/*
 * Begin the body of a CREATE or CHANGE with its one map, and end it. Of *fields those stay that are sent: of a
 * new event all and the mark, of a busy block neither guests nor place nor text. Errors: ITEM (a meeting without times), BUG, NOMEM.
 */
mms_rc wire_body_begin(struct mms_json *j, const struct mms_write *write, unsigned *fields,
		       struct mms_str *out, struct mms_err *err) MMS_MUST_CHECK;
mms_rc wire_body_end(struct mms_json *j, struct mms_err *err) MMS_MUST_CHECK;
/*
 * "attendees", whole: those seen who are still wanted, as they stand there; the organizer's own entry and
 * rooms, which no meeting lists; then who is new.
 */
void wire_put_guests(struct mms_json *j, const struct mms_write *write,
		     bool (*is_room)(const struct mms_attendee *attendee),
		     void (*put)(struct mms_json *j, const struct mms_attendee *guest));
void wire_put_uuid(struct mms_json *j, const char *key, const unsigned char uuid[16]);

/* ---- addresses -------------------------------------------------------------------------------- */

/* Percent-encode all but unreserved characters (RFC 3986 section 2.3). */
void wire_add_escaped(struct mms_str *out, const char *text);

/*
 * The window as services are asked for it: they cut fractions of a second, and leave out what ends where it
 * begins, so that an event without length there would be missed: whole seconds, one early.
 */
void wire_print_window(int64_t from_ms, int64_t to_ms, char from[MMS_TIME_TEXT_MAX],
		       char to[MMS_TIME_TEXT_MAX]);

/* ---- pages (wire_page.c) ---------------------------------------------------------------------- */

/* A page of a listing that has been checked whole, and how far it is handed out. All zero is none. */
struct wire_page {
	struct mms_str text;
	struct mms_jscan scan; /* behind the last item handed out */
	bool has_items;        /* some may be left                */
	/* Owned, as they stand there, links or tokens: the next page; or where the next sync begins. */
	char *next, *cursor;
	size_t n_items;
};
/* Where a page has what every service's has. */
struct wire_page_parts {
	struct mms_jvalue items, next, cursor;
};
void wire_page_release(struct wire_page *page);
/* The answer is no list of events: nothing of it is believed. Returns RETRY. */
mms_rc wire_not_a_list(const char *why, struct mms_err *err);
/*
 * Check an answer whole, and read the members of its one map into slots, which point into the text.
 * Errors: RETRY (cut off, or no such map), NOMEM.
 */
mms_rc wire_page_check(struct mms_str *text, const struct wire_slot *slots, size_t n,
		       struct mms_err *err) MMS_MUST_CHECK;
/*
 * Take over what has been checked. Owns: *text, moved on success. Errors: RETRY (it says that it is the last
 * page and that it is not), NOMEM.
 */
mms_rc wire_page_take(struct mms_str *text, const struct wire_page_parts *parts,
		      struct wire_page *out, struct mms_err *err) MMS_MUST_CHECK;
/* The next item's beginning; *has false: there is none left. Errors: BUG. */
mms_rc wire_page_next(struct wire_page *page, struct mms_jvalue *item, bool *has,
		      struct mms_err *err) MMS_MUST_CHECK;

/* ---- where a listing has been ---------------------------------------------------------------- */

/* Links or page tokens that were followed. All zero is none. */
struct wire_trail {
	uint64_t *prints; /* owned */
	size_t n, cap;
};
void wire_trail_release(struct wire_trail *trail);
/*
 * Note one. *is_circle: it has been followed already, or there are more than a calendar can have (five
 * million events). Errors: NOMEM.
 */
mms_rc wire_trail_add(struct wire_trail *trail, const char *text, bool *is_circle,
		      struct mms_err *err) MMS_MUST_CHECK;

#endif
