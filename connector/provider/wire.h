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

/* Is there something to be written, and has it times where they are sent? Errors: ITEM, BUG. */
mms_rc wire_check_meeting(const struct mms_write *write, unsigned fields,
			  struct mms_err *err) MMS_MUST_CHECK;
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

/* ---- the way through a listing ---------------------------------------------------------------- */

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
/* The one way in which that is told: "Google's pages go in a circle". Returns RETRY. */
mms_rc wire_trail_fail(const char *calendar_id, const char *integration, const char *whose,
		       struct mms_err *err);

#endif
