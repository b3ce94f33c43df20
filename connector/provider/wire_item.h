/*
 * What the readers of events share over all services: members of a map to the members of an event, guests,
 * marks, tombstones (wire_item.c), and times (wire_time.c). Private to provider/.
 */
#ifndef PROVIDER_WIRE_ITEM_H
#define PROVIDER_WIRE_ITEM_H

#include "mmsync/event.h"
#include "mmsync/zone.h"
#include "wire.h"

/* Longer than any time, any name of a zone, any id of ours; with the NUL. */
#define WIRE_WORD_MAX 128

/* ---- items (wire_item.c) --------------------------------------------------------------------- */

/* An event while it is read: every service's own begins with it. All zero but scan and event. Borrows. */
struct wire_item {
	struct mms_jscan *scan;
	struct mms_event *event;
	size_t cap_attendees;
	struct mms_jvalue mark_id, mark_kind, mark_source, mark_site;
	struct mms_str doubts; /* owned */
	const void *reader;    /* the service's own: with what it reads */
};

struct wire_member;
/* Reads the value of a member to its end. Errors: NOMEM, RETRY (cut off). */
typedef mms_rc (*wire_read_fn)(struct wire_item *it, const struct wire_member *member,
			       const struct mms_jvalue *value, struct mms_err *err);
struct wire_member {
	const char *name;
	size_t len;
	wire_read_fn read;
	size_t at; /* of the place, in struct mms_event or in the service's own item */
};
#define WIRE_MEMBER(name, read, at)                  \
	{                                            \
		name, sizeof(name) - 1, (read), (at) \
	}
/* A text of the event's, a value of the item's that is kept as it stands, and what is read otherwise. */
#define WIRE_TEXT(name, field) \
	WIRE_MEMBER(name, wire_read_text, offsetof(struct mms_event, field))
#define WIRE_PART(name, item, field) WIRE_MEMBER(name, wire_read_value, offsetof(item, field))
#define WIRE_OTHER(name, read)       WIRE_MEMBER(name, read, 0)

mms_rc wire_read_text(struct wire_item *it, const struct wire_member *member,
		      const struct mms_jvalue *value, struct mms_err *err);
mms_rc wire_read_value(struct wire_item *it, const struct wire_member *member,
		       const struct mms_jvalue *value, struct mms_err *err);
/* All members of a map whose brace has been read; those that the table lacks are passed over. */
mms_rc wire_read_members(struct wire_item *it, const struct wire_member *members, size_t n,
			 struct mms_err *err) MMS_MUST_CHECK;
/* What of a service's items is its own: their members, and what is made of them when all are read. */
struct wire_format {
	const struct wire_member *members;
	size_t n;
	mms_rc (*finish)(struct wire_item *it, struct mms_err *err);
};
/*
 * One item whose opening brace has just been read, into it->event, which is begun here; of what is no
 * map it is all zero. Owns: *it->event, on success only. Errors: NOMEM, RETRY (cut off), those of finish.
 */
mms_rc wire_read_item(struct wire_item *it, const struct wire_format *format,
		      const struct mms_jvalue *value, struct mms_err *err) MMS_MUST_CHECK;
/* A whole answer that is one event; it->scan is begun here. Errors: the same, RETRY (it is none). */
mms_rc wire_read_answer(struct wire_item *it, const struct wire_format *format,
			const char *text, size_t len, struct mms_err *err) MMS_MUST_CHECK;
/* Each element of an array; what is no array is passed over. */
mms_rc wire_read_array(struct wire_item *it, const struct mms_jvalue *value,
		       mms_rc (*read)(struct wire_item *it, const struct mms_jvalue *value,
				      struct mms_err *err),
		       struct mms_err *err) MMS_MUST_CHECK;
/* A map's members into slots. */
mms_rc
wire_read_slots(struct wire_item *it, const struct mms_jvalue *value,
		const struct wire_slot *slots, size_t n, struct mms_err *err) MMS_MUST_CHECK;
/* Read on to the value's end. */
mms_rc wire_pass_over(struct wire_item *it, const struct mms_jvalue *value,
		      struct mms_err *err) MMS_MUST_CHECK;
/* The answer is no event. Returns RETRY. */
mms_rc wire_cut_off(const struct mms_jscan *s, struct mms_err *err);

/* A whole answer: its copy, repaired, and its first value. Errors: RETRY (nothing whole), NOMEM. */
mms_rc wire_open(const char *text, size_t len, struct mms_str *copy, struct mms_jscan *s,
		 struct mms_jvalue *value, struct mms_err *err) MMS_MUST_CHECK;

/* A guest as the service names them. Borrows. */
struct wire_guest {
	struct mms_jvalue email, name;
	enum mms_response response;
	enum mms_attendee_type type;
};
/* Who has no address is none; beyond a bound the event is_partial. Errors: NOMEM. */
mms_rc wire_add_guest(struct wire_item *it, const struct wire_guest *guest,
		      struct mms_err *err) MMS_MUST_CHECK;
void wire_drop_guests(struct wire_item *it);

/* The time of the last change; what is none is none. Errors: NOMEM. */
mms_rc wire_set_modified(struct wire_item *it, const struct mms_jvalue *value,
			 struct mms_err *err) MMS_MUST_CHECK;
bool wire_read_uuid(const struct mms_jvalue *value, unsigned char out[16]);
/* The mark, of the item's four values; one that is not whole is none. */
void wire_set_mark(struct wire_item *it);
/* Doubts become the event's warning. Errors: NOMEM. */
mms_rc wire_set_warning(struct wire_item *it, struct mms_err *err) MMS_MUST_CHECK;
/* Of a tombstone nothing but the id is sure, whatever else stands there; and when, if that is told. */
void wire_make_tombstone(struct mms_event *event);

/* ---- times (wire_time.c) --------------------------------------------------------------------- */

/* With what times are read, and into what. Borrows. */
struct wire_times {
	struct mms_zones *zones;
	const struct mms_zone *day_zone; /* of days, and of times without a zone */
	bool has_window;
	int64_t from_ms, to_ms;
	struct mms_event *event;
	struct mms_str *doubts;
};
/* A time that was read. Of a day ms is not set. */
struct wire_moment {
	bool is_set, is_date;
	int64_t ms, day;
};

/* Is it one that calendars can write? */
bool wire_is_instant(int64_t ms);
/* Say once what is doubtful. */
void wire_doubt(struct mms_str *doubts, const char *what);
/* "start: '2026-13-01' is not a time"; value NULL: it has none. The first problem counts. Errors: NOMEM. */
mms_rc wire_put_problem(struct mms_event *event, const char *what,
			const struct mms_jvalue *value, struct mms_err *err);
/*
 * A date with its time, and the zone that stands beside it by whatever name, where it has no offset of its own.
 * *out stays unset where it cannot be read. Errors: NOMEM, CONFIG (the tz database is missing).
 */
mms_rc wire_read_instant(const struct wire_times *times, const struct mms_jvalue *value,
			 const struct mms_jvalue *zone, struct wire_moment *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* The first ten characters as a day. *out stays unset where they are none. */
void wire_read_day(const char *text, struct wire_moment *out);
/*
 * From here to there, end exclusive, days where it starts with one; an end that is not set is none. And is_outside.
 */
void wire_set_span(const struct wire_times *times, const struct wire_moment *start,
		   const struct wire_moment *end);
/* Days to instants, and is_outside. */
void wire_set_days(const struct wire_times *times, int64_t first_day, int64_t end_day);

#endif
