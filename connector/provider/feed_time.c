/* The times of a component: DTSTART, DTEND, DURATION, and what stands in for missing ones. */
#include <stdio.h>
#include <string.h>

#include "mmsync/utf8.h"

#include "feed_parts.h"

#define DAY_S  INT64_C(86400)
#define DAY_MS (DAY_S * 1000)
/* How much of a bad value is quoted. */
#define QUOTE_MAX ((size_t)60)

static int64_t
floor_day_s(int64_t s)
{
	return (s / DAY_S - (s % DAY_S < 0 ? 1 : 0)) * DAY_S;
}

char *
feed_problem(const struct feed_block *block, const struct feed_prop *prop, const char *name,
	     const char *what)
{
	MMS_AUTO(mms_str) text = { 0 };

	if (prop == NULL)
		return mms_text_copy("the feed changed while it was read");
	MMS_AUTO(mms_str) value = { 0 };
	struct mms_span bytes = feed_value(block, prop), told = mms_span_make(what);
	/* A character has at most four bytes, so this is enough to cut from. */
	if (bytes.len > (QUOTE_MAX + 1) * 4)
		bytes.len = (QUOTE_MAX + 1) * 4;
	mms_ical_decode(bytes, NULL, &value);
	size_t len = mms_utf8_prefix(mms_str_get(&value), value.len, QUOTE_MAX, SIZE_MAX);
	mms_str_addf(&text, "%s (line %u): '", name, prop->line);
	mms_str_addn(&text, mms_str_get(&value), len);
	mms_str_add(&text, len < value.len ? "'... " : "' ");
	mms_ical_decode(told, NULL, &text);
	return value.state == MMS_OK ? mms_str_take(&text) : NULL;
}

mms_rc
feed_when(struct mms_feed *feed, uint32_t calendar, struct mms_span value,
	  struct mms_span params, const struct mms_zone *fallback, struct feed_when *out,
	  bool *is_good, struct mms_err *err)
{
	struct mms_ical_time time;
	struct mms_span text;
	struct feed_when when = { 0 };
	mms_rc rc = MMS_OK;

	*is_good = mms_ical_time_parse(value, &time);
	if (!*is_good)
		return MMS_OK;
	when.wall_s = time.wall_s;
	when.is_utc = time.is_utc;
	when.zone = mms_zone_utc();
	when.is_date = time.is_date;
	if (!when.is_date && params.len > 0 && mms_ical_param(params, "VALUE", &text) &&
	    mms_span_is(text, "DATE")) {
		when.is_date = true;
		when.wall_s = floor_day_s(time.wall_s);
	}
	if (!when.is_date && !when.is_utc) {
		if (params.len > 0 && mms_ical_param(params, "TZID", &text) && text.len > 0) {
			rc = feed_find_zone(feed, calendar, text, &when.zone, err);
		} else {
			when.is_floating = true;
			when.zone = fallback;
			if (fallback == NULL)
				rc = feed_floating_zone(feed, calendar, &when.zone, err);
		}
	}
	if (rc != MMS_OK)
		return rc;
	when.ms = mms_zone_to_utc(when.zone, when.wall_s * 1000000);
	*is_good = when.ms >= FEED_FIRST_MS && when.ms <= FEED_LAST_MS;
	*out = when;
	return MMS_OK;
}

int64_t
feed_day_ms(const struct mms_feed *feed, const struct feed_when *when)
{
	if (when->is_date || !when->is_utc)
		return floor_day_s(when->wall_s) * 1000;
	/* A UTC instant may be the midnight of the reader's zone; else its date as written. */
	int64_t wall_s = mms_zone_to_wall(feed_day_zone(feed), when->ms) / 1000000;
	return (wall_s % DAY_S == 0 ? wall_s : floor_day_s(when->wall_s)) * 1000;
}

/* A second of the wall clock of a zone, of an instant. */
static int64_t
wall_at(const struct mms_zone *zone, int64_t ms)
{
	int64_t us = mms_zone_to_wall(zone, ms);

	return us / 1000000 - (us % 1000000 < 0 ? 1 : 0);
}

int64_t
feed_end(const struct feed_when *start, const struct feed_length *length, int64_t start_ms)
{
	if (start->is_date)
		return start_ms + length->wall_s * 1000;
	if (length->wall_s == 0)
		return start_ms + length->ms;
	int64_t wall_s = wall_at(start->zone, start_ms);
	int64_t end_ms;
	/* The second time that a wall clock shows an hour cannot be found by the clock. */
	if (mms_zone_to_utc(start->zone, wall_s * 1000000) != start_ms)
		end_ms = start_ms + length->wall_s * 1000;
	else
		end_ms = mms_zone_to_utc(start->zone, (wall_s + length->wall_s) * 1000000);
	end_ms += length->ms;
	return end_ms > start_ms ? end_ms : start_ms;
}

/* Whole days of an all-day event; at least one. */
static void
set_days(struct mms_feed *feed, struct feed_times *times, int64_t seconds, bool is_doubted)
{
	int64_t days = (seconds + DAY_S - 1) / DAY_S;

	if (days < 1) {
		if (is_doubted && days < 0)
			feed_doubt(feed, "it ends before it begins, one day is taken");
		days = 1;
	}
	times->length = (struct feed_length){ .wall_s = days * DAY_S };
}

static void
set_end(struct mms_feed *feed, struct feed_times *times, const struct feed_when *end)
{
	const struct feed_when *start = &times->start;
	int64_t end_ms = end->ms;

	if (start->is_date) {
		set_days(feed, times, end->wall_s - start->wall_s, true);
		return;
	}
	if (end->is_date) {
		/* A date as the end of a time: through that day when it began in it. */
		int64_t wall_s = end->wall_s;
		if (wall_s <= start->wall_s && floor_day_s(start->wall_s) == wall_s)
			wall_s += DAY_S;
		end_ms = mms_zone_to_utc(start->zone, wall_s * 1000000);
		feed_doubt(feed, "DTEND is a date, DTSTART a time");
	}
	if (end_ms < start->ms) {
		feed_doubt(feed, "it ends before it begins, its end is taken to be its start");
		end_ms = start->ms;
	}
	times->end_ms = end_ms;
	times->length.wall_s = wall_at(start->zone, end_ms) - start->wall_s;
	if (times->length.wall_s < 0 || end_ms == start->ms)
		times->length = (struct feed_length){ .ms = end_ms - start->ms };
}

static void
set_duration(struct mms_feed *feed, struct feed_times *times,
	     const struct mms_ical_duration *duration)
{
	if (duration->days < 0 || duration->seconds < 0) {
		feed_doubt(feed, "DURATION is negative and taken as none");
		times->length = (struct feed_length){ 0 };
		if (times->start.is_date)
			set_days(feed, times, 0, false);
		return;
	}
	if (times->start.is_date)
		set_days(feed, times, duration->days * DAY_S + duration->seconds, true);
	else
		times->length = (struct feed_length){ .wall_s = duration->days * DAY_S,
						      .ms = duration->seconds * 1000 };
}

/* DTEND or DURATION, or what their absence means (RFC 5545 section 3.6.1). */
static mms_rc
read_end(struct mms_feed *feed, const struct feed_block *block, struct feed_times *times,
	 struct mms_err *err)
{
	const struct feed_prop *prop = feed_find(block, MMS_ICAL_DTEND);
	uint32_t calendar = feed->index.items[block->item].calendar;
	struct mms_ical_duration duration;
	struct feed_when end;
	bool is_good;

	times->length = (struct feed_length){ .wall_s = times->start.is_date ? DAY_S : 0 };
	times->end_ms = MMS_NO_TIME;
	if (prop != NULL && mms_span_trim(feed_value(block, prop)).len > 0) {
		mms_rc rc = feed_when(
			feed, calendar, feed_value(block, prop), feed_params(block, prop),
			times->start.is_floating || times->start.is_date ? NULL
									 : times->start.zone,
			&end, &is_good, err);
		if (rc != MMS_OK)
			return rc;
		if (is_good) {
			set_end(feed, times, &end);
			return MMS_OK;
		}
		feed_doubt(feed, "DTEND (line %u) is not a time and ignored", prop->line);
	}
	prop = feed_find(block, MMS_ICAL_DURATION);
	if (prop == NULL || mms_span_trim(feed_value(block, prop)).len == 0)
		return MMS_OK;
	if (mms_ical_duration_parse(feed_value(block, prop), &duration))
		set_duration(feed, times, &duration);
	else
		feed_doubt(feed, "DURATION (line %u) is not one and ignored", prop->line);
	return MMS_OK;
}

mms_rc
feed_times(struct mms_feed *feed, const struct feed_block *block, struct feed_times *out,
	   char **problem, struct mms_err *err)
{
	const struct feed_prop *prop = feed_find(block, MMS_ICAL_DTSTART);
	const struct feed_item *item = &feed->index.items[block->item];
	struct feed_times times = { 0 };
	bool is_good = false;

	*problem = NULL;
	if (prop == NULL) {
		MMS_AUTO(mms_str) text = { 0 };
		mms_str_addf(&text, "the event (line %u) has no DTSTART", item->line);
		mms_rc rc = mms_str_check(&text, err);
		if (rc == MMS_OK)
			*problem = mms_str_take(&text);
		return rc;
	}
	mms_rc rc = feed_when(feed, item->calendar, feed_value(block, prop),
			      feed_params(block, prop), NULL, &times.start, &is_good, err);
	if (rc != MMS_OK)
		return rc;
	if (!is_good) {
		*problem = feed_problem(block, prop, "DTSTART", "is not a time");
		return *problem != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	rc = read_end(feed, block, &times, err);
	if (rc != MMS_OK)
		return rc;
	if (times.end_ms == MMS_NO_TIME)
		times.end_ms = feed_end(&times.start, &times.length, times.start.ms);
	*out = times;
	return MMS_OK;
}
