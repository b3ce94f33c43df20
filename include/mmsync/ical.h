/*
 * iCalendar text: content lines out of bytes that may be anything, and the values in them.
 * Forgiving by design; docs/feeds.md lists what is forgiven.
 *
 * Source: RFC 5545 sections 3.1 to 3.3, RFC 6868 (parameter values), RFC 7986.
 * Layer: model.
 */
#ifndef MMSYNC_ICAL_H
#define MMSYNC_ICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

/* A longer line is cut here, bytes: inline attachments are not read. */
#define MMS_ICAL_LINE_MAX ((size_t)1024 * 1024)

/* A piece of a text that somebody else owns; not NUL-terminated. */
struct mms_span {
	const char *ptr;
	size_t len;
};

struct mms_span mms_span_make(const char *text);
struct mms_span mms_span_trim(struct mms_span span); /* without blanks and tabs around it */
bool mms_span_is(struct mms_span span, const char *text); /* ASCII case ignored             */

/* ---- lines -------------------------------------------------------------------------------- */

/* Where bytes come from: up to size of them from an offset; *got is 0 at the end only. */
typedef mms_rc mms_ical_read(void *aux, int64_t offset, char *buf, size_t size, size_t *got,
			     struct mms_err *err);

/* One content line, unfolded. Spans borrow from the reader until its next call. */
struct mms_ical_line {
	struct mms_span name, params, value; /* params: between the first ; and the :, raw */
	int64_t offset;                      /* of its first byte                          */
	uint32_t number;                     /* of its first physical line, from 1         */
	bool is_cut;                         /* longer than MMS_ICAL_LINE_MAX              */
};

/* A reader with a small window on its bytes. All zero is closed. */
struct mms_ical {
	mms_ical_read *read;
	void *aux;
	char *window;          /* owned */
	size_t len, pos;       /* bytes in the window, the next one */
	int64_t at;            /* offset of the window's first byte */
	struct mms_str joined; /* a line that was folded         */
	uint32_t number;       /* of the next physical line           */
	char eol;
	bool is_end;                 /* the window holds the last byte      */
	uint32_t n_junk, first_junk; /* lines that are none, and the first one's number */
};

/* Keeps: aux. Errors: NOMEM, what read returns. */
mms_rc mms_ical_open(struct mms_ical *reader, mms_ical_read *read, void *aux,
		     struct mms_err *err) MMS_MUST_CHECK;
void mms_ical_release(struct mms_ical *reader);
/* Go on at the beginning of a line that was met before. */
void mms_ical_seek(struct mms_ical *reader, int64_t offset, uint32_t number);
/* The next content line; lines that are none are counted and skipped. *has is false at the end. */
mms_rc mms_ical_next(struct mms_ical *reader, struct mms_ical_line *line, bool *has,
		     struct mms_err *err) MMS_MUST_CHECK;

/* Take an unfolded line apart; false when it is no content line. */
bool mms_ical_split(struct mms_span text, struct mms_ical_line *line);
/*
 * Part the line again at its last colon: an unquoted TZID may hold one ("TZID=(UTC-05:00)
 * Eastern Time"), a time does not. False when there is no other colon.
 */
bool mms_ical_split_last(struct mms_ical_line *line);

/* The value of a parameter, its quotes taken off; several values stay as written. */
bool mms_ical_param(struct mms_span params, const char *name, struct mms_span *out);
/* The same to text: RFC 6868 decoded, UTF-8. NULL when absent. Owns: *out. Errors: NOMEM. */
mms_rc mms_ical_param_text(struct mms_span params, const char *name, const char *charset,
			   char **out, struct mms_err *err) MMS_MUST_CHECK;

/* The properties that mean something to us. */
enum mms_ical_prop {
	MMS_ICAL_OTHER,
	MMS_ICAL_ATTENDEE,
	MMS_ICAL_BEGIN,
	MMS_ICAL_BUSYSTATUS, /* X-MICROSOFT-CDO-BUSYSTATUS */
	MMS_ICAL_CLASS,
	MMS_ICAL_DESCRIPTION,
	MMS_ICAL_DTEND,
	MMS_ICAL_DTSTAMP,
	MMS_ICAL_DTSTART,
	MMS_ICAL_DURATION,
	MMS_ICAL_END,
	MMS_ICAL_EXDATE,
	MMS_ICAL_EXRULE,
	MMS_ICAL_LAST_MODIFIED,
	MMS_ICAL_LIC_LOCATION, /* X-LIC-LOCATION */
	MMS_ICAL_LOCATION,
	MMS_ICAL_METHOD,
	MMS_ICAL_ORGANIZER,
	MMS_ICAL_RDATE,
	MMS_ICAL_RECURRENCE_ID,
	MMS_ICAL_RRULE,
	MMS_ICAL_SEQUENCE,
	MMS_ICAL_STATUS,
	MMS_ICAL_SUMMARY,
	MMS_ICAL_TRANSP,
	MMS_ICAL_TZID,
	MMS_ICAL_TZOFFSETFROM,
	MMS_ICAL_TZOFFSETTO,
	MMS_ICAL_UID,
	MMS_ICAL_WR_TIMEZONE, /* X-WR-TIMEZONE */
};
enum mms_ical_prop mms_ical_prop_of(struct mms_span name);

/* ---- values ------------------------------------------------------------------------------- */

/* A DATE or DATE-TIME as written. */
struct mms_ical_time {
	int64_t wall_s; /* seconds since 1970-01-01 00:00 of its own clock */
	bool is_date;
	bool is_utc; /* Z, or an offset that was taken off              */
};
bool mms_ical_time_parse(struct mms_span text, struct mms_ical_time *out);

/* Days are days of the calendar, seconds are exact; both negative for a negative one. */
struct mms_ical_duration {
	int64_t days, seconds;
};
bool mms_ical_duration_parse(struct mms_span text, struct mms_ical_duration *out);

/* "start/end" or "start/duration"; a start alone has no end. */
struct mms_ical_period {
	struct mms_ical_time start, end;
	struct mms_ical_duration duration;
	bool has_end, has_duration;
};
bool mms_ical_period_parse(struct mms_span text, struct mms_ical_period *out);

/* "+0100", "-003000": seconds east of UTC. */
bool mms_ical_offset_parse(struct mms_span text, int32_t *out);

/*
 * TEXT: bytes to UTF-8 (charset or NULL is used where they are no UTF-8; without one they are
 * read as Windows-1252), then unescaped. Owns: *out. Errors: NOMEM.
 */
mms_rc mms_ical_text(struct mms_span value, struct mms_span params, const char *charset,
		     char **out, struct mms_err *err) MMS_MUST_CHECK;
/* Bytes to UTF-8 alone, appended; a failure to append sticks to out. */
void mms_ical_decode(struct mms_span bytes, const char *charset, struct mms_str *out);

#endif
