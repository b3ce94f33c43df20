/* start and end of an event to instants or days, over all services (see wire_item.h). */
#include <stdio.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "wire_item.h"

/* What calendars can write: years 0001 to 9999, less two days in which a zone may lie outside. */
#define FIRST_MS INT64_C(-62135424000000)
#define LAST_MS  INT64_C(253402127999999)

#define DAY_LEN (sizeof "2026-01-05" - 1)

bool
wire_is_instant(int64_t ms)
{
	return ms >= FIRST_MS && ms <= LAST_MS;
}

void
wire_doubt(struct mms_str *doubts, const char *what)
{
	if (strstr(mms_str_get(doubts), what) != NULL)
		return; /* start and end in the same zone */
	if (doubts->len > 0)
		mms_str_add(doubts, "; ");
	mms_str_add(doubts, what);
}

mms_rc
wire_put_problem(struct mms_event *event, const char *what, const struct mms_jvalue *value,
		 struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	char word[WIRE_WORD_MAX];

	if (event->problem != NULL)
		return MMS_OK;
	if (value == NULL)
		mms_str_addf(&text, "it has no %s", what);
	else if (wire_print_text(value, word, sizeof word) > 0)
		mms_str_addf(&text, "%s: '%s' is not a time", what, word);
	else
		mms_str_addf(&text, "%s: what stands there is not a time", what);
	mms_rc rc = mms_str_check(&text, err);
	if (rc == MMS_OK)
		event->problem = mms_str_take(&text);
	return rc;
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool
has_offset(const char *text, size_t len)
{
	for (size_t i = DAY_LEN + 1; i < len; i++) {
		if (text[i] == 'Z' || text[i] == 'z' || text[i] == '+' || text[i] == '-')
			return true;
	}
	return false;
}

/* The zone that stands beside a time without an offset. */
static mms_rc
find_zone(const struct wire_times *times, const struct mms_jvalue *value,
	  const struct mms_zone **out, struct mms_err *err)
{
	char name[WIRE_WORD_MAX], iana[WIRE_WORD_MAX], text[2 * WIRE_WORD_MAX];

	*out = times->day_zone;
	if (wire_print_text(value, name, sizeof name) == 0) {
		wire_doubt(times->doubts,
			   "a time without a zone is read in the calendar's own");
		return MMS_OK;
	}
	mms_rc rc = mms_zones_find(times->zones, name, out, err);
	if (rc == MMS_E_GONE) {
		rc = mms_zone_guess_name(times->zones, name, iana, sizeof iana, err);
		if (rc == MMS_OK)
			rc = mms_zones_find(times->zones, iana, out, err);
	}
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	*out = times->day_zone;
	(void)snprintf(text, sizeof text,
		       "the time zone '%s' is not known: read in the calendar's own", name);
	wire_doubt(times->doubts, text);
	return MMS_OK;
}

mms_rc
wire_read_instant(const struct wire_times *times, const struct mms_jvalue *value,
		  const struct mms_jvalue *zone_name, struct wire_moment *out,
		  struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	const struct mms_zone *zone = NULL;
	char text[WIRE_WORD_MAX];
	int64_t wall_us = 0;

	*out = (struct wire_moment){ 0 };
	size_t len = wire_print_text(value, text, sizeof text);
	if (has_offset(text, len)) {
		mms_rc rc = mms_time_parse(text, len, &out->ms, &ignored);
		if (rc == MMS_E_NOMEM)
			return mms_fail_nomem(err);
		out->is_set = rc == MMS_OK;
	} else if (len > DAY_LEN + 1 && mms_wall_parse(text, len, &wall_us)) {
		mms_rc rc = find_zone(times, zone_name, &zone, err);
		if (rc != MMS_OK)
			return rc;
		out->ms = mms_zone_to_utc(zone, wall_us);
		out->is_set = true;
	}
	out->is_set = out->is_set && wire_is_instant(out->ms);
	return MMS_OK;
}

void
wire_read_day(const char *text, struct wire_moment *out)
{
	int64_t wall_us = 0;

	*out = (struct wire_moment){ .is_date = true };
	out->is_set = strlen(text) >= DAY_LEN && mms_wall_parse(text, DAY_LEN, &wall_us) &&
		      wire_is_instant(wall_us / 1000);
	out->day = wall_us / MMS_DAY_US;
}

/* ---- setting ------------------------------------------------------------------------------ */

static void
set_outside(const struct wire_times *times)
{
	struct mms_event *event = times->event;
	bool is_inside =
		event->start_ms < times->to_ms &&
		(event->end_ms > times->from_ms ||
		 (event->end_ms == event->start_ms && event->start_ms >= times->from_ms));

	event->is_outside = times->has_window && !is_inside;
}

void
wire_set_days(const struct wire_times *times, int64_t first_day, int64_t end_day)
{
	struct mms_event *event = times->event;

	event->is_all_day = true;
	event->first_day = first_day;
	event->end_day = end_day > first_day ? end_day : first_day + 1;
	event->start_ms = mms_zone_day_start(times->day_zone, event->first_day);
	event->end_ms = mms_zone_day_start(times->day_zone, event->end_day);
	set_outside(times);
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
set_days(const struct wire_times *times, const struct wire_moment *start,
	 const struct wire_moment *end)
{
	int64_t end_day = start->day + 1;

	if (end->is_set && end->is_date)
		end_day = end->day;
	else if (end->is_set)
		end_day = last_day(times->day_zone, end->ms);
	if (end_day < start->day)
		wire_doubt(times->doubts, "it ends before it begins: read as one day");
	wire_set_days(times, start->day, end_day);
}

static void
set_instants(const struct wire_times *times, const struct wire_moment *start,
	     const struct wire_moment *end)
{
	struct mms_event *event = times->event;
	int64_t end_ms = start->ms;

	if (end->is_set && end->is_date)
		end_ms = mms_zone_day_start(times->day_zone, end->day);
	else if (end->is_set)
		end_ms = end->ms;
	if (end_ms < start->ms)
		wire_doubt(times->doubts, "it ends before it begins: read as without length");
	event->start_ms = start->ms;
	event->end_ms = end_ms > start->ms ? end_ms : start->ms;
	set_outside(times);
}

void
wire_set_span(const struct wire_times *times, const struct wire_moment *start,
	      const struct wire_moment *end)
{
	if (start->is_date)
		set_days(times, start, end);
	else
		set_instants(times, start, end);
}
