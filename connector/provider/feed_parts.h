/*
 * What the files of the feed share; nobody else includes it. The way of a feed: its bytes
 * (feed_source), what components it has (feed_index), what a component says (feed_block,
 * feed_time, feed_zone), what follows from a group of one UID (feed_group), events (feed_event).
 */
#ifndef PROVIDER_FEED_PARTS_H
#define PROVIDER_FEED_PARTS_H

#include "mmsync/feed.h"
#include "mmsync/ical.h"
#include "mmsync/mem.h"
#include "mmsync/recur.h"
#include "mmsync/timetext.h"

/* ---- bytes -------------------------------------------------------------------------------- */

struct feed_source {
	int fd;  /* borrowed, or own                              */
	int own; /* a copy in UTF-8, closed at the end; 0: none   */
};
/* UTF-16 and UTF-32 are copied into UTF-8 first. Errors: RETRY (cannot be read), NOMEM. */
mms_rc feed_source_open(struct feed_source *source, int fd, struct mms_err *err) MMS_MUST_CHECK;
void feed_source_close(struct feed_source *source);
mms_rc feed_source_read(void *source, int64_t offset, char *buf, size_t size, size_t *got,
			struct mms_err *err);

/* ---- index -------------------------------------------------------------------------------- */

enum feed_item_flag {
	FEED_HAS_START = 1,
	FEED_HAS_RECURRENCE_ID = 2,
	FEED_HAS_RULES = 4, /* RRULE, RDATE, EXDATE or EXRULE */
	FEED_HAS_UID = 8,
	FEED_IS_CANCELLED = 16,
	FEED_IS_FIRST = 32, /* of its UID in the file */
	FEED_IS_OPEN = 64,  /* its END is missing     */
};

#define FEED_NONE UINT32_MAX

/* One VEVENT: where it is and what decides between several of one UID. 64 bytes. */
struct feed_item {
	int64_t offset;
	uint64_t uid_hash;
	int64_t modified_s, stamp_s; /* LAST-MODIFIED, DTSTAMP; MMS_NO_TIME: none */
	int64_t sequence;
	uint32_t line, calendar;
	uint32_t next; /* of the same UID, in the file's order; FEED_NONE: the last */
	uint32_t copy; /* of an event without UID: how many before it say the same  */
	uint32_t flags;
};

struct feed_calendar {
	uint32_t zone;  /* its X-WR-TIMEZONE in feed_index.zone_names, FEED_NONE: none */
	bool is_cancel; /* METHOD:CANCEL */
};

/* One VTIMEZONE. */
struct feed_zone_def {
	uint64_t tzid_hash, content_hash;
	int64_t offset;
	uint32_t line, calendar;
};

struct feed_index {
	struct feed_item *items;
	size_t n, cap;
	struct feed_calendar *calendars;
	size_t n_calendars, calendars_cap;
	struct feed_zone_def *defs; /* sorted by name and calendar */
	size_t n_defs, defs_cap;
	char **zone_names; /* owned, each once */
	size_t n_zone_names, zone_names_cap;
	size_t n_others; /* components that are not read: tasks, journals, free/busy */
};
void feed_index_release(struct feed_index *index);

/* ---- one component ------------------------------------------------------------------------ */

struct feed_prop {
	enum mms_ical_prop prop;
	uint32_t line;
	size_t params_at, params_len, value_at, value_len; /* in bytes */
	bool is_cut;
};

/* The properties of one VEVENT that mean something, in the order of the file. */
struct feed_block {
	uint32_t item; /* which; FEED_NONE: nothing loaded */
	struct mms_str bytes;
	struct feed_prop *props;
	size_t n, cap;
	bool is_cut; /* larger than what is read of one */
};
void feed_block_release(struct feed_block *block);
struct mms_span feed_params(const struct feed_block *block, const struct feed_prop *prop);
struct mms_span feed_value(const struct feed_block *block, const struct feed_prop *prop);
/* The first of its kind; NULL: none. */
const struct feed_prop *feed_find(const struct feed_block *block, enum mms_ical_prop prop);

/* What calendars can write: years 0001 to 9999, less two days in which a zone may lie outside. */
#define FEED_FIRST_MS INT64_C(-62135424000000)
#define FEED_LAST_MS  INT64_C(253402300799999)

/* ---- times -------------------------------------------------------------------------------- */

/* A DATE or DATE-TIME with its zone. Of a date, ms is midnight UTC. */
struct feed_when {
	bool is_date, is_utc, is_floating;
	int64_t wall_s;              /* in zone */
	const struct mms_zone *zone; /* of a date: UTC */
	int64_t ms;
};

/* How long instances are, as the event says it. */
struct feed_length {
	int64_t wall_s; /* added to the wall clock  */
	int64_t ms;     /* then added to the instant */
};

struct feed_times {
	struct feed_when start;
	struct feed_length length;
	int64_t end_ms; /* of the first instance; midnight UTC for all-day */
};

/* ---- a group of one UID ------------------------------------------------------------------- */

struct feed_override {
	uint32_t item;
	int64_t id_ms;   /* which instance: Unix ms, or midnight UTC of a day */
	bool id_is_date; /* written as a date, or of an all-day series        */
	bool is_range;   /* THISANDFUTURE                                     */
	bool is_shown;   /* its times could be read                           */
	bool is_cancelled;
	struct feed_times times;
};

/* What is handed up next. */
struct feed_occurrence {
	int64_t start_ms, end_ms; /* Unix ms as they are in the reader's zone  */
	int64_t id_ms;            /* RECURRENCE-ID; MMS_NO_TIME: a single one  */
	int64_t first_day, end_day;
	uint32_t item;
	bool is_all_day, id_is_date, is_cancelled, is_outside;
	char *problem; /* owned; the others are not filled but for what is known */
};

struct feed_zone_entry {
	uint64_t tzid_hash, content_hash; /* content 0: by name alone  */
	const struct mms_zone *zone;      /* NULL: unknown             */
	struct mms_zone *own;             /* owned when made by us     */
};

struct mms_feed {
	struct mms_feed_options options;
	struct feed_source source;
	struct mms_ical reader;
	struct feed_index index;
	struct feed_zone_entry *zones;
	size_t n_zones, zones_cap, n_zone_changes;

	struct feed_block master, other; /* the loaded ones */
	struct mms_str doubts;           /* about the component in hand      */
	struct mms_str series_doubts;    /* about the rules of feed->master  */
	struct mms_event sample;         /* what occurrences of sample_item share */
	uint32_t sample_item;
	struct mms_recur set;
	struct feed_override *overrides;
	size_t n_overrides, overrides_cap;
	struct feed_occurrence *queue;
	size_t n_queue, queue_cap, queue_at;

	size_t item; /* the next one to look at */
	size_t n_occurrences;
	int64_t steps;      /* of rules that may still be followed      */
	int64_t bytes_left; /* of texts that series may still hand up   */
	int64_t next_entry_ms;
	char **warnings;
	size_t n_warnings, warnings_cap, n_more_warnings;
};

/* Append to a text with "; " between. */
void feed_doubt(struct mms_feed *feed, const char *fmt, ...) MMS_PRINTF(2, 3);
mms_rc feed_warn(struct mms_feed *feed, struct mms_err *err, const char *fmt, ...)
	MMS_PRINTF(3, 4) MMS_MUST_CHECK;
uint64_t feed_hash(struct mms_span span);
/* A TZID without the blanks, quotes and colons that get around it. */
struct mms_span feed_trim_tzid(struct mms_span tzid);

mms_rc feed_index_read(struct mms_feed *feed, struct mms_err *err) MMS_MUST_CHECK;
mms_rc feed_load(struct mms_feed *feed, struct feed_block *block, uint32_t item,
		 struct mms_err *err) MMS_MUST_CHECK;
/* The UID as it is handed up, made from the content where there is none. Owns: *out. */
mms_rc feed_uid(struct mms_feed *feed, const struct feed_block *block, char **out,
		struct mms_err *err) MMS_MUST_CHECK;

/* The zone that floating times of a calendar are read in. */
mms_rc feed_floating_zone(struct mms_feed *feed, uint32_t calendar, const struct mms_zone **out,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Warn of each X-WR-TIMEZONE that is not known. */
mms_rc feed_check_wr_zones(struct mms_feed *feed, struct mms_err *err) MMS_MUST_CHECK;
const struct mms_zone *feed_day_zone(const struct mms_feed *feed);
/* Which zone a TZID means; doubts are noted. */
mms_rc feed_find_zone(struct mms_feed *feed, uint32_t calendar, struct mms_span tzid,
		      const struct mms_zone **out, struct mms_err *err) MMS_MUST_CHECK;
/* A VTIMEZONE to a zone; *out NULL: it says nothing usable. Owns: *out. */
mms_rc feed_zone_make(struct mms_feed *feed, const struct feed_zone_def *def, const char *tzid,
		      const struct mms_zone *known, struct mms_zone **out,
		      struct mms_err *err) MMS_MUST_CHECK;

/*
 * One time value. *is_good false: it cannot be read. fallback is the zone of what has none
 * (NULL: the floating one). Errors: NOMEM, CONFIG.
 */
mms_rc feed_when(struct mms_feed *feed, uint32_t calendar, struct mms_span value,
		 struct mms_span params, const struct mms_zone *fallback, struct feed_when *out,
		 bool *is_good, struct mms_err *err) MMS_MUST_CHECK;
/* DTSTART, DTEND, DURATION. *problem is set when they cannot be read. Owns: *problem. */
mms_rc feed_times(struct mms_feed *feed, const struct feed_block *block, struct feed_times *out,
		  char **problem, struct mms_err *err) MMS_MUST_CHECK;
/* The end of an instance that begins at an instant (of an all-day one: midnight UTC). */
int64_t
feed_end(const struct feed_when *start, const struct feed_length *length, int64_t start_ms);
/* The day that a time means to an all-day series: midnight UTC, ms. */
int64_t feed_day_ms(const struct mms_feed *feed, const struct feed_when *when);
/* "DTSTART (line 7): '2026-13-01' is not a time" */
char *feed_problem(const struct feed_block *block, const struct feed_prop *prop,
		   const char *name, const char *what);
/* Rules and dates of a master into feed->set. *problem as above. */
mms_rc
feed_set(struct mms_feed *feed, const struct feed_block *block, const struct feed_times *times,
	 char **problem, struct mms_err *err) MMS_MUST_CHECK;

/* All occurrences of the group that begins at an item, into the queue. */
mms_rc feed_expand(struct mms_feed *feed, uint32_t first, struct mms_err *err) MMS_MUST_CHECK;
/* RECURRENCE-IDs of a group. */
mms_rc
feed_collect_overrides(struct mms_feed *feed, uint32_t first, const struct feed_times *master,
		       struct mms_err *err) MMS_MUST_CHECK;
/* Is a the one to believe, of two that mean the same? */
bool feed_is_newer(const struct mms_feed *feed, uint32_t a, uint32_t b);
bool feed_is_cancelled(const struct mms_feed *feed, uint32_t item);

/* An occurrence to an event; is_last: no other of the same component follows. */
mms_rc feed_event(struct mms_feed *feed, struct feed_occurrence *o, bool is_last,
		  struct mms_event *out, struct mms_err *err) MMS_MUST_CHECK;

#endif
