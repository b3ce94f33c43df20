/* A time zone as a sorted list of changes, searched by instant or by wall time. */
#include "mmsync/zone.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* 400 Gregorian years in seconds: after them every date falls on its weekday again. */
#define CYCLE_S INT64_C(12622780800)
/* mms_zone_next_change() ends here: 2400-01-01. */
#define HORIZON_MS INT64_C(13569465600000)

struct change {
	int64_t at_s;   /* Unix seconds: from here on offset holds                     */
	int64_t wall_s; /* the wall time from which it holds for readers of wall times */
	int32_t offset; /* seconds east of UTC                                         */
};

struct mms_zone {
	char *name;             /* owned, but for UTC's */
	struct change *changes; /* owned                */
	size_t n;
	int32_t first_offset;
	bool repeats;
};

const struct mms_zone *
mms_zone_utc(void)
{
	static char name[] = "UTC";
	static const struct mms_zone utc = { .name = name };

	return &utc;
}

const char *
mms_zone_name(const struct mms_zone *zone)
{
	return zone->name;
}

/* FNV-1a. */
void
mms_zone_mark(const struct mms_zone *zone, unsigned char out[MMS_ZONE_MARK_BYTES])
{
	uint32_t h = UINT32_C(2166136261);

	for (const char *p = zone->name; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * UINT32_C(16777619);
	for (size_t i = 0; i < MMS_ZONE_MARK_BYTES; i++)
		out[i] = (unsigned char)(h >> (8 * i));
}

bool
mms_zone_is_utc(const struct mms_zone *zone)
{
	if (zone->first_offset != 0)
		return false;
	for (size_t i = 0; i < zone->n; i++) {
		if (zone->changes[i].offset != 0)
			return false;
	}
	return true;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* How many whole cycles a time lies behind the last change; 0 before it. */
static int64_t
cycles_behind(const struct mms_zone *zone, int64_t s, int64_t last_s)
{
	if (!zone->repeats || zone->n == 0 || s <= last_s)
		return 0;
	return (s - last_s + CYCLE_S - 1) / CYCLE_S;
}

/* The number of changes at or before an instant. */
static size_t
count_until(const struct mms_zone *zone, int64_t s)
{
	size_t low = 0, high = zone->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->changes[middle].at_s <= s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t
count_until_wall(const struct mms_zone *zone, int64_t s)
{
	size_t low = 0, high = zone->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->changes[middle].wall_s <= s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int32_t
offset_after(const struct mms_zone *zone, size_t n)
{
	return n == 0 ? zone->first_offset : zone->changes[n - 1].offset;
}

int32_t
mms_zone_offset_at(const struct mms_zone *zone, int64_t utc_ms)
{
	int64_t s = floor_div(utc_ms, 1000);

	if (zone->n == 0)
		return zone->first_offset;
	s -= cycles_behind(zone, s, zone->changes[zone->n - 1].at_s) * CYCLE_S;
	return offset_after(zone, count_until(zone, s));
}

int64_t
mms_zone_to_wall(const struct mms_zone *zone, int64_t utc_ms)
{
	return (utc_ms + mms_zone_offset_at(zone, utc_ms) * INT64_C(1000)) * 1000;
}

int64_t
mms_zone_to_utc(const struct mms_zone *zone, int64_t wall_us)
{
	int64_t wall_ms = floor_div(wall_us, 1000);
	int64_t s = floor_div(wall_ms, 1000);

	if (zone->n > 0)
		s -= cycles_behind(zone, s, zone->changes[zone->n - 1].wall_s) * CYCLE_S;
	return wall_ms - offset_after(zone, count_until_wall(zone, s)) * INT64_C(1000);
}

int64_t
mms_zone_day_start(const struct mms_zone *zone, int64_t day)
{
	return mms_zone_to_utc(zone, day * MMS_DAY_US);
}

bool
mms_zone_next_change(const struct mms_zone *zone, int64_t after_ms, struct mms_zone_change *out)
{
	size_t i = count_until(zone, floor_div(after_ms, 1000));

	if (i >= zone->n || zone->changes[i].at_s > HORIZON_MS / 1000)
		return false;
	*out = (struct mms_zone_change){ zone->changes[i].at_s * 1000,
					 zone->changes[i].offset };
	return true;
}

static mms_rc
make(const char *name, int32_t first_offset, const struct mms_zone_change *changes, size_t n,
     bool repeats, struct mms_zone **out, struct mms_err *err)
{
	struct mms_zone *zone = mms_alloc(sizeof *zone);

	if (zone == NULL)
		return mms_fail_nomem(err);
	zone->name = mms_text_copy(name);
	zone->changes = mms_resize(NULL, n > 0 ? n : 1, sizeof *zone->changes);
	if (zone->name == NULL || zone->changes == NULL) {
		mms_zone_free(zone);
		return mms_fail_nomem(err);
	}
	zone->first_offset = first_offset;
	zone->repeats = repeats;
	for (size_t i = 0; i < n; i++) {
		int32_t before = offset_after(zone, i);
		int32_t after = changes[i].offset;
		int64_t at_s = floor_div(changes[i].at_ms, 1000);
		/* Both in a gap and in a repeated hour the offset before the change is the
		 * one to read with, so the later of the two walls is where the new begins. */
		zone->changes[i] =
			(struct change){ at_s, at_s + (before > after ? before : after),
					 after };
		zone->n = i + 1;
	}
	*out = zone;
	return MMS_OK;
}

mms_rc
mms_zone_make(const char *name, int32_t first_offset, const struct mms_zone_change *changes,
	      size_t n, struct mms_zone **out, struct mms_err *err)
{
	return make(name, first_offset, changes, n, false, out, err);
}

mms_rc
mms_zone_make_repeating(const char *name, int32_t first_offset,
			const struct mms_zone_change *changes, size_t n, struct mms_zone **out,
			struct mms_err *err)
{
	return make(name, first_offset, changes, n, true, out, err);
}

void
mms_zone_free(struct mms_zone *zone)
{
	if (zone == NULL)
		return;
	mms_free(zone->changes);
	mms_free(zone->name);
	mms_free(zone);
}

char *
mms_zone_print_time(const struct mms_zone *zone, int64_t ms, char buf[MMS_TIME_TEXT_MAX])
{
	int offset = zone != NULL ? mms_zone_offset_at(zone, ms) : 0;
	int minutes = (offset < 0 ? -offset : offset) / 60;

	if (zone == NULL || offset % 60 != 0)
		return mms_time_print(ms, buf);
	mms_time_print(ms + offset * INT64_C(1000), buf);
	size_t len = strlen(buf) - 1; /* without the Z */
	(void)snprintf(buf + len, MMS_TIME_TEXT_MAX - len, "%c%02d:%02d",
		       offset < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
	return buf;
}
