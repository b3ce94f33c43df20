/*
 * Time zones: from the system's tz database (TZif, RFC 9636), from a feed's VTIMEZONE, or a
 * fixed offset. A zone is immutable once made and may be read by many threads.
 *
 * Local times that do not exist or exist twice are read as RFC 5545 section 3.3.5 says: a
 * skipped one with the offset before the gap, a repeated one as its first occurrence.
 *
 * Layer: model.
 */
#ifndef MMSYNC_ZONE_H
#define MMSYNC_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/timetext.h"

struct mms_zone;

/* UTC. Borrows: static. */
const struct mms_zone *mms_zone_utc(void);

/* The name it was made with ("Europe/Berlin", "UTC", a TZID). Borrows: as long as the zone. */
const char *mms_zone_name(const struct mms_zone *zone);

/* A few bytes that tell one zone's name from another's. */
#define MMS_ZONE_MARK_BYTES 4
void mms_zone_mark(const struct mms_zone *zone, unsigned char out[MMS_ZONE_MARK_BYTES]);

/* Is it UTC under whatever name: has it never had another offset than 0? */
bool mms_zone_is_utc(const struct mms_zone *zone);

/* Seconds east of UTC at an instant (Unix ms). */
int32_t mms_zone_offset_at(const struct mms_zone *zone, int64_t utc_ms);
/* Wall time (microseconds, mmsync/timetext.h) of an instant (Unix ms), and back to Unix ms. */
int64_t mms_zone_to_wall(const struct mms_zone *zone, int64_t utc_ms);
int64_t mms_zone_to_utc(const struct mms_zone *zone, int64_t wall_us);

/* The instant (Unix ms) at which a day (days since 1970-01-01) begins in a zone. */
int64_t mms_zone_day_start(const struct mms_zone *zone, int64_t day);

/* One change of offset, for mms_zone_make(). */
struct mms_zone_change {
	int64_t at_ms;  /* Unix ms, UTC: from here on */
	int32_t offset; /* seconds east of UTC        */
};

/*
 * A zone from a list of changes sorted by time; before the first one, first_offset holds. The
 * list is copied. Owns: *out, mms_zone_free(). Errors: NOMEM.
 */
mms_rc
mms_zone_make(const char *name, int32_t first_offset, const struct mms_zone_change *changes,
	      size_t n, struct mms_zone **out, struct mms_err *err) MMS_MUST_CHECK;
/* The same, of changes that go on after the last as they did in the 400 years before it. */
mms_rc mms_zone_make_repeating(const char *name, int32_t first_offset,
			       const struct mms_zone_change *changes, size_t n,
			       struct mms_zone **out, struct mms_err *err) MMS_MUST_CHECK;
void mms_zone_free(struct mms_zone *zone);

/*
 * The first change of offset after an instant (Unix ms), for walking through a zone. Returns
 * false when there is none before the year 2400.
 */
bool mms_zone_next_change(const struct mms_zone *zone, int64_t after_ms,
			  struct mms_zone_change *out);

/*
 * Zones of the system by IANA name, loaded once. Thread-safe. Names are matched as the tz
 * database spells them, then without regard to case; nothing outside its folder is opened.
 * Owns: *out, mms_zones_free(); the zones found in it live as long.
 */
struct mms_zones;
/* The first call gives ICU our allocator: make one before threads start. Errors: NOMEM. */
mms_rc mms_zones_new(struct mms_zones **out, struct mms_err *err) MMS_MUST_CHECK;
void mms_zones_free(struct mms_zones *zones);
/* Errors: GONE (no such zone), NOMEM, CONFIG (the tz database is missing or damaged). */
mms_rc mms_zones_find(struct mms_zones *zones, const char *name, const struct mms_zone **out,
		      struct mms_err *err) MMS_MUST_CHECK;
/* The same, from another folder than the system's (tests). */
mms_rc mms_zones_new_in(const char *folder, struct mms_zones **out,
			struct mms_err *err) MMS_MUST_CHECK;
/*
 * The name of the zone whose last part is this one, blanks and underlines alike, case ignored
 * ("new york"). Borrows: *out, as long as the zones. Errors: GONE (there is none), NOMEM.
 */
mms_rc mms_zones_find_city(struct mms_zones *zones, const char *city, const char **out,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * An instant as RFC 3339 with the zone's offset, in UTC where there is no zone (NULL) or its offset
 * is no whole number of minutes. Returns buf.
 */
char *mms_zone_print_time(const struct mms_zone *zone, int64_t ms, char buf[MMS_TIME_TEXT_MAX]);

/* What mms_zones_new() does about ICU. */
void mms_zone_names_use_allocator(void);

/*
 * The IANA name for what calendars write in place of one: Windows names ("W. Europe Standard
 * Time"), Outlook display names ("(UTC-05:00) Eastern Time (US & Canada)"), vendor prefixes
 * ("/freeassociation.sourceforge.net/Europe/Berlin"), "US-Eastern", "tzone://Microsoft/Utc".
 * Writes the name into out (NUL-terminated). Errors: GONE (unknown, or it does not fit), NOMEM,
 * CONFIG (as mms_zones_find()).
 * Source: CLDR windowsZones through ICU; RFC 5545 section 3.2.19.
 */
mms_rc mms_zone_guess_name(struct mms_zones *zones, const char *tzid, char *out,
			   size_t out_size, struct mms_err *err) MMS_MUST_CHECK;

#endif
