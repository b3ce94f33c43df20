/* start and end of an item to instants or days. */
#include <string.h>

#include "outlook_parts.h"
#include "wire_item.h"

/*
 * Of an all-day event only the date is meant, whatever time and zone stand beside it: converting it
 * would move it to another day.
 */
static bool
read_day(const struct outlook_when *when, struct wire_moment *out)
{
	char text[WIRE_WORD_MAX];
	size_t n = sizeof "2026-01-05" - 1;

	size_t len = wire_print_text(&when->date_time, text, sizeof text);
	wire_read_day(text, out);
	out->is_set = out->is_set && (len == n || strchr("Tt ", text[n]) != NULL);
	if (!out->is_set || len == n)
		return true;
	/* "T00:00:00.0000000", and whatever offset or Z comes after it. */
	const char *rest = text + n + 1 + strspn(text + n + 1, "0:.");
	return strchr("Zz+-", *rest) != NULL;
}

static bool
is_absent(const struct outlook_when *when)
{
	return when->date_time.type == MMS_J_NULL;
}

/* Both as instants, but of what is all day as days. */
static mms_rc
read_both(const struct wire_times *times, const struct outlook_when *from,
	  const struct outlook_when *to, struct wire_moment *start, struct wire_moment *end,
	  struct mms_err *err)
{
	struct mms_event *event = times->event;

	bool begins_at_midnight = read_day(from, start);
	bool ends_at_midnight = read_day(to, end);
	if (event->is_all_day) {
		if (!begins_at_midnight || !ends_at_midnight)
			wire_doubt(
				times->doubts,
				"an all-day event with a time of day: only its days are read");
		return MMS_OK;
	}
	/* Should it be of an all-day series, which only the master tells: outlook_item_fill(). */
	event->first_day = start->day;
	event->end_day = end->is_set ? end->day : start->day;
	mms_rc rc = wire_read_instant(times, &from->date_time, &from->zone, start, err);
	if (rc != MMS_OK)
		return rc;
	return is_absent(to) ? MMS_OK
			     : wire_read_instant(times, &to->date_time, &to->zone, end, err);
}

mms_rc
outlook_set_times(const struct outlook_reader *reader, const struct outlook_when *start,
		  const struct outlook_when *end, struct mms_event *event,
		  struct mms_str *doubts, struct mms_err *err)
{
	const struct wire_times times = { reader->zones,   reader->day_zone, reader->has_window,
					  reader->from_ms, reader->to_ms,    event,
					  doubts };
	struct wire_moment from, to;

	if (is_absent(start))
		return wire_put_problem(event, "start", NULL, err);
	mms_rc rc = read_both(&times, start, end, &from, &to, err);
	if (rc != MMS_OK)
		return rc;
	if (!from.is_set)
		return wire_put_problem(event, "start", &start->date_time, err);
	if (!to.is_set && !is_absent(end))
		return wire_put_problem(event, "end", &end->date_time, err);
	if (!to.is_set)
		wire_doubt(doubts, "it has no end");
	wire_set_span(&times, &from, &to);
	return MMS_OK;
}
