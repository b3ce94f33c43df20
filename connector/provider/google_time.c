/* start and end of an item to instants or days. */
#include <stdio.h>
#include <string.h>

#include "google_parts.h"
#include "mmsync/timetext.h"

/* What calendars can write: years 0001 to 9999, less two days in which a zone may lie outside. */
#define FIRST_MS INT64_C(-62135424000000)
#define LAST_MS  INT64_C(253402127999999)

/* What is read, and what of it is known so far. Borrows. */
struct span {
	const struct google_reader *reader;
	const struct google_span *from;
	struct mms_event *event;
	struct mms_str *doubts;
};

bool
google_is_instant(int64_t ms)
{
	return ms >= FIRST_MS && ms <= LAST_MS;
}

static void
doubt(const struct span *it, const char *what)
{
	if (strstr(mms_str_get(it->doubts), what) != NULL)
		return; /* start and end in the same zone */
	if (it->doubts->len > 0)
		mms_str_add(it->doubts, "; ");
	mms_str_add(it->doubts, what);
}

/* A time that was read. Of a date ms is not set. */
struct moment {
	bool is_set, is_date;
	int64_t ms, day;
};

/* "start: '2026-13-01' is not a time", for a person. */
static mms_rc
put_problem(struct span *it, const char *what, const struct mms_jvalue *value,
	    struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	char word[GOOGLE_WORD_MAX];

	if (it->event->problem != NULL)
		return MMS_OK;
	if (value == NULL)
		mms_str_addf(&text, "it has no %s", what);
	else if (wire_print_text(value, word, sizeof word) > 0)
		mms_str_addf(&text, "%s: '%s' is not a time", what, word);
	else
		mms_str_addf(&text, "%s: what stands there is not a time", what);
	mms_rc rc = mms_str_check(&text, err);
	if (rc == MMS_OK)
		it->event->problem = mms_str_take(&text);
	return rc;
}

static bool
has_offset(const char *text, size_t len)
{
	for (size_t i = sizeof "2026-01-05T" - 1; i < len; i++) {
		if (text[i] == 'Z' || text[i] == 'z' || text[i] == '+' || text[i] == '-')
			return true;
	}
	return false;
}

/* The zone that stands beside a time without an offset. */
static mms_rc
find_zone(struct span *it, const struct mms_jvalue *value, const struct mms_zone **out,
	  struct mms_err *err)
{
	char name[GOOGLE_WORD_MAX], text[2 * GOOGLE_WORD_MAX];

	*out = it->reader->day_zone;
	if (wire_print_text(value, name, sizeof name) == 0) {
		doubt(it, "a time without a zone is read in the calendar's own");
		return MMS_OK;
	}
	mms_rc rc = mms_zones_find(it->reader->zones, name, out, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	*out = it->reader->day_zone;
	(void)snprintf(text, sizeof text,
		       "the time zone '%s' is not known: read in the calendar's own", name);
	doubt(it, text);
	return MMS_OK;
}

/* *out stays unset where it cannot be read. */
static mms_rc
read_date_time(struct span *it, const struct google_when *when, struct moment *out,
	       struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	const struct mms_zone *zone = NULL;
	char text[GOOGLE_WORD_MAX];
	int64_t wall_us = 0;

	size_t len = wire_print_text(&when->date_time, text, sizeof text);
	if (has_offset(text, len)) {
		mms_rc rc = mms_time_parse(text, len, &out->ms, &ignored);
		if (rc == MMS_E_NOMEM)
			return mms_fail_nomem(err);
		out->is_set = rc == MMS_OK;
	} else if (len > sizeof "2026-01-05" && mms_wall_parse(text, len, &wall_us)) {
		mms_rc rc = find_zone(it, &when->zone, &zone, err);
		if (rc != MMS_OK)
			return rc;
		out->ms = mms_zone_to_utc(zone, wall_us);
		out->is_set = true;
	}
	out->is_set = out->is_set && google_is_instant(out->ms);
	return MMS_OK;
}

static mms_rc
read_moment(struct span *it, const struct google_when *when, struct moment *out,
	    struct mms_err *err)
{
	char text[GOOGLE_WORD_MAX];
	int64_t wall_us = 0;

	*out = (struct moment){ 0 };
	if (when->date_time.type != MMS_J_NULL)
		return read_date_time(it, when, out, err);
	size_t len = wire_print_text(&when->date, text, sizeof text);
	out->is_date = true;
	out->is_set = len == sizeof "2026-01-05" - 1 && mms_wall_parse(text, len, &wall_us) &&
		      google_is_instant(wall_us / 1000);
	out->day = wall_us / MMS_DAY_US;
	return MMS_OK;
}

/* The day on which an instant lies, for an all-day event that ends at an instant. */
static int64_t
last_day(const struct mms_zone *zone, int64_t ms)
{
	int64_t wall_us = mms_zone_to_wall(zone, ms) - 1;
	int64_t day = wall_us / MMS_DAY_US - (wall_us % MMS_DAY_US < 0);

	return day + 1;
}

static void
set_days(struct span *it, const struct moment *start, const struct moment *end)
{
	const struct mms_zone *zone = it->reader->day_zone;
	struct mms_event *event = it->event;
	int64_t end_day = start->day + 1;

	if (end->is_set && end->is_date)
		end_day = end->day;
	else if (end->is_set)
		end_day = last_day(zone, end->ms);
	if (end_day < start->day)
		doubt(it, "it ends before it begins: read as one day");
	event->is_all_day = true;
	event->first_day = start->day;
	event->end_day = end_day > start->day ? end_day : start->day + 1;
	event->start_ms = mms_zone_day_start(zone, event->first_day);
	event->end_ms = mms_zone_day_start(zone, event->end_day);
}

static void
set_instants(struct span *it, const struct moment *start, const struct moment *end)
{
	struct mms_event *event = it->event;
	int64_t end_ms = start->ms;

	if (end->is_set && end->is_date)
		end_ms = mms_zone_day_start(it->reader->day_zone, end->day);
	else if (end->is_set)
		end_ms = end->ms;
	if (end_ms < start->ms)
		doubt(it, "it ends before it begins: read as without length");
	event->start_ms = start->ms;
	event->end_ms = end_ms > start->ms ? end_ms : start->ms;
}

static bool
is_absent(const struct google_when *when)
{
	return when->date.type == MMS_J_NULL && when->date_time.type == MMS_J_NULL;
}

static mms_rc
set_span(struct span *it, struct mms_err *err)
{
	const struct google_reader *reader = it->reader;
	struct mms_event *event = it->event;
	struct moment start, end;

	if (is_absent(&it->from->start))
		return put_problem(it, "start", NULL, err);
	mms_rc rc = read_moment(it, &it->from->start, &start, err);
	if (rc == MMS_OK)
		rc = read_moment(it, &it->from->end, &end, err);
	if (rc != MMS_OK)
		return rc;
	if (!start.is_set)
		return put_problem(it, "start",
				   start.is_date ? &it->from->start.date
						 : &it->from->start.date_time,
				   err);
	if (!end.is_set && !is_absent(&it->from->end))
		return put_problem(it, "end",
				   end.is_date ? &it->from->end.date : &it->from->end.date_time,
				   err);
	if (!end.is_set && !it->from->is_open_ended)
		doubt(it, "it has no end");
	if (start.is_date)
		set_days(it, &start, &end);
	else
		set_instants(it, &start, &end);
	bool is_inside =
		event->start_ms < reader->to_ms &&
		(event->end_ms > reader->from_ms ||
		 (event->end_ms == event->start_ms && event->start_ms >= reader->from_ms));
	event->is_outside = reader->has_window && !is_inside;
	return MMS_OK;
}

mms_rc
google_set_times(const struct google_reader *reader, const struct google_span *from,
		 struct mms_event *event, struct mms_str *doubts, struct mms_err *err)
{
	struct span it = { reader, from, event, doubts };

	return set_span(&it, err);
}
