/*
 * Civil time and its texts: RFC 3339, MariaDB DATETIME text, days since 1970. Proleptic
 * Gregorian, years 0001 to 9999, no zones (mmsync/zone.h has them).
 *
 * A "wall" time is a clock reading without a zone, kept as microseconds since
 * 1970-01-01 00:00:00 of that same clock: what a DATETIME(6) column holds.
 *
 * Layer: base.
 */
#ifndef MMSYNC_TIMETEXT_H
#define MMSYNC_TIMETEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

#define MMS_DAY_MS INT64_C(86400000)
#define MMS_DAY_US INT64_C(86400000000)

/* Stands for "no time" where a time may be absent (NULL in a column). */
#define MMS_NO_TIME INT64_MIN

/* Long enough for every text below, with its NUL. */
#define MMS_TIME_TEXT_MAX 40

/* A civil date and time; month and day from 1, usec 0..999999. */
struct mms_civil {
	int year, month, day, hour, minute, second, usec;
};

/* Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-compatible date algorithms"). */
int64_t mms_days_from_civil(int year, int month, int day);
/* The date part of *out from days since 1970-01-01; its time part becomes 0. */
void mms_civil_from_days(int64_t days, struct mms_civil *out);
int mms_days_in_month(int year, int month);
/* 0 = Sunday .. 6 = Saturday, of days since 1970-01-01. */
int mms_weekday(int64_t days);
/* Is every field in its range, and the day in its month? Second 60 is not. */
bool mms_civil_is_valid(const struct mms_civil *c);

/* Microseconds since 1970-01-01 00:00 of the same clock, and back. */
int64_t mms_wall_from_civil(const struct mms_civil *c);
void mms_civil_from_wall(int64_t wall_us, struct mms_civil *out);

/*
 * RFC 3339 date-time to Unix ms. Also taken, as the contract says: no offset (then UTC), a blank for the
 * T, lower-case t and z, a fraction of any length (cut to ms), second 60 (read as the next
 * second). Errors: ITEM, saying what is wrong with the text.
 * Source: RFC 3339 section 5.6.
 */
mms_rc mms_time_parse(const char *text, size_t len, int64_t *out_ms, struct mms_err *err);

/* "2026-01-05T10:00:00Z", with ".123" only where there are milliseconds. Returns buf. */
char *mms_time_print(int64_t ms, char buf[MMS_TIME_TEXT_MAX]);

/*
 * A DATETIME text ("2026-01-05", "2026-01-05 10:00:00", "2026-01-05T10:00:00.1234567"; no
 * zone) to a wall time; digits past the sixth are cut. Returns false when it is not one.
 */
bool mms_wall_parse(const char *text, size_t len, int64_t *out_wall_us);

/* "2026-01-05 10:00:00", with ".123456" only where there are microseconds. Returns buf. */
char *mms_wall_print(int64_t wall_us, char buf[MMS_TIME_TEXT_MAX]);

#endif
